"""Keras files in and out, ONNX out, and pictures of the user's own."""

from importlib import import_module
from typing import Any

_WHERE = {
    "load": "loading",
    "Model": "model",
    "LoadedModel": "model",
    "SCALES": "model",
    "KerasModel": "through_keras",
    "save_h5": "save",
    "save_keras": "save",
    "save_onnx": "save",
    "pictures_in": "pictures",
    "read_picture": "pictures",
    "read_weights_file": "weights_file",
    "load_resnet50_imagenet": "weights_file",
    "load_weights": "weights_file",
}
__all__ = sorted(_WHERE)  # noqa: PLE0605 (names are imported on first use: torch and h5py are heavy)


def __getattr__(name: str) -> Any:
    """Import on first use, so that `import hundred` needs neither torch nor h5py."""
    if name in _WHERE:
        return getattr(import_module(f"hundred.interchange.{_WHERE[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
