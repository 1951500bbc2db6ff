"""Models without a native counterpart, run by Keras itself behind the same calls.

Keras builds objects from names in the file, so the config is searched for anything that could run code or
read other files before Keras sees it.
"""

import copy
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from hundred.errors import HundredError, MissingExtra, UsageError
from hundred.interchange.read import ends
from hundred.interchange.read.archive import Archive
from hundred.interchange.read.model import (
    LoadedModel,
    checked_images,
    describe,
    pixels,
    require_image_input,
)
from hundred.interchange.read.options import LoadOptions
from hundred.interchange.read.scale import scale_of
from hundred.interchange.read.settings import LARGEST, NotNative, listed, shown
from hundred.interchange.read.wiring import works_channels_first

#: Layers that run code of their own, or open files that the config names.
_UNSAFE = {"TorchModuleWrapper", "TFSMLayer", "JaxLayer", "FlaxLayer"}
_UNSAFE |= {"StringLookup", "IntegerLookup", "IndexLookup", "TextVectorization"}
_MODULES = re.compile(
    r"keras(\.src)?(\.(layers|models|applications|initializers|regularizers|constraints|activations|dtype_policies|optimizers"
    r"|losses|metrics|quantizers|random|engine|ops\.(numpy|nn|core|math|linalg|image|einops|operation_utils))(\.\w+)*)?|builtins"
)
_SIZES = ("units", "filters", "input_dim", "output_dim", "num_heads", "key_dim", "value_dim")


class KerasModel:
    """A model that Keras runs; it predicts as `Model` does, but has no native network to train further.

    Attributes as in `Model`; origin is "keras (through Keras)".
    """

    origin = "keras (through Keras)"
    network = None

    def __init__(
        self,
        keras_model: Any,
        *,
        scale: str | None,
        input_shape: tuple[int, int, int],
        notes: tuple[str, ...],
        channels_first: bool = False,
        output_name: str = "",
    ) -> None:
        """`keras_model` is the opened model, with one output."""
        self.keras_model, self.channels_first = keras_model, channels_first
        self.scale, self.scale_from = scale_of(scale or "0-1"), "given" if scale else "assumed"
        self.input_shape, self.notes, self.output_name = input_shape, notes, output_name
        self.class_names: tuple[str, ...] | None = None
        self.parameters = int(keras_model.count_params())
        draw = np.random.default_rng(0)
        shape = (input_shape[2], *input_shape[:2]) if channels_first else input_shape
        outputs = self.predict(draw.random((4, *shape), np.float32))
        self.classes = outputs.shape[1]
        sigmoid = _last_activation(keras_model) == "sigmoid"
        self.end = ends.confirmed_end(ends.SCORES if sigmoid else "unknown", torch.from_numpy(outputs))[0]

    def __repr__(self) -> str:
        """Such as `KerasModel(keras (through Keras): images 32x32x3 in 0-1 -> logits of 2 classes, ...)`."""
        return describe(self)

    @property
    def input_scale(self) -> str:
        """The pixel scale that the file is given, by name."""
        return self.scale.name

    @property
    def softmax(self) -> bool:
        """Whether the file gives probabilities."""
        return self.end == ends.PROBABILITIES

    def with_scale(self, scale: str, scale_from: str = "given") -> "KerasModel":
        """The same model taking pixels in another scale."""
        other = copy.copy(self)
        other.scale, other.scale_from = scale_of(scale), scale_from
        return other

    def predict(self, images: ArrayLike, batch_size: int = 256) -> NDArray[np.float32]:
        """As Keras' predict: [n, rows, columns, 3] in the file's scale to [n, classes]."""
        batch = checked_images(images, self.input_shape, self.channels_first)
        if not len(batch):
            return np.zeros((0, 0), np.float32)
        return np.asarray(self.keras_model.predict(batch, batch_size=batch_size, verbose=0), np.float32)

    def logits(self, images: ArrayLike, batch_size: int = 256) -> NDArray[np.float32]:
        """As `predict`, with the logarithms of probabilities, which are logits but for a constant a row."""
        output = self.predict(images, batch_size)
        if self.end == ends.LOGITS:
            return output
        if output.shape[1] == 1:
            output = np.concatenate([1 - output, output], 1)
        return np.log(np.maximum(output, np.finfo(np.float32).tiny))

    def predict_images(self, images: ArrayLike | Tensor, batch_size: int = 256) -> NDArray[np.float32]:
        """uint8 [n, 3, rows, columns] or [n, rows, columns, 3] to what the file gives for them."""
        return self.predict(self._scaled(images), batch_size)

    def logits_of_images(self, images: ArrayLike | Tensor, batch_size: int = 256) -> NDArray[np.float32]:
        """As `predict_images`, with logits for probabilities."""
        return self.logits(self._scaled(images), batch_size)

    def _scaled(self, images: ArrayLike | Tensor) -> NDArray[np.float32]:
        mean, std = self.scale.mean, self.scale.std
        batch = pixels(images, self.input_shape).permute(0, 2, 3, 1).cpu().numpy()
        channels = self.input_shape[2]
        scaled = ((batch.astype(np.float32) / 255 - mean[:channels]) / std[:channels]).astype(np.float32)
        scaled = scaled[..., ::-1] if self.scale.reverse else scaled
        return scaled.transpose(0, 3, 1, 2) if self.channels_first else scaled


def _last_activation(model: Any) -> str:
    layer = model
    for _ in range(20):
        inner = getattr(layer, "layers", None)
        if not inner:
            break
        layer = inner[-1]
    return str(getattr(getattr(layer, "activation", None), "__name__", ""))


def load_through_keras(path: Path, archive: Archive, why: NotNative, options: LoadOptions) -> LoadedModel:
    """Let Keras open `path`; `why` names the layer that is not native.

    Raises MissingExtra where Keras is not installed, HundredError where the config is unsafe or Keras fails.
    """
    custom = dict(options.custom_objects)
    custom |= {f"Custom>{name}": value for name, value in custom.items()}
    refuse_unsafe(archive.config, archive.name, custom, options.allow_lambda)
    os.environ.setdefault("KERAS_BACKEND", "torch")
    try:
        import keras
    except ImportError:
        raise MissingExtra("keras", "keras", f"{archive.name}: {why}; running it through Keras") from None
    try:
        with _limited_memory(4 * path.stat().st_size + (2 << 30)):
            model = keras.saving.load_model(
                path, custom_objects=custom, compile=False, safe_mode=not options.allow_lambda
            )
        model, name = _one_output(keras, model, options.output)
        shape, outputs = model.input_shape, model.output_shape
    except HundredError:
        raise
    except Exception as error:  # whatever Keras raises for the file
        line = " ".join(str(error).split()) or type(error).__name__
        raise HundredError(f"{archive.name}: {why}, and Keras cannot open it: {shown(line, 240)}") from None
    if not isinstance(shape, tuple) or not isinstance(outputs, tuple) or len(outputs) != 2:
        raise HundredError(f"{archive.name}: is no classifier of images ({shown(shape)} to {shown(outputs)})")
    first = works_channels_first(archive.config)
    input_shape = require_image_input(tuple(shape[1:]), archive.name, first)
    note = f"{why}; the model runs through Keras, slower, and cannot be trained further here"
    try:
        return KerasModel(
            model,
            scale=options.scale,
            input_shape=input_shape,
            notes=(note,),
            channels_first=first,
            output_name=name,
        )
    except Exception as error:  # whatever the file's layers do when Keras runs them
        line = " ".join(str(error).split()) or type(error).__name__
        raise HundredError(f"{archive.name}: {why}, and Keras cannot run it: {shown(line, 240)}") from None


def _one_output(keras: Any, model: Any, output: str | None) -> tuple[Any, str]:
    """`model` with the one output that is asked for, and its name."""
    names = list(getattr(model, "output_names", None) or [""])
    if output is not None and output not in names:
        raise UsageError(f"--output {output}: the file's outputs are {listed(names)}")
    if output is None and len(names) > 1:
        raise HundredError(f"has {len(names)} outputs: choose one of {listed(names)} with --output NAME")
    if len(names) < 2:
        return model, names[0]
    chosen = model.outputs[names.index(str(output))]
    return keras.Model(model.inputs, chosen), str(output)


@contextmanager
def _limited_memory(more: int) -> Iterator[None]:
    """Let this process take `more` bytes and then fail cleanly, where the system can (Linux).

    Keras makes room for what the config says before it looks at the weights.
    """
    try:
        import resource

        now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        soft, hard = resource.getrlimit(resource.RLIMIT_AS)
        limit = now + more if soft == resource.RLIM_INFINITY else min(now + more, soft)
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    except (ImportError, OSError, ValueError):
        yield
        return
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def refuse_unsafe(config: Any, name: str, custom_objects: Mapping[str, Any], allow_lambda: bool) -> None:
    """HundredError for a config that names code outside Keras, opens files, or asks for absurd sizes."""
    waiting = [config]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting += item
        if not isinstance(item, dict):
            continue
        waiting += item.values()
        class_name, module = item.get("class_name"), item.get("module")
        known = class_name in custom_objects if isinstance(class_name, str) else False
        if class_name in _UNSAFE:
            raise HundredError(f"{name}: a {class_name} layer may run code or read files: refused")
        foreign = isinstance(module, str) and not known and not _MODULES.fullmatch(module)
        code = class_name == "__lambda__" or "function_type" in item
        if foreign and not (allow_lambda and code):
            raise HundredError(
                f"{name}: {shown(class_name)} comes from the module {shown(module)}: "
                f"pass it in custom_objects={{{shown(class_name)!r}: ...}}"
            )
        for key in _SIZES:
            if type(item.get(key)) is int and abs(item[key]) > LARGEST:
                raise HundredError(f"{name}: {key} is {item[key]}: refused as absurd")
