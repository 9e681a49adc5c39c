"""The command line: what is run, where output goes, exit statuses."""

import os
import re
import shutil
import signal
import subprocess
import time

from terminal import GRADUS, contains, environment, equal, gradus, run_all, test


def write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w") as file:
        file.write(text)
    return path


@test("-e runs code and prints the value of an expression")
def _(folder):
    equal(gradus("-e", "1 + 1"), (0, "2\n", ""))
    equal(gradus("-e", "x = 2"), (0, "", ""))
    equal(gradus("-e", "print(...)", "a", "b"), (0, "a\tb\n", ""))


@test("-e that fails has status 1 and the message on stderr")
def _(folder):
    status, out, err = gradus("-e", "print(1) error('broken')")
    equal((status, out), (1, "1\n"))
    contains(err, "broken")
    equal(gradus("-e", "1 +")[0], 1)
    equal(gradus("-e")[0], 2)


@test("A script gets its arguments, prints no values by itself, and may begin with #!")
def _(folder):
    path = write(folder, "s.lua", "#!/usr/bin/env gradus\nlocal a = ...\nprint(a, arg[2], #arg)\n")
    equal(gradus(path, "one", "--seed"), (0, "one\t--seed\t2\n", ""))


@test("A script that fails has status 1, and names file and line with the calls that led there")
def _(folder):
    write(folder, "s.lua", "local function f()\n  error('broken')\nend\nf()\n")
    status, out, err = gradus("s.lua", folder=folder)
    equal((status, out), (1, ""))
    contains(err, "gradus: s.lua:2: broken")
    contains(err, "s.lua:4: in the main part")
    write(folder, "bad.lua", "x = = 1\n")
    status, _, err = gradus("bad.lua", folder=folder)
    equal(status, 1)
    contains(err, "bad.lua:1: ")


@test("A script hears on stderr what makes its result wrong, and its results stay clean")
def _(folder):
    write(folder, "s.lua", """
random.seed(1)
m = nn.Sequential{nn.Dense{2, activation="softmax", input_shape={3}}}
m:compile{optimizer="sgd", loss=losses.sparse_categorical_crossentropy{from_logits=true}}
m:fit{random.rand(8, 3), tensor{0, 1, 0, 1, 0, 1, 0, 1}, epochs=1, verbose=0}
print("done")
""")
    status, out, err = gradus("s.lua", folder=folder)
    equal((status, out), (0, "done\n"))
    contains(err, "note: ")
    contains(err, "softmax")


@test("What is no script fails with one line that says why")
def _(folder):
    def failing(content):
        with open(os.path.join(folder, "s.lua"), "wb") as file:
            file.write(content)
        status, out, err = gradus("s.lua", folder=folder)
        equal((status, out, err.count("\n"), len(err) < 200), (1, "", 1, True))
        return err
    contains(failing(b"\x1bLua\x54\x00"), "s.lua: this is compiled Lua")
    contains(failing(bytes(range(256))), "s.lua:1: ")
    contains(failing(b"x = '" + b"a" * 1000000), "unfinished string")
    contains(failing(b"x = '" + b"a" * 1000000 + b"\n"), "aaa...'")
    equal(gradus("-e", ""), (0, "", ""))
    equal(gradus("-", stdin="x = '" + "a" * 1000000 + "' print(#x)"), (0, "1000000\n", ""))


@test("error without a message, or with a table, says so")
def _(folder):
    contains(gradus("-e", "error(nil)")[2], "give error a message")
    contains(gradus("-e", "error({})")[2], "error was called with a table instead of a message")
    contains(gradus("-e", "local function f() return 1 + f() end f()")[2], "nest too deeply")
    equal(gradus("-e", "io.write('kept') os.exit(3)"), (3, "kept", ""))


@test("A closed standard input is no script, and reading from it gives nothing")
def _(folder):
    for arguments, status, out in (("-e 'print((io.read()))'", 0, "nil\n"), ("-", 2, "")):
        done = subprocess.run(f"'{GRADUS}' {arguments} <&-", shell=True, capture_output=True, text=True,
                              env=environment(folder))
        equal((done.returncode, done.stdout), (status, out))


@test("A program away from its lessons and data says where they should be")
def _(folder):
    alone = os.path.join(folder, "gradus")
    shutil.copy(GRADUS, alone)
    def run(*args):
        done = subprocess.run([alone, *args], capture_output=True, text=True, env=environment(folder), cwd=folder)
        return done.returncode, done.stdout, done.stderr
    equal(run("-e", "metrics and nn.Dense and ones(2)"), (0, "[1. 1.]\n", ""))
    for args in (["lesson"], ["lesson", "run", "neuron"]):
        status, out, err = run(*args)
        equal((status, out), (1, ""))
        contains(err, "the lessons that come with gradus are not where they belong")
    contains(run("-e", "data.digits()")[2], "digits.csv.gz")


@test("A script requires the modules beside it, and its globals are the learner's")
def _(folder):
    write(folder, "tools.lua", "shared = 5\nreturn {twice = function(x) return 2 * x end}\n")
    write(folder, "s.lua", "local tools = require 'tools'\nprint(tools.twice(4), shared, require 'tools' == tools)\n")
    equal(gradus("s.lua", folder=folder), (0, "8\t5\ttrue\n", ""))


@test("Standard input is a script, with - and without a terminal")
def _(folder):
    equal(gradus("-", stdin="print(2)\n"), (0, "2\n", ""))
    equal(gradus(stdin="print(3)\n"), (0, "3\n", ""))
    equal(gradus("-", stdin="error()\n")[0], 1)


@test("--help and --version say what they should on stdout")
def _(folder):
    status, out, err = gradus("--help")
    equal((status, err), (0, ""))
    contains(out, "gradus FILE.lua [ARG...]")
    status, out, _ = gradus("--version")
    equal(status, 0)
    contains(out, "gradus 0.")


@test("Wrong usage has status 2 and a suggestion")
def _(folder):
    for args, part in [(["--versoin"], 'did you mean "--version"?'), (["lessn"], 'did you mean "lesson"?'),
                       (["--seed", "x", "-e", "1"], "--seed takes a whole number"), (["--threads"], "needs a value"),
                       (["nowhere.lua"], "nowhere.lua"), (["present", "cnn"], "not built yet")]:
        status, out, err = gradus(*args)
        equal((status, out), (2, ""))
        contains(err, part)


@test("A file that cannot be read is wrong usage")
def _(folder):
    equal(gradus(folder)[0], 2)


@test("--threads and GRADUS_THREADS set the number of threads")
def _(folder):
    contains(gradus("--threads", "3", "doctor")[1], "threads    3\n")
    contains(gradus("doctor", GRADUS_THREADS="5")[1], "threads    5\n")
    equal(gradus("-e", "1", GRADUS_THREADS="many")[0], 2)


@test("doctor names what computes, what is left of memory, what draws and where it shows")
def _(folder):
    status, out, err = gradus("doctor", GRADUS_ISA="baseline", TERM="vt100")
    equal((status, err), (0, ""))
    facts = dict(line.split(None, 1) for line in out.splitlines())
    equal(facts["kernels"], "baseline")
    contains(facts["memory"], "GiB left")
    contains(facts["BLAS"], "OpenBLAS, its kernels for ")
    contains(facts["FFT"], "fftw-3")
    contains(facts["gnuplot"], "dumb")
    contains(facts["terminal"], "vt100, the output is no terminal, no display")


@test("doctor says how to get what is missing, and goes on")
def _(folder):
    write(folder, "libopenblas.so.0", "not a library")
    status, out, _ = gradus("doctor", GRADUS_GNUPLOT="/nonexistent", LD_LIBRARY_PATH=folder)
    equal(status, 0)
    contains(out, "\n  sudo apt install libopenblas0-pthread gnuplot-nox\n")
    contains(gradus("doctor", GRADUS_GNUPLOT="/nonexistent", DISPLAY=":7")[1], "\n  sudo apt install gnuplot-qt\n")
    equal("apt install" in gradus("doctor")[1], False)


@test("doctor says where lessons, datasets, the start-up file, the history and fetched sets are, and makes none of them")
def _(folder):
    _, out, _ = gradus("doctor", folder=folder)
    for line in (r"lessons    \d+ in /.*/lessons", r"datasets   \d+ in /.*/datasets",
                 f"start-up   {folder}/config/gradus/init.lua \\(there is none\\)",
                 f"history    {folder}/state/gradus/history \\(there is none yet\\)", f"fetches    {folder}/.cache/gradus"):
        equal(re.search(f"^{line}$", out, re.M) is not None, True)
    equal(os.listdir(folder), [])
    for place in ("config", "state"):
        os.makedirs(os.path.join(folder, place, "gradus"))
    write(folder, "config/gradus/init.lua", "")
    write(folder, "state/gradus/history", "")
    _, out, _ = gradus("doctor", folder=folder)
    contains(out, f"start-up   {folder}/config/gradus/init.lua\n")
    contains(out, f"history    {folder}/state/gradus/history\n")
    contains(gradus("doctor", HOME="", XDG_STATE_HOME="here")[1], "nothing is remembered: neither XDG_STATE_HOME nor HOME")


@test("A missing OpenBLAS costs the large products, with one clear message, and nothing else")
def _(folder):
    write(folder, "libopenblas.so.0", "not a library")
    status, out, err = gradus("-e", "print(ones(2, 2):dot(ones(2, 2)))\nones(50, 50):dot(ones(50, 50))", LD_LIBRARY_PATH=folder)
    equal((status, out), (1, "[[2. 2.]\n [2. 2.]]\n"))
    contains(err, "matrix products and decompositions need OpenBLAS")


@test("Starting loads no OpenBLAS and starts no thread, and a product keeps the learner's environment")
def _(folder):
    code = """
      local function count(text, part) return select(2, text:gsub(part, '')) end
      local function read(name) local file = io.open(name) local text = file:read('a') file:close() return text end
      print(count(read('/proc/self/maps'), 'openblas'), read('/proc/self/status'):match('Threads:%s*(%d+)'))
      ones(50, 50):dot(ones(50, 50))
      print(count(read('/proc/self/maps'), 'openblas') > 0, os.getenv('OPENBLAS_NUM_THREADS'))"""
    equal(gradus("-e", code, "--threads", "1", OPENBLAS_NUM_THREADS="7"), (0, "0\t1\ntrue\t7\n", ""))


@test("Ctrl-C ends a script with a message and status 130")
def _(folder):
    for code in ("print('go') while true do end", "print('go') while true do pcall(function() while true do end end) end",
                 "print('go') io.read()"):
        child = subprocess.Popen([GRADUS, "-e", "io.stdout:setvbuf('no') " + code], stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(folder))
        equal(child.stdout.readline(), "go\n")
        time.sleep(0.1)
        child.send_signal(signal.SIGINT)
        child.wait(timeout=20)
        err = child.stderr.read()
        for stream in (child.stdin, child.stdout, child.stderr):
            stream.close()
        equal((child.returncode, err), (130, "gradus: interrupted\n"))


@test("Ctrl-C ends an unattended lesson with a message and status 130")
def _(folder):
    child = subprocess.Popen([GRADUS, "lesson", "run", "cnn"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True, env=environment(folder), cwd=folder)
    while " 1/" not in (line := child.stdout.readline()) and line:
        pass
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=20)
    equal((child.returncode, err), (130, "gradus: interrupted\n"))


@test("A reader that goes away ends a script instead of letting it run on")
def _(folder):
    child = subprocess.Popen(f"'{GRADUS}' -e 'while true do print(1) end' | head -n 1", shell=True,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(folder))
    out, err = child.communicate(timeout=20)
    equal(out, "1\n")
    contains(err, "Broken pipe")


@test("What cannot be written is an error with a message, not silence")
def _(folder):
    for arguments in ("-e 'print(1)'", "--help", "doctor", "lesson"):
        done = subprocess.run(f"'{GRADUS}' {arguments} > /dev/full", shell=True, capture_output=True, text=True,
                              env=environment(folder))
        equal((done.returncode, done.stderr), (1, "gradus: the output cannot be written: No space left on device\n"))
        done = subprocess.run(f"'{GRADUS}' {arguments} >&-", shell=True, capture_output=True, text=True,
                              env=environment(folder))
        equal((done.returncode, done.stderr), (1, "gradus: the output cannot be written: Bad file descriptor\n"))
    # What is told at once, while something goes on, too.
    done = subprocess.run(f"'{GRADUS}' -e 'data.summary(data.xor())' > /dev/full", shell=True, capture_output=True,
                          text=True, env=environment(folder))
    equal(done.returncode, 1)
    contains(done.stderr, "the output cannot be written: No space left on device")


@test("Ctrl-C while gradus starts ends it with status 130, or as the signal does, without a traceback")
def _(folder):
    for i in range(40):
        child = subprocess.Popen([GRADUS, "-e", "while true do end"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True, env=environment(folder))
        time.sleep(i * 0.0005)
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=20)
        if child.returncode != -signal.SIGINT:
            equal((child.returncode, out, err), (130, "", "gradus: interrupted\n"))


run_all()
