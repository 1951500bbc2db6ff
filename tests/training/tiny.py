"""A trainer so small that an epoch takes milliseconds, on images of noise."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from hundred.data.augment.crop import RandomCrop
from hundred.data.augment.flip import RandomFlip
from hundred.data.augment.mix import Mixup
from hundred.data.augment.pipeline import Pipeline
from hundred.data.batches import Batches
from hundred.data.dataset import Split
from hundred.data.normalize import zero_to_one
from hundred.training.callbacks.base import Callback
from hundred.training.checkpoint import load_checkpoint, save_checkpoint
from hundred.training.epoch_plan import EpochPlan
from hundred.training.events import EpochEnded, Event, Stopped
from hundred.training.optim.build import build_optimizer
from hundred.training.optim.ema import Ema
from hundred.training.optim.schedules import Schedule
from hundred.training.trainer import Trainer

CLASSES = 5


def noise(images: int = 38, seed: int = 0) -> Split:
    draws = torch.Generator().manual_seed(seed)
    fine = torch.arange(images) % CLASSES
    pixels = torch.randint(0, 256, (images, 3, 32, 32), generator=draws, dtype=torch.uint8)
    return Split(pixels, fine, fine % 2)


def network(seed: int = 0, dropout: float = 0.0) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, stride=2),
        nn.BatchNorm2d(6),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Dropout(dropout),
        nn.Linear(6, CLASSES),
    )


def trainer(
    *,
    seed: int = 0,
    epochs: float = 4,
    images: int = 38,
    batch_size: int = 8,
    dropout: float = 0.0,
    net: nn.Module | None = None,
    optimizer: str = "adam",
    learning_rate: float = 0.01,
    momentum: float = 0.9,
    schedule: Schedule | None = None,
    resolutions: tuple[tuple[float, int], ...] = (),
    validate_every: int = 1,
    validation: bool = True,
    augment: bool = False,
    mixup: bool = False,
    ema: float = 0.0,
    callbacks: Sequence[Callback] = (),
    **more: Any,
) -> Trainer:
    split = noise(images)
    net = network(seed, dropout) if net is None else net
    pipeline = Pipeline([RandomCrop(2), RandomFlip()] if augment else [], [Mixup(0.4)] if mixup else [])
    batches = Batches(split, torch.arange(images), batch_size, pipeline, zero_to_one(), seed, CLASSES)
    return Trainer(
        network=net,
        batches=batches,
        optimizer=build_optimizer(net, name=optimizer, learning_rate=learning_rate, momentum=momentum),
        plan=EpochPlan(epochs, len(batches), resolutions, validate_every),
        learning_rate=learning_rate,
        schedule=schedule or Schedule(),
        validation=noise(15, seed=99) if validation else None,
        callbacks=callbacks,
        average=Ema(net, ema, warmup=True) if ema else None,
        **more,
    )


def rows(events: Sequence[Event]) -> list[tuple[Any, ...]]:
    """All of each epoch's row but the times."""
    return [
        (e.epoch, e.accuracy, e.loss, e.val_accuracy, e.val_loss, e.learning_rate)
        for e in events
        if isinstance(e, EpochEnded)
    ]


def stopped(events: Sequence[Event]) -> Stopped:
    assert isinstance(events[-1], Stopped)
    return events[-1]


def weights(net: nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in net.state_dict().items()}


def same(first: dict[str, Tensor], second: dict[str, Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def through_a_file(source: Trainer, target: Trainer, path: Path) -> None:
    """Bring `target` to the state of `source` by a checkpoint on the disk."""
    save_checkpoint(path, source.state_dict(), {})
    state, _ = load_checkpoint(path, torch.device("cpu"))
    target.load_state_dict(state)
