"""The study's network and augmentation in Keras, as its authors ran them: ImageDataGenerator and fit."""

import os
from typing import Any

from benchmarks.workers.common import arguments, images_and_labels, report


def main() -> None:
    """Train with the Keras backend `--backend` (tensorflow or torch)."""
    options = arguments()
    os.environ["KERAS_BACKEND"] = options.backend or "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    images, labels = images_and_labels(options.data)
    one_hot = keras.utils.to_categorical(labels, 100)
    batches = study_generator().flow(images, one_hot, batch_size=options.batch)
    model = school(keras)

    def step() -> None:
        inputs, targets = next(batches)
        if len(inputs) != options.batch:
            inputs, targets = next(batches)
        model.train_on_batch(inputs, targets)

    report(step, options, keras=keras.__version__, backend=keras.backend.backend())


def study_generator() -> Any:
    """The study's augmentation."""
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    return ImageDataGenerator(
        rotation_range=15,
        width_shift_range=0.2,
        height_shift_range=0.2,
        shear_range=0.2,
        fill_mode="nearest",
        rescale=1 / 255,
    )


def school(keras: Any) -> Any:
    """The study's main network, 4,899,044 parameters, compiled as its authors did."""
    layers = keras.layers
    block = [keras.Input((32, 32, 3))]
    block += [layers.Conv2D(128, 3, activation="relu"), layers.Conv2D(128, 3, activation="relu")]
    block += [layers.BatchNormalization(), layers.MaxPooling2D(), layers.Dropout(0.3)]
    for width in (256, 512):
        for _ in range(2):
            block += [layers.Conv2D(width, 3, activation="relu"), layers.BatchNormalization()]
        block += ([layers.MaxPooling2D()] if width == 256 else []) + [layers.Dropout(0.3)]
    block += [layers.Flatten(), layers.Dense(512, activation="relu"), layers.Dropout(0.3)]
    block += [layers.BatchNormalization(), layers.Dense(100, activation="softmax")]
    model = keras.Sequential(block)
    if model.count_params() != 4_899_044:
        raise SystemExit(f"another network: {model.count_params()} parameters")
    model.compile(
        optimizer=keras.optimizers.Adam(1e-3),
        loss="categorical_crossentropy",
        metrics=["accuracy"],
        jit_compile=False,
    )
    return model


if __name__ == "__main__":
    main()
