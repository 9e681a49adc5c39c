"""The networks of networks.py in Keras on TensorFlow, in the settings in which it may be at its best:

    keras        as a student writes it: train_on_batch, predict_on_batch
    tf_function  a step of one's own in tf.function
    tf_xla       the same compiled by XLA, jit_compile=True"""

import keras
import numpy
import tensorflow as tf
from networks import NETWORKS, THREADS, batch_for, drawn

tf.config.threading.set_intra_op_parallelism_threads(THREADS)
tf.config.threading.set_inter_op_parallelism_threads(THREADS)


def layers_of(description):
    flat = False
    for kind, *rest in description:
        if kind == "conv":
            options = rest[2] if len(rest) > 2 else {}
            normalized = options.get("norm")
            yield keras.layers.Conv2D(rest[0], rest[1], strides=options.get("stride", 1),
                                      dilation_rate=options.get("dilation", 1),
                                      padding="same" if options.get("same") else "valid",
                                      activation=None if normalized else "relu")
            if normalized:
                yield keras.layers.BatchNormalization()
                yield keras.layers.ReLU()
        elif kind == "pool":
            yield keras.layers.MaxPooling2D(2)
        elif kind == "dropout":
            yield keras.layers.Dropout(rest[0])
        else:
            if not flat:
                yield keras.layers.Flatten()
            flat = True
            yield keras.layers.Dense(rest[0], activation=rest[1] if len(rest) > 1 else "softmax")


def made(name, batch):
    """The network of that name, and a batch of samples and labels for it."""
    shape, _, description = NETWORKS[name]
    net = keras.Sequential([keras.Input(shape), *layers_of(description)])
    numpy.random.seed(1)
    for layer in net.layers:
        if hasattr(layer, "kernel"):
            layer.kernel.assign(drawn(layer.kernel.shape))
    x, y = batch_for(name, batch)
    return net, tf.constant(x), tf.constant(y)


def trainer(net, x, y, setting):
    """A step of Adam as a function that returns the loss before it."""
    optimizer = keras.optimizers.Adam(1e-3)
    if setting == "keras":
        # "auto" compiles with XLA where it can, which is what a student gets.
        net.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy")
        return lambda: float(net.train_on_batch(x, y))
    criterion = keras.losses.SparseCategoricalCrossentropy()
    optimizer.build(net.trainable_variables)

    @tf.function(jit_compile=setting == "tf_xla")
    def compiled(x, y):
        with tf.GradientTape() as tape:
            loss = criterion(y, net(x, training=True))
        weights = net.trainable_variables
        optimizer.apply(tape.gradient(loss, weights), weights)
        return loss

    return lambda: float(compiled(x, y))


def predictor(net, x, setting):
    if setting == "keras":
        return lambda: net.predict_on_batch(x)
    compiled = tf.function(lambda x: net(x, training=False), jit_compile=setting == "tf_xla")
    return lambda: compiled(x).numpy()
