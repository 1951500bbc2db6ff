"""Every comparison, ratios first: `make bench`, or `python -m benchmarks [--rounds 5] [--data PATH]`."""

import argparse
import json
import os
import statistics
from pathlib import Path
from typing import Any

from benchmarks.alternate import Figures, Rival, alternate, ratios

RESULTS = Path(__file__).parent / "results.json"
PICTURE = Path(__file__).parent.parent / "docs" / "benchmarks.png"


def comparisons(data: str) -> dict[str, list[Rival]]:
    """Rivals by comparison; the first is ours."""
    school = ("--data", data, "--backend", "school")
    sprint = ("--data", data, "--backend", "sprint", "--batch", "512", "--steps", "10")
    batches = ("--data", data, "--batch", "128", "--steps", "60", "--backend")
    return {
        "training the school network, study's augmentation, batch 64 (images/s)": [
            Rival("hundred", "ours", school),
            Rival("hundred, float32", "ours", (*school, "--precision", "float32")),
            Rival("Keras, TensorFlow", "keras_school", ("--data", data, "--backend", "tensorflow")),
            Rival("Keras, PyTorch", "keras_school", ("--data", data, "--backend", "torch")),
        ],
        "training the sprint network, batch 512 (images/s)": [
            Rival("hundred", "ours", sprint),
            Rival("hundred, float32", "ours", (*sprint, "--precision", "float32")),
            Rival("plain PyTorch", "plain_torch", sprint),
        ],
        "study's augmentation alone, batch 128 (images/s)": [
            Rival("hundred", "data_path", (*batches, "hundred-study")),
            Rival("Keras, ImageDataGenerator", "data_path", (*batches, "keras-study")),
        ],
        "padded crop and flip alone, batch 128 (images/s)": [
            Rival("hundred", "data_path", (*batches, "hundred-crop")),
            Rival("DataLoader, image by image", "data_path", (*batches, "per-image-crop")),
        ],
        "start of a command (starts/s)": [
            Rival("hundred --help", "start", ("--backend", "hundred")),
            Rival("import torch", "start", ("--backend", "torch")),
            Rival("import keras", "start", ("--backend", "keras")),
        ],
    }


def main() -> None:
    """Measure, print, keep and draw."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--data", default=os.environ.get("HUNDRED_DATA", "sample"))
    parser.add_argument("--only", default="", help="comparisons whose title has this word")
    options = parser.parse_args()
    from hundred.runs.environment import describe_machine

    kept: dict[str, Any] = {"comparisons": {}}
    if options.only and RESULTS.exists():
        kept = json.loads(RESULTS.read_text(encoding="utf-8"))
    kept["machine"] = describe_machine("cpu")
    for title, rivals in comparisons(options.data).items():
        if options.only in title:
            print(title)
            kept["comparisons"][title] = summary(rivals, alternate(rivals, options.rounds))
            RESULTS.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    from benchmarks.picture import draw

    draw(kept["comparisons"], PICTURE)
    print(f"kept in {RESULTS}, drawn in {PICTURE}")


def summary(rivals: list[Rival], figures: Figures) -> dict[str, Any]:
    """Medians, and our ratio to each rival with its range over the rounds; printed, too."""
    ours = rivals[0].name
    against = {}
    for rival in rivals[1:]:
        median, low, high = ratios(figures, ours, rival.name)
        against[rival.name] = {"median": median, "low": low, "high": high}
        print(f"  {ours} / {rival.name:<28} {median:.2f}  ({low:.2f} to {high:.2f})")
    return {
        "speed": {name: statistics.median(speed for speed, _ in rounds) for name, rounds in figures.items()},
        "peak_memory_mb": {name: max(memory for _, memory in rounds) for name, rounds in figures.items()},
        "ratios": against,
        "rounds": len(figures[ours]),
    }


if __name__ == "__main__":
    main()
