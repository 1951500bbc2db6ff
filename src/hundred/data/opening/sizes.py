"""Which size the images of a set are given, where they have several or one that networks do not expect."""

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from hundred.data.formats.raw import FITS, Fit
from hundred.errors import UsageError

SIZES = (32, 64, 96, 128, 224)
SMALLEST, LARGEST = 8, 512
SAMPLED = 500  # pictures whose headers are read for it


def choose_size(sizes: Sequence[tuple[int, int]]) -> int:
    """32 for pictures whose shorter side is about that or less, else the side of `SIZES` nearest to it.

    sizes: width and height of some pictures; the median of their shorter sides decides.

    >>> choose_size([(33, 40), (640, 480), (70, 50)])
    64
    """
    if not sizes:
        return SIZES[0]
    side = median(min(each) for each in sizes)
    # Nearest in proportion: the borders are the geometric means of neighbours.
    return next((low for low, high in pairwise(SIZES) if side**2 < low * high), SIZES[-1])


def size_note(sizes: Sequence[tuple[int, int]], size: int, fit: Fit) -> str:
    """One line on what becomes of pictures of these sizes; empty where they are kept as they are."""
    if not sizes or set(sizes) == {(size, size)}:
        return ""
    found = f"of {_times(sizes[0])}"
    if len(set(sizes)) > 1:
        found = f"with sides of {min(map(min, sizes))} to {max(map(max, sizes))} pixels"
    return f"pictures {found} become {size}x{size} ({fit}); data.image_size and data.fit set that"


def check_size(size: int, fit: str) -> None:
    """Raise UsageError for an impossible image size or an unknown fit."""
    if size and not SMALLEST <= size <= LARGEST:
        raise UsageError(
            f"data.image_size is {size}: give {SMALLEST} to {LARGEST} pixels, or 0 to choose one"
        )
    if fit not in FITS:
        raise UsageError(f"data.fit is {fit!r}: give one of {', '.join(FITS)}")


def _times(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"
