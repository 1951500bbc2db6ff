"""A network of two heads, one for the classes and one for their superclasses, as one of the classes."""

from torch import Tensor, nn


class TwoHeads(nn.Module):
    """`network` gives (logits [n, classes], logits [n, superclasses]): both in training, else the first."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """See the class."""
        logits, of_superclasses = self.network(images)
        return (logits, of_superclasses) if self.training else logits


def has_two_heads(outputs: object) -> bool:
    """Whether a network's `outputs` in evaluation mode are two tensors of logits."""
    return (
        isinstance(outputs, tuple | list)
        and len(outputs) == 2
        and all(isinstance(each, Tensor) and each.dim() == 2 for each in outputs)
    )
