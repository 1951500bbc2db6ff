"""Batches: every image once an epoch, the same for the same seed, in the right shape and scale."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hundred.data.augment.flip import RandomFlip
from hundred.data.augment.mix import Mixup
from hundred.data.augment.pipeline import Pipeline
from hundred.data.batches import Batches, mixed_seed
from hundred.data.dataset import Split
from hundred.data.normalize import zero_to_one


def numbered(images: int) -> Split:
    """Images that are all of one value, by which they can be known again."""
    pixels = torch.arange(images, dtype=torch.uint8).view(-1, 1, 1, 1).expand(-1, 3, 32, 32).contiguous()
    return Split(pixels, torch.arange(images) % 7, torch.zeros(images, dtype=torch.int64))


def batches(images: int, batch_size: int, seed: int = 0, drop_last: bool = False, **more: object) -> Batches:
    pipeline = Pipeline([], [])
    options = {"pipeline": pipeline, "scaling": zero_to_one(), "seed": seed, "classes": 7, **more}
    return Batches(
        numbered(images),
        torch.arange(images),
        batch_size,
        drop_last=drop_last,
        **options,  # type: ignore[arg-type]
    )


def shown(made: Batches, epoch: int) -> list[int]:
    """The images of an epoch in the order in which they come."""
    return [
        round(float(value) * 255)
        for inputs, _ in made.epoch(epoch, [0] * len(made))
        for value in inputs[:, 0, 0, 0]
    ]


@given(images=st.integers(2, 200), batch_size=st.integers(1, 70), drop_last=st.booleans())
@settings(deadline=None)
def test_every_image_comes_once_but_for_those_dropped(images: int, batch_size: int, drop_last: bool) -> None:
    made = batches(images, batch_size, drop_last=drop_last)
    order = shown(made, 1)
    assert len(set(order)) == len(order)
    rest = images % batch_size
    if rest == 0 or images < batch_size:
        assert len(order) == images
    elif drop_last or rest == 1:
        assert len(order) == images - rest
    else:
        assert len(order) == images


def test_no_batch_is_a_lone_image_which_batch_norm_could_not_take() -> None:
    assert [len(inputs) for inputs, _ in batches(17, 8).epoch(1, [0, 0])] == [8, 8]


def test_an_epoch_is_decided_by_seed_and_number_alone() -> None:
    made = batches(60, 16, seed=3)
    first = shown(made, 4)
    shown(made, 5)
    torch.manual_seed(123)
    torch.rand(10)
    assert shown(made, 4) == first
    assert shown(batches(60, 16, seed=3), 4) == first
    assert shown(made, 5) != first
    assert shown(batches(60, 16, seed=4), 4) != first


def test_only_the_images_with_the_given_indices_come() -> None:
    made = Batches(
        numbered(50), torch.tensor([3, 8, 41]), 2, Pipeline([], []), zero_to_one(), seed=0, classes=7
    )
    order = [round(float(i[0, 0, 0, 0]) * 255) for i, _ in made.epoch(1, [0])] + []
    assert set(order) <= {3, 8, 41}


def test_labels_go_with_their_images() -> None:
    for inputs, targets in batches(60, 16).epoch(2, [0] * 4):
        assert torch.equal((inputs[:, 0, 0, 0] * 255).round().long() % 7, targets)


def test_inputs_have_the_size_type_and_memory_order_that_were_asked_for() -> None:
    made = batches(20, 10, dtype=torch.bfloat16)
    inputs, targets = zip(*made.epoch(1, [16, 0]), strict=True)
    assert [tuple(each.shape) for each in inputs] == [(10, 3, 16, 16), (10, 3, 32, 32)]
    assert all(each.dtype == torch.bfloat16 for each in inputs)
    assert all(each.is_contiguous(memory_format=torch.channels_last) for each in inputs)
    assert all(each.dtype == torch.int64 for each in targets)


def test_mixed_images_have_targets_that_add_up_to_one() -> None:
    made = batches(40, 20, pipeline=Pipeline([RandomFlip()], [Mixup(1.0)]))
    for _, targets in made.epoch(1, [0, 0]):
        assert targets.shape == (20, 7)
        assert torch.allclose(targets.sum(1), torch.ones(20))


@given(
    first=st.lists(st.integers(0, 2**31), min_size=1, max_size=3),
    second=st.lists(st.integers(0, 2**31), min_size=1, max_size=3),
)
def test_different_parts_give_different_seeds(first: list[int], second: list[int]) -> None:
    assert (mixed_seed(*first) == mixed_seed(*second)) == (first == second)
    assert 0 <= mixed_seed(*first) < 2**63
