"""A part of the sample set for sweeps that train, drawn once."""

import pytest

from hundred.data.dataset import Dataset
from hundred.data.limit import limited
from hundred.data.sample import draw_sample


@pytest.fixture(scope="session")
def few_images() -> Dataset:
    """600 training and 200 test images of the sample set."""
    return limited(draw_sample(), 6, 2)
