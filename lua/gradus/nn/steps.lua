-- The steps that training, evaluation and prediction are made of: recorded once, by running the layers on a few made-up
-- samples, and then replayed in C over each batch: no Lua runs inside a step, and a warm step allocates nothing.

local core = require "gradus.core.grad"
local diagnosis = require "gradus.nn.diagnosis"
local Eager = require "gradus.nn.eager"
local penalties = require "gradus.nn.penalties"
local same_list = require "gradus.same_list"
local session = require "gradus.session"
local tensor = require "gradus.core.tensor"
local watched = require "gradus.nn.watched"

local M = {}

--- Lets go of what was recorded and counted with the layers, the loss and the metrics as they were. The optimizer
--- begins anew when it sees other weights.
function M.forget(model)
  model.metrics, model.hits, model.last_step, model.unfinished = nil, nil, nil, nil
  model.programs = {}
end

-- Returns a function that records a step from a batch of so many rows, into a program or nil and why it cannot be.
local function recorder(model, y, weights, in_training, call, penalty)
  return function(rows)
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
      penalty = penalty,
    }
  end
end

-- The program of a step, or nil and why there is none. It is recorded twice, from batches of different sizes, and what
-- is not the same each time (a size that a layer computed with, a number that it drew) is no program.
local function record(recorded_from)
  local program, why = recorded_from(3)
  if not program then return nil, why end
  local again = recorded_from(2)
  if again and program:same(again) then return program end
  return nil, "a layer computes with the size of the batch, or with numbers that it draws"
end

-- Whether a function of the learner's takes part, which may compute with anything: a number of the session, say.
local function has_own_functions(model, y)
  local function is_own(f) return type(f) == "function" and debug.getinfo(f, "S").what ~= "C" end
  for _, layer in ipairs(model.layers) do
    if layer.is_own then return true end
    for _, name in ipairs(layer.option_names) do
      if is_own(layer[name]) and not name:find "_initializer$" then return true end  -- those have done their work
    end
  end
  return y ~= nil and model.loss.is_own
end

-- What a program reads and somebody may change between two runs: in training it is what gets gradients; otherwise it
-- has the moving means of a normalization and the weights of frozen layers, too.
local function weights_for(model, in_training)
  if in_training then return model:weights() end
  local list = {}
  for _, layer in ipairs(model.layers) do
    local own = layer:all_weights()
    table.move(own, 1, #own, #list + 1, list)
  end
  return list
end

-- What a network computes in recordings and step by step: its output for a batch, and with t the loss and the metrics.
local function computation(model, in_training, weighted)
  return function(x, t)
    local output = model:call(x, in_training)
    if not t then return output end
    local weight
    if weighted then
      local last = t.shape[2]
      t, weight = t[{{}, {1, last - 1}}], t[{{}, last}]
    end
    local scores = {model.loss.call(output, t)}
    if weight then scores[1] = scores[1] * weight end
    for i, metric in ipairs(model.hits) do scores[i + 1] = metric.call(output, t) end
    return output, table.unpack(scores)
  end
end

local function make(model, mode, y, weighted)
  model:refresh()
  local in_training = mode == "train"
  local weights = weights_for(model, in_training)
  local fields = watched.new()
  fields:add_list(model, "layers")
  for _, layer in ipairs(model.layers) do layer:watch(fields, mode) end
  local call = computation(model, in_training, weighted)
  local list = y and penalties.of(model.layers)
  local penalty = list and function() return penalties.sum(list) end or nil
  local recorded_from = recorder(model, y, weights, in_training, call, penalty)
  local program, why = record(recorded_from)
  if not program then
    if not model.runs_eagerly then
      session.warn(string.format("%s runs on whole batches, step by step and not recorded, so training is slower: %s",
        model.name, why))
      model.runs_eagerly = true
    end
    program = Eager.new {weights = weights, training = in_training, dtype = model.dtype,
      output_shape = model.output_shape, call = call, penalty = penalty}
  end
  local before, after = {}, {}
  for _, layer in ipairs(model.layers) do
    if layer.before_run then before[#before + 1] = layer end
    if layer.after_step and layer.trainable then after[#after + 1] = layer end
  end
  return {program = program, recorded = not why and program, before = before, after = after, weights = weights,
    is_unchanged = fields:question(), weighted = weighted, penalties = list,
    again = program.same and has_own_functions(model, y) and recorded_from or nil,
    gradients = in_training and program:gradients()}
end

local function is_current(kept)
  if not kept.is_unchanged() or not penalties.unchanged(kept.penalties) then return false end
  if not kept.again then return true end
  local now = kept.again(3)
  return now and kept.program:same(now)
end

-- The names that programs are kept under, by mode, axes of y and whether it is weighted: to join one each time would
-- leave garbage.
local keys = {}
for _, mode in ipairs {"train", "test"} do
  keys[mode] = {}
  for ndim = 0, 8 do
    local key = mode .. ":" .. ndim
    keys[mode][ndim] = {[false] = key, [true] = key .. ":weighted"}
  end
end

-- The program for `mode` ("train", "test" or "predict"), recorded anew when a weight or a layer's option (the rate of a
-- Dropout, say) was exchanged or y has another form. What functions of the learner's compute with nobody can watch:
-- they are recorded again to see whether it comes to the same. When `weighted`, the last column of y is the sample's
-- weight in the loss (see samples.lua).
function M.program(model, mode, y, weighted)
  local key = y and keys[mode][y.ndim][weighted or false] or mode
  local kept = model.programs[key]
  if not kept or not is_current(kept) then
    kept = make(model, mode, y, weighted)
    model.programs[key] = kept
  end
  for i = 1, #kept.before do kept.before[i]:before_run() end
  return kept
end

-- The name of the i-th of model:weights(), as "dense.kernel".
local function weight_name(model, i)
  for _, layer in ipairs(model.layers) do
    local n = #layer:weights()
    if i <= n then return layer.name .. "." .. layer.weight_names[i] end
    i = i - n
  end
end

--- One step of gradient descent, on `count` samples of x and y from position `first` of `order`: the program computes
--- the gradients, the optimizer changes the weights. `key` and `number` (of this step) say what Dropout draws;
--- `outputs`, when given, receives what the network put out, and `place` says where in fit this is. Returns the loss
--- and the hits (at most four: there are no more), summed over the samples; as values and not as a table, so that a
--- step leaves no garbage.
function M.train(model, step, x, y, order, first, count, key, number, outputs, place)
  -- Where nobody looks at the gradients they need not exist: the update computes them on its way.
  local program = not step.watched and not model.optimizer:reads_gradients() and step.recorded or nil
  local loss, m1, m2, m3, m4 = step.program:run(x, y, order, first, count, program and "pending" or true, key[1],
    key[2], number, outputs)
  local bad = core.first_not_finite(step.gradients, program)
  if loss - loss ~= 0 or bad then
    if step.weighted then y = y[{{}, {1, y.shape[2] - 1}}] end
    local what, value, weight = "loss", loss, nil
    if loss - loss == 0 then
      what, value, weight = "gradient", tensor.sum(step.gradients[bad]), weight_name(model, bad)
    end
    error(diagnosis.of_step(model, what, value, number, place, x, y, order, first, count, weight), 0)
  end
  model.unfinished = nil  -- what the weights are from here on belongs to no place in an epoch, until fit says so
  if #step.weights > 0 then model.optimizer:apply(step.weights, step.gradients, program) end
  for _, layer in ipairs(step.after) do layer:after_step(step.recorded) end
  model.last_step = step
  return loss, m1, m2, m3, m4
end

--- The gradients of the last step, as tensors; from now on each step leaves them there, for whoever keeps them.
function M.look_at_gradients(step)
  if step.recorded and not step.watched then step.program:finish_gradients() end
  step.watched = true
  return {table.unpack(step.gradients)}
end

--- The optimizer keeps numbers beside each weight; it starts anew for other weights, such as those of another model.
function M.prepare_optimizer(model, weights)
  local optimizer = model.optimizer
  local is_known = optimizer.weights and same_list(optimizer.weights, weights)
  optimizer.weights = weights
  if is_known then return end
  optimizer:build(weights)
  optimizer.iterations = 0
end

return M
