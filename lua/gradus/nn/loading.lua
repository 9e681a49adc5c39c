-- nn.load: makes the network anew that model:save has written (saving.lua says how it is written), and fills it.

local archive = require "gradus.archive"
local callback_states = require "gradus.callbacks.states"
local doc = require("gradus.help").doc
local expect = require "gradus.nn.expect"
local functional = require "gradus.nn.functional"
local json = require "gradus.json"
local layers = require "gradus.nn.layers"
local losses = require "gradus.losses"
local optim = require "gradus.optim"
local options = require "gradus.options"
local random = require "gradus.core.random"
local saving = require "gradus.nn.saving"
local sequential = require "gradus.nn.sequential"
local unfinished = require "gradus.nn.unfinished"
local weights = require "gradus.nn.weights"

local function pick(custom, name, missing)
  local value = custom[name]
  if value == nil then missing[#missing + 1] = name end
  return value
end

local read_options

-- A value of an option as it was, with the learner's functions in their places.
local function read_value(value, custom, missing)
  if type(value) ~= "table" then return value end
  if value.own then return pick(custom, value.own, missing) end
  if not value.make then return value end
  local module, name = expect(value.make, "string", "the maker of an option"):match("^(%a+)%.(%w+)$")
  local maker = saving.makers[module] and saving.makers[module][name]
  if not maker then error(string.format("there is no %s", value.make), 0) end
  return maker(read_options(value.options, custom, missing))
end

function read_options(given, custom, missing)
  local read = {}
  for name, value in pairs(expect(given, "table", "options")) do read[name] = read_value(value, custom, missing) end
  return read
end

local function read_layer(text, custom, missing)
  expect(text, "table", "a layer")
  local name = expect(text.class, "string", "the class of a layer")
  local constructor = layers[name]
  if text.is_own then
    constructor = pick(custom, name, missing)
    if constructor == nil then return nil end
  elseif not constructor then
    local names = {}
    for known in pairs(layers) do names[#names + 1] = known end
    table.sort(names)
    error(string.format('there is no nn.%s%s', name, options.suggest(name, names)), 0)
  end
  local given = read_options(text.options, custom, missing)
  given.name = expect(text.name, "string", "the name of a layer")
  return function(input_shape)
    given.input_shape = input_shape
    return constructor(given)
  end
end

-- Layers are only made when nothing is missing: their constructors look at their options.
local function make_model(text, custom, missing)
  local makers, made = {}, {}
  for i, layer in ipairs(expect(text.layers, "table", "layers")) do
    makers[i] = read_layer(layer, custom, missing) or false
  end
  if #missing > 0 then return nil end
  local shape = expect(text.input_shape, "table", "input_shape")
  for i, n in ipairs(shape) do expect(n, "integer", "entry " .. i .. " of input_shape") end
  for i, make in ipairs(makers) do made[i] = make(i == 1 and text.kind == "Sequential" and shape or nil) end
  local model
  if text.kind == "Sequential" then
    model = sequential.Sequential {dtype = text.dtype, name = text.name, table.unpack(made)}
  else
    local values = {[0] = functional.Input {shape}}
    for i, node in ipairs(expect(text.graph, "table", "graph")) do
      local inputs = {}
      for k, place in ipairs(expect(node.inputs, "table", "inputs")) do
        inputs[k] = values[place] or error(string.format("place %d of the graph needs place %s", i, place), 0)
      end
      local layer = made[node.layer] or error(string.format("place %d of the graph has no layer", i), 0)
      values[i] = layer:connect(inputs)
    end
    model = functional.Model {values[0], values[#values], dtype = text.dtype, name = text.name}
  end
  for i, layer in ipairs(made) do layer.trainable = text.layers[i].trainable ~= false end
  return model
end

-- ---- how it learns ----

local function read_optimizer(text, custom, missing)
  expect(text, "table", "the optimizer")
  if text.own then return pick(custom, text.own, missing) end
  local read = read_options(text.options, custom, missing)
  if #missing > 0 then return nil end
  local make = optim[text.class] or error(string.format("there is no optim.%s", text.class), 0)
  return make(read)
end

local function read_loss(text, custom, missing)
  expect(text, "table", "the loss")
  if text.own then return pick(custom, text.own, missing) end
  local loss = losses[text.name] or error(string.format("there is no losses.%s", text.name), 0)
  return loss:with(read_options(text.options, custom, missing))
end

local function read_metrics(list, custom, missing)
  local read = {}
  for i, metric in ipairs(expect(list, "table", "metrics")) do
    if type(metric) == "table" and metric.own ~= "metric" then  -- one under a name of its own
      local name = expect(metric.own, "string", "the name of a metric")
      read[name] = pick(custom, name, missing)
    else
      read[i] = type(metric) == "table" and pick(custom, metric.own, missing) or metric
    end
  end
  return read
end

local function read_settings(text, custom, missing)
  if not text.compile then return nil end
  return {optimizer = read_optimizer(text.compile.optimizer, custom, missing),
    loss = read_loss(text.compile.loss, custom, missing),
    metrics = read_metrics(text.compile.metrics, custom, missing)}
end

-- The optimizer as it stood: its steps, and what it keeps beside each weight.
local function restore_optimizer(path, model, text, tensors)
  local optimizer, ours = model.optimizer, {}
  if not optimizer.state then return end  -- a learner's own
  local trained = model:weights()
  optimizer:build(trained)
  optimizer.weights, optimizer.iterations = trained, expect(text.iterations, "integer", "iterations")
  local name_of = {}
  for _, entry in ipairs(weights.entries(model)) do name_of[entry.tensor] = entry.name end
  for state, list in pairs(optimizer:state()) do
    for i, w in ipairs(trained) do
      ours[#ours + 1] = {name = "optimizer." .. state .. "/" .. name_of[w], tensor = list[i]}
    end
  end
  local given = {}
  for name in pairs(tensors) do
    if name:find("^optimizer%.") then given[#given + 1] = name end
  end
  -- A model that was compiled and never trained has an optimizer that keeps nothing yet. One that never keeps anything
  -- (plain SGD) goes on counting its steps: schedules and what Dropout draws hang on their number.
  if #given > 0 then
    weights.fill(path, ours, given, tensors)
  elseif #ours > 0 then
    optimizer.weights = nil
  end
end

local function restore_training(model, text, tensors)
  if not text.training then return end
  local key = {}
  for i, word in ipairs(expect(text.training.key, "table", "key")) do
    key[i] = tonumber(expect(word, "string", "key"), 16) or error("the key is not made of hexadecimal digits", 0)
  end
  if #key ~= 2 then error("the key has two parts, and here " .. #key, 0) end
  model.key, model.epoch = key, text.training.epoch
  model.kept_states = callback_states.read(text.training.callbacks, tensors)
  model.stop_training = text.training.stop == true
  if text.training.unfinished and model.loss then
    model.unfinished = unfinished.read(text.training.unfinished, tensors)
  end
end

local function load(path, text, names, tensors, custom)
  if expect(text.format, "integer", "format") ~= 1 then
    error(string.format("it has format %d, and this gradus reads format 1: a newer one wrote it", text.format), 0)
  end
  local missing = {}
  local model = make_model(text, custom, missing)
  local settings = read_settings(text, custom, missing)
  if #missing > 0 then
    error("it names functions of yours, which no file can hold: " .. saving.custom_call(path, missing), 0)
  end
  local own_names = {}
  for _, name in ipairs(names) do
    if weights.is_of_network(name) then own_names[#own_names + 1] = name end
  end
  weights.fill(path, weights.entries(model), own_names, tensors)
  if settings then
    model:compile(settings)
    restore_optimizer(path, model, text.compile.optimizer, tensors)
  end
  restore_training(model, text, tensors)
  return model
end

local LOAD = {{"custom", {}}}

return doc("nn.load", [[
nn.load(path, {custom={}}) -> model

The network that model:save wrote: layers, weights, and when it was compiled optimizer, loss and metrics as they stood.
Training goes on as if it had never stopped, with the same bits, by initial_epoch:
model:fit{x, y, epochs=20, initial_epoch=model.epoch}, also in the middle of an epoch when it was saved there (see
model.fit). Functions of yours are given by name, as the error says that you
get without them: custom={Scale=Scale} for a kind of layer made by nn.layer, custom={["dense.activation"]=f}. No random
number is drawn. For weights alone see model.load_weights.

> m = nn.Sequential{nn.Dense{1, input_shape={2}}}
> m:compile{optimizer="adam", loss="mse"}
> h = m:fit{ones(4, 2), ones(4), epochs=3, verbose=0}
> m:save("/tmp/gradus-help.safetensors")
> again = nn.load("/tmp/gradus-help.safetensors")
> again.epoch
3
> all(eq(again:predict(ones(1, 2)), m:predict(ones(1, 2))))
true
]], options.takes(LOAD, function(path, given)
  local custom = expect(options.read("nn.load", given, LOAD).custom, "table", "nn.load: custom")
  local names, tensors, texts = archive.read("nn.load", path)
  if not texts.gradus then
    error(string.format("%s holds weights, but not how the network is made: make it by its code, then "
      .. 'model:load_weights("%s"); model:save writes both', path, path), 0)
  end
  -- Layers that are made draw their weights; these are not wanted, and the learner's random numbers go on as if
  -- nothing had been.
  local state = random.get_state()
  local ok, model = pcall(function()
    return load(path, expect(json.read(texts.gradus, path), "table", "it"), names, tensors, custom)
  end)
  random.set_state(state)
  if ok then return model end
  if type(model) ~= "string" then error(model, 0) end
  local plain = model:gsub("^lua/gradus/[%w_/]+%.lua:%d+: ", "")
  error(plain:sub(1, #path) == path and plain or path .. " cannot be loaded: " .. plain, 0)
end))
