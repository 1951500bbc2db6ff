"""A study of five systems, to be read and changed by a test."""

from pathlib import Path

import pytest

from hundred.study.result import Study
from tests.making.study_runs import write_run, write_study


@pytest.fixture
def study(tmp_path: Path) -> Study:
    """Five systems, three seeds each of school and its revisited form, which knows seals."""
    for seed in range(3):
        school = {"": 0.5, "seal": 0.1, "otter": 0.1, "squirrel": 0.1, "bear": 0.1}
        write_run(tmp_path, "school", seed, {**school, "apple": 0.4 + 0.1 * seed}, gap=0.2, cuts=3)
        revisited = {**school, "": 0.7, "seal": 0.6}
        write_run(
            tmp_path, "school-revisited", seed, {**revisited, "apple": 0.3 + 0.3 * seed}, gap=0.05, cuts=1
        )
    write_run(tmp_path, "initial", 0, 0.3, gap=0.5, stopped="early-stopping", epochs=11)
    write_run(tmp_path, "intermediate", 0, 0.4, gap=0.3, epochs=5)
    write_run(tmp_path, "simple", 0, {"": 0.4, "rose": 0.9}, gap=0.25, **{"training.batch_size": 256})
    return write_study(tmp_path)
