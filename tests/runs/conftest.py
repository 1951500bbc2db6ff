"""One MLflow store for all tests of this room: making its tables takes seconds."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose mlflow.db has its tables; the name has a space, a # and an é in it."""
    import warnings

    from hundred.runs.trackers.mlflow.store import local_uri, open_store

    folder = tmp_path_factory.mktemp("runs #é 1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of MLflow and what it imports, not ours
        open_store(local_uri(folder))
    return folder
