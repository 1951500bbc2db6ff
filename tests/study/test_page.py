"""The page of a study, read as HTML."""

import json
from pathlib import Path

import pandas as pd
import pytest

from hundred.reports.figures.published_curves import draw_published_curves
from hundred.study.published import SCHOOL, published_histories
from hundred.study.result import Study, open_study
from tests.making.study_runs import write_run, write_study


def test_the_page_is_self_contained_and_has_all_parts(study: Study) -> None:
    page = study.write().read_text(encoding="utf-8")
    assert "<script" not in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert page.count("<svg") == 4
    for text in (
        "intermediate †",
        "35–37%",
        "out of memory",
        "resnet50",
        "seal",
        "training.batch_size=256",
        "What the doctor says of each",
    ):
        assert text in page
    assert page.count("<li>") == 6
    assert "sample set" not in page
    saved = pd.read_csv(study.csv)
    assert list(saved["recipe"]) == list(study.table["recipe"])
    assert saved["test_accuracy"].tolist() == study.table["test_accuracy"].tolist()


def test_published_curves_are_drawn_under_measured_ones_and_energy_only_where_measured(study: Study) -> None:
    histories = published_histories()
    assert len(histories) == 12
    assert len(histories[SCHOOL]) == 46
    assert histories[SCHOOL]["val_accuracy"].max() == pytest.approx(0.5761)
    figure = draw_published_curves({"school": study.runs["school"][0].history}, histories, highlight=SCHOOL)
    validation, training, rate = figure.axes
    assert len(validation.lines) == len(training.lines) == len(rate.lines) == 13
    assert "<th>energy</th>" not in study.write().read_text(encoding="utf-8")
    for run in study.runs["school"]:
        result = {**run.result, "energy_joules": 7200.0}
        (run.path / "result.json").write_text(json.dumps(result))
    again = open_study(study.path)
    assert "2 Wh" in again.write().read_text(encoding="utf-8")


def test_pairs_that_were_cut_short_are_not_compared(tmp_path: Path) -> None:
    write_run(tmp_path, "school", 0, 0.5, cuts=1)
    write_run(tmp_path, "school-revisited", 0, 0.3, epochs=20)
    page = write_study(tmp_path).write().read_text(encoding="utf-8")
    assert "no lesson is judged from them" in page
    assert "Classes: school-revisited against school" not in page
