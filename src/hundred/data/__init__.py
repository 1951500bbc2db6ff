"""CIFAR-100: finding, downloading, verifying and opening it, the drawn sample set, splits and names.

Names are imported when first used, so that `import hundred.data` is quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hundred.data.dataset import Dataset, Split
    from hundred.data.find import open_dataset
    from hundred.data.names import COARSE_NAMES, FINE_NAMES, FINE_TO_COARSE
    from hundred.data.sample import draw_sample
    from hundred.data.split import holdout

_HOME = {
    "COARSE_NAMES": "names",
    "FINE_NAMES": "names",
    "FINE_TO_COARSE": "names",
    "Dataset": "dataset",
    "Split": "dataset",
    "draw_sample": "sample",
    "holdout": "split",
    "open_dataset": "find",
}

__all__ = [
    "COARSE_NAMES",
    "FINE_NAMES",
    "FINE_TO_COARSE",
    "Dataset",
    "Split",
    "draw_sample",
    "holdout",
    "open_dataset",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
