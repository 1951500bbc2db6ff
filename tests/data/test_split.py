"""The validation split: fixed for good, fair to every class, and disjoint from what trains."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hundred.data.split import holdout
from hundred.errors import UsageError

# Written down once: a change would make figures of earlier runs incomparable.
KNOWN_FIRST = [3, 31, 34, 36, 57, 63, 102, 103, 107, 128]
KNOWN_SUM = 415350784684


def test_the_split_of_cifar_100_is_a_known_one() -> None:
    training, validation = holdout(torch.arange(100).repeat(500))
    assert (len(training), len(validation)) == (45_000, 5_000)
    assert validation[:10].tolist() == KNOWN_FIRST
    assert int((validation * torch.arange(1, 5_001)).sum()) == KNOWN_SUM


@given(st.lists(st.integers(0, 5), min_size=60, max_size=200), st.integers(1, 9), st.integers(0, 2**32))
def test_both_parts_are_ascending_disjoint_and_whole(labels: list[int], per_class: int, seed: int) -> None:
    fine = torch.tensor([0, 1, 2, 3, 4, 5] * 2 + labels)
    training, validation = holdout(fine, per_class, seed)
    assert training.dtype == validation.dtype == torch.int64
    assert torch.equal(torch.cat([training, validation]).sort().values, torch.arange(len(fine)))
    assert torch.equal(training, training.sort().values)
    assert torch.equal(validation, validation.sort().values)
    for label in range(6):
        members = int((fine == label).sum())
        assert int((fine[validation] == label).sum()) == min(per_class, max(members // 10, 1))


def test_small_classes_give_a_tenth() -> None:
    fine = torch.arange(100).repeat(100)
    _, validation = holdout(fine)
    assert fine[validation].bincount().tolist() == [10] * 100


def test_another_seed_holds_out_others_and_the_same_seed_the_same() -> None:
    fine = torch.arange(100).repeat(100)
    assert torch.equal(holdout(fine, seed=5)[1], holdout(fine, seed=5)[1])
    assert not torch.equal(holdout(fine, seed=5)[1], holdout(fine, seed=6)[1])


def test_an_impossible_split_is_refused() -> None:
    with pytest.raises(UsageError, match="0 images per class"):
        holdout(torch.arange(10).repeat(10), per_class=0)
    with pytest.raises(UsageError, match="only 1 training image"):
        holdout(torch.arange(10))
