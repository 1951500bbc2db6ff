"""Nothing in a file is executed, printed names stay text, and the tracking page is for this machine only."""

import ast
import io
import json
import pickle
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from shutil import copytree

import h5py
import pytest
import torch

import hundred
from hundred.cli.main import main
from hundred.errors import HundredError
from hundred.experiment.report.contents import run_report
from hundred.experiment.report.page import write_run_report
from hundred.interchange.read.load import load
from hundred.recipe.load import load_recipe
from hundred.runs.run import Run
from hundred.runs.trackers.mlflow.ui import ui_command
from hundred.training.checkpoint import load_checkpoint
from tests.making.finished import Finished

SOURCE = Path(hundred.__file__).parent
EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>"


class Bomb:
    """Unpickled, it would make a file."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.target,)


def calls() -> Iterator[tuple[str, str, ast.Call]]:
    """(where, name such as `torch.load`, call) for every call in the package."""
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                yield f"{path.relative_to(SOURCE)}:{node.lineno}", ast.unparse(node.func), node


def test_nothing_in_the_package_can_execute_what_it_reads() -> None:
    safe = {"torch.load": ("weights_only", True), "np.load": ("allow_pickle", False)}
    executing = re.compile(
        r"(eval|exec|compile|__import__|os\.system|os\.popen)$|.*(pickle|marshal|shelve|dill)\.\w*loads?$"
        r"|.*Unpickler|yaml\.\w*load$|.*\.(extract|extractall|unpack_archive)$"
    )
    # Python's own unpickler with a closed find_class; marshal for a Lambda that the user has allowed.
    reviewed = {
        "data/files/pickles.py": "_Unpickler(content).load",
        "interchange/read/converters/lambda_layer.py": "marshal.loads",
    }
    wrong, seen = [], set()
    for where, name, call in calls():
        file = where.partition(":")[0]
        if executing.match(name) and not reviewed.get(file, " ").startswith(name):
            wrong.append(f"{where} {name}")
        if name in safe:
            seen.add(name)
            key, value = safe[name]
            given = {keyword.arg: keyword.value for keyword in call.keywords}.get(key)
            if not (isinstance(given, ast.Constant) and given.value is value):
                wrong.append(f"{where} {name} without {key}={value}")
        if any(keyword.arg == "shell" for keyword in call.keywords):
            wrong.append(f"{where} shell")
    assert wrong == []
    assert seen == set(safe)  # the test looks at what it means to


def test_pickles_in_every_place_of_a_run_are_not_unpickled(finished: Finished, tmp_path: Path) -> None:
    run, hit = copytree(finished.a, tmp_path / "a"), tmp_path / "hit"
    bomb = pickle.dumps(Bomb(hit))
    torch.save({"format": 1, "about": {}, "state": Bomb(hit)}, run / "checkpoint.pt")
    for name in (
        "recipe.toml",
        "result.json",
        "history.csv",
        "environment.json",
        "predictions.npz",
        "model.h5",
    ):
        (run / name).write_bytes(bomb)
    read = Run(run)
    for act in (
        lambda: load_recipe(run / "recipe.toml"),
        lambda: read.result,
        lambda: read.history,
        lambda: read.environment,
        read.predictions,
        lambda: load(run / "model.h5"),
        lambda: load_checkpoint(run / "checkpoint.pt", torch.device("cpu")),
    ):
        with pytest.raises(HundredError):
            act()
    assert not hit.exists()


def test_code_in_a_keras_archive_is_refused_by_name_and_not_run(tmp_path: Path) -> None:
    hit, weights = tmp_path / "hit", io.BytesIO()
    h5py.File(weights, "w").close()
    code = f"__import__('pathlib').Path({str(hit)!r}).touch()"
    for layer in (
        {"class_name": "Lambda", "module": "keras.layers", "config": {"name": "l", "function": code}},
        {"class_name": "Popen", "module": "subprocess", "config": {"args": ["touch", str(hit)]}},
        {"class_name": code, "module": "builtins", "registered_name": "eval", "config": {"name": "l"}},
    ):
        entry = {"class_name": "InputLayer", "module": "keras.layers", "config": {"name": "i"}}
        entry["config"] = {"name": "i", "batch_shape": [None, 32, 32, 3], "dtype": "float32"}
        config = {
            "class_name": "Sequential",
            "module": "keras",
            "config": {"name": "s", "layers": [entry, layer]},
        }
        archive = tmp_path / "model.keras"
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("metadata.json", json.dumps({"keras_version": "3.4.0"}))
            file.writestr("config.json", json.dumps(config))
            file.writestr("model.weights.h5", weights.getvalue())
        with pytest.raises(HundredError) as caught:
            load(archive)
        assert layer.get("registered_name", layer["class_name"]) in str(caught.value)
        assert len(str(caught.value).splitlines()) <= 2
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("metadata.json", "{}")
        file.writestr("config.json", json.dumps(config))
        file.writestr("model.weights.h5", bytes(10))
    with pytest.raises(HundredError, match="damaged"):
        load(archive)
    assert not hit.exists()


@pytest.fixture
def evil(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder, the current one, with a module that ends the process where it is imported, and a recipe that
    names it."""
    (tmp_path / "evil.py").write_text("import os; os._exit(77)")
    (tmp_path / "evil.toml").write_text(
        'extends = "sprint"\n[model]\nname = "evil:build"\n[callbacks]\ncustom = ["evil:Callback"]\n'
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "model", ['name = "evil:build"', 'name = "timm/resnet18"\ncheckpoint_path = "x.pth"']
)
def test_what_only_looks_at_a_recipe_imports_and_reads_nothing_that_it_names(
    evil: Path, finished: Finished, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = (evil / "evil.toml").read_text().replace('name = "evil:build"', model)
    (evil / "evil.toml").write_text(recipe)
    run = copytree(finished.a, evil / "run")
    (run / "recipe.toml").write_text(recipe)
    for command in (
        ["show", "evil.toml", "--json"],
        ["show", "run"],
        ["doctor", "run"],
        ["report", "run"],
        ["compare", "run", "run"],
        ["export", "run", "--to", "onnx"],
    ):
        with pytest.raises(SystemExit):
            main(command)
    assert "parameters of" in capsys.readouterr().out


def test_a_recipe_holds_values_only(tmp_path: Path) -> None:
    recipe = tmp_path / "evil.toml"
    recipe.write_text('extends = "/etc/passwd"\n')
    with pytest.raises(HundredError):
        load_recipe(recipe)


class Tags(HTMLParser):
    """Every tag of a page with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.all: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.all.append((tag, dict(attrs)))


def test_hostile_names_in_files_of_a_run_stay_text_on_its_page(finished: Finished, tmp_path: Path) -> None:
    folder = copytree(finished.a, tmp_path / "<script>alert(3)<")
    result = json.loads((folder / "result.json").read_text())
    result |= dict.fromkeys(("name", "recipe", "model", "device", "stopped", "stopped_detail"), EVIL)
    (folder / "result.json").write_text(json.dumps(result))
    (folder / "environment.json").write_text(json.dumps({"cpu": EVIL, "device_name": EVIL, EVIL: EVIL}))
    with (folder / "events.jsonl").open("a") as file:
        file.write(json.dumps({"kind": "warned", "time": EVIL, "message": EVIL}) + "\n")
    text = (folder / "recipe.toml").read_text()
    toml = re.sub(r'^summary = ".*"', f'summary = "{EVIL}"', text, count=1, flags=re.MULTILINE)
    (folder / "recipe.toml").write_text(f"# {EVIL}\n{toml}")
    names = tuple(f"{EVIL}{name}" for name in finished.data.fine_names)
    data = replace(
        finished.data, fine_names=names, coarse_names=tuple(EVIL for _ in finished.data.coarse_names)
    )
    page = write_run_report(Run(folder), run_report(Run(folder), data)).read_text()
    assert "alert(1)" in page  # the names are shown
    tags = Tags(page).all
    plain = Tags(
        write_run_report(Run(finished.b), run_report(Run(finished.b), finished.data)).read_text()
    ).all
    assert not [attributes for tag, attributes in tags if attributes.get("src") == "x"]
    assert not [name for _, attributes in tags for name in attributes if name.startswith("on")]
    assert sum(tag == "script" for tag, _ in tags) == sum(tag == "script" for tag, _ in plain)


def test_the_tracking_page_is_bound_to_this_machine(tmp_path: Path) -> None:
    command = ui_command(f"sqlite:///{tmp_path / 'mlflow.db'}")
    assert command[command.index("--host") + 1] == "127.0.0.1"
