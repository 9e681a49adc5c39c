-- What a loss is: a table that is called with the truth and the prediction, or with options.

local doc = require("gradus.help").doc
local is_tensor = require "gradus.is_tensor"
local is_tracked = require "gradus.is_tracked"
local options = require "gradus.options"
local session = require "gradus.session"
local shapes = require "gradus.shapes"
local tensor = require "gradus.core.tensor"

local M = {epsilon = 1e-7}

local Loss = {__name = "loss"}
Loss.__index = Loss

function Loss:__tostring()
  local parts = {}
  for _, option in ipairs(self.spec) do
    local value = self[option[1]]
    if type(value) == "table" then value = "{" .. table.concat(value, ", ") .. "}" end
    if value ~= option[2] then parts[#parts + 1] = option[1] .. "=" .. tostring(value) end
  end
  return self.name .. (#parts > 0 and "{" .. table.concat(parts, ", ") .. "}" or "")
end

-- The two sides of a loss as it takes them: (n, k) both, or (n, k) and n labels.
local function sides(loss, t, p)
  local what = "losses." .. loss.name
  if not is_tensor(t) or not is_tensor(p) then
    error(string.format("%s takes the truth and the prediction as tensors, %s(y_true, y_pred), not %s and %s", what,
      what, type(t), type(p)), 3)
  end
  if p.ndim == 1 and not loss.labels then
    if t.ndim ~= 1 or #t ~= #p then
      error(string.format("%s: y_true has shape %s and y_pred %s: a loss never broadcasts", what, shapes.text(t.shape),
        shapes.text(p.shape)), 3)
    end
    return t:reshape(-1, 1), p:reshape(-1, 1)
  end
  return t, p
end

local is_said = false  -- once is enough

function Loss:__call(t, p)
  if type(t) == "table" and getmetatable(t) == nil and p == nil then return self:with(t) end
  t, p = sides(self, t, p)
  if not is_said and not self.labels and is_tracked(t) and not is_tracked(p) then
    is_said = true
    session.warn("the truth comes first, losses." .. self.name .. "(y_true, y_pred), and here it is tracked and the "
      .. "prediction is not: the derivative is by the truth")
  end
  return tensor.mean(self.call(p, t))
end

-- The same loss with other options.
function Loss:with(given)
  local read = options.read("losses." .. self.name, given, self.spec)
  local loss = setmetatable({name = self.name, labels = self.labels, truth = self.truth, spec = self.spec,
    rows = self.rows}, Loss)
  options.takes(self.spec, loss)
  for name, value in pairs(read) do loss[name] = value end
  if self.check then self.check(loss) end
  loss.check = self.check
  loss.call = function(p, t) return loss:rows(p, t) end
  return loss
end

-- What Keras's losses take besides.
local refused = {
  reduction = "it is one number a sample, and training follows their mean",
  axis = "the outputs of a sample are the last axis",
  ignore_class = "a sample that should not count has the weight 0: fit{..., sample_weight=ne(y, 255)}",
}

--- A function define(name, spec, rows, text, more) that puts losses into a table. rows(loss, p, t) gives one number a
--- sample, of predictions (n, k) and the truth; more.check(loss) raises for options that cannot be; more.labels: the
--- truth is one class label a sample; more.truth: what its numbers are, one of the words in nn/samples.lua.
function M.into(losses)
  return function(name, spec, rows, text, more)
    spec.refused = refused
    local loss = setmetatable({name = name, spec = spec, rows = rows}, Loss)
    for key, value in pairs(more or {}) do loss[key] = value end
    losses[name] = doc("losses." .. name, text, loss:with {})
  end
end

--- For losses that are made of tensor operations here, which would broadcast.
function M.expect_alike(loss, p, t)
  if shapes.equal(p.shape, t.shape) then return end
  error(string.format("%s compares the truth with the prediction, and they have shapes %s and %s: a loss never "
    .. "broadcasts", loss.name, shapes.text(t.shape), shapes.text(p.shape)), 0)
end

--- An error unless an option is a number that is `good`.
function M.check_number(loss, option, good, words)
  local value = loss[option]
  if type(value) ~= "number" or not good(value) then
    error(string.format("losses.%s: %s is %s, not %s", loss.name, option, words, tostring(value)), 0)
  end
end

--- Probabilities, kept from Keras's epsilon to one less it, so that log(0) does not happen.
function M.clip(p) return tensor.minimum(tensor.maximum(p, M.epsilon), 1 - M.epsilon) end

--- The truth of yes and no, or of one among k, a little less certain.
function M.smoothed(loss, t, share)
  local s = loss.label_smoothing
  return s == 0 and t or t * (1 - s) + s * share
end

function M.check_smoothing(loss)
  M.check_number(loss, "label_smoothing", function(s) return s >= 0 and s < 1 end, "a number from 0 up to 1")
end

return M
