"""A part of the sample set for sweeps that train, drawn once."""

import pytest

from hundred.data.dataset import Dataset
from hundred.data.sample.draw import draw_sample
from hundred.data.subset import subset_per_class


@pytest.fixture(scope="session")
def few_images() -> Dataset:
    """600 training and 200 test images of the sample set."""
    return subset_per_class(draw_sample(), 6, 2)
