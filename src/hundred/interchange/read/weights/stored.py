"""Where each layer's weights are stored: in a legacy `.h5`, and in the weights file of a `.keras` archive."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

from hundred.errors import HundredError
from hundred.interchange.hdf5.reader import Group, Stored
from hundred.interchange.read.settings import shown
from hundred.interchange.read.weights.requests import Array, Readable, Request
from hundred.interchange.read.wiring import layer_name


class LegacyWeights:
    """`model_weights` of an `.h5`: a group for each outermost layer, its arrays listed in `weight_names`."""

    def __init__(self, group: Group) -> None:
        """`group` is `model_weights`, or the root of a file that holds weights alone."""
        self._group = group

    def locate(self, requests: list[Request]) -> None:
        """Fill `found` of every request, outermost layer by outermost layer."""
        for top, mine in groupby(requests, key=lambda request: request.path[0]):
            self._locate_layer(top, list(mine))

    def _locate_layer(self, top: str, requests: list[Request]) -> None:
        if not self._group.has(top):
            raise HundredError(f"{self._group.name}: the weights of layer {shown(top)} are missing")
        group = self._group.group(top)
        names = group.names("weight_names") or []
        adapted = [request for request in requests if request.lora]
        if len(requests) == 1 and len(requests[0].path) == 1 and not (adapted and _has_lora(names)):
            stored = [group.dataset(name) for name in names]
            _match(self._group.name, requests[0], stored)
            return
        by_name = {tuple(_parts(name)[-2:]): name for name in names}
        wanted = [(request.path[-1], weight) for request in requests for weight in request.names]
        if len(by_name) == len(names) and len(set(wanted)) == len(wanted) and set(wanted) <= set(by_name):
            for request in requests:
                layer = request.path[-1]
                found: list[Readable] = [group.dataset(by_name[layer, weight]) for weight in request.names]
                if request.lora and (layer, _LORA[0]) in by_name:
                    low, high = (group.dataset(by_name[layer, name]) for name in _LORA)
                    found[0] = _Adapted(found[0], low, high, request.lora)
                _match(self._group.name, request, found)
            return
        self._locate_in_order(group, names, requests)

    def _locate_in_order(self, group: Group, names: list[str], requests: list[Request]) -> None:
        """Keras' order inside a nested model: all trainable weights, then all others, layer by layer."""
        slots = [(request, i) for request in requests for i in range(len(request.names))]
        slots.sort(key=lambda slot: not slot[0].trainable[slot[1]])
        if len(names) != len(slots):
            raise HundredError(
                f"{group.name}: the nested model {shown(requests[0].path[0])} needs {len(slots)} weights, "
                f"the file has {len(names)}"
            )
        arrays: dict[tuple[int, int], Stored] = {
            (id(request), i): group.dataset(name) for (request, i), name in zip(slots, names, strict=True)
        }
        for request in requests:
            _match(group.name, request, [arrays[id(request), i] for i in range(len(request.names))])


_LORA = ("lora_kernel_a", "lora_kernel_b")


def _has_lora(names: list[str]) -> bool:
    return any(_parts(name)[-1] == _LORA[0] for name in names)


@dataclass(frozen=True)
class _Adapted:
    """A kernel with its low-rank update, which Keras keeps apart in an `.h5` (Hu et al. 2021)."""

    kernel: Readable
    low: Readable
    high: Readable
    factor: float

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the kernel."""
        return self.kernel.shape

    def read(self) -> Array:
        """kernel + factor * low @ high."""
        kernel, low, high = self.kernel.read(), self.low.read(), self.high.read()
        if low.ndim < 2 or high.ndim != 2 or low.shape[-1] != high.shape[0]:
            raise HundredError(f"its low-rank update has the shapes {list(low.shape)} and {list(high.shape)}")
        update = low @ high
        if update.shape != kernel.shape:
            raise HundredError(f"its low-rank update has the shape {list(update.shape)}")
        changed: Array = kernel + np.float32(self.factor) * update
        return changed


def _parts(name: str) -> list[str]:
    return re.sub(r":\d+$", "", name).split("/")


def _match(file: str, request: Request, stored: Sequence[Readable]) -> None:
    """Give `stored` to `request` if the number and every shape agree."""
    where = "/".join(request.path)
    if len(stored) < len(request.names):
        raise HundredError(
            f"{file}: layer {shown(where)} needs {len(request.names)} weights "
            f"({', '.join(request.names)}), the file has {len(stored)}"
        )
    if len(stored) > len(request.names):
        raise HundredError(
            f"{file}: layer {shown(where)} has {len(request.names)} weights, the file has {len(stored)}"
        )
    for name, shape, array in zip(request.names, request.shapes, stored, strict=True):
        if array.shape != shape:
            raise HundredError(
                f"{file}: {name} of layer {shown(where)} should have the shape {shown(list(shape))}, "
                f"the file has {shown(list(array.shape))}"
            )
    request.found = list(stored)


class ArchiveWeights:
    """`model.weights.h5` of a `.keras` archive: `layers/<class>_<number>/vars/<i>`, nested the same way."""

    def __init__(self, root: Group, model: Any) -> None:
        """`model` is the checked model config: {"config": {"layers": [...]}}; its order gives the numbers."""
        self._root = root
        self._model = model

    def locate(self, requests: list[Request]) -> None:
        """Fill `found` of every request."""
        by_path: dict[tuple[str, ...], Group] = {}
        for request in requests:
            group = self._layer(request.path, by_path)
            if request.parts:
                _match(group.name, request, [_inside(group, *place) for place in _places(request.parts)])
                continue
            if not group.has("vars"):
                raise HundredError(
                    f"{group.name}: the weights of layer {shown('/'.join(request.path))} are missing"
                )
            values = group.group("vars")
            count = sum(key.isdigit() for key in values.keys())  # noqa: SIM118
            _match(group.name, request, [values.dataset(str(i)) for i in range(min(count, 100))])

    def _layer(self, path: tuple[str, ...], known: dict[tuple[str, ...], Group]) -> Group:
        if path not in known:
            self._open_level(path[:-1], known)
        if path not in known:
            raise HundredError(f"{self._root.name}: the weights of layer {shown('/'.join(path))} are missing")
        return known[path]

    def _open_level(self, path: tuple[str, ...], known: dict[tuple[str, ...], Group]) -> None:
        """Put the groups of all layers of the model at `path` into `known`."""
        group = self._layer(path, known) if path else self._root
        for key in ("layers", "_layer_checkpoint_dependencies"):  # the second as Keras 2.12 wrote it
            if group.has(key):
                level = group.group(key)
                break
        else:
            return
        layers = self._model["config"]["layers"]
        for name in path:
            layers = next((e["config"].get("layers", []) for e in layers if layer_name(e) == name), [])
        places = _numbered(level.keys())
        counts: dict[str, int] = {}
        for layer in layers:
            kind, name = snake_case(layer["class_name"]), layer_name(layer)
            number = counts.get(kind, 0)
            counts[kind] = number + 1
            # Keras 2.13 counts layers with weights twice: dense, dense_2, dense_4. Their order is what holds.
            # Some versions name groups by the layer's own name instead.
            mine = places.get(kind, [])
            key = mine[number] if number < len(mine) else name
            if level.has(key):
                known[(*path, name)] = level.group(key)


def _places(parts: tuple[str, ...]) -> list[tuple[str, int]]:
    """For each weight its inner layer, and its number there."""
    return [(part, parts[:i].count(part)) for i, part in enumerate(parts)]


def _inside(group: Group, part: str, number: int) -> Stored:
    """A weight of a layer inside a layer; Keras 2 names these groups with an underscore first."""
    name = part if group.has(part) else f"_{part}"
    return group.dataset(f"{name}/vars/{number}")


def _numbered(keys: list[str]) -> dict[str, list[str]]:
    """Group names by the part before their number, in the order of the numbers: dense, dense_1, dense_2."""
    found: dict[str, list[tuple[int, str]]] = {}
    for key in keys:
        head, _, tail = key.rpartition("_")
        numbered = head and tail.isdecimal() and len(tail) < 7
        found.setdefault(head if numbered else key, []).append((int(tail) if numbered else 0, key))
    return {head: [key for _, key in sorted(numbers)] for head, numbers in found.items()}


def snake_case(name: str) -> str:
    """The group name that Keras derives from a class name: BatchNormalization to batch_normalization."""
    name = re.sub(r"\W+", "", name)
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()
