"""Pictures of any size and format that Pillow opens, as small square images."""

import io
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from hundred.data.formats.raw import Fit
from hundred.errors import HundredError

#: Above this many pixels a picture is refused before it is unpacked: 100 million are a 10,000 x 10,000 photo.
LARGEST_PICTURE = 100_000_000
# #: Above this many pixels as unpacked, at up to 16 bytes each while modes are converted, it is refused as
# well: a JPEG
#: is unpacked at a fraction of its size, so photos of any camera fit.
LARGEST_UNPACKED = 50_000_000
# #: Pillow's names of the formats that are read. All are decoded in this process: Pillow would start
# Ghostscript for
#: an EPS, which outlives an interruption.
FORMATS = ("PNG", "JPEG", "JPEG2000", "BMP", "DIB", "GIF", "WEBP", "AVIF", "TIFF", "TGA", "ICO", "PPM")
#: File name endings by which a folder's pictures are recognized.
SUFFIXES = frozenset(
    f".{kind}"
    for kind in (
        *("png", "jpg", "jpeg", "jfif", "jp2", "bmp", "gif", "webp", "avif", "tif", "tiff", "tga", "ico"),
        *("ppm", "pgm", "pbm", "pnm"),
    )
)


def read_picture(path: Path | str, size: int = 32, fit: Fit = "crop") -> NDArray[np.uint8]:
    """A picture file as uint8 [3, size, size], RGB; see `decode_picture`.

    Raises HundredError with one line for what is no picture, damaged, or absurdly large.
    """
    path = Path(path)
    if not path.exists():
        raise HundredError(f"{path}: no such file")
    if path.is_dir():
        raise HundredError(f"{path}: is a folder, not a picture")
    if not path.is_file():  # a pipe or a device may give bytes for ever, or none
        raise HundredError(f"{path}: is not a regular file, so it is not read as a picture")
    return decode_picture(path, size, fit, path)


def decode_picture(
    source: bytes | str | Path, size: int, fit: Fit = "crop", what: object = "a picture"
) -> NDArray[np.uint8]:
    """A picture, as a file or the bytes of one, as uint8 [3, size, size], RGB. `what` names it in errors.

    It is turned as its EXIF says; what is transparent shows white; grey, palette, CMYK and 16-bit pictures
    become RGB; of an animation the first frame is taken. By `fit`, the largest square in the middle is kept
    (`crop`), all of it with black bars (`pad`), or it is stretched to a square. Pictures of another size are
    reduced or enlarged with an antialiasing filter (Lanczos).

    Raises HundredError with one line for what is no picture, damaged, or absurdly large.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's size warning comes before our own, stricter limit
            with Image.open(
                io.BytesIO(source) if isinstance(source, bytes) else source, formats=FORMATS
            ) as image:
                if image.width * image.height > LARGEST_PICTURE or min(image.size) < 1:
                    raise HundredError(
                        f"{what}: a picture of {image.width}x{image.height} is refused as absurd"
                    )
                square = _square(image, size, fit)
    except HundredError:
        raise
    except UnidentifiedImageError:
        raise HundredError(f"{what}: not a picture that can be read here") from None
    except Image.DecompressionBombError:
        raise HundredError(f"{what}: the picture is refused as absurdly large") from None
    except Exception as error:  # Pillow's decoders raise whatever broken data leads them into
        line = (str(error).splitlines() or [type(error).__name__])[0]
        raise HundredError(f"{what}: a damaged picture ({line})") from None
    return _planes(square)


def _planes(image: Image.Image) -> NDArray[np.uint8]:
    """An RGB picture as uint8 [3, h, w]: Pillow takes its rows apart sooner than NumPy copies bytes."""
    rows = np.frombuffer(image.tobytes("raw", "RGB;L"), np.uint8)
    return rows.reshape(image.height, 3, image.width).transpose(1, 0, 2)


def _square(image: Image.Image, size: int, fit: Fit) -> Image.Image:
    if image.size != (size, size):
        image.draft("RGB", (4 * size, 4 * size))  # a JPEG can be unpacked at a fraction of its size
    if image.width * image.height > LARGEST_UNPACKED:
        raise Image.DecompressionBombError("too many pixels")
    image.load()
    if "exif" in image.info or image.format == "TIFF":
        image = ImageOps.exif_transpose(image)
    if image.mode != "RGB" or "transparency" in image.info:
        image = as_rgb(image)
    return fit_square(image, size, fit)


def fit_square(image: Image.Image, size: int, fit: Fit) -> Image.Image:
    """An RGB picture as one of `size` x `size`."""
    if image.size == (size, size):
        return image
    if fit == "crop":
        return ImageOps.fit(image, (size, size), Image.Resampling.LANCZOS)
    if fit == "pad":
        return ImageOps.pad(image, (size, size), Image.Resampling.LANCZOS)
    return image.resize((size, size), Image.Resampling.LANCZOS)


def picture_size(source: bytes | str | Path) -> tuple[int, int] | None:
    """Width and height from the header of a picture, as a file or the bytes of one, turned as its EXIF says;
    None where it has none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(
                io.BytesIO(source) if isinstance(source, bytes) else source, formats=FORMATS
            ) as image:
                turned = image.format in ("JPEG", "TIFF", "WEBP") and image.getexif().get(0x0112, 1) > 4
                return image.size[::-1] if turned else image.size
    except Exception:  # decoding it will say what is wrong
        return None


def as_rgb(image: Image.Image) -> Image.Image:
    """RGB over white, whatever the mode."""
    if image.mode in ("I;16", "I;16B", "I;16L", "I", "F"):  # Pillow cuts these off at 255 instead of scaling
        values = np.asarray(image)
        largest = float(values.max(initial=0))
        top = 65535.0 if largest > 255 else 1.0 if image.mode == "F" and largest <= 1 else 255.0
        grey = np.empty(values.shape, np.uint8)
        for row, line in enumerate(values):  # one at a time: as float64 a large picture takes gigabytes
            grey[row] = np.clip(line.astype(np.float64) / top * 255, 0, 255)
        image = Image.fromarray(grey)
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
