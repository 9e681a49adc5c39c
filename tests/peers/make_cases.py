#!/usr/bin/env python3
"""Makes cases.tsv and cases.npz, small trainings by Keras 3 (on PyTorch) and by PyTorch itself, which test_peers.lua
replays: run it by hand with a Python that has both, and keep what it made.

    python3 tests/peers/make_cases.py

Each case trains a net of few weights for some steps in float64, each on all samples. cases.tsv has a line a case:

    name    Lua of the layers    Lua of the loss    Lua of the optimizer    steps    number of weights

(the layers one after the other, or "x -> " and what a network with branches computes from its input x)

and cases.npz, under the number of the case, the samples (3.x, 3.y, perhaps 3.sample_weight), the weights before
(3.before) and after (3.after) in one row, and the loss before each step (3.loss). Dropout and the random layers are
not here: what they draw is each program's own.
"""
import os

from description import N, Call, draw_weights, truth  # sets Keras up
import keras
import numpy as np
import torch

STEPS = 5

random = np.random.RandomState(1)
lines, arrays = [], {}


def store(name, layers, loss, optimizer, x, y, before, after, losses, sample_weight=None):
    key = str(len(lines) + 1)
    lines.append("\t".join([name, "; ".join(layers), loss, optimizer, str(STEPS), str(len(before))]))
    arrays[key + ".x"], arrays[key + ".y"] = x, y
    arrays[key + ".before"] = np.concatenate([w.ravel() for w in before])
    arrays[key + ".after"] = np.concatenate([w.ravel() for w in after])
    arrays[key + ".loss"] = np.array(losses)
    if sample_weight is not None:
        arrays[key + ".sample_weight"] = sample_weight


def train(name, input_shape, layers, loss, kind, optimizer, weighted=False):
    model = keras.Sequential([keras.Input(input_shape)] + [layer.keras() for layer in layers])
    train_model(name, model, [layer.lua() for layer in layers], loss, kind, optimizer, weighted)


def train_model(name, model, lua, loss, kind, optimizer, weighted=False):
    input_shape = model.input_shape[1:]
    draw_weights(random, model)
    x, y = random.randn(N, *input_shape), truth(random, kind, model.output_shape[-1])
    sample_weight = random.rand(N) * 2 if weighted else None
    before = [np.array(w) for w in model.get_weights()]
    criterion, rule, losses = loss.keras(), optimizer.keras(), []
    inputs, target = torch.tensor(x), torch.tensor(y)
    for _ in range(STEPS):
        model.zero_grad()
        value = criterion(target, model(inputs, training=True),
                          sample_weight=None if sample_weight is None else torch.tensor(sample_weight))
        value = value + sum(model.losses)
        value.backward()
        gradients = [v.value.grad for v in model.trainable_weights]
        with torch.no_grad():
            rule.apply(gradients, model.trainable_weights)
        losses.append(value.item())
    store("keras: " + name, lua, loss.lua(), optimizer.lua(), x, y, before,
          model.get_weights(), losses, sample_weight)


MSE = Call("MeanSquaredError")
SGD = Call("SGD", learning_rate=0.1)


def dense(units, **options):
    return Call("Dense", units=units, **options)


def layers():
    for activation in ["linear", "relu", "sigmoid", "tanh", "softplus", "softmax", "elu", "selu", "leaky_relu", "gelu",
                       "silu", "softsign", "exponential", "swish", "mish", "log_softmax", "relu6", "hard_sigmoid",
                       "hard_silu"]:
        train("Dense " + activation, (3,), [dense(4, activation=activation), dense(2)], MSE, "numbers", SGD)
    for layer in [Call("ReLU"), Call("ReLU", max_value=1.0, negative_slope=0.1, threshold=0.2), Call("LeakyReLU"),
                  Call("LeakyReLU", negative_slope=0.1), Call("ELU"), Call("ELU", alpha=0.5), Call("PReLU"), Call("Softmax"),
                  Call("Activation", activation="tanh"), Call("LayerNormalization"),
                  Call("LayerNormalization", epsilon=0.1, center=False), Call("LayerNormalization", scale=False),
                  Call("BatchNormalization"), Call("BatchNormalization", center=False),
                  Call("BatchNormalization", momentum=0.8, epsilon=0.1, scale=False),
                  Call("Rescaling", scale=0.5, offset=1.0),
                  Call("Reshape", target_shape=(2, 2))]:
        extra = [Call("Flatten")] if layer.name == "Reshape" else []
        train(layer.lua(), (3,), [dense(4), layer] + extra + [dense(2)], MSE, "numbers", SGD)
    end = [Call("Flatten"), dense(2)]
    for options in [{}, dict(padding="same"), dict(strides=2), dict(strides=2, padding="same"), dict(dilation_rate=2),
                    dict(dilation_rate=2, padding="same"), dict(use_bias=False, activation="relu"),
                    dict(strides=(1, 3), padding="same"), dict(dilation_rate=(1, 2), activation="tanh")]:
        for size in [3, (2, 4)]:
            conv = Call("Conv2D", filters=3, kernel_size=size, **options)
            train(conv.lua(), (7, 8, 2), [conv] + end, MSE, "numbers", SGD)
    for channels, groups, filters in [(4, 2, 6), (6, 3, 3), (4, 4, 4), (3, 3, 6)]:
        for options in [{}, dict(strides=2, padding="same", activation="relu"),
                        dict(dilation_rate=2, padding="same", use_bias=False)]:
            conv = Call("Conv2D", filters=filters, kernel_size=3, groups=groups, **options)
            train(conv.lua(), (7, 8, 2), [Call("Conv2D", filters=channels, kernel_size=2), conv] + end, MSE, "numbers",
                  Call("SGD", learning_rate=1e-4))
    conv = Call("Conv2D", filters=18, kernel_size=2, groups=2, strides=2, padding="same")
    train(conv.lua(), (5, 4, 2), [Call("Conv2D", filters=18, kernel_size=2), conv] + end, MSE, "numbers",
          Call("SGD", learning_rate=1e-4))
    for name in ["MaxPooling2D", "AveragePooling2D"]:
        for options in [dict(pool_size=2), dict(pool_size=2, padding="same"), dict(pool_size=3, strides=2),
                        dict(pool_size=(3, 2), padding="same"),
                        dict(pool_size=3, strides=1, padding="same")]:
            pool = Call(name, **options)
            train(pool.lua(), (5, 7, 2), [Call("Conv2D", filters=2, kernel_size=2), pool] + end, MSE, "numbers", SGD)
    for layer in [Call("GlobalAveragePooling2D"), Call("GlobalMaxPooling2D"), Call("BatchNormalization"),
                  Call("GlobalAveragePooling2D", keepdims=True), Call("GlobalMaxPooling2D", keepdims=True),
                  Call("LayerNormalization"), Call("Softmax"), Call("Reshape", target_shape=(6, -1)),
                  Call("PReLU"), Call("PReLU", shared_axes=[1, 2]), Call("Softmax", axis=1), Call("Softmax", axis=[1, 2]),
                  Call("BatchNormalization", axis=1), Call("BatchNormalization", axis=-2, scale=False),
                  # Of axes in the middle alone, as axis=1, Keras on PyTorch normalizes the last ones instead.
                  Call("LayerNormalization", axis=[1, 2, 3]), Call("LayerNormalization", axis=[1, 3]),
                  Call("LayerNormalization", axis=[-1, 2], center=False)]:
        train(layer.lua(), (4, 5, 2), [Call("Conv2D", filters=3, kernel_size=2), layer] + end, MSE, "numbers", SGD)
    for layer in [dense(4, kernel_regularizer=Call("L2", l2=0.1), bias_regularizer=Call("L1", l1=0.1)),
                  dense(4, kernel_regularizer=Call("L1L2", l1=0.05, l2=0.02))]:
        train("regularized", (3,), [layer, dense(2)], MSE, "numbers", SGD)
    l2 = Call("L2", l2=0.1)
    train("regularized convolution", (4, 4, 2), [Call("Conv2D", filters=2, kernel_size=2, kernel_regularizer=l2,
          bias_regularizer=l2)] + end, MSE, "numbers", SGD)
    for name in ["BatchNormalization", "LayerNormalization"]:
        normal = Call(name, gamma_regularizer=l2, beta_regularizer=Call("L1", l1=0.1))
        train("regularized " + name, (3,), [dense(4), normal, dense(2)], MSE, "numbers", SGD)
    small = Call("Conv2D", filters=2, kernel_size=3, padding="same", activation="relu")
    train("three convolutions and two poolings", (9, 8, 1), [small, Call("MaxPooling2D", pool_size=2), small,
          Call("AveragePooling2D", pool_size=2), small] + end, MSE, "numbers", Call("Adam", learning_rate=0.01))


def branches():
    for name in ["Add", "Average", "Multiply", "Maximum", "Minimum", "Concatenate", "Subtract"]:
        a, b, last = dense(4, activation="tanh"), dense(4), dense(2)
        x = keras.Input((3,))
        left, right = a.keras()(x), b.keras()(x)
        several = "left, right" if name == "Subtract" else "left, right, left"
        joined = {"left, right": [left, right], "left, right, left": [left, right, left]}[several]
        model = keras.Model(x, last.keras()(getattr(keras.layers, name)()(joined)))
        lua = "%s(nn.%s{}{%s})" % (last.lua(), name, several)
        lua = "x -> (function() local left, right = %s(x), %s(x) return %s end)()" % (a.lua(), b.lua(), lua)
        train_model("branches joined by " + name, model, [lua], MSE, "numbers", SGD)
    conv = Call("Conv2D", filters=2, kernel_size=3, padding="same", activation="relu")
    x = keras.Input((4, 5, 2))
    shared = conv.keras()
    model = keras.Model(x, dense(2).keras()(keras.layers.Flatten()(keras.layers.Add()([x, shared(shared(x))]))))
    lua = "x -> (function() local shared = %s return %s(nn.Flatten{}(nn.Add{}{x, shared(shared(x))})) end)()"
    train_model("a residual of one layer twice", model, [lua % (conv.lua(), dense(2).lua())], MSE, "numbers",
                Call("SGD", learning_rate=1e-4))


def losses():
    for loss in [MSE, Call("MeanAbsoluteError"), Call("Huber"), Call("Huber", delta=0.3)]:
        train(loss.lua(), (3,), [dense(4, activation="tanh"), dense(2)], loss, "numbers", SGD)
        train(loss.lua() + " weighted", (3,), [dense(4, activation="tanh"), dense(2)], loss, "numbers", SGD, True)
    for weighted in [False, True]:
        end = " weighted" if weighted else ""
        train("hinge" + end, (3,), [dense(4, activation="tanh"), dense(2)], Call("Hinge"), "signs", SGD, weighted)
        train("kl_divergence" + end, (3,), [dense(4), dense(3, activation="softmax")], Call("KLDivergence"), "shares",
              SGD, weighted)
    for loss, kind, end in [(Call("MeanAbsolutePercentageError"), "numbers", "linear"),
                            (Call("MeanSquaredLogarithmicError"), "counts", "softplus"),
                            (Call("LogCosh"), "numbers", "linear"), (Call("Poisson"), "counts", "softplus"),
                            (Call("CosineSimilarity"), "numbers", "linear"),
                            (Call("SquaredHinge"), "signs", "tanh"), (Call("CategoricalHinge"), "rows", "linear"),
                            (Call("BinaryFocalCrossentropy"), "binary", "sigmoid"),
                            (Call("BinaryFocalCrossentropy", apply_class_balancing=True, alpha=0.4, gamma=1.5,
                                  label_smoothing=0.1), "binary", "sigmoid"),
                            (Call("BinaryFocalCrossentropy", from_logits=True), "binary", "linear"),
                            (Call("CategoricalFocalCrossentropy"), "rows", "softmax"),
                            (Call("CategoricalFocalCrossentropy", alpha=0.7, gamma=1.0, label_smoothing=0.1), "rows",
                             "sigmoid"),
                            (Call("CategoricalFocalCrossentropy", from_logits=True), "rows", "linear"),
                            (Call("Dice", axis=-1), "binary", "sigmoid"),
                            (Call("Tversky", axis=-1), "binary", "sigmoid"),
                            (Call("Tversky", alpha=0.8, beta=0.3, axis=-1), "binary", "sigmoid")]:
        for weighted in [False, True]:
            train(loss.lua() + (" weighted" if weighted else ""), (3,),
                  [dense(4, activation="tanh"), dense(3, activation=end)], loss, kind, Call("SGD", learning_rate=0.01),
                  weighted)
    for name, kind, outputs, end in [("BinaryCrossentropy", "binary", 2, "sigmoid"),
                                     ("CategoricalCrossentropy", "rows", 3, "softmax"),
                                     ("SparseCategoricalCrossentropy", "labels", 3, "softmax")]:
        smooth = [] if kind == "labels" else [dict(label_smoothing=0.1), dict(label_smoothing=0.2, from_logits=True)]
        for options in [{}, dict(from_logits=True)] + smooth:
            loss = Call(name, **options)
            last = dense(outputs) if "from_logits" in options else dense(outputs, activation=end)
            train(loss.lua(), (3,), [dense(4, activation="tanh"), last], loss, kind, SGD)
            train(loss.lua() + " weighted", (3,), [last], loss, kind, SGD, True)


def optimizers():
    def one(name, **options):
        optimizer = Call(name, **options)
        train(optimizer.lua(), (3,), [dense(4, activation="tanh"), dense(2)], MSE, "numbers", optimizer)

    every = {"SGD": [{}, dict(momentum=0.9), dict(momentum=0.9, nesterov=True)],
             "Adam": [{}, dict(beta_1=0.8, beta_2=0.9, epsilon=1e-3)], "AdamW": [{}, dict(weight_decay=0.1)],
             "RMSprop": [{}, dict(momentum=0.9, rho=0.8), dict(epsilon=1e-2)],
             "Adagrad": [{}, dict(initial_accumulator_value=0.5, epsilon=1e-2)],
             "Adadelta": [{}, dict(rho=0.8, epsilon=1e-3)], "Adamax": [{}, dict(beta_1=0.8, beta_2=0.9)],
             "Nadam": [{}, dict(beta_1=0.8, beta_2=0.9, epsilon=1e-3)]}
    for name, cases in every.items():
        for options in cases:
            one(name, learning_rate=0.05, **options)
        for options in [dict(clipnorm=0.1), dict(clipvalue=0.05), dict(global_clipnorm=0.2), dict(weight_decay=0.1)]:
            one(name, learning_rate=0.05, **options)
        one(name, learning_rate=0.05, use_ema=True, ema_momentum=0.8, ema_overwrite_frequency=2)
        one(name, learning_rate=Call("ExponentialDecay", initial_learning_rate=0.1, decay_steps=2, decay_rate=0.5))
    schedules = [
        Call("ExponentialDecay", initial_learning_rate=0.1, decay_steps=2, decay_rate=0.5),
        Call("ExponentialDecay", initial_learning_rate=0.1, decay_steps=2, decay_rate=0.5, staircase=True),
        Call("CosineDecay", initial_learning_rate=0.1, decay_steps=4, alpha=0.1),
        Call("CosineDecay", initial_learning_rate=0.0, decay_steps=4, warmup_target=0.1, warmup_steps=2),
        Call("PiecewiseConstantDecay", boundaries=[1, 3], values=[0.1, 0.05, 0.01]),
        Call("PolynomialDecay", initial_learning_rate=0.1, decay_steps=3, power=2.0),
        Call("PolynomialDecay", initial_learning_rate=0.1, decay_steps=2, end_learning_rate=0.02, cycle=True),
        Call("InverseTimeDecay", initial_learning_rate=0.1, decay_steps=2, decay_rate=0.5),
        Call("InverseTimeDecay", initial_learning_rate=0.1, decay_steps=2, decay_rate=0.5, staircase=True),
        Call("CosineDecayRestarts", initial_learning_rate=0.1, first_decay_steps=2, t_mul=2.0, m_mul=0.8, alpha=0.1),
    ]
    for schedule in schedules:
        one("SGD", learning_rate=schedule)
        one("Adam", learning_rate=schedule)


# ---- PyTorch itself: its kernels are (out, in) and (out, in, rows, columns), its pictures have channels first ----

def to_gradus(w):
    w = w.detach().numpy()
    return w.transpose(2, 3, 1, 0) if w.ndim == 4 else w.T if w.ndim == 2 else w


def torch_train(name, net, lua_layers, x, y, criterion, lua_loss, optimizer, lua_optimizer, channels_first=False):
    inputs = torch.tensor(x.transpose(0, 3, 1, 2) if x.ndim == 4 and not channels_first else x)
    target = torch.tensor(y)
    step = optimizer(net.parameters())
    before, losses = [to_gradus(w).copy() for w in net.parameters()], []
    for _ in range(STEPS):
        step.zero_grad()
        loss = criterion(net(inputs), target)
        loss.backward()
        step.step()
        losses.append(loss.item())
    store("torch: " + name, lua_layers, lua_loss, lua_optimizer, x, y.astype(float), before,
          [to_gradus(w) for w in net.parameters()], losses)


def pytorch():
    nn, optim = torch.nn, torch.optim
    torch.manual_seed(1)
    mlp = ['nn.Dense{4, activation="tanh"}', "nn.Dense{3}"]
    x = random.randn(N, 3)

    def net():
        return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 3))

    def sgd(parameters):
        return optim.SGD(parameters, lr=0.1)

    lua_sgd = "optim.SGD{0.1}"
    numbers, binary = truth(random, "numbers", 3), truth(random, "binary", 3)
    labels = truth(random, "labels", 3).astype(np.int64)
    for name, y, criterion, lua in [
            ("MSELoss", numbers, nn.MSELoss(), "losses.mean_squared_error"),
            ("L1Loss", numbers, nn.L1Loss(), "losses.mean_absolute_error"),
            ("HuberLoss", numbers, nn.HuberLoss(delta=0.5), "losses.huber{delta=0.5}"),
            ("CrossEntropyLoss", labels, nn.CrossEntropyLoss(),
             "losses.sparse_categorical_crossentropy{from_logits=true}"),
            ("BCEWithLogitsLoss", binary, nn.BCEWithLogitsLoss(), "losses.binary_crossentropy{from_logits=true}")]:
        torch_train(name, net(), mlp, x, y, criterion, lua, sgd, lua_sgd)
    # The places of epsilon differ, so it is 0.
    for name, optimizer, lua in [
            ("SGD momentum", lambda p: optim.SGD(p, lr=0.05, momentum=0.9), "optim.SGD{0.05, momentum=0.9}"),
            ("SGD nesterov", lambda p: optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True),
             "optim.SGD{0.05, momentum=0.9, nesterov=true}"),
            ("Adam", lambda p: optim.Adam(p, lr=0.05, eps=0), "optim.Adam{0.05, epsilon=0}"),
            ("AdamW", lambda p: optim.AdamW(p, lr=0.05, eps=0, weight_decay=0.1),
             "optim.AdamW{0.05, epsilon=0, weight_decay=0.1}"),
            ("RMSprop", lambda p: optim.RMSprop(p, lr=0.05, alpha=0.9, eps=0),
             "optim.RMSprop{0.05, rho=0.9, epsilon=0}"),
            ("Adagrad", lambda p: optim.Adagrad(p, lr=0.05, initial_accumulator_value=0.1, eps=0),
             "optim.Adagrad{0.05, initial_accumulator_value=0.1, epsilon=0}")]:
        torch_train(name, net(), mlp, x, numbers, nn.MSELoss(), "losses.mean_squared_error", optimizer, lua)
    pictures = random.randn(N, 8, 8, 2)
    cnn = nn.Sequential(nn.Conv2d(2, 3, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(3, 4, 2), nn.LeakyReLU(0.3),
                        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3))
    torch_train("CNN", cnn, ['nn.Conv2D{3, 3, activation="relu"}', "nn.MaxPooling2D{2}", "nn.Conv2D{4, 2}",
                             "nn.LeakyReLU{}",
                             "nn.GlobalAveragePooling2D{}", "nn.Dense{3}"], pictures, labels, nn.CrossEntropyLoss(),
                "losses.sparse_categorical_crossentropy{from_logits=true}", sgd, lua_sgd)
    normal = nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4, eps=1e-3), nn.ELU(), nn.Linear(4, 3))
    torch_train("LayerNorm", normal, ["nn.Dense{4}", "nn.LayerNormalization{}", "nn.ELU{}", "nn.Dense{3}"], x, numbers,
                nn.MSELoss(), "losses.mean_squared_error", sgd, lua_sgd)


# ---- pictures whose channels come first, in Keras and in PyTorch ----

def channels_first():
    def layer(name, **options):
        return Call(name, data_format="channels_first", **options)

    shape, end = (2, 7, 8), [Call("Flatten"), dense(2)]
    slow = Call("SGD", learning_rate=0.003)
    for options in [{}, dict(padding="same", strides=(2, 1)), dict(dilation_rate=2, use_bias=False),
                    dict(padding="same", activation="relu"), dict(activation="softmax"), dict(groups=2, padding="same")]:
        conv = layer("Conv2D", filters=4, kernel_size=(3, 2), **options)
        train(conv.lua(), shape, [conv] + end, MSE, "numbers", slow)
    conv = layer("Conv2D", filters=4, kernel_size=2)
    for inner in [layer("MaxPooling2D", pool_size=(2, 3)), layer("MaxPooling2D", pool_size=3, strides=2, padding="same"),
                  layer("AveragePooling2D", pool_size=2), layer("AveragePooling2D", pool_size=3, padding="same"),
                  layer("GlobalAveragePooling2D"), layer("GlobalAveragePooling2D", keepdims=True),
                  layer("GlobalMaxPooling2D"), layer("GlobalMaxPooling2D", keepdims=True),
                  Call("BatchNormalization", axis=1), Call("PReLU", shared_axes=[2, 3]), layer("Flatten")]:
        train(inner.lua() + " with channels first", shape,
              [conv, inner] + ([dense(2)] if inner.name == "Flatten" else end), MSE, "numbers", slow)
    train("a network with channels first", (1, 12, 10),
          [layer("Conv2D", filters=4, kernel_size=3, activation="relu"), layer("MaxPooling2D", pool_size=2),
           layer("Conv2D", filters=3, kernel_size=2, padding="same"), Call("BatchNormalization", axis=1), Call("ReLU"),
           layer("AveragePooling2D", pool_size=2), layer("Flatten"), dense(2)], MSE, "numbers", Call("Adam", learning_rate=0.01))

    nn = torch.nn
    torch.manual_seed(2)
    net = nn.Sequential(nn.Conv2d(2, 3, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(3, 4, 2), nn.ELU(), nn.AvgPool2d(2),
                        nn.Flatten(), nn.Linear(8, 3))
    torch_train("CNN on its own pictures", net, [
        'nn.Conv2D{3, 3, activation="relu", data_format="channels_first"}',
        'nn.MaxPooling2D{data_format="channels_first"}', 'nn.Conv2D{4, 2, data_format="channels_first"}', "nn.ELU{}",
        'nn.AveragePooling2D{data_format="channels_first"}', "nn.Flatten{}", "nn.Dense{3}"],
        random.randn(N, 2, 8, 13), truth(random, "labels", 3).astype(np.int64), nn.CrossEntropyLoss(),
        "losses.sparse_categorical_crossentropy{from_logits=true}", lambda p: torch.optim.SGD(p, lr=0.1),
        "optim.SGD{0.1}", channels_first=True)


def overlaps():
    """Losses of masks: by default the whole batch is one, and along other axes each row or column."""
    ends = [dense(4, activation="tanh"), dense(3, activation="sigmoid")]
    for name, options in [("Dice", {}), ("Tversky", dict(alpha=0.7, beta=0.2))]:
        for axis in [{}, dict(axis=0), dict(axis=(0, 1)), dict(axis=(0, -1))]:
            loss = Call(name, **options, **axis)
            train(loss.lua() + " over a batch", (3,), ends, loss, "binary", Call("SGD", learning_rate=0.5))
        loss = Call(name, **options)
        train(loss.lua() + " over a batch, weighted", (3,), ends, loss, "binary", Call("SGD", learning_rate=0.5), True)
    loss = Call("Dice")
    train("a mask of pictures", (5, 4, 1), [Call("Conv2D", filters=2, kernel_size=2, activation="relu"),
          Call("BatchNormalization"), Call("Flatten"), dense(6, activation="sigmoid")], loss, "binary",
          Call("Adam", learning_rate=0.05))


def variants():
    """Optimizers that keep a third number beside each weight."""
    for options in [{}, dict(clipnorm=0.1, weight_decay=0.1)]:
        for optimizer in [Call("Adam", learning_rate=0.05, amsgrad=True, **options),
                          Call("AdamW", learning_rate=0.05, amsgrad=True, beta_2=0.5, **options),
                          Call("RMSprop", learning_rate=0.05, centered=True, **options),
                          Call("RMSprop", learning_rate=0.02, centered=True, momentum=0.9, rho=0.8, **options)]:
            train(optimizer.lua(), (3,), [dense(4, activation="tanh"), dense(2)], MSE, "numbers", optimizer)


def activations():
    for activation in ["celu", "squareplus", "log_sigmoid", "tanh_shrink", "hard_swish", "hard_tanh", "hard_shrink",
                       "soft_shrink", "sparse_sigmoid", "sparse_plus"]:
        train("Dense " + activation, (3,), [dense(6, activation=activation), dense(2)], MSE, "numbers", SGD)


for family in [layers, branches, losses, optimizers, pytorch, channels_first, overlaps, variants, activations]:
    family()
here = os.path.dirname(os.path.abspath(__file__))
np.savez_compressed(os.path.join(here, "cases.npz"), **arrays)
with open(os.path.join(here, "cases.tsv"), "w", encoding="utf-8") as f:
    f.write("# Keras %s, PyTorch %s\n" % (keras.__version__, torch.__version__))
    f.writelines(line + "\n" for line in lines)
print(len(lines), "cases")
