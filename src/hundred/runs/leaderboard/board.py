"""The leaderboard: the runs of a folder as a sorted, filtered table."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hundred.errors import UsageError, nearest
from hundred.runs.leaderboard.entries import Entry, entries
from hundred.runs.leaderboard.where import parse_where
from hundred.runs.result import KEYS

if TYPE_CHECKING:
    import pandas as pd

SHOWN = (
    *("name", "recipe", "state", "test_accuracy", "val_accuracy", "epochs", "train_seconds", "started"),
    *("tags", "note"),
)
# What a run has beside the figures of its result.json.
_OWN = {
    *("name", "kind", "state", "runs", "started", "planned_epochs", "tags", "note", "archived", "error"),
    *("size", "path", "loss", "accuracy", "val_loss", "learning_rate", "model_bytes", "stopped_detail"),
}
COLUMNS = frozenset(KEYS | _OWN)
# Smaller is better, or comes first.
_ASCENDING = (
    "name",
    "recipe",
    "model",
    "kind",
    "state",
    "data",
    "protocol",
    "device",
    "stopped",
    "tags",
    "note",
)


@dataclass(frozen=True)
class Board:
    """Rows of a leaderboard, best first, and the names of its columns."""

    columns: tuple[str, ...]
    rows: tuple[Entry, ...]

    def table(self) -> "pd.DataFrame":
        """One row for each run or group with raw values: fractions, seconds, bytes, lists of tags."""
        import pandas as pd

        return pd.DataFrame([self.values(row) for row in self.rows], columns=list(self.columns))

    def values(self, row: Entry) -> list[Any]:
        """The values of one row, in the order of the columns."""
        return [str(row.path) if column == "path" else row.get(column) for column in self.columns]


def board(
    folder: Path | str = "runs",
    *,
    sort: str = "test_accuracy",
    reverse: bool = False,
    where: str | None = None,
    columns: Sequence[str] | None = None,
    unfold: bool = False,
    archived: bool = False,
) -> Board:
    """The runs in `folder`, best first by the column `sort` (worst first with `reverse`).

    where: a condition such as `test_accuracy>0.6 and recipe=sprint`. columns: names of figures of result.json
        and dotted keys of recipes. unfold: the runs of each group follow it. archived: those alone.

    Raises UsageError for a column or condition that is none.
    """
    condition, read = parse_where(where) if where else (None, set())
    shown = tuple(columns or SHOWN)
    found = [entry for entry in entries(folder) if bool(entry.values["archived"]) == archived]
    _check_columns([sort, *read, *shown], found)
    if unfold:
        found = list(_sorted(found, sort, reverse))
        found = [each for entry in found for each in (entry, *_members(entry, sort, reverse))]
    if condition is not None:
        found = [entry for entry in found if condition(entry.get)]
    return Board(shown, tuple(found if unfold else _sorted(found, sort, reverse)))


def leaderboard(
    runs: Path | str = "runs",
    *,
    sort: str = "test_accuracy",
    where: str | None = None,
    columns: Sequence[str] | None = None,
    unfold: bool = False,
) -> "pd.DataFrame":
    """The runs in the folder `runs` as a data frame, best first; repeats, sweeps and studies are a row each.

    sort: a column. where: a condition such as `"test_accuracy > 0.6 and recipe = sprint"`. columns: names of
    figures of result.json (such as `test_loss`), and dotted keys of recipes (such as `training.batch_size`).
    unfold: the runs of each group follow it. Values are raw: accuracies are fractions, times seconds.
    """
    return board(runs, sort=sort, where=where, columns=columns, unfold=unfold).table()


def _members(entry: Entry, sort: str, reverse: bool) -> Iterator[Entry]:
    for member in _sorted(entry.members, sort, reverse):
        yield member
        yield from _members(member, sort, reverse)


def _sorted(found: Iterable[Entry], sort: str, reverse: bool) -> list[Entry]:
    """By `sort`, then by name; what was not measured comes last either way."""
    found = sorted(found, key=lambda entry: str(entry.values["name"]))
    measured = [entry for entry in found if entry.get(sort) is not None]
    missing = [entry for entry in found if entry.get(sort) is None]
    ascending = sort in _ASCENDING or sort.endswith(("loss", "error", "seconds"))
    texts = any(isinstance(entry.get(sort), str | list) for entry in measured)
    measured.sort(
        key=lambda entry: str(entry.get(sort)) if texts else entry.get(sort), reverse=ascending == reverse
    )
    return [*measured, *missing]


def _check_columns(names: Iterable[str], found: Sequence[Entry]) -> None:
    """Raise UsageError for a name that is no column of any run; a dotted one is a recipe's key."""
    for name in names:
        if name in COLUMNS or any(name in run.values for entry in found for run in (entry, *entry.runs)):
            continue
        if "." in name and (not found or any(name in run.recipe for entry in found for run in entry.runs)):
            continue
        dotted = {key for entry in found[:1] for key in entry.runs[0].recipe} if "." in name else set()
        raise UsageError(
            f"{name!r} is no column{nearest(name, COLUMNS | dotted)}\n"
            f"columns: {', '.join(sorted(COLUMNS))}, and keys of recipes such as training.batch_size"
        )
