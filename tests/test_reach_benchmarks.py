"""The scripts that measure for hours: each runs whole with tiny sizes, and goes on where it was stopped."""

import json
from pathlib import Path

import pytest

from benchmarks import peak, reach_picture, search_rows
from hundred.sweeps.journal import Trial

TINY = [
    "training.epochs=1",
    "training.batch_size=100",
    "data.train_per_class=4",
    "data.validation_per_class=2",
]


@pytest.mark.slow
def test_the_picture_of_everyone_is_drawn_and_what_is_kept_is_not_measured_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [
        "--dry",
        "--data",
        "sample",
        "--out",
        str(tmp_path / "reach"),
        "--runs",
        str(tmp_path / "runs"),
    ]
    reach_picture.main([*arguments, "--keras", "torch"])
    kept = json.loads((tmp_path / "reach.json").read_text())
    assert set(kept["curves"]) == {reach_picture.OURS, *reach_picture.rivals("torch")}
    assert [len(curve) for curve in kept["curves"].values()] == [3, 1, 1, 1]
    assert all(
        seconds > 0 and 0 <= accuracy <= 1 for curve in kept["curves"].values() for seconds, accuracy in curve
    )
    assert (tmp_path / "reach.png").stat().st_size > 10_000
    assert "| plain PyTorch, ResNet-18 |" in (tmp_path / "reach.md").read_text()
    capsys.readouterr()
    reach_picture.main([*arguments, "--keras", "torch", "--before", str(tmp_path / "reach.json")])
    assert "epoch" not in capsys.readouterr().out


@pytest.mark.slow
def test_a_search_says_how_its_ranks_agree_with_the_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sets = [
        word for setting in [*TINY, *(f"model.width{n}=8" for n in (1, 2, 3))] for word in ("--set", setting)
    ]
    arguments = [
        "--target",
        "0.64",
        "--data",
        "sample",
        "--trials",
        "4",
        "--checks",
        "3",
        "--runs",
        str(tmp_path),
    ]
    search_rows.main([*arguments, *sets])
    first = json.loads((tmp_path / "sprint-0.64-ranks.json").read_text())
    assert len(first["checks"]) == 3
    assert "rank correlation" in capsys.readouterr().out
    search_rows.main([*arguments, *sets])  # all of it is kept
    assert json.loads((tmp_path / "sprint-0.64-ranks.json").read_text()) == first


def test_checks_are_spread_over_the_ranks() -> None:
    trials = [Trial(n, {}, state="complete", val_accuracy=(n * 7 % 10) / 10) for n in range(10)]
    trials.append(Trial(10, {}, state="pruned", val_accuracy=0.99))
    chosen = [trial.val_accuracy for trial in search_rows.spread(trials, 4)]
    assert chosen == [0.9, 0.6, 0.3, 0.0]
    assert search_rows.cheap({"model.width3": 384, "training.epochs": 4})["model.width3"] == 192


def test_the_peak_of_a_processor_without_a_compiler_is_a_product_in_the_cache(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    found = peak.peaks(0.01)
    assert [name.rpartition(" ")[2] for name in found] == ["float32", "bfloat16"]
    assert all(rate > 0 for rate in found.values())


def test_ranks_agree_as_far_as_the_correlation_says() -> None:
    assert search_rows.rank_correlation([0.1, 0.2, 0.3], [0.5, 0.6, 0.9]) == pytest.approx(1.0)
    assert search_rows.rank_correlation([0.1, 0.2, 0.3], [0.9, 0.6, 0.5]) == pytest.approx(-1.0)
    assert search_rows.rank_correlation([0.1, 0.1], [0.5, 0.6]) is None
