"""All tables as CSV files."""

from pathlib import Path

import pandas as pd

from hundred.evaluation.tables import tables, tables_to_csv
from tests.making.logits import COARSE, FINE, FINE_TO_COARSE, random_logits


def test_every_table_comes_back_from_its_file(tmp_path: Path) -> None:
    logits, labels = random_logits(500, 100)
    made = tables(logits, labels, FINE, COARSE, FINE_TO_COARSE, images=30)
    paths = tables_to_csv(tmp_path / "new", made)
    assert set(paths) == set(made)
    for name, path in paths.items():
        assert path == tmp_path / "new" / f"{name}.csv"
        read = pd.read_csv(path)
        pd.testing.assert_frame_equal(read, made[name].reset_index(drop=True), check_dtype=False)
    assert len(pd.read_csv(paths["classes"])) == 100
    assert pd.read_csv(paths["confusion-matrix"]).drop(columns="true").to_numpy().sum() == 500
    assert pd.read_csv(paths["metrics"]).loc[0, "accuracy"] == (logits.argmax(1) == labels).mean()


def test_texts_that_a_spreadsheet_would_run_are_marked_and_numbers_are_not(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"=name": ["=1+1", "@SUM(A1)", "-x", "-1.5", "cat"], "value": [-1.5, 2.0, 0.0, 1.0, 3.0]}
    )
    (path,) = tables_to_csv(tmp_path, {"t": frame}).values()
    assert path.read_text().splitlines() == [
        "'=name,value", "'=1+1,-1.5", "'@SUM(A1),2.0", "'-x,0.0", "-1.5,1.0", "cat,3.0",
    ]  # fmt: skip
