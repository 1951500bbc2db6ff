"""The fit loop: epochs of steps, validation, callbacks and checkpoints, as a stream of events."""

import math
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from hundred.data.batches import Batches, mixed_seed
from hundred.data.dataset import Split
from hundred.training.callbacks.base import Callback
from hundred.training.callbacks.weights import copy_weights, restore_weights
from hundred.training.control import Control
from hundred.training.epoch_plan import SHORT_PLAN, EpochPlan, EpochWatch
from hundred.training.evaluate import all_finite, evaluate
from hundred.training.events import (
    EpochEnded,
    Event,
    RunStarted,
    StepsDone,
    Stopped,
    Warned,
    WeightsRestored,
)
from hundred.training.features import CachedFeatures
from hundred.training.freeze import FrozenLayers
from hundred.training.loss import CrossEntropy, Loss, count_correct, loss_of_outputs
from hundred.training.metrics import RunningMetrics
from hundred.training.optim.build import set_learning_rate, set_momentum
from hundred.training.optim.ema import WeightAverage
from hundred.training.optim.norms import measure_batch_norms
from hundred.training.optim.schedules import Schedule
from hundred.training.precision import mixed_precision
from hundred.training.strategies.base import Strategy
from hundred.training.strategies.single import SingleStrategy

SECONDS_BETWEEN_REPORTS = 0.3
State = dict[str, Any]
SaveCheckpoint = Callable[[int, Callable[[], State], bool], Event | None]


@dataclass
class Trainer:
    """Trains `network` in place. `run()` yields events; the state between epochs can be saved and loaded.

    validation: what `val_*` is computed on after an epoch, or None.
    learning_rate: the base rate that `control.learning_rate` starts from.
    average: of the weights; where there is one, it is validated, shown to callbacks, and kept at the end.
    measure_norms: batch norms are measured again for the averaged weights at the end.
    frozen: layers that do not train, for good or for a part of the run.
    features: of the frozen layers, which the last layer trains on while they are frozen.
    notes: warnings to emit when training begins.
    strategy: one process, its threads, or several processes.
    interrupted: called after each step; True ends the run there.
    save_checkpoint: called after each epoch with its number, `state_dict`, and whether it was the last;
        returns the event to emit, or None.
    """

    network: nn.Module
    batches: Batches
    optimizer: torch.optim.Optimizer
    plan: EpochPlan
    learning_rate: float
    schedule: Schedule = field(default_factory=Schedule)
    validation: Split | None = None
    callbacks: Sequence[Callback] = ()
    loss: Loss = field(default_factory=CrossEntropy)
    gradient_clip: float = 0.0
    average: WeightAverage | None = None
    measure_norms: bool = False
    frozen: FrozenLayers | None = None
    features: CachedFeatures | None = None
    notes: Sequence[str] = ()
    precision: torch.dtype = torch.float32
    model_name: str = "network"
    parameters: int = 0
    strategy: Strategy = field(default_factory=SingleStrategy)
    interrupted: Callable[[], bool] = lambda: False
    save_checkpoint: SaveCheckpoint = lambda _epoch, _state, _last: None

    def __post_init__(self) -> None:
        """Start at epoch 0."""
        self.control = Control(self.network, self.learning_rate)
        self.epoch = 0
        self.history: list[dict[str, Any]] = []
        self.train_seconds = 0.0
        self._steps = 0
        self._rate = self.learning_rate
        self._epoch_seconds = 0.0
        self._epoch_sizes: list[int] = []
        self.device = self.batches.split.images.device

    def run(self) -> Iterator[Event]:
        """Train from the current state to the end of the plan, or until something stops it."""
        yield self._started()
        if not self.epoch:
            yield from (Warned(note) for note in self.notes)
        with self._averaged_weights():
            self._last_finite = copy_weights(self.network)
        while self.epoch < self.plan.last_epoch and not self.control.stopped:
            begin = time.perf_counter()
            metrics = yield from self._train_epoch(self.epoch + 1)
            if self.control.stopped:  # within the epoch, which does not count
                break
            if self.average is not None:
                self.average.end_epoch(self.plan.progress(self.plan.steps_until(self.epoch + 1)))
            # Callbacks see what was validated: with an average of weights, the averaged ones.
            with self._averaged_weights():
                yield from self._validate(metrics)
            if self.control.reason == "not-finite":
                break
            yield from self._after_epoch(time.perf_counter() - begin - self._epoch_seconds)
        yield from self._end()

    def _train_epoch(self, epoch: int) -> Generator[Event, None, RunningMetrics]:
        """One pass over the training images; returns its loss and accuracy."""
        # For dropout and the like: (seed, epoch) and the weights decide an epoch.
        torch.manual_seed(mixed_seed(self.batches.seed, epoch, 1 + self.strategy.rank))
        first = (epoch - 1) * self.plan.steps_per_epoch
        self.set_training_mode(self.plan.progress(first))
        metrics = RunningMetrics(self.device)
        begin = reported = time.perf_counter()
        sizes, cached = self.plan.sizes(epoch), self._cached(epoch)
        self._epoch_sizes = sizes
        watch = EpochWatch(self.plan, epoch, sizes) if cached is None and self._replans_within() else None
        for step, (inputs, targets) in enumerate(self._batches_of(epoch, sizes), start=1):
            self._set_learning_rate(self.plan.progress(first + step - 1))
            loss, correct = self.step(inputs, targets, cached)
            metrics.add(loss, correct, len(inputs))
            if self.device.type == "cpu" and not math.isfinite(loss.item()):
                self._stop_not_finite(epoch, f"the loss became {loss.item()} in step {step}")
                break
            if self.strategy.warning:
                yield Warned(self.strategy.warning)
                self.strategy.warning = ""
            interrupted, late = self.strategy.any_rank(self.interrupted(), self.plan.late())
            if interrupted:
                self.control.stop("interrupted", f"in epoch {epoch}, after step {step} of {len(sizes)}")
            if interrupted or late:
                break
            warning = watch.after(step) if watch is not None else ""
            if warning:
                yield Warned(warning)
            now = time.perf_counter()
            if now - reported > SECONDS_BETWEEN_REPORTS:
                reported = now
                yield self._progress(epoch, step, len(sizes), metrics, now - begin)
        if not self.control.stopped and not math.isfinite(metrics.loss):  # waits for the device
            self._stop_not_finite(epoch, f"the loss became {metrics.loss}")
        self._epoch_seconds = time.perf_counter() - begin
        self.train_seconds += self._epoch_seconds
        return metrics

    def step(
        self, inputs: Tensor, targets: Tensor, cached: CachedFeatures | None = None
    ) -> tuple[Tensor, Tensor]:
        """One optimizer step on a batch of `Batches`: its mean loss [] and hits [], on the device."""
        loss, correct = self.backward(inputs, targets, cached)
        self.optimizer.step()
        if self.average is not None:
            self._steps += 1
            self.average.update(self._steps)
        return loss, correct

    def backward(
        self, inputs: Tensor, targets: Tensor, cached: CachedFeatures | None = None
    ) -> tuple[Tensor, Tensor]:
        """The first part of `step`: the gradients of the batch's mean loss, clipped; loss [] and hits []."""

        def forward_backward(
            network: nn.Module, images: Tensor, labels: Tensor, weight: float
        ) -> tuple[Tensor, Tensor]:
            with mixed_precision(self.precision, self.device):
                outputs = network(images) if cached is None else cached.classify(network, images)
            loss, logits = loss_of_outputs(self.loss, outputs, labels, images)
            (loss if weight == 1.0 else loss * weight).backward()
            return loss, count_correct(logits, labels)

        self.optimizer.zero_grad(set_to_none=True)
        loss, correct = self.strategy.backward(self.network, forward_backward, inputs, targets)
        if self.gradient_clip:
            nn.utils.clip_grad_norm_(self.network.parameters(), self.gradient_clip)
        return loss, correct

    def _validate(self, metrics: RunningMetrics) -> Iterator[Event]:
        """Validate, report the epoch's row, and run the callbacks.

        An epoch that left weights or a validation loss that are not finite does not count.
        """
        epoch = self.epoch + 1
        val_accuracy, val_loss = None, None
        if self.validation is not None and (self.plan.validates(epoch) or self._any_late()):
            cached = self._cached(epoch)
            split = self.validation if cached is None or cached.validation is None else cached.validation
            val_accuracy, val_loss = evaluate(
                self.network,
                self.strategy.shard(split),
                self.batches.scaling,
                self.precision,
                all_reduce=self.strategy.all_reduce,
                classify=None if cached is None else cached.classify,
            )
        if not all_finite(self.network):
            self._stop_not_finite(epoch, "a weight stopped being a finite number")
        elif val_loss is not None and not math.isfinite(val_loss):
            self._stop_not_finite(epoch, f"the validation loss became {val_loss}")
        if self.control.stopped:
            return
        self.epoch = epoch
        self._last_finite = copy_weights(self.network)
        row = EpochEnded(
            epoch,
            metrics.accuracy,
            metrics.loss,
            val_accuracy,
            val_loss,
            self._rate,
            self._epoch_seconds,
            metrics.images / self._epoch_seconds,
            metrics.images,
        )
        self.history.append(row.as_dict())
        yield row
        for callback in self.callbacks:
            yield from callback.after_epoch(row, self.control)

    def _after_epoch(self, other_seconds: float) -> Iterator[Event]:
        """Adapt the plan to the time that the epoch took, and save a checkpoint.

        other_seconds: of the epoch, for all but training.
        """
        self.plan.note(self.epoch, self._epoch_seconds, other_seconds, self._epoch_sizes)
        warning = self.plan.replan(self.epoch)
        if warning:
            yield Warned(warning)
        self.sync_state()
        if self._any_late() and self.epoch < self.plan.last_epoch:
            self.control.stop("epochs", f"the time was up in epoch {self.epoch} of {self.plan.epochs:g}")
        last = self.control.stopped or self.epoch >= self.plan.last_epoch
        saved = self.save_checkpoint(self.epoch, self.state_dict, last)
        if saved is not None:
            yield saved

    def _end(self) -> Iterator[Event]:
        """Leave the weights to keep in the network, and report why training ended."""
        restored = None
        if self.control.reason == "not-finite" or not all_finite(self.network):
            restore_weights(self.network, self._last_finite)
            restored = self.epoch
            yield WeightsRestored(restored, "the last with finite numbers")
        elif self.average is not None:
            self.average.apply()
            if self.measure_norms and self.control.reason != "interrupted":
                self._measure_norms()
        for callback in self.callbacks:
            for event in callback.at_end(self.control):
                if isinstance(event, WeightsRestored):
                    if event.epoch == restored:
                        continue  # Two callbacks may restore the same epoch; that is reported once.
                    restored = event.epoch
                yield event
        yield Stopped(min(self.epoch, self.plan.epochs), self.control.reason or "epochs", self.control.detail)

    def sync_state(self) -> None:
        """With several processes: take over what callbacks and clock of process 0 have decided.

        `run` does so after each epoch; before it, a plan that was made for a deadline needs it too.
        """
        state = self.strategy.sync_from_rank0(
            self.network,
            {
                "learning_rate": self.control.learning_rate,
                "stopped": [self.control.reason, self.control.detail] if self.control.stopped else [],
                "plan": self.plan.state_dict(),
            },
        )
        self.control.learning_rate = state["learning_rate"]
        self.plan.load_state_dict(state["plan"])
        if state["stopped"]:
            self.control.stop(*state["stopped"])

    def _replans_within(self) -> bool:
        """Whether the plan is made again within epochs. Processes agree only after one, and a GPU is ahead of
        the clock."""
        short = self.plan.deadline is not None and self.plan.epochs < SHORT_PLAN
        return short and self.strategy.size == 1 and self.device.type == "cpu"

    def _any_late(self) -> bool:
        return self.strategy.any_rank(self.plan.late())[0]

    def _averaged_weights(self) -> AbstractContextManager[None]:
        """Inside, the network has the averaged weights, where there is an average."""
        return self.average.swap() if self.average is not None else nullcontext()

    def _set_learning_rate(self, progress: float) -> None:
        factor = self.schedule.factor(progress)
        set_learning_rate(self.optimizer, factor * self.control.learning_rate / self.learning_rate)
        self._rate = factor * self.control.learning_rate
        momentum = self.schedule.momentum(progress)
        if momentum is not None:
            set_momentum(self.optimizer, momentum)

    def _cached(self, epoch: int) -> CachedFeatures | None:
        """The features that `epoch` trains on, if it does."""
        progress = self.plan.progress((epoch - 1) * self.plan.steps_per_epoch)
        frozen = self.frozen is not None and self.frozen.frozen_at(progress)
        return self.features if frozen else None

    def compute_features(self) -> None:
        """Compute the features that the next epoch trains on, if it does and they are not there."""
        cached = self._cached(self.epoch + 1)
        if cached is not None:
            begin = time.perf_counter()
            cached.compute()
            self.train_seconds += time.perf_counter() - begin

    def _batches_of(self, epoch: int, sizes: list[int]) -> Iterator[tuple[Tensor, Tensor]]:
        cached = self._cached(epoch)
        return self.batches.epoch(epoch, sizes) if cached is None else cached.epoch(epoch, len(sizes))

    def set_training_mode(self, progress: float = 0.0) -> None:
        """Training mode, with frozen layers as they are when `progress` of the run is done."""
        self.network.train()
        if self.frozen is not None:
            self.frozen.apply(progress)

    def _measure_norms(self) -> None:
        self.set_training_mode(1.0)
        size = self.plan.sizes(self.epoch)[-1] if self.epoch else 0
        batches = self.batches.epoch(self.epoch + 1, [size] * len(self.batches))
        inputs = (images for images, _ in batches)
        measure_batch_norms(self.network, inputs, mixed_precision(self.precision, self.device))

    def _stop_not_finite(self, epoch: int, what: str) -> None:
        self.control.stop(
            "not-finite",
            f"{what} in epoch {epoch}: try a learning rate below {self.control.learning_rate:g}, "
            "or training.gradient_clip",
        )

    def _started(self) -> RunStarted:
        processes = f", {self.strategy.size} processes" if self.strategy.size > 1 else ""
        return RunStarted(
            self.model_name,
            self.parameters,
            self.plan.epochs,
            self.plan.steps_per_epoch,
            len(self.batches.indices),
            f"{self.device}{processes}",
            self.epoch + 1,
        )

    def _progress(
        self, epoch: int, step: int, steps: int, metrics: RunningMetrics, seconds: float
    ) -> StepsDone:
        # Reading the sums would make a GPU wait; on a CPU it costs nothing.
        readable = self.device.type == "cpu"
        return StepsDone(
            epoch,
            step,
            steps,
            metrics.loss if readable else None,
            metrics.accuracy if readable else None,
            self._rate,
            metrics.images / seconds,
            self.plan.seconds_left(epoch, step, seconds),
            self.plan.epochs,
        )

    def state_dict(self) -> State:
        """All that resuming after `epoch` needs; tensors are the live ones, so save before the next step."""
        return {
            "epoch": self.epoch,
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "callbacks": [callback.state_dict() for callback in self.callbacks],
            "average": None if self.average is None else self.average.state_dict(),
            "learning_rate": self.control.learning_rate,
            "stopped": [self.control.reason, self.control.detail] if self.control.stopped else [],
            "plan": self.plan.state_dict(),
            "micro_batches": self.strategy.micro_batches,
            "steps": self._steps,
            "history": list(self.history),
            "train_seconds": self.train_seconds,
        }

    def load_state_dict(self, state: State) -> None:
        """Continue after the epoch at which `state` was taken, exactly as if nothing had happened between."""
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
        # Until version 0.1 this was called "parts".
        self.strategy.micro_batches = state.get("micro_batches") or state.get("parts", 1)
        self._steps = state["steps"]
        self.epoch = state["epoch"]
