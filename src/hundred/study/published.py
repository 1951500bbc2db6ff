"""The published study's own training histories, epoch by epoch."""

import tomllib
from functools import cache
from importlib import resources

import pandas as pd

SCHOOL = "school"  # the training of this network that the study reported with 57 %


@cache
def published_histories() -> dict[str, pd.DataFrame]:
    """The twelve histories by name: epoch (from 1), accuracy, val_accuracy (on the test images),
    learning_rate."""
    text = resources.files("hundred.study").joinpath("published_histories.toml").read_text("utf-8")
    histories = {}
    for entry in tomllib.loads(text)["histories"]:
        history = pd.DataFrame({key: entry[key] for key in ("accuracy", "val_accuracy", "learning_rate")})
        history.insert(0, "epoch", range(1, len(history) + 1))
        histories[entry["name"]] = history
    return histories
