"""Pictures of any size and format that Pillow opens, as small square images."""

import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from hundred.errors import HundredError

#: Above this many pixels a picture is refused before it is unpacked: 100 million are a 10,000 x 10,000 photo.
LARGEST_PICTURE = 100_000_000
#: File name endings by which a folder's pictures are recognized.
SUFFIXES = frozenset(
    f".{kind}"
    for kind in (
        *("png", "jpg", "jpeg", "jfif", "jp2", "bmp", "gif", "webp", "avif", "tif", "tiff", "tga", "ico"),
        *("ppm", "pgm", "pbm", "pnm"),
    )
)


def read_picture(path: Path | str, size: int = 32) -> NDArray[np.uint8]:
    """A picture file as uint8 [3, size, size], RGB.

    It is turned as its EXIF says; what is transparent shows white; grey, palette, CMYK and 16-bit pictures
    become RGB; of an animation the first frame is taken. The largest square in the middle is kept, so that
    nothing is stretched, and reduced with an antialiasing filter (Lanczos).

    Raises HundredError with one line for what is no picture, damaged, or absurdly large.
    """
    path = Path(path)
    if not path.exists():
        raise HundredError(f"{path}: no such file")
    if path.is_dir():
        raise HundredError(f"{path}: is a folder, not a picture")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's size warning comes before our own, stricter limit
            with Image.open(path) as image:
                if image.width * image.height > LARGEST_PICTURE or min(image.size) < 1:
                    raise HundredError(
                        f"{path}: a picture of {image.width}x{image.height} is refused as absurd"
                    )
                image.draft("RGB", (4 * size, 4 * size))  # a JPEG can be unpacked at a fraction of its size
                image.load()
                upright = ImageOps.exif_transpose(image)
                square = ImageOps.fit(_rgb(upright), (size, size), Image.Resampling.LANCZOS)
    except HundredError:
        raise
    except UnidentifiedImageError:
        raise HundredError(f"{path}: not a picture that can be read here") from None
    except Image.DecompressionBombError:
        raise HundredError(f"{path}: the picture is refused as absurdly large") from None
    except Exception as error:  # Pillow's decoders raise whatever broken data leads them into
        line = (str(error).splitlines() or [type(error).__name__])[0]
        raise HundredError(f"{path}: a damaged picture ({line})") from None
    return np.ascontiguousarray(np.asarray(square, np.uint8).transpose(2, 0, 1))


def _rgb(image: Image.Image) -> Image.Image:
    """RGB over white, whatever the mode."""
    if image.mode in ("I;16", "I;16B", "I;16L", "I", "F"):  # Pillow cuts these off at 255 instead of scaling
        values = np.asarray(image, np.float64)
        largest = values.max(initial=0)
        top = 65535.0 if largest > 255 else 1.0 if image.mode == "F" and largest <= 1 else 255.0
        image = Image.fromarray(np.clip(values / top * 255, 0, 255).astype(np.uint8))
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        over = image.convert("RGBA")
        white = Image.new("RGBA", over.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, over).convert("RGB")
    return image.convert("RGB")


def pictures_in(folder: Path | str) -> Iterator[Path]:
    """Picture files in `folder` and below, sorted, recognized by their endings; links are not followed."""
    root = Path(folder)
    for path in sorted(root.rglob("*")):
        if path.suffix.lower() in SUFFIXES and path.is_file() and not path.name.startswith("."):
            yield path
