"""Random numbers: the streams of RandomState. Every case draws once more at the end, which shows where the stream
stands. Where the C library's logarithm enters, the last place may differ."""
import itertools

from arrays import braces

SEEDS = (0, 1, 42, 20061)
SIZES = [(), (3,), (2, 2), (0, 3), (320,)]  # 312 use up a block of the generator


def some_seeds(seeds, sizes=SIZES):
    """Seeds with sizes: long streams with the last seed only."""
    return [(seed, shape) for seed in seeds for shape in sizes if seed == seeds[-1] or shape != SIZES[-1]]


def sized(name, parameters, shape):
    """The call with parameters and sizes: (NumPy's, gradus's)."""
    numpy = "np.random.%s(%s)" % (name, ", ".join(parameters + ["size=%s" % (shape or None,)]))
    return numpy, "random.%s(%s)" % (name, ", ".join(parameters + ([braces(shape)] if shape else [])))


DISTRIBUTIONS = [
    ("uniform", "exact", [("-1", "1"), ("0.5", "10")]),
    ("normal", "ulp", [("5", "2"), ("-1", "0.001"), ("3", "0")]),
    ("exponential", "ulp", [("1",), ("2.5",), ("0",)]),
    ("laplace", "close", [("0", "1"), ("-2", "3")]),
    ("gamma", "close", [("0.3", "1"), ("1", "2"), ("4.5", "0.5")]),
    ("beta", "close", [("0.5", "0.4"), ("2", "5"), ("1", "1")]),
    ("binomial", "exact", [("10", "0.3"), ("10", "0.9"), ("200", "0.5"), ("5000", "0.71"), ("0", "0.5"), ("7", "0"),
                           ("7", "1")]),
    ("poisson", "exact", [("0",), ("0.3",), ("4",), ("9.99",), ("10",), ("55.5",), ("1e6",)]),
]


def distributions(s):
    for seed, shape in some_seeds(SEEDS):
        for name, compare in (("random_sample", "exact"), ("standard_normal", "ulp")):
            lua = {"random_sample": "random", "standard_normal": "randn"}[name]
            s.case("np.random.%s(%s)" % (name, shape or ""), "random.%s(%s)" % (lua, braces(shape) if shape else ""),
                   compare,
                   seed=seed)
    for (name, compare, parameters), (seed, shape) in itertools.product(DISTRIBUTIONS, some_seeds(SEEDS[:2])):
        for given in parameters:
            numpy, lua = sized(name, list(given), shape)
            s.case(numpy, lua, compare, seed=seed)


def arrays_of_parameters(s):
    a, b = s.operand((3, 1), "float64", "positive"), s.operand((4,), "float64", "positive")
    for seed, (name, compare, _) in itertools.product(SEEDS[:2], DISTRIBUTIONS):
        if name in ("exponential", "poisson"):
            s.case("np.random.%s(a)" % name, "random.%s(a)" % name, compare, seed=seed, a=a)
        elif name == "binomial":
            s.case("np.random.binomial(n, p)", "random.binomial(n, p)", compare, seed=seed,
                   n=s.operand((3, 1), "uint8").astype("int64"), p=abs(s.operand((4,), "float64", "unit")))
        elif name == "uniform":
            s.case("np.random.uniform(-a, b)", "random.uniform(-a, b)", compare, seed=seed, a=a, b=b)
        else:
            s.case("np.random.%s(a, b)" % name, "random.%s(a, b)" % name, compare, seed=seed, a=a, b=b)
            s.case("np.random.%s(a, 0.5, size=(2, 3, 2))" % name, "random.%s(a, 0.5, 2, 3, 2)" % name, compare,
                   seed=seed, a=a)


def lua_integer(i):
    """As Lua text: the ends of 64 bits have no literal."""
    return {-2**63: "math.mininteger", 2**63: "2^63"}.get(i, str(i))


def whole_numbers(s):
    ranges = [(0, 10), (0, 1), (-5, 6), (5, 5 + 2**16), (0, 2**31), (0, 2**32), (0, 2**32 + 1), (0, 2**40),
              (-2**63, 2**63 - 1), (-2**63, 2**63)]
    for (low, high), (seed, shape) in itertools.product(ranges, some_seeds(SEEDS[:2])):
        sizes = ", " + braces(shape) if shape else ""
        s.case("np.random.randint(%d, %d, size=%s)" % (low, high, shape or None),
               "random.randint(%s, %s%s)" % (lua_integer(low), lua_integer(high), sizes), seed=seed)
    for (low, high), (seed, shape) in itertools.product([(0, 256), (0, 100), (7, 8), (3, 131), (0, 2)],
                                                        some_seeds(SEEDS[:3], SIZES[1:])):
        s.case("np.random.randint(%d, %d, %s, dtype='uint8')" % (low, high, shape),
               "random.randint(%d, %d, %s, {dtype=\"uint8\"})" % (low, high, braces(shape)), seed=seed)
    for (low, high), (seed, shape) in itertools.product([(0, 2), (0, 1), (1, 2)], some_seeds(SEEDS[:3], SIZES[1:])):
        s.case("np.random.randint(%d, %d, %s, dtype=bool)" % (low, high, shape),
               "random.randint(%d, %d, %s, {dtype=\"bool\"})" % (low, high, braces(shape)), seed=seed)


def orders(s):
    """Positions are NumPy's plus one."""
    for n, seed in list(itertools.product((0, 1, 2, 10, 257), SEEDS)) + [(1500, 1)]:
        s.case("np.random.permutation(%d) + 1" % n, "random.permutation(%d)" % n, seed=seed)
    for shape, seed in itertools.product([(5,), (3, 4), (2, 3, 4), (0, 3), (40, 30)], SEEDS[:2]):
        a = s.operand(shape)
        s.case("np.random.permutation(a)", "random.permutation(a)", seed=seed, a=a)
        s.case("np.random.permutation(a.T)", "random.permutation(a.T)", seed=seed, a=a)
        s.case("(lambda c: [np.random.shuffle(c), c][1])(a.copy())", "shuffled(a)", seed=seed, a=a)
    for n, (seed, shape) in itertools.product((1, 5, 300), some_seeds(SEEDS[:2])):
        sizes = ", " + braces(shape) if shape else ""
        s.case("np.random.choice(%d, %s) + 1" % (n, shape or None), "random.choice(%d%s)" % (n, sizes), seed=seed)
        p = s.operand((n,), "float64", "positive")
        p = p / p.sum()
        s.case("np.random.choice(%d, %s, p=p) + 1" % (n, shape or None), "random.choice(%d%s, {p=p})" % (n, sizes),
               seed=seed, p=p)
    for n, k, seed in itertools.product((5, 300), (0, 1, 5), SEEDS[:3]):
        s.case("np.random.choice(%d, %d, False) + 1" % (n, k), "random.choice(%d, %d, {replace=false})" % (n, k),
               seed=seed)
        p = s.operand((n,), "float64", "positive")
        p = p / p.sum()
        s.case("np.random.choice(%d, %d, False, p) + 1" % (n, k),
               "random.choice(%d, %d, {replace=false, p=p})" % (n, k), seed=seed, p=p)
    dice = [[0.2, 0.3, 0.5], [0.5, 0.5, 0, 0], [0, 1, 0], [1], [0.1] * 10]
    for n, p, (seed, shape) in itertools.product((0, 1, 20, 1000), dice, some_seeds(SEEDS[:2], SIZES[:3])):
        s.case(f"np.random.multinomial({n}, {p}, {shape or None})",
               f"random.multinomial({n}, {braces(p)}{', ' + braces(shape) if shape else ''})", seed=seed)
    a = s.operand((5,))
    for shape, seed in itertools.product(SIZES[1:], SEEDS[:2]):
        s.case("np.random.choice(a, %s)" % (shape,), "random.choice(a, %s)" % braces(shape), seed=seed, a=a)


def seeds(s):
    for seed in ([1, 2, 3], [0], [5], list(range(700)), [2**32 - 1, 0, 7]):
        text = "[" + ", ".join(map(str, seed)) + "]"
        s.case("[np.random.seed(%s), np.random.random_sample(5)][1]" % text,
               "seeded(%s):random(5)" % text.replace("[", "{").replace("]", "}"))
    for seed in (0, 1, 2**31, 2**32 - 1):
        s.case("[np.random.seed(%d), np.random.standard_normal(5)][1]" % seed, "seeded(%d):randn(5)" % seed, "ulp")


def mixed(s):
    """The normal that waits, and words left over from other draws."""
    for seed in SEEDS + (7, 8, 9):
        s.case("[np.random.randn(3), np.random.rand(2), np.random.randn(2), np.random.randint(0, 9, 3), "
               "np.random.randn(1), np.random.permutation(5) + 1, np.random.poisson(3, 2), np.random.randn(4)]",
               "{random.randn(3), random.rand(2), random.randn(2), random.randint(0, 9, 3), random.randn(1), "
               "random.permutation(5), random.poisson(3, 2), random.randn(4)}", "ulp", seed=seed)
        s.case("[np.random.randint(0, 9, 3), np.random.rand(700), np.random.randint(0, 9, 2), np.random.randn(700)]",
               "{random.randint(0, 9, 3), random.rand(700), random.randint(0, 9, 2), random.randn(700)}", "ulp",
               seed=seed)


FAMILIES = [distributions, arrays_of_parameters, whole_numbers, orders, seeds, mixed]
