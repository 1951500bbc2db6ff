"""A device or machine that has too little memory, told in one line."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from hundred.errors import HundredError
from hundred.recipe import Recipe

# How torch's CPU allocator says it; on a GPU there is a type of its own.
CPU_WORDS = ("DefaultCPUAllocator", "can't allocate memory", "not enough memory")


@contextmanager
def memory_in_one_line(recipe: Recipe) -> Iterator[None]:
    """Turn running out of memory inside into a HundredError that names the recipe's batch size."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        on_device = isinstance(error, torch.OutOfMemoryError)
        if not (on_device or isinstance(error, MemoryError) or any(word in str(error) for word in CPU_WORDS)):
            raise
        where = "the GPU" if on_device else "this machine"
        size = recipe.training.batch_size
        raise HundredError(
            f"{where} has too little memory for {recipe.model.name} at batch size {size}: "
            f"try --set training.batch_size={max(size // 2, 1)}"
        ) from error
