"""Models built with Keras itself, of each kind that Hundred must understand."""

from collections.abc import Callable
from typing import Any

Build = Callable[[Any], Any]
SIDE = 32


def vision_transformer(keras: Any) -> Any:
    """keras.io's ViT for CIFAR-100: patches, embeddings of positions, two blocks, a flattened head."""
    layers, ops = keras.layers, keras.ops
    image, steps, width = keras.Input((SIDE, SIDE, 3)), 16, 16
    x = layers.Reshape((steps, 192))(ops.image.extract_patches(image, 8))
    positions = layers.Embedding(steps, width)(ops.expand_dims(ops.arange(steps), 0))
    x = layers.Dense(width)(x) + positions
    for _ in range(2):
        a = layers.LayerNormalization(epsilon=1e-6)(x)
        a = layers.MultiHeadAttention(num_heads=2, key_dim=8, dropout=0.1)(a, a)
        y = layers.Add()([a, x])
        z = layers.LayerNormalization(epsilon=1e-6)(y)
        for units in (24, width):
            z = layers.Dropout(0.1)(layers.Dense(units, activation=keras.activations.gelu)(z))
        x = layers.Add()([z, y])
    x = layers.Dropout(0.5)(layers.Flatten()(layers.LayerNormalization(epsilon=1e-6)(x)))
    return keras.Model(image, layers.Dense(100)(layers.Dense(24, activation="gelu")(x)))


def mlp_mixer(keras: Any) -> Any:
    """keras.io's MLP-Mixer: dense layers across features and, permuted, across patches."""
    layers = keras.layers
    image, steps, width = keras.Input((SIDE, SIDE, 3)), 16, 12
    x = layers.Reshape((steps, width))(layers.Conv2D(width, 8, 8)(image))
    for _ in range(2):
        a = layers.Permute((2, 1))(layers.LayerNormalization()(x))
        a = layers.Dense(steps)(layers.Activation("gelu")(layers.Dense(20)(a)))
        x = x + layers.Permute((2, 1))(layers.Dropout(0.2)(a))
        b = layers.Dense(width)(layers.Dense(20, activation="gelu")(layers.LayerNormalization()(x)))
        x = layers.Add()([x, b])
    x = layers.GlobalAveragePooling1D()(x)
    return keras.Model(image, layers.Dense(100, activation="softmax")(x))


def gated_mlp(keras: Any) -> Any:
    """keras.io's gMLP: halves of the features, one gated by a dense layer across patches."""
    layers, ops = keras.layers, keras.ops
    image, steps, width = keras.Input((SIDE, SIDE, 3)), 16, 12
    x = layers.Reshape((steps, width))(layers.Conv2D(width, 8, 8)(image))
    for _ in range(2):
        u, v = ops.split(
            layers.Dense(2 * width, activation="gelu")(layers.LayerNormalization()(x)), 2, axis=2
        )
        v = ops.transpose(layers.LayerNormalization(epsilon=1e-6)(v), (0, 2, 1))
        v = ops.transpose(layers.Dense(steps, bias_initializer="ones")(v), (0, 2, 1))
        x = x + layers.Dense(width)(u * v)
    return keras.Model(image, layers.Dense(100)(layers.GlobalMaxPooling1D()(x)))


def compact_transformer(keras: Any) -> Any:
    """keras.io's CCT: a convolutional tokenizer, stochastic depth, pooling by attention."""
    layers, ops = keras.layers, keras.ops
    image, width = keras.Input((SIDE, SIDE, 3)), 16
    x = image
    for channels in (8, width):
        x = layers.Conv2D(channels, 3, use_bias=False, activation="relu")(x)
        x = layers.MaxPooling2D(3, 2, "same")(layers.ZeroPadding2D(1)(x))
    x = layers.Reshape((-1, width))(x)
    x = x + layers.Embedding(x.shape[1], width)(ops.arange(x.shape[1]))
    for i in range(2):
        a = layers.LayerNormalization(epsilon=1e-5)(x)
        a = layers.MultiHeadAttention(2, 8, dropout=0.1)(a, a)
        y = layers.Add()([layers.Dropout(0.1 * i, noise_shape=(None, 1, 1))(a), x])
        z = layers.Dense(width, activation="gelu")(layers.LayerNormalization(epsilon=1e-5)(y))
        x = layers.Add()([layers.Dropout(0.1 * i, noise_shape=(None, 1, 1))(z), y])
    x = layers.LayerNormalization(epsilon=1e-5)(x)
    weights = ops.transpose(ops.softmax(layers.Dense(1)(x), axis=1), (0, 2, 1))
    return keras.Model(image, layers.Dense(100)(ops.squeeze(ops.matmul(weights, x), -2)))


def convnext(keras: Any) -> Any:
    """keras.applications' ConvNeXt, small: LayerScale and StochasticDepth, which are classes of its own."""
    from keras.src.applications.convnext import ConvNeXt

    return ConvNeXt(
        depths=[1, 1, 1, 1],
        projection_dims=[8, 8, 16, 16],
        drop_path_rate=0.1,
        layer_scale_init_value=0.5,
        weights=None,
        classes=100,
        input_shape=(SIDE, SIDE, 3),
        name="small",
    )


def attention_of_channels_and_places(keras: Any) -> Any:
    """CBAM (Woo et al. 2018): means and maxima over channels weigh the places of a map."""
    layers, ops = keras.layers, keras.ops
    image = keras.Input((SIDE, SIDE, 3))
    x = layers.Conv2D(8, 3, strides=4, padding="same", activation="relu")(image)
    shared = layers.Dense(8)
    gate = layers.Add()([shared(layers.GlobalAveragePooling2D()(x)), shared(layers.GlobalMaxPooling2D()(x))])
    x = layers.Multiply()([x, layers.Reshape((1, 1, 8))(layers.Activation("sigmoid")(gate))])
    both = [ops.mean(x, axis=-1, keepdims=True), ops.max(x, axis=-1, keepdims=True)]
    x = x * layers.Conv2D(1, 7, padding="same", activation="sigmoid")(layers.Concatenate()(both))
    return keras.Model(image, layers.Dense(100, activation="softmax")(layers.GlobalAveragePooling2D()(x)))


def attention_of_neighbouring_channels(keras: Any) -> Any:
    """ECA (Wang et al. 2020): a convolution along the channels weighs them; then causal ones along rows."""
    layers = keras.layers
    image = keras.Input((SIDE, SIDE, 3))
    x = layers.Conv2D(12, 3, strides=4, padding="same", activation="relu")(image)
    a = layers.Reshape((12, 1))(layers.GlobalAveragePooling2D()(x))
    a = layers.Conv1D(1, 3, padding="same", use_bias=False, activation="sigmoid")(a)
    x = layers.Multiply()([x, layers.Reshape((1, 1, 12))(a)])
    x = layers.Reshape((64, 12))(x)
    x = layers.Conv1D(8, 4, padding="causal", dilation_rate=2, groups=4, activation="relu")(x)
    x = layers.Conv1D(6, 4, strides=3, padding="same")(x)
    return keras.Model(image, layers.Dense(100)(layers.Flatten()(layers.Conv1D(5, 2)(x))))


def shortcuts_of_option_a(keras: Any) -> Any:
    """ResNet for CIFAR with shortcuts A (He et al. 2015): every other place, channels padded with zeros."""
    layers, ops = keras.layers, keras.ops
    image = keras.Input((SIDE, SIDE, 3))
    x = layers.Conv2D(8, 3, padding="same")(image)
    y = layers.Conv2D(16, 3, strides=2, padding="same")(x)
    shortcut = ops.pad(x[:, ::2, ::2, :], [[0, 0], [0, 0], [0, 0], [4, 4]])
    x = layers.ReLU()(layers.Add()([y, shortcut]))
    return keras.Model(image, layers.Dense(100)(layers.GlobalAveragePooling2D()(x)))


def unit_vectors(keras: Any) -> Any:
    """A head on features of length 1, scaled, as in NormFace and ArcFace."""
    layers, ops = keras.layers, keras.ops
    image = keras.Input((SIDE, SIDE, 3))
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(8, 3)(image))
    x = layers.UnitNormalization()(layers.Dense(6)(ops.normalize(x)))
    return keras.Model(image, layers.Dense(100, use_bias=False)(x) * 16.0)


def axes_of_all_kinds(keras: Any) -> Any:
    """Norms over axes, poolings, crops and pads of sequences, sums, a class token, joined sequences."""
    layers, ops = keras.layers, keras.ops
    image = keras.Input((SIDE, SIDE, 3))
    x = layers.LayerNormalization(axis=[1, 2, 3])(layers.Conv2D(6, 4, 4)(image))
    x = layers.BatchNormalization()(layers.Reshape((64, 6))(x))
    x = layers.LayerNormalization(axis=[1, 2])(layers.AveragePooling1D(2, 2, padding="same")(x))
    x = layers.ZeroPadding1D((1, 2))(layers.Cropping1D((2, 1))(layers.MaxPooling1D(2)(x)))
    x = layers.Concatenate(axis=1)([x, layers.Dense(6)(x)])
    token, rest = x[:, 0], x[:, 1::2]
    scores = layers.Dot(axes=(2, 2))([rest, rest])
    x = layers.Attention()([rest, rest]) + layers.Dot(axes=(2, 1))([layers.Softmax()(scores), rest])
    joined = [token, ops.sum(x, axis=1), ops.mean(ops.square(x), axis=1), ops.min(x, axis=2)]
    return keras.Model(image, layers.Dense(100)(layers.Concatenate()(joined)))


NATIVE: dict[str, Build] = {
    build.__name__: build
    for build in (
        vision_transformer,
        mlp_mixer,
        gated_mlp,
        compact_transformer,
        convnext,
        attention_of_channels_and_places,
        attention_of_neighbouring_channels,
        shortcuts_of_option_a,
        unit_vectors,
        axes_of_all_kinds,
    )
}


def shake(keras: Any, model: Any) -> Any:
    """Draw what starts at 0 or 1, so that no weight leaves its input as it is."""
    for number, weight in enumerate(model.weights):
        if weight.name in ("gamma", "beta", "bias", "moving_mean", "moving_variance"):
            weight.assign(weight + 0.3 * keras.random.uniform(weight.shape, seed=number))
    return model
