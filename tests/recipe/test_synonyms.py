"""Unknown names are answered with ours: keys, recipes and command-line options."""

import re

import pytest

from hundred.cli.main import main
from hundred.errors import UsageError
from hundred.models.registry import names, options
from hundred.recipe.keys import keys
from hundred.recipe.load import builtin_names, load_recipe
from hundred.recipe.synonyms import KEYS, OPTIONS, RECIPES, suggest_key, suggest_recipe


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("lr", "training.learning_rate"),
        ("training.lr", "training.learning_rate"),
        ("training.weightDecay", "training.weight_decay"),
        ("training.bs", "training.batch_size"),
        ("augment.batch_size", "training.batch_size"),
        ("epochs", "training.epochs"),
        ("augment.autoaugment", "augment.randaugment_layers"),
        ("training.mixup_alpha", "augment.mixup"),
        ("early_stopping.patience", "callbacks.early_stopping.patience"),
        ("training.dropout", "model.dropout"),
    ],
)
def test_a_key_by_another_name_is_answered_with_ours(key: str, meant: str) -> None:
    assert suggest_key(key, [], keys()) == f"; did you mean {meant!r}?"
    if not key.startswith("early_stopping"):
        with pytest.raises(UsageError, match=re.escape(repr(meant))):
            load_recipe("sprint", [f"{key}=1"])


def test_a_key_that_this_version_has_not_is_not_answered_with_a_similar_one() -> None:
    known = [key for key in keys() if key != "training.ema"]
    assert suggest_key("training.swa", ["ema"], [*known, "training.swap"]) in (
        "",
        "; did you mean 'training.swa'?",
    )
    assert suggest_key("training.ema_decay", ["decay"], known) == ""


@pytest.mark.parametrize(
    ("name", "meant"), [("wrn", "wide-resnet-28-10"), ("VGG16", "vgg16-bn"), ("scool", "school")]
)
def test_a_recipe_by_another_name_is_answered_with_ours(name: str, meant: str) -> None:
    assert suggest_recipe(name, builtin_names()) == f"; did you mean {meant!r}?"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "--lr", "0.1"], "No such option: --lr; use --set training.learning_rate=VALUE"),
        (["train", "--batch-size", "3"], "use --set training.batch_size=VALUE"),
        (["train", "--num-epochs", "3"], "use --epochs"),
        (["test", "--gpu", "x"], "use --device cuda"),
        (["train", "--data-dir", "x"], "use --data"),
        (["train", "--figure"], "--figures"),
    ],
)
def test_an_option_of_another_tool_is_answered_with_ours(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


def test_every_answer_is_a_name_of_ours() -> None:
    network_options = {f"model.{option}" for name in names() for option in options(name)}
    assert set(KEYS.values()) <= set(keys()) | network_options
    assert set(RECIPES.values()) <= set(builtin_names())
    assert all(ours.startswith(("--", "RECIPE")) for ours in OPTIONS.values())


@pytest.mark.parametrize("table", [KEYS, RECIPES, OPTIONS])
def test_no_name_has_two_meanings(table: dict[str, str]) -> None:
    found = [name for group in table for name in group.split()]
    assert sorted(found) == sorted(set(found))
