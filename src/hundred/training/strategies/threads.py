"""One process, several CPU threads: each batch in parts, one to a thread, all at the same time.

PyTorch's own threads share every single operation and wait for each other at its end; here they meet once a
step. That is a little faster on idle cores, and much faster on busy ones: a thread that another program holds
up no longer holds up the others hundreds of times a step (docs/performance.md).

Gradients of the parts add up to that of the batch. Batch norm takes its statistics over one part, as it does
over the batch of one GPU among several; its running statistics are the mean of those of the parts.
"""

import copy
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait

import torch
from torch import Tensor, nn

from hundred.training.out_of_memory import is_out_of_memory
from hundred.training.strategies.base import ForwardBackward, OneProcess

# A network, the images and labels of a part, and its share of the batch.
Part = tuple[nn.Module, Tensor, Tensor, float]


class ThreadedStrategy(OneProcess):
    """Does each batch in `threads` parts, of at least two images each; a smaller batch is done whole.

    Every part but the first has a replica of the network: the same weights, its own gradients and buffers.
    State outside parameters and buffers is not copied to replicas.

    Parts are done in turn, with the same result, where PyTorch may use fewer cores than there are parts;
    where the network draws random numbers (dropout; the first step shows it), so that each part gets the
    same numbers in every run; and once memory has run out. Memory that runs out again ends the run.
    """

    def __init__(self, threads: int) -> None:
        """Replicas and threads are made in the first step."""
        self.micro_batches = threads
        self.warning = ""
        self.in_turn: bool | None = None  # None until a step has shown whether the network draws numbers
        self._replicas: list[nn.Module] = []
        self._threads: ThreadPoolExecutor | None = None

    def backward(
        self, network: nn.Module, forward_backward: ForwardBackward, inputs: Tensor, targets: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Leave the gradient of the batch's mean loss in `network`; return that loss [] and the hits []."""
        count = self.micro_batches
        if count == 1 or len(inputs) < 2 * count or not self._update_replicas(network):
            return forward_backward(network, inputs, targets, 1.0)
        images, labels = inputs.tensor_split(count), targets.tensor_split(count)
        shares = [len(part) / len(inputs) for part in images]
        parts = list(zip([network, *self._replicas], images, labels, shares, strict=True))
        results = self._run_parts(forward_backward, parts)
        self._reduce(network)
        losses = [loss.detach() * share for (loss, _), share in zip(results, shares, strict=True)]
        return torch.stack(losses).sum(), torch.stack([hits for _, hits in results]).sum()

    def _update_replicas(self, network: nn.Module) -> bool:
        """Give replicas the weights, buffers and modes of `network`; whether there are replicas."""
        if len(self._replicas) != self.micro_batches - 1 or not all(
            _shares_weights(replica, network) for replica in self._replicas
        ):
            try:
                self._replicas = [_replicate(network) for _ in range(self.micro_batches - 1)]
            except Exception as error:  # a user's network may hold anything that cannot be copied
                self.warning = f"each batch is done whole, as the network could not be copied: {error}"
                self.micro_batches = 1
                return False
        for replica in self._replicas:
            for theirs, its in zip(replica.parameters(), network.parameters(), strict=True):
                theirs.requires_grad_(its.requires_grad)
                theirs.grad = None
            for buffer, its_buffer in zip(replica.buffers(), network.buffers(), strict=True):
                buffer.copy_(its_buffer)
            for module, its_module in zip(replica.modules(), network.modules(), strict=True):
                module.training = its_module.training
        return True

    def _run_parts(
        self, forward_backward: ForwardBackward, parts: Sequence[Part]
    ) -> list[tuple[Tensor, Tensor]]:
        """Loss and hits of each part."""
        if self.in_turn is None:
            before = torch.get_rng_state()
            # In the pool: the number of cores that share an operation decides the order of its sums.
            results = [self._pool().submit(forward_backward, *part).result() for part in parts]
            draws = not torch.equal(before, torch.get_rng_state())
            self.in_turn = draws or torch.get_num_threads() < self.micro_batches
            return results
        if self.in_turn:
            return [forward_backward(*part) for part in parts]
        futures = [self._pool().submit(forward_backward, *part) for part in parts]
        wait(futures)  # all, so that none still runs when the parts are done again
        errors = [future.exception() for future in futures]
        failed = next((error for error in errors if error is not None), None)
        if failed is None:
            return [future.result() for future in futures]
        if not is_out_of_memory(failed):
            raise failed
        self.in_turn = True
        self.warning = (
            f"this machine has too little memory for {self.micro_batches} parts of a batch at the same time: "
            "from here on they are done in turn"
        )
        for network, *_ in parts:
            network.zero_grad(set_to_none=True)
        return [forward_backward(*part) for part in parts]

    def _pool(self) -> ThreadPoolExecutor:
        """A thread for each part, with its share of the cores."""
        if self._threads is None:
            cores = torch.get_num_threads()
            self._threads = ThreadPoolExecutor(self.micro_batches)
            barrier = threading.Barrier(self.micro_batches)
            wait(
                [
                    self._threads.submit(_set_cores, cores // self.micro_batches, barrier)
                    for _ in range(self.micro_batches)
                ]
            )
            torch.set_num_threads(cores)  # of this thread again, and of later ones
        return self._threads

    @torch.no_grad()
    def _reduce(self, network: nn.Module) -> None:
        """Add the replicas' gradients to the network's; average their running statistics."""
        for parameters in zip(
            network.parameters(), *(replica.parameters() for replica in self._replicas), strict=True
        ):
            gradients = [each.grad for each in parameters if each.grad is not None]
            for gradient in gradients[1:]:
                gradients[0].add_(gradient)
            if gradients:
                parameters[0].grad = gradients[0]
        for buffer, *others in zip(
            network.buffers(), *(replica.buffers() for replica in self._replicas), strict=True
        ):
            if buffer.is_floating_point():
                for other in others:
                    buffer.add_(other)
                buffer.div_(self.micro_batches)


def _replicate(network: nn.Module) -> nn.Module:
    """A copy of `network` that shares the memory of its parameters."""
    shared = {id(each): nn.Parameter(each.detach(), each.requires_grad) for each in network.parameters()}
    return copy.deepcopy(network, dict(shared))


def _shares_weights(replica: nn.Module, network: nn.Module) -> bool:
    pairs = zip(replica.parameters(), network.parameters(), strict=True)
    return all(theirs.data_ptr() == its.data_ptr() for theirs, its in pairs)


def _set_cores(cores: int, barrier: threading.Barrier) -> None:
    """Let the operations of this thread use `cores` cores.

    The barrier makes each thread of the pool do this once.
    """
    barrier.wait()
    torch.get_num_threads()  # a new thread's first call would undo what was set before it
    torch.set_num_threads(max(cores, 1))
