"""A run directory as an object: its recipe, history, events, result and predictions."""

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hundred.errors import HundredError, UsageError, nearest
from hundred.reading import MOST_TOML_BYTES, read_bytes, read_npz
from hundred.runs import layout
from hundred.runs.events import read_events
from hundred.runs.history import COLUMNS, read_history, read_rows
from hundred.runs.html import card_html, summary
from hundred.runs.os_errors import os_errors_as_hundred_errors
from hundred.runs.result import read_object, read_result

if TYPE_CHECKING:
    import numpy as np
    import pandas


class Run:
    """One run directory. Every property reads the files anew, so a run under way can be followed."""

    def __init__(self, path: Path | str) -> None:
        """`path` is the run directory; nothing is read or checked yet (`open_run` does)."""
        self.path = Path(path)

    @property
    def name(self) -> str:
        """The name of the directory."""
        return self.path.resolve().name

    @property
    def finished(self) -> bool:
        """Whether the run has ended and its figures are there."""
        return (self.path / layout.RESULT).is_file()

    @property
    def result(self) -> dict[str, Any]:
        """The content of result.json (see `Result`); {} while the run is not finished."""
        return read_result(self.path / layout.RESULT) if self.finished else {}

    @property
    def history(self) -> "pandas.DataFrame":
        """One row per epoch with the columns of history.csv; no rows before the first epoch has ended."""
        import pandas as pd

        path = self.path / layout.HISTORY
        return read_history(path) if path.exists() else pd.DataFrame(columns=list(COLUMNS), dtype="float64")

    @property
    def events(self) -> list[dict[str, Any]]:
        """What happened, in order; each event has `kind`, `time` and its own fields."""
        return read_events(self.path / layout.EVENTS)

    @property
    def recipe_text(self) -> str:
        """The TOML that repeats this run."""
        path = self.path / layout.RECIPE
        with os_errors_as_hundred_errors(path, "cannot read"):
            return read_bytes(path, MOST_TOML_BYTES).decode(errors="replace")

    @property
    def environment(self) -> dict[str, Any]:
        """The content of environment.json; {} where there is none."""
        path = self.path / layout.ENVIRONMENT
        return read_object(path) if path.exists() else {}

    @property
    def figures(self) -> dict[str, Path]:
        """The pictures by name, such as `curves`."""
        return {path.stem: path for path in sorted((self.path / layout.FIGURES).glob("*.png"))}

    @property
    def model_path(self) -> Path:
        """Where the trained network is, or will be."""
        return self.path / layout.MODEL

    def predictions(self) -> "dict[str, np.ndarray[Any, Any]]":
        """The arrays of predictions.npz: test_logits float32 [n, 100] and test_labels int64 [n]; val_logits,
        val_labels and val_indices (of the training images) where the run had a validation split.

        Raises HundredError where the file is missing or damaged.
        """
        path = self.path / layout.PREDICTIONS
        with os_errors_as_hundred_errors(path, "cannot read"):
            try:
                return _checked(read_npz(path))
            except (OSError, HundredError):
                raise
            except Exception as error:  # NumPy and zipfile raise a dozen kinds for damaged bytes
                text = (str(error).splitlines() or [type(error).__name__])[0][:80]
                raise HundredError(f"{path} is damaged: {text}") from None

    def __repr__(self) -> str:
        """Such as ``Run('runs/a': school, 20 epochs, test accuracy 57.10%)``; never raises."""
        try:
            words = summary(self.name, self.result, self._rows(), finished=self.finished)
        except HundredError as error:
            words = f"damaged: {error}"
        return f"Run({str(self.path)!r}: {words})"

    def _repr_html_(self) -> str:
        """The headline figures and curves, for notebooks."""
        try:
            return card_html(self.name, self.result, self._rows(), finished=self.finished)
        except HundredError as error:
            return f"<p><b>{escape(self.name)}</b>: {escape(str(error))}</p>"

    def _rows(self) -> list[dict[str, float]]:
        path = self.path / layout.HISTORY
        return read_rows(path) if path.exists() else []


def _checked(arrays: "dict[str, np.ndarray[Any, Any]]") -> "dict[str, np.ndarray[Any, Any]]":
    """`arrays` of predictions.npz, if they can be what their names say; ValueError otherwise."""
    for name, array in arrays.items():
        kind, dimensions = ("f", 2) if name.endswith("_logits") else ("iu", 1)
        if array.dtype.kind not in kind or array.ndim != dimensions:
            raise ValueError(f"{name} is {array.dtype} {list(array.shape)}")
    for part in ("test", "val"):
        own = {len(array) for name, array in arrays.items() if name.startswith(f"{part}_")}
        if len(own) > 1:
            raise ValueError(f"the {part}_ arrays are of different lengths")
    return arrays


def open_run(path: Path | str, *, folder: Path | str = "runs") -> Run:
    """The run at `path`, or, for a bare name that is no path from here, the one of that name in `folder`.

    Raises UsageError where there is no run (naming the nearest), HundredError where its files are damaged.
    """
    path = Path(path)
    if not path.exists() and len(path.parts) == 1 and (Path(folder) / path).exists():
        path = Path(folder) / path
    if not path.exists():
        nearby = path.parent if len(path.parts) > 1 else Path(folder)
        hint = nearest(path.name, [run.name for run in list_runs(nearby)])
        raise UsageError(f"there is no run {str(path)!r}{hint}")
    if not layout.is_run(path):
        raise UsageError(
            f"{path} is not a run: no {layout.RECIPE}, {layout.HISTORY} or {layout.RESULT} in it"
        )
    run = Run(path)
    _check(run)
    return run


def list_runs(folder: Path | str) -> list[Run]:
    """The runs in `folder`, by name; [] where there is no such folder."""
    folder = Path(folder)
    if not folder.is_dir():
        return []
    with os_errors_as_hundred_errors(folder, "cannot read"):
        return [Run(path) for path in sorted(folder.iterdir()) if layout.is_run(path)]


def _check(run: Run) -> None:
    """Raise HundredError where result.json or history.csv is damaged."""
    _ = run.result
    history = run.path / layout.HISTORY
    if history.exists():
        read_rows(history)
