"""The optimizer of a recipe, and AdamW where Muon finds nothing to step."""

import torch
from torch import nn

from hundred.recipe.schema import Recipe
from hundred.recipe.training import TrainingSection
from hundred.training.optim.build import build_optimizer, has_filters

# Kingma & Ba's rate, which is usual for heads and for transformers of this size as well.
ADAMW_RATE = 1e-3


def fitting(training: TrainingSection, network: nn.Module) -> tuple[TrainingSection, tuple[str, ...]]:
    """`training` with AdamW instead of Muon where no convolution filters of `network` train, such as in a
    vision transformer or below a frozen backbone; then also a sentence that says so."""
    if training.optimizer != "muon" or has_filters(network):
        return training, ()
    changed = with_adamw(training)
    note = (
        "the recipe's optimizer, muon, steps convolution filters, and none train here: "
        f"adamw with a learning rate of {changed.learning_rate:g} is taken"
    )
    return changed, (note,)


def with_adamw(training: TrainingSection) -> TrainingSection:
    """`training` by AdamW, at a rate of at most `ADAMW_RATE`: Muon's are a hundred times as large."""
    rate = min(training.learning_rate, ADAMW_RATE)
    return training.model_copy(update={"optimizer": "adamw", "learning_rate": rate})


def as_built(recipe: Recipe, optimizer: torch.optim.Optimizer) -> Recipe:
    """`recipe` with AdamW where `fitting` has chosen it."""
    if recipe.training.optimizer != "muon" or not isinstance(optimizer, torch.optim.AdamW):
        return recipe
    return recipe.model_copy(update={"training": with_adamw(recipe.training)})


def optimizer_of(network: nn.Module, training: TrainingSection) -> torch.optim.Optimizer:
    """The recipe's optimizer over the trainable parameters of `network`."""
    muon = training.muon
    optimizer = build_optimizer(
        network,
        name=training.optimizer,
        learning_rate=training.learning_rate,
        weight_decay=training.weight_decay,
        momentum=training.momentum,
        nesterov=training.nesterov,
        betas=(training.beta1, training.beta2),
        epsilon=training.epsilon,
        decay_norms=training.decay_norms_and_biases,
        norm_multiplier=muon.norm_multiplier if training.optimizer == "muon" else 1.0,
        rest_learning_rate=muon.rest_learning_rate or None,
        newton_schulz_steps=muon.newton_schulz_steps,
        head_decay=training.head_decay,
        layer_decay=training.layer_decay,
        unfreezes=bool(training.freeze and training.unfreeze_at),
        options=training.optimizer_options,
    )
    for group in optimizer.param_groups:
        if training.optimizer == "muon" and not group["muon"]:
            group["momentum"] = muon.rest_momentum
    return optimizer
