"""CIFAR-100: finding, downloading, verifying and opening it, the drawn sample set, splits and names.

Names are imported when first used, so that `import hundred.data` is quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hundred.data.dataset import Dataset, Split
    from hundred.data.download import download_archive
    from hundred.data.find import fetch, locate, open_dataset
    from hundred.data.listing import Listing, describe, verify
    from hundred.data.names import COARSE_NAMES, FINE_NAMES, FINE_TO_COARSE
    from hundred.data.sample import draw_sample
    from hundred.data.split import holdout
    from hundred.data.words import class_label, readable, summary_line

_HOME = {
    "COARSE_NAMES": "names",
    "FINE_NAMES": "names",
    "FINE_TO_COARSE": "names",
    "Dataset": "dataset",
    "Split": "dataset",
    "Listing": "listing",
    "class_label": "words",
    "describe": "listing",
    "download_archive": "download",
    "draw_sample": "sample",
    "fetch": "find",
    "holdout": "split",
    "locate": "find",
    "open_dataset": "find",
    "readable": "words",
    "summary_line": "words",
    "verify": "listing",
}

__all__ = [
    "COARSE_NAMES",
    "FINE_NAMES",
    "FINE_TO_COARSE",
    "Dataset",
    "Listing",
    "Split",
    "class_label",
    "describe",
    "download_archive",
    "draw_sample",
    "fetch",
    "holdout",
    "locate",
    "open_dataset",
    "readable",
    "summary_line",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
