"""From a recipe's `[augment]` table to a pipeline, in the table's order; what is off costs nothing."""

from hundred.data.augment.automatic import RandAugment, TrivialAugment
from hundred.data.augment.crop import RandomCrop
from hundred.data.augment.erase import Cutout, RandomErasing
from hundred.data.augment.flip import AlternatingFlip, RandomFlip
from hundred.data.augment.geometry import Geometry
from hundred.data.augment.mix import CutMix, Mixup
from hundred.data.augment.photometric import Brightness, ChannelShift
from hundred.data.augment.pipeline import Pipeline
from hundred.data.augment.rng import Mix, Transform
from hundred.recipe.augment import AugmentSection


def build_pipeline(augment: AugmentSection, seed: int) -> Pipeline:
    """The pipeline that `augment` describes; `seed` decides which side an alternating flip begins with."""
    transforms = _transforms(augment, seed)
    mixes = _mixes(augment)
    return Pipeline(
        [transforms[step] for step in augment.order if step in transforms],
        [mixes[step] for step in augment.order if step in mixes],
    )


def _transforms(augment: AugmentSection, seed: int) -> dict[str, Transform]:
    steps: dict[str, Transform] = {}
    if augment.crop_padding:
        steps["crop"] = RandomCrop(augment.crop_padding, augment.crop_fill)
    if augment.flip != "none":
        steps["flip"] = RandomFlip() if augment.flip == "random" else AlternatingFlip(seed)
    geometry = _geometry(augment)
    if geometry != Geometry():
        steps["geometry"] = geometry
    if augment.trivial:
        steps["trivial"] = TrivialAugment()
    if augment.randaugment_layers:
        steps["randaugment"] = RandAugment(augment.randaugment_layers, augment.randaugment_magnitude)
    if augment.brightness:
        steps["brightness"] = Brightness(augment.brightness)
    if augment.channel_shift:
        steps["channel_shift"] = ChannelShift(augment.channel_shift)
    if augment.cutout:
        steps["cutout"] = Cutout(augment.cutout)
    if augment.erasing:
        steps["erasing"] = RandomErasing(augment.erasing)
    return steps


def _geometry(augment: AugmentSection) -> Geometry:
    moving = any(
        (
            augment.rotation,
            augment.width_shift,
            augment.height_shift,
            augment.shear,
            augment.zoom not in (0.0, (1.0, 1.0)),
            augment.horizontal_flip,
            augment.vertical_flip,
        )
    )
    if not moving:
        return Geometry()
    return Geometry(
        augment.rotation,
        augment.width_shift,
        augment.height_shift,
        augment.shear,
        augment.zoom,
        augment.horizontal_flip,
        augment.vertical_flip,
        augment.fill,
        augment.fill_value,
    )


def _mixes(augment: AugmentSection) -> dict[str, Mix]:
    mixes: dict[str, Mix] = {}
    if augment.mixup:
        mixes["mixup"] = Mixup(augment.mixup)
    if augment.cutmix:
        mixes["cutmix"] = CutMix(augment.cutmix)
    return mixes
