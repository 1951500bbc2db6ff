"""The `[training]` table of a recipe: epochs, batches, optimizer, schedule and loss."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from hundred.recipe.section import Fraction, NotNegative, Positive, Section


def _whole_if_it_is(value: float) -> int | float:
    return int(value) if value == int(value) else value


class ScheduleSection(Section):
    """The learning rate over the run, as a factor of `training.learning_rate`."""

    name: Literal["constant", "linear", "polynomial", "exponential", "cosine", "one-cycle", "step"] = (
        "constant"
    )
    """After warm-up: `linear`, `polynomial`, `exponential` and `cosine` (Loshchilov & Hutter 2017) fall to
    `final`, `one-cycle` (Smith & Topin 2019) rises before it falls, `step` cuts at `milestones`."""

    warmup: Fraction = 0.0
    """Fraction of the steps in which the rate rises linearly (Goyal et al. 2017); of `one-cycle`: rise."""

    final: Fraction = 0.0
    """Rate at the end, as a fraction of `training.learning_rate`; of `step`, the lowest rate."""

    milestones: tuple[Fraction, ...] = ()
    """For `step`: fractions of the run after each of which the rate is multiplied by `gamma`."""

    gamma: Positive = 0.1
    """For `step`: the factor at each milestone."""

    power: Positive = 2.0
    """For `polynomial`: the exponent of the fall."""

    restarts: Annotated[int, Field(ge=0, le=100)] = 0
    """For `cosine`: how often it begins again at the full rate (warm restarts)."""

    cycle_growth: Annotated[float, Field(ge=1.0, le=10.0)] = 1.0
    """With `restarts`: how many times as long each cycle is as the one before."""

    cycle_momentum: bool = False
    """For `one-cycle`: momentum (of Adam: beta1) falls from 0.95 to 0.85 while the rate rises, and back."""

    tuning: Fraction = 0.0
    """With `training.unfreeze_at`: the schedule ends there and runs once more over the rest, at this share of
    the rate; 0 is one schedule over the whole run."""


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

    epochs: Annotated[int | float, Field(gt=0, le=100_000), AfterValidator(_whole_if_it_is)] = 8
    """Passes over the training images, also with a fraction: 4.5 ends in the middle of the fifth. `--epochs`
    sets it, `--minutes` plans it."""

    batch_size: Annotated[int, Field(ge=1, le=65_536)] = 128
    """Images of one step."""

    optimizer: str = "adam"
    """`adam`, `adamw`, `sgd`, `muon` (Jordan et al. 2024), any other class of torch.optim (`nadam`, `radam`,
    `rmsprop`, ...), or your own as `package:Class`; these take `optimizer_options`."""

    optimizer_options: dict[str, int | float | bool | str | tuple[float, ...]] = Field(default_factory=dict)
    """Arguments of an optimizer other than the first four, such as `{ momentum_decay = 0.004 }` for `nadam`;
    its rate and weight decay are `learning_rate` and `weight_decay`."""

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

    head_decay: NotNegative = 1.0
    """Factor on `weight_decay` for the weights of the last layer, which begins anew where the others are
    trained already, and overfits on few images."""

    layer_decay: Annotated[float, Field(gt=0.0, le=1.0)] = 1.0
    """Factor on the learning rate from each layer (or stage) to the one below it, for fine-tuning
    (Clark et al. 2020); 1 is the same rate for all."""

    freeze: tuple[str, ...] = ()
    """Layers that do not train, by name with wildcards, such as ["conv1", "layer[12]*"], or ["backbone"] for
    all but the last layer with weights; batch norms among them keep their statistics."""

    unfreeze_at: Fraction = 0.0
    """Fraction of the run after which frozen layers train; 0 is never."""

    cache_features: bool = False
    """With freeze = ["backbone"]: compute the features of the unaugmented images once, and train the last
    layer on them while the rest is frozen."""

    loss: str = "cross-entropy"
    """`cross-entropy`, `focal` (Lin et al. 2017), or your own `package:function` of logits and targets."""

    focal_gamma: NotNegative = 2.0
    """Of the `focal` loss: how much less images that are classified well count."""

    class_weights: Literal["none", "balanced", "effective-number"] | dict[str, Positive] = "none"
    """Weight of each class in the loss: `balanced` (scikit-learn's), `effective-number` (Cui et al. 2019), or
    a table by class name, the others 1."""

    teacher: str = ""
    """A run or saved model whose predictions are learned as well (distillation, Hinton et al. 2015)."""

    temperature: Positive = 4.0
    """Of distillation: by which both networks' logits are divided."""

    teacher_weight: Fraction = 0.5
    """Of distillation: the share of the teacher's loss."""

    superclass_weight: NotNegative = 0.0
    """For a network of your own that gives two outputs, logits of the classes and of the superclasses: the
    weight of the second's cross-entropy beside the loss of the first."""

    label_smoothing: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.0
    """Share of each target that is spread over all classes (Szegedy et al. 2016)."""

    gradient_clip: NotNegative = 0.0
    """Largest total norm of the gradients; 0 is no limit."""

    ema: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.0
    """Decay per step of an exponential moving average of the weights, which is validated and saved instead of
    them; 0 is none."""

    swa: Fraction = 0.0
    """Fraction of the run from which the weights at the end of each epoch are averaged, with batch norms
    measured again at the end (stochastic weight averaging, Izmailov et al. 2018); 0 is none."""

    measure_norms: bool = False
    """Measure the batch norms of the averaged weights of `ema` again on the training images at the end."""

    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Of forward and backward passes; `auto` is bfloat16 where the hardware multiplies it."""

    resolutions: tuple[tuple[Fraction, Annotated[int, Field(ge=8, le=224)]], ...] = ()
    """Image side by share of all steps: [[0.5, 24], [1.0, 32]] trains the first half at 24 pixels; [] is as
    stored (progressive resizing, Tan & Le 2021)."""

    validate_every: Annotated[int, Field(ge=0)] = 1
    """Epochs between validations; 0 validates only after the last epoch."""

    checkpoint_every: Annotated[int, Field(ge=0)] = 1
    """Epochs between checkpoints for `--resume`; 0 writes none."""

    accumulate: Annotated[int, Field(ge=1, le=1024)] = 1
    """Parts of a batch that are done one after another, to fit into memory, with the same steps; batch
    norm sees one part at a time. Takes the place of `batch_threads`."""

    drop_last: bool = False
    """Leave out the incomplete last batch of an epoch."""

    batch_threads: Annotated[int, Field(ge=1, le=64)] = 1
    """On a CPU: parts of a batch that are done at the same time, one thread each; batch norm then sees one
    part at a time. A GPU does a batch whole."""

    schedule: ScheduleSection = ScheduleSection()
    muon: MuonSection = MuonSection()

    @model_validator(mode="after")
    def _one_average(self) -> Self:
        if self.ema and self.swa:
            raise ValueError("training.ema and training.swa are two averages of the weights: set one to 0")
        return self

    @model_validator(mode="after")
    def _resolutions_end_at_one(self) -> Self:
        untils = [until for until, _ in self.resolutions]
        if untils and (untils != sorted(untils) or untils[-1] != 1.0):
            raise ValueError(
                "training.resolutions must rise and end with a share of 1.0, as in [[0.5, 24], [1.0, 32]]"
            )
        return self
