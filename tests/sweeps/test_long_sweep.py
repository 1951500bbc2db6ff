"""A long sweep holds no more memory and no more files than a short one."""

import ctypes
import gc
import os
from pathlib import Path
from typing import Any

import pytest

import hundred
from hundred.data.dataset import Dataset
from hundred.data.subset import subset_per_class
from tests.making.sweeps import SMALL

TRIALS = 200
WARM = 40  # trials after which caches are filled
# Measured: 28, in steps of about ten with nothing between, as an allocator takes them. The images of a trial
# alone, kept, would be 150.
MEGABYTES = 60.0


def resident() -> float:
    """Megabytes that this process holds in memory, without what its allocator could give back."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's; others keep less
    if trim is not None:
        trim(0)
    with Path("/proc/self/statm").open() as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs /proc")
def test_two_hundred_trials_keep_memory_and_file_handles(
    few_images: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hundred.sweeps.executors import serial

    seen: list[tuple[float, int]] = []
    real = serial.run_trial

    def watched(*given: Any) -> Any:
        result = real(*given)
        measured = len(seen) % 20 == 0 or len(seen) == TRIALS - 1
        seen.append((resident() if measured else 0.0, sum(1 for _ in Path("/proc/self/fd").iterdir())))
        return result

    monkeypatch.setattr(serial, "run_trial", watched)
    found = hundred.sweep(
        "sprint",
        {"training.learning_rate": "0.01..0.5:log"},
        trials=TRIALS,
        search="random",
        epochs=1,
        seeds=0,
        data=subset_per_class(few_images, 3, 1),
        set={**SMALL, "data.validation_per_class": 1},
        runs=tmp_path,
        name="many",
        figures=False,
        quiet=True,
    )
    assert len(found.trials) == len(seen) == TRIALS
    assert seen[-1][1] <= seen[WARM][1]
    assert seen[-1][0] - seen[WARM][0] < MEGABYTES, seen[::20]
