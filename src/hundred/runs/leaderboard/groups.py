"""Groups of runs (repeats, sweeps, studies): which kind a folder is, and its figures from its runs'."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hundred.errors import HundredError
from hundred.runs.layout import REPEATS
from hundred.runs.result import NUMBERS, read_object

SWEEP, SWEEP_PLAN, STUDY = "sweep.json", "sweep.toml", "study.json"
_SAME = ("recipe", "model", "device", "data", "data_digest", "protocol")
_SUMS = ("train_seconds", "total_seconds", "model_bytes")


def kind_of_group(names: set[str]) -> str:
    """`sweep`, `study`, `repeats` or `folder`, by the files in a folder of runs."""
    if names & {SWEEP, SWEEP_PLAN}:
        return "sweep"
    if STUDY in names:
        return "study"
    # Repeats under way have no summary yet.
    return "repeats" if REPEATS in names or any(name.startswith("seed-") for name in names) else "folder"


def group_values(path: Path, kind: str, runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The figures of a group: of repeats the means over its finished runs; of a sweep the best validation
    accuracy and the winner's test accuracy; of others counts, and times in all."""
    found: dict[str, Any] = {"runs": len(runs), "state": _state(runs)}
    found |= {key: _shared(runs, key) for key in _SAME}
    found["started"] = min((run["started"] for run in runs if run.get("started")), default=None)
    finished = [run for run in runs if run["state"] == "finished"]
    if kind == "repeats":
        found |= {key: _mean(finished, key) for key in sorted(NUMBERS - {"seed"})}
        return found
    found |= {key: _sum(finished, key) for key in _SUMS}
    return found | (_of_sweep(path) if kind == "sweep" else {})


def _state(runs: Sequence[Mapping[str, Any]]) -> str:
    counts = Counter(str(run["state"]) for run in runs)
    return (
        next(iter(counts)) if len(counts) == 1 else ", ".join(f"{n} {state}" for state, n in counts.items())
    )


def _shared(runs: Sequence[Mapping[str, Any]], key: str) -> Any:
    values = {run.get(key) for run in runs if run.get(key) is not None}
    return values.pop() if len(values) == 1 else None


def _values(runs: Sequence[Mapping[str, Any]], key: str) -> list[float]:
    return [run[key] for run in runs if run.get(key) is not None]


def _mean(runs: Sequence[Mapping[str, Any]], key: str) -> float | None:
    values = _values(runs, key)
    return sum(values) / len(values) if values else None


def _sum(runs: Sequence[Mapping[str, Any]], key: str) -> float | None:
    values = _values(runs, key)
    return sum(values) if values else None


def _of_sweep(path: Path) -> dict[str, Any]:
    try:
        summary = read_object(path / SWEEP)
        best, winner = summary.get("best") or {}, summary.get("winner") or {}
        test = winner.get("test_accuracy") or {}
        return {"val_accuracy": best.get("val_accuracy"), "test_accuracy": test.get("mean")}
    except (HundredError, AttributeError):
        return {}
