"""The one description of an experiment: every value, its type and what is allowed.

A recipe is frozen data: nothing here acts on it.
"""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from hundred.recipe.augment import AugmentSection
from hundred.recipe.callbacks import CallbacksSection, DoctorSection
from hundred.recipe.section import Section
from hundred.recipe.training import TrainingSection


class ModelSection(Section):
    """Which network. Further keys are options of its builder, such as `upsample = 7`, which the `models` room
    checks and `hundred show` lists."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, int | float | str | bool]

    name: str = "sprint"
    """A registered network, `timm/NAME` (extra `timm`), or `file:PATH` for a saved model."""

    weights: str = ""
    """File of the weights to begin with; '' is random ones."""

    @property
    def options(self) -> dict[str, int | float | str | bool]:
        """What goes to the network's builder."""
        return dict(self.__pydantic_extra__ or {})


class DataSection(Section):
    """Which images train, which validate, and how pixels are scaled."""

    protocol: Literal["holdout", "full", "test-as-validation"] = "holdout"
    """What validates: training images held out, nothing, or the test images (as in the study)."""

    validation_per_class: Annotated[int, Field(ge=1)] = 50
    """Training images of each class held out for validation where `protocol` is `holdout`."""

    split_seed: Annotated[int, Field(ge=0)] = 100
    """Decides which images are held out; the same for all runs that are compared."""

    scaling: Literal["0-1", "standard"] = "standard"
    """`0-1` is pixel / 255; `standard` also subtracts the training mean and divides by the deviation."""

    train_per_class: Annotated[int, Field(ge=0)] = 0
    """For trials: only the first so many images of each class of the training split, validation images among
    them; 0 is all."""

    test_per_class: Annotated[int, Field(ge=0)] = 0
    """For trials: only the first so many images of each class of the test split; 0 is all."""

    image_size: Annotated[int, Field(ge=0, le=512)] = 0
    """Side of the images in pixels; 0 is 32 where most are about that, else 64, 96, 128 or 224 (median)."""

    fit: Literal["crop", "pad", "stretch"] = "crop"
    """How pictures become square: the middle of them, all of them with black bars, or stretched."""

    skip_damaged: bool = False
    """Leave out pictures that cannot be decoded; otherwise they are an error."""

    classes: tuple[str, ...] = ()
    """Only these classes, by name; empty is all."""

    imbalance: Annotated[float, Field(ge=1)] = 1.0
    """Long tail: how many times as many training images the first class has as the last (Cao et al. 2019)."""

    label_noise: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the training labels that are changed at random; the test labels are left alone."""

    label_noise_kind: Literal["symmetric", "superclass"] = "symmetric"
    """To which class a label is changed: any other, or another of its superclass."""

    labels: str = ""
    """A file of other training labels (.npy, .npz, .pt, .csv, .txt), as CIFAR-100N's; '' keeps the set's."""


class GrowthSection(Section):
    """What else to set where the time limit (`--minutes`) has room for so many `epochs` or more."""

    epochs: Annotated[int | float, Field(gt=0)]
    """From how many epochs on. Where a last layer trains on cached features, an epoch is one prediction of
    all images, as they are before growth, in three quarters of the time."""

    set: dict[str, int | float | str | bool]
    """Dotted keys and values, such as `"model.width3" = 512`."""


class EvaluationSection(Section):
    """How the trained network is tested."""

    tta: Literal["none", "flip", "flip+shift"] = "none"
    """Test-time augmentation: the mean prediction over the image and its mirror image (`flip`), and both
    moved by a pixel (`flip+shift`). Its accuracy is shown beside that of the single view."""

    metrics: tuple[str, ...] = ()
    """Your own metrics, as `package:function` of logits (float32 [n, classes]) and labels (int64 [n]): each
    is a number, shown and kept in result.json as `test_NAME`."""


class TrackingSection(Section):
    """Where a run is tracked beside its run directory, which is always written."""

    mlflow: bool = True
    """Send the run to MLflow: to MLFLOW_TRACKING_URI, else to mlflow.db beside the runs."""

    experiment: str = "hundred"
    """Name of MLflow's experiment and of W&B's project."""


class Recipe(Section):
    """A whole experiment."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")] = "unnamed"
    """Label of its runs."""

    summary: str = ""
    """One line for `hundred recipes`."""

    based_on: str = ""
    """The recipe it was made from: a record that changes nothing, filled in from `extends`."""

    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    """Of every random draw."""

    model: ModelSection = ModelSection()
    data: DataSection = DataSection()
    training: TrainingSection = TrainingSection()
    augment: AugmentSection = AugmentSection()
    callbacks: CallbacksSection = CallbacksSection()
    doctor: DoctorSection = DoctorSection()
    evaluation: EvaluationSection = EvaluationSection()
    tracking: TrackingSection = TrackingSection()

    growth: tuple[GrowthSection, ...] = ()
    """Better uses of a long time limit than more epochs, in order of rising epochs."""

    cuda: dict[str, Any] | None = None
    """Tables of values that hold instead on a CUDA GPU; sweeps leave them out."""

    def as_dict(self) -> dict[str, Any]:
        """Every value as TOML knows it; tables that are off (None) are left out."""
        return self.model_dump(mode="json", exclude_none=True)
