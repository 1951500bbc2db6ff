"""Values as text and as JSON: what people read everywhere, held to known answers."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from hundred.formatting import duration, eta, file_size, json_safe, number, percent, plural, points

NOTHING = [None, float("nan"), np.float32("nan"), pd.NA]


@pytest.mark.parametrize("missing", NOTHING)
def test_what_was_not_measured_is_a_dash_and_null(missing: object) -> None:
    for form in (percent, points, number, duration, eta, file_size):
        assert form(missing) == "–"
    assert json_safe({"figure": missing}) == {"figure": None}


def test_figures_read_well() -> None:
    assert percent(0.57124) == "57.12%"
    assert percent(np.float64(0.57124), 1) == "57.1%"
    assert [points(value) for value in (0.025, -0.004)] == ["+2.5", "−0.4"]
    assert [number(value) for value in (4899044, 0.001, 1234.5, 3)] == ["4,899,044", "0.001", "1,234", "3"]
    assert [plural(1, "class"), plural(100, "class"), plural(1775, "image"), plural(0, "epoch")] == [
        "1 class",
        "100 classes",
        "1,775 images",
        "0 epochs",
    ]
    assert [file_size(size) for size in (512, 999.6, 19_800_000, 2.5e12)] == [
        "512 bytes",
        "1 kB",
        "19.8 MB",
        "2,500 GB",
    ]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.25, "0.25 s"),
        (9.3, "9.3 s"),
        (45, "45 s"),
        (59.6, "1 min"),
        (245, "4 min 05 s"),
        (3599.6, "1 h"),
        (7625, "2 h 07 min"),
        (86399, "1 d"),
        (270_000, "3 d 03 h"),
        (-1, "–"),
        (float("inf"), "–"),
    ],
)
def test_a_duration_has_two_units_at_most_and_none_of_sixty(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_an_estimate_has_no_fractions() -> None:
    assert [eta(seconds) for seconds in (0.4, 9.3, 119.7, float("inf"))] == ["0 s", "9 s", "2 min", "–"]


def test_anything_becomes_json() -> None:
    value = {
        1: (np.float32(0.5), np.int64(3), np.bool_(True)),
        "tensor": torch.tensor([1.0, float("inf")]),
        "array": np.array([[1, 2]]),
        "path": Path("runs"),
        "time": pd.NaT,
    }
    assert json.loads(json.dumps(json_safe(value), allow_nan=False)) == {
        "1": [0.5, 3, True],
        "tensor": [1.0, None],
        "array": [[1, 2]],
        "path": "runs",
        "time": None,
    }
