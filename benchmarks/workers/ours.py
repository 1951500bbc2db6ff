"""Our own training step on a recipe, through the same Trainer that `hundred train` uses."""

import time

import torch

from benchmarks.workers.common import arguments, say
from hundred.data.opening.open import open_dataset
from hundred.experiment.build.trainer import build_network, build_splits, build_trainer
from hundred.recipe.load import load_recipe


def main() -> None:
    """Train `--backend` (here the recipe's name) for the given steps."""
    options = arguments()
    overrides = {"training.batch_size": options.batch, "training.precision": options.precision}
    recipe = load_recipe(options.backend or "school", overrides).recipe
    device = torch.device("cpu")
    dataset = open_dataset(options.data)
    splits = build_splits(recipe, dataset, device)
    network = build_network(recipe, 100, splits, device)
    trainer = build_trainer(recipe, dataset, splits, network)
    network.train()
    marks = []
    for step, (inputs, targets) in enumerate(trainer.batches.epoch(1, [0] * len(trainer.batches))):
        if step >= options.warmup:
            marks.append(time.perf_counter())
        if len(marks) > options.steps:
            break
        trainer.step(inputs, targets)
    say(options.batch * (len(marks) - 1), marks[-1] - marks[0], precision=str(trainer.precision))


if __name__ == "__main__":
    main()
