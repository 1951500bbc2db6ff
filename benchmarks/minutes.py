"""What `hundred train sprint --minutes` makes of its time, beside settings chosen by hand.

    python -m benchmarks.minutes --data cifar-100-python              # with the defaults some 1 h 40 min
    python -m benchmarks.minutes --data cifar-100-python --minutes 1,2 --fixed 32x1,32x2

Each point is one `hundred train` in a process of its own: test accuracy against the seconds of the whole
command, on the `holdout` split. A fixed setting is WIDTHxEPOCHS, by the first width of the network (the
others are 4 and 12 times that); those that no quicker one beats are the best settings known. Points are kept
in OUT.json as they come and not measured again; the picture is OUT.png, the table is printed. `--no-run` only
draws what is there.
"""

import argparse
import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from benchmarks.picture import log_scale
from benchmarks.reach import accuracy, trained
from hundred.files import make_folder, write_json
from hundred.reports.figures.style import BLUE, MUTED, save, styled
from hundred.runs.environment import describe_machine

MINUTES = "1,2,5,10,30"
FIXED = "32x1,32x2,32x4,48x6,64x6,64x10,64x18"
# A point: {"seconds": of the command, "accuracy": of the test images}.
Point = dict[str, float]


def arguments_of(point: str, data: str) -> list[str]:
    """What goes to `hundred train`: for minutes as `5`, for a fixed setting as `48x6`."""
    common = ["sprint", "--data", data, "--set", "tracking.mlflow=false"]
    if "x" not in point:
        return [*common, "--minutes", point]
    width, epochs = point.split("x")
    values = [f"model.width{place}={int(width) * times}" for place, times in ((1, 1), (2, 4), (3, 12))]
    return [*common, *(word for value in (f"training.epochs={epochs}", *values) for word in ("--set", value))]


def best_known(fixed: list[Point]) -> list[Point]:
    """Of the fixed settings, by time, those that no quicker one beats."""
    best: list[Point] = []
    for point in sorted(fixed, key=lambda each: each["seconds"]):
        if not best or point["accuracy"] > best[-1]["accuracy"]:
            best.append(point)
    return best


def best_at(seconds: float, best: list[Point]) -> float | None:
    """Accuracy of the best setting known for that time, along the logarithm of time; None outside of it."""
    times = [point["seconds"] for point in best]
    if not best or not times[0] <= seconds <= times[-1]:
        return None
    accuracies = [point["accuracy"] for point in best]
    return float(np.interp(np.log(seconds), np.log(times), accuracies))


@styled
def minutes_figure(planned: dict[str, Point], fixed: dict[str, Point]) -> Figure:
    """Both curves, each point with its name."""
    figure = Figure(figsize=(7.5, 4.5), layout="constrained")
    axes = figure.add_subplot()
    best = best_known(list(fixed.values()))
    names = {id(point): name for name, point in fixed.items()}
    axes.plot(
        [point["seconds"] for point in best],
        [100 * point["accuracy"] for point in best],
        "o-",
        color=MUTED,
        label="best setting known (width x epochs)",
    )
    points = sorted(planned.items(), key=lambda each: float(each[0]))
    axes.plot(
        [point["seconds"] for _, point in points],
        [100 * point["accuracy"] for _, point in points],
        "o-",
        color=BLUE,
        label="hundred train sprint --minutes",
    )
    labels = [(names[id(point)], point, MUTED, (4, -12)) for point in best]
    labels += [(name, point, BLUE, (-12, 6)) for name, point in points]
    for name, point, colour, place in labels:
        where = (point["seconds"], 100 * point["accuracy"])
        axes.annotate(name, where, xytext=place, textcoords="offset points", color=colour, fontsize=8)
    log_scale(axes)
    axes.set_xlabel("seconds of the whole command (log scale)")
    axes.set_ylabel("test accuracy, %")
    axes.legend(loc="lower right")
    return figure


def table(machine: dict[str, Any], planned: dict[str, Point], fixed: dict[str, Point]) -> str:
    """Both as Markdown."""
    lines = [f"{machine['cpu']}, torch {machine['torch']}", ""]
    lines += ["| `--minutes` | test accuracy | best setting known for that time | seconds of the command |"]
    lines += ["|---|---|---|---|"]
    best = best_known(list(fixed.values()))
    for name, point in sorted(planned.items(), key=lambda each: float(each[0])):
        known = best_at(point["seconds"], best)
        shown = "–" if known is None else f"{known:.1%}"
        lines.append(f"| {name} | {point['accuracy']:.1%} | {shown} | {point['seconds']:.0f} |")
    lines += ["", "| width x epochs | test accuracy | seconds of the command |", "|---|---|---|"]
    for name, point in sorted(fixed.items(), key=lambda each: each[1]["seconds"]):
        lines.append(f"| {name} | {point['accuracy']:.1%} | {point['seconds']:.0f} |")
    return "\n".join(lines) + "\n"


def main(arguments: list[str] | None = None) -> None:
    """Measure what is not kept yet, and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", default=os.environ.get("HUNDRED_DATA", "sample"))
    parser.add_argument("--minutes", default=MINUTES)
    parser.add_argument("--fixed", default=FIXED)
    parser.add_argument("--out", type=Path, default=Path("docs/minutes"), help="without its suffix")
    parser.add_argument("--runs", type=Path, default=Path("runs/minutes"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-run", action="store_true")
    options = parser.parse_args(arguments)
    kept_in = options.out.with_suffix(".json")
    make_folder(kept_in)
    kept: dict[str, Any] = {"machine": describe_machine("cpu"), "points": {}}
    if kept_in.is_file():
        kept = json.loads(kept_in.read_text(encoding="utf-8"))
    wanted = [name for names in (options.minutes, options.fixed) for name in names.split(",") if name]
    for name in [] if options.no_run else wanted:
        if name in kept["points"]:
            continue
        shutil.rmtree(options.runs / name, ignore_errors=True)  # of a measurement that was broken off
        result = trained(arguments_of(name, options.data), options.seed, options.runs / name)
        kept["points"][name] = {"seconds": result["seconds"], "accuracy": accuracy(result)}
        write_json(kept_in, kept)
        print(f"{name}: {accuracy(result):.2%} after {result['seconds']:.0f} s", flush=True)
    fixed = {name: point for name, point in kept["points"].items() if "x" in name}
    planned = {name: point for name, point in kept["points"].items() if "x" not in name}
    save(minutes_figure(planned, fixed), options.out.with_suffix(".png"))
    print(table(kept["machine"], planned, fixed))


if __name__ == "__main__":
    main()
