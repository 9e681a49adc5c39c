-- Pooling: images become smaller, and what stays is the greatest value of each window, or the mean. Going back, the
-- gradient of an output goes to the pixel that was the greatest, the first of equals; of a mean, evenly to all.

local core = require "gradus.core.grad"
local doc = require("gradus.help").doc
local images = require "gradus.nn.images"
local Layer = require "gradus.nn.layer"
local tensor = require "gradus.core.tensor"
local window = require "gradus.nn.layers.window"

local layers = {}

-- Both kinds of windows have the same options and shapes.
local function define_windows(class_name, pool)
  local class, construct = Layer.define(class_name, {
    {"pool_size", 2},
    {"strides"},
    {"padding", "valid", one_of = window.paddings},
    images.option,
  })

  function class:check()
    self.pool_size = Layer.pair("nn." .. class_name, "pool_size", self.pool_size)
    self.strides = self.strides or self.pool_size
    window.check(self, "nn." .. class_name)
    self.window = {pool_size = self.pool_size, strides = self.strides, padding = self.padding}
  end

  function class:output_shape_for(input_shape)
    return window.output_shape(self, input_shape, self.pool_size, {1, 1})
  end

  function class:call(x)
    return images.compute(self, x, function(pixels) return pool(pixels, self.window) end)
  end

  return construct
end

layers.MaxPooling2D = doc("nn.MaxPooling2D", [[
nn.MaxPooling2D{pool_size=2, strides=pool_size, padding="valid", data_format="channels_last"}

The greatest value of each window, channel by channel: images (n, rows, columns, channels) become smaller,
and small shifts matter less. With padding="valid" rows and columns that do not fill a window are dropped:
23 pooled by 2 is 11. data_format is as in nn.Conv2D. No parameters.

> nn.Sequential{nn.MaxPooling2D{2, input_shape={23, 23, 16}}}.output_shape
{11, 11, 16}
]], define_windows("MaxPooling2D", core.max_pool2d))

layers.AveragePooling2D = doc("nn.AveragePooling2D", [[
nn.AveragePooling2D{pool_size=2, strides=pool_size, padding="valid", data_format="channels_last"}

The mean of each window, channel by channel; shapes and options are as in nn.MaxPooling2D. With padding="same" the mean
is of the pixels that lie inside the image. No parameters.

> nn.Sequential{nn.AveragePooling2D{2, input_shape={2, 2, 1}}}:predict(tensor{{{{1}, {2}}, {{3}, {6}}}}):item()
3.0
]], define_windows("AveragePooling2D", core.average_pool2d))

-- Global pooling: one number a channel, whatever the size of the image.

local function define_global(class_name, call)
  local class, construct = Layer.define(class_name, {images.option, {"keepdims", false}})

  function class:check() images.check("nn." .. class_name, self) end

  function class:output_shape_for(input_shape)
    local channels = images.shape_of_pixels(self, input_shape)[3]
    return self.keepdims and images.as_given(self, {1, 1, channels}) or {channels}
  end

  function class:call(x)
    return call(x, {axis = images.channels_first(self) and {3, 4} or {2, 3}, keepdims = self.keepdims})
  end

  return construct
end

layers.GlobalAveragePooling2D = doc("nn.GlobalAveragePooling2D", [[
nn.GlobalAveragePooling2D{data_format="channels_last", keepdims=false}

The mean of each channel over the whole image: (n, rows, columns, channels) becomes (n, channels), or with keepdims
(n, 1, 1, channels). With data_format="channels_first" (n, channels, rows, columns) becomes (n, channels), or
(n, channels, 1, 1). In place of nn.Flatten it needs far fewer weights behind it, and takes images of any size (Lin et
al. 2014). No parameters.

> nn.Sequential{nn.GlobalAveragePooling2D{input_shape={9, 9, 16}}}.output_shape
{16}
]], define_global("GlobalAveragePooling2D", tensor.mean))

layers.GlobalMaxPooling2D = doc("nn.GlobalMaxPooling2D", [[
nn.GlobalMaxPooling2D{data_format="channels_last", keepdims=false}

The greatest value of each channel over the whole image; shapes and options are as in nn.GlobalAveragePooling2D. No
parameters.

> nn.Sequential{nn.GlobalMaxPooling2D{input_shape={9, 9, 16}}}.output_shape
{16}
]], define_global("GlobalMaxPooling2D", tensor.max))

return layers
