"""Attempts by the thousand: `python -m tests.faults.campaign [CASES [KILLS [KIND...]]]` prints the table that
ends docs/reliability.md, or some of its rows.

Each kind runs in a process of its own. For a kind of file, copies of a good one are damaged (bytes, and
values that should not be there) and read; for a command, it is killed with SIGKILL at random moments and run
again.
"""

import contextlib
import io
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import FrameType

from hundred.errors import HundredError
from tests.faults.damage import damaged
from tests.faults.test_fuzz_runs import changed, changed_arrays, parsed, written
from tests.making import hub

MOST_SECONDS = 60
MOST_MEGABYTES = 1000
CASES, KILLS = 1000, 20
ONE = "--one"


@dataclass
class Outcome:
    """What came of the attempts of one kind. tracebacks, hangs, lost, wrong: descriptions, one an attempt."""

    kind: str
    attempts: int = 0
    refused: int = 0
    tracebacks: list[str] = field(default_factory=list)
    hangs: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    slowest_seconds: float = 0.0
    megabytes: int = 0


class Hang(BaseException):
    """An attempt took longer than `MOST_SECONDS`."""


# Files: their names in a folder of good ones, and how each is read.


def _recipe(path: Path) -> object:
    from hundred.recipe.load import load_recipe

    return load_recipe(path)


def _toml(path: Path) -> object:
    from hundred.reading import read_toml

    return read_toml(path)


def _run(path: Path) -> object:
    from hundred.runs.run import Run, open_run

    run = Run(path.parent)
    parts: list[Callable[[], object]] = [
        lambda: open_run(path.parent),
        lambda: run.result,
        lambda: run.history,
        lambda: run.events,
        lambda: run.environment,
        lambda: repr(run),
        run._repr_html_,
    ]
    return [part() for part in parts]


def _predictions(path: Path) -> object:
    from hundred.runs.run import Run

    return Run(path.parent).predictions()


def _doctor(path: Path) -> object:
    from hundred.evaluation.doctor.diagnosis import doctor

    return doctor(path)


def _picture(path: Path) -> object:
    from hundred.data.files.pictures import read_picture

    return read_picture(path)


def _keras(path: Path) -> object:
    from hundred.interchange.read.load import load

    return load(path)


def _checkpoint(path: Path) -> object:
    import torch

    from hundred.training.checkpoint import load_checkpoint

    return load_checkpoint(path, torch.device("cpu"))


def _mlflow_state(path: Path) -> object:
    from hundred.runs.trackers.mlflow.store import tracking_uri

    return tracking_uri(path.parent)


_PICTURES = tuple(f"p.{kind}" for kind in ("png", "jpg", "gif", "webp", "tiff", "bmp", "ppm"))
FILES: dict[str, tuple[tuple[str, ...], Callable[[Path], object]]] = {
    "recipes": (("run/recipe.toml",), _recipe),
    "other TOML": (("run/recipe.toml", "sprint.toml"), _toml),
    "result.json, environment.json": (("run/result.json", "run/environment.json"), _run),
    "history.csv": (("run/history.csv",), _run),
    "events.jsonl": (("run/events.jsonl",), _run),
    "predictions.npz": (("run/predictions.npz",), _predictions),
    "checkpoint.pt": (("run/checkpoint.pt",), _checkpoint),
    "mlflow.json": (("run/mlflow.json",), _mlflow_state),
    "histories for the doctor": (("history.csv", "history.json"), _doctor),
    "pictures": (
        tuple(f"p.{kind}" for kind in ("png", "jpg", "gif", "webp", "tiff", "bmp", "ppm")),
        _picture,
    ),
    "Keras .h5": (("run/model.h5",), _keras),
    "Keras .keras": (("model.keras",), _keras),
}


def make_good_files(folder: Path) -> None:
    """A small finished run with a checkpoint, and a file of every other kind."""
    import numpy as np
    from PIL import Image

    import hundred
    from tests.making.finished import SMALL

    options = {"data": "sample", "figures": False, "quiet": True, "keep_checkpoint": True}
    run = hundred.train("sprint", name="run", runs=folder, set={**SMALL, "training.epochs": 3}, **options)
    (folder / "sprint.toml").write_text((run.path / "recipe.toml").read_text())
    (folder / "history.csv").write_bytes((run.path / "history.csv").read_bytes())
    (folder / "history.json").write_text(json.dumps(run.history.to_dict(orient="list")))
    state = {"key": "k", "tracking_uri": "http://127.0.0.1:9", "epochs_sent": 3, "tags": {"a": "b"}}
    (run.path / "mlflow.json").write_text(json.dumps(state))
    hundred.export(run.path, to="keras", out=folder / "model.keras")
    pixels = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    for name in FILES["pictures"][0]:
        Image.fromarray(pixels).save(folder / name)


def try_files(kind: str, folder: Path, cases: int) -> Outcome:
    """Read `cases` damaged copies of the good files of `kind`."""
    outcome = Outcome(kind)
    names, read = FILES[kind]
    signal.signal(signal.SIGALRM, _hang)
    for number, name in enumerate(names):
        path = folder / name
        good = path.read_bytes()
        share = cases // len(names) + (number < cases % len(names))
        for what, content in _damaged(good, name, share, seed=number):
            path.write_bytes(content)
            _attempt(outcome, f"{name}: {what}", lambda path=path: read(path))
        path.write_bytes(good)
    outcome.megabytes = peak_megabytes()
    return outcome


def peak_megabytes() -> int:
    """The most memory that this process has had, where the system tells; else 0."""
    try:
        status = Path("/proc/self/status").read_text(encoding="utf-8")
    except OSError:
        return 0
    # Not ru_maxrss, which begins with that of the parent.
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


def _damaged(good: bytes, name: str, cases: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Half with wrong bytes, half with wrong values where the file has any."""
    valued = name.endswith((".toml", ".json", ".csv", ".jsonl", ".npz"))
    half = cases // 2 if valued else 0
    for content in damaged(good, cases - half, seed):
        yield repr(content[:60]), content
    if name.endswith(".npz"):
        yield from changed_arrays(good, half, seed)
    elif valued:
        for what, value in changed(parsed(good, name), half, seed):
            yield what, written(value, name)


def _attempt(outcome: Outcome, what: str, act: Callable[[], object]) -> None:
    outcome.attempts += 1
    began = time.monotonic()
    signal.alarm(MOST_SECONDS)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            act()
    except HundredError as error:
        outcome.refused += 1
        if len(str(error).splitlines()) > 2 or "\x1b" in str(error):
            outcome.wrong.append(f"{what}: {str(error)[:200]!r}")
    except Hang:
        outcome.hangs.append(what)
    except Exception as error:
        outcome.tracebacks.append(f"{what}: {type(error).__name__}: {str(error)[:100]}")
    finally:
        signal.alarm(0)
    outcome.slowest_seconds = max(outcome.slowest_seconds, time.monotonic() - began)


def _hang(number: int, frame: FrameType | None) -> None:
    raise Hang


# Commands: killed at random moments, then run again.

COMMANDS: dict[str, tuple[list[str], str]] = {
    "kill -9 of export": (["export", "run", "--to", "keras", "--out", "out.keras", "--force"], "out.keras"),
    "kill -9 of report": (["report", "run"], "run/report.html"),
    "kill -9 of test": (["test", "run", "--data", "sample", "--json"], ""),
    "kill -9 of sync": (["sync", "run"], "run/mlflow.json"),
    "kill -9 of audit": (["audit", "run", "--data", "sample", "--quiet"], "run/audit/audit.json"),
    "kill -9 of download": (["data", hub.NAME], "cache/hundred/hub/me--zoo/default/test-00000.parquet"),
}
# Of these the output is the same to the last byte each time.
EXACT = (".keras", "audit.json", ".parquet")


def try_kills(kind: str, folder: Path, kills: int) -> Outcome:
    """Kill a command at random moments; afterwards it must run as if nothing had happened, and all files of
    the run must be what they were."""
    with (
        hub.slow_hub() as address,
        _environment(HF_ENDPOINT=address, XDG_CACHE_HOME=str(folder / "cache"), MLFLOW_TRACKING_URI=""),
    ):
        return _try_kills(kind, folder, kills)


@contextlib.contextmanager
def _environment(**more: str) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(more)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _try_kills(kind: str, folder: Path, kills: int) -> Outcome:
    outcome = Outcome(kind)
    command, output = COMMANDS[kind]
    began = time.monotonic()
    assert _command(command, folder, None) == 0, f"{kind}: the command fails undisturbed"
    seconds = time.monotonic() - began
    good = (folder / output).read_bytes() if output else b""
    before = _contents(folder / "run", output)
    draws = random.Random(kind)
    for number in range(kills):
        outcome.attempts += 1
        if output.endswith(".parquet"):
            shutil.rmtree(folder / "cache", ignore_errors=True)
        elif output and number % 2:
            (folder / output).unlink(missing_ok=True)
        _command(command, folder, draws.uniform(0.3, 1.0) * seconds)
        if output.endswith(EXACT) and (folder / output).exists() and (folder / output).read_bytes() != good:
            outcome.wrong.append(f"{output} is another one after kill {number}")
        if _contents(folder / "run", output) != before:
            outcome.lost.append(f"after kill {number}")
    began = time.monotonic()
    if _command(command, folder, None) != 0:
        outcome.wrong.append("the command fails afterwards")
    elif output.endswith(EXACT) and (folder / output).read_bytes() != good:
        outcome.wrong.append(f"{output} is another one afterwards")
    outcome.slowest_seconds = time.monotonic() - began
    return outcome


def _command(command: list[str], folder: Path, kill_after: float | None) -> int:
    """The exit status of `hundred`, ended with SIGKILL after so many seconds where it is given."""
    with subprocess.Popen(
        [sys.executable, "-m", "hundred", *command],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            _, printed = process.communicate(timeout=kill_after if kill_after is not None else 300)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return -signal.SIGKILL
    assert b"Traceback" not in printed, printed.decode()
    return process.returncode


def _contents(run: Path, without: str) -> dict[str, bytes]:
    """The files that are the run; not what a command is to write, nor locks and half-written files."""
    left = {Path(without).name, "tables", "mlflow.json"}
    return {
        child.name: child.read_bytes()
        for child in run.iterdir()
        if child.is_file() and not child.name.startswith(".") and child.name not in left
    }


def run_kind(kind: str, good: Path, cases: int = CASES, kills: int = KILLS) -> Outcome:
    """The outcome of one kind, in a process of its own on a copy of the folder `good`."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder) / "work"
        shutil.copytree(good, work)
        if kind in COMMANDS:
            return try_kills(kind, work, kills)
        command = [
            sys.executable,
            "-W",
            "ignore",
            "-m",
            "tests.faults.campaign",
            ONE,
            kind,
            str(work),
            str(cases),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            ended = f"ended with {done.returncode}: {done.stderr[-300:]}"
            return Outcome(kind, cases, tracebacks=[ended])
        return Outcome(**json.loads(done.stdout.splitlines()[-1]))


HEADER = (
    "| kind | attempts | refused | tracebacks | hangs over 60 s | data lost | wrong results "
    "| slowest | memory |\n"
    "|---|---|---|---|---|---|---|---|---|"
)


def row(outcome: Outcome) -> str:
    """An outcome as a row of a Markdown table."""
    faults = (outcome.tracebacks, outcome.hangs, outcome.lost, outcome.wrong)
    memory = f"{outcome.megabytes} MB" if outcome.megabytes else "–"
    cells = [outcome.kind, f"{outcome.attempts:,}", outcome.refused or "–", *map(len, faults)]
    return "| " + " | ".join(map(str, [*cells, f"{outcome.slowest_seconds:.1f} s", memory])) + " |"


def main() -> None:
    """Print the table, or the rows of the KINDs that are named; with `--one` the outcome of one kind, as
    JSON."""
    if sys.argv[1:2] == [ONE]:
        kind, folder, cases = sys.argv[2], Path(sys.argv[3]), int(sys.argv[4])
        sys.stdout.write(json.dumps(asdict(try_files(kind, folder, cases))) + "\n")
        return
    given = sys.argv[1:]
    cases, kills = (int(text) for text in [*given[:2], *(str(CASES), str(KILLS))[len(given[:2]) :]])
    os.environ["XDG_DATA_HOME"] = tempfile.mkdtemp()
    sys.stdout.write(HEADER + "\n")
    with tempfile.TemporaryDirectory() as folder:
        make_good_files(Path(folder))
        for kind in given[2:] or (*FILES, *COMMANDS):
            outcome = run_kind(kind, Path(folder), cases, kills)
            sys.stdout.write(row(outcome) + "\n")
            sys.stdout.flush()
            for fault in (*outcome.tracebacks, *outcome.hangs, *outcome.lost, *outcome.wrong):
                sys.stderr.write(f"{kind}: {fault}\n")


if __name__ == "__main__":
    main()
