"""What the tests of this room share."""

from typing import Any

import numpy as np
import pytest

from .references import MEAN, STD, References


@pytest.fixture(scope="session")
def pixels() -> np.ndarray:
    """Three random images, uint8 [3, 32, 32, 3]."""
    return np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)


@pytest.fixture(scope="session")
def normalization() -> dict[str, Any]:
    """Mean and standard deviation, as the writers take them, and no class names."""
    return {"mean": MEAN, "std": STD, "class_names": None}


@pytest.fixture(scope="session")
def references() -> References:
    """torch, Keras and ONNX Runtime."""
    return References()
