"""Random image classifiers in whatever Keras runs this: the layers of small networks, wired at random.

The tests of Hundred's reader draw them with the Keras at hand; `write_keras_files.py` with others, down to
Keras 2.10. Nothing of Hundred is imported, and Python 3.8 will do.
"""

import random

import numpy as np

ACTIVATIONS = ["relu", "elu", "selu", "swish", "gelu", "sigmoid", "tanh", "softplus", "softsign", None, None]


class Maker:
    """Draws layers and small stacks for one model."""

    def __init__(self, keras, seed):  # type: ignore[no-untyped-def]
        self.keras, self.layers = keras, keras.layers
        self.draw = random.Random(seed)
        self.version = int(keras.__version__.split(".")[0])

    def one_of(self, *choices):  # type: ignore[no-untyped-def]
        return self.draw.choice(choices)

    def window(self):  # type: ignore[no-untyped-def]
        """Kernel, stride and padding that fit any map from 5 x 5 on."""
        stride = self.one_of(1, 1, 2, 3)
        kernel = self.one_of(1, 2, 3, 4, 5, (3, 2), (1, 3))
        return {"kernel_size": kernel, "strides": stride, "padding": self.one_of("same", "same", "valid")}

    def convolution(self):  # type: ignore[no-untyped-def]
        more = {"activation": self.one_of(*ACTIVATIONS), "use_bias": self.one_of(True, True, False)}
        kind = self.one_of(
            "Conv2D", "Conv2D", "Conv2D", "grouped", "dilated", "Depthwise", "Separable", "Transpose"
        )
        window = self.window()
        if kind == "Conv2D":
            more["kernel_regularizer"] = self.one_of(None, "l2")
            return [self.layers.Conv2D(self.one_of(3, 4, 6, 8), **window, **more)]
        if kind == "grouped":
            return [
                self.layers.Conv2D(6, 1),
                self.layers.Conv2D(self.one_of(3, 6), groups=3, **window, **more),
            ]
        if kind == "dilated":
            return [self.layers.Conv2D(4, 3, dilation_rate=2, padding="same", **more)]
        if kind == "Transpose":
            shape = {"kernel_size": self.one_of(2, 3, 4), "strides": self.one_of(1, 2)}
            return [self.layers.Conv2DTranspose(4, padding=window["padding"], **shape, **more)]
        multiplier = self.one_of(1, 2)
        if kind == "Depthwise":
            return [self.layers.DepthwiseConv2D(depth_multiplier=multiplier, **window, **more)]
        return [self.layers.SeparableConv2D(self.one_of(4, 6), depth_multiplier=multiplier, **window, **more)]

    def pooling(self):  # type: ignore[no-untyped-def]
        kind = self.one_of(self.layers.MaxPooling2D, self.layers.AveragePooling2D)
        size, stride, padding = (
            self.one_of(2, 3, (3, 2)),
            self.one_of(None, 1, 2),
            self.one_of("same", "valid"),
        )
        return [kind(size, stride, padding=padding)]

    def activation(self):  # type: ignore[no-untyped-def]
        slope = {"negative_slope": 0.2} if self.version >= 3 else {"alpha": 0.2}
        return [
            self.one_of(
                lambda: self.layers.Activation(self.one_of(*[a for a in ACTIVATIONS if a])),
                lambda: self.layers.LeakyReLU(**slope),
                self.layers.LeakyReLU,
                lambda: self.layers.ELU(0.7),
                self.layers.ReLU,
                lambda: self.layers.ReLU(max_value=6.0),
                lambda: self.layers.ReLU(max_value=2.0),
                lambda: self.layers.ReLU(negative_slope=0.1),
                lambda: self.layers.PReLU(shared_axes=self.one_of(None, [1, 2])),
                self.layers.Softmax,
                lambda: self.layers.Activation("hard_sigmoid"),
                lambda: self.layers.Activation("exponential"),
            )()
        ]

    def norm(self):  # type: ignore[no-untyped-def]
        flags = {"scale": self.one_of(True, True, False), "center": self.one_of(True, True, False)}
        return [
            self.one_of(
                lambda: self.layers.BatchNormalization(
                    momentum=0.9, epsilon=self.one_of(1e-3, 1e-5), **flags
                ),
                self.layers.BatchNormalization,
                lambda: self.layers.LayerNormalization(**flags),
            )()
        ]

    def shaping(self):  # type: ignore[no-untyped-def]
        return [
            self.one_of(
                lambda: self.layers.ZeroPadding2D(self.one_of(1, (1, 2), ((0, 1), (2, 0)))),
                lambda: self.layers.Cropping2D(self.one_of(1, ((0, 1), (1, 0)))),
                lambda: self.layers.UpSampling2D(2),
                lambda: self.layers.Dropout(0.3),
                lambda: self.layers.SpatialDropout2D(0.2),
                lambda: self.layers.GaussianNoise(0.1),
                lambda: self.layers.GaussianDropout(0.1),
                lambda: self.layers.ActivityRegularization(l2=0.01),
            )()
        ]

    def stack(self, length):  # type: ignore[no-untyped-def]
        """`length` random parts on feature maps."""
        kinds = [self.convolution, self.convolution, self.pooling, self.norm, self.activation, self.shaping]
        return [layer for _ in range(length) for layer in self.one_of(*kinds)()]

    def beginning(self):  # type: ignore[no-untyped-def]
        return self.one_of(
            list,
            list,
            lambda: [self.layers.Rescaling(2.0, -1.0)],
            lambda: [self.layers.Normalization(mean=[0.4, 0.5, 0.6], variance=[0.04, 0.05, 0.06])],
            lambda: [self.layers.RandomFlip("horizontal"), self.layers.RandomRotation(0.1)],
            lambda: [self.layers.RandomTranslation(0.1, 0.1), self.layers.RandomZoom(0.1)],
            lambda: [self.layers.RandomContrast(0.1)],
        )()

    def head(self, classes):  # type: ignore[no-untyped-def]
        """From maps to classes."""
        layers = self.layers
        flat = self.one_of(
            lambda: [layers.Flatten()],
            lambda: [layers.Flatten()],
            lambda: [layers.GlobalAveragePooling2D()],
            lambda: [layers.GlobalMaxPooling2D()],
            lambda: [layers.GlobalAveragePooling2D(keepdims=True), layers.Flatten()],
            lambda: [layers.Conv2D(4, 1), layers.Dropout(0.1), layers.Reshape((-1,))],
        )()
        for _ in range(self.one_of(0, 1, 2)):
            flat += [layers.Dense(self.one_of(5, 8), activation=self.one_of(*ACTIVATIONS))]
            flat += self.one_of(list, lambda: [layers.Dropout(0.2)], lambda: [layers.BatchNormalization()])()
        end = self.one_of("inside", "inside", "layer", "activation", "none")
        flat.append(layers.Dense(classes, activation="softmax" if end == "inside" else None))
        if end == "layer":
            flat.append(layers.Softmax())
        if end == "activation":
            flat.append(layers.Activation("softmax"))
        return flat


def _same_size(maker, x, channels):  # type: ignore[no-untyped-def]
    layers = maker.layers
    x = layers.Conv2D(channels, 3, padding="same")(x)
    return layers.BatchNormalization()(x) if maker.one_of(True, False) else x


def _block(maker, x):  # type: ignore[no-untyped-def]  # noqa: PLR0911
    """A piece of a functional model: a shortcut, two branches, a gate, or a layer used twice."""
    layers = maker.layers
    kind = maker.one_of("shortcut", "branches", "gate", "shared", "plain", "merge", "nested")
    if kind == "shortcut":
        y = _same_size(maker, _same_size(maker, x, 4), x.shape[-1])
        return layers.Activation("relu")(layers.Add()([x, y]))
    if kind == "branches":
        return layers.Concatenate(axis=maker.one_of(-1, 3))([_same_size(maker, x, 3), x, layers.ReLU()(x)])
    if kind == "gate":
        channels = x.shape[-1]
        gate = layers.GlobalAveragePooling2D()(x)
        gate = layers.Dense(channels, activation="sigmoid")(layers.Dense(3, activation="relu")(gate))
        return layers.Multiply()([x, layers.Reshape((1, 1, channels))(gate)])
    if kind == "shared":
        shared = layers.Conv2D(x.shape[-1], 3, padding="same", activation="relu")
        return layers.Subtract()([shared(shared(x)), x])
    if kind == "merge":
        join = maker.one_of(layers.Average, layers.Maximum, layers.Minimum, layers.Add)()
        return join([x, _same_size(maker, x, x.shape[-1]), layers.Activation("tanh")(x)])
    if kind == "nested":
        inside = maker.keras.Sequential([maker.keras.Input(x.shape[1:]), *maker.stack(2)])
        return inside(x)
    return _run(maker.stack(2), x)


def _run(stack, x):  # type: ignore[no-untyped-def]
    for layer in stack:
        if len(x.shape) == 4 and min(x.shape[1:3]) < 6 and hasattr(layer, "strides"):
            continue  # no room left to pool or convolve without padding
        x = layer(x)
    return x


def _fitting(maker, stack, size):  # type: ignore[no-untyped-def]
    """The layers of `stack` that fit one after the other on a map of `size` x `size`."""
    kept, x = [], maker.keras.Input((size, size, 3))
    for layer in stack:
        if len(x.shape) == 4 and min(x.shape[1:3]) < 6 and hasattr(layer, "strides"):
            continue
        x = layer(x)
        kept.append(layer)
    return kept


def build(keras, seed, size=16, classes=4):  # type: ignore[no-untyped-def]
    """Model number `seed`, with random weights, for images of `size` x `size` x 3."""
    maker = Maker(keras, seed)
    form = seed % 4
    if form == 0:
        stack = maker.beginning() + maker.stack(6) + maker.head(classes)
        model = keras.Sequential([keras.Input((size, size, 3)), *_fitting(maker, stack, size)])
    elif form in (1, 2):
        entry = keras.Input((size, size, 3))
        x = _run(maker.beginning() + maker.stack(1), entry)
        for _ in range(3):
            x = _block(maker, x)
        model = keras.Model(entry, _run(maker.head(classes), x))
    else:  # a backbone in a Sequential model, as in transfer learning, half of it frozen
        entry = keras.Input((size, size, 3))
        backbone = keras.Model(entry, _block(maker, _block(maker, _run(maker.stack(2), entry))))
        for layer in backbone.layers[: len(backbone.layers) // 2]:
            layer.trainable = False
        backbone.trainable = maker.one_of(True, True, False)
        model = keras.Sequential([keras.Input((size, size, 3)), backbone, *maker.head(classes)])
    shake(model, seed)
    return model


def shake(model, seed):  # type: ignore[no-untyped-def]
    """Draw all weights: kernels by their inputs, scales and variances around 1, the rest around 0."""
    draw = np.random.RandomState(seed)
    values = []
    for weight in model.weights:
        name, shape = weight.name.split(":")[0].split("/")[-1], tuple(weight.shape)
        if name in ("gamma", "moving_variance", "variance"):
            values.append(draw.uniform(0.5, 1.5, shape))
        elif "kernel" in name:
            fan_in = shape[0] * shape[1] if "depthwise" in name else max(int(np.prod(shape[:-1])), 1)
            values.append(draw.standard_normal(shape) * np.sqrt(2.0 / fan_in))
        elif np.issubdtype(np.asarray(weight).dtype, np.floating):
            values.append(draw.standard_normal(shape) * 0.2)
        else:
            values.append(np.asarray(weight))
    model.set_weights([np.asarray(value) for value in values])
