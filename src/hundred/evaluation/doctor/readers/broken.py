"""Columns that say nothing: figures that are not numbers while the others go on, or zero in all epochs."""

import math
from collections.abc import Mapping, Sequence

from hundred.evaluation.doctor.readers.table import Number

# How much of its last values' level a figure may lose at once before that counts as a collapse.
_COLLAPSE = 0.5


def drop_broken(figures: dict[str, list[Number]], names: Mapping[str, str]) -> list[tuple[str, str]]:
    """Remove broken columns, or their broken end, from `figures`, in place; each with the reason, by its
    name."""
    found: list[tuple[str, str]] = []
    for key in [key for key in figures if key != "learning_rate"]:
        values = figures[key]
        measured = [value for value in values if value is not None]
        bad = [value for value in measured if not math.isfinite(value)]
        if len(measured) >= 3 and not any(measured) and not (key == "val_accuracy" and _at_rest(figures)):
            found.append((names[key], "it is 0 in all epochs"))
            figures[key] = [None] * len(values)
        elif bad and len(bad) == len(measured) and _goes_on(figures, key, 0):
            found.append((names[key], "it is not a number in any epoch, while the other figures go on"))
            figures[key] = [None] * len(values)
        elif bad and key != "loss":
            first = next(
                place for place, value in enumerate(values) if value is not None and not math.isfinite(value)
            )
            if _goes_on(figures, key, first):
                found.append(
                    (names[key], "some of its values are not numbers, while the other figures go on")
                )
                figures[key] = [
                    None if value is None or not math.isfinite(value) else value for value in values
                ]
    return found


def _at_rest(figures: Mapping[str, Sequence[Number]]) -> bool:
    """Whether validation loss never fell: an accuracy of 0 beside it is no broken column."""
    loss = [value for value in figures.get("val_loss", ()) if value is not None and math.isfinite(value)]
    return len(loss) > 2 and min(loss) > 0.95 * loss[0] > 0.0


def _goes_on(figures: Mapping[str, Sequence[Number]], key: str, first: int) -> bool:
    """Whether other figures are numbers to the end, and none of them collapsed where `key` broke."""
    others = [values for other, values in figures.items() if other not in (key, "learning_rate")]
    measured = [[value for value in values if value is not None] for values in others]
    finite = [values for values in measured if values and all(map(math.isfinite, values[-2:]))]
    training = figures.get("loss", ())
    if key != "loss" and any(value is not None and not math.isfinite(value) for value in training):
        return False
    return bool(finite) and not any(
        _collapsed(figures.get(name, ()), first) for name in ("accuracy", "val_accuracy")
    )


def _collapsed(values: Sequence[Number], first: int) -> bool:
    before = [value for value in values[:first] if value is not None and math.isfinite(value)]
    after = [value for value in values[first:] if value is not None and math.isfinite(value)]
    return bool(before) and bool(after) and after[-1] < _COLLAPSE * max(before)
