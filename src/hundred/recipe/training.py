"""The `[training]` table of a recipe: epochs, batches, optimizer, schedule and loss."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from hundred.recipe.section import Fraction, NotNegative, Positive, Section


class ScheduleSection(Section):
    """The learning rate over the run, as a factor of `training.learning_rate`."""

    name: Literal["constant", "linear", "cosine", "one-cycle", "step"] = "constant"
    """After warm-up: `linear` and `cosine` (Loshchilov & Hutter 2017) fall to `final`, `one-cycle` (Smith &
    Topin 2019) rises before it falls, `step` cuts at `milestones`."""

    warmup: Fraction = 0.0
    """Fraction of the steps in which the rate rises linearly (Goyal et al. 2017); of `one-cycle`: rise."""

    final: Fraction = 0.0
    """Rate at the end, as a fraction of `training.learning_rate`; of `step`, the lowest rate."""

    milestones: tuple[Fraction, ...] = ()
    """For `step`: fractions of the run after each of which the rate is multiplied by `gamma`."""

    gamma: Positive = 0.1
    """For `step`: the factor at each milestone."""


class MuonSection(Section):
    """Muon's own settings (Jordan et al. 2024).

    It steps convolution filters with `training.learning_rate` and `training.momentum`; all other weights are
    stepped by SGD with Nesterov momentum and these rates."""

    rest_learning_rate: NotNegative = 0.0
    """Learning rate of the weights that SGD steps; 0 is `training.learning_rate`."""

    rest_momentum: Fraction = 0.85
    """Momentum of the weights that SGD steps."""

    norm_multiplier: Positive = 1.0
    """Factor on `rest_learning_rate` for biases and norms."""

    newton_schulz_steps: Annotated[int, Field(ge=1, le=10)] = 3
    """Newton-Schulz iterations that orthogonalize an update."""


class TrainingSection(Section):
    """Epochs, batches, optimizer and loss."""

    epochs: Annotated[int, Field(ge=1, le=100_000)] = 8
    """Passes over the training images; `--epochs` sets it, `--minutes` plans it."""

    batch_size: Annotated[int, Field(ge=1, le=65_536)] = 128
    """Images of one step."""

    optimizer: Literal["adam", "adamw", "sgd", "muon"] = "adam"
    """PyTorch's Adam, AdamW or SGD, or Muon (Jordan et al. 2024)."""

    learning_rate: Positive = 1e-3
    """Highest learning rate of a step, for the mean loss of a batch; `hundred find-lr` suggests one."""

    momentum: Fraction = 0.9
    """Momentum of SGD and Muon."""

    nesterov: bool = False
    """Nesterov momentum for SGD and Muon."""

    beta1: Fraction = 0.9
    """Adam's decay of the mean gradient (Kingma & Ba 2015)."""

    beta2: Fraction = 0.999
    """Adam's decay of the mean squared gradient."""

    epsilon: Positive = 1e-7
    """Adam's term in the denominator; the default is Keras'."""

    weight_decay: NotNegative = 0.0
    """L2 penalty of Adam and SGD; decoupled for AdamW and Muon's filters (Loshchilov & Hutter 2019)."""

    decay_norms_and_biases: bool = True
    """Whether weight decay also holds for biases and norms."""

    label_smoothing: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.0
    """Share of each target that is spread over all classes (Szegedy et al. 2016)."""

    gradient_clip: NotNegative = 0.0
    """Largest total norm of the gradients; 0 is no limit."""

    ema: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.0
    """Decay per step of an exponential moving average of the weights, which is validated and saved instead of
    them; 0 is none."""

    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Of forward and backward passes; `auto` is bfloat16 where the hardware multiplies it."""

    resolutions: tuple[tuple[Fraction, Annotated[int, Field(ge=8, le=224)]], ...] = ()
    """Image side by share of all steps: [[0.5, 24], [1.0, 32]] trains the first half at 24 pixels; [] is as
    stored (progressive resizing, Tan & Le 2021)."""

    validate_every: Annotated[int, Field(ge=0)] = 1
    """Epochs between validations; 0 validates only after the last epoch."""

    checkpoint_every: Annotated[int, Field(ge=0)] = 1
    """Epochs between checkpoints for `--resume`; 0 writes none."""

    drop_last: bool = False
    """Leave out the incomplete last batch of an epoch."""

    batch_threads: Annotated[int, Field(ge=1, le=64)] = 1
    """On a CPU: parts of a batch that are done at the same time, one thread each; batch norm then sees one
    part at a time. A GPU does a batch whole."""

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
