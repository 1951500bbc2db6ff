"""Let whatever Keras runs this script save models, with what it predicts, for Hundred to read.

    python write_keras_files.py FOLDER [COUNT]

Writes COUNT random models as NUMBER.h5 and those of `user_models.py` as NAME.h5, and as .keras where this
Keras has that format, each with a .npz beside it as `check_keras_file.py` has it. Needs nothing of Hundred:
it also runs under Keras 2.10. What this Keras itself cannot make, run or save is named on standard error.
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
try:
    import tensorflow  # noqa: F401
except ImportError:
    os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import numpy as np
import random_models
import user_models

MAJOR = int(keras.__version__.split(".")[0])
NEW_FORMAT = MAJOR >= 3 or keras.__version__.startswith(("2.13", "2.14", "2.15"))


def write(folder, name, model, seed):  # type: ignore[no-untyped-def]
    """Save `model` in each form, with its predictions."""
    shape = [side or 16 for side in model.input_shape[1:]]
    images = np.random.RandomState(seed).random_sample((2, *shape)).astype(np.float32)
    expected = np.asarray(model.predict(images, verbose=0))
    for suffix in ("h5", "keras") if NEW_FORMAT else ("h5",):
        path = f"{folder}/{name}.{suffix}"
        try:
            model.save(path)
        except Exception as error:  # a defect of this Keras: the other form may be sound
            sys.stderr.write(f"{name}.{suffix} is not saved: {error!r}\n")
            Path(path).unlink(missing_ok=True)
            continue
        np.savez(path + ".npz", images=images, expected=expected, parameters=model.count_params())


def write_all(folder, count):  # type: ignore[no-untyped-def]
    """Random models 0 to `count` - 1, and the named ones."""
    for seed in range(count):
        write(folder, str(seed), random_models.build(keras, seed), seed)
    for seed, (name, make) in enumerate(sorted(user_models.MODELS.items())):
        try:
            model = make(keras)
            random_models.shake(model, seed)
            write(folder, name, model, seed)
        except Exception as error:
            sys.stderr.write(f"{name} cannot be made: {error!r}\n")


if __name__ == "__main__":
    Path(sys.argv[1]).mkdir(parents=True, exist_ok=True)
    write_all(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 40)
