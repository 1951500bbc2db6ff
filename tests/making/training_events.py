"""Events as a training would emit them, for the tests of the listeners."""

from collections.abc import Iterator
from pathlib import Path

from hundred.runs.events import EventLog
from hundred.runs.history import HistoryCsv
from hundred.runs.result import Result
from hundred.training.events import (
    CheckpointWritten,
    EpochEnded,
    Event,
    LearningRateCut,
    NewBest,
    RunStarted,
    StepsDone,
    Stopped,
    notify,
)


def started(epochs: int = 3, first_epoch: int = 1) -> RunStarted:
    return RunStarted("school", 4_899_044, epochs, 2, 45_000, "cpu", first_epoch)


def epoch_ended(epoch: int) -> EpochEnded:
    """Figures whose decimal expansions never end, so that a lost digit shows."""
    return EpochEnded(epoch, epoch / 7, 4.6 / epoch, epoch / 9, 4.5 / epoch, 1e-3 / epoch, 1 / 3, 1e4 / 3)


def training(epochs: int = 3, first_epoch: int = 1) -> Iterator[Event]:
    """A training of some epochs, with a learning-rate cut after the second."""
    yield started(epochs, first_epoch)
    for epoch in range(first_epoch, epochs + 1):
        yield StepsDone(epoch, 1, 2, 4.6, 0.1, 1e-3, 800.0, 60.0)
        yield epoch_ended(epoch)
        yield NewBest(epoch, "val_loss", 4.5 / epoch)
        if epoch == 2:
            yield LearningRateCut(2, 1e-3, 2e-4, "val_loss did not improve")
        yield CheckpointWritten(epoch, "checkpoint.pt")
    yield Stopped(epochs, "epochs")


def record(run: Path, epochs: int = 3, first_epoch: int = 1, *, listeners: tuple[object, ...] = ()) -> None:
    """Send the events of a whole training to the listeners of a run directory."""
    recorders = (HistoryCsv(run / "history.csv"), EventLog(run / "events.jsonl"))
    for event in training(epochs, first_epoch):
        notify((*recorders, *listeners), event)


def finished_run(folder: Path, name: str = "school-1", epochs: int = 3) -> Path:
    """A small whole run directory; its model file is no model."""
    run = folder / name
    run.mkdir(parents=True)
    (run / "recipe.toml").write_text(
        'name = "school"\n[model]\nname = "school"\n[training]\nepochs = 3\nbatch_size = 64\n'
        '[[augment]]\nname = "rotation"\ndegrees = 15\n[[augment]]\nname = "flip"\n'
    )
    (run / "environment.json").write_text(
        '{"python": "3.11.7", "torch": "2.13.0", "device": "cpu", "git_revision": "abc123", '
        '"command": "hundred train"}'
    )
    record(run, epochs)
    (run / "model.h5").write_bytes(b"model bytes")
    (run / "figures").mkdir()
    (run / "figures" / "curves.png").write_bytes(b"\x89PNG")
    Result(
        name=name,
        recipe="school",
        model="school",
        parameters=4_899_044,
        epochs=epochs,
        seed=1,
        device="cpu",
        data="sample",
        data_digest="00ff",
        protocol="holdout",
        val_accuracy=0.5,
        test_accuracy=0.571,
        stopped="epochs",
        extra={"test_accuracy_interval": [0.56, 0.58]},
    ).write(run / "result.json")
    return run
