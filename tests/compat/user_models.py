"""Image classifiers as people write them: each an idiom that a reader of Keras files has to know.

`write_keras_files.py` saves them with whatever Keras it finds; the tests of Hundred's reader make them with
the Keras at hand. Nothing of Hundred is imported, and Python 3.8 will do.
"""

import numpy as np

MODELS = {}


def model(function):  # type: ignore[no-untyped-def]
    """Register a function of the keras package, which gives a model with 4 outputs."""
    MODELS[function.__name__] = function
    return function


def sequential(keras, *stack, shape=(16, 16, 3)):  # type: ignore[no-untyped-def]
    """A Sequential model of `stack`, flattened into 4 classes."""
    end = [keras.layers.Flatten(), keras.layers.Dense(4, activation="softmax")]
    return keras.Sequential([keras.Input(shape), *stack, *end])


def functional(keras, body, shape=(16, 16, 3)):  # type: ignore[no-untyped-def]
    """A functional model: `body` from the input to a feature map, then its mean and 4 classes."""
    entry = keras.Input(shape)
    x = keras.layers.GlobalAveragePooling2D()(body(entry))
    return keras.Model(entry, keras.layers.Dense(4, activation="softmax")(x))


def leaky(keras, slope):  # type: ignore[no-untyped-def]
    """LeakyReLU, whose argument changed its name."""
    key = "negative_slope" if keras.__version__.startswith("3") else "alpha"
    return keras.layers.LeakyReLU(**{key: slope})


@model
def shape_on_the_first_layer(keras):  # type: ignore[no-untyped-def]
    layers = keras.layers
    stack = [layers.Conv2D(4, 3, input_shape=(16, 16, 3)), layers.Flatten(), layers.Dense(4)]
    return keras.Sequential(stack)


@model
def built_without_an_input(keras):  # type: ignore[no-untyped-def]
    made = keras.Sequential([keras.layers.Conv2D(4, 3), keras.layers.Flatten(), keras.layers.Dense(4)])
    made.build((None, 16, 16, 3))
    return made


@model
def activations_as_objects(keras):  # type: ignore[no-untyped-def]
    layers = keras.layers
    return sequential(
        keras,
        layers.Conv2D(4, 3, activation=leaky(keras, 0.1)),
        layers.Conv2D(4, 3, activation=layers.ReLU(6.0)),
        layers.Conv2D(4, 3, activation=keras.activations.relu),
        layers.Activation(keras.activations.swish if hasattr(keras.activations, "swish") else "silu"),
        layers.Dense(5, activation=layers.ELU(0.5)),
        layers.Activation("linear"),
    )


@model
def activation_layers(keras):  # type: ignore[no-untyped-def]
    layers = keras.layers
    return sequential(
        keras,
        leaky(keras, 0.05),
        layers.Conv2D(4, 3),
        layers.LeakyReLU(),
        layers.Conv2D(4, 3),
        layers.ReLU(max_value=6.0),
        layers.Conv2D(4, 3),
        layers.PReLU(shared_axes=[1, 2]),
        layers.Conv2D(4, 3),
        layers.ReLU(negative_slope=0.1),
        layers.Conv2D(4, 3),
        layers.ReLU(max_value=2.0),
        layers.Softmax(axis=-1),
    )


@model
def strided_same_on_odd_and_even(keras):  # type: ignore[no-untyped-def]
    layers = keras.layers
    return sequential(
        keras,
        layers.Conv2D(4, 3, 2, padding="same"),
        layers.Conv2D(4, 4, 2, padding="same"),
        layers.Conv2D(4, (2, 5), (3, 2), padding="same"),
        layers.DepthwiseConv2D(3, 2, padding="same", depth_multiplier=3),
        layers.SeparableConv2D(5, 3, 2, padding="same", depth_multiplier=2),
        layers.MaxPooling2D(3, 2, padding="same"),
        shape=(37, 50, 3),
    )


@model
def dilated_and_grouped(keras):  # type: ignore[no-untyped-def]
    layers = keras.layers
    return sequential(
        keras,
        layers.Conv2D(6, 3, dilation_rate=(2, 3), padding="same"),
        layers.Conv2D(6, 3, groups=3, padding="same", strides=2),
        layers.DepthwiseConv2D(3, dilation_rate=2),
        layers.SeparableConv2D(4, 2, dilation_rate=2, padding="same"),
    )


@model
def pads_crops_and_sizes(keras):  # type: ignore[no-untyped-def]
    layers = keras.layers
    return sequential(
        keras,
        layers.ZeroPadding2D(((0, 1), (2, 3))),
        layers.Cropping2D(((1, 0), (0, 2))),
        layers.UpSampling2D((2, 3)),
        layers.Conv2D(3, 3, 2),
        layers.UpSampling2D(2, interpolation="bilinear"),
        layers.AveragePooling2D(3, 2),
    )


@model
def resized_inside(keras):  # type: ignore[no-untyped-def]
    layers = keras.layers
    stack = [layers.Resizing(24, 28), layers.Rescaling(1.0 / 127.5, offset=-1), layers.Conv2D(4, 3)]
    return sequential(keras, *stack)


@model
def resized_smaller(keras):  # type: ignore[no-untyped-def]
    return sequential(keras, keras.layers.Resizing(7, 9), keras.layers.CenterCrop(5, 4))


@model
def keepdims_and_dense_on_maps(keras):  # type: ignore[no-untyped-def]
    layers = keras.layers
    return sequential(
        keras,
        layers.Dense(6, activation="relu"),
        layers.Conv2D(8, 3),
        layers.GlobalAveragePooling2D(keepdims=True),
        layers.Conv2D(4, 1),
        layers.GlobalMaxPooling2D(keepdims=True),
    )


@model
def reshaped_and_permuted(keras):  # type: ignore[no-untyped-def]
    layers = keras.layers
    return sequential(
        keras,
        layers.Permute((2, 1, 3)),
        layers.Conv2D(4, 3),
        layers.Reshape((28, 7, 4)),
        layers.Conv2D(4, 3),
        layers.Permute((3, 1, 2)),
        layers.Reshape((-1,)),
        layers.Dense(12),
        layers.Reshape((2, 2, 3)),
    )


@model
def adapted_normalization(keras):  # type: ignore[no-untyped-def]
    layer = keras.layers.Normalization()
    images = np.random.RandomState(0).random_sample((5, 16, 16, 3)).astype(np.float32)
    layer.adapt(images * np.float32([1, 2, 3]))
    return sequential(keras, layer, keras.layers.Conv2D(4, 3))


@model
def adapted_as_a_whole(keras):  # type: ignore[no-untyped-def]
    layer = keras.layers.Normalization(axis=None)
    layer.adapt(np.random.RandomState(0).random_sample((5, 16, 16, 3)).astype(np.float32))
    return sequential(keras, layer, keras.layers.Conv2D(4, 3))


@model
def given_normalization(keras):  # type: ignore[no-untyped-def]
    layers = keras.layers
    return sequential(
        keras,
        layers.Normalization(mean=[0.5, 0.4, 0.3], variance=[0.2, 0.1, 0.3]),
        layers.Normalization(mean=0.5, variance=0.2, axis=None),
        layers.Rescaling([0.5, 1.0, 2.0], offset=[0.1, 0.2, 0.3]),
    )


@model
def augmentation_inside(keras):  # type: ignore[no-untyped-def]
    layers = keras.layers
    stack = [layers.RandomFlip("horizontal"), layers.RandomRotation(0.1), layers.RandomZoom(0.2)]
    augmentation = keras.Sequential(stack, name="data_augmentation")
    more = [layers.RandomTranslation(0.1, 0.1), layers.RandomContrast(0.2), layers.RandomCrop(16, 16)]
    brightness = [layers.RandomBrightness(0.1)] if hasattr(layers, "RandomBrightness") else []
    noise = [layers.GaussianNoise(0.1), layers.GaussianDropout(0.1), layers.AlphaDropout(0.1)]
    spatial = [layers.SpatialDropout2D(0.2), layers.Dropout(0.1)]
    return sequential(keras, augmentation, *more, *brightness, layers.Conv2D(4, 3), *noise, *spatial)


@model
def norms(keras):  # type: ignore[no-untyped-def]
    layers = keras.layers
    return sequential(
        keras,
        layers.Conv2D(4, 3),
        layers.BatchNormalization(axis=-1, scale=False),
        layers.BatchNormalization(axis=3, center=False, epsilon=1e-5),
        layers.BatchNormalization(scale=False, center=False, momentum=0.9),
        layers.LayerNormalization(),
        layers.LayerNormalization(axis=[1, 2, 3], epsilon=1e-6),
        layers.Flatten(),
        layers.BatchNormalization(),
        layers.LayerNormalization(center=False),
    )


@model
def half_precision_policy(keras):  # type: ignore[no-untyped-def]
    layers = keras.layers
    half = {"dtype": "mixed_bfloat16"}
    stack = [layers.Conv2D(4, 3, activation="relu", **half), layers.BatchNormalization(**half)]
    return sequential(keras, *stack, layers.Dropout(0.1, **half))


@model
def trained_a_little(keras):  # type: ignore[no-untyped-def]
    layers = keras.layers
    made = sequential(keras, layers.Conv2D(4, 3, kernel_regularizer="l2"), layers.BatchNormalization())
    made.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    made.train_on_batch(np.zeros((2, 16, 16, 3), np.float32), np.eye(4, dtype=np.float32)[:2])
    return made


@model
def many_inputs_to_one_layer(keras):  # type: ignore[no-untyped-def]
    layers = keras.layers

    def body(x):  # type: ignore[no-untyped-def]
        a, b, c = (layers.Conv2D(4, k, padding="same", activation="relu")(x) for k in (1, 3, 5))
        joined = layers.Concatenate()([layers.Add()([a, b, c]), layers.Multiply()([a, b]), c])
        joined = layers.Concatenate(axis=1)([joined, joined])
        return layers.Average()([joined, layers.Maximum()([joined, layers.Dropout(0.1)(joined)])])

    return functional(keras, body)


@model
def shared_layers(keras):  # type: ignore[no-untyped-def]
    layers = keras.layers
    conv, norm = layers.Conv2D(3, 3, padding="same"), layers.BatchNormalization()
    tower = keras.Sequential([layers.Conv2D(3, 3, padding="same"), layers.BatchNormalization()])

    def body(x):  # type: ignore[no-untyped-def]
        x = layers.Add()([norm(conv(x)), norm(conv(conv(x)))])
        return layers.Subtract()([tower(x), tower(tower(x))])

    return functional(keras, body)


@model
def backbones_in_backbones(keras):  # type: ignore[no-untyped-def]
    layers = keras.layers

    def block(filters, frozen):  # type: ignore[no-untyped-def]
        entry = keras.Input((None, None, filters))
        y = layers.Conv2D(filters, 3, padding="same", name="conv")(entry)
        y = layers.BatchNormalization(name="norm", trainable=not frozen)(y)
        y = layers.Conv2D(filters, 1, name="last", trainable=not frozen)(y)
        return keras.Model(entry, layers.Add(name="add")([entry, y]), name=f"block{int(frozen)}")

    entry = keras.Input((16, 16, 3))
    x = block(4, False)(layers.Conv2D(4, 3, name="stem")(entry))
    backbone = keras.Model(entry, block(4, True)(x), name="backbone")
    return sequential(keras, backbone, layers.GlobalAveragePooling2D(name="pool"))


@model
def branches_of_unlike_depth(keras):  # type: ignore[no-untyped-def]
    """Inside a nested model, where an .h5 lists weights by Keras' order of layers, under like names."""
    layers = keras.layers

    def unit(name):  # type: ignore[no-untyped-def]
        stack = [layers.Conv2D(4, 3, padding="same", name="conv"), layers.BatchNormalization(name="norm")]
        return keras.Sequential(stack, name=name)

    entry = keras.Input((16, 16, 3))
    late = unit("late")
    short = unit("short")(entry)
    long = unit("second")(unit("first")(entry))
    inside = keras.Model(entry, late(layers.Add()([short, long])), name="inside")
    return sequential(keras, inside)


@model
def slashes_in_names(keras):  # type: ignore[no-untyped-def]
    layers = keras.layers
    slash = "_" if keras.__version__.startswith("3") else "/"
    stack = [
        layers.Conv2D(4, 3, name=f"block1{slash}conv"),
        layers.Conv2D(4, 3, name=f"block1{slash}norm"),
    ]
    return sequential(keras, *stack)


@model
def grey_input(keras):  # type: ignore[no-untyped-def]
    return sequential(keras, keras.layers.Conv2D(4, 3), shape=(28, 28, 1))


@model
def arithmetic_on_tensors(keras):  # type: ignore[no-untyped-def]
    layers = keras.layers

    def body(x):  # type: ignore[no-untyped-def]
        x = x / 127.5 - 1.0
        y = layers.Conv2D(3, 3, padding="same")(x)
        return 2.0 * y * layers.Activation("sigmoid")(y) + x - y + 0.5

    return functional(keras, body)


@model
def constants_first(keras):  # type: ignore[no-untyped-def]
    layers = keras.layers
    return functional(keras, lambda x: 1.0 - layers.Conv2D(3, 3)(0.5 + (-x)))


@model
def preprocess_input_inside(keras):  # type: ignore[no-untyped-def]
    layers, applications = keras.layers, keras.applications

    def body(x):  # type: ignore[no-untyped-def]
        x = applications.mobilenet_v2.preprocess_input(x)
        return layers.Conv2D(3, 3)(x)

    return functional(keras, body)


@model
def caffe_preprocessing_inside(keras):  # type: ignore[no-untyped-def]
    layers, applications = keras.layers, keras.applications
    return functional(keras, lambda x: layers.Conv2D(3, 3)(applications.resnet50.preprocess_input(x)))


def _functions(keras):  # type: ignore[no-untyped-def]
    """relu, concat, mean and resize of TensorFlow in Keras 2, of keras.ops in Keras 3."""
    if keras.__version__.startswith("3"):
        ops = keras.ops
        resize = lambda x: ops.image.resize(x, (20, 24))  # noqa: E731
        return ops.relu, ops.concatenate, ops.mean, resize
    import tensorflow as tf

    return tf.nn.relu, tf.concat, tf.reduce_mean, lambda x: tf.image.resize(x, (20, 24))


@model
def functions_on_tensors(keras):  # type: ignore[no-untyped-def]
    relu, concat, mean, _ = _functions(keras)
    entry = keras.Input((16, 16, 3))
    x = keras.layers.Conv2D(4, 3)(entry)
    x = concat([relu(x), x], axis=-1)
    return keras.Model(entry, keras.layers.Dense(4)(mean(x, axis=[1, 2])))


@model
def resized_by_a_function(keras):  # type: ignore[no-untyped-def]
    resize = _functions(keras)[3]
    return functional(keras, lambda x: keras.layers.Conv2D(4, 3)(resize(x)))


@model
def channels_first(keras):  # type: ignore[no-untyped-def]
    layers, first = keras.layers, {"data_format": "channels_first"}
    stack = [
        layers.Conv2D(4, 3, padding="same", strides=2, **first),
        layers.BatchNormalization(axis=1),
        layers.ReLU(),
        layers.SpatialDropout2D(0.2, **first),
        layers.MaxPooling2D(2, **first),
        layers.ZeroPadding2D(((0, 1), (1, 2)), **first),
        layers.Conv2D(5, 2, **first),
        layers.Flatten(**first),
    ]
    return keras.Sequential([keras.Input((3, 16, 16)), *stack, layers.Dense(4, activation="softmax")])


@model
def channels_first_functional(keras):  # type: ignore[no-untyped-def]
    layers, first = keras.layers, {"data_format": "channels_first"}
    entry = keras.Input((3, 16, 16))
    x = layers.Conv2D(4, 3, padding="same", activation="relu", **first)(entry)
    y = layers.SeparableConv2D(4, 3, padding="same", **first)(x)
    x = layers.Concatenate(axis=1)([layers.Add()([x, y]), x])
    x = layers.AveragePooling2D(2, **first)(x)
    return keras.Model(entry, layers.Dense(4)(layers.GlobalAveragePooling2D(**first)(x)))


@model
def flattened_plainly_channels_first(keras):  # type: ignore[no-untyped-def]
    layers = keras.layers
    stack = [layers.Conv2D(4, 3, data_format="channels_first"), layers.Flatten(), layers.Dense(4)]
    return keras.Sequential([keras.Input((3, 8, 9)), *stack])
