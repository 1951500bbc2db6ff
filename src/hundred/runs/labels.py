"""labels.json: what a user says about a run. Tags, a note, and whether it is archived.

Trackers send them along: to MLflow as tags of the run (`tag.NAME`, and the run's description), to Weights &
Biases as its tags and notes.
"""

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from hundred.errors import HundredError, UsageError
from hundred.files import write_json
from hundred.runs.os_errors import os_errors_as_hundred_errors
from hundred.runs.result import read_object

LABELS = "labels.json"
LONGEST_NOTE = 4000  # MLflow's limit is 5,000 characters


@dataclass(frozen=True)
class Labels:
    """Tags in the order given, a note, and whether the leaderboard hides the run."""

    tags: tuple[str, ...] = ()
    note: str = ""
    archived: bool = False

    def with_tags(self, add: Iterable[str] = (), remove: Iterable[str] = ()) -> "Labels":
        """These labels with tags added and removed. Raises UsageError for a tag that is none."""
        gone = set(remove)
        tags = [*self.tags, *map(check_tag, add)]
        return replace(self, tags=tuple(dict.fromkeys(tag for tag in tags if tag not in gone)))


def check_tag(tag: str) -> str:
    """`tag`, unless it cannot be one: UsageError then."""
    if not re.fullmatch(r"[\w.+:/-]{1,60}", tag):
        raise UsageError(
            f"{tag[:70]!r} cannot be a tag: use up to 60 letters, digits and ._+:/- without spaces"
        )
    return tag


def read_labels(path: Path | str) -> Labels:
    """The labels of the run, or folder of runs, at `path`; none where it has no labels.json.

    Raises HundredError where the file is damaged.
    """
    file = Path(path) / LABELS
    if not file.is_file():
        return Labels()
    content = read_object(file)
    tags, note, archived = content.get("tags", []), content.get("note", ""), content.get("archived", False)
    if not (isinstance(tags, list) and all(isinstance(tag, str) for tag in tags)):
        raise HundredError(f"{file} is damaged: tags is {str(tags)[:40]!r}, not a list of texts")
    if not isinstance(note, str) or not isinstance(archived, bool):
        raise HundredError(f"{file} is damaged: note must be a text, archived true or false")
    return Labels(tuple(tags), note, archived)


def labels_of(tags: Iterable[str] = (), note: str = "") -> Labels:
    """Labels with these tags and this note. Raises UsageError for a tag or note that cannot be one."""
    _check_note(note)
    return Labels(note=note).with_tags(add=tags)


def add_labels(path: Path | str, labels: Labels) -> None:
    """Add tags, and a note where there is one, to those of the run, or folder of runs, at `path`."""
    if labels != Labels():
        before = read_labels(path)
        write_labels(path, replace(before.with_tags(add=labels.tags), note=labels.note or before.note))


def _check_note(note: str) -> None:
    if len(note) > LONGEST_NOTE:
        raise UsageError(f"a note has at most {LONGEST_NOTE:,} characters; this one has {len(note):,}")


def write_labels(path: Path | str, labels: Labels) -> None:
    """Write labels.json at `path`, or remove it where there is nothing to say."""
    _check_note(labels.note)
    file = Path(path) / LABELS
    with os_errors_as_hundred_errors(file):
        if labels == Labels():
            file.unlink(missing_ok=True)
        else:
            write_json(file, {**asdict(labels), "tags": list(labels.tags)})
