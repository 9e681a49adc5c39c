"""Rearranging: joining, splitting, repeating, padding, turning, triangles and grids. Nothing is computed."""
import itertools

import numpy as np

from arrays import braces
from suite import DTYPES, axis, views

SHAPES = [(5,), (3, 4), (2, 3, 4), (2, 0, 3), (2, 3, 2, 2)]


def axes_of(shape):
    return range(-len(shape), len(shape))


def turning(s):
    for shape, dtype in itertools.product(SHAPES, ("float64", "uint8")):
        a = s.operand(shape, dtype)
        s.case("np.flip(a)", "flip(a)", a=a)
        for at in axes_of(shape):
            s.case(f"np.flip(a, {at})", f"flip(a, {axis(at)})", a=a)
            for shift in (1, -2) if dtype == "uint8" else (0, 1, -2, 7):
                s.case(f"np.roll(a, {shift}, {at})", f"roll(a, {shift}, {axis(at)})", a=a)
        for shift in (1, -3):
            s.case(f"np.roll(a, {shift})", f"roll(a, {shift})", a=a)
        if dtype != "float64" or len(shape) > 3:
            continue
        for one, other in itertools.product(axes_of(shape), axes_of(shape)):
            s.case(f"np.swapaxes(a, {one}, {other})", f"swapaxes(a, {axis(one)}, {axis(other)})", a=a)
            s.case(f"np.moveaxis(a, {one}, {other})", f"moveaxis(a, {axis(one)}, {axis(other)})", a=a)
    a = s.operand((3, 4))
    for view, lua_view in views("a", 2):
        s.case(f"np.roll({view}, 1, 0)", f"roll({lua_view}, 1, 1)", a=a)
        s.case(f"np.flip({view}, 1)", f"flip({lua_view}, 2)", a=a)
    s.case("np.flip(a, (0, 2))", "flip(a, 1, 3)", a=s.operand((2, 3, 4)))


def repeating(s):
    for shape, dtype in itertools.product(SHAPES[:4], ("float64", "uint8")):
        a = s.operand(shape, dtype)
        for times in (0, 1, 3):
            s.case(f"np.repeat(a, {times})", f"repeat_interleave(a, {times})", a=a)
            for at in axes_of(shape):
                s.case(f"np.repeat(a, {times}, {at})", f"repeat_interleave(a, {times}, {axis(at)})", a=a)
        times = s.random.randint(0, 4, shape[0])
        s.case("np.repeat(a, n, 0)", "repeat_interleave(a, n, 1)", a=a, n=times)
        for reps in [(2,), (1, 3), (2, 1, 2), (0, 2)]:
            s.case(f"np.tile(a, {reps})", f"tile(a, {braces(reps)})", a=a)
        s.case("np.tile(a.T, 2)", "tile(a.T, 2)", a=a)
    for shape, to in [((3,), (2, 3)), ((3, 1), (3, 4)), ((), (2, 2)), ((1, 4), (0, 4)), ((2, 1, 4), (5, 2, 3, 4)),
                      ((1,), (3, 1))]:
        a = s.operand(shape)
        s.case(f"np.broadcast_to(a, {to})", f"broadcast_to(a, {braces(to)})", a=a)
        s.case(f"np.broadcast_to(a, {to}).T", f"broadcast_to(a, {braces(to)}).T", a=a)


def splitting(s):
    """The positions of cuts count from 1."""
    for shape, dtype in itertools.product([(6,), (4, 6), (2, 3, 4)], DTYPES[:2]):
        a = s.operand(shape, dtype)
        for at in axes_of(shape):
            for parts in range(1, 7):
                if shape[at] % parts == 0:
                    s.case(f"np.split(a, {parts}, {at})", f"split(a, {parts}, {axis(at)})", a=a)
            if shape[at] > 2:
                s.case(f"np.split(a, [1, 2], {at})", f"split(a, {{2, 3}}, {axis(at)})", a=a)


def padding(s):
    widths = [(1, "1"), ((2, 1), "{2, 1}"), (0, "0")]
    modes = ["constant", "edge", "reflect", "symmetric", "wrap"]
    for shape, dtype, mode in itertools.product([(5,), (3, 4), (2, 3, 4)], ("float64", "uint8"), modes):
        a = s.operand(shape, dtype)
        for numpy, lua in widths:
            if mode in ("reflect",) and min(shape) < 3 and numpy != 1:
                continue
            s.case(f"np.pad(a, {numpy}, mode='{mode}')", f'pad(a, {lua}, {{mode="{mode}"}})', a=a)
        each = tuple((i, 1) for i in range(len(shape)))
        if mode != "reflect" or len(shape) < 3:
            s.case(f"np.pad(a, {each}, mode='{mode}')",
                   f'pad(a, {{{", ".join(braces(e) for e in each)}}}, {{mode="{mode}"}})', a=a)
        s.case(f"np.pad(a[::-1], 1, mode='{mode}')", f'pad(a["::-1"], 1, {{mode="{mode}"}})', a=a)
    s.case("np.pad(a, 2, constant_values=7)", "pad(a, 2, {value=7})", a=s.operand((2, 3)))
    s.case("np.pad(a, 1)", "pad(a, 1)", a=s.operand((0, 3)))


def triangles(s):
    for shape, dtype in itertools.product([(3, 3), (3, 4), (4, 2), (2, 3, 4), (0, 3)], DTYPES):
        a = s.operand(shape, dtype)
        for k in (-2, -1, 0, 1, 3):
            s.case(f"np.tril(a, {k})", f"tril(a, {k})", a=a)
            s.case(f"np.triu(a, {k})", f"triu(a, {k})", a=a)
            if len(shape) == 2:
                s.case(f"np.diag(a, {k})", f"diag(a, {k})", a=a)
    for n, k in itertools.product((0, 1, 3), (-2, 0, 1)):
        s.case(f"np.diag(a, {k})", f"diag(a, {k})", a=s.operand((n,)))


def grids(s):
    for sizes in [(3, 2), (1, 4), (0, 2), (2, 3, 2)]:
        vectors = {name: s.operand((n,)) for name, n in zip("xyz", sizes)}
        names = ", ".join(vectors)
        s.case(f"np.meshgrid({names})", f"{{meshgrid({names})}}", **vectors)
        s.case(f"np.meshgrid({names}, indexing='ij')", f'{{meshgrid({names}, {{indexing="ij"}})}}', **vectors)
    for shape, dtype in itertools.product([(5,), (2, 3), (0,)], ("int64", "uint8")):
        a = np.abs(s.operand(shape, dtype, "ties")) % 5
        s.case("np.eye(5)[a]", "one_hot(a, 5)", a=a)
        if a.size:
            s.case("np.eye(a.max() + 1)[a]", "one_hot(a)", a=a)
        s.case("np.eye(6, dtype='uint8')[a]", 'one_hot(a, 6, {dtype="uint8"})', a=a)
    for dtype in DTYPES:
        s.case("np.full_like(a, 1)", "full_like(a, 1)", a=s.operand((3, 4), dtype))


FAMILIES = [turning, repeating, splitting, padding, triangles, grids]
