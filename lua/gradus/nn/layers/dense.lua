-- Dense: y = activation(x W + b). Shapes in comments are of a batch: n samples.
--
-- Its derivatives are those of a product of matrices. With g the derivative of the loss by z = x W + b, (n, units):
--
--   of W: transposed x times g, (inputs, n) (n, units); of b: the sum of g over the samples; of x: g times transposed W
--
-- Nobody writes them down here: they follow from the operations that call() is made of.

local activations = require "gradus.nn.activations"
local doc = require("gradus.help").doc
local initializers = require "gradus.initializers.lookup"
local Layer = require "gradus.nn.layer"
local regularizers = require "gradus.regularizers.lookup"

local layers = {}

local Dense, dense = Layer.define("Dense", {
  {"units", required = true},
  {"activation", one_of = activations.names},
  {"use_bias", true},
  {"kernel_initializer", "glorot_uniform", one_of = initializers.names},
  {"bias_initializer", "zeros", one_of = initializers.names},
  {"kernel_regularizer", one_of = regularizers.names},
  {"bias_regularizer", one_of = regularizers.names},
})

layers.Dense = doc("nn.Dense", [[
nn.Dense{units, activation=nil, use_bias=true, kernel_initializer="glorot_uniform", bias_initializer="zeros", ...}

A fully connected layer: activation(x W + b), with x (n, inputs), W = layer.kernel (inputs, units), b =
layer.bias (units,). Parameters: inputs * units + units. `activation` is a name, see nn.Activation, or a
function; an initializer says how weights start: "glorot_uniform", "he_normal", "zeros", ..., one with options, see
initializers, or a function of the shape. kernel_regularizer and bias_regularizer add a penalty on the weights to the
loss: "l2", regularizers.L1{0.001}, or a function of the weight that gives one number.

> nn.Sequential{nn.Dense{2, input_shape={2500}}}:count_params()
5002
]], dense)

function Dense:check()
  Layer.count("nn.Dense", "units", self.units)
  self.activate = activations.get("nn.Dense", self.activation)
end

function Dense:output_shape_for(input_shape)
  self:expect_axes(input_shape, 1, "(inputs,)", "; put a nn.Flatten{} before it")
  return {self.units}
end

function Dense:weight_shapes(input_shape)
  return {{"kernel", {input_shape[1], self.units}}, self.use_bias and {"bias", {self.units}} or nil}
end

function Dense:call(x)
  local z = x:dot(self.kernel)         -- (n, inputs) (inputs, units) -> (n, units)
  if self.use_bias then z = z + self.bias end
  return self.activate(z)
end

return layers
