"""The curves of a history with the findings of the doctor marked on them."""

import pytest

from hundred.evaluation.doctor.diagnosis import doctor
from hundred.reports.figures.history import draw_diagnosis
from tests.making.histories import curves


def test_findings_are_named_shaded_from_their_epoch_and_their_values_dotted() -> None:
    found = doctor(curves(24, overfit=1.5, rate="constant", tau=0.1))
    finding = found.findings[0]
    figure = draw_diagnosis(found)
    assert any("overfitting, 98% sure" in text.get_text() for text in figure.texts)
    accuracy, loss, rate = figure.axes
    assert [axes.get_ylabel() for axes in (accuracy, loss, rate)] == ["Accuracy", "Loss", "Learning rate"]
    marked = [line for line in loss.lines if list(line.get_xdata()) == [finding.since_epoch] * 2]
    assert len(marked) == 1
    dots = [line for line in loss.lines if line.get_marker() == "o"]
    quoted = {**finding.data["values"]["loss"], **finding.data["values"]["val_loss"]}
    assert {y for line in dots for y in line.get_ydata()} >= set(quoted.values())


@pytest.mark.parametrize("names", [("loss",), ("val_accuracy",), ("loss", "val_loss")])
def test_only_panels_that_the_history_has_are_drawn(names: tuple[str, ...]) -> None:
    columns = curves(12)
    figure = draw_diagnosis(doctor({name: columns[name] for name in ("epoch", *names)}))
    assert len(figure.axes) == len({name.removeprefix("val_") for name in names})
