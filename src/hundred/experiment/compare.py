"""Comparing runs, folders of repeats and model files: which is better, and is the difference real?"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from hundred.data.names import FINE_NAMES
from hundred.errors import HundredError, UsageError
from hundred.evaluation.compare.comparison import Comparison, compare_contenders
from hundred.evaluation.compare.contender import Contender
from hundred.experiment.locate import load_saved, place_of, sample_names, writing
from hundred.runs.layout import RECIPE, is_run
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
                raise UsageError(
                    f"{run.path} has not finished, so it has no test figures to compare\n"
                    f"go on with it: hundred train {run.path} --resume"
                )
        return [run.result for run in self.runs]

    def common(self, key: str) -> Any:
        """The value of `key` in the results where all runs have the same, else None."""
        values = {result.get(key) for result in self.results}
        return values.pop() if len(values) == 1 else None


def compare(
    *sides: "Side",
    data: "str | Path | Dataset | None" = None,
    scale: str | None = None,
    device: str = "auto",
    confidence: float = 0.95,
) -> Comparison:
    """Compare two or more runs, folders of repeats and model files on the same test images.

    A run's figures come from its directory. A model file is tested here, on `data`, or where that is None on
    the images that the first run was tested on. With `data`, runs of other data are tested on it too.
    scale: pixel scale that foreign files expect. confidence: of intervals and of the verdict.

    Raises UsageError for a wrong call or an unfinished run, HundredError for what is damaged.
    """
    return compare_entries([entry_of(side) for side in sides], data, scale, device, confidence)


def compare_entries(
    entries: Sequence[Entry],
    data: "str | Path | Dataset | None" = None,
    scale: str | None = None,
    device: str = "auto",
    confidence: float = 0.95,
) -> Comparison:
    """As `compare`, of entries."""
    if len(entries) < 2:
        raise UsageError(f"compare needs at least two runs or files, not {len(entries)}: name another one")
    _refuse_twice(entries)
    tester = _Tester(entries, data, scale, device)
    contenders = [
        tester.contender(entry, name) for entry, name in zip(entries, names_of(entries), strict=True)
    ]
    fine = _fine_names(entries, tester, contenders[0])
    return compare_contenders(contenders, fine_names=fine, confidence=confidence)


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
        return save(draw_pareto(found.table, provenance=provenance), path)


class _Tester:
    """Contenders from entries; the test images are opened once, and only where something must be tested."""

    def __init__(
        self,
        entries: Sequence[Entry],
        data: "str | Path | Dataset | None",
        scale: str | None,
        device: str,
    ) -> None:
        """Arguments as of `compare`."""
        self.first_run = next((entry.runs[0] for entry in entries if entry.runs), None)
        self.data, self.scale, self.device = data, scale, device

    @cached_property
    def dataset(self) -> "Dataset":
        """The images that files are tested on."""
        from hundred.data.subset import subset_per_class
        from hundred.experiment.build.data import open_data
        from hundred.recipe.load import load_recipe

        where, section = self.data, None
        if self.first_run is not None:
            if where is None and self.first_run.environment.get("data") == "sample":
                where = "sample"
            if (self.first_run.path / RECIPE).is_file():
                section = load_recipe(self.first_run.path / RECIPE).recipe.data
        dataset = open_data(where)
        return (
            dataset
            if section is None
            else subset_per_class(dataset, section.train_per_class, section.test_per_class)
        )

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
        from hundred.experiment.test import logits_of
        from hundred.interchange.read.model import Model
        from hundred.training.device import choose_device

        model, dataset = load_saved(what, self.scale), self.dataset
        if isinstance(model, Model):
            model.to(choose_device(self.device))
        logits, _ = logits_of(model, dataset.test.images, str(what.path if isinstance(what, Run) else what))
        if logits.shape[1] != len(dataset.fine_names):
            raise HundredError(
                f"{what} has {logits.shape[1]} classes, the data {len(dataset.fine_names)}: no comparison"
            )
        return model.parameters, {"test_logits": logits, "test_labels": dataset.test.fine.numpy()}


def _refuse_twice(entries: Sequence[Entry]) -> None:
    seen = set[Path]()
    for entry in entries:
        path = entry.path.resolve()
        if path in seen:
            raise UsageError(f"{entry.path} is named twice: a comparison needs two different runs or files")
        seen.add(path)


def _fine_names(entries: Sequence[Entry], tester: _Tester, contender: Contender) -> Sequence[str] | None:
    """The fine class names that go with the labels, or None for numbers."""
    if "dataset" in vars(tester):
        return tester.dataset.fine_names
    kinds = {result.get("data") for entry in entries for result in entry.results}
    names = sample_names()[0] if kinds == {"sample"} else FINE_NAMES
    return names if int(contender.truth.max()) < len(names) else None
