"""What this machine can do at most: `python -m benchmarks.floor`. Products on registers alone, convolutions,
matrix products, memory."""

import statistics
import time
from collections.abc import Callable

import torch

from benchmarks.peak import peaks
from hundred.runs.environment import cpu_model

ROUNDS = 7
# (batch, channels in, channels out, side, kernel): costly ones of the sprint network, one of the school's.
CONVOLUTIONS = (
    (512, 24, 32, 31, 3),
    (512, 32, 32, 15, 1),
    (512, 32, 128, 15, 3),
    (512, 128, 96, 7, 3),
    (512, 128, 384, 7, 2),
    (512, 384, 256, 3, 3),
    (512, 256, 384, 3, 3),
    (64, 128, 128, 28, 3),
)


def seconds(work: Callable[[], object]) -> float:
    """Median seconds of `work`, after one round that is not counted."""
    work()
    times = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def convolution(shape: tuple[int, int, int, int, int], dtype: torch.dtype) -> tuple[float, float]:
    """GFLOP/s of a convolution forwards, and forwards with both gradients; even kernels are not padded."""
    batch, before, after, side, kernel = shape
    layer = torch.nn.Conv2d(before, after, kernel, padding=kernel // 2 * (kernel % 2), bias=False).to(dtype)
    layer = layer.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    x = (
        torch.randn(batch, before, side, side, dtype=dtype)
        .to(memory_format=torch.channels_last)
        .requires_grad_()
    )
    gradient = torch.randn_like(layer(x))
    operations = 2 * gradient.numel() * before * kernel**2 / 1e9
    both = seconds(lambda: layer(x).backward(gradient))
    with torch.no_grad():
        forward = seconds(lambda: layer(x))
    return operations / forward, 3 * operations / both


def main() -> None:
    """Print a table."""
    print(f"{cpu_model()}, torch {torch.__version__}, {torch.get_num_threads()} threads")
    for name, peak in peaks(cores=torch.get_num_threads()).items():
        print(f"at most          {name:<32} {peak:6.0f} GFLOP/s")
    for dtype in (torch.float32, torch.bfloat16):
        matrix = torch.randn(2048, 2048, dtype=dtype)
        product = seconds(lambda matrix=matrix: matrix @ matrix)  # type: ignore[misc]
        print(f"{dtype!s:<16} matrix product 2048        {2 * 2048**3 / product / 1e9:6.0f} GFLOP/s")
        for shape in CONVOLUTIONS:
            forward, both = convolution(shape, dtype)
            print(f"{dtype!s:<16} convolution {shape!s:<24} {forward:6.0f} forwards {both:6.0f} in all")
    block = torch.zeros(64 * 2**20)
    target = torch.empty_like(block)
    print(f"memory copy {block.numel() * 4 / seconds(lambda: target.copy_(block)) / 1e9:.1f} GB/s copied")


if __name__ == "__main__":
    main()
