"""`hundred.report` writes the page of whatever it is given."""

from pathlib import Path

import pytest

import hundred
from hundred.errors import UsageError
from hundred.study.result import Study


def test_a_study_is_reported_by_its_object_and_by_its_path(study: Study, tmp_path: Path) -> None:
    assert hundred.report(study) == study.page
    out = tmp_path / "new folder" / "page.html"
    assert hundred.report(str(study.path), out=out) == out
    assert out.read_text(encoding="utf-8") == study.page.read_text(encoding="utf-8")
    with pytest.raises(UsageError, match=r"ends in \.html"):
        hundred.report(study, out=tmp_path / "page.txt")


def test_a_group_is_reported_alone(study: Study) -> None:
    with pytest.raises(UsageError, match="report it alone"):
        hundred.report(study, study.path / "school" / "seed-0")
