"""A run reaches MLflow whole and once, whatever is repeated, killed, resumed or down."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from hundred.errors import HundredError, UsageError
from hundred.runs.directory import lock_run
from hundred.runs.events import EventLog, cut_events
from hundred.runs.history import HistoryCsv, cut_history
from hundred.runs.labels import Labels, write_labels
from hundred.runs.trackers.mlflow.listener import MlflowListener, MlflowProcess
from hundred.runs.trackers.mlflow.state import read_state
from hundred.runs.trackers.mlflow.store import experiment_id, local_uri
from hundred.runs.trackers.mlflow.sync import finish_parent, start_parent, sync_labels, sync_run
from hundred.training.events import LearningRateCut, Stopped, Warned, notify
from tests.making.training_events import epoch_ended, finished_run, record, started, training


def client_of(store: Path) -> Any:
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=local_uri(store))


def sent_run(store: Path, run: Path) -> Any:
    return client_of(store).get_run(json.loads((run / "mlflow.json").read_text())["run_id"])


def steps(store: Path, run: Path, key: str = "loss") -> list[tuple[int, float]]:
    history = client_of(store).get_metric_history(sent_run(store, run).info.run_id, key)
    return sorted((point.step, point.value) for point in history)


def runs_of(store: Path, run: Path) -> list[Any]:
    """All runs in the store that were made of this directory."""
    key = json.loads((run / "mlflow.json").read_text())["key"]
    client = client_of(store)
    numbers = [each.experiment_id for each in client.search_experiments()]
    return list(client.search_runs(numbers, f"tags.hundred_key = '{key}'"))


EXPECTED = [(epoch, 4.6 / epoch) for epoch in (1, 2, 3)]


def test_a_finished_run_reads_back_whole(tmp_path: Path, store: Path) -> None:
    run = finished_run(tmp_path)
    report = sync_run(run, store=store)
    assert (report.epochs, report.finished) == (3, True)
    there = sent_run(store, run)
    assert there.info.run_name == "school-1"
    assert there.info.status == "FINISHED"
    assert there.info.end_time > there.info.start_time > 0
    assert there.data.params == {
        "name": "school", "model.name": "school", "training.epochs": "3", "training.batch_size": "64",
        "augment.0.name": "rotation", "augment.0.degrees": "15", "augment.1.name": "flip",
    }  # fmt: skip
    assert steps(store, run) == EXPECTED
    assert steps(store, run, "val_accuracy") == [(epoch, epoch / 9) for epoch in (1, 2, 3)]
    assert there.data.metrics["test_accuracy"] == 0.571
    assert there.data.metrics["final_val_accuracy"] == 0.5
    assert there.data.metrics["test_accuracy_interval_low"] == 0.56
    for tag, value in {
        "protocol": "holdout",
        "data": "sample",
        "stopped": "epochs",
        "best_epoch": "3",
        "learning_rate_cuts": "2: 0.001 -> 0.0002",
        "environment.torch": "2.13.0",
        "mlflow.source.git.commit": "abc123",
        "mlflow.source.name": "hundred train",
    }.items():
        assert there.data.tags[tag] == value
    client = client_of(store)
    names = {each.path for each in client.list_artifacts(there.info.run_id)}
    data = {"recipe.toml", "environment.json", "history.csv", "events.jsonl", "result.json"}
    assert names == data | {"model.h5", "figures"}
    copy = Path(client.download_artifacts(there.info.run_id, "model.h5", str(tmp_path)))
    assert copy.read_bytes() == b"model bytes"


def test_sending_again_changes_nothing(tmp_path: Path, store: Path) -> None:
    run = finished_run(tmp_path)
    first = sync_run(run, store=store)
    again = sync_run(run, store=store)
    assert (again.run_id, again.epochs, again.artifacts) == (first.run_id, 0, 0)
    assert str(first) == f"3 epochs and 7 files sent to {local_uri(store)}"
    assert str(again) == f"nothing new for {local_uri(store)}"
    assert steps(store, run) == EXPECTED


def test_a_run_that_forgot_what_it_sent_is_found_again_and_not_doubled(tmp_path: Path, store: Path) -> None:
    run = finished_run(tmp_path)
    first = sync_run(run, store=store)
    state = json.loads((run / "mlflow.json").read_text())
    (run / "mlflow.json").write_text(json.dumps({"key": state["key"]}))
    again = sync_run(run, store=store)
    assert again.run_id == first.run_id
    assert len(runs_of(store, run)) == 1
    assert steps(store, run) == EXPECTED
    assert steps(store, run, "test_accuracy") == [(3, 0.571)]


def test_only_what_is_new_is_sent_while_a_run_goes_on(tmp_path: Path, store: Path) -> None:
    run = tmp_path / "live"
    run.mkdir()
    (run / "recipe.toml").write_text("seed = 1\n")
    recorders = (HistoryCsv(run / "history.csv"), EventLog(run / "events.jsonl"))
    with lock_run(run):
        notify(recorders, started())
        notify(recorders, epoch_ended(1))
        assert sync_run(run, store=store).epochs == 1
        assert sent_run(store, run).info.status == "RUNNING"
        notify(recorders, epoch_ended(2))
        notify(recorders, LearningRateCut(2, 1.0, 0.5, ""))
        notify(recorders, Warned("the disk is nearly full"))
        report = sync_run(run, store=store)
    assert (report.epochs, report.finished) == (1, False)
    assert steps(store, run) == EXPECTED[:2]
    tags = sent_run(store, run).data.tags
    assert (tags["learning_rate_cuts"], tags["warnings"]) == ("2: 1.0 -> 0.5", "the disk is nearly full")


def test_a_row_whose_event_is_not_written_yet_waits(tmp_path: Path, store: Path) -> None:
    run = finished_run(tmp_path)
    (run / "result.json").unlink()
    cut_events(run / "events.jsonl", 2)
    assert sync_run(run, store=store, ended=False).epochs == 2
    assert sync_run(run, store=store, ended=True).epochs == 1
    assert steps(store, run) == EXPECTED


def test_a_killed_run_that_is_resumed_has_each_epoch_once(tmp_path: Path, store: Path) -> None:
    run = tmp_path / "resumed"
    run.mkdir()
    (run / "recipe.toml").write_text("[training]\nepochs = 2\n")
    record(run, 2)
    sync_run(run, store=store)
    assert sent_run(store, run).info.status == "FAILED"
    # The checkpoint was that of epoch 1; the resumed run was asked for one epoch more.
    cut_history(run / "history.csv", 1)
    cut_events(run / "events.jsonl", 1)
    (run / "recipe.toml").write_text("[training]\nepochs = 3\n")
    record(run, 3, first_epoch=2)
    sync_run(run, store=store, ended=False)
    there = sent_run(store, run)
    assert there.info.status == "RUNNING"
    assert there.data.params["training.epochs"] == "2"
    assert there.data.tags["changed.training.epochs"] == "3"
    assert steps(store, run) == EXPECTED


def test_an_interrupted_run_is_marked_so(tmp_path: Path, store: Path) -> None:
    run = finished_run(tmp_path)
    (run / "result.json").unlink()
    notify([EventLog(run / "events.jsonl")], Stopped(3, "interrupted"))
    sync_run(run, store=store)
    assert sent_run(store, run).info.status == "KILLED"


def test_a_run_deleted_in_mlflow_is_sent_anew(tmp_path: Path, store: Path) -> None:
    run = finished_run(tmp_path)
    first = sync_run(run, store=store)
    client_of(store).delete_run(first.run_id)
    again = sync_run(run, store=store)
    assert again.run_id != first.run_id
    assert steps(store, run) == EXPECTED


def test_runs_inside_an_announced_folder_are_nested(tmp_path: Path, store: Path) -> None:
    folder = tmp_path / "sweep"
    parent = start_parent(folder, store=store, parameters={"trials": 2}, tags={"kind": "sweep"})
    assert start_parent(folder, store=store) == parent
    for name in ("a", "b"):
        sync_run(finished_run(folder, name))  # the store is the parent's, untold
    table = tmp_path / "sweep.csv"
    table.write_text("trial\n")
    finish_parent(folder, metrics={"best_val_accuracy": 0.6}, artifacts=[table], tags={"winner": "b"})
    there = sent_run(store, folder)
    assert (there.info.run_id, there.info.status) == (parent, "FINISHED")
    assert there.data.params == {"trials": "2"}
    assert there.data.metrics == {"best_val_accuracy": 0.6}
    (point,) = client_of(store).get_metric_history(parent, "best_val_accuracy")
    assert point.timestamp >= there.info.start_time
    assert there.data.tags["winner"] == "b"
    children = client_of(store).search_runs(
        [there.info.experiment_id], f"tags.mlflow.parentRunId = '{parent}'"
    )
    assert sorted(child.info.run_name for child in children) == ["a", "b"]


def test_tags_and_the_note_of_a_folder_reach_its_run(tmp_path: Path, store: Path) -> None:
    folder = tmp_path / "sweep"
    folder.mkdir()
    write_labels(folder, Labels(("early",), "first"))
    start_parent(folder, store=store, tags={"kind": "sweep"})
    assert sent_run(store, folder).data.tags["tag.early"] == "true"
    finish_parent(folder, tags={"winner": "b"})
    write_labels(folder, Labels(("late",), "second"))
    assert sync_labels(folder) == read_state(folder).tracking_uri
    tags = sent_run(store, folder).data.tags
    assert (tags["tag.late"], tags["mlflow.note.content"]) == ("true", "second")
    assert (tags["kind"], tags["winner"]) == ("sweep", "b")
    assert "tag.early" not in tags


def test_a_run_sent_alone_can_be_nested_later(tmp_path: Path, store: Path) -> None:
    run = finished_run(tmp_path)
    sync_run(run, store=store)
    parent = start_parent(tmp_path / "other", store=store)
    sync_run(run, store=store, parent_run_id=parent)
    assert sent_run(store, run).data.tags["mlflow.parentRunId"] == parent


def test_the_experiment_and_the_server_are_mlflows_own_variables(
    tmp_path: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", local_uri(store))
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "my thesis")
    report = sync_run(finished_run(tmp_path))
    assert report.tracking_uri == local_uri(store)
    number = client_of(store).get_run(report.run_id).info.experiment_id
    assert client_of(store).get_experiment(number).name == "my thesis"
    assert not (tmp_path / "mlflow.db").exists()


def test_what_is_no_run_and_what_is_damaged_give_one_line(tmp_path: Path, store: Path) -> None:
    with pytest.raises(UsageError, match="is not a run"):
        sync_run(tmp_path, store=store)
    run = finished_run(tmp_path)
    (run / "recipe.toml").write_text("= 1")
    with pytest.raises(HundredError, match=r"recipe\.toml is damaged"):
        sync_run(run, store=store)


def test_a_damaged_store_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_bytes(b"no database" * 1000)
    with pytest.raises(HundredError, match=r"mlflow\.db cannot be used: file is not a database"):
        sync_run(finished_run(tmp_path))


@pytest.mark.parametrize("name", ["50%", "what?"])
def test_a_folder_that_cannot_be_in_a_sqlite_address_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(HundredError, match="% and"):
        sync_run(finished_run(tmp_path / name))
    assert not list(tmp_path.glob("*/mlflow.db"))


@pytest.fixture
def silent_server() -> Iterator[str]:
    """The address, with a password, of a server that takes connections and never answers."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(16)
        yield f"http://user:hidden@127.0.0.1:{listening.getsockname()[1]}"


@contextmanager
def answering(answer: bytes, pause: float) -> Iterator[str]:
    """The address of a server that answers every request with `answer`, a byte each `pause` seconds."""
    done = threading.Event()

    def serve(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.recv(65536)
            for byte in answer:
                connection.sendall(bytes([byte]))
                if done.wait(pause):
                    return

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listening.accept()[0],), daemon=True).start()

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(16)
        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        done.set()
        listening.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    ("answer", "pause"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b" " * 100000, 0.2),
        (b"HTTP/1.1 429 Busy\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n", 0.0),
    ],
    ids=["a byte at a time", "retry in an hour"],
)
def test_a_whole_exchange_with_a_server_has_one_deadline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: bytes, pause: float
) -> None:
    monkeypatch.setattr("hundred.runs.trackers.mlflow.sync.EXCHANGE_SECONDS", 0.7)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "3")
    with answering(answer, pause) as address:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
        run = finished_run(tmp_path)
        for call in (lambda: sync_run(run), lambda: start_parent(tmp_path / "sweep")):
            with pytest.raises(HundredError, match=f"MLflow at {address} does not answer"):
                call()


def test_a_server_that_hangs_or_is_gone_is_reported_without_the_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, silent_server: str
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    run = finished_run(tmp_path)
    for address in (silent_server, "http://user:hidden@127.0.0.1:9"):
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
        with pytest.raises(HundredError) as caught:
            sync_run(run)
        shown = address.replace("user:hidden@", "")
        assert str(caught.value) == f"MLflow at {shown} does not answer"
    assert "hidden" not in (run / "mlflow.json").read_text()


def test_a_run_refused_by_a_dead_server_is_sent_elsewhere_later(
    tmp_path: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    run = finished_run(tmp_path)
    with pytest.raises(HundredError):
        sync_run(run)
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert sync_run(run, store=store).epochs == 3
    assert steps(store, run) == EXPECTED


def test_senders_at_once_make_one_run(tmp_path: Path, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = finished_run(tmp_path, "sent-at-once")
    sync_run(finished_run(tmp_path, "warm"), store=store)

    def slow(*arguments: Any) -> str:
        """Long enough for every sender to find that there is no run yet."""
        time.sleep(0.3)
        return experiment_id(*arguments)

    monkeypatch.setattr("hundred.runs.trackers.mlflow.uploader.experiment_id", slow)
    threads = [threading.Thread(target=sync_run, args=(run,), kwargs={"store": store}) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    number = sent_run(store, run).info.experiment_id
    assert len(client_of(store).search_runs([number], "attributes.run_name = 'sent-at-once'")) == 1
    assert steps(store, run) == EXPECTED


def wait_until(condition: Any, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.05)


def epochs_sent(run: Path) -> int:
    try:
        return int(json.loads((run / "mlflow.json").read_text())["epochs_sent"])
    except (OSError, ValueError):
        return 0


def test_a_live_run_is_sent_by_a_child_that_may_be_killed(tmp_path: Path, store: Path) -> None:
    """kill -9 of the listener in mid-run: training goes on, one warning, and a later send completes the
    run."""
    run = finished_run(tmp_path)
    (run / "history.csv").unlink()
    (run / "events.jsonl").unlink()
    warnings: list[str] = []
    process = MlflowProcess()
    listener = MlflowListener(run, store=store, warn=warnings.append, process=process)
    listener.owns_process = True
    recorders = (HistoryCsv(run / "history.csv"), EventLog(run / "events.jsonl"), listener)
    for event in training():
        notify(recorders, event)
        if event == epoch_ended(2):
            wait_until(lambda: epochs_sent(run) == 2)
            assert sent_run(store, run).info.status == "RUNNING"
            assert process.pid is not None
            os.kill(process.pid, signal.SIGKILL)
    listener.close()
    listener.close()
    assert len(warnings) == 1
    assert f"send it later: hundred sync {run}" in warnings[0]
    assert sync_run(run, store=store).epochs == 1
    assert len(runs_of(store, run)) == 1
    assert steps(store, run) == EXPECTED


TRAINING_THAT_IS_KILLED = """
import sys, os, signal, time
sys.path.insert(0, sys.argv[3])
from pathlib import Path
from hundred.runs.directory import lock_run
from hundred.runs.trackers.mlflow.listener import MlflowListener
from tests.making.training_events import record
run = Path(sys.argv[1])
(run / "recipe.toml").write_text("seed = 1")
lock = lock_run(run)
listener = MlflowListener(run, store=sys.argv[2])
record(run, 3, listeners=(listener,))
print(listener.process.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z"
    except OSError:
        return False


def test_when_training_is_killed_the_child_sends_the_rest_and_ends(tmp_path: Path, store: Path) -> None:
    run = tmp_path / "killed"
    run.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", TRAINING_THAT_IS_KILLED, str(run), str(store), str(Path(__file__).parents[4])],
        stdout=subprocess.PIPE,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    wait_until(lambda: not is_alive(int(done.stdout)), seconds=90)
    assert steps(store, run) == EXPECTED
    assert sent_run(store, run).info.status == "FAILED"


def test_a_dead_server_is_warned_of_once_and_training_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    run = finished_run(tmp_path)
    warnings: list[str] = []
    listener = MlflowListener(run, warn=warnings.append)
    for event in training():
        notify([listener], event)
    listener.close()
    assert warnings == [
        "MLflow at http://127.0.0.1:9 does not answer. Nothing of the run is lost; "
        f"send it later: hundred sync {run}"
    ]


def test_a_hanging_server_holds_the_end_up_for_a_bounded_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, silent_server: str
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", silent_server)
    warnings: list[str] = []
    listener = MlflowListener(finished_run(tmp_path), warn=warnings.append, wait_seconds=1)
    notify([listener], started())
    child = listener.process.pid if listener.process else None
    listener.close()
    assert len(warnings) == 1
    assert "did not take the whole run in time" in warnings[0]
    assert child is not None
    assert not is_alive(child)


CHILD_WITH_A_SECOND_LEFT = """
import sys
from hundred.runs.trackers.mlflow import process
process.LAST_SECONDS = 1
sys.exit(process.main())
"""


def test_a_child_whose_training_is_gone_ends_though_its_server_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, silent_server: str
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", silent_server)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "600")
    order = json.dumps({"run": str(finished_run(tmp_path)), "ended": True}) + "\n"
    done = subprocess.run(
        [sys.executable, "-c", CHILD_WITH_A_SECOND_LEFT], input=order.encode(), timeout=120, check=False
    )
    assert done.returncode == 1


SENDER = """
import sys, time
from hundred.runs.trackers.mlflow.sync import sync_run
while time.time() < float(sys.argv[2]):
    pass
print(sync_run(sys.argv[1]).run_id)
"""


def test_processes_that_make_the_store_at_once_share_one_experiment(tmp_path: Path) -> None:
    runs = [finished_run(tmp_path, name) for name in ("a", "b")]
    start = str(time.time() + 1)
    senders = [
        subprocess.Popen([sys.executable, "-c", SENDER, str(run), start], stdout=subprocess.PIPE, text=True)
        for run in runs
    ]
    ids = [sender.communicate()[0].strip() for sender in senders]
    assert [sender.returncode for sender in senders] == [0, 0]
    experiments = {client_of(tmp_path).get_run(number).info.experiment_id for number in ids}
    assert len(experiments) == 1
    assert [steps(tmp_path, run) for run in runs] == [EXPECTED, EXPECTED]


def test_a_child_that_cannot_be_started_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nowhere"))
    warnings: list[str] = []
    listener = MlflowListener(finished_run(tmp_path), warn=warnings.append)
    for event in training():
        notify([listener], event)
    listener.close()
    assert len(warnings) == 1
    assert "could not be started" in warnings[0]
