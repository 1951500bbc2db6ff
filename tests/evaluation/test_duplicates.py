"""Near-duplicates: planted copies are found, others left alone."""

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from hundred.data.opening.open import open_dataset
from hundred.evaluation.duplicates import near_duplicates


def pictures(n: int, seed: int) -> Tensor:
    """Smooth random pictures, as photographs are smooth: uint8 [n, 3, 32, 32]."""
    coarse = torch.rand(n, 3, 6, 6, generator=torch.Generator().manual_seed(seed))
    return (F.interpolate(coarse, 32, mode="bicubic").clamp(0, 1) * 255).to(torch.uint8)


def test_planted_copies_are_found_across_two_sets() -> None:
    train, test = pictures(600, 0), pictures(300, 1)
    train[17] = test[4]
    train[555] = (test[250].float() * 0.7 + 30).to(torch.uint8)  # darker, with less contrast
    noise = torch.randint(-6, 7, (3, 32, 32), generator=torch.Generator().manual_seed(2))
    train[99] = (test[123].int() + noise).clamp(0, 255).to(torch.uint8)
    found = near_duplicates(test, train, block=70)
    assert set(zip(found["first"], found["second"], strict=True)) == {(4, 17), (250, 555), (123, 99)}
    assert found.iloc[0][["first", "second", "distance", "exact"]].tolist() == [4, 17, 0.0, True]
    assert found["exact"].sum() == 1
    assert found["distance"].is_monotonic_increasing


@pytest.mark.parametrize("block", [7, 64, 1000])
def test_pairs_within_one_set_are_named_once(block: int) -> None:
    images = pictures(300, 3)
    images[201] = images[40]
    images[203] = images[40]
    found = near_duplicates(images, block=block)
    assert set(zip(found["first"], found["second"], strict=True)) == {(40, 201), (40, 203), (201, 203)}
    assert found["exact"].all()


def test_mirrored_copies_are_found_from_behind_and_an_image_is_no_copy_of_itself() -> None:
    images = pictures(200, 8)
    images[150] = images[20].flip(2)
    images[60] = torch.cat([images[60][:, :, :16], images[60][:, :, :16].flip(2)], 2)  # its own mirror image
    for block in (7, 1000):
        found = near_duplicates(images, mirrored=True, block=block)
        assert found[["first", "second"]].to_numpy().tolist() == [[20, 150]]
    assert near_duplicates(images).empty
    across = near_duplicates(images[:50], images[100:], mirrored=True)
    assert across[["first", "second"]].to_numpy().tolist() == [[20, 50]]


def test_pairs_are_those_of_comparing_every_image_with_every_other_at_full_size() -> None:
    train, test = pictures(400, 9), pictures(150, 10)
    share = torch.linspace(0.1, 0.6, 150).view(-1, 1, 1, 1)
    train[:150] = (test.float() * (1 - share) + pictures(150, 11).float() * share).to(torch.uint8)
    vectors = [(x.double() - x.double().mean((2, 3), keepdim=True)).flatten(1) for x in (test, train)]
    one, other = (x / x.norm(dim=1, keepdim=True) for x in vectors)
    expected = torch.nonzero(torch.cdist(one, other) <= 0.5)
    found = near_duplicates(test, train)
    assert len(expected) > 50
    assert sorted(found[["first", "second"]].to_numpy().tolist()) == expected.tolist()


def test_plain_scenes_that_resemble_many_are_left_out_unless_exact() -> None:
    skies = torch.linspace(250, 90, 32).view(1, 1, 32, 1).expand(40, 3, 32, 32)
    images = (skies + torch.randint(-3, 4, skies.shape, generator=torch.Generator().manual_seed(4))).to(
        torch.uint8
    )
    assert near_duplicates(images).empty
    images[30] = images[2]
    found = near_duplicates(images)
    assert found[["first", "second"]].to_numpy().tolist() == [[2, 30]]


def test_pictures_without_contrast_break_nothing() -> None:
    images = torch.full((5, 3, 32, 32), 7, dtype=torch.uint8)
    assert near_duplicates(images, images).empty


def test_a_wider_distance_finds_no_fewer() -> None:
    train, test = pictures(500, 5), pictures(200, 6)
    train[:20] = (test[:20].float() * 0.8 + pictures(20, 7).float() * 0.2).to(torch.uint8)
    counts = [len(near_duplicates(test, train, at_most=distance)) for distance in (0.1, 0.2, 0.3, 0.4)]
    assert counts == sorted(counts)
    assert counts[-1] >= 20


@pytest.mark.real_data
def test_the_real_test_set_holds_known_copies(real_data: Path) -> None:
    test = open_dataset(real_data).test
    found = near_duplicates(test.images)
    assert found["exact"].sum() == 2
    labels = test.fine.numpy()
    assert (labels[found["first"]] == labels[found["second"]]).mean() > 0.8
