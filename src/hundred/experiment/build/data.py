"""Opening the data of a command or a run, with progress, notes and warnings on standard error."""

import sys
import time
from pathlib import Path
from typing import Any

from hundred.data.dataset import Dataset
from hundred.data.download.named import NAMES
from hundred.data.formats.raw import Fit
from hundred.data.opening.open import open_dataset
from hundred.data.sample.draw import DRAWN
from hundred.data.variants import Variant, make_variant
from hundred.errors import HundredError, UsageError
from hundred.files import expand_user
from hundred.recipe.load import load_recipe
from hundred.recipe.schema import DataSection
from hundred.runs.layout import RECIPE, is_run
from hundred.runs.run import Run

SECONDS_BETWEEN_LINES = 2.0
PYTHON = "Python"  # the source of data that was given as Python objects
_DEFAULT = DataSection()
_noted: set[str] = set()


class Lines:
    """A line every few seconds: how much is done, its share, and the time left."""

    def __init__(self, doing: str, unit: str, factor: float = 1.0) -> None:
        """Such as `Lines("downloading", "MB", 1e-6)`; the clock starts with the first call."""
        self._doing, self._unit, self._factor = doing, unit, factor
        self._begin: tuple[float, int] | None = None
        self._printed = 0.0

    def __call__(self, done: int, total: int | None) -> None:
        """`done` of `total` are done; `total` is None where it is unknown."""
        now = time.monotonic()
        if self._begin is None:
            self._begin, self._printed = (now, done), now
        if now - self._printed < SECONDS_BETWEEN_LINES and done != total:
            return
        self._printed = now
        begin, at = self._begin
        speed = (done - at) / max(now - begin, 1e-9)
        line = f"{self._doing}: {done * self._factor:,.0f}"
        if total:
            left = f", {(total - done) / speed:.0f} s left" if speed > 0 else ""
            line += f" of {total * self._factor:,.0f} {self._unit} ({done / total:.0%}){left}"
        else:
            line += f" {self._unit}"
        print(line, file=sys.stderr, flush=True)  # noqa: T201


def downloading() -> Lines:
    """The lines of a download."""
    return Lines("downloading images", "MB", 1e-6)


def open_data(where: Any, section: DataSection = _DEFAULT, *, download: bool = True) -> Dataset:
    """`open_dataset` in the size that a recipe's `[data]` table asks for, with progress lines and, once,
    notes;
    a dataset that is open already as it is."""
    if isinstance(where, Dataset):
        return where
    dataset = open_dataset(
        where,
        download=download,
        progress=downloading(),
        reading=Lines("decoding images, this once", "images"),
        image_size=section.image_size,
        fit=_fit(section),
        skip_damaged=section.skip_damaged,
    )
    if dataset.digest not in _noted:
        _noted.add(dataset.digest)
        for note in dataset.notes:
            print(f"note: {dataset.name}: {note}", file=sys.stderr, flush=True)  # noqa: T201
    return dataset


def open_for(where: Any, section: DataSection) -> Dataset:
    """The data that a run with this `[data]` table trains on: opened, and made the variant that it
    describes."""
    variant = Variant(
        image_size=section.image_size,
        fit=_fit(section),
        classes=section.classes,
        imbalance=section.imbalance,
        labels=section.labels,
        label_noise=section.label_noise,
        noise_within=section.label_noise_kind,
        seed=section.split_seed,
        train_per_class=section.train_per_class,
        test_per_class=section.test_per_class,
    )
    return make_variant(open_data(where, section), variant)


def open_data_of(run: Run, where: Any = None, *, same: bool = True) -> Dataset:
    """The data that `run` was trained and tested on: `where`, or from where the run had it.

    same: raise HundredError where what is there now has another digest.

    Raises UsageError where the run does not know where its data is, or that is gone.
    """
    environment = run.environment
    where = source_of(run) if where is None else where
    section = load_recipe(run.path / RECIPE).recipe.data if (run.path / RECIPE).is_file() else _DEFAULT
    dataset = open_for(where, section)
    digest = environment.get("data_digest")
    if same and digest and digest != dataset.digest:
        raise HundredError(
            f"{run.path} was made with other images than those of {dataset.source}: name its data with --data"
        )
    return dataset


def data_for(recipe: Any, where: Any) -> Any:
    """`where`, or, where that is None and `recipe` is a run directory, or recipe.toml in one, its data.

    Raises UsageError where that run's data came from Python, or is gone.
    """
    if where is not None or not isinstance(recipe, str | Path):
        return where
    path = expand_user(recipe)
    path = path.parent if path.name == RECIPE else path
    return source_of(Run(path)) if is_run(path) else None


def source_of(run: Run) -> str | None:
    """Where the data of `run` was, to be opened again; None looks for CIFAR-100.

    Raises UsageError where it came from Python, or is no longer there.
    """
    environment = run.environment
    name, source = environment.get("data"), environment.get("data_source")
    if name == "sample":
        return "sample"
    if not isinstance(source, str) or not source:
        return None
    if source == PYTHON:
        raise UsageError(f"the data of {run.path} came from Python objects: give it again as data=")
    if source in NAMES or source.startswith("hf:") or Path(source).exists():
        return source
    if name == "cifar100":
        return None
    raise UsageError(f"the data of {run.path} was in {source}, which is gone: name its place with --data")


def describe_data(dataset: Dataset) -> dict[str, Any]:
    """What a run remembers of its data in environment.json, beside its name and digest."""
    source = "sample" if dataset.source == DRAWN else dataset.source
    if Path(source).exists():
        source = str(Path(source).absolute())
    return {
        "data_source": source,
        "data_form": dataset.form,
        "data_split": dataset.split,
        "data_classes": dataset.classes,
        "data_image_size": dataset.image_size,
    }


def _fit(section: DataSection) -> Fit:
    fit: Fit = section.fit
    return fit
