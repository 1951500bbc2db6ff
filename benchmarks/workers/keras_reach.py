"""The study's network and augmentation in Keras to an accuracy, by `fit`; a JSON line after each epoch."""

import argparse
import json
import os
import time
from typing import Any

from benchmarks.workers.common import images_and_labels
from benchmarks.workers.keras_school import school, study_generator
from benchmarks.workers.plain_reach import started


def main() -> None:
    """Train and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--backend", default="tensorflow")
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--images", type=int, default=0, help="how many to train and to test on; 0 is all")
    options = parser.parse_args()
    os.environ["KERAS_BACKEND"] = options.backend
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    limit = options.images or None
    images, labels = images_and_labels(options.data)
    tests, test_labels = images_and_labels(options.data, "test")
    one_hot = keras.utils.to_categorical(labels[:limit], 100)
    model = school(keras)

    class Say(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            seconds = time.clock_gettime(time.CLOCK_BOOTTIME) - started()
            guesses = model.predict(tests[:limit] / 255.0, batch_size=500, verbose=0).argmax(1)
            accuracy = float((guesses == test_labels[:limit]).mean())
            print(json.dumps({"epoch": epoch + 1, "seconds": seconds, "accuracy": accuracy}), flush=True)

    batches = study_generator().flow(images[:limit], one_hot, batch_size=64)
    model.fit(batches, epochs=options.epochs, verbose=0, callbacks=[Say()])


if __name__ == "__main__":
    main()
