"""Measuring rivals in turns in one run, so that a machine whose speed drifts is unfair to none of them."""

import json
import statistics
import subprocess
import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class Rival:
    """A name and the worker's command line, `python -m benchmarks.workers.WORKER ARGUMENTS`."""

    name: str
    worker: str
    arguments: tuple[str, ...] = ()

    def run(self) -> float:
        """Images per second of one process."""
        command = [sys.executable, "-m", f"benchmarks.workers.{self.worker}", *self.arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{self.name} failed:\n{done.stderr[-2000:]}")
        return float(json.loads(done.stdout.strip().splitlines()[-1])["images_per_second"])


def alternate(rivals: list[Rival], rounds: int) -> dict[str, list[float]]:
    """Images per second of each rival in each round, A B C A B C ..."""
    figures: dict[str, list[float]] = {rival.name: [] for rival in rivals}
    for number in range(rounds):
        for rival in rivals:
            figures[rival.name].append(rival.run())
            print(
                f"round {number + 1}/{rounds}  {rival.name:<40} {figures[rival.name][-1]:8.1f} images/s",
                flush=True,
            )
    return figures


def ratios(figures: dict[str, list[float]], ours: str, peer: str) -> tuple[float, float, float]:
    """Median, lowest and highest ratio of `ours` to `peer`, round by round."""
    pairs = [a / b for a, b in zip(figures[ours], figures[peer], strict=True)]
    return statistics.median(pairs), min(pairs), max(pairs)
