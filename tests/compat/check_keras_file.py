"""Open model files in whatever Keras runs this script, and compare its predictions with what they should be.

    python check_keras_file.py FILE.h5 [FILE.keras ...]

Beside each FILE there is FILE.npz with `images` (float [n, rows, columns, 3] in the file's scale), `expected`
([n, classes]) and `parameters`. Needs nothing of Hundred: it also runs under Keras 2.10 and Python 3.7.
Prints one line a file and exits with 1 if one does not open or agree.
"""

import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
try:
    import tensorflow  # noqa: F401
except ImportError:
    os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import numpy as np

TOLERANCE = 1e-4


def check(path):  # type: ignore[no-untyped-def]
    """A line about `path`, and whether Keras opened it and agreed."""
    with np.load(path + ".npz") as beside:
        images, expected, parameters = beside["images"], beside["expected"], int(beside["parameters"])
    try:
        model = keras.models.load_model(path, compile=False)
        count = model.count_params()
        found = np.asarray(model.predict(images, verbose=0))
    except Exception as error:  # whatever this Keras has against the file is the finding
        line = (str(error).strip().splitlines() or [repr(error)])[-1][:200]
        return f"FAILED {path}: {line}", False
    if found.shape != expected.shape:
        return f"FAILED {path}: gives {found.shape}, expected {expected.shape}", False
    difference = float(np.abs(found - expected).max())
    agrees = difference <= TOLERANCE * max(1, float(np.abs(expected).max())) and count == parameters
    word = "ok" if agrees else "FAILED"
    return f"{word} {path}: differs by {difference:.1e}, {count} parameters of {parameters}", agrees


if __name__ == "__main__":
    say = sys.stdout.write
    say(f"keras {keras.__version__} python {sys.version.split()[0]}\n")
    results = [check(path) for path in sys.argv[1:]]
    for line, _ in results:
        say(line + "\n")
    sys.exit(not all(good for _, good in results))
