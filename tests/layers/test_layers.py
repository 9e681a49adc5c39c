"""Who may include whom: a folder of src includes lower ranks or itself, and a foreign library has one door. And how wide a
line may be."""

import pathlib
import re
import subprocess
import sys

root = pathlib.Path(sys.argv[1])
compiler = sys.argv[2:]

RANKS = {"base": 0, "tensor": 1, "text": 1, "kernel": 2, "grad": 3, "data": 3, "plot": 3, "bind": 4, "shell": 5}

# Header (a pattern) -> the folders or files that may include it.
DOORS = {
    r"cblas|lapacke|openblas": ["kernel/matmul.c"],
    r"fftw3": ["kernel/fft.c"],
    r"png": ["data/png.c"],
    r"jpeglib|turbojpeg": ["data/jpeg.c"],
    r"zlib": ["data/"],
    r"cmark": ["text/markdown.c"],
    r"cjson|cJSON": ["text/json.c"],
    r"lua|lauxlib|lualib": ["bind/", "shell/"],
    r"readline|history": ["shell/readline.c"],
}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')

sources = sorted(path for path in (root / "src").rglob("*.[ch]"))
tests = []


def test(sentence):
    return lambda function: tests.append((sentence, function))


def includes():
    for path in sources:
        name = path.relative_to(root / "src").as_posix()
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            if match:
                yield name, number, match[1] == '"', match[2]


@test("A folder includes only folders of a lower rank, or itself")
def _():
    for name, number, ours, header in includes():
        folder = name.split("/")[0]
        if not ours:
            continue
        other = header.split("/")[0]
        if other not in RANKS:
            yield f"src/{name}:{number}: {header} is not named from src/, as in \"base/err.h\""
        elif other != folder and RANKS[other] >= RANKS[folder]:
            yield f"src/{name}:{number}: {folder} (rank {RANKS[folder]}) includes {header} (rank {RANKS[other]})"


@test("Every folder of src has a rank")
def _():
    for path in (root / "src").iterdir():
        if path.is_dir() and path.name not in RANKS:
            yield f"src/{path.name}"


@test("A foreign library is included behind its door only")
def _():
    for name, number, ours, header in includes():
        if ours:
            continue
        stem = pathlib.PurePosixPath(header)
        for pattern, doors in DOORS.items():
            is_it = re.fullmatch(pattern, stem.stem) or re.fullmatch(pattern, stem.parts[0].removesuffix(".h"))
            if is_it and not any(name.startswith(door) for door in doors):
                yield f"src/{name}:{number}: {header} belongs to {', '.join(doors)}"


@test("Each header compiles alone")
def _():
    for path in sources:
        if path.suffix != ".h":
            continue
        done = subprocess.run([*compiler, "-std=gnu11", "-D_GNU_SOURCE", "-fsyntax-only", "-x", "c", f"-I{root / 'src'}",
                               str(path)], capture_output=True, text=True)
        if done.returncode:
            yield f"{path.relative_to(root)}: {done.stderr.splitlines()[0]}"


@test("No line is wider than 110 columns in C and 120 in Lua")
def _():
    widths = {".c": 110, ".h": 110, ".lua": 120}
    for folder in ("src", "lua", "lessons", "tests"):
        for path in sorted((root / folder).rglob("*")):
            for number, line in enumerate(path.read_text().splitlines(), 1) if path.suffix in widths else ():
                if len(line) > widths[path.suffix]:
                    yield f"{path.relative_to(root)}:{number}: {len(line)} columns"


print(f"1..{len(tests)}")
failed = False
for number, (sentence, function) in enumerate(tests, 1):
    findings = list(function())
    for finding in findings:
        print(finding, file=sys.stderr)
    print(f"{'not ok' if findings else 'ok'} {number} - {sentence}")
    failed = failed or bool(findings)
sys.exit(failed)
