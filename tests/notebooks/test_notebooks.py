"""The notebooks run from top to bottom on the sample set, and are kept without outputs."""

import ast
import json
from pathlib import Path
from typing import Any

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
MOST_LINES = 12  # of a cell: short enough to read at a glance


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


def test_the_three_notebooks_are_here() -> None:
    assert [path.stem for path in NOTEBOOKS] == [
        "01-train-and-look",
        "02-test-a-saved-file",
        "03-compare-two-recipes",
    ]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_outputs_and_with_short_cells(path: Path) -> None:
    content = json.loads(path.read_text("utf-8"))
    assert (content["nbformat"], path.read_text("utf-8")[-1]) == (4, "\n")
    assert len({cell["id"] for cell in content["cells"]}) == len(content["cells"])
    for cell in _cells(path, "code"):
        assert cell["outputs"] == []
        assert cell["execution_count"] is None
        assert len(_source(cell).splitlines()) <= MOST_LINES


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_from_top_to_bottom(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "__main__"}
    shown = [_shown(_source(cell), names) for cell in _cells(path, "code")]
    # What a notebook shows for the run itself: its figures and curves.
    cards = [
        value._repr_html_() for value in shown if hasattr(value, "_repr_html_") and hasattr(value, "result")
    ]
    assert all("test accuracy" in card for card in cards)
    assert (path.stem == "01-train-and-look") == bool(cards)
    assert any(value is not None for value in shown)
