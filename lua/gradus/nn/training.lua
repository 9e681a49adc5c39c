-- How a model learns: compile, fit, evaluate, predict. Methods of nn.Sequential.

local baseline = require "gradus.metrics.baseline"
local callback_states = require "gradus.callbacks.states"
local callbacks = require "gradus.callbacks.run"
local check_pairing = require "gradus.nn.pairing"
local core = require "gradus.core.grad"
local diagnosis = require "gradus.nn.diagnosis"
local doc = require("gradus.help").doc
local history = require "gradus.nn.history"
local Layer = require "gradus.nn.layer"
local lookup_loss = require "gradus.losses.lookup"
local lookup_metric = require "gradus.metrics.lookup"
local lookup_optimizer = require "gradus.optim.lookup"
local options = require "gradus.options"
local pause = require "gradus.session.pause"
local progress = require "gradus.nn.progress"
local random = require "gradus.core.random"
local result_table = require "gradus.nn.results"
local samples = require "gradus.nn.samples"
local session = require "gradus.session"
local shapes = require "gradus.shapes"
local steps = require "gradus.nn.steps"
local tensor = require "gradus.core.tensor"
local unfinished = require "gradus.nn.unfinished"
local validation = require "gradus.nn.validation"

local M = {}

local check_x, check_y = samples.check_x, samples.check_y

local function expect_compiled(model, what)
  if not model.loss then
    error(what .. ': compile the model first, as in model:compile{optimizer="adam", '
      .. 'loss="sparse_categorical_crossentropy", metrics={"accuracy"}}', 0)
  end
end

local COMPILE = {
  {"optimizer", "rmsprop", one_of = lookup_optimizer.names, any_case = true},
  {"loss", required = true, one_of = lookup_loss.names, any_case = true},
  {"metrics", {}, one_of = lookup_metric.names, any_case = true},
  refused = {
    loss_weights = "it weighs several outputs against each other, and a network has one here; class_weight and "
      .. "sample_weight, which fit takes, weigh classes and samples",
    weighted_metrics = "metrics count every sample once, weights or not; balanced_accuracy counts every class once, "
      .. "and metrics.accuracy_score(y, classes, {sample_weight=w}) weighs what predict_classes gave",
    run_eagerly = "a step is recorded and replayed where that can be, and runs eagerly by itself, said once, where not",
    jit_compile = "every step is recorded and replayed without Lua: there is nothing to choose",
    steps_per_execution = "a step costs nothing beside what it computes: there is nothing to gain",
    auto_scale_loss = "it is for numbers of 16 bits, and networks compute in float32 or float64",
  },
}

M.compile = doc("model.compile", [[
model:compile{optimizer="rmsprop", loss, metrics={}}

Chooses how the model learns: an optimizer ("sgd", "adam", "adamw", "rmsprop", "adagrad", ... or one you made, as
optim.Adam{1e-4}; without one it is RMSprop, as in Keras), a loss ("sparse_categorical_crossentropy" for class labels,
"categorical_crossentropy" for one-hot rows, "binary_crossentropy" for one output between 0 and 1, "mean_squared_error"
for numbers; see losses) and metrics: "accuracy"; of two classes "precision", "recall", "specificity", "f1_score",
"true_positives", "false_positives", "true_negatives", "false_negatives"; of any number "balanced_accuracy",
"matthews_corrcoef", "cohen_kappa", "auc", "average_precision" (of more than two: the mean of each against the rest),
"top_k_categorical_accuracy" (k = 5); of numbers "mse", "mae", "root_mean_squared_error", "r2_score",
"mean_absolute_percentage_error"; a loss by its name, as "sparse_categorical_crossentropy"; or a function of yours,
f(y_true, outputs), which gives one number, under a name as in metrics={"accuracy", gap=f}. A metric that does not fit
the number of outputs is an error. Metrics are counted over the whole epoch, never averaged over batches.

> m = nn.Sequential{nn.Dense{2, activation="softmax", input_shape={4}}}
> m:compile{optimizer="adam", loss="sparse_categorical_crossentropy", metrics={"accuracy"}}
> m.optimizer
Adam, learning rate 0.001
]], options.takes(COMPILE, function(model, given)
  local read = options.read("compile", given, COMPILE)
  pause.refuse(model, "compile")
  local optimizer, loss = lookup_optimizer.find(read.optimizer), lookup_loss.find(read.loss)
  local wanted = lookup_metric.list(read.metrics)
  local seen = {}
  for _, metric in ipairs(wanted) do
    local name = lookup_metric.find(metric, loss).name
    if seen[name] then error(string.format('compile: metrics names "%s" twice', name), 0) end
    seen[name] = true
  end
  -- Nothing is changed before everything is known to be right.
  model.optimizer, model.loss, model.wanted_metrics = optimizer, loss, wanted
  steps.forget(model)
end))

-- What can only be set up once the shapes are known. Of the metrics, `hits` are counted inside the steps; the others
-- are computed from the outputs of a whole epoch.
local function prepare(model, what)
  expect_compiled(model, what)
  if not model.metrics then
    check_pairing(model)
    local metrics, hits = {}, {}
    for i, wanted in ipairs(model.wanted_metrics) do
      metrics[i] = lookup_metric.find(wanted, model.loss, model.output_shape[#model.output_shape])
      if metrics[i].call then hits[#hits + 1] = metrics[i] end
    end
    model.metrics, model.hits = metrics, hits
  end
  model.programs = model.programs or {}
end

-- The names of what a step counts: the loss and the hits.
local function step_names(model)
  local names = {"loss"}
  for i, metric in ipairs(model.hits) do names[i + 1] = metric.name end
  return names
end

local function all_names(model)
  local names = {"loss"}
  for i, metric in ipairs(model.metrics) do names[i + 1] = metric.name end
  return names
end

-- The names of what an epoch reports.
local function reported_names(model, validated)
  local names = all_names(model)
  for i = 1, validated and #names or 0 do names[#names + 1] = "val_" .. names[i] end
  return names
end

-- ---- the outputs of a whole epoch, for metrics that need them ----

local function needs_outputs(model)
  return #model.metrics > #model.hits
end

-- Room for the outputs of n samples, and a view of it for each batch, made once.
local function output_views(model, n, batch_size)
  if not needs_outputs(model) then return nil, {} end
  local all, views = tensor.zeros({n, table.unpack(model.output_shape)}, {dtype = model.dtype}), {}
  for first = 1, n, batch_size do
    views[#views + 1] = all[{{first, math.min(first + batch_size - 1, n)}}]
  end
  return all, views
end

-- Adds those metrics to `means`, under their names behind `prefix`.
local function add_whole_metrics(model, means, prefix, y, outputs)
  for _, metric in ipairs(model.metrics) do
    if metric.whole then means[prefix .. metric.name] = metric.whole(y, outputs) end
  end
end

-- Mean loss and metrics over x without learning, by name. Where the loss is no number, `what` remarks on why, once.
local function measure(model, x, y, batch_size, what, weights)
  local n = #x
  local truth = weights and samples.with_weights(y, weights, model.dtype) or y
  local step = steps.program(model, "test", truth, weights ~= nil)
  local names, sums, means, told = step_names(model), {}, {}, false
  local outputs, views = output_views(model, n, batch_size)
  for i = 1, #names do sums[i] = 0 end
  for first = 1, n, batch_size do
    local count = math.min(batch_size, n - first + 1)
    local view = views[(first - 1) // batch_size + 1]
    local scores = {step.program:run(x, truth, nil, first, count, false, 0, 0, 0, view)}
    for i, score in ipairs(scores) do sums[i] = sums[i] + score end
    if scores[1] - scores[1] ~= 0 and not told then
      told = true
      session.warn(what .. ": " .. diagnosis.of_measure(model, scores[1], x, y, first, count))
    end
  end
  for i, name in ipairs(names) do means[name] = sums[i] / n end
  add_whole_metrics(model, means, "", y, outputs)
  step.program:rest()
  return means
end

-- ---- fit ----

-- After a callback or a pause: what was changed there (a weight, the rate of a Dropout, the optimizer) counts from the
-- next batch on.
local function look_again(run)
  run.step = steps.program(run.model, "train", run.truth, run.weighted)
  steps.prepare_optimizer(run.model, run.step.weights)
end

-- A pause after a batch: whether training is to stop here.
local function pause_after(run, batch)
  local model = run.model
  run.reporter:breaks_off()
  local where = string.format("batch %d of %d in epoch %d of %d", batch, run.batches, run.epoch, run.epochs)
  local stop, seconds = run.hold:pause(where)
  run.reporter:waited(seconds)
  if stop then return true end
  look_again(run)
end

-- One pass over the samples, a step after each batch. Returns the means of the loss and the metrics by name, or nothing
-- when it was stopped: each batch was measured with the weights of its moment, so they differ from what evaluate says
-- afterwards.
local function train_epoch(run)
  local model, place = run.model, run.place
  local sums = place.sums
  for batch = place.batch + 1, run.batches do
    local first = (batch - 1) * run.batch_size + 1
    local count = math.min(run.batch_size, run.samples - first + 1)
    if run.callbacks.before_batches then
      run.callbacks:batch_begin(batch)
      look_again(run)
    end
    local s1, s2, s3, s4, s5 = steps.train(model, run.step, run.x, run.truth, run.order, first, count, run.key,
      model.optimizer.iterations + 1, run.views[batch], place)
    sums[1] = sums[1] + s1
    if s2 then sums[2] = sums[2] + s2 end
    if s3 then sums[3] = sums[3] + s3 end
    if s4 then sums[4] = sums[4] + s4 end
    if s5 then sums[5] = sums[5] + s5 end
    place.batch, model.unfinished = batch, place
    run.reporter:batch_done(batch, run.names, sums, first + count - 1)
    if run.callbacks.batches then
      run.callbacks:batch_end(batch, run.names, sums, first + count - 1)
      look_again(run)
    end
    if run.hold.asked() and pause_after(run, batch) then return nil end
  end
  local means = {}
  for i, name in ipairs(run.names) do means[name] = sums[i] / run.samples end
  if run.outputs then add_whole_metrics(model, means, "", run.y[run.order], run.outputs) end
  return means
end

local FIT = {
  {"x", required = true}, {"y", required = true}, {"batch_size", 32}, {"epochs", 1}, {"verbose", "auto"},
  {"callbacks", {}}, {"validation_split", 0}, {"validation_data"}, {"shuffle", true}, {"class_weight"},
  {"sample_weight"}, {"initial_epoch"}, {"validation_steps", named = true}, {"validation_batch_size", named = true},
  {"validation_freq", named = true},
  refused = {
    steps_per_epoch = "an epoch is one pass over x; a shorter one is a fit on a part of x and y, x[{{1, 3200}}], and "
      .. "callbacks.ModelCheckpoint{path, save_freq=100} saves in the middle of an epoch",
    workers = "all cores compute by themselves; gradus --threads N says how many",
    use_multiprocessing = "all cores compute by themselves; gradus --threads N says how many",
    max_queue_size = "x is in memory as a whole: nothing is queued",
    learning_rate = "the optimizer has it, as in model:compile{optimizer=optim.Adam{1e-4}, ...}; later "
      .. "model.optimizer.learning_rate = 1e-5",
  },
}

M.fit = doc("model.fit", [[
model:fit{x, y, batch_size=32, epochs=1, verbose="auto", callbacks={}, validation_split=0, validation_data,
shuffle=true, class_weight, sample_weight, initial_epoch=0, validation_steps=, validation_batch_size=batch_size,
validation_freq=1} -> history

Trains: each epoch is one pass over the samples in a fresh random order, in batches; after each batch the optimizer
takes one step. x has shape (n, ...), one sample a row; y is (n,) labels for sparse_categorical_crossentropy, otherwise
(n, outputs) numbers. validation_data={x, y} (or the last part, validation_split=0.1, of the samples) is measured after
each epoch and never trained on; validation_data={x, y, w} weighs its samples, validation_freq=5 measures after each
fifth epoch ({1, 10}: after these), validation_steps=n only its first n batches of validation_batch_size. verbose: 0
nothing, 1 a progress bar, 2 a line an epoch, "auto" a bar in a terminal and lines elsewhere. callbacks are called at
each epoch (?callbacks lists them); a function f(epoch, logs, model) is one too, and callbacks.LambdaCallback tells of
others of one's own. class_weight={[0]=1, [1]=2.5} (or "balanced") and sample_weight, a tensor (n,), multiply each
sample's loss. The loss includes the penalties of regularizers. Beside each accuracy stands the majority baseline: what
always answering the most frequent class would reach. Returns the history: history.history.loss[1] is the loss of the
first epoch; plot.history(history) draws it. initial_epoch=n, to go on after n epochs: with the same data and options
the result is the same, bit for bit, as if training had not paused, also in another session (model:save, nn.load).
model.epoch is the number of the last epoch that was finished. Where training was stopped or saved in the middle of the
next, model.unfinished says where that is: initial_epoch=model.epoch goes on with the batch that comes then. Without
initial_epoch fit begins a new training from the weights as they are; after model.unfinished = nil, initial_epoch
begins that epoch anew.

> random.seed(1)
> x = tensor{{0, 0, 1}, {1, 1, 1}, {1, 0, 1}, {0, 1, 1}}
> y = tensor{0, 1, 1, 0}
> m = nn.Sequential{nn.Dense{1, activation="sigmoid", input_shape={3}}, dtype="float64"}
> m:compile{optimizer=optim.SGD{5}, loss="binary_crossentropy"}
> h = m:fit{x, y, batch_size=4, epochs=200, verbose=0}
> h.history.loss[200] < 0.02
true
]], options.takes(FIT, function(model, given)
  local read = options.read("fit", given, FIT)
  expect_compiled(model, "fit")
  pause.refuse(model, "fit")
  Layer.count("fit", "batch_size", read.batch_size)
  Layer.count("fit", "epochs", read.epochs)
  local begin = read.initial_epoch or 0
  if math.type(begin) ~= "integer" or begin < 0 or begin >= read.epochs then
    error(string.format("fit: initial_epoch is how many of the %d epochs were done before, not %s", read.epochs,
      tostring(begin)), 0)
  end
  local x = check_x(model, read.x, "fit")
  prepare(model, "fit")
  local y = check_y(model, x, read.y, "fit")
  if #x == 0 then error("fit: there is not one sample to train on", 0) end
  local weights = samples.weights(read, y, "fit")
  local held, n = validation.of(model, read, x, y)
  if n < #x then x, y = x[{{1, n}}], y[{{1, n}}] end
  local batch_size = math.min(read.batch_size, n)
  local truth = weights and samples.with_weights(y, weights[{{1, n}}], model.dtype) or y

  local step = steps.program(model, "train", truth, weights ~= nil)
  if #step.weights == 0 then
    session.warn(model.name .. " has no weight that training could change: its layers have none, or are frozen "
      .. "(layer.trainable = false)")
  end
  steps.prepare_optimizer(model, step.weights)
  local reported = reported_names(model, held ~= nil)
  local record = history.new(model, {epochs = read.epochs, batch_size = batch_size, samples = n, metrics = reported})
  record.baseline = baseline.of(model, y)
  record.val_baseline = held and baseline.of(model, held.y) or nil
  model.history = record
  local names = step_names(model)
  local called = callbacks.new(read.callbacks, model, {epoch = reported, batch = names})
  local batches = (n + batch_size - 1) // batch_size
  local run = {
    model = model, step = step, x = x, y = y, truth = truth, samples = n, batch_size = batch_size, names = names,
    order = tensor.arange(1, n + 1, {dtype = "int64"}), shuffle = read.shuffle and true or false,
    reporter = progress.new(read.verbose, read.epochs, batches, record, all_names(model), held ~= nil),
    callbacks = called, epochs = read.epochs, batches = batches, weighted = weights ~= nil,
  }
  run.outputs, run.views = output_views(model, n, batch_size)
  local place <close> = unfinished.new(run)
  run.place = place
  local left = unfinished.left_by(model, read.initial_epoch)
  if left then left:expect_same(place) end
  -- What shuffling and Dropout draw hangs on the key, the epoch and the step: training that goes on keeps its key.
  local goes_on = (left or begin > 0) and model.key ~= nil
  if not goes_on then model.key = {random.new_key()} end
  run.key = model.key
  model.stop_training = left and model.stop_training or false
  model.epoch = begin
  local hold <close> = pause.hold(model)
  run.hold = hold
  called:train_begin(goes_on and (model.kept_states or callback_states.of(model.callbacks)) or nil,
    left and left.epoch)
  model.kept_states, model.unfinished = nil, left
  for epoch = begin + 1, read.epochs do
    if read.shuffle then core.shuffle_order(run.order, run.key[1], run.key[2], epoch) end
    place:begin(epoch)
    if left then
      place:continue(left)
      left = nil
    else
      called:epoch_begin(epoch)
    end
    look_again(run)
    run.epoch = epoch
    run.reporter:epoch_begins(epoch, epoch == begin + 1, place)
    local means = train_epoch(run)
    if not means then break end
    if held and held.due(epoch) then
      -- One of the two programs works at a time, so one of them has memory for it.
      run.step.program:rest()
      local measured = measure(model, held.x, held.y, held.batch_size, "validation", held.weights)
      for name, value in pairs(measured) do means["val_" .. name] = value end
    end
    record:add(epoch, means)
    model.epoch, model.unfinished = epoch, nil
    run.reporter:epoch_ends(means)
    called:epoch_end(epoch, means)
    if model.stop_training then break end
  end
  -- A training that goes on in the middle of an epoch needs the weights, not their means.
  if model.optimizer.finish and not model.unfinished then model.optimizer:finish(run.step.weights) end
  called:train_end()
  if model.unfinished then
    session.note(string.format("fit with initial_epoch=%d goes on there; otherwise it begins a new training",
      model.epoch))
  end
  return record
end))

local function check_batch(model, x, y, what)
  expect_compiled(model, what)
  x = check_x(model, x, what)
  prepare(model, what)
  y = check_y(model, x, y, what)
  if #x == 0 then error(what .. ": there is not one sample", 0) end
  return x, y
end

local function in_order(model, means)
  local values = {}
  for i, name in ipairs(all_names(model)) do values[i] = means[name] end
  return table.unpack(values)
end

-- Each of the sums as a mean of n.
local function divided(n, sum, ...)
  if sum == nil then return end
  return sum / n, divided(n, ...)
end

M.train_on_batch = doc("model.train_on_batch", [[
model:train_on_batch(x, y, {class_weight, sample_weight}) -> loss, metrics...

One step of the optimizer on all samples of x as one batch. Returns the mean loss before the step, then the
metrics, in the order of compile. Weights are as in model.fit.

> random.seed(1)
> m = nn.Sequential{nn.Dense{1, input_shape={1}}, dtype="float64"}
> m:compile{optimizer=optim.SGD{0.1}, loss="mse"}
> for i = 1, 200 do loss = m:train_on_batch(tensor{{1}, {2}}, tensor{{2}, {4}}) end
> loss < 0.001
true
]], function(model, x, y, given)
  x, y = check_batch(model, x, y, "train_on_batch")
  local weights
  if given then
    local read = options.read("train_on_batch", given, {{"class_weight"}, {"sample_weight"}})
    weights = samples.weights(read, y, "train_on_batch")
  end
  local truth = weights and samples.with_weights(y, weights, model.dtype) or y
  local step = steps.program(model, "train", truth, weights ~= nil)
  steps.prepare_optimizer(model, step.weights)
  model.key = model.key or {random.new_key()}
  local n = #x
  local outputs = needs_outputs(model) and output_views(model, n, n) or nil
  local number = model.optimizer.iterations + 1
  if not outputs then return divided(n, steps.train(model, step, x, truth, nil, 1, n, model.key, number)) end
  local scores, means = {steps.train(model, step, x, truth, nil, 1, n, model.key, number, outputs)}, {}
  for i, name in ipairs(step_names(model)) do means[name] = scores[i] / n end
  add_whole_metrics(model, means, "", y, outputs)
  return in_order(model, means)
end)

M.test_on_batch = doc("model.test_on_batch", [[
model:test_on_batch(x, y, {sample_weight}) -> loss, metrics...

The mean loss and the metrics of all samples of x as one batch, without learning, in the order of compile.

> m = nn.Sequential{nn.Dense{1, input_shape={1}}, dtype="float64"}
> m.layers[1].kernel[{1, 1}] = 1
> m:compile{optimizer="sgd", loss="mse"}
> m:test_on_batch(tensor{{1}, {2}}, tensor{{1}, {3}})
0.5
]], function(model, x, y, given)
  x, y = check_batch(model, x, y, "test_on_batch")
  local weights = given and samples.weights(options.read("test_on_batch", given, {{"sample_weight", named = true}}), y,
    "test_on_batch")
  return in_order(model, measure(model, x, y, #x, "test_on_batch", weights))
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
  return steps.look_at_gradients(model.last_step)
end)

local EVALUATE = {
  {"x", required = true}, {"y", required = true}, {"batch_size", 32}, {"verbose", "auto"}, {"sample_weight"},
  {"steps", named = true},
  refused = {
    callbacks = "it calls none; what comes behind evaluate runs after it",
    return_dict = "it always returns a table by name, results.loss and results.accuracy",
  },
}

-- How many of the n samples are in the first `steps` batches.
local function samples_in(what, steps, batch_size, n)
  if steps == nil then return n end
  Layer.count(what, "steps", steps)
  if steps > (n + batch_size - 1) // batch_size then
    error(string.format("%s: steps=%d batches of %d are more than the %d samples of x give", what, steps, batch_size,
      n), 0)
  end
  return math.min(steps * batch_size, n)
end

M.evaluate = doc("model.evaluate", [[
model:evaluate{x, y, batch_size=32, verbose="auto", sample_weight, steps=} -> results

The mean loss and metrics over x without learning, x and y as in model.fit; Dropout does nothing. With steps=n only the
first n batches are measured. Prints them, with the majority baseline beside an accuracy, and returns a table:
results.loss, results.accuracy, results.baseline.

> m = nn.Sequential{nn.Dense{1, input_shape={1}}, dtype="float64"}
> m.layers[1].kernel[{1, 1}] = 1
> m:compile{optimizer="sgd", loss="mse"}
> m:evaluate{tensor{{1}, {2}}, tensor{{1}, {3}}, verbose=0}.loss
0.5
]], options.takes(EVALUATE, function(model, given)
  local read = options.read("evaluate", given, EVALUATE)
  Layer.count("evaluate", "batch_size", read.batch_size)
  local x, y = check_batch(model, read.x, read.y, "evaluate")
  local weights = samples.weights(read, y, "evaluate")
  local first = {1, samples_in("evaluate", read.steps, read.batch_size, #x)}
  if first[2] < #x then x, y, weights = x[{first}], y[{first}], weights and weights[{first}] end
  local values = {in_order(model, measure(model, x, y, read.batch_size, "evaluate", weights))}
  local results = result_table.new(all_names(model), values, baseline.of(model, y))
  if read.verbose ~= 0 then result_table.say(results) end
  return results
end))

local PREDICT = {
  {"batch_size", named = true}, {"steps", named = true}, {"verbose", "auto", named = true},
  refused = {
    callbacks = "it calls none; what comes behind predict runs after it",
  },
}

M.predict = doc("model.predict", [=[
model:predict(x, {batch_size=, steps=, verbose="auto"}) -> tensor

The output for each sample of x: from (n, ...), one sample a row, to (n, outputs). Dropout does nothing. All samples
are given at once and computed in slices that fit into the processor's cache; a layer that runs eagerly needs less
memory with a batch_size. With steps=n, for the first n batches of batch_size (32) only. Nothing is printed, whatever
verbose says.

> m = nn.Sequential{nn.Dense{1, input_shape={2}}, dtype="float64"}
> m.layers[1].kernel[{{}, 1}] = tensor{1, 10}
> m:predict(tensor{{1, 2}, {3, 4}})
[[21.]
 [43.]]
]=], function(model, x, given)
  x = check_x(model, x, "predict")
  model.programs = model.programs or {}
  local program = steps.program(model, "predict").program
  if given == nil then return program:predict(x) end
  local read = options.read("predict", given, PREDICT)
  options.choice("predict", "verbose", read.verbose, {0, 1, 2, "auto"})
  local batch_size = Layer.count("predict", "batch_size", read.batch_size or 32)
  local n, parts = samples_in("predict", read.steps, batch_size, #x), {}
  local at_once = read.batch_size or math.max(n, 1)
  for first = 1, n, at_once do
    parts[#parts + 1] = program:predict(x[{{first, math.min(first + at_once - 1, n)}}])
  end
  if #parts < 2 then return parts[1] or program:predict(x) end
  return tensor.concatenate(parts, 1)
end)

M.predict_classes = doc("model.predict_classes", [[
model:predict_classes(x, {batch_size=, steps=}) -> tensor

The class label (0-based, as in the data) with the greatest output for each sample; with a single output, 1
where it exceeds 0.5; where it is a score (of a loss with from_logits=true, or a hinge), where it exceeds 0. Options
as of model.predict.

> m = nn.Sequential{nn.Dense{2, input_shape={1}}, dtype="float64"}
> m.layers[1].kernel[{1, {}}] = tensor{0, 1}
> m:predict_classes(tensor{{5}, {-5}})
[1 0]
]], function(model, x, given)
  local p = M.predict(model, x, given)
  if p.ndim ~= 2 then
    error("predict_classes: the network ends in " .. shapes.text(model.output_shape) .. ", not in scores", 0)
  end
  return lookup_metric.labels(p, model.loss):astype("int64")
end)

return M
