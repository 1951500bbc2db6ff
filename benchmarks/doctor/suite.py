"""All trainings of the benchmark, in what order they are made, and for which part of the measurement each
is."""

from collections import Counter

from benchmarks.doctor.cases import ALL, Case
from benchmarks.doctor.fresh import FRESH


def part_of(case: Case) -> str:
    """Either "tuning", "first look" (not seen when the doctor was first scored on it, and used to improve it
    since) or "held-out" (of `fresh`: scored once the doctor as it stands was done)."""
    if case in FRESH:
        return "held-out"
    group = next(group for group in ALL if case in group)
    place = group.index(case)
    tuned = (case.label, case.name) in {("overfitting", "on-plateau"), ("healthy", "dense-linear")}
    return "tuning" if tuned or (place < 4 and place % 2 == 0) else "first look"


def cases() -> list[Case]:
    """All of them, the first of each label before the second.

    Raises ValueError where two would have the same file.
    """
    every = [case for group in ALL for case in group] + FRESH
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
