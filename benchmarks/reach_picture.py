"""Accuracy against seconds, all on one machine: `python -m benchmarks.reach_picture --data PATH`.

Ours by `hundred train --target`, from the command to its result; a plain PyTorch ResNet-18; the network of
airbench with 100 classes; and the study's school network in Keras. Rivals' points are the test accuracy after
each epoch, at seconds since their process began; only the last point of a one-cycle training counts.
Kept in OUT.json as it comes (what is there is not measured again), drawn in OUT.png, with a table in OUT.md.

On two cores of a Zen 5 expect about 1 h 45 min with one seed: ours 25 min, the others 25 min each.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from benchmarks.picture import log_scale
from benchmarks.reach import accuracy, trained
from hundred.files import make_folder, write_json, write_text
from hundred.reports.figures.style import RUN_COLOURS, save, styled
from hundred.runs.environment import describe_machine

TARGETS = ("0.64", "0.70", "0.75")
OURS = "hundred train --target"
TINY = ["data.train_per_class=4", "data.test_per_class=1", "tracking.mlflow=false", "training.epochs=1"]
TINY += ["model.width1=4", "model.width2=4", "model.width3=4", "training.batch_size=64"]
# A curve: points (seconds, accuracy).
Points = list[tuple[float, float]]


def rivals(keras: str) -> dict[str, list[str]]:
    """The worker and its arguments by name. Epochs: about what 25 minutes of two cores have room for."""
    return {
        "plain PyTorch, ResNet-18": ["plain_reach", "--network", "resnet18", "--epochs", "4"],
        "airbench's network, 100 classes": ["plain_reach", "--network", "airbench", "--epochs", "10"],
        f"Keras on {keras}, the school network": ["keras_reach", "--backend", keras, "--epochs", "4"],
    }


def ours(data: str, seeds: int, folder: Path, tiny: bool) -> Points:
    """The mean over seeds of each target: seconds to the result, and test accuracy."""
    points = []
    for target in TARGETS:
        sets = [word for setting in (TINY if tiny else []) for word in ("--set", setting)]
        arguments = ["sprint", "--target", target, "--data", data, "--no-figures", *sets]
        found = [trained(arguments, seed, folder / target) for seed in range(seeds)]
        seconds = sum(result["total_seconds"] for result in found) / seeds
        points.append((seconds, sum(map(accuracy, found)) / seeds))
        print(f"  --target {target}: {points[-1][1]:.2%} after {seconds:.0f} s", flush=True)
    return points


def rival(arguments: list[str], data: str, tiny: bool) -> Points:
    """The points of one rival's process."""
    worker, *rest = arguments
    command = [sys.executable, "-m", f"benchmarks.workers.{worker}", "--data", data, *rest]
    if tiny:
        command += ["--epochs", "1", "--images", "300"]
    points: Points = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            row = json.loads(line)
            points.append((row["seconds"], row["accuracy"]))
            print(f"  epoch {row['epoch']}: {row['accuracy']:.2%} after {row['seconds']:.0f} s", flush=True)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed")
    return points


@styled
def reach_figure(curves: dict[str, Points], before: Points) -> Figure:
    """A line for each; `before` are our earlier rows."""
    figure = Figure(figsize=(7.5, 4.5), layout="constrained")
    axes = figure.add_subplot()
    for (name, points), colour in zip(curves.items(), RUN_COLOURS, strict=False):
        seconds, accuracies = zip(*points, strict=True)
        axes.plot(seconds, [100 * each for each in accuracies], "o-", color=colour, label=name)
    if before:
        seconds, accuracies = zip(*before, strict=True)
        axes.plot(
            seconds,
            [100 * each for each in accuracies],
            "o:",
            color=RUN_COLOURS[0],
            alpha=0.5,
            label="hundred, before",
        )
    log_scale(axes)
    axes.set_xlabel("seconds from the command to the result (log scale)")
    axes.set_ylabel("test accuracy, %")
    axes.legend()
    return figure


def main(arguments: list[str] | None = None) -> None:
    """Measure what is not kept yet, and draw."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reach_picture")
    parser.add_argument("--data", default=os.environ.get("HUNDRED_DATA", "sample"))
    parser.add_argument("--out", type=Path, default=Path("docs/reach"), help="without its suffix")
    parser.add_argument("--runs", type=Path, default=Path("runs/reach-picture"))
    parser.add_argument("--seeds", type=int, default=1, help="of ours")
    parser.add_argument("--keras", default="tensorflow", help="its backend; none leaves Keras out")
    parser.add_argument("--before", type=Path, help="the .json of an earlier commit, measured here")
    parser.add_argument("--dry", action="store_true", help="tiny: only to see that it runs")
    options = parser.parse_args(arguments)
    kept_in = options.out.with_suffix(".json")
    make_folder(kept_in)
    kept: dict[str, Any] = {"machine": describe_machine("cpu"), "dry": options.dry, "curves": {}}
    if kept_in.is_file():
        kept = json.loads(kept_in.read_text(encoding="utf-8"))
    work = {OURS: lambda: ours(options.data, options.seeds, options.runs, options.dry)}
    for name, words in rivals(options.keras).items():
        if options.keras != "none" or "Keras" not in name:
            work[name] = lambda words=words: rival(words, options.data, options.dry)  # type: ignore[misc]
    for name, measure in work.items():
        if name not in kept["curves"]:
            print(name, flush=True)
            kept["curves"][name] = measure()
            write_json(kept_in, kept)
    before = json.loads(options.before.read_text(encoding="utf-8"))["curves"][OURS] if options.before else []
    save(reach_figure(kept["curves"], before), options.out.with_suffix(".png"))
    lines = [f"{kept['machine']['cpu']}, torch {kept['machine']['torch']}", "", "| | accuracy | seconds |"]
    lines += ["|---|---|---|"]
    lines += [f"| {name} | {a:.2%} | {s:.0f} |" for name, curve in kept["curves"].items() for s, a in curve]
    write_text(options.out.with_suffix(".md"), "\n".join(lines) + "\n")
    print(f"kept in {kept_in}, drawn in {options.out.with_suffix('.png')}")


if __name__ == "__main__":
    main()
