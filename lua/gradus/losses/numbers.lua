-- Losses of numbers that are predicted: how far the prediction is from the truth.

local core = require "gradus.core.grad"
local loss = require "gradus.losses.loss"
local tensor = require "gradus.core.tensor"

local losses = {}
local define, expect_alike, check_number = loss.into(losses), loss.expect_alike, loss.check_number

local MEAN_SQUARED_ERROR = 0  -- a number of gr_loss in src/kernel/network.h

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

define("mean_absolute_percentage_error", {}, function(self, p, t)
  expect_alike(self, p, t)
  return 100 * tensor.mean(tensor.abs(t - p) / tensor.maximum(tensor.abs(t), loss.epsilon), 2)
end, [[
losses.mean_absolute_percentage_error(y_true, y_pred) -> number

The mean of 100 |y_pred - y_true| / |y_true|: errors in percent of the truth, so that 1 beside 2 counts as 100 beside
200. A truth of 0 has no percents: it counts as 1e-7, as in Keras, which makes its error enormous. In compile also
"mape". (The metric of this name is a share of 1, as in scikit-learn.)

> losses.mean_absolute_percentage_error(tensor{2, 200}, tensor{1, 100})
50.0
]])

define("mean_squared_logarithmic_error", {}, function(self, p, t)
  expect_alike(self, p, t)
  local e = tensor.log(tensor.maximum(p, loss.epsilon) + 1) - tensor.log(tensor.maximum(t, loss.epsilon) + 1)
  return tensor.mean(e * e, 2)
end, [[
losses.mean_squared_logarithmic_error(y_true, y_pred) -> number

The mean of (log(1 + y_pred) - log(1 + y_true))^2, for numbers from 0 on that spread over powers of ten: what counts is
by which factor the prediction is wrong. Predictions below 1e-7 count as 1e-7, as in Keras, and learn nothing: let the
network end in "relu" or "softplus". In compile also "msle".

> losses.mean_squared_logarithmic_error(tensor{0, 99}, tensor{0, 9})
2.6509490552391997
]], {truth = "from 0"})

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
  check_number(loss, "delta", function(v) return v > 0 end, "a number above 0")
end})

define("log_cosh", {}, function(self, p, t)
  expect_alike(self, p, t)
  local e = p - t
  return tensor.mean(e + tensor.softplus(-2 * e) - math.log(2), 2)
end, [[
losses.log_cosh(y_true, y_pred) -> number

The mean of log(cosh(y_pred - y_true)): e^2 / 2 for a small error e, and |e| - log 2 for a large one, like
losses.huber, with all its derivatives; the first is tanh(e).

> losses.log_cosh(tensor{0, 0}, tensor{0.1, 10})
4.655922255161427
]])

define("poisson", {}, function(self, p, t)
  expect_alike(self, p, t)
  return tensor.mean(p - t * tensor.log(p + loss.epsilon), 2)
end, [[
losses.poisson(y_true, y_pred) -> number

The mean of p - t log(p + 1e-7): for counts t, 0, 1, 2, ..., of which the network predicts the mean p > 0, as in a
Poisson regression. Smallest where p = t, but not 0 there. Let the network end in "exponential" or "softplus", which
give no negative numbers.

> losses.poisson(tensor{0, 3}, tensor{0.5, 3})
0.10208151699783619
]], {truth = "from 0"})

-- Along the last axis, to length 1; of a row of zeros nothing is known of its direction.
local function normalized(x)
  local length = tensor.sqrt(tensor.sum(x * x, {axis = 2, keepdims = true}))
  return x / tensor.maximum(length, loss.epsilon)
end

define("cosine_similarity", {}, function(self, p, t)
  expect_alike(self, p, t)
  return -tensor.sum(normalized(t) * normalized(p), 2)
end, [[
losses.cosine_similarity(y_true, y_pred) -> number

The mean over the samples of -cos of the angle between the truth and the prediction, rows (n, k): -1 for the same
direction, 0 for a right angle, 1 for opposite ones, whatever the lengths. Keras's sign: smaller is more alike.

> losses.cosine_similarity(tensor{{1, 0}, {1, 0}}, tensor{{2, 0}, {0, 3}})
-0.5
]])

return losses
