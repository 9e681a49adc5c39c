-- What every layer has: options, a name, weights, and two methods that each kind of layer writes for itself:
--
--   layer:output_shape_for(input_shape)   the shape of one sample's output (no batch axis)
--   layer:call(x, training)               the output for a batch, made of tracked operations
--
-- and, for layers with weights, layer:weight_shapes(input_shape): {{name, shape, initializer}, ...}, in the order in
-- which they are drawn; the option NAME_initializer goes before the initializer there. A field regularizer=... of such
-- an entry, or the option NAME_regularizer, adds a penalty on the weight to the loss (penalties.lua).

local core = require "gradus.core.grad"
local doc = require("gradus.help").doc
local initializers = require "gradus.initializers.lookup"
local options = require "gradus.options"
local regularizers = require "gradus.regularizers.lookup"
local shapes = require "gradus.shapes"
local weights = require "gradus.nn.weights"

local Layer = {}
Layer.__index = Layer
Layer.__name = "layer"

-- What layers have in Keras and here not, or under another name.
local refused = {
  dtype = 'a network has one dtype: nn.Sequential{..., dtype="float64"}',
  input_dim = "it is input_shape={n}, the shape of one sample",
  batch_input_shape = "it is input_shape={...}, the shape of one sample, without the axis that counts them",
  batch_size = "fit has it; a layer takes any number of samples",
  weights = "layer.kernel[{}] = ... once the network is made, or model:load_weights(path)",
  renorm = "a batch is normalized by its own mean and variance in training, and by the moving ones in prediction",
  synchronized = "a batch is normalized as a whole, whatever the number of threads",
  autocast = 'a network has one dtype: nn.Sequential{..., dtype="float64"}',
  activity_regularizer = "weights can be penalized, by kernel_regularizer, and outputs not",
}
for _, name in ipairs {"kernel", "bias", "gamma", "beta", "alpha"} do
  refused[name .. "_constraint"] = string.format('a penalty keeps weights small, %s_regularizer="l2"; what must be so '
    .. "after each step a callback can see to", name)
end

--- Layer.define("Dense", {options...}): a new kind of layer. Returns its class (methods go there) and the constructor.
--- Each kind takes `name`, `trainable` and, so that it may stand first in a network, `input_shape`.
function Layer.define(class_name, spec)
  local class = setmetatable({class_name = class_name}, {__index = Layer})
  class.__index = class
  class.__name = class_name
  class.__tostring = Layer.__tostring
  class.__call = function(self, given) return self:connect(given) end  -- functional.lua
  local all = {table.unpack(spec)}
  class.option_names = {}
  for i, option in ipairs(spec) do class.option_names[i] = option[1] end
  all[#all + 1] = {"input_shape", named = true}
  all[#all + 1] = {"name", named = true}
  all[#all + 1] = {"trainable", true, named = true}
  all.refused = refused
  local function construct(given)
    local self = options.read("nn." .. class_name, given, all)
    if type(self.trainable) ~= "boolean" then
      error(string.format("nn.%s: trainable is true or false, not %s", class_name, tostring(self.trainable)), 0)
    end
    self.weight_names, self.state_names, self.weight_regularizers = {}, {}, {}
    setmetatable(self, class)
    if self.input_shape ~= nil then
      self.input_shape = Layer.sample_shape("nn." .. class_name .. ": input_shape", self.input_shape,
        "input_shape={50, 50, 1}")
    end
    self:check_named_options()
    if self.check then self:check() end
    return self
  end
  return class, options.takes(all, construct)
end

--- An error where an initializer or a regularizer is none, before anything is built.
function Layer:check_named_options()
  local what = "nn." .. self.class_name
  for _, name in ipairs(self.option_names) do
    local value = self[name]
    if value ~= nil and name:find("_initializer$") then initializers.find(what, name, value) end
    if value ~= nil and name:find("_regularizer$") then regularizers.find(what, name, value) end
  end
end

function Layer:weight_shapes() return {} end

--- {{name, shape, initializer}, ...}: what a layer keeps beside its weights.
function Layer:state_shapes() return {} end

-- What starts as `entry` of weight_shapes or state_shapes says; returns its name.
local function draw(self, entry)
  local name, shape = table.unpack(entry)
  local option = name .. "_initializer"
  local initializer = self[option] or entry[3] or (#shape > 1 and "glorot_uniform" or "zeros")
  self[name] = core.weight(initializers.draw("nn." .. self.class_name, option, initializer, shape), self.dtype)
  return name
end

--- Draws the weights, each by the initializer named in `self[name .. "_initializer"]`.
function Layer:build(input_shape)
  self.weight_names, self.weight_regularizers = {}, {}
  for i, weight in ipairs(self:weight_shapes(input_shape)) do
    self.weight_names[i] = draw(self, weight)
    self.weight_regularizers[weight[1]] = weight.regularizer
  end
  self.state_names = {}
  for i, state in ipairs(self:state_shapes(input_shape)) do self.state_names[i] = draw(self, state) end
end

--- An error when a weight that was exchanged, or an option that was changed by hand, has made the two disagree.
function Layer:check_weights(input_shape)
  local wanted = self:weight_shapes(input_shape)
  for _, state in ipairs(self:state_shapes(input_shape)) do wanted[#wanted + 1] = state end
  for _, weight in ipairs(wanted) do
    local name, shape = table.unpack(weight)
    local got = self[name].shape
    if not shapes.equal(got, shape) then
      error(string.format("%s.%s has shape %s, but the options of the layer ask for %s; make a new model to change "
        .. "its shape", self.name, name, shapes.text(got), shapes.text(shape)), 0)
    end
  end
end

-- The tensors of those names, over memory that recorded programs share. A plain tensor that a learner has put in a
-- weight's place (layer.kernel = tensor{...}) is taken over here.
local function take_over(self, names, list)
  for _, name in ipairs(names) do
    local w = self[name]
    if not core.is_weight(w) or w.dtype ~= self.dtype then
      if type(w) ~= "userdata" then
        error(string.format("%s.%s is %s; a weight is a tensor", self.name, name, type(w)), 0)
      end
      w = core.weight(w, self.dtype)
      self[name] = w
    end
    list[#list + 1] = w
  end
  return list
end

Layer.weights = doc("layer.weights", [[
layer:weights() -> list of tensors

The tensors that training changes, in order: kernel and bias, for most; none when the layer is frozen
(layer.trainable = false). layer:get_weights() gives copies, of everything that makes up the layer.

> d = nn.Dense{2, input_shape={3}}
> m = nn.Sequential{d}
> d:weights()[2]
[0. 0.]
]], function(self)
  local list = take_over(self, self.weight_names, {})
  return self.trainable and list or {}
end)

--- Everything that makes up the layer: the weights, and what it keeps beside them, such as moving means.
function Layer:all_weights()
  return take_over(self, self.state_names, take_over(self, self.weight_names, {}))
end

--- The names of all_weights(), in its order.
function Layer:all_names()
  local names = {table.unpack(self.weight_names)}
  return table.move(self.state_names, 1, #self.state_names, #names + 1, names)
end

-- The layer as what weights.lua reads. Before its network knows the shape of a sample there are no weights.
local function alone(self, what)
  if not self.output_shape then
    error(string.format("%s: %s has no weights yet: it gets them when its network sees samples, or is given "
      .. "input_shape={...}", what, self.name or "this layer"), 0)
  end
  return weights.entries{layers = {self}}
end

Layer.get_weights = doc("layer.get_weights", [[
layer:get_weights() -> list of tensors

Copies of a layer's weights, and of what it keeps beside them: kernel and bias, for most. The tensors themselves are
fields, as in layer.kernel.

> d = nn.Dense{2, input_shape={3}}
> m = nn.Sequential{d}
> d:get_weights()[2]
[0. 0.]
]], function(self)
  return weights.copies(alone(self, "layer:get_weights"))
end)

Layer.set_weights = doc("layer.set_weights", [=[
layer:set_weights(list)

Fills a layer's weights from a list as layer:get_weights gives it: as many tensors, of the same shapes.

> d = nn.Dense{1, input_shape={2}}
> m = nn.Sequential{d}
> d:set_weights{tensor{{1}, {2}}, tensor{0.5}}
> d.bias
[0.5]
]=], function(self, list)
  weights.fill_in_order("layer:set_weights", alone(self, "layer:set_weights"), list)
end)

-- A list of numbers; an initializer or a regularizer is a value, though a table.
local function is_list(value)
  return type(value) == "table" and getmetatable(value) == nil
end

-- Whether a prediction may hang on that field of a layer. How our own layers are drawn, what they are penalized for
-- and whether they are frozen makes none different; what a learner's layer asks in its call nobody knows.
local function shapes_predictions(self, name)
  return self.is_own or not (name == "trainable" or name:find("_initializer$") or name:find("_regularizer$"))
end

--- Adds to `watched` what the recorded program for a `mode` (see steps.lua) depends on: the layer's options, and its
--- weights, of frozen layers too unless it is for training.
function Layer:watch(watched, mode)
  local all = mode ~= "train"
  for _, name in ipairs {"trainable", table.unpack(self.option_names)} do
    if mode ~= "predict" or shapes_predictions(self, name) then
      if is_list(self[name]) then watched:add_list(self, name) else watched:add(self, name) end
    end
  end
  if mode == "train" then watched:add(self, "position") end  -- its draws hang on it
  for _, name in ipairs((all or self.trainable) and self.weight_names or {}) do watched:add(self, name) end
  for _, name in ipairs(all and self.state_names or {}) do watched:add(self, name) end
end

local function total(list)
  local n = 0
  for _, w in ipairs(list) do n = n + w.size end
  return n
end

--- Number of parameters, and how many of them are trained.
function Layer:count_params()
  return total(self:all_weights()), total(self:weights())
end

function Layer:__tostring()
  local text = string.format("%s (%s)", self.name or "layer", self.class_name)
  if self.output_shape then
    text = text .. string.format(": %s -> %s, %d parameters", shapes.text(self.input_shape),
      shapes.text(self.output_shape), self:count_params())
  end
  return text
end

--- A pair {rows, columns} from one number or two.
function Layer.pair(what, option, value)
  if math.type(value) == "integer" then value = {value, value} end
  if type(value) ~= "table" or #value ~= 2 or math.type(value[1]) ~= "integer" or math.type(value[2]) ~= "integer"
    or value[1] < 1 or value[2] < 1 then
    error(string.format("%s: %s is a whole number from 1 or {rows, columns}, as in %s=3 or %s={3, 5}", what, option,
      option, option), 0)
  end
  return value
end

--- The shape of one sample: a list of sizes, from such a list or one number.
function Layer.sample_shape(what, value, example)
  if type(value) == "number" then value = {value} end
  local good, places = type(value) == "table" and #value > 0, 0
  for place, n in pairs(good and value or {}) do
    good = good and math.type(place) == "integer" and math.type(n) == "integer" and n > 0
    places = places + 1
  end
  if good and places == #value then return {table.unpack(value)} end
  error(string.format("%s is the shape of one sample, a list of whole numbers from 1, as in %s; each is known from the "
    .. "beginning", what, example), 0)
end

--- A whole number from 1.
function Layer.count(what, option, value)
  if math.type(value) ~= "integer" or value < 1 then
    error(string.format("%s: %s is a whole number from 1, not %s", what, option,
      type(value) == "string" and '"' .. value .. '"' or tostring(value)), 0)
  end
  return value
end

--- Positions of axes among those of a batch, each from 2 (axis 1 counts the samples) or from -1 (the last) down, as
--- positions among the `ndim` axes of a sample, in order: of one number or a list of them.
function Layer.sample_axes(what, option, value, ndim)
  local list, known = {}, {}
  for i, axis in ipairs(math.type(value) == "integer" and {value} or value) do
    local at = axis < 0 and ndim + 1 + axis or axis - 1
    if at < 1 or at > ndim then
      error(string.format("%s: %s is %d, but a batch has %d axes here, of which axis 1 counts the samples: 2 to %d, or "
        .. "-1 to %d from the end", what, option, axis, ndim + 1, ndim + 1, -ndim), 0)
    elseif known[at] then
      error(string.format("%s: %s names axis %d twice", what, option, at + 1), 0)
    end
    list[i], known[at] = at, true
  end
  table.sort(list)
  return list
end

--- An error unless an option is such an axis, or with `many` a list of them.
function Layer.check_axes(what, option, value, many)
  local list = type(value) == "table" and value or {value}
  local good = #list > 0 and getmetatable(list) == nil and (many or list ~= value)
  for _, axis in ipairs(list) do good = good and math.type(axis) == "integer" and axis ~= 0 and axis ~= 1 end
  if good then return end
  local got = {}
  for i, axis in ipairs(list) do got[i] = tostring(axis) end
  got = table.concat(got, ", ")
  error(string.format("%s: %s is a whole number, 2 or more or from -1 (the last) down%s, not %s; axis 1 counts the "
    .. "samples", what, option, many and ", or a list of them" or "", type(value) == "table" and "{" .. got .. "}"
    or got), 0)
end

--- An error unless samples have `n` axes, of that meaning; `fix` says how they would.
function Layer:expect_axes(input_shape, n, meaning, fix)
  if #input_shape == n then return end
  error(string.format("%s (%s) takes samples of shape %s, but here one sample has shape %s%s",
    self.name or "this layer", self.class_name, meaning, shapes.text(input_shape), fix), 0)
end

return Layer
