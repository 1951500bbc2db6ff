"""Our HDF5 reading against h5py: every array, name and text that h5py writes by default."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hundred.errors import HundredError
from hundred.interchange.hdf5.reader import opened


@settings(max_examples=60, deadline=None)
@given(
    shape=st.lists(st.integers(0, 7), max_size=4),
    kind=st.sampled_from(["f2", "f4", "f8", ">f4", "i1", "u2", "i8"]),
    compress=st.sampled_from([None, "gzip"]),
    shuffle=st.booleans(),
    checked=st.booleans(),
    seed=st.integers(0, 99),
)
def test_arrays_are_read_as_h5py_reads_them(
    tmp_path_factory: pytest.TempPathFactory,
    shape: list[int],
    kind: str,
    seed: int,
    **storage: bool | str | None,
) -> None:
    values = (np.random.default_rng(seed).standard_normal(shape) * 50).astype(kind)
    compress, shuffle, checked = storage["compress"], storage["shuffle"], storage["checked"]
    options: dict[str, Any] = {}
    if values.ndim and values.size and (compress or shuffle or checked):
        options = {"compression": compress, "shuffle": shuffle, "fletcher32": checked}
        options["chunks"] = tuple(max(1, side // 2) for side in shape)
    path = tmp_path_factory.mktemp("hdf") / "x.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("a/b/c", data=values, **options)
    with opened(path, path.name) as root:
        stored = root.dataset("a/b/c")
        assert stored.shape == values.shape
        assert np.array_equal(stored.read(), values.astype(np.float32))


@settings(max_examples=40, deadline=None)
@given(
    texts=st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=300), max_size=30)
)
def test_texts_are_read_as_h5py_reads_them(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str]
) -> None:
    path = tmp_path_factory.mktemp("hdf") / "x.h5"
    with h5py.File(path, "w") as file:
        file.attrs["whole"] = "|".join(texts)
        file.attrs["list"] = np.array(texts, dtype=h5py.string_dtype())
        file.attrs["raw"] = np.array([text.encode() for text in texts], dtype="S1200")
    with opened(path.read_bytes(), path.name) as root:
        assert root.text("whole") == "|".join(texts)
        assert root.names("list") == texts
        assert root.names("raw") == texts


def test_a_group_of_thousands_and_a_long_text_are_read(tmp_path: Path) -> None:
    path, names = tmp_path / "x.h5", [f"layer {i}" for i in range(3000)]
    with h5py.File(path, "w") as file:
        for i, name in enumerate(names):
            file.create_group(name).attrs["number"] = str(i)
        file.attrs["config"] = "x" * 3_000_000
    with opened(path, path.name) as root:
        assert sorted(root.keys()) == sorted(names)
        assert root.group("layer 2999").text("number") == "2999"
        assert len(root.text("config") or "") == 3_000_000


def test_names_split_over_attributes_are_joined(tmp_path: Path) -> None:
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        file.attrs["weight_names0"] = np.array([b"a", b"b"])
        file.attrs["weight_names1"] = np.array([b"c"])
    with opened(path, path.name) as root:
        assert root.names("weight_names") == ["a", "b", "c"]
        assert root.names("layer_names") is None


def test_the_newest_form_of_hdf5_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.h5"
    with h5py.File(path, "w", libver="latest") as file:
        file.attrs["a"] = "b"
    with pytest.raises(HundredError, match=r"newest form; save it again with Keras"), opened(path, path.name):
        pass


def test_bfloat16_is_read(tmp_path: Path) -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes")
    values = np.linspace(-3, 3, 7).astype(ml_dtypes.bfloat16)
    kind = h5py.h5t.IEEE_F32LE.copy()
    kind.set_fields(15, 7, 8, 0, 7)
    kind.set_size(2)
    kind.set_ebias(127)
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        made = h5py.h5d.create(file.id, b"w", kind, h5py.h5s.create_simple((7,)))
        made.write(h5py.h5s.ALL, h5py.h5s.ALL, values.view(np.uint16), kind)
    with opened(path, path.name) as root:
        assert np.array_equal(root.dataset("w").read(), values.astype(np.float32))
