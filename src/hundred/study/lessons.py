"""The study's six lessons, and whether a set of runs bears each out.

The claims are the study's, shortened. A lesson is judged only from runs that went to their own end: all
epochs of the recipe, or stopped early by themselves. From runs that were cut short nothing follows.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from hundred.formatting import points
from hundred.reports.milestones import column, milestones
from hundred.runs.run import Run
from hundred.study.pairs import PAIRS, Pair, class_ranks, pair_of
from hundred.study.table import ran_to_its_end

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

Runs = Mapping[str, list[Run]]
Finding = tuple[str, str]


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


def whole_runs(runs: Runs) -> dict[str, list[Run]]:
    """The runs that went to their own end, by system; systems without any are left out."""
    whole = {name: [run for run in of_system if ran_to_its_end(run)] for name, of_system in runs.items()}
    return {name: of_system for name, of_system in whole.items() if of_system}


def judge_lessons(runs: Runs) -> list[Lesson]:
    """The six lessons by the finished `runs` of each system."""
    whole = whole_runs(runs)
    pairs = [pair for names in PAIRS if (pair := pair_of(whole, *names)) is not None]
    left_out = _left_out(runs, whole)
    findings = [_callbacks(pairs), _cuts(whole, pairs), _gaps(whole), _hard_classes(whole), _seeds(whole)]
    findings = [(finding, text + left_out) for finding, text in findings]
    findings.append(_tracking(runs))
    return [
        Lesson(number, claim, finding, text)
        for number, (claim, (finding, text)) in enumerate(zip(CLAIMS, findings, strict=True), start=1)
    ]


def _left_out(runs: Runs, whole: Runs) -> str:
    """A sentence about the runs that were cut short, '' where there are none."""
    cut = [
        f"{name} ({run.result['epochs']} epochs, seed {run.result['seed']})"
        for name, of_system in runs.items()
        for run in of_system
        if run not in whole.get(name, [])
    ]
    return f" Not counted, since they were cut short: {', '.join(cut)}." if cut else ""


def _callbacks(pairs: list[Pair]) -> Finding:
    if not pairs:
        return CANNOT_SAY, _need_pairs()
    verdicts = " ".join(pair.verdict for pair in pairs)
    if not any(_cut_count(run) or _stopped_early(run) for pair in pairs for run in pair.runs):
        return CANNOT_SAY, (
            "No callback of the compared runs acted: there was no learning-rate cut and no early stop. "
            + verdicts
        )
    return _of_pairs(pairs), verdicts + (
        " The revisited recipes change callbacks and augmentation together; docs/study.md has the experiment "
        "that separates them."
    )


def _cuts(whole: Runs, pairs: list[Pair]) -> Finding:
    if not pairs:
        return CANNOT_SAY, _need_pairs()
    cuts = [(_mean_cuts(pair.revisited_runs), _mean_cuts(pair.first_runs)) for pair in pairs]
    text = " ".join(
        f"{pair.revisited} had {second:g} learning-rate cuts a run, {pair.first} {first:g}."
        for pair, (second, first) in zip(pairs, cuts, strict=True)
    )
    limited = _limited_by_augmentation(whole)
    if limited:
        text += (
            " At their best epoch these did worse on the augmented training images than on validation "
            f"images, as where augmentation (or dropout) limits learning: {', '.join(limited)}."
        )
    if not any(second or first for second, first in cuts):
        return CANNOT_SAY, "No run of the compared systems had a learning-rate cut. " + text
    fewer = [pair for pair, (second, first) in zip(pairs, cuts, strict=True) if second < first]
    if not fewer:
        return UNDECIDED, "The revisited recipes did not cut less often here. " + text
    return _of_pairs(fewer), text + " " + " ".join(pair.verdict for pair in fewer)


def _limited_by_augmentation(whole: Runs) -> list[str]:
    """Systems whose training accuracy stays below their validation accuracy, with both."""
    found = []
    for name, of_system in whole.items():
        best = np.array(list(_best_epochs(of_system)))  # [runs with validation, 2]
        if len(best) and best[:, 1].mean() - best[:, 0].mean() >= NOTICEABLE:
            train, val = best.mean(axis=0)
            found.append(f"{name} (training {train:.1%}, validation {val:.1%})")
    return found


def _gaps(whole: Runs) -> Finding:
    systems = {}
    for name, of_system in whole.items():
        gaps = [gap for run in of_system if (gap := _gap(run)) is not None]
        if gaps:
            accuracies = [run.result["test_accuracy"] for run in of_system]
            systems[name] = (float(np.mean(gaps)), float(np.mean(accuracies)))
    if len(systems) < FEWEST_SYSTEMS:
        count = f"It takes {FEWEST_SYSTEMS} systems or more with both curves; here are {len(systems)}."
        return CANNOT_SAY, count
    from scipy.stats import spearmanr

    gaps, accuracies = np.array(list(systems.values())).T
    if not (np.ptp(gaps) and np.ptp(accuracies)):
        return CANNOT_SAY, "All systems have the same gap or the same accuracy."
    rank, p_value = (float(value) for value in spearmanr(gaps, accuracies))
    widest = max(systems, key=lambda name: systems[name][0])
    closest = min(systems, key=lambda name: systems[name][0])
    signed = f"{rank:+.2f}".replace("-", "−")
    text = (
        f"Over {len(systems)} systems, the rank correlation of the last gap between training and validation "
        f"accuracy with test accuracy is {signed} (p = {p_value:.2f}). "
        f"Closest: {_gap_text(closest, systems)}; widest: {_gap_text(widest, systems)}."
    )
    if p_value >= LEVEL:
        return UNDECIDED, text + " So few systems could show that by chance."
    return (AGREES if rank < 0 else DISAGREES), text


def _hard_classes(whole: Runs) -> Finding:
    if not whole:
        return CANNOT_SAY, "It takes a run that went to its end."
    ranks = class_ranks([run for of_system in whole.values() for run in of_system], HARD_CLASSES)
    if not ranks:
        return CANNOT_SAY, f"These images have no {', '.join(HARD_CLASSES[:-1])} or {HARD_CLASSES[-1]}."
    errors = ", ".join(
        f"{name} {error:.0%} (rank {rank} of {count})" for name, (error, rank, count) in ranks.items()
    )
    text = f"Test error over all runs counted, rank 1 being the hardest: {errors}."
    hard = all(rank <= HARD_SHARE * count for _, rank, count in ranks.values())
    pair = pair_of(whole, *PAIRS[0])
    if pair is None:
        finding = UNDECIDED if hard else DISAGREES
        return finding, text + f" Seal and otter need {' and '.join(PAIRS[0])}."
    seal, otter = pair.change("seal"), pair.change("otter")
    text += f" From {pair.first} to {pair.revisited}: {seal.text}; {otter.text}."
    if not seal.settled and not otter.settled:
        return UNDECIDED, text + " Neither change is beyond what other seeds would do."
    return (AGREES if hard and seal.better and not otter.better else DISAGREES), text


def _seeds(whole: Runs) -> Finding:
    accuracies = {
        name: [float(run.result["test_accuracy"]) for run in of_system]
        for name, of_system in whole.items()
        if len(of_system) > 1
    }
    if not accuracies:
        return CANNOT_SAY, "No system was run to its end with several seeds; --repeat 3 shows the spread."
    spreads = ", ".join(
        f"{name} {min(values):.1%} to {max(values):.1%} "
        f"(standard deviation {100 * np.std(values, ddof=1):.2f} points, {len(values)} runs)"
        for name, values in accuracies.items()
    )
    widest = max(float(np.ptp(values)) for values in accuracies.values())
    text = f"Test accuracy from seed to seed: {spreads}."
    finding = AGREES if widest >= NOTICEABLE else DISAGREES
    return finding, f"{text} Noticeably is read as a point or more; the widest is {100 * widest:.2f}."


def _tracking(runs: Runs) -> Finding:
    all_runs = [run for of_system in runs.values() for run in of_system]
    epochs = sum(len(run.history) for run in all_runs)
    events = sum(len(run.events) for run in all_runs)
    files = [path for run in all_runs for path in run.path.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files) / 1e6
    return AGREES, (
        f"{len(all_runs)} runs left {len(files):,} files, {size:,.0f} MB, {epochs:,} epochs, {events:,} "
        "events; everything on this page was computed from them, nothing was copied by hand."
    )


def _need_pairs() -> str:
    pairs = " or of ".join(f"{first} and {revisited}" for first, revisited in PAIRS)
    return f"It takes runs of {pairs} that went to their end."


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


def _best_epochs(runs: list[Run]) -> Iterator[tuple[float, float]]:
    """Training and validation accuracy of each run at its best epoch."""
    for run in runs:
        train, val = column(run.history, "accuracy"), column(run.history, "val_accuracy")
        if np.isfinite(val).any():
            best = int(np.nanargmax(val))
            yield float(train[best]), float(val[best])


def _gap_text(name: str, systems: dict[str, tuple[float, float]]) -> str:
    gap, accuracy = systems[name]
    return f"{name} (gap {points(gap).lstrip('+')} points, test accuracy {accuracy:.1%})"
