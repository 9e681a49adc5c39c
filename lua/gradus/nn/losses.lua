-- Losses and training metrics by name. Each is one number a sample; the mean over the samples is what fit reports.
-- The loss is what training makes smaller, so it must change smoothly with the weights; accuracy does not (a class is
-- right or wrong), which is why it is only reported.
--
-- With the output p and the truth t of one sample, over its k outputs:
--
--   mean_squared_error                mean of (p - t)^2
--   binary_crossentropy               mean of -(t log p + (1 - t) log(1 - p)): t is 0 or 1
--   categorical_crossentropy          -sum of t log p: t is a one-hot row, so this is -log of the p of the true class
--   sparse_categorical_crossentropy   the same, with the true class given by its label
--
-- Cross-entropy is the surprise: 0 for a class that was given the probability 1, log k = 2.30 for a guess among k = 10
-- classes, without bound for a wrong class called certain. p is clipped to between 1e-7 and 1 - 1e-7, as in Keras, so
-- that log(0) does not happen; only where p comes straight from a softmax or a sigmoid it is not, since there the two
-- are computed as one, from the scores.

local core = require "gradus.core.grad"
local options = require "gradus.options"

local M = {}

-- Numbers of gr_loss and gr_hit in src/kernel/network.h. `labels`: the truth is one class label a sample; otherwise it
-- has the shape of the output.
local losses = {
  mean_squared_error = {0},
  binary_crossentropy = {1},
  categorical_crossentropy = {2},
  sparse_categorical_crossentropy = {3, labels = true},
}
local short = {mse = "mean_squared_error"}
local names = {"mean_squared_error", "mse", "binary_crossentropy", "categorical_crossentropy",
  "sparse_categorical_crossentropy"}

-- A sample is a hit (1) or not (0): the output is on the right side of 0.5, or the greatest one is that of the class.
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
