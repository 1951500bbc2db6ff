"""The images of `hundred study --quick`: ten classes of the drawn sample set, made easy by a colour each.

The study's networks need many epochs for the sample set itself, whose colours say nothing about the class.
With a tint for each class they learn within some hundred steps, so that pages and curves show something.
"""

import colorsys
import hashlib

import torch
from torch import Tensor

from hundred.data.dataset import Dataset, Split
from hundred.data.sample.draw import SAMPLE_FINE_NAMES, draw_sample

NAME = "quick"
CLASSES = SAMPLE_FINE_NAMES[::10]  # ten, of both patterns and shapes
TINT = 0.35  # share of the class's colour in an image
JITTER = 0.35  # standard deviation of an image's hue, in steps from one class to the next


def quick_dataset() -> Dataset:
    """1,000 training and 200 test images of ten classes; the same on every machine."""
    sample = draw_sample()
    labels = [sample.fine_names.index(name) for name in CLASSES]
    train, test = (_tinted(split, labels, seed) for seed, split in enumerate((sample.train, sample.test)))
    digest = hashlib.sha256()
    for split in (train, test):
        digest.update(split.images.numpy().tobytes())
    return Dataset(
        name=NAME,
        train=train,
        test=test,
        fine_names=CLASSES,
        coarse_names=(),
        fine_to_coarse=torch.zeros(len(CLASSES), dtype=torch.int64),
        digest=digest.hexdigest(),
        source="drawn for hundred study --quick",
    )


def _tinted(split: Split, labels: list[int], seed: int) -> Split:
    """The images of these labels, each mixed with a colour of about its class's hue."""
    number = {label: place for place, label in enumerate(labels)}
    kept = [place for place, label in enumerate(split.fine.tolist()) if label in number]
    part = split.take(torch.tensor(kept))
    fine = torch.tensor([number[label] for label in part.fine.tolist()])
    noise = torch.randn(len(fine), generator=torch.Generator().manual_seed(seed)) * JITTER
    hues = ((fine + noise) / len(labels)) % 1.0
    colours = torch.tensor([colorsys.hsv_to_rgb(float(hue), 0.8, 0.9) for hue in hues]) * 255  # [n, 3]
    images = (1 - TINT) * part.images + TINT * colours[:, :, None, None]
    return Split(_bytes(images), fine, torch.zeros_like(fine))


def _bytes(images: Tensor) -> Tensor:
    return images.round().clamp(0, 255).to(torch.uint8)
