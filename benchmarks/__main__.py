"""`make bench`, or `python -m benchmarks [--rounds 5] [--data PATH]`: every comparison, ratios first."""

import argparse
import json
import os
import statistics
from pathlib import Path

from benchmarks.alternate import Rival, alternate, ratios

RESULTS = Path(__file__).parent / "results.json"


def comparisons(data: str) -> dict[str, list[Rival]]:
    """Rivals by comparison; the first is ours."""
    where = ("--data", data)
    return {
        "school network, study's augmentation, batch 64": [
            Rival("hundred", "ours", (*where, "--backend", "school")),
            Rival("hundred, float32", "ours", (*where, "--backend", "school", "--precision", "float32")),
            Rival("Keras, TensorFlow", "keras_school", (*where, "--backend", "tensorflow")),
            Rival("Keras, PyTorch", "keras_school", (*where, "--backend", "torch")),
        ],
        "sprint network, batch 512": [
            Rival("hundred", "ours", (*where, "--backend", "sprint", "--batch", "512", "--steps", "10")),
            Rival(
                "hundred, float32",
                "ours",
                (*where, "--backend", "sprint", "--batch", "512", "--steps", "10", "--precision", "float32"),
            ),
            Rival(
                "plain PyTorch",
                "plain_torch",
                (*where, "--backend", "sprint", "--batch", "512", "--steps", "10"),
            ),
        ],
    }


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--data", default=os.environ.get("HUNDRED_DATA", "sample"))
    options = parser.parse_args()
    from hundred.runs.environment import describe_machine

    results: dict[str, object] = {"machine": describe_machine("cpu"), "comparisons": {}}
    for title, rivals in comparisons(options.data).items():
        print(title)
        figures = alternate(rivals, options.rounds)
        kept = {
            name: {"median": statistics.median(values), "all": values} for name, values in figures.items()
        }
        against = {}
        for rival in rivals[1:]:
            median, low, high = ratios(figures, rivals[0].name, rival.name)
            against[rival.name] = {"median": median, "low": low, "high": high}
            print(f"  hundred / {rival.name:<28} {median:.2f}  ({low:.2f} to {high:.2f})")
        results["comparisons"][title] = {"images_per_second": kept, "ratios": against}  # type: ignore[index]
    RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    print(f"kept in {RESULTS}")


if __name__ == "__main__":
    main()
