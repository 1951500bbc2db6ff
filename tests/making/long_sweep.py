"""A sweep of many trials in a process of its own: `python -m tests.making.long_sweep FOLDER TRIALS`.

It prints a JSON list with, after each trial, the megabytes held (0 where they were not measured) and the open
files. glibc gives each thread a heap of its own, and keeps what is freed there: the caller sets
MALLOC_ARENA_MAX=1, so that what is measured is what the sweep holds.
"""

import ctypes
import gc
import json
import os
import sys
from pathlib import Path
from typing import Any

import hundred
from hundred.data.sample.draw import draw_sample
from hundred.data.subset import subset_per_class
from hundred.sweeps.executors import serial
from tests.making.sweeps import SMALL


def resident() -> float:
    """Megabytes that this process holds in memory, without what its allocator could give back."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's
    if trim is not None:
        trim(0)
    with Path("/proc/self/statm").open() as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def main(folder: Path, trials: int) -> None:
    seen: list[tuple[float, int]] = []
    real = serial.run_trial

    def watched(*given: Any) -> Any:
        result = real(*given)
        measured = len(seen) % 20 == 0 or len(seen) == trials - 1
        seen.append((resident() if measured else 0.0, sum(1 for _ in Path("/proc/self/fd").iterdir())))
        return result

    serial.run_trial = watched  # type: ignore[assignment]
    found = hundred.sweep(
        "sprint",
        {"training.learning_rate": "0.01..0.5:log"},
        trials=trials,
        search="random",
        epochs=1,
        seeds=0,
        data=subset_per_class(draw_sample(), 3, 1),
        set={**SMALL, "data.validation_per_class": 1},
        runs=folder,
        name="many",
        figures=False,
        quiet=True,
    )
    assert len(found.trials) == len(seen) == trials
    sys.stdout.write(json.dumps(seen))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
