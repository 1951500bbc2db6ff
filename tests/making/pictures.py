"""Sets of drawn pictures, of any classes and sizes, as people have them in folders."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

COLOURS = ((200, 60, 60), (60, 200, 60), (60, 60, 220), (220, 220, 60), (200, 60, 200))


def picture(kind: int, number: int, size: tuple[int, int] = (40, 30)) -> Image.Image:
    """A block in the colour of its class on a ground of its own, width x height."""
    draws = np.random.default_rng(1000 * kind + number)
    width, height = size
    pixels = np.empty((height, width, 3), np.uint8)
    pixels[:] = draws.integers(0, 100, 3)
    top, left = draws.integers(0, height // 2), draws.integers(0, width // 2)
    pixels[top : top + height // 2, left : left + width // 2] = COLOURS[kind % len(COLOURS)]
    return Image.fromarray(pixels)


def write_folders(
    root: Path,
    counts: Mapping[str, int],
    classes: Sequence[str] = ("cat", "dog"),
    sizes: Sequence[tuple[int, int]] = ((40, 30),),
    ending: str = "png",
) -> Path:
    """`root/SPLIT/CLASS/p0.png` and so on; a split '' puts the classes at the top."""
    for split, count in counts.items():
        for kind, name in enumerate(classes):
            folder = root / split / name
            folder.mkdir(parents=True, exist_ok=True)
            for number in range(count):
                seed = number + 500 * sorted(counts).index(split)
                picture(kind, seed, sizes[number % len(sizes)]).save(folder / f"p{number}.{ending}")
    return root
