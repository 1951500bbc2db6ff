"""The reference of all keys: complete, and docs/recipe.md is what the code says."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from hundred.cli.main import main
from hundred.recipe.keys import json_schema, keys, tables
from hundred.recipe.load import builtin_names, leaves, load_recipe

DOCS = Path(__file__).parents[2] / "docs"


def output(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as stop:
        main(["show", *arguments])
    assert not stop.value.code
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("option", "file"), [("--reference", "recipe.md"), ("--schema", "recipe.schema.json")]
)
def test_the_documentation_is_current(option: str, file: str) -> None:
    # In a process of its own, where no test has registered a network.
    command = [sys.executable, "-m", "hundred", "show", option]
    done = subprocess.run(command, capture_output=True, text=True, check=True, encoding="utf-8")
    assert done.stdout == (DOCS / file).read_text(encoding="utf-8"), "run `make docs`"


def test_every_key_and_table_says_what_it_means_and_takes() -> None:
    assert [key.name for key in keys().values() if not key.meaning or not key.allowed] == []
    assert [table.name for table in tables() if not table.meaning] == []


@pytest.mark.parametrize("name", builtin_names())
def test_every_value_of_a_builtin_recipe_has_its_key(name: str) -> None:
    values = set(leaves(load_recipe(name).recipe))
    assert {key for key in values if not key.startswith(("model.", "cuda."))} <= set(keys())


def test_the_schema_accepts_builtin_recipes_and_knows_extends() -> None:
    schema = json_schema()
    assert schema["properties"]["extends"]["type"] == "string"
    assert set(load_recipe("sprint").recipe.as_dict()) <= set(schema["properties"])
    assert schema["$defs"]["TrainingSection"]["properties"]["batch_size"]["maximum"] == 65_536


def test_a_key_is_explained_with_its_value_in_the_recipe(capsys: pytest.CaptureFixture[str]) -> None:
    out = output(capsys, "school", "--explain", "training.batch_size", "--set", "training.batch_size=32")
    assert "Images of one step." in out
    assert "32 (from --set)" in out
    out = output(capsys, "sprint", "--explain", "callbacks.early_stopping", "--json")
    patience = json.loads(out)["callbacks.early_stopping.patience"]
    assert (patience["optional"], patience["value"], patience["default"]) == (True, None, 0)


def test_an_unknown_key_is_answered_with_ours(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["show", "--explain", "lr"])
    assert stop.value.code == 2
    assert "did you mean 'training.learning_rate'" in capsys.readouterr().err
