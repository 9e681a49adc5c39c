"""Reductions over all, one or several axes; running sums; sorting and statistics."""
import itertools

import numpy as np

from suite import DTYPES, axis, position, views

SHAPES = [(5,), (3, 4), (1, 4), (2, 3, 4), (2, 3, 2, 2), (40, 30)]
EMPTY = [(0,), (0, 3), (2, 0, 3)]


def axes_of(ndim):
    yield None
    yield from range(-ndim, ndim)
    if ndim > 1:
        yield (0, 1)
        yield (0, ndim - 1) if ndim > 2 else (1, 0)


def options(at, keepdims, lua_at=None):
    lua_at = axis(at) if lua_at is None else lua_at
    if keepdims:
        return "axis=%s, keepdims=True" % (at,), "%s, {keepdims=true}" % lua_at
    return "axis=%s" % (at,), lua_at


def reductions(s):
    names = {"sum": "scaled", "mean": "scaled", "prod": "close", "min": "equal", "max": "equal", "any": "exact",
             "all": "exact", "var": "close", "std": "close"}
    for name, compare in names.items():
        def case(view, lua_view, a, at, keepdims=False):
            numpy, lua = options(at, keepdims)
            # Integers have the variance and the mean of the numbers as float64, and extremes and sums as int64.
            wide = ".astype('int64')" if a.dtype.kind in "ub" and name in ("min", "max", "sum", "prod") else ""
            s.case("np.%s(%s%s, %s)" % (name, view, wide, numpy), "%s(%s, %s)" % (name, lua_view, lua), compare,
                   numbers=True, a=a)
        for shape, dtype in itertools.product(SHAPES[:5], DTYPES):
            a = s.operand(shape, dtype, "ties" if name in ("prod", "any", "all") else "normal")
            if name == "prod" and dtype == "uint8":
                continue  # 2^64 is passed
            for at in axes_of(len(shape)) if dtype in DTYPES[:2] else [None, 0, -1]:
                case("a", "a", a, at)
                if dtype == "float64":
                    case("a", "a", a, at, True)
        for at, (view, lua_view) in itertools.product((None, 0, 1, (0, 1)), list(views("a", 2))[1:]):
            for dtype in DTYPES[:2]:
                case(view, lua_view, s.operand((3, 4), dtype), at)
        for dtype in DTYPES[:2]:
            case("a", "a", s.operand(SHAPES[5], dtype, "unit"), None)
            case("a", "a", s.operand(SHAPES[5], dtype, "unit"), 0)
            case("a", "a", s.operand((33,), dtype, "special"), None)
            case("a", "a", s.operand((4, 9), dtype, "special"), 0)
        if name not in ("min", "max"):
            for shape in EMPTY:
                for at in [None] + list(range(len(shape))):
                    with np.errstate(all="ignore"):
                        case("a", "a", s.operand(shape), at)
        else:
            case("a", "a", s.operand((0, 3)), 1)
    for name, ddof, at in itertools.product(("var", "std"), (1, 2), (None, 0, 1)):
        s.case("np.%s(a, axis=%s, ddof=%d)" % (name, at, ddof), "%s(a, %s, {ddof=%d})" % (name, axis(at), ddof),
               "close",
               numbers=True, a=s.operand((3, 4)))


def positions(s):
    """argmin and argmax, which are positions."""
    for name, dtype in itertools.product(("argmin", "argmax"), DTYPES):
        for shape in SHAPES[:5]:
            a = s.operand(shape, dtype, "ties")
            for at in [None] + list(range(-len(shape), len(shape))):
                s.case("np.%s(a, axis=%s) + 1" % (name, at), "%s(a, %s)" % (name, axis(at)), numbers=True, a=a)
        a = s.operand((3, 4), dtype, "ties")
        for view, lua_view in list(views("a", 2))[1:]:
            s.case("np.%s(%s) + 1" % (name, view), "%s(%s)" % (name, lua_view), numbers=True, a=a)
    for name in ("argmin", "argmax"):
        s.case("np.%s(a) + 1" % name, "%s(a)" % name, numbers=True, a=s.operand((33,), "float64", "special"))


def running(s):
    for name, dtype in itertools.product(("cumsum", "cumprod"), DTYPES):
        for shape in [(5,), (3, 4), (2, 3, 4), (0, 3)]:
            if name == "cumprod" and dtype == "uint8":
                continue
            a = s.operand(shape, dtype, "ties")
            wide = ".astype('int64')" if dtype in ("uint8", "bool") else ""
            for at in range(-len(shape), len(shape)):
                s.case("np.%s(a%s, %d)" % (name, wide, at), "%s(a, %s)" % (name, axis(at)), "scaled", a=a)
                s.case("np.%s(a[::-1]%s, %d)" % (name, wide, at), "%s(a[\"::-1\"], %s)" % (name, axis(at)), "scaled",
                       a=a)


def statistics(s):
    for shape, dtype in itertools.product(SHAPES[:5], DTYPES[:2]):
        a = s.operand(shape, dtype)
        for at in [None] + list(range(len(shape))):
            s.case("np.ptp(a, axis=%s)" % at, "ptp(a, %s)" % axis(at), "close", numbers=True, a=a)
            norm = "np.sqrt(np.sum(np.square(a), axis=%s))" % at
            s.case(norm, "norm(a)" if at is None else "norm(a, 2, %s)" % axis(at), "close", numbers=True, a=a)
        w = s.operand(shape, dtype, "positive")
        s.case("np.average(a, weights=b)", "average(a, nil, {weights=b})", "scaled", numbers=True, a=a, b=w)
        s.case("np.nansum(np.sqrt(a), axis=-1)", "nansum(sqrt(a), -1)", "scaled", a=a, numbers=True)
    for at in (None, 0, 1):
        a = np.where(s.operand((4, 9)) > 1, np.nan, s.operand((4, 9)))
        s.case("np.nanmean(a, axis=%s)" % at, "nanmean(a, %s)" % axis(at), "close", numbers=True, a=a)


FAMILIES = [reductions, positions, running, statistics]
