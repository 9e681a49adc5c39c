"""Contestants: long-lived child processes that run a workload when they are asked.

Both sides speak in lines. A request is "VERB NUMBER LENGTH" and LENGTH bytes of code; the answer is a line that begins
with "bench: " (whatever else a workload prints is kept for messages of error only). The verbs are

    do    0 LENGTH      run the code once, untimed          -> bench: done
    time  N LENGTH      run it N times in a loop            -> bench: ELAPSED PROCESSOR   (seconds)
    value N LENGTH      at most N numbers of an expression  -> bench: COUNT NUMBER...

and either may answer "bench: error MESSAGE". Compiling is not timed; nor is a full collection of garbage before each
measurement, so that no workload pays for the one before it."""

import contextlib
import os
import pathlib
import subprocess
import tempfile

PEERS = pathlib.Path(__file__).resolve().parent.parent / "peers"


class Failed(Exception):
    """A contestant did not answer, or answered with an error."""


class Contestant:
    def __init__(self, name, command, environment):
        self.name = name
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
        self.about = self._answer()

    def _answer(self):
        said = []
        for line in self.process.stdout:
            text = line.decode(errors="replace").rstrip("\n")
            if text.startswith("bench: "):
                answer = text.removeprefix("bench: ")
                if answer.startswith("error "):
                    raise Failed(f"{self.name}: {answer.removeprefix('error ')}")
                return answer
            said.append(text)
        raise Failed(f"{self.name} ended (status {self.process.wait()})" + "".join(f"\n  {text}" for text in said[-5:]))

    def _ask(self, verb, number, code):
        data = code.encode()
        try:
            self.process.stdin.write(f"{verb} {number} {len(data)}\n".encode() + data)
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # the answer says what happened
        return self._answer()

    def do(self, code):
        self._ask("do", 0, code)

    def time(self, repeats, code):
        """Seconds elapsed, and seconds of the processor, for all the repeats together."""
        elapsed, processor = self._ask("time", repeats, code).split()
        return float(elapsed), float(processor)

    def value(self, most, expression):
        """How many numbers the expression has, and at most `most` of them, evenly spaced."""
        count, *numbers = self._ask("value", most, expression).split()
        return int(count), [float(number) for number in numbers]

    def stop(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


def _environment(given, scratch):
    count = str(given.threads)
    # glibc gives large blocks back to the system and asks for them anew: half of PyTorch's time in a training step.
    # Nobody should lose by that; gradus keeps its memory by itself.
    keep = {"MALLOC_MMAP_THRESHOLD_": "268435456", "MALLOC_TRIM_THRESHOLD_": "536870912", "MALLOC_TOP_PAD_": "67108864"}
    smoke = {"BENCH_SMOKE": "1"} if given.smoke else {}
    return {**os.environ, **keep, **smoke, "BENCH_FOLDER": scratch, "GRADUS_THREADS": count, "OPENBLAS_NUM_THREADS": count, "OMP_NUM_THREADS": count,
            "MKL_NUM_THREADS": count, "PYTHONDONTWRITEBYTECODE": "1"}


def _command(name, suite, given):
    # A contestant of that name is Python with the module of that name, unless the suite says otherwise; that may be
    # gradus again, to compare two ways of doing the same.
    module = suite.modules.get(name, name)
    if module == "gradus":
        return [str(given.gradus), str(PEERS / "peer.lua")]
    return [given.python, str(PEERS / "peer.py"), module]


@contextlib.contextmanager
def start_all(suite, given):
    """The contestants of a suite that are there, by name. Who is not is said, and left out. They share a folder for
    files, whose name is in BENCH_FOLDER and which is removed in the end."""
    running = {}
    scratch = tempfile.TemporaryDirectory()
    try:
        for name in suite.contestants():
            try:
                contestant = Contestant(name, _command(name, suite, given), _environment(given, scratch.name))
                running[name] = contestant
                if contestant.about.startswith("absent "):
                    print(f"{name} is skipped: {contestant.about.removeprefix('absent ')}")
                    running.pop(name).stop()
            except OSError as problem:
                print(f"{name} is skipped: {problem.filename}: {problem.strerror}")
        yield running
    finally:
        for contestant in running.values():
            contestant.stop()
        scratch.cleanup()
