"""Finding the images that runs were tested on, for the galleries of their pages."""

from pathlib import Path

from hundred.data.dataset import Dataset
from hundred.errors import HundredError, UsageError
from hundred.experiment.build.data import open_data, open_for, source_of
from hundred.experiment.report.repeat_commands import data_option
from hundred.recipe.load import load_recipe
from hundred.recipe.schema import DataSection
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
        digest = environment.get("data_digest")
        section = (
            load_recipe(run.path / RECIPE).recipe.data if (run.path / RECIPE).is_file() else DataSection()
        )
        try:
            where = self._data if self._data is not None else source_of(run) or data_option(run) or None
            dataset = self._open(where, section)
        except UsageError as error:
            self._note(f"{str(error).splitlines()[0]}; its page has no galleries")
            return None
        if dataset is None:
            return None
        dataset = open_for(dataset, section)
        if digest != dataset.digest:
            self._note(
                f"{run.name} was tested on other images than those of {dataset.source}: "
                "its page has no galleries; name its data with --data"
            )
            return None
        return dataset

    def _open(self, where: str | Path | Dataset | None, section: DataSection) -> Dataset | None:
        if isinstance(where, Dataset):
            return where
        key = f"{where} {section.image_size} {section.fit} {section.skip_damaged}"
        if key not in self._opened:
            self._opened[key] = self._found(where, section)
        return self._opened[key]

    def _found(self, where: str | Path | None, section: DataSection) -> Dataset | None:
        if self._data is not None:
            return open_data(where, section)
        try:
            return open_data(where, section, download=False)
        except HundredError:
            self._note(
                "the images are not on this machine, so the page has no galleries; name them with --data"
            )
            return None

    def _note(self, note: str) -> None:
        if note not in self._notes:
            self._notes.append(note)
