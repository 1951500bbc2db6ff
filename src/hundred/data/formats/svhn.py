"""SVHN's cropped digits as published: `train_32x32.mat` and `test_32x32.mat` (http://ufldl.stanford.edu/housenumbers)."""

from pathlib import Path

import numpy as np

from hundred.data.formats.raw import DEFAULT_OPTIONS, Raw, RawSplit, ReadOptions
from hundred.errors import HundredError

NAME = "SVHN files"
_FILES = ("train_32x32.mat", "test_32x32.mat")


def find(where: Path) -> Path | None:
    """`where`, if both files are there."""
    if where.name in _FILES and where.is_file():
        where = where.parent
    return where if all((where / name).is_file() for name in _FILES) else None


def files(found: Path) -> list[Path]:
    """The files that `read` would read, whose sizes and times say whether anything changed."""
    return [found / name for name in _FILES]


def is_mapped(_: Path) -> bool:
    """False: the files are packed."""
    return False


def read(found: Path, _options: ReadOptions = DEFAULT_OPTIONS) -> Raw:
    """Both splits; the label 10 is the digit 0. Raises HundredError where a file is damaged."""
    train, test = (_split(path) for path in files(found))
    return Raw(train, test, tuple(map(str, range(10))), (), (0,) * 10)


def _split(path: Path) -> RawSplit:
    from scipy.io import loadmat

    try:
        content = loadmat(path, variable_names=["X", "y"])
        images, labels = content["X"], content["y"].ravel() % 10
    except Exception as error:  # SciPy's reader raises whatever damage leads it into
        text = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise HundredError(f"{path} is not a whole MATLAB file of SVHN: {text}") from None
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[:3] != (32, 32, 3):
        raise HundredError(
            f"{path} holds {images.dtype} of shape {images.shape}, not images of 32x32 in colour"
        )
    fine = labels.astype(np.uint8)
    return RawSplit(np.ascontiguousarray(images.transpose(3, 2, 0, 1)), fine, np.zeros_like(fine))
