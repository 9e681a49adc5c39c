"""TensorFlow without its remarks on the machine, on the processor."""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["KERAS_BACKEND"] = "tensorflow"

# Some of them are written before anything can be set.
kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
os.dup2(nowhere, 2)
try:
    import keras
    import tensorflow
finally:
    os.dup2(kept, 2)

tensorflow.get_logger().setLevel("ERROR")

__version__ = f"{tensorflow.__version__}, Keras {keras.__version__}"
