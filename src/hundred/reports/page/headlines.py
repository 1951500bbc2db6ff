"""The headline figures of a run, those of result.json, as printed and with all their digits."""

from dataclasses import dataclass

from hundred.formatting import decimal, duration, file_size, is_known, number, percent, readable
from hundred.reports.milestones import STOP_REASONS
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
    stopped = str(result.get("stopped") or "")
    smoothed = " (labels not smoothed)" if run.label_smoothing else ""
    lowered = "; training with smoothed labels raises it" if run.label_smoothing else ""
    shown = [
        ("test_accuracy", "Test accuracy", percent, _accuracy_note(run)),
        ("test_balanced_accuracy", "Balanced accuracy", percent, "mean over classes"),
        ("test_macro_f1", "Macro F1", percent, "mean over classes"),
        ("test_many_shot_accuracy", "Many-shot accuracy", percent, "classes of over 100 images"),
        (
            "test_medium_shot_accuracy",
            "Medium-shot accuracy",
            percent,
            "classes of 20 to 100 images",
        ),
        ("test_few_shot_accuracy", "Few-shot accuracy", percent, "classes of under 20 images"),
        ("test_top5_accuracy", "Top-5 accuracy", percent, "true class among the first five"),
        ("test_coarse_accuracy", "Superclass accuracy", percent, "read off the fine class"),
        ("val_accuracy", "Validation accuracy", percent, ""),
        ("test_loss", "Test loss", decimal, f"mean cross-entropy, nats{smoothed}"),
        ("calibration_error", "Calibration error", percent, f"expected, on test images{lowered}"),
        ("parameters", "Parameters", number, ""),
        ("epochs", "Epochs", number, STOP_REASONS.get(stopped, readable(stopped))),
        ("train_seconds", "Training time", duration, f"{duration(result.get('total_seconds'))} in all"),
        ("images_per_second", "Images per second", lambda v: number(round(v)), "while training"),
        ("model_bytes", "File size", file_size, ""),
    ]
    return [
        Headline(key, label, form(result[key]), exact(result[key]), note)
        for key, label, form, note in shown
        if is_known(result.get(key))
    ]


def _accuracy_note(run: RunReport) -> str:
    notes = []
    if run.accuracy_interval is not None:
        low, high = run.accuracy_interval
        notes.append(f"{percent(low, 1)} to {percent(high, 1)}, {run.interval_note}")
    if run.test_images is not None:
        images, whole = run.test_images
        part = f"{images:,} of {whole:,}" if whole is not None and whole > images else f"{images:,}"
        notes.append(f"{part} test images")
    return "; ".join(notes)
