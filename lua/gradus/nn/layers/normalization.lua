-- Normalization: numbers brought to mean 0 and variance 1, then stretched and shifted by what is learnt. Layers behind
-- then see numbers of one size, whatever the weights before do, and larger steps stay safe. The two kinds differ in
-- what the mean is taken over: of a feature over the batch, or of a sample over its features.

local core = require "gradus.core.grad"
local doc = require("gradus.help").doc
local initializers = require "gradus.initializers.lookup"
local Layer = require "gradus.nn.layer"
local regularizers = require "gradus.regularizers.lookup"
local tensor = require "gradus.core.tensor"

local layers = {}

-- (x - mean) / deviation * gamma + beta, the deviation being sqrt(variance + epsilon)
local function normalize(self, x, mean, deviation)
  local y = (x - mean) / deviation
  if self.scale then y = y * self.gamma end
  if self.center then y = y + self.beta end
  return y
end

-- The axes of a sample that gamma and beta have, from 1, in order.
local function feature_axes(self, input_shape)
  return Layer.sample_axes("nn." .. self.class_name, "axis", self.axis, #input_shape)
end

local function output_shape_for(self, input_shape)
  feature_axes(self, input_shape)
  return input_shape
end

local function feature_shape(self, input_shape)
  local shape = {}
  for i, axis in ipairs(feature_axes(self, input_shape)) do shape[i] = input_shape[axis] end
  return shape
end

-- f(x) with those axes behind the others, where gamma and beta lie beside them, and the result as x was.
local function with_features_last(self, x, f)
  local axes, order, back, is_feature = feature_axes(self, self.input_shape), {1}, {}, {}
  if axes[1] == x.ndim - #axes then return f(x) end
  for _, axis in ipairs(axes) do is_feature[axis + 1] = true end
  for axis = 2, x.ndim do
    if not is_feature[axis] then order[#order + 1] = axis end
  end
  for _, axis in ipairs(axes) do order[#order + 1] = axis + 1 end
  for i, axis in ipairs(order) do back[axis] = i end
  return f(x:transpose(order)):transpose(back)
end

local function weight_shapes(self, input_shape)
  local features, list = feature_shape(self, input_shape), {}
  if self.scale then list[#list + 1] = {"gamma", features, "ones"} end
  if self.center then list[#list + 1] = {"beta", features, "zeros"} end
  return list
end

local function check_number(what, self, name, good, words)
  local value = self[name]
  if type(value) ~= "number" or not good(value) then
    error(string.format("nn.%s: %s is %s, not %s", what, name, words, tostring(value)), 0)
  end
end

local function check_epsilon(what, self)
  check_number(what, self, "epsilon", function(v) return v > 0 end, "a small number above 0")
end

-- ---- BatchNormalization ----

local BatchNormalization, batch_normalization = Layer.define("BatchNormalization", {
  {"axis", -1},
  {"momentum", 0.99},
  {"epsilon", 1e-3},
  {"center", true},
  {"scale", true},
  {"beta_initializer", "zeros", one_of = initializers.names},
  {"gamma_initializer", "ones", one_of = initializers.names},
  {"moving_mean_initializer", "zeros", one_of = initializers.names},
  {"moving_variance_initializer", "ones", one_of = initializers.names},
  {"beta_regularizer", one_of = regularizers.names},
  {"gamma_regularizer", one_of = regularizers.names},
})

layers.BatchNormalization = doc("nn.BatchNormalization", [=[
nn.BatchNormalization{axis=-1, momentum=0.99, epsilon=0.001, center=true, scale=true, ...}

Normalizes each feature (along `axis`, the last: a channel of an image) over the samples of the batch and over the
pixels, then multiplies by layer.gamma and adds layer.beta, which are learnt (Ioffe and Szegedy 2015). In prediction the
moving means are used that training has kept: moving = momentum * moving + (1 - momentum) * batch, of the mean and of
the biased variance. Each sample's output depends on the others of its batch, so training keeps a whole batch in memory.
Parameters: 4 a feature, of which 2 are trained. The initializers of beta, gamma, moving_mean and moving_variance and
the regularizers of beta and gamma are as those of kernels in nn.Dense. axis counts from 1, for the samples.

> m = nn.Sequential{nn.BatchNormalization{input_shape={3}}, dtype="float64"}
> m:count_params()
12
> m:predict(tensor{{0, 1, 2}})
[[0.         0.99950037 1.99900075]]
]=], batch_normalization)

function BatchNormalization:check()
  Layer.check_axes("nn.BatchNormalization", "axis", self.axis)
  check_number("BatchNormalization", self, "momentum", function(v) return v >= 0 and v < 1 end,
    "a number from 0 up to 1")
  check_epsilon("BatchNormalization", self)
end

BatchNormalization.output_shape_for = output_shape_for
BatchNormalization.weight_shapes = weight_shapes
BatchNormalization.feature_shape = feature_shape
BatchNormalization.feature_axes = feature_axes

function BatchNormalization:state_shapes(input_shape)
  local features = feature_shape(self, input_shape)
  return {{"moving_mean", features}, {"moving_variance", features}}
end

-- A prediction multiplies each feature with one number and adds another: programs compute these two anew from the
-- weights in each run.
local function scale_and_shift(self, x)
  local factor = self.gamma / self.deviation
  local shift = self.moving_mean * factor
  return x * factor + (self.center and self.beta - shift or -shift)
end

function BatchNormalization:call(input, training)
  return with_features_last(self, input, function(x)
    if not training or not self.trainable then
      self:before_run()
      if not training and self.scale then return scale_and_shift(self, x) end
      return normalize(self, x, self.moving_mean, self.deviation)
    end
    local y = core.batch_normalization(x, self.scale and self.gamma or nil, self.center and self.beta or nil,
      self.epsilon, self.position)
    self.passed = self.passed or {}
    self.passed[#self.passed + 1] = {input = x, output = y}
    return y
  end)
end

--- Before a program is run, recorded perhaps long ago: what it divides by hangs on the moving variance of now, and is
--- no operation on samples that it could repeat.
function BatchNormalization:before_run()
  self.passed = {}  -- what a recording has left there
  local deviation = tensor.sqrt(core.plain(self.moving_variance) + self.epsilon)
  if not self.deviation then
    self.deviation = core.weight(deviation, self.dtype)
  elseif tensor.any(tensor.ne(self.deviation, deviation)) then  -- else it may be part of a step that runs eagerly
    self.deviation[{{}}] = deviation
  end
end

-- Mean and variance of a batch that passed in a step that ran eagerly.
local function moments_of(passed, features)
  if not rawequal(core.plain(passed.output), passed.output) then return core.batch_moments(passed.output) end
  -- Without weights, on what the network is given, nothing is tracked: no node has kept the sums.
  local rows = passed.input:reshape(-1, features):astype("float64")
  return tensor.mean(rows, 1), tensor.var(rows, 1)
end

--- After a step of training: moves the means towards those of the batch, which the recorded program knows; as often as
--- the layer stands in the network.
function BatchNormalization:after_step(program)
  local features, m, place = feature_shape(self, self.input_shape)[1], self.momentum, 0
  while true do
    place = place + 1
    local mean, variance
    if program then
      mean, variance = program:batch_moments(self.position, place)
    elseif self.passed[place] then
      mean, variance = moments_of(self.passed[place], features)
    end
    if not mean then break end
    self.moving_mean[{{}}] = m * self.moving_mean + (1 - m) * mean
    self.moving_variance[{{}}] = m * self.moving_variance + (1 - m) * variance
  end
  self.passed = {}  -- it holds on to the whole computation
end

-- ---- LayerNormalization ----

local LayerNormalization, layer_normalization = Layer.define("LayerNormalization", {
  {"axis", -1},
  {"epsilon", 1e-3},
  {"center", true},
  {"scale", true},
  {"beta_initializer", "zeros", one_of = initializers.names},
  {"gamma_initializer", "ones", one_of = initializers.names},
  {"beta_regularizer", one_of = regularizers.names},
  {"gamma_regularizer", one_of = regularizers.names},
})

layers.LayerNormalization = doc("nn.LayerNormalization", [=[
nn.LayerNormalization{axis=-1, epsilon=0.001, center=true, scale=true, ...}

Normalizes each sample over its features (along `axis`, the last, or along a list of axes, as {2, 3, 4} for a whole
picture: axis 1 counts the samples), then multiplies by layer.gamma and adds layer.beta, which are learnt (Ba et al.
2016): the same in training and in prediction, whatever else is in the batch. Parameters: 2 for each number of those
axes. The initializers and regularizers of gamma and beta are as in nn.BatchNormalization.

> m = nn.Sequential{nn.LayerNormalization{input_shape={2}}, dtype="float64"}
> m:predict(tensor{{-1, 1}})
[[-0.99950037  0.99950037]]
]=], layer_normalization)

function LayerNormalization:check()
  check_epsilon("LayerNormalization", self)
  Layer.check_axes("nn.LayerNormalization", "axis", self.axis, true)
end

LayerNormalization.output_shape_for = output_shape_for
LayerNormalization.weight_shapes = weight_shapes
LayerNormalization.feature_shape = feature_shape

function LayerNormalization:call(input)
  return with_features_last(self, input, function(x)
    local along = {axis = {}, keepdims = true}
    for i = 1, #feature_axes(self, self.input_shape) do along.axis[i] = -i end
    return normalize(self, x, tensor.mean(x, along), tensor.sqrt(tensor.var(x, along) + self.epsilon))
  end)
end

return layers
