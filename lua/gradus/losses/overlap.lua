-- Losses of overlap, for masks: how much of what is marked and of what should be is the same. The many cells that are
-- empty in both count nothing, which is what an accuracy would live on.

local loss = require "gradus.losses.loss"
local tensor = require "gradus.core.tensor"

local losses = {}
local define, expect_alike, check_number = loss.into(losses), loss.expect_alike, loss.check_number

define("dice", {}, function(self, p, t)
  expect_alike(self, p, t)
  return 1 - 2 * tensor.sum(t * p, 2) / (tensor.sum(t, 2) + tensor.sum(p, 2) + loss.epsilon)
end, [[
losses.dice(y_true, y_pred) -> number

The mean over the samples of 1 - 2 sum(t p) / (sum(t) + sum(p)), for a mask t of 0 and 1 and probabilities p, rows
(n, cells): 0 where both are the same, 1 where they have nothing in common (Milletari et al. 2016). One number a
sample: in Keras that is Dice(axis=-1), while its default takes the whole batch for one mask.

> losses.dice(tensor{{1, 1, 0, 0}}, tensor{{1, 0, 0, 0}})
0.33333335555555477
]], {truth = "probabilities"})

local function check(self)
  for _, option in ipairs {"alpha", "beta"} do
    check_number(self, option, function(v) return v >= 0 and v < math.huge end, "a number from 0")
  end
end

define("tversky", {{"alpha", 0.5}, {"beta", 0.5}}, function(self, p, t)
  expect_alike(self, p, t)
  local both = tensor.sum(t * p, 2)
  local missed, wrong = tensor.sum(t * (1 - p), 2), tensor.sum((1 - t) * p, 2)
  return 1 - both / (both + self.alpha * missed + self.beta * wrong + loss.epsilon)
end, [[
losses.tversky(y_true, y_pred) -> number

losses.dice with two kinds of errors told apart: the mean over the samples of 1 - both / (both + alpha missed + beta
wrong), where both = sum(t p), missed = sum(t (1 - p)) and wrong = sum((1 - t) p). alpha and beta are 0.5, which is
Dice; a larger alpha finds more, a larger beta marks less that is not there (Salehi et al. 2017). One number a sample:
in Keras Tversky(axis=-1).

> losses.tversky{alpha=0.9, beta=0.1}(tensor{{1, 1, 0, 0}}, tensor{{1, 0, 0, 0}})
0.47368423822714534
]], {truth = "probabilities", check = check})

return losses
