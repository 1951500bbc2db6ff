"""Class names and their superclasses."""

from pathlib import Path

import numpy as np
import pytest

from hundred.data.files.pickles import read_pickle
from hundred.data.names import COARSE_NAMES, FINE_NAMES, FINE_TO_COARSE, plain_name


def test_a_hundred_classes_fall_into_twenty_superclasses_of_five() -> None:
    assert len(FINE_NAMES) == len(set(FINE_NAMES)) == 100
    assert len(COARSE_NAMES) == len(set(COARSE_NAMES)) == 20
    assert np.bincount(FINE_TO_COARSE).tolist() == [5] * 20
    assert list(FINE_NAMES) == sorted(FINE_NAMES)
    assert list(COARSE_NAMES) == sorted(COARSE_NAMES)


@pytest.mark.parametrize(
    ("fine", "coarse"),
    [
        ("seal", "aquatic_mammals"),
        ("trout", "fish"),
        ("orchid", "flowers"),
        ("willow_tree", "trees"),
        ("tank", "vehicles_2"),
    ],
)
def test_superclasses_agree_with_the_published_table(fine: str, coarse: str) -> None:
    assert COARSE_NAMES[FINE_TO_COARSE[FINE_NAMES.index(fine)]] == coarse


def test_spellings_of_a_name_compare_equal_and_names_stay_apart() -> None:
    assert plain_name("Aquarium Fish") == plain_name("aquarium_fish") == plain_name("aquarium-fish")
    assert len({plain_name(name) for name in FINE_NAMES + COARSE_NAMES}) == 120


@pytest.mark.real_data
def test_names_are_those_of_the_archive(real_official: Path) -> None:
    folder = real_official
    meta = read_pickle((folder / "meta").read_bytes(), "meta")
    assert tuple(name.decode() for name in meta["fine_label_names"]) == FINE_NAMES
    assert tuple(name.decode() for name in meta["coarse_label_names"]) == COARSE_NAMES
    test = read_pickle((folder / "test").read_bytes(), "test")
    assert set(zip(test["fine_labels"], test["coarse_labels"], strict=True)) == set(enumerate(FINE_TO_COARSE))
