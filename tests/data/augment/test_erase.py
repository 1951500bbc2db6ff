"""Erasing: where, how much, with what, and nothing else."""

import pytest
import torch

from hundred.data.augment.boxes import Boxes
from hundred.data.augment.erase import MEAN_COLOUR, Cutout, RandomErasing
from hundred.errors import UsageError

from .batches import random_images, rng_for


def test_boxes_cover_what_they_say_and_stop_at_the_border() -> None:
    boxes = Boxes(*torch.tensor([[0, -3, 4, 2], [0, 5, -2, 2], [2, 1, 99, 2], [3, 99, 1, 8]]))
    mask = boxes.mask(6, 10)
    expected = torch.zeros(4, 1, 6, 10, dtype=torch.bool)
    expected[0, :, 0:2, 0:3] = True
    expected[1, :, 0:1, 5:10] = True
    expected[2, :, 4:6, 0:1] = True
    assert torch.equal(mask, expected)  # the last one is empty
    assert torch.allclose(boxes.share(6, 10), expected.float().mean((1, 2, 3)))


def test_cutout_hides_one_square_centred_on_every_pixel_alike() -> None:
    n, size = 6000, 4
    images = torch.full((n, 3, 6, 8), 255, dtype=torch.uint8)
    after = Cutout(size, value=0)(images, rng_for(n))
    hidden = after[:, 0] == 0
    assert torch.equal(hidden, after[:, 2] == 0)
    rows, columns = hidden.any(2), hidden.any(1)
    assert torch.equal(hidden, rows[:, :, None] & columns[:, None, :])  # a rectangle
    assert rows.sum(1).max() == columns.sum(1).max() == size
    top, left = rows.int().argmax(1), columns.int().argmax(1)
    whole = (rows.sum(1) == size) & (columns.sum(1) == size)
    # Of 6x8 centres, 3x5 give a whole square, each as often.
    counts = torch.bincount(top[whole] * 5 + left[whole], minlength=15).double()
    assert counts.min() > 85
    assert counts.max() < 170
    assert hidden.any((1, 2)).all()


def test_cutout_fills_the_mean_colour_and_leaves_the_rest() -> None:
    for dtype in (torch.uint8, torch.float32):
        images = torch.full((20, 3, 32, 32), 1).to(dtype)
        after = Cutout(9)(images, rng_for(20))
        assert after.dtype == dtype
        hidden = after[:, 0] != 1
        for channel, level in enumerate(MEAN_COLOUR):
            expected = level if dtype == torch.float32 else round(level)
            assert torch.allclose(after[:, channel][hidden].float(), torch.tensor(float(expected)))
            assert (after[:, channel][~hidden] == 1).all()
        assert (images == 1).all()


def test_erased_areas_and_ratios_are_as_asked() -> None:
    erasing = RandomErasing(1.0, area=(0.1, 0.3), ratio=(0.5, 2.0))
    boxes = erasing.sample_boxes(4000, 200, 200, rng_for(4000), torch.device("cpu"))
    height, width = boxes.bottom - boxes.top, boxes.right - boxes.left
    for side, start, end in ((height, boxes.top, boxes.bottom), (width, boxes.left, boxes.right)):
        assert (side > 0).all()
        assert (start >= 0).all()
        assert (end <= 200).all()
    area, ratio = height * width / 200**2, height / width
    assert 0.098 < area.min() < 0.11
    assert 0.29 < area.max() < 0.302
    assert area.mean().item() == pytest.approx(0.2, abs=0.005)
    assert 0.49 < ratio.min() < 0.51
    assert 1.95 < ratio.max() < 2.04


def test_erasing_happens_with_its_probability() -> None:
    images = torch.full((4000, 3, 8, 8), 255, dtype=torch.uint8)
    for probability in (0.25, 1.0):
        after = RandomErasing(probability, value=0)(images, rng_for(4000))
        share = (after == 0).any(3).any(2).any(1).float().mean().item()
        assert share == pytest.approx(probability, abs=0.03)


def test_random_value_is_noise_of_every_level() -> None:
    images = torch.zeros(200, 3, 32, 32, dtype=torch.uint8)
    after = RandomErasing(1.0, area=(0.3, 0.4), value="random")(images, rng_for(200))
    assert len(after.unique()) == 256
    assert len({image.numpy().tobytes() for image in after}) == 200


@pytest.mark.parametrize("transform", [Cutout(5), RandomErasing(1.0), RandomErasing(1.0, value="random")])
@pytest.mark.parametrize("size", [(32, 32), (1, 1), (5, 12)])
def test_any_size_layout_and_seed(transform: Cutout | RandomErasing, size: tuple[int, int]) -> None:
    images = random_images(16, *size)
    after = transform(images, rng_for(16))
    assert after.shape == images.shape
    assert after.dtype == torch.uint8
    assert torch.equal(after, transform(images, rng_for(16)))
    last = transform(images.contiguous(memory_format=torch.channels_last), rng_for(16))
    assert torch.equal(last, after)
    assert transform(images.float(), rng_for(16)).dtype == torch.float32


def test_zero_settings_return_the_images_untouched() -> None:
    images = random_images(2)
    assert Cutout(0)(images, rng_for(2)) is images
    assert RandomErasing(0)(images, rng_for(2)) is images


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Cutout(-1), "cutout size is -1"),
        (lambda: Cutout(4, value=300), "cutout value is 300"),
        (lambda: Cutout(4, value=(1, 2)), r"cutout value is \(1, 2\)"),
        (lambda: RandomErasing(2), "erasing probability is 2"),
        (lambda: RandomErasing(area=(0.5, 0.1)), r"erasing area is \(0.5, 0.1\)"),
        (lambda: RandomErasing(area=(0.5,)), r"erasing area is \(0.5,\)"),
        (lambda: RandomErasing(ratio=(0, 1)), r"erasing ratio is \(0, 1\)"),
        (lambda: RandomErasing(value="noise"), "erasing value is 'noise'"),
    ],
)
def test_wrong_settings_are_named(make: object, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        make()
