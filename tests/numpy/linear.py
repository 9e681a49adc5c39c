"""Products and linear algebra."""
import itertools

from suite import views


def products(s):
    pairs = [((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)), ((1, 3), (3, 1)), ((0, 3), (3, 2)),
             ((2, 0), (0, 3)),
             ((17, 9), (9, 5)), ((1, 1), (1, 1)), ((40, 30), (30, 20)), ((0,), (0,))]
    for (left, right), dtype in itertools.product(pairs, ("float64", "float32", "int64", "uint8", "bool")):
        a, b = s.operand(left, dtype), s.operand(right, dtype)
        s.case("a.dot(b)", "a:dot(b)", "scaled", enter=True, numbers=True, a=a, b=b)
    square = s.operand((4, 4))
    for (view, lua_view), (other, lua_other) in itertools.product(views("a", 2), views("b", 2)):
        if "::2" in view or "::2" in other:
            continue
        s.case("%s.dot(%s)" % (view, other), "(%s):dot(%s)" % (lua_view, lua_other), "scaled", a=square,
               b=s.operand((4, 4), "float64", "ties"))
    s.case("a[:, ::2].dot(a[::2])", 'a[":, ::2"]:dot(a["::2"])', "scaled", a=square)
    for left, right in itertools.product([(3,), (0,), (5,)], repeat=2):
        s.case("np.outer(a, b)", "outer(a, b)", a=s.operand(left), b=s.operand(right))


FAMILIES = [products]
