"""How quickly folders of pictures open, against Pillow alone: `python -m benchmarks.open_folders`.

Draws pictures of noise into a temporary folder (60,000 of 32 pixels as PNG, 20,000 of 128 as JPEG, `--few`
for a hundredth), then measures, each in a process of its own: decoding by Pillow alone in two processes
(pictures/s), the first opening by Hundred (pictures/s, listing and writing the cache included), and the
second (seconds).
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

SETS = ((32, 60_000, "png"), (128, 20_000, "jpg"))
CLASSES = 100


def write(root: Path, size: int, count: int, ending: str) -> list[str]:
    """`count` pictures in CLASSES folders of `root/train`, a sixth of as many in `root/test`; their paths."""
    draws, paths = np.random.default_rng(0), []
    for number in range(count):
        split = "test" if number % 6 == 5 else "train"
        folder = root / split / f"class{number // 6 % CLASSES}"
        folder.mkdir(parents=True, exist_ok=True)
        coarse = draws.integers(0, 256, (8, 8, 3), np.uint8)
        path = folder / f"p{number}.{ending}"
        Image.fromarray(coarse).resize((size, size), Image.Resampling.BICUBIC).save(path)
        paths.append(str(path))
    return paths


def decode(paths: list[str]) -> int:
    """Decode with Pillow and nothing else."""
    for path in paths:
        with Image.open(path) as image:
            np.asarray(image.convert("RGB"))
    return len(paths)


def pillow_rate(paths: list[str]) -> float:
    """Pictures a second by Pillow in two processes."""
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(decode, (paths[:2], paths[:2])))  # started
        begin = time.perf_counter()
        list(pool.map(decode, (paths[::2], paths[1::2])))
        return len(paths) / (time.perf_counter() - begin)


def opening_seconds(root: Path, cache: Path) -> float:
    """Seconds of `open_dataset` in a new process, without its imports."""
    code = (
        "import sys, time; from hundred.data.opening.open import open_dataset\n"
        "begin = time.perf_counter(); open_dataset(sys.argv[1]); print(time.perf_counter() - begin)"
    )
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache)}
    done = subprocess.run(
        [sys.executable, "-c", code, str(root)], env=environment, check=True, capture_output=True, text=True
    )
    return float(done.stdout)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--few", action="store_true", help="a hundredth of the pictures, to try the program")
    options = parser.parse_args()
    for size, whole, ending in SETS:
        count = whole // 100 if options.few else whole
        with tempfile.TemporaryDirectory() as folder:
            root, cache = Path(folder) / "pictures", Path(folder) / "cache"
            paths = write(root, size, count, ending)
            alone = pillow_rate(paths)
            first = opening_seconds(root, cache)
            second = opening_seconds(root, cache)
        print(
            f"{count:,} pictures of {size} pixels: Pillow alone {alone:,.0f}/s, first opening "
            f"{count / first:,.0f}/s ({count / first / alone:.2f} of it), second opening {second:.2f} s"
        )


if __name__ == "__main__":
    main()
