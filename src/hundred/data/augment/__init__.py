"""Batched augmentation on the device of the images, each image with its own draw."""

from hundred.data.augment.automatic import RandAugment, TrivialAugment
from hundred.data.augment.crop import RandomCrop
from hundred.data.augment.draw import Draw, Mix, Transform
from hundred.data.augment.erase import Cutout, RandomErasing
from hundred.data.augment.flip import AlternatingFlip, RandomFlip
from hundred.data.augment.geometry import Geometry
from hundred.data.augment.mix import CutMix, Mixup
from hundred.data.augment.photometric import Brightness, ChannelShift
from hundred.data.augment.pipeline import Pipeline
from hundred.data.augment.resize import resize

__all__ = [
    "AlternatingFlip",
    "Brightness",
    "ChannelShift",
    "CutMix",
    "Cutout",
    "Draw",
    "Geometry",
    "Mix",
    "Mixup",
    "Pipeline",
    "RandAugment",
    "RandomCrop",
    "RandomErasing",
    "RandomFlip",
    "Transform",
    "TrivialAugment",
    "resize",
]
