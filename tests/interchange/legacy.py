"""Write `.h5` files in the layout of Keras 2 with h5py alone, and the thirteen configs of real ones."""

import csv
import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np

Weights = dict[str, list[tuple[str, np.ndarray]]]


def thirteen() -> dict[str, dict[str, Any]]:
    """The thirteen Sequential models of a real Keras 2.12 project, by id, as their `model_config`."""
    with (Path(__file__).parent / "keras2_models.csv").open(newline="") as file:
        return {row["model_id"]: json.loads(row["architecture"]) for row in csv.DictReader(file)}


def write(path: Path, config: dict[str, Any], weights: Weights, **attributes: Any) -> None:
    """A file as `model.save("x.h5")` of Keras 2.12 leaves it, optimizer state included."""
    with h5py.File(path, "w") as file:
        file.attrs["backend"] = "tensorflow"
        file.attrs["keras_version"] = "2.12.0"
        file.attrs["model_config"] = json.dumps(config)
        file.attrs["training_config"] = json.dumps(
            {"loss": "categorical_crossentropy", "metrics": ["accuracy"]}
        )
        for key, value in attributes.items():
            file.attrs[key] = value
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = np.array([name.encode() for name in weights])
        for layer, arrays in weights.items():
            inner = group.create_group(layer)
            inner.attrs["weight_names"] = np.array([name.encode() for name, _ in arrays], "S")
            for name, array in arrays:
                inner.create_dataset(name, data=array)
        file.create_dataset("optimizer_weights/Adam/iteration:0", data=np.int64(7))


def random_weights(config: dict[str, Any], seed: int = 0) -> Weights:
    """Weights for a Sequential model of valid Conv2D, MaxPooling2D, BatchNormalization and Dense."""
    draw = np.random.default_rng(seed)
    rows, columns, channels = 0, 0, 0
    found: Weights = {}
    for layer in config["config"]["layers"]:
        kind, settings = layer["class_name"], layer["config"]
        name = settings["name"]
        shapes: dict[str, tuple[int, ...]] = {}
        if kind == "InputLayer":
            _, rows, columns, channels = settings["batch_input_shape"]
            continue
        if kind == "Conv2D":
            assert settings["padding"] == "valid"
            (a, b), filters = settings["kernel_size"], settings["filters"]
            shapes = {"kernel": (a, b, channels, filters), "bias": (filters,)}
            rows, columns, channels = rows - a + 1, columns - b + 1, filters
        elif kind == "MaxPooling2D":
            rows, columns = rows // 2, columns // 2
        elif kind == "BatchNormalization":
            shapes = dict.fromkeys(("gamma", "beta", "moving_mean", "moving_variance"), (channels,))
        elif kind == "Flatten":
            channels = rows * columns * channels
        elif kind == "Dense":
            shapes = {"kernel": (channels, settings["units"]), "bias": (settings["units"],)}
            channels = settings["units"]
        found[name] = [(f"{name}/{key}:0", drawn(draw, key, shape)) for key, shape in shapes.items()]
    return found


def drawn(draw: np.random.Generator, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """Values that keep a signal's size: kernels by their inputs, scales around 1, the rest around 0."""
    if name in ("gamma", "moving_variance"):
        return draw.uniform(0.5, 1.5, shape).astype(np.float32)
    scale = np.sqrt(2 / np.prod(shape[:-1])) if name == "kernel" else 0.2
    return (draw.standard_normal(shape) * scale).astype(np.float32)
