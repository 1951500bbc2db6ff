"""What to try next, as arguments of `hundred train RECIPE`: `--set key=value`, keys of the recipe."""

from hundred.evaluation.doctor.features import HistoryFeatures

# Where a history does not tell its learning rate: Adam's usual one, which suits most small networks.
USUAL_RATE = 1e-3


def setting(key: str, value: float | int | str | bool) -> str:
    """One change, such as `--set training.learning_rate=0.0003`."""
    if isinstance(value, bool):
        return f"--set {key}={str(value).lower()}"
    return f"--set {key}={value:.2g}" if isinstance(value, float) else f"--set {key}={value}"


def other_rate(features: HistoryFeatures, factor: float) -> str:
    """The highest learning rate of the run times `factor`."""
    peak = features.rates.peak
    return setting("training.learning_rate", USUAL_RATE if peak is None else float(f"{peak * factor:.1g}"))


def longer(features: HistoryFeatures, times: float) -> str:
    """So many times the epochs."""
    planned = features.history.context.epochs or features.n
    return setting("training.epochs", max(round(max(planned, features.n) * times), features.n + 2))


def fewer(epoch: int) -> str:
    """To end at about `epoch`."""
    return setting("training.epochs", max(epoch, 1))


CUT_ON_PLATEAU = (
    "--set callbacks.reduce_on_plateau.patience=5",
    "--set callbacks.reduce_on_plateau.factor=0.3",
)
COSINE = ("--set training.schedule.name=cosine", "--set training.schedule.warmup=0.05")
MILD_AUGMENTATION = ("--set augment.flip=random", "--set augment.crop_padding=4")
WEIGHT_DECAY = "--set training.weight_decay=0.0005"
EARLY_STOPPING = (
    "--set callbacks.early_stopping.patience=5",
    "--set callbacks.early_stopping.restore_best_weights=true",
)
CLIPPING = "--set training.gradient_clip=1.0"
WARMUP = "--set training.schedule.warmup=0.1"
LESS_AUGMENTATION = (
    "--set augment.rotation=0",
    "--set augment.width_shift=0.1",
    "--set augment.height_shift=0.1",
    "--set augment.zoom=0",
    "--set augment.cutout=0",
    "--set augment.erasing=0",
    "--set augment.vertical_flip=false",
    "--set augment.randaugment_layers=0",
)
