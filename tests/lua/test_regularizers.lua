-- Penalties on weights: in the loss that is reported, in the gradient, and nowhere else.

local test, expect = dofile(os.getenv "GRADUS_TESTS" .. "/lua/tap.lua")

random.seed(7)
local x, y = random.randn(10, 3), random.randn(10, 2)

local function network(layer, given)
  random.seed(1)
  given = given or {}
  local m = nn.Sequential{nn.Dense(layer), nn.Dense{2}, dtype = given.dtype or "float64"}
  m:compile{optimizer = given.optimizer or optim.SGD{0}, loss = "mse", metrics = given.metrics or {}}
  return m
end

-- Loss and gradients of a step with and without the regularizer.
local function both(name, given)
  local plain, penalized = network{4, input_shape = {3}}, network{4, [name] = given, input_shape = {3}}
  local w = penalized.layers[1].kernel:clone()
  local a, b = plain:train_on_batch(x, y), penalized:train_on_batch(x, y)
  return b - a, penalized:gradients()[1] - plain:gradients()[1], w, penalized
end

local function largest(t) return max(abs(t)) end

test("the penalties are Keras's, in the loss and in the gradient", function()
  local cases = {
    {"l2", function(w) return 0.01 * sum(w * w) end, function(w) return 0.02 * w end},
    {"l1", function(w) return 0.01 * sum(abs(w)) end, function(w) return 0.01 * sign(w) end},
    {regularizers.L2{0.5}, function(w) return 0.5 * sum(w * w) end, function(w) return w end},
    {regularizers.L1L2{0.1, 0.2}, function(w) return 0.1 * sum(abs(w)) + 0.2 * sum(w * w) end,
      function(w) return 0.1 * sign(w) + 0.4 * w end},
    {function(w) return 0.3 * sum(w ^ 4) end, function(w) return 0.3 * sum(w ^ 4) end,
      function(w) return 1.2 * w ^ 3 end},
  }
  for _, case in ipairs(cases) do
    local loss, gradient, w = both("kernel_regularizer", case[1])
    expect.close(loss, case[2](w))
    expect.ok(largest(gradient - case[3](w)) < 1e-12)
  end
end)

test("fit, evaluate, train_on_batch and test_on_batch report the same loss, with the penalty", function()
  local m = network({4, kernel_regularizer = "l2", bias_regularizer = "l1", input_shape = {3}}, {metrics = {"mse"}})
  m.layers[1].bias[{{}}] = tensor{1, -2, 0, 0.5}
  local w = m.layers[1].kernel
  local data, penalty = m:evaluate{x, y, verbose = 0}.mse, 0.01 * sum(w * w) + 0.01 * 3.5
  expect.close(m:evaluate{x, y, batch_size = 3, verbose = 0}.loss, data + penalty)
  expect.close((m:test_on_batch(x, y)), data + penalty)
  expect.close((m:train_on_batch(x, y)), data + penalty)
  local h = m:fit{x, y, batch_size = 3, validation_data = {x, y}, verbose = 0}
  expect.close(h.history.loss[1], data + penalty)
  expect.close(h.history.val_loss[1], data + penalty)
  -- A sample's weight is of its error; the penalty stays.
  expect.close((m:train_on_batch(x, y, {sample_weight = zeros(10)})), penalty)
end)

test("a clipped gradient is one with its penalty", function()
  local m = network({4, kernel_regularizer = regularizers.L2{1000}, input_shape = {3}},
    {optimizer = optim.SGD{1, clipnorm = 0.5}})
  local before = m.layers[1].kernel:clone()
  m:train_on_batch(x, y)
  local moved = before - m.layers[1].kernel
  expect.close(math.sqrt(sum(moved * moved)), 0.5, 1e-9)
  expect.close(sum(moved * before) / (0.5 * math.sqrt(sum(before * before))), 1, 1e-3)
end)

test("a strong penalty alone brings weights to 0, and L1 keeps those that are there", function()
  local m = network({4, kernel_regularizer = "l2", input_shape = {3}}, {optimizer = optim.SGD{1}})
  for _ = 1, 20 do m:train_on_batch(zeros(1, 3), m:predict(zeros(1, 3))) end
  expect.ok(largest(m.layers[1].kernel) < 1)
  local _, gradient = both("kernel_regularizer", function(w) return 0 * sum(w) end)
  expect.equal(largest(gradient), 0.0)
  local w = grad.track(zeros(3))
  regularizers.L1{1}(w):backward()
  expect.equal(largest(w.grad), 0.0)
end)

test("each penalty has the derivative that central differences find, of weights of any shape and of views", function()
  local w = random.randn(3, 4)
  for _, r in ipairs {regularizers.L1{0.3}, regularizers.L2{0.7}, regularizers.L1L2{0.2, 0.5}} do
    for _, each in ipairs {w, w.T, w[{{}, {2, 3}}], w[1]} do
      expect.ok(grad.check(function(z) return r(z) end, each).ok)
      expect.close(r(each), r.l1 * sum(abs(each)) + r.l2 * sum(each * each))
      expect.close(sum(r(grad.track(each)):detach()), r(each))
    end
  end
end)

test("penalties and clipped norms of large weights are the same bits with 1, 2 or 8 threads", function()
  expect.same_bits [[
    random.seed(1)
    local x, y = random.randn(64, 200), random.randn(64, 3)
    local m = nn.Sequential{nn.Dense{300, activation="relu", kernel_regularizer="l1", bias_regularizer="l2",
      input_shape={200}}, nn.Dense{3, kernel_regularizer=function(w) return 0.01 * sum(w ^ 4) end}}
    m:compile{optimizer=optim.Adam{0.01, global_clipnorm=1}, loss="mse"}
    local h = m:fit{x, y, epochs=3, verbose=0}
    print(string.format("%a", h.history.loss[3] + sum(m.layers[1].kernel:astype("float64"))))]]
end)

test("a step with penalties runs without Lua: it leaves no garbage", function()
  local m = network{4, kernel_regularizer = regularizers.L1L2{0.1, 0.1}, bias_regularizer = "l1", input_shape = {3},
    kernel_initializer = "ones"}
  m:fit{x, y, epochs = 1, verbose = 0}
  local function garbage(epochs)
    collectgarbage "stop"
    local before = collectgarbage "count"
    m:fit{x, y, batch_size = 1, shuffle = false, epochs = epochs, verbose = 0}
    local made = collectgarbage "count" - before
    collectgarbage "restart"
    return made
  end
  garbage(1)
  -- Ten steps more an epoch: what an epoch leaves is its entry in the history.
  expect.ok(garbage(100) - garbage(50) < 50 * 1, "a step of " .. (garbage(100) - garbage(50)) / 500 .. " KiB")
end)

test("a regularizer that is exchanged or changed by hand holds from then on; a frozen layer has none", function()
  local loss, _, w, m = both("kernel_regularizer", "l2")
  expect.close(loss, 0.01 * sum(w * w))
  local data = m:train_on_batch(x, y) - loss
  m.layers[1].kernel_regularizer = regularizers.L2{0.1}
  expect.close(m:train_on_batch(x, y) - data, 0.1 * sum(w * w))
  m.layers[1].kernel_regularizer.l2 = 0.2
  expect.close(m:train_on_batch(x, y) - data, 0.2 * sum(w * w))
  m.layers[1].kernel_regularizer = "l1"
  expect.close(m:test_on_batch(x, y) - data, 0.01 * sum(abs(w)))
  m.layers[1].kernel_regularizer = nil
  expect.close(m:test_on_batch(x, y), data)
  m.layers[1].kernel_regularizer, m.layers[1].trainable = "l1", false
  expect.close(m:train_on_batch(x, y), data)
end)

test("convolutions, normalization and layers of one's own have regularizers, recorded or not", function()
  local Own = nn.layer{"Own", weights = function(_, shape)
    return {{"factor", shape, "ones", regularizer = regularizers.L2{0.1}}}
  end, forward = function(layer, z)
    layer.z = z
    return z * layer.factor
  end, backward = function(layer, dy) return dy * layer.factor, sum(dy * layer.z, 1) end}
  local pictures = random.randn(4, 5, 5, 1)
  local m = nn.Sequential{nn.Conv2D{2, 3, kernel_regularizer = "l2", input_shape = {5, 5, 1}},
    nn.BatchNormalization{gamma_regularizer = "l1"}, nn.Flatten{}, nn.Dense{3}, Own{}, dtype = "float64"}
  m:compile{optimizer = optim.SGD{0}, loss = "mse"}
  local target = random.randn(4, 3)
  local k = m.layers[1].kernel
  local penalty = 0.01 * sum(k * k) + 0.01 * 2 + 0.1 * 3
  local data = mean((m:predict(pictures) - target) ^ 2)
  expect.close((m:test_on_batch(pictures, target)), data + penalty)
  m:train_on_batch(pictures, target)
  local gradient = m:gradients()
  m.layers[5].trainable = false
  m:train_on_batch(pictures, target)
  expect.ok(largest(m:gradients()[1] - gradient[1]) < 1e-12)
end)

test("float32 networks are penalized in float32", function()
  local m = network({4, kernel_regularizer = regularizers.L1L2{0.1, 0.1}, input_shape = {3}}, {dtype = "float32"})
  local w = m.layers[1].kernel:astype("float64")
  local data = mean((m:predict(x):astype("float64") - y) ^ 2)
  expect.close((m:train_on_batch(x, y)), data + 0.1 * sum(abs(w)) + 0.1 * sum(w * w), 1e-5)
  expect.equal(m:gradients()[1].dtype, "float32")
end)

test("what is no regularizer is said so when the layer is made", function()
  expect.error(function() nn.Dense{2, kernel_regularizer = "l3"} end, 'did you mean')
  expect.error(function() nn.Dense{2, kernel_regularizer = "l1_l2"} end, "the choices are: l1, l2")
  expect.error(function() nn.Dense{2, kernel_regularizer = 0.01} end, "regularizers.L2{0.001}")
  expect.error(function() regularizers.L2{-1} end, "l2 is a number from 0, not -1")
  expect.error(function() regularizers.L1{1 / 0} end, "l1 is a number from 0")
  expect.error(function() both("kernel_regularizer", function(w) return w end) end, "gives one number")
  expect.error(function() both("kernel_regularizer", function() return 3 end) end, "no gradient leads back from")
  expect.equal(tostring(regularizers.L1L2{0.1}), "L1L2{l1=0.1, l2=0.0}")
end)

test.done()
