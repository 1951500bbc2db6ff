"""events.jsonl: the events of a run, one JSON object a line, appended as they happen."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hundred.files import write_text
from hundred.formatting import json_safe
from hundred.reading import read_bytes
from hundred.runs.layout import strict_json
from hundred.runs.os_errors import append_line, os_errors_as_hundred_errors

if TYPE_CHECKING:
    from hundred.training.events import Event


class EventLog:
    """Listener: appends every event but the steps inside an epoch, with the time (ISO 8601, UTC) it came."""

    def __init__(self, path: Path | str) -> None:
        """`path` is the events.jsonl. Its content is kept: cut it with `cut_events` before a resume."""
        self.path = Path(path)

    def write(self, event: "Event") -> None:
        """Append one event. Raises HundredError (full disk, no permission)."""
        time = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        append_line(self.path, _line({**event.as_dict(), "time": time}), sync=False)

    on_run_started = write
    on_epoch_ended = write
    on_learning_rate_cut = write
    on_new_best = write
    on_weights_restored = write
    on_checkpoint_written = write
    on_warned = write
    on_stopped = write
    on_finding = write


def read_events(path: Path | str) -> list[dict[str, Any]]:
    """The events at `path` in order, each with `kind`, `time` and its own fields; [] where there is no file.

    Lines that are not whole (a killed process leaves at most one, the last) are left out: no
    figure is computed from events.

    Raises HundredError where the file cannot be read.
    """
    path = Path(path)
    with os_errors_as_hundred_errors(path, "cannot read"):
        try:
            text = read_bytes(path).decode(errors="replace")
        except FileNotFoundError:
            return []
    return [event for line in text.split("\n") if (event := _event(line)) is not None]


def cut_events(path: Path | str, epoch: int) -> None:
    """Rewrite the events at `path` without those after `epoch`.

    Everything from the first event of a later epoch on is dropped, so warnings, which carry no epoch, go with
    the epochs they came in.
    """
    path = Path(path)
    if not path.exists():
        return
    kept = []
    for event in read_events(path):
        if _epoch(event) > epoch:
            break
        kept.append(event)
    with os_errors_as_hundred_errors(path):
        write_text(path, "".join(_line(event) + "\n" for event in kept))


def _line(event: dict[str, Any]) -> str:
    return json.dumps(json_safe(event), ensure_ascii=False, allow_nan=False)


def _event(line: str) -> dict[str, Any] | None:
    try:
        event = strict_json(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and isinstance(event.get("kind"), str) else None


def _epoch(event: dict[str, Any]) -> float:
    epoch = event.get("epoch", 0)
    return epoch if isinstance(epoch, int | float) else 0
