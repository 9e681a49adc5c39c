-- The majority baseline: the accuracy of always answering the most frequent class. Accuracy never stands alone: 90 %
-- sounds good, and is worthless where 90 % of the samples are of one class.

local tensor = require "gradus.core.tensor"

local M = {}

--- Counts of the class labels 0, 1, ... in a tensor of labels, as a Lua table by label.
function M.counts(labels)
  local counts = {}
  for _, label in ipairs(labels:reshape(-1):totable()) do
    label = math.tointeger(label) or label
    counts[label] = (counts[label] or 0) + 1
  end
  return counts
end

--- The share of the most frequent class among labels (n,) or (n, 1).
function M.of_labels(labels)
  local most, n = 0, labels.size
  for _, count in pairs(M.counts(labels)) do most = math.max(most, count) end
  return n > 0 and most / n or 0
end

--- The same for the truth of a model: labels, one-hot rows, or 0 and 1. Nil where the truth is no classes at all.
function M.of(model, y)
  local of_classes = false
  for _, metric in ipairs(model.metrics) do of_classes = of_classes or not metric.numbers end
  if not of_classes then return nil end
  if model.loss.labels or y.ndim == 1 or y.shape[2] == 1 then return M.of_labels(y) end
  if y.ndim == 2 then return M.of_labels(tensor.argmax(y, 2)) end
end

-- What always answering the most frequent class would reach is a number of these alone: its balanced accuracy is
-- 1 / classes, whatever their shares.
local judged = {accuracy = true, binary_accuracy = true, categorical_accuracy = true,
  sparse_categorical_accuracy = true}

--- Whether a metric of that name ("accuracy", "val_accuracy", ...) is one to show the baseline beside.
function M.belongs_to(name)
  return judged[(name:gsub("^val_", ""))] or false
end

return M
