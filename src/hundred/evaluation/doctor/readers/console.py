"""Figures that a training printed: the consoles of Keras, Lightning, fastai, timm, Hugging Face and hand-
written loops. What is printed by epoch is read; the rest of a log is passed over."""

import re
from collections.abc import Iterator
from typing import Any

from hundred.evaluation.doctor.readers.columns import PHASES, meaning_of
from hundred.evaluation.doctor.readers.json_text import flat_record, python_literal
from hundred.evaluation.doctor.readers.table import Table, from_records
from hundred.evaluation.doctor.readers.ultralytics_console import rows_of

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|nan|inf"
# "Epoch 3/20", "Epoch [3/20]", "epoch: 3", "| epoch 3 |", timm's "Train: 3 [", nanoGPT's "step 250:".
_EPOCH = re.compile(
    r"\b(?:(?:epoch|ep)\s*[:=#\[( ]*\s*(?P<epoch>\d+)(?:\s*(?:/|of)\s*\d+)?|Train:\s*(?P<timm>\d+)\s*\[|"
    r"^step\s+(?P<step>\d+)\s*:)",
    re.IGNORECASE,
)
# "val_loss: 0.31", "Train Loss = 0.5", "Acc@1: 77.3 (78.1)", "train loss 4.45".
_PAIR = re.compile(
    rf"(?P<name>[A-Za-z][A-Za-z_@/.\d]*(?:[ _-][A-Za-z@][A-Za-z_@\d]*){{0,3}})\s*(?P<mark>[:=]\s*|\s)"
    rf"(?P<value>{_NUMBER})(?:\s*\(\s*(?P<mean>{_NUMBER})\s*\))?(?![\w.])\s*%?",
    re.IGNORECASE,
)
# A line on a saved state names the epoch and the figures of that state, not those of now.
_OF_A_STATE = re.compile(
    r"\b(?:check ?point|saved?|saving|load(?:ed|ing)?|restor(?:ed|ing|e)|best)\b", re.IGNORECASE
)
_OF_OTHERS = {"best", "lowest", "highest", "previous"}
_PHASE = re.compile(
    r"^\W*(?P<phase>train(?:ing)?|val(?:id(?:ation)?)?|test|eval)\b(?!\s*[:=]?\s*\d)", re.IGNORECASE
)
_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x08")


def console_table(text: str) -> Table | None:
    """The last value of each figure of each epoch that `text` prints; None where it prints fewer than two
    epochs."""
    ultralytics = rows_of(text)
    if len(ultralytics) > 1:
        return Table(from_records(ultralytics), "console output of Ultralytics")
    dicts = _printed_dicts(text)
    if len(dicts) > 2:
        return Table(from_records(dicts), "console output with printed dicts")
    rows: list[dict[str, Any]] = []
    for epoch, line in _lines(text):
        figures = _figures(line)
        # A line with nothing but the epoch begins one, also one of the same number: `fit` called again.
        begins = bool(rows) and (rows[-1]["epoch"] != epoch or (not figures and len(rows[-1]) > 1))
        if epoch is not None and (not rows or begins):
            rows.append({"epoch": epoch})
        if rows:
            rows[-1].update(figures)
    rows = [row for row in rows if len(row) > 1]
    if len(rows) < 2:
        return None
    return Table(
        from_records(rows),
        "console output",
        ["read from printed lines: only the last value of an epoch counts"],
    )


def _lines(text: str) -> Iterator[tuple[int | None, str]]:
    """Lines, and the parts of those that a progress bar wrote over, each with the epoch that it begins, if
    any."""
    for line in re.split(r"[\r\n]+", _ESCAPE.sub("", text)):
        found = _EPOCH.search(line)
        if found and _OF_A_STATE.search(line, 0, found.start()):
            continue
        yield (int(next(group for group in found.groups() if group is not None)) if found else None), line


def _figures(line: str) -> dict[str, str]:
    phase = _PHASE.match(line)
    found: dict[str, str] = {}
    for each in _PAIR.finditer(line):
        name = _name(each["name"])
        if not name or (not each["mark"].strip() and not name.lower().endswith(("loss", "acc", "accuracy"))):
            continue
        prefix = PHASES.get(phase["phase"].lower(), "") if phase else ""
        if prefix and not set(re.split(r"[ _/]", name.lower())) & set(PHASES):
            name = f"{prefix}_{name}"
        # timm prints the running mean of an epoch in brackets.
        found[name.strip().replace(" ", "_")] = each["mean"] or each["value"]
    return found


def _name(text: str) -> str:
    """The end of a run of words that is the name of a figure: "Epoch 3 - Train Loss" ends in "Train Loss";
    "" for "Best Val Loss", which is of another epoch."""
    words = re.split(r"[ ]+|(?<=\w)-(?=\w)", text.strip(" -"))
    for begin in range(len(words)):
        name = " ".join(words[begin:])
        meaning = meaning_of(name)
        if meaning.figure not in ("", "epoch", "step") and not meaning.prefix:
            return "" if {word.lower() for word in words[:begin]} & _OF_OTHERS else name
    return ""


def _printed_dicts(text: str) -> list[dict[str, Any]]:
    """Lines that are Python dicts with an epoch, as Hugging Face's trainer prints them."""
    found = []
    for line in text.splitlines():
        begin, end = line.find("{"), line.rfind("}")
        if begin < 0 or end < begin or "epoch" not in line or "loss" not in line:
            continue
        try:
            value = python_literal(line[begin : end + 1])
        except ValueError:
            continue
        if isinstance(value, dict):
            found.append(flat_record(value))
    return found
