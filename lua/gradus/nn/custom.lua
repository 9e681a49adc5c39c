-- nn.layer: a kind of layer of the learner's own, made of tracked operations or with forward and backward by hand.

local doc = require("gradus.help").doc
local is_tensor = require "gradus.is_tensor"
local Layer = require "gradus.nn.layer"
local operation = require "gradus.grad.operation"
local options = require "gradus.options"
local shapes = require "gradus.shapes"
local tensor = require "gradus.core.tensor"

local function fail(class, ...)
  error(string.format("nn.layer %q: ", class.class_name) .. string.format(...), 0)
end

-- A tensor of numbers between 0.5 and 1.5, no two alike, so that a trial may divide by them, take a logarithm or invert
-- a matrix; nothing is drawn for it.
local function made_up(shape, dtype)
  local n = 1
  for _, size in ipairs(shape) do n = n * size end
  return ((tensor.arange(n) * 0.6180339887498949) % 1 + 0.5):reshape(table.unpack(shape)):astype(dtype or "float64")
end

-- The weights that the learner's function lists: {{name, shape, initializer}, ...}.
local function weight_list(class, weights, self, input_shape)
  local list = weights and weights(self, input_shape) or {}
  if type(list) ~= "table" then fail(class, "weights gives a list, {{name, shape}, ...}, not a %s", type(list)) end
  for i, weight in ipairs(list) do
    if type(weight) ~= "table" or type(weight[1]) ~= "string" or type(weight[2]) ~= "table" then
      fail(class, 'entry %d of weights is no {name, shape}, as in {"kernel", {input_shape[1], 10}}', i)
    end
    if class[weight[1]] ~= nil or class.taken[weight[1]] then
      fail(class, "a weight cannot be called %s: a layer has that already", weight[1])
    end
  end
  return list
end

-- An error unless backward gave a gradient for x and for each weight, of the shape of what it belongs to.
local function check_gradients(class, names, inputs, ...)
  for i, input in ipairs(inputs) do
    local gradient, name, shape = select(i, ...), names[i], input.shape
    if type(gradient) == "number" and #shape == 0 then gradient = tensor.full({}, gradient) end
    if not is_tensor(gradient) then
      fail(class, "backward gave %s where the derivative by %s belongs, a tensor of shape %s; it returns %s",
        gradient == nil and "nothing" or "a " .. type(gradient), name, shapes.text(shape),
        "that by " .. table.concat(names, ", then that by "))
    end
    if not shapes.equal(gradient.shape, shape) then
      local one_more = gradient.shape
      table.remove(one_more, 1)
      local fix = i > 1 and shapes.equal(one_more, shape) and ": every sample uses it, so sum over them, sum(..., 1)"
        or ": a derivative has the shape of what it belongs to"
      fail(class, "backward gave a derivative by %s of shape %s, and %s has shape %s%s", name,
        shapes.text(gradient.shape), name, shapes.text(shape), fix)
    end
  end
  if select("#", ...) > #inputs then
    fail(class, "backward gave %d derivatives; there are %d, by %s", select("#", ...), #inputs,
      table.concat(names, " and "))
  end
  return ...
end

-- forward and backward by hand as one operation on x and the weights. The learner's functions get a stand-in for the
-- layer in which the weights are plain numbers; what they write goes to the layer itself, to be looked at.
local function by_hand(class, given, self, x)
  local inputs, names = {x}, {"x", table.unpack(self.weight_names)}
  for _, name in ipairs(self.weight_names) do inputs[#inputs + 1] = self[name] end
  if #inputs > 3 then fail(class, "a layer by hand has at most two weights; with more, write call instead") end
  local apply = operation {
    forward = function(layer, plain, ...)
      for i, name in ipairs(self.weight_names) do layer[name] = select(i, ...) end
      setmetatable(layer, {__index = self, __newindex = self})
      local y = given.forward(layer, plain)
      if not is_tensor(y) then fail(class, "forward gave %s and not a tensor; is a return missing?", type(y)) end
      return y
    end,
    backward = function(layer, dy) return check_gradients(class, names, inputs, given.backward(layer, dy)) end,
  }
  return apply(table.unpack(inputs))
end

-- What the learner's function gave, in the network's dtype (numbers that somebody types are float64), and of the shape
-- that output_shape has promised.
local function check_output(class, self, x, y)
  if not is_tensor(y) then return y end  -- the network says that a return is missing
  if self.dtype and y.dtype ~= self.dtype then y = y:astype(self.dtype) end  -- a trial has none
  local promised = self.output_shape
  if promised and not shapes.equal(y.shape, {#x, table.unpack(promised)}) then
    fail(class, "of %d samples it made a tensor of shape %s, but it was to be %s: axis 1 is that of the samples, and "
      .. "output_shape says %s of each", #x, shapes.text(y.shape), shapes.text {#x, table.unpack(promised)},
      shapes.text(promised))
  end
  return y
end

local function define(given)
  local read = options.read("nn.layer", given, {{"name", required = true}, {"call"}, {"forward"}, {"backward"},
    {"weights"}, {"output_shape"}, {"options", {}}})
  if type(read.name) ~= "string" or not read.name:find("^%a[%w_]*$") then
    error('nn.layer: the name is a word, as in nn.layer{"Scale", ...}', 2)
  end
  for _, name in ipairs {"call", "forward", "backward", "weights", "output_shape"} do
    if read[name] ~= nil and type(read[name]) ~= "function" then
      error(string.format("nn.layer: %s is a function, not a %s", name, type(read[name])), 2)
    end
  end
  if (read.call ~= nil) == (read.forward ~= nil) then
    error("nn.layer: give call, made of tensor operations, or forward and backward by hand", 2)
  end
  if (read.forward ~= nil) ~= (read.backward ~= nil) then
    error("nn.layer: forward by hand needs a backward by hand, and the other way round", 2)
  end
  local class, construct = Layer.define(read.name, read.options)
  class.is_own = true  -- the learner's: a file can only name it
  -- What layer.lua has for constructors is no method: layer.count is the learner's to use.
  local methods = {}
  for name, value in pairs(Layer) do methods[name] = value end
  methods.define, methods.pair, methods.count = nil, nil, nil
  getmetatable(class).__index = methods
  class.taken = {name = true, dtype = true, position = true, trainable = true, input_shape = true, output_shape = true}
  for _, name in ipairs(class.option_names) do class.taken[name] = true end

  function class:weight_shapes(input_shape)
    return weight_list(class, read.weights, self, input_shape)
  end

  function class:call(x, training)
    local y
    if read.forward then y = by_hand(class, read, self, x) else y = read.call(self, x, training) end
    return check_output(class, self, x, y)
  end

  -- Without a function that says it: what two samples of made up numbers come to.
  function class:output_shape_for(input_shape)
    if read.output_shape then
      local shape = read.output_shape(self, input_shape)
      if type(shape) ~= "table" then
        fail(class, "output_shape gives the shape of one sample as a list, as in {10}, not a %s", type(shape))
      end
      return shape
    end
    -- It promises no shape, least of all the one that it had before an option was changed.
    local trial = setmetatable({weight_names = {}, output_shape = false}, {__index = self})
    for i, weight in ipairs(weight_list(class, read.weights, self, input_shape)) do
      trial.weight_names[i] = weight[1]
      trial[weight[1]] = made_up(weight[2], self.dtype)
    end
    local y = class.call(trial, made_up({2, table.unpack(input_shape)}, self.dtype), false)
    if not is_tensor(y) then fail(class, "it gave %s and not a tensor; is a return missing?", type(y)) end
    local shape = y.shape
    if table.remove(shape, 1) ~= 2 then
      fail(class, "of two samples of shape %s it made a tensor of shape %s: axis 1 is that of the samples, and stays",
        shapes.text(input_shape), shapes.text(y.shape))
    end
    return shape
  end
  return construct
end

return doc("nn.layer", [=[
nn.layer{name, call, forward, backward, weights, output_shape, options={}} -> constructor

A new kind of layer. call(layer, x, training) computes the output for a batch x, axis 1 being that of the samples, by
tensor operations, and training follows from them. Or, by hand: forward(layer, x) on plain numbers, which keeps in the
layer what backward needs, and backward(layer, dy), which returns the derivative of the loss by x and then that by
each weight, in their order. weights(layer, input_shape) lists {name, shape, initializer} (by default
"glorot_uniform", and "zeros" for one axis; regularizer="l2" in such an entry penalizes it); they are then
layer[name]. options lists {name, default}; they are layer[name] too. output_shape(layer, input_shape) need only be
given when it cannot be seen by a trial on numbers between 0.5 and 1.5. A layer by hand, or one that reads numbers out
of tensors or mixes samples, makes fit run step by step instead of recorded: slower, and said once.

> Scale = nn.layer{"Scale",
>>   weights = function(layer, shape) return {{"factor", shape, "ones"}} end,
>>   call = function(layer, x) return x * layer.factor end,
>> }
> m = nn.Sequential{nn.Dense{2, input_shape={3}}, Scale{}}
> m:count_params()
10
> Square = nn.layer{"Square",
>>   forward = function(layer, x) layer.x = x; return x * x end,
>>   backward = function(layer, dy) return 2 * layer.x * dy end,
>> }
> nn.Sequential{Square{input_shape={2}}, dtype="float64"}:predict(tensor{{1, 3}})
[[1. 9.]]
]=], define)
