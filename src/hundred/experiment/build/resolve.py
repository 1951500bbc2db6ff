"""The recipe that a call means, and whether the call can be right: before torch is imported, which takes
seconds."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hundred.errors import UsageError
from hundred.experiment.build.targets import overrides_for
from hundred.recipe.load import DEFAULT_RECIPE, Resolved, for_device, load_recipe
from hundred.recipe.schema import ModelSection
from hundred.runs.directory import check_free, check_name, check_part


def resolve(
    recipe: str | Path | Mapping[str, Any] | None = None,
    *,
    epochs: float | None = None,
    target: float | None = None,
    seed: int | None = None,
    protocol: str | None = None,
    doctor: bool = False,
    overrides: Iterable[str] | Mapping[str, Any] = (),
    device: str = "cpu",
) -> Resolved:
    """The recipe with the command line's shorthands, then `overrides`, applied, for a kind of `device`."""
    recipe = DEFAULT_RECIPE if recipe is None else recipe
    shorthands = {
        "training.epochs": epochs,
        "seed": seed,
        "data.protocol": protocol,
        "doctor.live": doctor or None,
    }
    given = {key: value for key, value in shorthands.items() if value is not None}
    if target is not None:
        given = {**overrides_for(recipe, target), **given}
        device = "cpu"  # the targets were measured without the recipe's changes for a GPU
    return for_device(load_recipe(recipe, given, overrides), device)


def check_call(
    *,
    minutes: float | None = None,
    repeat: int = 1,
    scale: str | None = None,
    start_from: str | Path | None = None,
    name: str | None = None,
    new_in: str | Path | None = None,
) -> None:
    """Raise UsageError for values that no training takes, and for a `name` that is taken in the folder
    `new_in`."""
    if minutes is not None and not 0 < minutes < float("inf"):
        raise UsageError(f"--minutes {minutes:g}: a run needs a number of minutes above 0")
    if repeat < 1:
        raise UsageError(f"--repeat {repeat}: it takes 1 or more")
    if scale is not None and start_from is None:
        raise UsageError(f"--scale {scale} is the input scale of a saved model: it belongs to --from FILE")
    if name is not None and new_in is None:
        check_part(name)
    elif name is not None and new_in is not None:
        check_name(name)
        check_free(Path(new_in), name)


def with_model(resolved: Resolved, table: ModelSection) -> Resolved:
    """The recipe with another network; its `[model]` table counts as set by the user."""
    recipe = resolved.recipe.model_copy(update={"model": table})
    origins = {key: origin for key, origin in resolved.origins.items() if not key.startswith("model.")}
    set_keys = {f"model.{key}": "--set" for key in ("name", "weights", *table.options)}
    return Resolved(recipe, {**origins, **set_keys}, resolved.parents)
