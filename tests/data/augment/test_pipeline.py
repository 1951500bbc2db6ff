"""Several augmentations one after the other."""

from dataclasses import dataclass

import torch

from hundred.data.augment.crop import RandomCrop
from hundred.data.augment.flip import AlternatingFlip, RandomFlip
from hundred.data.augment.geometry import Geometry
from hundred.data.augment.pipeline import Pipeline
from hundred.data.augment.rng import AugmentRng, Mix, Transform

from .batches import random_images, rng_for


@dataclass(frozen=True)
class Add:
    amount: int

    def __call__(self, images: torch.Tensor, rng: AugmentRng) -> torch.Tensor:
        return images + self.amount


class Halve:
    def __call__(self, images: torch.Tensor, rng: AugmentRng) -> torch.Tensor:
        return images // 2

    def __repr__(self) -> str:
        return "Halve"


class Swap:
    def __call__(
        self, images: torch.Tensor, targets: torch.Tensor, rng: AugmentRng
    ) -> tuple[torch.Tensor, torch.Tensor]:
        return images.flip(0), targets.flip(0)


def test_transforms_apply_in_order() -> None:
    images = torch.full((1, 3, 2, 2), 10, dtype=torch.uint8)
    assert (Pipeline([Add(4), Halve()])(images, rng_for(1)) == 7).all()
    assert (Pipeline([Halve(), Add(4)])(images, rng_for(1)) == 9).all()


def test_one_draw_serves_all_steps_in_turn() -> None:
    images, steps = random_images(16), [RandomCrop(2), Geometry(rotation=10)]
    rng, by_hand = rng_for(16), rng_for(16)
    expected = steps[1](steps[0](images, by_hand), by_hand)
    assert torch.equal(Pipeline(steps)(images, rng), expected)


def test_mixes_apply_to_images_and_targets() -> None:
    images, targets = torch.arange(3.0).view(3, 1, 1, 1), torch.eye(3)
    mixed, mixed_targets = Pipeline(mixes=[Swap()]).mix(images, targets, rng_for(3))
    assert torch.equal(mixed, images.flip(0))
    assert torch.equal(mixed_targets, targets.flip(0))


def test_an_empty_pipeline_changes_nothing() -> None:
    images, targets = random_images(2), torch.eye(2)
    assert Pipeline()(images, rng_for(2)) is images
    assert Pipeline().mix(images.float(), targets, rng_for(2))[1] is targets


def test_reads_well() -> None:
    pipeline = Pipeline([RandomCrop(2), AlternatingFlip(), Halve(), Geometry(rotation=15, fill="wrap")])
    expected = (
        "Pipeline: RandomCrop(padding=2) > AlternatingFlip() > Halve > Geometry(rotation=15, fill='wrap')"
    )
    assert repr(pipeline) == expected
    assert repr(Pipeline()) == "Pipeline: images as they are"


def test_what_follows_the_protocols_is_recognized() -> None:
    assert all(isinstance(step, Transform) for step in (RandomFlip(), Halve(), Geometry()))
    assert isinstance(Swap(), Mix)


def test_without_a_generator_torchs_own_is_used() -> None:
    images, pipeline = random_images(8), Pipeline([RandomCrop(2), RandomFlip(), Geometry(rotation=9)])
    results = []
    for _ in range(2):
        torch.manual_seed(3)
        results.append(pipeline(images, AugmentRng(None, 1, torch.arange(8))))
    assert torch.equal(*results)
