-- How far predicted numbers are from true ones.

local doc = require("gradus.help").doc
local options = require "gradus.options"
local reading = require "gradus.metrics.reading"
local shapes = require "gradus.shapes"
local tensor = require "gradus.core.tensor"

local M = {}

-- ---- reading ----

-- Truth and prediction as (n, k), and the weights of samples (n, 1) or nil. Nothing is broadcast: the difference of
-- (n, 1) and (n,) would be of every sample from every other.
local function read_pair(what, y_true, y_pred, given, spec)
  local read = options.read(what, given, spec)
  local truth, predicted = reading.numbers(what, "the truth", y_true), reading.numbers(what, "the prediction", y_pred)
  for _, t in ipairs {truth, predicted} do
    if t.ndim > 2 then
      error(string.format("%s takes numbers of shape (n,) or (n, outputs), not %s", what, shapes.text(t.shape)), 0)
    end
  end
  local n = truth.shape[1]
  if truth.size ~= predicted.size or n ~= predicted.shape[1] then
    error(string.format("%s: the truth has shape %s, but the prediction %s", what, shapes.text(truth.shape),
      shapes.text(predicted.shape)), 0)
  end
  if truth.size == 0 then error(what .. ": there is not one sample", 0) end
  truth, predicted = truth:reshape(n, -1), predicted:reshape(n, -1)
  local weights = reading.weights(what, read.sample_weight, n)
  return truth, predicted, weights and weights:reshape(n, 1), read
end

-- The mean of each column (n, k) -> (k,).
local function means(t, weights)
  if not weights then return tensor.mean(t, 1) end
  return tensor.sum(t * weights, 1) / tensor.sum(weights)
end

-- From one number an output to what multioutput asks for.
local function combine(what, values, wanted)
  if wanted == "raw_values" then return values end
  if wanted == "uniform_average" then return tensor.mean(values) end
  if type(wanted) == "string" then
    options.choice(what, "multioutput", wanted, {"uniform_average", "raw_values"})
  end
  local shares = tensor.tensor(reading.list(what, "multioutput", wanted))
  if #shares ~= #values then
    error(string.format("%s: multioutput has %d weights, but there are %d outputs", what, #shares, #values), 0)
  end
  return tensor.sum(values * shares) / tensor.sum(shares)
end

local OPTIONS = {{"sample_weight"}, {"multioutput", "uniform_average"}}

-- The mean of an error of each element.
local function mean_of(what, error_of, y_true, y_pred, given)
  local truth, predicted, weights, read = read_pair(what, y_true, y_pred, given, OPTIONS)
  return combine(what, means(error_of(truth, predicted, what), weights), read.multioutput)
end

local function squared(t, p) return (p - t) ^ 2 end
local function absolute(t, p) return tensor.abs(p - t) end

-- ---- errors ----

M.mean_squared_error = doc("metrics.mean_squared_error", [[
metrics.mean_squared_error(y_true, y_pred, {sample_weight, multioutput="uniform_average"}) -> number

The mean of (prediction - truth)², in the square of their unit. Tensors or lists (n,), or (n, outputs), of one shape;
nothing is broadcast. multioutput="raw_values" gives a tensor, a number an output; a list weighs the outputs.

> metrics.mean_squared_error({1, 2, 3}, {1, 2, 6})
3.0
]], function(y_true, y_pred, given)
  return mean_of("metrics.mean_squared_error", squared, y_true, y_pred, given)
end)

M.root_mean_squared_error = doc("metrics.root_mean_squared_error", [[
metrics.root_mean_squared_error(y_true, y_pred, {sample_weight, multioutput="uniform_average"}) -> number

The root of metrics.mean_squared_error of each output, in the unit of the numbers; then their mean.

> metrics.root_mean_squared_error({1, 2, 3, 4}, {1, 2, 3, 8})
2.0
]], function(y_true, y_pred, given)
  local what = "metrics.root_mean_squared_error"
  local truth, predicted, weights, read = read_pair(what, y_true, y_pred, given, OPTIONS)
  return combine(what, tensor.sqrt(means(squared(truth, predicted), weights)), read.multioutput)
end)

M.mean_absolute_error = doc("metrics.mean_absolute_error", [[
metrics.mean_absolute_error(y_true, y_pred, {sample_weight, multioutput="uniform_average"}) -> number

The mean of |prediction - truth|, in the unit of the numbers: a single great mistake counts less than in
metrics.mean_squared_error, whose options it has.

> metrics.mean_absolute_error({1, 2, 3}, {1, 2, 6})
1.0
]], function(y_true, y_pred, given)
  return mean_of("metrics.mean_absolute_error", absolute, y_true, y_pred, given)
end)

M.mean_absolute_percentage_error = doc("metrics.mean_absolute_percentage_error", [[
metrics.mean_absolute_percentage_error(y_true, y_pred, {sample_weight, multioutput="uniform_average"}) -> number

The mean of |prediction - truth| / |truth|, a share (0.1 is 10 %), with scikit-learn's 2.2e-16 in the place of truths
nearer to 0: there the number is huge and says nothing.

> metrics.mean_absolute_percentage_error({10, 20}, {11, 18})
0.1
]], function(y_true, y_pred, given)
  return mean_of("metrics.mean_absolute_percentage_error", function(t, p)
    return absolute(t, p) / tensor.maximum(tensor.abs(t), 2.0 ^ -52)
  end, y_true, y_pred, given)
end)

M.mean_squared_log_error = doc("metrics.mean_squared_log_error", [[
metrics.mean_squared_log_error(y_true, y_pred, {sample_weight, multioutput="uniform_average"}) -> number

The mean of (log(1 + prediction) - log(1 + truth))²: how wrong the ratios are, for numbers from 0 of many sizes.
Negative numbers are an error.

> metrics.mean_squared_log_error({0, 3}, {0, 3})
0.0
]], function(y_true, y_pred, given)
  return mean_of("metrics.mean_squared_log_error", function(t, p, what)
    if tensor.any(tensor.lt(t, 0)) or tensor.any(tensor.lt(p, 0)) then
      error(what .. ": there are negative numbers, which have no such error; use metrics.mean_squared_error", 0)
    end
    return (tensor.log1p(p) - tensor.log1p(t)) ^ 2
  end, y_true, y_pred, given)
end)

M.median_absolute_error = doc("metrics.median_absolute_error", [[
metrics.median_absolute_error(y_true, y_pred, {multioutput="uniform_average"}) -> number

The median of |prediction - truth|: half of the samples are nearer. Outliers do not move it.

> metrics.median_absolute_error({1, 2, 3}, {1, 3, 100})
1.0
]], function(y_true, y_pred, given)
  local what = "metrics.median_absolute_error"
  local truth, predicted, _, read = read_pair(what, y_true, y_pred, given, {{"multioutput", "uniform_average"}})
  return combine(what, tensor.median(absolute(truth, predicted), 1), read.multioutput)
end)

M.max_error = doc("metrics.max_error", [[
metrics.max_error(y_true, y_pred) -> number

The greatest |prediction - truth| of all samples (and outputs).

> metrics.max_error({1, 2, 3}, {1, 3, 100})
97.0
]], function(y_true, y_pred)
  local truth, predicted = read_pair("metrics.max_error", y_true, y_pred, nil, {})
  return tensor.max(absolute(truth, predicted))
end)

-- ---- shares of the variance ----

-- 1 - residual / spread of each output (k,), and why some are undefined. `force_finite`: 1 for 0/0, 0 for x/0. Whether
-- the truth is constant is asked of the numbers: rounding may leave it a little variance.
local function explained(truth, residual, spread, force_finite)
  local constant = tensor.eq(tensor.max(truth, 1), tensor.min(truth, 1))
  local values, why = 1 - residual / tensor.where(constant, 1, spread), nil
  if tensor.any(constant) then
    if force_finite then
      values = tensor.where(constant, tensor.where(tensor.eq(residual, 0), 1.0, 0.0), values)
    else
      values = tensor.where(constant, 0 / 0, values)
      why = "all true numbers are the same, so there is no variance to explain"
    end
  end
  return values, why
end

local R2_OPTIONS = {{"sample_weight"}, {"multioutput", "uniform_average"}, {"force_finite", false}}

-- Means over outputs for R²; "variance_weighted" weighs each output by its spread.
local function combine_shares(what, values, why, spread, wanted)
  if why and wanted ~= "raw_values" then return reading.undefined(why) end
  if wanted ~= "variance_weighted" then return combine(what, values, wanted) end
  return tensor.sum(values * spread) / tensor.sum(spread)
end

M.r2_score = doc("metrics.r2_score", [[
metrics.r2_score(y_true, y_pred, {sample_weight, multioutput="uniform_average", force_finite=false}) -> number

R², the share of the truth's variance that the prediction explains: 1 - sum (truth - prediction)² / sum (truth -
mean)². 1 is perfect, 0 what always answering the mean gives, and it may be less. Where all true numbers are the same
it is undefined: nan, and the reason as a second value (force_finite=true gives 1 for a perfect prediction and 0 for
others, as scikit-learn does). multioutput is as in metrics.mean_squared_error; "variance_weighted" weighs the outputs
by their variance.

> metrics.r2_score({1, 2, 3}, {1, 2, 4})
0.5
]], function(y_true, y_pred, given)
  local what = "metrics.r2_score"
  local truth, predicted, weights, read = read_pair(what, y_true, y_pred, given, R2_OPTIONS)
  local spread = means((truth - means(truth, weights)) ^ 2, weights)
  local values, why = explained(truth, means(squared(truth, predicted), weights), spread, read.force_finite)
  return combine_shares(what, values, why, spread, read.multioutput)
end)

M.explained_variance_score = doc("metrics.explained_variance_score", [[
metrics.explained_variance_score(y_true, y_pred, {sample_weight, multioutput="uniform_average", force_finite=false})

As metrics.r2_score, but a prediction that is off by the same amount everywhere is not blamed for it:
1 - variance(truth - prediction) / variance(truth). One number.

> metrics.explained_variance_score({1, 2, 3}, {11, 12, 13})
1.0
]], function(y_true, y_pred, given)
  local what = "metrics.explained_variance_score"
  local truth, predicted, weights, read = read_pair(what, y_true, y_pred, given, R2_OPTIONS)
  local residual = truth - predicted
  local spread = means((truth - means(truth, weights)) ^ 2, weights)
  local left = means((residual - means(residual, weights)) ^ 2, weights)
  local values, why = explained(truth, left, spread, read.force_finite)
  return combine_shares(what, values, why, spread, read.multioutput)
end)

return M
