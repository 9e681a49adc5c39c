-- What fit does beside steps: weights of samples, metrics over an epoch, callbacks.
local test, expect = dofile(os.getenv "GRADUS_TESTS" .. "/lua/tap.lua")

random.seed(11)
local X = random.randn(60, 3)
local Y = gt(X:dot(tensor{1, -1, 0.5}) + 0.8 * random.randn(60), 0.7):astype("int64")

local function network(options)
  random.seed(7)
  local m = nn.Sequential {nn.Dense{6, activation = "tanh", input_shape = {3}}, nn.Dense{2, activation = "softmax"},
    dtype = "float64"}
  options = options or {}
  options.optimizer = options.optimizer or optim.SGD{0.5}
  options.loss = options.loss or "sparse_categorical_crossentropy"
  m:compile(options)
  return m
end

test("a weight of 2 teaches as much as the sample twice, and a weight of 0 nothing", function()
  local a, b = network(), network()
  local weights = ones(60)
  weights[{{1, 10}}] = 2
  weights[{{51, 60}}] = 0
  a:train_on_batch(X, Y, {sample_weight = weights})
  local rows = concatenate({arange(1, 51), arange(1, 11)}, 1):astype("int64")
  b:train_on_batch(X[rows], Y[rows])
  for i, w in ipairs(a:weights()) do expect.ok(max(abs(w - b:weights()[i])) < 1e-12) end
  expect.equal(a.runs_eagerly, nil)
end)

test("weights of classes are weights of their samples, and balanced ones are scikit-learn's", function()
  local positives = Y:sum()
  local balanced = {[0] = 60 / (2 * (60 - positives)), [1] = 60 / (2 * positives)}
  local a, b, c = network(), network(), network()
  a:fit{X, Y, epochs = 2, shuffle = false, class_weight = "balanced", verbose = 0}
  b:fit{X, Y, epochs = 2, shuffle = false, class_weight = balanced, verbose = 0}
  c:fit{X, Y, epochs = 2, shuffle = false, verbose = 0,
    sample_weight = where(eq(Y, 1), balanced[1], balanced[0])}
  for i, w in ipairs(a:weights()) do
    expect.equal(tostring(w), tostring(b:weights()[i]))
    expect.ok(max(abs(w - c:weights()[i])) < 1e-12)
  end
end)

test("weights reach one-hot rows, a single output and every part of a shuffled epoch alike", function()
  local labels = network()
  labels:fit{X, Y, epochs = 3, class_weight = {[0] = 1, [1] = 3}, verbose = 0}
  local rows = network {loss = "categorical_crossentropy"}  -- from the same seed: in the same order
  rows:fit{X, one_hot(Y, 2), epochs = 3, class_weight = {[0] = 1, [1] = 3}, verbose = 0}
  for i, w in ipairs(labels:weights()) do expect.ok(max(abs(w - rows:weights()[i])) < 1e-12) end
  local one = nn.Sequential {nn.Dense{1, activation = "sigmoid", input_shape = {3}}}
  one:compile{optimizer = "adam", loss = "binary_crossentropy", metrics = {"recall"}}
  local plain = one:fit{X, Y, epochs = 30, verbose = 0}.history.recall[30]
  local pulled = one:fit{X, Y, epochs = 30, class_weight = {[0] = 1, [1] = 20}, verbose = 0}.history.recall[30]
  expect.ok(pulled > plain, pulled .. " and " .. plain)
end)

test("weights that cannot be are sentences", function()
  local m = network()
  local function fit(options)
    options[1], options[2], options.verbose = X, Y, 0
    return function() m:fit(options) end
  end
  expect.error(fit {class_weight = {1, 2}}, "no weight for class 0")
  expect.error(fit {class_weight = {[0] = -1, [1] = 1}}, "class_weight[0] is -1")
  expect.error(fit {class_weight = "balansed"}, '"balanced"')
  expect.error(fit {sample_weight = ones(59)}, "of shape (60,), one number a sample")
  expect.error(fit {sample_weight = full({60}, -1)}, "from 0")
end)

test("metrics are those of the whole epoch's outputs, in training as in validation", function()
  local m = network {metrics = {"accuracy", "precision", "recall", "specificity", "f1_score"}, optimizer = optim.SGD{0}}
  local h = m:fit{X, Y, epochs = 1, batch_size = 7, validation_data = {X, Y}, verbose = 0}.history
  local guess = m:predict_classes(X)
  for name, f in pairs {accuracy = metrics.accuracy_score, precision = metrics.precision_score,
    recall = metrics.recall_score, specificity = metrics.specificity_score, f1_score = metrics.f1_score} do
    expect.close(h[name][1], f(Y, guess), 1e-12)
    expect.close(h["val_" .. name][1], f(Y, guess), 1e-12)
    expect.close(m:evaluate{X, Y, verbose = 0}[name], f(Y, guess), 1e-12)
  end
end)

test("a metric of the learner's own gets the truth and the outputs of all samples", function()
  local m = network {metrics = {function(y, p)
    expect.equal(#y, 60)
    expect.equal(p.shape[2], 2)
    return mean(p[{{}, 2}])
  end}, optimizer = optim.SGD{0}}
  local h = m:fit{X, Y, epochs = 1, batch_size = 16, verbose = 0}
  expect.close(h.history.metric[1], mean(m:predict(X)[{{}, 2}]), 1e-12)
  local bad = network {metrics = {function() return "good" end}}
  expect.error(function() bad:fit{X, Y, verbose = 0} end, "your metric gave a string")
end)

test("train_on_batch and test_on_batch return the loss and the metrics in their order", function()
  local m = network {metrics = {"recall", "accuracy"}, optimizer = optim.SGD{0}}
  local loss, recall, accuracy = m:train_on_batch(X, Y)
  local again = {m:test_on_batch(X, Y)}
  local results = m:evaluate{X, Y, verbose = 0}
  expect.close(loss, results.loss, 1e-12)
  expect.close(again[1], results.loss, 1e-12)
  for _, values in ipairs {{recall, accuracy}, {again[2], again[3]}} do
    expect.close(values[1], results.recall, 1e-12)
    expect.close(values[2], results.accuracy, 1e-12)
  end
end)

test("precision without a yes is 0/0 and not 0", function()
  local m = network {metrics = {"precision"}, optimizer = optim.SGD{0}}
  m.layers[2].bias[1] = 100
  expect.ok(tostring(m:evaluate{X, Y, verbose = 0}):find("precision undefined (0/0)", 1, true))
end)

-- ---- callbacks ----

test("early stopping waits for its patience and brings the best weights back", function()
  local m = network {optimizer = optim.SGD{0.5}}
  local seen = {}
  local stop = callbacks.EarlyStopping{patience = 3, restore_best_weights = true}
  local function disturb(epoch, logs, model)
    seen[epoch] = logs.val_loss
    if epoch == 5 then model.layers[1].kernel[{{}}] = 50 end  -- from here on it is bad
  end
  local h = m:fit{X, Y, epochs = 40, validation_split = 0.2, verbose = 0, callbacks = {stop, disturb}}
  local best = 1
  for epoch, loss in ipairs(seen) do
    if loss < seen[best] then best = epoch end
  end
  expect.equal(stop.best_epoch, best)
  expect.equal(#h.epoch, best + 3)
  local x, y = X[{{49, 60}}], Y[{{49, 60}}]
  expect.close(m:evaluate{x, y, verbose = 0}.loss, seen[best], 1e-12)
end)

test("a plateau makes the learning rate smaller, down to its least", function()
  local m = network {optimizer = optim.SGD{0.08}}
  local rates = {}
  m:fit{X, Y, epochs = 9, verbose = 0, callbacks = {
    callbacks.ReduceLROnPlateau{monitor = "loss", factor = 0.5, patience = 2, min_delta = 100, min_lr = 0.015},
    function(epoch, _, model) rates[epoch] = model.optimizer.learning_rate end}}
  expect.equal(table.concat(rates, " "), "0.08 0.08 0.04 0.04 0.02 0.02 0.015 0.015 0.015")
end)

test("a log of the run is a CSV file with a line an epoch, whole after each", function()
  local path = os.tmpname()
  local m = network {metrics = {"accuracy"}}
  local h = m:fit{X, Y, epochs = 2, verbose = 0, callbacks = {callbacks.CSVLogger{path}}}.history
  m:fit{X, Y, epochs = 1, verbose = 0, callbacks = {callbacks.CSVLogger{path, append = true}}}
  local lines = {}
  for line in io.lines(path) do lines[#lines + 1] = line end
  os.remove(path)
  expect.equal(#lines, 4)
  expect.equal(lines[1], "epoch,accuracy,loss")
  expect.equal(lines[3], string.format("2,%.17g,%.17g", h.accuracy[2], h.loss[2]))
  local nowhere = callbacks.CSVLogger{"/nowhere/run.csv"}
  expect.error(function() m:fit{X, Y, verbose = 0, callbacks = {nowhere}} end, "CSVLogger")
end)

test("callbacks are called at each turn, with the means so far", function()
  local calls = {}
  local spy = {}
  for _, name in ipairs {"train_begin", "epoch_begin", "epoch_end", "train_end"} do
    spy[name] = function() calls[#calls + 1] = name end
  end
  function spy:batch_end(batch, logs) calls[#calls + 1] = batch .. (logs.loss > 0 and "" or "?") end
  network():fit{X, Y, epochs = 2, batch_size = 30, verbose = 0, callbacks = {spy}}
  expect.equal(table.concat(calls, " "),
    "train_begin epoch_begin 1 2 epoch_end epoch_begin 1 2 epoch_end train_end")
end)

test("what a callback changes counts from the next epoch or batch on", function()
  local function run(callback)
    random.seed(4)
    local m = nn.Sequential{nn.Dense{8, activation = "relu", input_shape = {3}}, nn.Dropout{0.5}, nn.Dense{1},
      dtype = "float64"}
    m:compile{optimizer = optim.SGD{0.05}, loss = "mse"}
    random.seed(5)
    local x, y = random.randn(40, 3), random.randn(40, 1)
    return m:fit{x, y, epochs = 3, batch_size = 8, verbose = 0, callbacks = {callback}}.history.loss, m
  end
  local plain = run(function() end)
  local changes = {
    rate = function(_, _, m) m.layers[2].rate = 0 end,
    frozen = function(_, _, m) m.layers[1].trainable = false end,
    weight = function(_, _, m) m.layers[1].kernel = zeros(3, 8) end,
    optimizer = function(_, _, m) m.optimizer = optim.Adam{0.01} end,
  }
  for name, change in pairs(changes) do
    local loss = run(change)
    expect.equal(name .. loss[1], name .. plain[1])
    expect.ok(loss[2] ~= plain[2], name)
    local at_once = run {batch_end = function(_, batch, logs, m) change(batch, logs, m) end}
    expect.ok(at_once[1] ~= plain[1], name)
  end
  expect.error(function() run(function(_, _, m) m.layers[1].kernel = zeros(2, 2) end) end,
    "dense.kernel has shape (2, 2)")
  expect.error(function() run(function(_, _, m) m.layers[4] = nn.Dense{1} end) end, "make a new nn.Sequential")
  expect.error(function() run(function(_, _, m) m:compile{"adam", "mae"} end) end, "compile: the training of this")
  expect.error(function() run(function(_, _, m) m:fit{zeros(2, 3), zeros(2, 1)} end) end, "is one of its callbacks")
  for _, rate in ipairs {0 / 0, -1, "0.1"} do
    local seen
    expect.error(function()
      run(function(_, _, m) m.optimizer.learning_rate, seen = rate, m end)
    end, "the learning rate has become")
    expect.ok(all(isfinite(seen.layers[1].kernel)))
    seen:compile{"adam", "mae"}  -- training is over, however it ended
  end
end)

test("a callback of functions is called with what a callback of Keras's is told, and the model", function()
  local calls, m = {}, network()
  local function log(name) return function(...)
    local parts = {name}
    for i, value in ipairs {...} do
      parts[i + 1] = value == m and "model" or type(value) == "table" and (value.loss > 0 and "logs" or "?") or value
    end
    calls[#calls + 1] = table.concat(parts, " ")
  end end
  local given = {}
  for _, name in ipairs {"on_train_begin", "on_epoch_begin", "on_train_batch_begin", "on_train_batch_end",
    "on_epoch_end", "on_train_end"} do
    given[name] = log(name)
  end
  m:fit{X, Y, batch_size = 30, verbose = 0, callbacks = {callbacks.LambdaCallback(given)}}
  expect.equal(table.concat(calls, ", "), "on_train_begin model, on_epoch_begin 1 model, "
    .. "on_train_batch_begin 1 model, on_train_batch_end 1 logs model, on_train_batch_begin 2 model, "
    .. "on_train_batch_end 2 logs model, on_epoch_end 1 logs model, on_train_end model")
  expect.error(function() callbacks.LambdaCallback{} end, "give it a function, as in on_epoch_end=function")
  expect.error(function() callbacks.LambdaCallback{on_epoch_end = 3} end, "on_epoch_end is a function, not a number")
  expect.error(function() callbacks.EarlyStopping{verbose = 1} end, "a note says so")
  expect.error(function() m:fit{X, Y, verbose = 0, callbacks = {{on_epoch_end = print}}} end,
    "callbacks.LambdaCallback{on_epoch_end=f}")
end)

test("what is changed before a batch counts in it", function()
  local function trained(callback)
    local m = network {optimizer = optim.SGD{0.5}}
    m:fit{X, Y, batch_size = 20, epochs = 2, shuffle = false, verbose = 0, callbacks = {callback}}
    return m.layers[1].kernel
  end
  local rates = {0.5, 0.1, 0.02}
  local before = trained(callbacks.LambdaCallback{on_train_batch_begin = function(batch, m)
    m.optimizer.learning_rate = rates[batch]
  end})
  local after = trained(callbacks.LambdaCallback{on_train_batch_end = function(batch, _, m)
    m.optimizer.learning_rate = rates[batch % 3 + 1]
  end})
  expect.ok(all(eq(before, after)))
end)

test("a callback that is none, or watches what is not there, says so", function()
  local m = network()
  expect.error(function() m:fit{X, Y, verbose = 0, callbacks = {3}} end, "callback 1 is a number")
  expect.error(function() m:fit{X, Y, verbose = 0, callbacks = {callbacks.EarlyStopping{}}} end,
    "give fit validation_data")
  expect.error(function() m:fit{X, Y, verbose = 0, callbacks = {callbacks.EarlyStopping{monitor = "los"}}} end,
    'did you mean "loss"')
  expect.error(function() callbacks.ReduceLROnPlateau{factor = 2} end, "below 1")
end)

test("epochs go on where they were left", function()
  local m = network()
  local h = m:fit{X, Y, epochs = 5, initial_epoch = 3, verbose = 0}
  expect.equal(table.concat(h.epoch, " "), "4 5")
  expect.error(function() m:fit{X, Y, epochs = 5, initial_epoch = 5, verbose = 0} end, "initial_epoch")
end)

test("metrics of one's own have the names that they are given, in the history and in a file", function()
  random.seed(2)
  local x, y = random.randn(10, 3), random.randn(10)
  local function gap(t, p) return max(abs(t - p)) end
  local function bias(t, p) return mean(p - t) end
  local m = nn.Sequential{nn.Dense{1, input_shape = {3}}}
  m:compile{optimizer = "sgd", loss = "mse", metrics = {"mae", gap = gap, bias = bias}}
  local h = m:fit{x, y, epochs = 2, verbose = 0, validation_split = 0.2}.history
  expect.ok(h.gap[2] and h.val_bias[2] and h.mae[2])
  local measured, path = m:evaluate{x, y, verbose = 0}, os.tmpname() .. ".safetensors"
  expect.close(measured.gap, max(abs(y:reshape(10, 1) - m:predict(x))), 1e-6)
  m:save(path)
  expect.error(function() nn.load(path) end, "bias=..., gap=...")
  local again = nn.load(path, {custom = {gap = gap, bias = bias}}):evaluate{x, y, verbose = 0}
  expect.equal(again.gap, measured.gap)
  expect.equal(again.bias, measured.bias)
  os.remove(path)
  expect.error(function() m:compile{optimizer = "sgd", loss = "mse", metrics = {gap = "mae"}} end, "the metric gap is")
end)

test("what callbacks watch is looked for before training begins", function()
  local m = nn.Sequential{nn.Dense{1, input_shape = {3}}}
  m:compile{optimizer = "sgd", loss = "mse"}
  local before = m.layers[1].kernel:clone()
  for _, callback in ipairs {callbacks.EarlyStopping{}, callbacks.ReduceLROnPlateau{monitor = "los"},
    callbacks.ModelCheckpoint{"/tmp/gradus-none.safetensors", save_best_only = true}} do
    expect.error(function() m:fit{ones(4, 3), ones(4), verbose = 0, callbacks = {callback}} end, "to watch")
  end
  expect.ok(all(eq(m.layers[1].kernel, before)))
end)

-- ---- options ----

test("an option that others have and we have not says why, and what to write instead", function()
  local m = network()
  local function refused(call, options, why)
    for name, value in pairs(options) do
      expect.error(function() call({X, Y, [name] = value}) end, " has no option " .. name .. ": ")
      expect.error(function() call({X, Y, [name] = value}) end, why)
    end
  end
  local function fit(given) m:fit(given) end
  refused(fit, {steps_per_epoch = 3}, "save_freq=100")
  refused(fit, {workers = 2, use_multiprocessing = true}, "gradus --threads N")
  refused(fit, {learning_rate = 0.1}, "optim.Adam{1e-4}")
  refused(function(given) m:evaluate(given) end, {return_dict = true}, "results.loss")
  refused(function(given) m:predict(X, {callbacks = given.callbacks}) end, {callbacks = {}}, "it calls none")
  refused(function(given) m:compile(given) end, {loss_weights = {1}, weighted_metrics = {}, run_eagerly = true,
    jit_compile = true, steps_per_execution = 2, auto_scale_loss = false}, "")
end)

test("without an optimizer a network learns by RMSprop", function()
  local m = network()
  m:compile{loss = "sparse_categorical_crossentropy"}
  expect.equal(tostring(m.optimizer), "RMSprop, learning rate 0.001")
end)

test("validation weighs its samples when it is given weights", function()
  local m, w = network {optimizer = optim.SGD{0}}, random.random(60)
  local h = m:fit{X, Y, verbose = 0, validation_data = {X, Y, w}}.history
  expect.close(h.val_loss[1], m:evaluate{X, Y, sample_weight = w, verbose = 0}.loss, 1e-12)
  expect.close(m:test_on_batch(X, Y, {sample_weight = w}), h.val_loss[1], 1e-12)
  expect.ok(math.abs(h.val_loss[1] - h.loss[1]) > 0.1)
  local function fit(held) return function() m:fit{X, Y, verbose = 0, validation_data = held} end end
  expect.error(fit {X, Y, ones(59)}, "sample_weight is a tensor of shape (60,)")
  expect.error(fit {X, Y, w, w}, "without a name or number 4")
  expect.error(fit {X, Y, sample_weight = w}, "without a name or number sample_weight")
end)

test("epochs that are not validated leave the others' numbers where they belong", function()
  local path, m = os.tmpname(), network {metrics = {"accuracy"}}
  local stop = callbacks.EarlyStopping{patience = 9}
  local checkpoint = path .. ".safetensors"
  local h = m:fit{X, Y, epochs = 7, verbose = 0, validation_split = 0.2, validation_freq = {2, 5},
    callbacks = {callbacks.CSVLogger{path}, stop, callbacks.ModelCheckpoint{checkpoint, save_best_only = true}}}
  expect.equal(table.concat(h.validated, " "), "2 5")
  expect.equal(#h.history.val_loss, 2)
  local best = h.history.val_loss[1] <= h.history.val_loss[2] and 2 or 5
  expect.equal(stop.best_epoch, best)
  expect.equal(nn.load(checkpoint).epoch, best)
  local lines = {}
  for line in io.lines(path) do lines[#lines + 1] = line end
  expect.equal(lines[1], "epoch,accuracy,loss,val_accuracy,val_loss")
  expect.equal(lines[2], string.format("1,%.17g,%.17g,NA,NA", h.history.accuracy[1], h.history.loss[1]))
  expect.ok(lines[6]:find(string.format(",%.17g$", h.history.val_loss[2])))
  os.remove(path)
  os.remove(checkpoint)
  expect.equal(m:fit{X, Y, epochs = 6, verbose = 0, validation_split = 0.2, validation_freq = 3}.validated[2], 6)
end)

test("how to validate is checked, and needs something to validate on", function()
  local m = network()
  local function refused(options, why)
    expect.error(function()
      local given = {X, Y, verbose = 0, validation_split = 0.2}
      for name, value in pairs(options) do given[name] = value end
      m:fit(given)
    end, why)
  end
  refused({validation_freq = 0}, "validation_freq is a number of epochs, as in 2")
  refused({validation_freq = {}}, "a list of epochs, as in {1, 5, 10}")
  refused({validation_batch_size = 0.5}, "validation_batch_size is a whole number from 1")
  refused({validation_steps = 0}, "validation_steps is a whole number from 1")
  refused({validation_split = 0, validation_freq = 2}, "there is nothing to validate on")
  refused({validation_data = {X, Y}}, "not both")
end)

test("evaluate and predict look at the first batches only, where that is asked for", function()
  local m, first = network(), {1, 14}
  expect.equal(m:evaluate{X, Y, batch_size = 7, steps = 2, verbose = 0}.loss,
    m:evaluate{X[{first}], Y[{first}], batch_size = 7, verbose = 0}.loss)
  expect.error(function() m:evaluate{X, Y, steps = 3, verbose = 0} end, "steps=3 batches of 32 are more than the 60")
  local p = m:predict(X)
  expect.ok(all(eq(m:predict(X, {batch_size = 7, steps = 2}), p[{first}])))
  expect.ok(all(eq(m:predict(X, {batch_size = 7}), p)))
  expect.ok(all(eq(m:predict(X, {batch_size = 100, verbose = 0}), p)))
  expect.equal(#m:predict_classes(X, {steps = 1}), 32)
  expect.equal(#m:predict(X[{{}, {}}], {steps = 2}), 60)
  expect.error(function() m:predict(X, {batchsize = 3}) end, 'did you mean "batch_size"')
end)

test.done()
