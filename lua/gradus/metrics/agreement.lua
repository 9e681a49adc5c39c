-- How well predicted class labels agree with true ones, all classes at once.

local baseline = require "gradus.metrics.baseline"
local counts = require "gradus.metrics.counts"
local doc = require("gradus.help").doc
local options = require "gradus.options"
local reading = require "gradus.metrics.reading"
local tensor = require "gradus.core.tensor"

local M = {}

local function read_labels(what, y_true, y_pred, given, spec)
  spec[#spec + 1] = {"sample_weight"}
  local read = options.read(what, given, spec)
  local truth, predicted = reading.pair(what, y_true, y_pred)
  return truth, predicted, reading.weights(what, read.sample_weight, #truth), read
end

M.accuracy_score = doc("metrics.accuracy_score", [[
metrics.accuracy_score(y_true, y_pred, {normalize=true, sample_weight}) -> number

The share of samples whose label was predicted right, from 0 to 1; labels as for metrics.confusion_matrix.
normalize=false counts them instead. Look at metrics.majority_baseline(y_true) beside it.

> metrics.accuracy_score({1, 0, 0, 1}, {1, 0, 1, 1})
0.75
]], function(y_true, y_pred, given)
  local truth, predicted, weights, read = read_labels("metrics.accuracy_score", y_true, y_pred, given,
    {{"normalize", true}})
  local right = tensor.eq(truth, predicted)
  if read.normalize then return reading.mean(right, weights) end
  return tensor.sum(weights and right * weights or right)
end)

M.majority_baseline = doc("metrics.majority_baseline", [[
metrics.majority_baseline(y_true) -> number

The accuracy of always answering the most frequent class, which needs no model at all.

> metrics.majority_baseline{0, 0, 0, 1}
0.75
]], function(y_true)
  return baseline.of_labels(reading.labels("metrics.majority_baseline", "the truth", y_true))
end)

M.balanced_accuracy_score = doc("metrics.balanced_accuracy_score", [[
metrics.balanced_accuracy_score(y_true, y_pred, {adjusted=false, sample_weight}) -> number

The mean of the recalls of the classes that occur in the truth: each class counts the same, however few samples it
has. Always answering one of k classes gives 1/k; adjusted=true moves that to 0 and keeps 1, (s - 1/k) / (1 - 1/k),
which is undefined for a single class: nan, and the reason as a second value.

> metrics.balanced_accuracy_score({1, 0, 0, 0}, {0, 0, 0, 0})
0.5
]], function(y_true, y_pred, given)
  local what = "metrics.balanced_accuracy_score"
  local truth, predicted, weights, read = read_labels(what, y_true, y_pred, given, {{"adjusted", false}})
  local sum, k = 0, 0
  for _, c in ipairs(counts.by_class(what, truth, predicted, weights)) do
    if c.actual > 0 then sum, k = sum + c.tp / c.actual, k + 1 end
  end
  if not read.adjusted then return sum / k end
  if k == 1 then return reading.undefined("there is only one class, and chance is always right") end
  return (sum / k - 1 / k) / (1 - 1 / k)
end)

M.matthews_corrcoef = doc("metrics.matthews_corrcoef", [[
metrics.matthews_corrcoef(y_true, y_pred, {sample_weight}) -> number

Matthews's correlation of truth and prediction, from -1 to 1, for any number of classes (Gorodkin 2004): of two,
(TP TN - FP FN) / sqrt((TP + FP)(TP + FN)(TN + FP)(TN + FN)). It is near 0 for a useless answer however unbalanced the
classes are. Where truth or prediction is a single class the ratio is 0/0 and, as in scikit-learn, taken as 0; a second
value says so.

> metrics.matthews_corrcoef({1, 1, 1, 0}, {1, 1, 0, 0})
0.5773502691896258
]], function(y_true, y_pred, given)
  local what = "metrics.matthews_corrcoef"
  local truth, predicted, weights = read_labels(what, y_true, y_pred, given, {})
  local classes = counts.by_class(what, truth, predicted, weights)
  local right, both, actual2, predicted2, actual_classes, predicted_classes = 0, 0, 0, 0, 0, 0
  for _, c in ipairs(classes) do
    right, both = right + c.tp, both + c.actual * c.predicted
    actual2, predicted2 = actual2 + c.actual ^ 2, predicted2 + c.predicted ^ 2
    if c.actual > 0 then actual_classes = actual_classes + 1 end
    if c.predicted > 0 then predicted_classes = predicted_classes + 1 end
  end
  if actual_classes == 1 then return 0.0, "0/0, taken as 0: all samples are of one class" end
  if predicted_classes == 1 then return 0.0, "0/0, taken as 0: all samples are predicted as one class" end
  local s = classes.all
  return (right * s - both) / math.sqrt((s ^ 2 - actual2) * (s ^ 2 - predicted2))
end)

local distances = {
  none = function(i, j) return i == j and 0 or 1 end,
  linear = function(i, j) return math.abs(i - j) end,
  quadratic = function(i, j) return (i - j) ^ 2 end,
}

M.cohen_kappa_score = doc("metrics.cohen_kappa_score", [[
metrics.cohen_kappa_score(y1, y2, {labels, weights="none", sample_weight}) -> number

Cohen's kappa: how much two labellings agree beyond chance, 1 - (observed disagreement) / (that of chance); 1 is full
agreement, 0 that of chance. weights="linear" or "quadratic" make a disagreement count by how many classes lie between,
in the order of `labels`. nan, and the reason as a second value, where both always give one and the same class.

> metrics.cohen_kappa_score({0, 0, 1, 1}, {0, 0, 1, 0})
0.5
]], function(y1, y2, given)
  local what = "metrics.cohen_kappa_score"
  local a, b, sample_weight, read = read_labels(what, y1, y2, given, {{"labels"}, {"weights", "none"}})
  options.choice(what, "weights", read.weights, {"none", "linear", "quadratic"})
  local labels = read.labels and reading.list(what, "labels", read.labels) or counts.labels(a, b)
  local matrix, distance = counts.matrix(what, a, b, sample_weight, labels), distances[read.weights]
  local of_a, of_b, all = {}, {}, 0
  for i, row in ipairs(matrix) do
    of_a[i] = 0
    for j, n in ipairs(row) do of_a[i], of_b[j], all = of_a[i] + n, (of_b[j] or 0) + n, all + n end
  end
  local observed, expected = 0, 0
  for i, row in ipairs(matrix) do
    for j, n in ipairs(row) do
      observed = observed + distance(i, j) * n
      expected = expected + distance(i, j) * of_a[i] * of_b[j]
    end
  end
  if expected == 0 then
    return reading.undefined(all == 0 and "no sample is of these classes" or "both always give one and the same class")
  end
  return 1 - observed * all / expected
end)

return M
