"""One process, several CPU cores: each batch in parts, one to a thread of its own, all at the same time.

PyTorch's own threads share every single operation and wait for each other at its end; here they meet once a
step. That is a little quicker on cores that have nothing else to do, and much where they have: a thread that
another program holds up no longer holds up the others hundreds of times a step (docs/performance.md).

Gradients of the parts add up to that of the batch. Batch norm takes its statistics over one part, as over the
batch of one GPU among several; its running statistics are the mean of those of the parts.
"""

import copy
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait

import torch
from torch import Tensor, nn

from hundred.data.dataset import Split
from hundred.training.metrics import RunningMetrics
from hundred.training.strategies.single import Differentiate, is_out_of_memory

# A network, the images and labels of a part, and its share of the batch.
Job = tuple[nn.Module, Tensor, Tensor, float]


class ThreadedStrategy:
    """Does each batch in `parts`, of at least two images each; a smaller batch is done whole.

    Every part but the first has a twin of the network: the same weights, gradients and buffers of its own.
    A network keeps its state in parameters and buffers, so that twins can be told it.

    Parts are done in turn, with the same result, where PyTorch may use fewer cores than there are parts;
    where the network draws random numbers (dropout; the first step shows it), so that each part finds the
    same draws in every run; and once memory has run out. Memory that runs out again ends the run.

    It has the methods of `hundred.training.strategies.single.SingleStrategy`.

    word: what a person should be told, once; '' for nothing.
    """

    rank = 0
    size = 1

    def __init__(self, parts: int) -> None:
        """Nothing is set up before the first step."""
        self.parts = parts
        self.word = ""
        self.in_turn: bool | None = None  # None until a step has shown whether the network draws numbers
        self._twins: list[nn.Module] = []
        self._threads: ThreadPoolExecutor | None = None

    def gradients(
        self, network: nn.Module, differentiate: Differentiate, inputs: Tensor, targets: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Leave the gradient of the batch's mean loss in `network`; that loss and the hits, both []."""
        if self.parts == 1 or len(inputs) < 2 * self.parts or not self._bring_up_to_date(network):
            return differentiate(network, inputs, targets, 1.0)
        some, theirs = inputs.tensor_split(self.parts), targets.tensor_split(self.parts)
        shares = [len(part) / len(inputs) for part in some]
        jobs = list(zip([network, *self._twins], some, theirs, shares, strict=True))
        done = self._done(differentiate, jobs)
        self._add_up(network)
        loss = torch.stack([loss.detach() * share for (loss, _), share in zip(done, shares, strict=True)])
        return loss.sum(), torch.stack([hits for _, hits in done]).sum()

    def any(self, *marks: bool) -> tuple[bool, ...]:
        """Each mark as it is: nobody else could have set it."""
        return marks

    def part(self, split: Split) -> Split:
        """All of it."""
        return split

    def add_up(self, tally: RunningMetrics) -> None:
        """It is complete."""

    def _bring_up_to_date(self, network: nn.Module) -> bool:
        """Give twins the weights, buffers and modes of `network`, no gradients; whether there are twins."""
        if len(self._twins) != self.parts - 1 or not all(
            _shares_weights(twin, network) for twin in self._twins
        ):
            try:
                self._twins = [_twin(network) for _ in range(self.parts - 1)]
            except Exception as error:  # a person's own network may hold whatever cannot be copied
                self.word = f"each batch is done whole, as the network could not be copied: {error}"
                self.parts = 1
                return False
        for twin in self._twins:
            for theirs, its in zip(twin.parameters(), network.parameters(), strict=True):
                theirs.requires_grad_(its.requires_grad)
                theirs.grad = None
            for buffer, its_buffer in zip(twin.buffers(), network.buffers(), strict=True):
                buffer.copy_(its_buffer)
            for module, its_module in zip(twin.modules(), network.modules(), strict=True):
                module.training = its_module.training
        return True

    def _done(self, differentiate: Differentiate, jobs: Sequence[Job]) -> list[tuple[Tensor, Tensor]]:
        """Loss and hits of each part."""
        if self.in_turn is None:
            before = torch.get_rng_state()
            # By the threads: how many cores share an operation decides the order of its sums.
            done = [self._pool().submit(differentiate, *job).result() for job in jobs]
            draws = not torch.equal(before, torch.get_rng_state())
            self.in_turn = draws or torch.get_num_threads() < self.parts
            return done
        if self.in_turn:
            return [differentiate(*job) for job in jobs]
        futures = [self._pool().submit(differentiate, *job) for job in jobs]
        wait(futures)  # all, so that none is still at work when the parts are done again
        errors = [future.exception() for future in futures]
        wrong = next((error for error in errors if error is not None), None)
        if wrong is None:
            return [future.result() for future in futures]
        if not is_out_of_memory(wrong):
            raise wrong
        self.in_turn = True
        self.word = (
            f"this machine has too little memory for {self.parts} parts of a batch at the same time: "
            "from here on they are done in turn"
        )
        for network, *_ in jobs:
            network.zero_grad(set_to_none=True)
        return [differentiate(*job) for job in jobs]

    def _pool(self) -> ThreadPoolExecutor:
        """A thread for each part, with its share of the cores for its own operations."""
        if self._threads is None:
            cores = torch.get_num_threads()
            self._threads = ThreadPoolExecutor(self.parts)
            together = threading.Barrier(self.parts)
            wait(
                [self._threads.submit(_take_cores, cores // self.parts, together) for _ in range(self.parts)]
            )
            torch.set_num_threads(cores)  # of this thread again, and of those to come
        return self._threads

    @torch.no_grad()
    def _add_up(self, network: nn.Module) -> None:
        """The twins' gradients into the network's; of all running statistics, their mean."""
        for parameters in zip(
            network.parameters(), *(twin.parameters() for twin in self._twins), strict=True
        ):
            gradients = [each.grad for each in parameters if each.grad is not None]
            for gradient in gradients[1:]:
                gradients[0].add_(gradient)
            if gradients:
                parameters[0].grad = gradients[0]
        for buffer, *others in zip(network.buffers(), *(twin.buffers() for twin in self._twins), strict=True):
            if buffer.is_floating_point():
                for other in others:
                    buffer.add_(other)
                buffer.div_(self.parts)


def _twin(network: nn.Module) -> nn.Module:
    """A copy of `network` whose parameters lie where the network's own do."""
    shared = {id(each): nn.Parameter(each.detach(), each.requires_grad) for each in network.parameters()}
    return copy.deepcopy(network, dict(shared))


def _shares_weights(twin: nn.Module, network: nn.Module) -> bool:
    pairs = zip(twin.parameters(), network.parameters(), strict=True)
    return all(theirs.data_ptr() == its.data_ptr() for theirs, its in pairs)


def _take_cores(cores: int, together: threading.Barrier) -> None:
    """Let the operations of this thread use so many cores.

    Each thread of a pool does it once, as none goes on before all are here.
    """
    together.wait()
    torch.get_num_threads()  # a new thread's first question would undo what was set before it
    torch.set_num_threads(max(cores, 1))
