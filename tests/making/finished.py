"""A folder of finished runs for tests of what is done with runs afterwards; trained once per session."""

from pathlib import Path

import hundred
from hundred.data.dataset import Dataset
from hundred.data.sample.draw import draw_sample
from tests.making import recipes

# On 400 training and 200 test images.
SMALL = {**recipes.SMALL, "data.train_per_class": 4, "data.test_per_class": 2, "training.epochs": 1}


class Finished:
    """Runs `a` and `b`, and `pair`, repeats with two seeds, in `runs`; data is the whole sample set."""

    def __init__(self, folder: Path) -> None:
        self.runs = folder / "runs"
        self.data: Dataset = draw_sample()
        options = {"data": self.data, "runs": self.runs, "figures": False, "quiet": True}
        self.a, self.b, self.pair = self.runs / "a", self.runs / "b", self.runs / "pair"
        hundred.train("sprint", name="a", set=SMALL, **options)
        hundred.train("sprint", name="b", set={**SMALL, "seed": 1}, **options)
        hundred.train("sprint", name="pair", repeat=2, set={**SMALL, "training.epochs": 2}, **options)
