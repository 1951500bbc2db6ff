"""Convolutions over few pixels as matrix products, against torch's own: `python -m benchmarks.few_pixels`.

Images per second of training steps, forward and backward, of whole networks with either, in turns.
"""

import argparse
import statistics
from collections.abc import Callable
from unittest import mock

import torch
from torch.nn.functional import cross_entropy

from benchmarks.alternate import middle_and_ends, per_second
from hundred.models import convolution
from hundred.models.registry import build
from hundred.training.precision import choose_precision, mixed_precision

STEPS = 3
# (network, images a step, their side)
CASES = [
    ("school", 64, 32),
    ("sprint", 512, 20),
    ("sprint", 512, 32),
    ("vgg16-bn", 128, 32),
    ("resnet18", 128, 32),
]


def main() -> None:
    """Print the medians of both and the ratio in each case."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--precision", default="auto", choices=["auto", "float32", "bfloat16"])
    options = parser.parse_args()
    precision = choose_precision(options.precision, torch.device("cpu"))
    print(f"{precision}, {torch.get_num_threads()} threads, {torch.backends.cpu.get_cpu_capability()}")
    for name, images, side in CASES:
        step = training_step(name, images, side, precision)
        found = []
        for _ in range(options.rounds):
            product = per_second(step, images, STEPS)
            with mock.patch.object(convolution, "most_pixels", return_value=0):
                found.append((product, per_second(step, images, STEPS)))
        ratio, low, high = middle_and_ends(product / torchs for product, torchs in found)
        medians = [statistics.median(speeds) for speeds in zip(*found, strict=True)]
        print(
            f"{name}, {images} images of {side} pixels: products {medians[0]:.0f} images/s, "
            f"torch {medians[1]:.0f}; ratio {ratio:.2f} ({low:.2f} to {high:.2f})",
            flush=True,
        )


def training_step(name: str, images: int, side: int, precision: torch.dtype) -> Callable[[], None]:
    """One forward and backward pass of the network on `images` drawn images."""
    torch.manual_seed(0)
    network = build(name).train().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    x = torch.randn(images, 3, side, side).contiguous(memory_format=torch.channels_last)
    targets = torch.randint(100, (images,))

    def step() -> None:
        network.zero_grad(set_to_none=True)
        with mixed_precision(precision, torch.device("cpu")):
            logits = network(x)
        cross_entropy(logits.float(), targets).backward()

    return step


if __name__ == "__main__":
    main()
