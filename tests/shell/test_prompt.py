"""The prompt, as someone at a terminal meets it."""

import os
import re
import resource
import shutil
import signal
import time

import pexpect

from terminal import CONTROL, GRADUS, TIMEOUT, Shell, contains, environment, equal, run_all, test


@test("The banner is one line and names the ways to go on; the very first start offers the tour")
def _(folder):
    contains(Shell(folder).banner, ":tutorial is a tour of two minutes")
    banner = Shell(folder).banner.strip()
    equal(banner.count("\n"), 0)
    for word in ("gradus", ":help", ":lessons", "Ctrl-D"):
        contains(banner, word)


@test("The prompt is there before anything that it does not need is loaded")
def _(folder):
    shell = Shell(folder)
    # Lua's own list of modules, which a learner's package.loaded only mirrors.
    shell.do("loaded = require('package').loaded;")
    for module in ("nn", "optim", "plot", "data", "lesson", "metrics", "grad", "shell.doctor"):
        equal(shell.do(f"loaded['gradus.{module}'] == nil"), "true")
    equal(shell.do("loaded['gradus.session'] ~= nil"), "true")
    shell.do("nn.Dense;")
    equal(shell.do("loaded['gradus.nn'] ~= nil"), "true")


# What the prompt is made of. A name is added here only for what each start has to pay.
FIRST_MODULES = """builtins lazy options session/compile session/environment session/init session/lua_library
    session/record session/sink shell/command_line shell/history shell/init state""".split()
FIRST_LIBRARIES = "ld-linux-x ld-linux-aarch c cjson cmark jpeg m png readline tinfo z".split()


@test("Up to the first prompt no Lua is read but what makes it, and no library is loaded that computes or draws")
def _(folder):
    # A tree of its own, in which every other file would end the start with an error.
    built = os.path.dirname(GRADUS)
    with open(os.path.join(built, "source_root")) as file:
        tree = os.path.join(built, file.read())
    shutil.copy(GRADUS, folder)
    shutil.copytree(os.path.join(tree, "lua"), os.path.join(folder, "lua"))
    with open(os.path.join(folder, "source_root"), "w") as file:
        file.write(folder)
    ours = os.path.join(folder, "lua", "gradus")
    for path, _, names in os.walk(ours):
        for name in names:
            place = os.path.join(path, name)
            if name.endswith(".lua") and os.path.relpath(place, ours).removesuffix(".lua") not in FIRST_MODULES:
                with open(place, "w") as file:
                    file.write(f"error('{name} is read before the first prompt')")
    child = pexpect.spawn(os.path.join(folder, "gradus"), encoding="utf-8", timeout=TIMEOUT, env=environment(folder))
    child.expect([r"\x1b\[\?2004h> ", pexpect.EOF])
    equal(CONTROL.sub("", child.before).count("\n"), 2)
    contains(child.before, "gradus ")
    with open(f"/proc/{child.pid}/maps") as file:
        mapped = set(re.findall(r"/(?:lib)?([a-z_+-]+)[^/]*\.so[^/]*$", file.read(), re.M))
    child.sendintr()
    child.close(force=True)
    unknown = {name for name in mapped if name not in FIRST_LIBRARIES and "san" not in name}
    equal(unknown - {"gcc_s", "stdc++"}, set())  # these two come with the sanitizers


@test("An expression prints its value and a semicolon keeps it quiet")
def _(folder):
    shell = Shell(folder)
    equal(shell.do("1 + 1"), "2")
    equal(shell.do("1 + 1;"), "")
    equal(shell.do("0.1 + 0.2"), "0.30000000000000004")
    equal(shell.do("6 / 2"), "3.0")
    equal(shell.do("nil"), "")
    equal(shell.do("1, nil, 'three'"), "1\nnil\nthree")
    equal(shell.do("zeros(2, 2)"), "[[0. 0.]\n [0. 0.]]")
    equal(shell.do("'a;' -- a comment;"), "a;")


@test("ans is the last value, also of a quiet entry")
def _(folder):
    shell = Shell(folder)
    shell.do("6 * 7;")
    equal(shell.do("ans"), "42")
    equal(shell.do("ans + 1"), "43")
    equal(shell.do("x = 5"), "")
    equal(shell.do("ans"), "43")


@test("An entry may end in an expression, as a notebook's cell does")
def _(folder):
    shell = Shell(folder)
    equal(shell.do("x = 3; x * 2"), "6")
    equal(shell.do("local y = 4; y * y"), "16")


@test("Unfinished input continues and a mistake in it does not")
def _(folder):
    shell = Shell(folder)
    equal(shell.do("for i = 1, 2 do", ">> "), "")
    equal(shell.do("print(i)", ">> "), "")
    equal(shell.do("end"), "1\n2")
    contains(shell.do("for i = = 1"), "error: ")
    equal(shell.do("x = [[a", ">> "), "")
    equal(shell.do("b]]"), "")
    equal(shell.do("x"), "a\nb")


@test("A tensor takes no more than the screen, and the first in part says how to see all of it")
def _(folder):
    shell = Shell(folder)  # 40 lines
    shown = shell.do("zeros(300, 1)")
    equal(shown.split("\nnote: ")[0], "[[0.]\n [0.]\n [0.]\n ...\n [0.]\n [0.]\n [0.]]")
    contains(shown, "ans:tostring{threshold=math.huge} gives all of it")
    equal(len(shell.do("ans:tostring{threshold=math.huge}").split("\n")), 300)
    equal(shell.do("zeros(99, 1)").count("\n"), 6)  # said once
    equal(shell.do("zeros(30, 1)").count("\n"), 29)
    shell.do("set_printoptions{threshold=math.huge}")
    equal(shell.do("zeros(99, 1)").count("\n"), 98)
    shell.child.setwinsize(40, 30)
    equal(shell.do("arange(12)"), "[ 0.  1.  2.  3.  4.  5.  6.\n  7.  8.  9. 10. 11.]")


@test("Ctrl-C clears the line and a continued entry, and the session goes on")
def _(folder):
    shell = Shell(folder)
    shell.do("x = 1")
    shell.type("x = 2")
    shell.interrupt()
    shell.until_prompt()
    equal(shell.do("x"), "1")
    shell.do("for i = 1, 3 do", ">> ")
    shell.type("x = 3")
    shell.interrupt()
    shell.until_prompt()
    equal(shell.do("x"), "1")


@test("No Ctrl-C is lost, however soon it comes")
def _(folder):
    shell = Shell(folder)
    for i in range(100):
        shell.type("x = 2")
        shell.interrupt()
        shell.until_prompt()
        equal(shell.do(f"1 + {i}"), str(i + 1))


ENDLESS = {
    "a loop": "while true do n = n + 1 end",
    "a loop around pcall": "while true do pcall(function() while true do n = n + 1 end end) end",
    "a coroutine": "coroutine.wrap(function() while true do n = n + 1 end end)()",
    "a coroutine in a coroutine, with pcall at each level":
        "coroutine.wrap(function() while true do pcall(coroutine.wrap(function() while true do n = n + 1 end end)) end end)()",
    "a coroutine that is resumed again and again":
        "co = coroutine.create(function() while true do coroutine.yield() end end); "
        "while true do coroutine.resume(co); n = n + 1 end",
    "a handler of xpcall that never ends":
        "while true do xpcall(function() n = n + 1 while true do end end, function() while true do end end) end",
    "a comparison that never ends":
        "table.sort({1, 2, 3}, function() while true do n = n + 1 end end)",
}

for what, code in ENDLESS.items():
    @test(f"Ctrl-C stops {what} with one line, and the variables stay")
    def _(folder, code=code):
        shell = Shell(folder)
        shell.do("kept = 7; n = 0;")
        shell.type(code + "\r")
        shell.child.expect(r"\x1b\[\?2004l\r")
        time.sleep(0.3)
        shell.interrupt()
        equal(shell.until_prompt().strip("\n"), "^Cinterrupted")
        equal(shell.do("kept"), "7")
        equal(shell.do("n > 0"), "true")
        equal(shell.do("for i = 1, 1000 do pcall(error) end; 'still here'"), "still here")


@test("An undefined name is an error with a suggestion")
def _(folder):
    shell = Shell(folder)
    equal(shell.do("zeors(3)"), 'error: zeors is not defined: did you mean "zeros"?\n  zeors(3)\n  ^^^^^')
    equal(shell.do("math.sqr(3)"), 'error: math has no "sqr": did you mean "sqrt"?\n  math.sqr(3)\n       ^^^')
    equal(shell.do("weight = 3"), "")
    equal(shell.do("wieght"), 'error: wieght is not defined: did you mean "weight"?')
    equal(shell.do("qqqqqqqq"), "error: qqqqqqqq is not defined")


@test("An error in an entry of several lines, or in an earlier entry, names the line")
def _(folder):
    shell = Shell(folder)
    shell.do("function f(x)", ">> ")
    shell.do("  error('too small')", ">> ")
    shell.do("end")
    equal(shell.do("f(1)"), "error: entry 1, line 2: too small\n  error('too small')")
    contains(shell.do(":traceback"), "entry 1, line 2: in f")


@test("Assigning to a built-in says once how to get it back")
def _(folder):
    shell = Shell(folder)
    contains(shell.do("zeros = 3"), "zeros = nil brings the built-in back")
    equal(shell.do("zeros"), "3")
    equal(shell.do("zeros = nil"), "")
    equal(shell.do("zeros(1)"), "[0.]")
    equal(shell.do("zeros = 4"), "")
    shell.do("string.format = nil; table = nil; print = nil; math.floor = error")
    equal(shell.do("ones(2)"), "[1. 1.]")
    equal(shell.do("{1, {2}}"), "{1, {2}}")


@test("A local that is gone at the end of its entry is explained")
def _(folder):
    shell = Shell(folder)
    contains(shell.do("local v = 3"), "v = ... to keep it")
    equal(shell.do("local v = 3 print(v)"), "3")


@test("History lasts into the next session, entries of several lines whole")
def _(folder):
    shell = Shell(folder)
    shell.do("first = 11")
    shell.do("for i = 1, 2 do", ">> ")
    shell.do("  print(i, 'back\\\\slash')", ">> ")
    shell.do("end")
    equal(shell.leave(), 0)
    again = Shell(folder)
    again.type("\x1b[A")
    equal(again.do(""), "1\tback\\slash\n2\tback\\slash")
    again.type("\x1b[A\x1b[A")
    again.do("")
    equal(again.do("first"), "11")


@test("History survives a shell that is killed")
def _(folder):
    shell = Shell(folder)
    shell.do("answer = 42")
    shell.child.kill(9)
    shell.ended()
    again = Shell(folder)
    again.type("\x1b[A")
    again.do("")
    equal(again.do("answer"), "42")


@test("A home that cannot be written costs the history, says so once, and nothing else")
def _(folder):
    for env in ({"XDG_STATE_HOME": "/proc/nowhere"}, {"XDG_STATE_HOME": "", "HOME": ""}):
        shell = Shell(folder, **env)
        equal(shell.banner.count("the history of this session cannot be kept"), 1)
        equal(shell.do("1 + 1"), "2")
        shell.type("\x1b[A")
        equal(shell.do(""), "2")
        equal(shell.leave(), 0)


@test("A disk that is full costs the history, says so once, and nothing else")
def _(folder):
    # A file that must not grow fails as one on a full disk does.
    shell = Shell(folder, before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4, 4)))
    contains(shell.do("1 + 1"), "history: File too large")
    equal(shell.do("1 + 2"), "3")
    equal(shell.leave(), 0)


@test("A damaged history is read as far as it can be, and gets whole lines from then on")
def _(folder):
    path = os.path.join(folder, "state", "gradus", "history")
    os.makedirs(os.path.dirname(path))
    with open(path, "wb") as file:
        file.write(b"kept = 7\n\x00\xff\\\n\n\n\\q\ncut sho")
    shell = Shell(folder)
    equal(shell.do("1 + 1"), "2")
    shell.type("\x1b[A" * 5)
    shell.do("")
    equal(shell.do("kept"), "7")
    shell.leave()
    with open(path, "rb") as file:
        contains(file.read(), b"\ncut sho\n1 + 1\nkept = 7\nkept\n")
    os.remove(path)
    os.mkdir(path)
    shell = Shell(folder)
    contains(shell.banner, "cannot be kept")
    equal(shell.do("1 + 1"), "2")


@test("Two shells at a time keep the entries of both")
def _(folder):
    first, second = Shell(folder), Shell(folder)
    first.do("a = 1")
    second.do("b = 2")
    first.do("c = 3")
    third = Shell(folder)
    third.type("\x1b[A" * 3)
    third.do("")
    third.type("\x1b[A" * 3)
    third.do("")
    equal(third.do("a + b"), "3")


@test(":quit and Ctrl-D leave with status 0, and Ctrl-D does not leave a continued entry's shell")
def _(folder):
    shell = Shell(folder)
    shell.child.send(":quit\r")
    equal(shell.ended(), 0)
    shell = Shell(folder)
    equal(shell.leave(), 0)
    shell = Shell(folder)
    shell.do("for i = 1, 2 do", ">> ")
    shell.child.sendeof()
    shell.until_prompt()
    equal(shell.do("1 + 1"), "2")


FIT = ("m = nn.Sequential{nn.Dense{8, input_shape={2}}, nn.Dense{1}}; m:compile{'sgd', 'mse', metrics={'accuracy'}}; "
       "m:fit{random.random(800, 2), ones(800, 1), epochs=%d};")


@test("The bar of a fit stays on one line of a narrow terminal, also when it is resized")
def _(folder):
    shell = Shell(folder)
    for columns in (200, 40, 24):
        shell.child.setwinsize(20, columns)
        shell.type("\x03")
        shell.until_prompt()
        shell.type(FIT % 2 + "\r")
        shell.child.expect(r"\x1b\[\?2004h> ")
        drawn = re.findall(r"\r\x1b\[K([^\r]*)", shell.child.before)
        equal(len(drawn) >= 2, True)
        equal(max(map(len, drawn)) < columns, True)
        equal(columns < 60 or any("[====" in line for line in drawn), True)


@test("A message that is longer than the screen is broken between words")
def _(folder):
    shell = Shell(folder)
    shell.child.setwinsize(30, 40)
    shell.type("\x03")
    shell.until_prompt()
    equal(shell.do("error('one two three four five six seven eight')"),
          "error: one two three four five six seven\n  eight")


@test("A table in a note keeps its columns, however long the note is")
def _(folder):
    shell = Shell(folder)
    note = shell.do("s = data.split(arange(40), (arange(40) % 2):astype 'uint8', {seed=1})").split("\n")
    equal(note[0], "note: the parts, class by class")
    equal(note[1:4], ["  class  train          validation          test",
                      "  0         16  50.0 %           2  50.0 %     2  50.0 %",
                      "  1         16  50.0 %           2  50.0 %     2  50.0 %"])


@test("Tensors, tables, help and lists fit the screen, also after it was resized")
def _(folder):
    shell = Shell(folder)
    shell.do("x = linspace(0, 1, 40); t = {} for i = 1, 40 do t[i] = i * 1000 end")
    for columns in (100, 48, 60):
        shell.child.setwinsize(30, columns)
        shell.type("\x03")
        shell.until_prompt()
        for line, most in (("x", min(columns, 75)), ("t", columns), ("?zeros", columns), ("nn.Dense", columns), (":who", columns)):
            widest = max(map(len, shell.do(line).split("\n")))
            equal((line, columns, widest <= most), (line, columns, True))
            if line in ("x", "t"):
                equal(widest > most - 14, True)


@test("A terminal that cannot move its cursor gets a line an epoch, and no control characters")
def _(folder):
    child = pexpect.spawn(GRADUS, [], encoding="utf-8", timeout=TIMEOUT, env=environment(folder, TERM="dumb"), cwd=folder)
    child.delaybeforesend = None
    child.expect_exact("> ")
    child.send(FIT.replace(" ", "") % 2 + "print('done')\r")
    child.expect_exact("\r\ndone\r\n")
    contains(child.before, "\r\n  2/2  ")
    equal("\x1b" in child.before, False)
    child.close(force=True)


@test("Ctrl-C stops a plot that is being drawn, and the next one is drawn")
def _(folder):
    shell = Shell(folder)
    shell.do("n = 400000; x = linspace(0, 1, n); y = random.random(n);")
    for wait in (0, 0.01, 0.05):
        shell.type("plot(x, y)\r")
        shell.child.expect(r"\x1b\[\?2004l\r")
        time.sleep(wait)
        shell.interrupt()
        contains(shell.until_prompt(), "interrupted")
    contains(shell.do("plot({1, 2, 3})"), "***")


@test("Ctrl-C stops a lesson's cell and an exercise, and the lesson goes on where it was")
def _(folder):
    path = os.path.join(folder, "01-slow.md")
    with open(path, "w") as file:
        file.write("---\ntitle: Slow\nslug: slow\nminutes: 1\n---\n\n## One {#one}\n\n```lua\nn = 0\nwhile true do n = n + 1 end\n"
                   "```\n\n## Two {#two}\n\n```lua exercise\n```\n\n```lua check\ncheck.equal(k, 2)\n```\n\n"
                   "```lua answer\nk = 2\n```\n")
    shell = Shell(folder, "lesson", path)
    shell.do("")
    for _ in range(2):
        shell.type("\r")
        shell.child.expect(r"\x1b\[\?2004l\r")
        time.sleep(0.2)
        shell.interrupt()
        contains(shell.until_prompt(), "interrupted")
    equal(shell.do("n > 0").split("\n")[0], "true")
    shell.do(":skip")
    contains(shell.do(""), "Two")
    shell.type("while true do end\r")
    shell.child.expect(r"\x1b\[\?2004l\r")
    time.sleep(0.2)
    shell.interrupt()
    contains(shell.until_prompt(), "interrupted")
    contains(shell.do("k = 2"), "Right")


@test("Ctrl-Z at the prompt gives the terminal back, and fg brings the line as it stood")
def _(folder):
    env = environment(folder, PS1="outside$ ", ENV="")
    child = pexpect.spawn("/bin/sh", ["-i"], encoding="utf-8", timeout=TIMEOUT, env=env, cwd=folder)
    child.delaybeforesend = None
    child.expect_exact("outside$ ")
    child.send(GRADUS + "\r")
    child.expect_exact("\x1b[?2004h> ")
    child.send("40 + 2")
    child.expect_exact("40 + 2")
    child.send("\x1a")
    child.expect_exact("\x1b[?2004l")
    child.expect_exact("outside$ ")
    child.send("stty -a | grep -o '[-]*icanon'\r")
    child.expect_exact("\nicanon\r")
    child.send("fg\r")
    child.expect_exact("\x1b[?2004h")
    child.expect_exact("40 + 2")
    child.send("\r")
    child.expect_exact("\x1b[?2004l\r42\r\n")
    child.expect_exact("> ")
    child.send("while true do end\r")
    child.expect_exact("\x1b[?2004l")
    child.send("\x1a")
    child.expect_exact("outside$ ")
    child.send("fg\r")
    child.expect_exact(GRADUS)
    time.sleep(0.2)
    child.sendintr()
    child.expect_exact("interrupted")
    child.close(force=True)


@test("A signal that ends the shell at its prompt leaves the terminal as it was, and the history whole")
def _(folder):
    for number in (signal.SIGTERM, signal.SIGHUP):
        shell = Shell(folder)
        shell.do(f"x = {int(number)}")
        os.kill(shell.child.pid, number)
        shell.child.expect_exact("\x1b[?2004l")
        equal(shell.ended(), None)
        equal(shell.child.signalstatus, number)
        again = Shell(folder)
        again.type("\x1b[A")
        again.do("")
        equal(again.do("x"), str(int(number)))


@test("Ctrl-C stops tensor work in C")
def _(folder):
    shell = Shell(folder)
    shell.do("a = ones(300, 300); n = 0;")
    shell.type("while true do n = n + 1; a = exp(a:dot(a) * 0) end\r")
    shell.child.expect(r"\x1b\[\?2004l\r")
    time.sleep(0.3)
    shell.interrupt()
    equal(shell.until_prompt().strip("\n"), "^Cinterrupted")
    equal(shell.do("a.shape[1] == 300 and n > 0"), "true")


@test("A lesson is taken at the prompt: an empty line goes on, anything else runs, and it can be left")
def _(folder):
    shell = Shell(folder, "lesson", "neuron")
    contains(shell.banner, "neuron")
    contains(shell.do(""), "sigmoid")
    equal(shell.do("mine = 5; mine").split("\n")[0], "5")
    contains(shell.do(":nxt"), "did you mean :next?")
    contains(shell.do(":overview"), "sigmoid")
    shell.do(":play")
    contains(shell.do(""), ":resume")
    shell.do(":resume")
    shell.do(":leave")
    equal(shell.do("mine"), "5")
    contains(shell.do(":next"), "works in a lesson")
    contains(shell.do(":lessons"), "neuron")
    contains(shell.do(":lesson nuron"), "there is no lesson")


@test("In a lesson a mistake is told once, and a command without its colon is recognised")
def _(folder):
    shell = Shell(folder, "lesson", "neuron")
    shell.do("")
    equal(shell.do("sgi(0)"), "error: sgi is not defined\n  sgi(0)\n  ^^^")
    equal(shell.do("hint"), "a command begins with a colon: :hint")
    equal(shell.do("goto slope"), "a command begins with a colon: :goto slope")
    shell.do("hint = 3")
    equal(shell.do("hint"), "3")


@test("The Up key brings the code of a lesson's cell into the line")
def _(folder):
    shell = Shell(folder, "lesson", "neuron")
    shell.do(":goto slope")
    equal(shell.do("\x1b[A"), "")
    equal(shell.do("dsig(0)"), "0.25")


ENDLESS_LESSON = """---
title: Endless
slug: endless
---

## One {#one}

```predict
ask: How long?
expect: n
```

```lua
n = 0
while true do n = n + 1 end
```

## Two {#two}

```lua
print("two")
```
"""


@test("Ctrl-C in a lesson stops its cell, or the steps that are played first, and the lesson goes on")
def _(folder):
    with open(folder + "/10-endless.md", "w") as file:
        file.write(ENDLESS_LESSON)
    shell = Shell(folder, "lesson", "./10-endless.md")
    for begin in ("", ":goto two", ":goto one"):
        shell.type(begin + "\r")
        if begin != ":goto two":
            shell.until_prompt()
            shell.type("3\r")
        shell.child.expect("3\r\n" if begin != ":goto two" else "played for you")
        time.sleep(0.3)
        shell.interrupt()
        contains(shell.until_prompt(), "interrupted\n[Enter runs the cell again, :skip leaves it out]")
        equal(shell.do("n > 0"), "true")
    contains(shell.do(":skip"), "Enter: Two")
    contains(shell.do(""), "── 2/2 · Two")
    contains(shell.do(""), "two")


@test("What is played for a learner who jumps ahead is played without a word, bars of a training included")
def _(folder):
    with open(folder + "/10-train.md", "w") as file:
        file.write("---\ntitle: Train\nslug: train\n---\n\n## One {#one}\n\n```lua\n"
                   "m = nn.Sequential{nn.Dense{1, input_shape={1}}}\nm:compile{'sgd', 'mse'}\n"
                   "m:fit{ones(400, 1), ones(400, 1), batch_size=1}\nprint('said')\n```\n\n"
                   "## Two {#two}\n\n```lua\nm:count_params()\n```\n")
    shell = Shell(folder, "lesson", "./10-train.md")
    shell.type(":goto two\r")
    shell.child.expect_exact("played for you")
    shell.child.expect(r"\x1b\[\?2004h> ")
    equal(("[===" in shell.child.before, "said" in shell.child.before), (False, False))
    equal(shell.do("m:count_params()").split("\n")[0], "2")


@test("Running out of memory is an error like any other")
def _(folder):
    shell = Shell(folder)
    contains(shell.do("zeros(1e6, 1e6)"), "error: ")
    contains(shell.do("('x'):rep(1 << 62)"), "error: ")
    contains(shell.do("function f() return 1 + f() end f()"), "without end")
    equal(shell.do("1 + 1"), "2")


@test("A learner's own mistakes with metatables do not end the session")
def _(folder):
    shell = Shell(folder)
    contains(shell.do("setmetatable({}, {__tostring = function() error('no') end})"), "error: no")
    contains(shell.do("setmetatable({}, {__tostring = function() return {} end})"), "error: ")
    shell.do("setmetatable(_G, nil)")
    equal(shell.do("1 + 1"), "2")


run_all()
