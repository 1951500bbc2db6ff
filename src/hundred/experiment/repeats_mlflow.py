"""The MLflow run around repeats: announced before the first, ended with their summary after the last."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from hundred.errors import HundredError
from hundred.experiment.repeats_folder import REPEATS
from hundred.experiment.run.context import RunOptions
from hundred.recipe.load import leaves
from hundred.recipe.schema import Recipe
from hundred.runs.progress.plain import progress_listener
from hundred.runs.result import read_object
from hundred.training.events import Warned, tell


@contextmanager
def nested(folder: Path, recipe: Recipe, call: RunOptions) -> Iterator[RunOptions]:
    """Yield the call whose runs in `folder` are sent to MLflow as nested ones, by one child process.

    Where the recipe wants no MLflow, or there is trouble with it (one warning), runs go on without.
    """
    if not recipe.tracking.mlflow:
        yield call
        return
    from hundred.runs.trackers.mlflow.listener import MlflowProcess
    from hundred.runs.trackers.mlflow.sync import finish_parent, start_parent

    try:
        parent = start_parent(
            folder,
            experiment=recipe.tracking.experiment,
            parameters={key: value for key, value in leaves(recipe).items() if key != "seed"},
            tags={"recipe": recipe.name},
        )
    except HundredError as error:
        _warn(call, f"{error}. The repeats are not nested there, and each is sent when it can be")
        yield call
        return
    mirror, status = MlflowProcess(), "FAILED"
    try:
        yield replace(call, mirror=mirror, parent_run_id=parent)
        status = "FINISHED"
    except KeyboardInterrupt:
        status = "KILLED"
        raise
    finally:
        mirror.close()
        try:
            finish_parent(folder, metrics=_metrics(folder), artifacts=[folder / REPEATS], status=status)
        except HundredError as error:
            _warn(call, str(error))


def _metrics(folder: Path) -> dict[str, float]:
    """Mean and spread of each figure, as MLflow shows them: `test_accuracy`, `test_accuracy_sd`."""
    if not (folder / REPEATS).is_file():
        return {}
    metrics = {}
    for name, figure in read_object(folder / REPEATS).items():
        if isinstance(figure, dict):
            metrics[name] = figure["mean"]
            if figure["sd"] is not None:
                metrics[f"{name}_sd"] = figure["sd"]
    return metrics


def _warn(call: RunOptions, message: str) -> None:
    display = progress_listener(quiet=call.quiet)
    tell([display], Warned(message))
    display.close()
