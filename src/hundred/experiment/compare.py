"""Comparing runs, folders of repeats and model files: which is better, and is the difference real?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from hundred.data.names import FINE_NAMES
from hundred.errors import HundredError, UsageError
from hundred.evaluation.compare.comparison import Comparison, compare_contenders
from hundred.evaluation.compare.contender import Contender
from hundred.experiment.checks import check_compared
from hundred.experiment.locate import place_of, sample_names, writing
from hundred.files import make_folder
from hundred.formatting import command
from hundred.runs.directory import is_written
from hundred.runs.layout import is_run
from hundred.runs.repeats import Repeats, is_repeats
from hundred.runs.run import Run, list_runs, open_run

# Torch, recipes and images are imported only where a model file must be tested: comparing finished runs reads
# their predictions and must be quick.
if TYPE_CHECKING:
    from hundred.data.dataset import Dataset

    Side: TypeAlias = str | Path | Run | Repeats


@dataclass(frozen=True)
class Entry:
    """One side of a comparison: its runs (several where they are repeats), or a model file."""

    path: Path
    runs: tuple[Run, ...] = ()

    @cached_property
    def results(self) -> list[dict[str, Any]]:
        """result.json of each run. Raises UsageError for a run that has not finished."""
        for run in self.runs:
            if not run.finished:
                way_out = (
                    "wait until it has: it is being trained"
                    if is_written(run.path)
                    else f"go on with it: {command('train', run.path, '--resume')}"
                )
                raise UsageError(
                    f"{run.path} has not finished, so it has no test figures to compare\n{way_out}"
                )
        return [run.result for run in self.runs]

    def common(self, key: str) -> Any:
        """The value of `key` in the results where all runs have the same, else None."""
        values = {result.get(key) for result in self.results}
        return values.pop() if len(values) == 1 else None


def compare(
    *sides: "Side",
    data: "str | Path | Dataset | None" = None,
    scale: str | Mapping[str, str] | None = None,
    output: str | None = None,
    device: str = "auto",
    confidence: float = 0.95,
    custom_objects: Mapping[str, Any] | None = None,
    allow_lambda: bool = False,
) -> Comparison:
    """Compare two or more runs, folders of repeats and model files on the same test images.

    A run's figures come from its directory. A model file is tested here, on `data`, or where that is None on
    the images that the first run was tested on. With `data`, runs of other data are tested on it too.
    scale, output, custom_objects, allow_lambda: of model files, as for `hundred.test`; each file may have a
    scale of its own, `{"a.h5": "tf", "b.h5": "0-255"}`. confidence: of intervals and of the verdict.

    Raises UsageError for a wrong call or an unfinished run, HundredError for what is damaged.
    """
    options = {"output": output, "custom_objects": custom_objects or {}, "allow_lambda": allow_lambda}
    return compare_entries(
        [entry_of(side) for side in sides], data, scale, device=device, confidence=confidence, **options
    )


def compare_entries(
    entries: Sequence[Entry],
    data: "str | Path | Dataset | None" = None,
    scale: str | Mapping[str, str] | None = None,
    *,
    confidence: float = 0.95,
    **options: Any,
) -> Comparison:
    """As `compare`, of entries; `options` are those of opening model files."""
    check_compared([entry.path for entry in entries])
    tester = _Tester(entries, data, {"scale": scale, **options})
    contenders = [
        tester.contender(entry, name) for entry, name in zip(entries, names_of(entries), strict=True)
    ]
    _require_same_width(contenders)
    fine = _fine_names(entries, tester, contenders[0])
    found = compare_contenders(contenders, fine_names=fine, confidence=confidence)
    return replace(found, warnings=(*found.warnings, *tester.notes))


def entry_of(side: "Side") -> Entry:
    """The entry for `side`: a run, a folder of repeats, or a model file.

    Raises UsageError where it is none of them, HundredError where its files are damaged.
    """
    if isinstance(side, Repeats):
        return Entry(side.path, tuple(side.runs))
    if isinstance(side, Run):
        return Entry(side.path, (side,))
    path = place_of(side)
    if is_repeats(path):
        return Entry(path, tuple(Repeats(path).runs))
    if path.is_file():
        return Entry(path)
    inside = list_runs(path) if path.is_dir() and not is_run(path) else []
    if inside:
        raise UsageError(f"{path} is a folder of {len(inside)} runs, not one of them: name them, as {path}/*")
    return Entry(path, (open_run(path),))


def names_of(entries: Sequence[Entry]) -> list[str]:
    """A short name for each: the last part of its path, or as many parts as make it unique."""
    paths = [entry.path.resolve() for entry in entries]
    names = []
    for path in paths:
        others = [other for other in paths if other != path]
        depth = 1
        while depth < len(path.parts) and any(
            other.parts[-depth:] == path.parts[-depth:] for other in others
        ):
            depth += 1
        names.append("/".join(path.parts[-depth:]))
    return names


def draw_comparison(found: Comparison, entries: Sequence[Entry], path: str | Path) -> Path:
    """Draw accuracy against training time of all contenders, with the Pareto front, as the picture `path`.

    Raises HundredError where fewer than two have a known training time.
    """
    from hundred.reports.figures.pareto import draw_pareto
    from hundred.reports.figures.style import Provenance, save

    if len(found.table["train_seconds"].dropna()) < 2:
        raise HundredError("no picture: fewer than two of these have a known training time")
    results = [result for entry in entries if entry.runs for result in entry.results]
    data = "sample" if any(result.get("data") == "sample" for result in results) else "cifar100"
    optimistic = any(result.get("protocol") == "test-as-validation" for result in results)
    provenance = Provenance(data, "test-as-validation" if optimistic else "holdout")
    with writing(Path(path)):
        make_folder(path)
        return save(draw_pareto(found.table, provenance=provenance), path)


class _Tester:
    """Contenders from entries; the test images are opened once, and only where something must be tested."""

    def __init__(
        self,
        entries: Sequence[Entry],
        data: "str | Path | Dataset | None",
        options: dict[str, Any],
    ) -> None:
        """`data` as of `compare`; `options`: of opening model files."""
        self.first_run = next((entry.runs[0] for entry in entries if entry.runs), None)
        self.data, self.options = data, options
        self.notes: list[str] = []

    @cached_property
    def dataset(self) -> "Dataset":
        """The images that files are tested on."""
        from hundred.experiment.build.data import open_data, open_data_of

        if self.first_run is None:
            return open_data(self.data)
        return open_data_of(self.first_run, self.data, same=False)

    def contender(self, entry: Entry, name: str) -> Contender:
        """`entry` with its logits: those in the run directory, or new ones of the saved model."""
        if not entry.runs:
            return self._of_file(entry, name)
        stored = self.data is None or entry.common("data_digest") == self.dataset.digest
        # A run that was trained without a test is tested now.
        stored = stored and all(result.get("test_accuracy") is not None for result in entry.results)
        found = [run.predictions() if stored else self._test(run) for run in entry.runs]
        if any(not {"test_logits", "test_labels"} <= set(arrays) for arrays in found):
            raise HundredError(
                f"{entry.path}: its predictions.npz is damaged: it has no test_logits and labels"
            )
        labels = found[0]["test_labels"]
        if any(not np.array_equal(labels, arrays["test_labels"]) for arrays in found):
            raise HundredError(
                f"{entry.path}: its runs were tested on different images: compare them one by one"
            )
        sizes = [result.get("model_bytes") for result in entry.results]
        return Contender(
            name,
            [arrays["test_logits"] for arrays in found],
            labels,
            tuple(result.get("seed") for result in entry.results),
            tuple(result.get("train_seconds") for result in entry.results),
            entry.common("parameters"),
            sizes[0],
            entry.common("protocol"),
            entry.common("data_digest"),
        )

    def _of_file(self, entry: Entry, name: str) -> Contender:
        model_parameters, arrays = self._tested(entry.path)
        return Contender(
            name,
            [arrays["test_logits"]],
            arrays["test_labels"],
            (None,),
            (None,),
            model_parameters,
            entry.path.stat().st_size,
        )

    def _test(self, run: Run) -> dict[str, Any]:
        return self._tested(run)[1]

    def _tested(self, what: Path | Run) -> tuple[int, dict[str, Any]]:
        """Parameters, and test_logits and test_labels as in predictions.npz."""
        from hundred.experiment.saved.labels import require_labels
        from hundred.experiment.saved.open import OpenOptions, logits_of, open_saved

        dataset = self.dataset
        model = open_saved(what, OpenOptions(**self.options), lambda: dataset)
        name = str(what.path if isinstance(what, Run) else what)
        logits, notes = logits_of(model, dataset.test.images, name)
        labels = require_labels(dataset, logits.shape[1], name)
        self.notes += [f"{name}: {note}" for note in (*model.notes, *notes, labels.note) if note]
        return model.parameters, {"test_logits": logits, "test_labels": labels.of(dataset.test).numpy()}


def _require_same_width(contenders: Sequence[Contender]) -> None:
    widths = {contender.name: np.shape(contender.logits[0])[1] for contender in contenders}
    if len(set(widths.values())) > 1:
        each = ", ".join(f"{name} {width}" for name, width in widths.items())
        raise HundredError(f"networks of different numbers of classes cannot be compared: {each}")


def _fine_names(entries: Sequence[Entry], tester: _Tester, contender: Contender) -> Sequence[str] | None:
    """The fine class names that go with the labels, or None for numbers."""
    if "dataset" in vars(tester):
        from hundred.experiment.saved.labels import labels_for

        found = labels_for(tester.dataset, np.shape(contender.logits[0])[1])
        return found.names if found is not None else None
    kinds = {result.get("data") for entry in entries for result in entry.results}
    names = sample_names()[0] if kinds == {"sample"} else FINE_NAMES
    return names if int(contender.truth.max()) < len(names) else None
