"""The pickle reader: agrees with Python's own on what CIFAR-100 holds, and does nothing else."""

import os
import pickle
import tracemalloc
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hundred.data.files.pickles import read_pickle
from hundred.errors import HundredError
from tests.making.archives import made_split, python2_pickle

WHOLE = python2_pickle(made_split(1, seed=3))
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.binary(max_size=300) | st.text(max_size=80),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=20,
)


def one_line(content: bytes) -> str:
    """The error that `content` is refused with, which must be one short line."""
    with pytest.raises(HundredError) as caught:
        read_pickle(content, "train")
    text = str(caught.value)
    assert text.startswith("train ")
    assert "\n" not in text
    assert len(text) < 300
    return text


def test_reads_what_python_reads_from_a_python_2_pickle() -> None:
    expected = {key.decode(): value for key, value in pickle.loads(WHOLE, encoding="bytes").items()}
    read = read_pickle(WHOLE, "train")
    np.testing.assert_array_equal(read.pop("data"), expected.pop("data"))
    assert read == expected


@given(st.dictionaries(st.text(max_size=8), PLAIN, max_size=4), st.sampled_from([3, 4, 5]))
def test_reads_plain_values_as_python_does(value: dict, protocol: int) -> None:
    assert read_pickle(pickle.dumps(value, protocol), "train") == value


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("order", ["C", "F"])
def test_reads_an_array_as_the_installed_numpy_writes_it(protocol: int, order: str) -> None:
    array = np.asarray(np.arange(200, dtype=np.uint8).reshape(20, 10), order=order)
    np.testing.assert_array_equal(read_pickle(pickle.dumps({"data": array}, protocol), "x")["data"], array)


def test_reads_the_module_path_of_numpy_2() -> None:
    moved = WHOLE.replace(b"cnumpy.core.multiarray", b"cnumpy._core.multiarray")
    np.testing.assert_array_equal(read_pickle(moved, "x")["data"], read_pickle(WHOLE, "x")["data"])


def test_the_array_is_a_view_on_the_bytes() -> None:
    content = bytearray(WHOLE)
    assert np.shares_memory(read_pickle(content, "x")["data"], np.frombuffer(content, np.uint8))


class Hostile:
    """Pickles into a call of `function`."""

    def __init__(self, function, *arguments) -> None:
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_call_is_refused_by_name_and_not_made(protocol: int, tmp_path: Path) -> None:
    trap = tmp_path / "sprung"
    text = one_line(pickle.dumps({"data": Hostile(os.system, f"touch {trap}")}, protocol))
    assert f"{os.name}.system" in text
    assert not trap.exists()


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"\x80\x02cbuiltins\neval\nU\x011\x85R.", "builtins.eval"),
        (b"\x80\x02(U\x011ibuiltins\neval\n.", "builtins.eval"),
        (b"\x80\x04\x8c\x08builtins\x8c\x04eval\x93.", "builtins.eval"),
        (b"\x80\x02cnumpy\nload\n.", "numpy.load"),
        (b"\x80\x02cnumpy.core.multiarray\nscalar\n.", "numpy.core.multiarray.scalar"),
        (b"\x80\x02ctorch\n_utils\n.", "torch._utils"),
        (pickle.dumps(OrderedDict(a=1), 2), "collections.OrderedDict"),
        (pickle.dumps({"data": {1, 2}}, 2), "__builtin__.set"),
    ],
)
def test_other_names_are_refused_by_name(content: bytes, named: str) -> None:
    assert repr(named) in one_line(content)


NDARRAY = b"cnumpy\nndarray\n"
RECONSTRUCT = b"cnumpy.core.multiarray\n_reconstruct\n"
HUGE = b"\x8a\x06\x00\x00\x00\x00\x00\x10"  # 2**44


def tuples_within_tuples(depth: int) -> bytes:
    """A tuple that holds one tuple twice, which does the same, and so on: small here, endless to walk."""
    return b")" + b"".join(b"q" + bytes([n]) + b"h" + bytes([n]) + b"\x86" for n in range(depth))


@pytest.mark.parametrize(
    "content",
    [
        b"\x80\x02" + NDARRAY + HUGE + b"\x85\x85R.",
        b"\x80\x02" + NDARRAY + HUGE + b"\x85\x85\x81.",
        b"\x80\x02}U\x04data" + RECONSTRUCT + NDARRAY + HUGE + b"\x85U\x01b\x87Rs.",
        b"\x80\x02}r\xff\xff\xff\x7f.garbage",
        b"\x80\x02}U\x04dataT\xff\xff\xff\x7f",
        b"\x80\x02}U\x04dataT\xff\xff\xff\xff",
        b"\x80\x04}U\x04data\x8e\xff\xff\xff\xff\xff\xff\xff\x7f",
        b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7f",
        b"\x80\x02}" + tuples_within_tuples(60) + b"Ns.",
        WHOLE.replace(b"J\x64\x00\x00\x00M\x00\x0c\x86", tuples_within_tuples(60)),
        WHOLE.replace(b"J\x64\x00\x00\x00M\x00\x0c\x86", HUGE + HUGE + b"\x86"),
    ],
)
def test_a_small_file_takes_little_memory_whatever_it_announces(content: bytes) -> None:
    tracemalloc.start()
    try:
        if content.endswith(b"garbage"):
            assert read_pickle(content, "train") == {}
        else:
            one_line(content)
        assert tracemalloc.get_traced_memory()[1] < len(content) + 200_000
    finally:
        tracemalloc.stop()


def test_only_arrays_of_whole_numbers_are_read() -> None:
    for other in (np.array([{}, None], dtype=object), np.zeros(3), np.zeros(3, ">i8"), np.zeros(3, "S5")):
        one_line(pickle.dumps({"data": other}, 4))
    labels = np.array([3, 99, 0])
    np.testing.assert_array_equal(read_pickle(pickle.dumps({"x": labels}, 4), "x")["x"], labels)


def test_a_shape_that_does_not_fit_is_refused() -> None:
    assert "(101, 3072)" in one_line(WHOLE.replace(b"J\x64\x00\x00\x00M", b"J\x65\x00\x00\x00M"))


def test_every_truncation_is_one_line() -> None:
    for size in [*range(600), *range(600, len(WHOLE), 4099), len(WHOLE) - 1]:
        one_line(WHOLE[:size])


def value_or_one_line(content: bytes) -> None:
    fault = ""
    try:
        assert isinstance(read_pickle(content, "train"), dict)
    except HundredError as error:
        fault = str(error)
    assert "\n" not in fault


@given(st.lists(st.tuples(st.integers(0, 700), st.integers(0, 255)), min_size=1, max_size=8))
def test_damage_anywhere_gives_a_value_or_one_line(changes: list[tuple[int, int]]) -> None:
    content = bytearray(WHOLE[:350] + WHOLE[-350:])
    for at, byte in changes:
        content[at % len(content)] = byte
    value_or_one_line(bytes(content))


@given(st.binary(max_size=60))
def test_any_bytes_give_a_value_or_one_line(content: bytes) -> None:
    value_or_one_line(b"\x80\x02" + content)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x80",
        b"<html><body>404</body></html>",
        b"(dp0\n.",
        b"\x80\x09N.",
        b"\x80\x02N.",
        b"\x80\x02](e.",
    ],
)
def test_what_is_no_pickle_of_cifar_100_is_one_line(content: bytes) -> None:
    one_line(content)


def test_endless_instructions_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hundred.data.files.pickles.MOST_READS", 2000)
    assert "more than 1,000 instructions" in one_line(b"\x80\x02" + b"]" * 2000 + b".")


@pytest.mark.real_data
def test_the_real_test_file_reads_as_python_reads_it(real_official: Path) -> None:
    content = (real_official / "test").read_bytes()
    expected = {key.decode(): value for key, value in pickle.loads(content, encoding="bytes").items()}
    read = read_pickle(content, "test")
    np.testing.assert_array_equal(read.pop("data"), expected.pop("data"))
    assert read == expected
