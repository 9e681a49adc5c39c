-- The counts that scores of class labels are made of. With weights of samples, each counts as much as it weighs.

local reading = require "gradus.metrics.reading"
local tensor = require "gradus.core.tensor"

local M = {}

local MOST = 1000  -- classes of a confusion matrix: more of them are no classes

local function whole_list(counts)
  local list = counts:totable()
  for i, n in ipairs(list) do list[i] = math.tointeger(n) or n end
  return list
end

-- The classes in order, and the position of each sample's class among them, for truth and prediction. `wanted`, when
-- given, come first, in their order.
local function positions(what, truth, predicted, wanted)
  local values, codes = tensor.unique(tensor.concatenate {truth, predicted}, {return_inverse = true})
  local present, list = whole_list(values), {}
  if not wanted then
    list = present
  else
    local place, moved = {}, {}
    for i, label in ipairs(wanted) do
      if place[label] then error(string.format("%s: labels names %s twice", what, label), 0) end
      list[i], place[label] = label, i
    end
    for i, label in ipairs(present) do
      if not place[label] then
        list[#list + 1] = label
        place[label] = #list
      end
      moved[i] = place[label]
    end
    codes = tensor.take(tensor.tensor(moved, {dtype = "int64"}), codes)
  end
  local n = #truth
  return list, codes[{{1, n}}], codes[{{n + 1, 2 * n}}]
end

--- What was counted of each class: a list of {label=, tp=, fn=, fp=, tn=, actual=, predicted=}, in the order of the
--- labels, or of those `wanted`. Its field `all` is the number of samples, `total` the list
--- with the other classes, too.
function M.by_class(what, truth, predicted, weights, wanted)
  local labels, t, p = positions(what, truth, predicted, wanted)
  local k = #labels
  local function count(codes, mask)
    local w = weights
    if mask then codes, w = codes[mask], w and w[mask] end
    return whole_list(tensor.bincount(codes - 1, {minlength = k, weights = w}))
  end
  local tp, actual, predictions = count(t, tensor.eq(t, p)), count(t), count(p)
  local all = 0
  for i = 1, k do all = all + actual[i] end
  local total = {}
  for i, label in ipairs(labels) do
    total[i] = {label = label, tp = tp[i], fn = actual[i] - tp[i], fp = predictions[i] - tp[i],
      tn = math.max(0, all - actual[i] - predictions[i] + tp[i]), actual = actual[i], predicted = predictions[i]}
  end
  local counts = wanted and table.move(total, 1, #wanted, 1, {}) or total
  counts.all, counts.total = all, total
  return counts
end

--- The same of one class against the rest.
function M.of_class(truth, predicted, weights, label)
  local actual, called = tensor.eq(truth, label), tensor.eq(predicted, label)
  local function count(mask)
    return tensor.sum(weights and weights * mask or mask)
  end
  local tp, all = count(tensor.logical_and(actual, called)), weights and tensor.sum(weights) or #truth
  local fn, fp = count(tensor.logical_and(actual, tensor.logical_not(called))),
    count(tensor.logical_and(called, tensor.logical_not(actual)))
  local tn = count(tensor.logical_not(tensor.logical_or(actual, called)))
  return {label = label, tp = tp, fn = fn, fp = fp, tn = tn, actual = tp + fn, predicted = tp + fp, all = all}
end

--- The sums over classes: what "micro" averages are made of.
function M.pooled(counts)
  local sums = {tp = 0, fn = 0, fp = 0, tn = 0, actual = 0, predicted = 0}
  for _, c in ipairs(counts) do
    for name in pairs(sums) do sums[name] = sums[name] + c[name] end
  end
  return sums
end

--- The labels that occur, sorted.
function M.labels(truth, predicted)
  return whole_list(tensor.unique(predicted and tensor.concatenate {truth, predicted} or truth))
end

--- Rows of counts: [i][j] samples of class labels[i] were predicted as labels[j]. Other classes are left out.
function M.matrix(what, truth, predicted, weights, labels)
  local k = #labels
  local list, t, p = positions(what, truth, predicted, labels)
  if #list > MOST then
    error(string.format("%s: there are %d different labels; are these classes? Numbers are compared by "
      .. "metrics.mean_squared_error", what, #list), 0)
  end
  local m = #list
  local counts = tensor.bincount((t - 1) * m + (p - 1), {minlength = m * m, weights = weights}):reshape(m, m)
  local rows = counts[{{1, k}, {1, k}}]:totable()
  for _, row in ipairs(rows) do
    for j, n in ipairs(row) do row[j] = math.tointeger(n) or n end
  end
  return rows
end

return M
