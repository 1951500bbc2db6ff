"""Augmented, scaled batches and nothing else: ours, per image as torchvision's scripts do it, and Keras'.

`--backend` is one of: hundred-study, keras-study (rotation, shifts, shear), hundred-crop, per-image-crop
(padded crop and flip).
"""

import itertools
from collections.abc import Iterator

import torch

from benchmarks.workers.common import arguments, images_and_labels, report

# What the others give, too.
FLOAT32 = {"training.precision": "float32"}
# As the plain loop has it: zeros around, and a flip at random.
CROP = {"augment.crop_padding": 4, "augment.crop_fill": "constant", "augment.flip": "random"}


def ours(data: str, batch: int, recipe: str, **overrides: object) -> Iterator[object]:
    """The batches that `recipe` trains on, epoch after epoch."""
    from hundred.data.opening.open import open_dataset
    from hundred.experiment.build.trainer import build_run_parts
    from hundred.recipe.load import load_recipe

    loaded = load_recipe(recipe, {**FLOAT32, "training.batch_size": batch, **overrides}).recipe
    _, trainer = build_run_parts(loaded, open_dataset(data), torch.device("cpu"))
    for epoch in itertools.count(1):
        yield from trainer.batches.epoch(epoch, [0] * len(trainer.batches))


def keras_study(data: str, batch: int) -> Iterator[object]:
    """The study's ImageDataGenerator."""
    from benchmarks.workers.keras_school import study_generator

    images, labels = images_and_labels(data)
    yield from study_generator().flow(images, labels, batch_size=batch)


def per_image_crop(data: str, batch: int) -> Iterator[object]:
    """A DataLoader over single images, in this process, as most scripts have it."""
    from torch.utils.data import DataLoader

    from benchmarks.workers.plain_torch import Images

    loader = DataLoader(Images(data), batch, shuffle=True, drop_last=True)
    while True:
        yield from loader


def main() -> None:
    """Time batches."""
    options = arguments()
    makers = {
        "hundred-study": lambda: ours(options.data, options.batch, "school"),
        "keras-study": lambda: keras_study(options.data, options.batch),
        "hundred-crop": lambda: ours(options.data, options.batch, "sprint", **CROP),
        "per-image-crop": lambda: per_image_crop(options.data, options.batch),
    }
    batches = makers[options.backend]()

    def step() -> None:
        next(batches)

    report(step, options)


if __name__ == "__main__":
    main()
