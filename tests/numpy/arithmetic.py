"""Elementwise functions, operators with promotion and broadcasting, comparisons."""
import itertools

import numpy as np

from suite import ACTIVATIONS, DTYPES, views

# name in gradus: NumPy's expression, how close, kind of operand
FUNCTIONS = {
    "exp": ("np.exp({0})", "close", "normal"), "expm1": ("np.expm1({0})", "close", "normal"),
    "log": ("np.log({0})", "close", "positive"), "log1p": ("np.log1p({0})", "close", "positive"),
    "log2": ("np.log2({0})", "close", "positive"), "log10": ("np.log10({0})", "close", "positive"),
    "sqrt": ("np.sqrt({0})", "exact", "positive"), "square": ("np.square({0})", "exact", "normal"),
    "sin": ("np.sin({0})", "close", "normal"), "cos": ("np.cos({0})", "close", "normal"),
    "tan": ("np.tan({0})", "close", "unit"), "asin": ("np.arcsin({0})", "close", "unit"),
    "acos": ("np.arccos({0})", "close", "unit"), "atan": ("np.arctan({0})", "close", "normal"),
    "sinh": ("np.sinh({0})", "close", "normal"), "cosh": ("np.cosh({0})", "close", "normal"),
    "tanh": ("np.tanh({0})", "close", "normal"), "floor": ("np.floor({0})", "exact", "normal"),
    "ceil": ("np.ceil({0})", "exact", "normal"), "round": ("np.round({0})", "exact", "normal"),
    "abs": ("np.abs({0})", "exact", "normal"), "sign": ("np.sign({0})", "exact", "ties"),
    "isnan": ("np.isnan({0})", "exact", "special"), "isfinite": ("np.isfinite({0})", "exact", "special"),
    "cbrt": ("np.cbrt({0})", "close", "normal"), "isinf": ("np.isinf({0})", "exact", "special"),
    "reciprocal": ("(1 / {0}).astype({0}.dtype)", "exact", "positive"),
    "step": ("np.heaviside({0}, 0).astype({0}.dtype)", "exact", "ties"),
}


def functions(s):
    for name, (numpy, compare, kind) in FUNCTIONS.items():
        def case(view, lua_view, a):
            s.case(numpy.replace("{0}", view), "%s(%s)" % (name, lua_view), compare, enter=True, a=a)
        for dtype in DTYPES:
            case("a", "a", s.operand((17,), dtype, kind))
        for dtype, shape in itertools.product(DTYPES[:2], [(), (0, 3), (2, 3, 4), (131,)]):
            case("a", "a", s.operand(shape, dtype, kind))
        for view, lua_view in list(views("a", 2))[1:]:
            case(view, lua_view, s.operand((3, 4), "float64", kind))
        for dtype in DTYPES[:2]:
            case("a", "a", s.operand((33,), dtype, "special"))
            case("a", "a", s.operand((70,), dtype, "wide"))
            case("a[::-3]", 'a["::-3"]', s.operand((131,), dtype, kind))


def activations(s):
    for name, dtype in itertools.product(ACTIVATIONS, DTYPES[:3]):
        for shape, kind in [((17,), "normal"), ((), "normal"), ((2, 3, 4), "normal"), ((70,), "unit"), ((33,), "ties")]:
            s.case(f"{name}(a)", f"{name}(a)", "scaled", enter=True, a=s.operand(shape, dtype, kind))
        if dtype != "int64" and not name.endswith("derivative"):
            s.case(f"{name}(a)", f"{name}(a)", "close", a=s.operand((33,), dtype, "special"))
        s.case(f"{name}(a[::-3])", f'{name}(a["::-3"])', "scaled", enter=True, a=s.operand((131,), dtype))
        s.case(f"{name}(a.T)", f"{name}(a.T)", "scaled", enter=True, a=s.operand((3, 4), dtype))


BROADCASTS = [((4,), (4,)), ((3, 4), (3, 4)), ((3, 4), (4,)), ((3, 1), (4,)), ((3, 1), (1, 4)), ((), (3,)),
              ((2, 3, 4), (3, 1)), ((2, 1, 4), (3, 1)), ((0, 3), (3,)), ((1,), (0,)), ((2, 3, 2, 2), (3, 1, 2)),
              ((1, 1, 1, 1), (2,)), ((33,), (33,))]
OPERATORS = {
    "+": "{} + {}", "-": "{} - {}", "*": "{} * {}", "/": "{} / {}", "%": "{} % {}",
    "//": "np.floor({} / {})",  # Lua's: the quotient is rounded before it is cut
}
COMPARISONS = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}


def operators(s):
    for op, numpy in OPERATORS.items():
        for (left, right), dtype in itertools.product(BROADCASTS, DTYPES[:2]):
            s.case(numpy.format("a", "b"), "a %s b" % op, enter=True, a=s.operand(left, dtype),
                   b=s.operand(right, dtype))
        for one, other in itertools.product(DTYPES, DTYPES):
            s.case(numpy.format("a", "b"), "a %s b" % op, enter=True, a=s.operand((3, 4), one, "ties"),
                   b=s.operand((4,), other, "ties"))
        a, b = s.operand((33,), "float64", "special"), s.operand((33,), "float64", "normal")
        s.case(numpy.format("a", "b"), "a %s b" % op, enter=True, a=a, b=b)
        s.case(numpy.format("b", "a"), "b %s a" % op, enter=True, a=a, b=b)
        s.case(numpy.format("a", "a[::-1]"), 'a %s a["::-1"]' % op, enter=True, a=a)
        for number, dtype in itertools.product((2.5, -3.0, 0.0), ("float64", "float32", "int64")):
            a = s.operand((3, 4), dtype, "ties")
            s.case(numpy.format("a", number), "a %s %r" % (op, number), enter=True, a=a)
            s.case(numpy.format(number, "a"), "%r %s a" % (number, op), enter=True, a=a)
        for (view, lua_view), (other, lua_other) in itertools.product(views("a", 2), list(views("b", 2))[:3]):
            if ".T" in view or ".T" in other or "::2" in view:
                continue
            s.case(numpy.format(view, other), "%s %s %s" % (lua_view, op, lua_other), enter=True, a=s.operand((3, 4)),
                   b=s.operand((3, 4), "float64", "ties"))
        square = s.operand((4, 4))
        s.case(numpy.format("a", "a.T"), "a %s a.T" % op, enter=True, a=square)


def powers(s):
    for dtype, exponent in itertools.product(DTYPES[:3], (2, 3, 0.5, -1, 0, 1.7)):
        a = s.operand((17,), dtype, "positive")
        s.case("a ** %r" % exponent, "a ^ %r" % exponent, "close", enter=True, a=a)
        s.case("%r ** a" % abs(exponent), "%r ^ a" % abs(exponent), "close", enter=True, a=a)
    for left, right in BROADCASTS:
        s.case("np.power(a, b)", "a ^ b", "close", enter=True, a=s.operand(left, "float64", "positive"),
               b=s.operand(right))
    a, b = s.operand((33,), "float64", "special"), s.operand((33,), "float64", "ties")
    s.case("np.power(a, b)", "a ^ b", "close", enter=True, a=a, b=b)
    s.case("np.power(b, a)", "b ^ a", "close", enter=True, a=a, b=b)
    s.case("-a", "-a", enter=True, a=a)


def angles(s):
    """Functions of two numbers."""
    for name, numpy in {"atan2": "np.arctan2(a, b)", "hypot": "np.hypot(a, b)"}.items():
        for (left, right), dtype in itertools.product(BROADCASTS, DTYPES[:3]):
            s.case(numpy, f"{name}(a, b)", "close", enter=True, a=s.operand(left, dtype), b=s.operand(right, dtype))
        a = s.operand((33,), "float64", "special")
        s.case(numpy.replace("b", "a[::-1]"), f'{name}(a, a["::-1"])', "close", a=a)
    for dtype in DTYPES:
        a, b = s.operand((3, 4), dtype, "ties"), s.operand((4,), dtype, "ties")
        s.case("np.logical_xor(a, b)", "logical_xor(a, b)", a=a, b=b)


IN_PLACE = {"add_": "np.add", "sub_": "np.subtract", "mul_": "np.multiply", "div_": "np.divide"}


def in_place(s):
    """On the tensor and on views of it; from operands that overlap too."""
    for (name, numpy), dtype in itertools.product(IN_PLACE.items(), DTYPES[:2]):
        for left, right in [((4,), (4,)), ((3, 4), (4,)), ((2, 3, 4), (3, 1)), ((3, 4), ()), ((0, 3), (3,))]:
            s.case(f"changed(a, lambda t: t, {numpy}, b)", f'changed(a, function(t) return t end, "{name}", b)',
                   a=s.operand(left, dtype), b=s.operand(right, dtype))
        for view, lua_view in views("t", 2):
            s.case(f"changed(a, lambda t: {view}, {numpy}, 2.5)",
                   f'changed(a, function(t) return {lua_view} end, "{name}", 2.5)', a=s.operand((4, 4), dtype))
        s.case(f"changed(a, lambda t: t[1:], {numpy}, b[:-1])",
               f'changed(a, function(t) return t["2:4"] end, "{name}", b["1:3"])', a=s.operand((4, 4), dtype),
               b=s.operand((4, 4), dtype))
        s.case(f"(lambda c: [{numpy}(c[1:], c[:-1].copy(), out=c[1:]), c][1])(a.copy())",
               f'overlapping(a, "{name}")', a=s.operand((9,), dtype))
    for name, numpy in {"exp_": "np.exp", "sqrt_": "np.sqrt", "neg_": "np.negative", "floor_": "np.floor"}.items():
        for dtype, (view, lua_view) in itertools.product(DTYPES[:2], views("t", 2)):
            s.case(f"changed(a, lambda t: {view}, {numpy})", f'changed(a, function(t) return {lua_view} end, "{name}")',
                   "close", a=s.operand((4, 4), dtype, "positive"))


def comparisons(s):
    for name, op in COMPARISONS.items():
        for (left, right), dtype in itertools.product(BROADCASTS, ("float64", "int64")):
            s.case("a %s b" % op, "%s(a, b)" % name, a=s.operand(left, dtype, "ties"), b=s.operand(right, dtype))
        for one, other in itertools.product(DTYPES, DTYPES):
            s.case("a %s b" % op, "%s(a, b)" % name, enter=True, a=s.operand((3, 4), one, "ties"),
                   b=s.operand((3, 4), other, "ties"))
        a = s.operand((33,), "float64", "special")
        s.case("a %s a[::-1]" % op, '%s(a, a["::-1"])' % name, a=a)
        s.case("a %s 0" % op, "%s(a, 0)" % name, a=a)


def choices(s):
    for name in ("maximum", "minimum"):  # of integers, they are int64
        for one, other in itertools.product(DTYPES[2:4], DTYPES[2:4]):
            a, b = s.operand((3, 4), one), s.operand((4,), other, "ties")
            s.case(f"np.{name}(a, b).astype('int64')", f"{name}(a, b)", a=a, b=b)
    for name, dtype in itertools.product(("maximum", "minimum"), DTYPES[:2]):
        for left, right in BROADCASTS:
            s.case("np.%s(a, b)" % name, "%s(a, b)" % name, enter=True, a=s.operand(left, dtype),
                   b=s.operand(right, dtype))
        a, b = s.operand((33,), dtype, "special"), s.operand((33,), dtype)
        s.case("np.%s(a, b)" % name, "%s(a, b)" % name, enter=True, a=a, b=b)
    for left, right in BROADCASTS:
        a, b = s.operand(left), s.operand(right)
        s.case("np.where(a > b, a, b)", "where(gt(a, b), a, b)", a=a, b=b)
        s.case("np.where(a > 0, a, 2.5)", "where(gt(a, 0), a, 2.5)", a=a)
    for dtype, name in itertools.product(DTYPES, ("logical_and", "logical_or")):
        a, b = s.operand((3, 4), dtype, "ties"), s.operand((4,), dtype, "ties")
        s.case("np.%s(a, b)" % name, "%s(a, b)" % name, a=a, b=b)
        s.case("np.logical_not(a)", "logical_not(a)", a=a)
    for dtype in DTYPES[:3]:
        for shape in [(17,), (3, 4), (0,), ()]:
            a = s.operand(shape, dtype)
            s.case("np.clip(a, -1, 1).astype(a.dtype)", "clip(a, -1, 1)", a=a)
    a = s.operand((33,), "float64", "special")
    s.case("np.clip(a, -1, 1).astype(a.dtype)", "clip(a, -1, 1)", a=a)


FAMILIES = [functions, activations, operators, powers, angles, in_place, comparisons, choices]
