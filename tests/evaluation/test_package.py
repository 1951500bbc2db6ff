"""The room's door: names load when used, and nothing heavy before."""

import subprocess
import sys

import pytest

import hundred.evaluation


def test_every_name_at_the_door_is_there() -> None:
    for name in hundred.evaluation.__all__:
        assert callable(getattr(hundred.evaluation, name)), name


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        _ = hundred.evaluation.nonsense


def test_the_room_opens_without_heavy_libraries_and_compares_without_torch() -> None:
    code = (
        "import sys, hundred.evaluation; assert not {'torch', 'pandas', 'scipy'} & set(sys.modules); "
        "import hundred.evaluation.compare.comparison; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
