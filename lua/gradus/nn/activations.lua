-- Activation functions by name, as tracked operations on a batch: what a layer does to its sums. Without one between
-- them two Dense layers would be no more than one, since a product of matrices is a matrix.

local core = require "gradus.core.tensor"
local options = require "gradus.options"

local activations = {
  linear = function(x) return x end,
  relu = core.relu,          -- max(0, x)
  sigmoid = core.sigmoid,    -- 1 / (1 + e^-x): between 0 and 1, the probability of "yes"
  tanh = core.tanh,          -- between -1 and 1
  softplus = core.softplus,  -- log(1 + e^x): a ReLU without its corner
  softmax = core.softmax,    -- e^x divided by the sum of them along a row: the probabilities of classes
}

local names = {}
for name in pairs(activations) do names[#names + 1] = name end
table.sort(names)

local M = {names = names}

--- The function of that name; nil is the identity. A function of the learner's own is taken as it is.
function M.get(what, activation)
  if activation == nil then return activations.linear end
  if type(activation) == "function" then return activation end
  return activations[options.choice(what, "activation", activation, names)]
end

return M
