-- What the metrics are given: class labels, scores, weights of samples; and what they say where a ratio is 0/0.

local options = require "gradus.options"
local shapes = require "gradus.shapes"
local tensor = require "gradus.core.tensor"

local M = {}

--- nan and why: the two values of a metric that is 0/0.
function M.undefined(why)
  return 0 / 0, "undefined (0/0): " .. why
end

--- a / b, or where b is 0 nan and the reason.
function M.ratio(a, b, why)
  if b == 0 then return M.undefined(why) end
  return a / b
end

--- A tensor from a tensor or a list; `meaning` says what it should be.
function M.tensor(what, name, given, meaning)
  if type(given) == "table" and getmetatable(given) == nil then given = tensor.tensor(given) end
  if getmetatable(given) ~= tensor.metatable then
    error(string.format("%s: %s is a tensor of %s, not %s", what, name, meaning, type(given)), 0)
  end
  return given
end

local function flat(t)
  return t.ndim == 2 and t.shape[2] == 1 and t:reshape(-1) or t
end

-- Where a mask (n,) is true first, or nil.
local function first_where(mask)
  return tensor.any(mask) and tensor.argmax(mask:astype("uint8")) or nil
end

--- Class labels (n,) from a tensor (n,) or (n, 1), or a list. A mask's true is class 1.
function M.labels(what, name, given)
  given = flat(M.tensor(what, name, given, "class labels"))
  if given.ndim ~= 1 then
    error(string.format("%s: %s has shape %s; class labels are one number a sample: model:predict_classes(x), not "
      .. "model:predict(x)", what, name, shapes.text(given.shape)), 0)
  end
  if given.dtype == "bool" then return given:astype("int64") end
  if given.dtype:find("float", 1, true) then
    local whole = tensor.logical_and(tensor.eq(given, tensor.floor(given)), tensor.isfinite(given))
    local bad = first_where(tensor.logical_not(whole))
    if bad then
      error(string.format("%s: class labels are whole numbers, and sample %d of %s has %s; scores of two classes "
        .. "become labels with gt(scores, 0.5)", what, bad, name, given[bad]), 0)
    end
  end
  return given
end

local function expect_samples(what, n, m, truths, predictions)
  if n ~= m then error(string.format("%s: %d %s, but %d predicted ones", what, n, truths, m, predictions), 0) end
  if n == 0 then error(what .. ": there is not one sample", 0) end
end

--- True and predicted class labels, of equal number.
function M.pair(what, truth, predicted)
  truth, predicted = M.labels(what, "the truth", truth), M.labels(what, "the prediction", predicted)
  expect_samples(what, #truth, #predicted, "true labels")
  return truth, predicted
end

--- Numbers without NaN and infinities, as float64.
function M.numbers(what, name, given)
  given = M.tensor(what, name, given, "numbers")
  if given.ndim == 0 then error(string.format("%s: %s is one number; it has one row a sample", what, name), 0) end
  given = given:astype("float64")
  local bad = first_where(tensor.logical_not(tensor.isfinite(given:reshape(-1))))
  if bad then
    local row = (bad - 1) // (given.size // given.shape[1]) + 1
    error(string.format("%s: sample %d of %s has %s", what, row, name, given:reshape(-1)[bad]), 0)
  end
  return given
end

--- Scores (n,) of the positive class, or (n, k) of k classes; (n, 2) are read as those of class 1 when `binary`.
function M.scores(what, given, n, binary)
  local scores = flat(M.numbers(what, "the scores", given))
  expect_samples(what, n, scores.shape[1], "true labels")
  if scores.ndim > 2 then
    error(string.format("%s: the scores have shape %s; they are (n,) numbers, or (n, classes)", what,
      shapes.text(scores.shape)), 0)
  end
  if binary and scores.ndim == 2 and scores.shape[2] == 2 then scores = scores[{{}, 2}] end
  return scores
end

--- The weights of n samples as float64, or nil when there are none.
function M.weights(what, given, n)
  if given == nil then return nil end
  local weights = flat(M.numbers(what, "sample_weight", given))
  if weights.ndim ~= 1 or #weights ~= n then
    error(string.format("%s: sample_weight has shape %s, but there are %d samples", what,
      shapes.text(weights.shape), n), 0)
  end
  local bad = first_where(tensor.lt(weights, 0))
  if bad then error(string.format("%s: sample_weight is negative (%s) at sample %d", what, weights[bad], bad), 0) end
  if not tensor.any(tensor.gt(weights, 0)) then error(what .. ": all of sample_weight is 0", 0) end
  return weights
end

--- The mean of numbers (n,), weighted when there are weights.
function M.mean(values, weights)
  if not weights then return tensor.mean(values) end
  return tensor.sum(values * weights) / tensor.sum(weights)
end

--- A Lua list of numbers from a list or a tensor (n,).
function M.list(what, name, given)
  if getmetatable(given) == tensor.metatable and given.ndim == 1 then given = given:totable() end
  if type(given) ~= "table" or #given == 0 then
    error(string.format("%s: %s is a list, as in %s={0, 1, 2}", what, name, name), 0)
  end
  local list = {}
  for i, value in ipairs(given) do list[i] = math.tointeger(value) or value end
  return list
end

--- Which of two classes is the positive one: the given one; otherwise 1, or else the greater label.
function M.positive(what, list, given)
  if given ~= nil then return given end
  if #list > 2 then
    error(string.format('%s: there are %d classes (%s%s), so say which is meant: average="macro" for the mean over '
      .. 'them, "micro" or "weighted"; or positive=%s for that class against the rest', what, #list,
      table.concat(list, ", ", 1, math.min(#list, 6)), #list > 6 and ", ..." or "", list[#list]), 0)
  end
  if #list == 2 and list[1] ~= 1 and list[2] ~= 1 then return list[2] end
  return 1
end

--- The number that zero_division puts in the place of 0/0, or nil for nan.
function M.zero_division(what, given)
  if given == nil or given ~= given then return nil end
  return options.choice(what, "zero_division", given, {0, 1})
end

return M
