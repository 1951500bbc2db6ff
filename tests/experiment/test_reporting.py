"""Report pages from run directories: the figures of result.json, what differs, and what is missing said."""

import html
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.figure import Figure
from torch import nn

import hundred
from hundred.errors import HundredError, UsageError
from hundred.evaluation.metrics import evaluate
from hundred.experiment.report import figures
from hundred.experiment.report.contents import every_setting, in_toml, run_report
from hundred.experiment.report.page import write_report, write_run_report
from hundred.files import write_text
from hundred.models.registry import options
from hundred.recipe.load import load_recipe
from hundred.recipe.write import to_toml
from hundred.reports.milestones import Milestones
from hundred.reports.page.data import RunReport
from hundred.runs.run import Run
from tests.making.finished import Finished


@pytest.fixture(scope="session")
def full(finished: Finished) -> RunReport:
    """The report of run `a` with its images."""
    from hundred.data.subset import subset_per_class

    return run_report(Run(finished.a), subset_per_class(finished.data, 4, 2))


@pytest.fixture
def copied(finished: Finished, tmp_path: Path) -> Path:
    """A copy of run `a`, to be changed."""
    shutil.copytree(finished.a, tmp_path / "copied")
    return tmp_path / "copied"


def with_recipe(run: Path, recipe: str, **values: Any) -> Run:
    """`run` as if it had followed the built-in recipe with `values`."""
    write_text(run / "recipe.toml", to_toml(load_recipe(recipe, values).recipe))
    return Run(run)


def embedded(page: Path) -> list[dict[str, Any]]:
    """The results that the page carries for scripts."""
    pattern = r'<script type="application/json" class="result"[^>]*>(.*?)</script>'
    return [json.loads(text) for text in re.findall(pattern, page.read_text(), re.DOTALL)]


def test_the_page_lies_in_the_run_directory_with_the_figures_of_its_result(copied: Path) -> None:
    page = write_run_report(Run(copied))
    assert page == copied / "report.html"
    [shown] = embedded(page)
    for key, value in Run(copied).result.items():
        assert key == "name" or shown[key] == value
    assert f"{Run(copied).result['test_accuracy']:.2%}" in page.read_text()


def test_every_part_of_a_finished_run_is_there(full: RunReport, finished: Finished) -> None:
    run = Run(finished.a)
    arrays = run.predictions()
    metrics = evaluate(arrays["test_logits"], arrays["test_labels"], finished.data.fine_to_coarse)
    assert full.accuracy_interval == metrics.accuracy_interval
    assert full.classes is not None
    assert 1 - full.classes["error"].mean() == pytest.approx(run.result["test_accuracy"])
    assert full.confusion is not None
    assert full.confusion.matrix.sum() == len(arrays["test_labels"])
    assert full.layers is not None
    assert sum(row.parameters for row in full.layers) == run.result["parameters"]
    assert full.environment == run.environment
    assert full.repeat[0].endswith("recipe.toml --data sample")
    assert len(full.worst) == len(full.best) == 5
    assert {len(gallery.shots) for gallery in full.galleries} == {24}


def test_galleries_show_the_images_that_the_table_speaks_of(full: RunReport, finished: Finished) -> None:
    arrays = Run(finished.a).predictions()
    wrong = arrays["test_logits"].argmax(1) != arrays["test_labels"]
    mistakes = full.galleries[0]
    assert mistakes.title == "Most confident mistakes"
    for shot in mistakes.shots:
        assert shot.index is not None
        assert wrong[shot.index]
        assert shot.true == finished.data.fine_names[arrays["test_labels"][shot.index]]
    assert full.label_errors is not None
    for shot in full.label_errors.shots:
        assert shot.predicted != shot.true


def test_without_images_there_are_tables_but_no_galleries(finished: Finished) -> None:
    bare = run_report(Run(finished.a))
    assert bare.classes is not None
    assert set(bare.classes["class"]) == set(finished.data.fine_names)
    assert not bare.galleries
    assert not bare.worst
    assert bare.label_errors is None


def test_a_changed_setting_is_shown_against_the_recipe_as_it_ships(full: RunReport) -> None:
    assert full.parent == "sprint as it ships"
    assert full.changes is not None
    changes = {change.key: (change.value, change.parent_value) for change in full.changes}
    assert changes["training.epochs"] == ("1", str(load_recipe("sprint").recipe.training.epochs))
    assert changes["model.width1"] == ("8", str(options("sprint")["width1"]))
    assert "seed" not in changes
    assert not [key for key in changes if key.startswith("cuda")]


def test_an_unchanged_recipe_is_shown_against_its_parent(copied: Path) -> None:
    report = run_report(with_recipe(copied, "school-revisited"))
    parents = load_recipe("school-revisited").parents
    assert parents
    assert report.parent == parents[0]
    assert report.changes
    assert not {"name", "summary"} & {change.key for change in report.changes}


def test_a_recipe_of_ones_own_is_shown_against_the_one_it_extends(copied: Path) -> None:
    own = load_recipe({"extends": "school", "name": "mine", "training": {"epochs": 7}}).recipe
    write_text(copied / "recipe.toml", to_toml(own))
    report = run_report(Run(copied))
    assert report.parent == "school"
    assert [(change.key, change.value) for change in report.changes or ()] == [("training.epochs", "7")]
    write_text(copied / "recipe.toml", to_toml(own.model_copy(update={"based_on": "gone.toml"})))
    assert run_report(Run(copied)).parent is None


def test_a_recipe_of_ones_own_has_no_parent(copied: Path) -> None:
    run = with_recipe(copied, "sprint", name="mine")
    assert run_report(run).parent is None


def test_marks_come_from_the_events_and_a_smooth_schedule_has_no_cuts(copied: Path) -> None:
    rows = "\n".join(f"{epoch},0.1,4.0,0.1,4.0,{rate},1.0,100.0" for epoch, rate in ((1, 0.1), (2, 0.01)))
    header = (copied / "history.csv").read_text().splitlines()[0]
    write_text(copied / "history.csv", f"{header}\n{rows}\n")
    marks = run_report(Run(copied)).marks
    assert marks is not None
    assert marks.cuts == ()
    assert (marks.stop_epoch, marks.stop_reason) == (2, "epochs")
    event = {"kind": "learning-rate-cut", "epoch": 1, "old": 0.1, "new": 0.01, "reason": "", "time": "x"}
    with (copied / "events.jsonl").open("a") as file:
        file.write(json.dumps(event) + "\n")
    marks = run_report(Run(copied)).marks
    assert marks is not None
    assert marks.cuts == (1,)


def test_pictures_mark_no_cuts_on_a_short_linear_schedule(
    copied: Path, finished: Finished, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = "\n".join(f"{epoch},0.1,4.0,0.1,4.0,{rate},1.0,100.0" for epoch, rate in ((1, 0.1), (2, 0.01)))
    header = (copied / "history.csv").read_text().splitlines()[0]
    write_text(copied / "history.csv", f"{header}\n{rows}\n")
    seen: list[Milestones] = []
    monkeypatch.setattr(figures, "draw_curves", lambda _history, marks, **_: seen.append(marks) or Figure())
    recipe = load_recipe(copied / "recipe.toml").recipe
    assert figures.draw_figures(Run(copied), recipe, finished.data, nn.Flatten(), None) == []
    assert [marks.cuts for marks in seen] == [()]


def test_drawn_pictures_are_written_as_svg_on_demand(copied: Path, finished: Finished) -> None:
    write_report(copied, data=finished.data, svg=True)
    names = {"curves", "classes", "superclasses", "confusions", "reliability", "architecture", "layers"}
    written = {path.stem: path for path in (copied / "figures").glob("*.svg")}
    assert set(written) == names
    for path in written.values():
        assert ElementTree.parse(path).getroot().tag.endswith("svg")
    (copied / "predictions.npz").unlink()
    shutil.rmtree(copied / "figures")
    write_report(copied, data=finished.data, svg=True)
    assert {path.stem for path in (copied / "figures").iterdir()} == {"curves", "architecture", "layers"}


def test_a_run_under_way_has_a_page_of_its_curves(copied: Path) -> None:
    for name in ("result.json", "predictions.npz", "model.h5"):
        (copied / name).unlink()
    page = write_run_report(Run(copied))
    assert embedded(page)[0]["name"] == "copied"
    report = run_report(Run(copied))
    assert report.history is not None
    assert report.classes is None


def test_a_run_whose_logits_are_not_finite_keeps_the_rest_of_its_page(copied: Path) -> None:
    arrays = Run(copied).predictions()
    arrays["test_logits"] = np.full_like(arrays["test_logits"], np.nan)
    np.savez(copied / "predictions.npz", **arrays)
    report = run_report(Run(copied))
    assert report.classes is None
    assert report.layers


def test_a_network_of_ones_own_is_drawn_from_its_file_and_its_code_is_not_run(copied: Path) -> None:
    run = with_recipe(copied, "sprint", **{"model.name": "no_such_module:build"})
    layers = run_report(run).layers
    assert layers is not None
    assert sum(row.parameters for row in layers) == run.result["parameters"]


def test_findings_of_a_doctor_reach_the_page(finished: Finished, tmp_path: Path) -> None:
    page = write_report(
        finished.a,
        out=tmp_path / "p.html",
        data=finished.data,
        doctor=lambda run: {"verdict": f"{run.name} is well"},
    )
    assert "a is well" in page.read_text()


def test_runs_side_by_side_are_compared_and_their_settings_told_apart(
    finished: Finished, tmp_path: Path
) -> None:
    notes: list[str] = []
    page = write_report(finished.a, finished.b, out=tmp_path / "both.html", data=finished.data, notes=notes)
    text = page.read_text()
    assert notes == []
    assert [shown["name"] for shown in embedded(page)] == ["a", "b"]
    assert hundred.compare(finished.a, finished.b).verdict in html.unescape(text)
    settings = text[text.index('id="settings-table"') :].partition("</table>")[0]
    told = re.sub(r"<[^>]*>", " ", settings.partition("<tbody>")[2]).split()
    assert told == ["seed", "0", "1"]


def test_a_setting_that_an_older_run_does_not_name_has_its_default_beside_the_newer_one(
    finished: Finished, tmp_path: Path
) -> None:
    for name, clip in (("a", "gradient_clip = 2.5\n"), ("b", "")):
        shutil.copytree(getattr(finished, name), tmp_path / name)
        text = (tmp_path / name / "recipe.toml").read_text()
        assert "gradient_clip = 0.0\n" in text
        write_text(tmp_path / name / "recipe.toml", text.replace("gradient_clip = 0.0\n", clip))

    def told() -> str:
        text = write_report(tmp_path / "a", tmp_path / "b", out=tmp_path / "p.html", data=finished.data)
        table = text.read_text().partition('id="settings-table"')[2].partition("</table>")[0]
        return " ".join(re.sub(r"<[^>]*>", " ", table).split())

    assert "training.gradient_clip 2.5 0.0 " in f"{told()} "
    (tmp_path / "b" / "recipe.toml").unlink()
    assert "training.gradient_clip 2.5 not set" in told()


def test_options_of_a_network_that_a_recipe_leaves_out_have_their_defaults() -> None:
    given = load_recipe({"model": {"name": "resnet18"}}).recipe
    assert every_setting(given)["model.width"] == "64"
    own = load_recipe({"model": {"name": "no.such.module:network", "size": 3}}).recipe
    assert [key for key in every_setting(own) if key.startswith("model.")] == [
        "model.name",
        "model.weights",
        "model.size",
    ]


def test_repeats_are_shown_run_by_run_in_their_folder(finished: Finished, tmp_path: Path) -> None:
    shutil.copytree(finished.pair, tmp_path / "pair")
    page = write_report(tmp_path / "pair", data=finished.data)
    assert page == tmp_path / "pair" / "report.html"
    assert [shown["name"] for shown in embedded(page)] == ["pair/seed-0", "pair/seed-1"]


def test_several_runs_share_a_page_in_the_folder_of_the_first(finished: Finished, tmp_path: Path) -> None:
    for name in ("a", "b"):
        shutil.copytree(finished.runs / name, tmp_path / name)
    assert write_report(tmp_path / "a", tmp_path / "b", data=finished.data) == tmp_path / "report.html"


def test_other_images_than_the_runs_are_not_shown_and_it_is_said(finished: Finished, tmp_path: Path) -> None:
    notes: list[str] = []
    other = replace(finished.data, digest="another")
    write_report(finished.a, out=tmp_path / "p.html", data=other, notes=notes)
    assert len(notes) == 1
    assert "a was tested on other images" in notes[0]


def test_absent_images_are_not_downloaded_and_it_is_said_once(
    finished: Finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b"):
        shutil.copytree(finished.runs / name, tmp_path / name)
        text = (tmp_path / name / "environment.json").read_text().replace('"sample"', '"cifar100"')
        (tmp_path / name / "environment.json").write_text(text)

    def nothing(where: object = None, *, download: bool = True, **options: object) -> None:
        assert not download
        raise HundredError("nothing here")

    monkeypatch.setattr("hundred.data.open.open_dataset", nothing, raising=False)
    notes: list[str] = []
    write_report(tmp_path / "a", tmp_path / "b", out=tmp_path / "p.html", notes=notes)
    assert [note.partition(",")[0] for note in notes] == ["the images are not on this machine"]


def test_a_page_is_no_other_kind_of_file_and_made_of_runs(finished: Finished, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"name ends in \.html"):
        write_report(finished.a, out=tmp_path / "photo.png")
    with pytest.raises(UsageError, match="is a model file: a report is made of a run"):
        write_report(finished.a / "model.h5")
    with pytest.raises(UsageError, match="at least one run"):
        write_report()


def test_recipe_values_are_told_as_toml_has_them() -> None:
    values = {"name": "x", "training.learning_rate": 1e-3, "augment.flip": True}
    values |= {"augment.range": [0.5, 1.0], "augment.pairs": [[1, 2], [3, 4]]}
    assert in_toml(values) == {
        "name": '"x"',
        "training.learning_rate": "0.001",
        "augment.flip": "true",
        "augment.range": "[0.5, 1.0]",
        "augment.pairs": "[[1, 2], [3, 4]]",
    }
