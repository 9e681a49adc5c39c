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
            if dtype != "float64" and len(shape) not in (2, 3):
                continue
            a = s.operand(shape, dtype, "ties" if name in ("prod", "any", "all") else "normal")
            if name == "prod" and dtype == "uint8":
                continue  # 2^64 is passed
            for at in axes_of(len(shape)) if dtype == "float64" else [None, 0, -1]:
                case("a", "a", a, at)
                if dtype == "float64" and at not in (-1, -3):
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


def extremes(s):
    """Where they are: positions."""
    for name, dtype in itertools.product(("argmin", "argmax"), DTYPES):
        for shape in SHAPES[:5] if dtype == "float64" else SHAPES[1:4:2]:
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
        for shape in [(5,), (3, 4), (2, 3, 4), (0, 3)] if dtype == "float64" else [(2, 3, 4)]:
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


ORDERS = {"np.inf": "math.huge", "-np.inf": "-math.huge", "0": "0", "1": "1", "2": "2", "3": "3", "0.5": "0.5"}


def norms(s):
    for (order_of, lua), dtype in itertools.product(ORDERS.items(), DTYPES[:2]):
        a = s.operand((17,), dtype)
        s.case(f"np.linalg.norm(a, {order_of})", f"norm(a, {lua})", "close", numbers=True, a=a)
        a = s.operand((3, 4), dtype)
        for at in (0, 1, -1):
            s.case(f"np.linalg.norm(a, {order_of}, {at})", f"norm(a, {lua}, {axis(at)})", "close", a=a)
    of_matrices = {"1": "1", "np.inf": "math.huge", "-1": "-1", "-np.inf": "-math.huge", "'fro'": '"fro"', "2": "2",
                   "-2": "-2"}
    for (order_of, lua), dtype in itertools.product(of_matrices.items(), DTYPES[:2]):
        for shape in [(3, 4), (4, 4), (5, 2)]:
            a = s.operand(shape, dtype)
            s.case(f"np.linalg.norm(a, {order_of})", f"norm(a, {lua})", "scaled", numbers=True, a=a)


def exponentials(s):
    """The logarithm of a sum of exponentials, and what such sums divide."""
    for shape, dtype in itertools.product(SHAPES[:5], DTYPES[:2]):
        a = s.operand(shape, dtype)
        for at in [None] + list(range(-len(shape), len(shape))):
            s.case(f"np.logaddexp.reduce(a.ravel() if {at} is None else a, {at or 0})", f"logsumexp(a, {axis(at)})",
                   "scaled", numbers=True, a=a)
        s.case("np.exp(a) / np.exp(a).sum(-1, keepdims=True)", "softmax(a)", "scaled", a=a)
        for at in range(-len(shape), len(shape)):
            s.case(f"np.exp(a) / np.exp(a).sum({at}, keepdims=True)", f"softmax(a, {axis(at)})", "scaled", a=a)
        s.case("(lambda e: e / e.sum(-1, keepdims=True))(np.exp(a + 800 - (a + 800).max(-1, keepdims=True)))",
               "softmax(a + 800)", "scaled", a=a)


def order(s):
    for shape, dtype in itertools.product([(5,), (17,), (3, 4), (2, 3, 4), (0, 3), (1200,)], DTYPES):
        a = s.operand(shape, dtype, "ties")
        for at in range(-len(shape), len(shape)):
            s.case(f"np.sort(a, {at})", f"sort(a, {axis(at)})", "equal", a=a)
            s.case(f"np.argsort(a, {at}, kind='stable') + 1", f"argsort(a, {axis(at)})", a=a)
            if dtype != "bool" and len(shape) < 3:
                s.case(f"np.flip(np.sort(a, {at}), {at})", f"sort(a, {axis(at)}, {{descending=true}})", "equal", a=a)
                s.case(f"np.argsort(-a.astype(float), {at}, kind='stable') + 1",
                       f"argsort(a, {axis(at)}, {{descending=true}})", a=a)
        if len(shape) == 2:
            for view, lua_view in list(views("a", 2))[1:]:
                s.case(f"np.sort({view})", f"sort({lua_view})", "equal", a=a)
        if len(shape) == 1 and dtype != "bool":
            s.case("[np.sort(a)[::-1][:3], np.argsort(-a.astype(float), kind='stable')[:3] + 1]",
                   "{topk(a, 3)}", "equal", a=a)
    for dtype in DTYPES[:2]:
        a = s.operand((33,), dtype, "special")
        s.case("np.sort(a)", "sort(a)", "equal", a=a)
        s.case("np.argsort(a, kind='stable') + 1", "argsort(a)", a=a)


def distinct(s):
    # The inverse has the shape of what it was made from, as in NumPy 2.
    for shape, dtype in itertools.product([(5,), (33,), (3, 4), (2, 3, 4), (0,)], DTYPES):
        a = s.operand(shape, dtype, "ties")
        s.case("np.unique(a)", "unique(a)", "equal", a=a)
        s.case("(lambda v, i, j, n: [v, i + 1, j.reshape(a.shape) + 1, n])(*np.unique(a, True, True, True))",
               "{unique(a, {return_index=true, return_inverse=true, return_counts=true})}", "equal", a=a)
    for dtype in DTYPES[:2]:
        s.case("np.unique(a)", "unique(a)", "equal", a=s.operand((33,), dtype, "special"))
    for shape, dtype in itertools.product([(5,), (33,), (0,)], ("int64", "uint8")):
        a = np.abs(s.operand(shape, dtype, "ties"))
        s.case("np.bincount(a)", "bincount(a)", a=a)
        s.case("np.bincount(a, minlength=20)", "bincount(a, {minlength=20})", a=a)
        if a.size:
            s.case("np.bincount(a, weights=b)", "bincount(a, {weights=b})", "scaled", a=a, b=s.operand(shape))
    edges = np.sort(s.operand((5,)))
    for shape in [(5,), (3, 4), (0,), (33,)]:
        x = s.operand(shape, "float64", "ties" if len(shape) > 1 else "normal")
        s.case("np.searchsorted(a, x) + 1", "searchsorted(a, x)", a=edges, x=x)
        s.case("np.searchsorted(a, x, side='right') + 1", 'searchsorted(a, x, {side="right"})', a=edges, x=x)
        s.case("np.digitize(x, a)", "digitize(x, a)", a=edges, x=x)
        s.case("np.digitize(x, a, right=True)", "digitize(x, a, {right=true})", a=edges, x=x)
        s.case("np.digitize(x, a[::-1])", 'digitize(x, a["::-1"])', a=edges, x=x)


def quantiles(s):
    for shape, dtype in itertools.product(SHAPES[:5], DTYPES[:3]):
        a = s.operand(shape, dtype)
        for at in [None] + list(range(len(shape))):
            s.case(f"statistic(np.median(a, axis={at}), a)", f"median(a, {axis(at)})", "close", numbers=True, a=a)
            for q in (0, 0.3, 0.5, 1):
                s.case(f"statistic(np.quantile(a, {q}, axis={at}), a)",
                       f"quantile(a, {q}, {axis(at)})", "scaled", numbers=True, a=a)
            s.case(f"statistic(np.percentile(a, [10, 90, 50], axis={at}), a)",
                   f"percentile(a, {{10, 90, 50}}, {axis(at)})", "scaled", a=a)
    for at in (None, 0, 1):
        a = s.operand((4, 9), "float64", "special")
        s.case(f"statistic(np.median(a, axis={at}), a)", f"median(a, {axis(at)})", "equal", numbers=True, a=a)


def histograms(s):
    """Edges are float64, whatever falls between them."""
    for shape, dtype in itertools.product([(33,), (3, 4), (131,), (5,)], ("float64", "int64", "float32")):
        a = s.operand(shape, dtype)
        for bins in (1, 4, 10):
            s.case(f"list(np.histogram(a.astype(float), {bins}))", f"{{histogram(a, {bins})}}", "scaled", a=a)
        s.case("list(np.histogram(a.astype(float), 5, range=(-1, 2)))",
               "{histogram(a, 5, {range={-1, 2}})}", "scaled", a=a)
        s.case("list(np.histogram(a.astype(float), 6, density=True))",
               "{histogram(a, 6, {density=true})}", "scaled", a=a)
        s.case("list(np.histogram(a.astype(float), [-2, 0, 0.5, 3]))", "{histogram(a, {-2, 0, 0.5, 3})}", "scaled", a=a)
        w = s.operand(shape, "float64", "positive")
        s.case("list(np.histogram(a.astype(float), 4, weights=w))",
               "{histogram(a, 4, {weights=w})}", "scaled", a=a, w=w)


def covariances(s):
    for shape, dtype in itertools.product([(3, 4), (2, 9), (5, 3)], DTYPES[:3]):
        a = s.operand(shape, dtype)
        for name in ("cov", "corrcoef"):
            s.case(f"statistic(np.{name}(a), a)", f"{name}(a)", "scaled", a=a)
            s.case(f"statistic(np.{name}(a, rowvar=False), a)", f"{name}(a, nil, {{rowvar=false}})", "scaled", a=a)
            s.case(f"statistic(np.{name}(a[0], a[1]), a)", f"{name}(a[1], a[2])", "scaled", a=a)
        s.case("statistic(np.cov(a, ddof=0), a)", "cov(a, nil, {ddof=0})", "scaled", a=a)


FAMILIES = [reductions, extremes, running, statistics, norms, exponentials, order, distinct, quantiles, histograms,
            covariances]
