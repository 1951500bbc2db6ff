"""Images of the page as PNG data of their true pixels; the browser enlarges them."""

import base64
import io
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image

from hundred.formatting import percent, readable
from hundred.reports.figures.mosaic import Shot, pixels


@dataclass(frozen=True)
class Picture:
    """An image with its caption. alt: the caption in words, for screen readers."""

    source: str
    alt: str
    true: str
    predicted: str
    probability: str
    right: bool


def picture(shot: Shot, verbs: tuple[str, str] = ("is", "predicted as")) -> Picture:
    """A shot as the page shows it; `verbs` go before the true and the predicted class in its alt text."""
    image = pixels(np.asarray(shot.image)[None])[0]
    predicted = readable(shot.predicted) if shot.predicted is not None else ""
    probability = percent(shot.probability, 0) if shot.probability is not None else ""
    place = f"Test image {shot.index}: " if shot.index is not None else "Image: "
    alt = f"{place}{verbs[0]} {readable(shot.true)}"
    if predicted:
        alt += f", {verbs[1]} {predicted}" + (f" with {probability}" if probability else "")
    return Picture(data_uri(image), alt, readable(shot.true), predicted, probability, shot.right)


def data_uri(image: Any) -> str:
    """uint8 [height, width, 3] as a PNG data URI."""
    array = np.ascontiguousarray(image, dtype=np.uint8)
    return _encoded(array.tobytes(), array.shape[0], array.shape[1])


@lru_cache(maxsize=4096)
def _encoded(data: bytes, height: int, width: int) -> str:
    buffer = io.BytesIO()
    Image.frombytes("RGB", (width, height), data).save(buffer, "PNG", compress_level=9)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
