"""All trainings of the benchmark, in the order in which they are made, and the part that each belongs to."""

from collections import Counter

from benchmarks.doctor.case import Case
from benchmarks.doctor.sets import holdout_1, holdout_2, holdout_3, holdout_4, holdout_5, holdout_6, tuning

SETS = {
    "tuning": tuning.CASES,
    "holdout_2": holdout_2.CASES,
    "holdout_3": holdout_3.CASES,
    "holdout_4": holdout_4.CASES,
    "holdout_5": holdout_5.CASES,
    "holdout_6": holdout_6.CASES,
}
# "tuning" was looked at while the doctor was built. Each holdout set was first scored with a doctor that had
# been committed before any figure of the set was seen, and used for later changes of the doctor.
PARTS = ("tuning", "holdout_1", "holdout_2", "holdout_3", "holdout_4", "holdout_5", "holdout_6")


def part_of(case: Case) -> str:
    """One of PARTS."""
    for part, added in SETS.items():
        if case in added:
            return part
    group = next(group for group in holdout_1.GROUPS if case in group)
    place = group.index(case)
    tuned = (case.label, case.name) in {("overfitting", "on-plateau"), ("healthy", "dense-linear")}
    return "tuning" if tuned or (place < 4 and place % 2 == 0) else "holdout_1"


def cases() -> list[Case]:
    """All of them, the first of each label before the second, and the last set at the end.

    Raises ValueError where two have the same name.
    """
    every = [case for group in (*holdout_1.GROUPS, *SETS.values()) for case in group]
    twice = [name for name, count in Counter(case.key for case in every).items() if count > 1]
    if twice:
        raise ValueError(f"two cases are called {twice[0]}")
    seen: Counter[tuple[str, str]] = Counter()
    place: dict[Case, tuple[bool, int]] = {}
    for case in every:
        part = part_of(case)
        place[case] = (part == PARTS[-1], seen[part, case.label])
        seen[part, case.label] += 1
    return sorted(every, key=lambda case: place[case])
