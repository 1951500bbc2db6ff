"""All parts of one run, put together from its recipe and the call."""

import time
from pathlib import Path

from hundred.data.limit import limited
from hundred.experiment.assemble import assembled
from hundred.experiment.interrupt import Interrupt
from hundred.experiment.job import Call, Job
from hundred.experiment.memory import memory_in_one_line
from hundred.experiment.opening import open_data
from hundred.experiment.predictions import without_test
from hundred.recipe import Recipe


def build_job(path: Path, recipe: Recipe, call: Call) -> Job:
    """Everything that the run in `path` consists of, ready to train; nothing is written."""
    dataset = limited(open_data(call.data), recipe.data.train_per_class, recipe.data.test_per_class)
    if not call.test:
        dataset = without_test(dataset, recipe)
    begin = time.perf_counter()
    interrupt = Interrupt()
    with memory_in_one_line(recipe):
        splits, trainer = assembled(recipe, dataset, call.device, call.network, interrupt.asked)
    if call.team is not None:
        trainer.team = call.team
    trainer.train_seconds = time.perf_counter() - begin
    return Job(path, recipe, call, dataset, splits, trainer, interrupt)
