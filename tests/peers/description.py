"""What the peers train and gradus replays: layers, losses, optimizers and callbacks have the same names and options in
Keras and in gradus, so both are made from one description.
"""
import os

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np
import torch
from keras.src.backend.common import dtypes

keras.config.set_floatx("float64")
dtypes.BIT64_TO_BIT32_DTYPE["float64"] = "float64"  # but for TensorFlow, Keras computes float64 in float32
torch.set_default_dtype(torch.float64)

N = 8      # samples


class Call:
    """Call("Dense", units=3): keras.layers.Dense(units=3), and nn.Dense{units=3} in Lua."""

    def __init__(self, name, **options):
        self.name, self.options = name, options

    def keras(self):
        for module in [keras.layers, keras.losses, keras.optimizers, keras.optimizers.schedules, keras.regularizers,
                       keras.callbacks, keras.metrics]:
            if hasattr(module, self.name):
                return getattr(module, self.name)(**{k: of_keras(v) for k, v in self.options.items()})
        raise ValueError(self.name)

    def lua(self):
        if self.name in METRICS:
            return '"%s"' % METRICS[self.name]
        if hasattr(keras.layers, self.name):
            name = "nn." + self.name
        elif hasattr(keras.losses, self.name):
            name = "losses." + LOSSES[self.name]
            if not self.options:
                return name
        elif hasattr(keras.regularizers, self.name):
            name = "regularizers." + self.name
        elif hasattr(keras.callbacks, self.name):
            name = "callbacks." + self.name
        else:
            name = "optim." + self.name
        return name + "{" + ", ".join("%s=%s" % (k, of_lua(as_position(k, v))) for k, v in self.options.items()) + "}"


METRICS = {
    "Recall": "recall",
    "Precision": "precision",
    "RootMeanSquaredError": "root_mean_squared_error",
    "R2Score": "r2_score",
}

LOSSES = {
    "MeanSquaredError": "mean_squared_error",
    "MeanAbsoluteError": "mean_absolute_error",
    "Huber": "huber",
    "Hinge": "hinge",
    "BinaryCrossentropy": "binary_crossentropy",
    "CategoricalCrossentropy": "categorical_crossentropy",
    "SparseCategoricalCrossentropy": "sparse_categorical_crossentropy",
    "KLDivergence": "kl_divergence",
    "MeanAbsolutePercentageError": "mean_absolute_percentage_error",
    "MeanSquaredLogarithmicError": "mean_squared_logarithmic_error",
    "CosineSimilarity": "cosine_similarity",
    "LogCosh": "log_cosh",
    "Poisson": "poisson",
    "SquaredHinge": "squared_hinge",
    "CategoricalHinge": "categorical_hinge",
    "BinaryFocalCrossentropy": "binary_focal_crossentropy",
    "CategoricalFocalCrossentropy": "categorical_focal_crossentropy",
    "Dice": "dice",
    "Tversky": "tversky",
}


def as_position(name, value):
    """Axes count from 1 in Lua, and from the end as in Python."""
    if name not in ("axis", "shared_axes"):
        return value
    if isinstance(value, (list, tuple)):
        return [as_position(name, each) for each in value]
    return value + 1 if value >= 0 else value


def of_keras(value):
    if isinstance(value, list):
        return [of_keras(each) for each in value]
    return value.keras() if isinstance(value, Call) else value


def of_lua(value):
    if isinstance(value, Call):
        return value.lua()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return "{" + ", ".join(map(of_lua, value)) + "}"
    if isinstance(value, dict):
        return "{" + ", ".join("[%s]=%s" % (of_lua(k), of_lua(v)) for k, v in value.items()) + "}"
    return '"%s"' % value if isinstance(value, str) else repr(value)


def truth(random, kind, outputs):
    """What N samples should come to: labels, one-hot rows, ..., in rows of so many outputs."""
    if kind == "numbers":
        return random.randn(N, outputs)
    if kind == "counts":
        return random.poisson(2, (N, outputs)).astype(float)
    if kind == "signs":
        return random.choice([-1.0, 1.0], (N, outputs))
    if kind == "binary":
        return random.randint(0, 2, (N, outputs)).astype(float)
    if kind == "labels":
        return random.randint(0, outputs, N).astype(float)
    if kind == "rows":
        return np.eye(outputs)[random.randint(0, outputs, N)]
    return random.dirichlet(np.ones(outputs), N)


def draw_weights(random, model):
    """Other weights than the initializers': those that start as zeros or ones, too."""
    for w in model.variables:
        if "seed" not in w.path:
            w.assign(random.rand(*w.shape) + 0.5 if "variance" in w.path else random.randn(*w.shape) * 0.5)
