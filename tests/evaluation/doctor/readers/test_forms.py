"""Forms in which histories are published: each is read as the same history as its plain CSV file."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hundred.errors import HundredError, UsageError
from hundred.evaluation.doctor.history import CURVES, History
from hundred.evaluation.doctor.readers.sources import read_anything
from tests.making.histories import Columns, curves


@pytest.fixture
def columns() -> Columns:
    return {name: [round(x, 6) for x in values] for name, values in curves(12).items()}


@pytest.fixture
def frame(columns: Columns) -> pd.DataFrame:
    return pd.DataFrame(columns)


def same(history: History, columns: Columns, *names: str) -> None:
    assert len(history) == len(columns["epoch"])
    for name in names or CURVES:
        np.testing.assert_allclose(getattr(history, name), columns[name], rtol=1e-9, err_msg=name)


def read(path: Path, text: str, run: str | None = None) -> History:
    path.write_text(text, encoding="utf-8")
    return read_anything(path, run)


@pytest.mark.parametrize("orient", ["columns", "index", "split", "records", "table"])
def test_pandas_to_json_in_every_orientation(
    orient: str, frame: pd.DataFrame, columns: Columns, tmp_path: Path
) -> None:
    text = frame.to_json(orient=orient)  # type: ignore[call-overload]
    history = read(tmp_path / "h.json", text)
    same(history, columns)
    assert list(history.epoch) == columns["epoch"]


def test_decimal_commas_between_semicolons(frame: pd.DataFrame, columns: Columns, tmp_path: Path) -> None:
    history = read(tmp_path / "h.csv", frame.to_csv(index=False, sep=";", decimal=","))
    same(history, columns)
    assert "decimal commas" in " ".join(history.notes)


def test_a_transposed_table_has_its_epochs_in_columns(
    frame: pd.DataFrame, columns: Columns, tmp_path: Path
) -> None:
    figures = frame.drop(columns="epoch").T
    figures.columns = [str(place) for place in range(12)]  # type: ignore[assignment]
    history = read(tmp_path / "h.csv", figures.to_csv())
    same(history, columns)
    assert list(history.epoch) == list(range(12))


def test_nested_json_lines(columns: Columns, tmp_path: Path) -> None:
    lines = [
        json.dumps(
            {
                "epoch": columns["epoch"][row],
                "train": {"loss": columns["loss"][row], "acc": columns["accuracy"][row]},
                "val": {"loss": columns["val_loss"][row], "top1": columns["val_accuracy"][row], "top5": 0.9},
                "aug": {"flip": True},
            }
        )
        for row in range(12)
    ]
    same(
        read(tmp_path / "h.jsonl", "\n".join(lines)), columns, "accuracy", "loss", "val_accuracy", "val_loss"
    )


def test_a_dict_in_a_dict_with_other_entries_beside_it(columns: Columns, tmp_path: Path) -> None:
    value = {
        "timestamp": "2026-01-31",
        "classes": ["cat", "dog", "horse"],
        "train": {"loss": columns["loss"], "accuracy": columns["accuracy"]},
        "val": {"loss": columns["val_loss"], "accuracy": columns["val_accuracy"]},
    }
    history = read(tmp_path / "h.json", json.dumps(value))
    same(history, columns, "accuracy", "loss", "val_accuracy", "val_loss")
    assert history.classes == 3


def test_an_index_without_a_name_counts_the_epochs(
    frame: pd.DataFrame, columns: Columns, tmp_path: Path
) -> None:
    history = read(tmp_path / "h.csv", frame.drop(columns="epoch").to_csv())
    same(history, columns)
    assert list(history.epoch) == list(range(12))


def test_an_export_of_wandb_with_one_run_and_with_two(columns: Columns, tmp_path: Path) -> None:
    one: dict[str, list[float]] = {"Step": columns["epoch"]}
    for metric, name in (("train/loss", "loss"), ("val/loss", "val_loss"), ("val/acc", "val_accuracy")):
        for ending in ("", "__MIN", "__MAX"):
            one[f"sunny-sea-3 - {metric}{ending}"] = columns[name]
    history = read(tmp_path / "one.csv", pd.DataFrame(one).to_csv(index=False))
    same(history, columns, "loss", "val_loss", "val_accuracy")
    assert history.unit == "step"
    two = {**one, "blue-sky-4 - train/loss": [9.0] * 12, "blue-sky-4 - val/loss": [8.0] * 12}
    both = read(tmp_path / "two.csv", pd.DataFrame(two).to_csv(index=False))
    assert both.loss[0] == 9.0
    assert "2 runs (sunny-sea-3, blue-sky-4); blue-sky-4 is judged" in " ".join(both.notes)
    same(read_anything(tmp_path / "two.csv", "sunny-sea-3"), columns, "loss", "val_loss")


@pytest.mark.parametrize(
    ("name", "figure"),
    [("run-train-tag-epoch_loss.csv", "loss"), ("run-validation-tag-epoch_loss.csv", "val_loss")],
)
def test_an_export_of_tensorboard_is_named_by_its_file(
    name: str, figure: str, columns: Columns, tmp_path: Path
) -> None:
    frame = pd.DataFrame({"Wall time": 1.7e9, "Step": range(12), "Value": columns["loss"]})
    history = read(tmp_path / name, frame.to_csv(index=False))
    np.testing.assert_allclose(getattr(history, figure), columns["loss"])
    rows = [[1.7e9, step, value] for step, value in enumerate(columns["loss"])]
    nameless = read(tmp_path / "download.json", json.dumps(rows))
    np.testing.assert_allclose(nameless.loss, columns["loss"])
    assert any("does not say what its values are" in note for note in nameless.notes)


def test_one_row_a_figure_as_mlflow_exports_them(columns: Columns, tmp_path: Path) -> None:
    rows = [
        {"metric": name, "value": value, "step": step}
        for name in ("loss", "val_loss", "val_accuracy")
        for step, value in enumerate(columns[name], start=1)
    ]
    text = pd.DataFrame(rows).sample(frac=1, random_state=0).to_csv(index=False)
    same(read(tmp_path / "h.csv", text), columns, "loss", "val_loss", "val_accuracy")


def test_a_metric_file_of_mlflow_is_named_by_its_file(columns: Columns, tmp_path: Path) -> None:
    lines = [f"1700000000000 {value} {step}" for step, value in enumerate(columns["val_loss"])]
    np.testing.assert_allclose(read(tmp_path / "val_loss", "\n".join(lines)).val_loss, columns["val_loss"])


def test_a_row_a_phase(columns: Columns, tmp_path: Path) -> None:
    rows = []
    for place, epoch in enumerate(columns["epoch"]):
        rows.append((epoch, "train", columns["loss"][place], columns["accuracy"][place]))
        rows.append((epoch, "val", columns["val_loss"][place], columns["val_accuracy"][place]))
    text = pd.DataFrame(rows, columns=["epoch", "phase", "loss", "acc"]).to_csv(index=False)
    same(read(tmp_path / "h.csv", text), columns, "accuracy", "loss", "val_accuracy", "val_loss")


def test_runs_side_by_side(columns: Columns, tmp_path: Path) -> None:
    text = pd.DataFrame(
        {
            "epoch": columns["epoch"],
            "vgg_loss": columns["loss"],
            "vgg_val_loss": columns["val_loss"],
            "resnet_loss": [1.0] * 12,
            "resnet_val_loss": [2.0] * 12,
        }
    ).to_csv(index=False)
    assert list(read(tmp_path / "h.csv", text).loss) == [1.0] * 12
    same(read_anything(tmp_path / "h.csv", "vgg"), columns, "loss", "val_loss")


def test_a_table_with_one_row_a_run_is_no_history(tmp_path: Path) -> None:
    text = (
        "run_name,lr,final_train_loss,final_val_loss\nbase,0.1,1.0,1.2\nwide,0.1,0.8,1.1\ndeep,0.1,0.7,1.3\n"
    )
    with pytest.raises(HundredError, match="one row for each of 3 runs"):
        read(tmp_path / "sweep.csv", text)


def test_a_markdown_table_and_a_file_of_powershell(columns: Columns, tmp_path: Path) -> None:
    lines = ["| epoch | loss | val_loss |", "|---|--:|--:|"]
    lines += [
        f"| {epoch:g} | {a} | {b} |"
        for epoch, a, b in zip(columns["epoch"], columns["loss"], columns["val_loss"], strict=True)
    ]
    same(
        read(tmp_path / "h.md", "# Results\n\n" + "\n".join(lines) + "\n\nDone.\n"),
        columns,
        "loss",
        "val_loss",
    )
    (tmp_path / "h.csv").write_text("epoch,loss\n1,2.5\n2,2.25\n3,2.0\n", encoding="utf-16")
    assert list(read_anything(tmp_path / "h.csv").loss) == [2.5, 2.25, 2.0]


def test_the_rate_of_most_weights_is_that_of_the_group_with_the_lowest_peak(tmp_path: Path) -> None:
    text = "epoch,train/loss,metrics/accuracy_top1,lr/pg0,lr/pg1,lr/pg2\n" + "\n".join(
        f"{epoch},{2 / epoch},{epoch / 10},{0.07 / epoch},0.001,0.001" for epoch in range(1, 7)
    )
    assert set(read(tmp_path / "results.csv", text).learning_rate) == {0.001}


def test_detection_is_judged_by_one_loss_and_its_map(tmp_path: Path) -> None:
    text = (
        "epoch,train/box_loss,train/cls_loss,metrics/mAP50(B),metrics/mAP50-95(B),val/box_loss,val/cls_loss\n"
    )
    text += "\n".join(f"{epoch},1.5,{3 / epoch},{epoch / 10},0.1,1.6,{4 / epoch}" for epoch in range(1, 7))
    history = read(tmp_path / "results.csv", text)
    np.testing.assert_allclose(history.loss, 3 / np.arange(1, 7))
    np.testing.assert_allclose(history.val_loss, 4 / np.arange(1, 7))
    np.testing.assert_allclose(history.val_accuracy, np.arange(1, 7) / 10)
    assert history.scores == {"val_accuracy": "metrics/mAP50(B)"}
    assert history.classes is None


def test_an_unknown_run_is_refused_with_those_there_are(columns: Columns, tmp_path: Path) -> None:
    frame = pd.concat([pd.DataFrame(columns).assign(run=name) for name in ("one", "two")])
    frame.to_csv(tmp_path / "h.csv", index=False)
    with pytest.raises(UsageError, match="has no run 'three'"):
        read_anything(tmp_path / "h.csv", "three")


def test_a_column_with_one_value_at_the_end_is_no_curve(tmp_path: Path) -> None:
    log = [
        {"epoch": float(epoch), "loss": 2 - epoch / 4, "eval_loss": 2 - epoch / 8, "eval_runtime": 1.0}
        for epoch in range(1, 7)
    ]
    log.append({"epoch": 6.0, "train_loss": 1.1, "total_flos": 1e9})
    path = tmp_path / "trainer_state.json"
    path.write_text(json.dumps({"log_history": log}), encoding="utf-8")
    history = read_anything(path)
    assert list(history.loss) == [1.75, 1.5, 1.25, 1.0, 0.75, 0.5]
    assert history.reading is not None
    assert history.reading.framework == "transformers"
    assert "train_loss" in history.reading.unused
