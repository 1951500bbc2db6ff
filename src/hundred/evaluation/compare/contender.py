"""What `hundred compare` compares: all runs of one recipe, or one file, on the same test images."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from hundred.errors import UsageError
from hundred.evaluation.arrays import BoolArray, FloatArray, IntArray, as_labels, as_logits, predictions


@dataclass(frozen=True)
class Contender:
    """One recipe with its runs, or one trained network.

    logits: one float array [images, classes] per run (seed). labels: int [images].
    seeds, train_seconds: one per run, where known. parameters, file_bytes: of one network.
    protocol: `holdout`, `full` or `test-as-validation`. data: digest of the data it was trained and tested
    on.
    """

    name: str
    logits: Sequence[Any] = field(repr=False)
    labels: Any = field(repr=False)
    seeds: Sequence[int | None] = ()
    train_seconds: Sequence[float | None] = ()
    parameters: int | None = None
    file_bytes: int | None = None
    protocol: str | None = None
    data: str | None = None

    @property
    def runs(self) -> int:
        """How many runs there are."""
        return len(self.logits)

    @cached_property
    def truth(self) -> IntArray:
        """The labels, checked against the first run's logits, int64 [images]."""
        self._at_least_one_run()
        first = as_logits(self.logits[0])
        return as_labels(self.labels, *first.shape)

    @cached_property
    def right(self) -> BoolArray:
        """Which images each run got right, bool [runs, images].

        Raises HundredError for logits that are not finite or do not fit the labels.
        """
        self._at_least_one_run()
        rows = []
        for run in self.logits:
            logits = as_logits(run)
            rows.append(predictions(logits) == as_labels(self.labels, *logits.shape))
        return np.stack(rows)

    @property
    def accuracies(self) -> FloatArray:
        """Test accuracy of each run, [runs], fractions."""
        result: FloatArray = self.right.mean(axis=1)
        return result

    @property
    def accuracy(self) -> float:
        """Mean test accuracy over the runs, a fraction."""
        return float(self.accuracies.mean())

    @property
    def mean_train_seconds(self) -> float | None:
        """Mean over the runs whose training time is known; None where none is."""
        known = [seconds for seconds in self.train_seconds if seconds is not None]
        return float(np.mean(known)) if known else None

    def _at_least_one_run(self) -> None:
        if not self.logits:
            raise UsageError(f"{self.name} has no finished run to compare: train it first")


def check_comparable(contenders: Sequence[Contender]) -> None:
    """Raise UsageError where there are fewer than two, a name comes twice, or test images differ."""
    if len(contenders) < 2:
        raise UsageError(f"compare needs at least two runs, not {len(contenders)}: name another run or file")
    names = [contender.name for contender in contenders]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(f"{twice[0]!r} is named twice: two sides of a comparison need two names")
    first = contenders[0]
    for other in contenders[1:]:
        if not np.array_equal(first.truth, other.truth):
            raise UsageError(
                f"{first.name} and {other.name} were not tested on the same images "
                f"({len(first.truth):,} and {len(other.truth):,}, with other labels)\n"
                "test both on the same data first, with hundred test FILE --data DATA"
            )


def fairness_warnings(contenders: Sequence[Contender]) -> list[str]:
    """Sentences on what makes this comparison unfair or weaker than it looks; empty where nothing does."""
    found = []
    flattered = [c.name for c in contenders if c.protocol == "test-as-validation"]
    if flattered:
        found.append(
            f"{' and '.join(flattered)} chose the best epoch by the test set (test-as-validation), "
            "which flatters its figure."
        )
    protocols = {c.name: c.protocol for c in contenders if c.protocol is not None}
    if len(set(protocols.values())) > 1:
        listed = ", ".join(f"{name} by {protocol}" for name, protocol in protocols.items())
        found.append(f"The protocols differ ({listed}): so may the number of training images.")
    digests = {c.name: c.data for c in contenders if c.data is not None}
    if len(set(digests.values())) > 1:
        listed = ", ".join(f"{name} on {digest[:12]}" for name, digest in digests.items())
        found.append(f"The data differ ({listed}): the difference may be the data's, not the recipe's.")
    for contender in contenders:
        copies = _copies(contender.right)
        if copies:
            found.append(
                f"{copies} of the {contender.runs} runs of {contender.name} give the same answers "
                "as another of its runs: the same seed is no repeat, and the spread looks smaller than it is."
            )
    return found


def _copies(right: BoolArray) -> int:
    """How many rows repeat an earlier row."""
    return len(right) - len({row.tobytes() for row in np.packbits(right, axis=1)})
