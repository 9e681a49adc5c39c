"""Ctrl-C in training: the pause, and what one can do in it."""

import re
import time

from terminal import Shell, contains, equal, run_all, test

DATA = ("random.seed(1); x = random.random(3200, 2); y = (x:sum(2) * 2):reshape(-1, 1); "
        "function make() random.seed(2); m = nn.Sequential{nn.Dense{16, activation='tanh', input_shape={2}}, "
        "nn.Dropout{0.1}, nn.Dense{1}}; m:compile{optim.SGD{0.01}, 'mse'} end; make()")


ITSELF = "third"  # the code asks for the pause, as Ctrl-C does


def paused(shell, code, after):
    """Types code that trains, and pauses once `after` was seen; returns what stood before the prompt of the pause."""
    shell.type(code + "\r")
    shell.child.expect(after)
    if after != ITSELF:
        shell.interrupt()
    return shell.until_prompt("paused> ")


def at_pause(shell, line):
    return shell.do(line, "paused> ")


@test("Ctrl-C in training pauses after a batch; one can look around, change the learning rate and go on")
def _(folder):
    shell = Shell(folder)
    shell.do(DATA)
    said = paused(shell, "h = m:fit{x, y, epochs=40}", r" 3/40 ")
    equal(re.search(r"paused after batch \d+ of 100 in epoch \d+ of 40\. :continue goes on, :stop", said) is not None, True)
    equal(at_pause(shell, "m.layers[1].kernel.shape"), "{2, 16}")
    contains(at_pause(shell, "plot({1, 2, 3})"), "***")
    contains(at_pause(shell, "m.optimizer.learning_rate = 0; w = m.layers[1].kernel:clone();"), "")
    contains(at_pause(shell, "zeros(2):dot(ones(3))"), "error: ")
    equal(at_pause(shell, "for i = 1, 2 do\x1b\rprint(i) end"), "1\n2")
    shell.do(":continue")
    equal(shell.do("#h.history.loss"), "40")
    equal(shell.do("sum(abs(w - m.layers[1].kernel))"), "0.0")


@test("Pausing and looking around change nothing of what follows")
def _(folder):
    shell = Shell(folder)
    shell.do(DATA)
    shell.do("m:fit{x, y, epochs=30, verbose=0}; p = m:predict(x);")
    shell.do("make()")
    paused(shell, "h = m:fit{x, y, epochs=30}", r" 2/30 ")
    at_pause(shell, "random.seed(7); random.random(5); m:predict(x); m:evaluate{x, y}; m.layers[2].rate")
    at_pause(shell, "other = nn.Sequential{nn.Dense{1, input_shape={2}}}; other:compile{'sgd', 'mse'}")
    at_pause(shell, "other:fit{x, y, verbose=0};")
    shell.do(":continue")
    equal(shell.do("sum(abs(p - m:predict(x)))"), "0.0")


@test(":stop, Ctrl-C on an empty line and Ctrl-D end the training and keep what was learnt")
def _(folder):
    shell = Shell(folder)
    shell.do(DATA)
    shell.do("first = m:evaluate{x, y, verbose=0}.loss;")
    for end in (":stop\r", "\x03", "\x04"):
        paused(shell, "h = m:fit{x, y, epochs=100000}", r" 3/100000 ")
        shell.type(end)
        contains(shell.until_prompt(), "what was learnt until then is kept")
        equal(shell.do("#h.history.loss >= 2"), "true")
        equal(shell.do("m:evaluate{x, y, verbose=0}.loss < first"), "true")
    contains(shell.do(":continue"), "works in a pause")
    # In the first epoch already: a history of none.
    paused(shell, "h = m:fit{x, y, batch_size=1, epochs=2, callbacks={{batch_end = function(_, b) "
           "if b == 3 then print('third') require('gradus.core.session').interrupt() end end}}}", ITSELF)
    shell.do(":stop")
    equal(shell.do("next(h.history) == nil"), "true")
    # Ctrl-C clears a line that has something in it.
    paused(shell, "h = m:fit{x, y, epochs=100000}", r" 3/100000 ")
    shell.type("x = 2")
    shell.child.expect_exact("x = 2")  # else the terminal forgets it
    shell.interrupt()
    shell.until_prompt("paused> ")
    equal(at_pause(shell, "x.shape"), "{3200, 2}")
    shell.do(":stop")


@test("A second Ctrl-C before the pause has come interrupts, and afterwards everything is as ever")
def _(folder):
    shell = Shell(folder)
    shell.do(DATA)
    shell.type("m:fit{x, y, epochs=2, callbacks={{batch_end = function() while true do end end}}}\r")
    shell.child.expect(r"\x1b\[\?2004l\r")
    time.sleep(0.5)
    shell.interrupt()
    time.sleep(0.3)
    shell.interrupt()
    contains(shell.until_prompt(), "interrupted")
    shell.type("while true do end\r")
    shell.child.expect(r"\x1b\[\?2004l\r")
    time.sleep(0.2)
    shell.interrupt()
    contains(shell.until_prompt(), "interrupted")
    # The same model trains, pauses and goes on: in the middle of the epoch, behind the batch that it was interrupted in.
    equal(shell.do("m.unfinished"), "epoch 1, after batch 1 of 100")
    paused(shell, "h = m:fit{x, y, epochs=100000, initial_epoch=0}", r" 3/100000 ")
    shell.do(":stop")
    equal(shell.do("#h.epoch >= 2"), "true")
    # Also after a fit that failed, and was caught.
    shell.do("pcall(m.fit, m, {x, y, epochs=2, verbose=0, callbacks={{batch_end = function() error('no') end}}})")
    shell.type("while true do end\r")
    shell.child.expect(r"\x1b\[\?2004l\r")
    time.sleep(0.2)
    shell.interrupt()
    contains(shell.until_prompt(), "interrupted")


@test("In a pause the model that is trained cannot be compiled or fitted, code can be interrupted, and :quit leaves")
def _(folder):
    shell = Shell(folder)
    shell.do(DATA)
    paused(shell, "m:fit{x, y, epochs=100000}", r" 2/100000 ")
    contains(at_pause(shell, "m:fit{x, y}"), ":continue or :stop it first")
    contains(at_pause(shell, "m:compile{'sgd', 'mse'}"), ":continue or :stop it first")
    contains(at_pause(shell, ":lesson neuron"), "paused")
    shell.type("while true do end\r")
    shell.child.expect(r"\x1b\[\?2004l\r")
    time.sleep(0.2)
    shell.interrupt()
    contains(shell.until_prompt("paused> "), "interrupted")
    equal(at_pause(shell, "1 + 1"), "2")
    shell.type(":quit\r")
    equal(shell.ended(), 0)


@test("A weight that is exchanged in a pause is the one that training goes on with")
def _(folder):
    shell = Shell(folder)
    shell.do(DATA)
    paused(shell, "h = m:fit{x, y, epochs=40}", r" 3/40 ")
    at_pause(shell, "m.layers[3].bias = tensor{5}; m.optimizer.learning_rate = 0")
    shell.do(":continue")
    equal(shell.do("m.layers[3].bias"), "[5.]")


@test("Training that was saved in a pause, or stopped in one, goes on with the batch that comes next, to the same bits")
def _(folder):
    shell = Shell(folder)
    shell.do(DATA)
    third = "callbacks={{batch_end = function(_, b) if b == 7 and m.epoch == 2 then %s end end}}"
    ask = third % "print('third') require('gradus.core.session').interrupt()"
    shell.do("m:fit{x, y, epochs=4, verbose=0}; p = m:predict(x);")
    for end in (":stop", ":continue"):
        shell.do("make()")
        paused(shell, "h = m:fit{x, y, epochs=4, verbose=0, %s}" % ask, ITSELF)
        equal(at_pause(shell, "m.unfinished"), "epoch 3, after batch 7 of 100")
        at_pause(shell, "m:save('%s/pause.safetensors')" % folder)
        said = shell.do(end)
        if end == ":stop":
            contains(said, "stopped after batch 7 of 100 in epoch 3 of 4; what was learnt until then is kept")
            contains(said, "note: fit with initial_epoch=2 goes on there; otherwise it begins a new training")
            said = shell.do("h = m:fit{x, y, epochs=4, initial_epoch=m.epoch}")
            contains(said, "goes on in epoch 3, after batch 7 of 100")
            equal(shell.do("table.concat(h.epoch, ' ')"), "3 4")
        equal(shell.do("sum(abs(p - m:predict(x)))"), "0.0")
        equal(shell.do("m.unfinished == nil"), "true")
    shell.type(":quit\r")
    shell.ended()
    shell = Shell(folder)
    shell.do(DATA)
    shell.do("m:fit{x, y, epochs=4, verbose=0}; p = m:predict(x); m = nn.load('%s/pause.safetensors')" % folder)
    contains(shell.do("m:fit{x, y, epochs=4, initial_epoch=2};"), "goes on in epoch 3, after batch 7 of 100")
    equal(shell.do("sum(abs(p - m:predict(x)))"), "0.0")


@test("A fit after a stop begins a new training, as ever; after loading, a note says how to go on instead")
def _(folder):
    shell = Shell(folder)
    shell.do(DATA)
    paused(shell, "h = m:fit{x, y, epochs=100000}", r" 3/100000 ")
    at_pause(shell, "m:save('%s/pause.safetensors')" % folder)
    shell.do(":stop")
    said = shell.do("h = m:fit{x, y, epochs=2}")
    equal("goes on" in said or "note:" in said, False)
    equal(shell.do("table.concat(h.epoch, ' ')"), "1 2")
    shell.do("m = nn.load('%s/pause.safetensors')" % folder)
    equal("note:" in shell.do("m:predict(x[{{1, 2}}]).shape"), False)
    contains(shell.do("h = m:fit{x, y, epochs=2}"), "note: fit begins a new training from these weights; initial_epoch=")
    equal("note:" in shell.do("h = m:fit{x, y, epochs=2}"), False)
    equal(shell.do("table.concat(h.epoch, ' ')"), "1 2")


run_all()
