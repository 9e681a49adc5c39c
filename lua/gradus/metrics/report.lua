-- Tables of scores: the course's for two classes with the numbers put into the formulas, and scikit-learn's for more.

local columns = require "gradus.columns"
local counts = require "gradus.metrics.counts"
local doc = require("gradus.help").doc
local options = require "gradus.options"
local ratios = require "gradus.metrics.ratios"
local reading = require "gradus.metrics.reading"

local M = {}

-- ---- the course's table, with the numbers in it ----

local Report = {}
Report.__index = Report
Report.__name = "report"

-- A ratio, its row, and where it is undefined the reason: a line of its own, so that the table fits 80 columns.
local function line(name, formula, a, b, why, meaning)
  local value = b == 0 and 0 / 0 or a / b
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

M.report = doc("metrics.report", [[
metrics.report(y_true, y_pred, {positive}) -> report

The course's table for two classes with the numbers put into the formulas: accuracy beside the majority
baseline, precision, recall, specificity and F1. The values are fields too: r.accuracy, r.baseline,
r.precision, r.recall, r.specificity, r.f1 (nan where undefined). The positive class is 1, or else the greater of two
labels; `positive` names another, against the rest.

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
  local what = "metrics.report"
  local read = options.read(what, given, {{"positive"}})
  local truth, predicted = reading.pair(what, y_true, y_pred)
  local label = reading.positive(what, counts.labels(truth, predicted), read.positive)
  local c = counts.of_class(truth, predicted, nil, label)
  local tp, fn, fp, tn = c.tp, c.fn, c.fp, c.tn
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

-- ---- scikit-learn's table, a row a class ----

local ClassReport = {}
ClassReport.__name = "classification report"

local SCORES = {["precision"] = "precision", ["recall"] = "recall", ["f1-score"] = "fbeta"}
local ORDER = {"precision", "recall", "f1-score"}

-- Beside the numbers and out of sight, since a class may have any name: how the table looks.
local looks = setmetatable({}, {__mode = "k"})

-- A row from what `of(formula)` gives: a value and why it is undefined. Each reason is told once.
local function add_row(report, name, support, of)
  local row, look = {support = support}, looks[report]
  for _, score in ipairs(ORDER) do
    local value, why = of(SCORES[score])
    row[score] = value
    if why and not look.remarks[why] then
      look.remarks[why] = true
      look.remarks[#look.remarks + 1] = ("%s of %s is %s"):format(score, name, why)
    end
  end
  report[name] = row
  look.rows[#look.rows + 1] = {name = name, support = support, row = row}
end

local function pad(text, width)
  return (" "):rep(width - (utf8.len(text) or #text)) .. text
end

-- As scikit-learn lays it out.
function ClassReport:__tostring()
  local look = looks[self]
  local width = math.max(#"weighted avg", look.digits)
  for _, row in ipairs(look.rows) do width = math.max(width, utf8.len(row.name) or #row.name) end
  local lines = {}
  local function line(name, ...)
    local cells = {pad(name, width) .. " "}
    for i, cell in ipairs {...} do cells[i + 1] = pad(cell, 9) end
    lines[#lines + 1] = table.concat(cells, " ")
  end
  local function number(x)
    return x == x and ("%." .. look.digits .. "f"):format(x) or "0/0"
  end
  line("", "precision", "recall", "f1-score", "support")
  for i, entry in ipairs(look.rows) do
    if i == 1 or i == look.classes + 1 then lines[#lines + 1] = "" end
    local row = entry.row
    local support = (math.type(entry.support) == "integer" and "%d" or "%.6g"):format(entry.support)
    if type(row) == "table" then
      line(entry.name, number(row.precision), number(row.recall), number(row["f1-score"]), support)
    else
      line(entry.name, "", "", number(row), support)
    end
  end
  table.move(look.remarks, 1, #look.remarks, #lines + 1, lines)
  return table.concat(lines, "\n")
end

M.classification_report = doc("metrics.classification_report", [[
metrics.classification_report(y_true, y_pred, {labels, classes, sample_weight, digits=2, zero_division}) -> report

A table with precision, recall, F1 and the number of true samples (the support) of each class, the accuracy, and two
means over the classes: plain ("macro") and with each class as often as it occurs ("weighted"). `labels` chooses and
orders the classes, `classes` names them. The numbers are fields: r["1"].recall, r["macro avg"]["f1-score"],
r.accuracy. Where a ratio is 0/0 it is nan, shown as 0/0 and explained below; zero_division=0 puts 0 in its place, as
scikit-learn does. When `labels` leaves classes out, "micro avg" stands in the place of the accuracy.

> metrics.classification_report({0, 1, 1, 1}, {0, 1, 1, 0}, {classes={"no", "yes"}})
              precision    recall  f1-score   support

          no       0.50      1.00      0.67         1
         yes       1.00      0.67      0.80         3

    accuracy                           0.75         4
   macro avg       0.75      0.83      0.73         4
weighted avg       0.88      0.75      0.77         4
]], function(y_true, y_pred, given)
  local what = "metrics.classification_report"
  local read = options.read(what, given, {{"labels"}, {"classes"}, {"sample_weight"}, {"digits", 2},
    {"zero_division"}})
  if math.type(read.digits) ~= "integer" or read.digits < 0 or read.digits > 17 then
    error(string.format("%s: digits is a whole number from 0 to 17, not %s", what, tostring(read.digits)), 0)
  end
  local truth, predicted = reading.pair(what, y_true, y_pred)
  local weights, instead = reading.weights(what, read.sample_weight, #truth),
    reading.zero_division(what, read.zero_division)
  local wanted = read.labels and reading.list(what, "labels", read.labels)
  if not wanted and read.classes then
    wanted = {}
    for i = 1, #read.classes do wanted[i] = i - 1 end
  end
  local classes = counts.by_class(what, truth, predicted, weights, wanted)
  if read.classes and #read.classes ~= #classes then
    error(string.format("%s: labels has %d classes, and classes %d names", what, #classes, #read.classes), 0)
  end
  local report = setmetatable({}, ClassReport)
  looks[report] = {rows = {}, remarks = {}, digits = read.digits, classes = #classes}
  for i, c in ipairs(classes) do
    local name = read.classes and tostring(read.classes[i]) or tostring(c.label)
    add_row(report, name, c.actual, function(formula) return ratios.ratio(formula, c, 1, instead) end)
  end
  local pooled = counts.pooled(classes)
  local function add_average(name, average)
    add_row(report, name, pooled.actual, function(formula)
      return ratios.averages[average](formula, classes, 1, instead)
    end)
  end
  if #classes == #classes.total then
    report.accuracy = pooled.tp / classes.all
    table.insert(looks[report].rows, {name = "accuracy", row = report.accuracy, support = pooled.actual})
  else
    if read.classes and not read.labels then
      error(string.format("%s: label %s occurs, but there are only %d class names (labels 0 to %d)", what,
        classes.total[#classes + 1].label, #classes, #classes - 1), 0)
    end
    add_average("micro avg", "micro")
  end
  add_average("macro avg", "macro")
  add_average("weighted avg", "weighted")
  return report
end)

return M
