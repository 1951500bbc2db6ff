"""How pictures become square for a saved model: as those that it was trained on did (`data.fit`)."""

from pathlib import Path

from hundred.data.formats.raw import FITS, Fit
from hundred.experiment.locate import model_file
from hundred.interchange.read.model import LoadedModel
from hundred.recipe.load import load_recipe
from hundred.runs.layout import RECIPE, is_run
from hundred.runs.run import Run

FIT = "fit"  # its name in the metadata of a file


def fit_of(model: LoadedModel, what: str | Path | Run) -> Fit:
    """The fit that the file of `model` records, else the recipe of the run that it is in, else `crop`."""
    recorded = getattr(model, "metadata", {}).get(FIT)
    run = model_file(what).parent
    if recorded is None and is_run(run) and (run / RECIPE).is_file():  # a run of an earlier version
        recorded = load_recipe(run / RECIPE).recipe.data.fit
    return next((fit for fit in FITS if fit == recorded), "crop")
