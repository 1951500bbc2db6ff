"""A history from wherever one can be: a run directory, another tool's file, MLflow, Python objects."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hundred.errors import HundredError, UsageError
from hundred.evaluation.doctor.history import Context, History
from hundred.evaluation.doctor.readers.build import history_of
from hundred.evaluation.doctor.readers.json_text import table_of
from hundred.evaluation.doctor.readers.reshape import reshaped
from hundred.evaluation.doctor.readers.table import Columns, Table
from hundred.evaluation.doctor.readers.text import read_text
from hundred.evaluation.doctor.readers.tfevents import event_files_in, read_events
from hundred.files import expand_user
from hundred.runs.layout import HISTORY, RECIPE, is_run
from hundred.runs.run import Run, open_run

if TYPE_CHECKING:
    from hundred.recipe.schema import Recipe

# What other tools call the history in a folder of theirs: Lightning, Ultralytics, timm, Keras' users.
_NAMES = ("history.csv", "metrics.csv", "results.csv", "summary.csv", "training.csv", "training.log",
          "log.csv", "history.json", "trainer_state.json")  # fmt: skip
_MLFLOW = re.compile(r"(?:runs:/)?(?P<id>[0-9a-f]{32})/?")


def read_anything(what: Any, run: str | None = None) -> History:
    """The history that `what` is or leads to.

    what: a path (a run directory, a file, a folder of Lightning, Ultralytics, TensorBoard or MLflow), an
        MLflow run id, a Run, a History, a pandas data frame, a mapping of names to figures, a list of one
        mapping an epoch, or an object with such a `history` (as Keras' `fit` returns).
    run: which one, where a file holds several.

    Raises UsageError where there is nothing, HundredError where it is no history.
    """
    if isinstance(what, History):
        return what
    if isinstance(what, Run):
        return _of_run(what)
    if isinstance(what, str | Path):
        return _of_path(what, run)
    if hasattr(what, "columns") and hasattr(what, "to_dict"):
        columns = {str(name): list(cells) for name, cells in what.to_dict("list").items()}
        return _of_table(Table(columns, "a data frame"), "the data frame", run, sparse=True)
    inner = getattr(what, "history", None)
    if isinstance(inner, Mapping):
        # Keras counts the epochs of a History from 0 beside its figures.
        return history_of(table_of(inner).columns, Context(framework="keras"))
    if isinstance(what, Mapping | list | tuple):
        return _of_table(table_of(what), "the history", run)
    raise UsageError(
        f"the doctor cannot read a {type(what).__name__}: give a path, a Run, a data frame or a dict of lists"
    )


def _of_table(table: Table, source: str, run: str | None, *, sparse: bool = False) -> History:
    table = reshaped(table, source, run)
    return history_of(table.columns, source=source, sparse=sparse, table=table, run=run)


def _of_mlflow(columns: Columns, source: str) -> History:
    return history_of(columns, source=source, table=Table(columns, "an MLflow run"))


def _of_path(what: str | Path, run: str | None) -> History:
    path = expand_user(what)
    mlflow_id = _MLFLOW.fullmatch(str(what))
    if mlflow_id and not path.exists():
        from hundred.evaluation.doctor.readers.mlflow import columns_of_run

        return _of_mlflow(columns_of_run(mlflow_id["id"]), f"the MLflow run {mlflow_id['id']}")
    if path.is_dir() and not is_run(path):
        return _of_folder(path, run)
    if path.is_file():
        return _of_file(path, run)
    return _of_run(open_run(what))


def _of_file(path: Path, run: str | None) -> History:
    if path.name == HISTORY and (path.parent / RECIPE).is_file() and run is None:
        return _of_run(Run(path.parent))
    if path.suffix in (".db", ".sqlite", ".sqlite3"):
        from hundred.evaluation.doctor.readers.mlflow import columns_in_database

        return _of_mlflow(columns_in_database(path, run), str(path))
    return _of_table(read_text(path), str(path), run)


def _of_folder(path: Path, run: str | None) -> History:
    for name in _NAMES:
        if (path / name).is_file():
            return _of_table(read_text(path / name), str(path / name), run)
    from hundred.evaluation.doctor.readers import mlflow

    if (path / "metrics").is_dir() and (path / "meta.yaml").is_file():
        return _of_mlflow(mlflow.columns_in_folder(path), str(path))
    if (path / "mlflow.db").is_file():
        return _of_mlflow(mlflow.columns_in_database(path / "mlflow.db", run), str(path / "mlflow.db"))
    if events := event_files_in(path):
        return _of_table(read_events(events, path), str(path), run)
    inside = sorted(child.name for child in path.iterdir() if is_run(child))
    if inside:
        raise UsageError(
            f"{path} is a folder of {len(inside)} runs, not one of them: name one, as {path / inside[0]}"
        )
    raise UsageError(f"{path} holds no run and no history (looked for {', '.join(_NAMES)})")


def _of_run(run: Run) -> History:
    """The history of one of our runs, with what its recipe and result say of it."""
    from hundred.runs.history import COLUMNS, read_rows

    path = run.path / HISTORY
    rows: list[Mapping[str, Any]] = list(read_rows(path)) if path.exists() else []
    ended = [event for event in run.events if event["kind"] == "stopped"]
    stopped = str(ended[-1].get("reason", "")) if ended else ""
    columns: Columns = {name: [row.get(name) for row in rows] for name in COLUMNS}
    if stopped == "not-finite":
        # The epoch in which the loss stopped being finite has no row; the doctor needs to see it.
        for name, cells in columns.items():
            cells.append({"epoch": len(rows) + 1, "loss": float("nan")}.get(name))
    table = Table(columns, "a run directory")
    return history_of(columns, context_of_run(run, stopped), source=str(path), table=table)


def context_of_run(run: Run, stopped: str = "") -> Context:
    """What the recipe and environment of `run` say that matters for judging its curves."""
    from hundred.recipe.load import load_recipe

    if not (run.path / RECIPE).is_file():
        return Context(classes=100, stopped=stopped, framework="hundred", task="images")
    try:
        recipe = load_recipe(run.path / RECIPE).recipe
    except HundredError:
        return Context(
            classes=100, stopped=stopped, framework="hundred", task="images"
        )  # of a later version: the curves speak for themselves
    images = validation_images(recipe) if run.environment.get("data") == "cifar100" else None
    return context_of_recipe(recipe, images, stopped=stopped, finished=bool(stopped))


def validation_images(recipe: "Recipe") -> int | None:
    """How many images of CIFAR-100 validate under `recipe`; None where none do."""
    data = recipe.data
    if data.protocol == "test-as-validation":
        return 100 * (min(data.test_per_class, 100) or 100)
    if data.protocol == "full":
        return None
    per_class = min(data.train_per_class, 500) or 500
    return 100 * min(data.validation_per_class, max(per_class // 10, 1))


def context_of_recipe(
    recipe: "Recipe", validation_images: int | None, *, stopped: str = "", finished: bool = False
) -> Context:
    """What a recipe says that matters for judging the curves of its runs."""
    training, augment = recipe.training, recipe.augment
    return Context(
        optimizer=training.optimizer,
        classes=100,
        validation_images=validation_images,
        epochs=training.epochs,
        stopped=stopped,
        mixes_labels=bool(augment.mixup or augment.cutmix or training.label_smoothing),
        weight_decay=training.weight_decay,
        finished=finished,
        framework="hundred",
        task="images",
    )
