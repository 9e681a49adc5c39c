-- Losses and training metrics by name. Each is one number a sample; the mean over the samples is what fit
-- reports.

local core = require "gradus.core.grad"
local options = require "gradus.options"

local M = {}

-- Numbers of gr_loss and gr_hit in src/kernel/network.h. `labels`: the truth is one class label a sample;
-- otherwise it has
-- the shape of the output.
local losses = {
  mean_squared_error = {0},
  binary_crossentropy = {1},
  categorical_crossentropy = {2},
  sparse_categorical_crossentropy = {3, labels = true},
}
local short = {mse = "mean_squared_error"}
local names = {"mean_squared_error", "mse", "binary_crossentropy", "categorical_crossentropy",
  "sparse_categorical_crossentropy"}

local hits = {binary_accuracy = 0, categorical_accuracy = 1, sparse_categorical_accuracy = 2}

--- The loss of that name: {name=, labels=, call=function(output, truth)}.
function M.get(name)
  options.choice("compile", "loss", name, names)
  name = short[name] or name
  local entry = losses[name]
  return {name = name, labels = entry.labels or false, call = function(p, t) return core.loss(entry[1], p, t) end}
end

local metric_names = {"accuracy", "binary_accuracy", "categorical_accuracy", "sparse_categorical_accuracy"}

--- Keras's rule for "accuracy": by the number of outputs and the form of the truth.
function M.metric(name, loss, n_outputs)
  options.choice("compile", "metrics", name, metric_names)
  local kind = name
  if name == "accuracy" then
    kind = loss.labels and "sparse_categorical_accuracy" or n_outputs == 1 and "binary_accuracy"
      or "categorical_accuracy"
  end
  return {name = name, kind = kind, call = function(p, t) return core.metric(hits[kind], p, t) end}
end

return M
