"""What accuracy cost, and the Pareto front."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hundred.evaluation.compare.cost import cost_table, pareto_front

ENTRIES = st.lists(
    st.tuples(st.one_of(st.none(), st.sampled_from([1.0, 2.0, 5.0, 9.0])), st.sampled_from([0.1, 0.4, 0.7])),
    min_size=1,
    max_size=8,
)


def test_the_front_of_a_known_example() -> None:
    seconds = [10, 20, 30, 25, None, 10]
    accuracy = [0.5, 0.6, 0.55, 0.6, 0.9, 0.4]
    assert pareto_front(seconds, accuracy).tolist() == [True, True, False, False, False, False]


@given(ENTRIES)
def test_an_entry_is_on_the_front_exactly_where_no_other_beats_it(
    entries: list[tuple[float | None, float]],
) -> None:
    front = pareto_front([seconds for seconds, _ in entries], [accuracy for _, accuracy in entries])
    for (seconds, accuracy), on_front in zip(entries, front, strict=True):
        beaten = seconds is None or any(
            other is not None
            and other <= seconds
            and best >= accuracy
            and (other, best) != (seconds, accuracy)
            for other, best in entries
        )
        assert on_front == (not beaten)


def test_unknown_costs_are_missing_and_known_ones_divide() -> None:
    table = cost_table(["a", "b"], [0.6, 0.5], [90.0, None], [1000, None], [None, 2000])
    assert table.loc[0, "accuracy_per_minute"] == pytest.approx(0.4)
    assert table.loc[1, ["train_seconds", "parameters", "accuracy_per_minute"]].isna().all()
    assert table["file_bytes"].tolist() == [pd.NA, 2000]
    assert table["pareto"].tolist() == [True, False]


def test_no_time_at_all_gives_no_rate() -> None:
    assert cost_table(["a"], [0.6], [0.0], [1], [1])["accuracy_per_minute"].isna().all()
    assert not np.any(pareto_front([None, float("nan")], [0.5, 0.6]))
