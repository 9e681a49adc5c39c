"""What a conformance case is, how it is stored, and where gradus differs from NumPy on purpose.

A case is an expression for NumPy, the same one for gradus, operands, and what NumPy gives. All numbers stand in flat
arrays, one a dtype, in cases.npz; cases.tsv has a line a case below the name of its family, which refers to them as
"float64:2,3@120" (dtype, shape, first element). test_numpy.lua replays them.

The rules, where gradus differs, are the functions of the first part. Nothing else in these files knows of them.
"""
import math
import re

import numpy as np

DTYPES = ["float64", "float32", "int64", "uint8", "bool"]

# ---- the rules ----


def entered(*operands):
    """Arithmetic never wraps: integers and masks enter it as float64, or as float32 beside a float32."""
    kinds = {a.dtype.name for a in operands}
    floats = kinds & {"float64", "float32"}
    dtype = "float32" if floats == {"float32"} else "float64"
    return [a if a.dtype.name in floats else a.astype(dtype) for a in operands]


def position(i):
    """Positions count from 1, and from -1 backwards."""
    return i + 1 if i >= 0 else i


def axis(a):
    """An axis or a tuple of axes, as Lua text."""
    if a is None:
        return "nil"
    return "{" + ", ".join(str(position(i)) for i in a) + "}" if isinstance(a, tuple) else str(position(a))


def index(key, shape):
    """NumPy's key as the string that gradus reads: both ends of a range are included. None where it has no such string
    (a range that begins outside)."""
    parts = []
    for k, size in zip(key, shape):
        if isinstance(k, slice):
            if k.start is None and k.stop is None:
                parts.append(":" if k.step in (None, 1) else "::%d" % k.step)
                continue
            at = range(size)[k]
            if len(at) == 0:
                return None
            parts.append("%d:%d" % (at[0] + 1, at[-1] + 1) + ("" if at.step == 1 else ":%d" % at.step))
        else:
            parts.append(str(position(k)))
    return ", ".join(parts)


def as_gradus(value, numbers):
    """gradus has five dtypes, and no scalars beside Lua's numbers. `numbers`: what has no axes (a full reduction, a
    single draw, an element) is such a number; otherwise, after arithmetic, a tensor without axes."""
    if isinstance(value, list):
        return [as_gradus(v, True) for v in flat(value)]
    if isinstance(value, str):
        return value
    value = np.asarray(value)
    if value.dtype.kind in "iu" and value.dtype != np.uint8:
        value = value.astype(np.int64)
    assert value.dtype.name in DTYPES, value.dtype
    return value.item() if numbers and value.ndim == 0 else value


def statistic(value, a):
    """Of float32 numbers is float32, and of integers float64."""
    return np.asarray(value, dtype=a.dtype if a.dtype == np.float32 else np.float64)


def parts(value, a):
    """The real and the imaginary part of complex numbers, in the precision of what they were made from."""
    return [statistic(value.real, a), statistic(value.imag, a)]


def wide(f):
    """A function for NumPy's expressions that computes in float64 and keeps the dtype, as gradus's do."""
    return lambda a: np.asarray(f(a.astype(float)), dtype=a.dtype)


def erfc(a):
    return np.array([math.erfc(x) for x in a.ravel()]).reshape(a.shape)


# What networks use, by its definition. Where a definition loses digits, another form of it stands here.
def sigmoid(a):
    return np.where(a < 0, np.exp(a) / (1 + np.exp(a)), 1 / (1 + np.exp(-a)))


ACTIVATIONS = {
    "sigmoid": sigmoid,
    "relu": lambda a: np.maximum(a, 0),
    "softplus": lambda a: np.logaddexp(0, a),
    "leaky_relu": lambda a: np.where(a > 0, a, 0.3 * a),
    "elu": lambda a: np.where(a > 0, a, np.expm1(a)),
    "silu": lambda a: a * sigmoid(a),
    "gelu": lambda a: a * erfc(-a / np.sqrt(2)) / 2,
    "normal_cdf": lambda a: erfc(-a / np.sqrt(2)) / 2,
    "erf": lambda a: np.array([math.erf(x) for x in a.ravel()]).reshape(a.shape),
    "sigmoid_derivative": lambda a: sigmoid(a) * sigmoid(-a),
    "tanh_derivative": lambda a: 1 / np.cosh(a) ** 2,
    "relu_derivative": lambda a: np.where(a > 0, 1.0, 0.0),
    "leaky_relu_derivative": lambda a: np.where(a > 0, 1.0, 0.3),
    "elu_derivative": lambda a: np.where(a > 0, 1.0, np.exp(a)),
    "softplus_derivative": sigmoid,
    "silu_derivative": lambda a: sigmoid(a) * (1 + a * sigmoid(-a)),
    "gelu_derivative": lambda a: erfc(-a / np.sqrt(2)) / 2 + a * np.exp(-a * a / 2) / np.sqrt(2 * np.pi),
}


# ---- cases ----

SPECIAL = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 5e-324, 1e308, -1e-300, 3.0, 1e-8, 709.5, -745.0]


def flat(values):
    """A list without the lists in it."""
    return [inner for v in values for inner in (flat(v) if isinstance(v, list) else [v])]


def assigned(array, key, value):
    """For the expressions of cases, as the helper of the same name in test_numpy.lua."""
    array = array.copy()
    array[key] = value
    return array


def put(array, at, value):
    array = array.copy()
    np.put(array, at, value)
    return array


def changed(array, view, ufunc, *operands):
    """A copy after an operation in place on a view of it."""
    array = array.copy()
    v = view(array)
    ufunc(v, *operands, out=v)
    return array


class Suite:
    def __init__(self, seed):
        self.random = np.random.RandomState(seed)
        self.pools = {name: [] for name in DTYPES}
        self.lengths = dict.fromkeys(DTYPES, 0)
        self.stored = {}  # bytes of an array -> its reference
        self.operands = {}
        self.families = {}  # name -> lines

    def begin(self, family):
        """The cases that follow are of this family."""
        self.family = family
        self.families[family] = []

    def operand(self, shape, dtype="float64", kind="normal"):
        """An array to compute with; the same one for the same request, so that the stored data stay small. Kinds:
        normal; positive; unit, inside (-1, 1); wide, over many powers of ten; special, with NaN, infinities and zeros
        of both signs; ties."""
        key = (shape, dtype, kind)
        if key not in self.operands:
            n = int(np.prod(shape))
            x = self.random.randn(n) * 2
            if kind == "special" and dtype not in ("float64", "float32"):
                kind = "normal"
            if kind == "positive":
                x = np.abs(x) + 0.01
            elif kind == "unit":
                x = np.tanh(x)
            elif kind == "wide":
                x = np.sign(x) * 10 ** (x * (5 if dtype == "float64" else 3))
            elif kind == "special":
                x = np.resize(SPECIAL, n)
                self.random.shuffle(x)
            elif kind == "ties":
                x = np.round(x)
            if dtype == "bool":
                x = x > 0
            elif dtype == "uint8":
                x = self.random.randint(0, 256, n) if kind != "ties" else np.abs(np.round(x))
            elif dtype == "int64":
                x = np.round(x * 3)
            with np.errstate(all="ignore"):
                self.operands[key] = x.astype(dtype).reshape(shape)
        return self.operands[key]

    def refer(self, array):
        """Where the array is stored: "dtype:shape@first"."""
        array = np.asarray(array, order="C")
        name = array.dtype.name
        key = (name, array.tobytes())
        if key not in self.stored:
            self.stored[key] = self.lengths[name]
            self.pools[name].append(array.ravel())
            self.lengths[name] += array.size
        return "%s:%s@%d" % (name, ",".join(map(str, array.shape)), self.stored[key])

    def expected(self, value):
        if isinstance(value, list):
            return "list:" + "; ".join(self.expected(v) for v in value)
        if isinstance(value, bool):
            return "boolean:" + str(value).lower()
        if isinstance(value, int):
            return "integer:%d" % value
        if isinstance(value, float):
            return "float:" + ("nan" if value != value else value.hex())
        if isinstance(value, str):
            return "text:" + escape(value)
        return self.refer(value)

    def case(self, numpy, lua, compare="exact", seed=None, enter=False, numbers=False, **operands):
        """One case. `compare`: exact; equal, with zeros of either sign; ulp, next to it; close, to a relative 1e-12
        (float64) or 1e-5 (float32) of each number; scaled, of the largest number. `enter`: the operands enter
        arithmetic. `numbers`: a result without axes is one of Lua's numbers. `seed`: of both generators, which draw
        once more at the end."""
        scope = {name: wide(f) for name, f in ACTIVATIONS.items()}
        scope.update(np=np, assigned=assigned, changed=changed, put=put, statistic=statistic, parts=parts)
        values = list(operands.values())
        scope.update(zip(operands, entered(*values) if enter else values))
        if seed is not None:
            np.random.seed(seed)
            numpy, lua = "[%s, np.random.random()]" % numpy, "{%s, random.random()}" % lua
        with np.errstate(all="ignore"):
            value = eval(numpy, scope)
        fields = [compare, "" if seed is None else str(seed),
                  " ".join("%s=%s" % (name, self.refer(a)) for name, a in operands.items()), escape(numpy),
                  escape(lua), self.expected(as_gradus(value, numbers))]
        assert not any("\t" in f or "\n" in f for f in fields), fields
        self.families[self.family].append("\t".join(fields))

    def write(self, folder):
        pools = {name: np.concatenate(parts) for name, parts in self.pools.items() if parts}
        np.savez_compressed(folder + "/cases.npz", **pools)
        with open(folder + "/cases.tsv", "w", encoding="utf-8") as f:
            f.write("# compare\tseed\toperands\tnumpy\tlua\texpected\n")
            for family, lines in self.families.items():
                f.write("## %s\n" % family)
                f.writelines(line + "\n" for line in lines)


def escape(text):
    return re.sub(r"[\\\n\t]", lambda m: {"\\": "\\\\", "\n": "\\n", "\t": "\\t"}[m.group()], text)


def views(name, ndim):
    """Expressions for views of an operand that is no longer contiguous: (NumPy's, gradus's)."""
    yield name, name
    if ndim >= 1:
        yield name + "[::-1]", name + '["::-1"]'
    if ndim >= 2:
        yield name + ".T", name + ".T"
        yield name + "[:, ::2]", name + '[":, ::2"]'
        yield name + ".T[::-1]", name + '.T["::-1"]'
