"""From a recipe to the parts that train: the only place that knows recipes, networks, data and optimizers."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from hundred.data.batches import Batches
from hundred.data.dataset import Dataset, Split
from hundred.data.normalize import Normalize, standardized, zero_to_one
from hundred.data.split import holdout
from hundred.data.subset import without_validation
from hundred.errors import UsageError
from hundred.evaluation.doctor.live import LiveDoctor
from hundred.evaluation.doctor.readers.sources import context_of_recipe
from hundred.experiment.build.augmentation import build_pipeline
from hundred.experiment.build.data import Lines
from hundred.experiment.build.image_size import at_image_size
from hundred.experiment.build.loss import build_loss
from hundred.experiment.build.model import FILE, check_sizes, starting_network
from hundred.experiment.build.optimizer import fitting, optimizer_of
from hundred.experiment.build.try_step import try_step
from hundred.models.summary import count_parameters
from hundred.recipe.callbacks import CallbacksSection
from hundred.recipe.schema import Recipe
from hundred.recipe.training import TrainingSection
from hundred.training.callbacks.base import Callback
from hundred.training.callbacks.best_weights import BestWeights
from hundred.training.callbacks.custom import load_custom
from hundred.training.callbacks.early_stopping import EarlyStopping
from hundred.training.callbacks.monitor import check_monitors
from hundred.training.callbacks.plateau import ReduceOnPlateau
from hundred.training.callbacks.stop_at import StopAt
from hundred.training.epoch_plan import EpochPlan
from hundred.training.features import CachedFeatures
from hundred.training.freeze import BACKBONE, FrozenLayers
from hundred.training.optim.ema import Ema, Swa, WeightAverage
from hundred.training.optim.schedules import Schedule
from hundred.training.precision import choose_precision
from hundred.training.strategies.base import Strategy
from hundred.training.strategies.single import SingleStrategy
from hundred.training.strategies.threads import ThreadedStrategy
from hundred.training.trainer import Trainer

IMAGES_FOR_PREPARE = 1_000


@dataclass(frozen=True)
class Splits:
    """What trains, validates and tests, on the device.

    train: the whole training split; train_indices are those trained on. validation: None under the
    protocol `full`; validation_indices are into the training split, None where the test set validates.
    """

    train: Split
    train_indices: Tensor
    validation: Split | None
    validation_indices: Tensor | None
    test: Split
    scaling: Normalize


def build_splits(
    recipe: Recipe, dataset: Dataset, device: torch.device, scaling: Normalize | None = None
) -> Splits:
    """Cut the dataset by the recipe's protocol and put it on `device`; `scaling` replaces the recipe's."""
    train, test = _to(dataset.train, device), _to(dataset.test, device)
    validation, held_out = None, None
    indices = torch.arange(len(train), device=device)
    if recipe.data.protocol == "holdout":
        if dataset.validation_indices is not None:
            kept, held_out = without_validation(dataset), dataset.validation_indices
        else:
            section = recipe.data
            kept, held_out = holdout(dataset.train.fine, section.validation_per_class, section.split_seed)
        indices, held_out = kept.to(device), held_out.to(device)
        validation = train.take(held_out)
    elif recipe.data.protocol == "test-as-validation":
        validation = test
    if scaling is None:
        # Statistics of all training images: the few held out move them by less than a ten-thousandth.
        # Computed on the CPU: on a GPU it would wait, and Apple's has no float64.
        scaling = standardized(dataset.train.images) if recipe.data.scaling == "standard" else zero_to_one()
    return Splits(train, indices, validation, held_out, test, scaling.to(device))


def put_network(network: nn.Module, splits: Splits, device: torch.device) -> nn.Module:
    """`network` on `device`, after `network.prepare(images)` on training images, if it has that."""
    prepare: Callable[[Tensor], None] | None = getattr(network, "prepare", None)
    if prepare is not None:
        # From the whole split: some forms of the data are sorted by class.
        step = max(len(splits.train_indices) // IMAGES_FOR_PREPARE, 1)
        few = splits.train.images[splits.train_indices[::step][:IMAGES_FOR_PREPARE]]
        # Where the network is, mostly the CPU: on a GPU a small matrix takes a library that loads for long.
        prepare(splits.scaling(few).to(next(network.parameters(), few).device))
    placed: nn.Module = network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return placed


def build_network(recipe: Recipe, classes: int, splits: Splits, device: torch.device) -> nn.Module:
    """The network of the recipe's `[model]` table on `device`, initialized by the seed."""
    torch.manual_seed(recipe.seed)
    return put_network(starting_network(recipe.model, classes).network, splits, device)


def build_run_parts(
    recipe: Recipe,
    dataset: Dataset,
    device: torch.device,
    given: nn.Module | Callable[[int], nn.Module] | None = None,
    interrupted: Callable[[], bool] = lambda: False,
) -> tuple[Splits, Trainer]:
    """All parts of a run on `device`, the network initialized by the seed.

    dataset: after the recipe's limits per class. given: a network, or its builder, instead of the recipe's.

    Raises UsageError and HundredError as `starting_network` does.
    """
    torch.manual_seed(recipe.seed)
    recipe = at_image_size(recipe, dataset.image_size)
    start = starting_network(recipe.model, dataset.classes, given, dataset.image_size)
    splits = build_splits(recipe, dataset, device, start.scaling)
    network = put_network(start.network, splits, device)
    trainer = build_trainer(recipe, dataset, splits, network, interrupted)
    trainer.notes = (*start.notes, *trainer.notes)
    return splits, trainer


def build_trainer(
    recipe: Recipe,
    dataset: Dataset,
    splits: Splits,
    network: nn.Module,
    interrupted: Callable[[], bool] = lambda: False,
) -> Trainer:
    """A Trainer for `network` by the recipe.

    Raises UsageError where a training step with it fails.
    """
    training = recipe.training
    device = splits.train.images.device
    precision = choose_precision(training.precision, device)
    batches = Batches(
        splits.train,
        splits.train_indices,
        training.batch_size,
        build_pipeline(recipe.augment, recipe.seed),
        splits.scaling,
        recipe.seed,
        len(dataset.fine_names),
        precision,
        training.drop_last,
    )
    plan = EpochPlan(training.epochs, len(batches), training.resolutions, training.validate_every)
    notes: tuple[str, ...] = ()
    if training.resolutions:
        notes = _check_resolutions(network, recipe, plan, device)
    callbacks = [*build_callbacks(recipe.callbacks), *live_doctor(recipe, splits)]
    check_monitors(callbacks, validation=splits.validation is not None)
    # Layers that will train later belong into the optimizer and the average from the start.
    frozen = FrozenLayers(network, training.freeze, training.unfreeze_at) if training.freeze else None
    if frozen is not None and not frozen.unfreeze_at:
        frozen.apply(0.0)
    training, changed = fitting(training, network)
    notes += changed
    features = None
    if training.cache_features:
        features = _cached_features(network, batches, splits, recipe, precision)
    trainer = Trainer(
        network=network,
        batches=batches,
        optimizer=optimizer_of(network, training),
        plan=plan,
        learning_rate=training.learning_rate,
        schedule=Schedule(**training.schedule.model_dump(), tuning_from=training.unfreeze_at),
        validation=splits.validation,
        callbacks=callbacks,
        loss=build_loss(
            training, dataset, splits.train.fine[splits.train_indices], splits.scaling, precision
        ),
        gradient_clip=training.gradient_clip,
        average=_average(network, training),
        measure_norms=bool(training.swa) or training.measure_norms,
        frozen=frozen,
        features=features,
        notes=notes,
        precision=precision,
        model_name=recipe.model.name,
        parameters=count_parameters(network),
        strategy=_strategy(training, device),
        interrupted=interrupted,
    )
    try_step(trainer, recipe.model.name, dataset.classes)
    return trainer


def build_callbacks(section: CallbacksSection) -> list[Callback]:
    """The acting callbacks, in this order: rate cuts, early stopping, target, best weights, own ones."""
    callbacks: list[Callback] = []
    if section.reduce_on_plateau is not None:
        callbacks.append(ReduceOnPlateau(**section.reduce_on_plateau.model_dump()))
    if section.early_stopping is not None:
        callbacks.append(EarlyStopping(**section.early_stopping.model_dump()))
    if section.stop_at is not None:
        callbacks.append(StopAt(**section.stop_at.model_dump()))
    if section.checkpoint is not None and section.checkpoint.keep == "best":
        callbacks.append(BestWeights(section.checkpoint.monitor, section.checkpoint.mode))
    callbacks.extend(load_custom(where) for where in section.custom)
    return callbacks


def live_doctor(recipe: Recipe, splits: Splits) -> list[Callback]:
    """The live doctor, where the recipe has it; last, so that it sees what the others did."""
    section = recipe.doctor
    if not (section.live or section.act):
        return []
    context = context_of_recipe(recipe, None if splits.validation is None else len(splits.validation))
    return [LiveDoctor(context, act=section.act, confidence=section.confidence, factor=section.factor)]


def _cached_features(
    network: nn.Module, batches: Batches, splits: Splits, recipe: Recipe, precision: torch.dtype
) -> CachedFeatures:
    """Raises UsageError unless all but the last layer is frozen, and nothing needs the images themselves."""
    training = recipe.training
    if training.freeze != (BACKBONE,) or training.teacher:
        other = "training.teacher" if training.teacher else 'training.freeze = ["backbone"]'
        does = "does not go with" if training.teacher else "needs"
        raise UsageError(f"training.cache_features {does} {other}: set it, or cache_features=false")
    lines = Lines("computing the features of the frozen layers, this once", "images")
    return CachedFeatures(network, batches, splits.validation, precision, lines)


def _check_resolutions(
    network: nn.Module, recipe: Recipe, plan: EpochPlan, device: torch.device
) -> tuple[str, ...]:
    """Drop the plan's image sizes where a network from a file cannot take them; a sentence that says so.

    Raises UsageError where a network of the recipe's own cannot.
    """
    try:
        check_sizes(network, recipe.model.name, plan.all_sizes(), device)
    except UsageError:
        if not recipe.model.name.startswith(FILE):
            raise
        sizes = ", ".join(str(size) for size in plan.all_sizes())
        plan.resolutions = ()
        return (f"training.resolutions ({sizes} pixels) is left out: the network takes only one size",)
    return ()


def _strategy(training: TrainingSection, device: torch.device) -> Strategy:
    if training.batch_threads > 1 and training.accumulate == 1 and device.type == "cpu":
        return ThreadedStrategy(training.batch_threads)
    return SingleStrategy(training.accumulate)


def _average(network: nn.Module, training: TrainingSection) -> WeightAverage | None:
    if training.swa:
        return Swa(network, training.swa)
    # Warmed up, since a short run would otherwise end with its random start still in the average.
    return Ema(network, training.ema, warmup=True) if training.ema else None


def _to(split: Split, device: torch.device) -> Split:
    if split.images.device == device:
        return split
    return Split(split.images.to(device), split.fine.to(device), split.coarse.to(device))
