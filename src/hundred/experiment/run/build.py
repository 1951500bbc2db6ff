"""Building all parts of one run from its recipe and options."""

import time
from pathlib import Path

from hundred.evaluation.own_metrics import load_metrics
from hundred.experiment.build.data import open_for
from hundred.experiment.build.optimizer import as_built
from hundred.experiment.build.trainer import build_run_parts
from hundred.experiment.run.context import RunContext, RunOptions
from hundred.experiment.run.interrupt import Interrupt
from hundred.experiment.run.out_of_memory import out_of_memory_as_hundred_error
from hundred.experiment.run.predictions import without_test
from hundred.recipe.schema import Recipe
from hundred.runs.result import KEYS

# Figures of our own, which no metric of a user may hide.
TAKEN = tuple(key.removeprefix("test_") for key in KEYS if key.startswith("test_"))


def build_context(path: Path, recipe: Recipe, options: RunOptions) -> RunContext:
    """All parts of the run in `path`, ready to train; nothing is written."""
    load_metrics(recipe.evaluation.metrics, TAKEN)  # a wrong name is said before training
    dataset = open_for(options.data, recipe.data)
    if not options.test:
        dataset = without_test(dataset, recipe)
    begin = time.perf_counter()
    interrupt = Interrupt()
    with out_of_memory_as_hundred_error(recipe):
        splits, trainer = build_run_parts(recipe, dataset, options.device, options.network, interrupt.asked)
    if options.strategy is not None:
        options.strategy.micro_batches = recipe.training.accumulate
        trainer.strategy = options.strategy
    if recipe.training.resolutions and not trainer.plan.resolutions:  # the network cannot take them
        training = recipe.training.model_copy(update={"resolutions": ()})
        recipe = recipe.model_copy(update={"training": training})
    recipe = as_built(recipe, trainer.optimizer)
    trainer.train_seconds = time.perf_counter() - begin
    return RunContext(path, recipe, options, dataset, splits, trainer, interrupt)
