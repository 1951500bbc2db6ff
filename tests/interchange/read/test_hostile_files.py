"""Damaged, empty and hostile files: one clear line each, nothing executed, nothing huge allocated."""

import copy
import io
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from hundred.errors import HundredError, UsageError
from hundred.interchange.read.load import load

from .. import legacy

TINY = {
    "class_name": "Sequential",
    "config": {
        "name": "tiny",
        "layers": [
            {"class_name": "InputLayer", "config": {"batch_input_shape": [None, 8, 8, 3], "name": "in"}},
            {
                "class_name": "Conv2D",
                "config": {"name": "conv", "filters": 2, "kernel_size": [3, 3], "padding": "valid"},
            },
            {"class_name": "Flatten", "config": {"name": "flat"}},
            {"class_name": "Dense", "config": {"name": "dense", "units": 4, "activation": "softmax"}},
        ],
    },
}


def _tiny(path: Path, change: Callable[[dict[str, Any]], object] = lambda config: None) -> Path:
    config = copy.deepcopy(TINY)
    weights = legacy.random_weights(config)
    change(config)
    legacy.write(path, config, weights)
    return path


def _line(path: Path, **options: Any) -> str:
    with pytest.raises(HundredError) as caught:
        load(path, **options)
    text = str(caught.value)
    assert "\n" not in text
    assert len(text) < 400
    assert path.name in text
    return text


def test_the_tiny_model_is_sound(tmp_path: Path) -> None:
    assert load(_tiny(tmp_path / "m.h5")).predict(np.zeros((1, 8, 8, 3))).shape == (1, 4)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"hello, world", "neither HDF5"),
        (b"\x89HDF\r\n\x1a\n", "damaged"),
        (b"\x89HDF\r\n\x1a\n" + bytes(5000), "damaged|cannot be read"),
        (b"PK\x03\x04" + bytes(500), "damaged archive"),
    ],
)
def test_what_is_no_model_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "m.h5"
    path.write_bytes(content)
    assert re.search(words, _line(path))


def test_missing_files_and_folders_are_named(tmp_path: Path) -> None:
    assert "no such file" in _line(tmp_path / "nothing.h5")
    assert "a folder" in _line(tmp_path)
    (tmp_path / "saved_model.pb").write_bytes(b"x")
    assert "SavedModel" in _line(tmp_path)


def test_weights_alone_are_distinguished_from_a_model(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file.attrs["layer_names"] = np.array([b"conv"])
    assert "weights alone" in _line(tmp_path / "w.h5")
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("temperatures", data=np.zeros(3))
    assert "no Keras model" in _line(tmp_path / "x.h5")


def _layer(config: dict[str, Any], index: int) -> dict[str, Any]:
    return config["config"]["layers"][index]["config"]


CHANGES: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "absurd units": (lambda c: _layer(c, 3).update(units=10**9), "units is 1000000000"),
    "units unlike the weights": (lambda c: _layer(c, 3).update(units=5), r"\[72, 5\], the file has"),
    "negative filters": (lambda c: _layer(c, 1).update(filters=-1), "filters is -1"),
    "filters no number": (lambda c: _layer(c, 1).update(filters="two"), "filters is two"),
    "a kernel of zero": (lambda c: _layer(c, 1).update(kernel_size=[0, 3]), "kernel_size"),
    "a kernel above the image": (lambda c: _layer(c, 1).update(kernel_size=[99, 99]), "fits an input of 8x8"),
    "an absurd stride": (lambda c: _layer(c, 1).update(strides=[10**12, 1]), "strides"),
    "an absurd image": (lambda c: _layer(c, 0).update(batch_input_shape=[None, 10**6, 10**6, 3]), "absurd"),
    "an image of text": (lambda c: _layer(c, 0).update(batch_input_shape=[None, "8", 8, 3]), "input shape"),
    "no images": (lambda c: _layer(c, 0).update(batch_input_shape=[None, 784]), "not images"),
    "a padding of its own": (lambda c: _layer(c, 1).update(padding="odd"), "valid or same"),
    "two layers of one name": (lambda c: _layer(c, 2).update(name="conv"), "two layers of the same name"),
    "a missing layer group": (lambda c: _layer(c, 1).update(name="other"), "layer other are missing"),
    "no layers": (lambda c: c["config"].pop("layers"), "no list of layers"),
    "layers no list": (lambda c: c["config"].update(layers={"a": 1}), "no list of layers"),
    "a layer that is text": (lambda c: c["config"]["layers"].append("Dense"), "no class_name"),
    "a layer without config": (lambda c: c["config"]["layers"].append({"class_name": "Dense"}), "no config"),
    "no class": (lambda c: c.pop("class_name"), "no class_name"),
    "an absurd padding": (
        lambda c: c["config"]["layers"].insert(
            1, {"class_name": "ZeroPadding2D", "config": {"name": "p", "padding": [100_000, 100_000]}}
        ),
        "absurd",
    ),
    "an absurd enlargement": (
        lambda c: c["config"]["layers"].insert(
            1, {"class_name": "UpSampling2D", "config": {"name": "u", "size": [100_000, 100_000]}}
        ),
        "absurd",
    ),
    "too many layers": (
        lambda c: c["config"]["layers"].extend(
            {"class_name": "Dropout", "config": {"name": f"d{i}"}} for i in range(6000)
        ),
        "more than 5000 layers",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_a_config_that_cannot_be_says_which_value(name: str, tmp_path: Path) -> None:
    change, words = CHANGES[name]
    path = _tiny(tmp_path / "m.h5", change)
    assert re.search(words, _line(path))


def test_a_config_nested_without_end_is_refused(tmp_path: Path) -> None:
    path = _tiny(tmp_path / "m.h5")
    for text in ("[" * 100_000, '{"class_name": "Sequential", "config": ' * 3000, "[1" + "0" * 10_000 + "]"):
        with h5py.File(path, "a") as file:
            file.attrs["model_config"] = text
        assert any(word in _line(path) for word in ("nested too deep", "no JSON"))


def test_models_nested_in_models_have_a_limit(tmp_path: Path) -> None:
    inner = copy.deepcopy(TINY)
    for i in range(40):
        inner = {"class_name": "Sequential", "config": {"name": f"m{i}", "layers": [inner]}}
    legacy.write(tmp_path / "m.h5", inner, {})
    assert "nests models deeper" in _line(tmp_path / "m.h5")


def test_a_functional_model_wired_in_a_circle_is_refused(tmp_path: Path) -> None:
    def relu(name: str, taken: str) -> dict[str, Any]:
        return {
            "class_name": "ReLU",
            "name": name,
            "config": {"name": name},
            "inbound_nodes": [[[taken, 0, 0, {}]]],
        }

    first = {"class_name": "InputLayer", "name": "in", "inbound_nodes": [],
             "config": {"batch_input_shape": [None, 8, 8, 3], "name": "in"}}  # fmt: skip
    config = {
        "name": "m",
        "layers": [first, relu("a", "b"), relu("b", "a")],
        "input_layers": [["in", 0, 0]],
        "output_layers": [["b", 0, 0]],
    }
    legacy.write(tmp_path / "m.h5", {"class_name": "Functional", "config": config}, {})
    assert "gap or a circle" in _line(tmp_path / "m.h5")


def _change_weights(path: Path, change: Callable[[h5py.Group], object]) -> Path:
    with h5py.File(path, "a") as file:
        change(file["model_weights"])
    return path


def _put(group: h5py.Group, name: str, **options: Any) -> None:
    del group[name]
    group.create_dataset(name, **options)


KERNEL = "dense/dense/kernel:0"
WEIGHTS: dict[str, tuple[Callable[[h5py.Group], object], str]] = {
    "a missing array": (lambda g: g.__delitem__(KERNEL), "is missing"),
    "another shape": (lambda g: _put(g, KERNEL, data=np.zeros((4, 72))), r"should have the shape \[72, 4\]"),
    "text for numbers": (lambda g: _put(g, KERNEL, data=np.full((72, 4), b"x")), "no numbers"),
    "complex numbers": (lambda g: _put(g, KERNEL, data=np.zeros((72, 4), complex)), "neither numbers"),
    "terabytes never written": (
        lambda g: _put(g, KERNEL, shape=(10**6, 10**6), dtype="f4", chunks=(1000, 1000)), "claims the"),
    "values in another file": (
        lambda g: _put(g, KERNEL, shape=(72, 4), dtype="f4", external=[("/etc/passwd", 0, 1152)]),
        "another file"),
    "a soft link": (
        lambda g: (g.__delitem__(KERNEL), g.__setitem__(KERNEL, h5py.SoftLink("/model_weights/conv"))),
        "elsewhere"),
    "an external link": (
        lambda g: (g.__delitem__(KERNEL), g.__setitem__(KERNEL, h5py.ExternalLink("/etc/x.h5", "/"))),
        "elsewhere"),
    "a group for an array": (lambda g: (g.__delitem__(KERNEL), g.create_group(KERNEL)), "no array"),
    "no names": (lambda g: g["dense"].attrs.__delitem__("weight_names"), "needs 2 weights"),
    "names that are numbers": (lambda g: g["dense"].attrs.__setitem__("weight_names", [1, 2]), "no text"),
    "too many names": (
        lambda g: g["conv"].attrs.__setitem__("weight_names", [b"conv/kernel:0"] * 3), "the file has 3"),
}  # fmt: skip


@pytest.mark.parametrize("name", WEIGHTS)
def test_weights_that_do_not_fit_are_refused(name: str, tmp_path: Path) -> None:
    change, words = WEIGHTS[name]
    path = _change_weights(_tiny(tmp_path / "m.h5"), change)
    assert re.search(words, _line(path))


@pytest.mark.parametrize("kind", ["f2", "f8", ">f4", "i4"])
def test_weights_of_other_number_types_are_read(kind: str, tmp_path: Path) -> None:
    values = np.arange(288).reshape(72, 4).astype(kind)
    path = _change_weights(_tiny(tmp_path / "m.h5"), lambda g: _put(g, KERNEL, data=values))
    assert np.array_equal(load(path).network.dense.weight.detach().numpy().T, values.astype(np.float32))


def test_nan_weights_give_a_note(tmp_path: Path) -> None:
    path = _change_weights(_tiny(tmp_path / "m.h5"), lambda g: _put(g, KERNEL, data=np.full((72, 4), np.nan)))
    assert "288 values that are NaN" in load(path).notes[0]


def _keras_zip(path: Path, config: Any, weights: bytes = b"") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", config if isinstance(config, bytes) else json.dumps(config))
        archive.writestr("model.weights.h5", weights)
    return path


def _empty_weights() -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.create_group("layers/conv2d/vars")
    return buffer.getvalue()


def test_zip_bombs_are_refused_before_they_are_unpacked(tmp_path: Path) -> None:
    path = _keras_zip(tmp_path / "m.keras", bytes(60_000_000))
    assert "absurd" in _line(path)
    path = _keras_zip(tmp_path / "n.keras", TINY, bytes(60_000_000))
    assert "absurd" in _line(path)


def test_an_archive_with_missing_parts_says_which(tmp_path: Path) -> None:
    assert "weights of layer conv are missing" in _line(
        _keras_zip(tmp_path / "m.keras", TINY, _empty_weights())
    ) or ("needs 2 weights" in _line(tmp_path / "m.keras"))
    with zipfile.ZipFile(tmp_path / "a.keras", "w") as archive:
        archive.writestr("config.json", "{}")
    assert "model.weights.h5" in _line(tmp_path / "a.keras")
    with zipfile.ZipFile(tmp_path / "b.keras", "w") as archive:
        archive.writestr("notes.txt", "hello")
    assert "no config.json" in _line(tmp_path / "b.keras")


def test_a_false_record_in_a_file_is_not_believed(tmp_path: Path) -> None:
    path = _tiny(tmp_path / "m.h5")
    with h5py.File(path, "a") as file:
        file.attrs["hundred"] = json.dumps(
            {"input_scale": "0-255", "class_names": ["x"] * 4, "mean": [9, 9, 9]}
        )
    assert load(path).origin == "keras"


def test_names_in_a_file_cannot_become_code_or_control_the_terminal(tmp_path: Path) -> None:
    evil = "__import__('os').system('true')\n\x1b[2J"
    path = _tiny(tmp_path / "m.h5", lambda c: _layer(c, 2).update(name=evil))
    assert load(path).predict(np.zeros((1, 8, 8, 3))).shape == (1, 4)
    line = _line(_tiny(tmp_path / "n.h5", lambda c: _layer(c, 1).update(name=evil)))
    assert "\x1b" not in line


def test_a_wrong_scale_or_wrong_images_are_the_callers_mistake(tmp_path: Path) -> None:
    path = _tiny(tmp_path / "m.h5")
    with pytest.raises(UsageError, match=r"0-1, 0-255, -1\.\.1, caffe, torch, standard"):
        load(path, scale="0-100")
    model = load(path)
    with pytest.raises(UsageError, match=r"\(n, 8, 8, 3\)"):
        model.predict(np.zeros((1, 32, 32, 3)))
    with pytest.raises(UsageError, match="uint8"):
        model.predict_images(np.zeros((1, 8, 8, 3)))
    with pytest.raises(UsageError, match="array of numbers"):
        model.predict([["a"]])
    assert model.predict(np.zeros((0, 8, 8, 3))).shape[0] == 0


SEQUENCES: dict[str, tuple[dict[str, Any], str]] = {
    "patches above measure": (
        {"class_name": "TFOpLambda", "config": {"name": "t", "function": "image.extract_patches"}},
        "extracts patches",
    ),
    "an absurd number of heads": (
        {"class_name": "MultiHeadAttention", "config": {"name": "t", "num_heads": 10**9, "key_dim": 4}},
        "no sequences|is called on",
    ),
    "a shape that does not fit": (
        {"class_name": "Reshape", "config": {"name": "t", "target_shape": [7, -1]}},
        "target_shape is",
    ),
    "a shape of billions": (
        {"class_name": "Reshape", "config": {"name": "t", "target_shape": [10**12, 10**12]}},
        "target_shape is",
    ),
    "axes in no order": (
        {"class_name": "Permute", "config": {"name": "t", "dims": [1, 1, 9]}},
        "dims is",
    ),
    "a pool of no sequence": ({"class_name": "GlobalMaxPooling1D", "config": {"name": "t"}}, "no sequence"),
    "an equation of its own": (
        {"class_name": "EinsumDense", "config": {"name": "t", "equation": "ab,c->abcdefg" * 9}},
        "computes ab,c",
    ),
}


@pytest.mark.parametrize("name", SEQUENCES)
def test_layers_of_any_rank_refuse_what_cannot_be(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, _archive: Any, why: Exception, _options: Any) -> None:
        raise HundredError(f"{path.name}: {why}")

    monkeypatch.setattr("hundred.interchange.read.through_keras.load_through_keras", refuse)
    layer, words = SEQUENCES[name]
    path = _tiny(tmp_path / "m.h5", lambda config: config["config"]["layers"].insert(1, layer))
    assert re.search(words, _line(path))
