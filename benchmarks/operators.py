"""Where a training step spends its time: `python -m benchmarks.operators sprint --side 32`."""

import argparse
import os

import torch
from torch.profiler import ProfilerActivity, profile

from hundred.data.opening.open import open_dataset
from hundred.experiment.build.trainer import build_network, build_splits, build_trainer
from hundred.recipe.load import load_recipe

STEPS = 4


def main() -> None:
    """Print the operators of a few steps, most costly first."""
    parser = argparse.ArgumentParser()
    parser.add_argument("recipe", nargs="?", default="sprint")
    parser.add_argument("--data", default=os.environ.get("HUNDRED_DATA", "sample"))
    parser.add_argument("--side", type=int, default=0, help="image side in pixels; 0 is as stored")
    options = parser.parse_args()
    recipe = load_recipe(options.recipe).recipe
    dataset = open_dataset(options.data)
    splits = build_splits(recipe, dataset, torch.device("cpu"))
    network = build_network(recipe, 100, splits, torch.device("cpu"))
    trainer = build_trainer(recipe, dataset, splits, network)
    network.train()
    batches = trainer.batches.epoch(1, [options.side] * len(trainer.batches))
    for _ in range(2):
        trainer.step(*next(batches))
    with profile(activities=[ProfilerActivity.CPU]) as profiled:
        for _ in range(STEPS):
            trainer.step(*next(batches))
    print(
        profiled.key_averages().table(sort_by="self_cpu_time_total", row_limit=25, max_name_column_width=48)
    )


if __name__ == "__main__":
    main()
