"""The most that the processor multiplies in a second, on registers alone, by a loop in C (peak.c).

Where no C compiler is found, the product of two small matrices in the cache stands for it.
"""

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import torch

SOURCE = Path(__file__).with_suffix(".c")
SIDE = 384  # of a matrix that stays in the cache


def peaks(seconds: float = 1.0, cores: int | None = None) -> dict[str, float]:
    """GFLOP/s by kind of product, added up over `cores` processes at the same time (default: all cores)."""
    cores = cores or len(os.sched_getaffinity(0))
    compiler = next((path for path in map(shutil.which, ("gcc", "cc", "clang", "g++")) if path), None)
    if compiler is None:
        return cached_products(seconds)
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "peak"
        command = [compiler, "-x", "c", "-O3", "-march=native", str(SOURCE), "-o", str(program)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            return cached_products(seconds)
        started = [
            subprocess.Popen([program, str(seconds)], stdout=subprocess.PIPE, text=True) for _ in range(cores)
        ]
        outputs = [process.communicate()[0] for process in started]
    total: dict[str, float] = {}
    for output in outputs:
        for name, speed in map(str.split, output.splitlines()):
            total[name] = total.get(name, 0.0) + float(speed)
    return total or cached_products(seconds)


def cached_products(seconds: float) -> dict[str, float]:
    """GFLOP/s of matrix products in the cache, by torch and with its threads."""
    found = {}
    for dtype in (torch.float32, torch.bfloat16):
        matrix = torch.randn(SIDE, SIDE).to(dtype)
        out = torch.empty_like(matrix)
        begin, count = time.perf_counter(), 0
        while time.perf_counter() - begin < seconds:
            torch.mm(matrix, matrix, out=out)
            count += 1
        rate = count * 2 * SIDE**3 / (time.perf_counter() - begin) / 1e9
        found[f"product of {SIDE} x {SIDE}, {str(dtype).removeprefix('torch.')}"] = rate
    return found
