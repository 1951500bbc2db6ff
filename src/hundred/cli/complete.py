"""What the shell completes: recipes and runs, keys and values of --set, devices. Imports nothing heavy."""

from collections.abc import Iterable
from pathlib import Path

import click
from click.shell_completion import CompletionItem

DEVICES = ("auto", "cpu", "cuda", "cuda:0", "cuda:1", "mps")
# Beside what begins as typed, the shell completes names of files.
_FILES = CompletionItem("", type="file")


def recipes(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Built-in recipes, runs in the folder of runs, and files."""
    from hundred.recipe.load import builtin_names

    return [_FILES, *_items(builtin_names(), incomplete), *_items(_run_paths(_folder(ctx)), incomplete)]


def runs(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Runs in the folder of runs, and files."""
    return [_FILES, *_items(_run_paths(_folder(ctx)), incomplete)]


def run_names(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of the runs in the folder of runs."""
    return _items((path.name for path in map(Path, _run_paths(_folder(ctx)))), incomplete)


def settings(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """`KEY=` for keys of a recipe; after the `=` the values that the key takes, or its default."""
    from hundred.recipe.keys import keys as known

    name, sign, _value = incomplete.partition("=")
    if not sign:
        found = [key for key in known() if key.startswith(name)]
        return [CompletionItem(f"{key}=", help=known()[key].meaning) for key in found]
    return (
        _items((f"{name}={each}" for each in known()[name].examples), incomplete) if name in known() else []
    )


def keys(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Keys and tables of a recipe."""
    from hundred.recipe.keys import keys as known
    from hundred.recipe.keys import tables

    return _items([*known(), *(table.name for table in tables() if table.name)], incomplete)


def data(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of sets, and files."""
    from hundred.data.download.named import NAMES

    return [_FILES, *_items(NAMES, incomplete)]


def devices(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Kinds of devices."""
    return _items(DEVICES, incomplete)


def columns(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Columns of the leaderboard, the last of several after commas."""
    from hundred.runs.leaderboard.board import COLUMNS

    before, comma, last = incomplete.rpartition(",")
    return _items((before + comma + name for name in sorted(COLUMNS)), before + comma + last)


def _folder(ctx: click.Context) -> Path:
    """What --runs says, of the command or of the one around it."""
    outer = {} if ctx.parent is None else ctx.parent.params
    return Path(ctx.params.get("runs") or outer.get("folder") or "runs")


def _run_paths(folder: Path) -> list[str]:
    """Directories in `folder` that hold a run or group, newest first."""
    try:
        found = [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
        found.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    except OSError:
        return []
    return [str(path) for path in found if path.name not in ("mlartifacts", "mlruns")]


def _items(names: Iterable[str], incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]
