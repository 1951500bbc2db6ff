"""Measuring rivals in turns in one run, so that a machine whose speed drifts is unfair to none of them."""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

# By rival, of each round: speed and the most memory in MB (0 where it was not measured).
Figures = dict[str, list[tuple[float, float]]]


@dataclass(frozen=True)
class Rival:
    """A name and the worker's command line, `python -m benchmarks.workers.WORKER ARGUMENTS`."""

    name: str
    worker: str
    arguments: tuple[str, ...] = ()

    def run(self) -> tuple[float, float]:
        """Speed (what is counted, per second) and peak memory in MB of one process."""
        command = [sys.executable, "-m", f"benchmarks.workers.{self.worker}", *self.arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{self.name} failed:\n{done.stderr[-2000:]}")
        result = json.loads(done.stdout.strip().splitlines()[-1])
        return float(result["per_second"]), float(result.get("peak_memory_mb", 0.0))


def alternate(rivals: list[Rival], rounds: int) -> Figures:
    """The figures of each rival in each round, A B C A B C ..."""
    figures: Figures = {rival.name: [] for rival in rivals}
    for number in range(rounds):
        for rival in rivals:
            speed, memory = rival.run()
            figures[rival.name].append((speed, memory))
            print(
                f"  round {number + 1}/{rounds}  {rival.name:<30} {speed:9.1f}/s  {memory:6.0f} MB",
                flush=True,
            )
    return figures


def ratios(figures: Figures, ours: str, peer: str) -> tuple[float, float, float]:
    """Median, lowest and highest ratio of the speed of `ours` to `peer`, round by round."""
    return middle_and_ends(a / b for (a, _), (b, _) in zip(figures[ours], figures[peer], strict=True))


def middle_and_ends(found: Iterable[float]) -> tuple[float, float, float]:
    """Median, lowest and highest."""
    values = list(found)
    return statistics.median(values), min(values), max(values)


def per_second(step: Callable[[], None], images: int, steps: int) -> float:
    """Images per second of so many steps on `images` each, after one that is not counted."""
    step()
    begin = time.perf_counter()
    for _ in range(steps):
        step()
    return steps * images / (time.perf_counter() - begin)
