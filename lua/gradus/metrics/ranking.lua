-- How well scores order the samples: a threshold that sinks from the greatest score calls more and more of them
-- positive, and each of its places has a point on a curve.

local counts = require "gradus.metrics.counts"
local doc = require("gradus.help").doc
local options = require "gradus.options"
local reading = require "gradus.metrics.reading"
local tensor = require "gradus.core.tensor"

local M = {}

-- ---- the curve of two classes ----

-- Weighted counts (m,) of true and false positives when everything from thresholds[i] up is called positive; thresholds
-- are the distinct scores from the greatest. `actual` is a mask (n,).
local function curve(actual, scores, weights)
  if weights then
    local kept = tensor.gt(weights, 0)
    actual, scores, weights = actual[kept], scores[kept], weights[kept]
  end
  local order = tensor.argsort(scores, {descending = true})
  local s, n = tensor.take(scores, order), #scores
  local hits = tensor.take(actual, order):astype("float64")
  local misses = 1 - hits
  if weights then
    local w = tensor.take(weights, order)
    hits, misses = hits * w, misses * w
  end
  -- Samples of equal scores become positive together: only the last of them is a point.
  local last = tensor.tensor({n}, {dtype = "int64"})
  if n > 1 then
    last = tensor.concatenate {(tensor.nonzero(tensor.ne(s[{{1, n - 1}}], s[{{2, n}}]))), last}
  end
  return tensor.take(tensor.cumsum(hits), last), tensor.take(tensor.cumsum(misses), last), tensor.take(s, last)
end

local no_positive, no_negative = "no sample is positive", "no sample is negative"

-- The area under the ROC curve, and the reason where it is none.
local function area(actual, scores, weights)
  local tp, fp = curve(actual, scores, weights)
  local positives, negatives = tp[#tp], fp[#fp]
  if positives == 0 then return reading.undefined(no_positive) end
  if negatives == 0 then return reading.undefined(no_negative) end
  -- Trapezia: fp grows from one point to the next by fp - before.fp, at the mean of the two tp.
  local zero = tensor.zeros(1)
  local n = #tp
  local tp_before, fp_before = tensor.concatenate {zero, tp}[{{1, n}}], tensor.concatenate {zero, fp}[{{1, n}}]
  return tensor.sum((fp - fp_before) * (tp + tp_before)) / 2 / (positives * negatives)
end

-- The mean precision over the steps of recall, and the reason where it is none.
local function step_area(actual, scores, weights)
  local tp, fp = curve(actual, scores, weights)
  local positives, n = tp[#tp], #tp
  if positives == 0 then return reading.undefined(no_positive) end
  local before = tensor.concatenate {tensor.zeros(1), tp}[{{1, n}}]
  return tensor.sum((tp - before) * tp / (tp + fp)) / positives
end

-- ---- reading ----

-- A mask of the positive samples, their scores and weights.
local function read_binary(what, y_true, y_score, read)
  local truth = reading.labels(what, "the truth", y_true)
  local scores = reading.scores(what, y_score, #truth, true)
  if scores.ndim == 2 then
    error(string.format("%s is of two classes and takes one score a sample, but these are %d; of class c against the "
      .. "rest: eq(y_true, c) and scores[{{}, c + 1}]", what, scores.shape[2]), 0)
  end
  local label = reading.positive(what, counts.labels(truth), read.positive)
  return tensor.eq(truth, label), scores, reading.weights(what, read.sample_weight, #truth)
end

-- The labels of k columns of scores: 0..k-1 or those given. An error where the truth has another one.
local function column_labels(what, truth, k, given)
  local list, known = {}, {}
  if given then
    list = reading.list(what, "labels", given)
    if #list ~= k then
      error(string.format("%s: labels has %d classes, but the scores have %d columns", what, #list, k), 0)
    end
  else
    for i = 1, k do list[i] = i - 1 end
  end
  for _, label in ipairs(list) do known[label] = true end
  for _, label in ipairs(counts.labels(truth)) do
    if not known[label] then
      error(string.format("%s: the truth has label %s, but the %d columns of the scores are those of labels %s to %s",
        what, label, k, list[1], list[k]), 0)
    end
  end
  return list
end

-- The mean over classes of an area, each against the rest.
local function over_classes(what, f, truth, scores, weights, read)
  options.choice(what, "average", read.average, {"macro", "weighted", "micro"})
  local n, k = #truth, scores.shape[2]
  local list = column_labels(what, truth, k, read.labels)
  if read.average == "micro" then
    local masks, all = {}, nil
    for i, label in ipairs(list) do masks[i] = tensor.eq(truth, label) end
    if weights then all = tensor.repeat_interleave(weights, k) end
    return f(tensor.stack(masks, 2):reshape(-1), scores:reshape(-1), all)
  end
  local sum, total = 0, 0
  for i, label in ipairs(list) do
    local actual = tensor.eq(truth, label)
    local share = 1
    if read.average == "weighted" then share = reading.mean(actual, weights) * n end
    if share > 0 then
      local value, why = f(actual, scores[{{}, i}], weights)
      if why then
        return reading.undefined((why == select(2, reading.undefined(no_negative)) and "every" or "no")
          .. " sample is of class " .. label)
      end
      sum, total = sum + share * value, total + share
    end
  end
  return sum / total
end

-- ---- public ----

M.roc_curve = doc("metrics.roc_curve", [[
metrics.roc_curve(y_true, y_score, {positive, sample_weight, drop_intermediate=true}) -> fpr, tpr, thresholds

The receiver operating characteristic: for each threshold, which share of the negative samples is called positive (fpr)
and which of the positive ones (tpr, the recall) when every score from the threshold up is. Tensors (m,) from the
greatest threshold down; the first is inf, where nothing is called positive. y_true are labels (n,), y_score scores (n,)
of the positive class (1, or else the greater label, or `positive`), as model:predict gives them. drop_intermediate
leaves points on straight lines out. A rate without samples is nan.

> fpr, tpr, thresholds = metrics.roc_curve({0, 0, 1, 1}, {0.1, 0.4, 0.35, 0.8})
> fpr
[0.  0.  0.5 0.5 1. ]
> tpr
[0.  0.5 0.5 1.  1. ]
> thresholds
[ inf 0.8  0.4  0.35 0.1 ]
]], function(y_true, y_score, given)
  local what = "metrics.roc_curve"
  local read = options.read(what, given, {{"positive"}, {"sample_weight"}, {"drop_intermediate", true}})
  local tp, fp, thresholds = curve(read_binary(what, y_true, y_score, read))
  local m = #tp
  if read.drop_intermediate and m > 2 then
    local function bends(t) return tensor.ne(t[{{3, m}}] - t[{{2, m - 1}}], t[{{2, m - 1}}] - t[{{1, m - 2}}]) end
    local ends = tensor.tensor({1}, {dtype = "int64"})
    local kept = tensor.nonzero(tensor.logical_or(bends(tp), bends(fp))) + 1
    kept = tensor.concatenate {ends, kept:astype("int64"), ends * m}:astype("int64")
    tp, fp, thresholds = tensor.take(tp, kept), tensor.take(fp, kept), tensor.take(thresholds, kept)
  end
  local function rates(t)
    return tensor.concatenate {tensor.zeros(1), t} / t[#t]
  end
  return rates(fp), rates(tp), tensor.concatenate {tensor.tensor {math.huge}, thresholds}
end)

M.precision_recall_curve = doc("metrics.precision_recall_curve", [[
metrics.precision_recall_curve(y_true, y_score, {positive, sample_weight}) -> precision, recall, thresholds

Precision and recall for each threshold when every score from it up is called positive: tensors (m + 1,), (m + 1,) and
(m,) from the smallest threshold up; the last point, precision 1 and recall 0, has none and closes the curve. Arguments
are as in metrics.roc_curve. The recall is nan when no sample is positive.

> precision, recall, thresholds = metrics.precision_recall_curve({0, 0, 1, 1}, {0.1, 0.4, 0.35, 0.8})
> precision
[0.5        0.66666667 0.5        1.         1.        ]
> recall
[1.  1.  0.5 0.5 0. ]
> thresholds
[0.1  0.35 0.4  0.8 ]
]], function(y_true, y_score, given)
  local what = "metrics.precision_recall_curve"
  local read = options.read(what, given, {{"positive"}, {"sample_weight"}})
  local tp, fp, thresholds = curve(read_binary(what, y_true, y_score, read))
  local precision, recall = tp / (tp + fp), tp / tp[#tp]
  return tensor.concatenate {tensor.flip(precision), tensor.ones(1)},
    tensor.concatenate {tensor.flip(recall), tensor.zeros(1)}, tensor.flip(thresholds):clone()
end)

-- The mean over pairs of classes of the areas of each against the other (Hand and Till 2001).
local function one_against_one(what, truth, scores, read)
  options.choice(what, "average", read.average, {"macro", "weighted"})
  if read.sample_weight ~= nil then error(what .. ': multi_class="ovo" takes no sample_weight', 0) end
  local list = column_labels(what, truth, scores.shape[2], read.labels)
  for _, label in ipairs(list) do
    if not tensor.any(tensor.eq(truth, label)) then return reading.undefined("no sample is of class " .. label) end
  end
  local sum, total = 0, 0
  for a = 1, #list do
    for b = a + 1, #list do
      local is_a, is_b = tensor.eq(truth, list[a]), tensor.eq(truth, list[b])
      local either = tensor.logical_or(is_a, is_b)
      local share = read.average == "weighted" and tensor.sum(either) / #truth or 1
      local pair = area(is_a[either], scores[{{}, a}][either]) + area(is_b[either], scores[{{}, b}][either])
      sum, total = sum + share * pair / 2, total + share
    end
  end
  return sum / total
end

M.roc_auc_score = doc("metrics.roc_auc_score", [[
metrics.roc_auc_score(y_true, y_score, {average="macro", multi_class="ovr", labels, positive, sample_weight}) -> number

The area under metrics.roc_curve: the probability that a positive sample has a greater score than a negative one (equal
scores count half). 0.5 is guessing, 1 a perfect order; no threshold is chosen. nan, and the reason as a second value,
when one of the classes is missing. For k classes y_score has shape (n, k), a column a label (0..k-1, or `labels`):
multi_class="ovr" takes each class against the rest and the mean over classes ("macro", "weighted" by how often they
occur, or "micro": all columns as one), "ovo" the mean over pairs of classes.

> metrics.roc_auc_score({0, 0, 1, 1}, {0.1, 0.4, 0.35, 0.8})
0.75
]], function(y_true, y_score, given)
  local what = "metrics.roc_auc_score"
  local read = options.read(what, given, {{"average", "macro"}, {"multi_class", "ovr"}, {"labels"}, {"positive"},
    {"sample_weight"}})
  options.choice(what, "multi_class", read.multi_class, {"ovr", "ovo"})
  local truth = reading.labels(what, "the truth", y_true)
  local scores = reading.scores(what, y_score, #truth, true)
  if scores.ndim == 1 then return area(read_binary(what, truth, scores, read)) end
  if read.multi_class == "ovo" then return one_against_one(what, truth, scores, read) end
  return over_classes(what, area, truth, scores, reading.weights(what, read.sample_weight, #truth), read)
end)

M.average_precision_score = doc("metrics.average_precision_score", [[
metrics.average_precision_score(y_true, y_score, {average="macro", labels, positive, sample_weight}) -> number

The mean precision over the steps of recall as the threshold sinks, the sum of (R_i - R_(i-1)) P_i: what
metrics.precision_recall_curve says in one number, for rare positives more telling than the ROC. Guessing gives the
share of positive samples. nan, and the reason, when there are none. For k classes as in metrics.roc_auc_score, each
class against the rest.

> metrics.average_precision_score({0, 0, 1, 1}, {0.1, 0.4, 0.35, 0.8})
0.8333333333333333
]], function(y_true, y_score, given)
  local what = "metrics.average_precision_score"
  local read = options.read(what, given, {{"average", "macro"}, {"labels"}, {"positive"}, {"sample_weight"}})
  local truth = reading.labels(what, "the truth", y_true)
  local scores = reading.scores(what, y_score, #truth, true)
  if scores.ndim == 1 then return step_area(read_binary(what, truth, scores, read)) end
  return over_classes(what, step_area, truth, scores, reading.weights(what, read.sample_weight, #truth), read)
end)

M.top_k_accuracy_score = doc("metrics.top_k_accuracy_score", [[
metrics.top_k_accuracy_score(y_true, y_score, {k=2, normalize=true, labels, sample_weight}) -> number

The share of samples whose true class is among the k with the greatest scores; normalize=false counts them. y_score has
shape (n, classes), a column a label (0, 1, ..., or `labels`). Of equal scores that of the later class is taken as the
greater, as in scikit-learn.

> metrics.top_k_accuracy_score({0, 1, 2}, tensor{{0.5, 0.2, 0.3}, {0.4, 0.3, 0.2}, {0.7, 0.2, 0.1}})
0.6666666666666666
]], function(y_true, y_score, given)
  local what = "metrics.top_k_accuracy_score"
  local read = options.read(what, given, {{"k", 2}, {"normalize", true}, {"labels"}, {"sample_weight"}})
  local truth = reading.labels(what, "the truth", y_true)
  local scores = reading.scores(what, y_score, #truth)
  local classes = scores.ndim == 2 and scores.shape[2] or 1
  if classes < 2 then
    error(what .. ": the scores have shape (n, classes), a column a class; of one score a sample, compare labels: "
      .. "metrics.accuracy_score(y, gt(scores, 0.5))", 0)
  end
  if math.type(read.k) ~= "integer" or read.k < 1 then
    error(string.format("%s: k is a whole number from 1, not %s", what, tostring(read.k)), 0)
  end
  local weights = reading.weights(what, read.sample_weight, #truth)
  -- Before each sample's own column come those with greater scores, and later ones with the same.
  local own, place = tensor.zeros(#truth, 1), tensor.zeros(#truth, 1)
  for i, label in ipairs(column_labels(what, truth, classes, read.labels)) do
    local mine = tensor.expand_dims(tensor.eq(truth, label), 2)
    own, place = tensor.where(mine, scores[{{}, {i, i}}], own), tensor.where(mine, i, place)
  end
  local later = tensor.gt(tensor.arange(1, classes + 1):reshape(1, -1), place)
  local before = tensor.logical_or(tensor.gt(scores, own), tensor.logical_and(tensor.eq(scores, own), later))
  local hit = tensor.lt(tensor.sum(before, 2), read.k)
  if read.normalize then return reading.mean(hit, weights) end
  return tensor.sum(weights and hit * weights or hit)
end)

-- ---- how good probabilities are ----

-- Probabilities (n, k): one a class. A single one a sample is that of class 1.
local function probabilities(what, given, n)
  local p = reading.scores(what, given, n)
  local outside = tensor.logical_or(tensor.lt(p, 0), tensor.gt(p, 1)):reshape(-1)
  if tensor.any(outside) then
    local i = tensor.argmax(outside:astype("uint8"))
    error(string.format("%s takes probabilities, from 0 to 1, and sample %d has %.6g; a softmax or a sigmoid makes "
      .. "them of scores", what, (i - 1) * n // p.size + 1, p:reshape(-1)[i]), 0)
  end
  return p
end

M.log_loss = doc("metrics.log_loss", [[
metrics.log_loss(y_true, y_prob, {normalize=true, labels, sample_weight}) -> number

The mean of -log p, p the probability given to the true class: what the cross-entropy losses minimise, over all samples.
normalize=false gives the sum. y_prob has shape (n, k) with rows that sum to 1, a column a label (0..k-1, or `labels`),
or (n,) for the probability of class 1. It is kept at least 2.2e-16 (float32: 1.2e-7) from 0 and 1, so that one
sure mistake does not make the loss infinite.

> metrics.log_loss({1, 0}, {0.5, 0.5})
0.6931471805599453
]], function(y_true, y_prob, given)
  local what = "metrics.log_loss"
  local read = options.read(what, given, {{"normalize", true}, {"labels"}, {"sample_weight"}})
  local truth = reading.labels(what, "the truth", y_true)
  local p = probabilities(what, y_prob, #truth)
  if p.ndim == 1 then p = tensor.stack({1 - p, p}, 2) end
  local sums = tensor.sum(p, 2)
  local wrong = tensor.gt(tensor.abs(sums - 1), 1e-3)
  if tensor.any(wrong) then
    local row = tensor.argmax(wrong:astype("uint8"))
    error(string.format("%s: the probabilities of sample %d sum to %.6g, not to 1; is the last layer a softmax?", what,
      row, sums[row]), 0)
  end
  local weights = reading.weights(what, read.sample_weight, #truth)
  local least = getmetatable(y_prob) == tensor.metatable and y_prob.dtype == "float32" and 2.0 ^ -23 or 2.0 ^ -52
  p = tensor.clip(p, least, 1 - least)
  local total, own = tensor.sum(p, 2), tensor.zeros(#truth)
  for i, label in ipairs(column_labels(what, truth, p.shape[2], read.labels)) do
    own = tensor.where(tensor.eq(truth, label), p[{{}, i}], own)
  end
  local losses = -tensor.log(own / total)
  if read.normalize then return reading.mean(losses, weights) end
  return tensor.sum(weights and losses * weights or losses)
end)

M.brier_score_loss = doc("metrics.brier_score_loss", [[
metrics.brier_score_loss(y_true, y_prob, {positive, sample_weight}) -> number

The mean squared difference between the probability of the positive class and what was (1 or 0): 0 is best, 0.25 what
always answering 0.5 gives. y_prob has shape (n,).

> metrics.brier_score_loss({1, 0}, {0.5, 0.5})
0.25
]], function(y_true, y_prob, given)
  local what = "metrics.brier_score_loss"
  local read = options.read(what, given, {{"positive"}, {"sample_weight"}})
  local actual, p, weights = read_binary(what, y_true, y_prob, read)
  return reading.mean((probabilities(what, p, #p) - actual) ^ 2, weights)
end)

return M
