"""The Debian package: built as packaging/build-deb builds it, unpacked, and used away from the tree. (Installed on a clean
system it is tested by packaging/test-deb, which needs root and takes minutes.)"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

TREE = pathlib.Path(__file__).resolve().parents[2]
GRADUS = os.path.abspath(sys.argv[1])
tests = []


def test(sentence):
    return lambda function: tests.append((sentence, function))


def output(*command, **more):
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, **more)
    if done.returncode != 0:
        raise AssertionError(f"{command} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def need(condition, what):
    if not condition:
        raise AssertionError(what)


@test("Its version is the program's")
def _(package, unpacked):
    need(output(GRADUS, "--version") == f"gradus {output('dpkg-deb', '-f', package, 'Version')}",
         "packaging/debian/changelog and meson.build have different versions")


@test("It depends on what is loaded while it runs, which no tool finds out")
def _(package, unpacked):
    depends = output("dpkg-deb", "-f", package, "Depends")
    for name in ("libopenblas0-pthread", "libfftw3-double3", "libfftw3-single3", "gnuplot-nox | gnuplot", "libreadline8"):
        need(name in depends, f"{name} is not in {depends}")
    # Whatever the sources load by name is a library of one of those packages.
    loaded = set(re.findall(r'"(lib[\w.-]+\.so[.\d]*)"', "".join(p.read_text() for p in (TREE / "src").rglob("*.c"))))
    known = {"libopenblas.so.0", "libfftw3.so.3", "libfftw3f.so.3"}
    need(loaded == known, f"the sources load {loaded}, the package was made for {known}")


@test("The unpacked program plays a lesson in an empty folder as a user without a home")
def _(package, unpacked):
    with tempfile.TemporaryDirectory() as empty:
        out = output(unpacked / "usr/bin/gradus", "lesson", "run", "neuron", cwd=empty, env={"PATH": os.environ["PATH"]})
        need("9.67299303" in out, out)
        need(os.listdir(empty) == ["plots"], os.listdir(empty))


@test("It brings the man page and the completion, and no trace of the folder in which it was built")
def _(package, unpacked):
    for path in ("usr/share/man/man1/gradus.1.gz", "usr/share/bash-completion/completions/gradus",
                 "usr/share/doc/gradus/copyright"):
        need((unpacked / path).is_file(), path)
    for path in unpacked.rglob("*"):
        if path.is_file():
            need(bytes(package.parent) not in path.read_bytes(), f"{path} names {package.parent}")
    need(not list(unpacked.rglob("source_root")), "source_root is installed")


@test("Each dataset and each lesson in it is under a licence that its copyright file gives")
def _(package, unpacked):
    copyright = (unpacked / "usr/share/doc/gradus/copyright").read_text()
    files = re.findall(r"^Files: (\S+)$(?:\n.+)*?\nLicense: (\S+)", copyright, re.M)
    licences = dict(files)
    for path in (unpacked / "usr/share/gradus/datasets").iterdir():
        if path.name not in ("README.md", "manifest.lua"):
            need(f"datasets/{path.name}" in licences, f"datasets/{path.name} is not in packaging/debian/copyright")
    for path in (unpacked / "usr/share/gradus/lessons").glob("[0-9]*.md"):
        licence = re.search(r"^licence: (.*)$", path.read_text(), re.M)[1].replace(" ", "-")
        need(licence.startswith(licences.get(f"lessons/{path.name}", licences["lessons/*"]).removesuffix(".0")),
             f"lessons/{path.name} is under {licence}, which packaging/debian/copyright does not say")


if sys.argv[2] != "none":
    print("1..0 # SKIP the package is built once, without sanitizers")
    sys.exit()

with tempfile.TemporaryDirectory() as folder:
    env = {**os.environ, "DEB_BUILD_OPTIONS": "nocheck"}
    built = output(TREE / "packaging/build-deb", folder, env=env).split()
    package, unpacked = pathlib.Path(built[-1]), pathlib.Path(folder, "unpacked")
    output("dpkg-deb", "-x", package, unpacked)
    failed = 0
    print(f"1..{len(tests)}")
    for number, (sentence, function) in enumerate(tests, 1):
        try:
            function(package, unpacked)
            print(f"ok {number} - {sentence}", flush=True)
        except Exception as problem:
            failed += 1
            print(f"{sentence}:\n{problem}", file=sys.stderr)
            print(f"not ok {number} - {sentence}", flush=True)
    sys.exit(failed > 0)
