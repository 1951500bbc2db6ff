"""How quickly folders of pictures open and train: `python -m benchmarks.open_folders`, some five minutes.

Draws pictures into a temporary folder (60,000 of 32 pixels as PNG, 20,000 of 128 as JPEG, `--few` for a
hundredth), then measures, each in a process of its own: decoding by Pillow alone in two processes
(pictures/s), the first opening by Hundred (pictures/s, listing and writing the cache included), and the
second (seconds). At last, training on the folder of 32 pixels against the same images as CIFAR-100's
pickles, in turns (images/s of the epochs, by a network of 8 channels, so that the data counts).
"""

import argparse
import os
import pickle
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from statistics import median

import numpy as np
from PIL import Image

from hundred.data.dataset import Dataset
from hundred.data.names import FINE_NAMES

SETS = ((32, 60_000, "png"), (128, 20_000, "jpg"))
ROUNDS = 5
TINY = {
    **{f"model.width{place}": 8 for place in (1, 2, 3)},
    "training.resolutions": [],
    "tracking.mlflow": False,
}
OPEN = (
    "import sys, time; from hundred.data.opening.open import open_dataset\n"
    "begin = time.perf_counter(); open_dataset(sys.argv[1]); print(time.perf_counter() - begin)"
)


def place(root: Path, number: int, ending: str) -> Path:
    """Where picture `number` is: a sixth of each of CIFAR-100's classes is the test set."""
    split = "test" if number % 6 == 5 else "train"
    return root / split / FINE_NAMES[number // 6 % len(FINE_NAMES)] / f"{number:05}.{ending}"


def draw(order: tuple[Path, range, int, str]) -> None:
    """Write pictures of smooth noise, a plain number of them each time the same."""
    root, numbers, size, ending = order
    for number in numbers:
        path = place(root, number, ending)
        path.parent.mkdir(parents=True, exist_ok=True)
        coarse = np.random.default_rng(number).integers(0, 256, (8, 8, 3), np.uint8)
        Image.fromarray(coarse).resize((size, size), Image.Resampling.BICUBIC).save(path)


def decode(paths: Sequence[str]) -> int:
    """Decode with Pillow and nothing else."""
    for path in paths:
        with Image.open(path) as image:
            np.asarray(image.convert("RGB"))
    return len(paths)


def pillow_rate(pool: ProcessPoolExecutor, paths: list[str]) -> float:
    """Pictures a second by Pillow in two processes, which have started."""
    list(pool.map(decode, (paths[:100], paths[-100:])))
    begin = time.perf_counter()
    list(pool.map(decode, (paths[::2], paths[1::2])))
    return len(paths) / (time.perf_counter() - begin)


def opening_seconds(root: Path, cache: Path) -> float:
    """Seconds of `open_dataset` in a new process, without its imports, with what is kept in `cache`."""
    command = [sys.executable, "-c", OPEN, str(root)]
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache)}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return float(done.stdout)


def as_pickles(dataset: Dataset, folder: Path) -> Path:
    """The images and labels of `dataset` as the two files of `cifar-100-python`."""
    folder.mkdir()
    for name, split in (("train", dataset.train), ("test", dataset.test)):
        content = {
            b"data": split.images.numpy().reshape(len(split), -1),
            b"fine_labels": split.fine.tolist(),
            b"coarse_labels": split.coarse.tolist(),
        }
        (folder / name).write_bytes(pickle.dumps(content, 4))
    return folder


def train_in_turns(places: dict[str, Path], runs: Path) -> dict[str, float]:
    """Images a second of an epoch on each set: the median of some rounds, after one to warm up."""
    import hundred

    rates: dict[str, list[float]] = {name: [] for name in places}
    for turn in range(ROUNDS + 1):
        for name, where in places.items():
            run = hundred.train(
                *("sprint",),
                data=where,
                runs=runs,
                name=f"{name}-{turn}",
                set=TINY,
                epochs=1,
                quiet=True,
                figures=False,
            )
            rates[name].append(float(run.history["images_per_second"].iloc[-1]))  # type: ignore[union-attr]
    return {name: median(each[1:]) for name, each in rates.items()}


def measure(folder: Path, size: int, count: int, ending: str) -> None:
    """Draw a set, open it twice, and train on that of 32 pixels."""
    root = folder / f"pictures-{size}"
    alone, first, second = [], [], []
    with ProcessPoolExecutor(2) as pool:
        halves = range(0, count // 2), range(count // 2, count)
        list(pool.map(draw, [(root, half, size, ending) for half in halves]))
        paths = [str(place(root, number, ending)) for number in range(count)]
        for turn in range(ROUNDS):  # in turns: the speed of shared machines changes by the minute
            alone.append(pillow_rate(pool, paths))
            cache = folder / f"cache-{size}-{turn}"
            first.append(opening_seconds(root, cache))
            second.append(opening_seconds(root, cache))
            shutil.rmtree(cache)
    ratios = sorted(count / seconds / rate for seconds, rate in zip(first, alone, strict=True))
    print(
        f"{count:,} pictures of {size} pixels: Pillow alone {median(alone):,.0f}/s, first opening "
        f"{count / median(first):,.0f}/s, {median(ratios):.2f} of it ({ratios[0]:.2f} to {ratios[-1]:.2f}), "
        f"second opening {median(second):.2f} s; medians of {ROUNDS} rounds",
        flush=True,
    )
    if size == 32:
        from hundred.data.opening.open import open_dataset

        pickles = as_pickles(open_dataset(root), folder / "cifar-100-python")
        rates = train_in_turns({"pickles": pickles, "folders": root}, folder / "runs")
        print(
            f"training: {rates['folders']:,.0f} images/s on folders, {rates['pickles']:,.0f} on pickles "
            f"({rates['folders'] / rates['pickles']:.2f})",
            flush=True,
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--few", action="store_true", help="a hundredth of the pictures, to try the program")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = str(Path(folder) / "cache")
        for size, whole, ending in SETS:
            measure(Path(folder), size, whole // 100 if options.few else whole, ending)


if __name__ == "__main__":
    main()
