-- Windows over images: what convolution and pooling have in common.

local Layer = require "gradus.nn.layer"
local options = require "gradus.options"

local window = {paddings = {"valid", "same"}}

--- Checks the strides and the padding of a layer; `what` names it in an error.
function window.check(self, what)
  self.strides = Layer.pair(what, "strides", self.strides)
  options.choice(what, "padding", self.padding, window.paddings)
end

--- How many windows of `size` fit into n pixels when each starts `stride` after the last: Keras's rule for one axis. A
--- dilated kernel leaves dilation - 1 pixels out between its own, so it reaches further. The kernels in C have the same
--- rule (gr_window_output).
function window.output(self, n, size, stride, dilation)
  local reach = (size - 1) * dilation + 1
  if self.padding == "same" then return (n + stride - 1) // stride end
  if reach > n then
    error(string.format("%s (%s): its window reaches over %d pixels, but the image has only %d here: a smaller kernel, "
      .. "less pooling before it, or padding=\"same\"", self.name or "this layer", self.class_name, reach, n), 0)
  end
  return (n - reach) // stride + 1
end

return window
