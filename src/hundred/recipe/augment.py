"""The `[augment]` table of a recipe: what happens to training images."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from hundred.recipe.section import Fraction, NotNegative, Range, Section

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

    The keys from `rotation` to `fill_value` are those of Keras' `ImageDataGenerator`, in its units; they are
    composed into one resampling.
    """

    rotation: Annotated[float, Field(ge=0.0, le=180.0)] = 0.0
    """Largest rotation either way, in degrees."""

    width_shift: NotNegative = 0.0
    """Largest horizontal shift, as a fraction of the side, or in pixels from 1 on."""

    height_shift: NotNegative = 0.0
    """Largest vertical shift, as a fraction of the side, or in pixels from 1 on."""

    shear: Annotated[float, Field(ge=0.0, lt=90.0)] = 0.0
    """Largest shear, in degrees."""

    zoom: Annotated[float, Field(ge=0.0, lt=1.0)] | Range = 0.0
    """Range of scales: a fraction z for 1 - z to 1 + z, or [low, high]."""

    horizontal_flip: bool = False
    """Mirror half of the images left to right."""

    vertical_flip: bool = False
    """Mirror half of the images top to bottom."""

    brightness: tuple[float, float] | tuple[()] = ()
    """Range of factors on the brightness, [low, high]."""

    channel_shift: Annotated[float, Field(ge=0.0, le=255.0)] = 0.0
    """Largest shift of all values of an image, in 0 to 255."""

    fill: Literal["nearest", "constant", "reflect", "wrap"] = "nearest"
    """What is outside the image after `rotation`, shifts, `shear` and `zoom`."""

    fill_value: Annotated[float, Field(ge=0.0, le=255.0)] = 0.0
    """The value outside the image where `fill` is constant, in 0 to 255."""

    crop_padding: Annotated[int, Field(ge=0, le=16)] = 0
    """Pixels added on each side before a random crop of the original size."""

    crop_fill: Literal["reflect", "constant", "nearest"] = "reflect"
    """What `crop_padding` adds."""

    flip: Literal["none", "random", "alternating"] = "none"
    """Mirror half of the images at random, or each image in every second epoch (Jordan 2024, airbench)."""

    cutout: Annotated[int, Field(ge=0, le=32)] = 0
    """Side of a square that is blanked out, in pixels (DeVries & Taylor 2017)."""

    erasing: Fraction = 0.0
    """Probability of random erasing (Zhong et al. 2020)."""

    mixup: NotNegative = 0.0
    """Alpha of mixup's Beta distribution (Zhang et al. 2018)."""

    cutmix: NotNegative = 0.0
    """Alpha of CutMix's Beta distribution (Yun et al. 2019)."""

    randaugment_layers: Annotated[int, Field(ge=0, le=10)] = 0
    """Operations that RandAugment applies to each image (Cubuk et al. 2020)."""

    randaugment_magnitude: Annotated[int, Field(ge=0, le=10)] = 9
    """Strength of RandAugment's operations."""

    trivial: bool = False
    """TrivialAugment: one random operation of random strength (Müller & Hutter 2021)."""

    order: tuple[Literal[AUGMENT_ORDER], ...] = AUGMENT_ORDER  # type: ignore[valid-type]
    """The steps from first to last; `geometry` is the resampling."""

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
