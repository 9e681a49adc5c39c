"""A gradus on a pseudo-terminal, and a small TAP harness."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import traceback

import pexpect

GRADUS = os.path.abspath(sys.argv[1])
TIMEOUT = 20  # seconds: under the sanitizers and on a busy machine everything is slow

tests = []


class Skip(Exception):
    """Raised by a test that cannot run here, with the reason."""


def test(sentence):
    """Registers a function under a sentence."""

    def register(function):
        tests.append((sentence, function))
        return function

    return register


def run_all():
    failed = 0
    print(f"1..{len(tests)}")
    for number, (sentence, function) in enumerate(tests, 1):
        with tempfile.TemporaryDirectory() as folder:
            try:
                function(folder)
                print(f"ok {number} - {sentence}", flush=True)
            except Skip as reason:
                print(f"ok {number} - {sentence} # SKIP {reason}", flush=True)
            except Exception:
                failed += 1
                print(f"{sentence}:\n{traceback.format_exc()}", file=sys.stderr)
                print(f"not ok {number} - {sentence}", flush=True)
    sys.exit(failed > 0)


def environment(folder, **more):
    env = {key: value for key, value in os.environ.items() if key not in ("DISPLAY", "WAYLAND_DISPLAY", "NO_COLOR")}
    env.update(HOME=folder, XDG_STATE_HOME=os.path.join(folder, "state"),
               XDG_CONFIG_HOME=os.path.join(folder, "config"), VISUAL="", TERM="xterm", INPUTRC="/dev/null")
    env.update(more)
    return env


CONTROL = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\r")


class Shell:
    """A gradus in which lines are typed. `do` returns what a line printed, without colours."""

    def __init__(self, folder, *args, before=None, **env):
        def prepare():
            signal.signal(signal.SIGHUP, signal.SIG_DFL)  # under nohup it is ignored, and what is ignored is inherited
            if before:
                before()

        self.child = pexpect.spawn(GRADUS, list(args), encoding="utf-8", timeout=TIMEOUT, dimensions=(40, 200),
                                   env=environment(folder, **env), cwd=folder, preexec_fn=prepare)
        self.child.delaybeforesend = None
        self.banner = self.until_prompt()

    def until_prompt(self, prompt="> "):
        self.child.expect(r"\x1b\[\?2004h" + re.escape(prompt))
        return CONTROL.sub("", self.child.before)

    def type(self, text):
        self.child.send(text)

    def do(self, line, prompt="> "):
        self.child.send(line + "\r")
        # Between the echo of the line and what it prints, readline switches bracketed paste off.
        self.child.expect(r"\x1b\[\?2004l\r")
        return self.until_prompt(prompt).strip("\n")

    def interrupt(self):
        self.child.sendintr()

    def leave(self):
        self.child.sendeof()
        return self.ended()

    def ended(self):
        self.child.expect(pexpect.EOF)
        self.child.close()
        return self.child.exitstatus


def gradus(*args, folder=None, stdin="", **env):
    """Runs gradus without a terminal: (status, stdout, stderr)."""
    done = subprocess.run([GRADUS, *args], input=stdin, capture_output=True, text=True, timeout=4 * TIMEOUT,
                          env=environment(folder or "/nonexistent", **env), cwd=folder)
    return done.returncode, done.stdout, done.stderr


def equal(got, wanted):
    if got != wanted:
        raise AssertionError(f"got {got!r}, wanted {wanted!r}")


def contains(text, part):
    if part not in text:
        raise AssertionError(f"{part!r} is not in {text!r}")
