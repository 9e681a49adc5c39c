-- Layers that only arrange numbers anew.

local core = require "gradus.core.grad"
local doc = require("gradus.help").doc
local images = require "gradus.nn.images"
local Layer = require "gradus.nn.layer"
local shapes = require "gradus.shapes"

local layers = {}

local function size_of(shape)
  local size = 1
  for _, n in ipairs(shape) do size = size * n end
  return size
end

-- ---- Flatten: a picture as a row of numbers, for Dense ----

local Flatten, flatten = Layer.define("Flatten", {images.option})

layers.Flatten = doc("nn.Flatten", [==[
nn.Flatten{data_format="channels_last"}

Each sample as one row of numbers, in row-major order: (n, 9, 9, 16) becomes (n, 1296), the channels of a pixel beside
each other. With data_format="channels_first" the first axis of a sample is moved behind the others before, so that
(channels, rows, columns) give that same row, as in Keras; without it such images give all pixels of channel 1, then all
of channel 2, as in PyTorch. No parameters.

> nn.Sequential{nn.Flatten{input_shape={50, 50, 1}}}.output_shape
{2500}
> x = tensor{{{1, 2}, {3, 4}}, {{10, 20}, {30, 40}}}:reshape(1, 2, 2, 2)   -- two channels of 2x2 pixels
> nn.Sequential{nn.Flatten{input_shape={2, 2, 2}}}:predict(x)
[[ 1.  2.  3.  4. 10. 20. 30. 40.]]
> nn.Sequential{nn.Flatten{data_format="channels_first", input_shape={2, 2, 2}}}:predict(x)
[[ 1. 10.  2. 20.  3. 30.  4. 40.]]
]==], flatten)

function Flatten:check() images.check("nn.Flatten", self) end

function Flatten:output_shape_for(input_shape)
  return {size_of(input_shape)}
end

function Flatten:call(x)
  return core.reshape_rows(images.batch_of_pixels(self, x), self.output_shape)
end

-- ---- Reshape ----

local Reshape, reshape = Layer.define("Reshape", {
  {"target_shape", required = true},
})

layers.Reshape = doc("nn.Reshape", [[
nn.Reshape{target_shape}

Each sample in another shape of the same size, in row-major order; one entry may be -1, for whatever is left: with
{10, -1} a sample of 120 numbers becomes (10, 12). No parameters.

> nn.Sequential{nn.Reshape{{8, -1, 1}, input_shape={64}}}.output_shape
{8, 8, 1}
]], reshape)

function Reshape:check()
  local shape, open = self.target_shape, 0
  if type(shape) == "number" then shape = {shape} end
  local good = type(shape) == "table"
  for _, n in ipairs(good and shape or {}) do
    good = good and math.type(n) == "integer" and (n > 0 or n == -1)
    open = open + (n == -1 and 1 or 0)
  end
  if not good or open > 1 then
    error("nn.Reshape: target_shape is a list of whole numbers from 1, of which one may be -1, as in {8, 8, -1}", 0)
  end
  self.target_shape = shape
end

function Reshape:output_shape_for(input_shape)
  local shape, size = {table.unpack(self.target_shape)}, size_of(input_shape)
  local known = math.abs(size_of(shape))
  for i, n in ipairs(shape) do
    if n == -1 and size % known == 0 then shape[i] = size // known end
  end
  if size_of(shape) ~= size then
    error(string.format("%s (Reshape): a sample of shape %s has %d numbers, which do not fill %s",
      self.name or "this layer", shapes.text(input_shape), size, shapes.text(self.target_shape)), 0)
  end
  return shape
end

function Reshape:call(x)
  return core.reshape_rows(x, self.output_shape)
end

return layers
