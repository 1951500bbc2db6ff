"""What `import hundred.data` brings, and what it leaves for later."""

import subprocess
import sys

import pytest

import hundred.data


def test_importing_the_package_imports_no_heavy_library() -> None:
    code = (
        "import sys, hundred.data, hundred.data.names, hundred.data.download.download\n"
        "print([name for name in ('torch', 'numpy', 'pyarrow', 'PIL', 'pandas') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", hundred.data.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(hundred.data, name) is not None
    assert name in dir(hundred.data)


def test_other_names_are_not() -> None:
    with pytest.raises(AttributeError, match="nothing_such"):
        hundred.data.nothing_such  # noqa: B018
