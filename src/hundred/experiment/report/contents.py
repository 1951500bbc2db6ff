"""What a report shows of a run, from its run directory; parts that cannot be computed are left out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from hundred.data.dataset import Dataset
from hundred.data.names import COARSE_NAMES, FINE_NAMES, FINE_TO_COARSE
from hundred.errors import HundredError
from hundred.evaluation.class_tables import class_table, superclass_table
from hundred.evaluation.confusion import confusion_matrix
from hundred.evaluation.metrics import evaluate
from hundred.experiment.locate import names_for, sample_names
from hundred.experiment.report.galleries import galleries
from hundred.experiment.report.learning_rate import scheduled_rates
from hundred.experiment.report.milestones import run_milestones
from hundred.experiment.report.recipe_changes import parent_and_changes
from hundred.experiment.report.repeat_commands import repeat_commands
from hundred.interchange.read.load import load
from hundred.models.foreign import runs_foreign_code
from hundred.models.registry import build
from hundred.models.summary import CIFAR_SHAPE, summarize
from hundred.recipe.load import load_recipe
from hundred.recipe.schema import Recipe
from hundred.reports.page.data import Confusion, RunReport
from hundred.runs.layout import PREDICTIONS, RECIPE
from hundred.runs.run import Run

if TYPE_CHECKING:
    from hundred.models.summary import LayerRow


def run_report(run: Run, dataset: Dataset | None = None, network: nn.Module | None = None) -> RunReport:
    """Everything that a page and the figures show of `run`.

    dataset: the images it was tested on; without it, there are no galleries. network: the trained network;
    None to describe it from the recipe, or else from the saved model.

    Raises HundredError where result.json, history.csv or recipe.toml is damaged.
    """
    result = {**run.result, "name": run.name}
    recipe = load_recipe(run.path / RECIPE).recipe if (run.path / RECIPE).is_file() else None
    parent, changes = parent_and_changes(recipe, str(result.get("device", "cpu")).partition(":")[0])
    history = run.history
    return RunReport(
        result=result,
        history=history if len(history) else None,
        marks=run_milestones(run, history, recipe) if len(history) else None,
        rates=scheduled_rates(history, recipe),
        label_smoothing=recipe.training.label_smoothing if recipe is not None else 0.0,
        recipe_text=run.recipe_text if recipe is not None else None,
        parent=parent,
        changes=changes,
        layers=_layers(run, recipe, network),
        environment=run.environment or None,
        repeat=repeat_commands(run),
        **_test_parts(run, result, dataset, recipe),
    )


def _layers(run: Run, recipe: Recipe | None, network: nn.Module | None) -> "list[LayerRow] | None":
    """The layers of `network`, or of the recipe's network built without memory, or of the saved model."""
    model = recipe.model if recipe is not None else None
    try:
        side = run.environment.get("data_image_size", CIFAR_SHAPE[1])
        shape = (CIFAR_SHAPE[0], side, side)
        if network is not None:
            return summarize(network, shape)
        if model is not None and ":" not in model.name and not runs_foreign_code(model.name, model.options):
            # On the meta device a network has shapes and no memory.
            with torch.device("meta"):
                classes = int(run.environment.get("data_classes", len(FINE_NAMES)))
                options: dict[str, Any] = {"classes": classes, **model.options}
                return summarize(build(model.name, **options), shape)
        # A report runs no user code: a user's own network is read from the saved file.
        saved = getattr(load(run.model_path), "network", None) if run.model_path.is_file() else None
        return summarize(saved, shape) if saved is not None else None
    except Exception:  # whatever a network does on the meta device, the page is good without its diagram
        return None


@dataclass(frozen=True)
class TestOutputs:
    """Test logits float32 [n, classes], labels int64 [n], and the names of the classes."""

    logits: Any
    labels: Any
    fine: Sequence[str]
    coarse: Sequence[str]
    fine_to_coarse: Any

    __test__ = False  # not a test case, whatever pytest thinks of the name


def _test_parts(
    run: Run, result: Mapping[str, Any], dataset: Dataset | None, recipe: Recipe | None
) -> dict[str, Any]:
    """The parts computed from predictions.npz; none of an unfinished, untested or diverged run."""
    test = _test_outputs(run, result, dataset)
    if test is None:
        return {}
    whole = _whole_test_set(str(result.get("data")), recipe, len(test.labels))
    return parts_of_outputs(test, dataset, whole)


def parts_of_outputs(test: TestOutputs, dataset: Dataset | None, whole: int | None) -> dict[str, Any]:
    """The parts of a `RunReport` that follow from test outputs; galleries where `dataset` has the images.

    whole: how many images the whole test set has, where known.
    """
    try:
        metrics = evaluate(test.logits, test.labels, test.fine_to_coarse)
    except HundredError:  # logits that are not finite
        return {}
    names = (test.fine, test.coarse, test.fine_to_coarse)
    classes = class_table(test.logits, test.labels, *names)
    parts: dict[str, Any] = {
        "accuracy_interval": metrics.accuracy_interval,
        "test_images": (metrics.images, whole),
        "classes": classes,
        "superclasses": superclass_table(classes) if "superclass" in classes else None,
        "confusion": Confusion(confusion_matrix(test.logits, test.labels), *names),
        "reliability": metrics.reliability,
    }
    if dataset is not None and len(dataset.test) == len(test.labels):
        parts |= galleries(test.logits, test.labels, test.fine, classes, dataset.test.images)
    return parts


def _whole_test_set(data: str, recipe: Recipe | None, images: int) -> int | None:
    """How many test images `data` has; None where the recipe took a part of a set whose size is not known."""
    if recipe is None or not recipe.data.test_per_class:
        return images
    return {"cifar100": 10_000, "sample": 2_000}.get(data)


def _test_outputs(run: Run, result: Mapping[str, Any], dataset: Dataset | None) -> TestOutputs | None:
    if not (run.path / PREDICTIONS).is_file():
        return None
    arrays = run.predictions()
    if result.get("val_accuracy") is not None and result.get("test_accuracy") is None:
        return None  # trained without a test
    if not {"test_logits", "test_labels"} <= set(arrays):
        raise HundredError(f"{run.path / PREDICTIONS} is damaged: it has no test_logits and test_labels")
    logits = arrays["test_logits"]
    names: tuple[Sequence[str], Sequence[str], Any]
    if dataset is not None:
        names = (dataset.fine_names, dataset.coarse_names, dataset.fine_to_coarse.numpy())
    else:
        names = _class_names(run, result.get("data", run.environment.get("data")), logits.shape[1])
    return TestOutputs(logits, arrays["test_labels"], *names)


def _class_names(run: Run, data: Any, classes: int) -> tuple[Sequence[str], Sequence[str], Any]:
    """Fine names, superclass names and fine_to_coarse of a run whose images are not here."""
    if data == "sample":
        fine, coarse, to_coarse = sample_names()
        return fine, coarse, np.asarray(to_coarse)
    if data in (None, "cifar100") and classes == len(FINE_NAMES):
        return FINE_NAMES, COARSE_NAMES, np.asarray(FINE_TO_COARSE)
    try:
        class_names = load(run.model_path).class_names if run.model_path.is_file() else None
    except HundredError:
        class_names = None
    names = names_for(class_names, classes)
    return names.fine, names.coarse, np.asarray(names.fine_to_coarse or [0] * classes)
