"""From a command to its result: how long `hundred train` takes and what it reaches, over several seeds.

    python -m benchmarks.reach --seeds 3 -- sprint --target 0.64 --data cifar-100-python

What stands after `--` goes to `hundred train`. Each seed is a process of its own, and its seconds are those
of the whole command, from the start of Python to its end. Accuracy is that of the test images, or with
`--no-test` in validation. The runs stay in `--runs`; a table of them goes to standard output.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from hundred.evaluation.intervals import Summary, summarize


def trained(arguments: list[str], seed: int, runs: Path) -> dict[str, Any]:
    """The result of one run, with the `seconds` of its command."""
    more = ["--seed", str(seed), "--runs", str(runs), "--name", f"reach-{seed}", "--json"]
    begin = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "hundred", "train", *arguments, *more], stdout=subprocess.PIPE, check=False
    )
    seconds = time.perf_counter() - begin
    if done.returncode:
        raise SystemExit(f"seed {seed} failed")
    result: dict[str, Any] = json.loads(done.stdout)
    return {**result, "seconds": seconds}


def accuracy(result: dict[str, Any]) -> float:
    """Of the test images, where they were read."""
    test = result["test_accuracy"]
    return float(result["val_accuracy"] if test is None else test)


def shown(summary: Summary, form: str) -> str:
    """Mean and 95 % interval of the mean."""
    mean = format(summary.mean, form)
    if summary.low is None or summary.high is None:
        return f"{mean} (one seed)"
    return f"{mean} ({summary.low:{form}} to {summary.high:{form}}, {summary.n} seeds)"


def main() -> None:
    """Train, and print a row for each seed and the means."""
    parser = argparse.ArgumentParser(
        usage="python -m benchmarks.reach [--seeds N] -- HUNDRED-TRAIN-ARGUMENTS"
    )
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first", type=int, default=0, help="the first of the seeds")
    parser.add_argument("--runs", type=Path, default=Path("runs/reach"))
    parser.add_argument("arguments", nargs="*")
    options = parser.parse_args()
    print(f"hundred train {' '.join(options.arguments)}")
    results = []
    for seed in range(options.first, options.first + options.seeds):
        result = trained(options.arguments, seed, options.runs)
        results.append(result)
        print(
            f"  seed {seed}: {accuracy(result):.2%}, {result['seconds']:.1f} s in all, "
            f"{result['train_seconds']:.1f} s preparing and training, {result['epochs']} epochs",
            flush=True,
        )
    print(f"  accuracy                {shown(summarize(map(accuracy, results)), '.2%')}")
    for label, key in (("seconds of the command", "seconds"), ("preparing and training", "train_seconds")):
        print(f"  {label:<23} {shown(summarize(result[key] for result in results), '.1f')}")


if __name__ == "__main__":
    main()
