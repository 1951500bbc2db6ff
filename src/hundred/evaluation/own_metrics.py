"""A user's own metrics by name: `package:function` of logits and labels, a number each."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from hundred.errors import HundredError, UsageError
from hundred.training.importing import import_object

Metric = Callable[[Any, Any], Any]


def load_metrics(names: Iterable[str], taken: Iterable[str] = ()) -> dict[str, Metric]:
    """The functions that `names` (such as `my_metrics:top_3`) name, by the part after the colon.

    taken: names that figures of our own have.

    Raises UsageError for one that cannot be imported or called, that is taken, or that is given twice.
    """
    found: dict[str, Metric] = {}
    for where in names:
        name = where.rpartition(":")[2]
        function = import_object(where, "metric")
        if not callable(function):
            raise UsageError(f"the metric {where} is no function: it is called with logits and labels")
        if name in found or name in taken:
            raise UsageError(
                f"the metric {where} has a name that is taken: call it something else than {name!r}"
            )
        found[name] = function
    return found


def measure(metrics: dict[str, Metric], logits: Any, labels: Any) -> dict[str, float]:
    """Each metric's number by name. It is called with arrays: logits float32 [n, classes], labels int64 [n].

    Raises HundredError where one fails, or returns something else than a finite number.
    """
    arrays = np.asarray(logits, np.float32), np.asarray(labels, np.int64)
    found: dict[str, float] = {}
    for name, function in metrics.items():
        try:
            value = float(function(*(array.copy() for array in arrays)))
        except Exception as error:
            line = (str(error).splitlines() or [""])[0]
            raise HundredError(f"the metric {name} failed: {type(error).__name__}: {line}") from error
        if not math.isfinite(value):
            raise HundredError(f"the metric {name} returned {value}: it returns a finite number")
        found[name] = value
    return found
