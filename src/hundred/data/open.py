"""Opening CIFAR-100 wherever it is: the sample set, a path, a usual place, or the network."""

from collections.abc import Callable
from pathlib import Path

from hundred.data.cache import cache_folder
from hundred.data.dataset import Dataset
from hundred.data.download.download import ARCHIVE_NAME, download_archive
from hundred.data.formats.raw import ProgressCallback, no_progress
from hundred.data.formats.registry import Found, find_form
from hundred.data.load import load_dataset
from hundred.data.sample.draw import draw_sample
from hundred.data.search_paths import named_place, usual_places
from hundred.errors import HundredError, nearest

FORMS_IN_WORDS = (
    "cifar-100-python or cifar-100-binary (folder or .tar.gz), parquet files of train and test, "
    "or train/<class>/ and test/<class>/ folders of pictures"
)
Progress = Callable[[int, int | None], None]


def open_dataset(
    where: str | Path | None = None,
    *,
    download: bool = True,
    progress: Progress | None = None,
    reading: ProgressCallback = no_progress,
) -> Dataset:
    """Open CIFAR-100, or the sample set drawn by code.

    where: "sample"; a file or folder in any published form, or a folder that holds one; or None to look for
    it as `locate` does and then, with `download`, to fetch the official archive into the user's cache.
    progress: called with the bytes downloaded and the bytes in all (None where the server does not say).
    reading: called with the images unpacked and those in all, by forms that must be unpacked once.

    Images are uint8 [n, 3, 32, 32], mapped copy-on-write from the official folder or from the cache: writing
    to them changes no file.

    Raises HundredError where there is nothing, or where what there is is not the whole of CIFAR-100.
    """
    if is_sample(where):
        return draw_sample()
    found = locate(where)
    if found is None and download:
        found = fetch(progress)
    if found is None:
        raise HundredError(_nothing_found())
    try:
        return load_dataset(found, reading)
    except HundredError:
        # Only our own download is ours to replace; its checksum tells whether there is anything to replace.
        if not download or where is not None or found.path != cache_folder() / ARCHIVE_NAME:
            raise
        return load_dataset(fetch(progress))


def locate(where: str | Path | None = None) -> Found | None:
    """CIFAR-100 at `where`; with None at HUNDRED_DATA if that is set, else in the usual places.

    Returns None only where `where` is None, HUNDRED_DATA is not set, and nothing lies in the usual places.
    Raises HundredError where a named place holds nothing known.
    """
    named = named_place()
    if where is not None:
        return _at(Path(where).expanduser(), "")
    if named is not None:
        return _at(named.path, f" ({named.why})")
    for place in usual_places():
        found = find_form(place.path)
        if found is not None:
            return found
    return None


def is_sample(where: str | Path | None) -> bool:
    """Whether `where`, or HUNDRED_DATA where it is None, asks for the drawn sample set."""
    named = named_place()
    return str(where) == "sample" or (where is None and named is not None and str(named.path) == "sample")


def _at(path: Path, why: str) -> Found:
    """What is at a named place. Raises HundredError where there is nothing known."""
    found = find_form(path)
    if found is not None:
        return found
    if not path.exists():
        hint = nearest(str(path), ["sample"])
        raise HundredError(f"there is no {path}{why} to read CIFAR-100 from{hint}\nName a path, or 'sample'.")
    for first, second in (("train", "test"), ("train.bin", "test.bin")):
        for present, absent in ((first, second), (second, first)):
            if (path / present).is_file():
                raise HundredError(
                    f"{path}{why} holds {present!r} but no {absent!r}: half of CIFAR-100 is missing"
                )
    raise HundredError(f"no CIFAR-100 in {path}{why}\nLooked for {FORMS_IN_WORDS}.")


def _nothing_found() -> str:
    homes = dict.fromkeys(str(place.path.parent) for place in usual_places())
    return (
        f"no CIFAR-100 on this machine: looked in {', '.join(homes)} for {FORMS_IN_WORDS}\n"
        "Name its path, set HUNDRED_DATA to it, allow the download, or use 'sample'."
    )


def fetch(progress: Progress | None = None) -> Found:
    """The official archive in the user's cache, downloaded unless it is there whole.

    Raises HundredError as `download_archive` does.
    """
    path = download_archive(cache_folder(), progress=progress)
    found = find_form(path)
    if found is None:
        raise HundredError(f"{path} was downloaded but is not CIFAR-100: remove it")
    return found
