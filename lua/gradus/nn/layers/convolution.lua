-- Conv2D: an output pixel is the sum of a window times the filter's kernel, plus its bias,
--
--   y[n, r, c, f] = bias[f] + sum over i, j, k of x[n, r * stride + i * dilation, c * stride + j * dilation, k]
--                                                  * kernel[i, j, k, f]
--
-- with positions from 0, and zeros for what padding="same" asks for beyond the image. The same few weights look
-- everywhere: that is what sets it apart from Dense, and why it needs so few of them. Going back, each weight gathers
-- the gradients of all places that it has looked from. With groups, k runs over the channels of the filter's own group.

local activations = require "gradus.nn.activations"
local core = require "gradus.core.grad"
local doc = require("gradus.help").doc
local images = require "gradus.nn.images"
local initializers = require "gradus.initializers.lookup"
local Layer = require "gradus.nn.layer"
local regularizers = require "gradus.regularizers.lookup"
local window = require "gradus.nn.layers.window"

local layers = {}

local Conv2D, conv2d = Layer.define("Conv2D", {
  {"filters", required = true},
  {"kernel_size", required = true},
  {"strides", 1},
  {"padding", "valid", one_of = window.paddings},
  images.option,
  {"dilation_rate", 1},
  {"groups", 1},
  {"activation", one_of = activations.names},
  {"use_bias", true},
  {"kernel_initializer", "glorot_uniform", one_of = initializers.names},
  {"bias_initializer", "zeros", one_of = initializers.names},
  {"kernel_regularizer", one_of = regularizers.names},
  {"bias_regularizer", one_of = regularizers.names},
})

layers.Conv2D = doc("nn.Conv2D", [==[
nn.Conv2D{filters, kernel_size, strides=1, padding="valid", data_format="channels_last", dilation_rate=1, groups=1, ...}

Convolution (a correlation, as everywhere in deep learning) of images (n, rows, columns, channels) with
`filters` kernels: layer.kernel is (kernel rows, kernel columns, channels, filters), layer.bias (filters,).
kernel_size, strides (pixels from one window to the next) and dilation_rate (pixels from one of the kernel to
the next) are whole numbers or {rows, columns}. padding="same" keeps the size at stride 1 by zeros around the
image, "valid" uses no zeros: n pixels become n - kernel size + 1. Parameters: rows * columns * channels *
filters + filters. groups=g cuts the channels into g parts of equal size, and each filter looks at one of them: the
first filters / g of them at the first part, and so on. layer.kernel then has channels / g on its third axis, g times
fewer weights; with as many groups as channels the convolution is called depthwise (Krizhevsky et al. 2012, Howard
et al. 2017). With data_format="channels_first" images come and go as (n, channels, rows, columns), PyTorch's order:
the same numbers from the same kernels. All layers on images have that option, and each of a network is given it;
nn.BatchNormalization then takes axis=2. x:transpose(1, 4, 2, 3) brings images into that order, x:transpose(1, 3, 4, 2)
back. activation, use_bias, the initializers and the regularizers are as in nn.Dense.

> m = nn.Sequential{nn.Conv2D{16, 3, padding="same", input_shape={50, 50, 1}}}
> m:count_params()
160
> m.output_shape
{50, 50, 16}
> nn.Sequential{nn.Conv2D{32, 3, groups=32, input_shape={50, 50, 32}}}:count_params()   -- depthwise: 3*3*32 + 32
320
> last = nn.Sequential{nn.Conv2D{4, 3, input_shape={6, 5, 2}}}
> first = nn.Sequential{nn.Conv2D{4, 3, data_format="channels_first", input_shape={2, 6, 5}}}
> last.output_shape, first.output_shape
{4, 3, 4}
{4, 4, 3}
> first.layers[1].kernel = last.layers[1].kernel   -- (3, 3, 2, 4), whatever the order of images
> x = random.randn(10, 6, 5, 2)
> a, b = last:predict(x), first:predict(x:transpose(1, 4, 2, 3))
> all(eq(b, a:transpose(1, 4, 2, 3)))
true
]==], conv2d)

function Conv2D:check()
  Layer.count("nn.Conv2D", "filters", self.filters)
  self.kernel_size = Layer.pair("nn.Conv2D", "kernel_size", self.kernel_size)
  self.dilation_rate = Layer.pair("nn.Conv2D", "dilation_rate", self.dilation_rate)
  Layer.count("nn.Conv2D", "groups", self.groups)
  if self.filters % self.groups ~= 0 then
    error(string.format("nn.Conv2D: %d groups cannot share %d filters evenly: filters is a multiple of groups, as %d",
      self.groups, self.filters, (self.filters // self.groups + 1) * self.groups), 0)
  end
  window.check(self, "nn.Conv2D")
  self.activate = activations.get("nn.Conv2D", self.activation)
  self.window = {strides = self.strides, padding = self.padding, dilation_rate = self.dilation_rate,
    groups = self.groups}
end

function Conv2D:output_shape_for(input_shape)
  local channels = images.shape_of_pixels(self, input_shape)[3]
  if channels % self.groups ~= 0 then
    error(string.format("%s (Conv2D): %d groups cannot share the %d channel%s of its input evenly: groups divides that "
      .. "number", self.name or "this layer", self.groups, channels, channels == 1 and "" or "s"), 0)
  end
  return window.output_shape(self, input_shape, self.kernel_size, self.dilation_rate, self.filters)
end

function Conv2D:weight_shapes(input_shape)
  local channels = images.shape_of_pixels(self, input_shape)[3]
  local kernel = {self.kernel_size[1], self.kernel_size[2], channels // self.groups, self.filters}
  return {{"kernel", kernel}, self.use_bias and {"bias", {self.filters}} or nil}
end

-- An activation of each number by itself is computed before the channels move back, where it is a part of the
-- convolution. Others see the axes as they are given, like Keras's: a softmax is then one over columns.
function Conv2D:call(x)
  local inside = activations.is_elementwise(self.activation)
  local y = images.compute(self, x, function(pixels)
    local z = core.conv2d(pixels, self.kernel, self.use_bias and self.bias or nil, self.window)
    return inside and self.activate(z) or z
  end)
  return inside and y or self.activate(y)
end

return layers
