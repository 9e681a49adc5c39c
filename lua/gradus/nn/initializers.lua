-- How weights start. Were they all equal, all units of a layer would compute the same and learn the same: so kernels
-- are drawn at random. How large decides whether a deep network learns: a sum of n products grows with n, so the more
-- inputs a unit has, the smaller its weights must be, or the signal would swell from layer to layer (or fade away).
--
-- Keras's names and formulas. fan_in is how many numbers one output is the sum of, fan_out how many outputs one input
-- takes part in: for a kernel of shape (..., in, out) the product of the leading sizes (the window) times in, and
-- times out. A number drawn evenly between -a and a has the variance a^2 / 3.

local core = require "gradus.core.tensor"
local options = require "gradus.options"
local random = require "gradus.core.random"

local initializers = {}

local function fans(shape)
  if #shape == 1 then return shape[1], shape[1] end
  local window = 1
  for i = 1, #shape - 2 do window = window * shape[i] end
  return window * shape[#shape - 1], window * shape[#shape]
end

local function uniform(limit, shape)
  return random.uniform(-limit, limit, table.unpack(shape))
end

local makers = {
  zeros = function(shape) return core.zeros(shape) end,
  ones = function(shape) return core.ones(shape) end,
  -- Glorot and Bengio 2010: variance 2 / (fan_in + fan_out). 1 / fan_in would keep the variance of the activations
  -- from layer to layer, 1 / fan_out that of the gradients on their way back; this lies between the two.
  glorot_uniform = function(shape)
    local fan_in, fan_out = fans(shape)
    return uniform(math.sqrt(6 / (fan_in + fan_out)), shape)
  end,
  -- He et al. 2015: variance 2 / fan_in, twice what keeps the variance, because ReLU drops half of the signal.
  he_uniform = function(shape)
    return uniform(math.sqrt(6 / (fans(shape))), shape)
  end,
}

local names = {}
for name in pairs(makers) do names[#names + 1] = name end
table.sort(names)

--- A tensor of that shape, drawn from the one generator of the session. `initializer` is a name, or a function of the
--- learner's own, which is called with the shape; `what` and `option` name the layer and its option in an error.
function initializers.draw(what, option, initializer, shape)
  if type(initializer) == "function" then return initializer(shape) end
  return makers[options.choice(what, option, initializer, names)](shape)
end

return initializers
