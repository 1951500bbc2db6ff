"""Running out of memory as a one-line error that names a batch size."""

from collections.abc import Iterator
from contextlib import contextmanager

from hundred.errors import HundredError
from hundred.recipe.schema import Recipe
from hundred.training.out_of_memory import is_out_of_memory, where_out_of_memory
from hundred.training.trainer import Trainer


@contextmanager
def out_of_memory_as_hundred_error(recipe: Recipe, trainer: Trainer | None = None) -> Iterator[None]:
    """Turn running out of memory inside into a HundredError that names the recipe's batch size.

    trainer: which may have divided its batches already.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        where = where_out_of_memory(error)
        size, parts = recipe.training.batch_size, 1 if trainer is None else trainer.strategy.micro_batches
        # A smaller batch is divided among the recipe's threads as well.
        halved = max(parts // recipe.training.batch_threads, 1)
        halves = f" even in {parts} parts" if parts > 1 else ""
        raise HundredError(
            f"{where} has too little memory for {recipe.model.name} at batch size {size}{halves}: "
            f"try --set training.batch_size={max(size // (2 * halved), 1)}"
        ) from error
