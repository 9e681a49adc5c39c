-- nn.Input and nn.Model: networks with branches. A layer that is called with what another gives notes the connection;
-- nn.Model gathers them from the output back to the input.

local doc = require("gradus.help").doc
local Layer = require "gradus.nn.layer"
local Model = require "gradus.nn.model"
local options = require "gradus.options"
local shapes = require "gradus.shapes"

local functional = {}

-- What stands for a batch of samples of a shape while a network is put together. `order` counts up along every path, so
-- that sorting by it puts a layer behind what it needs; of equals the one made first comes first.
local Symbol = {__name = "symbol"}
Symbol.__index = Symbol

function Symbol:__tostring()
  return string.format("a batch of samples of shape %s, %s", shapes.text(self.shape),
    self.layer and "from " .. (self.layer.name or self.layer.class_name) or "the input of a network")
end

local made = 0

local function symbol(shape, layer, inputs)
  made = made + 1
  return setmetatable({shape = shape, layer = layer, inputs = inputs, order = made}, Symbol)
end

local function is_symbol(value)
  return getmetatable(value) == Symbol
end

-- What a symbol cannot do, and which layer does it.
for event, layer in pairs {__add = "Add", __mul = "Multiply", __sub = "Add", __div = "Multiply"} do
  Symbol[event] = function()
    error(string.format("an input of a network holds no numbers yet; layers compute with it, as nn.%s{}{a, b}, "
      .. "nn.Rescaling{-1}(b), or one of yours made by nn.layer", layer), 2)
  end
end

functional.Input = doc("nn.Input", [[
nn.Input{shape} -> input

The input of a network with branches: `shape` is that of one sample, a list as in nn.Input{{50, 50, 1}} or one number.
Layers are called with it, and with what other layers give; nn.Model makes a network of them.

> x = nn.Input{{4}}
> h = nn.Dense{3, activation="relu"}(x)
> h
a batch of samples of shape (3,), from Dense
]], function(given)
  local shape = options.read("nn.Input", given, {{"shape", required = true}}).shape
  return symbol(Layer.sample_shape("nn.Input: shape", shape, "nn.Input{{50, 50, 1}}"), nil, {})
end)

--- layer(x) or layer{a, b}: the layer behind those symbols.
function Layer:connect(given)
  local inputs = is_symbol(given) and {given} or given
  local what = self.name or "nn." .. self.class_name
  if type(inputs) ~= "table" or #inputs == 0 then
    error(string.format("%s is called with the input of a network or what another layer gives, not with a %s; on "
      .. "numbers a network is called by model:predict(x)", what, type(given)), 2)
  end
  local sizes = {}
  for i, input in ipairs(inputs) do
    if not is_symbol(input) then
      error(string.format("%s: input %d is a %s, not what nn.Input or a layer gives", what, i, type(input)), 2)
    end
    sizes[i] = input.shape
  end
  if not self.merges and #inputs > 1 then
    error(string.format("%s takes one input, not %d; nn.Concatenate{} and nn.Add{} join several", what, #inputs), 2)
  end
  return symbol(self:output_shape_for(self.merges and sizes or sizes[1]), self, inputs)
end

-- ---- nn.Model ----

local Functional = setmetatable({}, {__index = Model})
Functional.__index = Functional
Functional.__name = "Model"
Functional.__tostring, Functional.__echo, Functional.__call = Model.__tostring, Model.__echo, Model.__call

-- The symbols from the input to the output, each once, a layer behind what it needs.
local function gather(input, output)
  local found, list, waiting = {[input] = true}, {}, {output}
  while #waiting > 0 do
    local s = table.remove(waiting)
    if not found[s] then
      found[s] = true
      if not s.layer then
        error("nn.Model: the output depends on another nn.Input than the one that was given", 0)
      end
      list[#list + 1] = s
      for _, from in ipairs(s.inputs) do waiting[#waiting + 1] = from end
    end
  end
  table.sort(list, function(a, b) return a.order < b.order end)
  return list
end

local function sizes_of(node)
  if not node.layer.merges then return node.inputs[1].shape end
  local sizes = {}
  for i, input in ipairs(node.inputs) do sizes[i] = input.shape end
  return sizes
end

local DTYPES = {"float32", "float64"}
local MODEL = {
  {"inputs", required = true}, {"outputs", required = true}, {"dtype", "float32", one_of = DTYPES},
  {"name", "model"},
}

local function make(given)
  local self = options.read("nn.Model", given, MODEL)
  options.choice("nn.Model", "dtype", self.dtype, DTYPES)
  local input, output = self.inputs, self.outputs
  if not is_symbol(input) or input.layer then
    local several = type(input) == "table" and is_symbol(input[1])
    error("nn.Model: inputs is one nn.Input{...}" .. (several and ", and not several: let them be columns of one x, "
      .. 'and take each from it by a layer of yours, nn.layer{"Left", call=function(_, x) return x[{{}, {1, 3}}] end}'
      or ""), 2)
  end
  if not is_symbol(output) or not output.layer then
    local several = type(output) == "table" and is_symbol(output[1])
    error("nn.Model: outputs is what the last layer gave, as in nn.Model{x, nn.Dense{2}(x)}" .. (several
      and "; it is one, and several are joined by nn.Concatenate{}{a, b}" or ""), 2)
  end
  self.input, self.nodes, self.layers = input, gather(input, output), {}
  local known = {}
  for _, node in ipairs(self.nodes) do
    if not known[node.layer] then
      known[node.layer] = true
      self.layers[#self.layers + 1] = node.layer
    end
  end
  Model.name_layers(self.layers)
  setmetatable(self, Functional)
  self:build()
  return self
end

functional.Model = doc("nn.Model", [[
nn.Model{inputs, outputs, dtype="float32", name="model"} -> model

A network of layers that are connected in any way without a circle, from one nn.Input to the output of one layer. A
layer that is called twice is one layer with one set of weights. Then as with nn.Sequential.

> x = nn.Input{{8}}
> h = nn.Dense{8, activation="relu"}(x)
> y = nn.Dense{2, activation="softmax"}(nn.Add{}{x, h})
> m = nn.Model{x, y}
> m:count_params()
90
]], options.takes(MODEL, make))

--- Draws the weights, in the order in which the layers were called.
function Functional:build()
  for _, node in ipairs(self.nodes) do
    if not node.layer.merges then Model.check_owner(node.layer, sizes_of(node), self.dtype) end
  end
  for i, node in ipairs(self.nodes) do
    local layer, sizes = node.layer, sizes_of(node)
    if not layer.output_shape then
      layer.dtype, layer.position = self.dtype, i
      layer.input_shape, layer.output_shape = sizes, node.shape
      if not layer.merges then layer:build(sizes) end
    elseif not layer.merges and not pcall(layer.check_weights, layer, sizes) then
      error(string.format("%s (%s) stands in two places, behind samples of shape %s and of %s, for which its weights "
        .. "would have other shapes: make a second layer", layer.name, layer.class_name,
        shapes.text(layer.input_shape), shapes.text(sizes)), 0)
    end
  end
  self.input_shape, self.output_shape = self.input.shape, self.nodes[#self.nodes].shape
end

--- Works out every shape again after options of layers were changed by hand, and places (of a layer with several, the
--- first), which a layer has lost that stands in another network too; weights stay as they are.
function Functional:refresh()
  for i = #self.nodes, 1, -1 do self.nodes[i].layer.position = i end
  for _, node in ipairs(self.nodes) do
    local layer, sizes = node.layer, sizes_of(node)
    if layer.check then layer:check() end
    node.shape = layer:output_shape_for(sizes)
    layer.input_shape, layer.output_shape = sizes, node.shape
    if not layer.merges then
      layer:all_weights()
      layer:check_weights(sizes)
    end
  end
  self.output_shape = self.nodes[#self.nodes].shape
end

--- The output for a batch, along the connections. `seen`, when given, is called with each layer's place, input and
--- output.
function Functional:call(x, in_training, seen)
  local values = {[self.input] = x}
  for i, node in ipairs(self.nodes) do
    local layer, argument = node.layer, values[node.inputs[1]]
    if layer.merges then
      argument = {}
      for k, input in ipairs(node.inputs) do argument[k] = values[input] end
    end
    values[node] = Model.check_output(layer, layer:call(argument, in_training))
    if seen then seen(i, argument, values[node]) end
  end
  return values[self.nodes[#self.nodes]]
end

--- The places of the network in order: see sequential.lua.
function Functional:graph()
  local place, list = {[self.input] = 0}, {}
  for i, node in ipairs(self.nodes) do
    place[node] = i
    list[i] = {layer = node.layer, inputs = {}, from = {}, shape = node.shape}
    for k, input in ipairs(node.inputs) do list[i].inputs[k], list[i].from[k] = place[input], input.shape end
  end
  return list
end

return functional
