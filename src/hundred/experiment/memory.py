"""A device or machine that has too little memory, told in one line."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from hundred.errors import HundredError
from hundred.recipe import Recipe

# How torch's CPU allocator says it; on a GPU there is a type of its own.
CPU_WORDS = ("DefaultCPUAllocator", "can't allocate memory", "not enough memory")


def is_lack_of_memory(error: Exception) -> bool:
    """Whether `error` says that the machine or the GPU has too little memory."""
    kinds = (MemoryError, torch.OutOfMemoryError)
    return isinstance(error, kinds) or any(word in str(error) for word in CPU_WORDS)


@contextmanager
def memory_in_one_line(recipe: Recipe) -> Iterator[None]:
    """Turn running out of memory inside into a HundredError that names the recipe's batch size."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_lack_of_memory(error):
            raise
        where = "the GPU" if isinstance(error, torch.OutOfMemoryError) else "this machine"
        size = recipe.training.batch_size
        raise HundredError(
            f"{where} has too little memory for {recipe.model.name} at batch size {size}: "
            f"try --set training.batch_size={max(size // 2, 1)}"
        ) from error
