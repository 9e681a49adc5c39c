"""Tab, as someone at a terminal presses it."""

import os
import re

from terminal import CONTROL, Shell, contains, equal, run_all, test


def listed(shell, typed):
    """What Tab shows below the line `typed`; the line is cleared again."""
    shell.type(typed + "\t")
    shell.child.expect_exact(typed)
    shell.type("\x01\x0b")  # Ctrl-A Ctrl-K
    shell.type("print('end' .. 'ed')\r")
    shell.child.expect_exact("ended")
    text = CONTROL.sub("", shell.child.before)
    shell.until_prompt()
    return [line.strip() for line in text.split("\n")[1:] if line.startswith("  ")]


@test("Tab completes globals, fields, methods and commands")
def _(folder):
    shell = Shell(folder)
    equal(shell.do("stri\t.forma\t('%d', 16)"), "16")
    shell.do("learning_rate = 0.5")
    equal(shell.do("learning_\t"), "0.5")
    shell.do("word = 'x'")
    equal(shell.do("word:upp\t()"), "X")
    contains(shell.do(":over\t"), "works in a lesson")
    contains(shell.do(":timei\tx = 1"), " a run: the median of ")  # Tab adds the space before the argument


@test("Tab completes an option's name and its value, also in a later line of the entry")
def _(folder):
    shell = Shell(folder)
    equal(shell.do('nn.Conv2D{16, 3, pad\t"s\t}.padding'), "same")
    shell.do("layer = nn.Conv2D{16, 3,", ">> ")
    shell.do('pad\t"v\t}')
    equal(shell.do("layer.padding"), "valid")
    equal(listed(shell, "plot.heatmap(x, {palette='"), ["balance  blues    grey     viridis"])
    equal(shell.do("tostring(plot({1, 2}, {tit\t'mine'}))").split("\n")[-1], "figure: mine, 1 series")
    equal(shell.do('tostring(image.show({{0, 1}}, {as="pic\t}))').split("\n")[-1], "figure: 1 x 2 picture")


@test("Several candidates are listed with a few words on each, and the line stands below them as it was")
def _(folder):
    shell = Shell(folder)
    found = listed(shell, "nn.Dense{2, use_bias=false, ")
    equal(any(re.match(r"activation= +celu, elu, .*relu, ", line) for line in found), True)
    equal(any("units=" in line or "use_bias=" in line for line in found), False)
    shell.do("first_weight = zeros(2, 3); first_word = 'one'")
    equal(listed(shell, "first_"), ["first_weight  tensor (2, 3) float64", 'first_word    "one"'])
    equal(any(re.match(r":?hint +a hint", line) for line in listed(shell, ":h")), True)
    shell.do("m = nn.Sequential{nn.Dense{2, input_shape={3}}}")
    methods = [line.split(None, 1) for line in listed(shell, "m:")]
    equal([each[0] for each in methods if len(each) < 2 or each[1] == "function"], [])  # each with its help
    equal({"fit", "compile", "predict", "summary"} <= {each[0] for each in methods}, True)
    equal(len(listed(shell, "")) > 10, True)  # all names, side by side
    shell.child.setwinsize(40, 40)
    shell.type("\x03")
    shell.until_prompt()
    equal(max(map(len, listed(shell, "nn.Dense{2, "))) < 40, True)


@test("Tab completes the names of files, lessons and helps")
def _(folder):
    with open(os.path.join(folder, "weights.csv"), "w") as file:
        file.write("1,2\n3,4\n")
    os.mkdir(os.path.join(folder, "pictures"))
    open(os.path.join(folder, "pictures", "one.npy"), "w").close()
    shell = Shell(folder)
    equal(shell.do('data.load("wei\t).shape'), "{2, 2}")
    equal(shell.do('#"pic\tone\t'), str(len("pictures/one.npy")))
    contains(shell.do(":lesson neu\t"), "A neuron")
    contains(shell.do("?nn.Conv2\t"), "nn.Conv2D{filters")
    shell.do(":leave")
    equal(shell.do("nothing_begins_so\t = 1"), "")


@test("Tab calls no code of the learner's")
def _(folder):
    shell = Shell(folder)
    shell.do("ran = 0; t = setmetatable({}, {__index = function() ran = ran + 1 while true do end end})")
    equal(listed(shell, "t.a."), [])
    equal(shell.do("ran"), "0")


run_all()
