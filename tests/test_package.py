"""The package from Python: its names, and that importing it costs nothing."""

import subprocess
import sys

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
