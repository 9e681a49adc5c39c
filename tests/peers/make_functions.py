#!/usr/bin/env python3
"""Makes functions.tsv and functions.npz, PyTorch's gradients of single functions in float64, which test_peers.lua
replays: run it by hand with a Python that has PyTorch, and keep what it made.

    python3 tests/peers/make_functions.py

functions.tsv has a line a case: the function of x in PyTorch, and in Lua. functions.npz has, under the number of the
case, x (3.x), a weight for each element of each result (3.w1, 3.w2, ...) and the gradient of the weighted sum (3.grad).
Gradus differs on purpose where PyTorch's median takes the lower of the two in the middle: quantile(0.5) is compared.
"""
import os

import numpy as np
import torch
from torch.nn import functional as F

random = np.random.RandomState(4)
lines, arrays = [], {}

plain = random.randn(3, 4)
zeros = np.array([[0.5, 0, 2, -1], [1.5, 3, 0, 0], [0, 0, 1, 2]])
ties = np.array([[1.0, 2, 2, 3], [5, 4, 4, 4], [1, 1, 1, 1], [2, 1, 2, 1]])
nans = np.array([[0.5, np.nan, 2, 1], [1.5, 3, 0.3, 4], [np.nan, np.nan, 1, 3]])
stack, vector, pictures = random.randn(2, 3, 5), random.randn(7), random.randn(2, 5, 6)
photos = random.randn(2, 4, 6, 3)


def case(x, python, lua):
    variable = torch.tensor(x, requires_grad=True)
    results = eval(python, {"torch": torch, "F": F, "x": variable, "t": torch.tensor, "d": torch.float64})
    results = results if isinstance(results, (tuple, list)) else [results]
    key, total = str(len(lines) + 1), 0
    for i, result in enumerate(results):
        weights = np.asarray(random.randn(*result.shape))
        arrays[f"{key}.w{i + 1}"] = weights
        total = total + (result * torch.tensor(weights, dtype=torch.float64)).sum()
    total.backward()
    arrays[key + ".x"], arrays[key + ".grad"] = np.array(x), variable.grad.numpy()
    lines.append(python + "\t" + lua)


def parts(complex_tensor):
    return f"(lambda y: (y.real, y.imag))({complex_tensor})"


def running():
    for x in [plain, zeros]:
        for dim in [0, 1]:
            case(x, f"torch.cumprod(x, {dim})", f"cumprod(x, {dim + 1})")
            case(x, f"torch.prod(x, {dim})", f"prod(x, {dim + 1})")
    case(stack, "torch.cumprod(x, 1)", "cumprod(x, 2)")
    case(vector, "torch.cumsum(x, 0)", "cumsum(x)")


def quantiles():
    for x in [plain, ties, nans]:
        for q in [0.0, 0.2, 0.5, 1.0]:
            case(x, f"torch.quantile(x, {q}, dim=1)", f"quantile(x, {q}, 2)")
        case(x, "torch.quantile(x, t([0.1, 0.5, 0.9], dtype=d), dim=0, keepdim=True)",
             "quantile(x, {0.1, 0.5, 0.9}, {axis = 1, keepdims = true})")
        case(x, "torch.quantile(x, 0.5)", "median(x)")
        case(x, "torch.quantile(x, 0.4)", "percentile(x, 40)")
    case(stack, "torch.quantile(x, 0.5, dim=2)", "median(x, 3)")
    case(stack, "torch.median(x, dim=1).values", "median(x, 2)")
    case(ties, "torch.sort(x, dim=1, stable=True).values", "sort(x)")
    case(plain, "torch.topk(x, 2, 1).values", "(topk(x, 2))")
    case(ties, "torch.amax(x, 1)", "max(x, 2)")
    case(ties, "torch.amin(x, (0, 1))", "min(x)")


def covariances():
    case(plain, "torch.cov(x)", "cov(x)")
    case(plain, "torch.cov(x, correction=0)", "cov(x, {ddof = 0})")
    case(stack[0], "torch.cov(x.T)", "cov(x, {rowvar = false})")
    case(vector, "torch.cov(x)", "cov(x)")
    case(stack[1], "torch.corrcoef(x)", "corrcoef(x)")
    case(plain, "torch.std(x, 1)", "std(x, 2, {ddof = 1})")
    case(nans, "torch.nanmean(x, 1)", "nanmean(x, 2)")
    case(zeros, "torch.linalg.vector_norm(x, 3, 1)", "norm(x, 3, 2)")


def transforms():
    for name in ["fft", "ifft"]:
        for norm in ["backward", "ortho", "forward"]:
            case(stack, parts(f"torch.fft.{name}(x, norm='{norm}')"), f"fft.{name}(x, {{norm = '{norm}'}})")
        for n in [3, 8]:
            case(stack, parts(f"torch.fft.{name}(torch.complex(x, x * x), n={n}, dim=1)"),
                 f"fft.{name}(x, x * x, {{n = {n}, axis = 2}})")
        case(pictures, parts(f"torch.fft.{name}2(x)"), f"fft.{name}2(x)")
        case(pictures, parts(f"torch.fft.{name}2(torch.complex(x, x * x), norm='ortho')"),
             f"fft.{name}2(x, x * x, {{norm = 'ortho'}})")
    for n in [3, 4, 5, 8, 9]:
        case(stack, parts(f"torch.fft.rfft(x, n={n}, norm='forward')"), f"fft.rfft(x, {{n = {n}, norm = 'forward'}})")
        case(stack, f"torch.fft.irfft(torch.complex(x, x * x), n={n})", f"fft.irfft(x, x * x, {{n = {n}}})")
    case(vector, parts("torch.fft.rfft(x)"), "fft.rfft(x)")
    case(vector, "torch.fft.irfft(torch.complex(x, torch.sin(x)), norm='ortho')",
         "fft.irfft(x, sin(x), {norm = 'ortho'})")
    case(stack, "torch.fft.fftshift(x, dim=(1, 2))", "fft.fftshift(x, {2, 3})")


def counts_and_pictures():
    # torch.bincount itself gives its weights no gradient.
    case(vector, "torch.zeros(6, dtype=d).index_add(0, t([0, 3, 3, 1, 0, 3, 5]), x)",
         "bincount(tensor{0, 3, 3, 1, 0, 3, 5}, {weights = x})")
    for size in [(1, 3), (5, 2), (1, 1)]:  # by whole factors: PyTorch's "area" takes whole pixels
        case(pictures, f"F.interpolate(x[:, None], {size}, mode='area')[:, 0]", "data.resize(x, {%d, %d})" % size)
    for size in [(2, 3), (5, 3), (10, 12), (7, 4)]:
        case(pictures, f"F.interpolate(x[:, None], {size}, mode='bilinear', align_corners=False)[:, 0]",
             "data.resize(x, {%d, %d}, {method = 'bilinear'})" % size)
    case(photos, "x @ t([[0.299], [0.587], [0.114]], dtype=d)", "data.gray(x)")
    case(plain, "torch.take_along_dim(x, t([[0, 0], [3, 1], [2, 2]]), 1)",
         "take_along_axis(x, tensor{{1, 1}, {4, 2}, {3, 3}}, 2)")
    case(plain, "torch.kron(x, x.T.contiguous())", "kron(x, x.T)")
    case(plain, "torch.remainder(x, 0.7)", "mod(x, 0.7)")


def square(*shape):
    return random.randn(*shape) + 3 * np.eye(shape[-1])


def systems():
    # At a singular matrix PyTorch gives det a gradient of 0; ours are the cofactors (test_linalg_gradients.lua).
    ones, lua_ones = "torch.ones(%s, dtype=d)", "ones(%s)"
    for shape, right in [((4, 4), "4, 2"), ((1, 1), "1, 1"), ((4, 4), "4"), ((3, 4, 4), "3, 4, 2"),
                         ((2, 1, 3, 3), "4, 3, 2"), ((3, 3), "5, 3, 2"), ((5, 3, 3), "3, 2")]:
        b, lua_b = ones % f"({right},)", lua_ones % right
        case(square(*shape), f"torch.linalg.solve(x, {b} * x.sum())", f"linalg.solve(x, {lua_b} * sum(x))")
    for shape in [(4, 4), (1, 1), (2, 3, 4, 4)]:
        case(square(*shape), "torch.linalg.inv(x)", "linalg.inv(x)")
        case(random.randn(*shape), "torch.linalg.det(x)", "linalg.det(x)")
        case(random.randn(*shape), "torch.linalg.slogdet(x)[1]", "(select(2, linalg.slogdet(x)))")
    case(random.randn(3, 3), "torch.linalg.matrix_power(x, 5)", "linalg.matrix_power(x, 5)")
    case(square(2, 3, 3), "torch.linalg.matrix_power(x, -3)", "linalg.matrix_power(x, -3)")
    for shape in [(5, 3), (3, 5), (4, 4), (2, 5, 3), (2, 3, 5)]:
        case(random.randn(*shape), "torch.linalg.pinv(x)", "linalg.pinv(x)")
    case(np.outer(random.randn(4), random.randn(3)), "torch.linalg.pinv(x)", "linalg.pinv(x)")
    for shape, right in [((5, 3), "5, 1"), ((5, 3), "5, 2"), ((3, 3), "3, 2")]:
        b, lua_b = ones % f"({right})", lua_ones % right
        case(random.randn(*shape), f"torch.linalg.lstsq(x, {b} * x.sum())[0]",
             f"(linalg.lstsq(x, {lua_b} * sum(x)))")


def decompositions():
    # The signs of vectors are free: their squares are compared.
    symmetric, lua_symmetric = "(x + x.mT) / 2", "(x + swapaxes(x, -1, -2)) / 2"
    for shape in [(4, 4), (1, 1), (2, 3, 3)]:
        case(random.randn(*shape), "torch.linalg.cholesky(x @ x.mT + torch.eye(x.shape[-1], dtype=d))",
             "linalg.cholesky(matmul(x, swapaxes(x, -1, -2)) + eye(x.shape[x.ndim]))")
        case(random.randn(*shape), f"(lambda w, v: (w, v ** 2))(*torch.linalg.eigh({symmetric}))",
             f"(function(w, V) return w, V ^ 2 end)(linalg.eigh({lua_symmetric}))")
        case(random.randn(*shape), f"torch.linalg.eigvalsh({symmetric})", f"linalg.eigvalsh({lua_symmetric})")
    case(np.diag([2.0, 1.0, 2.0]), "torch.linalg.eigvalsh(x).pow(3).sum()", "sum(linalg.eigvalsh(x) ^ 3)")
    for shape in [(4, 4), (5, 3), (3, 5), (1, 1), (4, 1), (1, 4), (2, 5, 3), (2, 3, 5)]:
        case(random.randn(*shape), "(lambda u, s, v: (u ** 2, s, v ** 2))(*torch.linalg.svd(x, full_matrices=False))",
             "(function(U, S, Vt) return U ^ 2, S, Vt ^ 2 end)(linalg.svd(x, {full_matrices = false}))")
        case(random.randn(*shape), "torch.linalg.svdvals(x)", "linalg.svdvals(x)")
        case(random.randn(*shape), "(lambda q, r: (q ** 2, r ** 2))(*torch.linalg.qr(x))",
             "(function(Q, R) return Q ^ 2, R ^ 2 end)(linalg.qr(x))")
        case(random.randn(*shape), "torch.linalg.cond(x)", "linalg.cond(x)")
    for order in ["2", "-2", "'nuc'"]:
        case(random.randn(4, 3), f"torch.linalg.matrix_norm(x, {order})", f"norm(x, {order})")
    case(np.eye(3), "torch.linalg.matrix_norm(x, 2)", "norm(x, 2)")


running()
quantiles()
covariances()
transforms()
counts_and_pictures()
systems()
decompositions()

here = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(here, "functions.tsv"), "w") as f:
    f.write(f"# PyTorch {torch.__version__}\n" + "\n".join(lines) + "\n")
np.savez_compressed(os.path.join(here, "functions.npz"), **arrays)
print(len(lines), "cases")
