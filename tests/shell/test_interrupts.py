"""Ctrl-C reaches whatever runs, and the session goes on: TAP, given the program."""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time

# The session core's own loop, as the prompt runs it: each job never ends by itself.
PROGRAM = r"""
local core = require "gradus.core.session"
local m = nn.Sequential{nn.Conv2D{8, 3, activation="relu", input_shape={20, 20, 1}}, nn.Flatten{},
  nn.Dense{2, activation="softmax"}}
m:compile{optimizer="adam", loss="sparse_categorical_crossentropy", metrics={"accuracy"}}
local x, y = random.random(400, 20, 20, 1), random.randint(0, 2, 400)
local big, a = ones(1e7), ones(2000, 2000)
local wide, list, squares = random.random(2000, 2000), {}, random.random(2000, 30, 30) + eye(30)
for i = 1, 1000000 do list[i] = i end
local core_grad = require "gradus.core.grad"
local images, filters = random.random(100, 64, 64, 8), random.random(3, 3, 8, 16)
local file = os.tmpname() .. ".npy"
local function forever(f) return function() while true do f() end end end
local jobs = {
  {"fit", function() m:fit{x, y, epochs=1000000, verbose=0} end},
  {"predict and evaluate", forever(function() m:predict(x) m:evaluate{x, y, verbose=0} end)},
  {"a loop of pcall", forever(function() pcall(forever(function() return sin(big) end)) end)},
  {"coroutines", function()
    local co = coroutine.wrap(forever(function() pcall(coroutine.yield, sin(2)) end))
    forever(co)()
  end},
  {"large products", forever(function() return a:dot(a) end)},
  {"elementwise operations", forever(function() return exp(big) + big, a.T + a end)},
  {"reductions", forever(function() return big:sum(), a:argmax(2), a["::-1"]:std(1), big:cumsum() end)},
  {"masks and rows", forever(function() big[gt(big, 2)] = 1 take(big, gt(big, 0)) end)},
  {"random numbers", forever(function() return random.randn(1e7), random.permutation(1e7) end)},
  {"sequences and tables", forever(function() return arange(1e7), ones(3e6):totable() end)},
  {"gradients", function()
    local t = grad.track(a)
    forever(function() sum(exp(t:dot(t) * 1e-9)):backward() end)()
  end},
  {"sorting", forever(function() return wide:sort(1), big:argsort(), big:unique() end)},
  {"positions", forever(function() local at = random.randint(1, 1e6, 3e6) return big[at], take(big, at) end)},
  {"joining and moving", forever(function() return concatenate{big, big}, tile(big, 3), pad(wide, 9) end)},
  {"statistics", forever(function() return quantile(big, 0.3), histogram(big, 50), wide:median(1) end)},
  {"images", forever(function() return core_grad.max_pool2d(core_grad.conv2d(images, filters), {pool_size=2}) end)},
  {"printing and reading tables", forever(function() return tostring(wide), tensor(list) end)},
  {"made pictures", forever(function() return data.waste{2000} end)},
  {"files", forever(function() data.save(file, big) return data.load(file) end)},
  {"distributions", forever(function() return random.binomial(100, 0.3, 1e6), random.poisson(30, 1e6) end)},
  {"random orders", forever(function()
    return random.permutation(3e7), random.shuffle(big), random.choice(big, 3e6), random.choice(3e7, 9, {replace=false})
  end)},
  {"every digit of a large tensor", forever(function() return wide:tostring{threshold=math.huge} end)},
  {"copies", forever(function()
    return big:astype "int64", big:repeat_interleave(3), stack{big, big}, wide.T:clone()
  end)},
  {"Fourier transforms", forever(function() return fft.fft2(wide), fft.rfft(big), fft.fft(big) end)},
  {"linear algebra", forever(function() return linalg.inv(squares), squares:dot(squares) end)},
  {"one long sort", function() return sort(random.rand(3e7)), argsort(random.rand(3e7)) end},
  {"a description", forever(function() return tostring(big:describe()) end)},
  {"a table that grows", function() local t = {} while true do t[#t + 1] = {#t} if #t > 3e6 then t = {} end end end},
  {"pcall in pcall", function() local function f() pcall(f) return f() end f() end},
  {"metamethods", function()
    local t = setmetatable({}, {__index = function(t, k) return pcall(function() return t[k] end) end})
    forever(function() return t.x end)()
  end},
  {"a coroutine that catches everything", function()
    forever(coroutine.wrap(function() while true do pcall(function() while true do end end) end end))()
  end},
  {"code that is read without end", function() load(function() return "x = 1 " end) end},
  {"a list that lies about its length", function()
    random.shuffle(setmetatable({}, {__len = function() return 1 << 62 end}))
  end},
}
local i = 0
core.loop(function()
  i = i + 1
  if i > #jobs then return true end
  print("start " .. jobs[i][1])
  jobs[i][2]()
end, function(record) print((record.interrupted and "stopped " or tostring(record.value)) .. jobs[i][1]) end)
os.remove(file)
print(m:fit{x, y, epochs=1, verbose=0}.history.loss[1] < 10 and "fits again" or "no number any more")
"""

count = failed = 0


def check(name, ok):
    global count, failed
    count += 1
    failed += not ok
    print(("ok" if ok else "not ok") + f" {count} - {name}", flush=True)


with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "interrupts.lua")
    with open(path, "w") as file:
        file.write("io.stdout:setvbuf 'line'\n" + PROGRAM)
    program = subprocess.Popen([sys.argv[1], path], stdout=subprocess.PIPE, text=True)
    job, last = None, None
    for line in program.stdout:
        last = line.strip()
        if last.startswith("start "):
            job = last[6:]
            time.sleep(random.uniform(0.1, 0.4))
            sent = time.monotonic()
            program.send_signal(signal.SIGINT)
        elif job:
            waited = time.monotonic() - sent
            if waited > 0.3:
                print(f"# {job}: {waited:.2f} s until it stopped")
            check(f"Ctrl-C stops {job}", last == "stopped " + job and waited < 30)  # more is a hang
            job = None
    check("after all that the model learns on", last == "fits again" and program.wait() == 0)
print(f"1..{count}")
sys.exit(failed > 0)
