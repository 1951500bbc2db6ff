"""Let whatever Keras runs this script save random models, with what it predicts, for Hundred to read.

    python write_keras_files.py FOLDER [COUNT]

Writes NUMBER.h5, and NUMBER.keras where this Keras has that format, each with a .npz beside it as
`check_keras_file.py` has it. Needs nothing of Hundred: it also runs under Keras 2.10.
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


def write(folder, count):  # type: ignore[no-untyped-def]
    """Save models 0 to `count` - 1."""
    new_format = int(keras.__version__.split(".")[0]) >= 3 or keras.__version__.startswith(
        ("2.13", "2.14", "2.15")
    )
    for seed in range(count):
        images = np.random.RandomState(seed).random_sample((2, 16, 16, 3)).astype(np.float32)
        model = random_models.build(keras, seed)
        expected = np.asarray(model.predict(images, verbose=0))
        for suffix in ("h5", "keras") if new_format else ("h5",):
            path = f"{folder}/{seed}.{suffix}"
            model.save(path)
            np.savez(path + ".npz", images=images, expected=expected, parameters=model.count_params())


if __name__ == "__main__":
    Path(sys.argv[1]).mkdir(parents=True, exist_ok=True)
    write(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 40)
