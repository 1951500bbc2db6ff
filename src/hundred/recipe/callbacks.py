"""The `[callbacks]` and `[doctor]` tables of a recipe: what watches a run and acts."""

from typing import Annotated, Literal

from pydantic import Field

from hundred.recipe.section import Mode, Monitor, NotNegative, Section


class ReduceOnPlateauSection(Section):
    """Keras' ReduceLROnPlateau: after `patience` epochs without improvement multiply the rate by `factor`."""

    monitor: Monitor = "val_loss"
    """The figure that has to improve."""

    factor: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.1
    """Factor on the learning rate."""

    patience: Annotated[int, Field(ge=0)] = 10
    """Epochs without improvement before the rate is cut."""

    mode: Mode = "auto"
    """Whether less (`min`) or more (`max`) is better; `auto` goes by the monitor."""

    min_delta: NotNegative = 1e-4
    """Least change that counts as an improvement."""

    cooldown: Annotated[int, Field(ge=0)] = 0
    """Epochs after a cut in which nothing is counted."""

    floor: NotNegative = 0.0
    """Lowest learning rate (Keras' `min_lr`)."""


class EarlyStoppingSection(Section):
    """Keras' EarlyStopping: end the run after `patience` epochs without improvement."""

    monitor: Monitor = "val_loss"
    """The figure that has to improve."""

    min_delta: NotNegative = 0.0
    """Least change that counts as an improvement."""

    patience: Annotated[int, Field(ge=0)] = 0
    """Epochs without improvement before the run ends."""

    mode: Mode = "auto"
    """Whether less (`min`) or more (`max`) is better; `auto` goes by the monitor."""

    restore_best_weights: bool = False
    """Go back to the weights of the best epoch when the run ends."""

    start_from_epoch: Annotated[int, Field(ge=0)] = 0
    """Epochs at the beginning that are not watched."""


class CheckpointSection(Section):
    """Keras' ModelCheckpoint: model.h5 is written while training goes on."""

    monitor: Monitor = "val_loss"
    """The figure that decides which epoch is the best."""

    mode: Mode = "auto"
    """Whether less (`min`) or more (`max`) is better; `auto` goes by the monitor."""

    keep: Literal["best", "last"] = "best"
    """Save the best epoch, which is then the network at the end too, or each epoch over the last."""

    every: Annotated[int, Field(ge=0)] = 0
    """Epochs between models that are kept beside it, as models/epoch-0010.h5; 0 keeps none."""


class StopAtSection(Section):
    """Stop once the monitored value reaches a target."""

    monitor: Monitor = "val_accuracy"
    """The figure that is watched."""

    value: float = 1.0
    """The value that ends the run: a fraction for accuracies."""


class CallbacksSection(Section):
    """What watches the run and acts. An absent table is off."""

    reduce_on_plateau: ReduceOnPlateauSection | None = None
    early_stopping: EarlyStoppingSection | None = None
    checkpoint: CheckpointSection | None = None
    stop_at: StopAtSection | None = None

    tensorboard: bool = False
    """Write TensorBoard's files into the run directory (extra `tensorboard`)."""

    wandb: bool = False
    """Log to Weights & Biases (extra `wandb`), where its own environment variables say."""

    custom: tuple[str, ...] = ()
    """Callbacks of the user's own, as "package.module:Class"."""


class DoctorSection(Section):
    """The doctor while training goes on; see docs/doctor.md."""

    live: bool = False
    """Report findings while training goes on (`--doctor`)."""

    act: tuple[Literal["cut-learning-rate", "stop"], ...] = ()
    """What it may do: cut the learning rate on a plateau or where the rate is too high; stop when the network
    overfits or training diverges. Any entry makes it live."""

    confidence: Annotated[float, Field(ge=0.5, le=1.0)] = 0.7
    """Least confidence of a finding that is reported or acted on."""

    factor: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.2
    """Factor on the learning rate when it cuts it."""
