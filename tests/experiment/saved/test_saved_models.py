"""Commands on model files: outputs and the labels they fit, averages, reports and audits."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.special import softmax
from torch import nn

import hundred
from hundred.cli.main import main
from hundred.data.dataset import Dataset
from hundred.errors import HundredError, UsageError
from hundred.experiment.export import export
from hundred.interchange.read.load import load
from hundred.interchange.write.save import save_h5

ENDS = {"mean": [0.5] * 3, "std": [0.25] * 3, "class_names": None}


def _file(path: Path, classes: int, seed: int = 0) -> Path:
    torch.manual_seed(seed)
    network = nn.Sequential(nn.Conv2d(3, 4, 5, 4), nn.ReLU(), nn.Flatten(), nn.Linear(196, classes))
    save_h5(path, network, **ENDS)
    return path


def test_twenty_outputs_are_judged_by_the_superclasses(tmp_path: Path, small_data: Dataset) -> None:
    path = _file(tmp_path / "coarse.h5", len(small_data.coarse_names))
    result = hundred.test(path, data=small_data)
    assert result.labels == "coarse"
    model = load(path)
    right = model.predict_images(small_data.test.images).argmax(1) == small_data.test.coarse.numpy()
    assert result.metrics.accuracy == pytest.approx(right.mean())
    assert any("superclasses" in note for note in result.notes)


def test_ten_outputs_are_shown_by_number_with_a_note(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from PIL import Image

    Image.new("RGB", (32, 32), (200, 30, 30)).save(tmp_path / "p.png")
    path = _file(tmp_path / "ten.h5", 10)
    with pytest.raises(SystemExit) as stop:
        main(["predict", str(path), str(tmp_path / "p.png"), "--json"])
    assert stop.value.code == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["predictions"][0]["class"].startswith("class ")
    assert any("no names for its 10 classes" in note for note in answer["notes"])


@pytest.mark.parametrize("to", ["h5", "keras", "onnx"])
def test_an_average_is_the_mean_of_probabilities_and_one_file(
    to: str, tmp_path: Path, small_data: Dataset
) -> None:
    paths = [_file(tmp_path / f"{seed}.h5", 100, seed) for seed in range(3)]
    result = hundred.test(*paths, average=True, data=small_data)
    each = [load(path).predict_images(small_data.test.images) for path in paths]
    mean = np.mean(each, axis=0)
    assert result.logits is not None
    assert np.allclose(softmax(result.logits, axis=1), mean, atol=1e-5)
    assert result.parameters == sum(load(path).parameters for path in paths)
    done = export(paths, to, out=tmp_path / f"all.{to}", average=True)
    assert done.difference is not None
    assert done.difference < 1e-5
    if to == "onnx":
        import onnx

        assert [each.name for each in onnx.load(str(done.path)).graph.output] == ["probabilities"]
    else:
        again = hundred.test(done.path, data=small_data)
        assert again.end == "probabilities"
        assert again.metrics.loss == pytest.approx(result.metrics.loss, abs=1e-4)


def test_several_files_without_average_are_a_wrong_call(tmp_path: Path, small_data: Dataset) -> None:
    paths = [_file(tmp_path / f"{seed}.h5", 100, seed) for seed in range(2)]
    with pytest.raises(UsageError, match="--average"):
        hundred.test(*paths, data=small_data)
    with pytest.raises(UsageError, match="two models or more"):
        hundred.test(paths[0], average=True, data=small_data)
    _file(tmp_path / "ten.h5", 10)
    with pytest.raises(HundredError, match="different classes"):
        hundred.test(paths[0], tmp_path / "ten.h5", average=True, data=small_data)


def test_a_file_has_a_report_of_what_needs_no_history(tmp_path: Path, small_data: Dataset) -> None:
    first, second = (_file(tmp_path / f"{seed}.h5", 100, seed) for seed in range(2))
    page = hundred.write_report(first, data=small_data)
    assert page == tmp_path / "0-report.html"
    text = page.read_text(encoding="utf-8")
    for part in ("Confus", "calibration", "0.h5"):
        assert part in text
    both = hundred.write_report(first, second, data=small_data, out=tmp_path / "both.html")
    assert "1.h5" in both.read_text(encoding="utf-8")


def test_a_file_is_audited_on_the_test_images(tmp_path: Path, small_data: Dataset) -> None:
    found = hundred.audit(_file(tmp_path / "m.h5", 100), data=small_data, quiet=True)
    assert found.judged == {"test": len(small_data.test)}
    assert any("training labels were not judged" in note for note in found.notes)


def test_each_file_of_a_comparison_has_a_scale_of_its_own(tmp_path: Path, small_data: Dataset) -> None:
    import h5py

    paths = [_file(tmp_path / f"{seed}.h5", 100, seed) for seed in range(2)]
    for path in paths:  # as files of other people, in different scales
        with h5py.File(path, "r+") as file:
            del file.attrs["hundred"]
    scales = {"0.h5": "0-255", "1.h5": "-1..1"}
    found = hundred.compare(*paths, data=small_data, scale=scales)
    rows = {row["name"]: row["accuracy"] for row in found.as_dict()["contenders"]}
    for path in paths:
        alone = hundred.test(path, data=small_data, scale=scales[path.name])
        assert rows[path.name] == pytest.approx(alone.metrics.accuracy)
