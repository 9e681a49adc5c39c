-- Losses of scores, numbers of any size whose side says the class: a sample counts until it is right by a margin.

local loss = require "gradus.losses.loss"
local tensor = require "gradus.core.tensor"

local losses = {}
local define, expect_alike = loss.into(losses), loss.expect_alike

define("hinge", {}, function(self, p, t)
  expect_alike(self, p, t)
  return tensor.mean(tensor.maximum(1 - t * p, 0), 2)
end, [[
losses.hinge(y_true, y_pred) -> number

The mean of max(0, 1 - y_true * y_pred), for a truth of -1 and 1 and scores of any size: a sample counts until it is
right with a margin of 1, as in a support vector machine (Cortes and Vapnik 1995).

> losses.hinge(tensor{1, -1, 1}, tensor{2, -0.5, -1})
0.8333333333333334
]], {truth = "signs"})

define("squared_hinge", {}, function(self, p, t)
  expect_alike(self, p, t)
  return tensor.mean(tensor.maximum(1 - t * p, 0) ^ 2, 2)
end, [[
losses.squared_hinge(y_true, y_pred) -> number

The mean of max(0, 1 - y_true * y_pred)^2, for a truth of -1 and 1: losses.hinge without its corner, and stricter with
scores that are wrong by far.

> losses.squared_hinge(tensor{1, -1, 1}, tensor{2, -0.5, -1})
1.4166666666666667
]], {truth = "signs"})

define("categorical_hinge", {}, function(self, p, t)
  expect_alike(self, p, t)
  local right, wrong = tensor.sum(t * p, 2), tensor.max((1 - t) * p, 2)
  return tensor.maximum(wrong - right + 1, 0)
end, [[
losses.categorical_hinge(y_true, y_pred) -> number

The mean over the samples of max(0, 1 + wrong - right), right being the score of the true class and wrong the greatest
of the others, or 0 if that is greater (as in Keras, where the true class counts 0 among them): for one-hot rows and
scores (n, classes), as in a support vector machine of several classes (Weston and Watkins 1999).

> losses.categorical_hinge(tensor{{0, 1, 0}}, tensor{{0.5, 1, -2}})
0.5
]], {truth = "shares"})

return losses
