"""Checkpoints: what is written is read, and nothing else is believed or run."""

import errno
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hundred.errors import HundredError
from hundred.training.checkpoint import load_checkpoint, plain_state, save_checkpoint

CPU = torch.device("cpu")


def test_a_state_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    state = {"epoch": 3, "weights": {"a": torch.arange(4.0)}, "rows": [{"loss": 0.1}], "none": None}
    save_checkpoint(tmp_path / "checkpoint.pt", state, {"seed": 7})
    read, about = load_checkpoint(tmp_path / "checkpoint.pt", CPU)
    assert about == {"seed": 7}
    assert torch.equal(read.pop("weights")["a"], torch.arange(4.0))
    assert read == {"epoch": 3, "rows": [{"loss": 0.1}], "none": None}


def test_numbers_of_numpy_become_plain_ones() -> None:
    plain = plain_state({"a": np.float64(0.5), "b": [np.int32(2)], "c": (np.float32(1.5),)})
    assert plain == {"a": 0.5, "b": [2], "c": (1.5,)}
    assert type(plain["a"]) is float
    assert type(plain["b"][0]) is int


def test_a_state_that_could_not_be_read_back_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(HundredError, match=r"state\.callbacks\.1\.seen, a set"):
        save_checkpoint(tmp_path / "c.pt", {"callbacks": [{}, {"seen": {1}}]}, {})
    assert list(tmp_path.iterdir()) == []


def test_a_missing_checkpoint_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(HundredError, match="nothing to resume"):
        load_checkpoint(tmp_path / "checkpoint.pt", CPU)


@given(content=st.binary(max_size=300))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_bytes_are_refused_in_one_line(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "c.pt").write_bytes(content)
    with pytest.raises(HundredError) as caught:
        load_checkpoint(tmp_path / "c.pt", CPU)
    assert "\n" not in str(caught.value)


@given(place=st.floats(0.0, 0.999), byte=st.integers(1, 255))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
def test_a_checkpoint_with_a_wrong_byte_is_read_or_refused_in_one_line(
    place: float, byte: int, tmp_path: Path
) -> None:
    path = tmp_path / "c.pt"
    save_checkpoint(path, {"epoch": 1, "weights": torch.ones(3)}, {})
    content = bytearray(path.read_bytes())
    content[int(place * len(content))] ^= byte
    path.write_bytes(content)
    try:
        load_checkpoint(path, CPU)
    except HundredError as error:
        assert "\n" not in str(error)  # noqa: PT017 (either outcome is right)


@pytest.mark.filterwarnings("ignore:Detected pickle protocol:UserWarning")  # torch warns of the hostile file
def test_code_inside_a_checkpoint_is_not_run(tmp_path: Path) -> None:
    class Hostile:
        def __reduce__(self) -> Any:
            return (Path.touch, (tmp_path / "ran",))

    torch.save({"format": 1, "about": {}, "state": Hostile()}, tmp_path / "c.pt", pickle_module=pickle)
    with pytest.raises(HundredError, match="damaged"):
        load_checkpoint(tmp_path / "c.pt", CPU)
    assert not (tmp_path / "ran").exists()


def test_a_checkpoint_of_another_version_says_so(tmp_path: Path) -> None:
    torch.save({"format": 99, "about": {}, "state": {}}, tmp_path / "c.pt")
    with pytest.raises(HundredError, match="format 99"):
        load_checkpoint(tmp_path / "c.pt", CPU)


def test_a_full_disk_is_said_in_one_line_and_the_old_checkpoint_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "c.pt"
    save_checkpoint(path, {"epoch": 1}, {})

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(HundredError, match="could not be written: No space left on device"):
        save_checkpoint(path, {"epoch": 2}, {})
    assert load_checkpoint(path, CPU)[0] == {"epoch": 1}
    assert [file.name for file in tmp_path.iterdir()] == ["c.pt"]
