"""Finding the images that runs were tested on, for the galleries of their pages."""

from pathlib import Path

from hundred.data.dataset import Dataset
from hundred.data.subset import subset_per_class
from hundred.errors import HundredError
from hundred.experiment.build.data import open_data
from hundred.recipe.load import load_recipe
from hundred.runs.layout import RECIPE
from hundred.runs.run import Run


class RunImages:
    """The datasets of runs, each opened once. Missing images cost a page its galleries, with a note."""

    def __init__(self, data: str | Path | Dataset | None, notes: list[str]) -> None:
        """`data` as the user named it, or None to look for it; `notes` gets sentences on what is missing."""
        self._data, self._notes = data, notes
        self._opened: dict[str, Dataset | None] = {}

    def of(self, run: Run) -> Dataset | None:
        """The dataset that `run` was tested on, or None where it is not on this machine."""
        environment = run.environment
        name, digest = environment.get("data"), environment.get("data_digest")
        dataset = self._open("sample" if self._data is None and name == "sample" else self._data)
        if dataset is None:
            return None
        if (run.path / RECIPE).is_file():
            section = load_recipe(run.path / RECIPE).recipe.data
            dataset = subset_per_class(dataset, section.train_per_class, section.test_per_class)
        if digest != dataset.digest:
            self._note(
                f"{run.name} was tested on other images than those of {dataset.source}: "
                "its page has no galleries; name its data with --data"
            )
            return None
        return dataset

    def _open(self, where: str | Path | Dataset | None) -> Dataset | None:
        if isinstance(where, Dataset):
            return where
        key = "" if where is None else str(where)
        if key not in self._opened:
            self._opened[key] = self._look_for() if where is None else open_data(where)
        return self._opened[key]

    def _look_for(self) -> Dataset | None:
        from hundred.data.open import open_dataset

        try:
            return open_dataset(download=False)
        except HundredError:
            self._note(
                "the images are not on this machine, so the page has no galleries; name them with --data"
            )
            return None

    def _note(self, note: str) -> None:
        if note not in self._notes:
            self._notes.append(note)
