-- How a model learns: compile, fit, evaluate, predict. Methods of nn.Sequential.
--
-- A step is recorded once, by running the layers on three made-up samples, and then replayed in C over each batch: no
-- Lua runs inside a step, and a warm step allocates nothing.

local baseline = require "gradus.metrics.baseline"
local core = require "gradus.core.grad"
local diagnosis = require "gradus.nn.diagnosis"
local doc = require("gradus.help").doc
local Eager = require "gradus.nn.eager"
local find_optimizer = require "gradus.optim.lookup"
local Layer = require "gradus.nn.layer"
local find_hits = require "gradus.nn.hits"
local find_loss = require "gradus.losses.lookup"
local options = require "gradus.options"
local progress = require "gradus.nn.progress"
local history = require "gradus.nn.history"
local check_pairing = require "gradus.nn.pairing"
local random = require "gradus.core.random"
local result_table = require "gradus.nn.results"
local samples = require "gradus.nn.samples"
local session = require "gradus.session"
local shapes = require "gradus.shapes"
local tensor = require "gradus.core.tensor"

local M = {}

local check_x, check_y = samples.check_x, samples.check_y

-- ---- recorded steps ----

local function same_list(a, b)
  if #a ~= #b then return false end
  for i = 1, #a do
    if not rawequal(a[i], b[i]) then return false end
  end
  return true
end

-- The program of a step, or nil and why there is none. It is recorded twice, from batches of different sizes, and what
-- is not the same each time (a size that a layer computed with, a number that it drew) is no program.
local function record(model, y, weights, in_training, call)
  local function once(rows)
    local target
    if y then
      local shape = y.shape
      shape[1] = rows
      target = tensor.zeros(shape, {dtype = model.dtype})
    end
    return core.record {
      input = tensor.zeros({rows, table.unpack(model.input_shape)}, {dtype = model.dtype}),
      target = target,
      weights = weights,
      training = in_training,
      call = call,
    }
  end
  local program, why = once(3)
  if not program then return nil, why end
  local again = once(2)
  if again and program:same(again) then return program end
  return nil, "a layer computes with the size of the batch, or with numbers that it draws"
end

-- The program for `mode` ("train", "test" or "predict"), recorded anew when a weight or a layer's option (the rate of a
-- Dropout, say) was exchanged or y has another form.
local function program_for(model, mode, y)
  local chosen = {}
  for _, layer in ipairs(model.layers) do layer:list_options(chosen) end
  local key = mode .. (y and ":" .. y.ndim or "")
  local kept = model.programs[key]
  if kept and same_list(kept.options, chosen) and same_list(kept.weights, model:weights()) then return kept end
  model:refresh()
  local weights = model:weights()
  local in_training = mode == "train"
  local function call(x, t)
    local output = model:call(x, in_training)
    if not t then return output end
    local scores = {model.loss.call(output, t)}
    for i, metric in ipairs(model.metrics) do scores[i + 1] = metric.call(output, t) end
    return output, table.unpack(scores)
  end
  local program, why = record(model, y, weights, in_training, call)
  if not program then
    if not model.runs_eagerly then
      session.note(string.format("%s runs on whole batches, step by step and not recorded, so training is slower: %s",
        model.name, why))
      model.runs_eagerly = true
    end
    program = Eager.new(weights, in_training, model.dtype, call)
  end
  kept = {program = program, weights = weights, options = chosen, gradients = mode == "train" and program:gradients()}
  model.programs[key] = kept
  return kept
end

local function expect_compiled(model, what)
  if not model.loss then
    error(what .. ': compile the model first, as in model:compile{optimizer="adam", '
      .. 'loss="sparse_categorical_crossentropy", metrics={"accuracy"}}', 0)
  end
end

M.compile = doc("model.compile", [[
model:compile{optimizer, loss, metrics={}}

Chooses how the model learns: an optimizer ("sgd", "adam" or one you made, as optim.Adam{1e-4}), a loss
("sparse_categorical_crossentropy" for class labels, "categorical_crossentropy" for one-hot rows,
"binary_crossentropy" for one output between 0 and 1, "mean_squared_error") and metrics ("accuracy").

> m = nn.Sequential{nn.Dense{2, activation="softmax", input_shape={4}}}
> m:compile{optimizer="adam", loss="sparse_categorical_crossentropy", metrics={"accuracy"}}
> m.optimizer
Adam, learning rate 0.001
]], function(model, given)
  local read = options.read("compile", given, {{"optimizer", required = true}, {"loss", required = true},
    {"metrics", {}}})
  local optimizer, loss = find_optimizer(read.optimizer), find_loss(read.loss)
  local metric_names = type(read.metrics) == "string" and {read.metrics} or read.metrics
  if type(metric_names) ~= "table" then
    error('compile: metrics is a list of names, as in metrics={"accuracy"}, not a ' .. type(metric_names), 0)
  end
  local seen = {}
  for _, name in ipairs(metric_names) do
    find_hits(name, loss, 1)
    if seen[name] then error(string.format('compile: metrics names "%s" twice', name), 0) end
    seen[name] = true
  end
  -- Nothing is changed before everything is known to be right.
  model.optimizer, model.loss, model.metric_names = optimizer, loss, metric_names
  model.metrics, model.last_step = nil, nil
  model.programs = {}
end)

-- What can only be set up once the shapes are known.
local function prepare(model, what)
  expect_compiled(model, what)
  if not model.metrics then
    check_pairing(model)
    model.metrics = {}
    for i, name in ipairs(model.metric_names) do
      model.metrics[i] = find_hits(name, model.loss, model.output_shape[#model.output_shape])
    end
  end
  model.programs = model.programs or {}
end

-- The loss and the metrics by name, in the order in which a program returns them.
local function score_names(model)
  local names = {"loss"}
  for i, metric in ipairs(model.metrics) do names[i + 1] = metric.name end
  return names
end

-- The name of the i-th of model:weights(), as "dense.kernel".
local function weight_name(model, i)
  for _, layer in ipairs(model.layers) do
    if i <= #layer.weight_names then return layer.name .. "." .. layer.weight_names[i] end
    i = i - #layer.weight_names
  end
end

-- One step of gradient descent, on `count` samples of x and y from position `first` of `order`: the program computes
-- the gradients, the optimizer changes the weights. `key` and `number` (of this step) say what Dropout draws. Returns
-- the loss and the metrics (at most four: there are no more), summed over the samples; as values and not as a table,
-- so that a step leaves no garbage.
local function train_step(model, step, x, y, order, first, count, key, number)
  local loss, m1, m2, m3, m4 = step.program:run(x, y, order, first, count, true, key[1], key[2], number)
  if loss - loss ~= 0 then error(diagnosis(model, "loss", loss, number, x, y, order, first, count), 0) end
  local bad = core.first_not_finite(step.gradients)
  if bad then
    local sum = tensor.sum(step.gradients[bad])
    error(diagnosis(model, "gradient", sum, number, x, y, order, first, count, weight_name(model, bad)), 0)
  end
  model.optimizer:apply(step.weights, step.gradients)
  model.last_step = step
  return loss, m1, m2, m3, m4
end

-- The optimizer keeps numbers beside each weight; it starts anew for other weights, such as those of another model.
local function prepare_optimizer(model, weights)
  local optimizer = model.optimizer
  if optimizer.weights and same_list(optimizer.weights, weights) then return end
  optimizer:build(weights)
  optimizer.weights, optimizer.iterations = weights, 0
end

-- Mean loss and metrics over x without learning, as {loss, metric, ...}.
local function measure(model, x, y, batch_size)
  local step = program_for(model, "test", y)
  local sums, n = {}, #x
  for i = 1, 1 + #model.metrics do sums[i] = 0 end
  for first = 1, n, batch_size do
    local count = math.min(batch_size, n - first + 1)
    local scores = {step.program:run(x, y, nil, first, count, false, 0, 0, 0)}
    for i, score in ipairs(scores) do sums[i] = sums[i] + score end
  end
  for i = 1, #sums do sums[i] = sums[i] / n end
  return sums
end

-- ---- fit ----

-- The samples to train on and those to validate on: x, y, then validation_data as given, or the last part of x and y,
-- or nil and nil.
local function set_aside(model, read, x, y)
  local held, split = read.validation_data, read.validation_split
  local vx, vy
  if held ~= nil then
    if type(held) ~= "table" then
      error("fit: validation_data is a table of two, {x, y}, not a " .. type(held), 0)
    end
    vx = check_x(model, held[1], "fit: validation_data")
    vy = check_y(model, vx, held[2], "fit: validation_data")
    if #vx == 0 then error("fit: validation_data has not one sample", 0) end
  end
  if split == 0 then return x, y, vx, vy end
  if type(split) ~= "number" or not (split > 0 and split < 1) then
    error("fit: validation_split is a number between 0 and 1, not " .. tostring(split), 0)
  end
  if vx then error("fit: give validation_data or validation_split, not both", 0) end
  local total = #x
  local n = math.floor(total * (1 - split))
  if n == 0 or n == total then
    error(string.format("fit: validation_split=%s of %d samples leaves not one to %s on", split, total,
      n == 0 and "train" or "validate"), 0)
  end
  -- Keras's rule: the last rows, as they stand.
  return x[{{1, n}}], y[{{1, n}}], x[{{n + 1, total}}], y[{{n + 1, total}}]
end

-- One pass over the samples, a step after each batch. Returns the means of the loss and the metrics by name: each batch
-- was measured with the weights of its moment, so they differ from what evaluate says afterwards.
local function train_epoch(run)
  local model, sums, batch = run.model, {}, 0
  for i = 1, #run.names do sums[i] = 0.0 end
  for first = 1, run.samples, run.batch_size do
    local count = math.min(run.batch_size, run.samples - first + 1)
    batch = batch + 1
    local s1, s2, s3, s4, s5 = train_step(model, run.step, run.x, run.y, run.order, first, count, run.key,
      model.optimizer.iterations + 1)
    sums[1] = sums[1] + s1
    if s2 then sums[2] = sums[2] + s2 end
    if s3 then sums[3] = sums[3] + s3 end
    if s4 then sums[4] = sums[4] + s4 end
    if s5 then sums[5] = sums[5] + s5 end
    run.reporter:batch_done(batch, run.names, sums, first + count - 1)
  end
  local means = {}
  for i, name in ipairs(run.names) do means[name] = sums[i] / run.samples end
  return means
end

M.fit = doc("model.fit", [[
model:fit{x, y, batch_size=32, epochs=1, verbose="auto", validation_split=0, validation_data, shuffle=true} -> history

Trains: each epoch is one pass over the samples in a fresh random order, in batches; after each batch the
optimizer takes one step. x has shape (n, ...), one sample a row; y is (n,) labels for
sparse_categorical_crossentropy, otherwise (n, outputs) numbers. validation_data={x, y} (or the last part,
validation_split=0.1, of the samples) is measured after each epoch and never trained on. verbose: 0 nothing,
1 a progress bar, 2 a line an epoch, "auto" a bar in a terminal and lines elsewhere. Beside each accuracy
stands the majority baseline: what always answering the most frequent class would reach. Returns the history:
history.history.loss[1] is the loss of the first epoch; plot.history(history) draws it.

> random.seed(1)
> x = tensor{{0, 0, 1}, {1, 1, 1}, {1, 0, 1}, {0, 1, 1}}
> y = tensor{0, 1, 1, 0}
> m = nn.Sequential{nn.Dense{1, activation="sigmoid", input_shape={3}}, dtype="float64"}
> m:compile{optimizer=optim.SGD{5}, loss="binary_crossentropy"}
> h = m:fit{x, y, batch_size=4, epochs=200, verbose=0}
> h.history.loss[200] < 0.02
true
]], function(model, given)
  local read = options.read("fit", given, {{"x", required = true}, {"y", required = true}, {"batch_size", 32},
    {"epochs", 1}, {"verbose", "auto"}, {"validation_split", 0}, {"validation_data"}, {"shuffle", true}})
  expect_compiled(model, "fit")
  Layer.count("fit", "batch_size", read.batch_size)
  Layer.count("fit", "epochs", read.epochs)
  local x = check_x(model, read.x, "fit")
  prepare(model, "fit")
  local y = check_y(model, x, read.y, "fit")
  if #x == 0 then error("fit: there is not one sample to train on", 0) end
  local vx, vy
  x, y, vx, vy = set_aside(model, read, x, y)
  local n = #x
  local batch_size = math.min(read.batch_size, n)

  local step = program_for(model, "train", y)
  prepare_optimizer(model, step.weights)
  local names = score_names(model)
  local record = history.new(model, {epochs = read.epochs, batch_size = batch_size, samples = n})
  record.baseline = baseline.of(model, y)
  record.val_baseline = vy and baseline.of(model, vy) or nil
  model.history = record
  local run = {
    model = model, step = step, x = x, y = y, samples = n, batch_size = batch_size, names = names,
    order = tensor.arange(1, n + 1, {dtype = "int64"}),
    key = {random.new_key()},
    reporter = progress.new(read.verbose, read.epochs, (n + batch_size - 1) // batch_size, record, names, vx ~= nil),
  }
  for epoch = 1, read.epochs do
    if read.shuffle then core.shuffle_order(run.order, run.key[1], run.key[2], epoch) end
    run.reporter:epoch_begins(epoch)
    local means = train_epoch(run)
    if vx then
      for i, value in ipairs(measure(model, vx, vy, batch_size)) do means["val_" .. names[i]] = value end
    end
    record:add(epoch, means)
    run.reporter:epoch_ends(means)
  end
  return record
end)

M.train_on_batch = doc("model.train_on_batch", [[
model:train_on_batch(x, y) -> loss, metrics...

One step of the optimizer on all samples of x as one batch. Returns the mean loss before the step, then the
metrics.

> random.seed(1)
> m = nn.Sequential{nn.Dense{1, input_shape={1}}, dtype="float64"}
> m:compile{optimizer=optim.SGD{0.1}, loss="mse"}
> for i = 1, 200 do loss = m:train_on_batch(tensor{{1}, {2}}, tensor{{2}, {4}}) end
> loss < 0.001
true
]], function(model, x, y)
  expect_compiled(model, "train_on_batch")
  x = check_x(model, x, "train_on_batch")
  prepare(model, "train_on_batch")
  y = check_y(model, x, y, "train_on_batch")
  if #x == 0 then error("train_on_batch: there is not one sample to train on", 0) end
  local step = program_for(model, "train", y)
  prepare_optimizer(model, step.weights)
  model.key = model.key or {random.new_key()}
  local n = #x
  local scores = {train_step(model, step, x, y, nil, 1, n, model.key, model.optimizer.iterations + 1)}
  for i = 1, #scores do scores[i] = scores[i] / n end
  return table.unpack(scores)
end)

M.gradients = doc("model.gradients", [=[
model:gradients() -> table of tensors

The gradients of the last training step (the derivative of its mean loss by each weight), in the order of
model:weights(): ordinary tensors to print and plot.

> m = nn.Sequential{nn.Dense{1, input_shape={1}}, dtype="float64"}
> m.layers[1].kernel[{1, 1}] = 1
> m:compile{optimizer=optim.SGD{0}, loss="mse"}
> loss = m:train_on_batch(tensor{{1}}, tensor{{3}})
> m:gradients()[1]
[[-4.]]
]=], function(model)
  if not model.last_step then
    error("gradients: there are none before the first training step (fit or train_on_batch)", 0)
  end
  return {table.unpack(model.last_step.gradients)}
end)

M.evaluate = doc("model.evaluate", [[
model:evaluate{x, y, batch_size=32, verbose="auto"} -> results

The mean loss and metrics over x without learning, x and y as in model.fit; Dropout does nothing. Prints
them, with the majority baseline beside an accuracy, and returns a table: results.loss, results.accuracy,
results.baseline.

> m = nn.Sequential{nn.Dense{1, input_shape={1}}, dtype="float64"}
> m.layers[1].kernel[{1, 1}] = 1
> m:compile{optimizer="sgd", loss="mse"}
> m:evaluate{tensor{{1}, {2}}, tensor{{1}, {3}}, verbose=0}.loss
0.5
]], function(model, given)
  local read = options.read("evaluate", given, {{"x", required = true}, {"y", required = true}, {"batch_size", 32},
    {"verbose", "auto"}})
  expect_compiled(model, "evaluate")
  Layer.count("evaluate", "batch_size", read.batch_size)
  local x = check_x(model, read.x, "evaluate")
  prepare(model, "evaluate")
  local y = check_y(model, x, read.y, "evaluate")
  if #x == 0 then error("evaluate: there is not one sample", 0) end
  local results = result_table.new(score_names(model), measure(model, x, y, read.batch_size), baseline.of(model, y))
  if read.verbose ~= 0 then result_table.say(results) end
  return results
end)

M.predict = doc("model.predict", [=[
model:predict(x) -> tensor

The output for each sample of x: from (n, ...), one sample a row, to (n, outputs). Dropout does nothing.

> m = nn.Sequential{nn.Dense{1, input_shape={2}}, dtype="float64"}
> m.layers[1].kernel[{{}, 1}] = tensor{1, 10}
> m:predict(tensor{{1, 2}, {3, 4}})
[[21.]
 [43.]]
]=], function(model, x)
  x = check_x(model, x, "predict")
  model.programs = model.programs or {}
  local step = program_for(model, "predict")
  local n = #x
  local out = tensor.zeros({n, table.unpack(model.output_shape)}, {dtype = model.dtype})
  step.program:run(x, nil, nil, 1, n, false, 0, 0, 0, out)
  return out
end)

M.predict_classes = doc("model.predict_classes", [[
model:predict_classes(x) -> tensor

The class label (0-based, as in the data) with the greatest output for each sample; with a single output, 1
where it exceeds 0.5.

> m = nn.Sequential{nn.Dense{2, input_shape={1}}, dtype="float64"}
> m.layers[1].kernel[{1, {}}] = tensor{0, 1}
> m:predict_classes(tensor{{5}, {-5}})
[1 0]
]], function(model, x)
  local p = M.predict(model, x)
  if p.ndim ~= 2 then
    error("predict_classes: the network ends in " .. shapes.text(model.output_shape) .. ", not in scores", 0)
  end
  if p.shape[2] == 1 then return tensor.gt(p:reshape(-1), 0.5):astype("int64") end
  return (p:argmax(2) - 1):astype("int64")
end)

return M
