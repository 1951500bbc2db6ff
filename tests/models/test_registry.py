"""Names, options and their errors."""

import subprocess
import sys

import pytest
import torch
from torch import nn

from hundred.errors import UsageError
from hundred.models import registry
from hundred.models.registry import build, names, options, register


def test_builtin_names_are_listed() -> None:
    assert {"initial", "intermediate", "school", "simple"} <= set(names())


def test_options_have_the_defaults_of_the_builder() -> None:
    assert options("school") == {"dropout": 0.3}
    assert options("initial") == {"dropout": 0.2}


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("scool", {}, r"there is no model 'scool'; did you mean 'school'\? There are initial, .*timm/NAME"),
        ("", {}, "there is no model ''"),
        (
            "school",
            {"dropuot": 0.1},
            r"has no option 'dropuot'; did you mean 'dropout'\? Options: it takes dropout",
        ),
        ("school", {"dropout": "much"}, "dropout must be a number, not 'much'"),
        ("school", {"dropout": True}, "dropout must be a number, not True"),
        ("school", {"dropout": None}, "dropout must be a number, not None"),
        ("school", {"classes": 0}, "1 class or more, as a whole number, not 0"),
        ("school", {"classes": 10.0}, "as a whole number, not 10.0"),
        ("school", {"classes": True}, "as a whole number, not True"),
    ],
)
def test_a_wrong_call_is_told_in_one_line(name: str, given: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        build(name, **given)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_options_of_an_unknown_name_are_refused() -> None:
    with pytest.raises(UsageError, match="there is no model 'nothing'"):
        options("nothing")


def test_a_name_is_given_once(monkeypatch: pytest.MonkeyPatch) -> None:
    names()
    monkeypatch.setattr("hundred.models.registry._builders", dict(registry._builders))

    def other(classes: int = 100) -> nn.Module:
        return nn.Linear(1, classes)

    with pytest.raises(ValueError, match=r"'school' is taken by hundred\.models\.study\.school"):
        register("school")(other)

    @register("a-name-for-this-test")
    def first(classes: int = 100) -> nn.Module:
        return nn.Linear(1, classes)

    with pytest.raises(ValueError, match="is taken"):
        register("a-name-for-this-test")(other)
    assert build("a-name-for-this-test", classes=3)(torch.zeros(2, 1)).shape == (2, 3)
    assert isinstance(build("school"), nn.Sequential)


def test_the_package_imports_without_torch() -> None:
    code = "import sys, hundred.models; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
