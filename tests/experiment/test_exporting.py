"""Networks that leave: each format gives the run's own answers, nothing is overwritten, faults are caught."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import hundred
from hundred.data.subset import subset_per_class
from hundred.errors import HundredError, UsageError
from hundred.experiment import export
from hundred.runs.run import Run
from tests.making.finished import Finished


def outputs(path: Path, images: Any) -> np.ndarray:
    """What the file at `path` gives, by Hundred or by ONNX Runtime."""
    if path.suffix != ".onnx":
        return hundred.load(path).predict_images(images)
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    batch = images.permute(0, 2, 3, 1).float().numpy()
    return session.run(None, {session.get_inputs()[0].name: batch})[0]


@pytest.mark.parametrize("logits", [False, True])
@pytest.mark.parametrize("to", ["h5", "keras", "onnx"])
def test_an_exported_file_gives_what_the_run_gave_on_its_test_images(
    finished: Finished, tmp_path: Path, to: str, logits: bool
) -> None:
    done = hundred.export(Run(finished.a), to, out=tmp_path / f"m.{to}", logits=logits)
    images = subset_per_class(finished.data, 4, 2).test.images
    stored = torch.from_numpy(Run(finished.a).predictions()["test_logits"])
    expected = stored if logits else stored.softmax(1)
    assert np.abs(outputs(done.path, images) - expected.numpy()).max() < 1e-4
    assert done.output == ("logits" if logits else "probabilities")
    assert done.difference is not None
    assert done.difference < 1e-5
    assert done.bytes == done.path.stat().st_size
    assert json.loads(json.dumps(done.as_dict()))["format"] == to


def test_class_names_travel_with_the_file(finished: Finished, tmp_path: Path) -> None:
    done = hundred.export(finished.a, "keras", out=tmp_path)
    assert done.path == tmp_path / "a.keras"
    assert hundred.load(done.path).class_names == finished.data.fine_names


def test_logits_that_leave_again_get_their_softmax_back_and_it_is_said(
    finished: Finished, tmp_path: Path
) -> None:
    bare = hundred.export(finished.a, "h5", out=tmp_path / "bare.h5", logits=True).path
    again = hundred.export(bare, "keras")
    assert again.path == tmp_path / "bare.keras"
    assert "a softmax was added" in again.notes[0]
    images = subset_per_class(finished.data, 4, 2).test.images[:10]
    assert outputs(again.path, images).sum(axis=1) == pytest.approx(1)


def test_a_file_that_is_there_is_only_overwritten_by_force(finished: Finished, tmp_path: Path) -> None:
    there = tmp_path / "m.keras"
    there.write_text("precious")
    with pytest.raises(UsageError, match=r"m\.keras is there already.*--force"):
        hundred.export(finished.a, "keras", out=there)
    assert there.read_text() == "precious"
    hundred.export(finished.a, "keras", out=there, force=True)
    assert hundred.load(there).origin == "hundred"


def test_the_original_is_never_overwritten(finished: Finished) -> None:
    before = (finished.a / "model.h5").read_bytes()
    for out in (None, finished.a / "model.h5"):
        with pytest.raises(UsageError, match="is the file to export itself"):
            hundred.export(finished.a, "h5", out=out, logits=True, force=True)
    assert (finished.a / "model.h5").read_bytes() == before


def test_a_written_file_that_answers_otherwise_is_not_left_behind(
    finished: Finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write: Callable[..., None] = export.WRITERS["h5"]

    def faulty(path: Path, network: Any, *, std: list[float], **options: Any) -> None:
        write(path, network, std=[2 * value for value in std], **options)

    monkeypatch.setitem(export.WRITERS, "h5", faulty)
    (tmp_path / "old.h5").write_text("old")
    with pytest.raises(HundredError, match="was not written: read back, it differs from the original by"):
        hundred.export(finished.a, "h5", out=tmp_path / "old.h5", logits=True, force=True)
    assert [path.name for path in tmp_path.iterdir()] == ["old.h5"]
    assert (tmp_path / "old.h5").read_text() == "old"


@pytest.mark.parametrize(
    ("to", "out", "message"),
    [
        ("tflite", None, "--to tflite: it takes h5, keras, onnx"),
        ("keras", "m.h5", r"must end in \.keras"),
    ],
)
def test_a_wrong_format_or_ending_is_refused(
    finished: Finished, tmp_path: Path, to: str, out: str | None, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        hundred.export(finished.a, to, out=out and tmp_path / out)


def test_a_run_without_a_saved_network_gets_one_line(finished: Finished, tmp_path: Path) -> None:
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "history.csv").touch()
    with pytest.raises(HundredError, match=r"bare has no model\.h5"):
        hundred.export(tmp_path / "bare", "keras")


def test_a_folder_that_cannot_be_written_is_one_line(finished: Finished, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(HundredError, match=r"cannot write .*file/m\.onnx: "):
        hundred.export(finished.a, "onnx", out=tmp_path / "file" / "m.onnx")
