"""result.json: the figures of a finished run. Accuracies are fractions; what was not measured is null."""

from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from hundred.errors import HundredError
from hundred.files import write_json
from hundred.formatting import json_safe
from hundred.reading import read_bytes
from hundred.runs.layout import strict_json
from hundred.runs.os_errors import os_errors_as_hundred_errors


@dataclass(frozen=True)
class Result:
    """The figures of one run, in the order of result.json.

    name: the run's name. recipe: the recipe's. model: the network's.
    parameters: weights plus batch-norm moving means and variances, as Keras counts them.
    epochs: trained, with a fraction where the last was cut short. seed: of every random draw.
    device: such as `cpu` or `cuda`.
    data: `cifar100` or `sample`; data_digest: SHA-256 over its images and labels.
    protocol: `holdout`, `full` or `test-as-validation` (how the validation images were chosen).
    val_accuracy: of the weights that were kept, on the validation images.
    test_accuracy, test_top5_accuracy: of the fine classes; test_coarse_accuracy: of the superclasses, each
        superclass read off the predicted fine class. test_loss: mean cross-entropy in nats.
    calibration_error: expected calibration error on the test images, 0 to 1.
    train_seconds: preparing and training, without validation and test. total_seconds: the command, start to
        end, summed over all sittings of a run that was resumed. images_per_second: of training alone.
    stopped: why training ended, one of `hundred.training.events.Stopped.REASONS`.
    extra: further figures by name, such as `test_accuracy_interval`; written beside the others.
    """

    name: str
    recipe: str | None = None
    model: str | None = None
    parameters: int | None = None
    epochs: float | None = None
    seed: int | None = None
    device: str | None = None
    data: str | None = None
    data_digest: str | None = None
    protocol: str | None = None
    val_accuracy: float | None = None
    test_accuracy: float | None = None
    test_top5_accuracy: float | None = None
    test_coarse_accuracy: float | None = None
    test_loss: float | None = None
    calibration_error: float | None = None
    train_seconds: float | None = None
    total_seconds: float | None = None
    images_per_second: float | None = None
    stopped: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse extra figures that would hide one of the named ones."""
        clash = sorted(KEYS & set(self.extra))
        if clash:
            raise ValueError(f"extra figures named like a figure of their own: {', '.join(clash)}")

    def as_dict(self) -> dict[str, Any]:
        """The content of result.json: every key, the extra ones last; NaN and infinities become None."""
        values = asdict(self)
        extra = values.pop("extra")
        content: dict[str, Any] = json_safe({**values, **extra})
        return content

    def write(self, path: Path | str) -> None:
        """Write result.json at `path`, whole. Raises HundredError (disk full, no permission)."""
        with os_errors_as_hundred_errors(path):
            write_json(path, self.as_dict())

    @staticmethod
    def from_dict(values: dict[str, Any]) -> "Result":
        """A result from the content of a result.json; keys it does not know go to `extra`."""
        known = {key: value for key, value in values.items() if key in KEYS}
        return Result(**{"name": "", **known}, extra={k: v for k, v in values.items() if k not in KEYS})


KEYS = frozenset(each.name for each in fields(Result)) - {"extra"}
MOST_JSON_BYTES = 16_000_000
TEXTS = frozenset({"name", "recipe", "model", "device", "data", "data_digest", "protocol", "stopped"})
NUMBERS = KEYS - TEXTS | {"model_bytes"}


def read_result(path: Path | str) -> dict[str, Any]:
    """The content of a result.json; a figure that it lacks was not measured, and is None.

    Raises HundredError where it is missing or damaged: callers need not check that a figure is a number.
    """
    values = read_object(path)
    for key, value in values.items():
        if key in NUMBERS and not (value is None or _is_number(value)):
            raise HundredError(f"{path} is damaged: {key} is {_shown(value)}, not a number")
        if key in TEXTS and not (value is None or isinstance(value, str)):
            raise HundredError(f"{path} is damaged: {key} is {_shown(value)}, not a text")
    return values | {each.name: None for each in fields(Result) if each.name not in {"extra", *values}}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shown(value: Any) -> str:
    return repr(value)[:40]


def read_object(path: Path | str) -> dict[str, Any]:
    """The JSON object at `path`. Raises HundredError, in one line, where it is missing or is none."""
    with os_errors_as_hundred_errors(path, "cannot read"):
        data = read_bytes(path, MOST_JSON_BYTES)
    try:
        value = strict_json(data)
    except ValueError as error:
        raise HundredError(f"{path} is damaged: not JSON ({str(error)[:80]})") from None
    if not isinstance(value, dict):
        raise HundredError(f"{path} is damaged: {type(value).__name__} where a JSON object should be")
    return value
