"""Which of several recipes is better, by how much, at what cost, and whether other seeds matter."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from hundred.errors import UsageError
from hundred.evaluation.compare.class_changes import class_changes
from hundred.evaluation.compare.contender import Contender, check_comparable, fairness_warnings
from hundred.evaluation.compare.cost import cost_table
from hundred.evaluation.compare.significance import holm, mcnemar, paired_bootstrap, seeds_to_settle
from hundred.evaluation.compare.spread import Difference, difference
from hundred.evaluation.compare.verdict import ComparisonFacts, sentence
from hundred.evaluation.intervals import summarize, wilson_interval
from hundred.formatting import json_safe


@dataclass(frozen=True)
class Comparison:
    """The leader against the runner-up, and everyone against everyone.

    leader, other: names of the two most accurate (means over runs). better: the leader's name where it beats
    every other one beyond what other seeds would change (corrected p below 1 - confidence), else None.
    difference: leader's accuracy minus the other's, a fraction, at least 0. interval: of that difference
    between the recipes. p_value: two-sided, by Holm over all pairs where there are more than two.
    verdict: a sentence to quote. seeds_to_settle: runs of each that would find this difference 4 times in 5;
    None where more than 1000, or where it is settled.

    table: one row per contender: name, runs, accuracy, sd, low, high, interval (`runs`: t interval of the
    mean over repeats; `images`: Wilson's, one run), train_seconds, parameters, file_bytes,
    accuracy_per_minute, pareto. pairs: one row per pair: first, second, difference, low, high, p_value,
    corrected, method, seeds_to_settle, and for the trained networks at hand, whatever other seeds would do:
    bootstrap_low, bootstrap_high (over test images), and where both have one run only_first, only_second,
    mcnemar_exact, mcnemar_mid. per_class: `class_changes` of the leader (first) against the other (second).
    warnings: what makes the comparison unfair.
    """

    leader: str
    other: str
    better: str | None
    difference: float
    interval: tuple[float, float]
    p_value: float
    verdict: str
    seeds_to_settle: int | None
    method: str
    confidence: float
    warnings: tuple[str, ...]
    table: pd.DataFrame = field(repr=False)
    pairs: pd.DataFrame = field(repr=False)
    per_class: pd.DataFrame = field(repr=False)

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain values for JSON; what is unknown is None."""
        return {
            "better": self.better,
            "difference": self.difference,
            "interval": list(self.interval),
            "p_value": self.p_value,
            "verdict": self.verdict,
            "leader": self.leader,
            "other": self.other,
            "method": self.method,
            "confidence": self.confidence,
            "seeds_to_settle": self.seeds_to_settle,
            "warnings": list(self.warnings),
            "contenders": _records(self.table),
            "pairs": _records(self.pairs),
            "classes": _records(self.per_class),
        }


def compare_contenders(
    contenders: Sequence[Contender],
    *,
    fine_names: Sequence[str] | None = None,
    confidence: float = 0.95,
) -> Comparison:
    """Compare `contenders`, tested on the same images.

    fine_names: for `per_class`; default the class numbers.
    Raises UsageError for fewer than two, equal names or other test images, and HundredError for logits that
    are not finite.
    """
    if not 0.0 < confidence < 1.0:
        raise UsageError(f"--confidence {confidence:g}: it is a fraction between 0 and 1, such as 0.95")
    check_comparable(contenders)
    ranked = sorted(contenders, key=lambda contender: -contender.accuracy)
    pairs = _compare_pairs(ranked, confidence)
    facts = _facts(ranked, pairs, confidence)
    names = fine_names if fine_names is not None else [str(n) for n in range(int(ranked[0].truth.max()) + 1)]
    return Comparison(
        leader=facts.leader,
        other=facts.other,
        better=facts.leader if facts.settled else None,
        difference=facts.difference,
        interval=facts.interval,
        p_value=facts.p_value,
        verdict=sentence(facts),
        seeds_to_settle=facts.seeds_to_settle,
        method=facts.method,
        confidence=confidence,
        warnings=tuple(fairness_warnings(contenders)),
        table=_contender_table(ranked, confidence),
        pairs=pd.DataFrame([pair.row(confidence) for pair in pairs]),
        per_class=class_changes(
            ranked[0].right, ranked[1].right, ranked[0].truth, names, confidence=confidence
        ),
    )


@dataclass(frozen=True)
class _Pair:
    first: Contender
    second: Contender
    difference: Difference
    corrected: float
    interval: tuple[float, float]
    seeds_to_settle: int | None

    def row(self, confidence: float) -> dict[str, Any]:
        """A row of Comparison.pairs."""
        right = self.first.right, self.second.right
        low, high = paired_bootstrap(right[0].mean(axis=0) - right[1].mean(axis=0), confidence)
        row = {
            "first": self.first.name,
            "second": self.second.name,
            "difference": self.difference.difference,
            "low": self.interval[0],
            "high": self.interval[1],
            "p_value": self.difference.p_value,
            "corrected": self.corrected,
            "method": self.difference.method,
            "seeds_to_settle": self.seeds_to_settle,
            "bootstrap_low": low,
            "bootstrap_high": high,
        }
        if self.first.runs == self.second.runs == 1:
            test = mcnemar(right[0][0], right[1][0])
            row |= {
                "only_first": test.only_first,
                "only_second": test.only_second,
                "mcnemar_exact": test.p_exact,
                "mcnemar_mid": test.p_mid,
            }
        return row


def _compare_pairs(ranked: Sequence[Contender], confidence: float) -> list[_Pair]:
    """Every pair, the more accurate first, in ranked order."""
    couples = [(a, b) for place, a in enumerate(ranked) for b in ranked[place + 1 :]]
    found = [difference(a.right, b.right, a.truth) for a, b in couples]
    corrected = holm([one.p_value for one in found])
    pairs = []
    for (a, b), one, p in zip(couples, found, corrected, strict=True):
        # At the level at which Holm's method tested this pair, so that the interval holds 0 exactly where the
        # corrected p value does not reach the level.
        strictness = p / one.p_value if 0 < one.p_value < 1 and p < 1 else float(len(couples))
        interval = one.interval(1 - (1 - confidence) / strictness)
        seeds = seeds_to_settle(one.difference, one.run_sd, level=1 - confidence)
        pairs.append(_Pair(a, b, one, float(p), interval, seeds))
    return pairs


def _facts(ranked: Sequence[Contender], pairs: Sequence[_Pair], confidence: float) -> ComparisonFacts:
    # Pairs are made in ranked order, so the leader's come first and its first rival is the runner-up.
    of_leader = pairs[: len(ranked) - 1]
    level = 1 - confidence
    settled = all(pair.corrected < level for pair in of_leader)
    top = of_leader[0]
    return ComparisonFacts(
        leader=top.first.name,
        other=top.second.name,
        settled=settled,
        clear_of_other=top.corrected < level,
        difference=top.difference.difference,
        interval=top.interval,
        confidence=confidence,
        p_value=top.corrected,
        runs=(top.first.runs, top.second.runs),
        method=top.difference.method,
        run_sd=top.difference.run_sd,
        rivals=len(of_leader),
        seeds_to_settle=None if settled else top.seeds_to_settle,
    )


def _contender_table(ranked: Sequence[Contender], confidence: float) -> pd.DataFrame:
    rows = []
    for contender in ranked:
        summary = summarize(contender.accuracies.tolist(), confidence, bounds=(0.0, 1.0))
        low, high, over = summary.low, summary.high, "runs"
        if low is None or high is None:
            low, high = wilson_interval(int(contender.right.sum()), contender.right.size, confidence)
            over = "images"
        rows.append(
            {
                "name": contender.name,
                "runs": contender.runs,
                "accuracy": summary.mean,
                "sd": math.nan if summary.sd is None else summary.sd,
                "low": low,
                "high": high,
                "interval": over,
            }
        )
    cost = cost_table(
        [contender.name for contender in ranked],
        [contender.accuracy for contender in ranked],
        [contender.mean_train_seconds for contender in ranked],
        [contender.parameters for contender in ranked],
        [contender.file_bytes for contender in ranked],
    )
    return pd.DataFrame(rows).merge(cost.drop(columns="accuracy"), on="name")


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json_safe(table.to_dict(orient="records"))
    return rows
