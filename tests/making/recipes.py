"""Overrides that make a recipe train in about a second."""

# The sprint network with next to no width, and nothing beside the run itself.
SMALL = {
    "model.width1": 8,
    "model.width2": 8,
    "model.width3": 8,
    "training.batch_size": 100,
    "training.precision": "float32",
    "tracking.mlflow": False,
}
