"""result.json has every key of the contract, null for what was not measured, and room for more."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from hundred.errors import HundredError
from hundred.runs.result import Result, read_result

CONTRACT = [
    "name", "recipe", "model", "parameters", "epochs", "seed", "device", "data", "protocol", "val_accuracy",
    "test_accuracy", "test_top5_accuracy", "test_coarse_accuracy", "test_loss", "calibration_error",
    "train_seconds", "total_seconds", "images_per_second", "stopped",
]  # fmt: skip


def test_every_key_of_the_contract_is_there_and_null_where_nothing_was_measured(tmp_path: Path) -> None:
    Result(name="a").write(tmp_path / "result.json")
    content = json.loads((tmp_path / "result.json").read_text())
    assert set(CONTRACT) <= set(content)
    assert content.pop("name") == "a"
    assert set(content.values()) == {None}


def test_a_result_reads_back_the_same_with_its_extra_figures(tmp_path: Path) -> None:
    result = Result(name="a", test_accuracy=1 / 3, seed=7, extra={"test_accuracy_interval": [0.3, 0.4]})
    result.write(tmp_path / "result.json")
    content = read_result(tmp_path / "result.json")
    assert content["test_accuracy_interval"] == [0.3, 0.4]
    assert Result.from_dict(content) == result


def test_nan_is_null_and_numpy_numbers_are_numbers(tmp_path: Path) -> None:
    result = Result(name="a", test_loss=math.nan, test_accuracy=np.float32(0.5), parameters=np.int64(3))  # type: ignore[arg-type]
    result.write(tmp_path / "result.json")
    content = read_result(tmp_path / "result.json")
    assert (content["test_loss"], content["test_accuracy"], content["parameters"]) == (None, 0.5, 3)


def test_an_extra_figure_cannot_hide_a_named_one() -> None:
    with pytest.raises(ValueError, match="test_accuracy"):
        Result(name="a", extra={"test_accuracy": 1.0})


@pytest.mark.parametrize("text", ["", "{", "[1]", "[" * 100_000, "\x00"])
def test_a_damaged_result_gives_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "result.json").write_text(text)
    with pytest.raises(HundredError, match=r"result.json is damaged: [^\n]+$"):
        read_result(tmp_path / "result.json")
