#!/usr/bin/env python3
"""Makes cases.tsv and cases.npz, the conformance cases that test_numpy.lua replays: run it by hand with the
distribution's python3-numpy, and keep what it made.

    /usr/bin/python3 tests/numpy/make_cases.py [--seed N]

The same seed and the same NumPy give the same cases. suite.py says what a case is and where gradus differs from NumPy
on purpose; each other file has the cases of some families.
"""
import argparse
import itertools
import os
import warnings

import arithmetic
import arrays
import linear
import printing
import rearranging
import reductions
import streams
import suite
import transforms

warnings.simplefilter("ignore")  # means of nothing, and the like: such cases are wanted

MODULES = [arrays, rearranging, arithmetic, reductions, linear, transforms, streams, printing]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    cases = suite.Suite(parser.parse_args().seed)
    for family in itertools.chain(*(module.FAMILIES for module in MODULES)):
        cases.begin(family.__name__.replace("_", " "))
        family(cases)
    cases.write(os.path.dirname(os.path.abspath(__file__)))
    for name, lines in cases.families.items():
        print("%5d %s" % (len(lines), name))
    print("%5d cases" % sum(map(len, cases.families.values())))


if __name__ == "__main__":
    main()
