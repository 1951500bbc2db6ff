"""Opening a set of images wherever it is: a name, a path, Python objects, a usual place, or the network."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from hundred.data.coarse import superclasses_as_classes
from hundred.data.dataset import Dataset
from hundred.data.download.download import ARCHIVE_NAME, download_archive
from hundred.data.download.fetch import copy_of_hub, fetch_hub, fetch_named, is_downloaded
from hundred.data.download.named import COARSE, HUB
from hundred.data.files.unpack import is_packed
from hundred.data.formats.folder_layout import where_pictures_are
from hundred.data.formats.raw import ProgressCallback, ReadOptions, no_progress
from hundred.data.formats.registry import Found, find_cifar100, find_form
from hundred.data.opening.cache import cache_folder
from hundred.data.opening.from_python import from_python, is_python_data
from hundred.data.opening.load import load_dataset, name_of_path
from hundred.data.opening.place import is_sample, named_place, nothing_there, set_name
from hundred.data.opening.search_paths import usual_places
from hundred.data.opening.sizes import check_size
from hundred.data.sample.draw import draw_sample
from hundred.errors import HundredError
from hundred.files import expand_user

FORMS_IN_WORDS = (
    "folders of pictures by class (with train/ and test/ or without), CIFAR's and MNIST's files, parquet "
    "or Arrow "
    "tables, .npz or .npy arrays, a CSV, or a .zip or .tar.gz of any of these"
)
Progress = Callable[[int, int | None], None]


def open_dataset(
    where: Any = None,
    *,
    download: bool = True,
    progress: Progress | None = None,
    reading: ProgressCallback = no_progress,
    image_size: int = 0,
    fit: Any = "crop",
    skip_damaged: bool = False,
) -> Dataset:
    """Open a set of images with labels.

    where: a path to a file or folder in any form, or to a folder that holds one; a name (`sample` is drawn by
        code, the others are downloaded: see `NAMES`, and `hf:OWNER/NAME`); Python objects (see
        `from_python`); or None to look for CIFAR-100 as `find_dataset` does and then, with `download`, to
        fetch it.
    progress: called with the bytes downloaded and the bytes in all (None where the server does not say).
    reading: called with the images decoded and those in all, by forms that must be decoded once.
    image_size, fit, skip_damaged: as in a recipe's `[data]` table; see `ReadOptions`.

    Images are uint8 [n, 3, size, size], mapped copy-on-write from the official folder or from the cache:
    writing to them changes no file.

    Raises HundredError where there is nothing, or where the images and labels do not fit together.
    """
    if isinstance(where, Dataset):
        return where
    check_size(image_size, fit)
    if is_python_data(where):
        return from_python(where, image_size, fit, reading)
    options = ReadOptions(image_size, fit, skip_damaged, reading)
    if is_sample(where):
        return draw_sample()
    name = "cifar100" if where is None else set_name(where)
    if name:
        return _open_named(name, download, progress, options)
    found = find_dataset(where)
    assert found is not None  # noqa: S101 - a named place without anything known is an error
    opened = load_dataset(found, options)
    if is_packed(Path(where)) and opened.source != str(where):  # read from where it was unpacked
        opened = replace(opened, source=str(where))
        opened = (
            opened if opened.name.startswith("cifar100") else replace(opened, name=name_of_path(str(where)))
        )
    return opened


def _open_named(name: str, download: bool, progress: Progress | None, options: ReadOptions) -> Dataset:
    if name == COARSE:
        return superclasses_as_classes(_open_named("cifar100", download, progress, options), COARSE)
    if name == "cifar100":
        return _open_cifar100(download, progress, options)
    if not download and not is_downloaded(name):
        raise HundredError(f"{name} is not on this machine: allow the download")
    path = (
        fetch_hub(name.removeprefix(HUB), progress) if name.startswith(HUB) else fetch_named(name, progress)
    )
    found = find_form(path)
    if found is None:
        raise HundredError(f"{path} was downloaded but holds nothing known: remove it")
    opened = load_dataset(found, options)
    title = name.removeprefix(HUB).rpartition("/")[2]
    return opened if opened.name == "cifar100" else replace(opened, name=title, source=name)


def _open_cifar100(download: bool, progress: Progress | None, options: ReadOptions) -> Dataset:
    found = find_dataset()
    if found is None and download:
        found = download_cifar100(progress)
    if found is None:
        raise HundredError(_nothing_found())
    try:
        return load_dataset(found, options)
    except HundredError:
        # Only our own download is ours to replace; its checksum shows whether there is anything to replace.
        if not download or found.path != cache_folder() / ARCHIVE_NAME:
            raise
        return load_dataset(download_cifar100(progress), options)


def find_dataset(where: str | Path | None = None) -> Found | None:
    """What is at `where`; with None CIFAR-100 at HUNDRED_DATA if that is set, else in the usual places.

    Returns None only where `where` is None, HUNDRED_DATA is not set, and the usual places hold nothing.
    Raises HundredError where a named place holds nothing known.
    """
    named = named_place()
    if where is not None:
        return _at(expand_user(where), "")
    if named is not None:
        return _at(named.path, f" ({named.why})")
    for place in usual_places():
        found = find_cifar100(place.path)
        if found is not None:
            return found
    return None


def _at(path: Path, why: str) -> Found:
    """What is at a named place. Raises HundredError where there is nothing known."""
    if path.exists() and not path.is_file() and not path.is_dir():  # reading it may never end
        raise HundredError(f"{path}{why} is a pipe or device, not a file or folder with images")
    found = find_form(path)
    if found is not None:
        return found
    if not path.exists():
        raise nothing_there(path, why)
    for first, second in (("train", "test"), ("train.bin", "test.bin")):
        for present, absent in ((first, second), (second, first)):
            if (path / present).is_file():
                raise HundredError(
                    f"{path}{why} holds {present!r} but no {absent!r}: half of CIFAR-100 is missing"
                )
    hint = where_pictures_are(path) if path.is_dir() else ""
    raise HundredError(f"no images with labels in {path}{why}\n{hint or f'Looked for {FORMS_IN_WORDS}'}.")


def _nothing_found() -> str:
    homes = dict.fromkeys(str(place.path.parent) for place in usual_places())
    return (
        f"no CIFAR-100 on this machine: looked in {', '.join(homes)}\n"
        "Name its path, set HUNDRED_DATA to it, allow the download, or use 'sample'."
    )


def download_cifar100(progress: Progress | None = None) -> Found:
    """CIFAR-100 in the user's cache, downloaded from the quickest place unless it is there whole.

    Raises HundredError as `download_archive` does.
    """
    path = copy_of_hub("cifar100", progress) or download_archive(cache_folder(), progress=progress)
    found = find_form(path)
    if found is None:
        raise HundredError(f"{path} was downloaded but is not CIFAR-100: remove it")
    return found
