"""Products and linear algebra. What is unique up to signs is compared without them."""
import itertools

import numpy as np

from suite import views


def products(s):
    pairs = [((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)), ((1, 3), (3, 1)), ((0, 3), (3, 2)),
             ((2, 0), (0, 3)), ((17, 9), (9, 5)), ((1, 1), (1, 1)), ((40, 30), (30, 20)), ((0,), (0,))]
    for (left, right), dtype in itertools.product(pairs, ("float64", "float32", "int64", "uint8", "bool")):
        a, b = s.operand(left, dtype), s.operand(right, dtype)
        s.case("a.dot(b)", "a:dot(b)", "scaled", enter=True, numbers=True, a=a, b=b)
    square = s.operand((4, 4))
    for (view, lua_view), (other, lua_other) in itertools.product(views("a", 2), views("b", 2)):
        if "::2" in view or "::2" in other:
            continue
        s.case(f"{view}.dot({other})", f"({lua_view}):dot({lua_other})", "scaled", a=square,
               b=s.operand((4, 4), "float64", "ties"))
    s.case("a[:, ::2].dot(a[::2])", 'a[":, ::2"]:dot(a["::2"])', "scaled", a=square)
    for left, right in itertools.product([(3,), (0,), (5,)], repeat=2):
        s.case("np.outer(a, b)", "outer(a, b)", a=s.operand(left), b=s.operand(right))


def stacks_of_products(s):
    pairs = [((5, 2, 3), (5, 3, 4)), ((5, 2, 3), (3, 4)), ((2, 3), (5, 3, 4)), ((2, 1, 2, 3), (5, 3, 4)),
             ((5, 2, 3), (3,)), ((3,), (5, 3, 2)), ((0, 2, 3), (3, 4)), ((2, 2, 0), (2, 0, 3)), ((1, 2, 3), (4, 3, 2))]
    for (left, right), dtype in itertools.product(pairs, ("float64", "float32", "int64")):
        a, b = s.operand(left, dtype), s.operand(right, dtype)
        s.case("np.matmul(a, b)", "matmul(a, b)", "scaled", enter=True, a=a, b=b)
    a = s.operand((2, 3, 4))
    s.case("np.matmul(a, a.transpose(0, 2, 1))", "matmul(a, a:transpose(1, 3, 2))", "scaled", a=a)
    s.case("np.matmul(a[::-1], a.transpose(0, 2, 1))", 'matmul(a["::-1"], a:transpose(1, 3, 2))', "scaled", a=a)
    for (left, right), dtype in itertools.product([((3,), (3,)), ((2, 3), (3,)), ((2, 3), (4, 3)), ((2, 3, 4), (5, 4))],
                                                  ("float64", "float32", "int64")):
        s.case("np.inner(a, b)", "inner(a, b)", "scaled", enter=True, numbers=True, a=s.operand(left, dtype),
               b=s.operand(right, dtype))
    for (left, right), dtype in itertools.product([((2, 3), (3, 2)), ((1, 4), (4, 1)), ((0, 3), (3, 2))],
                                                  ("float64", "int64")):
        s.case("np.kron(a, b)", "kron(a, b)", enter=True, a=s.operand(left, dtype), b=s.operand(right, dtype))
    for shape in [(3, 3), (3, 4), (4, 2)]:
        s.case("np.trace(a)", "trace(a)", "scaled", numbers=True, a=s.operand(shape))


def well(s, shape, dtype="float64"):
    """A matrix, or a stack, of a small condition number."""
    a = s.operand(shape, dtype)
    return a + (np.eye(*shape[-2:]) * 2 * max(shape)).astype(dtype)


def symmetric(s, n, dtype="float64"):
    a = s.operand((n, n), dtype)
    return a + a.T


SQUARES = [(1, 1), (2, 2), (3, 3), (5, 5), (20, 20)]
OBLONGS = [(3, 3), (4, 2), (2, 4), (7, 5), (1, 3), (20, 10)]


def systems(s):
    for shape, dtype in itertools.product(SQUARES, ("float64", "float32", "int64")):
        a = well(s, shape, dtype)
        for right in [shape[:1], (shape[0], 3)]:
            s.case("np.linalg.solve(a, b)", "linalg.solve(a, b)", "scaled", enter=True, a=a, b=s.operand(right, dtype))
        s.case("np.linalg.solve(a.T, b)", "linalg.solve(a.T, b)", "scaled", enter=True, a=a,
               b=s.operand(shape[:1], dtype))
        s.case("np.linalg.inv(a)", "linalg.inv(a)", "scaled", enter=True, a=a)
        s.case("np.linalg.det(a)", "linalg.det(a)", "scaled", enter=True, numbers=True, a=a)
        s.case("list(np.linalg.slogdet(a))", "{linalg.slogdet(a)}", "scaled", enter=True, a=a)
    stack = well(s, (4, 3, 3))
    for name in ("inv", "det", "svdvals", "cond", "matrix_rank", "pinv"):
        numpy = {"svdvals": "np.linalg.svd(a, compute_uv=False)"}.get(name, f"np.linalg.{name}(a)")
        s.case(numpy, f"linalg.{name}(a)", "scaled", a=stack)
    s.case("np.linalg.solve(a, b)", "linalg.solve(a, b)", "scaled", a=stack, b=s.operand((4, 3, 2)))
    for n, dtype in itertools.product((-2, -1, 0, 1, 2, 3, 7), ("float64", "int64")):
        a = well(s, (3, 3), dtype)
        s.case(f"np.linalg.matrix_power(a, {n})", f"linalg.matrix_power(a, {n})", "scaled", enter=True, a=a)
    for shape in OBLONGS:
        a = well(s, shape)
        if shape[0] >= shape[1]:
            for right in [shape[:1], (shape[0], 2)]:
                s.case("np.linalg.lstsq(a, b, rcond=None)[0]", "(linalg.lstsq(a, b))", "scaled", a=a,
                       b=s.operand(right))
        s.case("np.linalg.pinv(a)", "linalg.pinv(a)", "scaled", a=a)
        s.case("np.linalg.matrix_rank(a)", "linalg.matrix_rank(a)", numbers=True, a=a)
        s.case("np.linalg.cond(a)", "linalg.cond(a)", "scaled", numbers=True, a=a)
    low = np.outer(s.operand((4,)), s.operand((3,)))
    s.case("np.linalg.matrix_rank(a)", "linalg.matrix_rank(a)", numbers=True, a=low)


def decompositions(s):
    for shape, dtype in itertools.product(OBLONGS, ("float64", "float32")):
        a = s.operand(shape, dtype)
        s.case("list(map(np.abs, np.linalg.svd(a, full_matrices=False)))",
               "each(abs, linalg.svd(a, {full_matrices=false}))", "scaled", a=a)
        s.case("np.linalg.svd(a)[1]", "select(2, linalg.svd(a))", "scaled", a=a)
        s.case("np.linalg.svd(a.T, compute_uv=False)", "linalg.svdvals(a.T)", "scaled", a=a)
        s.case("list(np.linalg.qr(a))", "{linalg.qr(a)}", "scaled", a=a)
        s.case("list(np.linalg.qr(a, 'complete'))", '{linalg.qr(a, "complete")}', "scaled", a=a)
    for n, dtype in itertools.product((1, 2, 3, 5, 20), ("float64", "float32")):
        a = symmetric(s, n, dtype)
        s.case("list(map(np.abs, np.linalg.eigh(a)))", "each(abs, linalg.eigh(a))", "scaled", a=a)
        s.case("np.linalg.eigvalsh(a)", "linalg.eigvalsh(a)", "scaled", a=a)
        b = s.operand((n, n), dtype)
        positive = b.dot(b.T) + (np.eye(n) * n).astype(dtype)
        positive = ((positive + positive.T) / 2).astype(dtype)
        s.case("np.linalg.cholesky(a)", "linalg.cholesky(a)", "scaled", a=positive)


FAMILIES = [products, stacks_of_products, systems, decompositions]
