"""All trainings of the benchmark, in what order they are made, and for which part of the measurement each
is."""

from collections import Counter

from benchmarks.doctor.cases import ALL, Case
from benchmarks.doctor.fifth import FIFTH
from benchmarks.doctor.fourth import FOURTH
from benchmarks.doctor.fresh import FRESH
from benchmarks.doctor.trial import TRIAL
from benchmarks.doctor.unseen import UNSEEN

# What was added to the first trainings, and for which part; see PARTS.
SETS = {
    "tuning": TRIAL,
    "second look": FRESH,
    "third look": UNSEEN,
    "fourth look": FOURTH,
    "held-out": FIFTH,
}
# "tuning": looked at while the doctor was built. "first look" to "fourth look": not seen when the doctor was
# first scored on them, and used to improve it since. "held-out": scored once, after the last change.
PARTS = ("tuning", "first look", "second look", "third look", "fourth look", "held-out")


def part_of(case: Case) -> str:
    """One of PARTS."""
    for part, added in SETS.items():
        if case in added:
            return part
    group = next(group for group in ALL if case in group)
    place = group.index(case)
    tuned = (case.label, case.name) in {("overfitting", "on-plateau"), ("healthy", "dense-linear")}
    return "tuning" if tuned or (place < 4 and place % 2 == 0) else "first look"


def cases() -> list[Case]:
    """All of them, the first of each label before the second, and the held-out ones last.

    Raises ValueError where two would have the same file.
    """
    every = [case for group in (*ALL, *SETS.values()) for case in group]
    twice = [name for name, count in Counter(file_name(case) for case in every).items() if count > 1]
    if twice:
        raise ValueError(f"two cases are called {twice[0]}")
    seen: Counter[tuple[str, str]] = Counter()
    place: dict[Case, tuple[bool, int]] = {}
    for case in every:
        part = part_of(case)
        place[case] = (part == "held-out", seen[part, case.label])
        seen[part, case.label] += 1
    return sorted(every, key=lambda case: place[case])


def file_name(case: Case) -> str:
    """Of its history."""
    return f"{case.label}--{case.name}.csv"
