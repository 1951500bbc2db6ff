"""The table of a study: means, intervals, differences to what was published."""

from pathlib import Path

import pytest

from hundred.evaluation.intervals import summarize
from hundred.study.result import Study
from hundred.study.systems import SYSTEMS
from hundred.study.table import _difference
from tests.making.study_runs import write_run, write_study


def test_the_table_has_means_intervals_and_differences_to_what_was_published(study: Study) -> None:
    table = study.table.set_index("recipe")
    assert list(table.index) == ["initial", "intermediate", "school", "school-revisited", "simple"]
    row = table.loc["school"]
    expected = summarize([run.result["test_accuracy"] for run in study.runs["school"]])
    assert (row["test_accuracy"], row["sd"], row["low"], row["runs"]) == (
        expected.mean, expected.sd, expected.low, 3,
    )  # fmt: skip
    assert row["difference"] == pytest.approx(expected.mean - 0.57)
    assert (row["interval"], table.loc["initial", "interval"]) == ("runs", "images")
    assert table.loc["initial", "difference"] == pytest.approx(0.3 - 0.35)
    assert table.loc["simple", "changed"] == "training.batch_size=256"
    assert not table.loc["school", "changed"]


@pytest.mark.parametrize(("measured", "difference"), [(0.36, 0.0), (0.4, 0.03), (0.3, -0.05)])
def test_within_a_published_range_there_is_no_difference(measured: float, difference: float) -> None:
    assert _difference(measured, SYSTEMS[0]) == pytest.approx(difference)


def test_runs_with_fewer_epochs_are_marked_cut_short_and_early_stops_are_not(study: Study) -> None:
    cut = study.table.set_index("recipe")["cut_short"]
    assert dict(cut) == {
        "initial": False,
        "intermediate": True,
        "school": False,
        "school-revisited": False,
        "simple": False,
    }


def test_under_the_study_s_protocol_the_best_epoch_is_what_is_compared(tmp_path: Path) -> None:
    path = write_run(tmp_path, "school", 0, 0.5, protocol="test-as-validation")
    lines = (path / "history.csv").read_text().splitlines()
    best = lines[5].split(",")
    best[3] = "0.61"
    (path / "history.csv").write_text("\n".join([*lines[:5], ",".join(best), *lines[6:]]) + "\n")
    table = write_study(tmp_path, protocol="test-as-validation").table
    assert table.loc[0, "measured"] == 0.61
    assert table.loc[0, "difference"] == pytest.approx(0.04)
