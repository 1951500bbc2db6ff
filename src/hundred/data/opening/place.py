"""What `--data` and HUNDRED_DATA name, before anything there is opened; imports nothing heavy."""

import os
from pathlib import Path
from typing import NamedTuple

from hundred.data.download.named import HUB, NAMES
from hundred.errors import HundredError, nearest
from hundred.files import expand_user

SAMPLE = "sample"


class Place(NamedTuple):
    """A path to look at. why: how it became one, for people."""

    path: Path
    why: str


def named_place() -> Place | None:
    """What the environment variable HUNDRED_DATA names, if it is set."""
    named = os.environ.get("HUNDRED_DATA")
    return Place(expand_user(named), "HUNDRED_DATA") if named else None


def is_sample(where: object) -> bool:
    """Whether `where`, or HUNDRED_DATA where it is None, asks for the drawn sample set."""
    if where is None:
        named = named_place()
        return named is not None and str(named.path) == SAMPLE
    return isinstance(where, str | Path) and str(where) == SAMPLE


def set_name(where: object) -> str:
    """The named set that `where` means; '' for a path."""
    text = str(where)
    if where is None or expand_user(text).exists():
        return ""
    if text.startswith(HUB) or text in NAMES:
        return text
    plain = text.lower().replace("_", "-")
    return plain if plain in NAMES else {"cifar-100": "cifar100", "cifar-10": "cifar10"}.get(plain, "")


def check_place(where: str | Path | None) -> None:
    """Raise HundredError where `where`, or HUNDRED_DATA for None, is neither a path that exists nor a set's
    name."""
    if is_sample(where):
        return
    place = named_place() if where is None else Place(expand_user(where), "")
    if place is not None and not place.path.exists() and (where is None or not set_name(where)):
        raise nothing_there(place.path, f" ({place.why})" if place.why else "")


def nothing_there(path: Path, why: str) -> HundredError:
    """The error for a `path` that does not exist. why: put behind it."""
    hint = nearest(str(path), NAMES)
    return HundredError(
        f"there is no {path}{why} to read images from{hint}\nName a path, or one of {', '.join(NAMES)}."
    )
