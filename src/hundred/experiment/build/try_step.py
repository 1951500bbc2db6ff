"""One step with a network in training mode, on real images of the run's own size, before a run directory is
made."""

import copy

import torch
from torch import Tensor, nn

from hundred.data.batches import Batches
from hundred.errors import UsageError
from hundred.models.two_heads import TwoHeads
from hundred.training.loss import Loss, SuperclassLoss
from hundred.training.out_of_memory import is_out_of_memory
from hundred.training.trainer import Trainer

IMAGES = 2  # batch norm needs more than one


def try_step(trainer: Trainer, name: str, classes: int) -> None:
    """Forward and backward on a copy of the network, in training and in evaluation mode.

    The trainer, its network and all random numbers of the run are left as they are.

    Raises UsageError in one line where the network cannot take the images, or does not give logits for them.
    """
    batches = trainer.batches
    few = Batches(
        batches.split,
        batches.indices[:IMAGES],
        IMAGES,
        batches.pipeline,
        batches.scaling,
        batches.seed,
        batches.classes,
        batches.dtype,
    )
    devices = [trainer.device] if trainer.device.type == "cuda" else []
    with torch.random.fork_rng(devices):
        inputs, _ = next(iter(few.epoch(0, [0])))
        size = inputs.shape[-1]
        what = f"{name} fails in training on images of {size}x{size}"
        try:
            network = copy.deepcopy(trainer.network)
        except Exception:  # a network that cannot be copied is tried by its first epoch
            return
        try:
            network.train()
            outputs = network(inputs.float())
            every = outputs if isinstance(outputs, tuple) else (outputs,)
            # Further outputs while training are auxiliary ones, as GoogLeNet has them, or of superclasses.
            for logits in _of_classes(every, trainer.loss, network, name):
                _check(logits, classes, name, "while training")
            sum(logits.float().sum() for logits in every).backward()
            network.eval()
            with torch.no_grad():
                tested = network(inputs.float())
            _check(tested, classes, name, "while testing")
            _check_logits(tested.float(), name)
        except UsageError:
            raise
        except Exception as error:
            if isinstance(error, MemoryError | RuntimeError) and is_out_of_memory(error):
                raise
            line = (str(error).splitlines() or [""])[0]
            raise UsageError(f"{what}: {type(error).__name__}: {line}") from error


def _of_classes(outputs: tuple[Tensor, ...], loss: Loss, network: nn.Module, name: str) -> tuple[Tensor, ...]:
    """The outputs that are logits of classes. Raises UsageError where the loss does not take the others."""
    two_heads = isinstance(network, TwoHeads)
    if not isinstance(loss, SuperclassLoss):
        if two_heads:
            raise UsageError(
                f"{name} gives two outputs: set training.superclass_weight, such as 0.5, if the second are "
                "logits of the superclasses"
            )
        return outputs
    if not two_heads or len(outputs) != 2:
        raise UsageError(
            "training.superclass_weight is for a network of two outputs, logits of the classes and of the "
            f"superclasses, and {name} has one"
        )
    _check(outputs[1], int(loss.fine_to_coarse.max()) + 1, f"the second output of {name}", "while training")
    return outputs[:1]


def _check_logits(logits: Tensor, name: str) -> None:
    """Raise UsageError where each row of `logits` is a distribution."""
    if bool((logits >= 0).all()) and bool(((logits.sum(1) - 1).abs() < 1e-3).all()):
        raise UsageError(
            f"{name} gives probabilities (each row adds up to 1), and the loss expects logits: "
            "leave out the softmax at its end"
        )


def _check(logits: object, classes: int, name: str, when: str) -> None:
    if not isinstance(logits, Tensor):
        size = f" of {len(logits)}" if isinstance(logits, tuple | list) else ""
        raise UsageError(
            f"{name} gives a {type(logits).__name__}{size} {when}, not one tensor of logits [n, {classes}]"
        )
    if logits.shape != (IMAGES, classes):
        raise UsageError(
            f"{name} turns {IMAGES} images into {list(logits.shape)} {when}, not into [{IMAGES}, {classes}]"
        )
