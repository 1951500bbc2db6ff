"""Calls that cannot be right, told before PyTorch is imported, which takes seconds."""

import math
from collections.abc import Sequence
from pathlib import Path

from hundred.errors import UsageError
from hundred.files import expand_user

FEWEST_STEPS = 20  # of a range test: fewer are too few to see a loss fall and rise
PICTURE_SUFFIXES = (".png", ".svg")


def check_range_test(
    steps: int | None = None,
    minutes: float | None = None,
    lowest: float | None = None,
    highest: float | None = None,
    out: str | Path | None = None,
) -> None:
    """Raise UsageError for values that no learning-rate range test takes; see `hundred.find_lr`."""
    if steps is not None and steps < FEWEST_STEPS:
        raise UsageError(f"--steps {steps}: a range test takes {FEWEST_STEPS} or more")
    if minutes is not None and not 0 < minutes < math.inf:
        raise UsageError(f"--minutes {minutes:g}: a range test needs a number of minutes above 0")
    if steps is not None and minutes is not None:
        raise UsageError("--steps and --minutes both say how long the test is: give one of them")
    for name, rate in (("--lowest", lowest), ("--highest", highest)):
        if rate is not None and not 0 < rate < math.inf:
            raise UsageError(f"{name} {rate:g}: a learning rate is a number above 0")
    if lowest is not None and highest is not None and lowest >= highest:
        raise UsageError(f"a range test from {lowest:g} to {highest:g}: the second rate is the larger one")
    if out is not None and expand_user(out).suffix.lower() not in PICTURE_SUFFIXES:
        raise UsageError(f"--out {out}: a picture is a {' or '.join(PICTURE_SUFFIXES)} file")


def check_audit(*, with_run: bool, folds: int, near: float) -> None:
    """Raise UsageError for values that no audit takes; see `hundred.audit`."""
    if with_run and folds:
        raise UsageError(
            "an audit takes the predictions of a run or makes its own by folds: give one of them"
        )
    if folds:
        check_folds(folds)
    if not 0.0 < near < 1.0:
        raise UsageError(f"--near {near:g}: a distance between 0 and 1, where unrelated images are at 1.4")


def check_folds(folds: int) -> None:
    """Raise UsageError for a number of folds that holds nothing out."""
    if folds < 2:
        raise UsageError(f"--folds {folds}: it takes 2 or more to hold images out")


def check_compared(paths: Sequence[Path]) -> None:
    """Raise UsageError where there are fewer than two runs or files to compare, or the same one twice."""
    if len(paths) < 2:
        raise UsageError(f"compare needs at least two runs or files, not {len(paths)}: name another one")
    seen = set[Path]()
    for path in paths:
        resolved = path.resolve()
        if resolved in seen:
            raise UsageError(f"{path} is named twice: a comparison needs two different runs or files")
        seen.add(resolved)
