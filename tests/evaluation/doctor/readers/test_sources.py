"""A history says the same whoever wrote it: Keras, Lightning, Ultralytics, MLflow, or a person."""

import json
import sqlite3
import threading
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from hundred.errors import HundredError, UsageError
from hundred.evaluation.doctor.history import CURVES, History
from hundred.evaluation.doctor.readers.columns import recognize
from hundred.evaluation.doctor.readers.sources import read_anything
from tests.making.histories import Columns, curves


@pytest.fixture
def columns() -> Columns:
    return curves(12)


def same(history: History, columns: Columns, *names: str) -> None:
    assert list(history.epoch) == columns["epoch"]
    for name in names or CURVES:
        np.testing.assert_allclose(getattr(history, name), columns[name], rtol=1e-9, err_msg=name)


def write(path: Path, columns: Columns, names: dict[str, str] | None = None, separator: str = ",") -> Path:
    names = names or {name: name for name in columns}
    lines = [separator.join(names.values())]
    lines += [separator.join(map(repr, row)) for row in zip(*(columns[name] for name in names), strict=True)]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("separator", [",", ";", "\t", ", "])
def test_keras_csv_with_any_separator(columns: Columns, tmp_path: Path, separator: str) -> None:
    same(read_anything(write(tmp_path / "log.csv", columns, separator=separator)), columns)


def test_epochs_are_counted_as_the_file_counts_them(columns: Columns, tmp_path: Path) -> None:
    from_zero = {**columns, "epoch": [epoch - 1 for epoch in columns["epoch"]]}
    history = read_anything(write(tmp_path / "log.csv", from_zero))
    same(history, from_zero)
    assert history.from_zero


def test_ultralytics_results_with_padded_names_hold_validation_accuracy(
    columns: Columns, tmp_path: Path
) -> None:
    names = {
        "epoch": "                  epoch", "loss": "             train/loss",
        "val_accuracy": "  metrics/accuracy_top1", "val_loss": "               val/loss",
        "learning_rate": "                 lr/pg0",
    }  # fmt: skip
    path = write(tmp_path / "results.csv", columns, names)
    text = path.read_text().splitlines()
    text = [f"{text[0]},metrics/accuracy_top5,lr/pg1,time", *(f"{line},0.99,0.5,12.1" for line in text[1:])]
    path.write_text("\n".join(text))
    history = read_anything(tmp_path)
    same(history, columns, "loss", "val_accuracy", "val_loss", "learning_rate")
    assert history.missing == ["accuracy"]


def test_lightning_metrics_with_sparse_rows_and_steps(columns: Columns, tmp_path: Path) -> None:
    lines = ["epoch,step,train_loss_epoch,train_acc_epoch,train_loss_step,val_loss,val_acc,lr-Adam"]
    for index, epoch in enumerate(columns["epoch"]):
        step = 10 * index
        lines.append(f",{step},,,,,,{columns['learning_rate'][index]!r}")
        lines.append(f"{epoch - 1:.0f},{step + 5},,,9.9,,,")
        val_loss, val_accuracy = columns["val_loss"][index], columns["val_accuracy"][index]
        lines.append(f"{epoch - 1:.0f},{step + 9},,,,{val_loss!r},{val_accuracy!r},")
        lines.append(
            f"{epoch - 1:.0f},{step + 9},{columns['loss'][index]!r},{columns['accuracy'][index]!r},,,,"
        )
    (tmp_path / "metrics.csv").write_text("\n".join(lines))
    from_zero = {**columns, "epoch": [epoch - 1 for epoch in columns["epoch"]]}
    same(read_anything(tmp_path), from_zero, "accuracy", "loss", "val_accuracy", "val_loss")


def test_fastai_accuracy_is_of_the_validation_set() -> None:
    found = recognize(["epoch", "train_loss", "valid_loss", "accuracy", "time"])
    assert found == {
        "epoch": "epoch", "loss": "train_loss", "val_loss": "valid_loss", "val_accuracy": "accuracy"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "figure"),
    [
        ("sparse_categorical_accuracy", "accuracy"), ("val_categorical_accuracy", "val_accuracy"),
        ("trainAcc", "accuracy"), ("valLoss", "val_loss"), ("Validation Loss", "val_loss"),
        ("train/acc@1", "accuracy"), ("eval_top1", "val_accuracy"), ("test_acc", "val_accuracy"),
        ("acc", "accuracy"), ("learning_rate", "learning_rate"), ("LR", "learning_rate"),
    ],
)  # fmt: skip
def test_names_of_other_frameworks(name: str, figure: str) -> None:
    assert recognize([name]) == {figure: name}


@pytest.mark.parametrize(
    "name",
    ["top5_accuracy", "val_top5_acc", "superclass_accuracy", "val_coarse_acc", "box_loss", "seconds", "f1"],
)
def test_other_figures_are_left_alone(name: str) -> None:
    assert recognize([name]) == {}


def test_percent_is_read_as_fractions(columns: Columns) -> None:
    percent = {k: [100 * x for x in v] if "accuracy" in k else v for k, v in columns.items()}
    same(read_anything(percent), columns)


def test_percent_at_chance_level_is_not_taken_for_everything_right() -> None:
    history = read_anything(
        {"loss": [4.61] * 5, "accuracy": [0.98, 1.0, 0.97, 0.99, 0.95], "val_loss": [4.6] * 5}
    )
    assert history.accuracy.max() == pytest.approx(0.01)


def test_error_rates_are_read_as_accuracies() -> None:
    history = read_anything({"train_err": [90.0, 80.0, 70.0], "val_err": [91.0, 82.0, 75.0]})
    np.testing.assert_allclose(history.accuracy, [0.1, 0.2, 0.3])
    np.testing.assert_allclose(history.val_accuracy, [0.09, 0.18, 0.25])


def test_json_python_dict_frame_and_object_agree(columns: Columns, tmp_path: Path) -> None:
    figures = {name: values for name, values in columns.items() if name != "epoch"}
    (tmp_path / "a.json").write_text(json.dumps(figures))
    (tmp_path / "b.json").write_text(json.dumps({"history": figures, "epoch": list(range(1, 13))}))
    (tmp_path / "c.txt").write_text(repr(figures))
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    (tmp_path / "d.jsonl").write_text("\n".join(map(json.dumps, rows)))
    fitted = SimpleNamespace(
        history={k: [np.float32(x) for x in v] for k, v in figures.items()}, epoch=range(12)
    )
    for what in (figures, rows, pd.DataFrame(columns), *sorted(tmp_path.iterdir())):
        same(read_anything(what), columns)
    np.testing.assert_allclose(read_anything(fitted).loss, columns["loss"], rtol=1e-6)


def test_a_python_dict_in_a_file_may_hold_nan_and_runs_no_code(tmp_path: Path) -> None:
    (tmp_path / "history.txt").write_text("{'loss': [2.0, nan, inf], 'accuracy': [0.1, 0.1, 0.1]}")
    assert list(read_anything(tmp_path / "history.txt").infinite) == [False, True, True]
    (tmp_path / "evil.txt").write_text("{'loss': [__import__('os').system('true')]}")
    with pytest.raises(HundredError, match="neither JSON"):
        read_anything(tmp_path / "evil.txt")


def test_what_was_not_measured_is_not_nan(tmp_path: Path) -> None:
    (tmp_path / "h.csv").write_text("epoch,loss,val_loss\n1,2.0,\n2,1.9,1.8\n3,nan,\n")
    history = read_anything(tmp_path / "h.csv")
    assert list(history.infinite) == [False, False, True]
    frame = pd.read_csv(tmp_path / "h.csv")
    assert list(read_anything(frame).infinite) == [False, False, True]


def test_repeated_rows_and_names_change_nothing(columns: Columns, tmp_path: Path) -> None:
    path = write(tmp_path / "h.csv", columns)
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:5], lines[0], *lines[3:], lines[-1], lines[-1][:7]]))
    same(read_anything(path), columns)


def test_of_several_runs_in_a_file_the_last_is_read_and_named(columns: Columns, tmp_path: Path) -> None:
    other = {**columns, "loss": [x + 1 for x in columns["loss"]]}
    frames = [pd.DataFrame(each).assign(model_id=name) for name, each in (("one", columns), ("two", other))]
    pd.concat(frames).to_csv(tmp_path / "all.csv", index=False)
    history = read_anything(tmp_path / "all.csv")
    same(history, other)
    assert "2 runs (one, two); two is judged, --run chooses another" in " ".join(history.notes)
    same(read_anything(tmp_path / "all.csv", "one"), columns)
    with pytest.raises(UsageError, match="did you mean 'two'"):
        read_anything(tmp_path / "all.csv", "tow")


def test_mlflow_file_store(columns: Columns, tmp_path: Path) -> None:
    run = tmp_path / "mlruns" / "0" / ("a" * 32)
    (run / "metrics").mkdir(parents=True)
    (run / "meta.yaml").write_text("run_id: a\n")
    for name in CURVES:
        lines = [f"1700000000000 {value!r} {step}" for step, value in enumerate(columns[name], start=1)]
        (run / "metrics" / name).write_text("\n".join(lines) + "\n")
    same(read_anything(run), columns)


def test_mlflow_database_by_id_and_by_name(
    columns: Columns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = "0123456789abcdef" * 2
    with sqlite3.connect(tmp_path / "mlflow.db") as store:
        store.execute("CREATE TABLE runs (run_uuid, name, lifecycle_stage, start_time)")
        store.execute("CREATE TABLE metrics (key, value, timestamp, run_uuid, step, is_nan)")
        for key, name in ((run_id, "first"), ("f" * 32, "second")):
            store.execute("INSERT INTO runs VALUES (?, ?, 'active', 1)", (key, name))
            for metric in CURVES:
                rows = [(metric, x, 1, key, step, 0) for step, x in enumerate(columns[metric], start=1)]
                store.executemany("INSERT INTO metrics VALUES (?, ?, ?, ?, ?, ?)", rows)
            # Figures of the whole run, as our mirror sends them.
            for metric in ("test_accuracy", "epochs", "final_learning_rate"):
                store.execute("INSERT INTO metrics VALUES (?, 0.5, 1, ?, 0, 0)", (metric, key))
    store.close()
    same(read_anything(tmp_path / "mlflow.db", "second"), columns)
    with pytest.raises(UsageError, match="name one of its runs"):
        read_anything(tmp_path / "mlflow.db")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)
    same(read_anything(run_id), columns)
    same(read_anything(f"runs:/{run_id}"), columns)
    with pytest.raises(UsageError, match="no MLflow run"):
        read_anything("e" * 32)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("name,colour\nada,red\n", "no column that is a training figure"),
        ("epoch,loss\n1,high\n", "'high' in column 'loss' is not a number"),
        ('{"loss": "high"}', "no lists of figures"),
        ("[1, 2]", "a mapping of names"),
        ("\0\0", "is no text"),
    ],
)
def test_what_is_no_history_is_refused_in_a_line(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "h.csv").write_text(text)
    with pytest.raises(HundredError, match=says):
        read_anything(tmp_path / "h.csv")


def test_a_folder_without_a_history_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no run and no history"):
        read_anything(tmp_path)
    with pytest.raises(UsageError, match="there is no run"):
        read_anything(tmp_path / "absent")


def test_a_tracking_server_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow itself would ask it again for many minutes."""
    asked = threading.Event()

    class Client:
        def get_run(self, run_id: str) -> None:
            asked.wait(30)

    monkeypatch.setattr("mlflow.MlflowClient", Client)
    monkeypatch.setattr("hundred.evaluation.doctor.readers.mlflow.SECONDS_TO_WAIT", 0.05)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    with pytest.raises(HundredError, match="MLflow did not answer within"):
        read_anything("e" * 32)
    asked.set()
