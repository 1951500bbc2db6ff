"""Shared fixtures. Tests run on two cores or fewer, offline, and leave nothing outside their own folders."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

# Keras is only a reference here; on the torch backend it needs no TensorFlow.
os.environ.setdefault("KERAS_BACKEND", "torch")

import pytest
from hypothesis import settings

# No test depends on how quick the machine is.
settings.register_profile("hundred", deadline=None)
settings.load_profile("hundred")

# A shell that starts tests in the background has them ignore Ctrl-C, and all processes that they start too.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

if TYPE_CHECKING:
    from tests.making.finished import Finished


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep caches, stores and configuration of each test apart from the user's."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "cache"))
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "data"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("HUNDRED_URL", raising=False)
    monkeypatch.delenv("HUNDRED_MIRROR", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(home / "keras"))  # where CIFAR-100 is looked for


@pytest.fixture(autouse=True)
def _ctrl_c_as_before() -> Iterator[None]:
    """An interrupted command has its process ignore a further Ctrl-C; the next test is not to."""
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of the real CIFAR-100, named by HUNDRED_DATA; the test is skipped where there is none."""
    where = os.environ.get("HUNDRED_DATA", "")
    if not where or not Path(where).exists():
        pytest.skip("the real CIFAR-100 is not here: set HUNDRED_DATA to its folder")
    return Path(where)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> "Finished":
    """Small finished runs, to be read and not changed."""
    from tests.making.finished import Finished

    return Finished(tmp_path_factory.mktemp("finished"))


@pytest.fixture
def sample_at_once(finished: "Finished", monkeypatch: pytest.MonkeyPatch) -> None:
    """The sample set is not drawn again for each command."""
    monkeypatch.setattr("hundred.data.opening.open.draw_sample", lambda: finished.data)
