"""Every figure that needs a GPU, in at most eight minutes: `python -m benchmarks.gpu --data PATH`.

Each row is printed as it comes and kept in OUT/gpu.json and OUT/gpu.md, so an interruption loses nothing; a
row for which no time is left says so. `--dry` runs every line on the CPU with tiny sizes: its figures mean
nothing.
Written for torch 2.11 to 2.15.
"""

import argparse
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from benchmarks.gpu_rows import (
    Setting,
    cold_command,
    marathon,
    networks,
    resnet9,
    sprint_seeds,
    step_speeds,
)
from hundred.data.opening.open import open_dataset
from hundred.data.subset import subset_per_class
from hundred.errors import UsageError
from hundred.files import make_folder, write_json, write_text
from hundred.runs.environment import describe_machine

LIMIT_SECONDS = 480.0


@dataclass
class Table:
    """Rows as they are measured, in the files of `folder`."""

    folder: Path
    machine: dict[str, Any]
    dry: bool
    rows: list[dict[str, str]] = field(default_factory=list)

    def add(self, what: str, value: str, detail: str = "") -> None:
        """Print a row and keep it."""
        self.rows.append({"what": what, "value": value, "detail": detail})
        print(f"{what:<58} {value:<28} {detail}", flush=True)
        write_json(self.folder / "gpu.json", {"machine": self.machine, "dry": self.dry, "rows": self.rows})
        write_text(self.folder / "gpu.md", self.markdown())

    def markdown(self) -> str:
        """The table for docs/performance.md."""
        about = f"{self.machine['device_name']}, torch {self.machine['torch']}, CUDA {self.machine['cuda']}"
        lines = ["A dry run: these figures mean nothing.", ""] if self.dry else []
        lines += [f"`python -m benchmarks.gpu` on {about}", "", "| what | value | detail |", "|---|---|---|"]
        lines += [f"| {row['what']} | {row['value']} | {row['detail']} |" for row in self.rows]
        return "\n".join(lines) + "\n"


def run(setting: Setting, table: Table, limit: float, clock: Callable[[], float] = time.monotonic) -> None:
    """Measure row by row until `limit` seconds are over; a row that fails is noted, and the next begins."""
    end = clock() + limit
    # Seconds that each is expected to take at most, and the least with which it is worth beginning.
    parts: tuple[tuple[str, float, Callable[[float], Iterator[tuple[str, str, str]]]], ...] = (
        ("step of sprint, eager and as CUDA graphs", 20, lambda _: step_speeds(setting)),
        ("75 % over seeds", 30, lambda left: sprint_seeds(setting, min(left, 150.0))),
        ("from a cold command", 20, lambda left: cold_command(setting, left)),
        ("ResNet-9, a plain loop", 10, lambda _: resnet9(setting)),
        ("images/s of all networks", 20, lambda left: networks(setting, min(left - 60.0, 60.0))),
        ("marathon", 60, lambda left: marathon(setting, min(left - 20.0, 180.0))),
    )
    for name, least, measure in parts:
        left = end - clock()
        if left < least:
            table.add(name, "not measured", f"{max(left, 0):.0f} s were left of {limit:.0f}")
            continue
        try:
            for row in measure(left):
                table.add(*row)
        except Exception as error:  # the other rows are worth having
            table.add(name, "failed", f"{type(error).__name__}: {str(error).splitlines()[0][:120]}")
            if setting.dry:
                raise


def main(arguments: list[str] | None = None) -> None:
    """Measure everything and say where it is kept."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu")
    parser.add_argument("--data", default=os.environ.get("HUNDRED_DATA", "sample"))
    parser.add_argument("--out", type=Path, default=Path("runs/gpu"))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--dry", action="store_true", help="on the CPU, tiny: only to see that it runs")
    options = parser.parse_args(arguments)
    if not options.dry and not torch.cuda.is_available():
        raise UsageError("there is no CUDA GPU here; --dry shows on the CPU that the script runs")
    dataset = open_dataset(options.data)
    if options.dry:
        dataset = subset_per_class(dataset, 4, 1)
    setting = Setting(dataset, options.data, options.out, options.seeds, dry=options.dry)
    make_folder(options.out / "gpu.json")
    table = Table(options.out, describe_machine(setting.device.type), options.dry)
    run(setting, table, LIMIT_SECONDS)
    print(f"kept in {options.out / 'gpu.json'} and {options.out / 'gpu.md'}")


if __name__ == "__main__":
    main()
