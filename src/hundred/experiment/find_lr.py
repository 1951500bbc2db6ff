"""`find_lr`: the learning-rate range test of a recipe, on its own data path, network and optimizer."""

import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hundred.data.dataset import Dataset
from hundred.evaluation.learning_rates import RateReading, read_range_test
from hundred.experiment.build.data import data_for, open_for
from hundred.experiment.build.optimizer import as_built
from hundred.experiment.build.resolve import resolve
from hundred.experiment.build.trainer import build_run_parts
from hundred.experiment.checks import FEWEST_STEPS, check_range_test
from hundred.experiment.run.exclusive import exclusive_training
from hundred.experiment.run.interrupt import Interrupt
from hundred.experiment.run.out_of_memory import out_of_memory_as_hundred_error
from hundred.files import expand_user, make_folder
from hundred.formatting import eta
from hundred.recipe.schema import Recipe
from hundred.recipe.training import TrainingSection
from hundred.reports.figures.style import Provenance, save
from hundred.runs.os_errors import os_errors_as_hundred_errors
from hundred.training.device import choose_device
from hundred.training.lr_range_test import LrRangeTest, run_lr_range_test
from hundred.training.profiling import measure_step_time
from hundred.training.trainer import Trainer

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STEPS = 150
# Wide enough for every network tried so far; widened to AROUND times the recipe's own rate.
RANGES = {"adam": (1e-6, 1.0), "adamw": (1e-6, 1.0), "sgd": (1e-4, 30.0), "muon": (1e-4, 30.0)}
AROUND = 30.0
SECONDS_BETWEEN_LINES = 2.0


@dataclass(frozen=True)
class FoundRate:
    """The result of a range test.

    recipe, model, data, optimizer: what was tested. learning_rate: the recipe's.
    rest_factor: of a Muon recipe with a rate of its own for what SGD steps: that rate over the learning rate.
    size: side of the images in pixels, 0 for that of the stored ones. test: the measurement.
    reading: what follows from it.
    """

    recipe: str
    model: str
    data: str
    optimizer: str
    learning_rate: float
    rest_factor: float | None
    size: int
    test: LrRangeTest
    reading: RateReading
    seconds: float

    @property
    def suggestion(self) -> float | None:
        """The suggested `training.learning_rate`, or None where the loss never clearly fell."""
        return self.reading.suggestion

    @property
    def settings(self) -> dict[str, float]:
        """What to set for the suggestion, by dotted key; empty without one."""
        if self.suggestion is None:
            return {}
        found = {"training.learning_rate": self.suggestion}
        if self.rest_factor is not None:
            found["training.muon.rest_learning_rate"] = float(f"{self.suggestion * self.rest_factor:.2g}")
        return found

    @property
    def paste(self) -> str:
        """The suggestion as options of `hundred train`; '' without one."""
        return " ".join(f"--set {key}={value:g}" for key, value in self.settings.items())

    @property
    def varied(self) -> str:
        """Which rates grew during the test."""
        if self.rest_factor is not None:
            return (
                f"Muon's rate, and in proportion ({self.rest_factor:.3g} times it) that of SGD "
                "for what Muon does not step"
            )
        if self.optimizer == "muon":
            return "Muon's rate, which SGD shares for what Muon does not step"
        return f"the rate of {self.optimizer}"

    @property
    def verdict(self) -> str:
        """The result in one or two sentences."""
        reading = self.reading
        if reading.suggestion is None:
            return (
                f"The loss never clearly fell in {len(self.test.rates)} steps: no rate can be suggested; "
                "take more steps, or rates further up."
            )
        text = (
            f"The loss fell from a rate of about {reading.begins:.2g}, fastest at {reading.steepest:.2g}, "
            f"and was lowest at {reading.lowest:.2g}: try {reading.suggestion:g}"
            f" (the recipe has {self.learning_rate:g})."
        )
        if reading.open_end:
            text += " It had not risen again at the largest rate: larger ones may do better."
        return text

    def draw(self) -> "Figure":
        """The picture: loss against learning rate, with the suggestion marked."""
        from hundred.reports.figures.lr_range_test import draw_range_test

        return draw_range_test(
            self.test.rates,
            self.test.losses,
            self.reading,
            title=f"Learning rates for {self.recipe}",
            own=self.learning_rate,
            varied=self.varied,
            provenance=Provenance(self.data),
        )

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain values for JSON."""
        reading = self.reading
        return {
            "recipe": self.recipe,
            "model": self.model,
            "data": self.data,
            "optimizer": self.optimizer,
            "varied": self.varied,
            "learning_rate": self.learning_rate,
            "suggestion": self.suggestion,
            "set": self.settings,
            "paste": self.paste,
            "verdict": self.verdict,
            "begins": reading.begins,
            "steepest": reading.steepest,
            "lowest": reading.lowest,
            "open_end": reading.open_end,
            "stopped": self.test.stopped,
            "steps": len(self.test.rates),
            "image_side": self.size or 32,
            "seconds": self.seconds,
            "rates": self.test.rates.tolist(),
            "losses": self.test.losses.tolist(),
            "smoothed": reading.smoothed.tolist(),
        }


@exclusive_training()
def find_lr(
    recipe: str | Path | Mapping[str, Any] | None = None,
    *,
    data: str | Path | Dataset | None = None,
    set: Iterable[str] | Mapping[str, Any] = (),
    seed: int | None = None,
    device: str = "auto",
    steps: int | None = None,
    minutes: float | None = None,
    lowest: float | None = None,
    highest: float | None = None,
    out: str | Path | None = None,
    quiet: bool = False,
) -> FoundRate:
    """Train `recipe` for some steps while its learning rate grows exponentially, and suggest a rate.

    The images, network, loss, optimizer and augmentation are the recipe's; its schedule is left out, and
    images have the side that they have where the schedule is at its height. Nothing is kept but the picture.

    data, set, seed, device: as for `train`. steps: of the test (150). minutes: take as many steps as fit
    into them. lowest, highest: rates at which to begin and end (by the optimizer). out: a .png or .svg file
    for the picture. quiet: no progress on standard error.

    Raises UsageError for a wrong call or recipe, HundredError for missing data or too little memory, and
    KeyboardInterrupt.
    """
    began = time.monotonic()
    check_range_test(steps, minutes, lowest, highest, out)
    path = None if out is None else expand_user(out)
    chosen = choose_device(device)
    resolved = resolve(recipe, seed=seed, overrides=set, device=chosen.type).recipe
    dataset = open_for(data_for(recipe, data), resolved.data)
    with Interrupt() as interrupt, out_of_memory_as_hundred_error(resolved):
        _, trainer = build_run_parts(resolved, dataset, chosen, interrupted=interrupt.asked)
        resolved = as_built(resolved, trainer.optimizer)
        size = size_at_peak(trainer)
        first, last = _range(resolved.training, lowest, highest)
        deadline = None if minutes is None else began + 60 * minutes
        test = run_lr_range_test(
            trainer,
            first,
            last,
            _steps(trainer, size, steps, deadline),
            size=size,
            deadline=deadline,
            progress=_Lines(quiet),
        )
    if test.stopped == "interrupted":
        raise KeyboardInterrupt(f"stopped after {len(test.rates)} of {test.planned} steps; nothing was kept")
    found = _found(resolved, dataset, size, test, time.monotonic() - began)
    if path is not None:
        with os_errors_as_hundred_errors(path):
            make_folder(path)
            save(found.draw(), path)
    return found


def size_at_peak(trainer: Trainer) -> int:
    """The image side (0 is as stored) where the schedule of `trainer` is first at its height."""
    plan, schedule = trainer.plan, trainer.schedule
    peak = max(range(plan.total_steps), key=lambda step: schedule.factor(plan.progress(step)))
    epoch, step = divmod(peak, plan.steps_per_epoch)
    return plan.sizes(epoch + 1)[step]


def _found(recipe: Recipe, dataset: Dataset, size: int, test: LrRangeTest, seconds: float) -> FoundRate:
    training = recipe.training
    rest = training.muon.rest_learning_rate if training.optimizer == "muon" else 0.0
    return FoundRate(
        recipe.name,
        recipe.model.name,
        dataset.name,
        training.optimizer,
        training.learning_rate,
        rest / training.learning_rate if rest else None,
        size,
        test,
        read_range_test(test.rates, test.losses, test.planned),
        seconds,
    )


def _range(training: TrainingSection, lowest: float | None, highest: float | None) -> tuple[float, float]:
    low, high = RANGES[training.optimizer]
    low = min(low, training.learning_rate / AROUND) if lowest is None else lowest
    return low, max(high, training.learning_rate * AROUND) if highest is None else highest


def _steps(trainer: Trainer, size: int, steps: int | None, deadline: float | None) -> int:
    """As asked for, or as many as fit before the deadline by the measured time of one."""
    if deadline is None or steps is not None:
        return STEPS if steps is None else steps
    trainer.plan.resolutions = ((1.0, size),) if size else ()
    step_seconds = measure_step_time(trainer)[0][size]
    return max(int((deadline - time.monotonic()) / step_seconds * 0.9), FEWEST_STEPS)


class _Lines:
    """A line on standard error every few seconds: the step, its rate and loss, and the time left at most."""

    def __init__(self, quiet: bool) -> None:
        self.quiet = quiet
        self.began = self.printed = time.monotonic()

    def __call__(self, step: int, steps: int, rate: float, loss: float) -> None:
        now = time.monotonic()
        if self.quiet or now - self.printed < SECONDS_BETWEEN_LINES:
            return
        self.printed = now
        left = eta((now - self.began) / step * (steps - step))
        line = f"step {step}/{steps}  lr {rate:.3g}  loss {loss:.4f}  at most {left} left"
        print(line, file=sys.stderr, flush=True)  # noqa: T201
