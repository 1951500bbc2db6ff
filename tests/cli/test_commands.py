"""The command line: exit codes, one JSON object where asked for, and help that helps."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import hundred
from hundred.cli.main import COMMANDS, commands, main
from hundred.data.dataset import Dataset
from hundred.data.sample.draw import draw_sample

HEAVY = {"torch", "pandas", "mlflow", "pydantic", "matplotlib", "numpy", "keras"}
SMALL = [
    argument
    for setting in (
        *(f"model.width{place}=8" for place in (1, 2, 3)),
        "tracking.mlflow=false",
        "data.train_per_class=4",
        "data.test_per_class=2",
        "training.batch_size=100",
    )
    for argument in ("--set", setting)
]


@pytest.fixture(scope="module")
def sample() -> Dataset:
    return draw_sample()


Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    sample: Dataset,
) -> Call:
    """Run a command in this process, in a folder of its own; its exit code, output and error output."""
    monkeypatch.setattr("hundred.data.opening.open.draw_sample", lambda: sample)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stop:
            main(list(arguments))
        out, err = capsys.readouterr()
        return int(stop.value.code or 0), out, err

    return run


def process(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hundred", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def test_a_training_prints_its_figures_and_where_they_are(call: Call) -> None:
    code, out, err = call("train", "--data", "sample", "--epochs", "1", "--no-figures", "--name", "a", *SMALL)
    assert code == 0
    assert "test accuracy" in out
    assert "drawn sample set" in out
    assert "runs/a" in out
    assert "epoch 1/1" in err


def test_json_of_a_training_is_its_result_and_nothing_else(call: Call) -> None:
    code, out, _ = call(
        "train",
        "sprint",
        "--data",
        "sample",
        "--epochs",
        "1",
        "--no-figures",
        "--name",
        "a",
        "--json",
        *SMALL,
    )
    assert code == 0
    assert json.loads(out) == hundred.open_run("runs/a").result
    code, out, err = call("test", "runs/a", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["test_accuracy"] == hundred.open_run("runs/a").result["test_accuracy"]
    code, out, _ = call("test", "runs/a/model.h5", "--data", "sample")
    assert (code, "test accuracy" in out) == (0, True)
    code, out, _ = call("show", "runs/a", "--json")
    assert json.loads(out)["values"]["model.width1"] == {"value": 8, "origin": "runs/a/recipe.toml"}
    again = ["--data", "sample", "--epochs", "1", "--no-figures", "--name", "b", "--json", *SMALL[6:]]
    code, out, _ = call("train", "--from", "runs/a", *again)
    assert json.loads(out)["model"].startswith("file:")


def test_json_of_repeats_is_one_object_too(call: Call) -> None:
    options = ["--data", "sample", "--epochs", "1", "--no-figures", "--repeat", "2", *SMALL]
    code, out, _ = call("train", *options, "--json")
    content = json.loads(out)
    assert code == 0
    assert content["seeds"] == [0, 1]
    assert len(content["results"]) == 2
    code, out, _ = call("train", *options)
    assert "standard deviation" in out
    assert "95 % interval" in out


@pytest.mark.parametrize("arguments", [["recipes"], ["show"], ["show", "school"], ["data"]])
def test_json_of_every_listing_is_one_object(call: Call, arguments: list[str]) -> None:
    code, out, _ = call(*arguments, "--json")
    assert code == 0
    assert isinstance(json.loads(out), dict)
    code, out, _ = call(*arguments)
    assert code == 0
    assert out.strip()


def test_show_has_the_parameters_and_the_origin_of_every_value(call: Call) -> None:
    _, out, _ = call("show", "school", "--set", "training.epochs=3", "--json")
    shown = json.loads(out)
    assert shown["parameters"] == 4_899_044
    assert shown["values"]["training.epochs"] == {"value": 3, "origin": "--set"}
    assert shown["values"]["training.batch_size"] == {"value": 64, "origin": "school"}
    assert shown["values"]["model.dropout"] == {"value": 0.3, "origin": "default"}


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["trian"], 2, "did you mean 'train'"),
        (["train", "--epochs", "0"], 2, "--epochs"),
        (["train", "--epoch", "3"], 2, "--epochs"),
        (["train", "scool"], 2, "did you mean 'school'"),
        (["train", "--set", "training.epochs=none"], 2, "a number, above 0"),
        (["train", "--minutes", "-1"], 2, "--minutes -1"),
        (["train", "--target", "0.99", "school"], 2, "--target"),
        (["train", "--data", "/nowhere"], 1, "there is no /nowhere"),
        (["train", "--data", "sample", "--device", "gpu"], 2, "no device"),
        (["train", "--resume"], 2, "no unfinished run"),
        (["train", "--from", "nowhere.h5"], 2, "no file 'nowhere.h5'"),
        (["test", "nowhere"], 2, "no run and no file"),
        (["test"], 2, "FILE-OR-RUN"),
        (["show", "nowhere"], 2, "neither a built-in recipe nor a file"),
        (["data", "verify", "/nowhere"], 1, "/nowhere"),
        (["sync", "nowhere"], 2, "no run"),
        (["completion", "tcsh"], 2, "tcsh"),
    ],
)
def test_an_error_is_one_or_two_lines_on_standard_error(
    call: Call, arguments: list[str], code: int, message: str
) -> None:
    found, out, err = call(*arguments)
    assert found == code
    assert out == ""
    assert message in err
    assert "Traceback" not in err
    ours = [
        line
        for line in err.splitlines()
        if not line.startswith(("Usage:", "Try ")) and not line.endswith(" ...")
    ]
    assert len([line for line in ours if line]) <= 2


def test_an_interruption_exits_with_130_and_its_message(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    import signal

    before = signal.getsignal(signal.SIGINT)

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt("stopped in epoch 3")

    monkeypatch.setattr("hundred.experiment.train.train", interrupt)
    try:
        code, out, err = call("train", "--data", "sample")
    finally:
        signal.signal(signal.SIGINT, before)
    assert (code, out) == (130, "")
    assert "hundred: interrupted: stopped in epoch 3" in err


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_every_command_has_an_example(call: Call, name: str) -> None:
    code, out, _ = call(name, "--help")
    assert code == 0
    assert "Example" in out
    assert f"hundred {name}" in out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_in_the_list_what_it_says_itself(name: str) -> None:
    import click

    command = commands.get_command(click.Context(commands), name)
    assert command is not None
    assert all(
        option.help for option in command.params if isinstance(option, click.Option) and option.name != "help"
    )


def test_help_and_version_import_nothing_heavy() -> None:
    code = (
        "import sys\nfrom hundred.cli.main import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit as stop:\n    assert not stop.code\n"
        f"print(sorted(set(sys.modules) & {HEAVY!r}), file=sys.stderr)"
    )
    for arguments in (["--help"], ["--version"], ["train", "--help"], ["completion", "bash"]):
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
        )
        assert done.stdout
        assert done.stderr.strip() == "[]"


WITHOUT_TORCH = """
import contextlib, io, json, sys
sys.modules["torch"] = None  # importing it raises ImportError
from hundred.cli.main import main
for line in sys.stdin:
    errors = io.StringIO()
    with contextlib.redirect_stderr(errors):
        try:
            main(line.split())
        except SystemExit as stop:
            code = stop.code
    print(json.dumps([code, errors.getvalue()]))
"""

REFUSALS = {
    "train --data nowhere": "there is no nowhere",
    "train scool": "scool",
    "train --resume --name nothing": "there is no run 'nothing'",
    "train --resume": "there is no unfinished run",
    "train --resume --name nothing --repeat 2": "there are no repeats 'nothing'",
    "sweep --resume --name nothing": "there is no sweep 'nothing'",
    "sweep --resume": "there is no unfinished sweep",
    "study --resume --name nothing": "is not a study",
    "test run --data nowhere": "there is no nowhere",
    "test nothing": "'nothing'",
    "data nowhere": "there is no nowhere",
    "data verify nowhere": "there is no nowhere",
    "compare run run": "named twice",
    "compare run": "at least two",
    "predict run nothing.png": "there is no picture nothing.png",
    "find-lr --steps 0": "--steps 0",
    "find-lr --minutes 0": "--minutes 0",
    "find-lr --lowest 1 --highest 0.1": "the larger one",
    "find-lr --out rates.txt": ".png or .svg",
    "audit --near 2": "--near 2",
    "audit --folds 1": "--folds 1",
    "audit run --folds 5": "one of them",
}


def test_what_cannot_be_right_is_said_before_pytorch_is_imported(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "recipe.toml").write_text("")
    command = [sys.executable, "-c", WITHOUT_TORCH]
    done = subprocess.run(
        command, input="\n".join(REFUSALS), capture_output=True, text=True, check=True, cwd=tmp_path
    )
    for (arguments, message), line in zip(REFUSALS.items(), done.stdout.splitlines(), strict=True):
        code, error = json.loads(line)
        assert code in (1, 2), arguments
        assert message in error, f"{arguments}: {error}"


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_the_first_page_lists_every_command(call: Call, arguments: list[str]) -> None:
    _, out, err = call(*arguments)
    assert all(name in out + err for name in COMMANDS)


def test_the_version_is_that_of_the_package(call: Call) -> None:
    assert call("--version") == (0, f"hundred {hundred.__version__}\n", "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_call_hundred(call: Call, shell: str) -> None:
    code, out, _ = call("completion", shell)
    assert code == 0
    assert "_HUNDRED_COMPLETE" in out


def test_completion_knows_the_commands() -> None:
    environment = {"_HUNDRED_COMPLETE": "bash_complete", "COMP_WORDS": "hundred tr", "COMP_CWORD": "1"}
    done = process(env={**os.environ, **environment})
    assert "train" in done.stdout


def test_a_real_process_ends_with_the_same_codes(tmp_path: Path) -> None:
    wrong = process("train", "scool", cwd=tmp_path)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "Traceback" not in wrong.stderr
    failed = process("train", "--data", "nowhere", cwd=tmp_path)
    assert (failed.returncode, failed.stdout) == (1, "")
    assert list(tmp_path.iterdir()) == []
    shown = process("show", "sprint", "--json", cwd=tmp_path)
    assert shown.returncode == 0
    assert json.loads(shown.stdout)["name"] == "sprint"


def test_a_closed_pipe_is_no_error() -> None:
    done = subprocess.run(
        f"{sys.executable} -m hundred show school | head -1",
        shell=True,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.startswith("key")
    assert [line for line in done.stderr.splitlines() if not line.endswith(" ...")] == []


# Runs commands in one process in which nothing heavy can be imported; their codes and error output as JSON.
WITHOUT_HEAVY_IMPORTS = """
import contextlib, io, json, sys
class Refuse:
    def find_spec(self, name, *_):
        if name.split(".")[0] in ("torch", "pandas", "numpy", "mlflow"):
            raise ImportError(name)
sys.meta_path.insert(0, Refuse())
from hundred.cli.main import main
found = []
for arguments in json.loads(sys.argv[1]):
    with contextlib.redirect_stderr(io.StringIO()) as err:
        try:
            main(arguments)
        except BaseException as stop:
            found.append([str(getattr(stop, "code", stop)), err.getvalue()])
print(json.dumps(found))
"""


def without_heavy_imports(folder: Path, *commands: list[str]) -> list[tuple[str, str]]:
    command = [sys.executable, "-c", WITHOUT_HEAVY_IMPORTS, json.dumps(commands)]
    environment = {**os.environ, "TMPDIR": str(folder)}  # for the report of an unexpected error
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder, env=environment)
    found: list[tuple[str, str]] = [(code, err) for code, err in json.loads(done.stdout)]
    return found


def test_a_wrong_call_is_refused_before_torch_is_imported(tmp_path: Path) -> None:
    (tmp_path / "runs" / "taken").mkdir(parents=True)
    calls = {
        "train scool": "did you mean 'school'",
        "train --set lr=1": "training.learning_rate",
        "train --name a/b": "cannot be named",
        "train --name taken": "already",
        "train --minutes 0": "above 0",
        "train --lr 1": "training.learning_rate",
        "sweep --set lr=1 --vary augment.cutout=0,4": "training.learning_rate",
        "find-lr scool": "did you mean 'school'",
        "show scool": "did you mean 'school'",
        "test takn": "did you mean 'taken'",
        "predict runs/takn cat.jpg": "did you mean 'taken'",
        "compare taken takn": "did you mean 'taken'",
        "report takn --runs runs": "did you mean 'taken'",
        "compare taken": "at least two runs",
        "export taken taken --to h5": "takes one run or file, not 2",
        "audit nowhere/takn": "there is no run and no file 'nowhere/takn'",
        "export takn --to h5": "did you mean 'taken'",
        "report taken --out page.txt": "ends in .html",
        "train --from takn": "did you mean 'taken'",
        "train --tag a,b": "cannot be a tag",
        "sweep --vary lr=1,2": "training.learning_rate",
        "sweep": "--vary",
        "study --only scool": "did you mean 'school'",
    }
    found = without_heavy_imports(tmp_path, *(call.split() for call in calls))
    for (code, err), (call, message) in zip(found, calls.items(), strict=True):
        assert (code, message in err) == ("2", True), (call, err)


def test_the_first_line_of_a_slow_command_comes_before_its_heavy_imports(tmp_path: Path) -> None:
    calls = [
        *("train --data sample", "test a", "compare a b", "predict a b", "doctor a", "report a", "find-lr"),
        *("audit a", "export a --to h5", "sweep --vary augment.cutout=0,4", "study --quick", "show", "ui"),
    ]
    for name in "ab":
        (tmp_path / name).touch()
    found = without_heavy_imports(tmp_path, *(call.split() for call in calls))
    for (_, err), call in zip(found, calls, strict=True):
        assert err.splitlines()[0].endswith(" ..."), (call, err)
