"""Making, shaping and indexing: nothing is computed, so that all is exact."""
import itertools

import numpy as np

from suite import DTYPES, axis, index, views

SHAPES = [(), (1,), (5,), (0,), (3, 4), (1, 4), (3, 1), (0, 3), (2, 3, 4), (2, 1, 3), (2, 0, 3), (2, 3, 2, 2),
          (2, 1, 2, 1, 2)]


def braces(shape):
    return "{" + ", ".join(map(str, shape)) + "}"


def creation(s):
    for shape, dtype in itertools.product(SHAPES, DTYPES):
        for name in ("zeros", "ones"):
            if name == "zeros" or dtype in ("float64", "uint8"):
                s.case("np.%s(%s, dtype='%s')" % (name, shape, dtype),
                       "%s(%s, {dtype=\"%s\"})" % (name, braces(shape), dtype))
    for shape, value in itertools.product(SHAPES[:8], (2.5, -0.0, np.nan, np.inf)):
        text = {np.inf: "math.huge"}.get(value, "0/0" if value != value else repr(value))
        s.case("np.full(%s, %r)" % (shape, value) if value == value and value != np.inf else
               "np.full(%s, np.%r)" % (shape, value), "full(%s, %s)" % (braces(shape), text))
    for n, m in itertools.product((0, 1, 3, 4), (0, 2, 3, 5)):
        s.case("np.eye(%d, %d)" % (n, m), "eye(%d, %d)" % (n, m))
    ranges = [(5,), (0,), (-3,), (2, 7), (7, 2), (0, 1, 0.25), (-6, 6, 0.1), (1, 0, -0.25), (0, 1, 0.1), (0.5, 3),
              (-1, 1, 0.3), (10, 0, -3), (1e15, 1e15 + 4), (0, 1, 0.001), (1, 2, 5), (0.1, 0.4, 0.1)]
    for r in ranges:
        text = ", ".join(repr(x) for x in r)
        s.case("np.arange(%s, dtype=float)" % text, "arange(%s)" % text)
        s.case("np.arange(%s, dtype=float).astype('f4')" % text, "arange(%s):astype(\"float32\")" % text)
    for low, high, n in [(0, 1, 5), (0, 1, 1), (0, 1, 0), (-1, 1, 50), (3, -2, 7), (0, 0, 3), (1e-3, 1e3, 11),
                         (0, 1, 2),
                         (-0.1, 0.7, 33), (1, 10, 10), (2, 2.000001, 4)]:
        s.case("np.linspace(%r, %r, %d)" % (low, high, n), "linspace(%r, %r, %d)" % (low, high, n))
    for dtype in DTYPES:
        a = s.operand((3, 4), dtype, "ties")
        for numpy, lua in views("a", 2):
            s.case("np.zeros_like(%s)" % numpy, "zeros_like(%s)" % lua, a=a)
            s.case("np.ones_like(%s)" % numpy, "ones_like(%s)" % lua, a=a)


def conversion(s):
    for shape, source, target in itertools.product([(), (5,), (3, 4), (2, 0, 3), (2, 3, 2, 2)], DTYPES, DTYPES):
        a = s.operand(shape, source, "ties")
        if target == "uint8" and source not in ("uint8", "bool"):
            a = np.abs(a)
        for numpy, lua in list(views("a", len(shape)))[:3]:
            s.case("%s.astype('%s')" % (numpy, target), "(%s):astype(\"%s\")" % (lua, target), a=a)


def shaping(s):
    for (shape, to), dtype in itertools.product(
            [((6,), (2, 3)), ((2, 3), (6,)), ((2, 3), (3, -1)), ((2, 3, 4), (-1, 4)), ((2, 3, 4), (4, 3, 2)),
             ((0, 3), (3, 0)),
             ((0, 3), (0, 5, 2)), ((1,), ()), ((), (1, 1, 1)), ((2, 3, 2, 2), (3, -1, 2)), ((3, 4), (2, 1, 6, 1))],
             DTYPES[:3]):
        a = s.operand(shape, dtype)
        for numpy, lua in views("a", len(shape)):
            if "::2" in numpy:
                continue
            s.case("%s.reshape(%s)" % (numpy, to), "(%s):reshape(%s)" % (lua, braces(to)), a=a)
    for shape in SHAPES:
        a = s.operand(shape)
        for numpy, lua in views("a", len(shape)):
            s.case(numpy, lua, a=a)
            s.case("%s.T" % numpy, "(%s).T" % lua, a=a)
            s.case("%s.flatten()" % numpy, "(%s):flatten()" % lua, a=a)
            s.case("%s.copy()" % numpy, "(%s):clone()" % lua, a=a)
        for axes in list(itertools.permutations(range(len(shape))))[1:8]:
            s.case("a.transpose(%s)" % (axes,), "a:transpose(%s)" % axis(axes)[1:-1], a=a)
        for at in range(-len(shape) - 1, len(shape) + 1):
            s.case("np.expand_dims(a, %d)" % at, "a:expand_dims(%s)" % axis(at), a=a)
        s.case("a.squeeze()", "a:squeeze()", a=a)
        for at, size in enumerate(shape):
            if size == 1:
                s.case("a.squeeze(%d)" % at, "a:squeeze(%s)" % axis(at), a=a)
    for shape, dtype in itertools.product([(3,), (2, 3), (0, 3), (2, 1, 3), (2, 3, 2, 2)], ("float64", "uint8")):
        a, b = s.operand(shape, dtype), s.operand(shape, dtype, "ties")
        for at in range(-len(shape), len(shape)):
            s.case("np.concatenate([a, b, a], %d)" % at, "concatenate({a, b, a}, %s)" % axis(at), a=a, b=b)
            s.case("np.concatenate([a[::-1], b], %d)" % at, "concatenate({a[\"::-1\"], b}, %s)" % axis(at), a=a, b=b)
            s.case("np.stack([a, b], %d)" % at, "stack({a, b}, %s)" % axis(at), a=a, b=b)
        s.case("np.stack([a, b], %d)" % len(shape), "stack({a, b}, %s)" % axis(len(shape)), a=a, b=b)
    a, b = s.operand((2, 3)), s.operand((2, 5))
    s.case("np.concatenate([a, b], 1)", "concatenate({a, b}, 2)", a=a, b=b)


def random_key(s, shape):
    """Integers and slices for some of the axes, from the first on."""
    key = []
    for size in shape[:s.random.randint(1, len(shape) + 1)]:
        kind = s.random.randint(4)
        if kind == 0:
            key.append(int(s.random.randint(-size, size)))
        elif kind == 1:
            key.append(slice(None, None, int(s.random.choice([1, 2, -1, -2, 3]))))
        else:
            step = int(s.random.choice([1, 1, 2, -1, 3, -2]))
            first, last = sorted(int(i) for i in s.random.randint(0, size, 2))
            key.append(slice(first, last + 1, step) if step > 0 else slice(last, first - 1 if first else None, step))
    return tuple(key)


def key_text(key):
    def text(k):
        if not isinstance(k, slice):
            return str(k)
        return ":".join("" if x is None else str(x) for x in (k.start, k.stop, k.step))
    return ", ".join(text(k) for k in key)


def indexing(s):
    for shape, dtype in itertools.product([(5,), (3, 4), (2, 3, 4), (2, 3, 2, 2), (1, 4)],
                                          ("float64", "bool", "int64")):
        a = s.operand(shape, dtype)
        for _ in range(14):
            key = random_key(s, shape)
            text = index(key, shape)
            if text is None:
                continue
                s.case("a[%s]" % key_text(key), 'a["%s"]' % text, a=a, numbers=True)
            back = tuple(reversed(shape))
            if len(key) == 1 and index(key, back):
                s.case("a.T[%s]" % key_text(key), 'a.T["%s"]' % index(key, back), a=a, numbers=True)
    for shape in [(5,), (3, 4), (2, 3, 4)]:
        a = s.operand(shape, "int64")
        for i in range(-shape[0], shape[0]):
            s.case("a[%d]" % i, "a[%d]" % (i + 1 if i >= 0 else i), a=a, numbers=True)
    a = s.operand((3, 4))
    for i, j in itertools.product(range(3), range(-4, 0)):
        s.case("a[%d, %d]" % (i, j), "a[{%d, %d}]" % (i + 1, j), a=a, numbers=True)
    for first, last, step in [(0, 3, 1), (1, 3, 1), (0, 4, 2), (3, 0, -1), (2, 2, 1)]:
        stop = last + (1 if step > 0 else -1)
        numpy = "a[:, %d:%s:%d]" % (first, stop if stop >= 0 else "", step)
        if 0 <= first < 4 and 0 <= last < 4:
            s.case(numpy, "a[{{}, {%d, %d, %d}}]" % (first + 1, last + 1, step), a=a)


def assignment(s):
    for shape, dtype in itertools.product([(5,), (3, 4), (2, 3, 4)], ("float64", "int64", "uint8")):
        a = s.operand(shape, dtype, "ties")
        for _ in range(8):
            key = random_key(s, shape)
            text = index(key, shape)
            if text is None:
                continue
            s.case(f"assigned(a, np.s_[{key_text(key)}], 7)", f'assigned(a, "{text}", 7)', a=a)
            part = a[key]
            if part.ndim:
                b = s.operand(part.shape[1:] if s.random.rand() < 0.3 else part.shape, dtype, "ties")
                s.case(f"assigned(a, np.s_[{key_text(key)}], b)", f'assigned(a, "{text}", b)', a=a, b=b)
    for one, other in itertools.product(DTYPES, DTYPES):
        a, b = s.operand((3, 4), one, "ties"), s.operand((4,), other, "ties")
        if one == "uint8" and other not in ("uint8", "bool"):
            b = np.abs(b)
        s.case("assigned(a, np.s_[1:], b)", 'assigned(a, "2:3", b)', a=a, b=b)


def masks(s):
    for shape, dtype in itertools.product([(5,), (3, 4), (2, 3, 4), (0, 3)], ("float64", "float32", "int64", "bool")):
        a, m = s.operand(shape, dtype), s.operand(shape, "bool")
        s.case("a[m]", "a[m]", a=a, m=m)
        s.case("a.T[m.T]", "a.T[m.T]", a=a, m=m)
        s.case("assigned(a, m, 1)", "assigned(a, m, 1)", a=a, m=m)
        s.case("a[~m]", "a[logical_not(m)]", a=a, m=m)
        rows = s.operand(shape[:1], "bool", "ties")
        s.case("a[m]", "a[m]", a=a, m=rows)
        s.case("assigned(a, m, 0)", "assigned(a, m, 0)", a=a, m=rows)
        if len(shape) > 1:
            columns = s.operand(shape[1:2], "bool", "ties")
            s.case("a[:, m]", "a[{{}, m}]", a=a, m=columns)
        s.case("assigned(a, m, a[m][::-1])", 'assigned(a, m, a[m]["::-1"])' if m.any() else "a", a=a, m=m)
        s.case("[i + 1 for i in np.nonzero(m)]", "{nonzero(m)}", m=m)
        s.case("np.argwhere(m) + 1", "argwhere(m)", m=m)


def positions(s):
    for shape, dtype in itertools.product([(5,), (3, 4), (2, 3, 4)], ("float64", "float32", "int64", "uint8", "bool")):
        a = s.operand(shape, dtype)
        for count in [(0,), (1,), (7,), (2, 3)]:
            i = s.random.randint(1, shape[0] + 1, count)
            s.case("a[i - 1]", "a[i]", a=a, i=i)
            s.case("a[::-1][i - 1]", 'a["::-1"][i]', a=a, i=i)
            if len(shape) > 1:
                j = s.random.randint(1, shape[1] + 1, count)
                s.case("a[i - 1, j - 1]", "a[{i, j}]", a=a, i=i, j=j)
                s.case("a[:, j - 1]", "a[{{}, j}]", a=a, j=j)
                s.case("np.take(a, j - 1, axis=1)", "take(a, j, 2)", a=a, j=j)
                s.case("assigned(a, (i - 1, j - 1), 1)", "assigned(a, {i, j}, 1)", a=a, i=i, j=j)
            s.case("assigned(a, i - 1, 1)", "assigned(a, i, 1)", a=a, i=i)
        at = s.random.randint(1, a.size + 1, 4)
        s.case("put(a, i - 1, 1)", "put(a, i, 1)", a=a, i=at)
        for axis_at in range(len(shape)):
            sizes = tuple(2 if k == axis_at else size for k, size in enumerate(shape))
            i = s.random.randint(1, shape[axis_at] + 1, sizes)
            s.case(f"np.take_along_axis(a, i - 1, {axis_at})", f"take_along_axis(a, i, {axis_at + 1})", a=a, i=i)


def rows(s):
    for shape, dtype in itertools.product([(5,), (3, 4), (2, 3, 4)], ("float64", "float32", "uint8")):
        a = s.operand(shape, dtype)
        for n in (0, 1, 4, 9):
            rows = s.random.randint(0, shape[0], n)
            for numpy, lua in list(views("a", len(shape)))[:2]:
                s.case("%s[i - 1]" % numpy, "take(%s, i)" % lua, a=a, i=rows + 1)


FAMILIES = [creation, conversion, shaping, indexing, assignment, masks, positions, rows]
