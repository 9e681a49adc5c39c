-- From what a learner gives compile to a metric: {name=, call=} is counted inside the steps of training, a hit (1) or
-- not (0) a sample; {name=, whole=} is computed from the truth and the outputs of a whole epoch, and so is never an
-- average over batches, which would be another number.

local core = require "gradus.core.grad"
local losses = require "gradus.losses"
local metrics = require "gradus.metrics"
local options = require "gradus.options"
local tensor = require "gradus.core.tensor"

-- Numbers of gr_hit in src/kernel/network.h: the output is on the right side of 0.5, or the greatest one is that of the
-- class.
local hits = {binary_accuracy = 0, categorical_accuracy = 1, sparse_categorical_accuracy = 2}

-- ---- truth and outputs, as metrics take them ----

-- Whether a single output is a score, which says yes from 0 on, and no probability, which does from one half on.
local function is_score(loss)
  return loss ~= nil and (loss.from_logits or loss.truth == "signs") or false
end

-- Class labels from outputs (n, k).
local function labels(outputs, loss)
  if outputs.shape[2] == 1 then return tensor.gt(outputs:reshape(-1), is_score(loss) and 0 or 0.5):astype("int64") end
  return tensor.argmax(outputs, 2) - 1
end

-- Class labels from a truth: labels, 0 and 1 (hinges have -1 in the place of 0), or one-hot rows.
local function true_labels(y, loss)
  if y.ndim == 2 and y.shape[2] > 1 then return labels(y) end
  y = y:reshape(-1)
  return loss.truth == "signs" and tensor.gt(y, 0) or y
end

-- A metric is {whole = function(y, outputs, loss), fits = function(name, outputs, loss)}; `fits` says why the metric is
-- none of a network with so many outputs, or nil. Each must give one number: a reason behind it is dropped.

local function two_classes(name, outputs)
  if outputs > 2 then
    return string.format("it is of two classes, and the network has %d outputs; as a mean over the classes: "
      .. 'function(y, p) return metrics.%s_score(y, p:argmax(2) - 1, {average="macro"}) end', outputs,
      name:gsub("_score$", ""))
  end
end

local function of_two(f)
  return {fits = two_classes, whole = function(y, outputs, loss)
    return (f(true_labels(y, loss), labels(outputs, loss), {positive = 1}))
  end}
end

local function of_labels(f)
  return {whole = function(y, outputs, loss) return (f(true_labels(y, loss), labels(outputs, loss))) end}
end

-- Scores of two classes; of more, the mean over the classes, each against the rest.
local function of_scores(f)
  return {whole = function(y, outputs, loss)
    local truth = true_labels(y, loss)
    return (f(truth, outputs, outputs.shape[2] <= 2 and {positive = 1} or nil))
  end}
end

local TOP = 5

local top_k = {
  fits = function(_, outputs)
    if outputs <= TOP then
      return string.format("it asks whether the class is among the %d greatest outputs, and the network has only %d, "
        .. "so it would always be 1; for the 2 greatest: "
        .. "function(y, p) return metrics.top_k_accuracy_score(y, p, {k=2}) end", TOP, outputs)
    end
  end,
  whole = function(y, outputs, loss)
    return metrics.top_k_accuracy_score(true_labels(y, loss), outputs, {k = TOP})
  end,
}

local function of_numbers(f)
  return {
    numbers = true,
    fits = function(_, _, loss)
      if loss.labels then
        return "it compares numbers, and " .. loss.name .. " has class labels for its truth; metrics of classes are "
          .. '"accuracy", "balanced_accuracy", ...'
      end
    end,
    whole = function(y, outputs) return (f(y, outputs)) end,
  }
end

-- How many samples of two classes are both what `truth` and what `predicted` says.
local function of_counts(truth, predicted)
  return {
    fits = function(_, outputs)
      if outputs > 2 then
        return string.format("it is of two classes, and the network has %d outputs; metrics.confusion_matrix counts "
          .. "each class as each", outputs)
      end
    end,
    whole = function(y, outputs, loss)
      return tensor.sum(tensor.logical_and(tensor.eq(true_labels(y, loss), truth),
        tensor.eq(labels(outputs, loss), predicted)))
    end,
  }
end

local function truth_words(loss)
  return loss.labels and "class labels" or loss.truth == "signs" and "-1 and 1" or "numbers"
end

-- Losses that Keras lets one follow as metrics: of probabilities, or of scores where training has those.
local function of_loss(name)
  local measured = losses[name]
  return {
    fits = function(_, _, loss)
      local ours, theirs = truth_words(measured), truth_words(loss)
      if ours ~= theirs and (measured.labels or loss.labels or measured.truth and loss.truth) then
        return string.format("it compares outputs with %s, and %s has %s for its truth", ours, loss.name, theirs)
      end
    end,
    whole = function(y, outputs, loss)
      local as = name:find "crossentropy$" and measured:with {from_logits = is_score(loss)} or measured
      return as(y:astype(outputs.dtype), outputs)
    end,
  }
end

local whole = {
  true_positives = of_counts(1, 1),
  false_positives = of_counts(0, 1),
  true_negatives = of_counts(0, 0),
  false_negatives = of_counts(1, 0),
  precision = of_two(metrics.precision_score),
  recall = of_two(metrics.recall_score),
  specificity = of_two(metrics.specificity_score),
  f1_score = of_two(metrics.f1_score),
  balanced_accuracy = of_labels(metrics.balanced_accuracy_score),
  matthews_corrcoef = of_labels(metrics.matthews_corrcoef),
  cohen_kappa = of_labels(metrics.cohen_kappa_score),
  auc = of_scores(metrics.roc_auc_score),
  average_precision = of_scores(metrics.average_precision_score),
  top_k_categorical_accuracy = top_k,
  mean_squared_error = of_numbers(metrics.mean_squared_error),
  mse = of_numbers(metrics.mean_squared_error),
  root_mean_squared_error = of_numbers(metrics.root_mean_squared_error),
  mean_absolute_error = of_numbers(metrics.mean_absolute_error),
  mae = of_numbers(metrics.mean_absolute_error),
  mean_absolute_percentage_error = of_numbers(metrics.mean_absolute_percentage_error),
  r2_score = of_numbers(metrics.r2_score),
}

for _, name in ipairs {"mean_squared_logarithmic_error", "log_cosh", "poisson", "kl_divergence", "hinge",
  "squared_hinge", "categorical_hinge", "binary_crossentropy", "categorical_crossentropy",
  "sparse_categorical_crossentropy"} do
  whole[name] = of_loss(name)
end

local short = {acc = "accuracy"}
local names = {"acc", "accuracy"}
for name in pairs(hits) do names[#names + 1] = name end
for name in pairs(whole) do names[#names + 1] = name end
table.sort(names)

-- A learner's own function of the truth and the outputs.
local function own(name, f)
  return {name = name, whole = function(y, outputs)
    local value = f(y, outputs)
    if type(value) == "userdata" and getmetatable(value) == tensor.metatable and value.size == 1 then
      value = value:item()
    end
    if type(value) ~= "number" then
      local which = name == "metric" and name or 'metric "' .. name .. '"'
      error(string.format("your %s gave a %s; it gives one number for all samples", which, type(value)), 0)
    end
    return value
  end}
end

-- ---- hits ----

-- Keras's rule for "accuracy": by the number of outputs and the form of the truth.
local function kind_of_hit(wanted, loss, outputs)
  if wanted ~= "accuracy" then return wanted end
  return loss.labels and "sparse_categorical_accuracy" or outputs == 1 and "binary_accuracy" or "categorical_accuracy"
end

-- Why a hit of that kind would be another number than its name says, or nil.
local function misfit(kind, loss, outputs)
  if kind ~= "binary_accuracy" and outputs == 1 then
    return 'with one output the greatest is always that one; use "binary_accuracy"'
  elseif (kind == "sparse_categorical_accuracy") ~= (loss.labels or false) then
    return string.format('%s has %s for its truth; "accuracy" chooses what fits', loss.name,
      loss.labels and "class labels" or "a number an output")
  end
end

local function expect_fit(name, why)
  if why then error(string.format('the metric "%s" does not fit: %s', name, why), 0) end
end

--- compile's metrics as a list: names, functions, and {name=, f=} for those under names, behind the others.
local function list(given)
  if type(given) == "string" or type(given) == "function" then given = {given} end
  if type(given) ~= "table" then
    error('compile: metrics is a list of names, as in metrics={"accuracy"}, not a ' .. type(given), 0)
  end
  local wanted, called = {table.unpack(given)}, {}
  for key, f in pairs(given) do
    if type(key) == "string" then
      if type(f) ~= "function" then
        error(string.format("compile: the metric %s is a function of the truth and the outputs, not a %s", key,
          type(f)), 0)
      end
      called[#called + 1] = {name = key, f = f}
    end
  end
  table.sort(called, function(a, b) return a.name < b.name end)
  return table.move(called, 1, #called, #wanted + 1, wanted)
end

--- The metric of that name (in any case of its letters), or of list's form, for a loss and a network with `outputs`
--- outputs (nil: not known yet, and not checked).
local function find(wanted, loss, outputs)
  if type(wanted) == "function" then return own("metric", wanted) end
  if type(wanted) == "table" and type(wanted.f) == "function" then return own(wanted.name, wanted.f) end
  if type(wanted) == "string" then wanted = wanted:lower() end
  options.choice("compile", "metrics", wanted, names)
  wanted = short[wanted] or wanted
  local found = whole[wanted]
  if found then
    if outputs and found.fits then expect_fit(wanted, found.fits(wanted, outputs, loss)) end
    return {name = wanted, numbers = found.numbers,
      whole = function(y, p) return found.whole(y, p, loss) end}
  end
  local kind = kind_of_hit(wanted, loss, outputs or 1)
  if outputs then expect_fit(wanted, misfit(kind, loss, outputs)) end
  local scores = kind == "binary_accuracy" and is_score(loss)
  return {name = wanted, call = function(p, t)
    return core.metric(hits[kind], scores and tensor.sigmoid(p) or p, t)  -- it is one half where the score is 0
  end}
end

return {find = find, list = list, names = names, labels = labels}
