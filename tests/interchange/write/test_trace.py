"""Tracing a network: what it leaves in memory."""

import gc
import tracemalloc

import torch
from torch import Tensor, nn

from hundred.interchange.write.trace import trace_graph


class Branching(nn.Module):
    """Layers, functions and a parameter of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(3, 4, 1)
        self.head = nn.Linear(4, 5)
        self.unused = nn.Linear(2, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.first(x)) + self.second(x)
        return self.head(x.mean((2, 3)))  # type: ignore[no-any-return]


def test_a_network_that_was_traced_leaves_nothing_behind() -> None:
    network = Branching()
    for _ in range(3):
        trace_graph(network)  # what is made once and kept
    gc.collect()
    tracemalloc.start()
    try:
        for _ in range(10):
            trace_graph(network)
        gc.collect()
        kept = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    # A compiled graph was 17 KB each.
    assert kept < 10 * 1000
