"""An audit: planted copies and planted wrong labels are found, in both splits, and written down."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import hundred
from hundred.data.dataset import Dataset, Split
from hundred.errors import HundredError, UsageError
from hundred.experiment.cross_validation import average_logits, fold_indices, hold_out
from hundred.files import write_json
from hundred.recipe.load import load_recipe
from hundred.recipe.write import to_toml
from hundred.runs.environment import write_environment


def noise(n: int, seed: int) -> Split:
    """Pictures of noise, of which no two are alike; labels 0 to 99 in turn."""
    draws = torch.Generator().manual_seed(seed)
    images = torch.randint(0, 256, (n, 3, 32, 32), generator=draws, dtype=torch.uint8)
    fine = torch.arange(n) % 100
    return Split(images, fine, fine % 20)


@pytest.fixture(scope="module")
def data() -> Dataset:
    """400 training and 200 test images; test 7 stands among the training images as 30 and, darker, as 31,
    and test 90, mirrored, as 60."""
    train, test = noise(400, 0), noise(200, 1)
    train.images[30] = test.images[7]
    train.images[31] = (test.images[7].float() * 0.8).to(torch.uint8)
    test.images[50] = test.images[49]
    train.images[60] = test.images[90].flip(2)
    names = tuple(f"class_{n}" for n in range(100))
    coarse = tuple(f"superclass_{n}" for n in range(20))
    return Dataset("cifar100", train, test, names, coarse, torch.arange(100) % 20, "d" * 64, "here")


def logits_of(labels: np.ndarray, wrong: dict[int, int]) -> np.ndarray:
    """Sure of each label, but for `wrong`: image to the class that is seen there."""
    logits = np.random.default_rng(0).normal(size=(len(labels), 100)).astype(np.float32)
    logits[np.arange(len(labels)), labels] += 9.0
    for image, label in wrong.items():
        logits[image, labels[image]] -= 9.0
        logits[image, label] += 20.0
    return logits


@pytest.fixture
def run(data: Dataset, tmp_path: Path) -> Path:
    """A finished run on `data`: it doubts test images 12 and 113, and training image 205, held out."""
    path = tmp_path / "runs" / "a"
    path.mkdir(parents=True)
    (path / "recipe.toml").write_text(to_toml(load_recipe("sprint").recipe), encoding="utf-8")
    write_json(path / "result.json", {"name": "a", "test_accuracy": 0.99, "data": "cifar100"})
    write_environment(path, device="cpu", seed=0, data_name="cifar100", data_digest=data.digest)
    labels, held = data.test.fine.numpy(), np.arange(200, 400)
    np.savez(
        path / "predictions.npz",
        test_logits=logits_of(labels, {12: 40, 113: 41}),
        test_labels=labels,
        val_logits=logits_of(held % 100, {5: 77}),
        val_labels=held % 100,
        val_indices=held,
    )
    return path


def test_copies_are_found_without_a_run_and_labels_are_said_to_be_unjudged(data: Dataset) -> None:
    found = hundred.audit(data=data, quiet=True)
    pairs = found.duplicates[["first_split", "first", "second_split", "second"]].to_numpy().tolist()
    assert sorted(map(tuple, pairs)) == [
        ("test", 7, "train", 30),
        ("test", 7, "train", 31),
        ("test", 49, "test", 50),
        ("test", 90, "train", 60),
        ("train", 30, "train", 31),
    ]
    assert found.duplicates.loc[found.duplicates["mirrored"], "first"].tolist() == [90]
    assert found.duplicates["distance"].is_monotonic_increasing
    assert found.counts == {
        "suspected_test": 0,
        "suspected_train": 0,
        "pairs_within_test": 1,
        "pairs_within_train": 1,
        "pairs_across": 3,
        "test_images_in_train": 2,
        "pairs_exact": 2,
        "pairs_mirrored": 1,
        "pairs_labelled_differently": 5,
    }
    assert found.judged == {}
    assert any("--folds 5" in note for note in found.notes)
    assert list(found.labels.columns[:3]) == ["split", "index", "given"]


def test_labels_are_doubted_in_test_and_held_out_training_images(run: Path, data: Dataset) -> None:
    found = hundred.audit(run, data=data, quiet=True)
    doubted = found.labels[["split", "index", "given_name", "suggested_name"]].to_numpy().tolist()
    assert sorted(doubted) == [
        ["test", 12, "class 12", "class 40"],
        ["test", 113, "class 13", "class 41"],
        ["train", 205, "class 5", "class 77"],
    ]
    assert dict(found.judged) == {"test": 200, "train": 200}
    assert found.accuracy == {"test": 0.99, "train": 0.995}


def test_tables_and_pictures_are_written_and_say_the_same(run: Path, data: Dataset, tmp_path: Path) -> None:
    found = hundred.audit(run, data=data, quiet=True, out=tmp_path / "out")
    assert {path.name for path in found.files} == {
        "labels.csv",
        "duplicates.csv",
        "audit.json",
        "labels-test.png",
        "labels-train.png",
        "duplicates.png",
        "duplicates-labelled-differently.png",
    }
    assert all(path.stat().st_size for path in found.files)
    table = pd.read_csv(tmp_path / "out" / "duplicates.csv")
    pd.testing.assert_frame_equal(table, found.duplicates, check_dtype=False)
    assert json.loads((tmp_path / "out" / "audit.json").read_text())["counts"] == found.counts
    json.dumps(found.as_dict())


def test_other_images_and_wrong_calls_are_refused(run: Path, data: Dataset, tmp_path: Path) -> None:
    with pytest.raises(HundredError, match="other images than those of here"):
        hundred.audit(run, data=replace(data, digest="e" * 64))
    with pytest.raises(UsageError, match="give one of them"):
        hundred.audit(run, data=data, folds=5)
    with pytest.raises(UsageError, match="--near 2"):
        hundred.audit(data=data, near=2)
    with pytest.raises(UsageError, match="--folds 9: a class has only 4"):
        hundred.audit(data=data, folds=9, out=tmp_path)
    file = tmp_path / "model.h5"
    file.write_bytes(b"x")
    with pytest.raises(HundredError, match="neither HDF5"):
        hundred.audit(file, data=data)


def test_folds_hold_every_image_out_once_with_each_class_in_equal_parts() -> None:
    fine = torch.arange(1000) % 100
    folds = list(fold_indices(fine, 5))
    assert torch.cat(folds).sort().values.tolist() == list(range(1000))
    for held in folds:
        assert torch.bincount(fine[held]).tolist() == [2] * 100


def test_a_part_without_its_fold_is_tested_on_it_first(data: Dataset) -> None:
    held = torch.tensor([3, 8, 399])
    part = hold_out(data, held)
    assert len(part.train) == 397
    assert torch.equal(part.test.images, torch.cat([data.train.images[held], data.test.images]))
    assert part.digest not in (data.digest, hold_out(data, torch.tensor([3, 8])).digest)


def test_averaging_is_of_probabilities() -> None:
    one, other = np.log([[0.9, 0.1]], dtype=np.float32), np.log([[0.2, 0.8]], dtype=np.float32)
    assert np.exp(average_logits([one, other])) == pytest.approx(np.array([[0.55, 0.45]]))


def test_folds_judge_every_training_image_and_are_gone_on_with(small_data: Dataset, tmp_path: Path) -> None:
    small: dict[str, Any] = {
        **{f"model.width{place}": 8 for place in (1, 2, 3)},
        "training.batch_size": 100,
        "training.epochs": 1,
        "training.precision": "float32",
    }
    options: dict[str, Any] = {"data": small_data, "folds": 2, "set": small, "out": tmp_path, "quiet": True}
    found = hundred.audit(**options)
    assert dict(found.judged) == {"test": 200, "train": 400}
    trained = (tmp_path / "folds" / "fold-2" / "model.h5").stat().st_mtime_ns
    assert hundred.audit(**options).labels.equals(found.labels)
    assert (tmp_path / "folds" / "fold-2" / "model.h5").stat().st_mtime_ns == trained
    with pytest.raises(UsageError, match=r"fold-1 has ended: more epochs would train at its last rate"):
        hundred.audit(**{**options, "set": {**small, "training.epochs": 2}})


def test_the_command_prints_what_was_found_and_leaves_it_in_the_run(
    finished: Any, sample_at_once: None, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from hundred.cli.main import main

    with pytest.raises(SystemExit) as stop:
        main(["audit", str(finished.a), "--data", "sample", "--out", str(tmp_path / "out"), "--json"])
    out, err = capsys.readouterr()
    assert stop.value.code == 0
    content = json.loads(out)
    assert content["judged"]["test"] == 200
    assert content["files"][0] == str(tmp_path / "out" / "labels.csv")
    lines = [line for line in err.splitlines() if line.startswith("comparing images")]
    assert lines, "it says how far it is"
    assert lines[-1].endswith("pairs (100%), 0 s left")
