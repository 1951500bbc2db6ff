"""The package: its public names, that importing it costs nothing, and that a wheel holds every file."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import hundred

HEAVY = ("torch", "pandas", "numpy", "matplotlib", "mlflow", "keras", "h5py", "pydantic", "scipy", "sklearn")


@pytest.mark.parametrize("statement", ["import hundred", "import hundred.cli", "dir(__import__('hundred'))"])
def test_importing_the_package_imports_nothing_heavy(statement: str) -> None:
    code = f"import sys; {statement}; print(*sorted(set(sys.modules) & set({HEAVY!r})))"
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert found.stdout.split() == []


@pytest.mark.parametrize("name", hundred.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(hundred, name) is not None
    assert name in dir(hundred)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        _ = hundred.trian


def test_a_wheel_holds_every_file_of_the_package(tmp_path: Path) -> None:
    root = Path(__file__).parents[1]
    source, built = tmp_path / "source", tmp_path / "wheel"
    shutil.copytree(
        root / "src", source / "src", ignore=shutil.ignore_patterns("__pycache__", "*.pyc", "*.egg-info")
    )
    files = {str(path.relative_to(source / "src")) for path in source.rglob("*") if path.is_file()}
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(root / name, source)
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "--wheel-dir", built, source], check=True, capture_output=True)
    with zipfile.ZipFile(next(built.glob("hundred-*.whl"))) as wheel:
        packed = {name for name in wheel.namelist() if name.startswith("hundred/")}
    assert packed == files
