"""All parts of one run, put together from its recipe and the call."""

import time
from pathlib import Path

from hundred.data.subset import subset_per_class
from hundred.experiment.build.data import open_data
from hundred.experiment.build.trainer import assembled
from hundred.experiment.run.context import RunContext, RunOptions
from hundred.experiment.run.interrupt import Interrupt
from hundred.experiment.run.out_of_memory import out_of_memory_as_hundred_error
from hundred.experiment.run.predictions import without_test
from hundred.recipe.schema import Recipe


def build_job(path: Path, recipe: Recipe, call: RunOptions) -> RunContext:
    """Everything that the run in `path` consists of, ready to train; nothing is written."""
    dataset = subset_per_class(open_data(call.data), recipe.data.train_per_class, recipe.data.test_per_class)
    if not call.test:
        dataset = without_test(dataset, recipe)
    begin = time.perf_counter()
    interrupt = Interrupt()
    with out_of_memory_as_hundred_error(recipe):
        splits, trainer = assembled(recipe, dataset, call.device, call.network, interrupt.asked)
    if call.team is not None:
        trainer.team = call.team
    trainer.train_seconds = time.perf_counter() - begin
    return RunContext(path, recipe, call, dataset, splits, trainer, interrupt)
