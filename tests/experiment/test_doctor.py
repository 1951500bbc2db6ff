"""The doctor beside a run: its findings and acts are events, survive a resume, and stand on the page."""

from pathlib import Path
from typing import Any

import pytest

import hundred
from hundred.errors import UsageError
from hundred.evaluation.doctor import live
from hundred.evaluation.doctor.diagnosis import Diagnosis
from hundred.evaluation.doctor.findings import Finding
from hundred.evaluation.doctor.history import History
from hundred.experiment.report.page import doctor_findings
from hundred.recipe.load import load_recipe
from hundred.runs.run import Run
from tests.making.killing import KillAt, Killed

from .conftest import Train, file_weights, rows

ACTING = {
    "doctor.act": ["cut-learning-rate", "stop"],
    "training.optimizer": "adam",
    "training.learning_rate": 0.02,
    "training.schedule": {"name": "constant", "warmup": 0.0},
}


def seen(history: History) -> Diagnosis:
    """A doctor that sees a plateau from epoch 4 on, and overfitting from epoch 6 on."""
    count = len(history)
    names = [name for name, first in (("plateau", 4), ("overfitting", 6)) if count >= first]
    advice = ("--set training.epochs=5",)
    return Diagnosis(tuple(Finding(name, 2, 0.9, f"{name} it is", {}, advice) for name in names), "so it is")


@pytest.fixture
def certain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "diagnose", seen)


def kinds(run: Run, *wanted: str) -> list[dict[str, Any]]:
    return [
        {k: v for k, v in event.items() if k != "time"} for event in run.events if event["kind"] in wanted
    ]


@pytest.mark.usefixtures("certain")
def test_findings_and_acts_are_events_and_a_resume_ends_the_same(train: Train) -> None:
    whole = train(epochs=9, set=ACTING, name="whole")
    events = kinds(whole, "finding", "learning-rate-cut", "stopped")
    assert [(event["kind"], event["epoch"]) for event in events] == [
        ("finding", 5), ("learning-rate-cut", 5), ("finding", 7), ("stopped", 7)
    ]  # fmt: skip
    assert events[1]["new"] == pytest.approx(0.02 * 0.2)
    assert events[3]["reason"] == "callback"
    assert "overfitting since epoch 2" in events[3]["detail"]
    assert whole.history["learning_rate"].tolist()[4:] == pytest.approx([0.02, 0.004, 0.004], rel=1e-6)

    for epoch in (4, 5, 6):
        name = f"cut-{epoch}"
        with pytest.raises(Killed):
            train(epochs=9, set=ACTING, name=name, listeners=[KillAt("on_epoch_ended", epoch)])
        resumed = train(name=name, resume=True)
        assert rows(resumed) == rows(whole)
        assert kinds(resumed, "finding", "learning-rate-cut") == events[:3]
        assert file_weights(resumed.model_path) == file_weights(whole.model_path)


@pytest.mark.usefixtures("certain")
def test_without_permission_it_speaks_and_changes_nothing(train: Train) -> None:
    plain = train(epochs=6, name="plain")
    reported = train(epochs=6, name="reported", doctor=True)
    assert rows(reported) == rows(plain)
    assert [event["name"] for event in kinds(reported, "finding")] == ["plateau"]
    assert kinds(reported, "learning-rate-cut") == []
    assert load_recipe(reported.path / "recipe.toml").recipe.doctor.live
    assert not load_recipe(plain.path / "recipe.toml").recipe.doctor.live


def test_an_act_that_does_not_exist_is_refused_in_a_line() -> None:
    with pytest.raises(UsageError, match=r"doctor\.act"):
        load_recipe("sprint", {"doctor.act": ["cut-hair"]})


def test_the_page_of_a_run_says_doctor_findings(train: Train) -> None:
    run = train(epochs=3, name="short")
    says = doctor_findings(run)
    assert says is not None
    assert says["verdict"] == hundred.doctor(run).verdict
    page = hundred.write_report(run.path, out=Path(run.path) / "p.html", data="sample", notes=[])
    assert says["verdict"] in page.read_text(encoding="utf-8")
