-- model:save: a network as one .safetensors file. Beside the tensors lies a text under "gradus", JSON that says how the
-- network is made, how it learns and how far training has come; nn.load (loading.lua) reads it:
--
--   {"format": 1, "kind": "Sequential", "name": "sequential", "dtype": "float32", "input_shape": [50, 50, 1],
--    "layers": [{"class": "Dense", "name": "dense", "trainable": true, "options": {"units": 2, ...}}, ...],
--    "graph": [{"layer": 1, "inputs": [0]}, ...],                      of nn.Model: place 0 is the input
--    "compile": {"optimizer": {"class": "Adam", "options": {...}, "iterations": 100}, "loss": {...}, "metrics": [...]},
--    "training": {"key": ["0123456789abcdef", ...], "epoch": 5,
--                 "callbacks": [{"class": "EarlyStopping", "values": {"wait": 2, ...}}, ...],
--                 "unfinished": {"epoch": 6, "batch": 17, ...}}}          in the middle of an epoch: unfinished.lua
--
-- A function of the learner's cannot be written down. In its place stands {"own": "dense.activation"}, and nn.load is
-- given the function under that name.

local archive = require "gradus.archive"
local callback_states = require "gradus.callbacks.states"
local doc = require("gradus.help").doc
local initializers = require "gradus.initializers"
local json = require "gradus.json"
local losses = require "gradus.losses"
local optim = require "gradus.optim"
local options = require "gradus.options"
local regularizers = require "gradus.regularizers"
local session = require "gradus.session"
local weights = require "gradus.nn.weights"

local M = {methods = {}}

--- Options that are made by a constructor of these, as initializers.Constant{0.5}, stand in the file as
--- {"make": "initializers.Constant", "options": {...}}: all that is in such a value is options, unless it lists their
--- names.
M.makers = {initializers = initializers, optim = optim, regularizers = regularizers}

local function maker_of(value)
  for module, constructors in pairs(M.makers) do
    if value.class_name and constructors[value.class_name] then return module .. "." .. value.class_name end
  end
end

-- A value of an option, as JSON has it. `name` says whose it is, `own` gathers those that are the learner's.
local function plain(value, name, own)
  local kind = type(value)
  if kind == "userdata" or kind == "thread" then
    error(string.format("save: %s is a %s, which the file of a network cannot hold: save the weights alone, by "
      .. "model:save_weights, and make the network anew by its code", name, kind), 0)
  end
  if kind == "table" and getmetatable(value) == nil then
    local list = {}
    for i, each in ipairs(value) do list[i] = plain(each, name, own) end
    return list
  end
  local maker = kind == "table" and maker_of(value)
  if maker then
    local list = {}
    local names = value.option_names or {}
    if not value.option_names then
      for option in pairs(value) do names[#names + 1] = option end
    end
    for _, option in ipairs(names) do list[option] = plain(value[option], name .. "." .. option, own) end
    return {make = maker, options = list}
  end
  if kind == "table" or kind == "function" then
    own[#own + 1] = name
    return {own = name}
  end
  return value
end

-- The options of a layer, an optimizer or a loss.
local function options_of(object, names, prefix, own)
  local list = {}
  for _, name in ipairs(names) do list[name] = plain(object[name], prefix .. name, own) end
  return list
end

local function layer_text(layer, own)
  if layer.is_own then own[#own + 1] = layer.class_name end
  return {class = layer.class_name, is_own = layer.is_own, name = layer.name, trainable = layer.trainable ~= false,
    options = options_of(layer, layer.option_names, layer.name .. ".", own)}
end

local function optimizer_text(optimizer, own)
  if not optimizer.class_name or not optim[optimizer.class_name] then
    own[#own + 1] = "optimizer"
    return {own = "optimizer"}
  end
  return {class = optimizer.class_name, options = options_of(optimizer, optimizer.option_names, "optimizer.", own),
    iterations = optimizer.iterations}
end

local function loss_text(loss, own)
  if not losses[loss.name] then
    own[#own + 1] = "loss"
    return {own = "loss"}
  end
  local names = {}
  for i, option in ipairs(loss.spec) do names[i] = option[1] end
  return {name = loss.name, options = options_of(loss, names, "loss.", own)}
end

local function metrics_text(wanted, own)
  local list = {}
  for i, metric in ipairs(wanted) do
    local called = type(metric) == "table"
    list[i] = plain(called and metric.f or metric, called and metric.name or "metric", own)
  end
  return list
end

--- Everything but the tensors, and the names of what is the learner's own. add(name, t) is called for each tensor that
--- callbacks keep.
local function describe(model, add)
  local own, text = {}, {format = 1, kind = model.nodes and "Model" or "Sequential", name = model.name,
    dtype = model.dtype, input_shape = model.input_shape, layers = {}, program = "gradus"}
  local place = {}
  for i, layer in ipairs(model.layers) do
    text.layers[i] = layer_text(layer, own)
    place[layer] = i
  end
  if model.nodes then
    text.graph = {}
    for i, node in ipairs(model:graph()) do text.graph[i] = {layer = place[node.layer], inputs = node.inputs} end
  end
  if model.loss then
    text.compile = {optimizer = optimizer_text(model.optimizer, own), loss = loss_text(model.loss, own),
      metrics = metrics_text(model.wanted_metrics, own)}
  end
  if model.key then
    text.training = {key = {string.format("%016x", model.key[1]), string.format("%016x", model.key[2])},
      epoch = model.epoch, callbacks = callback_states.write(
        model.kept_states or callback_states.of(model.callbacks), add),
      stop = model.unfinished and model.stop_training or nil,
      unfinished = model.unfinished and model.unfinished:write(add)}
  end
  return text, own
end

-- What the optimizer keeps beside each weight, when it has begun and the weights are those of this model.
local function optimizer_entries(model, add)
  local optimizer, place = model.optimizer, {}
  if not optimizer or not optimizer.weights or not optimizer.state then return end
  for _, entry in ipairs(weights.entries(model)) do place[entry.tensor] = entry.name end
  local states, names = optimizer:state(), {}
  for name in pairs(states) do names[#names + 1] = name end
  table.sort(names)  -- the same training gives the same file
  for _, name in ipairs(names) do
    for i, w in ipairs(optimizer.weights) do
      if place[w] then add("optimizer." .. name .. "/" .. place[w], states[name][i]) end
    end
  end
end

M.methods.save = doc("model.save", [[
model:save(path, {overwrite=true})

Writes the whole network to a .safetensors file: layers with their options, weights, and when it is compiled the
optimizer with what it keeps, loss, metrics and how far training has come, so that nn.load(path) goes on where this one
stands: in the middle of an epoch, too, in a pause of training (Ctrl-C) or in a callback after a batch. Other programs
find the weights in it by name ("dense/kernel"). Functions of yours (an activation, a loss, a kind of layer) cannot be
written down: a note names them, and nn.load is given them. The file is written whole and then takes its name: an
interruption, a crash or a full disk leaves the old file. With overwrite=false an old file is an error, and stays.

> m = nn.Sequential{nn.Dense{2, activation="relu", input_shape={3}}, nn.Dense{1}}
> m:save("/tmp/gradus-help.safetensors")
> tostring(nn.load("/tmp/gradus-help.safetensors"))
sequential: 2 layers, (3,) -> (1,), 11 parameters
]], options.takes(archive.saving, function(model, path, given)
  archive.ending("save", path, {".safetensors"})
  archive.expect_free("save", path, given)
  model:expect_built()
  local entries = weights.entries(model)
  local function add(name, t) entries[#entries + 1] = {name = name, tensor = t} end
  local text, own = describe(model, add)
  optimizer_entries(model, add)
  local names, tensors = weights.columns(entries)
  archive.write(path, names, tensors, {{"gradus", json.write(text)}})
  if #own > 0 and not model.told_own then
    model.told_own = true
    session.note(string.format("%s names functions of yours, which no file can hold; nn.load needs them again: %s",
      path, M.custom_call(path, own)))
  end
end))

--- The call of nn.load that gives those functions.
function M.custom_call(path, own)
  local parts, seen = {}, {}
  for _, name in ipairs(own) do
    if not seen[name] then
      seen[name] = true
      parts[#parts + 1] = name:find("^[%a_][%w_]*$") and name .. "=..." or string.format('["%s"]=...', name)
    end
  end
  return string.format('nn.load("%s", {custom={%s}})', path, table.concat(parts, ", "))
end

return M
