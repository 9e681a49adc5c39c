"""PyTorch where torch.compile can work: it writes C++ and needs something that compiles it."""

import os
import shutil

import torch

__version__ = torch.__version__

if not any(map(shutil.which, [os.environ.get("CXX", "c++"), "g++", "clang++"])):
    raise ImportError("torch.compile needs a C++ compiler, and there is none")
