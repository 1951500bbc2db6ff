"""Weight initialization from torch's global generator, so that `torch.manual_seed` decides it.

Glorot: X. Glorot, Y. Bengio, "Understanding the difficulty of training deep feedforward neural networks",
AISTATS 2010. He: K. He et al., "Delving deep into rectifiers", ICCV 2015, arXiv:1502.01852.
"""

import torch
from torch import nn

WEIGHTED = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Linear)


@torch.no_grad()
def glorot_uniform(network: nn.Module) -> None:
    """Keras' default for convolution and dense layers, in place: U(-a, a), a = sqrt(6 / (fan_in + fan_out)).

    fan_in and fan_out are the input and output channels, times the kernel's area; biases become zero.
    Normalization layers already begin as Keras' do (scale one, shift zero, moving mean zero, variance one).
    """
    for layer in network.modules():
        if isinstance(layer, WEIGHTED):
            nn.init.xavier_uniform_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


@torch.no_grad()
def he_normal(network: nn.Module) -> None:
    """He's initialization in place: convolutions N(0, 2 / fan_out), fan_out = output channels x kernel area.

    Fan-out is what the reference code of residual and wide residual networks uses. Dense layers keep
    torch's U(-1/sqrt(fan_in), 1/sqrt(fan_in)); biases become zero.
    """
    for layer in network.modules():
        if isinstance(layer, WEIGHTED):
            if not isinstance(layer, nn.Linear):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
