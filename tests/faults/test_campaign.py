"""A thousand damaged copies of each kind of file, and commands killed anywhere; see `campaign`."""

from pathlib import Path

import pytest

from tests.faults.campaign import COMMANDS, FILES, MOST_MEGABYTES, make_good_files, run_kind


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("good")
    make_good_files(folder)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("kind", [*FILES, *COMMANDS])
def test_no_attempt_ends_in_a_traceback_a_hang_lost_data_or_a_wrong_result(kind: str, good: Path) -> None:
    outcome = run_kind(kind, good)
    assert outcome.attempts >= 20
    assert (outcome.tracebacks, outcome.hangs, outcome.lost, outcome.wrong) == ([], [], [], [])
    assert outcome.megabytes < MOST_MEGABYTES
