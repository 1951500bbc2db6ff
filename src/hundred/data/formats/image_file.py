"""Reading one small picture file into pixels, whatever it claims to be."""

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from hundred.errors import HundredError

FORMATS = ("PNG", "JPEG", "BMP", "WEBP")
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp")


def pixels(
    content: bytes | str | Path, what: str | Path, formats: tuple[str, ...] = FORMATS
) -> NDArray[np.uint8]:
    """uint8 [32, 32, 3] of a 32x32 picture, given as its file or the file's bytes. `what` names it in errors.

    Raises HundredError where it is no picture, damaged, or of another size (which is read from its header,
    before anything is unpacked).
    """
    try:
        source = io.BytesIO(content) if isinstance(content, bytes) else content
        with Image.open(source, formats=formats) as image:
            if image.size != (32, 32):
                raise HundredError(
                    f"{what} is a picture of {image.width}x{image.height}; CIFAR-100's are 32x32"
                )
            return np.asarray(image if image.mode == "RGB" else image.convert("RGB"))
    except UnidentifiedImageError:
        raise HundredError(f"{what} is not a picture ({', '.join(formats)})") from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise HundredError(f"{what} is a damaged picture: {error}") from None
