-- Activation functions by name, as tracked operations on a batch.

local core = require "gradus.core.tensor"
local options = require "gradus.options"

local activations = {
  linear = function(x) return x end,
  relu = core.relu,
  sigmoid = core.sigmoid,
  tanh = core.tanh,
  softplus = core.softplus,
  softmax = core.softmax,
}

local names = {}
for name in pairs(activations) do names[#names + 1] = name end
table.sort(names)

local M = {}

--- The function of that name; nil is the identity. A function of the learner's own is taken as it is.
function M.get(what, activation)
  if activation == nil then return activations.linear end
  if type(activation) == "function" then return activation end
  return activations[options.choice(what, "activation", activation, names)]
end

return M
