#!/usr/bin/env python3
"""Makes fits.tsv and fits.npz, small runs of Keras's fit, which test_peers.lua replays: run it by hand like
make_cases.py, and keep what it made.

fits.tsv has a line a run, and fits.npz under its number x, y and the weights before (3.before) and after (3.after), as
for the cases; perhaps weights of samples (3.sample_weight); and what the history holds, an entry an epoch
(3.history.val_loss). A line is

    name    Lua of the layers    Lua of what compile takes    Lua of what fit takes beside x and y

In both programs samples are taken as they stand, with shuffle=false: orders are each program's own.
"""
import os

from description import N, Call, draw_weights, of_lua, of_keras, truth  # sets Keras up
import keras
import numpy as np

random = np.random.RandomState(2)
lines, arrays = [], {}


def fields(options):
    return ", ".join("%s=%s" % (k, of_lua(v)) for k, v in options.items())


def fit(name, input_shape, layers, settings, kind, weighted=False, **options):
    model = keras.Sequential([keras.Input(input_shape)] + [layer.keras() for layer in layers])
    draw_weights(random, model)
    x, y = random.randn(N, *input_shape), truth(random, kind, model.output_shape[-1])
    key, before = str(len(lines) + 1), model.get_weights()
    model.compile(**{k: of_keras(v) for k, v in settings.items()})
    given = {k: of_keras(v) for k, v in options.items()}
    if weighted:
        given["sample_weight"] = arrays[key + ".sample_weight"] = random.rand(N) * 2
    history = model.fit(x, y, shuffle=False, verbose=0, **given).history
    arrays[key + ".x"], arrays[key + ".y"] = x, y
    arrays[key + ".before"] = np.concatenate([w.ravel() for w in before])
    arrays[key + ".after"] = np.concatenate([w.ravel() for w in model.get_weights()])
    for entry, values in history.items():
        arrays[key + ".history." + entry] = np.array(values, dtype=float)
    lines.append("\t".join([name, "; ".join(layer.lua() for layer in layers), fields(settings), fields(options)]))


def dense(units, **options):
    return Call("Dense", units=units, **options)


ADAM = Call("Adam", learning_rate=0.05)
two = [dense(4, activation="tanh"), dense(2, activation="softmax")]
one = [dense(4, activation="tanh"), dense(1, activation="sigmoid")]
numbers = [dense(4, activation="tanh"), dense(2)]
labels = dict(optimizer=ADAM, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
mse = dict(optimizer=ADAM, loss="mse", metrics=["mae"])

fit("batches that do not divide the samples", (3,), two, labels, "labels", batch_size=3, epochs=4)
fit("the last of the samples for validation", (3,), two, labels, "labels", batch_size=2, epochs=4, validation_split=0.3)
fit("one output", (3,), one, dict(optimizer=ADAM, loss="binary_crossentropy", metrics=["accuracy"]), "binary",
    batch_size=3, epochs=4, validation_split=0.25)
fit("one-hot rows", (3,), two, dict(optimizer=ADAM, loss="categorical_crossentropy", metrics=["accuracy"]), "rows",
    batch_size=4, epochs=3)
fit("class weights", (3,), two, labels, "labels", batch_size=3, epochs=4, validation_split=0.3,
    class_weight={0: 1.0, 1: 2.5})
fit("weights of samples", (3,), numbers, mse, "numbers", True, batch_size=3, epochs=4)
fit("numbers, with a penalty", (3,), [dense(4, kernel_regularizer=Call("L2", l2=0.05)), dense(2)], mse, "numbers",
    batch_size=3, epochs=4, validation_split=0.4)
fit("normalized batches", (3,), [dense(4), Call("BatchNormalization", momentum=0.7), dense(2)], mse, "numbers",
    batch_size=3, epochs=4, validation_split=0.3)
fit("a schedule over epochs", (3,), numbers, dict(mse, optimizer=Call("SGD", momentum=0.9, learning_rate=Call(
    "CosineDecay", initial_learning_rate=0.0, decay_steps=8, warmup_target=0.1, warmup_steps=3))), "numbers",
    batch_size=3, epochs=4)
fast = dict(mse, optimizer=Call("SGD", learning_rate=0.6))
for options in [dict(patience=2), dict(patience=2, restore_best_weights=True), dict(patience=1, min_delta=0.05),
                dict(), dict(monitor="loss", patience=3, baseline=0.5, restore_best_weights=True),
                dict(monitor="val_mae", patience=2, mode="min", start_from_epoch=3, restore_best_weights=True)]:
    fit("EarlyStopping " + fields(options), (3,), [dense(4), Call("BatchNormalization", momentum=0.7), dense(2)], fast,
        "numbers", batch_size=3, epochs=12, validation_split=0.3, callbacks=[Call("EarlyStopping", **options)])
for options in [dict(factor=0.5, patience=1), dict(factor=0.5, patience=1, cooldown=2),
                dict(factor=0.1, patience=2, min_lr=0.01, monitor="loss"), dict(factor=0.5, patience=2, min_delta=0.1)]:
    fit("ReduceLROnPlateau " + fields(options), (3,), numbers, fast, "numbers", batch_size=3, epochs=12,
        validation_split=0.3, callbacks=[Call("ReduceLROnPlateau", **options)])
# Where scikit-learn and Keras differ (a share or per cent, the mean over outputs), gradus has scikit-learn's metrics.
for metric, kind, layers, loss in [("Recall", "binary", one, "binary_crossentropy"),
                                   ("Precision", "binary", one, "binary_crossentropy"),
                                   ("RootMeanSquaredError", "numbers", [dense(4, activation="tanh"), dense(1)], "mse"),
                                   ("R2Score", "numbers", numbers, "mse")]:
    fit("the metric " + metric, (3,), layers, dict(optimizer=ADAM, loss=loss, metrics=[Call(metric)]), kind,
        batch_size=3, epochs=4, validation_split=0.4)
plain = {k: v for k, v in mse.items() if k != "optimizer"}
fit("without an optimizer", (3,), numbers, plain, "numbers", batch_size=3, epochs=4)
fit("weights of samples, of those for validation, too", (3,), numbers, mse, "numbers", True, batch_size=3, epochs=4,
    validation_split=0.4)
fit("batches of another size for validation", (3,), two, labels, "labels", batch_size=3, epochs=4, validation_split=0.4,
    validation_batch_size=1)
fit("the first batch of those for validation", (3,), two, labels, "labels", batch_size=3, epochs=4,
    validation_split=0.5, validation_batch_size=2, validation_steps=1)
fit("validation after every third epoch", (3,), two, labels, "labels", batch_size=3, epochs=7, validation_split=0.3,
    validation_freq=3)
for callback in [Call("EarlyStopping", patience=2, restore_best_weights=True),
                 Call("ReduceLROnPlateau", factor=0.5, patience=1, cooldown=1)]:
    fit("validation after every second epoch, with " + callback.name, (3,), numbers, fast, "numbers", batch_size=3,
        epochs=14, validation_split=0.3, validation_freq=2, callbacks=[callback])
ema = dict(use_ema=True, ema_momentum=0.8)
for optimizer in [Call("Adam", learning_rate=0.05, **ema), Call("Nadam", learning_rate=0.05, **ema),
                  Call("SGD", learning_rate=0.1, ema_overwrite_frequency=3, **ema)]:
    fit("running means of the weights", (3,), numbers, dict(mse, optimizer=optimizer), "numbers", batch_size=3, epochs=4,
        validation_split=0.3)

masks = [dense(4, activation="tanh"), dense(5, activation="sigmoid")]
for loss in [Call("Dice"), Call("Dice", axis=-1), Call("Tversky", alpha=0.3, beta=0.7)]:
    fit(loss.lua(), (3,), masks, dict(optimizer=ADAM, loss=loss), "binary", batch_size=3, epochs=4, validation_split=0.4)
fit("losses.dice with weights of samples", (3,), masks, dict(optimizer=ADAM, loss=Call("Dice")), "binary", True,
    batch_size=3, epochs=4)

here = os.path.dirname(os.path.abspath(__file__))
np.savez_compressed(os.path.join(here, "fits.npz"), **arrays)
with open(os.path.join(here, "fits.tsv"), "w", encoding="utf-8") as f:
    f.write("# Keras %s\n" % keras.__version__)
    f.writelines(line + "\n" for line in lines)
print(len(lines), "runs")
