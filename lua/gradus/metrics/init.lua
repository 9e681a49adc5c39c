-- Classification metrics, with scikit-learn's names. All are made from counts over the whole set, never from averages
-- of batches. Where a ratio is 0/0 it is nan in numbers and "undefined (0/0)" in print, with the reason.

local baseline = require "gradus.metrics.baseline"
local columns = require "gradus.columns"
local doc = require("gradus.help").doc
local options = require "gradus.options"
local shapes = require "gradus.shapes"
local tensor = require "gradus.core.tensor"

local metrics = {}

-- ---- reading labels ----

local function labels(what, name, given)
  if type(given) == "table" and getmetatable(given) == nil then given = tensor.tensor(given) end
  if getmetatable(given) ~= tensor.metatable then
    error(string.format("%s: %s is a tensor of class labels, not %s", what, name, type(given)), 0)
  end
  if given.ndim == 2 and given.shape[2] == 1 then given = given:reshape(-1) end
  if given.ndim ~= 1 then
    error(string.format("%s: %s has shape %s; class labels are one number a sample: model:predict_classes(x), not "
      .. "model:predict(x)", what, name, shapes.text(given.shape)), 0)
  end
  if given.dtype == "bool" then given = given:astype("int64") end  -- a mask: true is class 1
  return given
end

local function read_pair(what, truth, predicted)
  truth, predicted = labels(what, "the truth", truth), labels(what, "the prediction", predicted)
  if #truth ~= #predicted then
    error(string.format("%s: %d true labels, but %d predicted ones", what, #truth, #predicted), 0)
  end
  if #truth == 0 then error(what .. ": there is not one sample", 0) end
  return truth, predicted
end

local function count(mask)
  return tensor.sum(mask)
end

-- ---- the confusion matrix ----

local Confusion = {}
Confusion.__index = Confusion
Confusion.__name = "confusion matrix"

local words = {
  TP = "TP true positive",
  FN = "FN false negative, Type II",
  FP = "FP false positive, Type I",
  TN = "TN true negative",
}

function Confusion:__tostring()
  local head, right = {"actual \\ predicted"}, {}
  for j, name in ipairs(self.classes) do head[j + 1], right[j + 1] = name, true end
  local rows = {head}
  for i, name in ipairs(self.classes) do
    local row = {name}
    for j = 1, #self.classes do
      local n = tostring(self.counts[i][j])
      row[j + 1] = self.cells and string.format("%s %s", n, words[self.cells[i][j]]) or n
    end
    rows[#rows + 1] = row
  end
  return columns(rows, right)
end

-- Labels that occur, or 0..k-1 when class names say how many there are.
local function label_list(truth, predicted, names)
  local list, seen = {}, {}
  if names then
    for i = 1, #names do list[i], seen[i - 1] = i - 1, true end
  end
  for _, t in ipairs {truth, predicted} do
    for label in pairs(baseline.counts(t)) do
      if not seen[label] then
        if names then
          error(string.format("label %s occurs, but there are only %d class names (labels 0 to %d)", label, #names,
            #names - 1), 0)
        end
        seen[label] = true
        list[#list + 1] = label
      end
    end
  end
  table.sort(list)
  if not names and #list == 1 and (list[1] == 0 or list[1] == 1) then list = {0, 1} end
  return list
end

local CONFUSION = {{"classes"}, {"positive"}, {"layout", "course", one_of = {"course", "sklearn"}}}

metrics.confusion_matrix = doc("metrics.confusion_matrix", [[
metrics.confusion_matrix(y_true, y_pred, {classes=nil, positive=nil, layout="course"}) -> confusion matrix

How many samples of each actual class (rows) were predicted as each class (columns). Labels are 0-based,
one a sample: tensors of shape (n,) or (n, 1), or lists; `classes` gives their names. With two classes the
positive one (1, or else the greater label) comes first, as in the course: {{TP, FN}, {FP, TN}}, and the
cells are named; layout="sklearn" puts it last: {{TN, FP}, {FN, TP}}. cm.counts holds the numbers, cm.TP,
cm.FN, cm.FP and cm.TN the cells of two classes.

> metrics.confusion_matrix({1, 1, 0, 0, 0}, {1, 0, 0, 0, 1}, {classes={"no bottle", "bottle"}})
actual \ predicted                       bottle                     no bottle
bottle                       1 TP true positive  1 FN false negative, Type II
no bottle           1 FP false positive, Type I            2 TN true negative
]], options.takes(CONFUSION, function(y_true, y_pred, given)
  local what = "metrics.confusion_matrix"
  local read = options.read(what, given, CONFUSION)
  local truth, predicted = read_pair(what, y_true, y_pred)
  local list = label_list(truth, predicted, read.classes)
  local cm = {counts = {}, classes = {}, layout = read.layout}
  if #list == 2 then
    local positive = read.positive
    if positive == nil then positive = list[1] == 1 and 1 or list[2] end
    local negative = list[1] == positive and list[2] or list[1]
    if list[1] ~= positive and list[2] ~= positive then
      error(string.format("%s: positive=%s is not among the labels %s and %s", what, positive, list[1], list[2]), 0)
    end
    if read.layout == "course" then
      list, cm.cells = {positive, negative}, {{"TP", "FN"}, {"FP", "TN"}}
    else
      list, cm.cells = {negative, positive}, {{"TN", "FP"}, {"FN", "TP"}}
    end
  elseif read.positive ~= nil then
    error(string.format("%s: positive says which of two classes comes first, but there are %d; for one class against "
      .. "the rest compare eq(y_true, c) with eq(y_pred, c)", what, #list), 0)
  end
  for i, actual in ipairs(list) do
    local here = tensor.eq(truth, actual)
    cm.counts[i] = {}
    cm.classes[i] = read.classes and read.classes[actual + 1] or tostring(actual)
    for j, label in ipairs(list) do
      local n = count(tensor.logical_and(here, tensor.eq(predicted, label)))
      cm.counts[i][j] = n
      if cm.cells then cm[cm.cells[i][j]] = n end
    end
  end
  return setmetatable(cm, Confusion)
end))

-- ---- ratios of two classes ----

local function binary(what, y_true, y_pred, given)
  local read = options.read(what, given, {{"positive", 1}})
  local truth, predicted = read_pair(what, y_true, y_pred)
  local actual, called = tensor.eq(truth, read.positive), tensor.eq(predicted, read.positive)
  local tp = count(tensor.logical_and(actual, called))
  local fn, fp = count(actual) - tp, count(called) - tp
  return tp, fn, fp, #truth - tp - fn - fp
end

local function ratio(a, b)
  return b == 0 and 0 / 0 or a / b
end

metrics.accuracy_score = doc("metrics.accuracy_score", [[
metrics.accuracy_score(y_true, y_pred) -> number

The share of samples whose label was predicted right, from 0 to 1; labels as for metrics.confusion_matrix.
Look at metrics.majority_baseline(y_true) beside it.

> metrics.accuracy_score({1, 0, 0, 1}, {1, 0, 1, 1})
0.75
]], function(y_true, y_pred)
  local truth, predicted = read_pair("metrics.accuracy_score", y_true, y_pred)
  return count(tensor.eq(truth, predicted)) / #truth
end)

metrics.majority_baseline = doc("metrics.majority_baseline", [[
metrics.majority_baseline(y_true) -> number

The accuracy of always answering the most frequent class, which needs no model at all.

> metrics.majority_baseline{0, 0, 0, 1}
0.75
]], function(y_true)
  return baseline.of_labels(labels("metrics.majority_baseline", "the truth", y_true))
end)

metrics.precision_score = doc("metrics.precision_score", [[
metrics.precision_score(y_true, y_pred, {positive=1}) -> number

TP / (TP + FP): how many of the samples called positive are. Every label but `positive` counts as negative. nan
when none was called positive.

> metrics.precision_score({1, 1, 0, 0, 0}, {1, 0, 0, 0, 1})
0.5
]], function(y_true, y_pred, given)
  local tp, _, fp = binary("metrics.precision_score", y_true, y_pred, given)
  return ratio(tp, tp + fp)
end)

metrics.recall_score = doc("metrics.recall_score", [[
metrics.recall_score(y_true, y_pred, {positive=1}) -> number

TP / (TP + FN), also called sensitivity: how many of the positive samples were found. nan when there are none.

> metrics.recall_score({1, 1, 0, 0, 0}, {1, 0, 0, 0, 1})
0.5
]], function(y_true, y_pred, given)
  local tp, fn = binary("metrics.recall_score", y_true, y_pred, given)
  return ratio(tp, tp + fn)
end)

metrics.specificity_score = doc("metrics.specificity_score", [[
metrics.specificity_score(y_true, y_pred, {positive=1}) -> number

TN / (TN + FP): how many of the negative samples were recognised as such. nan when there are none.

> metrics.specificity_score({1, 1, 0, 0}, {1, 0, 0, 1})
0.5
]], function(y_true, y_pred, given)
  local _, _, fp, tn = binary("metrics.specificity_score", y_true, y_pred, given)
  return ratio(tn, tn + fp)
end)

metrics.f1_score = doc("metrics.f1_score", [[
metrics.f1_score(y_true, y_pred, {positive=1}) -> number

2 TP / (2 TP + FP + FN): the harmonic mean of precision and recall, useful where classes are unbalanced. nan
when there is no positive sample, neither true nor predicted.

> metrics.f1_score({1, 1, 0, 0, 0}, {1, 0, 0, 0, 1})
0.5
]], function(y_true, y_pred, given)
  local tp, fn, fp = binary("metrics.f1_score", y_true, y_pred, given)
  return ratio(2 * tp, 2 * tp + fp + fn)
end)

-- ---- the course's table, with the numbers in it ----

local Report = {}
Report.__index = Report
Report.__name = "report"

-- A ratio, its row, and where it is undefined the reason: a line of its own, so that the table fits 80 columns.
local function line(name, formula, a, b, why, meaning)
  local value = ratio(a, b)
  local row = {name, formula, string.format("%d/%d", a, b), "", meaning}
  if value == value then
    row[4] = string.format("%.4f", value)
    return value, row
  end
  row[4] = "0/0"
  return value, row, string.format("%s is undefined (0/0): %s", name, why)
end

function Report:__tostring()
  local rows = {{"metric", "formula", "here", "value", "what it says"}}
  for i, row in ipairs(self.rows) do rows[i + 1] = row end
  return table.concat({columns(rows, {}), table.unpack(self.remarks)}, "\n")
end

metrics.report = doc("metrics.report", [[
metrics.report(y_true, y_pred, {positive=1}) -> report

The course's table for two classes with the numbers put into the formulas: accuracy beside the majority
baseline, precision, recall, specificity and F1. The values are fields too: r.accuracy, r.baseline,
r.precision, r.recall, r.specificity, r.f1 (nan where undefined).

> r = metrics.report({1, 1, 0, 0, 0}, {0, 0, 0, 0, 0})
> r.recall
0.0
> r.baseline
0.6
> r
metric             formula                here  value   what it says
accuracy           (TP + TN) / all        3/5   0.6000  overall performance
majority baseline  largest class / all    3/5   0.6000  without any model
precision          TP / (TP + FP)         0/0   0/0     a yes that is right
recall             TP / (TP + FN)         0/2   0.0000  positives found
specificity        TN / (TN + FP)         3/3   1.0000  negatives recognised
F1                 2TP / (2TP + FP + FN)  0/2   0.0000  precision and recall
precision is undefined (0/0): nothing was predicted positive
]], function(y_true, y_pred, given)
  local tp, fn, fp, tn = binary("metrics.report", y_true, y_pred, given)
  local all = tp + fn + fp + tn
  local r = {rows = {}, remarks = {}}
  local function add(field, ...)
    r[field], r.rows[#r.rows + 1], r.remarks[#r.remarks + 1] = line(...)
  end
  add("accuracy", "accuracy", "(TP + TN) / all", tp + tn, all, "", "overall performance")
  add("baseline", "majority baseline", "largest class / all", math.max(tp + fn, fp + tn), all, "",
    "without any model")
  add("precision", "precision", "TP / (TP + FP)", tp, tp + fp, "nothing was predicted positive",
    "a yes that is right")
  add("recall", "recall", "TP / (TP + FN)", tp, tp + fn, "no sample is positive", "positives found")
  add("specificity", "specificity", "TN / (TN + FP)", tn, tn + fp, "no sample is negative",
    "negatives recognised")
  add("f1", "F1", "2TP / (2TP + FP + FN)", 2 * tp, 2 * tp + fp + fn, "no sample is positive, true or predicted",
    "precision and recall")
  return setmetatable(r, Report)
end)

return metrics
