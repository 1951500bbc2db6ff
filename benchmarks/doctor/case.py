"""One training of the benchmark, and the settings that the cases share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import nn

Settings = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Case:
    """One training.

    label: the finding that the run was made to show. also: findings that its fault brings with it as well,
        which are neither asked for nor counted as false alarms.
    fault: of the validation set, see `faults.with_fault`. stop_after: epochs after which the run is ended,
        whatever its plan; 0 is none.
    """

    label: str
    name: str
    network: Callable[[], nn.Module]
    settings: Settings
    also: tuple[str, ...] = ()
    fault: str = ""
    stop_after: int = 0
    validation_per_class: int = 20

    @property
    def key(self) -> str:
        """Its name in the file of histories."""
        return f"{self.label}--{self.name}"


def few(per_class: int, epochs: int, **settings: Any) -> Settings:
    """Settings of all cases: so many images of each class for so many epochs."""
    return {
        "data.train_per_class": per_class,
        "training.epochs": epochs,
        "training.batch_size": 128,
        "training.precision": "float32",
        **{key.replace("__", "."): value for key, value in settings.items()},
    }


MILD: Settings = {"augment.flip": "random", "augment.crop_padding": 2}
COSINE: Settings = {"training.schedule.name": "cosine", "training.schedule.warmup": 0.1}
SGD: Settings = {
    "training.optimizer": "sgd",
    "training.learning_rate": 0.1,
    "training.nesterov": True,
    "training.weight_decay": 5e-4,
}
PLAIN_SGD: Settings = {"training.optimizer": "sgd", "training.learning_rate": 0.03}


def adam(rate: float) -> Settings:
    """Adam at `rate`."""
    return {"training.optimizer": "adam", "training.learning_rate": rate}


def steps(*milestones: float, gamma: float) -> Settings:
    """Cuts at these fractions of the run."""
    return {
        "training.schedule.name": "step",
        "training.schedule.milestones": list(milestones),
        "training.schedule.gamma": gamma,
    }


def on_plateau(patience: int, factor: float) -> Settings:
    """Cuts by a factor when the validation loss does not fall for `patience` epochs."""
    return {
        "callbacks.reduce_on_plateau.monitor": "val_loss",
        "callbacks.reduce_on_plateau.patience": patience,
        "callbacks.reduce_on_plateau.factor": factor,
    }


SMALL_BATCH: Settings = {"training.batch_size": 32}
MOMENTUM: Settings = {"training.optimizer": "sgd"}  # plain, at the default momentum of 0.9


def rate(value: float) -> Settings:
    """The learning rate of whatever optimizer."""
    return {"training.learning_rate": value}


def linear(warmup: float = 0.0) -> Settings:
    """Up over `warmup` of the run, then down to nothing."""
    return {"training.schedule.name": "linear", "training.schedule.warmup": warmup}


ONE_CYCLE: Settings = {"training.schedule.name": "one-cycle"}


def batch(size: int) -> Settings:
    """Images of a step."""
    return {"training.batch_size": size}


def decoupled(value: float, decay: float) -> Settings:
    """AdamW at this rate and weight decay."""
    return adam(value) | {"training.optimizer": "adamw", "training.weight_decay": decay}


# So few images a step and so high a rate that the network soon wanders about instead of getting on.
RESTLESS: Settings = {"training.batch_size": 32, "augment.flip": "random", "augment.crop_padding": 2}
RESTLESS_SGD: Settings = RESTLESS | SGD | {"training.learning_rate": 0.2, "training.weight_decay": 1e-3}
PLATEAU_TOO = ("learning-rate-too-high", "underfitting")
# A cut that comes too early leaves a run that learns too slowly and is not done at its end.
AFTER_CUT = ("learning-rate-too-low", "stopped-early", "plateau", "underfitting")
LATE_TOO = ("plateau", "learning-rate-too-high")
LOW_TOO = ("stopped-early", "underfitting")
