"""Layers with Keras' defaults where they differ from PyTorch's, and a sequence with named layers."""

from collections import OrderedDict

from torch import nn

# Keras gives the weight of the old moving average (0.99), PyTorch that of the new batch.
KERAS_MOMENTUM = 1 - 0.99
KERAS_EPSILON = 1e-3


def batch_norm(channels: int, epsilon: float = KERAS_EPSILON) -> nn.BatchNorm2d:
    """Keras' BatchNormalization over the channels of [n, channels, h, w]."""
    return nn.BatchNorm2d(channels, eps=epsilon, momentum=KERAS_MOMENTUM)


def batch_norm_flat(features: int) -> nn.BatchNorm1d:
    """Keras' BatchNormalization over the features of [n, features]."""
    return nn.BatchNorm1d(features, eps=KERAS_EPSILON, momentum=KERAS_MOMENTUM)


def named(**layers: nn.Module) -> nn.Sequential:
    """The layers one after the other, under the names given."""
    return nn.Sequential(OrderedDict(layers))
