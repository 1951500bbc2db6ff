"""Logits of a network for many images, in batches."""

import torch
from torch import Tensor, nn

from hundred.data.normalize import Normalize
from hundred.errors import HundredError
from hundred.training.precision import choose_precision, mixed_precision


def predict_logits(
    network: nn.Module,
    images: Tensor,
    *,
    mean: Tensor,
    std: Tensor,
    batch_size: int = 500,
    device: torch.device | str | None = None,
    precision: str = "auto",
) -> Tensor:
    """Logits of each image, float32 [n, classes] on the CPU.

    images: uint8 [n, 3, h, w], on any device; moved batch by batch.
    mean, std: [3], in 0..1 units: the network sees (pixel / 255 - mean) / std.
    device: where to compute, and where the network is left; None is where its parameters are.
    precision: `auto`, `float32` or `bfloat16`, as in a recipe.

    The network runs in eval mode; afterwards each module is back in its own mode.
    Raises HundredError for images of another shape, or a network whose output is not [n, classes].
    """
    if images.ndim != 4 or images.shape[1] != 3 or len(images) == 0:
        raise HundredError(
            f"images of shape {list(images.shape)} cannot be predicted: give [n, 3, height, width]"
        )
    if device is None:
        device = next((parameter.device for parameter in network.parameters()), images.device)
    device = torch.device(device)
    scaling = Normalize(
        torch.as_tensor(mean, dtype=torch.float32), torch.as_tensor(std, dtype=torch.float32)
    ).to(device)
    modes = [(module, module.training) for module in network.modules()]
    network.to(device).eval()
    try:
        with torch.inference_mode(), mixed_precision(choose_precision(precision, device), device):
            # Results stay on the device until the end, so that a GPU is not stopped at each batch.
            parts = [
                network(scaling(batch.to(device, non_blocking=True))).float()
                for batch in images.split(batch_size)
            ]
            logits = torch.cat(parts)
    finally:
        for module, training in modes:
            module.training = training
    if logits.ndim != 2 or len(logits) != len(images):
        raise HundredError(
            f"the network returns shape {list(logits.shape)} for {len(images)} images: "
            "it must give one row of logits per image"
        )
    # A tensor made in inference mode could not take part in autograd later; a clone can.
    return logits.cpu().clone()
