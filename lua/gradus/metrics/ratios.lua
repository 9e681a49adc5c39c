-- The ratios of a class against the rest (precision, recall, ...), and their means over classes.

local counts = require "gradus.metrics.counts"
local reading = require "gradus.metrics.reading"
local tensor = require "gradus.core.tensor"

local M = {}

-- Each: (counts of the class, beta) -> numerator, denominator, why the denominator may be 0 (of two classes, of more).
local formulas = {
  precision = function(c)
    return c.tp, c.predicted, "nothing was predicted positive", "nothing was predicted as %s"
  end,
  recall = function(c) return c.tp, c.actual, "no sample is positive", "no sample is of %s" end,
  specificity = function(c) return c.tn, c.tn + c.fp, "no sample is negative", "every sample is of %s" end,
  fbeta = function(c, beta)
    local b2 = beta ^ 2
    return (1 + b2) * c.tp, (1 + b2) * c.tp + b2 * c.fn + c.fp, "no sample is positive, true or predicted",
      "no sample is of %s, true or predicted"
  end,
  jaccard = function(c)
    return c.tp, c.tp + c.fn + c.fp, "no sample is positive, true or predicted",
      "no sample is of %s, true or predicted"
  end,
}

--- The ratio of one class, `instead` (or nan, and why) where it is 0/0.
function M.ratio(formula, c, beta, instead, binary)
  local a, b, why, why_class = formulas[formula](c, beta)
  if b ~= 0 then return a / b end
  if instead then return instead end
  if binary then return reading.undefined(why) end
  return reading.undefined(why_class:format(c.label and "class " .. c.label or "these classes"))
end

-- The mean over classes, each `weight_of` it (those of weight 0 do not count). One that is undefined makes it
-- undefined.
local function mean_over(formula, classes, beta, instead, weight_of)
  local sum, total = 0, 0
  for _, c in ipairs(classes) do
    local weight = weight_of(c)
    if weight > 0 then
      local value, why = M.ratio(formula, c, beta, instead)
      if why then return value, why end
      sum, total = sum + weight * value, total + weight
    end
  end
  if total == 0 and instead then return instead end
  return reading.ratio(sum, total, "no sample is of these classes")
end

local function one() return 1 end
local function support(c) return c.actual end

--- The ways to take a mean over the classes of counts.by_class.
M.averages = {
  macro = function(formula, classes, beta, instead) return mean_over(formula, classes, beta, instead, one) end,
  weighted = function(formula, classes, beta, instead) return mean_over(formula, classes, beta, instead, support) end,
  micro = function(formula, classes, beta, instead) return M.ratio(formula, counts.pooled(classes), beta, instead) end,
  none = function(formula, classes, beta, instead)
    local list = {}
    for i, c in ipairs(classes) do list[i] = M.ratio(formula, c, beta, instead) end
    return tensor.tensor(list)
  end,
}

return M
