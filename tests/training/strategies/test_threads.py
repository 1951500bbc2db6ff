"""Batches in parts, by several threads at the same time: their sums, and the same bits every time."""

import threading
from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor, nn

from hundred.training.loss import cross_entropy
from hundred.training.strategies.threads import ThreadedStrategy
from tests.training import tiny

Step = Callable[[nn.Module, Tensor, Tensor, float], tuple[Tensor, Tensor]]


@pytest.fixture(autouse=True)
def two_threads() -> Iterator[None]:
    """On machines and in test runs with one thread, parts would be done in turn."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def forward_backward(
    network: nn.Module, images: Tensor, labels: Tensor, weight: float
) -> tuple[Tensor, Tensor]:
    loss, hits = cross_entropy(network(images), labels)
    (loss * weight).backward()
    return loss, hits


def batch(images: int = 11, seed: int = 0) -> tuple[Tensor, Tensor]:
    draws = torch.Generator().manual_seed(seed)
    return torch.randn(images, 3, 32, 32, generator=draws), torch.arange(images) % tiny.CLASSES


def gradients(network: nn.Module) -> list[Tensor | None]:
    return [None if each.grad is None else each.grad.clone() for each in network.parameters()]


def without_norm() -> nn.Sequential:
    return nn.Sequential(*(layer for layer in tiny.network() if not isinstance(layer, nn.BatchNorm2d)))


def steps(
    strategy: ThreadedStrategy, network: nn.Module, count: int = 3, step: Step = forward_backward
) -> list[list[Tensor | None]]:
    found = []
    for number in range(count):
        network.zero_grad(set_to_none=True)
        strategy.backward(network, step, *batch(seed=number))
        found.append(gradients(network))
    return found


@pytest.mark.parametrize("micro_batches", [1, 2, 3])
def test_parts_add_up_to_the_loss_the_hits_and_the_gradient_of_the_batch(micro_batches: int) -> None:
    network, (inputs, targets), strategy = without_norm(), batch(), ThreadedStrategy(micro_batches)
    for _ in range(2):  # the first step is done in turn
        network.zero_grad(set_to_none=True)
        loss, hits = strategy.backward(network, forward_backward, inputs, targets)
        found = gradients(network)
        network.zero_grad(set_to_none=True)
        expected_loss, expected_hits = forward_backward(network, inputs, targets, 1.0)
        torch.testing.assert_close(loss, expected_loss)
        assert int(hits) == int(expected_hits)
        torch.testing.assert_close(found, gradients(network))


def test_batch_norm_takes_the_statistics_of_a_part_and_keeps_their_mean() -> None:
    network, (inputs, targets) = tiny.network(), batch(10)
    convolution, norm = network[0], network[1]
    strategy = ThreadedStrategy(2)
    strategy.backward(network, forward_backward, inputs, targets)
    means = [convolution(part).mean((0, 2, 3)) for part in inputs.chunk(2)]
    torch.testing.assert_close(norm.running_mean, norm.momentum * (means[0] + means[1]) / 2)
    assert norm.num_batches_tracked == 1


def test_parts_are_done_at_the_same_time() -> None:
    both_here = threading.Barrier(2)

    def meet(network: nn.Module, images: Tensor, labels: Tensor, weight: float) -> tuple[Tensor, Tensor]:
        if strategy.in_turn is not None:
            both_here.wait(timeout=30)
        return forward_backward(network, images, labels, weight)

    strategy = ThreadedStrategy(2)
    steps(strategy, tiny.network(), step=meet)
    assert strategy.in_turn is False


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_every_run_gives_the_same_bits(dropout: float) -> None:
    def trained() -> dict[str, Tensor]:
        run = tiny.trainer(dropout=dropout, epochs=3, strategy=ThreadedStrategy(2))
        assert [event.kind for event in run.run()][-1] == "stopped"
        assert run.strategy.in_turn is (dropout > 0)  # type: ignore[union-attr]
        return tiny.weights(run.network)

    first = trained()
    assert all(tiny.same(first, trained()) for _ in range(3))


def test_in_turn_on_one_core_gives_the_same_bits_as_at_the_same_time_on_two() -> None:
    together = steps(ThreadedStrategy(2), tiny.network())
    torch.set_num_threads(1)
    strategy = ThreadedStrategy(2)
    in_turn = steps(strategy, tiny.network())
    assert strategy.in_turn is True
    assert all(torch.equal(a, b) for a, b in zip(together[-1], in_turn[-1], strict=True))  # type: ignore[arg-type]


def test_the_cores_of_the_other_threads_stay_as_they_were() -> None:
    seen = []

    def look(network: nn.Module, images: Tensor, labels: Tensor, weight: float) -> tuple[Tensor, Tensor]:
        seen.append(torch.get_num_threads())
        return forward_backward(network, images, labels, weight)

    torch.set_num_threads(4)
    steps(ThreadedStrategy(2), tiny.network(), step=look)
    assert seen == [2] * 6
    assert torch.get_num_threads() == 4


def test_what_is_done_to_the_network_between_steps_holds_for_all_parts() -> None:
    strategy, network = ThreadedStrategy(2), tiny.network()
    steps(strategy, network, 1)
    other = tiny.network(seed=1)
    network.load_state_dict(other.state_dict())
    for each in (network, other):
        each[0].requires_grad_(False)
        each[1].eval()
    found, expected = steps(strategy, network, 2), steps(ThreadedStrategy(1), other, 2)
    torch.testing.assert_close(found, expected)
    assert found[0][0] is None


def test_a_network_whose_weights_moved_elsewhere_is_followed() -> None:
    strategy, network = ThreadedStrategy(2), without_norm()
    steps(strategy, network, 2)
    for parameter in network.parameters():
        parameter.data = parameter.data * 2.0
    other = without_norm()
    other.load_state_dict(network.state_dict())
    torch.testing.assert_close(steps(strategy, network, 1), steps(ThreadedStrategy(1), other, 1))


def test_a_batch_too_small_for_its_parts_is_done_whole() -> None:
    network, strategy = tiny.network(), ThreadedStrategy(2)
    strategy.backward(network, forward_backward, *batch(3))
    assert strategy.in_turn is None
    assert network[1].num_batches_tracked == 1


def test_parts_that_need_too_much_memory_together_are_done_in_turn_and_said_once() -> None:
    busy = threading.Semaphore(1)

    def greedy(network: nn.Module, images: Tensor, labels: Tensor, weight: float) -> tuple[Tensor, Tensor]:
        if not busy.acquire(timeout=0.0 if strategy.in_turn is None else 0.05):
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        try:
            if strategy.in_turn is False:
                late.wait(timeout=0.5)  # until the other part has asked too
            return forward_backward(network, images, labels, weight)
        finally:
            busy.release()

    late, strategy, network = threading.Event(), ThreadedStrategy(2), without_norm()
    found = steps(strategy, network, step=greedy)
    assert strategy.in_turn is True
    assert "too little memory for 2 parts" in strategy.warning
    torch.testing.assert_close(found, steps(ThreadedStrategy(1), without_norm()))


def test_memory_that_runs_out_in_turn_too_and_any_other_error_are_raised() -> None:
    def fail(*_: object) -> tuple[Tensor, Tensor]:
        raise error

    strategy, network = ThreadedStrategy(2), without_norm()
    steps(strategy, network, 1)
    error: Exception = RuntimeError("shapes do not fit")
    with pytest.raises(RuntimeError, match="shapes do not fit"):
        strategy.backward(network, fail, *batch())
    assert not strategy.in_turn
    error = MemoryError()
    with pytest.raises(MemoryError):
        strategy.backward(network, fail, *batch())


def test_a_network_that_cannot_be_copied_is_trained_whole_and_that_is_said() -> None:
    network, strategy = without_norm(), ThreadedStrategy(2)
    network[0].lock = threading.Lock()
    torch.testing.assert_close(steps(strategy, network), steps(ThreadedStrategy(1), without_norm()))
    assert "could not be copied: cannot pickle" in strategy.warning
    assert strategy.micro_batches == 1


def test_a_network_that_draws_numbers_uses_all_cores_for_each_part() -> None:
    seen = []

    def look(network: nn.Module, images: Tensor, labels: Tensor, weight: float) -> tuple[Tensor, Tensor]:
        seen.append(torch.get_num_threads())
        return forward_backward(network, images, labels, weight)

    steps(ThreadedStrategy(2), tiny.network(dropout=0.5), 2, look)
    assert seen == [1, 1, 2, 2]
