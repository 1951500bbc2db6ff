"""The headline figures of a run, those of result.json, as printed and with all their digits."""

from dataclasses import dataclass

from hundred.formatting import decimal, duration, file_size, is_known, number, percent, readable
from hundred.reports.page.data import RunReport
from hundred.reports.page.text import exact


@dataclass(frozen=True)
class Headline:
    """A figure of result.json: as printed, and with all its digits."""

    key: str
    label: str
    text: str
    value: str
    note: str = ""


def headlines(run: RunReport) -> list[Headline]:
    """The headline figures, test accuracy first; what was not measured is left out."""
    result = run.result
    interval = ""
    if run.accuracy_interval is not None:
        low, high = run.accuracy_interval
        interval = f"{percent(low, 1)} to {percent(high, 1)}, {run.interval_note}"
    shown = [
        ("test_accuracy", "Test accuracy", percent, interval),
        ("test_top5_accuracy", "Top-5 accuracy", percent, "true class among the first five"),
        ("test_coarse_accuracy", "Superclass accuracy", percent, "read off the fine class"),
        ("val_accuracy", "Validation accuracy", percent, ""),
        ("test_loss", "Test loss", decimal, "mean cross-entropy, nats"),
        ("calibration_error", "Calibration error", percent, "expected, on test images"),
        ("parameters", "Parameters", number, ""),
        ("epochs", "Epochs", number, readable(str(result.get("stopped") or "")).replace("-", " ")),
        ("train_seconds", "Training time", duration, f"{duration(result.get('total_seconds'))} in all"),
        ("images_per_second", "Images per second", lambda v: number(round(v)), "while training"),
        ("model_bytes", "File size", file_size, ""),
    ]
    return [
        Headline(key, label, form(result[key]), exact(result[key]), note)
        for key, label, form, note in shown
        if is_known(result.get(key))
    ]
