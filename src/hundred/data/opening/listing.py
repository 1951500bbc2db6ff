"""What CIFAR-100 there is on this machine, and whether it is whole: for `hundred data`."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from hundred.data.download.named import OFFICIAL_MD5
from hundred.data.formats.python_pickle import NAME as OFFICIAL
from hundred.data.formats.registry import Found, find_cifar100
from hundred.data.formats.validate import check
from hundred.data.opening.cache import load_digest
from hundred.data.opening.digest import digest_arrays
from hundred.data.opening.load import fingerprint_of, load_dataset
from hundred.data.opening.open import find_dataset
from hundred.data.opening.place import named_place
from hundred.data.opening.search_paths import usual_places
from hundred.errors import HundredError


@dataclass(frozen=True)
class Listing:
    """One CIFAR-100 on this machine.

    form: which form, for people; path; why: how the place came to be looked at; bytes: of its files;
    valid: whether it could be read and is whole; note: what is wrong, or what else was found out; digest: of
    its content, '' where it could not be read.
    """

    form: str
    path: Path
    why: str
    bytes: int
    valid: bool
    note: str
    digest: str


def list_datasets() -> list[Listing]:
    """What is at HUNDRED_DATA and in the usual places, read and checked (and kept, as opening does)."""
    named = named_place()
    listings: dict[Path, Listing] = {}
    for place in ([named] if named is not None else []) + usual_places():
        found = find_cifar100(place.path)
        if found is not None and found.path.resolve() not in listings:
            listings[found.path.resolve()] = _listed(found, place.why)
    return list(listings.values())


def verify(where: str | Path | None = None) -> Listing:
    """Read all of what is at `where` (see `find_dataset`) from its source, whatever the cache says, and
    check it.

    Raises HundredError where there is nothing, or it is not the whole of CIFAR-100.
    """
    found = find_dataset(where)
    if found is None:
        raise HundredError("no CIFAR-100 on this machine to verify: name its path, or download it")
    raw = found.form.read(found.path)
    check(raw, str(found.path))
    digest = digest_arrays(raw)
    known = load_digest(fingerprint_of(found))
    if known is not None and known != digest:
        raise HundredError(
            f"{found.path} changed since it was first read, though its size and time did not\n"
            "The disk may be failing: get a fresh copy."
        )
    return Listing(found.form.NAME, found.path, "named", _bytes(found), True, _note(found), digest)


def _listed(found: Found, why: str) -> Listing:
    try:
        digest, fault = load_dataset(found).digest, ""
    except HundredError as error:
        digest, fault = "", str(error).splitlines()[0]
    return Listing(found.form.NAME, found.path, why, _bytes(found), not fault, fault, digest)


def _bytes(found: Found) -> int:
    try:
        return sum(Path(path).stat().st_size for path in found.form.files(found.path))
    except (OSError, HundredError):
        return 0


def _note(found: Found) -> str:
    """For the official archive: whether it is the published one to the last byte."""
    if found.form.NAME != OFFICIAL or found.path.is_dir():
        return ""
    with found.path.open("rb") as file:
        same = (
            hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest() == OFFICIAL_MD5
        )
    return (
        "the published archive" if same else "not the published archive, but its images and labels are whole"
    )
