"""A device or machine that has too little memory, told in one line."""

from collections.abc import Iterator
from contextlib import contextmanager

from hundred.errors import HundredError
from hundred.recipe.schema import Recipe
from hundred.training.strategies.single import is_gpu_out_of_memory, is_out_of_memory
from hundred.training.trainer import Trainer


@contextmanager
def out_of_memory_as_hundred_error(recipe: Recipe, trainer: Trainer | None = None) -> Iterator[None]:
    """Turn running out of memory inside into a HundredError that names the recipe's batch size.

    trainer: whose halved batches, where it has halved them, did not fit either.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        where = "the GPU" if is_gpu_out_of_memory(error) else "this machine"
        size, parts = recipe.training.batch_size, 1 if trainer is None else trainer.team.parts
        # What the recipe does in parts anyway, a smaller batch does too.
        halved = max(parts // recipe.training.parts, 1)
        halves = f" even in {parts} parts" if parts > 1 else ""
        raise HundredError(
            f"{where} has too little memory for {recipe.model.name} at batch size {size}{halves}: "
            f"try --set training.batch_size={max(size // (2 * halved), 1)}"
        ) from error
