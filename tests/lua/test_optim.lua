-- Optimizers and learning rates; the numbers are those of Keras 3 in float64.
local test, expect = dofile(os.getenv "GRADUS_TESTS" .. "/lua/tap.lua")

-- Five steps on (w1^2 + 10 w2^2) / 2 from (1, 1), by the optimizer's own methods.
local function descend(optimizer)
  local core = require "gradus.core.grad"
  local w, g = core.weight(tensor{1, 1}), zeros(2)
  optimizer:build {w}
  for _ = 1, 5 do
    g[1], g[2] = w[1], 10 * w[2]
    optimizer:apply({w}, {g})
  end
  return w[1], w[2]
end

local known = {
  {"SGD", optim.SGD{0.01}, 0.9509900499, 0.5904900000000001},
  {"SGD with momentum", optim.SGD{0.01, momentum = 0.9}, 0.8716340258999999, -0.029159999999999964},
  {"SGD with Nesterov's momentum", optim.SGD{0.01, 0.9, true}, 0.8384407633205009, -0.1045816839000001},
  {"Adam", optim.Adam{}, 0.9950004462572977, 0.9950004370503661},
  {"RMSprop", optim.RMSprop{}, 0.9893736634787558, 0.9893736605314915},
  {"Adagrad", optim.Adagrad{}, 0.9968537004638702, 0.9967710969873568},
}
for _, case in ipairs(known) do
  test(case[1] .. " descends as in Keras", function()
    local first, second = descend(case[2])
    expect.close(first, case[3], 1e-12)
    expect.ok(math.abs(second - case[4]) < 1e-12)
  end)
end

test("options that others have are answered with what to write instead", function()
  expect.error(function() optim.SGD {decay = 1e-6} end, "optim.InverseTimeDecay{0.01, 1, 1e-4}")
  expect.ok(optim.SGD {optim.InverseTimeDecay{0.01, 1, 1e-4}}:current_rate() == 0.01)
  expect.error(function() optim.Adam {gradient_accumulation_steps = 2} end, "a larger batch_size")
end)

test("an optimizer that is given no lists of weights says so", function()
  expect.error(function() optim.SGD {}:apply("weights", {}) end, "the weights are a string")
  expect.error(function() optim.SGD {}:apply(tensor{1}, {tensor{1}}) end, "put braces around it, {w}")
  expect.error(function() optim.SGD {}:apply({tensor{1}}, tensor{1}) end, "put braces around it, {w.grad}")
  expect.error(function() optim.SGD {}:apply({5}, {5}) end, "number 1 of the weights is a number")
  expect.error(function() optim.SGD {}:apply({}, {}) end, "no weights in the list")
end)

-- The places of five steps on (w1^2 + 10 w2^2) / 2 from (1, 1), with w.grad as the gradient.
local function follow(optimizer)
  local w = grad.track(tensor{1, 1})
  for _ = 1, 5 do
    ((w[1] ^ 2 + 10 * w[2] ^ 2) / 2):backward()
    optimizer:apply {w}
    w:zero_grad()
  end
  return w
end

test("an optimizer takes its steps on tracked tensors, by the gradients that they keep", function()
  for _, make in ipairs {optim.SGD, optim.Adam, optim.RMSprop, optim.Nadam} do
    local first, second = descend(make {0.05})
    local w = follow(make {0.05})
    expect.close(w[1]:item(), first, 1e-14)
    expect.close(w[2]:item(), second, 1e-14)
  end
end)

test("what is no gradient of a weight is refused before any weight is changed", function()
  local a, b = tensor{1, 2}, tensor{3}
  local sgd = optim.SGD {0.1}
  expect.error(function() sgd:apply({a, b}, {tensor{1, 1}, tensor{1, 1}}) end, "gradient 2 has shape (2,)")
  expect.error(function() sgd:apply({a, b}, {tensor{1, 1}}) end, "2 weights and 1 gradient:")
  expect.error(function() sgd:apply {grad.track(a)} end, "weight 1 has no gradient yet")
  expect.error(function() sgd:apply({a}, {tensor({1, 1}, {dtype = "float32"})}) end, "float32 where float64")
  expect.equal(tostring(a) .. tostring(b), "[1. 2.][3.]")
  sgd:apply({a, b}, {tensor{1, 1}, tensor{1}})
  expect.equal(tostring(a) .. tostring(b), "[0.9 1.9][2.9]")
end)

test("an optimizer with a memory goes on with the same weights only, one without goes on with any", function()
  local a, b, g = tensor{1}, tensor{1}, {tensor{1}}
  local rolling = optim.SGD {0.1, momentum = 0.9}
  rolling:apply({a}, g)
  rolling:apply({a}, g)
  expect.error(function() rolling:apply({b}, g) end, "has taken 2 steps with other weights")
  expect.close(a[1], 1 - 0.1 - 0.19, 1e-15)
  local plain = optim.SGD {0.1}
  plain:apply({a}, g)
  plain:apply({b}, g)
  expect.close(b[1], 0.9, 1e-15)
  for _, rule in ipairs {optim.Adamax{}, optim.Adam{amsgrad = true}} do  -- written out
    rule:apply({a}, g)
    expect.error(function() rule:apply({b}, g) end, "has taken 1 step with other weights")
  end
end)

test("AdamW without decay is Adam, and with it each step takes its part of the weight first", function()
  local first, second = descend(optim.AdamW{weight_decay = 0})
  expect.close(first, 0.9950004462572977, 1e-12)
  expect.close(second, 0.9950004370503661, 1e-12)
  local core = require "gradus.core.grad"
  local w = core.weight(tensor{2})
  local sgd = optim.SGD{0.1, weight_decay = 0.5}
  sgd:build {w}
  sgd:apply({w}, {tensor{0}})
  expect.close(w[1], 2 * (1 - 0.05), 1e-15)
end)

test("gradients are clipped one by one, by each norm, or by the norm of all", function()
  local core = require "gradus.core.grad"
  local function step(options)
    local a, b = core.weight(tensor{0, 0}), core.weight(tensor{0})
    options.learning_rate = 1
    local sgd = optim.SGD(options)
    sgd:build {a, b}
    sgd:apply({a, b}, {tensor{3, 4}, tensor{12}})
    return -a[1], -a[2], -b[1]
  end
  local function is(got, want)
    for i = 1, 3 do expect.close(got[i], want[i], 1e-14) end
  end
  is({step {}}, {3, 4, 12})
  is({step {clipvalue = 3.5}}, {3, 3.5, 3.5})
  is({step {clipnorm = 1}}, {0.6, 0.8, 1})
  is({step {clipnorm = 10}}, {3, 4, 10})
  is({step {global_clipnorm = 6.5}}, {1.5, 2, 6})
  is({step {global_clipnorm = 100}}, {3, 4, 12})
end)

test("rules that are written out here clip and decay as those in C do", function()
  local core = require "gradus.core.grad"
  -- With nothing remembered Adamax's first step is sign(g), Nadam's and Adadelta's hang on g^2: so g is looked at.
  local function seen(options)
    local a, b, got = core.weight(tensor{1, 2}), core.weight(tensor{3}), {}
    local optimizer = optim.Adamax(options)
    function optimizer:written_out() return function(_, _, g) got[#got + 1] = g:clone() end, 2 end
    optimizer:build {a, b}
    optimizer:apply({a, b}, {tensor{3, 4}, tensor{12}})
    return tostring(got[1]) .. tostring(got[2]) .. tostring(core.plain(a)) .. tostring(core.plain(b))
  end
  expect.equal(seen {}, "[3. 4.][12.][1. 2.][3.]")
  expect.equal(seen {clipvalue = 3.5}, "[3.  3.5][3.5][1. 2.][3.]")
  expect.equal(seen {clipnorm = 1}, "[0.6 0.8][1.][1. 2.][3.]")
  expect.equal(seen {global_clipnorm = 6.5}, "[1.5 2. ][6.][1. 2.][3.]")
  expect.equal(seen {0.1, weight_decay = 0.5}, "[3. 4.][12.][0.95 1.9 ][2.85]")
end)

test("amsgrad never makes the steps of a weight longer, may be asked for at any time, and is kept in files", function()
  local core = require "gradus.core.grad"
  local w, optimizer = core.weight(tensor{0}), optim.Adam{1, 0, 0.5, amsgrad = true}
  optimizer:build {w}
  local function moved(g)
    local before = core.plain(w):item()
    optimizer:apply({w}, {tensor{g}})
    -- by the gradient, over the root of its greatest mean square, without Adam's factor for the first steps
    return (before - core.plain(w):item()) / math.sqrt(1 - 0.5 ^ optimizer.iterations)
  end
  expect.close(moved(4), 4 / math.sqrt(8), 1e-6)
  expect.close(moved(1), 1 / math.sqrt(8), 1e-6)   -- the mean square is 4.5 now
  optimizer.amsgrad = false
  expect.close(moved(1), 1 / math.sqrt(2.75), 1e-6)
  optimizer.amsgrad = true
  expect.close(moved(1), 1 / math.sqrt(8), 1e-6)
  local m = nn.Sequential{nn.Dense{1, input_shape = {2}}}
  m:compile{optimizer = optim.AdamW{amsgrad = true}, loss = "mse"}
  m:fit{ones(4, 2), ones(4, 1), verbose = 0}
  local path = os.tmpname() .. ".safetensors"
  m:save(path)
  local again = nn.load(path)
  os.remove(path)
  expect.equal(again.optimizer.amsgrad, true)
  for i, t in ipairs(m.optimizer.third) do expect.ok(any(t) and all(eq(t, again.optimizer.third[i]))) end
  for _, make in ipairs {function() optim.Adam{amsgrad = 1} end, function() optim.RMSprop{centered = "yes"} end,
    function() optim.SGD{nesterov = 1} end} do
    expect.error(make, "is true or false, not")
  end
end)

test("a network trained by a rule that is written out here predicts with the weights of now", function()
  random.seed(3)
  local x, y = random.randn(8, 6, 6, 1), random.randn(8, 1)
  for _, name in ipairs {"Adadelta", "Adamax", "Nadam"} do
    local m = nn.Sequential{nn.Conv2D{4, 3, input_shape = {6, 6, 1}}, nn.Flatten{}, nn.Dense{1}}
    m:compile{optimizer = optim[name] {0.1, use_ema = true}, loss = "mse"}
    for _ = 1, 2 do
      m:predict(x)
      m:fit{x, y, epochs = 2, verbose = 0}
      local now = m:predict(x)
      m.programs = {}
      expect.ok(all(eq(now, m:predict(x))), name)
    end
  end
end)

test("running means of the weights begin with the first step, and are the weights after fit", function()
  random.seed(4)
  local x, y = random.randn(6, 2), random.randn(6, 1)
  local function net(options)
    random.seed(5)
    local m = nn.Sequential{nn.Dense{1, input_shape = {2}}, dtype = "float64"}
    m:compile{optimizer = optim.SGD(options), loss = "mse"}
    return m
  end
  local plain, mean = net {0.1}, nil
  for step = 1, 4 do
    plain:train_on_batch(x, y)
    local w = plain.layers[1].kernel:clone()
    mean = step == 1 and w or 0.8 * mean + 0.2 * w
  end
  local averaged = net {0.1, use_ema = true, ema_momentum = 0.8}
  averaged:fit{x, y, epochs = 4, batch_size = 6, shuffle = false, verbose = 0}
  expect.ok(max(abs(averaged.layers[1].kernel - mean)) < 1e-14)
  local often = net {0.1, use_ema = true, ema_momentum = 0.8, ema_overwrite_frequency = 1}
  for _ = 1, 2 do often:train_on_batch(x, y) end
  local one = net {0.1}
  one:train_on_batch(x, y)
  local first = one.layers[1].kernel:clone()
  one:train_on_batch(x, y)
  expect.ok(max(abs(often.layers[1].kernel - (0.8 * first + 0.2 * one.layers[1].kernel))) < 1e-14)
  expect.error(function() optim.SGD{use_ema = true, ema_momentum = 2} end, "ema_momentum is a number from 0 to 1")
  expect.error(function() optim.SGD{ema_overwrite_frequency = 0.5} end, "a whole number of steps")
end)

test("a schedule is asked for the rate of each step, and the first step has number 0", function()
  local asked = {}
  local schedule = {at = function(_, t) asked[#asked + 1] = t; return 0.01 end}
  local first = descend(optim.SGD{schedule})
  expect.close(first, 0.9509900499, 1e-12)
  expect.equal(table.concat(asked, " "), "0 1 2 3 4")
end)

test("a model trains with a schedule, and says the rate that it has now", function()
  random.seed(1)
  local m = nn.Sequential {nn.Dense{1, input_shape = {2}}}
  m:compile{optimizer = optim.SGD{optim.ExponentialDecay{0.1, 10, 0.5}}, loss = "mse"}
  m:fit{random.randn(40, 2), random.randn(40), epochs = 1, batch_size = 2, verbose = 0}
  expect.equal(tostring(m.optimizer), "SGD, learning rate 0.025 now (ExponentialDecay)")
end)

test("a learning rate or schedule that cannot be is a sentence", function()
  expect.error(function() optim.SGD{"fast"} end, "learning_rate is a number from 0, or a schedule")
  expect.error(function() optim.Adam{learning_rate = -1} end, "learning_rate is a number from 0")
  expect.error(function() optim.SGD{clipnorm = 1, global_clipnorm = 1} end, "not both")
  expect.error(function() optim.SGD{clipnorm = 0} end, "a number above 0")
  expect.error(function() optim.CosineDecay{0.1} end, "needs decay_steps")
  expect.error(function() optim.CosineDecay{0.1, 0} end, "counts steps")
  expect.error(function() optim.ExponentialDecay{0.1, 10, "half"} end, "decay_rate is a number")
  expect.error(function() optim.PiecewiseConstantDecay{{5, 3}, {1, 2, 3}} end, "boundaries grow")
  expect.error(function() optim.PiecewiseConstantDecay{{5}, {1}} end, "make 2 pieces, but there are 1 values")
  expect.error(function() optim.CosineDecay{0.1, 10}(-1) end, "of a step from 0")
end)

-- XOR is what one neuron cannot learn. Each optimizer learns it from every seed, at a rate that suits it.
local x, y = tensor{{0, 0}, {0, 1}, {1, 0}, {1, 1}}, tensor{0, 1, 1, 0}
local makers = {
  SGD = function() return optim.SGD{0.5, momentum = 0.9} end,
  ["SGD with Nesterov's momentum"] = function() return optim.SGD{0.5, 0.9, true} end,
  Adam = function() return optim.Adam{0.05} end,
  ["Adam with amsgrad"] = function() return optim.Adam{0.05, amsgrad = true} end,
  AdamW = function() return optim.AdamW{0.05} end,
  RMSprop = function() return optim.RMSprop{0.02} end,
  ["centered RMSprop"] = function() return optim.RMSprop{0.02, centered = true} end,
  Adagrad = function() return optim.Adagrad{0.5} end,
  Adadelta = function() return optim.Adadelta{5} end,
  Adamax = function() return optim.Adamax{0.05} end,
  Nadam = function() return optim.Nadam{0.05} end,
}
local names = {}
for name in pairs(makers) do names[#names + 1] = name end
table.sort(names)
for _, name in ipairs(names) do
  test(name .. " learns XOR from 20 seeds", function()
    for seed = 1, 20 do
      random.seed(seed)
      local m = nn.Sequential {nn.Dense{8, activation = "tanh", input_shape = {2}}, nn.Dense{1, activation = "sigmoid"}}
      m:compile{optimizer = makers[name](), loss = "binary_crossentropy"}
      m:fit{x, y, batch_size = 4, epochs = 400, verbose = 0}
      expect.equal(tostring(m:predict_classes(x)), "[0 1 1 0]")
    end
  end)
end

test.done()
