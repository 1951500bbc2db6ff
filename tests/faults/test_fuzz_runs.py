"""Run directories and recipes damaged in every way: each file is read, or refused in a line or two."""

import io
import json
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import copytree
from typing import Any

import numpy as np
import pytest
import tomli_w

from hundred.cli.main import main
from hundred.errors import HundredError
from hundred.recipe.load import load_recipe
from hundred.runs.run import Run, open_run
from tests.making.finished import Finished

from .damage import changed, damaged

FILES = ("result.json", "history.csv", "events.jsonl", "environment.json", "predictions.npz", "recipe.toml")


@pytest.fixture
def copied(finished: Finished, tmp_path: Path) -> Path:
    """A finished run of one's own, to be damaged."""
    return copytree(finished.a, tmp_path / "a")


def cases(original: bytes, name: str, count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """(what was done, content) of `count` contents with wrong bytes, and as many with wrong values."""
    for content in damaged(original, count, seed):
        yield repr(content[:80]), content
    if name.endswith(".npz"):
        yield from changed_arrays(original, count, seed)
        return
    for what, value in changed(parsed(original, name), count, seed):
        yield what, written(value, name)


def parsed(content: bytes, name: str) -> Any:
    text = content.decode()
    if name.endswith(".toml"):
        return tomllib.loads(text)
    if name.endswith(".csv"):
        return [line.split(",") for line in text.splitlines()]
    return json.loads(text) if name.endswith(".json") else [json.loads(line) for line in text.splitlines()]


def written(value: Any, name: str) -> bytes:
    if name.endswith(".toml"):
        try:
            text = tomli_w.dumps(value)
        except (TypeError, ValueError):  # a None, which TOML lacks
            text = "x = "
    elif name.endswith(".csv"):
        text = "\n".join(",".join(map(str, row)) if isinstance(row, list) else str(row) for row in value)
    elif name.endswith(".json"):
        text = json.dumps(value)
    else:
        text = "\n".join(json.dumps(line) for line in value)
    return text.encode("utf-8", "surrogatepass")


def changed_arrays(original: bytes, count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Arrays of other shapes, kinds and values, or gone."""
    with np.load(io.BytesIO(original)) as file:
        arrays = {name: file[name] for name in file.files}
    draws = np.random.default_rng(seed)
    for _ in range(count):
        made, name = dict(arrays), draws.choice(list(arrays))
        array = made.pop(name)
        others = (
            *(array[:0], array[:-1], array[..., None], array.astype("U8"), array.astype("complex64")),
            *(array.astype("int8"), array.astype("float16"), np.array(3), np.full_like(array, -1)),
            *(array * 0 + 1000, array * np.float32("nan"), np.zeros((len(array), 7), "float32"), None),
        )
        other = others[draws.integers(len(others))]
        if other is not None:
            made[str(name)] = other
        file = io.BytesIO()
        np.savez(file, **made)
        yield f"{name} {None if other is None else (other.dtype, other.shape)}", file.getvalue()


def read_or_refused(read: Callable[[], object], what: str) -> bool:
    """Whether it was refused; in a line or two that cannot command a terminal, and nothing else is raised."""
    message = ""
    try:
        read()
    except HundredError as error:
        message = str(error)
    except Exception as error:
        raise AssertionError(f"{type(error).__name__} for {what}") from error
    assert len(message.splitlines()) <= 2, what
    assert "\x1b" not in message, what
    return bool(message)


@pytest.mark.parametrize("name", FILES[:-1])
def test_a_damaged_file_of_a_run_is_read_or_refused(copied: Path, name: str) -> None:
    run, file = Run(copied), copied / name
    reading: list[Callable[[], object]] = [
        lambda: open_run(copied),
        lambda: run.result,
        lambda: run.history,
        lambda: run.events,
        lambda: run.environment,
        run.predictions,
        run._repr_html_,
        lambda: repr(run),
    ]
    refused = 0
    for what, content in cases(file.read_bytes(), name, 100, 1):
        file.write_bytes(content)
        refusals = [read_or_refused(read, what) for read in reading]
        refused += any(refusals)
    if name != "events.jsonl":  # whose broken lines are left out
        assert refused > 10


def test_a_damaged_recipe_is_read_or_refused(copied: Path) -> None:
    file = copied / "recipe.toml"
    refused = 0
    for what, content in cases(file.read_bytes(), file.name, 150, 2):
        file.write_bytes(content)
        refused += read_or_refused(lambda: load_recipe(file), what)
    assert refused > 100


@pytest.mark.parametrize(
    ("name", "count"),
    [("result.json", 15), ("predictions.npz", 15), ("environment.json", 3), ("recipe.toml", 3)],
)
def test_commands_on_damaged_runs_end_with_a_code_and_few_lines(
    copied: Path, finished: Finished, name: str, count: int, capsys: pytest.CaptureFixture[str]
) -> None:
    file = copied / name
    for what, content in cases(file.read_bytes(), name, count, 3):
        file.write_bytes(content)
        for arguments in (["compare", str(copied), str(finished.b)], ["show", str(copied)]):
            commanded(arguments, what, capsys)


@pytest.mark.slow
@pytest.mark.usefixtures("sample_at_once")
@pytest.mark.parametrize("name", FILES)
def test_every_command_on_damaged_runs_ends_with_a_code_and_few_lines(
    copied: Path, finished: Finished, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = copied / name
    commands = (
        ["compare", str(copied), str(finished.b), "--json"],
        ["report", str(copied), "--data", "sample"],
        ["doctor", str(copied)],
        ["test", str(copied), "--data", "sample"],
        ["export", str(copied), "--to", "onnx", "--force"],
        ["train", str(copied), "--resume", "--no-figures", "--quiet", "--data", "sample"],
    )
    for what, content in cases(file.read_bytes(), name, 20, 4):
        for arguments in commands:
            file.write_bytes(content)
            commanded(arguments, what, capsys)


def commanded(arguments: list[str], what: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One command, which may end only in a way that users can read."""
    __tracebackhide__ = True
    try:
        main(arguments)
    except SystemExit as end:
        code = end.code
    except BaseException as error:
        raise AssertionError(f"{type(error).__name__} in {arguments} for {what}") from error
    printed = capsys.readouterr()
    assert code in (0, 1, 2), what
    assert "\x1b" not in printed.out + printed.err, what
    if code:
        assert 1 <= len(printed.err.strip().splitlines()) <= 4, (what, printed.err)
