"""Networks of timm and of a user's own, and the one line that each mistake gets."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from hundred.errors import MissingExtra, UsageError
from hundred.models.registry import build, options

OWN = """
import torch
from torch import nn

def small(classes, width=4, *, act="relu"):
    pool = nn.AdaptiveAvgPool2d(1)
    return nn.Sequential(nn.Conv2d(3, width, 3), pool, nn.Flatten(), nn.Linear(width, classes))

def ten():
    return nn.Sequential(nn.Flatten(), nn.Linear(3072, 10))

def anything(**options):
    return small(options.pop("classes"), **options)

def demanding(classes, depth):
    return small(classes, depth)

def positional(classes, /):
    return small(classes)

def nothing(classes):
    pass

def number(classes):
    return 7

def failing(classes):
    raise ValueError("two\\nlines")

def quitting(classes):
    raise SystemExit(3)

def pair(num_classes):
    class Pair(nn.Module):
        def forward(self, x):
            return x, x
    return Pair()

def grey(classes):
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(3600, classes))

def flat(classes):
    return nn.Flatten()

def late(classes):
    import hundred_test_helper
    return hundred_test_helper.make(classes)

class Net(nn.Module):
    def __init__(self, num_classes: int, wide: bool = False):
        super().__init__()
        self.dense = nn.Linear(3072, num_classes)

    def forward(self, x):
        return self.dense(x.flatten(1))

ready = Net(100)
pi = 3.14
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A module `hundred_test_own` in the working directory; nothing of it stays loaded afterwards."""
    (tmp_path / "hundred_test_own.py").write_text(OWN)
    (tmp_path / "hundred_test_helper.py").write_text("from hundred_test_own import small as make\n")
    (tmp_path / "hundred_test_broken.py").write_text("def broken(:\n")
    (tmp_path / "hundred_test_needy.py").write_text("import hundred_test_not_there\n")
    (tmp_path / "hundred_test_quits.py").write_text("raise SystemExit\n")
    monkeypatch.chdir(tmp_path)
    before = set(sys.modules)
    path = list(sys.path)
    yield "hundred_test_own"
    assert sys.path == path
    for name in set(sys.modules) - before:
        if name.startswith("hundred_test"):
            del sys.modules[name]


@pytest.mark.parametrize(
    ("what", "given"),
    [
        ("small", {}),
        ("small", {"width": 6, "act": "gelu"}),
        ("anything", {"width": 2}),
        ("demanding", {"depth": 3}),
        ("Net", {"wide": True}),
        ("late", {}),
    ],
)
def test_own_builders_and_classes_are_built(own: str, what: str, given: dict[str, Any]) -> None:
    network = build(f"{own}:{what}", classes=13, **given)
    assert network(torch.zeros(2, 3, 32, 32)).shape == (2, 13)
    assert network.training


def test_own_builder_without_a_number_of_classes_must_fit(own: str) -> None:
    assert isinstance(build(f"{own}:ten", classes=10), nn.Sequential)
    with pytest.raises(UsageError, match=r"into \[2, 10\], not into logits \[2, 100\]"):
        build(f"{own}:ten")


def test_own_options_are_listed(own: str) -> None:
    assert options(f"{own}:small") == {"width": 4, "act": "relu"}
    assert options(f"{own}:Net") == {"wide": False}


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        (
            "hundred_test_absent:f",
            {},
            "cannot import hundred_test_absent: ModuleNotFoundError: No module named",
        ),
        ("hundred_test_broken:f", {}, "cannot import hundred_test_broken: SyntaxError: "),
        (
            "hundred_test_needy:f",
            {},
            "No module named 'hundred_test_not_there' (hundred_test_needy.py, line 1)",
        ),
        ("hundred_test_quits:f", {}, "cannot import hundred_test_quits: SystemExit"),
        ("hundred_test_own:smal", {}, "hundred_test_own has no 'smal'; did you mean 'small'?"),
        ("hundred_test_own:", {}, "write package.module:function"),
        (":small", {}, "write package.module:function"),
        ("C:\\models\\net.py", {}, "write package.module:function"),
        ("hundred_test_own:pi", {}, "is a float, not a function or an nn.Module class"),
        ("hundred_test_own:ready", {}, "is one network, and each run needs a new one"),
        ("hundred_test_own:small", {"widht": 3}, "has no option 'widht'; did you mean 'width'?"),
        ("hundred_test_own:small", {"width": "x"}, "small failed: TypeError: "),
        ("hundred_test_own:demanding", {}, "missing a required argument: 'depth'"),
        ("hundred_test_own:positional", {}, "cannot be called as positional(classes=100)"),
        ("hundred_test_own:nothing", {}, "gave nothing, not a torch.nn.Module"),
        ("hundred_test_own:number", {}, "gave an int, not a torch.nn.Module"),
        ("hundred_test_own:failing", {}, "failing failed: ValueError: two (hundred_test_own.py, line "),
        ("hundred_test_own:quitting", {}, "quitting failed: SystemExit: 3"),
        ("hundred_test_own:pair", {}, "turns images into a tuple, not into a tensor of logits"),
        ("hundred_test_own:grey", {}, "fails on images [2, 3, 32, 32]: RuntimeError: "),
        ("hundred_test_own:flat", {}, "into [2, 3072], not into logits [2, 100]"),
    ],
)
def test_each_mistake_gets_one_line(own: str, name: str, given: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        build(name, **given)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


class Fake(nn.Module):
    def __init__(self, wanted: str, num_classes: int, pretrained: bool, drop_rate: float = 0.0) -> None:
        super().__init__()
        if drop_rate > 1:
            raise RuntimeError("drop_rate is too much")
        self.arguments = (wanted, num_classes, pretrained, drop_rate)
        self.dense = nn.Linear(3072, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.dense(x.flatten(1))  # type: ignore[no-any-return]


@pytest.fixture
def timm(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for the timm package with the two functions that are used."""
    module = ModuleType("timm")
    module.list_models = lambda: ["resnet18", "vit_tiny_patch16_224"]  # type: ignore[attr-defined]
    module.create_model = Fake  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "timm", module)


@pytest.mark.usefixtures("timm")
def test_timm_is_asked_for_the_network() -> None:
    network = build("timm/resnet18", classes=9, drop_rate=0.25)
    assert isinstance(network, Fake)
    assert network.arguments == ("resnet18", 9, False, 0.25)
    assert build("timm/resnet18.a1_in1k", pretrained=True).arguments == ("resnet18.a1_in1k", 100, True, 0.0)
    assert options("timm/resnet18") == {}


@pytest.mark.usefixtures("timm")
@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("timm/resnet81", {}, "timm has no model 'resnet81'; did you mean 'resnet18'?"),
        ("timm/", {}, "timm has no model ''"),
        (
            "timm/resnet18",
            {"drop_rate": 2},
            "timm could not build 'resnet18': RuntimeError: drop_rate is too much",
        ),
        ("timm/resnet18", {"colour": 2}, "timm could not build 'resnet18': TypeError: "),
    ],
)
def test_what_timm_refuses_gets_one_line(name: str, given: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        build(name, **given)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_without_timm_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(MissingExtra, match=r"model timm/resnet18 needs timm.*pip install 'hundred\[timm\]'"):
        build("timm/resnet18")
