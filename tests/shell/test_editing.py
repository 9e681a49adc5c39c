"""Typing: several lines, pasting, what was typed before, the start-up file."""

import os
import re

from terminal import Shell, contains, equal, gradus, run_all, test


def paste(shell, text):
    shell.type("\x1b[200~" + text + "\x1b[201~")


@test("Alt-Enter begins a new line in the same entry")
def _(folder):
    shell = Shell(folder)
    shell.type("x = 1\x1b\ry = 2\x1b\n")
    shell.do("x + y")
    shell.type("\x1b[A")
    equal(shell.do("").split("\n")[-1], "3")
    equal(shell.do(":history 1").split("\n")[0].split(None, 1)[1], "x = 1")
    # Nor does what follows get an empty line above what it prints.
    shell.type("x + y\r")
    shell.child.expect(r"\x1b\[\?2004l\r3\r\n\x1b\[\?2004h> ")


@test("UTF-8 is typed, shown and erased by whole characters in every locale, which others find unchanged")
def _(folder):
    for locale in ({"LC_ALL": "C"}, {"LC_ALL": "", "LANG": ""}, {"LC_ALL": "C.UTF-8"}):
        shell = Shell(folder, **locale)
        shell.type("'Köln'")
        shell.child.expect_exact("'Köln'")
        equal(shell.do("\x02\x02\x02\x7f").split("\n")[-1], "Kln")
        equal(shell.do("#'aü\x7f\x7fb'"), "1")
        equal(shell.do("os.getenv('LC_ALL')"), locale["LC_ALL"])
        shell.leave()


@test("Pasted lines are one entry")
def _(folder):
    shell = Shell(folder)
    paste(shell, "for i = 1, 2 do\r  print(i)\rend\r")
    equal(shell.do("")[-3:], "1\n2")
    paste(shell, "a = 1\r\n\r\nb = 2\r\nprint(a + b)\r\n")
    contains(shell.do(""), "3")
    equal(shell.do("a"), "1")


@test("A pasted transcript loses its prompts and what was printed")
def _(folder):
    shell = Shell(folder)
    paste(shell, "> x = {1, 2}\r> #x\r2\r> for i = 1, 2 do\r>>   y = i\r>> end\r> y\r2\r")
    equal(shell.do(""), "> x = {1, 2}\n> #x\n2\n> for i = 1, 2 do\n>>   y = i\n>> end\n> y\n2")
    equal(shell.do("#x + y"), "4")
    equal(shell.do("> 1 + 2"), "3")  # typed, or pasted in a terminal that does not tell
    paste(shell, "In [1]: a = 5\r   ...: b = 6\r\rIn [2]: a + b\rOut[2]: 11\r\rIn [3]: a * b\rOut[3]: 30\r")
    equal(shell.do(""), "> a = 5\n>> b = 6\n> a + b\n11\n> a * b\n30")
    equal(shell.do("In [9]: a - b"), "-1")
    paste(shell, "print('> not a prompt')\r> 3")
    contains(shell.do(""), "error")
    paste(shell, "Köln")
    equal(shell.do("\x01'\x05'"), "Köln")


@test("Up brings the entries that begin as the line does, and all of them on an empty line")
def _(folder):
    shell = Shell(folder)
    for line in ("alpha = 11", "beta = 22", "alp = 33", "gamma = 44"):
        shell.do(line)
    shell.type("al\x1b[A\x1b[A\x05 + 1; alpha")
    equal(shell.do(""), "12")
    shell.type("\x1b[A\x1b[A\x1b[B\x05")
    shell.do("")
    shell.type("b\x1b[A\x05; beta + 1")
    equal(shell.do(""), "23")


@test("Ctrl-R finds an entry by a part of it")
def _(folder):
    shell = Shell(folder)
    shell.do("total = 123")
    shell.do("other = 5")
    shell.type("\x12= 12\x05; total + 1")
    equal(shell.do("").split("\n")[-1], "124")


@test("Entries of several lines come back whole in another session")
def _(folder):
    shell = Shell(folder)
    shell.do("function f(x)", ">> ")
    shell.do("  return 2 * x -- 'twice'", ">> ")
    shell.do("end")
    shell.child.kill(9)
    shell.ended()
    again = Shell(folder)
    again.type("\x1b[A")
    again.do("")
    equal(again.do("f(4)"), "8")


@test("The start-up file runs at the start of the shell; a mistake in it is told and nothing more")
def _(folder):
    os.makedirs(os.path.join(folder, "config", "gradus"))
    path = os.path.join(folder, "config", "gradus", "init.lua")
    with open(path, "w") as file:
        file.write("mine = 7\nset_printoptions{precision=2}\n")
    shell = Shell(folder)
    equal(shell.do("mine"), "7")
    equal(shell.do("tensor{1 / 3}"), "[0.33]")
    with open(path, "w") as file:
        file.write("mine = 8\nerror('in the file')\n")
    shell = Shell(folder)
    contains(shell.banner, "init.lua:2: in the file")
    equal(shell.do("mine"), "8")
    equal(gradus("-e", "print(rawget(_G, 'mine'))", folder=folder, XDG_CONFIG_HOME=os.path.join(folder, "config"))[1],
          "nil\n")


@test("Nothing of the current folder is run or read unasked")
def _(folder):
    for name in ("init.lua", ".gradus", ".gradus.lua", "gradus.lua", "nn.lua", "gradus/init.lua", ".inputrc"):
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write("print('run unasked') os.exit(9)\n")
    shell = Shell(folder, HOME="/nonexistent")
    equal("unasked" in shell.banner, False)
    equal(shell.do("nn.Dense and 1"), "1")
    equal(shell.leave(), 0)


@test("A terminal without colour or movement gets none: NO_COLOR, TERM=dumb, ACCESSIBLE")
def _(folder):
    shell = Shell(folder, NO_COLOR="1")
    shell.type(":source nn.Dense\r")
    shell.child.expect_exact("return layers")
    equal(re.search(r"\x1b\[\d*m", shell.child.before), None)
    shell = Shell(folder, ACCESSIBLE="1")
    shell.type("n = 0; for i in progress(300) do for j = 1, 40000 do n = n + 1 end end; 'rea' .. 'dy'\r")
    shell.child.expect_exact("ready")
    equal("\x1b[K" in shell.child.before, False)
    shell = Shell(folder)
    shell.type(":source nn.Dense\r")
    shell.child.expect_exact("return")
    equal(re.search(r"\x1b\[\d+m", shell.child.before) is not None, True)


@test("A loop over progress(n) shows rate and remaining time on one line, and what it prints stands above")
def _(folder):
    shell = Shell(folder)
    shell.child.setwinsize(20, 60)
    shell.type("for i in progress(300) do local n = 0; for j = 1, 150000 do n = n + 1 end;"
               "if i == 200 then print('half') end end\r")
    shell.child.expect(r"\x1b\[\?2004l")
    shell.child.expect(r"\x1b\[\?2004h> ")
    said = shell.child.before
    drawn = re.findall(r"\r\x1b\[K([^\r\n]+)", said)
    equal(any(re.match(r"\[=+\.+\]  *\d+/300  \d+ a second, \d+s left", line) for line in drawn), True)
    equal(max(map(len, drawn)) < 60, True)
    contains(said, "\r\x1b[Khalf\r\n")
    contains(said, "300/300  ")
    contains(shell.do("for i in progress('x') do end"), "progress takes the number of rounds")
    equal(shell.do("for i in progress(3) do print(i) end"), "1\n2\n3")
    equal(gradus("-e", "for i in progress(2) do print(i) end"), (0, "1\n2\n", ""))


@test("Where a lesson has asked something, a function may still be typed over several lines, and an answer is one line")
def _(folder):
    shell = Shell(folder, "lesson", "backprop")
    for _ in range(3):
        shell.do("")
    shell.do("function twice(x)", ">> ")
    shell.do("return 2 * x", ">> ")
    contains(shell.do("end"), "type the number of your answer")
    contains(shell.do("twice(4)"), "8")
    contains(shell.do("(1"), "type the number of your answer")
    contains(shell.do("1"), "Right")


run_all()
