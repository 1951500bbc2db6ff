"""The settings of a study, in a file beside its runs, so that resuming it trains the same systems."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from hundred.data.dataset import Dataset
from hundred.errors import HundredError, UsageError
from hundred.experiment.build.resolve import resolve
from hundred.files import write_json
from hundred.formatting import shortened
from hundred.recipe.load import leaves, load_recipe
from hundred.recipe.schema import Recipe
from hundred.runs.os_errors import os_errors_as_hundred_errors
from hundred.study.quick_data import NAME

PLAN = "study.json"

# A few epochs on few images; ResNet-50 without its enlarging; no MLflow to wait for.
QUICK: dict[str, Any] = {"data.validation_per_class": 10, "training.batch_size": 32, "tracking.mlflow": False}
# Of other images than those of `quick_data`, which may have a hundred classes.
QUICK_PART = {"data.train_per_class": 10, "data.test_per_class": 2, "data.validation_per_class": 2}
QUICK_EPOCHS = 8
QUICK_RESNET50: dict[str, Any] = {"model.upsample": 1}

# Keys that may differ from the recipe without making it another experiment.
_INDIFFERENT = ("seed", "data.protocol", "training.precision", "training.checkpoint_every", "tracking.")


@dataclass(frozen=True)
class StudyPlan:
    """The settings that all runs of a study share. overrides: of every recipe. data: the dataset's name.

    data_path: the path given for it, "" to look for it. requested: the number of seeds by system, of all
    calls so far; {} in a study of an earlier version.
    """

    data_digest: str
    data: str
    epochs: int | None
    minutes: float | None
    protocol: str
    overrides: dict[str, Any] = field(default_factory=dict)
    quick: bool = False
    data_path: str = ""
    requested: dict[str, int] = field(default_factory=dict)

    def requesting(self, systems: Sequence[str], seeds: int) -> "StudyPlan":
        """The plan with so many seeds of these systems, or more where more were requested before."""
        more = {name: max(seeds, self.requested.get(name, 0)) for name in systems}
        return replace(self, requested={**self.requested, **more})

    def overrides_for(self, recipe: str) -> dict[str, Any]:
        """The overrides of one recipe, besides epochs, protocol and seed."""
        more = QUICK_RESNET50 if self.quick and recipe.startswith("resnet50") else {}
        return {**more, **self.overrides}

    def recipe_of(self, recipe: str) -> Recipe:
        """The recipe as this study trains it."""
        overrides = self.overrides_for(recipe)
        return resolve(recipe, epochs=self.epochs, protocol=self.protocol, overrides=overrides).recipe


def make_plan(
    dataset: Dataset,
    *,
    epochs: int | None,
    minutes: float | None,
    protocol: str | None,
    overrides: Mapping[str, Any] | Sequence[str],
    quick: bool,
    data_path: str = "",
) -> StudyPlan:
    """The plan of a call. Raises UsageError for overrides that no recipe takes."""
    given = dict(overrides) if isinstance(overrides, Mapping) else _parsed(overrides)
    if quick:
        given = {**QUICK, **({} if dataset.name == NAME else QUICK_PART), **given}
        epochs = epochs or QUICK_EPOCHS
    # As they will be read back from the plan's file, so that the same call compares as the same.
    given = json.loads(json.dumps(given, default=str))
    return StudyPlan(
        dataset.digest, dataset.name, epochs, minutes, protocol or "holdout", given, quick, data_path
    )


def changed_values(recipe: Recipe, name: str) -> dict[str, Any]:
    """The values of `recipe`, as it ran, that differ from the built-in recipe `name`, by dotted key."""
    published = leaves(load_recipe(name).recipe)
    return {
        key: value
        for key, value in leaves(recipe).items()
        if published.get(key) != value and not key.startswith(_INDIFFERENT)
    }


def load_plan(folder: Path, given: StudyPlan) -> StudyPlan | None:
    """The plan that `folder` was begun with, or None. Raises UsageError where `given` is another one."""
    if not (folder / PLAN).is_file():
        return None
    begun, _ = read_plan(folder)
    before, now = _flat(begun), _flat(given)
    for key in {**before, **now}:
        if now.get(key) != before.get(key):
            raise UsageError(
                f"{folder} was begun with {key} {shortened(before.get(key))}, not {shortened(now.get(key))}\n"
                "resume it with the same settings, or start another study with --name"
            )
    return begun


def read_plan(folder: Path) -> tuple[StudyPlan, dict[str, str]]:
    """The plan of a study and why systems are missing, by name. Raises HundredError where it is damaged."""
    path = folder / PLAN
    with os_errors_as_hundred_errors(path, "cannot read"):
        text = path.read_text(encoding="utf-8")
    try:
        content = json.loads(text)
        return StudyPlan(**content["plan"]), dict(content["missing"])
    except (ValueError, TypeError, KeyError) as error:
        raise HundredError(f"{path} is damaged ({error}): remove it to plan this study anew") from None


def save_plan(folder: Path, plan: StudyPlan, missing: Mapping[str, str]) -> None:
    """Write the plan, and why systems are missing."""
    with os_errors_as_hundred_errors(folder / PLAN):
        write_json(folder / PLAN, {"plan": asdict(plan), "missing": dict(missing)})


def _parsed(texts: Sequence[str]) -> dict[str, Any]:
    """`section.key=value` texts as a mapping, read as `--set` of the other commands reads them."""
    if not texts:
        return {}
    resolved = load_recipe("school", texts)
    values = leaves(resolved.recipe)
    return {key: values[key] for key, origin in resolved.origins.items() if origin == "--set"}


def _flat(plan: StudyPlan) -> dict[str, Any]:
    """The settings that must stay the same, by their names on the command line."""
    settings = asdict(plan)
    overrides = settings.pop("overrides")
    for changeable in ("minutes", "data_path", "requested"):
        del settings[changeable]
    return {**{key.replace("_", " "): value for key, value in settings.items()}, **overrides}
