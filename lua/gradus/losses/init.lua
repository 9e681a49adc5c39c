-- Losses: what training makes smaller. Each is one number a sample; the mean over the samples is what fit reports. A
-- loss must change smoothly with the weights; accuracy does not (a class is right or wrong), which is why it is only
-- reported. Keras's names, options and numbers.
--
-- A loss is a table: loss(y_true, y_pred) is the mean over the samples, loss{option=...} the same loss with other
-- options. Losses never broadcast: (n,) beside (n, 1) would silently become (n, n).

local core = require "gradus.core.grad"
local doc = require("gradus.help").doc
local is_tensor = require "gradus.is_tensor"
local options = require "gradus.options"
local shapes = require "gradus.shapes"
local tensor = require "gradus.core.tensor"

local losses = {}

-- Numbers of gr_loss in src/kernel/network.h.
local MEAN_SQUARED_ERROR, BINARY, CATEGORICAL, SPARSE = 0, 1, 2, 3
local BINARY_LOGITS, CATEGORICAL_LOGITS, SPARSE_LOGITS = 4, 5, 6

local EPSILON = 1e-7  -- Keras's: probabilities are kept this far from 0 and 1, so that log(0) does not happen

-- ---- a loss as a value ----

local Loss = {__name = "loss"}
Loss.__index = Loss

function Loss:__tostring()
  local parts = {}
  for _, option in ipairs(self.spec) do
    local value = self[option[1]]
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

function Loss:__call(t, p)
  if type(t) == "table" and getmetatable(t) == nil and p == nil then return self:with(t) end
  t, p = sides(self, t, p)
  return tensor.mean(self.call(p, t))
end

-- The same loss with other options.
function Loss:with(given)
  local read = options.read("losses." .. self.name, given, self.spec)
  local loss = setmetatable({name = self.name, labels = self.labels, spec = self.spec, rows = self.rows}, Loss)
  options.takes(self.spec, loss)
  for name, value in pairs(read) do loss[name] = value end
  if self.check then self.check(loss) end
  loss.check = self.check
  loss.call = function(p, t) return loss:rows(p, t) end
  return loss
end

-- rows(loss, p, t): one number a sample, of predictions (n, k) and the truth.
local function define(name, spec, rows, text, more)
  local loss = setmetatable({name = name, spec = spec, rows = rows}, Loss)
  for key, value in pairs(more or {}) do loss[key] = value end
  losses[name] = doc("losses." .. name, text, loss:with {})
end

-- For losses that are made of tensor operations here, which would broadcast.
local function expect_alike(loss, p, t)
  if shapes.equal(p.shape, t.shape) then return end
  error(string.format("%s compares the truth with the prediction, and they have shapes %s and %s: a loss never "
    .. "broadcasts", loss.name, shapes.text(t.shape), shapes.text(p.shape)), 0)
end

-- ---- numbers ----

define("mean_squared_error", {}, function(_, p, t) return core.loss(MEAN_SQUARED_ERROR, p, t) end, [[
losses.mean_squared_error(y_true, y_pred) -> number

The mean of (y_pred - y_true)^2 over the outputs of a sample, and over the samples: for numbers to be predicted. Large
errors count most. Its derivative by a prediction is 2 (y_pred - y_true) / k for k outputs. In compile also "mse".

> losses.mean_squared_error(tensor{1, 2}, tensor{1, 4})
2.0
]])

define("mean_absolute_error", {}, function(loss, p, t)
  expect_alike(loss, p, t)
  return tensor.mean(tensor.abs(p - t), 2)
end, [[
losses.mean_absolute_error(y_true, y_pred) -> number

The mean of |y_pred - y_true|: every error counts as much as it is large, so outliers pull less than in the mean
squared error. Its derivative is a sign, the same near the goal and far from it. In compile also "mae".

> losses.mean_absolute_error(tensor{1, 2}, tensor{1, 4})
1.0
]])

define("huber", {{"delta", 1.0}}, function(loss, p, t)
  expect_alike(loss, p, t)
  local e = tensor.abs(p - t)
  local near = tensor.minimum(e, loss.delta)  -- near * (e - near / 2) is e^2 / 2 up to delta, then a straight line
  return tensor.mean(near * (e - 0.5 * near), 2)
end, [[
losses.huber(y_true, y_pred) -> number

Of each error e = |y_pred - y_true|: e^2 / 2 where it is at most delta (1 unless losses.huber{delta=2} says
otherwise), and delta * (e - delta / 2) beyond: smooth near the goal like the squared error, and calm about outliers
like the absolute one (Huber 1964).

> losses.huber(tensor{0, 0}, tensor{0.5, 3})
1.3125
> losses.huber{delta=3}(tensor{0, 0}, tensor{0.5, 3})
2.3125
]], {check = function(loss)
  if type(loss.delta) ~= "number" or not (loss.delta > 0) then
    error("losses.huber: delta is a number above 0, not " .. tostring(loss.delta), 0)
  end
end})

define("hinge", {}, function(loss, p, t)
  expect_alike(loss, p, t)
  return tensor.mean(tensor.maximum(1 - t * p, 0), 2)
end, [[
losses.hinge(y_true, y_pred) -> number

The mean of max(0, 1 - y_true * y_pred), for a truth of -1 and 1 and scores of any size: a sample counts until it is
right with a margin of 1, as in a support vector machine (Cortes and Vapnik 1995).

> losses.hinge(tensor{1, -1, 1}, tensor{2, -0.5, -1})
0.8333333333333334
]])

-- ---- classes ----

local function check_smoothing(loss)
  local s = loss.label_smoothing
  if type(s) ~= "number" or not (s >= 0 and s < 1) then
    error(string.format("losses.%s: label_smoothing is a number from 0 up to 1, not %s", loss.name, tostring(s)), 0)
  end
end

define("binary_crossentropy", {{"from_logits", false}, {"label_smoothing", 0.0}}, function(loss, p, t)
  local s = loss.label_smoothing
  if s ~= 0 then t = t * (1 - s) + 0.5 * s end
  return core.loss(loss.from_logits and BINARY_LOGITS or BINARY, p, t)
end, [[
losses.binary_crossentropy(y_true, y_pred) -> number

The mean of -(t log p + (1 - t) log(1 - p)) for a truth t of 0 or 1 and its probability p, of a sigmoid: the surprise,
0 for what was certain and right, without bound for what was certain and wrong. p is kept within 1e-7 of 0 and 1 as
in Keras. from_logits=true takes scores from before the sigmoid, and loses nothing to rounding; label_smoothing=s
turns 0 and 1 into s / 2 and 1 - s / 2, so that nothing is to be certain.

> losses.binary_crossentropy(tensor{0, 1}, tensor{0.1, 0.9})
0.10536051565782628
> losses.binary_crossentropy{from_logits=true}(tensor{0, 1}, tensor{-2, 2})
0.1269280110429725
]], {check = check_smoothing})

define("categorical_crossentropy", {{"from_logits", false}, {"label_smoothing", 0.0}}, function(loss, p, t)
  local s = loss.label_smoothing
  if s ~= 0 then t = t * (1 - s) + s / p.shape[2] end
  return core.loss(loss.from_logits and CATEGORICAL_LOGITS or CATEGORICAL, p, t)
end, [[
losses.categorical_crossentropy(y_true, y_pred) -> number

The mean over the samples of -sum of t log p, for one-hot rows t and probabilities p (n, classes), of a softmax: -log
of the probability of the true class; log k for a guess among k classes. p is divided by its sum and kept within 1e-7
of 0 and 1 as in Keras. from_logits=true takes scores from before the softmax; label_smoothing=s turns a 1 into 1 - s +
s / k and a 0 into s / k (Szegedy et al. 2016).

> losses.categorical_crossentropy(tensor{{0, 1}, {1, 0}}, tensor{{0.3, 0.7}, {0.6, 0.4}})
0.4337502838523616
]], {check = check_smoothing})

define("sparse_categorical_crossentropy", {{"from_logits", false}}, function(loss, p, t)
  return core.loss(loss.from_logits and SPARSE_LOGITS or SPARSE, p, t)
end, [[
losses.sparse_categorical_crossentropy(y_true, y_pred) -> number

losses.categorical_crossentropy with the true classes as labels 0, 1, 2, ..., one a sample, instead of one-hot rows.

> losses.sparse_categorical_crossentropy(tensor{1, 0}, tensor{{0.3, 0.7}, {0.6, 0.4}})
0.4337502838523616
]], {labels = true})

define("kl_divergence", {}, function(loss, p, t)
  expect_alike(loss, p, t)
  t = tensor.minimum(tensor.maximum(t, EPSILON), 1)
  p = tensor.minimum(tensor.maximum(p, EPSILON), 1)
  return tensor.sum(t * tensor.log(t / p), 2)
end, [[
losses.kl_divergence(y_true, y_pred) -> number

The mean over the samples of the sum of t log(t / p): how far the distribution p is from the distribution t, both rows
that sum to 1; the cross-entropy less what cannot be avoided. Both are kept from 1e-7 to 1 as in Keras (Kullback and
Leibler 1951).

> losses.kl_divergence(tensor{{0.5, 0.5}}, tensor{{0.5, 0.5}})
0.0
]])

return losses
