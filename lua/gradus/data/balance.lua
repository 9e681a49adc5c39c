-- Unequal classes: weights for them, or as many items of each.

local augment = require("gradus.data.augment").augment
local core = require "gradus.core.data"
local doc = require("gradus.help").doc
local options = require "gradus.options"
local parts = require "gradus.data.parts"
local session = require "gradus.session"
local tensor = require "gradus.core.tensor"

local error, ipairs, math, pairs, tostring, type = error, ipairs, math, pairs, tostring, type
local getmetatable, setmetatable = getmetatable, setmetatable
local format = string.format

local M = {}

-- {count of label 0, of 1, ...}, how many occur, and how many labels there are.
local function count(what, y)
  if not core.is_tensor(y) then error(format("%s takes labels, a tensor, not %s", what, parts.kind(y)), 3) end
  local counts = parts.call(core.labels, y, "y")
  local classes, n = 0, 0
  for _, c in ipairs(counts) do
    if c > 0 then classes = classes + 1 end
    n = n + c
  end
  return counts, classes, n
end

M.class_weights = doc("data.class_weights", [==[
data.class_weights(y) -> table

What each class should count in the loss so that all count the same together: n / (classes * items of the class), as
scikit-learn's "balanced". For model:fit's class_weight. Labels are 0-based whole numbers.

> w = data.class_weights(tensor{0, 0, 0, 1})
> w[0], w[1]
0.6666666666666666
2.0]==], function(y)
  local counts, classes, n = count("data.class_weights", y)
  local weights = {}
  for i, c in ipairs(counts) do
    if c > 0 then weights[i - 1] = n / (classes * c) end
  end
  return weights
end)

local WHAT = "data.balance"

-- Positions 1..n in an order drawn from the seed alone.
local function shuffled(n, seed)
  return parts.call(core.split, n, {1.0}, seed, nil)[1]
end

-- The positions that make up balanced data, class by class; and for each, whether it is a repetition.
local function choose(y, counts, most, seed)
  local rows, again = {}, {}
  local members = {}
  for i = 1, #counts do members[i] = {} end
  local flat = y:reshape(y.size)
  for i = 1, flat.size do
    local list = members[math.tointeger(flat[i]) + 1]
    list[#list + 1] = i
  end
  for label, list in ipairs(members) do
    local n = #list
    if n > 0 then
      local order = shuffled(n, (seed + 7919 * label) % 4294967296)
      for k = 0, most - 1 do
        rows[#rows + 1] = list[order[k % n + 1]]
        again[#again + 1] = k >= n and 1 or 0
      end
    end
  end
  return tensor.tensor(rows):astype "int64", again
end

local function positions(list)
  return #list > 0 and tensor.tensor(list):astype "int64" or nil
end

local function balance(x, y, o)
  local counts, classes, n = count(WHAT, y)
  if n == 0 then error(WHAT .. ": there are no labels", 3) end
  local least, most = math.huge, 0
  for _, c in ipairs(counts) do
    if c > 0 then least, most = math.min(least, c), math.max(most, c) end
  end
  if o.method == "weights" then
    local of, weights = {}, M.class_weights(y)
    for i = 1, #counts do of[i] = weights[i - 1] or 0 end
    local labels = y:reshape(y.size):astype "int64"
    return x, y, tensor.tensor(of)[labels + 1]
  end
  if classes < 2 then error(WHAT .. ": all items are of one class; there is nothing to balance", 3) end
  local rows, again = choose(y, counts, o.method == "under" and least or most, o.seed)
  local order = shuffled(rows.size, o.seed)
  rows = rows[order]
  local chosen, labels = x:take(rows), y:take(rows)
  if o.method == "augment" then
    local made = {}
    for i = 1, order.size do
      if again[order[i]] == 1 then made[#made + 1] = i end
    end
    made = positions(made)
    if made then
      local changes = {chosen:take(made), seed = o.seed}
      for key, value in pairs(o.augment) do changes[key] = value end
      chosen[made] = augment(changes)
    end
  end
  return chosen, labels
end

M.balance = doc("data.balance", [==[
data.balance(x, y, {method="over", seed=1, augment={flip=true, rotate=10, shift=0.1}}) -> x, y
data.balance(d, {method="over", ...}) -> data set

As many items of each class, in a shuffled order. "over" repeats items of the smaller classes until each has as many as
the largest; "under" leaves items of the larger classes out; "augment" does as "over" but changes each repeated
picture by data.augment with those options; "weights" changes nothing and gives for each item, as a third result (or
d.sample_weight), the weight of its class (data.class_weights) for fit's sample_weight. Of a split data set only the
training part changes: the others stay as the world is. Balance after the split: copies on both sides of it would be
known answers.

> x, y = data.balance(arange(4), tensor{0, 0, 0, 1}, {seed=3})
> bincount(y)
[3 3]
> x, y = data.balance(arange(4), tensor{0, 0, 0, 1}, {method="under"})
> bincount(y)
[1 1]]==], function(x, y, given)
  local set = parts.is_set(x) and x
  if set then
    given = y
    x, y = set.x_train, set.y_train
    if not core.is_tensor(x) then
      if not core.is_tensor(set.x) then error(WHAT .. ": this table has no x_train", 2) end
      error(WHAT .. ": this data set is not split yet: data.split comes first, or copies of one item stand in the "
        .. "training part and in the test part", 2)
    end
  end
  if not core.is_tensor(x) then
    error(format("%s takes items and labels, or a data set, not %s", WHAT, parts.kind(x)), 2)
  end
  local o = options.read(WHAT, given, {{"method", "over"}, {"seed", 1},
    {"augment", {flip = true, rotate = 10, shift = 0.1}}})
  options.choice(WHAT, "method", o.method, {"over", "under", "weights", "augment"})
  if math.type(o.seed) ~= "integer" or o.seed < 0 or o.seed > 4294967295 then
    error(WHAT .. ": seed is a whole number from 0 to 4294967295, not " .. tostring(o.seed), 2)
  end
  if type(o.augment) ~= "table" then error(WHAT .. ": augment is a table of data.augment's options", 2) end
  local role = parts.role(x)
  if role then
    session.warn(format("data.balance changes the %s part: a test on balanced data tells nothing of a world that is "
      .. "not; balance the training part", role))
  end
  local _, x_shape, _, n = core.describe(x)
  local _, y_shape, _, labels = core.describe(y)
  if n ~= labels then
    error(format("%s: x has shape %s and y has shape %s: %d items but %d labels", WHAT, x_shape, y_shape, n, labels), 2)
  end
  local new_x, new_y, weights = parts.call(balance, x, y, o)
  if not set then
    if weights then return new_x, new_y, weights end
    return new_x, new_y
  end
  local d = {}
  for key, value in pairs(set) do d[key] = value end
  d.x_train, d.y_train, d.sample_weight, d.notes = new_x, new_y, weights, nil
  if not weights then d.rows_train, d.kinds_train = nil, nil end  -- they told of the items as they were
  return setmetatable(d, getmetatable(set))
end)

return M
