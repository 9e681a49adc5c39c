-- The confusion matrix: which class was taken for which.

local columns = require "gradus.columns"
local counts = require "gradus.metrics.counts"
local doc = require("gradus.help").doc
local options = require "gradus.options"
local reading = require "gradus.metrics.reading"

local M = {}

local Confusion = {}
Confusion.__index = Confusion
Confusion.__name = "confusion matrix"

local words = {
  TP = "TP true positive",
  FN = "FN false negative, Type II",
  FP = "FP false positive, Type I",
  TN = "TN true negative",
}

-- What normalize divides by, and why that may be 0.
local shares = {
  ["true"] = {of = "actual", none = "no sample is of class %s"},
  pred = {of = "predicted", none = "nothing was predicted as class %s"},
  all = {of = "all samples", none = "there is no sample of these classes"},
}

local function number(n)
  return string.format(math.type(n) == "integer" and "%d" or "%.6g", n)
end

--- What a cell of two classes is, in the words of the course: "TP true positive".
function Confusion:words(i, j)
  return words[self.cells[i][j]]
end

function Confusion:cell(i, j)
  local rate = self.rates and self.rates[i][j]
  local text = not rate and number(self.counts[i][j]) or rate == rate and string.format("%.4f", rate) or "0/0"
  return self.cells and text .. " " .. self:words(i, j) or text
end

function Confusion:__tostring()
  local head, right = {"actual \\ predicted"}, {}
  for j, name in ipairs(self.classes) do head[j + 1], right[j + 1] = name, true end
  local rows = {head}
  for i, name in ipairs(self.classes) do
    local row = {name}
    for j = 1, #self.classes do row[j + 1] = self:cell(i, j) end
    rows[#rows + 1] = row
  end
  return table.concat({columns(rows, right), table.unpack(self.remarks)}, "\n")
end

-- The labels of the matrix: those asked for, or 0..k-1 when class names say how many there are, or those that occur.
local function label_list(what, truth, predicted, names, wanted)
  local present = counts.labels(truth, predicted)
  if wanted then
    if names and #names ~= #wanted then
      error(string.format("%s: labels has %d classes, and classes %d names", what, #wanted, #names), 0)
    end
    return wanted
  elseif names then
    local list = {}
    for i = 1, #names do list[i] = i - 1 end
    for _, label in ipairs(present) do
      if label < 0 or label >= #names then
        error(string.format("%s: label %s occurs, but there are only %d class names (labels 0 to %d)", what, label,
          #names, #names - 1), 0)
      end
    end
    return list
  end
  if #present == 1 and (present[1] == 0 or present[1] == 1) then return {0, 1} end
  return present
end

-- Two classes in the order of the layout, the names of their cells.
local function two_classes(what, list, wanted, layout)
  local positive = reading.positive(what, list, wanted)
  local negative = list[1] == positive and list[2] or list[1]
  if list[1] ~= positive and list[2] ~= positive then
    error(string.format("%s: positive=%s is not among the labels %s and %s", what, positive, list[1], list[2]), 0)
  end
  if layout == "course" then return {positive, negative}, {{"TP", "FN"}, {"FP", "TN"}} end
  return {negative, positive}, {{"TN", "FP"}, {"FN", "TP"}}
end

local function add_rates(cm, by)
  local n, sums, all = #cm.counts, {}, 0
  for i = 1, n do
    sums[i] = 0
    for j = 1, n do
      sums[i] = sums[i] + (by == "pred" and cm.counts[j][i] or cm.counts[i][j])
    end
    all = all + sums[i]
  end
  cm.rates = {}
  for i = 1, n do
    cm.rates[i] = {}
    for j = 1, n do
      local sum = by == "all" and all or sums[by == "pred" and j or i]
      cm.rates[i][j] = sum == 0 and 0 / 0 or cm.counts[i][j] / sum
    end
    if by ~= "all" and sums[i] == 0 then
      cm.remarks[#cm.remarks + 1] = "undefined (0/0): " .. shares[by].none:format(cm.classes[i])
    end
  end
  if by == "all" and all == 0 then cm.remarks[1] = "undefined (0/0): " .. shares.all.none end
end

local LAYOUTS, SHARES = {"course", "sklearn"}, {"true", "pred", "all"}
local CONFUSION = {
  {"classes"}, {"positive"}, {"layout", "course", one_of = LAYOUTS}, {"labels"}, {"sample_weight"},
  {"normalize", one_of = SHARES},
}

M.confusion_matrix = doc("metrics.confusion_matrix", [[
metrics.confusion_matrix(y_true, y_pred, {classes, positive, layout="course", labels, sample_weight, normalize})

How many samples of each actual class (rows) were predicted as each class (columns). Labels are 0-based, one a sample:
tensors of shape (n,) or (n, 1), or lists; `classes` gives their names. With two classes the positive one (1, or else
the greater label) comes first, as in the course: {{TP, FN}, {FP, TN}}, and the cells are named; layout="sklearn" puts
it last: {{TN, FP}, {FN, TP}}. cm.counts holds the numbers, cm.TP, cm.FN, cm.FP and cm.TN the cells of two classes.
More than two stand in the order of their labels, or of `labels`, which may leave classes out. `normalize` shows
shares instead of counts, and keeps them in cm.rates: "true" of each row, "pred" of each column, "all" of all samples
(nan where that is 0/0). sample_weight (n,) lets samples count more or less.

> metrics.confusion_matrix({1, 1, 0, 0, 0}, {1, 0, 0, 0, 1}, {classes={"no bottle", "bottle"}})
actual \ predicted                       bottle                     no bottle
bottle                       1 TP true positive  1 FN false negative, Type II
no bottle           1 FP false positive, Type I            2 TN true negative
> metrics.confusion_matrix({0, 1, 2, 2}, {0, 2, 2, 2}, {normalize="pred"})
actual \ predicted       0    1       2
0                   1.0000  0/0  0.0000
1                   0.0000  0/0  0.3333
2                   0.0000  0/0  0.6667
undefined (0/0): nothing was predicted as class 1
]], options.takes(CONFUSION, function(y_true, y_pred, given)
  local what = "metrics.confusion_matrix"
  local read = options.read(what, given, CONFUSION)
  options.choice(what, "layout", read.layout, LAYOUTS)
  if read.normalize ~= nil then options.choice(what, "normalize", read.normalize, SHARES) end
  local truth, predicted = reading.pair(what, y_true, y_pred)
  local weights = reading.weights(what, read.sample_weight, #truth)
  local wanted = read.labels and reading.list(what, "labels", read.labels)
  local list = label_list(what, truth, predicted, read.classes, wanted)
  local names = {}
  for i, label in ipairs(list) do names[label] = read.classes and read.classes[i] or tostring(label) end
  local cm = setmetatable({classes = {}, layout = read.layout, remarks = {}}, Confusion)
  if #list == 2 then
    list, cm.cells = two_classes(what, list, read.positive, read.layout)
  elseif read.positive ~= nil then
    error(string.format("%s: positive says which of two classes comes first, but there are %d; for one class against "
      .. "the rest compare eq(y_true, c) with eq(y_pred, c)", what, #list), 0)
  end
  cm.counts = counts.matrix(what, truth, predicted, weights, list)
  for i, label in ipairs(list) do
    cm.classes[i] = names[label]
    for j in ipairs(cm.cells and list or {}) do cm[cm.cells[i][j]] = cm.counts[i][j] end
  end
  if read.normalize then add_rates(cm, read.normalize) end
  return cm
end))

return M
