"""Writing a run's network as model.h5: at the end, and during training where the recipe has a checkpoint."""

import copy
import os
import re
from collections.abc import Callable

import torch
from torch import nn

from hundred.errors import HundredError
from hundred.experiment.run.context import RunContext
from hundred.experiment.saved.fit import FIT
from hundred.files import write_with
from hundred.interchange.write.save import save_h5
from hundred.runs.layout import MODEL
from hundred.runs.os_errors import os_errors_as_hundred_errors
from hundred.training.events import EpochEnded, NewBest

# For a network that no Keras file can hold.
WEIGHTS = "weights.pt"
MODELS = "models"  # those kept on the way


def save_model(context: RunContext, warn: Callable[[str], None], name: str = MODEL) -> bool:
    """Write the network as the file `name` of the run; return whether it could be written as H5.

    One that uses layers that Keras files cannot hold is kept as a PyTorch state dict, in weights.pt.

    Raises HundredError where the disk refuses.
    """
    scaling = context.splits.scaling
    metadata = {
        "recipe": context.recipe.name,
        "model": context.recipe.model.name,
        "data": context.dataset.name,
        FIT: context.recipe.data.fit,
    }
    try:
        with os_errors_as_hundred_errors(context.path / name):
            if name != MODEL:
                (context.path / MODELS).mkdir(exist_ok=True)  # the run directory itself is never made here
            try:
                save_h5(
                    context.path / name,
                    _on_cpu(context.trainer.network),
                    mean=scaling.mean.tolist(),
                    std=scaling.std.tolist(),
                    class_names=context.dataset.fine_names,
                    image_size=(context.dataset.image_size, context.dataset.image_size),
                    metadata=metadata,
                )
            except (OSError, RuntimeError) as error:
                raise _as_os_error(error) from error
    except HundredError as error:
        if isinstance(error.__cause__, OSError):
            raise
        with os_errors_as_hundred_errors(context.path / WEIGHTS):
            state = context.trainer.network.state_dict()
            write_with(context.path / WEIGHTS, lambda temporary: torch.save(state, temporary))
        warn(f"{error}\nthe weights are in {context.path / WEIGHTS} instead, as a PyTorch state dict")
        return False
    return True


def _on_cpu(network: nn.Module) -> nn.Module:
    """`network`, or a copy of it where it is on another device."""
    if all(value.device.type == "cpu" for value in network.state_dict().values()):
        return network
    return copy.deepcopy(network).cpu()


def _as_os_error(error: OSError | RuntimeError) -> OSError:
    """HDF5's errors of several lines and two types as the system's own error."""
    if isinstance(error, OSError) and error.errno:
        return error
    number = re.search(r"errno = (\d+)", str(error))
    if number:
        return OSError(int(number[1]), os.strerror(int(number[1])))
    return OSError(str(error).splitlines()[0])


class ModelOnDisk:
    """Listener: Keras' ModelCheckpoint. While training, model.h5 is the best network so far, or the latest.

    Events arrive while the network has the weights that they describe.
    """

    def __init__(self, context: RunContext, warn: Callable[[str], None]) -> None:
        """The recipe's `callbacks.checkpoint` decides when a file is written."""
        self.context = context
        self.warn = warn
        self.section = context.recipe.callbacks.checkpoint
        self.writable = True
        self._written = 0

    def on_new_best(self, event: NewBest) -> None:
        """Write the new best, at most once an epoch."""
        if self.section is not None and self.section.keep == "best" and event.monitor == self.section.monitor:
            self._write(event.epoch)

    def on_epoch_ended(self, event: EpochEnded) -> None:
        """Write each epoch, where that was asked for."""
        if self.section is None:
            return
        if self.section.keep == "last":
            self._write(event.epoch)
        if self.writable and self.section.every and event.epoch % self.section.every == 0:
            save_model(self.context, self.warn, f"{MODELS}/epoch-{event.epoch:04d}.h5")

    def _write(self, epoch: int) -> None:
        if self.writable and epoch > self._written:
            self.writable = save_model(self.context, self.warn)
            self._written = epoch
