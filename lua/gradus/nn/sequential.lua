-- nn.Sequential: layers one after the other. What a model is; how it learns is in training.lua.

local doc = require("gradus.help").doc
local options = require "gradus.options"
local session = require "gradus.session"
local shapes = require "gradus.shapes"
local summary = require "gradus.nn.summary"
local training = require "gradus.nn.training"

local Sequential = {}
Sequential.__index = Sequential
Sequential.__name = "Sequential"

local function is_layer(value)
  return type(value) == "table" and value.class_name ~= nil and value.output_shape_for ~= nil
end

-- conv2d, conv2d_1, ...: Keras's automatic names, counted within one model.
local function snake_case(class_name)
  return (class_name:gsub("(%l)(%u)", "%1_%2"):lower():gsub("2_d", "2d"))
end

local function name_layers(layers)
  local count, taken = {}, {}
  for _, layer in ipairs(layers) do
    if not layer.name then
      local base = snake_case(layer.class_name)
      local n = count[base] or 0
      count[base] = n + 1
      layer.name = n == 0 and base or base .. "_" .. n
    end
    if taken[layer.name] then error('two layers are named "' .. layer.name .. '"', 0) end
    taken[layer.name] = true
  end
end

local function make(given)
  if type(given) ~= "table" then
    error("nn.Sequential takes one table of layers, as in nn.Sequential{nn.Flatten{}, nn.Dense{2}}", 2)
  end
  local named = {}
  for key, value in pairs(given) do
    if type(key) == "string" then named[key] = value end
  end
  local self = options.read("nn.Sequential", named, {{"dtype", "float32"}, {"name", "sequential"}})
  options.choice("nn.Sequential", "dtype", self.dtype, {"float32", "float64"})
  self.layers = {}
  for i, layer in ipairs(given) do
    if not is_layer(layer) then
      error(string.format("nn.Sequential: entry %d is %s, not a layer; layers are made as in nn.Dense{2}", i,
        type(layer)), 2)
    end
    self.layers[i] = layer
  end
  if #self.layers == 0 then error("nn.Sequential needs at least one layer", 2) end
  name_layers(self.layers)
  setmetatable(self, Sequential)
  local input_shape = self.layers[1].input_shape
  if input_shape then self:build(input_shape) end
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
]], make)

--- Works out every shape and draws the weights. `input_shape` is that of one sample.
function Sequential:build(input_shape)
  -- All shapes first: a network that cannot be leaves its layers as they were.
  local sizes = {{table.unpack(input_shape)}}
  for i, layer in ipairs(self.layers) do
    sizes[i + 1] = layer:output_shape_for(sizes[i])
    if layer.output_shape and (layer.dtype ~= self.dtype or not shapes.equal(layer.input_shape, sizes[i])) then
      error(string.format("%s (%s) already belongs to a network, with samples of shape %s in %s; this one would give "
        .. "it %s in %s: make a new nn.%s{...} for it", layer.name, layer.class_name,
        shapes.text(layer.input_shape), layer.dtype, shapes.text(sizes[i]), self.dtype, layer.class_name), 0)
    end
  end
  for i, layer in ipairs(self.layers) do
    local shared = layer.output_shape ~= nil  -- with another network: it keeps its weights, as in Keras
    layer.dtype, layer.position = self.dtype, i
    layer.input_shape, layer.output_shape = sizes[i], sizes[i + 1]
    if not shared then layer:build(sizes[i]) end
  end
  self.input_shape, self.output_shape = sizes[1], sizes[#sizes]
end

--- Works out every shape again after options of layers were changed by hand; weights stay as they are.
function Sequential:refresh()
  local shape = self.input_shape
  for _, layer in ipairs(self.layers) do
    if layer.check then layer:check() end
    layer.input_shape = shape
    shape = layer:output_shape_for(shape)
    layer.output_shape = shape
  end
  for _, layer in ipairs(self.layers) do
    layer:weights()  -- takes over what a learner has put in a weight's place
    layer:check_weights(layer.input_shape)
  end
  self.output_shape = shape
end

function Sequential:expect_built()
  if not self.output_shape then
    error("this model does not know its input yet: give the first layer input_shape={...}, or fit it first", 0)
  end
end

--- The output for a batch, layer by layer.
function Sequential:call(x, in_training)
  for _, layer in ipairs(self.layers) do
    x = layer:call(x, in_training)
    if type(x) ~= "userdata" then
      error(string.format("%s (%s) gave %s where the next layer needs a tensor; is a return missing in a function of "
        .. "yours?", layer.name, layer.class_name, type(x)), 0)
    end
  end
  return x
end

function Sequential:weights()
  local list = {}
  for _, layer in ipairs(self.layers) do
    for _, w in ipairs(layer:weights()) do list[#list + 1] = w end
  end
  return list
end

Sequential.count_params = doc("model.count_params", [[
model:count_params() -> integer

The number of trainable parameters.

> nn.Sequential{nn.Dense{1, input_shape={3}}}:count_params()
4
]], function(self)
  self:expect_built()
  local n = 0
  for _, layer in ipairs(self.layers) do n = n + layer:count_params() end
  return n
end)

Sequential.summary = doc("model.summary", [[
model:summary()

Prints the layers with their output shapes (None stands for the number of samples) and parameter counts, as
Keras does.

> nn.Sequential{nn.Dense{1, input_shape={3}}}:summary()
Model: "sequential"
_________________________________________________________________
Layer (type)                 Output Shape              Param #
=================================================================
dense (Dense)                (None, 1)                 4
=================================================================
Total params: 4
Trainable params: 4
Non-trainable params: 0
_________________________________________________________________
]], function(self)
  self:expect_built()
  session.say(summary.text(self) .. "\n")
end)

function Sequential:__tostring()
  if not self.output_shape then return string.format("%s: %d layers, not built yet", self.name, #self.layers) end
  return string.format("%s: %d layers, %s -> %s, %d parameters", self.name, #self.layers,
    shapes.text(self.input_shape), shapes.text(self.output_shape), self:count_params())
end

for name, method in pairs(training) do Sequential[name] = method end

return {Sequential = constructor, class = Sequential}
