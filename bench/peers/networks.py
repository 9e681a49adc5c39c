"""The networks of the suites on training and inference, as networks.lua has them. Each is the shape of a sample, the
number of classes and a list of layers: ("conv", filters, kernel, options) with ReLU, ("pool",), ("dropout", rate),
("dense", units, activation). Weights come from NumPy's stream, as gradus's do, in Keras's order of axes."""

import os

import numpy

THREADS = int(os.environ.get("OMP_NUM_THREADS", "1"))
SMOKE = "BENCH_SMOKE" in os.environ  # nothing is timed: what only makes things fast is left out

SAME = {"same": True}
NORMALIZED = {"same": True, "norm": True}
# Shape of a sample, classes, layers: as in the suites' Lua.
NETWORKS = {
    "course CNN": ((50, 50, 1), 2, [("conv", 16, 3, SAME), ("pool",), ("conv", 16, 3), ("pool",), ("conv", 16, 3),
                                    ("dense", 2)]),
    "digits CNN": ((8, 8, 1), 10, [("conv", 16, 3, SAME), ("pool",), ("conv", 32, 3, SAME), ("dense", 64, "relu"),
                                   ("dense", 10)]),
    "MNIST CNN": ((28, 28, 1), 10, [("conv", 32, 3), ("pool",), ("conv", 64, 3), ("pool",), ("dense", 128, "relu"),
                                    ("dense", 10)]),
    "CIFAR CNN": ((32, 32, 3), 10, [("conv", 32, 3, NORMALIZED), ("conv", 32, 3, NORMALIZED), ("pool",),
                                    ("conv", 64, 3, NORMALIZED), ("conv", 64, 3, NORMALIZED), ("pool",),
                                    ("conv", 128, 3, NORMALIZED), ("conv", 128, 3, NORMALIZED), ("pool",),
                                    ("dense", 128, "relu"), ("dense", 10)]),
    "mixed CNN": ((32, 32, 3), 10, [("conv", 16, 5, SAME), ("conv", 32, 3, {"stride": 2}),
                                    ("conv", 32, 3, {"dilation": 2}), ("pool",), ("dense", 10)]),
    "course MLP": ((2500,), 2, [("dense", 128, "relu"), ("dense", 2)]),
    "course MLP with Dropout": ((2500,), 2, [("dense", 128, "relu"), ("dropout", 0.5), ("dense", 2)]),
    "wide MLP": ((784,), 10, [("dense", 1024, "relu"), ("dense", 1024, "relu"), ("dense", 10)]),
}


def drawn(shape):
    """A kernel, the next of the stream."""
    return (numpy.random.randn(*shape) * numpy.sqrt(2 / numpy.prod(shape[:-1]))).astype("float32")


def batch_for(name, batch):
    """Samples and labels, the next of the stream."""
    shape, classes, _ = NETWORKS[name]
    x = numpy.random.rand(batch, *shape).astype("float32")
    return x, numpy.floor(numpy.random.rand(batch) * classes).astype("int64")
