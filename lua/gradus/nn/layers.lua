-- The layers. Shapes in comments are of a batch: n samples.

local activations = require "gradus.nn.activations"
local doc = require("gradus.help").doc
local core = require "gradus.core.grad"
local Layer = require "gradus.nn.layer"
local options = require "gradus.options"

local layers = {}

-- ---- Dense: y = activation(x W + b) ----

local Dense, dense = Layer.define("Dense", {
  {"units", required = true},
  {"activation"},
  {"use_bias", true},
  {"kernel_initializer", "glorot_uniform"},
  {"bias_initializer", "zeros"},
})

layers.Dense = doc("nn.Dense", [[
nn.Dense{units, activation=nil, use_bias=true, kernel_initializer="glorot_uniform", bias_initializer="zeros"}

A fully connected layer: activation(x W + b), with x (n, inputs), W = layer.kernel (inputs, units), b =
layer.bias (units,). Parameters: inputs * units + units. `activation` is a name, see nn.Activation, or a
function; an initializer is "glorot_uniform", "he_uniform", "zeros", "ones" or a function of the shape.

> nn.Sequential{nn.Dense{2, input_shape={2500}}}:count_params()
5002
]], dense)

function Dense:check()
  Layer.count("nn.Dense", "units", self.units)
  self.activate = activations.get("nn.Dense", self.activation)
end

function Dense:output_shape_for(input_shape)
  self:expect_axes(input_shape, 1, "(inputs,)")
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

-- ---- Conv2D: an output pixel is the sum of a window times the filter's kernel, plus its bias ----

local Conv2D, conv2d = Layer.define("Conv2D", {
  {"filters", required = true},
  {"kernel_size", required = true},
  {"strides", 1},
  {"padding", "valid"},
  {"dilation_rate", 1},
  {"activation"},
  {"use_bias", true},
  {"kernel_initializer", "glorot_uniform"},
  {"bias_initializer", "zeros"},
})

layers.Conv2D = doc("nn.Conv2D", [[
nn.Conv2D{filters, kernel_size, strides=1, padding="valid", dilation_rate=1, activation=nil, use_bias=true, ...}

Convolution (a correlation, as everywhere in deep learning) of images (n, rows, columns, channels) with
`filters` kernels: layer.kernel is (kernel rows, kernel columns, channels, filters), layer.bias (filters,).
kernel_size, strides (pixels from one window to the next) and dilation_rate (pixels from one of the kernel to
the next) are whole numbers or {rows, columns}. padding="same" keeps the size at stride 1 by zeros around the
image, "valid" uses no zeros: n pixels become n - kernel size + 1. Parameters: rows * columns * channels *
filters + filters. activation, kernel_initializer and bias_initializer are as in nn.Dense.

> m = nn.Sequential{nn.Conv2D{16, 3, padding="same", input_shape={50, 50, 1}}}
> m:count_params()
160
> m.output_shape
{50, 50, 16}
]], conv2d)

local function check_window(self, what)
  self.strides = Layer.pair(what, "strides", self.strides)
  options.choice(what, "padding", self.padding, {"valid", "same"})
end

-- How many windows of `size` fit into n pixels when each starts `stride` after the last: Keras's rule for one axis. A
-- dilated kernel leaves dilation - 1 pixels out between its own, so it reaches further. The kernels in C have the same
-- rule (gr_window_output).
local function window_output(self, n, size, stride, dilation)
  local reach = (size - 1) * dilation + 1
  if self.padding == "same" then return (n + stride - 1) // stride end
  if reach > n then
    error(string.format("%s (%s): its window reaches over %d pixels, but the image has only %d here: a smaller kernel, "
      .. "less pooling before it, or padding=\"same\"", self.name or "this layer", self.class_name, reach, n), 0)
  end
  return (n - reach) // stride + 1
end

function Conv2D:check()
  Layer.count("nn.Conv2D", "filters", self.filters)
  self.kernel_size = Layer.pair("nn.Conv2D", "kernel_size", self.kernel_size)
  self.dilation_rate = Layer.pair("nn.Conv2D", "dilation_rate", self.dilation_rate)
  check_window(self, "nn.Conv2D")
  self.activate = activations.get("nn.Conv2D", self.activation)
  self.window = {strides = self.strides, padding = self.padding, dilation_rate = self.dilation_rate}
end

function Conv2D:output_shape_for(input_shape)
  self:expect_axes(input_shape, 3, "(rows, columns, channels)")
  local k, s, d = self.kernel_size, self.strides, self.dilation_rate
  return {window_output(self, input_shape[1], k[1], s[1], d[1]), window_output(self, input_shape[2], k[2], s[2], d[2]),
    self.filters}
end

function Conv2D:weight_shapes(input_shape)
  local kernel = {self.kernel_size[1], self.kernel_size[2], input_shape[3], self.filters}
  return {{"kernel", kernel}, self.use_bias and {"bias", {self.filters}} or nil}
end

function Conv2D:call(x)
  return self.activate(core.conv2d(x, self.kernel, self.use_bias and self.bias or nil, self.window))
end

-- ---- MaxPooling2D: the greatest of each window, channel by channel ----

local MaxPooling2D, max_pooling2d = Layer.define("MaxPooling2D", {
  {"pool_size", 2},
  {"strides"},
  {"padding", "valid"},
})

layers.MaxPooling2D = doc("nn.MaxPooling2D", [[
nn.MaxPooling2D{pool_size=2, strides=pool_size, padding="valid"}

The greatest value of each window, channel by channel: images (n, rows, columns, channels) become smaller,
and small shifts matter less. With padding="valid" rows and columns that do not fill a window are dropped:
23 pooled by 2 is 11. No parameters.

> nn.Sequential{nn.MaxPooling2D{2, input_shape={23, 23, 16}}}.output_shape
{11, 11, 16}
]], max_pooling2d)

function MaxPooling2D:check()
  self.pool_size = Layer.pair("nn.MaxPooling2D", "pool_size", self.pool_size)
  self.strides = self.strides or self.pool_size
  check_window(self, "nn.MaxPooling2D")
  self.window = {pool_size = self.pool_size, strides = self.strides, padding = self.padding}
end

function MaxPooling2D:output_shape_for(input_shape)
  self:expect_axes(input_shape, 3, "(rows, columns, channels)")
  local k, s = self.pool_size, self.strides
  return {window_output(self, input_shape[1], k[1], s[1], 1), window_output(self, input_shape[2], k[2], s[2], 1),
    input_shape[3]}
end

function MaxPooling2D:call(x)
  return core.max_pool2d(x, self.window)
end

-- ---- Flatten: a picture as a row of numbers, for Dense ----

local Flatten, flatten = Layer.define("Flatten", {})

layers.Flatten = doc("nn.Flatten", [[
nn.Flatten{}

Each sample as one row of numbers, in row-major order: (n, 9, 9, 16) becomes (n, 1296). No parameters.

> nn.Sequential{nn.Flatten{input_shape={50, 50, 1}}}.output_shape
{2500}
]], flatten)

function Flatten:output_shape_for(input_shape)
  local size = 1
  for _, n in ipairs(input_shape) do size = size * n end
  return {size}
end

function Flatten:call(x)
  return core.reshape_rows(x, self.output_shape)
end

-- ---- Dropout: in training some numbers are missing, so that none is relied on alone ----

local Dropout, dropout = Layer.define("Dropout", {
  {"rate", required = true},
})

layers.Dropout = doc("nn.Dropout", [[
nn.Dropout{rate}

In training each number is set to 0 with probability `rate`, and the others are divided by 1 - rate, so that
their expected sum stays (inverted dropout; Srivastava et al. 2014). In prediction it does nothing. No
parameters.

> nn.Dropout{0.5}.rate
0.5
]], dropout)

function Dropout:check()
  if type(self.rate) ~= "number" or not (self.rate >= 0 and self.rate < 1) then
    error("nn.Dropout: rate is a number from 0 up to, not including, 1; got " .. tostring(self.rate), 0)
  end
end

function Dropout:output_shape_for(input_shape)
  return input_shape
end

function Dropout:call(x, training)
  return training and core.dropout(x, self.rate, self.position) or x
end

-- ---- Activation: the function that other layers take as an option, as a layer of its own ----

local Activation, activation = Layer.define("Activation", {
  {"activation", required = true},
})

layers.Activation = doc("nn.Activation", [[
nn.Activation{activation}

Applies an activation function by name: "relu", "sigmoid", "tanh", "softplus", "softmax" or "linear"; or a
function of your own, made of tensor operations. No parameters.

> nn.Activation{"softmax"}.activation
softmax
]], activation)

function Activation:check()
  self.activate = activations.get("nn.Activation", self.activation)
end

function Activation:output_shape_for(input_shape)
  return input_shape
end

function Activation:call(x)
  return self.activate(x)
end

return layers
