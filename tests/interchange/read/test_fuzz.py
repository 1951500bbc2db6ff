"""Thousands of files with random damage: each loads, or gives one line. Seeds make a find repeatable."""

import copy
import json
import random
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from hundred.errors import HundredError
from hundred.interchange.read import load as loading
from hundred.interchange.read.load import load
from hundred.interchange.write.save import save_h5, save_keras

from .. import legacy, networks
from ..references import MEAN, STD
from .test_hostile_files import TINY


@pytest.fixture(autouse=True)
def _without_keras(monkeypatch: pytest.MonkeyPatch) -> None:
    """Damage that leaves a sound model of another kind is handed to Keras; here it is one error more."""

    def refuse(*_: Any, **__: Any) -> None:
        raise HundredError("m.h5: needs Keras")

    monkeypatch.setattr("hundred.interchange.read.through_keras.load_through_keras", refuse)


def _survives(path: Path) -> bool:
    """Whether `path` loads. A HundredError of one line is the only other end."""
    try:
        model = load(path)
    except HundredError as error:
        line = str(error)
    else:
        assert model.parameters >= 0
        return True
    assert "\n" not in line
    assert len(line) < 500
    return False


def _damaged(data: bytes, draw: random.Random) -> bytes:
    out = bytearray(data)
    how = draw.choice(("bit", "bit", "bytes", "cut", "zeros", "copy"))
    place = draw.randrange(len(out))
    if how == "bit":
        out[place] ^= 1 << draw.randrange(8)
    elif how == "bytes":
        for _ in range(draw.randrange(1, 50)):
            out[draw.randrange(len(out))] = draw.randrange(256)
    elif how == "cut":
        del out[place:]
    elif how == "zeros":
        out[place : place + draw.randrange(1, 64)] = bytes(draw.randrange(1, 64))
    else:
        other, length = draw.randrange(len(out)), draw.randrange(1, 300)
        out[place : place + length] = out[other : other + length]
    return bytes(out)


def _bases(folder: Path) -> list[Path]:
    legacy.write(folder / "legacy.h5", TINY, legacy.random_weights(TINY))
    network = networks.build("whitened")
    save_h5(folder / "ours.h5", network, mean=MEAN, std=STD, class_names=None)
    return [folder / "legacy.h5", folder / "ours.h5"]


def test_a_thousand_damaged_h5_files_give_a_line_or_load(tmp_path: Path) -> None:
    contents = [path.read_bytes() for path in _bases(tmp_path)]
    path, loaded = tmp_path / "m.h5", 0
    for seed in range(1200):
        draw = random.Random(seed)
        path.write_bytes(_damaged(draw.choice(contents), draw))
        loaded += _survives(path)
    assert 100 < loaded < 1100  # most damage hits weights or text: both ends must have been seen


def test_damaged_parts_inside_a_sound_archive_give_a_line_or_load(tmp_path: Path) -> None:
    save_keras(tmp_path / "ours.keras", networks.build("reused"), mean=MEAN, std=STD, class_names=None)
    with zipfile.ZipFile(tmp_path / "ours.keras") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    path = tmp_path / "m.keras"
    for seed in range(400):
        draw = random.Random(seed)
        part = draw.choice(sorted(parts))
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in parts.items():
                archive.writestr(name, _damaged(content, draw) if name == part else content)
        _survives(path)
        path.write_bytes(_damaged((tmp_path / "ours.keras").read_bytes(), draw))
        _survives(path)


VALUES: list[Any] = [
    *(None, True, 0, -1, 1, 3, 2.5, 1e300, 10**9, 10**400, float("nan"), "", "same", "x" * 5000, "\x00"),
    *([], {}, [1], [2, 2], [[1]], {"class_name": "Dense"}, [None, 8, 8, 3], ["a", 0, 0]),
]


def _mutate(item: Any, draw: random.Random) -> None:
    """Change one value, key or entry somewhere in a JSON tree."""
    while True:
        if isinstance(item, dict) and item:
            key = draw.choice(sorted(item))
            if draw.random() < 0.4 or not isinstance(item[key], dict | list) or not item[key]:
                if draw.random() < 0.15:
                    del item[key]
                else:
                    item[key] = copy.deepcopy(draw.choice(VALUES))
                return
            item = item[key]
        elif isinstance(item, list) and item:
            place = draw.randrange(len(item))
            if draw.random() < 0.3 or not isinstance(item[place], dict | list) or not item[place]:
                change = draw.random()
                if change < 0.2:
                    del item[place]
                elif change < 0.4:
                    item.insert(place, copy.deepcopy(item[draw.randrange(len(item))]))
                else:
                    item[place] = copy.deepcopy(draw.choice(VALUES))
                return
            item = item[place]
        else:
            return


def _wired(folder: Path) -> list[Path]:
    """Functional models with functions on tensors, in the wiring of Keras 2 and of Keras 3."""
    layers = [
        ("TFOpLambda", "true_divide", [["in", 0, 0, {"y": 127.5, "name": None}]],
            {"function": "math.truediv"}),
        ("SlicingOpLambda", "get_item", [["true_divide", 0, 0, {"slice_spec": [
            {"class_name": "__ellipsis__"}, {"start": None, "stop": None, "step": -1}]}]],
            {"function": "__operators__.getitem"}),
        ("TFOpLambda", "shifted", [["_CONSTANT_VALUE", -1, 1.0, {"y": ["get_item", 0, 0]}]],
            {"function": "math.subtract"}),
        ("Conv2D", "conv", [[["shifted", 0, 0, {}]]],
            {"filters": 3, "kernel_size": [3, 3], "padding": "same"}),
        ("Concatenate", "joined", [[["conv", 0, 0, {}], ["shifted", 0, 0, {}]]], {"axis": -1}),
        ("TFOpLambda", "mean", [["joined", 0, 0, {"axis": [1, 2]}]], {"function": "math.reduce_mean"}),
        ("Dense", "out", [[["mean", 0, 0, {}]]], {"units": 4}),
    ]  # fmt: skip
    entry = {"class_name": "InputLayer", "name": "in", "inbound_nodes": [],
             "config": {"batch_input_shape": [None, 8, 8, 3], "name": "in"}}  # fmt: skip
    ends = {"input_layers": [["in", 0, 0]], "output_layers": [["out", 0, 0]], "name": "wired"}
    old = [{"class_name": kind, "name": name, "inbound_nodes": nodes, "config": {"name": name, **config}}
           for kind, name, nodes, config in layers]  # fmt: skip

    def tensor(name: str) -> dict[str, Any]:
        return {"class_name": "__keras_tensor__", "config": {"keras_history": [name, 0, 0]}}

    reverse = [{"class_name": "__ellipsis__", "config": {}}, {"class_name": "__slice__", "config": {
        "start": None, "stop": None, "step": -1}}]  # fmt: skip
    arguments = [[tensor("in"), 127.5], [tensor("true_divide"), reverse], [1.0, tensor("get_item")],
                 [tensor("shifted")], [[tensor("conv"), tensor("shifted")]], [tensor("joined")],
                 [tensor("mean")]]  # fmt: skip
    kinds = ("TrueDivide", "GetItem", "Subtract", "Conv2D", "Concatenate", "Mean", "Dense")
    new = [{**copy.deepcopy(layer), "class_name": kind, "inbound_nodes": [{"args": given, "kwargs": {}}]}
           for layer, kind, given in zip(old, kinds, arguments, strict=True)]  # fmt: skip
    new[5]["config"] = {"name": "mean", "axis": [1, 2], "keepdims": False}
    draw = np.random.default_rng(0)
    shapes = {"conv": ((3, 3, 3, 3), (3,)), "out": ((6, 4), (4,))}
    weights = {
        layer: [(f"{layer}/{name}:0", draw.standard_normal(shape).astype(np.float32))
                for name, shape in zip(("kernel", "bias"), both, strict=True)]
        for layer, both in shapes.items()
    }  # fmt: skip
    for name, wired, version in (("old", old, "2.12.0"), ("new", new, "3.5.0")):
        config = {"class_name": "Functional", "config": {**ends, "layers": [entry, *wired]}}
        legacy.write(folder / f"{name}.h5", config, weights, keras_version=version)
    return [folder / "old.h5", folder / "new.h5"]


def test_both_wirings_are_sound_and_say_the_same(tmp_path: Path) -> None:
    images = np.random.default_rng(1).random((2, 8, 8, 3)) * 255
    old, new = (load(path).predict(images) for path in _wired(tmp_path))
    assert np.ptp(old) > 0.01
    assert np.array_equal(old, new)


def test_a_thousand_changed_configs_give_a_line_or_load(tmp_path: Path) -> None:
    path = tmp_path / "m.h5"
    configs = []
    for base in [*_bases(tmp_path), *_wired(tmp_path)]:
        with h5py.File(base) as file:
            configs.append((base.read_bytes(), json.loads(file.attrs["model_config"])))
    for seed in range(1200):
        draw = random.Random(seed)
        content, config = draw.choice(configs)
        config = copy.deepcopy(config)
        for _ in range(draw.randrange(1, 4)):
            _mutate(config, draw)
        _with_config(path, content, config)
        _survives(path)


def _with_config(path: Path, content: bytes, config: Any) -> None:
    path.write_bytes(content)
    with h5py.File(path, "a") as file:
        file.attrs["model_config"] = json.dumps(config)


def test_a_crash_in_a_converter_would_be_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise KeyError("a mistake of ours")

    monkeypatch.setattr(loading, "assemble", broken)
    with pytest.raises(KeyError):
        _survives(_bases(tmp_path)[0])
