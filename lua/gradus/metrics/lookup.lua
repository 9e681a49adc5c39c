-- From what a learner gives compile to a metric: {name=, call=} is counted inside the steps of training, a hit (1) or
-- not (0) a sample; {name=, whole=} is computed from the truth and the outputs of a whole epoch, and so is never an
-- average over batches, which would be another number.

local core = require "gradus.core.grad"
local metrics = require "gradus.metrics"
local options = require "gradus.options"
local tensor = require "gradus.core.tensor"

-- Numbers of gr_hit in src/kernel/network.h: the output is on the right side of 0.5, or the greatest one is that of the
-- class.
local hits = {binary_accuracy = 0, categorical_accuracy = 1, sparse_categorical_accuracy = 2}

-- Class labels from a truth (labels, 0 and 1, or one-hot rows) or from outputs (n, k).
local function labels(t)
  if t.ndim == 1 then return t end
  if t.shape[2] == 1 then return tensor.gt(t:reshape(-1), 0.5):astype("int64") end
  return tensor.argmax(t, 2) - 1
end

local function true_labels(y)
  return (y.ndim == 1 or y.shape[2] == 1) and y:reshape(-1) or labels(y)
end

-- The score of the positive class: the only output, or that of class 1 of two.
local function scores(name, outputs)
  local k = outputs.shape[2]
  if k == 1 then return outputs:reshape(-1) end
  if k == 2 then return outputs[{{}, 2}] end
  error(string.format("the metric %s is for two classes, and the network has %d outputs", name, k), 0)
end

local function of_labels(f)
  return function(y, outputs) return f(true_labels(y), labels(outputs)) end
end

local function of_scores(name, f)
  return function(y, outputs) return f(true_labels(y), scores(name, outputs)) end
end

local whole = {
  precision = of_labels(metrics.precision_score),
  recall = of_labels(metrics.recall_score),
  specificity = of_labels(metrics.specificity_score),
  f1_score = of_labels(metrics.f1_score),
}
if metrics.balanced_accuracy_score then whole.balanced_accuracy = of_labels(metrics.balanced_accuracy_score) end
if metrics.roc_auc_score then whole.auc = of_scores("auc", metrics.roc_auc_score) end
if metrics.average_precision_score then
  whole.average_precision = of_scores("average_precision", metrics.average_precision_score)
end
if metrics.top_k_accuracy_score then
  whole.top_k_categorical_accuracy = function(y, outputs)
    return metrics.top_k_accuracy_score(true_labels(y), outputs, {k = 5})
  end
end

local names = {"accuracy"}
for name in pairs(hits) do names[#names + 1] = name end
for name in pairs(whole) do names[#names + 1] = name end
table.sort(names)

-- A learner's own function of the truth and the outputs.
local function own(f)
  return {name = "metric", whole = function(y, outputs)
    local value = f(y, outputs)
    if type(value) == "userdata" and getmetatable(value) == tensor.metatable and value.size == 1 then
      value = value:item()
    end
    if type(value) ~= "number" then
      error("your metric gave a " .. type(value) .. "; it gives one number for all samples", 0)
    end
    return value
  end}
end

--- The metric of that name. Keras's rule for "accuracy": by the number of outputs and the form of the truth.
local function find(wanted, loss, n_outputs)
  if type(wanted) == "function" then return own(wanted) end
  options.choice("compile", "metrics", wanted, names)
  if whole[wanted] then return {name = wanted, whole = whole[wanted]} end
  local kind = wanted
  if wanted == "accuracy" then
    kind = loss.labels and "sparse_categorical_accuracy" or n_outputs == 1 and "binary_accuracy"
      or "categorical_accuracy"
  end
  return {name = wanted, call = function(p, t) return core.metric(hits[kind], p, t) end}
end

return {find = find, names = names}
