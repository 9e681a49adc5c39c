-- Activation functions by name, as tracked operations on a batch: what a layer does to its sums. Without one between
-- them two Dense layers would be no more than one, since a product of matrices is a matrix.

local core = require "gradus.core.tensor"
local is_tensor = require "gradus.is_tensor"
local options = require "gradus.options"
local shapes = require "gradus.shapes"

local function silu(x) return x * core.sigmoid(x) end
local function hard_sigmoid(x) return core.minimum(core.relu(x + 3), 6) / 6 end
local function hard_silu(x) return x * hard_sigmoid(x) end

local activations = {
  linear = function(x) return x end,
  sigmoid = core.sigmoid,    -- 1 / (1 + e^-x): between 0 and 1, the probability of "yes"
  softmax = core.softmax,    -- e^x divided by the sum of them along a row: the probabilities of classes
  tanh = core.tanh,          -- between -1 and 1
  softsign = function(x) return x / (1 + core.abs(x)) end,  -- the same without an exponential

  relu = core.relu,          -- max(0, x)
  -- Where x is negative ReLU's slope is 0, and a unit that is so for all samples learns nothing any more. These leave
  -- it a little:
  leaky_relu = function(x) return core.leaky_relu(x, 0.2) end,  -- 0.2 x; the layer nn.LeakyReLU has 0.3, as in Keras
  elu = function(x) return core.elu(x, 1) end,                  -- e^x - 1
  -- With these two numbers outputs of mean 0 and variance 1 stay so (Klambauer et al. 2017).
  selu = function(x) return 1.0507009873554805 * core.elu(x, 1.6732632423543772) end,
  softplus = core.softplus,                                     -- log(1 + e^x): a ReLU without its corner
  silu = silu,
  swish = silu,
  gelu = function(x) return 0.5 * x * (1 + core.erf(x * math.sqrt(0.5))) end,  -- x times P(a normal number < x)
  mish = function(x) return x * core.tanh(core.softplus(x)) end,
  exponential = core.exp,
  celu = function(x) return core.elu(x, 1) end,                 -- the two differ for other numbers than 1
  squareplus = function(x) return 0.5 * (x + core.sqrt(x * x + 4)) end,  -- softplus by a root
  log_sigmoid = function(x) return -core.softplus(-x) end,
  tanh_shrink = function(x) return x - core.tanh(x) end,        -- like x^3 / 3 near 0, so small numbers fade
  log_softmax = function(x) return x - core.logsumexp(x, {axis = -1, keepdims = true}) end,

  -- Made of straight lines, for processors to which an exponential is dear.
  relu6 = function(x) return core.minimum(core.relu(x), 6) end,
  hard_sigmoid = hard_sigmoid,
  hard_silu = hard_silu,
  hard_swish = hard_silu,
  hard_tanh = function(x) return core.minimum(core.maximum(x, -1), 1) end,
  -- What lies within 0.5 of 0 becomes 0, and the rest stays or comes nearer by 0.5.
  hard_shrink = function(x) return core.where(core.gt(core.abs(x), 0.5), x, 0.0) end,
  soft_shrink = function(x) return x - core.minimum(core.maximum(x, -0.5), 0.5) end,
  -- 0 up to -1, 1 or x from 1 on, and between them a line or a parabola.
  sparse_sigmoid = function(x) return 0.5 * (core.minimum(core.maximum(x, -1), 1) + 1) end,
  sparse_plus = function(x)
    local within = core.minimum(core.maximum(x, -1), 1) + 1
    return 0.25 * within * within + core.relu(x - 1)
  end,
}

local names = {}
for name in pairs(activations) do names[#names + 1] = name end
table.sort(names)

local M = {names = names}

-- A function of the learner's own: its result in the dtype of what it is given (numbers that somebody types are
-- float64), and of its shape.
local function own(what, f)
  return function(z)
    local y = f(z)
    if not is_tensor(y) then return y end  -- the network says that a return is missing
    if not shapes.equal(y.shape, z.shape) then
      error(string.format("%s: your activation made a tensor of shape %s from one of shape %s; it keeps the shape",
        what, shapes.text(y.shape), shapes.text(z.shape)), 0)
    end
    return y.dtype == z.dtype and y or y:astype(z.dtype)
  end
end

-- These look at a whole row of the last axis.
local of_rows = {softmax = true, log_softmax = true}

--- Whether that activation makes each number from itself alone, as far as is known.
function M.is_elementwise(activation)
  return type(activation) ~= "function" and not of_rows[activation]
end

--- The function of that name; nil is the identity.
function M.get(what, activation)
  if activation == nil then return activations.linear end
  if type(activation) == "function" then return own(what, activation) end
  return activations[options.choice(what, "activation", activation, names)]
end

return M
