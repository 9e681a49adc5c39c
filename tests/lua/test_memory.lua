-- The memory of a training run: at most half as much again as weights, the optimizer's state, one gradient for each
-- part of the batch, and the activations of one slice a thread. (Of the whole batch where BatchNormalization makes all
-- slices wait for each other.)
local test, expect = dofile(os.getenv "GRADUS_TESTS" .. "/lua/tap.lua")

local threads = require "gradus.core.session".threads()

local function product(list)
  local n = 1
  for _, size in ipairs(list) do n = n * size end
  return n
end

-- Bytes of what one sample's way through the network is: each layer's output, before and after its activation.
local function activations(model)
  local numbers = product(model.input_shape)
  for _, layer in ipairs(model.layers) do
    local active = layer.activation and layer.activation ~= "linear"
    numbers = numbers + product(layer.output_shape) * (active and 2 or 1)
  end
  return 4 * numbers
end

local function conv(filters, given)
  local layer = {filters, 3, activation = "relu"}
  for name, value in pairs(given or {}) do layer[name] = value end
  return nn.Conv2D(layer)
end

local function normalized(filters)
  return nn.Conv2D{filters, 3, padding = "same"}, nn.BatchNormalization{}, nn.ReLU{}
end

local function chain(...)
  local list = {}
  for _, layers in ipairs{...} do table.move(layers, 1, #layers, #list + 1, list) end
  return nn.Sequential(list)
end

local networks = {
  {name = "the course's CNN", shape = {50, 50, 1}, make = function()
    return nn.Sequential{conv(16, {padding = "same"}), nn.MaxPooling2D{2}, conv(16), nn.MaxPooling2D{2}, conv(16),
      nn.Flatten{}, nn.Dense{2, activation = "softmax"}}
  end},
  {name = "the course's MLP", shape = {2500}, make = function()
    return nn.Sequential{nn.Dense{128, activation = "relu"}, nn.Dense{2, activation = "softmax"}}
  end},
  {name = "a wide MLP", shape = {784}, make = function()
    return nn.Sequential{nn.Dense{512, activation = "relu"}, nn.Dense{512, activation = "relu"},
      nn.Dense{10, activation = "softmax"}}
  end},
  {name = "a net for CIFAR-10", shape = {32, 32, 3}, waits = true, make = function()
    return chain({normalized(16)}, {normalized(16)}, {nn.MaxPooling2D{2}}, {normalized(32)}, {normalized(32)},
      {nn.MaxPooling2D{2}, nn.Flatten{}, nn.Dense{10, activation = "softmax"}})
  end},
}

test("what a training run holds is in proportion to what it computes with", function()
  for _, network in ipairs(networks) do
    for _, batch_size in ipairs{32, 128} do
      random.seed(1)
      local m = network.make()
      local x = random.random(batch_size, table.unpack(network.shape)):astype("float32")
      local y = random.randint(0, 2, batch_size)
      m:compile{optimizer = "adam", loss = "sparse_categorical_crossentropy", metrics = {"accuracy"}}
      m:fit{x, y, batch_size = batch_size, verbose = 0, validation_data = {x, y}}
      local weights, trained, held, slices = 0, 0, 0, 0
      for _, layer in ipairs(m.layers) do
        for _, w in ipairs(layer:all_weights()) do weights = weights + w.size * 4 end
        for _, w in ipairs(layer:weights()) do trained = trained + w.size * 4 end
      end
      -- Validation and training take turns: after the last epoch neither holds memory to work in.
      for _, step in pairs(m.programs) do expect.equal(step.program:memory().slices, 0) end
      m:train_on_batch(x, y)
      m:predict(x)
      local memory
      for key, step in pairs(m.programs) do
        local each = step.program:memory()
        held, slices = held + each.gradients + each.prepared, math.max(slices, each.slices)
        if key:find "^train" then memory = each end
      end
      held = held + slices
      local state = 0
      for _, list in pairs(m.optimizer:state()) do
        for _, t in ipairs(list) do state = state + t.size * 4 end
      end
      expect.equal(state, 2 * trained)
      expect.ok(memory.rows <= (network.waits and batch_size or batch_size * threads))
      local needed = weights + state + memory.parts * trained + memory.rows * activations(m)
      local ratio = (weights + state + held) / needed
      print(string.format("# %s, batch %d: %.2f MiB, %.2f times what it computes with", network.name, batch_size,
        (weights + state + held) / 2 ^ 20, ratio))
      expect.ok(ratio <= 1.5, string.format("%s, batch %d: %.2f", network.name, batch_size, ratio))
      expect.ok(ratio > 0.3, "the bytes of a program are not counted")
    end
  end
end)

test("a batch that cannot stay in memory as a whole is refused before it is asked for, and nothing is lost", function()
  local m = nn.Sequential{nn.Dense{100000, input_shape = {2}}, nn.BatchNormalization{}, nn.Dense{1}}
  m:compile{optimizer = "sgd", loss = "mse"}
  local x, y, kernel = zeros(1000000, 2), zeros(1000000, 1), m.layers[1].kernel:clone()
  local text = expect.error(function() m:fit{x, y, batch_size = #x, verbose = 0} end, "take a smaller batch_size")
  expect.ok(text:find "needs %d+%.%d+ GiB, and this machine has %d+", text)
  expect.ok(all(eq(kernel, m.layers[1].kernel)))
  expect.ok(m:train_on_batch(x[{{1, 4}}], y[{{1, 4}}]) == 0)
end)

test("an optimizer without a memory keeps nothing beside the weights", function()
  local m = nn.Sequential{nn.Dense{3, input_shape = {4}}}
  for _, case in ipairs{{optim.SGD{}, 0}, {optim.SGD{momentum = 0.9}, 1}, {optim.RMSprop{}, 1}, {optim.Adagrad{}, 1},
    {optim.RMSprop{momentum = 0.9}, 2}, {optim.Adam{}, 2}} do
    m:compile{optimizer = case[1], loss = "mse"}
    m:train_on_batch(ones(2, 4), ones(2, 3))
    local kept = (m.optimizer.first and 1 or 0) + (m.optimizer.second and 1 or 0)
    expect.equal(kept, case[2])
  end
  -- A momentum that is given later is found.
  m:compile{optimizer = optim.SGD{0.1}, loss = "mse"}
  m:train_on_batch(ones(2, 4), ones(2, 3))
  m.optimizer.momentum = 0.9
  m:train_on_batch(ones(2, 4), ones(2, 3))
  expect.equal(#m.optimizer.first, 2)
end)

test.done()
