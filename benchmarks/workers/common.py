"""What all workers share: arguments, the images, and the timing of steps."""

import argparse
import json
import resource
import time
from collections.abc import Callable

import numpy as np


def arguments() -> argparse.Namespace:
    """--data, --batch, --steps (timed), --warmup (not timed), --precision."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", default="sample")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--warmup", type=int, default=4)
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--backend", default="")
    return parser.parse_args()


def images_and_labels(where: str, split: str = "train") -> tuple[np.ndarray, np.ndarray]:
    """Images uint8 [n, 32, 32, 3] and fine labels int64 [n] of a split."""
    from hundred.data.opening.open import open_dataset

    found = getattr(open_dataset(where), split)
    return np.ascontiguousarray(found.images.permute(0, 2, 3, 1).numpy()), found.fine.numpy()


def say(images: int, seconds: float, **more: object) -> None:
    """Print one JSON object with the speed and the most memory that this process had, in MB."""
    # Linux counts kilobytes.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    print(json.dumps({"per_second": images / seconds, "peak_memory_mb": peak, **more}))


def report(step: Callable[[], None], options: argparse.Namespace, **more: object) -> None:
    """Time `step` and say so."""
    for _ in range(options.warmup):
        step()
    begin = time.perf_counter()
    for _ in range(options.steps):
        step()
    say(options.batch * options.steps, time.perf_counter() - begin, **more)
