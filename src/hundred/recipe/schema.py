"""The one description of an experiment: every value, its type and what is allowed.

A recipe is frozen data: nothing here acts on it.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0)]
NotNegative = Annotated[float, Field(ge=0.0)]
Monitor = Literal["val_loss", "val_accuracy", "loss", "accuracy"]
Mode = Literal["auto", "min", "max"]
Range = tuple[float, float]


class Section(BaseModel):
    """A table of a recipe: frozen, without unknown keys, and with types as written (no '3' for 3)."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, validate_default=True, allow_inf_nan=False
    )


class ModelSection(Section):
    """Which network, the file of its weights ('' for random ones), and, as further keys, the options of its
    builder, such as `upsample = 7`, which the `models` room checks and `hundred show` lists."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, int | float | str | bool]

    name: str = "sprint"
    weights: str = ""

    @property
    def options(self) -> dict[str, int | float | str | bool]:
        """What goes to the network's builder."""
        return dict(self.__pydantic_extra__ or {})


class DataSection(Section):
    """Which images train, which validate, and how pixels are scaled.

    scaling: `0-1` is pixel/255; `standard` also subtracts the training mean and divides by the deviation.
    train_per_class, test_per_class: for trials, only the first so many images of each class of the training
    split (validation images among them) and of the test split; 0 is all.
    """

    protocol: Literal["holdout", "full", "test-as-validation"] = "holdout"
    validation_per_class: Annotated[int, Field(ge=1)] = 50
    split_seed: Annotated[int, Field(ge=0)] = 100
    scaling: Literal["0-1", "standard"] = "standard"
    train_per_class: Annotated[int, Field(ge=0)] = 0
    test_per_class: Annotated[int, Field(ge=0)] = 0


class ScheduleSection(Section):
    """The learning rate over the run, as a factor of `training.learning_rate`.

    warmup and final are fractions: of the steps, and of the learning rate at the end.
    milestones are fractions of the run after each of which the rate is multiplied by gamma (`step`).
    """

    name: Literal["constant", "linear", "cosine", "one-cycle", "step"] = "constant"
    warmup: Fraction = 0.0
    final: Fraction = 0.0
    milestones: tuple[Fraction, ...] = ()
    gamma: Positive = 0.1


class MuonSection(Section):
    """Muon's own settings. It steps convolution filters with `training.learning_rate` and
    `training.momentum`; all other weights go to SGD with Nesterov momentum and these rates.

    rest_learning_rate 0 is the same rate; norm_multiplier is a factor on it for biases and norms.
    """

    rest_learning_rate: NotNegative = 0.0
    rest_momentum: Fraction = 0.85
    norm_multiplier: Positive = 1.0
    newton_schulz_steps: Annotated[int, Field(ge=1, le=10)] = 3


class TrainingSection(Section):
    """Epochs, batches, optimizer and loss.

    learning_rate is per step, for the mean loss of a batch.
    resolutions: [[until, pixels], ...]: the image side until that share of all steps; [] is full size.
    ema: decay per step of an exponential moving average of the weights, 0 for none.
    gradient_clip: largest total gradient norm, 0 for none.
    validate_every: epochs between validations; 0 only after the last.
    checkpoint_every: epochs between checkpoints for resuming; 0 for none.
    drop_last: leave out the incomplete last batch of an epoch.
    batch_threads: on a CPU, into how many parts a batch is divided, one to a thread; batch norm then sees
        one part at a time. A GPU does a batch whole.
    """

    epochs: Annotated[int, Field(ge=1, le=100_000)] = 8
    batch_size: Annotated[int, Field(ge=1, le=65_536)] = 128
    optimizer: Literal["adam", "adamw", "sgd", "muon"] = "adam"
    learning_rate: Positive = 1e-3
    momentum: Fraction = 0.9
    nesterov: bool = False
    beta1: Fraction = 0.9
    beta2: Fraction = 0.999
    epsilon: Positive = 1e-7
    weight_decay: NotNegative = 0.0
    decay_norms_and_biases: bool = True
    label_smoothing: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.0
    gradient_clip: NotNegative = 0.0
    ema: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.0
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    resolutions: tuple[tuple[Fraction, Annotated[int, Field(ge=8, le=224)]], ...] = ()
    validate_every: Annotated[int, Field(ge=0)] = 1
    checkpoint_every: Annotated[int, Field(ge=0)] = 1
    drop_last: bool = False
    batch_threads: Annotated[int, Field(ge=1, le=64)] = 1
    schedule: ScheduleSection = ScheduleSection()
    muon: MuonSection = MuonSection()

    @model_validator(mode="after")
    def _resolutions_end_at_one(self) -> Self:
        untils = [until for until, _ in self.resolutions]
        if untils and (untils != sorted(untils) or untils[-1] != 1.0):
            raise ValueError(
                "training.resolutions must rise and end with a share of 1.0, as in [[0.5, 24], [1.0, 32]]"
            )
        return self


AUGMENT_ORDER = (
    "crop",
    "flip",
    "geometry",
    "trivial",
    "randaugment",
    "brightness",
    "channel_shift",
    "cutout",
    "erasing",
    "mixup",
    "cutmix",
)


class AugmentSection(Section):
    """What happens to training images, each with its own draw. Zero, false or an empty list is off.

    The first block are Keras' `ImageDataGenerator` settings in its units: rotation and shear in degrees,
    shifts as a fraction of the side (or in pixels from 1 on), zoom as a fraction or [low, high], brightness
    as [low, high], channel_shift in 0..255. They are composed into one resampling.
    crop_padding and cutout are in pixels, erasing is a probability, mixup and cutmix are their alphas.
    `order` names the steps from first to last.
    """

    rotation: Annotated[float, Field(ge=0.0, le=180.0)] = 0.0
    width_shift: NotNegative = 0.0
    height_shift: NotNegative = 0.0
    shear: Annotated[float, Field(ge=0.0, lt=90.0)] = 0.0
    zoom: Annotated[float, Field(ge=0.0, lt=1.0)] | Range = 0.0
    horizontal_flip: bool = False
    vertical_flip: bool = False
    brightness: tuple[float, float] | tuple[()] = ()
    channel_shift: Annotated[float, Field(ge=0.0, le=255.0)] = 0.0
    fill: Literal["nearest", "constant", "reflect", "wrap"] = "nearest"
    fill_value: Annotated[float, Field(ge=0.0, le=255.0)] = 0.0

    crop_padding: Annotated[int, Field(ge=0, le=16)] = 0
    crop_fill: Literal["reflect", "constant", "nearest"] = "reflect"
    flip: Literal["none", "random", "alternating"] = "none"
    cutout: Annotated[int, Field(ge=0, le=32)] = 0
    erasing: Fraction = 0.0
    mixup: NotNegative = 0.0
    cutmix: NotNegative = 0.0
    randaugment_layers: Annotated[int, Field(ge=0, le=10)] = 0
    randaugment_magnitude: Annotated[int, Field(ge=0, le=10)] = 9
    trivial: bool = False
    order: tuple[Literal[AUGMENT_ORDER], ...] = AUGMENT_ORDER  # type: ignore[valid-type]

    @model_validator(mode="after")
    def _each_step_once(self) -> Self:
        if len(set(self.order)) != len(self.order):
            raise ValueError("augment.order names a step twice")
        missing = [name for name in AUGMENT_ORDER if name not in self.order]
        if missing:
            raise ValueError(
                f"augment.order leaves out {', '.join(missing)}; it names every step, used or not"
            )
        return self


class ReduceOnPlateauSection(Section):
    """Keras' ReduceLROnPlateau: after `patience` epochs without improvement multiply the rate by `factor`."""

    monitor: Monitor = "val_loss"
    factor: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.1
    patience: Annotated[int, Field(ge=0)] = 10
    mode: Mode = "auto"
    min_delta: NotNegative = 1e-4
    cooldown: Annotated[int, Field(ge=0)] = 0
    floor: NotNegative = 0.0


class EarlyStoppingSection(Section):
    """Keras' EarlyStopping. baseline NaN is none."""

    monitor: Monitor = "val_loss"
    min_delta: NotNegative = 0.0
    patience: Annotated[int, Field(ge=0)] = 0
    mode: Mode = "auto"
    restore_best_weights: bool = False
    start_from_epoch: Annotated[int, Field(ge=0)] = 0


class CheckpointSection(Section):
    """Keras' ModelCheckpoint: the whole model as H5, the best by `monitor` or each one. The saved
    network is the best one at the end where `keep` is `best`."""

    monitor: Monitor = "val_loss"
    mode: Mode = "auto"
    keep: Literal["best", "last"] = "best"


class StopAtSection(Section):
    """Stop once the monitored value reaches a target."""

    monitor: Monitor = "val_accuracy"
    value: float = 1.0


class CallbacksSection(Section):
    """What watches the run and acts. An absent table is off; `custom` names classes of the user's own."""

    reduce_on_plateau: ReduceOnPlateauSection | None = None
    early_stopping: EarlyStoppingSection | None = None
    checkpoint: CheckpointSection | None = None
    stop_at: StopAtSection | None = None
    tensorboard: bool = False
    wandb: bool = False
    custom: tuple[str, ...] = ()


class DoctorSection(Section):
    """The doctor beside a run. live: it reports findings while training goes on.

    act: what it may do (any entry makes it live): cut the learning rate by `factor` on a plateau or where the
    rate is too high; stop when the network overfits or training diverges. confidence: the least of a finding
    to be reported or acted on.
    """

    live: bool = False
    act: tuple[Literal["cut-learning-rate", "stop"], ...] = ()
    confidence: Annotated[float, Field(ge=0.5, le=1.0)] = 0.7
    factor: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.2


class GrowthSection(Section):
    """What else to set where the time limit (`--minutes`) has room for so many `epochs` or more.

    set: dotted keys and values, such as `"model.width3" = 512`.
    """

    epochs: Annotated[int, Field(ge=1)]
    set: dict[str, int | float | str | bool]


class TrackingSection(Section):
    """Where a run is tracked beside its run directory, which is always written."""

    mlflow: bool = True
    experiment: str = "hundred"


class Recipe(Section):
    """A whole experiment. `name` labels its runs; `seed` decides every draw.

    based_on: the recipe it was made from, as a record that changes nothing; filled in from `extends`.
    growth: better uses of a long time limit than more epochs, in order of rising epochs.
    cuda: tables of values that hold instead on a CUDA GPU; sweeps leave them out.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")] = "unnamed"
    summary: str = ""
    based_on: str = ""
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    model: ModelSection = ModelSection()
    data: DataSection = DataSection()
    training: TrainingSection = TrainingSection()
    augment: AugmentSection = AugmentSection()
    callbacks: CallbacksSection = CallbacksSection()
    doctor: DoctorSection = DoctorSection()
    tracking: TrackingSection = TrackingSection()
    growth: tuple[GrowthSection, ...] = ()
    cuda: dict[str, Any] | None = None

    def as_dict(self) -> dict[str, Any]:
        """Every value as TOML knows it; tables that are off (None) are left out."""
        return self.model_dump(mode="json", exclude_none=True)
