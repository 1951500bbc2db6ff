"""The study's six lessons, and what a set of runs says about each: computed, and silent where it cannot be.

The lessons are the two authors' own words in short; the findings are ours.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hundred.reports.milestones import column, milestones
from hundred.runs.run import Run
from hundred.study.pairs import PAIRS, Pair, class_ranks, pair_of

if TYPE_CHECKING:
    from hundred.study.result import Study

CLAIMS = (
    "Plateaus and overfitting are not only the architecture's fault: callbacks matter a lot.",
    "Too much augmentation, or the wrong kind, limits learning; fewer, better-timed learning-rate cuts won.",
    "Runs did better where training and validation curves came together.",
    "Otter, squirrel, bear and seal are hard; seal improved a lot with the revisited recipe, otter did not.",
    "The same architecture and callbacks gave noticeably different results from run to run.",
    "Tracking makes a lot of data; it needs a tool.",
)
CANNOT_SAY, AGREES, DISAGREES, UNDECIDED = "cannot say", "agrees", "disagrees", "undecided"
HARD_CLASSES = ("otter", "squirrel", "bear", "seal")
HARD_SHARE = 0.2  # "hard" is among this share of the classes with the most errors
LEVEL = 0.05
NOTICEABLE = 0.01
FEWEST_SYSTEMS = 4  # for a rank correlation to mean anything


@dataclass(frozen=True)
class Lesson:
    """One lesson. finding: `agrees`, `disagrees`, `undecided` or `cannot say`; text: the figures for it."""

    number: int
    claim: str
    finding: str
    text: str

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def lessons(study: "Study") -> list[Lesson]:
    """The six lessons as the runs of `study` bear them out."""
    pairs = [pair for names in PAIRS if (pair := pair_of(study.runs, *names)) is not None]
    found = (
        _callbacks(pairs),
        _cuts(study, pairs),
        _gaps(study),
        _hard_classes(study),
        _repeats(study),
        _tracking(study),
    )
    return [
        Lesson(number, claim, finding, text)
        for number, (claim, (finding, text)) in enumerate(zip(CLAIMS, found, strict=True), start=1)
    ]


def _callbacks(pairs: list[Pair]) -> tuple[str, str]:
    if not pairs:
        return CANNOT_SAY, _need_pairs()
    acted = [run for pair in pairs for run in pair.runs if _cut_count(run) or _stopped_early(run)]
    told = " ".join(pair.verdict for pair in pairs)
    together = (
        " The revisited recipes change callbacks and augmentation together, so the share of each is not told."
    )
    if not acted:
        return CANNOT_SAY, (
            "No callback of the compared runs acted: too short for a learning-rate cut or an early stop. "
            + told
        )
    return _of_pairs(pairs), told + together


def _cuts(study: "Study", pairs: list[Pair]) -> tuple[str, str]:
    if not pairs:
        return CANNOT_SAY, _need_pairs()
    told = []
    for pair in pairs:
        first, second = (
            np.mean([_cut_count(run) for run in runs]) for runs in (pair.revisited_runs, pair.first_runs)
        )
        told.append(f"{pair.revisited} had {first:g} learning-rate cuts a run, {pair.first} {second:g}.")
    subset_per_class = [
        f"{name} (training {train:.1%}, validation {val:.1%})"
        for name, runs in study.runs.items()
        if (ends := _best_epoch_mean(runs)) is not None
        for train, val in [ends]
        if val - train >= NOTICEABLE
    ]
    if subset_per_class:
        told.append(
            "At their best epoch these did worse on the augmented training images than on validation images, "
            f"as where augmentation (or dropout) limits learning: {', '.join(subset_per_class)}."
        )
    cuts = [(_mean_cuts(pair.revisited_runs), _mean_cuts(pair.first_runs)) for pair in pairs]
    if not any(first or second for first, second in cuts):
        return CANNOT_SAY, "No run of the compared systems was long enough for a cut. " + " ".join(told)
    fewer = [pair for pair, (first, second) in zip(pairs, cuts, strict=True) if first < second]
    if not fewer:
        return UNDECIDED, "The revisited recipes did not cut less often here. " + " ".join(told)
    return _of_pairs(fewer), " ".join(told) + " " + " ".join(pair.verdict for pair in fewer)


def _gaps(study: "Study") -> tuple[str, str]:
    points = {}
    for name, runs in study.runs.items():
        gaps = [gap for run in runs if (gap := _gap(run)) is not None]
        if gaps:
            points[name] = (
                float(np.mean(gaps)),
                float(np.mean([run.result["test_accuracy"] for run in runs])),
            )
    if len(points) < FEWEST_SYSTEMS:
        return (
            CANNOT_SAY,
            f"It takes {FEWEST_SYSTEMS} systems or more with both curves; here are {len(points)}.",
        )
    from scipy.stats import spearmanr

    gaps, accuracies = np.array(list(points.values())).T
    if not (np.ptp(gaps) and np.ptp(accuracies)):
        return CANNOT_SAY, "All systems have the same gap or the same accuracy."
    rank, p_value = (float(value) for value in spearmanr(gaps, accuracies))
    widest, closest = (
        max(points, key=lambda name: points[name][0]),
        min(points, key=lambda name: points[name][0]),
    )
    signed = f"{rank:+.2f}".replace("-", "−")
    text = (
        f"Over {len(points)} systems, the rank correlation of the last gap between training and validation "
        f"accuracy with test accuracy is {signed} (p = {p_value:.2f}). "
        f"Closest: {_point(closest, points)}; widest: {_point(widest, points)}."
    )
    if p_value >= LEVEL:
        return UNDECIDED, text + " So few systems could show that by chance."
    return (AGREES if rank < 0 else DISAGREES), text


def _hard_classes(study: "Study") -> tuple[str, str]:
    ranks = class_ranks([run for runs in study.runs.values() for run in runs], HARD_CLASSES)
    if not ranks:
        return CANNOT_SAY, f"These images have no {', '.join(HARD_CLASSES[:-1])} or {HARD_CLASSES[-1]}."
    told = ", ".join(
        f"{name} {error:.0%} (rank {rank} of {count})" for name, (error, rank, count) in ranks.items()
    )
    text = f"Test error over all runs here, rank 1 being the hardest: {told}."
    hard = all(rank <= HARD_SHARE * count for _, rank, count in ranks.values())
    pair = pair_of(study.runs, *PAIRS[0])
    if pair is None:
        return (
            UNDECIDED if hard else DISAGREES
        ), text + f" Without {' and '.join(PAIRS[0])} nothing is said of seal and otter."
    seal, otter = pair.change("seal"), pair.change("otter")
    text += f" From {pair.first} to {pair.revisited}: {seal.text}; {otter.text}."
    if not seal.settled and not otter.settled:
        return UNDECIDED, text + " Neither change is beyond what other seeds would do."
    return (AGREES if hard and seal.better and not otter.better else DISAGREES), text


def _repeats(study: "Study") -> tuple[str, str]:
    spreads = {
        name: [float(run.result["test_accuracy"]) for run in runs]
        for name, runs in study.runs.items()
        if len(runs) > 1
    }
    if not spreads:
        return CANNOT_SAY, "Every system was run once; `--repeat 3` shows the spread."
    told = ", ".join(
        f"{name} {min(values):.1%} to {max(values):.1%} "
        f"(standard deviation {100 * np.std(values, ddof=1):.2f} points, {len(values)} runs)"
        for name, values in spreads.items()
    )  # fmt: skip
    widest = max(float(np.ptp(values)) for values in spreads.values())
    text = f"Test accuracy from seed to seed: {told}."
    finding = AGREES if widest >= NOTICEABLE else DISAGREES
    return finding, f"{text} Noticeably is read as a point or more; the widest is {100 * widest:.2f}."


def _tracking(study: "Study") -> tuple[str, str]:
    runs = [run for each in study.runs.values() for run in each]
    epochs = sum(len(run.history) for run in runs)
    events = sum(len(run.events) for run in runs)
    files = [path for run in runs for path in run.path.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files) / 1e6
    return AGREES, (
        f"{len(runs)} runs left {len(files):,} files, {size:,.0f} MB, {epochs:,} epochs, {events:,} events; "
        "everything on this page was computed from them, nothing was copied by hand."
    )


def _need_pairs() -> str:
    return (
        "It takes runs of " + " or of ".join(f"{first} and {revisited}" for first, revisited in PAIRS) + "."
    )


def _of_pairs(pairs: list[Pair]) -> str:
    """Whether the revisited recipe is better beyond chance, worse, or neither, over `pairs`."""
    if any(pair.settled and not pair.revisited_leads for pair in pairs):
        return DISAGREES
    return AGREES if any(pair.settled for pair in pairs) else UNDECIDED


def _cut_count(run: Run) -> int:
    return sum(event["kind"] == "learning-rate-cut" for event in run.events) or len(
        milestones(run.history).cuts
    )


def _mean_cuts(runs: list[Run]) -> float:
    return float(np.mean([_cut_count(run) for run in runs]))


def _stopped_early(run: Run) -> bool:
    return run.result.get("stopped") == "early-stopping"


def _gap(run: Run) -> float | None:
    """Training minus validation accuracy in the last epoch, without its sign."""
    gap = np.abs(column(run.history, "accuracy") - column(run.history, "val_accuracy"))
    finite = gap[np.isfinite(gap)]
    return float(finite[-1]) if len(finite) else None


def _best_epoch_mean(runs: list[Run]) -> tuple[float, float] | None:
    """Mean training and validation accuracy of the runs at their best epochs."""
    found = np.array(list(_best_epochs(runs)))
    return (float(found[:, 0].mean()), float(found[:, 1].mean())) if len(found) else None


def _best_epochs(runs: list[Run]) -> Iterator[tuple[float, float]]:
    for run in runs:
        train, val = column(run.history, "accuracy"), column(run.history, "val_accuracy")
        if np.isfinite(val).any():
            best = int(np.nanargmax(val))
            yield float(train[best]), float(val[best])


def _point(name: str, points: dict[str, tuple[float, float]]) -> str:
    gap, accuracy = points[name]
    return f"{name} (gap {100 * gap:.1f} points, test accuracy {accuracy:.1%})"
