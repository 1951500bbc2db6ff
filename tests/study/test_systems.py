"""The systems of the study, by name."""

import pytest

from hundred.errors import UsageError
from hundred.study.systems import SYSTEMS, chosen


def test_systems_are_chosen_by_name_in_the_study_s_order() -> None:
    assert [system.recipe for system in chosen(["school-revisited", "initial"])] == [
        "initial",
        "school-revisited",
    ]
    assert chosen([]) == list(SYSTEMS)
    with pytest.raises(UsageError, match="did you mean 'school-revisited'"):
        chosen(["school-revised"])
