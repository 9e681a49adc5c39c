-- Layers of several inputs, which bring the branches of a functional network together again: nn.Add{}{a, b}.

local doc = require("gradus.help").doc
local Layer = require "gradus.nn.layer"
local shapes = require "gradus.shapes"
local tensor = require "gradus.core.tensor"

local layers = {}

local function expect_alike(self, input_shapes)
  for _, shape in ipairs(input_shapes) do
    if not shapes.equal(shape, input_shapes[1]) then
      error(string.format("%s (%s) takes inputs of one shape, but here they are %s and %s",
        self.name or "this layer", self.class_name, shapes.text(input_shapes[1]), shapes.text(shape)), 0)
    end
  end
  return input_shapes[1]
end

local function define(class_name, combine)
  local class, construct = Layer.define(class_name, {})
  class.merges = true
  class.output_shape_for = expect_alike
  function class:call(inputs)
    local y = inputs[1]
    for i = 2, #inputs do y = combine(y, inputs[i]) end
    return y
  end
  return construct, class
end

local function example(name, printed)
  return string.format([[
> x = nn.Input{{2}}
> m = nn.Model{x, nn.%s{}{x, nn.Rescaling{3}(x)}, dtype="float64"}
> m:predict(tensor{{1, 2}})
%s
]], name, printed)
end

layers.Add = doc("nn.Add", [[
nn.Add{}

The sum of several inputs of one shape, as in a residual network: nn.Add{}{x, f(x)} (He et al. 2016). No parameters.

]] .. example("Add", "[[4. 8.]]"), (define("Add", function(a, b) return a + b end)))

local subtract, Subtract = define("Subtract", function(a, b) return a - b end)

layers.Subtract = doc("nn.Subtract", [[
nn.Subtract{}

The first of two inputs of one shape less the second, element by element. No parameters.

]] .. example("Subtract", "[[-2. -4.]]"), subtract)

function Subtract:output_shape_for(input_shapes)
  if #input_shapes ~= 2 then
    error(string.format("%s (Subtract) takes two inputs, not %d", self.name or "this layer", #input_shapes), 0)
  end
  return expect_alike(self, input_shapes)
end

layers.Multiply = doc("nn.Multiply", [[
nn.Multiply{}

The product of several inputs of one shape, element by element. No parameters.

]] .. example("Multiply", "[[ 3. 12.]]"), (define("Multiply", function(a, b) return a * b end)))

layers.Maximum = doc("nn.Maximum", [[
nn.Maximum{}

The greatest of several inputs of one shape, element by element. No parameters.

]] .. example("Maximum", "[[3. 6.]]"), (define("Maximum", tensor.maximum)))

layers.Minimum = doc("nn.Minimum", [[
nn.Minimum{}

The least of several inputs of one shape, element by element. No parameters.

]] .. example("Minimum", "[[1. 2.]]"), (define("Minimum", tensor.minimum)))

local average, Average = define("Average", function(a, b) return a + b end)

layers.Average = doc("nn.Average", [[
nn.Average{}

The mean of several inputs of one shape, element by element. No parameters.

]] .. example("Average", "[[2. 4.]]"), average)

local add = Average.call
function Average:call(inputs) return add(self, inputs) / #inputs end

local Concatenate, concatenate = Layer.define("Concatenate", {{"axis", -1}})
Concatenate.merges = true

function Concatenate:check() Layer.check_axes("nn.Concatenate", "axis", self.axis) end

layers.Concatenate = doc("nn.Concatenate", [[
nn.Concatenate{axis=-1}

Several inputs side by side along an axis, the last (for images the channels) or another (axis 1 counts the samples);
the other axes have one size. No parameters.

]] .. example("Concatenate", "[[1. 2. 3. 6.]]"), concatenate)

function Concatenate:output_shape_for(input_shapes)
  local shape = {table.unpack(input_shapes[1])}
  local along = Layer.sample_axes("nn.Concatenate", "axis", self.axis, #shape)[1]
  for i = 2, #input_shapes do
    local other = input_shapes[i]
    for axis = 1, math.max(#shape, #other) do
      if #shape ~= #other or shape[axis] ~= other[axis] and axis ~= along then
        error(string.format("%s (Concatenate) joins inputs along their %s axis, and the others differ: %s and %s",
          self.name or "this layer", along == #shape and "last" or along + 1 .. ".", shapes.text(input_shapes[1]),
          shapes.text(other)), 0)
      end
    end
    shape[along] = shape[along] + other[along]
  end
  return shape
end

function Concatenate:call(inputs)
  return tensor.concatenate(inputs, self.axis)
end

return layers
