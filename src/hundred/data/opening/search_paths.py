"""Where CIFAR-100 is looked for on this machine, in order."""

import os
from pathlib import Path

from hundred.data.formats.registry import USUAL_NAMES
from hundred.data.opening.cache import cache_folder
from hundred.data.opening.place import Place
from hundred.files import expand_user


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
