"""`transfer` beside `sprint` with the same minutes, and what larger pictures are worth to `transfer`.

    python -m benchmarks.transfer --data cifar-100-python --minutes 1,5 --sets ten,hundred
    python -m benchmarks.transfer --list              # the cells, without running any
    python -m benchmarks.transfer --only sizes        # only cells with this word in their name
    python -m benchmarks.transfer --table             # what has been measured so far, as Markdown

Each cell is one `hundred train` in a process of its own, `transfer` and `sprint` in turns, and its seconds
are those of the whole command. A measured cell is appended to `--out` and not measured again, so the
benchmark can be stopped and started at will.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hundred.runs.environment import cpu_model

# The first ten of CIFAR-100.
TEN = ["apple", "aquarium_fish", "baby", "bear", "beaver", "bed", "bee", "beetle", "bicycle", "bottle"]
SETS = {
    "ten": {"data.classes": json.dumps(TEN), "data.train_per_class": "55", "data.validation_per_class": "5"},
    "hundred": {"data.train_per_class": "110", "data.validation_per_class": "10"},
    "whole": {},
}
WORDS = {
    "ten": "10 classes, 50 images each",
    "hundred": "100 classes, 100 images each",
    "whole": "100 classes, 450 images each",
}
RECIPES = ("transfer", "sprint")
STORED_SIDE = 32
SIDES = [STORED_SIDE * upsample for upsample in range(1, 8)]


@dataclass(frozen=True)
class Cell:
    """One command. name: tells it from all others. minutes: 0 is without a limit."""

    name: str
    data_set: str
    recipe: str
    seed: int
    minutes: float = 0.0
    side: int = 0

    def arguments(self) -> list[str]:
        """What goes to `hundred train`, beside data and places."""
        values = {**SETS[self.data_set], "tracking.mlflow": "false"}
        if self.side:
            values["model.upsample"] = str(self.side // STORED_SIDE)
        given = [word for key, value in values.items() for word in ("--set", f"{key}={value}")]
        limit = ["--minutes", f"{self.minutes:g}"] if self.minutes else ["--no-figures"]
        return [self.recipe, "--seed", str(self.seed), *limit, *given]


def cells(options: argparse.Namespace) -> Iterator[Cell]:
    """All cells of a call, the cheap ones first."""
    for side in options.sides:
        for data_set in options.sets:
            # Features of the whole set at 128 pixels take many minutes, and say nothing else.
            seeds = range(options.seeds) if data_set == "ten" else range(1)
            for seed in seeds if data_set != "whole" else ():
                yield Cell(f"sizes {data_set} {side} seed {seed}", data_set, "transfer", seed, side=side)
    for minutes in options.minutes:
        for data_set in options.sets:
            for seed in range(options.seeds if minutes <= 1 and data_set == "ten" else 1):
                for recipe in RECIPES:
                    name = f"minutes {data_set} {minutes:g} {recipe} seed {seed}"
                    yield Cell(name, data_set, recipe, seed, minutes=minutes)


def measure(cell: Cell, data: str, runs: Path) -> dict[str, Any]:
    """The figures of one cell, for a line of `--out`."""
    place = ["--data", data, "--runs", str(runs), "--json"]
    command = [sys.executable, "-m", "hundred", "train", *cell.arguments(), *place]
    begin = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    seconds = time.perf_counter() - begin
    if done.returncode:
        raise SystemExit(f"{cell.name} failed: {' '.join(command)}")
    result = json.loads(done.stdout)
    kept = ("test_accuracy", "epochs", "train_seconds", "device", "data")
    about = {"set": cell.data_set, "recipe": cell.recipe, "seed": cell.seed}
    more = {"minutes": cell.minutes, "side": cell.side, "processor": cpu_model(), "cores": os.cpu_count()}
    return {"cell": cell.name, **about, **more, "seconds": seconds, **{key: result[key] for key in kept}}


def table(rows: list[dict[str, Any]]) -> str:
    """What is measured, as Markdown."""
    lines = sorted({f"Measured on {row['cores']} cores of {row['processor']}." for row in rows})
    sized: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for row in rows:
        if row["side"]:
            sized.setdefault((row["set"], row["side"]), []).append(row)
    if sized:
        lines += ["", "| data | pixels | test accuracy | seconds of the command |", "|---|---|---|---|"]
    for (data_set, side), found in sorted(sized.items()):
        lines.append(f"| {WORDS[data_set]} | {side} | {accuracies(found)} | {seconds_of(found)} |")
    timed: dict[tuple[str, float], dict[str, list[dict[str, Any]]]] = {}
    for row in rows:
        if row["minutes"]:
            timed.setdefault((row["set"], row["minutes"]), {}).setdefault(row["recipe"], []).append(row)
    if timed:
        titles = " | ".join(f"`{recipe}` | its seconds" for recipe in RECIPES)
        lines += ["", f"| data | `--minutes` | {titles} |", "|---|---|" + "---|" * (2 * len(RECIPES))]
    for (data_set, minutes), by_recipe in sorted(timed.items()):
        both = [by_recipe.get(recipe, []) for recipe in RECIPES]
        parts = [f"{accuracies(each)} | {seconds_of(each)}" if each else "– | –" for each in both]
        lines.append(f"| {WORDS[data_set]} | {minutes:g} | {' | '.join(parts)} |")
    return "\n".join(lines)


def accuracies(rows: list[dict[str, Any]]) -> str:
    """Mean test accuracy, with lowest and highest over seeds."""
    values = [row["test_accuracy"] for row in rows]
    mean = f"{sum(values) / len(values):.1%}"
    if len(values) == 1:
        return mean
    return f"{mean} ({min(values):.1%} to {max(values):.1%}, {len(values)} seeds)"


def seconds_of(rows: list[dict[str, Any]]) -> str:
    """Mean seconds of the command."""
    return f"{sum(row['seconds'] for row in rows) / len(rows):.0f}"


def numbers(text: str) -> list[float]:
    """`1,5` as numbers."""
    return [float(part) for part in text.split(",") if part]


def main() -> None:
    """Measure what is missing, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", default=os.environ.get("HUNDRED_DATA", "sample"))
    parser.add_argument("--minutes", type=numbers, default=[1.0, 5.0])
    parser.add_argument("--sets", type=lambda text: text.split(","), default=["ten", "hundred"])
    parser.add_argument(
        "--sides",
        type=lambda text: [int(part) for part in text.split(",") if part],
        help="of the pictures, in pixels: 32,64,96,128 by default, and up to 224",
    )
    parser.add_argument("--seeds", type=int, default=3, help="of the quick cells; the others have one")
    parser.add_argument("--only", default="", help="cells with this in their name")
    parser.add_argument("--runs", type=Path, default=Path("runs/transfer-benchmark"))
    parser.add_argument("--out", type=Path, default=Path("runs/transfer-benchmark.jsonl"))
    parser.add_argument("--list", action="store_true", dest="only_list")
    parser.add_argument("--table", action="store_true", dest="only_table")
    options = parser.parse_args()
    options.sides = SIDES[:4] if options.sides is None else options.sides
    if wrong := [side for side in options.sides if side not in SIDES]:
        parser.error(f"--sides {wrong[0]}: it takes {', '.join(map(str, SIDES))}")
    rows = []
    if options.out.exists():
        rows = [json.loads(line) for line in options.out.read_text(encoding="utf-8").splitlines()]
    known = {row["cell"] for row in rows}
    wanted = [cell for cell in cells(options) if options.only in cell.name]
    if options.only_list:
        for cell in wanted:
            print(f"{'measured' if cell.name in known else '        '}  {cell.name}")
        return
    for cell in [] if options.only_table else wanted:
        if cell.name in known:
            continue
        row = measure(cell, options.data, options.runs)
        options.out.parent.mkdir(parents=True, exist_ok=True)
        with options.out.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        rows.append(row)
        print(f"{cell.name}: {row['test_accuracy']:.1%} in {row['seconds']:.0f} s", file=sys.stderr)
    print(table(rows))


if __name__ == "__main__":
    main()
