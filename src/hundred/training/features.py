"""Features of a frozen network, computed once: its last layer then trains in seconds."""

from collections.abc import Callable, Iterator
from functools import cached_property

import torch
from torch import Tensor, nn

from hundred.data.batches import Batches, mixed_seed
from hundred.data.dataset import Split
from hundred.errors import UsageError
from hundred.training.freeze import head_name
from hundred.training.precision import mixed_precision

BATCH = 100


class CachedFeatures:
    """Input of the last layer of `network` for unaugmented images, in evaluation mode, float32 [n, width].

    Computed once, when first needed or by `compute`; until then the other layers keep their weights.
    progress: called with the number of images done and of all.

    Raises UsageError where the network does not end in a dense layer.
    """

    def __init__(
        self,
        network: nn.Module,
        batches: Batches,
        validation: Split | None,
        precision: torch.dtype,
        progress: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> None:
        self.head = head_name(network)
        self._network, self._batches, self._precision = network, batches, precision
        self._done, self._progress = 0, lambda _done, _total: None
        self._total = 0
        self._two = self._of(batches.split.images[batches.indices[:2]])  # whether it can be done
        self._done, self._progress = 0, progress
        self._total = len(batches.indices) + (0 if validation is None else len(validation))
        self._labels = batches.split.fine[batches.indices]
        self._images_to_validate = validation

    def compute(self) -> None:
        """Compute the features now, unless that is done."""
        _ = self._features, self.validation

    @cached_property
    def _features(self) -> Tensor:
        return self._of(self._batches.split.images[self._batches.indices])

    @cached_property
    def validation(self) -> Split | None:
        """The features of the validation images in place of these."""
        split = self._images_to_validate
        return None if split is None else Split(self._of(split.images), split.fine, split.coarse)

    def example(self, count: int) -> tuple[Tensor, Tensor]:
        """`count` features and labels, of two images in turn, for measuring: the others are not computed."""
        chosen = torch.arange(count, device=self._two.device) % len(self._two)
        return self._two[chosen], self._labels[: len(self._two)][chosen]

    def classify(self, network: nn.Module, features: Tensor) -> Tensor:
        """Logits [n, classes] of `features` [n, width]."""
        logits: Tensor = network.get_submodule(self.head)(features)
        return logits

    def epoch(self, epoch: int, steps: int) -> Iterator[tuple[Tensor, Tensor]]:
        """`steps` batches of features and labels, in an order decided by the batches' seed and `epoch`."""
        generator = torch.Generator().manual_seed(mixed_seed(self._batches.seed, epoch))
        order = torch.randperm(len(self._labels), generator=generator).to(self._labels.device)
        size = self._batches.batch_size
        for step in range(steps):
            chosen = order[step * size : (step + 1) * size]
            yield self._features[chosen], self._labels[chosen]

    @torch.no_grad()
    def _of(self, images: Tensor) -> Tensor:
        seen: list[Tensor] = []
        head = self._network.get_submodule(self.head)
        hook = head.register_forward_pre_hook(lambda _layer, inputs: seen.append(inputs[0].float()))
        modes = {module: module.training for module in self._network.modules()}
        self._network.eval()
        try:
            for start in range(0, len(images), BATCH):
                some = images[start : start + BATCH]
                with mixed_precision(self._precision, images.device):
                    logits = self._network(self._batches.scaling(some, self._precision))
                self._check(logits, seen[-1])
                del seen[-1]  # what the check itself has put there
                self._done += len(some)
                self._progress(self._done, self._total)
        finally:
            hook.remove()
            for module, training in modes.items():
                module.training = training
        return torch.cat(seen)

    def _check(self, logits: Tensor, features: Tensor) -> None:
        with mixed_precision(self._precision, features.device):
            again = self.classify(self._network, features)
        if features.dim() != 2 or not torch.allclose(again.float(), logits.float(), atol=1e-3, rtol=1e-3):
            raise UsageError(
                "training.cache_features needs a network that ends in a dense layer, and this one does not: "
                "set training.cache_features=false"
            )
