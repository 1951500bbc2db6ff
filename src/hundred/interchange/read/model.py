"""A loaded model: a native network with what its file records about input and output."""

import copy
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from hundred.data.normalize import Normalize
from hundred.errors import HundredError, UsageError
from hundred.interchange.read import ends
from hundred.interchange.read.assemble import Row
from hundred.interchange.read.layers.images import ReverseChannels
from hundred.interchange.read.scale import scale_of

#: Values of the widest feature map that one batch may hold; larger batches are cut.
_BATCH_VALUES = 1 << 28


class LoadedModel(Protocol):
    """What `hundred.load` gives, native or through Keras."""

    origin: str
    end: str
    output_name: str
    scale_from: str
    input_shape: tuple[int, int, int]
    class_names: tuple[str, ...] | None
    classes: int
    parameters: int
    notes: tuple[str, ...]

    @property
    def input_scale(self) -> str: ...

    def predict(self, images: ArrayLike, batch_size: int = 256) -> NDArray[np.float32]: ...

    def predict_images(self, images: ArrayLike | Tensor, batch_size: int = 256) -> NDArray[np.float32]: ...

    def logits(self, images: ArrayLike, batch_size: int = 256) -> NDArray[np.float32]: ...

    def logits_of_images(self, images: ArrayLike | Tensor, batch_size: int = 256) -> NDArray[np.float32]: ...

    def with_scale(self, scale: str, scale_from: str = "given") -> "LoadedModel": ...


def describe(model: LoadedModel) -> str:
    """A loaded model in one line: what made it, what it takes and gives, and how large it is."""
    rows, columns, channels = model.input_shape
    takes = f"images {rows}x{columns}x{channels} in {model.input_scale}"
    gives = f"{model.end} of {model.classes} classes, {model.parameters:,} parameters"
    return f"{type(model).__name__}({model.origin}: {takes} -> {gives})"


class Model:
    """A Keras file, written by Hundred or not, as a native network.

    network: nn.Module, float [n, 3, h, w] to logits [n, classes]. Its input is (pixel / 255 - mean) / std,
        with `mean` and `std` below. A softmax at the end of the file and the normalization that Hundred
        writes at its beginning are not in it, and probabilities that the file makes otherwise come out as
        their logarithms, so that it can be trained further as it is.
    mean, std: float32 [3], in 0..1 units.
    end: how the file ends: `softmax`, `sigmoid`, `probabilities`, `scores` or `logits`, see `ends`.
    body: the network up to that end: what a file is written from. output_name: of the file's output.
    frozen: layers that the file marks as not trainable; their parameters require no gradients, and their
        batch norms stay in evaluation mode.
    input_scale: the pixel scale that the file takes, by name, see `scale`. scale_from: `recorded` by Hundred,
        `layers` (the file rescales pixels itself), `given`, `measured`, `remembered` or `assumed`.
    input_shape: (rows, columns, channels). channels_first: whether the file takes the channels first.
    parameters: Keras' total count, moving averages included.
    origin: "hundred" or "keras". class_names: as recorded in the file, or None.
    metadata: what the writer added, or {}. notes: sentences that a user should see.
    """

    def __init__(
        self,
        network: nn.Module,
        *,
        mean: Sequence[float],
        std: Sequence[float],
        normalized_inside: bool,
        end: str,
        input_scale: str,
        input_shape: tuple[int, int, int],
        parameters: int,
        origin: str,
        class_names: tuple[str, ...] | None = None,
        metadata: dict[str, object] | None = None,
        notes: Sequence[str] = (),
        rows: Sequence[Row] = (),
        largest_map: int = 0,
        channels_first: bool = False,
        frozen: Sequence[str] = (),
        classes: int = 0,
        scale_from: str = "recorded",
        output_name: str = "",
    ) -> None:
        """`network` is the body. normalized_inside: the file takes raw pixels and normalizes them itself."""
        self.body = network.eval()
        self.end, self.frozen, self.classes = end, tuple(frozen), classes
        self.scale_from, self.output_name = scale_from, output_name
        self.network = self._whole(reverse=False)
        self.mean, self.std = np.asarray(mean, np.float32), np.asarray(std, np.float32)
        self.input_scale, self.input_shape = input_scale, input_shape
        self.parameters, self.origin, self.class_names = parameters, origin, class_names
        self.metadata, self.channels_first = metadata or {}, channels_first
        self.notes, self.rows = tuple(notes), tuple(rows)
        self._normalized_inside = normalized_inside
        self._largest_map = max(largest_map, 1)
        self._scaling = Normalize(torch.from_numpy(self.mean), torch.from_numpy(self.std))
        self._reverse = False
        self.device = torch.device("cpu")

    def __repr__(self) -> str:
        """Such as ``Model(keras: images 32x32x3 in 0-1 -> softmax of 100 classes, 4,899,044 parameters)``."""
        return describe(self)

    @property
    def softmax(self) -> bool:
        """Whether the file ends in a softmax, which `predict` then applies."""
        return self.end == ends.SOFTMAX

    @property
    def reversed_channels(self) -> bool:
        """Whether the file takes blue first."""
        return self._reverse

    def _whole(self, *, reverse: bool) -> nn.Module:
        """The network for training: the body, behind it what makes logits, before it the channels' order."""
        last = ends.as_logits(self.end, self.classes)
        if last is None and not reverse:
            return self.body
        layers = OrderedDict[str, nn.Module]()
        if reverse:
            layers["reverse"] = ReverseChannels(3)
        layers["body"] = self.body
        if last is not None:
            layers["as_logits"] = last
        return nn.Sequential(layers).eval()

    def with_scale(self, scale: str, scale_from: str = "given") -> "Model":
        """The same network taking pixels in another scale. Not for our own files, which record theirs.

        Raises UsageError for an unknown scale.
        """
        if self._normalized_inside:
            raise UsageError(f"this file takes pixels from 0 to 255: leave out scale={scale!r}")
        found, channels = scale_of(scale), self.input_shape[2]
        other = copy.copy(self)
        other.input_scale, other.scale_from = found.name, scale_from
        other.mean = np.asarray(found.mean[:channels], np.float32)
        other.std = np.asarray(found.std[:channels], np.float32)
        other._scaling = Normalize(torch.from_numpy(other.mean), torch.from_numpy(other.std)).to(self.device)
        other._reverse = found.reverse and channels == 3
        other.network = other._whole(reverse=other._reverse)
        return other

    def to(self, device: torch.device | str) -> "Model":
        """Move the network; give the model itself."""
        self.device = torch.device(device)
        self.body = self.body.to(self.device)
        self.network = self.network.to(self.device)
        self._scaling = self._scaling.to(self.device)
        return self

    def predict(self, images: ArrayLike, batch_size: int = 256) -> NDArray[np.float32]:
        """As Keras' predict on the same file: [n, rows, columns, 3] in the file's scale to [n, classes].

        A file that works channels-first takes [n, 3, rows, columns].
        Raises UsageError for images of another shape.
        """
        return self._forward(self._channels_first(images), self._from_file_scale, False, batch_size)

    def logits(self, images: ArrayLike, batch_size: int = 256) -> NDArray[np.float32]:
        """As `predict`, with logits for probabilities."""
        return self._forward(self._channels_first(images), self._from_file_scale, True, batch_size)

    def predict_images(self, images: ArrayLike | Tensor, batch_size: int = 256) -> NDArray[np.float32]:
        """uint8 [n, 3, rows, columns] or [n, rows, columns, 3], 0 to 255, to what the file gives for them."""
        return self._forward(pixels(images, self.input_shape), self._from_pixels, False, batch_size)

    def logits_of_images(self, images: ArrayLike | Tensor, batch_size: int = 256) -> NDArray[np.float32]:
        """As `predict_images`, with logits for probabilities."""
        return self._forward(pixels(images, self.input_shape), self._from_pixels, True, batch_size)

    def _channels_first(self, images: ArrayLike) -> Tensor:
        batch = torch.from_numpy(checked_images(images, self.input_shape, self.channels_first))
        return batch if self.channels_first else batch.permute(0, 3, 1, 2)

    def _from_file_scale(self, batch: Tensor) -> Tensor:
        return self._from_pixels(batch) if self._normalized_inside else batch.float()

    def _from_pixels(self, batch: Tensor) -> Tensor:
        if self.input_shape[2] != 3:
            raise UsageError(
                f"the model takes images of {self.input_shape[2]} channels, not pictures in colour"
            )
        scaled = self._scaling(batch)
        return scaled.flip(1) if self._reverse else scaled

    def _forward(
        self, images: Tensor, prepare: Callable[[Tensor], Tensor], logits: bool, batch_size: int
    ) -> NDArray[np.float32]:
        if batch_size < 1:
            raise UsageError(f"batch_size is {batch_size}, allowed is 1 or more")
        batch_size = min(batch_size, max(_BATCH_VALUES // self._largest_map, 1))
        outputs = []
        self.body.eval()
        last = ends.as_logits(self.end, self.classes)
        with torch.inference_mode():
            for start in range(0, len(images), batch_size):
                batch = prepare(images[start : start + batch_size].to(self.device))
                # Flatten in Keras' order is a view in this memory format, and convolutions like it too.
                output = self.body(batch.contiguous(memory_format=torch.channels_last))
                if not logits:
                    output = ends.apply_end(self.end, output)
                elif last is not None:
                    output = last(output)
                outputs.append(output.float())
        if not outputs:
            return np.zeros((0, self.classes), np.float32)
        # Results stay on the device until here, so that a GPU is not stopped at each batch.
        return torch.cat(outputs).cpu().numpy()


def checked_images(
    images: ArrayLike, shape: tuple[int, int, int], channels_first: bool = False
) -> NDArray[np.float32]:
    """`images` as float32 [n, *shape], `shape` being (rows, columns, channels), or UsageError."""
    if channels_first:
        shape = (shape[2], *shape[:2])
    try:
        array = np.ascontiguousarray(images, dtype=np.float32)
    except (TypeError, ValueError):
        raise UsageError(f"images must be an array of numbers of shape (n, {_list(shape)})") from None
    if array.ndim != 4 or array.shape[1:] != shape:
        raise UsageError(f"images have the shape {array.shape}, the model takes (n, {_list(shape)})")
    return array


def pixels(images: ArrayLike | Tensor, shape: tuple[int, int, int]) -> Tensor:
    """uint8 images of either order as uint8 [n, channels, rows, columns], or UsageError."""
    batch = images if isinstance(images, Tensor) else torch.from_numpy(np.ascontiguousarray(images))
    if batch.dtype != torch.uint8:
        raise UsageError(f"images must be uint8 pixels from 0 to 255, these are {batch.dtype}")
    if batch.ndim == 4 and tuple(batch.shape[1:]) == (shape[2], shape[0], shape[1]):
        return batch
    if batch.ndim == 4 and tuple(batch.shape[1:]) == shape:
        return batch.permute(0, 3, 1, 2)
    raise UsageError(f"images have the shape {tuple(batch.shape)}, the model takes (n, {_list(shape)})")


def _list(shape: tuple[int, ...]) -> str:
    return ", ".join(map(str, shape))


def require_image_input(
    shape: tuple[int | None, ...] | None, name: str, channels_first: bool = False
) -> tuple[int, int, int]:
    """The input as (rows, columns, channels), 32 for open sides. HundredError where it takes no images."""
    if shape is None:
        raise HundredError(f"{name}: does not say what input it takes (saved before it was built?)")
    if len(shape) != 3:
        raise HundredError(f"{name}: takes an input of shape {list(shape)}, not images")
    rows, columns, channels = (*shape[1:], shape[0]) if channels_first else shape
    return rows or 32, columns or 32, channels or 3
