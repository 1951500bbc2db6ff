"""Predictions of images by networks that were not trained on them, by k-fold cross-validation."""

import hashlib
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hundred.data.dataset import Dataset, Split
from hundred.errors import UsageError
from hundred.experiment.checks import check_folds
from hundred.experiment.run.resume import recipe_of_run
from hundred.experiment.train import train
from hundred.recipe.load import leaves, load_recipe
from hundred.recipe.schema import Recipe
from hundred.runs.layout import is_run
from hundred.runs.run import Run

SPLIT_SEED = 100


def fold_logits(
    dataset: Dataset,
    recipe: Recipe,
    folds: int,
    runs: Path,
    *,
    device: str = "auto",
    quiet: bool = False,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Logits for all training images, each by the network that was trained without it, and for the test
    images, averaged over the networks: float32 [n, classes] each.

    `recipe` is trained `folds` times, on all but one part of the training images, with the protocol `full`
    (nothing is selected). The runs are `fold-1`, `fold-2`... in `runs`; unfinished ones are
    resumed, finished ones taken as they are.

    Raises UsageError for an impossible number of folds, and whatever `train` raises.
    """
    check_folds(folds)
    train_logits = np.zeros((len(dataset.train), len(dataset.fine_names)), np.float32)
    test_logits: list[NDArray[np.float32]] = []
    for number, held in enumerate(fold_indices(dataset.train.fine, folds), start=1):
        if not quiet:
            print(f"fold {number} of {folds}", file=sys.stderr, flush=True)  # noqa: T201
        part = hold_out(dataset, held)
        run = _train_fold(part, recipe, runs, f"fold-{number}", device=device, quiet=quiet)
        logits = run.predictions()["test_logits"]
        train_logits[held.numpy()] = logits[: len(held)]
        test_logits.append(logits[len(held) :])
    return train_logits, average_logits(test_logits)


def fold_indices(fine: Tensor, folds: int) -> Iterator[Tensor]:
    """The training images of each fold, int64 [about n / folds], ascending: every class in equal parts.

    fine: int64 [n], labels. Raises UsageError where a class has fewer images than there are folds.
    """
    generator = torch.Generator().manual_seed(SPLIT_SEED)
    members = [torch.nonzero(fine == label).flatten() for label in fine.unique()]
    fewest = min(len(each) for each in members)
    if fewest < folds:
        raise UsageError(f"--folds {folds}: a class has only {fewest} training images")
    shuffled = [each[torch.randperm(len(each), generator=generator)] for each in members]
    for number in range(folds):
        yield torch.cat([each[number::folds] for each in shuffled]).sort().values


def hold_out(dataset: Dataset, held: Tensor) -> Dataset:
    """`dataset` whose training split lacks the images `held`, and whose test split begins with them."""
    kept = torch.ones(len(dataset.train), dtype=torch.bool)
    kept[held] = False
    first = dataset.train.take(held)
    test = Split(
        torch.cat([first.images, dataset.test.images]),
        torch.cat([first.fine, dataset.test.fine]),
        torch.cat([first.coarse, dataset.test.coarse]),
    )
    part = hashlib.sha256(f"{dataset.digest} without ".encode() + held.numpy().tobytes()).hexdigest()
    return replace(dataset, train=dataset.train.take(torch.nonzero(kept).flatten()), test=test, digest=part)


def average_logits(logits: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Log-probabilities of the mean prediction of several networks, float32 [n, classes]."""
    if len(logits) == 1:
        return logits[0]
    mean = torch.stack([torch.from_numpy(each).double().softmax(1) for each in logits]).mean(0)
    result: NDArray[np.float32] = mean.clamp(min=1e-30).log().float().numpy()
    return result


def _train_fold(part: Dataset, recipe: Recipe, runs: Path, name: str, **options: Any) -> Run:
    # `part` is trained on as it is, and its runs are no experiment to be tracked. Every value is set
    # explicitly, so that a resumed fold is one of this very recipe.
    fixed: dict[str, Any] = {
        "growth": [],
        "data.protocol": "full",
        "data.train_per_class": 0,
        "data.test_per_class": 0,
        "tracking.mlflow": False,
    }
    settings = {**leaves(recipe), **fixed}
    resume = is_run(runs / name)
    if resume:
        recipe_of_run(runs / name, load_recipe({}, settings))  # raises where it was another recipe
        if Run(runs / name).environment.get("data_digest", part.digest) != part.digest:
            raise UsageError(f"{runs / name} was trained on other images: remove it, or name another --out")
    run = train({}, data=part, name=name, runs=runs, resume=resume, figures=False, set=settings, **options)
    return Run(run.path)
