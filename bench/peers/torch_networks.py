"""The networks of networks.py in PyTorch, in the settings in which it may be at its best:

    eager          as a student writes it
    channels_last  images and kernels in the order that its convolutions prefer
    onednn         activations as oneDNN's own tensors, converted back before the dense layers
    compiled       torch.compile, with images in channels-last order; in prediction with frozen weights
    frozen         (prediction) traced, frozen and optimized by TorchScript"""

import numpy
import torch
import torch._inductor.config
import torch.nn.functional as F
from networks import NETWORKS, SMOKE, THREADS, batch_for, drawn
from torch import nn

torch.set_num_threads(THREADS)


def made(name, batch):
    """The network of that name, and a batch of samples and labels for it."""
    shape, _, layers = NETWORKS[name]
    numpy.random.seed(1)
    net = Net(shape, layers)
    x, y = map(torch.from_numpy, batch_for(name, batch))
    if len(shape) == 3:  # (n, rows, columns, channels) as PyTorch has them: channels first
        x = x.permute(0, 3, 1, 2).contiguous()
    return net, x, y


class Net(nn.Module):
    def __init__(self, shape, layers):
        super().__init__()
        rows, columns, channels = shape if len(shape) == 3 else (0, 0, 0)
        self.layers, self.plan = nn.ModuleList(), []
        size = shape[0] if len(shape) == 1 else None
        for kind, *rest in layers:
            if kind == "conv":
                filters, kernel, options = rest[0], rest[1], rest[2] if len(rest) > 2 else {}
                reach = (kernel - 1) * options.get("dilation", 1) + 1
                padding = reach // 2 if options.get("same") else 0
                norm = nn.BatchNorm2d(filters, eps=1e-3, momentum=0.01) if options.get("norm") else None
                layer = nn.Conv2d(channels, filters, kernel, stride=options.get("stride", 1), padding=padding,
                                  dilation=options.get("dilation", 1))
                self.fill(layer.weight, (kernel, kernel, channels, filters), (3, 2, 0, 1))
                rows, columns = ((n + 2 * padding - reach) // options.get("stride", 1) + 1 for n in (rows, columns))
                channels = filters
                if norm is not None:
                    self.layers.append(norm)
            elif kind == "pool":
                layer, rows, columns = None, rows // 2, columns // 2
            elif kind == "dropout":
                layer = nn.Dropout(rest[0])
            else:
                inputs = size or rows * columns * channels
                layer = nn.Linear(inputs, rest[0])
                # Flattened pictures come channels last in Keras, channels first here.
                order = None if size else (rows, columns, channels)
                self.fill(layer.weight, (inputs, rest[0]), (1, 0), order)
                size = rest[0]
            if layer is not None:
                self.layers.append(layer)
            if kind in ("conv", "dense"):
                nn.init.zeros_(layer.bias)
            after = norm if kind == "conv" else rest[1] if kind == "dense" and len(rest) > 1 else None
            self.plan.append((kind, layer, after))

    @staticmethod
    def fill(weight, shape, axes, order=None):
        values = drawn(shape)
        if order:
            values = values.reshape(*order, -1).transpose(2, 0, 1, 3).reshape(shape)
        with torch.no_grad():
            weight.copy_(torch.from_numpy(values.transpose(axes).copy()))

    def forward(self, x):
        for kind, layer, after in self.plan:
            if kind == "conv":
                x = F.relu(layer(x) if after is None else after(layer(x)))
            elif kind == "pool":
                x = F.max_pool2d(x, 2, 2)
            elif kind == "dropout":
                x = layer(x)
            else:
                if x.is_mkldnn:
                    x = x.to_dense()
                x = layer(x.flatten(1))
                if after == "relu":
                    x = F.relu(x)
        return x


def placed(net, x, setting):
    if setting in ("channels_last", "compiled") and x.dim() == 4:
        net, x = net.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
    if setting == "compiled":
        torch._dynamo.reset()  # a network compiled before is not recompiled for other shapes
        return torch.compile(net, backend="eager" if SMOKE else "inductor"), x
    if setting == "onednn" and x.dim() == 4:
        return net, x.to_mkldnn()
    return net, x


def trainer(net, x, y, setting):
    """A step of Adam as a function that returns the loss before it."""
    net, x = placed(net, x, setting)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3, eps=1e-7, fused=True)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(net(x), y)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def predictor(net, x, setting):
    if setting == "frozen":
        with torch.no_grad():
            traced = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(net.eval(), x)))
            for _ in range(3):
                traced(x)
    else:
        torch._inductor.config.freezing = True  # of what is compiled: weights become constants, in the order it wants
        traced, x = placed(net.eval(), x, setting)

    def predict():
        with torch.inference_mode():
            return F.softmax(traced(x), 1)

    return predict
