"""Images that occur twice, exactly or nearly, within a split or across the splits.

CIFAR's test images are known to have near-duplicates among the training images (Barz and Denzler, "Do we
train on test data? Purging CIFAR of near-duplicates", J. Imaging 2020).
"""

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
import torch
from torch import Tensor

THUMBNAIL, SKETCH = 8, 16
"""Pixels on a side of the thumbnails by which pairs are first found, and of those that sift what was found.

Of the pairs that thumbnails find in CIFAR-100, two thirds are sifted out.
"""

AT_ONCE = 100
"""Images, or pairs at full size, compared at once, so that they stay in a core's cache. A pair
took 14 microseconds so, and 59 with 5,000 at once."""

NEAR = 0.5
"""Distance up to which two images are a near-duplicate pair, unless another is asked for."""

WIDER, CROWD = 1.25, 10
"""An image with more than CROWD others within WIDER times the distance is a plain scene (an empty sky, a bare
field) that resembles many without being their copy.

Of CIFAR-100's test images with a training image within NEAR, 333 had at most 10 neighbours in that wider
circle, and 95 % of them had the label of the nearest; of the 337 with more, 45 % had it.
"""


def near_duplicates(
    images: Tensor,
    others: Tensor | None = None,
    *,
    mirrored: bool = False,
    at_most: float = NEAR,
    block: int = 1000,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> pd.DataFrame:
    """Pairs of nearly equal pictures, nearest first: first, second, distance, exact.

    images: uint8 [n, 3, h, w]; others: uint8 [m, 3, h, w], same size, on the CPU. first indexes `images`,
    second `others`; without `others` pairs within `images`, first < second. mirrored: the first of each pair
    is mirrored. block: images per matrix product. progress: called with the number of
    `images` that are done, and of all.

    distance: Euclidean, between whole images with their mean colour taken out and scaled to length 1: 0 for
    equal up to brightness and contrast, 1.41 for unrelated ones. exact: every pixel is equal. Pairs up to
    `at_most` are returned, without those of plain scenes (`CROWD`) unless exact. Shifted or cropped copies
    are not found.
    """
    first, second = images.flip(3) if mirrored else images, images if others is None else others
    sketch, other_sketch = (_reduced(each, SKETCH).half() for each in (first, second))
    parts = []
    for candidates in _candidates(first, second, WIDER * at_most, block, within=others is None):
        rows, columns = _sifted(*candidates, sketch, other_sketch, WIDER * at_most)
        part = _measured(first, second, rows, columns)
        parts.append(part[part["distance"] <= WIDER * at_most])
        progress(min(len(parts) * block, len(images)), len(images))
    table = pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)
    if others is None:
        neighbours = np.bincount(np.concatenate([table["first"], table["second"]]), minlength=len(images))
        crowd = np.maximum(neighbours[table["first"]], neighbours[table["second"]])
    else:
        crowd = np.maximum(
            np.bincount(table["first"], minlength=len(images))[table["first"]],
            np.bincount(table["second"], minlength=len(second))[table["second"]],
        )
    near = table[(table["distance"] <= at_most) & (table["exact"] | (crowd <= CROWD))]
    return near.sort_values(["distance", "first", "second"], kind="stable").reset_index(drop=True)


def _candidates(
    first: Tensor, second: Tensor, at_most: float, block: int, *, within: bool
) -> Iterator[tuple[Tensor, Tensor]]:
    """For each block of `first`, indices of pairs whose thumbnails are within `at_most`, int64 [pairs] each.

    Thumbnails leave out fine detail, so hardly a pair is nearer at full size than here.
    """
    thumbs, other_thumbs = _reduced(first, THUMBNAIL), _reduced(second, THUMBNAIL)
    # |a - b|^2 = 2 - 2 a.b for vectors of length 1
    alike = 1 - at_most**2 / 2
    for start in range(0, len(first), block):
        # Within one set the pair (a, b) is (b, a) again: only columns to the right are compared.
        skipped = start if within else 0
        similarity = thumbs[start : start + block] @ other_thumbs[skipped:].T  # [block, rest]
        row, column = torch.nonzero(similarity >= alike, as_tuple=True)
        keep = column > row if within else torch.ones_like(row, dtype=torch.bool)
        yield row[keep] + start, column[keep] + skipped


def _sifted(
    rows: Tensor, columns: Tensor, first: Tensor, second: Tensor, at_most: float
) -> tuple[Tensor, Tensor]:
    """Those of the pairs whose sketches (float16 [n, values], as `_reduced`) are within `at_most`."""
    near = [
        (first[row].float() - second[column].float()).norm(dim=1) <= at_most + 1e-3  # float16 has 3 digits
        for row, column in zip(rows.split(4 * AT_ONCE), columns.split(4 * AT_ONCE), strict=True)
    ]
    kept = torch.cat(near)
    return rows[kept], columns[kept]


def _measured(first: Tensor, second: Tensor, rows: Tensor, columns: Tensor) -> pd.DataFrame:
    """The candidate pairs with their distance at full size, and whether they are equal."""
    distances, exact = [], []
    for row, column in zip(rows.split(AT_ONCE), columns.split(AT_ONCE), strict=True):
        a, b = first[row], second[column]
        exact.append((a == b).flatten(1).all(dim=1))
        distances.append((_normalized(_centred(a)) - _normalized(_centred(b))).norm(dim=1))
    return pd.DataFrame(
        {
            "first": rows.numpy(),
            "second": columns.numpy(),
            "distance": torch.cat(distances).double().numpy(),
            "exact": torch.cat(exact).numpy(),
        }
    )


def _reduced(images: Tensor, side: int) -> Tensor:
    """Block means of each centred image, at length 1, float32 [n, 3 * side * side]."""
    small = [
        torch.nn.functional.adaptive_avg_pool2d(_centred(part).view(part.shape), side).flatten(1)
        for part in images.split(AT_ONCE)
    ]
    return _normalized(torch.cat(small))


def _centred(images: Tensor) -> Tensor:
    """Each image less its mean colour, float32 [n, 3 * h * w]."""
    pixels = images.to(torch.float32)
    return (pixels - pixels.mean(dim=(2, 3), keepdim=True)).flatten(1)


def _normalized(vectors: Tensor) -> Tensor:
    """Each row at length 1; a row of zeros (an even picture) stays, and is near to no other."""
    return vectors / vectors.norm(dim=1, keepdim=True).clamp(min=1e-6)
