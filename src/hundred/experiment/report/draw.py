"""The tables, figures and page of a finished run: everything in it that can be made again from the rest."""

from collections.abc import Callable
from dataclasses import replace

from torch import nn

from hundred.data.dataset import Dataset
from hundred.errors import HundredError
from hundred.experiment.report.contents import run_report
from hundred.experiment.report.figures import draw_figures
from hundred.experiment.report.page import write_run_report
from hundred.experiment.report.tables import write_tables
from hundred.formatting import command
from hundred.recipe.schema import Recipe
from hundred.runs.layout import PREDICTIONS
from hundred.runs.run import Run

TABLES, FIGURES, PAGE = "tables", "figures", "the page"


def draw_run(
    run: Run,
    recipe: Recipe,
    dataset: Dataset,
    network: nn.Module | None = None,
    warn: Callable[[str], None] = lambda _: None,
) -> None:
    """Write tables/*.csv, figures/*.png and report.html of `run`.

    dataset: the images it was tested on. network: the trained one, or None to describe it by the recipe.
    warn: called with a sentence for each part that fails; a run is not lost over them.

    Raises HundredError where the disk refuses, and KeyboardInterrupt with what is not drawn and the command
    that draws it.
    """
    missing = [TABLES, FIGURES, PAGE]
    try:
        if (run.path / PREDICTIONS).is_file() and len(dataset.test):
            logits = run.predictions().get("test_logits")
            if logits is not None:
                write_tables(run, dataset, logits)
        missing.remove(TABLES)
        report = run_report(run, dataset, network)
        for fault in draw_figures(run, report, recipe, dataset):
            warn(f"a figure could not be drawn: {fault}")
        missing.remove(FIGURES)
        write_run_report(run, replace(report, result={**run.result, "name": run.name}))
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"the run is finished and its result kept in {run.path}; not drawn: {', '.join(missing)}\n"
            f"draw them: {command('report', run.path)}"
        ) from None
    except Exception as error:
        if isinstance(error, HundredError) and isinstance(error.__cause__, OSError):
            raise
        warn(f"the report could not be written: {error}")
