-- nn.Sequential: layers one after the other.

local doc = require("gradus.help").doc
local Model = require "gradus.nn.model"
local options = require "gradus.options"
local pause = require "gradus.session.pause"
local steps = require "gradus.nn.steps"

local Sequential = setmetatable({}, {__index = Model})
Sequential.__index = Sequential
Sequential.__name = "Sequential"
Sequential.__tostring, Sequential.__echo, Sequential.__call = Model.__tostring, Model.__echo, Model.__call

local function is_layer(value)
  return type(value) == "table" and value.class_name ~= nil and value.output_shape_for ~= nil
end

local DTYPES = {"float32", "float64"}
-- By position come the layers.
local SEQUENTIAL = {named = true, {"dtype", "float32", one_of = DTYPES}, {"name", "sequential"}}

-- An error unless `layer` can stand behind those of the list; `entry` says what it is in the call.
local function check_layer(what, entry, layer, layers)
  if not is_layer(layer) then
    local hint = type(layer) == "table" and layer.layers
      and "; it is a network, whose layers can stand here with their weights, one by one: model.layers[1], ..."
      or "; layers are made as in nn.Dense{2}"
    error(string.format("%s: %s is %s, not a layer%s", what, entry, type(layer), hint), 0)
  end
  for i, other in ipairs(layers) do
    if other == layer then
      error(string.format("%s: %s is the layer at place %d: make a second one with weights of its own; one set of "
        .. "weights in two places is made with nn.Input and nn.Model", what, entry, i), 0)
    end
  end
  if layer.merges then
    error(string.format("%s: nn.%s joins several inputs; branches are made with nn.Input and nn.Model", what,
      layer.class_name), 0)
  end
end

local function make(given)
  if type(given) ~= "table" or is_layer(given) then
    error("nn.Sequential takes one table of layers, as in nn.Sequential{nn.Flatten{}, nn.Dense{2}}", 2)
  end
  local named = {}
  for key, value in pairs(given) do
    if type(key) == "string" then named[key] = value end
  end
  local self = options.read("nn.Sequential", named, SEQUENTIAL)
  options.choice("nn.Sequential", "dtype", self.dtype, DTYPES)
  self.layers = {}
  for i, layer in ipairs(given) do
    check_layer("nn.Sequential", "entry " .. i, layer, self.layers)
    self.layers[i] = layer
  end
  for key in pairs(given) do
    if math.type(key) == "integer" and key > #self.layers then
      error(string.format("nn.Sequential: entry %d is nil, and there is another behind it", #self.layers + 1), 2)
    end
  end
  Model.name_layers(self.layers)
  setmetatable(self, Sequential)
  local first = self.layers[1]
  if first and first.input_shape then self:build(first.input_shape) end
  return self
end

local constructor = doc("nn.Sequential", [[
nn.Sequential{layer, layer, ..., dtype="float32", name="sequential"} -> model

A network of layers one after the other. When the first layer names the shape of one sample
(input_shape={50, 50, 1}), the weights are drawn at once, in the order of the layers, from the session's
generator (random.seed); otherwise fit draws them when it sees the data. Then: model:summary(),
model:compile{...}, model:fit{...}, model:evaluate{...}, model:predict(x).

> m = nn.Sequential{nn.Flatten{input_shape={50, 50, 1}}, nn.Dense{128, activation="relu"}, nn.Dropout{0.5}, nn.Dense{2}}
> m:count_params()
320386
]], options.takes(SEQUENTIAL, make))

--- Works out every shape and draws the weights. `input_shape` is that of one sample.
function Sequential:build(input_shape)
  self:expect_layers()
  -- All shapes first: a network that cannot be leaves its layers as they were.
  local sizes = {{table.unpack(input_shape)}}
  for i, layer in ipairs(self.layers) do
    sizes[i + 1] = layer:output_shape_for(sizes[i])
    Model.check_owner(layer, sizes[i], self.dtype)
  end
  for i, layer in ipairs(self.layers) do
    local shared = layer.output_shape ~= nil  -- with another network: it keeps its weights, as in Keras
    layer.dtype, layer.position = self.dtype, i
    layer.input_shape, layer.output_shape = sizes[i], sizes[i + 1]
    if not shared then layer:build(sizes[i]) end
  end
  self.input_shape, self.output_shape = sizes[1], sizes[#sizes]
end

function Sequential:expect_layers()
  if #self.layers == 0 then error(self.name .. " has no layers yet, as in model:add(nn.Dense{2})", 0) end
end

function Sequential:expect_built()
  self:expect_layers()
  Model.expect_built(self)
end

Sequential.add = doc("model.add", [[
model:add(layer)

Puts a layer behind the last one of an nn.Sequential. Where the shapes are known its weights are drawn at once; the
other layers keep theirs. A model that was compiled stays so, and the optimizer begins anew.

> m = nn.Sequential{}
> m:add(nn.Dense{4, activation="relu", input_shape={3}})
> m:add(nn.Dense{2})
> m:count_params()
26
]], function(self, layer)
  pause.refuse(self, "add")
  check_layer("add", "this", layer, self.layers)
  local place, name = #self.layers + 1, layer.name
  self.layers[place] = layer
  local ok, why = pcall(function()
    Model.name_layers(self.layers)
    local shape = self.input_shape or self.layers[1].input_shape
    if shape then self:build(shape) end
  end)
  if not ok then
    self.layers[place], layer.name = nil, name
    error(why, 0)
  end
  steps.forget(self)
end)

Sequential.pop = doc("model.pop", [[
model:pop() -> layer

Takes the last layer off an nn.Sequential and gives it back. The others keep their weights: with model:add a trained
network gets another end.

> m = nn.Sequential{nn.Dense{4, activation="relu", input_shape={3}}, nn.Dense{2}}
> m:pop()
dense_1 (Dense): (4,) -> (2,), 10 parameters
> m:add(nn.Dense{5})
> m:count_params()
41
]], function(self)
  pause.refuse(self, "pop")
  self:expect_layers()
  local layer = table.remove(self.layers)
  local last = self.layers[#self.layers]
  self.output_shape = last and last.output_shape
  if not last then self.input_shape = nil end
  steps.forget(self)
  return layer
end)

--- Works out every shape again after options of layers were changed by hand, and places, which a layer has lost that
--- stands in another network too; weights stay as they are.
function Sequential:refresh()
  local shape = self.input_shape
  for i, layer in ipairs(self.layers) do
    if not layer.output_shape then
      error(string.format("place %d of %s.layers holds a layer that was put there by hand and has no weights yet: make "
        .. "a new nn.Sequential of the layers, in which those of this one keep their weights", i, self.name), 0)
    end
    if layer.check then layer:check() end
    layer.position, layer.input_shape = i, shape
    shape = layer:output_shape_for(shape)
    layer.output_shape = shape
  end
  for _, layer in ipairs(self.layers) do
    layer:all_weights()  -- takes over what a learner has put in a weight's place
    layer:check_weights(layer.input_shape)
  end
  self.output_shape = shape
end

--- The output for a batch, layer by layer. `seen`, when given, is called with each layer's place, input and output.
function Sequential:call(x, in_training, seen)
  for i, layer in ipairs(self.layers) do
    local y = Model.check_output(layer, layer:call(x, in_training))
    if seen then seen(i, x, y) end
    x = y
  end
  return x
end

--- The places of the network in order, {layer=, inputs={place, ...}, from={shape of each input}, shape=}: place 0 is
--- the input. nn.Model has the same with branches.
function Sequential:graph()
  local list = {}
  for i, layer in ipairs(self.layers) do
    list[i] = {layer = layer, inputs = {i - 1}, from = {layer.input_shape}, shape = layer.output_shape}
  end
  return list
end

return {Sequential = constructor, class = Sequential}
