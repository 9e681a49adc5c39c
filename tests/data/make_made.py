#!/usr/bin/env python3
"""Makes made.npz, with scikit-learn (1.2.1, Debian 12): what tests/lua/test_readers.lua compares with."""
import numpy as np
from sklearn import datasets

arrays = {}
for name, (x, y) in {
    "moons": datasets.make_moons(31, noise=0.1, random_state=3),
    "circles": datasets.make_circles(30, noise=0.05, factor=0.5, random_state=3),
    "blobs": datasets.make_blobs(32, centers=3, random_state=3),
    "iris": datasets.load_iris(return_X_y=True),
}.items():
    arrays[name + "_x"], arrays[name + "_y"] = x, y
np.savez_compressed("made.npz", **arrays)
