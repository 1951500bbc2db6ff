"""The parts of a run's report page, each from the run directory; what cannot be computed is left out."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import tomli_w
import torch

from hundred.data.dataset import Dataset
from hundred.data.names import COARSE_NAMES, FINE_NAMES, FINE_TO_COARSE
from hundred.errors import HundredError
from hundred.evaluation.class_tables import class_table, superclass_table
from hundred.evaluation.confusion import confusion_matrix
from hundred.evaluation.images import confident_mistakes, easiest_images, hardest_images, image_table
from hundred.evaluation.labels import suspected_label_errors
from hundred.evaluation.metrics import evaluate
from hundred.experiment.locate import sample_names
from hundred.experiment.report.milestones import moments
from hundred.interchange.read.load import load
from hundred.models.registry import build, names, options
from hundred.models.summary import summarize
from hundred.recipe.load import builtin_names, for_device, leaves, load_recipe
from hundred.recipe.schema import ModelSection, Recipe
from hundred.reports.figures.mosaic import Shot
from hundred.reports.figures.samples import ClassGallery
from hundred.reports.page.data import Change, Confusion, Gallery, RunReport
from hundred.runs.layout import PREDICTIONS, RECIPE
from hundred.runs.run import Run

if TYPE_CHECKING:
    from hundred.models.summary import LayerRow

GALLERY_CLASSES = 5
GALLERY_IMAGES = 8
SINGLE_IMAGES = 24
# Keys of a recipe that say nothing of what was trained (no run has growth left in it), or are each run's own.
ABOUT = ("name", "summary", "based_on", "seed", "growth")


def run_report(run: Run, dataset: Dataset | None = None) -> RunReport:
    """Everything a page shows of `run`. dataset: the images it was tested on; without it, no galleries.

    Raises HundredError where result.json, history.csv or recipe.toml is damaged.
    """
    result = {**run.result, "name": run.name}
    recipe = load_recipe(run.path / RECIPE).recipe if (run.path / RECIPE).is_file() else None
    parent, changes = _parent(recipe, str(result.get("device", "cpu")).partition(":")[0])
    history = run.history
    return RunReport(
        result=result,
        history=history if len(history) else None,
        marks=moments(run, history, recipe) if len(history) else None,
        recipe_text=run.recipe_text if recipe is not None else None,
        parent=parent,
        changes=changes,
        layers=_layers(run, recipe),
        environment=run.environment or None,
        repeat=_repeat(run),
        **_judged(run, result, dataset),
    )


def every_setting(recipe: Recipe) -> dict[str, str]:
    """Every value of `recipe` by its dotted key, as TOML has it; what its file leaves out has its default.

    So has what a run of an earlier version could not say yet. Callbacks that are off have no values.
    """
    model = recipe.model
    # A person's own code is not run for a report, so the options of their network stay as written.
    defaults = options(model.name) if ":" not in model.name and model.name in names() else {}
    filled = ModelSection.model_validate({**defaults, **model.model_dump()})
    return in_toml(leaves(recipe.model_copy(update={"model": filled})))


def in_toml(values: Mapping[str, Any]) -> dict[str, str]:
    """Values as TOML has them, each in one line: `training.epochs` is `60`."""
    return {key: _in_one_line(value) for key, value in values.items()}


def _in_one_line(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_in_one_line, value))}]"
    return tomli_w.dumps({"x": value}).strip().removeprefix("x = ")


def _parent(recipe: Recipe | None, device: str) -> tuple[str | None, list[Change] | None]:
    """The built-in recipe of the same name, or, where nothing differs from that, the recipe that this one was
    based on, as they hold on a kind of `device`; and what differs."""
    if recipe is None:
        return None, None
    own = every_setting(recipe)
    if recipe.name in builtin_names():
        shipped = every_setting(for_device(load_recipe(recipe.name), device).recipe)
        changes = _changes(own, shipped)
        if changes or not recipe.based_on:
            return f"{recipe.name} as it ships", changes
    if not recipe.based_on:
        return None, None
    try:
        parent = for_device(load_recipe(recipe.based_on), device).recipe
    except HundredError:  # a file that has been moved or changed since
        return None, None
    return recipe.based_on, _changes(own, every_setting(parent))


def _changes(own: Mapping[str, str], parent: Mapping[str, str]) -> list[Change]:
    keys = [key for key in dict.fromkeys([*own, *parent]) if key not in ABOUT]
    return [Change(key, own.get(key), parent.get(key)) for key in keys if own.get(key) != parent.get(key)]


def _layers(run: Run, recipe: Recipe | None) -> "list[LayerRow] | None":
    """The layers of the network: built anew without memory, or else of the saved model."""
    model = recipe.model if recipe is not None else None
    try:
        if model is not None and ":" not in model.name:
            # On the meta device a network has shapes and no memory.
            with torch.device("meta"):
                return summarize(build(model.name, classes=len(FINE_NAMES), **model.options))
        # A person's own code is not run for a report: its layers stand in the saved file.
        network = getattr(load(run.model_path), "network", None) if run.model_path.is_file() else None
        return summarize(network) if network is not None else None
    except Exception:  # whatever a network does on the meta device, the page is good without its diagram
        return None


def _repeat(run: Run) -> list[str]:
    """Commands that train the same again and test what was trained."""
    data = " --data sample" if run.environment.get("data") == "sample" else ""
    again = f"hundred train {shlex.quote(str(run.path / RECIPE))}{data}"
    return [again, f"hundred test {shlex.quote(str(run.path))}"] if (run.path / RECIPE).is_file() else []


@dataclass(frozen=True)
class _Tested:
    """Test logits float32 [n, classes], labels int64 [n], and names by class number."""

    logits: Any
    labels: Any
    fine: Sequence[str]
    coarse: Sequence[str]
    to_coarse: Any


def _judged(run: Run, result: Mapping[str, Any], dataset: Dataset | None) -> dict[str, Any]:
    """The parts that follow from predictions.npz; none where a run has not finished, or has diverged."""
    tested = _tested(run, result, dataset)
    if tested is None:
        return {}
    try:
        metrics = evaluate(tested.logits, tested.labels, tested.to_coarse)
    except HundredError:
        return {}
    names = (tested.fine, tested.coarse, tested.to_coarse)
    classes = class_table(tested.logits, tested.labels, *names)
    parts: dict[str, Any] = {
        "accuracy_interval": metrics.accuracy_interval,
        "classes": classes,
        "superclasses": superclass_table(classes),
        "confusion": Confusion(confusion_matrix(tested.logits, tested.labels), *names),
        "reliability": metrics.reliability,
    }
    if dataset is not None and len(dataset.test) == len(tested.labels):
        parts |= _galleries(tested, classes, dataset.test.images)
    return parts


def _tested(run: Run, result: Mapping[str, Any], dataset: Dataset | None) -> _Tested | None:
    if not (run.path / PREDICTIONS).is_file():
        return None
    arrays = run.predictions()
    if result.get("val_accuracy") is not None and result.get("test_accuracy") is None:
        return None  # trained without a test
    if not {"test_logits", "test_labels"} <= set(arrays):
        raise HundredError(f"{run.path / PREDICTIONS} is damaged: it has no test_logits and test_labels")
    fine, coarse, to_coarse = (
        (dataset.fine_names, dataset.coarse_names, dataset.fine_to_coarse.numpy())
        if dataset is not None
        else sample_names()
        if result.get("data", run.environment.get("data")) == "sample"
        else (FINE_NAMES, COARSE_NAMES, FINE_TO_COARSE)
    )
    return _Tested(arrays["test_logits"], arrays["test_labels"], fine, coarse, np.asarray(to_coarse))


def _galleries(tested: _Tested, classes: pd.DataFrame, images: Any) -> dict[str, Any]:
    """Worst and best classes, single images, and images whose label is doubted."""
    logits, labels, fine = tested.logits, tested.labels, tested.fine
    table = image_table(logits, labels, fine)
    ranked = classes.dropna(subset=["error"]).sort_values("error", ascending=False, kind="stable")
    single = [
        ("Most confident mistakes", confident_mistakes, "Wrong, and the surest of it."),
        ("Hardest images", hardest_images, "The highest loss: the true class was given least."),
        ("Easiest images", easiest_images, "The lowest loss: the true class was given most."),
    ]
    accuracy = float((table["true"] == table["predicted"]).mean())
    doubted = suspected_label_errors(logits, labels, fine_names=fine)
    return {
        "worst": [_of_class(row, table, images) for row in ranked.head(GALLERY_CLASSES).to_dict("records")],
        "best": [
            _of_class(row, table, images) for row in ranked.tail(GALLERY_CLASSES)[::-1].to_dict("records")
        ],
        "galleries": [
            Gallery(title, _shots(choose(logits, labels, SINGLE_IMAGES, fine_names=fine), images), note)
            for title, choose, note in single
        ],
        "label_errors": Gallery(
            "", _doubted(doubted.head(SINGLE_IMAGES), images), _said_of(len(doubted), accuracy)
        ),
    }


def _of_class(row: Mapping[Any, Any], table: pd.DataFrame, images: Any) -> ClassGallery:
    own = table[table["true_name"] == row["class"]].head(GALLERY_IMAGES)
    return ClassGallery(row["class"], row["superclass"], float(row["error"]), _shots(own, images))


def _shots(table: pd.DataFrame, images: Any) -> tuple[Shot, ...]:
    return tuple(
        Shot(
            images[row["index"]].numpy(),
            row["true_name"],
            row["predicted_name"],
            row["probability"],
            row["index"],
        )
        for row in table.to_dict("records")
    )


def _doubted(table: pd.DataFrame, images: Any) -> tuple[Shot, ...]:
    return tuple(
        Shot(
            images[row["index"]].numpy(),
            row["given_name"],
            row["suggested_name"],
            row["suggested_probability"],
            row["index"],
        )
        for row in table.to_dict("records")
    )


def _said_of(count: int, accuracy: float) -> str:
    if not count:
        return "No test image looks mislabelled to this network."
    shown = f"; the {SINGLE_IMAGES} most doubtful are shown" if count > SINGLE_IMAGES else ""
    return (
        f"{count:,} test images look mislabelled to this network, by confident learning{shown}. "
        f"They are suspicions, as good as this network, which is right on {accuracy:.0%} of the images."
    )
