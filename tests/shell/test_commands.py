"""The shell's commands: what begins with a colon, a question mark or an exclamation mark."""

import os
import re
import time

from terminal import GRADUS, Shell, contains, equal, run_all, test


def lacks(text, part):
    equal(part in text, False)


@test("?name, name? and :help name show the same help, with its example")
def _(folder):
    shell = Shell(folder)
    shown = shell.do("?zeros")
    contains(shown, "zeros(")
    contains(shown, "> zeros(2, 3)")
    equal(shell.do("zeros?"), shown)
    equal(shell.do(":help zeros"), shown)
    contains(shell.do("?zeors"), 'did you mean "zeros"?')
    contains(shell.do("?nn.Dens"), 'did you mean "nn.Dense"?')
    contains(shell.do("??zeros"), "zeros(")
    contains(shell.do("??no such words"), "nothing mentions")
    contains(shell.do("?math.sin"), "math.sin(x) -> number\n\nthe sine of x, which is in radians.\nmath.sin is Lua's own: ")
    equal(shell.do("q"), "error: q is not defined")


@test("?name tells about any value: a tensor, a model, a layer in it, a table, a function of one's own")
def _(folder):
    shell = Shell(folder)
    shell.do("x = zeros(3, 4); m = nn.Sequential{nn.Dense{2, input_shape={3}}}; t = {a = 1}")
    contains(shell.do("?x"), "x is a tensor (3, 4) float64")
    shown = shell.do("?m")
    contains(shown, "8 parameters")
    contains(shown, "model:fit{")
    contains(shell.do("?m.layers[1]"), "?nn.Dense")
    contains(shell.do("?t"), "{a = 1}")
    shell.do("function half(x) return x / 2 end")
    contains(shell.do("?half"), "function(x)")
    shell.do("mean = 3")
    contains(shell.do("?mean"), "mean is a number")
    contains(shell.do("?matmul"), "matmul(A, B)")


@test("An unknown command gets a suggestion, and the beginning of one is enough where only it begins so")
def _(folder):
    shell = Shell(folder)
    equal(shell.do(":hlep"), "there is no command :hlep; did you mean :help?")
    equal(shell.do(":h"), ":h could be :hint, :history, :help")
    equal(shell.do(":wh"), shell.do(":who"))
    contains(shell.do(":help"), ":lessons")
    contains(shell.do(":next"), "works in a lesson")


@test(":example runs the examples as entries, and says which names of one's own they changed")
def _(folder):
    shell = Shell(folder)
    shell.do("m = 3; kept = 4")
    shown = shell.do(":example nn.Conv2D")
    contains(shown, "> m = nn.Sequential{nn.Conv2D{16")
    contains(shown, "160")
    contains(shown, "gave a new value to m, which")
    equal(shell.do("m:count_params() + kept"), "164")
    contains(shell.do(":example nn.Cnv2D"), 'did you mean "nn.Conv2D"?')
    contains(shell.do(":example"), "which one?")


@test(":source shows the Lua of a name, of one's own functions, and where C is")
def _(folder):
    shell = Shell(folder)
    contains(shell.do(":source nn.Dense"), "function Dense:call(x)")
    shown = shell.do(":source model.predict")
    contains(shown, "M.predict = doc(")
    lacks(shown, "M.evaluate")
    shell.do("function half(x)", ">> ")
    shell.do("  return x / 2", ">> ")
    shell.do("end")
    equal(shell.do(":source half"), "entry 1, lines 1 to 3\nfunction half(x)\n  return x / 2\nend")
    contains(shell.do(":source zeros"), "src/bind/creation.c, line ")
    shell.do("n = 3; net = nn.Sequential{nn.Dense{1, input_shape={2}}}")
    contains(shell.do(":source n"), "has no source")
    contains(shell.do(":source net"), "function Sequential:call(x, in_training, seen)")
    contains(shell.do(":source net.layers[1]"), "function Dense:call(x)")
    contains(shell.do(":source nothing_so"), "there is no help")


@test(":who lists names with shape, dtype and bytes, and :reset forgets them")
def _(folder):
    shell = Shell(folder)
    contains(shell.do(":who"), "nothing yet")
    shell.do("x = zeros(300, 4); d = {a = ones(2), b = x}; n = 3; s = 'text'")
    lines = dict(line.split(None, 1) for line in shell.do(":who").splitlines())
    equal(re.sub(" +", " ", lines["x"]), "tensor (300, 4) float64 9.4 KiB")
    equal(lines["n"], "3")
    contains(lines["d"], "9.4 KiB")
    equal(lines["s"], '"text"')
    equal(shell.do(":reset"), "forgotten: d, n, s, x")
    contains(shell.do("x"), "x is not defined")
    equal(shell.do("#zeros(3)"), "3")


@test(":time runs once and tells how long, :timeit tells the median of many runs and prints nothing else")
def _(folder):
    shell = Shell(folder)
    equal(re.fullmatch(r"3\n[\d.e+-]+ [mun]?s", shell.do(":time 1 + 2")) is not None, True)
    shell.do("n = 0")
    shown = shell.do(":timeit n = n + 1")
    equal(re.fullmatch(r"[\d.e+-]+ \w+ a run: the median of 7 times \d+ runs; from \S+ \w+ to \S+ \w+", shown) is not None,
          True)
    equal(shell.do("n > 7"), "true")
    contains(shell.do(":timeit zeros(3):dot(ones(2))"), "error: ")
    contains(shell.do(":timeit 1 +"), "error: ")
    contains(shell.do(":timeit"), "what?")
    contains(shell.do(":time"), "what?")
    shell.type(":timeit while true do end\r")
    shell.child.expect(r"\x1b\[\?2004l\r")
    shell.interrupt()
    contains(shell.until_prompt(), "interrupted")


@test(":save writes the entries that worked as a script, which runs alone, by :run and by :load")
def _(folder):
    shell = Shell(folder)
    for line in ("x = 6", "x * 7", "error('no')", "y = x; y + 1 -- a remark", "x;", "print('hello')"):
        shell.do(line)
    shell.do("for i = 1, 2 do", ">> ")
    shell.do("", ">> ")
    shell.do("  print(i)", ">> ")
    shell.do("end")
    contains(shell.do(":save work"), "work.lua: 6 entries")
    with open(os.path.join(folder, "work.lua")) as file:
        equal(file.read(), "-- A session of gradus; :load enters it again.\n\nx = 6\n\nprint(x * 7)\n\ny = x; print(y + 1 -- a remark\n)\n\nlocal _ = x;\n\nprint('hello')\n\n"
                           "for i = 1, 2 do\n\n  print(i)\nend\n")
    equal(shell.do("!'" + GRADUS + "' work.lua"), "42\n7\nhello\n1\n2")
    equal(shell.do(":run work"), "42\n7\nhello\n1\n2")
    again = Shell(folder)
    shown = again.do(":load work")
    contains(shown, "> print(x * 7)\n42\n")
    contains(shown, ">>   print(i)\n>> end\n1\n2")
    equal(again.do("x"), "6")
    contains(again.do(":load nowhere"), "nowhere")
    contains(again.do(":run"), "which one?")
    contains(again.do(":save /proc/no/where"), "/proc/no/where")


@test(":load stops at the first error and says how far it came")
def _(folder):
    with open(os.path.join(folder, "bad.lua"), "w") as file:
        file.write("a = 1\n\nerror('here')\n\nb = 2\n")
    shell = Shell(folder)
    shown = shell.do(":load bad.lua")
    contains(shown, "here")
    contains(shown, "1 of 3 parts")
    equal(shell.do("rawget(_G, 'b')"), "")


@test(":edit opens the last entry in the editor and enters what comes back")
def _(folder):
    shell = Shell(folder, EDITOR="sed -i s/7/8/", VISUAL="")
    shell.do("y = 70")
    equal(shell.do(":edit"), "> y = 80")
    equal(shell.do("y"), "80")
    equal(shell.do(":edit"), "nothing was changed")
    shell.type("\x1b[A\x1b[A\x1b[A")
    shell.do("")
    equal(shell.do("y"), "80")
    shell = Shell(folder, EDITOR="/nonexistent", VISUAL="")
    contains(shell.do(":edit"), "VISUAL or EDITOR names another")


@test(":history lists the last entries, or those with a word in them")
def _(folder):
    shell = Shell(folder)
    for i in range(30):
        shell.do(f"x{i} = {i}")
    equal(len(shell.do(":history").splitlines()), 20)
    equal(shell.do(":history 2").splitlines()[0].split()[1:], ["x29", "=", "29"])
    equal(len(shell.do(":history x1").splitlines()), 11)
    contains(shell.do(":history nowhere"), "no entry has")


@test(":set shows and changes how things look, and takes no nonsense")
def _(folder):
    shell = Shell(folder)
    contains(shell.do(":set"), "precision  8")
    shell.do(":set precision 3")
    equal(shell.do("tensor{1 / 3}"), "[0.333]")
    shell.do(":set precision=2")
    equal(shell.do("tensor{1 / 3}"), "[0.33]")
    contains(shell.do(":set precission 3"), 'did you mean "precision"?')
    equal(shell.do(":set precision many"), "error: :set precision takes a number, not many")
    equal(shell.do(":theme projector"), "theme: projector")
    equal(shell.do("plot.theme()"), "projector")
    contains(shell.do(":theme nonsense"), 'error: plot.theme: the theme cannot be "nonsense"')
    equal(shell.do(":plots none"), "plots: none")
    contains(shell.do(":doctor"), "kernels")


@test("! runs a command of the system")
def _(folder):
    shell = Shell(folder)
    equal(shell.do("!echo $((6 * 7))"), "42")
    equal(shell.do("!exit 3"), "(status 3)")
    contains(shell.do("!"), "which one?")
    shell.type("!sleep 30\r")
    shell.child.expect(r"\x1b\[\?2004l\r")
    time.sleep(0.3)
    shell.interrupt()
    contains(shell.until_prompt(), "(")
    equal(shell.do("1 + 1"), "2")


@test(":tutorial is a tour through five steps that can be left")
def _(folder):
    shell = Shell(folder)
    contains(shell.do(":tutorial"), "A tour of two minutes")
    contains(shell.do(""), "tensor")
    shell.do(":leave")
    contains(shell.do(":next"), "works in a lesson")


run_all()
