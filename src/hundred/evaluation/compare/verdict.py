"""The outcome of a comparison as one sentence to quote."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ComparisonFacts:
    """What the sentence is made of; fractions, as in `Comparison`.

    settled: the leader beats all its `rivals`; clear_of_other: at least the runner-up. runs: of leader and
    runner-up. run_sd: standard deviation of one run's accuracy, measured or assumed as `method` says.
    """

    leader: str
    other: str
    settled: bool
    clear_of_other: bool
    difference: float
    interval: tuple[float, float]
    confidence: float
    p_value: float
    runs: tuple[int, int]
    method: str
    run_sd: float
    rivals: int
    seeds_to_settle: int | None


def sentence(facts: ComparisonFacts) -> str:
    """The verdict. It has the words "real difference" exactly where one was found."""
    # Two digits where one would hide the difference or its lower end.
    digits = 2 if min(facts.difference, abs(facts.interval[0])) < 0.0095 else 1
    low, high = (_points(bound, digits) for bound in facts.interval)
    numbers = (
        f"({facts.confidence:.0%} interval {low} to {high}, "
        f"{_p(facts.p_value)}{' corrected for all pairs' if facts.rivals > 1 else ''}; {_basis(facts)})"
    )
    by = f"{_points(facts.difference, digits)} points of test accuracy"
    if facts.settled:
        whom = facts.other if facts.rivals == 1 else f"{facts.other}, the next of {facts.rivals},"
        return f"{facts.leader} is better than {whom} by {by} {numbers}: a real difference."
    if facts.difference == 0:
        return f"Undecided: {facts.leader} and {facts.other} are equally accurate {numbers}."
    return f"Undecided: {facts.leader} leads {facts.other} by {by} {numbers}, {_why_not(facts)}."


def _why_not(facts: ComparisonFacts) -> str:
    if facts.clear_of_other:
        return "but does not beat every other one"
    cause = "no more than other seeds could change"
    if facts.seeds_to_settle is None:
        return f"{cause}; more than 1,000 runs of each would be needed to settle so small a difference"
    if facts.seeds_to_settle <= min(facts.runs):
        return f"{cause}; a few more runs of each would settle it"
    return f"{cause}; about {facts.seeds_to_settle} runs of each would settle a difference of this size"


def _basis(facts: ComparisonFacts) -> str:
    first, second = facts.runs
    if first == second:
        runs = "one run each" if first == 1 else f"{first} runs each"
    else:
        runs = f"{first} and {second} runs"
    if facts.method == "welch":
        return f"{runs}, Welch's t test"
    return f"{runs}, assuming that seeds spread by {_points(facts.run_sd)} points"


def _points(fraction: float, digits: int = 1) -> str:
    """A fraction as percentage points, with a true minus sign."""
    text = f"{100 * fraction:.{digits}f}"
    return text.removeprefix("-") if float(text) == 0 else text.replace("-", "−")


def _p(value: float) -> str:
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}" if value < 0.1 else f"p = {value:.2f}"
