"""bench/ still works: every workload runs once, contestants agree, and what is wrong is said. No time is asserted."""

import pathlib
import subprocess
import sys
import tempfile

gradus = sys.argv[1]
root = pathlib.Path(__file__).resolve().parents[2]
tests = []


def test(sentence):
    return lambda function: tests.append((sentence, function))


def bench(*arguments, python=sys.executable):
    done = subprocess.run([sys.executable, str(root / "bench/run"), "--gradus", gradus, "--python", python, *arguments],
                          capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def suite(text):
    file = tempfile.NamedTemporaryFile("w", suffix=".toml")
    file.write(text)
    file.flush()
    return file


def expect(found, what):
    if not found:
        raise AssertionError(what)


@test("Every workload of every suite runs, and who takes part agrees on the digits")
def _():
    status, said = bench("--smoke")
    expect(status == 0, said)
    for name in ("the neuron, 10,000 iterations, float", "exp, float32", "1024 x 1024, float64"):
        expect(name in said, said)


@test("Contestants are timed in turn, and a table compares them")
def _():
    with suite('[[workload]]\nname = "add"\nbar = 0.0001\ncode = {gradus = "o = 1 + 2", python = "o = 1 + 2"}\n'
               'result = "o"\n') as file:
        status, said = bench(file.name, "--rounds", "3", "--seconds", "0.001")
    expect(status == 0, said)
    row = said.splitlines()[-1]
    expect(row.startswith("add") and " python " in row and "0.0001 met" in row and row.endswith("equal"), said)


@test("Who is not installed is left out, and the run says so")
def _():
    with suite('[[workload]]\nname = "add"\ncode = {gradus = "o = 1", nosuchmodule = "o = 1"}\nresult = "o"\n') as file:
        status, said = bench(file.name, "--smoke")
        expect(status == 0 and "nosuchmodule is skipped: " in said and "\nadd" in said, said)
        status, said = bench(file.name, "--smoke", python="/nonexistent/python")
        expect(status == 0 and "nosuchmodule is skipped: /nonexistent/python" in said, said)


@test("Results that differ are shown, and the run fails")
def _():
    with suite('[[workload]]\nname = "pi"\ncode = {gradus = "o = 3.14159", python = "o = 3.14160"}\n'
               'result = "o"\n') as file:
        status, said = bench(file.name, "--smoke")
    expect(status == 1 and "DIFFER" in said, said)


@test("What the course's models reach on made pictures of waste is measured")
def _():
    done = subprocess.run([gradus, str(root / "bench/waste.lua"), "models", "leaks", "knobs", "scale", "n=60", "seeds=2",
                           "epochs=1"], capture_output=True, text=True)
    expect(done.returncode == 0, done.stderr)
    for name in ("always no bottle ", "CNN 7,682, colour, class weights ", "area under the ROC curve (0.5) ", "scale=1 "):
        expect("\n" + name in done.stdout, done.stdout)
    expect("from 0 to 1 it costs" in done.stdout, done.stdout)


@test("Code that fails is named with its contestant, and the rest still runs")
def _():
    with suite('[[workload]]\nname = "broken"\ncode = {gradus = "o = sigmiod(0)", python = "o = 1"}\n'
               '[[workload]]\nname = "sound"\ncode = {gradus = "o = 2", python = "o = 2"}\nresult = "o"\n') as file:
        status, said = bench(file.name, "--smoke")
    expect(status == 1 and "broken: gradus: " in said and 'did you mean "sigmoid"' in said, said)
    expect("equal" in said.splitlines()[-1], said)


@test("A suite with a misspelt key, or none of that name, is a message")
def _():
    with suite('[[workload]]\nname = "a"\nsetpu = {}\ncode = {gradus = "o = 1"}\n') as file:
        status, said = bench(file.name, "--smoke")
    expect(status == 1 and 'there is no key "setpu"' in said and "Traceback" not in said, said)
    status, said = bench("smalll")
    expect(status == 1 and "there are " in said and "Traceback" not in said, said)


@test("startup times the way to the first prompt, and says what a program that has none says")
def _():
    command = [sys.executable, str(root / "bench/startup"), "--rounds", "2", "--gradus"]
    done = subprocess.run([*command, gradus], capture_output=True, text=True)
    row = [line for line in done.stdout.splitlines() if line.startswith("gradus ")]
    expect(done.returncode == 0 and len(row) == 1 and row[0].endswith(" MB"), done.stdout + done.stderr)
    done = subprocess.run([*command, "/bin/echo"], capture_output=True, text=True)
    expect(done.returncode == 1 and "ended before its prompt" in done.stderr, done.stdout + done.stderr)


print(f"1..{len(tests)}")
failed = False
for number, (sentence, function) in enumerate(tests, 1):
    try:
        function()
        print(f"ok {number} - {sentence}")
    except AssertionError as problem:
        failed = True
        print(f"not ok {number} - {sentence}")
        print(problem, file=sys.stderr)
sys.exit(failed)
