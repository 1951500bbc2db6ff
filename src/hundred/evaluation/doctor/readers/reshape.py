"""Tables in other shapes, as one row an epoch of one run: exports of Weights & Biases and TensorBoard, one
row a figure, transposed tables, train and validation rows in turn, several runs in rows or side by side."""

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from hundred.errors import HundredError, UsageError, nearest
from hundred.evaluation.doctor.readers.columns import PHASES, meaning_of, recognize
from hundred.evaluation.doctor.readers.table import Columns, Table, is_empty, is_numeric, number

# Columns that say which of several runs a row belongs to.
_IDS = (
    "model_id", "run_id", "run", "run_name", "run_uuid", "trial_id", "experiment_id", "experiment", "model",
    "name", "trial", "fold", "seed", "id",
)  # fmt: skip
# A run with fewer rows is judged only where no other has more.
_FEWEST_ROWS = 4
_KEYS = ("metric", "key", "tag", "variable", "name", "figure")
_WANDB = re.compile(r"(?P<run>.+?) - (?P<metric>.+)")
_BOUND = re.compile(r"__(?:MIN|MAX)$")


def reshaped(table: Table, source: str, run: str | None = None) -> Table:
    """`table` with one row an epoch (or step) of one run: of several that which `run` names, else the last.

    Raises UsageError where `run` is none of them, HundredError for a table with one row a run.
    """
    table = _wandb(_tensorboard(table, source), source, run)
    _refuse_one_row_a_run(table, source)
    table = _transposed(_long(_one_run(table, source, run)))
    table = _side_by_side(_phases(table), source, run)
    if run is not None and not table.run and not run.isdigit():
        raise UsageError(f"{source} holds one run, so --run {run} has nothing to choose from")
    return table


def _by_lower(table: Table) -> dict[str, str]:
    return {name.strip().lower(): name for name in table.columns}


def _tensorboard(table: Table, source: str) -> Table:
    """`Wall time, Step, Value` of one tag; which one only the name of the file may say."""
    names = _by_lower(table)
    if set(names) != {"wall time", "step", "value"}:
        return table
    stem = Path(source).stem
    tag = stem.rpartition("tag-")[2]
    figure = meaning_of(tag).figure or meaning_of(stem).figure
    phase = next((part for part in re.split(r"[^a-z]+", stem.lower()) if part in PHASES), "")
    note = f"the file's name says that its values are {figure}"
    if not figure:
        values = [number(cell) or 0.0 for cell in table.columns[names["value"]]]
        rises = len(values) > 1 and values[-1] > values[0] and max(values) <= 1.0
        figure = "accuracy" if rises else "loss"
        note = f"the file does not say what its values are: taken for {figure}, as they "
        note += f"{'rise' if rises else 'fall'}"
    elif phase and not figure.startswith(("train", "val", "test")):
        figure = f"{phase} {figure}"
    columns = {"step": table.columns[names["step"]], figure: table.columns[names["value"]]}
    form = table.form if "TensorBoard" in table.form else "a CSV export of TensorBoard"
    return Table(columns, form, [*table.notes, note], table.run)


def _wandb(table: Table, source: str, run: str | None) -> Table:
    """Columns `RUN - METRIC`, each with its __MIN and __MAX."""
    found: dict[str, dict[str, str]] = {}
    for name in table.columns:
        match = _WANDB.fullmatch(name.strip())
        if match and not _BOUND.search(name):
            found.setdefault(match["run"], {})[match["metric"]] = name
    if not found or not any(_BOUND.search(name) or name.strip().lower() == "step" for name in table.columns):
        return table
    lengths = dict.fromkeys(found, table.rows)
    chosen = _chosen(list(found), lengths, table, source, run)
    shared = {name: cells for name, cells in table.columns.items() if not _WANDB.fullmatch(name.strip())}
    columns = {**shared, **{metric: table.columns[name] for metric, name in found[chosen].items()}}
    return Table(columns, "a CSV export of Weights & Biases", table.notes, chosen)


def _transposed(table: Table) -> Table:
    """Figures in rows, epochs in columns."""
    names = list(table.columns)
    if len(names) < 3 or set(recognize(names)) - {"epoch", "step"}:
        return table
    first = [str(cell) for cell in table.columns[names[0]]]
    if not set(recognize(first)) - {"epoch", "step"}:
        return table
    columns: Columns = {
        key: [table.columns[name][row] if row < len(table.columns[name]) else None for name in names[1:]]
        for row, key in enumerate(first)
    }
    if "epoch" not in recognize(columns) and all(re.fullmatch(r"\s*\d+\s*", name) for name in names[1:]):
        columns = {"epoch": [name.strip() for name in names[1:]], **columns}
    return Table(columns, f"{table.form}, transposed (a row a figure)", table.notes, table.run)


def _refuse_one_row_a_run(table: Table, source: str) -> None:
    """A table of the results of several runs is no history."""
    recognized = recognize(table.columns)
    if any(key in recognized and len(set(table.columns[recognized[key]])) > 1 for key in ("epoch", "step")):
        return
    for name in (name for name in table.columns if name.strip().lower() in _IDS):
        cells = [str(cell).strip() for cell in table.columns[name] if not is_empty(cell)]
        if len(cells) > 1 and len(set(cells)) == len(cells) == table.rows and not is_numeric(cells):
            raise HundredError(
                f"{source} has one row for each of {len(cells)} runs, not one an epoch: it is no history\n"
                "give the history of one of them"
            )


def _one_run(table: Table, source: str, run: str | None) -> Table:
    """The rows of one run, where a column of names tells several apart."""
    for name, cells in table.columns.items():
        if name.strip().lower() not in _IDS or meaning_of(name).figure:
            continue
        known = list(dict.fromkeys(str(cell).strip() for cell in cells if not is_empty(cell)))
        if len(known) < 2 and (run is None or run not in known):
            continue
        if set(recognize(known)) - {"epoch", "step"}:
            continue  # it names figures, not runs
        lengths = Counter(str(cell).strip() for cell in cells)
        chosen = _chosen(known, lengths, table, source, run)
        kept = [row for row, cell in enumerate(cells) if str(cell).strip() == chosen]
        return Table(table.take(kept), table.form, table.notes, chosen, table.classes)
    return table


def _long(table: Table) -> Table:
    """One row a figure: columns such as metric, value and step, as MLflow and TensorBoard export them."""
    names = _by_lower(table)
    key = next((names[each] for each in _KEYS if each in names), None)
    recognized = recognize(table.columns)
    place = recognized.get("epoch") or recognized.get("step")
    if key is None or "value" not in names or place is None:
        return table
    cells: dict[str, dict[str, str]] = {}
    rows = zip(table.columns[place], table.columns[key], table.columns[names["value"]], strict=False)
    for at, figure, value in rows:
        cells.setdefault(str(at), {})[str(figure).strip()] = value
    figures = list(dict.fromkeys(figure for each in cells.values() for figure in each))
    order = sorted(cells, key=lambda at: number(at) or 0.0)
    columns: Columns = {"epoch" if "epoch" in recognized else "step": order}
    columns |= {
        figure: [cells[at].get(figure) for at in order] for figure in figures if figure not in columns
    }
    return Table(columns, f"{table.form}, one row a figure", table.notes, table.run)


def _phases(table: Table) -> Table:
    """Rows of training and validation in turn, named in a column of `train` and `val`."""
    for name, cells in table.columns.items():
        words = [str(cell).strip().lower() for cell in cells]
        kinds = {PHASES.get(word) for word in words}
        if not {"train", "val"} <= kinds and not {"train", "test"} <= kinds:
            continue
        recognized = recognize(table.columns)
        place = recognized.get("epoch") or recognized.get("step")
        if None in kinds or place is None:
            continue
        others = [each for each in table.columns if each not in (name, place)]
        columns: Columns = {place: list(table.columns[place])}
        for row, word in enumerate(words):
            for other in others:
                column = columns.setdefault(f"{PHASES[word]}_{other}", [None] * len(words))
                column[row] = table.columns[other][row]
        return Table(columns, f"{table.form}, a row a phase", table.notes, table.run)
    return table


def _side_by_side(table: Table, source: str, run: str | None) -> Table:
    """Runs beside each other, such as `resnet_loss, resnet_val_loss, vgg_loss, vgg_val_loss`."""
    meanings = {name: meaning_of(name) for name in table.columns}
    if set(recognize(name for name, each in meanings.items() if not each.prefix)) - {
        "epoch",
        "step",
        "learning_rate",
    }:
        return table
    groups: dict[str, list[str]] = {}
    for name, each in meanings.items():
        if each.figure and each.prefix:
            groups.setdefault(each.prefix, []).append(name)
    figures = Counter(meanings[name].figure for names in groups.values() for name in names)
    if not groups or (len(groups) > 1 and max(figures.values()) < 2):
        return table
    # Named as in the file: the part that the names of a run share with no other.
    shown = {prefix.replace(" ", "_"): prefix for prefix in groups}
    lengths = dict.fromkeys(shown, table.rows)
    chosen = _chosen(list(shown), lengths, table, source, run) if len(shown) > 1 else next(iter(shown))
    shared = [name for name, each in meanings.items() if not each.prefix]
    columns = {name: table.columns[name] for name in shared}
    columns |= {meanings[name].figure: table.columns[name] for name in groups[shown[chosen]]}
    form = f"{table.form}, several runs side by side" if len(shown) > 1 else table.form
    return Table(columns, form, table.notes, chosen if len(shown) > 1 else "", table.classes)


def _chosen(known: list[str], rows: Mapping[str, int], table: Table, source: str, run: str | None) -> str:
    """The run that was asked for, else the last that is long enough, which a note then says.

    known: the names of all runs; rows: how many each has. Raises UsageError where an unknown one is asked
    for.
    """
    if run in known:
        return str(run)
    shown = ", ".join(known[:12]) + (" ..." if len(known) > 12 else "")
    if run is not None:
        raise UsageError(
            f"{source} has no run {run!r}{nearest(run, known)}: name one of them with --run\nit has {shown}"
        )
    long = [name for name in known if rows.get(name, 0) >= _FEWEST_ROWS]
    chosen = long[-1] if long else max(known, key=lambda name: rows.get(name, 0))
    if len(known) > 1:
        table.notes.append(
            f"the file holds {len(known)} runs ({shown}); {chosen} is judged, --run chooses another"
        )
    return chosen
