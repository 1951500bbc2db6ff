"""A torch network as a file that others open: Keras `.h5` and `.keras`, and ONNX."""

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from torch import nn

from hundred.errors import MissingExtra, UsageError
from hundred.files import atomic_write
from hundred.interchange.read.weights.stored import snake_case
from hundred.interchange.write import rewrite
from hundred.interchange.write.graph import Graph
from hundred.interchange.write.keras_layers import keras_layers
from hundred.interchange.write.keras_lowering import KerasLayer
from hundred.interchange.write.trace import trace_graph

#: Says in the file that Keras 2.15 wrote it: a missing or older version makes Keras convert the weights.
_KERAS_VERSION = "2.15.0"
_KERAS_3_VERSION = "3.0.0"
FORMAT = 1


def prepared_graph(
    network: nn.Module,
    mean: Sequence[float],
    std: Sequence[float],
    softmax: bool,
    image_size: tuple[int, int],
) -> Graph:
    """The network from raw pixels to probabilities or logits. Arguments as for `save_h5`."""
    if len(mean) != 3 or len(std) != 3 or not np.isfinite([*mean, *std]).all() or min(std) <= 0:
        raise UsageError(f"mean {list(mean)} and std {list(std)} must be three numbers each, std above 0")
    graph = trace_graph(network, image_size)
    rewrite.put_normalization(graph, mean, std)
    rewrite.set_end(graph, softmax)
    rewrite.drop_unused(graph)
    rewrite.shorten(graph)
    return graph


def record(
    *,
    graph: Graph,
    mean: Sequence[float],
    std: Sequence[float],
    class_names: Sequence[str] | None,
    softmax: bool,
    metadata: Mapping[str, Any] | None,
) -> str:
    """What Hundred notes in every file it writes, as JSON."""
    classes = next((o.shape for o in graph.operations if o.name == graph.output), graph.shape)
    if class_names is not None and (len(classes) != 1 or len(class_names) != classes[0]):
        raise UsageError(f"{len(class_names)} class names for a network that gives {list(classes)}")
    values = {
        "format": FORMAT,
        "input_scale": "0-255",
        "mean": [float(value) for value in mean],
        "std": [float(value) for value in std],
        "softmax": softmax,
        "class_names": None if class_names is None else list(class_names),
        "metadata": dict(metadata or {}),
    }
    try:
        return json.dumps(values, ensure_ascii=False)
    except (TypeError, ValueError) as error:
        raise UsageError(f"the metadata cannot be written as JSON: {error}") from None


def save_h5(
    path: Path | str,
    network: nn.Module,
    *,
    mean: Sequence[float],
    std: Sequence[float],
    class_names: Sequence[str] | None,
    softmax: bool = True,
    image_size: tuple[int, int] = (32, 32),
    metadata: Mapping[str, Any] | None = None,
) -> None:
    """Write `network` as an `.h5` that opens in Keras 2.10 to 2.15 and in every Keras 3.

    The file takes raw pixels, float [n, rows, columns, 3] from 0 to 255; (pixel / 255 - mean) / std is its
    first layer. It gives probabilities, or logits with `softmax=False`. Weights are written as float32.

    network: nn.Module from normalized float [n, 3, rows, columns] to logits [n, classes], built of layers
        that `trace_modules` and `trace_functions` know. It is not changed.
    mean, std: three numbers each, in 0..1 units. metadata: anything that JSON can hold.

    Raises HundredError naming the layer that cannot be exported, OSError where the file cannot be written.
    """
    graph = prepared_graph(network, mean, std, softmax, image_size)
    note = record(
        graph=graph, mean=mean, std=std, class_names=class_names, softmax=softmax, metadata=metadata
    )
    rewrite.flatten_channels_last(graph)
    layers, output = keras_layers(graph)
    config = functional_config(graph, layers, output)
    # In memory first: where a disk is full h5py prints tracebacks of its own, Python raises OSError.
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.attrs["backend"] = "tensorflow"
        file.attrs["keras_version"] = _KERAS_VERSION
        file.attrs["model_config"] = json.dumps({"class_name": "Functional", "config": config})
        file.attrs["hundred"] = note
        _write_weights(file.create_group("model_weights"), graph, layers)
    with atomic_write(path) as temporary:
        temporary.write_bytes(buffer.getbuffer())


def _write_weights(group: h5py.Group, graph: Graph, layers: list[KerasLayer]) -> None:
    group.attrs["backend"] = "tensorflow"
    group.attrs["keras_version"] = _KERAS_VERSION
    _save_names(group, "layer_names", [graph.input, *(layer.name for layer in layers)])
    group.create_group(graph.input).attrs["weight_names"] = np.zeros((0,), "S1")
    for layer in layers:
        inner = group.create_group(layer.name)
        names = [f"{layer.name}/{name}:0" for name, _ in layer.weights]
        _save_names(inner, "weight_names", names)
        for name, (_, values) in zip(names, layer.weights, strict=True):
            inner.create_dataset(name, data=np.ascontiguousarray(values, np.float32))
    group.create_group("top_level_model_weights").attrs["weight_names"] = np.zeros((0,), "S1")


def _save_names(group: h5py.Group, key: str, names: list[str]) -> None:
    """A list of names as Keras keeps it: split over key0, key1, ... where it would be above 64 KB."""
    data = np.array([name.encode() for name in names]) if names else np.zeros((0,), "S1")
    parts = 1
    while any(part.nbytes > 60_000 for part in np.array_split(data, parts)):
        parts += 1
    if parts == 1:
        group.attrs[key] = data
    else:
        for i, part in enumerate(np.array_split(data, parts)):
            group.attrs[f"{key}{i}"] = part


def save_keras(
    path: Path | str,
    network: nn.Module,
    *,
    mean: Sequence[float],
    std: Sequence[float],
    class_names: Sequence[str] | None,
    softmax: bool = True,
    image_size: tuple[int, int] = (32, 32),
    metadata: Mapping[str, Any] | None = None,
) -> None:
    """Write `network` as a `.keras` archive for Keras 3. Arguments, input and errors as for `save_h5`."""
    graph = prepared_graph(network, mean, std, softmax, image_size)
    note = record(
        graph=graph, mean=mean, std=std, class_names=class_names, softmax=softmax, metadata=metadata
    )
    rewrite.flatten_channels_last(graph)
    layers, output = keras_layers(graph)
    config = functional_config(graph, layers, output)
    for entry in config["layers"]:
        entry |= {"module": "keras.layers", "registered_name": None}
    model = {
        "module": "keras.src.models.functional",
        "class_name": "Functional",
        "config": config,
        "registered_name": "Functional",
    }
    parts: dict[str, str | bytes] = {
        "metadata.json": json.dumps({"keras_version": _KERAS_3_VERSION, "date_saved": "1980-01-01@00:00:00"}),
        "config.json": json.dumps(model),
        "hundred.json": note,
        "model.weights.h5": _weights_archive(graph, layers),
    }
    with atomic_write(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name, content in parts.items():
            # A fixed time: the same network gives the same bytes.
            archive.writestr(zipfile.ZipInfo(name), content)


def save_onnx(
    path: Path | str,
    network: nn.Module,
    *,
    mean: Sequence[float],
    std: Sequence[float],
    class_names: Sequence[str] | None,
    softmax: bool = True,
    image_size: tuple[int, int] = (32, 32),
    metadata: Mapping[str, Any] | None = None,
) -> None:
    """Write `network` as ONNX (operator set 17). Arguments, input and errors as for `save_h5`.

    The input is `image`, float [n, rows, columns, 3], raw pixels; the output `probabilities` or `logits`. The
    class names and the rest of the record stand as JSON under `hundred` in metadata_props.

    Raises MissingExtra where the onnx package is not installed.
    """
    try:
        import onnx
    except ImportError:
        raise MissingExtra("onnx", "onnx", "exporting to ONNX") from None
    from hundred.interchange.onnx.build import onnx_model

    graph = prepared_graph(network, mean, std, softmax, image_size)
    note = record(
        graph=graph, mean=mean, std=std, class_names=class_names, softmax=softmax, metadata=metadata
    )
    model = onnx_model(graph, note)
    with atomic_write(path) as temporary:
        onnx.save_model(model, str(temporary))


def _weights_archive(graph: Graph, layers: list[KerasLayer]) -> bytes:
    """`model.weights.h5`: each layer under its class and number, its weights numbered in Keras' order."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        counts: dict[str, int] = {}
        for class_name, name, weights in [
            ("InputLayer", graph.input, []),
            *((layer.class_name, layer.name, layer.weights) for layer in layers),
        ]:
            kind = snake_case(class_name)
            number = counts.get(kind, 0)
            counts[kind] = number + 1
            group = file.create_group(f"layers/{kind}_{number}/vars" if number else f"layers/{kind}/vars")
            group.attrs["name"] = name
            for i, (_, values) in enumerate(weights):
                group.create_dataset(str(i), data=np.ascontiguousarray(values, np.float32))
        file.create_group("vars").attrs["name"] = "hundred"
    return buffer.getvalue()


def functional_config(graph: Graph, layers: list[KerasLayer], output: str) -> dict[str, Any]:
    """The config of a functional model in Keras 2's form, which Keras 3 still reads."""
    channels, rows, columns = graph.shape
    first = {
        "class_name": "InputLayer",
        "config": {
            "batch_input_shape": [None, rows, columns, channels],
            "dtype": "float32",
            "sparse": False,
            "ragged": False,
            "name": graph.input,
        },
        "name": graph.input,
        "inbound_nodes": [],
    }
    entries: list[dict[str, Any]] = [first]
    for layer in layers:
        # Keras 3's SpatialDropout2D alone knows no `trainable`.
        common = {} if layer.class_name == "SpatialDropout2D" else {"trainable": layer.trainable}
        entries.append(
            {
                "class_name": layer.class_name,
                "config": {"name": layer.name, **common, "dtype": "float32", **layer.config},
                "name": layer.name,
                "inbound_nodes": [[[name, 0, 0, {}] for name in layer.inputs]],
            }
        )
    return {
        "name": "hundred",
        "trainable": True,
        "layers": entries,
        "input_layers": [[graph.input, 0, 0]],
        "output_layers": [[output, 0, 0]],
    }
