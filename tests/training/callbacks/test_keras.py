"""Our callbacks and Keras' own see the same figures and must do the same things."""

import io
import math
import warnings
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from hundred.training.callbacks.best_weights import BestWeights
from hundred.training.callbacks.early_stopping import EarlyStopping
from hundred.training.callbacks.plateau import ReduceOnPlateau
from hundred.training.control import Control
from hundred.training.events import EpochEnded, NewBest, WeightsRestored

Series = list[float | None]
FIGURES = ["val_loss", "val_accuracy", "loss", "accuracy"]


def row(epoch: int, figure: str, value: float | None, learning_rate: float) -> EpochEnded:
    values: dict[str, Any] = dict.fromkeys(FIGURES, 0.5) | {figure: value}
    return EpochEnded(epoch=epoch, learning_rate=learning_rate, seconds=1.0, images_per_second=1.0, **values)


@dataclass
class Outcome:
    """What can be seen of a run from outside: rates after each epoch, its end, and the weights then."""

    rates: list[float] = field(default_factory=list)
    epochs: int = 0
    stopped: bool = False
    final_weight: float = math.nan


def run_ours(callback: Any, series: Series, rate: float, resume_at: int = 0) -> Outcome:
    """The weight of the network is the number of the epoch. After epoch `resume_at`, write and read all."""
    figure = callback.monitor.name
    outcome, network = Outcome(), nn.Linear(1, 1, bias=False)
    control = Control(network, rate)
    for epoch, value in enumerate(series, start=1):
        network.weight.data.fill_(epoch)
        list(callback.after_epoch(row(epoch, figure, value, control.learning_rate), control))
        outcome.rates.append(control.learning_rate)
        outcome.epochs = epoch
        if control.stopped:
            outcome.stopped = True
            break
        if epoch == resume_at:
            fresh = type(callback)(**options_of(callback))
            fresh.load_state_dict(through_a_file(callback.state_dict()))
            callback, control = fresh, Control(network, control.learning_rate)
    list(callback.at_end(control))
    outcome.final_weight = network.weight.item()
    return outcome


def options_of(callback: Any) -> dict[str, Any]:
    """The options it was made with, as its public attributes tell."""
    known = {name: value for name, value in vars(callback).items() if not name.startswith("_")}
    monitor = known.pop("monitor")
    return known | {"monitor": monitor.name, "mode": monitor.mode, "min_delta": monitor.min_delta}


def through_a_file(state: dict[str, Any]) -> dict[str, Any]:
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    read: dict[str, Any] = torch.load(file, weights_only=True)
    return read


class KerasModel:
    """As much of a Keras model as its callbacks touch."""

    def __init__(self, rate: float) -> None:
        import keras
        from keras.src.trainers.compile_utils import MetricsList

        self.optimizer = keras.optimizers.SGD(rate)
        accuracy = keras.metrics.CategoricalAccuracy(name="accuracy")
        self.metrics = [MetricsList(metrics=[accuracy])]
        self.stop_training = False
        self.weight = 0.0

    def get_weights(self) -> float:
        return self.weight

    def set_weights(self, weight: float) -> None:
        self.weight = weight

    def save(self, *_: object, **__: object) -> None:
        self.saved = self.weight


def run_keras(callback: Any, series: Series, rate: float) -> Outcome:
    outcome, model = Outcome(), KerasModel(rate)
    callback.set_model(model)
    callback.on_train_begin()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras warns of each figure that is missing, as here on purpose.
        for epoch, value in enumerate(series, start=1):
            model.weight = epoch
            callback.on_epoch_end(epoch - 1, {callback.monitor: value})
            outcome.rates.append(float(model.optimizer.learning_rate))
            outcome.epochs = epoch
            if model.stop_training:
                outcome.stopped = True
                break
        callback.on_train_end()
    outcome.final_weight = model.weight
    return outcome


# Few values, so that ties and plateaus are common, with neighbours closer than float32 can tell apart.
values = st.one_of(
    st.sampled_from([0.3, 0.5, 0.5 + 1e-9, 0.5 + 6e-8, 0.5001, 0.4999, 0.7, 0.0, 1.0]),
    st.floats(0, 8),
    st.sampled_from([math.nan, math.inf, None]),
)
plateaus = st.tuples(values, st.integers(1, 6)).map(lambda pair: [pair[0]] * pair[1])
series_of_figures: st.SearchStrategy[Series] = st.lists(plateaus, min_size=1, max_size=12).map(
    lambda parts: list(chain(*parts))
)
deltas = st.sampled_from([0.0, 1e-4, 0.1, -0.1])
modes = st.sampled_from(["auto", "min", "max"])


plateau_options = st.fixed_dictionaries(
    {
        "monitor": st.sampled_from(FIGURES),
        "mode": modes,
        "min_delta": deltas,
        "factor": st.sampled_from([0.1, 0.2, 0.5, 0.99]),
        "patience": st.integers(0, 5),
        "cooldown": st.integers(0, 4),
    }
)
stopping_options = st.fixed_dictionaries(
    {
        "monitor": st.sampled_from(FIGURES),
        "mode": modes,
        "min_delta": deltas,
        "patience": st.integers(0, 5),
        "baseline": st.one_of(st.none(), st.sampled_from([0.4, 0.5, 2.0])),
        "restore_best_weights": st.booleans(),
        "start_from_epoch": st.integers(0, 5),
    }
)
resumes = st.integers(0, 20)


@settings(max_examples=150, deadline=None)
@given(
    series=series_of_figures,
    options=plateau_options,
    floor=st.sampled_from([0.0, 1e-7, 1e-5, 5e-4]),
    rate=st.sampled_from([1e-3, 0.1, 1.0]),
    resume_at=resumes,
)
def test_learning_rates_are_those_of_keras(
    series: Series, options: dict[str, Any], floor: float, rate: float, resume_at: int
) -> None:
    import keras

    theirs = run_keras(keras.callbacks.ReduceLROnPlateau(min_lr=floor, **options), series, rate)
    ours = run_ours(ReduceOnPlateau(floor=floor, **options), series, rate, resume_at)
    assert torch.tensor(ours.rates).tolist() == theirs.rates  # as float32, which is what Keras has


@settings(max_examples=150, deadline=None)
@given(series=series_of_figures, options=stopping_options, resume_at=resumes)
def test_early_stopping_ends_in_the_same_epoch_with_the_same_weights_as_keras(
    series: Series, options: dict[str, Any], resume_at: int
) -> None:
    import keras

    theirs = run_keras(keras.callbacks.EarlyStopping(**options), series, 1e-3)
    ours = run_ours(EarlyStopping(**options), series, 1e-3, resume_at)
    assert (ours.epochs, ours.stopped) == (theirs.epochs, theirs.stopped)
    assert ours.final_weight == theirs.final_weight


@settings(max_examples=60, deadline=None)
@given(
    series=series_of_figures.map(lambda s: [v for v in s if v is not None and not math.isnan(v)] or [1.0]),
    figure=st.sampled_from(FIGURES),
    mode=modes,
    resume_at=st.integers(0, 20),
)
def test_best_weights_are_those_that_keras_model_checkpoint_saves(
    series: Series, figure: str, mode: Any, resume_at: int
) -> None:
    import keras

    checkpoint = keras.callbacks.ModelCheckpoint("best.keras", monitor=figure, mode=mode, save_best_only=True)
    run_keras(checkpoint, series, 1.0)
    ours = run_ours(BestWeights(figure, mode), series, 1.0, resume_at)
    assert ours.final_weight == checkpoint.model.saved


@pytest.mark.parametrize("figure", FIGURES)
def test_auto_mode_goes_the_way_keras_goes(figure: str) -> None:
    import keras

    callback = keras.callbacks.EarlyStopping(monitor=figure)
    callback.set_model(KerasModel(1.0))
    callback._set_monitor_op()
    keras_says_less = callback.monitor_op == keras.ops.less
    assert (EarlyStopping(figure).monitor.mode == "min") == keras_says_less


def test_a_first_value_that_is_not_a_number_does_not_become_the_best_weights() -> None:
    """The one difference from Keras, whose checkpoint would keep the NaN epoch for ever."""
    assert run_ours(BestWeights("val_loss"), [math.nan, 2.0, 1.0, 3.0], 1.0).final_weight == 3


def test_best_weights_tell_of_each_new_best_and_of_the_end() -> None:
    network = nn.Linear(1, 1)
    control, callback = Control(network, 1.0), BestWeights("val_accuracy")
    events = [
        event
        for epoch, value in enumerate([0.1, 0.3, 0.2], start=1)
        for event in callback.after_epoch(row(epoch, "val_accuracy", value, 1.0), control)
    ]
    assert events == [NewBest(1, "val_accuracy", 0.1), NewBest(2, "val_accuracy", 0.3)]
    assert list(callback.at_end(control)) == [WeightsRestored(2, "best val_accuracy")]


def test_restoring_brings_back_batch_norm_statistics_in_the_same_tensors() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4))
    control, callback = Control(network, 1.0), BestWeights("loss")
    list(callback.after_epoch(row(1, "loss", 1.0, 1.0), control))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    addresses = [value.data_ptr() for value in network.state_dict().values()]
    network(torch.randn(8, 3, 4, 4))
    for parameter in network.parameters():
        parameter.data.mul_(2)
    list(callback.after_epoch(row(2, "loss", 2.0, 1.0), control))
    assert list(callback.at_end(control)) == [WeightsRestored(1, "best loss")]
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert [value.data_ptr() for value in network.state_dict().values()] == addresses
