"""Automatic augmentation: each operation is Pillow's, each image draws one, all as often."""

import numpy as np
import pytest
import torch
from PIL import Image

from hundred.data.augment import automatic, color_ops
from hundred.data.augment.automatic import (
    AUTO,
    MOVES,
    OPERATIONS,
    WIDE,
    RandAugment,
    TrivialAugment,
    apply_in_turn,
    one_of_each,
)
from hundred.errors import UsageError

from .batches import random_images, rng_for, smooth_images


def applied(
    name: str, images: torch.Tensor, magnitude: float, sign: float, strengths: automatic.Strengths
) -> torch.Tensor:
    """The result of one operation on all of `images`, cut out of a run of all operations."""
    n, k = len(images), OPERATIONS.index(name)
    everywhere = images.repeat(len(OPERATIONS), 1, 1, 1)
    magnitudes = torch.full((len(everywhere),), magnitude)
    return apply_in_turn(everywhere, magnitudes, magnitudes.new_full(magnitudes.shape, sign), strengths)[
        k * n : (k + 1) * n
    ]


def pillow_move(name: str, image: Image.Image, amount: float) -> Image.Image:
    matrix = {
        "shear_x": (1, amount, 0, 0, 1, 0),
        "shear_y": (1, 0, 0, amount, 1, 0),
        "translate_x": (1, 0, amount, 0, 1, 0),
        "translate_y": (1, 0, 0, 0, 1, amount),
    }
    return (
        image.rotate(amount)
        if name == "rotate"
        else image.transform(image.size, Image.Transform.AFFINE, matrix[name])
    )


@pytest.mark.parametrize("name", MOVES)
@pytest.mark.parametrize("size", [(32, 32), (20, 31)])
def test_moves_are_pillows(name: str, size: tuple[int, int]) -> None:
    images = random_images(4, *size)
    for magnitude, sign in ((1.0, 1), (0.3, -1), (0.71, 1), (0.5, -1)):
        full = {"shear_x": 0.99, "shear_y": 0.99, "translate_x": 32, "translate_y": 32, "rotate": 135}[name]
        ours = applied(name, images, magnitude, sign, WIDE)
        for before, after in zip(images, ours, strict=True):
            image = Image.fromarray(before.permute(1, 2, 0).contiguous().numpy())
            theirs = np.asarray(pillow_move(name, image, full * magnitude * sign)).transpose(2, 0, 1)
            # Pillow steps through the image in fixed point, so a point halfway between two pixels may show
            # either; turning by 135 degrees puts a whole diagonal there.
            assert (after.numpy() != theirs).any(0).sum() <= (32 if name == "rotate" else 4)


@pytest.mark.parametrize("name", OPERATIONS[len(MOVES) :])
@pytest.mark.parametrize(("strengths", "enhance", "dropped"), [(WIDE, 0.99, 6), (AUTO, 0.9, 4)])
def test_tones_get_their_strength(
    name: str, strengths: automatic.Strengths, enhance: float, dropped: int
) -> None:
    images = smooth_images(5)
    for magnitude, sign in ((0.0, 1.0), (0.5, -1.0), (1.0, 1.0)):
        factor = torch.full((5,), 1 + enhance * magnitude * sign)
        expected = {
            "identity": lambda: images,
            "posterize": lambda m=magnitude: color_ops.posterize(
                images, torch.full((5,), 8 - round(dropped * m))
            ),
            "solarize": lambda m=magnitude: color_ops.solarize(images, torch.full((5,), 256 * (1 - m))),
            "autocontrast": lambda: color_ops.autocontrast(images),
            "equalize": lambda: color_ops.equalize(images),
        }.get(name, lambda f=factor: getattr(color_ops, name, None)(images, f))
        assert torch.equal(applied(name, images, magnitude, sign, strengths), expected())


def test_no_magnitude_is_the_identity_but_for_the_histogram_operations() -> None:
    images = random_images(3)
    for name in OPERATIONS:
        if name not in ("autocontrast", "equalize"):
            assert torch.equal(applied(name, images, 0.0, 1.0, WIDE), images), name


def test_every_image_draws_every_operation_as_often(monkeypatch: pytest.MonkeyPatch) -> None:
    # Instead of operating, write the number of the operation into its slots.
    def mark(images: torch.Tensor, *_: object) -> torch.Tensor:
        each = len(images) // len(OPERATIONS)
        operation = torch.arange(len(OPERATIONS), dtype=torch.uint8).repeat_interleave(each)
        return operation.view(-1, 1, 1, 1).expand_as(images)

    monkeypatch.setattr(automatic, "apply_in_turn", mark)
    rng = rng_for(1)
    for n in (3, 14, 20):
        images, rounds = random_images(n, 1, 1), 4000
        drawn = torch.stack(
            [one_of_each(images, torch.ones(n), WIDE, rng)[:, 0, 0, 0] for _ in range(rounds)]
        )
        counts = torch.stack([(drawn == k).sum(0) for k in range(len(OPERATIONS))])  # [operation, image]
        expected = rounds / len(OPERATIONS)
        assert (counts - expected).abs().max() < 5 * expected**0.5


def test_images_come_back_in_their_places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(automatic, "apply_in_turn", lambda images, *_: images)
    for n in (1, 13, 14, 15, 100):
        images = random_images(n)
        assert torch.equal(one_of_each(images, torch.ones(n), WIDE, rng_for(n)), images)


@pytest.mark.parametrize("transform", [TrivialAugment(), RandAugment(2, 9), RandAugment(3, 10)])
@pytest.mark.parametrize("size", [(32, 32), (1, 1), (6, 17)])
def test_any_size_dtype_layout_and_seed(
    transform: TrivialAugment | RandAugment, size: tuple[int, int]
) -> None:
    images = smooth_images(30, *size)
    before = images.clone()
    changed = transform(images, rng_for(30))
    assert changed.dtype == torch.uint8
    assert changed.shape == images.shape
    assert torch.equal(images, before)
    assert torch.equal(changed, transform(images, rng_for(30)))
    last = images.contiguous(memory_format=torch.channels_last)
    assert torch.equal(transform(last, rng_for(30)), changed)
    floats = transform(images.float() + 0.3, rng_for(30))
    assert floats.dtype == torch.float32
    assert torch.equal(floats, changed.float())


def test_the_same_image_comes_out_in_many_ways() -> None:
    images = smooth_images(1).expand(280, -1, -1, -1)
    assert len({image.numpy().tobytes() for image in TrivialAugment()(images, rng_for(280))}) > 120


def test_no_layers_return_the_images_untouched() -> None:
    images = random_images(2)
    assert RandAugment(0)(images, rng_for(2)) is images


def test_wrong_settings_are_named() -> None:
    with pytest.raises(UsageError, match="levels is 1"):
        TrivialAugment(1)
    with pytest.raises(UsageError, match="magnitude is 11"):
        RandAugment(2, 11)
    with pytest.raises(UsageError, match="layers is -2"):
        RandAugment(-2)
