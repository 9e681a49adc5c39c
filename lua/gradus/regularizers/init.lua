-- Penalties on large weights. A network with more weights than the data can settle finds a solution that fits noise,
-- and such a solution has large weights; a penalty in the loss makes each of them worth its size. L2 shrinks all in
-- proportion, L1 by the same amount each, so that those which do little become 0.

local core = require "gradus.core.grad"
local doc = require("gradus.help").doc
local options = require "gradus.options"

local regularizers = {}

local Regularizer = {__name = "regularizer"}
Regularizer.__index = Regularizer

function Regularizer:__tostring()
  local parts = {}
  for _, name in ipairs(self.option_names) do parts[#parts + 1] = name .. "=" .. tostring(self[name]) end
  return self.class_name .. "{" .. table.concat(parts, ", ") .. "}"
end

--- The penalty of a weight, l1 * sum(abs(w)) + l2 * sum(w * w), in one pass over it: a number, or tracked as w is. Its
--- derivative by w is l1 * sign(w) + 2 * l2 * w; that of |w| at 0 is taken as 0.
function Regularizer:__call(w)
  return core.penalty(w, self.l1, self.l2)
end

local function define(class_name, spec, text)
  local what = "regularizers." .. class_name
  local names = {}
  for i, option in ipairs(spec) do names[i] = option[1] end
  regularizers[class_name] = doc(what, text, options.takes(spec, function(given)
    local read = options.read(what, given, spec)
    local self = {class_name = class_name, option_names = names, l1 = read.l1 or 0.0, l2 = read.l2 or 0.0}
    for _, name in ipairs(names) do
      local value = self[name]
      if type(value) ~= "number" or not (value >= 0 and value < math.huge) then
        error(string.format("%s: %s is a number from 0, not %s", what, name, tostring(value)), 0)
      end
    end
    return setmetatable(self, Regularizer)
  end))
end

define("L1", {{"l1", 0.01}}, [[
regularizers.L1{l1=0.01} -> regularizer

The penalty l1 * sum |w| of a weight tensor (Tibshirani 1996). It is added to the loss, in fit and in evaluate, and its
derivative to the gradient, and pulls weights that do little to 0. An option of a layer:
kernel_regularizer=regularizers.L1{0.001}, or by name "l1". Called with a tensor it gives the penalty.

> regularizers.L1{0.1}(tensor{1, -2})
0.30000000000000004
]])

define("L2", {{"l2", 0.01}}, [[
regularizers.L2{l2=0.01} -> regularizer

The penalty l2 * sum w² of a weight tensor, whose derivative is 2 * l2 * w: the larger a weight, the more it is pulled
back. It is added to the loss, in fit and in evaluate, and its derivative to the gradient. An option of a layer:
kernel_regularizer=regularizers.L2{0.001}, or by name "l2". (optim's weight_decay shrinks weights apart from the
gradient, which is another thing with Adam.) Called with a tensor it gives the penalty.

> regularizers.L2{0.1}(tensor{1, -2})
0.5
> m = nn.Sequential{nn.Dense{1, kernel_regularizer="l2", input_shape={1}}, dtype="float64"}
> m.layers[1].kernel[{1, 1}] = 3
> m:compile{optimizer="sgd", loss="mse"}
> m:test_on_batch(tensor{{1}}, tensor{{3}})
0.09
]])

define("L1L2", {{"l1", 0.0}, {"l2", 0.0}}, [[
regularizers.L1L2{l1=0, l2=0} -> regularizer

Both penalties, l1 * sum |w| + l2 * sum w² (Zou and Hastie 2005).

> regularizers.L1L2{0.1, 0.01}(tensor{1, -2})
0.35000000000000003
]])

return regularizers
