-- Activations: the functions that other layers take as an option, as layers of their own.

local activations = require "gradus.nn.activations"
local doc = require("gradus.help").doc
local Layer = require "gradus.nn.layer"
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

Applies an activation function by name: "relu", "leaky_relu" (with 0.2), "elu", "selu", "softplus", "silu", "gelu",
"sigmoid", "tanh", "softsign", "exponential", "softmax" or "linear"; or a function of your own, made of tensor
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

local Softmax, softmax = define("Softmax", {{"axis", -1}}, function(self, x) return tensor.softmax(x, self.axis) end)

layers.Softmax = doc("nn.Softmax", [=[
nn.Softmax{axis=-1}

e^x divided by the sum of them along an axis (the last; axis 1 is that of the samples, and not allowed): probabilities
that sum to 1. No parameters.

> nn.Sequential{nn.Softmax{input_shape={2}}}:predict(tensor{{0, 0}})
[[0.5 0.5]]
]=], softmax)

function Softmax:check()
  if math.type(self.axis) ~= "integer" or self.axis == 0 or self.axis == 1 then
    error(string.format("nn.Softmax: axis is a whole number, 2 or more or from -1 (the last) down, not %s",
      tostring(self.axis)), 0)
  end
end

return layers
