"""`audit`: images that look mislabelled or that occur twice, as tables and pictures.

Labels are doubted by confident learning from predictions of networks that had not seen the image: a run's own
predictions of its test and validation images, or those of k-fold cross-validation for all training images.

Why not cleanlab (2.9.0, Apache licence, alive: released in January 2026): its rule for label errors is in
`hundred.evaluation.labels` in thirty lines that were held against it, and for near-duplicates it compares
vectors that somebody else must make of the images, as `hundred.evaluation.duplicates` does with the pixels.
It would bring scikit-learn, tqdm and termcolor to every installation for nothing that is not here already.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hundred.data.dataset import Dataset, Split
from hundred.data.formats.raw import no_progress
from hundred.errors import HundredError
from hundred.evaluation.duplicates import NEAR, near_duplicates
from hundred.evaluation.labels import can_doubt_labels, suspected_label_errors
from hundred.evaluation.tables import tables_to_csv
from hundred.experiment.build.data import Lines, open_data, open_data_of, open_for
from hundred.experiment.build.resolve import resolve
from hundred.experiment.checks import check_audit
from hundred.experiment.compare import entry_of
from hundred.experiment.cross_validation import average_logits, fold_logits
from hundred.experiment.saved.open import OpenOptions, logits_of, open_saved
from hundred.files import make_folder, write_json
from hundred.formatting import readable
from hundred.recipe.schema import DataSection
from hundred.reports.figures.mosaic import Shot
from hundred.reports.figures.pairs import Pair, draw_pairs
from hundred.reports.figures.samples import draw_shots
from hundred.reports.figures.style import Provenance, save
from hundred.runs.os_errors import os_errors_as_hundred_errors
from hundred.runs.run import Run
from hundred.training.device import choose_device

if TYPE_CHECKING:
    from hundred.experiment.compare import Side

SHOTS, PAIRS = 40, 32
SPLITS = ("test", "train")


@dataclass(frozen=True)
class Audit:
    """What was found in a dataset.

    labels: one row per doubted image, of each split the most doubtful first: split (`test` or `train`),
        index, and the columns of `hundred.evaluation.labels.suspected_label_errors`.
    weak: the splits whose predictions are too often wrong to doubt labels; their rows are mostly mistakes of
        the network.
    duplicates: one row per pair, nearest first: first_split, first, second_split, second (indices), distance,
        exact, mirrored, first_name, second_name (classes), same_label.
    judged: images of each split whose label was judged. accuracy: of those predictions, by split.
    notes: what was not judged, and why. files: what was written.
    """

    data: str
    labels: pd.DataFrame
    duplicates: pd.DataFrame
    judged: Mapping[str, int]
    accuracy: Mapping[str, float]
    test_images: int
    weak: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    files: tuple[Path, ...] = field(default=())

    @property
    def counts(self) -> dict[str, int]:
        """How many: suspected labels by split, pairs by split, test images with a near-duplicate
        among the training images, and pairs that are labelled differently."""
        pairs = self.duplicates
        splits = [pairs["first_split"] + pairs["second_split"] == name for name in ("testtest", "traintrain")]
        across = pairs[pairs["first_split"] != pairs["second_split"]]
        return {
            **{f"suspected_{name}": int((self.labels["split"] == name).sum()) for name in SPLITS},
            "pairs_within_test": int(splits[0].sum()),
            "pairs_within_train": int(splits[1].sum()),
            "pairs_across": len(across),
            "test_images_in_train": int(across["first"].nunique()),
            "pairs_exact": int(pairs["exact"].sum()),
            "pairs_mirrored": int(pairs["mirrored"].sum()),
            "pairs_labelled_differently": int((~pairs["same_label"]).sum()),
        }

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain values for JSON."""
        return {
            "data": self.data,
            "judged": dict(self.judged),
            "accuracy": dict(self.accuracy),
            "test_images": self.test_images,
            "weak": list(self.weak),
            "counts": self.counts,
            "labels": self.labels.to_dict("records"),
            "duplicates": self.duplicates.to_dict("records"),
            "notes": list(self.notes),
            "files": [str(path) for path in self.files],
        }


def audit(
    run: "Side | None" = None,
    *,
    data: str | Path | Dataset | None = None,
    folds: int = 0,
    recipe: str | Path | Mapping[str, Any] | None = None,
    set: Iterable[str] | Mapping[str, Any] = (),
    seed: int | None = None,
    device: str = "auto",
    near: float = NEAR,
    out: str | Path | None = None,
    quiet: bool = False,
    skip_damaged: bool = False,
    **opening: Any,
) -> Audit:
    """Look for images that are mislabelled or occur twice in the data of `run`, or in `data`.

    run: a run, or a folder of repeats, whose predictions of test and validation images are used (averaged
        over repeats); or a model file, which is asked for those of the test images.
    folds: instead, train `recipe` (with `set`, `seed`, `device`) so many times, each time without a part of
        the training images, to predict them all; see `fold_logits`. Without either, only duplicates are
        looked for.
    near: distance up to which two images are near-duplicates, see `near_duplicates`.
    out: a folder for the tables (labels.csv, duplicates.csv, audit.json) and pictures; None writes none,
        but with `folds` their runs are in `audit/folds`.
    quiet: no progress on standard error. skip_damaged: leave out pictures of `data` that cannot be decoded; a
        run knows that itself. opening: scale, output, custom_objects, allow_lambda of a model
        file, as for `hundred.test`.

    Raises UsageError for a wrong call, HundredError where a run's files or images are not there.
    """
    check_audit(with_run=run is not None, folds=folds, near=near)
    notes: list[str] = []
    if run is not None:
        entry = entry_of(run)
        if entry.runs:
            dataset = open_data_of(entry.runs[0], data)
            logits = _predicted(entry.runs, dataset, notes)
        else:
            dataset = open_data(data, DataSection(skip_damaged=skip_damaged))
            logits = _predicted_by_file(entry.path, dataset, notes, {"device": device, **opening})
    elif folds:
        kind = choose_device(device).type
        resolved = resolve(recipe, seed=seed, overrides=set, device=kind).recipe
        skips = skip_damaged or resolved.data.skip_damaged
        dataset = open_for(data, resolved.data.model_copy(update={"skip_damaged": skips}))
        place = Path(out if out is not None else "audit") / "folds"
        own, of_test = fold_logits(dataset, resolved, folds, place, device=device, quiet=quiet)
        logits = {"test": (np.arange(len(of_test)), of_test), "train": (np.arange(len(own)), own)}
    else:
        dataset, logits = open_data(data, DataSection(skip_damaged=skip_damaged)), {}
        notes.append("labels were not judged: name a run, or train for it with --folds 5")
    labels, accuracy = _doubted(dataset, logits)
    found = Audit(
        dataset.name,
        labels,
        _duplicates(dataset, near, quiet),
        {name: len(indices) for name, (indices, _) in logits.items()},
        accuracy,
        len(dataset.test),
        tuple(name for name, share in accuracy.items() if not can_doubt_labels(share, dataset.classes)),
        tuple(notes),
    )
    return found if out is None else _written(found, dataset, Path(out))


# By split: which of its images were predicted (int64 [n]), and their logits (float32 [n, classes]).
Predicted = dict[str, tuple[Any, Any]]


def _predicted(runs: Iterable[Run], dataset: Dataset, notes: list[str]) -> Predicted:
    """The held-out predictions of `runs`, averaged; a note on what they lack."""
    arrays = [run.predictions() for run in runs]
    found: Predicted = {}
    if all("test_logits" in each for each in arrays):
        for each in arrays:
            if not np.array_equal(each["test_labels"], dataset.test.fine.numpy()):
                raise HundredError(
                    "the predictions are of other test images: name the run's data with --data"
                )
        found["test"] = (
            np.arange(len(dataset.test)),
            average_logits([each["test_logits"] for each in arrays]),
        )
    else:
        notes.append("the test labels were not judged: the run was not tested")
    held = [each for each in arrays if "val_logits" in each]
    if not held:
        notes.append(
            "the training labels were not judged: the run held none of the training images out; "
            "one with the protocol holdout does, and --folds 5 judges all"
        )
        return found
    # Repeats hold the same images out; a run that holds others out is left aside.
    same = [each for each in held if np.array_equal(each["val_indices"], held[0]["val_indices"])]
    found["train"] = (held[0]["val_indices"], average_logits([each["val_logits"] for each in same]))
    notes.append(
        f"{len(held[0]['val_indices']):,} of {len(dataset.train):,} training labels were judged, those held "
        "out; --folds 5 judges all"
    )
    return found


def _predicted_by_file(path: Path, dataset: Dataset, notes: list[str], opening: dict[str, Any]) -> Predicted:
    """The test predictions of a model file; on which images it was trained is not known."""
    model = open_saved(path, OpenOptions(**opening), lambda: dataset)
    logits, more = logits_of(model, dataset.test.images, path.name)
    if logits.shape[1] != len(dataset.fine_names):
        classes = len(dataset.fine_names)
        raise HundredError(f"{path} has {logits.shape[1]} classes, and the data {classes}: no audit")
    notes += [*model.notes, *more]
    notes.append("the training labels were not judged: a file was trained on them, as far as is known")
    return {"test": (np.arange(len(dataset.test)), logits)}


def _doubted(dataset: Dataset, logits: Predicted) -> tuple[pd.DataFrame, dict[str, float]]:
    """The table of doubted labels, and the accuracy of the predictions by split."""
    names = [readable(name) for name in dataset.fine_names]
    empty = suspected_label_errors(np.zeros((1, len(names))), [0], n=0, fine_names=names)
    tables, accuracy = [empty.assign(split="")], {}
    for split in SPLITS:
        if split not in logits:
            continue
        indices, values = logits[split]
        labels = getattr(dataset, split).fine.numpy()[indices]
        table = suspected_label_errors(values, labels, fine_names=names)
        table["index"] = indices[table["index"]]
        tables.append(table.assign(split=split))
        accuracy[split] = float((values.argmax(axis=1) == labels).mean())
    whole = pd.concat([each for each in tables if len(each)] or tables, ignore_index=True)
    return whole[["split", *empty.columns.drop("split", errors="ignore")]], accuracy


COMPARED = (("test", "train"), ("test", "test"), ("train", "train"))


class _Comparing:
    """One line of progress for all comparisons, by the pairs of images compared so far."""

    def __init__(self, dataset: Dataset, quiet: bool) -> None:
        sizes = [(len(getattr(dataset, first)), len(getattr(dataset, second))) for first, second in COMPARED]
        self._total = 2 * sum(one * other for one, other in sizes)  # as they are, and mirrored
        self._before = 0
        unit, factor = ("million pairs", 1e-6) if self._total > 1e7 else ("pairs", 1.0)
        self._show = no_progress if quiet else Lines("comparing images", unit, factor)

    def over(self, others: int) -> Callable[[int, int], None]:
        """The callback of a comparison of each image with `others`."""

        def done(images: int, of: int) -> None:
            self._show(self._before + images * others, self._total)
            if images == of:
                self._before += of * others

        return done


def _duplicates(dataset: Dataset, near: float, quiet: bool) -> pd.DataFrame:
    names = np.array([readable(name) for name in dataset.fine_names], dtype=object)
    tables, comparing = [], _Comparing(dataset, quiet)
    for first, second in COMPARED:
        one, other = getattr(dataset, first), getattr(dataset, second)
        pairs = _pairs(one, other, near, comparing)
        labels = one.fine.numpy()[pairs["first"]], other.fine.numpy()[pairs["second"]]
        tables.append(
            pairs.assign(
                first_split=first,
                second_split=second,
                first_name=names[labels[0]],
                second_name=names[labels[1]],
                same_label=labels[0] == labels[1],
            )
        )
    order = ["first_split", "first", "second_split", "second", "distance", "exact", "mirrored"]
    whole = pd.concat([each for each in tables if len(each)] or tables, ignore_index=True)
    whole = whole[[*order, "first_name", "second_name", "same_label"]]
    return whole.sort_values("distance", kind="stable").reset_index(drop=True)


def _pairs(one: Split, other: Split, near: float, comparing: _Comparing) -> pd.DataFrame:
    """Near-duplicates as they are, and those that are left over with one image mirrored; each pair once."""
    others = None if one is other else other.images
    plain, mirrored = (
        near_duplicates(
            one.images, others, mirrored=mirror, at_most=near, progress=comparing.over(len(other))
        )
        for mirror in (False, True)
    )
    both = pd.concat([plain.assign(mirrored=False), mirrored.assign(mirrored=True, exact=False)])
    return both.drop_duplicates(["first", "second"], ignore_index=True)


def _written(found: Audit, dataset: Dataset, folder: Path) -> Audit:
    """Write tables and pictures into `folder`; the audit with their paths."""
    pictures = {
        **{f"labels-{split}": _label_picture(found, dataset, split) for split in SPLITS},
        "duplicates": _pair_picture(found, dataset, found.duplicates, "Near-duplicates, nearest first"),
        "duplicates-labelled-differently": _pair_picture(
            found,
            dataset,
            found.duplicates[~found.duplicates["same_label"]],
            "Near-duplicates that are labelled differently",
        ),
    }
    with os_errors_as_hundred_errors(folder):
        make_folder(folder)
        tables_to_csv(folder, {"labels": found.labels, "duplicates": found.duplicates})
        files = [folder / "labels.csv", folder / "duplicates.csv"]
        for name, figure in pictures.items():
            if figure is not None:
                files.append(save(figure, folder / f"{name}.png"))
        write_json(folder / "audit.json", {"counts": found.counts, "judged": dict(found.judged)})
    return Audit(**{**vars(found), "files": (*files, folder / "audit.json")})


def _label_picture(found: Audit, dataset: Dataset, split: str) -> Any:
    table = found.labels[found.labels["split"] == split].head(SHOTS)
    if not len(table) or split in found.weak:
        return None
    images = getattr(dataset, split).images
    shots = [
        Shot(
            images[row["index"]].numpy(),
            row["given_name"],
            row["suggested_name"],
            row["suggested_probability"],
            row["index"],
        )
        for row in table.to_dict("records")
    ]
    word = "test" if split == "test" else "training"
    note = (
        "above: the label; below: what the network takes it for. It is right on "
        f"{found.accuracy[split]:.0%} of the {found.judged[split]:,} images"
    )
    title = f"Doubted labels of {word} images"
    return draw_shots(shots, title=title, note=note, provenance=Provenance(found.data))


def _pair_picture(found: Audit, dataset: Dataset, table: pd.DataFrame, title: str) -> Any:
    if not len(table):
        return None
    pairs = [
        Pair(
            Shot(getattr(dataset, row["first_split"]).images[row["first"]].numpy(), row["first_name"]),
            Shot(getattr(dataset, row["second_split"]).images[row["second"]].numpy(), row["second_name"]),
            (f"{row['first_split']} {row['first']}", f"{row['second_split']} {row['second']}"),
            "equal" if row["exact"] else f"distance {row['distance']:.2f}" + (", mirrored" * row["mirrored"]),
        )
        for row in table.head(PAIRS).to_dict("records")
    ]
    note = f"{len(pairs)} of {len(table):,} pairs" if len(table) > len(pairs) else f"{len(table):,} pairs"
    return draw_pairs(pairs, title=title, note=note, provenance=Provenance(found.data))
