#!/usr/bin/env python3
"""Makes the files beside it: weights as Keras and PyTorch have them, exported by the very lines that docs/weights.md
gives, with an input and the output for it. Run it here by hand, with a Python that has PyTorch and Keras; the files are
kept in git."""
import os
import pathlib
import re

os.environ["KERAS_BACKEND"] = "torch"

import keras
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
os.rename("torch.npz", "torch_chain.npz")
np.savez("torch_io.npz", x=x.numpy().transpose(0, 2, 3, 1), y=model(x).detach().numpy())

# A network with a residual: its weights are known by the names of its modules.


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(2, 4, 3, padding=1)
        self.body = nn.Conv2d(4, 4, 3, padding=1)
        self.norm = nn.LayerNorm(4, eps=1e-3)
        self.head = nn.Linear(4, 3)

    def forward(self, x):
        h = torch.relu(self.stem(x))
        h = h + torch.tanh(self.body(h))
        return torch.softmax(self.head(self.norm(h.mean((2, 3)))), 1)


model = Residual()
x = torch.randn(6, 2, 5, 7)
export("pytorch", model)
os.rename("torch.npz", "torch_branches.npz")
np.savez("torch_branches_io.npz", x=x.numpy().transpose(0, 2, 3, 1), y=model(x).detach().numpy())
os.rename("torch_chain.npz", "torch.npz")

# ---- Keras ----

keras.utils.set_random_seed(1)


def other_weights(model):
    """Of none the zeros and ones that it starts with."""
    rng = np.random.default_rng(1)
    for w in model.weights:
        w.assign(w.numpy() + rng.uniform(0.1, 0.5, w.shape))


L = keras.layers
model = keras.Sequential([keras.Input((5, 5, 1)), L.Conv2D(3, 2, activation="relu", name="conv2d_4"),
                          L.BatchNormalization(), L.Flatten(), L.Dense(2, name="dense_7")])
other_weights(model)
x = np.random.default_rng(2).normal(size=(4, 5, 5, 1)).astype("f4")
export("keras", model)
np.savez("keras_io.npz", x=x, y=model.predict(x, verbose=0))
os.rename("keras.npz", "keras_chain.npz")

inputs = keras.Input((6, 7, 2))
stem = L.Conv2D(4, 3, strides=2, padding="same", name="stem")(inputs)
left = L.LeakyReLU()(stem)
right = L.LayerNormalization(name="norm")(L.Conv2D(4, (1, 3), dilation_rate=1, padding="same", name="right")(left))
joined = L.Concatenate()([L.Add()([left, right]), L.AveragePooling2D(2, strides=1, padding="same")(stem)])
end = L.Dense(3, activation="softmax", name="end")(L.GlobalAveragePooling2D()(joined))
model = keras.Model(inputs, end)
other_weights(model)
x = np.random.default_rng(3).normal(size=(4, 6, 7, 2)).astype("f4")
export("keras", model)
np.savez("keras_branches_io.npz", x=x, y=model.predict(x, verbose=0))
os.rename("keras.npz", "keras_branches.npz")
os.rename("keras_chain.npz", "keras.npz")
