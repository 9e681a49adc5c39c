-- Activations: the functions that other layers take as an option, as layers of their own.

local activations = require "gradus.nn.activations"
local doc = require("gradus.help").doc
local initializers = require "gradus.initializers.lookup"
local Layer = require "gradus.nn.layer"
local regularizers = require "gradus.regularizers.lookup"
local tensor = require "gradus.core.tensor"

local layers = {}

-- They leave the shape as it is.
local function define(class_name, spec, call)
  local class, construct = Layer.define(class_name, spec)
  function class:output_shape_for(input_shape) return input_shape end
  class.call = call
  return class, construct
end

local function number(what, self, name, least)
  local value = self[name]
  if type(value) ~= "number" or value ~= value or value < least then
    error(string.format("nn.%s: %s is a number from %g, not %s", what, name, least, tostring(value)), 0)
  end
end

local ACTIVATION = {{"activation", required = true, one_of = activations.names}}

local Activation, activation = define("Activation", ACTIVATION, function(self, x)
  return self.activate(x)
end)

layers.Activation = doc("nn.Activation", [[
nn.Activation{activation}

Applies an activation function by name: "relu", "relu6", "leaky_relu" (with 0.2), "elu", "celu", "selu", "softplus",
"squareplus", "sparse_plus", "silu" (or "swish"), "hard_silu" (or "hard_swish"), "gelu", "mish", "sigmoid",
"hard_sigmoid", "sparse_sigmoid", "log_sigmoid", "tanh", "hard_tanh", "softsign", "hard_shrink" and "soft_shrink" (with
0.5), "tanh_shrink", "exponential", "softmax", "log_softmax" or "linear"; or a function of your own, made of tensor
operations. No parameters.

> nn.Activation{"softmax"}.activation
softmax
]], activation)

function Activation:check()
  self.activate = activations.get("nn.Activation", self.activation)
end

local ReLU, relu = define("ReLU", {{"max_value"}, {"negative_slope", 0.0}, {"threshold", 0.0}}, function(self, x)
  local slope, threshold, most = self.negative_slope, self.threshold, self.max_value
  if threshold == 0 then
    local y = tensor.relu(x)
    if most then y = tensor.minimum(y, most) end
    return slope == 0 and y or y + slope * tensor.minimum(x, 0)
  end
  local above = most and tensor.minimum(x, most) or x
  return tensor.where(tensor.ge(x, threshold), above, slope * (x - threshold))
end)

layers.ReLU = doc("nn.ReLU", [=[
nn.ReLU{max_value=nil, negative_slope=0, threshold=0}

max(0, x). With a threshold: x where x >= threshold, else negative_slope * (x - threshold); nothing exceeds max_value.
No parameters.

> nn.Sequential{nn.ReLU{max_value=6, input_shape={3}}}:predict(tensor{{-1, 2, 9}})
[[0. 2. 6.]]
]=], relu)

function ReLU:check()
  number("ReLU", self, "negative_slope", 0)
  number("ReLU", self, "threshold", -math.huge)
  if self.max_value ~= nil then number("ReLU", self, "max_value", 0) end
end

local LeakyReLU, leaky_relu = define("LeakyReLU", {{"negative_slope", 0.3}}, function(self, x)
  return tensor.maximum(x, 0) + self.negative_slope * tensor.minimum(x, 0)
end)

layers.LeakyReLU = doc("nn.LeakyReLU", [=[
nn.LeakyReLU{negative_slope=0.3}

x where x > 0, and negative_slope * x below: a unit that is off still learns a little (Maas et al. 2013). No parameters.

> nn.Sequential{nn.LeakyReLU{input_shape={2}, dtype=nil}}:predict(tensor{{-1, 2}})
[[-0.3  2. ]]
]=], leaky_relu)

function LeakyReLU:check() number("LeakyReLU", self, "negative_slope", 0) end

local ELU, elu = define("ELU", {{"alpha", 1.0}}, function(self, x)
  return tensor.relu(x) + self.alpha * tensor.expm1(tensor.minimum(x, 0))
end)

layers.ELU = doc("nn.ELU", [=[
nn.ELU{alpha=1}

x where x > 0, and alpha * (e^x - 1) below: smooth, and not below -alpha (Clevert et al. 2016). No parameters.

> nn.Sequential{nn.ELU{input_shape={2}}}:predict(tensor{{-1, 2}})
[[-0.63212055  2.        ]]
]=], elu)

function ELU:check() number("ELU", self, "alpha", 0) end

local PReLU, prelu = define("PReLU", {
  {"alpha_initializer", "zeros", one_of = initializers.names},
  {"alpha_regularizer", one_of = regularizers.names},
  {"shared_axes"},
}, function(self, x)
  return tensor.relu(x) - self.alpha * tensor.relu(-x)
end)

layers.PReLU = doc("nn.PReLU", [=[
nn.PReLU{alpha_initializer="zeros", alpha_regularizer=nil, shared_axes=nil}

x where x > 0, and alpha * x below, where alpha is learnt (He et al. 2015): a ReLU at first, a leaky one where that
makes the loss smaller. layer.alpha has a number for each of a sample's, and one for all along the axes in shared_axes:
behind a convolution shared_axes={2, 3} gives each channel one, whatever the size of the image (axis 1 counts the
samples). Parameters: the numbers of alpha.

> m = nn.Sequential{nn.PReLU{alpha_initializer=initializers.Constant{0.25}, input_shape={2}}}
> m:predict(tensor{{-1, 2}})
[[-0.25  2.  ]]
> nn.Sequential{nn.PReLU{shared_axes={2, 3}, input_shape={50, 50, 16}}}:count_params()
16
]=], prelu)

function PReLU:check()
  if self.shared_axes ~= nil then Layer.check_axes("nn.PReLU", "shared_axes", self.shared_axes, true) end
end

function PReLU:weight_shapes(input_shape)
  local shape = {table.unpack(input_shape)}
  for _, axis in ipairs(Layer.sample_axes("nn.PReLU", "shared_axes", self.shared_axes or {}, #shape)) do
    shape[axis] = 1
  end
  return {{"alpha", shape, "zeros"}}
end

local Softmax, softmax = define("Softmax", {{"axis", -1}}, function(self, x)
  if type(self.axis) ~= "table" then return tensor.softmax(x, self.axis) end
  return tensor.exp(x - tensor.logsumexp(x, {axis = self.axis, keepdims = true}))
end)

layers.Softmax = doc("nn.Softmax", [=[
nn.Softmax{axis=-1}

e^x divided by the sum of them along an axis, or along a list of axes, as {2, 3} for all pixels of a channel (axis 1 is
that of the samples, and not allowed): probabilities that sum to 1. No parameters.

> nn.Sequential{nn.Softmax{input_shape={2}}}:predict(tensor{{0, 0}})
[[0.5 0.5]]
]=], softmax)

function Softmax:check()
  Layer.check_axes("nn.Softmax", "axis", self.axis, true)
end

function Softmax:output_shape_for(input_shape)
  Layer.sample_axes("nn.Softmax", "axis", self.axis, #input_shape)
  return input_shape
end

return layers
