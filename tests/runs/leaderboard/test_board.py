"""The leaderboard: which runs it lists, in which order, with which figures."""

from pathlib import Path

import pytest

import hundred
from hundred.errors import HundredError, UsageError
from hundred.runs.directory import lock_run
from hundred.runs.labels import Labels, write_labels
from hundred.runs.leaderboard.board import board
from hundred.runs.leaderboard.entries import find_entry
from hundred.runs.leaderboard.remove import remove
from tests.runs.leaderboard.made import folder, run


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    return folder(tmp_path / "runs")


def names(*args: object, **options: object) -> list[str]:
    return [str(row.get("name")) for row in board(*args, **options).rows]  # type: ignore[arg-type]


def test_best_first_and_what_has_no_figure_last(runs: Path) -> None:
    assert names(runs) == ["sweep", "x2", "a", "b", "cut"]
    assert names(runs, reverse=True) == ["b", "a", "x2", "sweep", "cut"]
    assert names(runs, sort="name") == ["a", "b", "cut", "sweep", "x2"]


def test_groups_have_the_figures_of_their_runs(runs: Path) -> None:
    table = hundred.leaderboard(runs, columns=["name", "kind", "runs", "test_accuracy", "val_accuracy"])
    rows = table.set_index("name").to_dict("index")
    assert rows["x2"] == {"kind": "repeats", "runs": 2, "test_accuracy": 0.625, "val_accuracy": 0.625}
    assert rows["sweep"] == {"kind": "sweep", "runs": 2, "test_accuracy": 0.7, "val_accuracy": 0.72}


def test_unfolded_groups_are_followed_by_their_runs_best_first(runs: Path) -> None:
    found = names(runs, unfold=True)
    assert found[found.index("x2") :][:3] == ["x2", "x2/seed-1", "x2/seed-0"]
    assert "sweep/winner-trial-0000/seed-1" in found


def test_a_run_that_has_not_ended_shows_its_last_epoch(runs: Path) -> None:
    [row] = [row for row in board(runs).rows if row.get("name") == "cut"]
    expected = {"state": "unfinished", "epochs": 2, "planned_epochs": 8, "val_accuracy": 0.21}
    assert {key: row.get(key) for key in expected} == expected
    with lock_run(runs / "cut"):
        assert find_entry("cut", runs).get("state") == "running"


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("test_accuracy>=60%", ["sweep", "x2", "a"]),
        ("test_accuracy > 0.55 and recipe = sprint", ["a"]),
        ("recipe=sprint or state=unfinished", ["a", "cut"]),
        ("not (recipe=sprint or kind!=run)", ["b", "cut"]),
        ("test_accuracy=none", ["cut"]),
        ("training.batch_size=128", ["a"]),
        ("name~EE", ["sweep"]),
        ("started>2026-01-01 and started<2026-02-01 and runs=2", ["sweep", "x2"]),
        ("tags=best", ["b"]),
    ],
)
def test_conditions_choose_runs(runs: Path, where: str, found: list[str]) -> None:
    write_labels(runs / "b", Labels(tags=("best",)))
    assert names(runs, where=where) == found


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("test_accuracy", "is no comparison"),
        ("test_accuracy>0.5 recipe=a", "'recipe' is unexpected"),
        ("(test_accuracy>0.5", "a ) is missing"),
        ("a='", "cannot read"),
        ("", "is no comparison"),
        ("state<true", "takes a number or a date"),
        ("test_acuracy>0.5", "did you mean 'test_accuracy'"),
        ("training.batchsize=3", "did you mean 'training.batch_size'"),
    ],
)
def test_a_wrong_condition_is_an_error_that_says_what_is_wrong(runs: Path, where: str, message: str) -> None:
    with pytest.raises(UsageError, match=message.replace("(", r"\(").replace(")", r"\)")):
        board(runs, where=where or " ")


def test_archived_runs_are_listed_apart(runs: Path) -> None:
    write_labels(runs / "a", Labels(archived=True))
    assert "a" not in names(runs)
    assert names(runs, archived=True) == ["a"]


def test_a_damaged_run_is_listed_as_such(runs: Path) -> None:
    (runs / "b" / "result.json").write_text("{")
    (runs / "a" / "labels.json").write_text('{"tags": 3}')
    rows = {row.get("name"): row for row in board(runs).rows}
    assert rows["b"].get("state") == "damaged"
    assert "is damaged" in str(rows["b"].get("error"))
    assert "is damaged" in str(rows["a"].get("note"))


def test_size_counts_all_files(runs: Path) -> None:
    expected = sum(path.stat().st_size for path in (runs / "x2").rglob("*") if path.is_file())
    assert find_entry("x2", runs).get("size") == expected


def test_what_is_no_run_is_not_found(runs: Path) -> None:
    for name in ("notes", "mlartifacts", "nothing"):
        with pytest.raises(UsageError, match="there is no run"):
            find_entry(name, runs)
    assert board(runs / "absent").rows == ()


def test_removing_deletes_the_whole_directory_but_never_of_a_run_under_way(runs: Path) -> None:
    remove(find_entry("x2", runs))
    assert not (runs / "x2").exists()
    with lock_run(run(runs / "y2" / "seed-0")), pytest.raises(HundredError, match="being written"):
        remove(find_entry("y2", runs))
    assert (runs / "y2" / "seed-0" / "recipe.toml").exists()


def test_an_interrupted_removal_leaves_no_run_with_files_missing(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(path: Path) -> None:
        (path / "recipe.toml").unlink()
        raise KeyboardInterrupt

    monkeypatch.setattr("shutil.rmtree", interrupt)
    with pytest.raises(KeyboardInterrupt):
        remove(find_entry("a", runs))
    assert "a" not in names(runs)
    run(runs / "a", 0.1)  # the name is free
