-- Windows over images: what convolution and pooling have in common.

local images = require "gradus.nn.images"
local Layer = require "gradus.nn.layer"
local options = require "gradus.options"
local shapes = require "gradus.shapes"

local window = {paddings = {"valid", "same"}}

--- Checks the strides, the padding and the order of axes of a layer; `what` names it in an error.
function window.check(self, what)
  self.strides = Layer.pair(what, "strides", self.strides)
  options.choice(what, "padding", self.padding, window.paddings)
  images.check(what, self)
end

-- What may help where the window is larger than the image: the other order of axes, when it fits there.
local function fixes(self, input_shape, reach)
  local fix = 'a smaller kernel, less pooling before it, or padding="same"'
  local other = {data_format = images.channels_first(self) and "channels_last" or "channels_first"}
  local rows, columns, channels = table.unpack(images.of_pixels(other, input_shape))
  if channels > 4 or rows < reach[1] or columns < reach[2] then return fix end
  return string.format('%s; %s is read as %s here, and as %s with data_format="%s"', fix, shapes.text(input_shape),
    images.axes(self), images.axes(other), other.data_format)
end

--- The shape of a sample's output, of as many channels as its input unless `channels` says how many. A window of `size`
--- pixels starts `stride` after the last, and a dilated kernel leaves dilation - 1 out between its own, so it reaches
--- further. How many fit is Keras's rule; the kernels in C have the same (gr_window_output).
function window.output_shape(self, input_shape, size, dilation, channels)
  local from, shape, reach = images.shape_of_pixels(self, input_shape), {}, {}
  for axis = 1, 2 do reach[axis] = (size[axis] - 1) * dilation[axis] + 1 end
  for axis = 1, 2 do
    local n, stride = from[axis], self.strides[axis]
    if self.padding == "same" then
      shape[axis] = (n + stride - 1) // stride
    elseif reach[axis] <= n then
      shape[axis] = (n - reach[axis]) // stride + 1
    else
      error(string.format("%s (%s): its window reaches over %d pixels, but the image has only %d here: %s",
        self.name or "this layer", self.class_name, reach[axis], n, fixes(self, input_shape, reach)), 0)
    end
  end
  shape[3] = channels or from[3]
  return images.as_given(self, shape)
end

return window
