"""Where CIFAR-100 is looked for on this machine, in order."""

import os
from pathlib import Path
from typing import NamedTuple

from hundred.data.formats.registry import USUAL_NAMES
from hundred.data.opening.cache import cache_folder
from hundred.files import expand_user


class Place(NamedTuple):
    """A path to look at. why: how it became one, for people."""

    path: Path
    why: str


def named_place() -> Place | None:
    """What the environment variable HUNDRED_DATA names, if it is set."""
    named = os.environ.get("HUNDRED_DATA")
    return Place(expand_user(named), "HUNDRED_DATA") if named else None


def usual_places() -> list[Place]:
    """The usual names in the working folder, in its folder `data`, in the user's cache, and in Keras'
    cache."""
    folder = Path.cwd()
    keras = expand_user(os.environ.get("KERAS_HOME", "~/.keras")) / "datasets"
    homes = (
        (folder, "the working folder"),
        (folder / "data", "the working folder"),
        (cache_folder(), "the cache"),
    )
    places = [Place(home / name, why) for home, why in homes for name in USUAL_NAMES]
    return places + [
        Place(keras / name, "Keras' cache") for name in ("cifar-100-python-target", *USUAL_NAMES)
    ]
