"""The house: a room imports only rooms to its left, wherever in a file the import stands."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import hundred

ROOT = Path(hundred.__file__).parent
FREE = {"errors", "files"}
# Each room with what it may import beside itself and the free modules.
ORDER = ["recipe", "data", "models", "training", "runs", "evaluation", "report", "experiment"]
ALLOWED: dict[str, set[str]] = {room: set(ORDER[:place]) for place, room in enumerate(ORDER)}
ALLOWED["interchange"] = {"data", "models"}
ALLOWED["experiment"] |= {"interchange"}
ALLOWED["study"] = ALLOWED["sweep"] = {*ORDER, "interchange"}
ALLOWED["cli"] = {*ALLOWED, "cli"}


def imported(path: Path) -> Iterator[str]:
    """Every module of Hundred that `path` imports, at its top, in a function, or for types only."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "hundred")
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute"
            if (node.module or "").split(".")[0] == "hundred":
                yield from (f"{node.module}.{alias.name}" for alias in node.names)


def rooms() -> list[str]:
    return sorted(path.name for path in ROOT.iterdir() if (path / "__init__.py").exists())


def test_every_room_has_its_place() -> None:
    assert set(rooms()) <= set(ALLOWED)


@pytest.mark.parametrize("room", rooms())
def test_a_room_imports_only_rooms_to_its_left(room: str) -> None:
    wrong = []
    for path in sorted((ROOT / room).rglob("*.py")):
        for module in imported(path):
            other = module.split(".")[1] if "." in module else ""
            if other == "__version__" or other in FREE or other == room or other in ALLOWED[room]:
                continue
            wrong.append(f"{path.relative_to(ROOT)} imports {module}")
    assert wrong == []


def test_errors_and_files_import_no_room() -> None:
    for name in FREE:
        assert list(imported(ROOT / f"{name}.py")) == []
