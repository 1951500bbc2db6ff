"""Many small images on one board, pixel for pixel: pasted into a single array, which draws at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.patches import Rectangle

from hundred.reports.figures.style import DPI, POINTS_PER_INCH, RULE

PIXELS_PER_POINT = DPI // POINTS_PER_INCH
TILE = 48
"""Width of a 32-pixel image in points: each of its pixels becomes three by three."""


@dataclass(frozen=True)
class Shot:
    """One image with its class and the prediction for it.

    image: uint8 [3, height, width] or [height, width, 3]. true: its class; predicted: None without a
    prediction. probability: of the predicted class, 0 to 1. index: its place in the test set.
    """

    image: Any
    true: str
    predicted: str | None = None
    probability: float | None = None
    index: int | None = None

    @property
    def right(self) -> bool:
        """Whether the prediction is the true class."""
        return self.predicted == self.true


def pixels(images: Any) -> np.ndarray:
    """Images as uint8 [n, height, width, 3], from [n, 3, height, width] or the same shape; or a tensor.

    A batch whose images are three pixels high is taken as channels first.
    """
    array = np.asarray(images)
    if array.dtype != np.uint8 or array.ndim != 4 or 3 not in (array.shape[1], array.shape[3]):
        raise ValueError(
            f"images are uint8 [n, 3, h, w] or [n, h, w, 3], not {array.dtype} {list(array.shape)}"
        )
    return np.ascontiguousarray(array.transpose(0, 2, 3, 1)) if array.shape[1] == 3 else array


def paste(
    axes: Axes, images: Sequence[Any], places: Sequence[tuple[float, float]], side: float = TILE
) -> None:
    """Draw each image [height, width, 3] `side` points wide with its upper left corner at its place (points).

    `axes` is a board (units of points, y downwards). Where an image's pixels divide `side` evenly they stay
    square and sharp.
    """
    if not len(images):
        return
    left, top = (min(place[axis] for place in places) for axis in (0, 1))
    right, bottom = (max(place[axis] for place in places) + side for axis in (0, 1))
    size = round(side * PIXELS_PER_POINT)
    height, width = round((bottom - top) * PIXELS_PER_POINT), round((right - left) * PIXELS_PER_POINT)
    canvas = np.zeros((height, width, 4), dtype=np.uint8)
    for image, (x, y) in zip(images, places, strict=True):
        row, column = round((y - top) * PIXELS_PER_POINT), round((x - left) * PIXELS_PER_POINT)
        tile = _enlarged(np.asarray(image), size)
        canvas[row : row + size, column : column + size, :3] = tile
        canvas[row : row + size, column : column + size, 3] = 255
    # A hairline around each, or a white image would have no edge.
    frames = [Rectangle((x - 0.25, y - 0.25), side + 0.5, side + 0.5) for x, y in places]
    axes.add_collection(PatchCollection(frames, facecolor="none", edgecolor=RULE, linewidth=0.5, zorder=1))
    axes.imshow(canvas, extent=(left, right, bottom, top), interpolation="none", aspect="auto", zorder=2)


def _enlarged(image: np.ndarray, size: int) -> np.ndarray:
    """The image [h, w, 3] at [size, size, 3] by the nearest pixel."""
    rows = (np.arange(size) * image.shape[0]) // size
    columns = (np.arange(size) * image.shape[1]) // size
    return image[rows][:, columns]
