-- Operations and layers of a learner's own, and the step that runs them.
local test, expect = dofile(os.getenv "GRADUS_TESTS" .. "/lua/tap.lua")

local cube = grad.operation {
  forward = function(saved, x) saved.x = x; return x * x * x end,
  backward = function(saved, dy) return 3 * saved.x ^ 2 * dy end,
}

test("an operation by hand has the gradient that its backward gives", function()
  expect.ok(grad.check(function(x) return sum(cube(x)) end, tensor{0.5, -1, 2}).ok)
  local wrong = grad.operation {
    forward = function(saved, x) saved.x = x; return x * x end,
    backward = function(saved, dy) return saved.x * dy end,
  }
  local check = grad.check(function(x) return sum(wrong(x)) end, tensor{0.5, -1, 2})
  expect.ok(tostring(check):find("half of what it should"))
end)

test("an operation of several inputs gives each its gradient, and constants none", function()
  local product = grad.operation {
    forward = function(saved, a, b) saved.a, saved.b = a, b; return a:dot(b) end,
    backward = function(saved, dy) return dy:dot(saved.b.T), saved.a.T:dot(dy) end,
  }
  local A, B = random.randn(2, 3), random.randn(3, 4)
  expect.ok(grad.check(function(a) return sum(product(a, B) ^ 2) end, A).ok)
  expect.ok(grad.check(function(b) return sum(product(A, b) ^ 2) end, B).ok)
  expect.equal(tostring(product(A, B)), tostring(A:dot(B)))
end)

test("a backward that is wrong in form says what is wrong, and the session goes on", function()
  local x = grad.track(tensor{1, 2})
  local function try(backward)
    local op = grad.operation {forward = function(_, t) return 2 * t end, backward = backward}
    return function() sum(op(x)):backward() end
  end
  expect.error(try(function() end), "returned no gradient for input 1")
  expect.error(try(function(_, dy) return dy:reshape(1, 2) end), "shape (1, 2) for input 1, which has shape (2,)")
  expect.error(try(function() return "no" end), "tensor or number")
  expect.error(try(function() error "oh no" end), "oh no")
  expect.error(try(function() error {} end), "an error that is no text")
  sum(cube(x)):backward()
  expect.equal(tostring(x.grad), "[ 3. 12.]")
end)

-- A small network on made data: the last loss, and what it predicts.
local function train(activation, more)
  random.seed(1)
  local x, y = random.randn(40, 3), random.randint(0, 2, 40)
  local model = nn.Sequential {nn.Dense{8, activation = activation, input_shape = {3}}, nn.Dropout{0.3},
    more or nn.Activation{"linear"}, nn.Dense{2, activation = "softmax"}, dtype = "float64"}
  model:compile{optimizer = "adam", loss = "sparse_categorical_crossentropy", metrics = {"accuracy"}}
  local history = model:fit{x, y, epochs = 3, batch_size = 16, validation_split = 0.1, verbose = 0}
  return history.history.loss[3], model:predict(x), model
end

test("a step that runs eagerly gives the numbers of the recorded one", function()
  local loss, p = train(function(x) return x ^ 3 end)
  local eager_loss, eager_p, model = train(cube)
  expect.ok(model.runs_eagerly)
  expect.close(eager_loss, loss, 1e-12)
  expect.ok(max(abs(p - eager_p)) < 1e-12)
end)

test("a step that runs eagerly weighs samples, and takes columns of a table as truths", function()
  random.seed(2)
  local t, w = random.randn(500, 5), random.random(500)
  local x, y = t[{{}, {1, 3}}], t[{{}, {4, 5}}]
  local function train(activation)
    random.seed(1)
    local m = nn.Sequential{nn.Dense{2, activation = activation, input_shape = {3}}, dtype = "float64"}
    m:compile{optimizer = "sgd", loss = "mse"}
    m:fit{x, y, epochs = 2, batch_size = 300, sample_weight = w, verbose = 0}
    m:fit{x, y, epochs = 2, batch_size = 300, verbose = 0}
    return m
  end
  local recorded, eager = train(nil), train(function(z) z:detach():max() return z end)
  expect.ok(eager.runs_eagerly and not recorded.runs_eagerly)
  expect.ok(max(abs(recorded:predict(x) - eager:predict(x))) < 1e-12)
  -- A loss by itself takes them, too.
  expect.close(losses.mean_squared_error(y, x[{{}, {1, 2}}]), losses.mean_squared_error(y:clone(), x[{{}, {1, 2}}]))
end)

test("a layer that reads numbers while it computes runs eagerly: no number of the recording stays in it", function()
  local seen = {}
  local loss, _, model = train(function(x)
    seen[#seen + 1] = x:detach():max()
    return x ^ 3
  end)
  expect.ok(model.runs_eagerly)
  expect.ok(#seen > 6)
  expect.close(loss, (train(function(x) return x ^ 3 end)), 1e-12)
end)

test("a layer that computes with the size of the batch, or draws numbers, runs eagerly", function()
  local by_size = nn.layer {"Size", call = function(_, x) return x / x.shape[1] end}
  local _, p, model = train("relu", by_size{})
  expect.ok(model.runs_eagerly)
  expect.equal(#p, 40)
  local noise = nn.layer {"Noise", call = function(_, t, training)
    return training and t + random.randn(table.unpack(t.shape)) or t
  end}
  local noisy_loss, _, noisy = train("relu", noise{})
  expect.ok(noisy.runs_eagerly)
  expect.ok(noisy_loss ~= (train("relu")))
  expect.equal(#noisy:predict(random.randn(5, 3)), 5)
end)

test("a layer made of tensor operations is recorded and trains like any other", function()
  local Scale = nn.layer {"Scale",
    weights = function(_, shape) return {{"factor", shape, "ones"}} end,
    call = function(layer, x) return x * layer.factor end,
  }
  local loss, _, model = train("relu", Scale{})
  expect.equal(model.runs_eagerly, nil)
  expect.ok(loss < 2)
  local factor = model.layers[3].factor
  expect.equal(tostring(factor.shape[1]), "8")
  expect.ok(max(abs(factor - 1)) > 0)
  expect.equal(model.layers[3].name, "scale")
end)

test("a layer by hand trains to the same weights as the one from tensor operations", function()
  local function weights(_, shape) return {{"kernel", {shape[1], 5}}, {"bias", {5}}} end
  local Mine = nn.layer {"Mine", weights = weights,
    forward = function(layer, x)
      layer.x = x
      return x:dot(layer.kernel) + layer.bias
    end,
    backward = function(layer, dy) return dy:dot(layer.kernel.T), layer.x.T:dot(dy), sum(dy, 1) end,
  }
  local _, by_hand, model = train("relu", Mine{})
  expect.ok(model.runs_eagerly)
  local _, recorded = train("relu", nn.Dense{5})
  expect.ok(max(abs(by_hand - recorded)) < 1e-12)
end)

test("a new kind of layer with something missing says what", function()
  expect.error(function() nn.layer {"A"} end, "give call")
  expect.error(function() nn.layer {"A", forward = print} end, "needs a backward")
  expect.error(function() nn.layer {"not a word", call = print} end, "the name is a word")
  expect.error(function() nn.layer {"A", cal = print} end, 'did you mean "call"')
  local Mixed = nn.layer {"Mixed", call = function(_, x) return sum(x, 1) end}
  expect.error(function() nn.Sequential {Mixed{input_shape = {3}}} end, "axis 1 is that of the samples")
  local Nothing = nn.layer {"Nothing", call = function() end}
  expect.error(function() nn.Sequential {Nothing{input_shape = {3}}} end, "is a return missing?")
  local Clash = nn.layer {"Clash", weights = function() return {{"call", {1}}} end, call = function(_, x) return x end}
  expect.error(function() nn.Sequential {Clash{input_shape = {3}}} end, "cannot be called call")
end)

-- One step of training with that kind of layer in the middle of a network, whose outputs there are (n, 3).
local function step_with(kind)
  local m = nn.Sequential{nn.Dense{3, input_shape = {2}}, nn.layer(kind){}, nn.Dense{1}}
  m:compile{optimizer = "sgd", loss = "mse"}
  return m:train_on_batch(random.randn(4, 2), random.randn(4, 1)), m
end

test("what a layer by hand does wrong is said with its name and that of the weight", function()
  local function by_hand(backward, message)
    expect.error(function()
      step_with {"Mine", weights = function(_, shape) return {{"w", shape, "ones"}} end,
        forward = function(layer, x) layer.x = x; return x * layer.w end, backward = backward}
    end, message)
  end
  by_hand(function() end, 'nn.layer "Mine": backward gave nothing where the derivative by x belongs')
  by_hand(function(_, dy) return dy end, "nothing where the derivative by w belongs, a tensor of shape (3,)")
  by_hand(function(_, dy) return dy, 1 end, "a number where the derivative by w belongs")
  by_hand(function(_, dy) return dy.T, dy end, "a derivative by x of shape (3, 4), and x has shape (4, 3)")
  by_hand(function(layer, dy) return dy, dy * layer.x end, "every sample uses it, so sum over them")
  by_hand(function(_, dy) return dy, sum(dy, 1), dy end, "gave 3 derivatives; there are 2, by x and w")
  local function twice(_, dy) return 2 * dy end
  expect.error(function() step_with {"Mine", forward = function() end, backward = twice} end,
    'nn.layer "Mine": forward gave nil and not a tensor')
  expect.error(function()
    step_with {"Mine", call = function(_, x) return x end, output_shape = function() return {7} end}
  end, 'nn.layer "Mine": of 3 samples it made a tensor of shape (3, 3), but it was to be (3, 7)')
  expect.error(function()
    step_with {"Mine", call = function(_, x) return x end, weights = function() return {{"name", {1}}} end}
  end, "cannot be called name")
end)

test("a layer may compute with float64 numbers in a network of float32, and call a field of its own count", function()
  local _, m = step_with {"Mine", call = function(layer, x)
    layer.count = layer.count or 1
    return x * tensor{1, 2, 3} * layer.count
  end}
  expect.equal(m.runs_eagerly, nil)
  expect.equal(m:predict(zeros(1, 2)).dtype, "float32")
end)

test("an activation of one's own keeps shape and dtype", function()
  local function step(activation)
    local m = nn.Sequential{nn.Dense{3, activation = activation, input_shape = {2}}, nn.Activation{activation}}
    m:compile{optimizer = "sgd", loss = "mse"}
    m:train_on_batch(ones(4, 2), ones(4, 3))
    return m
  end
  expect.equal(step(function(z) return z * tensor{1, 2, 3} end):predict(ones(1, 2)).dtype, "float32")
  expect.error(function() step(function(z) return sum(z, 2) end) end, "your activation made a tensor of shape")
  expect.error(function() step(function() end) end, "is a return missing")
end)

test("a layer that assigns to elements is refused, since a recorded step would not do it again", function()
  for _, index in ipairs {{1, 1}, {{}, 1}, "1:2, :"} do
    expect.error(function() step_with {"Mine", call = function(_, x) x[index] = 0 return x end} end,
      "changes a tensor in place")
    expect.error(function() step_with {"Mine", call = function(_, x)
      local y = x * 2
      y[index] = 0
      return y
    end} end, "where(gt(x, 0), x, 0)")
  end
  expect.error(function()
    step_with {"Mine", call = function(_, x) return x[gt(x, 0)] end, output_shape = function() return {3} end}
  end, "where(mask, a, b)")
end)

test("what a learner's functions compute with is that of each call of fit and predict", function()
  local by, x = 2, ones(2, 2)
  local Times = nn.layer{"Times", call = function(layer, h) return h * by * (layer.more or 1) end}
  local m = nn.Sequential{Times{input_shape = {2}}, nn.Activation{function(z) return z + by end}, dtype = "float64"}
  expect.equal(m:predict(x)[{1, 1}], 4.0)
  by = 3
  expect.equal(m:predict(x)[{1, 1}], 6.0)
  m.layers[1].more = 5
  expect.equal(m:predict(x)[{1, 1}], 18.0)
  m:compile{optimizer = "sgd", loss = function(t, p) return by * mean((p - t) ^ 2, 2) end}
  expect.equal(m:test_on_batch(x, zeros(2, 2)), 3 * 18.0 ^ 2)
  by = 1
  expect.equal(m:test_on_batch(x, zeros(2, 2)), 6.0 ^ 2)
  expect.equal(m.runs_eagerly, nil)
end)

test("a step that runs eagerly works on a copy of the samples", function()
  local Own = nn.layer{"Own", forward = function(_, h) h:mul_(2) return h end, backward = function(_, dy) return dy end}
  local m = nn.Sequential{Own{input_shape = {2}}, dtype = "float64"}
  local x = ones(3, 2)
  expect.equal(sum(m:predict(x)), 12.0)
  expect.equal(sum(x), 6.0)
end)

test("options of a new kind of layer are read and checked like any other's", function()
  local Power = nn.layer {"Power", options = {{"exponent", 2}}, call = function(layer, x) return x ^ layer.exponent end}
  local model = nn.Sequential {Power{3, input_shape = {2}}, dtype = "float64"}
  expect.equal(tostring(model:predict(tensor{{1, 2}})), "[[1. 8.]]")
  expect.error(function() Power{exponnet = 3} end, 'did you mean "exponent"')
end)

-- Three steps of training through a layer made of f; recorded, or step by step because it reads a number.
local function losses_through(f, reads)
  random.seed(3)
  local x, y = random.randn(6, 3), random.randn(6, 2)
  local Own = nn.layer{"Own", call = function(_, h)
    if reads then tostring(h) end
    return f(h)
  end}
  local m = nn.Sequential{nn.Dense{4, input_shape = {3}}, Own{}, nn.Dense{2}, dtype = "float64"}
  m:compile{optimizer = optim.SGD{0.1}, loss = "mse"}
  local losses = {}
  for i = 1, 3 do losses[i] = m:train_on_batch(x, y) end
  return losses, m.runs_eagerly or false
end

test("a layer that compares is recorded: its masks are those of each batch", function()
  local layers = {
    function(h) return where(gt(h, 0), h, 0.1 * h) end,
    function(h) return where(le(h * h, h), h, -h) end,
    function(h) return gt(h, 0) * h end,
    function(h) return (1 - gt(h, 0)) * h end,
    function(h) return where(logical_and(gt(h, -1), logical_not(gt(h, 1))), h, 0 * h) end,
    function(h) return gt(h, 0):astype("float64") * h end,
    function(h) return where(isnan(h), 0 * h, h) end,
    function(h) return h * sum(gt(h, 0), {axis = 2, keepdims = true}) end,
    function(h) return where(gt(h, 0):reshape(-1, 4), h, 2 * h) end,
  }
  for i, f in ipairs(layers) do
    local recorded, eagerly = losses_through(f, false)
    expect.equal(i .. tostring(eagerly), i .. "false")
    local wanted, reference = losses_through(f, true)
    expect.equal(reference, true)
    for step = 1, 3 do expect.close(recorded[step], wanted[step], 1e-14) end
  end
  local m = nn.Sequential{nn.ReLU{threshold = 0.2, max_value = 1, input_shape = {3}}, nn.Dense{2}}
  m:compile{optimizer = "sgd", loss = "mse"}
  m:train_on_batch(ones(4, 3), ones(4, 2))
  expect.equal(m.runs_eagerly, nil)
end)

test("a network without a weight is measured and changes nothing, recorded or by hand", function()
  local Square = nn.layer{"Square", forward = function(layer, h)
    layer.h = h
    return h * h
  end, backward = function(layer, dy) return 2 * layer.h * dy end}
  for _, layer in ipairs {Square{input_shape = {2}}, nn.Activation{"tanh", input_shape = {2}}} do
    local m = nn.Sequential{layer, dtype = "float64"}
    m:compile{optimizer = "sgd", loss = "mse"}
    local loss = m:fit{ones(3, 2), zeros(3, 2), verbose = 0}.history.loss[1]
    expect.close(loss, m:evaluate{ones(3, 2), zeros(3, 2), verbose = 0}.loss)
  end
end)

test("a layer that asks Lua what to do by its numbers runs step by step", function()
  for _, f in ipairs {function(h) return any(gt(h, 0)) and h or -h end, function(h) return h * max(gt(h, 0)) end,
    function(h) return all(gt(sum(h), 0)) and h or -h end} do
    local _, eagerly = losses_through(f, false)
    expect.equal(eagerly, true)
  end
end)

test("a default that is a list belongs to each layer alone", function()
  local Power = nn.layer{"Power", options = {{"powers", {1, 2}}}, call = function(layer, x)
    return x ^ layer.powers[1]
  end}
  local changed = Power{}
  changed.powers[1] = 3
  expect.equal(Power{}.powers[1], 1)
  expect.equal(changed.powers[1], 3)
end)

test("a layer that divides, takes logarithms or inverts a matrix of each sample is tried without a failure", function()
  local state = random.get_state()
  local Inverse = nn.layer{"Inverse", weights = function(_, shape) return {{"scale", {shape[1]}}} end,
    call = function(layer, x) return log(abs(linalg.inv(x) / layer.scale)) end}
  local m = nn.Sequential{Inverse{input_shape = {2, 2}}}
  expect.equal(table.concat(m.output_shape, " "), "2 2")
  local before = random.rand(1)[1]
  random.set_state(state)
  expect.equal(random.rand(1)[1], before)  -- the weights start at zeros: nothing was drawn
end)

test.done()
