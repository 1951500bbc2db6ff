"""A loaded model: a native network with what its file records about input and output."""

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from hundred.data.normalize import Normalize
from hundred.errors import HundredError, UsageError
from hundred.interchange.read.assemble import Row

#: Mean and standard deviation of CIFAR-100's training pixels in 0..1 units, for the scale "standard".
CIFAR100_MEAN = (0.5071, 0.4865, 0.4409)
CIFAR100_STD = (0.2673, 0.2564, 0.2762)
SCALES = ("0-1", "0-255", "standard")
#: Values of the widest feature map that one batch may hold; larger batches are cut.
_BATCH_VALUES = 1 << 28


class LoadedModel(Protocol):
    """What `hundred.load` gives, native or through Keras."""

    origin: str
    input_scale: str
    input_shape: tuple[int, int, int]
    class_names: tuple[str, ...] | None
    parameters: int
    notes: tuple[str, ...]

    def predict(self, images: ArrayLike, batch_size: int = 256) -> NDArray[np.float32]: ...

    def predict_images(self, images: ArrayLike | Tensor, batch_size: int = 256) -> NDArray[np.float32]: ...

    def logits(self, images: ArrayLike, batch_size: int = 256) -> NDArray[np.float32]: ...

    def logits_of_images(self, images: ArrayLike | Tensor, batch_size: int = 256) -> NDArray[np.float32]: ...


class Model:
    """A Keras file, written by Hundred or not, as a native network.

    network: nn.Module, float [n, 3, h, w] to logits [n, classes] (where the file ends in a softmax; otherwise
        to whatever the file gives). Its input is (pixel / 255 - mean) / std with `mean` and `std` below. A
        softmax at the end of the file and the normalization that Hundred writes at its beginning are not in
        it, so that it can be trained further as it is.
    mean, std: float32 [3], in 0..1 units.
    softmax: whether the file ends in a softmax, which `predict` then applies.
    input_scale: the pixel scale that the file takes: "0-1", "0-255" or "standard".
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
        softmax: bool,
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
    ) -> None:
        """`normalized_inside`: the file takes raw pixels and normalizes them itself with `mean` and `std`."""
        self.network = network.eval()
        self.mean, self.std = np.asarray(mean, np.float32), np.asarray(std, np.float32)
        self.softmax, self.input_scale, self.input_shape = softmax, input_scale, input_shape
        self.parameters, self.origin, self.class_names = parameters, origin, class_names
        self.metadata, self.channels_first = metadata or {}, channels_first
        self.notes, self.rows = tuple(notes), tuple(rows)
        self._normalized_inside = normalized_inside
        self._largest_map = max(largest_map, 1)
        self._scaling = Normalize(torch.from_numpy(self.mean), torch.from_numpy(self.std))
        self.device = torch.device("cpu")

    def to(self, device: torch.device | str) -> "Model":
        """Move the network; give the model itself."""
        self.device = torch.device(device)
        self.network = self.network.to(self.device)
        self._scaling = self._scaling.to(self.device)
        return self

    def predict(self, images: ArrayLike, batch_size: int = 256) -> NDArray[np.float32]:
        """As Keras' predict on the same file: [n, rows, columns, 3] in the file's scale to [n, classes].

        A file that works channels-first takes [n, 3, rows, columns].
        Raises UsageError for images of another shape.
        """
        return self._forward(self._channels_first(images), self._from_file_scale, self.softmax, batch_size)

    def logits(self, images: ArrayLike, batch_size: int = 256) -> NDArray[np.float32]:
        """As `predict`, without the softmax at the end of the file."""
        return self._forward(self._channels_first(images), self._from_file_scale, False, batch_size)

    def predict_images(self, images: ArrayLike | Tensor, batch_size: int = 256) -> NDArray[np.float32]:
        """uint8 [n, 3, rows, columns] or [n, rows, columns, 3], 0 to 255, to what the file gives for them."""
        return self._forward(pixels(images, self.input_shape), self._from_pixels, self.softmax, batch_size)

    def logits_of_images(self, images: ArrayLike | Tensor, batch_size: int = 256) -> NDArray[np.float32]:
        """As `predict_images`, without the softmax at the end of the file."""
        return self._forward(pixels(images, self.input_shape), self._from_pixels, False, batch_size)

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
        return self._scaling(batch)

    def _forward(
        self, images: Tensor, prepare: Callable[[Tensor], Tensor], softmax: bool, batch_size: int
    ) -> NDArray[np.float32]:
        if batch_size < 1:
            raise UsageError(f"batch_size is {batch_size}, allowed is 1 or more")
        batch_size = min(batch_size, max(_BATCH_VALUES // self._largest_map, 1))
        outputs = []
        self.network.eval()
        with torch.inference_mode():
            for start in range(0, len(images), batch_size):
                batch = prepare(images[start : start + batch_size].to(self.device))
                # Flatten in Keras' order is a view in this memory format, and convolutions like it too.
                output = self.network(batch.contiguous(memory_format=torch.channels_last))
                outputs.append((output.softmax(1) if softmax else output).float())
        if not outputs:
            return np.zeros((0, len(self.class_names or ())), np.float32)
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


def scale_constants(scale: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """(mean, std) in 0..1 units that turn pixels into `scale`. Raises UsageError for an unknown scale."""
    if scale not in SCALES:
        raise UsageError(f"scale is {scale!r}, allowed is {', '.join(SCALES)}")
    if scale == "standard":
        return CIFAR100_MEAN, CIFAR100_STD
    return (0.0, 0.0, 0.0), ((1.0,) * 3 if scale == "0-1" else (1 / 255,) * 3)


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
