"""The notebooks run from top to bottom, and are kept with the outputs of a training that has learned."""

import ast
import base64
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import hundred
from tests.making.recipes import SMALL

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
MOST_LINES = 12  # of a cell: short enough to read at a glance
CHANCE = 0.01


def _cells(path: Path, kind: str) -> list[dict[str, Any]]:
    return [cell for cell in json.loads(path.read_text("utf-8"))["cells"] if cell["cell_type"] == kind]


def _source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def _shown(source: str, names: dict[str, Any]) -> Any:
    """Run a cell as a notebook does, and return the value of its last expression."""
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "<cell>", "exec"), names)
    return eval(compile(ast.Expression(last.value), "<cell>", "eval"), names) if last is not None else None


@pytest.fixture
def small_train(monkeypatch: pytest.MonkeyPatch, sample_at_once: None) -> None:
    """`hundred.train` with few images, one epoch and a small network, whatever a notebook asks for."""
    train: Callable[..., Any] = hundred.train

    def small(
        recipe: Any, *, epochs: int, set: dict[str, Any] | None = None, resume: bool = False, **options: Any
    ) -> Any:
        assert epochs >= 3  # enough to learn something in earnest
        if resume:
            return train(recipe, epochs=hundred.open_run(recipe).result["epochs"] + 1, resume=True, **options)
        few = {**SMALL, "data.train_per_class": 4, "data.test_per_class": 2}
        if recipe in ("simple", "school") or "start_from" in options:  # the network has a width of its own
            few = {key: value for key, value in few.items() if not key.startswith("model.")}
        return train(recipe, set={**(set or {}), **few}, epochs=1, **options)

    monkeypatch.setattr(hundred, "train", small)


def test_the_notebooks_are_here() -> None:
    assert [path.stem for path in NOTEBOOKS] == [
        "01-train-and-look",
        "02-test-a-saved-file",
        "03-compare-two-recipes",
        "04-fine-tune-extend-distil",
        "05-the-study-step-by-step",
    ]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_has_short_cells_and_opens_in_colab(path: Path) -> None:
    content = json.loads(path.read_text("utf-8"))
    assert (content["nbformat"], path.read_text("utf-8")[-1]) == (4, "\n")
    assert len({cell["id"] for cell in content["cells"]}) == len(content["cells"])
    assert f"blob/main/notebooks/{path.name})" in _source(content["cells"][0])
    assert all(len(_source(cell).splitlines()) <= MOST_LINES for cell in _cells(path, "code"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_with_the_outputs_of_one_whole_run(path: Path) -> None:
    cells = _cells(path, "code")
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell["outputs"]]
    assert {output["output_type"] for output in outputs} <= {"stream", "display_data", "execute_result"}
    assert not [output for output in outputs if output.get("name") == "stderr"]  # red lines
    pictures = [output["data"]["image/png"] for output in outputs if "image/png" in output.get("data", {})]
    assert pictures
    assert all(base64.b64decode(picture).startswith(b"\x89PNG") for picture in pictures)
    assert not [output for output in outputs if "<Figure" in "".join(output.get("text", ""))]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_networks_of_a_notebook_have_learned(path: Path) -> None:
    text = json.dumps([cell["outputs"] for cell in _cells(path, "code")])
    patterns = r"test_accuracy +(0\.\d+)", r"(\d+\.\d+)% right of", r"(\d+\.\d+)%, 95 % interval"
    [found] = [found for pattern in patterns if (found := re.findall(pattern, text))]
    accuracies = [float(figure) / (1 if figure.startswith("0.") else 100) for figure in found]
    ten_classes = accuracies[1:] if path.stem.startswith("04") else []
    assert min(accuracies) > 10 * CHANCE
    assert min(ten_classes, default=1.0) > 2 * 10 * CHANCE


# Keras' own `predict` on PyTorch.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_from_top_to_bottom(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_train: None
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "__main__"}
    shown = [_shown(_source(cell), names) for cell in _cells(path, "code")]
    # A run shows its figures and curves, a drawing itself.
    cards = [value._repr_html_() for value in shown if hasattr(value, "result")]
    assert all("test accuracy" in card for card in cards)
    assert (path.stem in ("01-train-and-look", "05-the-study-step-by-step")) == bool(cards)
    drawn = [value for value in shown if hasattr(value, "_repr_png_")]
    assert drawn
    assert all(value._repr_png_().startswith(b"\x89PNG") for value in drawn)
