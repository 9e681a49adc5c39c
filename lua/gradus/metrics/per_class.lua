-- Precision, recall and their kin: ratios of one class against the rest, or their means over classes.

local counts = require "gradus.metrics.counts"
local doc = require("gradus.help").doc
local options = require "gradus.options"
local ratios = require "gradus.metrics.ratios"
local reading = require "gradus.metrics.reading"
local tensor = require "gradus.core.tensor"

local M = {}

-- The counts that ratios are made of, and the average to take: of the positive class, or of all classes.
local function count_classes(what, y_true, y_pred, read)
  options.choice(what, "average", read.average, {"binary", "macro", "weighted", "micro", "none"})
  local truth, predicted = reading.pair(what, y_true, y_pred)
  local weights = reading.weights(what, read.sample_weight, #truth)
  if read.average == "binary" then
    if read.labels then
      error(what .. ': labels chooses classes for average="macro", "weighted", "micro" or "none"; positive=c is the '
        .. "one class that is looked at", 0)
    end
    local label = reading.positive(what, counts.labels(truth, predicted), read.positive)
    return counts.of_class(truth, predicted, weights, label)
  end
  if read.positive ~= nil then
    error(string.format('%s: positive=%s goes with average="binary"; "%s" is over all classes', what, read.positive,
      read.average), 0)
  end
  local wanted = read.labels and reading.list(what, "labels", read.labels)
  return counts.by_class(what, truth, predicted, weights, wanted)
end

local function average_of(formula, counted, read, beta, instead)
  if read.average == "binary" then return ratios.ratio(formula, counted, beta, instead, true) end
  return ratios.averages[read.average](formula, counted, beta, instead)
end

local function check_beta(what, beta)
  if type(beta) ~= "number" or not (beta >= 0 and beta < math.huge) then
    error(string.format("%s: beta is a number from 0 (2 to value recall more than precision), not %s", what,
      tostring(beta)), 0)
  end
  return beta
end

local RATIO_OPTIONS = {{"positive"}, {"average", "binary"}, {"labels"}, {"sample_weight"}, {"zero_division"}}

local function score(what, formula, y_true, y_pred, given)
  local read = options.read(what, given, RATIO_OPTIONS)
  local instead = reading.zero_division(what, read.zero_division)
  return average_of(formula, count_classes(what, y_true, y_pred, read), read, 1, instead)
end

M.precision_score = doc("metrics.precision_score", [[
metrics.precision_score(y_true, y_pred, {positive, average="binary", labels, sample_weight, zero_division}) -> number

TP / (TP + FP): how many of the samples called positive are. The positive class is 1 (or else the greater of two
labels), or `positive`, against the rest. For more classes: average="macro" is the mean over the classes, "weighted"
the same with each class as often as it occurs, "micro" the ratio of the summed counts, "none" a tensor with the ratio
of each class; `labels` chooses and orders the classes. nan, and the reason as a second value, where nothing was
called positive; zero_division=0 (or 1) puts that number in its place, as scikit-learn does.

> metrics.precision_score({1, 1, 0, 0, 0}, {1, 0, 0, 0, 1})
0.5
> metrics.precision_score({1, 1, 0}, {0, 0, 0})
nan
undefined (0/0): nothing was predicted positive
> metrics.precision_score({0, 1, 2, 2}, {0, 2, 2, 1}, {average="macro"})
0.5
]], function(y_true, y_pred, given)
  return score("metrics.precision_score", "precision", y_true, y_pred, given)
end)

M.recall_score = doc("metrics.recall_score", [[
metrics.recall_score(y_true, y_pred, {positive, average="binary", labels, sample_weight, zero_division}) -> number

TP / (TP + FN), also called sensitivity: how many of the positive samples were found. Undefined (nan, and the reason)
when there are none. Options as in metrics.precision_score.

> metrics.recall_score({1, 1, 0, 0, 0}, {1, 0, 0, 0, 1})
0.5
]], function(y_true, y_pred, given)
  return score("metrics.recall_score", "recall", y_true, y_pred, given)
end)

M.specificity_score = doc("metrics.specificity_score", [[
metrics.specificity_score(y_true, y_pred, {positive, average="binary", labels, sample_weight, zero_division}) -> number

TN / (TN + FP): how many of the negative samples were recognised as such. Undefined (nan, and the reason) when there
are none. Options as in metrics.precision_score.

> metrics.specificity_score({1, 1, 0, 0}, {1, 0, 0, 1})
0.5
]], function(y_true, y_pred, given)
  return score("metrics.specificity_score", "specificity", y_true, y_pred, given)
end)

M.f1_score = doc("metrics.f1_score", [[
metrics.f1_score(y_true, y_pred, {positive, average="binary", labels, sample_weight, zero_division}) -> number

2 TP / (2 TP + FP + FN): the harmonic mean of precision and recall, useful where classes are unbalanced. Undefined
(nan, and the reason) when there is no positive sample, neither true nor predicted. Options as in
metrics.precision_score.

> metrics.f1_score({1, 1, 0, 0, 0}, {1, 0, 0, 0, 1})
0.5
]], function(y_true, y_pred, given)
  return score("metrics.f1_score", "fbeta", y_true, y_pred, given)
end)

M.jaccard_score = doc("metrics.jaccard_score", [[
metrics.jaccard_score(y_true, y_pred, {positive, average="binary", labels, sample_weight, zero_division}) -> number

TP / (TP + FP + FN), intersection over union: of the samples that are positive, truly or as predicted, how many are
both. Undefined (nan, and the reason) when there are none. Options as in metrics.precision_score.

> metrics.jaccard_score({1, 1, 0, 0, 0}, {1, 0, 0, 0, 0})
0.5
]], function(y_true, y_pred, given)
  return score("metrics.jaccard_score", "jaccard", y_true, y_pred, given)
end)

M.fbeta_score = doc("metrics.fbeta_score", [[
metrics.fbeta_score(y_true, y_pred, {beta, positive, average="binary", labels, sample_weight, zero_division}) -> number

(1 + beta²) TP / ((1 + beta²) TP + beta² FN + FP): a mean of precision and recall that values recall `beta` times as
much as precision; beta=1 is F1. Undefined (nan, and the reason) when there is no positive sample, neither true nor
predicted. The other options are as in metrics.precision_score.

> metrics.fbeta_score({1, 1, 0, 0}, {1, 0, 0, 0}, {beta=2})
0.5555555555555556
]], function(y_true, y_pred, given)
  local what = "metrics.fbeta_score"
  local read = options.read(what, given, {{"beta", required = true}, table.unpack(RATIO_OPTIONS)})
  local beta, instead = check_beta(what, read.beta), reading.zero_division(what, read.zero_division)
  return average_of("fbeta", count_classes(what, y_true, y_pred, read), read, beta, instead)
end)

M.precision_recall_fscore_support = doc("metrics.precision_recall_fscore_support", [[
metrics.precision_recall_fscore_support(y_true, y_pred, {beta=1, average="none", labels, positive, ...})

Four values: precision, recall, the F-score with that beta, and the support, how many true samples of the class there
are. With average="none" each is a tensor with one number a class (of the sorted labels, or of `labels`); the other
averages are those of metrics.precision_score, and the support is the one they are over. Where a ratio is 0/0 it is nan,
or zero_division. sample_weight (n,) lets samples count more or less.

> p, r, f, support = metrics.precision_recall_fscore_support({0, 1, 1, 1}, {0, 1, 0, 1})
> p
[0.5 1. ]
> support
[1. 3.]
]], function(y_true, y_pred, given)
  local what = "metrics.precision_recall_fscore_support"
  local read = options.read(what, given, {{"beta", 1}, {"average", "none"}, {"labels"}, {"positive"}, {"sample_weight"},
    {"zero_division"}})
  local beta, instead = check_beta(what, read.beta), reading.zero_division(what, read.zero_division)
  local counted = count_classes(what, y_true, y_pred, read)
  local values = {}
  for i, formula in ipairs {"precision", "recall", "fbeta"} do
    values[i] = average_of(formula, counted, read, beta, instead)
  end
  local actual = counted.actual
  if read.average == "none" then
    actual = {}
    for i, c in ipairs(counted) do actual[i] = c.actual end
    actual = tensor.tensor(actual)
  elseif not actual then
    actual = counts.pooled(counted).actual
  end
  return values[1], values[2], values[3], actual
end)

return M
