"""Every command on sets of other classes and sizes: folders, an .npz, a name; exports are asked elsewhere."""

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from hundred.cli.main import main
from hundred.data.dataset import Dataset, Split
from hundred.data.opening.open import open_dataset
from hundred.runs.run import Run
from tests.making.pictures import write_folders

pytestmark = pytest.mark.slow
TINY = [
    word
    for setting in (
        *(f"model.width{place}=8" for place in (1, 2, 3)),
        "training.precision=float32",
        "training.batch_size=20",
        "data.validation_per_class=2",
        "tracking.mlflow=false",
    )
    for word in ("--set", setting)
]


def photos(root: Path) -> Path:
    """Drawn photographs of mixed sizes, with a validation split."""
    sizes = ((60, 200), (150, 90), (128, 128), (301, 140))
    names = ("un chat", "hund", "鳥")
    return write_folders(root / "photos", {"train": 24, "val": 6, "test": 8}, names, sizes, "jpg")


def digits(root: Path, *, as_folder: bool) -> Path:
    """The 1,797 digits of scikit-learn, 8x8, unsplit."""
    from sklearn.datasets import load_digits

    whole = load_digits()
    images = np.rint(whole.images * 255 / 16).astype(np.uint8)
    if not as_folder:
        np.savez(root / "digits.npz", x=images, y=whole.target)
        return root / "digits.npz"
    for number, (image, label) in enumerate(zip(images, whole.target, strict=True)):
        (root / "digits" / str(label)).mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(root / "digits" / str(label) / f"d{number}.png")
    return root / "digits"


def of_cifar100(root: Path, real: Path, kind: str) -> Path:
    """A part of the real CIFAR-100 as folders: its 20 superclasses, or its first ten classes."""
    whole = open_dataset(real)
    for name, split, per_class in (("train", whole.train, 12), ("test", whole.test, 4)):
        for label in range(20 if kind == "twenty" else 10):
            labels, names = (
                (split.coarse, whole.coarse_names) if kind == "twenty" else (split.fine, whole.fine_names)
            )
            folder = root / kind / name / names[label]
            folder.mkdir(parents=True)
            for at in torch.nonzero(labels == label).flatten()[:per_class].tolist():
                pixels = split.images[at].permute(1, 2, 0).numpy()
                Image.fromarray(pixels).save(folder / f"{at:05}.png")
    return root / kind


Made = tuple[str, list[str]]  # the value of --data, and settings


@pytest.fixture(params=["photos", "digits", "digits.npz", "ten", "twenty", "cifar100-coarse"])
def made(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Made:
    kind = request.param
    if kind == "photos":
        return str(photos(tmp_path)), []
    if kind.startswith("digits"):
        return str(digits(tmp_path, as_folder=kind == "digits")), []
    real = request.getfixturevalue("real_data")
    if kind == "cifar100-coarse":
        monkeypatch.setenv("HUNDRED_DATA", str(real))
        return kind, ["--set", "data.train_per_class=12", "--set", "data.test_per_class=4"]
    return str(of_cifar100(tmp_path, real, kind)), []


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Run a command that has to succeed; its output."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    def run(*words: Any) -> str:
        with pytest.raises(SystemExit) as stop:
            main([str(word) for word in words])
        out, err = capsys.readouterr()
        assert not stop.value.code, (words, out, err)
        return out

    return run


def images_of(run: Path, data: str) -> Split:
    from hundred.experiment.build.data import open_data_of

    found: Dataset = open_data_of(Run(run), data)
    return found.test


def keras_outputs(file: Path, images: np.ndarray) -> np.ndarray:
    import keras

    return np.asarray(keras.saving.load_model(file, compile=False).predict(images, verbose=0))


def onnx_outputs(file: Path, images: np.ndarray) -> np.ndarray:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    outputs: np.ndarray = session.run(None, {session.get_inputs()[0].name: images})[0]
    return outputs


@pytest.mark.filterwarnings("ignore::DeprecationWarning:keras")  # Keras' own use of NumPy
def test_every_command(made: Made, call: Callable[..., str], tmp_path: Path) -> None:
    data, settings = made
    common = ["--data", data, *TINY, *settings, "--quiet"]
    described = json.loads(call("data", data, "--json"))
    names = {each["class"] for each in described["classes"]}
    trained = json.loads(call("train", "sprint", *common, "--epochs", 2, "--name", "a", "--json"))
    call("train", "sprint", *common, "--epochs", 2, "--seed", 1, "--name", "b", "--no-figures")
    run = tmp_path / "here" / "runs" / "a"
    accuracy = trained["test_accuracy"]

    assert json.loads(call("test", run, "--json"))["test_accuracy"] == pytest.approx(accuracy)
    before = (run / "report.html").read_text("utf-8")
    call("report", run)
    after = (run / "report.html").read_text("utf-8")
    assert before.count("data:image") == after.count("data:image") > 3
    compared = json.loads(call("compare", "runs/a", "runs/b", "--json"))
    assert {each["name"] for each in compared["contenders"]} == {"a", "b"}
    call("doctor", run)
    call("runs")
    audited = json.loads(call("audit", run, "--json", "--quiet"))
    assert audited["judged"]["test"] == described["test"] or settings

    test = images_of(run, data)
    picture = tmp_path / "one.png"
    Image.fromarray(test.images[0].permute(1, 2, 0).numpy()).save(picture)
    stored = torch.from_numpy(Run(run).predictions()["test_logits"]).softmax(1).numpy()
    (told,) = json.loads(call("predict", run, picture, "--json"))["predictions"]
    assert told["class"] in names
    assert told["probability"] == pytest.approx(float(stored[0].max()), abs=1e-5)
    raw = test.images[:20].permute(0, 2, 3, 1).float().numpy()
    for to, ask in (("keras", keras_outputs), ("onnx", onnx_outputs)):
        call("export", run, "--to", to)
        assert np.abs(ask(run / f"model.{to}", raw) - stored[:20]).max() < 1e-4

    told = call("find-lr", "sprint", *common, "--steps", 20, "--out", tmp_path / "rates.png")
    pasted = [line for line in told.splitlines() if line.startswith("hundred train")]
    assert all(shlex.split(line)[3:5] == ["--data", data] for line in pasted)
    swept = json.loads(
        call(
            *("sweep", "sprint", *common, "--epochs", 1, "--trials", 2, "--seeds", 1, "--json"),
            *("--vary", "training.learning_rate=0.02..0.2:log", "--no-figures", "--name", "s"),
        )
    )
    assert swept["winner"]
