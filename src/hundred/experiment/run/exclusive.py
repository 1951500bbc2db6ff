"""One training at a time in a process, and none that hangs after a fork.

PyTorch's global random generator, number of threads and warnings belong to the process: two trainings in
threads would draw from each other's random numbers and give results that nothing repeats.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from hundred.errors import UsageError

_training = threading.Lock()


@contextmanager
def exclusive_training() -> Iterator[None]:
    """Hold the process for one training. Raises UsageError where another one is under way in it."""
    if not _training.acquire(blocking=False):
        raise UsageError(
            "another training is under way in this process: random numbers and threads are those of the "
            "process, so neither could be repeated\ntrain one after another, or each in a process of its own"
        )
    try:
        _prepare_for_forks()
        yield
    finally:
        _training.release()


@cache
def _prepare_for_forks() -> None:
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_after_fork)


def _after_fork() -> None:
    """PyTorch's worker threads do not exist in a forked process, and waiting for them would hang: it has
    one."""
    import torch

    global _training  # noqa: PLW0603 (the thread that held it is not in this process)
    _training = threading.Lock()
    torch.set_num_threads(1)
