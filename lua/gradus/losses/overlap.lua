-- Losses of overlap, for masks: how much of what is marked and of what should be is the same. The many cells that are
-- empty in both count nothing, which is what an accuracy would live on.

local core = require "gradus.core.grad"
local loss = require "gradus.losses.loss"
local tensor = require "gradus.core.tensor"

local losses = {}
local define, expect_alike, check_number = loss.into(losses), loss.expect_alike, loss.check_number

local function check_axis(self)
  local list = type(self.axis) == "table" and self.axis or {self.axis}
  local good = (self.axis == nil or #list > 0) and getmetatable(list) == nil
  for _, axis in ipairs(list) do good = good and math.type(axis) == "integer" and axis ~= 0 end
  if good then return end
  error(string.format("losses.%s: axis is a position, 1 for the samples, 2, ..., or -1 for the last, or a list of "
    .. "them, as in axis={1, 2}; without it a whole batch is one mask", self.name), 0)
end

-- Which axes belong to one mask: whether the samples do, and the list of the others.
local function axes_of_mask(self, ndim)
  local is_in, others = {}, {}
  for _, axis in ipairs(type(self.axis) == "table" and self.axis or {self.axis}) do
    local at = axis < 0 and ndim + 1 + axis or axis
    if at < 1 or at > ndim then
      error(string.format("losses.%s: there is no axis %d: the prediction has %d, from 1 or from -1 down", self.name,
        axis, ndim), 0)
    end
    is_in[at] = true
  end
  for at = 2, ndim do
    if is_in[at] or self.axis == nil then others[#others + 1] = at end
  end
  return is_in[1] or self.axis == nil, others
end

-- A function that sums over the cells of each mask. Where samples lie in one mask together, its sum stands at each.
local function summing(self, ndim)
  local with_samples, others = axes_of_mask(self, ndim)
  return function(x)
    if #others > 0 then x = tensor.sum(x, {axis = others}) end
    return with_samples and core.batch_sum(x) or x
  end
end

-- One number a sample, the mean over its masks.
local function of_samples(rows)
  local others = {}
  for axis = 2, rows.ndim do others[axis - 1] = axis end
  return #others > 0 and tensor.mean(rows, {axis = others}) or rows
end

define("dice", {{"axis"}}, function(self, p, t)
  expect_alike(self, p, t)
  local sum = summing(self, p.ndim)
  return of_samples(1 - 2 * sum(t * p) / (sum(t + p) + loss.epsilon))
end, [==[
losses.dice(y_true, y_pred) -> number

1 - 2 sum(t p) / (sum(t) + sum(p)), for a mask t of 0 and 1 and probabilities p: 0 where both are the same, 1 where they
have nothing in common (Milletari et al. 2016). A whole batch is one mask, as in Keras, so that samples without a marked
cell do no harm, and what fit reports hangs on batch_size. With axis=-1 each sample is one, of rows (n, cells), and with
axis=1 each column, a class say; axis={2, 3, 4} takes the axes of masks (n, rows, columns, 1) together. The mean over
the masks is the loss. Over a batch, training keeps all of its activations in memory, as nn.BatchNormalization does.

> t, p = tensor{{1, 1, 0, 0}, {0, 0, 0, 0}}, tensor{{1, 0, 0, 0}, {0, 0, 0, 1}}
> losses.dice(t, p)
0.5000000124999997
> losses.dice{axis=-1}(t, p)   -- a third of it wrong, and nothing right
0.6666666777777774
]==], {truth = "probabilities", check = check_axis})

local function check(self)
  for _, option in ipairs {"alpha", "beta"} do
    check_number(self, option, function(v) return v >= 0 and v < math.huge end, "a number from 0")
  end
  check_axis(self)
end

define("tversky", {{"alpha", 0.5}, {"beta", 0.5}, {"axis"}}, function(self, p, t)
  expect_alike(self, p, t)
  local sum = summing(self, p.ndim)
  local both, errors = sum(t * p), sum(self.alpha * (t * (1 - p)) + self.beta * ((1 - t) * p))
  return of_samples(1 - both / (both + errors + loss.epsilon))
end, [==[
losses.tversky(y_true, y_pred) -> number

losses.dice with two kinds of errors told apart: 1 - both / (both + alpha missed + beta wrong), where both = sum(t p),
missed = sum(t (1 - p)) and wrong = sum((1 - t) p). alpha and beta are 0.5, which is Dice; a larger alpha finds more, a
larger beta marks less that is not there (Salehi et al. 2017). axis is as there: without it a whole batch is one mask.

> losses.tversky{alpha=0.9, beta=0.1}(tensor{{1, 1, 0, 0}}, tensor{{1, 0, 0, 0}})
0.47368423822714534
]==], {truth = "probabilities", check = check})

return losses
