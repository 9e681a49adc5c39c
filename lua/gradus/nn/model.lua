-- What nn.Sequential and nn.Model have in common: layers with names, weights, a summary. How a model learns is in
-- training.lua.

local doc = require("gradus.help").doc
local explain = require "gradus.nn.explain"
local options = require "gradus.options"
local saving = require "gradus.nn.saving"
local session = require "gradus.session"
local shapes = require "gradus.shapes"
local summary = require "gradus.nn.summary"
local trace = require "gradus.nn.trace"
local training = require "gradus.nn.training"
local weights = require "gradus.nn.weights"

local Model = {}
Model.__index = Model

for _, theme in ipairs {training, weights.methods, saving.methods, explain.methods, trace.methods} do
  for name, method in pairs(theme) do Model[name] = method end
end

-- conv2d, conv2d_1, p_re_lu, ...: Keras's automatic names, counted within one model.
local function snake_case(class_name)
  return (class_name:gsub("(.)(%u%l+)", "%1_%2"):gsub("(%l)(%u)", "%1_%2"):lower():gsub("2_d", "2d"))
end

--- Gives the layers names where they have none, and refuses two of one name. Layers of another network keep theirs.
function Model.name_layers(layers)
  local count, taken = {}, {}
  for _, layer in ipairs(layers) do
    if layer.name and taken[layer.name] then error('two layers are named "' .. layer.name .. '"', 0) end
    if layer.name then taken[layer.name] = true end
  end
  for _, layer in ipairs(layers) do
    if not layer.name then
      local base = snake_case(layer.class_name)
      local n, name = count[base] or 0, nil
      repeat
        name = n == 0 and base or base .. "_" .. n
        n = n + 1
      until not taken[name]
      count[base] = n
      layer.name, taken[name] = name, true
    end
  end
end

--- An error when the layer belongs to another network, in which it has another form.
function Model.check_owner(layer, input_shape, dtype)
  if layer.output_shape and (layer.dtype ~= dtype or not shapes.equal(layer.input_shape, input_shape)) then
    error(string.format("%s (%s) already belongs to a network, with samples of shape %s in %s; this one would give "
      .. "it %s in %s: make a new nn.%s{...} for it", layer.name, layer.class_name, shapes.text(layer.input_shape),
      layer.dtype, shapes.text(input_shape), dtype, layer.class_name), 0)
  end
end

function Model:expect_built()
  if not self.output_shape then
    error("this model does not know its input yet: give the first layer input_shape={...}, or fit it first", 0)
  end
end

--- An error unless what a layer gave is a tensor.
function Model.check_output(layer, y)
  if type(y) == "userdata" then return y end
  error(string.format("%s (%s) gave %s where the next layer needs a tensor; is a return missing in a function of "
    .. "yours?", layer.name, layer.class_name, type(y)), 0)
end

Model.weights = doc("model.weights", [[
model:weights() -> list of tensors

The tensors that training changes, layer by layer, without those of frozen layers. model:get_weights() gives copies, of
everything that makes up the model.

> m = nn.Sequential{nn.Dense{2, input_shape={3}}, nn.Dense{1}}
> m.layers[1].trainable = false
> #m:weights()
2
]], function(self)
  local list = {}
  for _, layer in ipairs(self.layers) do
    for _, w in ipairs(layer:weights()) do list[#list + 1] = w end
  end
  return list
end)

Model.get_weights = doc("model.get_weights", [[
model:get_weights() -> list of tensors

Copies of all weights, and of what layers keep beside them (moving means), layer by layer; those of one layer are
layer:get_weights(). The tensors themselves are fields of the layers, as in layer.kernel.

> m = nn.Sequential{nn.Dense{2, input_shape={3}}, nn.Dense{1}}
> #m:get_weights()
4
> m.layers[1]:get_weights()[2]
[0. 0.]
]], function(self)
  self:expect_built()
  return weights.copies(weights.entries(self))
end)

Model.set_weights = doc("model.set_weights", [=[
model:set_weights(list)

Fills the weights from a list as model:get_weights gives it: as many tensors, of the same shapes. What does not fit is
told in one error, and then nothing has changed. layer:set_weights(list) does the same for one layer.

> m = nn.Sequential{nn.Dense{1, input_shape={2}}}
> m:set_weights{tensor{{1}, {2}}, tensor{0.5}}
> m:predict(tensor{{1, 1}})
[[3.5]]
]=], function(self, list)
  self:expect_built()
  weights.fill_in_order("model:set_weights", weights.entries(self), list)
end)

local GET_LAYER = {{"name"}, {"index"}}

Model.get_layer = doc("model.get_layer", [[
model:get_layer(name) -> layer
model:get_layer{name=, index=} -> layer

The layer of that name, or the one at that place, from 1: model:get_layer("dense").kernel. All are in model.layers.

> m = nn.Sequential{nn.Dense{4, input_shape={3}}, nn.Dense{1}}
> m:get_layer("dense_1")
dense_1 (Dense): (4,) -> (1,), 5 parameters
> m:get_layer(1).units
4
]], options.takes(GET_LAYER, function(self, wanted)
  local names = {}
  if type(wanted) == "table" then
    local read = options.read("get_layer", wanted, GET_LAYER)
    wanted = read.name or read.index
  end
  for i, layer in ipairs(self.layers) do
    if layer.name == wanted or i == wanted then return layer end
    names[i] = layer.name
  end
  if math.type(wanted) == "integer" then
    error(string.format("get_layer: there are %d layers, numbered from 1, and no number %d", #names, wanted), 0)
  end
  error(string.format('get_layer: there is no layer "%s"%s', tostring(wanted), options.suggest(wanted, names)), 0)
end))

Model.count_params = doc("model.count_params", [[
model:count_params() -> integer

The number of parameters; of what is not trained, too.

> nn.Sequential{nn.Dense{1, input_shape={3}}}:count_params()
4
]], function(self)
  self:expect_built()
  local n = 0
  for _, layer in ipairs(self.layers) do n = n + layer:count_params() end
  return n
end)

Model.summary = doc("model.summary", [[
model:summary()
model:summary{line_length=65, positions={0.45, 0.85, 1}, print_fn=, show_trainable=false, layer_range=}

Prints the layers with their output shapes (None stands for the number of samples) and parameter counts, as
Keras does. positions say where the columns end, as shares of line_length or in characters; show_trainable=true says
which layers are trained (Y) and which are frozen (N); layer_range={"conv2d", "flatten"} shows the layers from one name
to another; print_fn is called with each line instead of printing it. The totals are always those of all layers.

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
]], options.takes(summary.options, function(self, given)
  self:expect_built()
  local read = options.read("summary", given or {}, summary.options)
  if read.print_fn ~= nil and type(read.print_fn) ~= "function" then
    error("summary: print_fn is a function of a line, not a " .. type(read.print_fn), 0)
  end
  local lines = summary.lines(self, read)
  if not read.print_fn then
    session.say(table.concat(lines, "\n") .. "\n")
    return
  end
  for _, line in ipairs(lines) do read.print_fn(line) end
end))

function Model:__tostring()
  if not self.output_shape then return string.format("%s: %d layers, not built yet", self.name, #self.layers) end
  return string.format("%s: %d layers, %s -> %s, %d parameters", self.name, #self.layers,
    shapes.text(self.input_shape), shapes.text(self.output_shape), self:count_params())
end

--- A network that is called like a layer or a function.
function Model:__call()
  error(self.name .. " is a network and no layer: on numbers it is called by model:predict(x), and its layers can "
    .. "stand in another network, one by one, as in nn.Sequential{model.layers[1], nn.Dense{2}}", 2)
end

-- As the value of an entry a network is its summary.
function Model:__echo(front)
  front.sink:text((self.output_shape and summary.text(self) or tostring(self)) .. "\n")
end

return Model
