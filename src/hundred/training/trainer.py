"""The fit loop: steps, epochs, callbacks, and what it says of them as a stream of events."""

import math
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from hundred.data.batches import Batches, mixed_seed
from hundred.data.dataset import Split
from hundred.data.normalize import Normalize
from hundred.training.callbacks.base import Callback
from hundred.training.callbacks.weights import copy_weights, restore_weights
from hundred.training.control import Control
from hundred.training.epoch_plan import EpochPlan
from hundred.training.events import (
    EpochEnded,
    Event,
    RunStarted,
    StepsDone,
    Stopped,
    Warned,
    WeightsRestored,
)
from hundred.training.loss import cross_entropy
from hundred.training.metrics import RunningMetrics
from hundred.training.optim.build import set_learning_rate
from hundred.training.optim.ema import Ema
from hundred.training.optim.schedules import Schedule
from hundred.training.precision import mixed_precision
from hundred.training.strategies.single import SingleStrategy
from hundred.training.strategies.threads import ThreadedStrategy

if TYPE_CHECKING:
    from hundred.training.strategies.distributed import DistributedStrategy

SECONDS_BETWEEN_REPORTS = 0.3


@dataclass
class Trainer:
    """Trains `network` in place. `run()` yields events; the state between epochs can be saved and loaded.

    validation: what `val_*` is measured on after an epoch, or None.
    learning_rate: the base rate that `control.learning_rate` starts from.
    average: of the weights; where there is one, it is what is validated, judged by callbacks, and kept.
    team: who trains along; `SingleStrategy` is this process by itself, `ThreadedStrategy` its threads.
    interrupted: asked after each step; True ends the run there.
    keep: called after each epoch with its number, `state_dict`, and whether it was the last; gives the event
        to tell, or None.
    """

    network: nn.Module
    batches: Batches
    optimizer: torch.optim.Optimizer
    plan: EpochPlan
    learning_rate: float
    schedule: Schedule = field(default_factory=Schedule)
    validation: Split | None = None
    callbacks: Sequence[Callback] = ()
    label_smoothing: float = 0.0
    gradient_clip: float = 0.0
    average: Ema | None = None
    precision: torch.dtype = torch.float32
    model_name: str = "network"
    parameters: int = 0
    team: "SingleStrategy | ThreadedStrategy | DistributedStrategy" = field(default_factory=SingleStrategy)
    interrupted: Callable[[], bool] = lambda: False
    keep: Callable[[int, Callable[[], dict[str, Any]], bool], Event | None] = lambda _epoch, _state, _last: (
        None
    )

    def __post_init__(self) -> None:
        """Nothing has been done yet: epoch 0."""
        self.control = Control(self.network, self.learning_rate)
        self.epoch = 0
        self.history: list[dict[str, Any]] = []
        self.train_seconds = 0.0
        self._steps = 0
        self._rate = self.learning_rate
        self._seconds = 0.0
        self.device = self.batches.split.images.device

    def run(self) -> Iterator[Event]:
        """Train from wherever the state is to the end of the plan, or until something stops it."""
        yield RunStarted(
            self.model_name,
            self.parameters,
            self.plan.epochs,
            self.plan.steps_per_epoch,
            len(self.batches.indices),
            str(self.device) + (f", {self.team.size} processes" if self.team.size > 1 else ""),
            self.epoch + 1,
        )
        with self._evaluated():
            self._good = copy_weights(self.network)
        while self.epoch < self.plan.epochs and not self.control.stopped:
            begin = time.perf_counter()
            tally = yield from self._epoch(self.epoch + 1)
            if not self.control.stopped:
                yield from self._after_epoch(tally, begin)
        yield from self._end()

    def _epoch(self, epoch: int) -> Generator[Event, None, RunningMetrics]:
        """One pass over the training images; returns its Tally."""
        # All other draws (dropout) come from here, so (seed, epoch) and the weights decide an epoch.
        torch.manual_seed(mixed_seed(self.batches.seed, epoch, 1 + self.team.rank))
        self.network.train()
        tally = RunningMetrics(self.device)
        begin = told = time.perf_counter()
        sizes = self.plan.sizes(epoch)
        for step, (inputs, targets) in enumerate(self.batches.epoch(epoch, sizes), start=1):
            self._set_rate(self.plan.progress((epoch - 1) * len(sizes) + step - 1))
            loss, correct = self.step(inputs, targets)
            tally.add(loss, correct, len(inputs))
            if self.device.type == "cpu" and not math.isfinite(loss.item()):
                self._not_finite(epoch, f"the loss became {loss.item()} in step {step}")
                break
            if self.team.word:
                yield Warned(self.team.word)
                self.team.word = ""
            interrupted, late = self.team.any(self.interrupted(), self.plan.late())
            if interrupted:
                self.control.stop("interrupted", f"in epoch {epoch}, after step {step} of {len(sizes)}")
            if interrupted or late:
                break
            now = time.perf_counter()
            if now - told > SECONDS_BETWEEN_REPORTS:
                told = now
                yield self._progress(epoch, step, tally, now - begin)
        if not self.control.stopped and not math.isfinite(tally.loss):  # waits for the device
            self._not_finite(epoch, f"the loss became {tally.loss}")
        self._seconds = time.perf_counter() - begin
        self.train_seconds += self._seconds
        return tally

    def step(self, inputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """One step on a batch of `Batches`: its mean loss [] and number of hits [], still on the device."""
        self.optimizer.zero_grad(set_to_none=True)
        loss, correct = self.team.gradients(self.network, self._differentiate, inputs, targets)
        if self.gradient_clip:
            nn.utils.clip_grad_norm_(self.network.parameters(), self.gradient_clip)
        self.optimizer.step()
        if self.average is not None:
            self._steps += 1
            self.average.update(self._steps)
        return loss, correct

    def _differentiate(
        self, network: nn.Module, inputs: Tensor, targets: Tensor, weight: float
    ) -> tuple[Tensor, Tensor]:
        """Add the gradient of `weight` times the mean loss to the network's; that loss and the hits."""
        with mixed_precision(self.precision, self.device):
            logits = network(inputs)
        loss, correct = cross_entropy(logits, targets, self.label_smoothing)
        (loss if weight == 1.0 else loss * weight).backward()
        return loss, correct

    def _after_epoch(self, tally: RunningMetrics, begin: float) -> Iterator[Event]:
        """Judge the epoch, adapt the plan to the time that it took since `begin`, and have the state kept."""
        # Callbacks judge and keep what was validated: with an average of weights, the averaged ones.
        with self._evaluated():
            yield from self._judge(tally)
        if self.control.reason == "not-finite":
            return
        self.plan.note(self.epoch, self._seconds, time.perf_counter() - begin - self._seconds)
        word = self.plan.replan(self.epoch)
        if word:
            yield Warned(word)
        self.agree()
        if self._late() and self.epoch < self.plan.epochs:
            self.control.stop("epochs", f"the time was up in epoch {self.epoch} of {self.plan.epochs}")
        kept = self.keep(self.epoch, self.state_dict, self.control.stopped or self.epoch >= self.plan.epochs)
        if kept is not None:
            yield kept

    def _judge(self, tally: RunningMetrics) -> Iterator[Event]:
        """Validate, report the epoch's row, and let the callbacks act on it.

        An epoch that left weights or a validation loss that are not finite does not count.
        """
        epoch = self.epoch + 1
        val_accuracy, val_loss = None, None
        if self.validation is not None and (self.plan.validates(epoch) or self._late()):
            part, scaling = self.team.part(self.validation), self.batches.scaling
            val_accuracy, val_loss = measure(
                self.network, part, scaling, self.precision, add_up=self.team.add_up
            )
        if not all_finite(self.network):
            self._not_finite(epoch, "a weight stopped being a finite number")
        elif val_loss is not None and not math.isfinite(val_loss):
            self._not_finite(epoch, f"the validation loss became {val_loss}")
        if self.control.stopped:
            return
        self.epoch = epoch
        self._good = copy_weights(self.network)
        row = EpochEnded(
            epoch,
            tally.accuracy,
            tally.loss,
            val_accuracy,
            val_loss,
            self._rate,
            self._seconds,
            tally.images / self._seconds,
        )
        self.history.append(row.as_dict())
        yield row
        for callback in self.callbacks:
            yield from callback.after_epoch(row, self.control)

    def _end(self) -> Iterator[Event]:
        """Leave the weights that are to be kept in the network, and say why training ended."""
        restored = None
        if self.control.reason == "not-finite" or not all_finite(self.network):
            restore_weights(self.network, self._good)
            restored = self.epoch
            yield WeightsRestored(restored, "the last with finite numbers")
        elif self.average is not None:
            self.average.apply()
        for callback in self.callbacks:
            for event in callback.at_end(self.control):
                if isinstance(event, WeightsRestored):
                    if event.epoch == restored:
                        continue  # Two callbacks may well go back to the same epoch; that is said once.
                    restored = event.epoch
                yield event
        yield Stopped(self.epoch, self.control.reason or "epochs", self.control.detail)

    def _late(self) -> bool:
        return self.team.any(self.plan.late())[0]

    def agree(self) -> None:
        """With several processes: what the first one's callbacks and clock have decided holds for all.

        `run` does so after each epoch; before it, a plan that was made for a deadline needs it too.
        """
        if isinstance(self.team, SingleStrategy | ThreadedStrategy):
            return
        said = self.team.settle(
            self.network,
            {
                "learning_rate": self.control.learning_rate,
                "stopped": [self.control.reason, self.control.detail] if self.control.stopped else [],
                "plan": self.plan.state_dict(),
            },
        )
        self.control.learning_rate = said["learning_rate"]
        self.plan.load_state_dict(said["plan"])
        if said["stopped"]:
            self.control.stop(*said["stopped"])

    def _evaluated(self) -> AbstractContextManager[None]:
        """Inside, the network has the weights that count: the averaged ones, where there is an average."""
        return self.average.swap() if self.average is not None else nullcontext()

    def _set_rate(self, progress: float) -> None:
        factor = self.schedule.factor(progress)
        set_learning_rate(self.optimizer, factor * self.control.learning_rate / self.learning_rate)
        self._rate = factor * self.control.learning_rate

    def _not_finite(self, epoch: int, what: str) -> None:
        self.control.stop(
            "not-finite",
            f"{what} in epoch {epoch}: try a learning rate below {self.control.learning_rate:g}, "
            "or training.gradient_clip",
        )

    def _progress(self, epoch: int, step: int, tally: RunningMetrics, seconds: float) -> StepsDone:
        # Reading the sums would make a GPU wait; on a CPU they are at hand.
        readable = self.device.type == "cpu"
        return StepsDone(
            epoch,
            step,
            self.plan.steps_per_epoch,
            tally.loss if readable else None,
            tally.accuracy if readable else None,
            self._rate,
            tally.images / seconds,
            self.plan.seconds_left(epoch, step, seconds),
        )

    def state_dict(self) -> dict[str, Any]:
        """All that going on after `epoch` takes; tensors are the live ones, so save before the next step."""
        return {
            "epoch": self.epoch,
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "callbacks": [callback.state_dict() for callback in self.callbacks],
            "average": None if self.average is None else self.average.state_dict(),
            "learning_rate": self.control.learning_rate,
            "stopped": [self.control.reason, self.control.detail] if self.control.stopped else [],
            "plan": self.plan.state_dict(),
            "parts": self.team.parts,
            "steps": self._steps,
            "history": list(self.history),
            "train_seconds": self.train_seconds,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on after the epoch at which `state` was taken, exactly as if nothing had happened between."""
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        for callback, inner in zip(self.callbacks, state["callbacks"], strict=True):
            callback.load_state_dict(inner)
        if self.average is not None:
            self.average.load_state_dict(state["average"])
        self.control.learning_rate = state["learning_rate"]
        if state["stopped"]:
            self.control.stop(*state["stopped"])
        self.plan.load_state_dict(state["plan"])
        self.history = list(state["history"])
        self.train_seconds = state["train_seconds"]
        self.team.parts = state.get("parts", 1)
        self._steps = state["steps"]
        self.epoch = state["epoch"]


@torch.inference_mode()
def measure(
    network: nn.Module,
    split: Split,
    scaling: Normalize,
    precision: torch.dtype,
    batch_size: int = 500,
    *,
    add_up: Callable[[RunningMetrics], None] = lambda _tally: None,
) -> tuple[float, float]:
    """Accuracy (a fraction) and mean cross-entropy of `network` on `split`, in evaluation mode.

    add_up: called at the end with what was counted, which it may add to what others have counted.
    """
    network.eval()
    device = split.images.device
    tally = RunningMetrics(device)
    for start in range(0, len(split), batch_size):
        images = split.images[start : start + batch_size]
        with mixed_precision(precision, device):
            logits = network(scaling(images, precision))
        loss, correct = cross_entropy(logits, split.fine[start : start + batch_size])
        tally.add(loss, correct, len(images))
    add_up(tally)
    return tally.accuracy, tally.loss


def all_finite(network: nn.Module) -> bool:
    """Whether no parameter or buffer holds NaN or an infinity; waits for the device once."""
    finite = [value.isfinite().all() for value in network.state_dict().values() if value.is_floating_point()]
    return not finite or bool(torch.stack(finite).all())
