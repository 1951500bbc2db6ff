"""The captured step, held on the CPU: in place of a CUDA graph, a recorder that replays the same operations
on the same memory, and that refuses what a graph cannot hold."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from hundred.errors import UsageError
from hundred.training.cuda_graph import WARMUP, Capture, GraphedSteps
from hundred.training.optim.build import set_learning_rate
from hundred.training.trainer import Trainer
from tests.training import tiny


class Recorder(TorchDispatchMode):
    """Keeps every operation with its tensors. Reading one on the host raises, as in a capture."""

    def __init__(self) -> None:
        super().__init__()
        self.operations: list[tuple[Any, Any, Any, Any]] = []

    def __torch_dispatch__(
        self, func: Any, types: Sequence[type], args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if "_local_scalar_dense" in str(func) or "nonzero" in str(func):
            raise AssertionError(f"{func} reads a tensor on the host")
        result = func(*args, **(kwargs or {}))
        self.operations.append((func, args, kwargs or {}, result))
        return result

    def replay(self) -> None:
        with torch.no_grad():
            for func, args, kwargs, result in self.operations:
                given = {storage(leaf) for leaf in tensors((args, kwargs))}
                for old, new in zip(tensors(result), tensors(func(*args, **kwargs)), strict=True):
                    if storage(old) not in given:  # neither a view nor an operation in place
                        old.copy_(new)


def tensors(tree: Any) -> list[Tensor]:
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, Tensor)]


def storage(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


def recording(trainer: Trainer) -> Capture:
    """A capture that, like CUDA's, leaves the trainer as it was."""

    def capture(work: Callable[[], Any]) -> Any:
        state = [*trainer.network.state_dict().values(), *tensors(dict(trainer.optimizer.state))]
        before = [each.clone() for each in state]
        recorder = Recorder()
        with recorder:
            results = work()
        with torch.no_grad():
            for each, value in zip(state, before, strict=True):
                each.copy_(value)
        return recorder.replay, results

    return capture


def batches(count: int) -> list[tuple[Tensor, Tensor]]:
    """Of two image sizes in turns, as where the resolution grows."""
    draws = torch.Generator().manual_seed(7)
    return [
        (
            torch.randn(8, 3, side, side, generator=draws),
            torch.randint(tiny.CLASSES, (8,), generator=draws),
        )
        for side in (16, 20)
        for _ in range(count)
    ]


@pytest.mark.parametrize("optimizer", ["muon", "sgd"])
def test_captured_steps_train_as_eager_ones_with_a_rate_that_changes(optimizer: str) -> None:
    eager, graphed = tiny.trainer(optimizer=optimizer), tiny.trainer(optimizer=optimizer)
    steps = GraphedSteps(graphed, recording(graphed))
    for number, (inputs, targets) in enumerate(batches(WARMUP + 3)):
        for each in (eager, graphed):
            set_learning_rate(each.optimizer, 1.0 / (1 + number))
        loss, hits = eager.step(inputs, targets)
        ours, our_hits = steps.step(inputs, targets)
        torch.testing.assert_close(ours, loss.detach(), rtol=1e-4, atol=1e-5)
        assert our_hits == hits
    for (name, value), other in zip(
        graphed.network.state_dict().items(), eager.network.state_dict().values(), strict=True
    ):
        torch.testing.assert_close(value, other, rtol=1e-3, atol=1e-5, msg=name)


def test_a_replay_reads_and_writes_the_same_memory_each_time() -> None:
    trainer = tiny.trainer(optimizer="muon")
    steps = GraphedSteps(trainer, recording(trainer))
    found = []
    for inputs, targets in batches(WARMUP + 4)[: WARMUP + 4]:
        results = steps.step(inputs, targets)
        gradients = [parameter.grad for parameter in trainer.network.parameters()]
        rates = [group["lr"] for group in trainer.optimizer.param_groups]
        found.append([each.data_ptr() for each in tensors([results, gradients, rates])])
    assert found[WARMUP] == found[WARMUP + 1] == found[WARMUP + 3]


def test_a_step_that_reads_a_number_on_the_host_is_refused() -> None:
    def reading(logits: Tensor, *_: Tensor) -> Tensor:
        return logits.sum() * logits.sum().item()

    trainer = tiny.trainer(optimizer="muon", loss=reading)
    steps = GraphedSteps(trainer, recording(trainer))
    batch = batches(1)[0]
    for _ in range(WARMUP):
        steps.step(*batch)
    with pytest.raises(AssertionError, match="reads a tensor on the host"):
        steps.step(*batch)


def test_an_average_of_weights_is_not_captured() -> None:
    trainer = tiny.trainer(ema=0.9)
    with pytest.raises(UsageError, match="average of weights"):
        GraphedSteps(trainer, recording(trainer))
