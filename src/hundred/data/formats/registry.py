"""The forms in which a set of images is found, each a module with the same five names."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from hundred.data.files.unpack import is_packed, unpacked
from hundred.data.formats import (
    array_file,
    arrow,
    binary,
    cifar10,
    idx,
    image_folder,
    parquet,
    python_pickle,
    svhn,
    table,
    tiny_imagenet,
)
from hundred.data.formats.raw import Raw, ReadOptions


class Form(Protocol):
    """One form.

    NAME: for people. find: the place itself (or its folder) if it is of this form, else None. files: all that
    reading depends on. is_mapped: whether `read` copies nothing. read: what is there, unchecked; HundredError
    where it is damaged.
    """

    NAME: str

    def find(self, where: Path) -> Path | None: ...
    def files(self, found: Path) -> Sequence[str | Path]: ...
    def is_mapped(self, found: Path) -> bool: ...
    def read(self, found: Path, options: ReadOptions = ..., /) -> Raw: ...


class Found(NamedTuple):
    """Something at `path` that looks like a set of images in `form`; nothing is read yet."""

    form: Form
    path: Path


# The quickest to open first: where a folder holds several, that one is taken.
FORMS: tuple[Form, ...] = (
    python_pickle,
    binary,
    cifar10,
    idx,
    svhn,
    tiny_imagenet,
    array_file,
    parquet,
    arrow,
    image_folder,
    table,
)
USUAL_NAMES = (
    "cifar-100-python",
    "cifar-100-binary",
    "cifar-100-python.tar.gz",
    "cifar-100-binary.tar.gz",
    "cifar-100",
    "cifar100",
)
_MOST_CHILDREN = 100


def find_form(where: Path) -> Found | None:
    """A set of images at `where`, in any form, or one folder further down (usual names first)."""
    for place in _places(where):
        for form in FORMS:
            found = form.find(place)
            if found is not None:
                return Found(form, found)
        if place == where and is_packed(where):
            return find_form(unpacked(where))
    return None


def find_cifar100(where: Path) -> Found | None:
    """CIFAR-100 at one of the usual places, which may hold anything else as well."""
    places = _places(where)
    for form in (python_pickle, binary, parquet, arrow, image_folder):
        for place in places:
            found = form.find(place)
            if found is not None:
                return Found(form, found)
    return None


def _places(where: Path) -> list[Path]:
    """`where` and what is in it, without pipes and devices: reading them may never end."""
    return [path for path in (where, *_children(where)) if path.is_file() or path.is_dir()]


def _children(where: Path) -> list[Path]:
    """Folders in `where`, and archives whose names say CIFAR."""
    try:
        inner = sorted(where.iterdir(), key=lambda path: (path.name not in USUAL_NAMES, path.name))
    except OSError:
        return []
    chosen = [
        path
        for path in inner
        if (path.is_dir() or ("cifar" in path.name.lower() and path.name.endswith((".tar.gz", ".tgz"))))
        and not path.name.startswith(".")
    ]
    return chosen[:_MOST_CHILDREN]
