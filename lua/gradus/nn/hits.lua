-- Accuracy while training: a sample is a hit (1) or not (0). The output is on the right side of 0.5, or the greatest
-- one is that of the class.

local core = require "gradus.core.grad"
local options = require "gradus.options"

-- Numbers of gr_hit in src/kernel/network.h.
local hits = {binary_accuracy = 0, categorical_accuracy = 1, sparse_categorical_accuracy = 2}

local names = {"accuracy", "binary_accuracy", "categorical_accuracy", "sparse_categorical_accuracy"}

--- The metric of that name: {name=, kind=, call=function(output, truth)}. Keras's rule for "accuracy": by the number of
--- outputs and the form of the truth.
return function(name, loss, n_outputs)
  options.choice("compile", "metrics", name, names)
  local kind = name
  if name == "accuracy" then
    kind = loss.labels and "sparse_categorical_accuracy" or n_outputs == 1 and "binary_accuracy"
      or "categorical_accuracy"
  end
  return {name = name, kind = kind, call = function(p, t) return core.metric(hits[kind], p, t) end}
end
