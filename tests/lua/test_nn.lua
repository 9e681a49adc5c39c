local test, expect = dofile(os.getenv "GRADUS_TESTS" .. "/lua/tap.lua")

local course_cnn = dofile(os.getenv "GRADUS_TESTS" .. "/lua/course_cnn.lua")

-- The course's own CNN with weights, inputs and labels from RandomState(1): numbers recorded with PyTorch in float64.
local recorded = {
  layers = {[1] = 3949.427767615757, [2] = 2367.4766516211134, [3] = 2112.1278957384957, [4] = 698.5267130857299,
    [5] = 68.52523281877325, [7] = 0.06663634547600217},
  gradients = {0.018731077271789607, 0.0031774590891012608, 0.022640921950050484, 0.001927170858664925,
    0.021441159599772736, 0.0021795288683273736, 0.027929315122440283, 0.0002475277849918255},
  sgd = {0.69084788795755, 0.6898770379397899, 0.6889683752985106, 0.6881055022971468, 0.687301729459513},
  adam = {0.69084788795755, 0.6803636105222872, 0.6702489814718103, 0.6588531019996533, 0.6465425233562906},
}

local function conformance(dtype, tolerance)
  local function fresh()
    random.seed(1)
    local model = course_cnn(dtype)
    return model, random.random(8, 50, 50, 1), tensor{0, 1, 1, 0, 1, 0, 0, 1}
  end

  test("the course's CNN has the recorded weights and layer sums in " .. dtype, function()
    local model, x = fresh()
    expect.close(model.layers[1].kernel[{1, 1, 1, 1}], -0.03286418326595056, tolerance)
    expect.close(x[{1, 1, 1, 1}], 0.26860156668402213, tolerance)
    local y = x:astype(dtype)
    for i, layer in ipairs(model.layers) do
      y = layer:call(y)
      if recorded.layers[i] then expect.close(sum(y * y), recorded.layers[i], tolerance) end
    end
    expect.close(y[{1, 1}], 0.4877229285978017, tolerance)
    expect.close(model:predict(x)[{1, 2}], 0.5122770714021984, tolerance)
  end)

  test("the course's CNN has the recorded gradients in " .. dtype, function()
    local model, x, y = fresh()
    model:compile{optimizer = optim.SGD{0}, loss = "sparse_categorical_crossentropy"}
    model:train_on_batch(x, y)
    for i, g in ipairs(model:gradients()) do expect.close(sum(g * g), recorded.gradients[i], tolerance) end
  end)

  for name, optimizer in pairs{sgd = optim.SGD{0.01}, adam = optim.Adam{}} do
    test("the course's CNN has the recorded five losses with " .. name .. " in " .. dtype, function()
      local model, x, y = fresh()
      model:compile{optimizer = optimizer, loss = "sparse_categorical_crossentropy"}
      for i = 1, 5 do expect.close(model:train_on_batch(x, y), recorded[name][i], tolerance) end
    end)
  end
end

conformance("float64", 1e-9)
conformance("float32", 1e-4)

local function small(dtype)
  random.seed(3)
  return nn.Sequential{nn.Dense{8, activation = "tanh", input_shape = {2}}, nn.Dropout{0.25},
    nn.Dense{2, activation = "softmax"},
    dtype = dtype}
end

local function blobs(n)
  random.seed(5)
  local y = random.randint(0, 2, n)
  return random.randn(n, 2) + expand_dims(y, 2) * 2.5, y
end

test("fit learns, and its history has one number an epoch for each curve", function()
  local x, y = blobs(200)
  local vx, vy = blobs(50)
  local model = small()
  model:compile{optimizer = optim.Adam{0.01}, loss = "sparse_categorical_crossentropy", metrics = {"accuracy"}}
  local h = model:fit{x, y, epochs = 30, verbose = 0, validation_data = {vx, vy}}
  for _, name in ipairs{"loss", "accuracy", "val_loss", "val_accuracy"} do expect.equal(#h.history[name], 30) end
  expect.ok(h.history.loss[30] < 0.5 * h.history.loss[1])
  local results = model:evaluate{vx, vy, verbose = 0}
  expect.close(results.loss, h.history.val_loss[30], 1e-6)
  expect.close(results.accuracy, metrics.accuracy_score(vy, model:predict_classes(vx)), 1e-12)
  expect.close(results.baseline, metrics.majority_baseline(vy), 1e-12)
end)

test("the same seed gives the same bits, another seed does not", function()
  local x, y = blobs(100)
  local function train(seed)
    local model = small()
    random.seed(seed)
    model:compile{optimizer = "adam", loss = "sparse_categorical_crossentropy"}
    model:fit{x, y, epochs = 3, verbose = 0}
    return model.layers[1].kernel
  end
  expect.ok(all(eq(train(1), train(1))))
  expect.ok(not all(eq(train(1), train(2))))
end)

test("Dropout changes training but not prediction", function()
  local x, y = blobs(64)
  local model = small("float64")
  model:compile{optimizer = optim.SGD{0}, loss = "sparse_categorical_crossentropy"}
  local first = model:train_on_batch(x, y)
  expect.ok(model:train_on_batch(x, y) ~= first, "another step draws another mask")
  model.optimizer.iterations = 0
  expect.equal(model:train_on_batch(x, y), first)
  expect.ok(all(eq(model:predict(x), model:predict(x))))
end)

test("a weight that is changed by hand, in place or exchanged, is used from the next step on", function()
  local model = nn.Sequential{nn.Dense{1, input_shape = {2}}, dtype = "float64"}
  local x = tensor{{1, 2}}
  model:predict(x)
  model.layers[1].kernel[1] = 3
  model.layers[1].kernel[2] = 4
  expect.equal(model:predict(x)[{1, 1}], 11.0)
  model.layers[1].kernel = tensor{{5}, {6}}
  expect.equal(model:predict(x)[{1, 1}], 17.0)
  model.layers[1].kernel = "no"
  expect.error(function() model:predict(x) end, "a weight is a tensor")
end)

test("a warm training step leaves no garbage for Lua's collector", function()
  local x, y = blobs(64)
  local model = small()
  model:compile{optimizer = "adam", loss = "sparse_categorical_crossentropy"}
  local program_step = function() for _ = 1, 100 do model:train_on_batch(x, y) end end
  program_step()
  collectgarbage()
  collectgarbage("stop")
  local before = collectgarbage("count")
  model:fit{x, y, batch_size = 1, epochs = 1, verbose = 0}   -- 64 steps
  local one = collectgarbage("count") - before
  before = collectgarbage("count")
  model:fit{x, y, batch_size = 64, epochs = 1, verbose = 0}  -- 1 step
  local other = collectgarbage("count") - before
  collectgarbage("restart")
  expect.ok(one - other < 0.5, string.format("63 more steps made %.2f KiB of garbage", one - other))
end)

test("shapes that do not fit are explained with both shapes and the fix", function()
  local model = course_cnn()
  model:compile{optimizer = "adam", loss = "sparse_categorical_crossentropy"}
  expect.error(function() model:predict(zeros(4, 50, 50)) end, "expand_dims(x, -1)")
  expect.error(function() model:fit{zeros(4, 50, 50, 1), zeros(3)} end, "x has 4 samples, but y has shape (3,)")
  expect.error(function() model:fit{zeros(4, 50, 50, 1), zeros(4, 2)} end, "categorical_crossentropy")
  expect.error(function() model:fit{zeros(4, 50, 50, 1), tensor{0, 1, 2, 0}, verbose = 0} end, "2")
  expect.error(function() nn.Sequential{nn.Conv2D{4, 3, input_shape = {28, 28}}} end, "input_shape={28, 28, 1}")
  expect.error(function() nn.Sequential{nn.Conv2D{4, 5, input_shape = {3, 3, 1}}} end, "reaches over 5 pixels")
  expect.error(function() nn.Sequential{nn.Dense{2, input_shape = {5, 5}}} end, "nn.Flatten{}")
end)

test("a misspelt option, layer entry, loss, optimizer or metric gets a suggestion", function()
  expect.error(function() nn.Conv2D{16, 3, paddin = "same"} end, 'did you mean "padding"')
  expect.error(function() nn.Conv2D{16, 3, padding = "smae"} end, 'did you mean "same"')
  expect.error(function() nn.Dense{2, activation = "rleu"} end, 'did you mean "relu"')
  expect.error(function() nn.Dense{} end, "needs units")
  expect.error(function() nn.Sequential{2} end, "entry 1 is number")
  local model = small()
  expect.error(function() model:compile{optimizer = "adm", loss = "mse"} end, 'did you mean "adam"')
  expect.error(function() model:compile{optimizer = "adam", loss = "crossentropy"} end, "crossentropy")
  expect.error(function() model:compile{optimizer = "adam", loss = "mse", metrics = {"acuracy"}} end,
    'did you mean "accuracy"')
  expect.error(function() model:fit{zeros(2, 2), zeros(2)} end, "compile the model first")
end)

test("training that diverges stops at the first non-finite loss and says what to look at", function()
  local model = nn.Sequential{nn.Dense{1, input_shape = {1}}, dtype = "float64"}
  model:compile{optimizer = optim.SGD{1e200}, loss = "mse"}
  local function fit() model:fit{tensor{{1}, {2}}, tensor{{3}, {4}}, epochs = 50, verbose = 0} end
  expect.error(fit, "learning rate")
  expect.error(fit, string.format("in step %d, batch 1 of 1 in epoch 1; nothing", model.optimizer.iterations + 1))
end)

test("train_on_batch makes no garbage, nor does a number of a whole tensor", function()
  local x, labels = random.randn(20, 4), random.randint(0, 2, 20)
  local function expect_none(what, f)
    for _ = 1, 20 do f() end
    collectgarbage()
    collectgarbage("stop")
    local before = collectgarbage("count")
    for _ = 1, 100 do f() end
    local made = (collectgarbage("count") - before) * 1024
    collectgarbage("restart")
    expect.ok(made == 0, string.format("100 calls of %s made %d bytes", what, made))
  end
  for _, case in ipairs {{"sparse_categorical_crossentropy", labels, 2, {"accuracy"}},
    {"mse", random.randn(20, 3), 3, {}}, {"binary_crossentropy", labels:reshape(-1, 1), 1, {"accuracy"}}} do
    local loss, y, outputs, names = table.unpack(case)
    local m = nn.Sequential{nn.Dense{5, input_shape = {4}}, nn.Dropout{0.2}, nn.Dense{outputs, activation = "sigmoid"}}
    m:compile{"adam", loss, names}
    expect_none("train_on_batch with " .. loss, function() m:train_on_batch(x, y) end)
  end
  for _, f in ipairs {sum, mean, max, argmin, any} do expect_none("a reduction", function() f(labels) end) end
end)

test("a batch of fit makes no garbage", function()
  local model = nn.Sequential{nn.Dense{2, input_shape = {4}}}
  model:compile{optimizer = "adam", loss = "sparse_categorical_crossentropy", metrics = {"accuracy"}}
  local x, y = zeros(6400, 4), zeros(6400)
  local function kilobytes(epochs)
    collectgarbage()
    collectgarbage("stop")
    local before = collectgarbage("count")
    model:fit{x, y, epochs = epochs, batch_size = 16, verbose = 0}
    local made = collectgarbage("count") - before
    collectgarbage("restart")
    return made
  end
  kilobytes(1)
  local one, eleven = kilobytes(1), kilobytes(11)
  expect.ok(eleven - one < 16, string.format("10 epochs of 400 batches made %.1f KiB", eleven - one))
end)

test("options of an optimizer that it cannot work with are refused when it is made", function()
  expect.error(function() optim.SGD{0.1, momentum = "x"} end, "momentum is a number from 0 to 1, not x")
  expect.error(function() optim.SGD{0 / 0} end, "learning_rate is a number from 0")
  expect.error(function() optim.Adam{beta_1 = 1} end, "beta_1 is a number from 0 up to, not including, 1, not 1")
  expect.error(function() optim.Adam{epsilon = -1} end, "epsilon is a number from 0, not -1")
end)

test("a softmax that is certain and wrong still learns", function()
  local model = nn.Sequential{nn.Dense{2, activation = "softmax", input_shape = {1}}}
  model.layers[1].kernel[1] = tensor{500, -500}
  model:compile{optimizer = "sgd", loss = "sparse_categorical_crossentropy"}
  expect.close(model:train_on_batch(tensor{{1}}, tensor{1}), 1000, 1e-6)
  expect.close(model:gradients()[1][{1, 1}], 1, 1e-6)
  expect.close(model:gradients()[1][{1, 2}], -1, 1e-6)
end)

test("a metric beside the loss changes no gradient, and each step's gradients start from zero", function()
  local x, y = blobs(40)
  local function gradients(metric_names, steps)
    local model = small("float64")
    model.layers[2].rate = 0
    model:compile{optimizer = optim.SGD{0}, loss = "sparse_categorical_crossentropy", metrics = metric_names}
    for _ = 1, steps do model:train_on_batch(x, y) end
    return model:gradients()
  end
  local plain, measured, again = gradients({}, 1), gradients({"accuracy"}, 1), gradients({"accuracy"}, 3)
  for i, g in ipairs(plain) do
    expect.ok(all(eq(g, measured[i])))
    expect.ok(all(eq(g, again[i])))
  end
end)

test("gradients that are asked for late are those of the step, or say that its samples were changed", function()
  local function trained()
    random.seed(3)
    local model = nn.Sequential{nn.Dense{64, activation = "relu", input_shape = {600}},
      nn.Dense{2, activation = "softmax"}}
    model:compile{optimizer = "adam", loss = "sparse_categorical_crossentropy"}
    local x, y = random.randn(20, 600):astype("float32"), (arange(20) % 2)
    model:train_on_batch(x, y)
    return model, x, y
  end
  local model, x = trained()
  local right = model:gradients()[1]:clone()
  model, x = trained()
  x = nil
  for _ = 1, 5 do
    collectgarbage()
    local _ = zeros(20, 600)  -- takes the memory of whatever is no longer there
  end
  expect.ok(all(eq(model:gradients()[1], right)))
  local y
  model, x, y = trained()
  x[{1, 1}] = 7
  expect.error(function() model:gradients() end, "its samples were changed in place since")
  model:train_on_batch(x, y)
  expect.ok(max(abs(model:gradients()[1])) > 0)
end)

test("one optimizer may serve two models, each from a fresh start", function()
  local x, y = blobs(40)
  local shared, losses = optim.Adam{0.1}, {}
  for i = 1, 4 do
    local model = small("float64")
    model.layers[2].rate = 0
    model:compile{optimizer = i == 1 and optim.Adam{0.1} or shared, loss = "sparse_categorical_crossentropy"}
    for _ = 1, 5 do losses[i] = model:train_on_batch(x, y) end
    expect.equal(losses[i], losses[1])
  end
end)

test("an option of a layer that is changed by hand holds from the next step on", function()
  local x, y = blobs(40)
  local model = small("float64")
  model:compile{optimizer = optim.SGD{0}, loss = "sparse_categorical_crossentropy"}
  local dropped = model:train_on_batch(x, y)
  model.layers[2].rate = 0
  local kept = model:train_on_batch(x, y)
  expect.ok(dropped ~= kept)
  expect.close(kept, model:evaluate{x, y, verbose = 0}.loss)
  model.layers[1].activation = "relu"
  expect.ok(math.abs(model:train_on_batch(x, y) - kept) > 1e-6)
  model.layers[1].units = 9
  expect.error(function() model:predict(x) end,
    "dense.kernel has shape (2, 8), but the options of the layer ask for (2, 9)")
  model.layers[1].units = 8
  model.layers[1].bias = zeros(3)
  expect.error(function() model:predict(x) end, "dense.bias has shape (3,)")
end)

test("a layer that two networks share keeps its weights, and cannot have two shapes", function()
  local shared = nn.Dense{3, input_shape = {2}}
  local first = nn.Sequential{shared, nn.Dense{1}, dtype = "float64"}
  shared.kernel[1] = 7
  local second = nn.Sequential{shared, dtype = "float64"}
  expect.equal(second:predict(tensor{{1, 0}})[{1, 1}], 7.0)
  expect.equal(first.layers[1].kernel[{1, 2}], 7.0)
  expect.error(function() nn.Sequential{nn.Flatten{input_shape = {5}}, shared, dtype = "float64"} end,
    "already belongs")
  expect.equal(first.layers[1].input_shape[1], 2)
end)

test("a function that returns nothing is named by its layer", function()
  local model = nn.Sequential{nn.Dense{1, input_shape = {2}, activation = function() end}}
  expect.error(function() model:predict(ones(1, 2)) end, "dense (Dense) gave nil")
end)

test("gradients are those of the last step, whatever the form of its labels", function()
  local x = tensor{{1, 0}, {0, 1}}
  local model = small("float64")
  model.layers[2].rate = 0
  model:compile{optimizer = optim.SGD{0}, loss = "sparse_categorical_crossentropy"}
  local function last(y)
    model:train_on_batch(x, y)
    return model:gradients()[1]:clone()
  end
  local row, column = tensor{0, 1}, tensor{{1}, {0}}
  local first, second = last(row), last(column)
  expect.ok(max(abs(first - second)) > 1e-3)
  for _ = 1, 3 do
    expect.ok(all(eq(last(row), first)))
    expect.ok(all(eq(last(column), second)))
  end
end)

test("losses never broadcast", function()
  local model = nn.Sequential{nn.Dense{2, input_shape = {1}}}
  model:compile{optimizer = "adam", loss = "mse"}
  expect.error(function() model:train_on_batch(zeros(3, 1), zeros(3)) end, "never broadcast")
end)

test("an activation of the learner's own, made of tensor operations, trains", function()
  random.seed(1)
  local model = nn.Sequential{nn.Dense{4, activation = function(x) return x * sigmoid(x) end, input_shape = {2}},
    nn.Dense{1, activation = "sigmoid"}, dtype = "float64"}
  model:compile{optimizer = optim.Adam{0.05}, loss = "binary_crossentropy", metrics = {"accuracy"}}
  local x, y = tensor{{0, 0}, {0, 1}, {1, 0}, {1, 1}}, tensor{0, 1, 1, 0}
  local h = model:fit{x, y, epochs = 500, batch_size = 4, verbose = 0}
  expect.ok(h.history.loss[500] < 0.1 * h.history.loss[1], tostring(h))
end)

test("a learner may change the list of gradients and keep views of them", function()
  local m = nn.Sequential{nn.Dense{300, input_shape = {20}}, nn.Dense{1}}
  m:compile{optimizer = "sgd", loss = "mse"}
  m:train_on_batch(ones(2, 20), ones(2, 1))
  local list = m:gradients()
  local row = list[1][1]
  list[1] = "mine"
  local before = row:sum()
  m:train_on_batch(ones(4000, 20), ones(4000, 1))  -- a larger batch: the gradients move
  collectgarbage()
  expect.equal(row:sum(), before)
  expect.equal(m:gradients()[1].shape[1], 20)
end)

test("the gradients of a step are there when they are asked for, and then follow each step", function()
  local function model()
    random.seed(1)
    local hidden = nn.Dense{256, activation = "relu", input_shape = {200}}
    local m = nn.Sequential{hidden, nn.Dense{3, activation = "softmax"}}
    m:compile{optimizer = optim.Adam{0.01}, loss = "sparse_categorical_crossentropy"}
    return m, random.rand(20, 200):astype("float32"), tensor{0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0}
  end
  local asks, x, y = model()
  local waits = model()
  local kept
  for i = 1, 4 do
    asks:train_on_batch(x, y)
    waits:train_on_batch(x, y)
    kept = kept or asks:gradients()
  end
  expect.ok(sum(abs(kept[1])) > 0)
  for i, g in ipairs(waits:gradients()) do expect.equal(max(abs(g - kept[i])), 0) end
  for i, w in ipairs(waits:weights()) do expect.equal(max(abs(w - asks:weights()[i])), 0) end
  kept = waits:gradients()[1]
  local before = kept:clone()
  waits:train_on_batch(x, y)
  expect.ok(max(abs(kept - before)) > 0)
end)

test("a tracked tensor inside a network that is none of its weights is refused and stays as it was", function()
  local p = grad.track(tensor{0.5})
  local m = nn.Sequential{nn.Dense{1, input_shape = {2}, activation = function(x) return x * p end}, dtype = "float64"}
  m:compile{optimizer = "sgd", loss = "mse"}
  expect.error(function() m:train_on_batch(ones(4, 2), ones(4, 1)) end, "none of its weights")
  expect.equal(tostring(p), "[0.5]")
end)

test("a recording inside a recording leaves shared weights as it found them", function()
  local inner = nn.Sequential{nn.Dense{1, input_shape = {2}}, dtype = "float64"}
  local outer = nn.Sequential{nn.Dense{1, input_shape = {2}, activation = function(x)
    inner:predict(ones(1, 2))
    return x
  end}, dtype = "float64"}
  outer.layers[1].kernel = inner.layers[1].kernel
  outer:compile{optimizer = optim.SGD{0}, loss = "mse"}
  inner.layers[1].kernel[{{}}] = 1
  outer:train_on_batch(ones(1, 2), tensor{{0}})
  expect.equal(tostring(outer:gradients()[1]), "[[4.]\n [4.]]")
  expect.error(function() inner.layers[1].kernel:backward() end, "not tracked")
end)

test("a step that fails while it is recorded leaves plain weights behind", function()
  for _, fail in ipairs {function() error("mine", 0) end, function() return coroutine.yield(1) end,
    function(x) return table.unpack({}, 1, 5000) end, function(x) return zeros(3, 1) end} do
    local m = nn.Sequential{nn.Dense{1, input_shape = {2}}, nn.Activation{fail}}
    m:compile{optimizer = "sgd", loss = "mse"}
    expect.ok(not pcall(m.train_on_batch, m, ones(4, 2), ones(4, 1)))
    expect.error(function() m.layers[1].kernel:backward() end, "not tracked")
  end
end)

test("options of fit that cannot be are sentences", function()
  local m = nn.Sequential{nn.Dense{1, input_shape = {2}}}
  m:compile{optimizer = "sgd", loss = "mse"}
  local x, y = ones(4, 2), ones(4, 1)
  local function fit(given)
    given[1], given[2], given.verbose = x, y, 0
    return function() return m:fit(given) end
  end
  expect.error(fit{validation_split = 0.99}, "leaves not one to train on")
  expect.error(fit{validation_split = 1e-20}, "leaves not one to validate on")
  expect.error(fit{validation_split = "a"}, "validation_split is a number between 0 and 1")
  expect.error(fit{validation_data = 3}, "validation_data is a table of two")
  expect.error(fit{validation_data = {zeros(0, 2), zeros(0, 1)}}, "not one sample")
  expect.ok(fit{batch_size = math.maxinteger}())
  expect.error(function() m:train_on_batch(zeros(0, 2), zeros(0, 1)) end, "not one sample")
  expect.error(function() m:compile{optimizer = "sgd", loss = "mse", metrics = 5} end, "list of names")
  expect.error(function() m:compile{optimizer = "sgd", loss = "mse", metrics = {"accuracy", "accuracy"}} end, "twice")
end)

test("labels and pictures of any dtype train, or the error says what is wrong with them", function()
  local m = nn.Sequential{nn.Dense{2, activation = "softmax", input_shape = {3}}}
  m:compile{optimizer = "sgd", loss = "sparse_categorical_crossentropy"}
  local y = tensor{0, 1, 1, 0}
  for _, dtype in ipairs {"float64", "int64", "uint8", "bool"} do
    m:fit{ones(4, 3):astype("uint8"), y:astype(dtype), verbose = 0}
    m:fit{random.random(8, 3)["::-2"], y:astype(dtype)["::-1"], verbose = 0}
  end
  expect.error(function() m:fit{ones(4, 3), full({4}, 0 / 0), verbose = 0} end, "whole number")
  expect.error(function() m:fit{full({4, 3}, 0 / 0), y, verbose = 0} end, "nan")
end)

test("a network without weights has a loss and learns nothing", function()
  local m = nn.Sequential{nn.Flatten{input_shape = {3, 1}}}
  m:compile{optimizer = "sgd", loss = "mse"}
  expect.equal(m:train_on_batch(ones(5, 3, 1), zeros(5, 3)), 1.0)
end)

test("a layer is found by its name or place, and what is not there is said", function()
  local m = nn.Sequential{nn.Dense{4, input_shape = {3}}, nn.Dense{1}}
  expect.equal(m:get_layer("dense_1"), m.layers[2])
  expect.equal(m:get_layer(1), m.layers[1])
  expect.equal(m:get_layer{index = 2}, m.layers[2])
  expect.equal(m:get_layer{name = "dense"}, m.layers[1])
  expect.error(function() m:get_layer{place = 1} end, 'no option "place"')
  expect.error(function() m:get_layer("dens_1") end, 'did you mean "dense_1"')
  expect.error(function() m:get_layer(3) end, "there are 2 layers")
end)

test("positions are those of a layer's own options, and one sample is no batch", function()
  expect.error(function() nn.Reshape{3, 4} end, "at most 1 positional argument; number 2 is too many")
  expect.error(function() nn.Add{{3}} end, "at most 0 positional arguments")
  expect.error(function() nn.Flatten{{3}} end, "data_format cannot be a table; the choices are: channels_last")
  expect.error(function() nn.Dense{"4"} end, 'not "4"')
  expect.error(function() optim.SGD{lr = 0.1} end, 'did you mean "learning_rate"?')
  local m = nn.Sequential{nn.Conv2D{1, 3, input_shape = {5, 5, 1}}}
  expect.error(function() m:predict(ones(5, 5, 1)) end, "it is one sample")
  expect.error(function() m:predict(ones(2, 5, 5)) end, "lacks the channel axis")
  expect.error(function() m:predict{ones(2, 5, 5, 1)} end, "with round brackets: predict(x, ...)")
end)

test.done()
