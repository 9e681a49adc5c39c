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

layers.Multiply = doc("nn.Multiply", [[
nn.Multiply{}

The product of several inputs of one shape, element by element. No parameters.

]] .. example("Multiply", "[[ 3. 12.]]"), (define("Multiply", function(a, b) return a * b end)))

layers.Maximum = doc("nn.Maximum", [[
nn.Maximum{}

The greatest of several inputs of one shape, element by element. No parameters.

]] .. example("Maximum", "[[3. 6.]]"), (define("Maximum", tensor.maximum)))

local average, Average = define("Average", function(a, b) return a + b end)

layers.Average = doc("nn.Average", [[
nn.Average{}

The mean of several inputs of one shape, element by element. No parameters.

]] .. example("Average", "[[2. 4.]]"), average)

local add = Average.call
function Average:call(inputs) return add(self, inputs) / #inputs end

local Concatenate, concatenate = Layer.define("Concatenate", {})
Concatenate.merges = true

layers.Concatenate = doc("nn.Concatenate", [[
nn.Concatenate{}

Several inputs side by side along the last axis (for images the channels); the other axes have one size. No
parameters.

]] .. example("Concatenate", "[[1. 2. 3. 6.]]"), concatenate)

function Concatenate:output_shape_for(input_shapes)
  local shape = {table.unpack(input_shapes[1])}
  for i = 2, #input_shapes do
    local other = input_shapes[i]
    for axis = 1, math.max(#shape, #other) - 1 do
      if #shape ~= #other or shape[axis] ~= other[axis] then
        error(string.format("%s (Concatenate) joins inputs along their last axis, and the others differ: %s and %s",
          self.name or "this layer", shapes.text(input_shapes[1]), shapes.text(other)), 0)
      end
    end
    shape[#shape] = shape[#shape] + other[#other]
  end
  return shape
end

function Concatenate:call(inputs)
  return tensor.concatenate(inputs, -1)
end

return layers
