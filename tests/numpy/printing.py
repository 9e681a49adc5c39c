"""The text of tensors, as NumPy prints them."""
import itertools

import numpy as np

from suite import DTYPES, views


def text(s):
    def case(a, view="a", lua_view="a"):
        s.case("str(%s)" % view, "tostring(%s)" % lua_view, a=a)
    for shape, dtype in itertools.product([(1,), (5,), (3, 4), (1, 4), (3, 1), (2, 3, 4), (2, 1, 3), (2, 3, 2, 2),
                                           (0,), (0, 3),
                                           (17,), (33,)], DTYPES):
        case(s.operand(shape, dtype))
        if len(shape) == 2:
            for view, lua_view in list(views("a", 2))[1:]:
                case(s.operand(shape, dtype), view, lua_view)
    for scale, dtype in itertools.product((1e-12, 1e-5, 1e-3, 0.1, 100, 1e4, 1e7, 1e8, 1e9, 1e15, 1e16, 1e17, 1e100),
                                          DTYPES[:2]):
        with np.errstate(over="ignore"):
            case((s.operand((5,)) * scale).astype(dtype))
            case((s.operand((2, 3), "float64", "ties") * scale).astype(dtype))
    for values in ([1.0], [0.1, 0.25], [1e-5, 1.0], [1e-4, 1.0], [9999999.0, 1.0], [1e8, 1.0], [1e16], [123456789.0],
                   [np.nan], [np.inf, 1.0],
                   [-np.inf, np.nan, 0.5], [-0.0], [0.0, -0.0], [1 / 3, 2 / 3, 1.0], [1e-300, 1e300], [0.1 + 0.2],
                   [100.0, 1e-3],
                   [1234567.891], [5e-324], [1e22, 1.5], [-1.5, 22.25, 333.125], [np.nan, 1e10, -np.inf], [1e3, 1e-6]):
        for dtype in DTYPES[:2]:
            with np.errstate(over="ignore"):
                case(np.array(values).astype(dtype))
    for kind, dtype in itertools.product(("special", "positive", "unit"), DTYPES[:2]):
        case(s.operand((4, 4), dtype, kind))
    for n in (999, 1000, 1001, 5000):
        case(np.arange(n))
        case(np.arange(n) / 8)
    for shape in [(1001, 2), (40, 30), (3, 400), (11, 10, 10)]:
        case(np.arange(np.prod(shape)).reshape(shape))
        case(np.round(s.operand(shape), 3))


FAMILIES = [text]
