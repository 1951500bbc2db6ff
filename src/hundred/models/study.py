"""The four plain networks of the published CIFAR-100 study.

All take float [n, 3, image_size, image_size] (32 in the study) to logits [n, classes]. Convolutions are 3x3,
stride 1, without padding (Keras' "valid"), each followed at once by ReLU and only then, where there is one,
by batch norm; pooling is 2x2 maximum. Weights begin as in Keras: Glorot uniform, zero biases. A comment
gives [channels, height, width] as they are after its row.
"""

from torch import nn

from hundred.models.convolution import Conv2d
from hundred.models.initialize import glorot_uniform
from hundred.models.keras_layers import batch_norm, batch_norm_flat, named
from hundred.models.registry import register
from hundred.models.validate import dropout_rate, flattened_side


@register("initial")
def initial(classes: int = 100, *, dropout: float = 0.2, image_size: int = 32) -> nn.Sequential:
    """The study's first network; 2,584,548 parameters for 100 classes. `dropout` follows the pool."""
    dropout_rate(dropout=dropout)
    side = flattened_side("initial", image_size, (image_size - 4) // 2)
    network = named(
        conv1=Conv2d(3, 64, 3),
        relu1=nn.ReLU(),  # [64, 30, 30]
        conv2=Conv2d(64, 128, 3),
        relu2=nn.ReLU(),  # [128, 28, 28]
        pool=nn.MaxPool2d(2),  # [128, 14, 14]
        dropout=nn.Dropout(dropout),
        flatten=nn.Flatten(),  # [25088]
        logits=nn.Linear(128 * side**2, classes),
    )
    glorot_uniform(network)
    return network


@register("intermediate")
def intermediate(classes: int = 100, *, dropout: float = 0.3, image_size: int = 32) -> nn.Sequential:
    """Three convolutions in a row; 5,816,740 parameters for 100 classes, most in the first dense layer."""
    dropout_rate(dropout=dropout)
    side = flattened_side("intermediate", image_size, (image_size - 6) // 2)
    network = named(
        conv1=Conv2d(3, 32, 3),
        relu1=nn.ReLU(),  # [32, 30, 30]
        conv2=Conv2d(32, 64, 3),
        relu2=nn.ReLU(),  # [64, 28, 28]
        conv3=Conv2d(64, 128, 3),
        relu3=nn.ReLU(),  # [128, 26, 26]
        pool=nn.MaxPool2d(2),  # [128, 13, 13]
        norm1=batch_norm(128),
        dropout1=nn.Dropout(dropout),
        flatten=nn.Flatten(),  # [21632]
        dense1=nn.Linear(128 * side**2, 256),
        relu4=nn.ReLU(),  # [256]
        dense2=nn.Linear(256, 512),
        relu5=nn.ReLU(),  # [512]
        norm2=batch_norm_flat(512),
        dropout2=nn.Dropout(dropout),
        logits=nn.Linear(512, classes),
    )
    glorot_uniform(network)
    return network


@register("school")
def school(classes: int = 100, *, dropout: float = 0.3, image_size: int = 32) -> nn.Sequential:
    """The study's best plain network; 4,899,044 parameters for 100 classes.

    The first block has one batch norm for its two convolutions, the other two have one each: as in the saved
    model. `dropout` is the rate of all four dropout layers.
    """
    dropout_rate(dropout=dropout)
    side = flattened_side("school", image_size, ((image_size - 4) // 2 - 4) // 2 - 4)
    network = named(
        conv1=Conv2d(3, 128, 3),
        relu1=nn.ReLU(),  # [128, 30, 30]
        conv2=Conv2d(128, 128, 3),
        relu2=nn.ReLU(),  # [128, 28, 28]
        norm2=batch_norm(128),
        pool1=nn.MaxPool2d(2),  # [128, 14, 14]
        dropout1=nn.Dropout(dropout),
        conv3=Conv2d(128, 256, 3),
        relu3=nn.ReLU(),  # [256, 12, 12]
        norm3=batch_norm(256),
        conv4=Conv2d(256, 256, 3),
        relu4=nn.ReLU(),  # [256, 10, 10]
        norm4=batch_norm(256),
        pool2=nn.MaxPool2d(2),  # [256, 5, 5]
        dropout2=nn.Dropout(dropout),
        conv5=Conv2d(256, 512, 3),
        relu5=nn.ReLU(),  # [512, 3, 3]
        norm5=batch_norm(512),
        conv6=Conv2d(512, 512, 3),
        relu6=nn.ReLU(),  # [512, 1, 1]
        norm6=batch_norm(512),
        dropout3=nn.Dropout(dropout),
        flatten=nn.Flatten(),  # [512]
        dense=nn.Linear(512 * side**2, 512),
        relu7=nn.ReLU(),  # [512]
        dropout4=nn.Dropout(dropout),
        norm7=batch_norm_flat(512),
        logits=nn.Linear(512, classes),
    )
    glorot_uniform(network)
    return network


@register("simple")
def simple(classes: int = 100, *, dropout: float = 0.3, image_size: int = 32) -> nn.Sequential:
    """A lighter network of two double convolutions; 1,107,108 parameters for 100 classes.

    The layer sizes are Hundred's own: the study shows its "simple" network only as a picture, without sizes.
    The blocks follow those of `school` and of the study's other saved models. `dropout` is the rate of all
    three dropout layers.
    """
    dropout_rate(dropout=dropout)
    side = flattened_side("simple", image_size, ((image_size - 4) // 2 - 4) // 2)
    network = named(
        conv1=Conv2d(3, 64, 3),
        relu1=nn.ReLU(),  # [64, 30, 30]
        conv2=Conv2d(64, 64, 3),
        relu2=nn.ReLU(),  # [64, 28, 28]
        norm2=batch_norm(64),
        pool1=nn.MaxPool2d(2),  # [64, 14, 14]
        dropout1=nn.Dropout(dropout),
        conv3=Conv2d(64, 128, 3),
        relu3=nn.ReLU(),  # [128, 12, 12]
        conv4=Conv2d(128, 128, 3),
        relu4=nn.ReLU(),  # [128, 10, 10]
        norm4=batch_norm(128),
        pool2=nn.MaxPool2d(2),  # [128, 5, 5]
        dropout2=nn.Dropout(dropout),
        flatten=nn.Flatten(),  # [3200]
        dense=nn.Linear(128 * side**2, 256),
        relu5=nn.ReLU(),  # [256]
        dropout3=nn.Dropout(dropout),
        norm5=batch_norm_flat(256),
        logits=nn.Linear(256, classes),
    )
    glorot_uniform(network)
    return network
