"""The figures of a run, as PNG and as SVG."""

import shutil
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

from hundred.experiment.report.figures import draw_figures
from hundred.experiment.report.page import write_report
from hundred.recipe.load import load_recipe
from hundred.reports.page.data import RunReport
from hundred.runs.run import Run
from tests.making.finished import Finished


def test_charts_are_written_as_svg_on_demand(copied: Path, finished: Finished) -> None:
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


def test_every_figure_of_a_finished_run_is_drawn_from_its_report(
    full: RunReport, finished: Finished, tmp_path: Path
) -> None:
    run = Run(tmp_path)
    recipe = load_recipe(finished.a / "recipe.toml").recipe
    assert draw_figures(run, full, recipe, finished.data) == []
    assert set(run.figures) == {
        "curves", "classes", "superclasses", "confusions", "reliability", "architecture", "layers",
        "galleries", "mistakes", "samples", "balance", "augmented",
    }  # fmt: skip


def test_a_figure_that_cannot_be_drawn_costs_no_other(full: RunReport, tmp_path: Path) -> None:
    assert full.reliability is not None
    broken = replace(full, reliability=full.reliability.drop(columns="low"))
    [fault] = draw_figures(Run(tmp_path), broken)
    assert fault.startswith("reliability (KeyError")
    assert {"curves", "confusions", "galleries"} <= set(Run(tmp_path).figures)
