"""Commands that train a run again and test it, which work pasted into any folder."""

import itertools
import shlex
from pathlib import Path

from hundred.errors import UsageError
from hundred.experiment.build.data import source_of
from hundred.runs.layout import RECIPE
from hundred.runs.run import Run


def repeat_commands(run: Run) -> list[str]:
    """Commands with absolute paths; none without a recipe, or where the data came from Python objects."""
    recipe = run.path.resolve() / RECIPE
    if not recipe.is_file():
        return []
    try:
        source = source_of(run) or data_option(run)
    except UsageError:
        return []
    data = f" --data {shlex.quote(source)}" if source and source != "cifar100" else ""
    return [
        f"hundred train {shlex.quote(str(recipe))}{data}",
        f"hundred test {shlex.quote(str(recipe.parent))}{data}",
    ]


def data_option(run: Run) -> str:
    """The value of `--data` in the command of a run that does not record where its data was; '' for none."""
    try:
        words = shlex.split(str(run.environment.get("command", "")))
    except ValueError:
        return ""
    after = [value for option, value in itertools.pairwise(words) if option == "--data"]
    joined = [word.partition("=")[2] for word in words if word.startswith("--data=")]
    path = Path((after + joined or [""])[-1])
    return str(path.resolve()) if str(path) != "." and path.exists() else ""
