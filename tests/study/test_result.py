"""What a study's folder holds."""

from pathlib import Path

import pytest

from hundred.errors import HundredError, UsageError
from hundred.study.plan import StudyPlan, save_plan
from hundred.study.result import Study, open_study


def test_a_run_under_way_or_a_folder_without_runs_is_left_out(study: Study, tmp_path: Path) -> None:
    (study.path / "school" / "seed-2" / "result.json").unlink()
    assert len(open_study(study.path).runs["school"]) == 2
    empty = tmp_path / "empty"
    empty.mkdir()
    save_plan(empty, StudyPlan("d", "cifar100", None, None, "holdout"), {})
    with pytest.raises(HundredError, match="no run of the study"):
        open_study(empty).write()
    with pytest.raises(UsageError, match="not a study"):
        open_study(tmp_path / "nowhere")
