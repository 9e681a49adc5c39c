#!/usr/bin/env python3
"""Makes the files beside it: weights as Keras and PyTorch have them, exported by the very lines that docs/weights.md
gives, with an input and the output for it. Run it here, with PyTorch at hand; the files are kept in git. Keras is
played by NumPy: arrays under Keras's names, and its formulas."""
import pathlib
import re
import types

import numpy as np
import torch
from torch import nn

page = (pathlib.Path(__file__).parent / "../../docs/weights.md").read_text()


def export(kind, model):
    """Runs the lines of the page."""
    lines = re.search(rf"```python {kind}\n(.*?)```", page, re.S)[1]
    exec(lines, {"model": model})


# ---- PyTorch: a small network with all that has to be turned ----

torch.manual_seed(1)
model = nn.Sequential(
    nn.Conv2d(2, 3, (3, 2)), nn.BatchNorm2d(3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
    nn.BatchNorm1d(3 * 3 * 2), nn.Linear(3 * 3 * 2, 5), nn.ReLU(), nn.Dropout(0.5), nn.Linear(5, 4))
x = torch.randn(16, 2, 8, 6)
for _ in range(5):  # moving means that are not 0 and 1
    model(torch.randn(16, 2, 8, 6) * 2 + 1)
with torch.no_grad():
    for p in model.parameters():
        p += 0.1 * torch.randn_like(p)
model.eval()
export("pytorch", model)
np.savez("torch_io.npz", x=x.numpy().transpose(0, 2, 3, 1), y=model(x).detach().numpy())

# ---- Keras ----

rng = np.random.default_rng(1)


def weight(name, shape):
    value = rng.normal(size=shape).astype("f4")
    return types.SimpleNamespace(name=name, numpy=lambda: value)


def layer(name, **shapes):
    return types.SimpleNamespace(name=name, weights=[weight(w, shape) for w, shape in shapes.items()])


conv = layer("conv2d_4", kernel=(2, 2, 1, 3), bias=(3,))
norm = layer("batch_normalization", gamma=(3,), beta=(3,), moving_mean=(3,), moving_variance=(3,))
dense = layer("dense_7", **{"dense_7/kernel:0": (4 * 4 * 3, 2), "dense_7/bias:0": (2,)})  # as Keras 2 names them
variance = np.abs(norm.weights[3].numpy())
norm.weights[3].numpy = lambda: variance
export("keras", types.SimpleNamespace(layers=[conv, norm, layer("flatten"), dense]))

x = rng.normal(size=(4, 5, 5, 1)).astype("f4")
k, b = (w.numpy() for w in conv.weights)
z = np.zeros((4, 4, 4, 3), "f4")
for i in range(4):
    for j in range(4):
        z[:, i, j] = np.tensordot(x[:, i:i + 2, j:j + 2], k, 3) + b
gamma, beta, mean, variance = (w.numpy() for w in norm.weights)
z = (np.maximum(z, 0) - mean) / np.sqrt(variance + 1e-3) * gamma + beta
k, b = (w.numpy() for w in dense.weights)
np.savez("keras_io.npz", x=x, y=z.reshape(4, -1) @ k + b)
