"""Each finding on a curve drawn for it, and the sound curve beside it that must not be taken for it."""

import math

import numpy as np
import pytest

from hundred.evaluation.doctor.diagnosis import diagnose, doctor
from tests.making.histories import Columns, curves, history


def first(columns: Columns, **context: object) -> str:
    found = diagnose(history(columns, **context))
    return found.findings[0].name if found.findings else ""


def stepped(epochs: int, at: int, drop: float, slope: float) -> Columns:
    """A rate of 0.1 that is cut to a tenth at index `at`; losses fall by `slope` an epoch, and by `drop` at
    once
    at the cut, after which they fall at a tenth of the pace."""
    before = 4.0 - slope * np.arange(at)
    after = before[-1] - drop - 0.1 * slope * np.arange(epochs - at)
    loss = np.concatenate([before, after])
    accuracy = np.exp(-loss) * 3
    rate = [0.1] * at + [0.01] * (epochs - at)
    shake = np.random.default_rng(0).normal(0, 0.004, epochs)
    return {
        "epoch": [float(epoch) for epoch in range(1, epochs + 1)],
        "accuracy": accuracy.tolist(),
        "loss": (loss + shake).tolist(),
        "val_accuracy": (accuracy * 0.95 + shake / 4).tolist(),
        "val_loss": (loss + 0.1 - shake).tolist(),
        "learning_rate": rate,
    }


def test_a_cut_that_slows_a_falling_loss_is_early_and_one_that_speeds_it_is_not() -> None:
    assert first(stepped(24, 4, drop=0.02, slope=0.12)) == "early-cut"
    assert "early-cut" not in diagnose(history(stepped(24, 14, drop=0.6, slope=0.03))).names


def test_a_cut_that_pays_for_a_long_idle_stretch_is_late_and_one_in_time_is_not() -> None:
    assert first(stepped(30, 25, drop=0.6, slope=0.012)) == "late-cut"
    assert "late-cut" not in diagnose(history(stepped(30, 14, drop=0.6, slope=0.012))).names


def flat(loss: float, epochs: int = 12) -> Columns:
    shake = np.random.default_rng(1).normal(0, 0.002, epochs)
    return {
        "loss": (loss + shake).tolist(),
        "accuracy": [0.01] * epochs,
        "val_loss": (loss - shake).tolist(),
        "val_accuracy": [0.01] * epochs,
    }


@pytest.mark.parametrize(
    ("rate", "optimizer", "name"),
    [
        (0.1, "adam", "learning-rate-too-high"),
        (5.0, "sgd", "learning-rate-too-high"),
        (1e-7, "adam", "learning-rate-too-low"),
    ],
)
def test_a_loss_that_stays_at_chance_is_blamed_on_the_rate_that_is_known(
    rate: float, optimizer: str, name: str
) -> None:
    columns = {**flat(math.log(100)), "learning_rate": [rate] * 12}
    assert first(columns, optimizer=optimizer, classes=100) == name


def test_a_loss_that_creeps_evenly_from_chance_is_a_rate_too_low() -> None:
    loss = [4.61 - 0.012 * epoch for epoch in range(15)]
    columns: Columns = {
        "loss": loss,
        "accuracy": [0.01 + 0.001 * epoch for epoch in range(15)],
        "val_loss": [value - 0.006 for value in loss],
        "val_accuracy": [0.0105 + 0.001 * epoch for epoch in range(15)],
        "learning_rate": [1e-5] * 15,
    }
    assert first(columns) == "learning-rate-too-low"
    del columns["learning_rate"]
    assert first(columns) == "learning-rate-too-low"


def test_training_far_below_validation_is_augmentation_unless_labels_are_soft() -> None:
    columns = curves(24, floor=2.6, val_floor=2.2)
    assert first(columns) == "augmentation-too-strong"
    assert "augmentation-too-strong" not in diagnose(history(columns, mixes_labels=True)).names
    smoothed = {**columns, "loss": [0.7 * value + 1.6 for value in columns["loss"]]}
    assert "augmentation-too-strong" not in diagnose(history(smoothed)).names


def test_few_validation_images_are_noise_and_many_are_not() -> None:
    assert "noisy-validation" in doctor(curves(24, noise=0.035)).names
    assert "noisy-validation" not in doctor(curves(24, noise=0.008)).names


def test_validation_that_stays_at_chance_or_at_half_is_suspect() -> None:
    columns = curves(20)
    chance = {
        **columns,
        "val_accuracy": [0.01 + 0.001 * (epoch % 3) for epoch in range(20)],
        "val_loss": [5.0] * 20,
    }
    half = {**columns, "val_accuracy": [0.5 * value + 0.005 for value in columns["accuracy"]]}
    assert first(chance, classes=100) == "validation-suspect"
    assert first(half, classes=100) == "validation-suspect"


def test_validation_that_follows_training_into_memory_is_suspect() -> None:
    loss = [4.2 * math.exp(-epoch / 4) for epoch in range(16)]
    accuracy = [max(0.0, 1 - value / 4.6) for value in loss]
    columns: Columns = {
        "loss": loss,
        "accuracy": accuracy,
        "val_loss": [*loss[1:], loss[-1] * 0.8],
        "val_accuracy": [*accuracy[1:], min(1.0, accuracy[-1] * 1.005)],
    }
    assert first(columns, classes=100) == "validation-suspect"


def test_a_loss_that_comes_back_to_chance_has_diverged() -> None:
    columns = curves(20, rate="constant")
    for name in ("loss", "val_loss"):
        columns[name][12:] = [4.7] * 8
    for name in ("accuracy", "val_accuracy"):
        columns[name][12:] = [0.01] * 8
    found = doctor(columns)
    assert found.names == ["diverged"]
    assert found.findings[0].since_epoch == 13


def test_a_loss_that_wanders_has_not_diverged() -> None:
    columns = curves(20, rate="constant", floor=3.6, val_floor=3.6, tau=0.05)
    draw = np.random.default_rng(2)
    columns["loss"] = (np.array(columns["loss"]) + draw.normal(0, 0.3, 20)).tolist()
    assert "diverged" not in doctor(columns).names


def test_a_loss_thrown_beyond_measure_at_once_has_diverged_because_the_rate_is_too_high() -> None:
    for lost in (4.66, math.nan):
        columns = {**flat(4.65), "learning_rate": [1.0] * 12}
        for name in ("loss", "val_loss"):
            columns[name] = [3e7, *columns[name][1:6], *[lost] * 6]
        found = diagnose(history(columns, classes=100, optimizer="sgd"))
        assert found.names == ["diverged", "learning-rate-too-high"]


def test_losses_next_to_nothing_do_not_look_like_soft_labels() -> None:
    loss = [4.4 * math.exp(-epoch / 2) + 0.004 for epoch in range(20)]
    columns: Columns = {
        "loss": loss,
        "accuracy": [max(0.01, 1 - value / 4.5) for value in loss],
        "val_loss": [0.7 * value for value in loss],
        "val_accuracy": [max(0.01, 1 - 0.7 * value / 4.5) for value in loss],
    }
    assert first(columns, classes=100) == "validation-suspect"


def test_healthy_is_said_of_what_learned_enough_in_time_and_not_of_what_is_undecided() -> None:
    assert doctor(curves(24, floor=2.4, val_floor=2.7)).names == ["healthy"]
    # Nothing is wrong in these, but so would they look if something were.
    assert doctor(curves(24, floor=3.2, val_floor=3.5)).names == []
    late, before = curves(24), np.arange(24) < 16
    for name in ("loss", "val_loss"):
        falls = np.array(late[name])
        late[name] = np.where(before, 0.4 * falls + 0.6 * 4.4, falls).tolist()
    assert "healthy" not in doctor(late).names


def test_a_run_cut_off_in_its_rise_stopped_early_and_one_that_goes_on_did_not() -> None:
    columns = {name: values[:10] for name, values in curves(40, rate="constant", tau=0.5).items()}
    assert first(columns) == "stopped-early"
    assert "stopped-early" not in diagnose(history(columns, finished=False)).names


def test_a_long_flat_end_at_a_constant_rate_is_a_plateau_and_after_a_cosine_it_is_not() -> None:
    flat_end = {"tau": 0.06, "floor": 2.6, "val_floor": 2.6}
    assert first(curves(40, rate="constant", **flat_end)) == "plateau"
    assert "plateau" not in doctor(curves(40, rate="cosine", **flat_end)).names


@pytest.mark.parametrize("period", [6, 10])
def test_warm_restarts_raise_no_alarm(period: int) -> None:
    epochs = 3 * period
    columns = curves(epochs)
    phase = np.arange(epochs) % period / period
    bump = 0.25 * (1 - phase) * (np.arange(epochs) >= period)
    columns["learning_rate"] = (1e-3 * (1 + np.cos(np.pi * phase)) / 2 + 1e-6).tolist()
    for name in ("loss", "val_loss"):
        columns[name] = (np.array(columns[name]) + bump).tolist()
    for name in ("accuracy", "val_accuracy"):
        columns[name] = (np.array(columns[name]) * (1 - 0.4 * bump)).tolist()
    assert set(doctor(columns).names) <= {"healthy"}


def test_validation_every_few_epochs_is_enough() -> None:
    columns = curves(40)
    for name in ("val_loss", "val_accuracy"):
        columns[name] = [value if epoch % 4 == 3 else None for epoch, value in enumerate(columns[name])]  # type: ignore[misc]
    assert doctor(columns).names == ["healthy"]


def test_a_fine_tuned_network_thrown_back_by_its_rate_is_no_healthy_run() -> None:
    away = [0.83, 0.81, 0.53, 0.51] + [0.51 + 0.36 * place / 36 for place in range(1, 37)]
    loss = [0.57, 0.6, 1.0, 1.7] + [1.3 - 0.9 * place / 36 for place in range(1, 37)]
    thrown = {"epoch": [*range(1, 41)], "train_loss": loss, "val_loss": loss, "val_accuracy": away}
    found = doctor(thrown)
    assert found.names[0] == "learning-rate-too-high"
    assert "0.57 in epoch 1 and rose to 1.7 in epoch 4" in found.findings[0].sentence
    kept = {name: [values[0], *values[4:]] for name, values in thrown.items()}
    kept["train_loss"] = kept["val_loss"] = [0.5 * 0.97**place for place in range(37)]
    kept["val_accuracy"] = [0.83 + 0.1 * (1 - 0.9**place) for place in range(37)]
    assert "learning-rate-too-high" not in doctor(kept).names


def test_validation_that_is_never_right_is_suspect_and_an_empty_column_is_not() -> None:
    training = [2.0 * 0.8**place for place in range(20)]
    columns = {"epoch": [*range(1, 21)], "train/loss": training, "metrics/accuracy_top1": [0.0] * 20}
    found = doctor({**columns, "val/loss": [3.97 + 0.001 * place for place in range(20)]})
    assert found.names[0] == "validation-suspect"
    assert "0.00% in every epoch" in found.findings[0].sentence
    assert "validation-suspect" not in doctor({**columns, "val/loss": training}).names
