"""Train tiny networks in one, two and three processes: `python processes.py FOLDER`.

Importing torch takes seconds, so one process imports it and forks the others. It must not compute before.
"""

import os
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
import torch._dynamo  # imported by the first optimizer; here, so that not each process does it
import torch.distributed  # likewise

from hundred.errors import HundredError
from hundred.training.callbacks.early_stopping import EarlyStopping
from hundred.training.callbacks.plateau import ReduceOnPlateau
from hundred.training.events import Warned
from hundred.training.loss import CrossEntropy
from hundred.training.optim.schedules import Schedule
from hundred.training.strategies.distributed import DistributedStrategy, place
from hundred.training.trainer import Trainer
from tests.training.tiny import network, rows, trainer, weights

CPU = torch.device("cpu")


def plain(_rank: int) -> Trainer:
    return trainer(optimizer="sgd", images=38)  # the last batch has six images: two for each of three


def uneven(_rank: int) -> Trainer:
    return trainer(optimizer="sgd", images=34, batch_size=8, augment=True)  # and here two: too few for three


def all_at_once(_rank: int) -> Trainer:
    return trainer(
        augment=True,
        mixup=True,
        ema=0.8,
        optimizer="adamw",
        gradient_clip=0.5,
        loss=CrossEntropy(0.1),
        schedule=Schedule("cosine", warmup=0.2),
        resolutions=((0.4, 16), (1.0, 32)),
        epochs=2,
    )


def muon(_rank: int) -> Trainer:
    return trainer(optimizer="muon", epochs=2)


def called_back(rank: int) -> Trainer:
    """The callbacks of the first process act for all: a rate cut each epoch, and the end after the third."""
    never = {"monitor": "val_loss", "min_delta": 1e9}
    callbacks = (ReduceOnPlateau(patience=1, factor=0.5, **never), EarlyStopping(patience=2, **never))
    return trainer(epochs=9, callbacks=callbacks if rank == 0 else ())


def interrupted(rank: int) -> Trainer:
    """Only the last process is asked to end, in the second epoch."""
    asked: Iterator[bool] = iter([False] * 6 + [True] * 99)
    last = rank == int(os.environ.get("WORLD_SIZE", "1")) - 1
    return trainer(interrupted=(lambda: next(asked)) if last else lambda: False)


def late(rank: int) -> Trainer:
    """Only the first process has a clock, and its time is up at once."""
    made = trainer()
    made.plan.deadline = 0.0 if rank == 0 else None
    return made


def diverging(_rank: int) -> Trainer:
    return trainer(optimizer="sgd", learning_rate=1e30)


def own_norm(_rank: int) -> Trainer:
    net = network()
    net[1] = OwnNorm(6)
    return trainer(net=net, epochs=1)


class OwnNorm(torch.nn.BatchNorm2d):
    """Batch norm with a forward of its own, as some libraries have it."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x).relu()


KINDS: dict[str, Callable[[int], Trainer]] = {
    kind.__name__: kind
    for kind in (plain, uneven, all_at_once, muon, called_back, interrupted, late, diverging, own_norm)
}


def train(kind: str, rank: int, strategy: DistributedStrategy | None) -> dict[str, Any]:
    torch.manual_seed(rank)
    made = KINDS[kind](rank)
    if strategy is not None:
        if rank > 0 and kind != "own_norm":
            with torch.no_grad():
                for parameter in made.network.parameters():
                    parameter.mul_(7.0)  # replaced by the weights of process 0
        made.strategy = strategy
        strategy.start(made.network)
    events = list(made.run())
    return {
        "rows": rows(events),
        "weights": weights(made.network),
        "stopped": [made.control.reason, made.control.detail],
        "warned": [event.message for event in events if isinstance(event, Warned)],
    }


def gradients(rank: int, strategy: DistributedStrategy | None) -> dict[str, Any]:
    """Of one step on one batch, with the statistics that batch norm took."""
    made = trainer(optimizer="sgd", images=16, batch_size=15, learning_rate=1e-30)
    if strategy is not None:
        made.strategy = strategy
        strategy.start(made.network)
    inputs, targets = next(iter(made.batches.epoch(1, [0])))
    made.network.train()
    loss, correct = made.step(inputs, targets)
    found = {name: p.grad for name, p in made.network.named_parameters() if p.grad is not None}
    found |= {name: value.clone() for name, value in made.network.named_buffers()}
    return {**found, "loss": loss.detach(), "correct": correct}


def main(folder: Path) -> None:
    for size in (1, 2, 3):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        children = [start(folder, rank, size, port) for rank in range(size)]
        assert [os.waitpid(child, 0)[1] for child in children] == [0] * size


def start(folder: Path, rank: int, size: int, port: int) -> int:
    child = os.fork()
    if child:
        return child
    try:
        torch.set_num_threads(1)
        strategy = None
        if size > 1:
            os.environ |= {"RANK": str(rank), "WORLD_SIZE": str(size), "LOCAL_RANK": str(rank)}
            os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
            assert place() == (rank, size, rank)
            strategy = DistributedStrategy(rank, size, CPU)
        found = {kind: train(kind, rank, strategy) for kind in KINDS}
        found["gradients"] = gradients(rank, strategy)
        torch.save(found, folder / f"{size}-{rank}.pt")
        os._exit(0)
    except BaseException as error:
        sys.stderr.write(f"{rank} of {size}: {type(error).__name__}: {error}\n")
        if not isinstance(error, HundredError):
            import traceback

            traceback.print_exc()
        os._exit(1)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
