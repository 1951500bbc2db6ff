"""A run directory belongs to the one command that made it, and to one writer at a time."""

import errno
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hundred.errors import HundredError, UsageError
from hundred.runs.directory import automatic_name, check_in_place, create_run_directory, lock_run


def unfinished(path: Path, when: float = 0.0) -> Path:
    path.mkdir(parents=True)
    (path / "recipe.toml").write_text("")
    os.utime(path, (when, when))
    return path


def test_automatic_names_hold_the_recipe_and_the_minute(tmp_path: Path) -> None:
    path = create_run_directory(tmp_path / "runs", prefix="school")
    assert re.fullmatch(r"school-\d{4}-\d\d-\d\d-\d{4}", path.name)
    assert path.is_dir()


def test_a_prefix_never_leads_out_of_the_runs_folder() -> None:
    assert re.fullmatch(r"etc-x-y-[\d-]+", automatic_name("../../etc/x y"))
    assert automatic_name("..").startswith("run-")


def test_the_same_minute_gives_numbered_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hundred.runs.directory.automatic_name", lambda prefix: "school-now")
    names = [create_run_directory(tmp_path, prefix="school").name for _ in range(3)]
    assert names == ["school-now", "school-now-2", "school-now-3"]


def test_commands_at_once_never_share_a_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hundred.runs.directory.automatic_name", lambda prefix: "school-now")
    with ThreadPoolExecutor(16) as pool:
        paths = list(pool.map(lambda _: create_run_directory(tmp_path, prefix="school"), range(64)))
    assert len(set(paths)) == 64


def test_of_commands_with_one_given_name_exactly_one_gets_it(tmp_path: Path) -> None:
    def claim(_: int) -> bool:
        try:
            create_run_directory(tmp_path, "mine")
        except UsageError:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(claim, range(64))) == 1


def test_a_taken_name_names_both_ways_out(tmp_path: Path) -> None:
    create_run_directory(tmp_path, "mine")
    with pytest.raises(UsageError, match=r"'mine' .* by --resume, or choose another name with --name"):
        create_run_directory(tmp_path, "mine")


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/b", "../a", "/a", "a\nb", "-a", ".a", "a.", "a ", "x" * 121, "a\x00"]
)
def test_names_that_are_no_folder_names_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="a run cannot be named"):
        create_run_directory(tmp_path / "runs", name)
    assert list(tmp_path.iterdir()) == []


def test_resume_finds_the_named_run(tmp_path: Path) -> None:
    path = unfinished(tmp_path / "mine")
    assert create_run_directory(tmp_path, "mine", resume=True) == path


def test_resume_of_a_mistyped_name_names_the_nearest(tmp_path: Path) -> None:
    unfinished(tmp_path / "school-one")
    with pytest.raises(UsageError, match=r"no run 'school-on' .* did you mean 'school-one'\?"):
        create_run_directory(tmp_path, "school-on", resume=True)
    assert not (tmp_path / "school-on").exists()


def test_resume_of_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "thesis.pdf").touch()
    with pytest.raises(UsageError, match="papers is not a run"):
        create_run_directory(tmp_path, "papers", resume=True)


def test_resume_without_a_name_takes_the_newest_unfinished_run_that_no_process_writes(tmp_path: Path) -> None:
    unfinished(tmp_path / "school-1", when=100)
    newer = unfinished(tmp_path / "school-2", when=200)
    live = unfinished(tmp_path / "school-3", when=300)
    finished = unfinished(tmp_path / "school-4", when=400)
    (finished / "result.json").write_text("{}")
    os.utime(finished, (400, 400))
    unfinished(tmp_path / "sprint-5", when=500)
    with lock_run(live):
        os.utime(live, (300, 300))
        assert create_run_directory(tmp_path, prefix="school", resume=True) == newer


def test_resume_without_any_unfinished_run_says_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no unfinished run of 'school'"):
        create_run_directory(tmp_path / "runs", prefix="school", resume=True)


def test_a_run_being_written_by_another_process_is_refused_until_that_process_is_killed(
    tmp_path: Path,
) -> None:
    path = create_run_directory(tmp_path, "mine")
    code = (
        "import sys, time; from hundred.runs.directory import lock_run; "
        "lock = lock_run(sys.argv[1]); print(1, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"1\n"
        with pytest.raises(HundredError, match="mine is being written by another process"):
            lock_run(path)
        writer.kill()
    lock_run(path).release()


def test_a_lock_can_be_taken_again_after_it_was_released(tmp_path: Path) -> None:
    for _ in range(3):
        with lock_run(tmp_path):
            pass


@pytest.mark.parametrize(
    ("number", "words"), [(errno.EROFS, "file system is read-only"), (errno.ENOSPC, "disk is full")]
)
def test_a_folder_that_cannot_be_made_gives_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, words: str
) -> None:
    def refuse(self: Path, *args: object, **kwargs: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(HundredError, match=f"cannot make .*: the {words}"):
        create_run_directory(tmp_path / "runs", "mine")


def test_a_runs_folder_that_is_a_file_gives_one_line(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("")
    with pytest.raises(HundredError, match="cannot make the runs folder"):
        create_run_directory(tmp_path / "runs", "mine")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_runs_folder_gives_one_line(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(HundredError, match="no permission"):
        create_run_directory(tmp_path, "mine")


def failed_start(path: Path) -> Path:
    """What a run leaves that ended before its first epoch, as where a batch did not fit into memory."""
    path.mkdir(parents=True)
    with lock_run(path):
        (path / "recipe.toml").write_text("")
        (path / "events.jsonl").write_text('{"kind": "run-started"}\n')
        (path / "history.csv").write_text("epoch,accuracy\n")
    return path


def test_a_failed_start_does_not_block_its_name(tmp_path: Path) -> None:
    failed = failed_start(tmp_path / "k")
    assert create_run_directory(tmp_path, "k") == failed
    assert [child.name for child in failed.iterdir()] == [".lock"]


@pytest.mark.parametrize("more", ["checkpoint.pt", "mine.txt", "history.csv", "writer"])
def test_a_directory_with_anything_of_worth_keeps_its_name(tmp_path: Path, more: str) -> None:
    path = failed_start(tmp_path / "k")
    if more == "writer":
        with lock_run(path), pytest.raises(UsageError, match="there is a run 'k'"):
            create_run_directory(tmp_path, "k")
        return
    (path / more).write_text("epoch,accuracy\n1,0.5\n")
    with pytest.raises(UsageError, match="there is a run 'k'"):
        create_run_directory(tmp_path, "k")
    assert (path / "recipe.toml").exists()


def test_a_folder_of_the_users_own_keeps_its_name(tmp_path: Path) -> None:
    (tmp_path / "k").mkdir()
    (tmp_path / "k" / "recipe.toml").write_text("mine")
    with pytest.raises(UsageError, match="there is a run 'k'"):
        create_run_directory(tmp_path, "k")


def test_a_name_that_a_file_manager_has_made_can_be_resumed(tmp_path: Path) -> None:
    path = unfinished(tmp_path / "k (copy)")
    assert create_run_directory(tmp_path, "k (copy)", resume=True) == path
    with pytest.raises(UsageError, match="cannot be named"):
        create_run_directory(tmp_path, "k (copy)")


@pytest.mark.parametrize("name", ["..", ".", "", "a/b", "/etc", "a/..", "../a"])
def test_a_name_never_leads_out_of_the_runs_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "recipe.toml").write_text("")
    (tmp_path / "runs").mkdir()
    for resume in (False, True):
        with pytest.raises(UsageError, match="cannot be named"):
            create_run_directory(tmp_path / "runs", name, resume=resume)


def test_a_directory_that_is_gone_is_not_made_again(tmp_path: Path) -> None:
    with pytest.raises(HundredError, match="there is no run directory"):
        lock_run(tmp_path / "gone")
    with pytest.raises(HundredError, match="was moved or deleted"):
        check_in_place(tmp_path / "gone")
    assert list(tmp_path.iterdir()) == []
