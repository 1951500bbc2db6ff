"""The layout: rooms import only rooms to their left, no files import each other in a circle."""

import ast
import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from pathlib import Path

import pytest

import hundred

ROOT = Path(hundred.__file__).parent
CONTRIBUTING = Path(__file__).parents[1] / "CONTRIBUTING.md"
# Modules beside the rooms that every room may import.
FREE = {"deadline", "errors", "files", "formatting", "guard", "reading", "version"}
# Each room with the rooms that it may import beside itself.
ORDER = ["recipe", "data", "models", "training", "runs", "evaluation", "reports", "experiment"]
ALLOWED: dict[str, set[str]] = {room: set(ORDER[:place]) for place, room in enumerate(ORDER)}
ALLOWED["interchange"] = {"data", "models"}
ALLOWED["experiment"] |= {"interchange"}
ALLOWED["sweeps"] = {*ORDER, "interchange"}
ALLOWED["study"] = {*ORDER, "interchange", "sweeps"}
ALLOWED["cli"] = set(ALLOWED)


def _module(path: Path) -> str:
    return ".".join(["hundred", *path.relative_to(ROOT).with_suffix("").parts]).removesuffix(".__init__")


MODULES = {_module(path): path for path in sorted(ROOT.rglob("*.py"))}


def _imported(module: str) -> Iterator[str]:
    """Modules of Hundred that `module` imports: at its top, in a function, or for types only."""
    path = MODULES[module]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "hundred")
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute"
            if (node.module or "").split(".")[0] == "hundred":
                for alias in node.names:
                    inner = f"{node.module}.{alias.name}"
                    yield inner if inner in MODULES else str(node.module)


IMPORTS = {module: set(_imported(module)) for module in MODULES}
ROOMS = sorted({module.split(".")[1] for module, path in MODULES.items() if path.parent != ROOT})


def _room(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def test_every_room_has_its_place() -> None:
    assert set(ROOMS) == set(ALLOWED)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_rooms_to_its_left(room: str) -> None:
    allowed = {room} | ALLOWED[room] | FREE
    assert [
        f"{module} imports {other}"
        for module in MODULES
        if _room(module) == room
        for other in sorted(IMPORTS[module])
        if _room(other) not in allowed
    ] == []


def test_the_modules_beside_the_rooms_import_no_room() -> None:
    for name in FREE:
        assert {_room(other) for other in IMPORTS[f"hundred.{name}"]} <= FREE


def test_no_files_import_each_other_in_a_circle() -> None:
    try:
        TopologicalSorter(IMPORTS).prepare()
    except CycleError as error:
        pytest.fail("a circle of imports: " + " <- ".join(error.args[1]))


def test_every_import_names_a_file() -> None:
    unknown = {other for others in IMPORTS.values() for other in others} - set(MODULES)
    assert unknown == set()


def test_inner_packages_have_no_init_file() -> None:
    assert [path for path in ROOT.rglob("__init__.py") if path.parent != ROOT] == []


def _drawing() -> set[tuple[str, str]]:
    """The arrows of the Mermaid drawing in CONTRIBUTING.md: `a --> b` where `b` imports `a`."""
    text = CONTRIBUTING.read_text(encoding="utf-8")
    drawn = re.search(r"```mermaid\n(.*?)```", text, re.DOTALL)
    assert drawn is not None
    arrows: set[tuple[str, str]] = set()
    for line in drawn[1].splitlines():
        sides = [[room.strip() for room in side.split("&")] for side in line.split("-->")]
        for lefts, rights in pairwise(sides):
            arrows |= {(left, right) for left in lefts for right in rights}
    return arrows


def test_the_drawing_in_contributing_is_what_the_files_import() -> None:
    imports = {
        (_room(other), _room(module))
        for module, others in IMPORTS.items()
        for other in others
        if _room(module) in ROOMS and _room(other) in ROOMS and _room(module) != _room(other)
    }
    drawn = _drawing()
    assert {(left, right) for left, right in drawn if left not in ROOMS or right not in ROOMS} == set()
    reached = _closure(drawn)
    assert sorted(imports - reached) == [], "imports that the drawing has no path for"
    assert sorted(drawn - imports) == [], "arrows without an import"


def _closure(arrows: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Every pair of rooms with a path of arrows from the first to the second."""
    reached = set(arrows)
    while more := {(a, d) for a, b in reached for c, d in reached if b == c} - reached:
        reached |= more
    return reached


def test_the_table_in_contributing_names_every_room() -> None:
    text = CONTRIBUTING.read_text(encoding="utf-8")
    assert sorted(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) == ROOMS
