-- How weights start. Keras's names and formulas: for a kernel of shape (..., in, out) the fans are the
-- product of the
-- leading sizes (the window) times in, and times out.

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
  -- Glorot and Bengio 2010: keeps the variance of activations and of gradients about equal from layer to
  -- layer.
  glorot_uniform = function(shape)
    local fan_in, fan_out = fans(shape)
    return uniform(math.sqrt(6 / (fan_in + fan_out)), shape)
  end,
  -- He et al. 2015: twice the variance, because ReLU drops half of the signal.
  he_uniform = function(shape)
    return uniform(math.sqrt(6 / (fans(shape))), shape)
  end,
}

local names = {}
for name in pairs(makers) do names[#names + 1] = name end
table.sort(names)

--- initializer(what, option, name, shape): a tensor of that shape, drawn from the one generator of the
-- session. A
--- function of the learner's own is called with the shape.
function initializers.draw(what, option, initializer, shape)
  if type(initializer) == "function" then return initializer(shape) end
  return makers[options.choice(what, option, initializer, names)](shape)
end

return initializers
