-- Losses of probabilities: the surprise of what is true, by a prediction that said how likely it is.

local core = require "gradus.core.grad"
local loss = require "gradus.losses.loss"
local tensor = require "gradus.core.tensor"

local losses = {}
local define, expect_alike, check_number = loss.into(losses), loss.expect_alike, loss.check_number
local smoothed, check_smoothing = loss.smoothed, loss.check_smoothing

-- Numbers of gr_loss in src/kernel/network.h.
local BINARY, CATEGORICAL, SPARSE = 1, 2, 3
local BINARY_LOGITS, CATEGORICAL_LOGITS, SPARSE_LOGITS = 4, 5, 6

define("binary_crossentropy", {{"from_logits", false}, {"label_smoothing", 0.0}}, function(self, p, t)
  return core.loss(self.from_logits and BINARY_LOGITS or BINARY, p, smoothed(self, t, 0.5))
end, [[
losses.binary_crossentropy(y_true, y_pred) -> number

The mean of -(t log p + (1 - t) log(1 - p)) for a truth t of 0 or 1 and its probability p, of a sigmoid: the surprise,
0 for what was certain and right, without bound for what was certain and wrong. p is kept within 1e-7 of 0 and 1 as
in Keras. from_logits=true takes scores from before the sigmoid, and loses nothing to rounding; label_smoothing=s
turns 0 and 1 into s / 2 and 1 - s / 2, so that nothing is to be certain.

> losses.binary_crossentropy(tensor{0, 1}, tensor{0.1, 0.9})
0.10536051565782628
> losses.binary_crossentropy{from_logits=true}(tensor{0, 1}, tensor{-2, 2})
0.1269280110429725
]], {truth = "probabilities", check = check_smoothing})

define("categorical_crossentropy", {{"from_logits", false}, {"label_smoothing", 0.0}}, function(self, p, t)
  return core.loss(self.from_logits and CATEGORICAL_LOGITS or CATEGORICAL, p, smoothed(self, t, 1 / p.shape[2]))
end, [[
losses.categorical_crossentropy(y_true, y_pred) -> number

The mean over the samples of -sum of t log p, for one-hot rows t and probabilities p (n, classes), of a softmax: -log
of the probability of the true class; log k for a guess among k classes. p is divided by its sum and kept within 1e-7
of 0 and 1 as in Keras. from_logits=true takes scores from before the softmax; label_smoothing=s turns a 1 into 1 - s +
s / k and a 0 into s / k (Szegedy et al. 2016).

> losses.categorical_crossentropy(tensor{{0, 1}, {1, 0}}, tensor{{0.3, 0.7}, {0.6, 0.4}})
0.4337502838523616
]], {truth = "shares", check = check_smoothing})

define("sparse_categorical_crossentropy", {{"from_logits", false}}, function(self, p, t)
  return core.loss(self.from_logits and SPARSE_LOGITS or SPARSE, p, t)
end, [[
losses.sparse_categorical_crossentropy(y_true, y_pred) -> number

losses.categorical_crossentropy with the true classes as labels 0, 1, 2, ..., one a sample, instead of one-hot rows.

> losses.sparse_categorical_crossentropy(tensor{1, 0}, tensor{{0.3, 0.7}, {0.6, 0.4}})
0.4337502838523616
]], {labels = true})

define("kl_divergence", {}, function(self, p, t)
  expect_alike(self, p, t)
  t = tensor.minimum(tensor.maximum(t, loss.epsilon), 1)
  p = tensor.minimum(tensor.maximum(p, loss.epsilon), 1)
  return tensor.sum(t * tensor.log(t / p), 2)
end, [[
losses.kl_divergence(y_true, y_pred) -> number

The mean over the samples of the sum of t log(t / p): how far the distribution p is from the distribution t, both rows
that sum to 1; the cross-entropy less what cannot be avoided. Both are kept from 1e-7 to 1 as in Keras (Kullback and
Leibler 1951).

> losses.kl_divergence(tensor{{0.5, 0.5}}, tensor{{0.5, 0.5}})
0.0
]], {truth = "shares"})

-- ---- focal losses: what is right already counts less ----

local function check_focal(self)
  check_smoothing(self)
  check_number(self, "alpha", function(v) return v >= 0 and v <= 1 end, "a number from 0 to 1")
  check_number(self, "gamma", function(v) return v >= 0 and v < math.huge end, "a number from 0")
end

define("binary_focal_crossentropy", {
  {"apply_class_balancing", false},
  {"alpha", 0.25},
  {"gamma", 2.0},
  {"from_logits", false},
  {"label_smoothing", 0.0},
}, function(self, p, t)
  expect_alike(self, p, t)
  t = smoothed(self, t, 0.5)
  if self.from_logits then p = tensor.sigmoid(p) end
  local sure = loss.clip(p)
  local surprise = -(t * tensor.log(sure) + (1 - t) * tensor.log(1 - sure))
  local focus = (1 - (t * p + (1 - t) * (1 - p))) ^ self.gamma
  if self.apply_class_balancing then focus = focus * (t * self.alpha + (1 - t) * (1 - self.alpha)) end
  return tensor.mean(focus * surprise, 2)
end, [[
losses.binary_focal_crossentropy(y_true, y_pred) -> number

losses.binary_crossentropy times (1 - q)^gamma, q being the probability given to what is true: samples that are right
already (q near 1) count nearly nothing, so that a few hard ones are not outvoted by many easy ones (Lin et al. 2017).
gamma (2) is 0 for the plain cross-entropy; apply_class_balancing=true weighs a truth of 1 by alpha (0.25) and a truth
of 0 by 1 - alpha. from_logits and label_smoothing are as there.

> losses.binary_focal_crossentropy(tensor{1, 1}, tensor{0.9, 0.5})
0.08717020014828229
> losses.binary_focal_crossentropy{gamma=0}(tensor{1, 1}, tensor{0.9, 0.5})
0.39925384810888576
]], {truth = "probabilities", check = check_focal})

define("categorical_focal_crossentropy", {
  {"alpha", 0.25},
  {"gamma", 2.0},
  {"from_logits", false},
  {"label_smoothing", 0.0},
}, function(self, p, t)
  expect_alike(self, p, t)
  t = smoothed(self, t, 1 / p.shape[2])
  if self.from_logits then p = tensor.softmax(p) end
  p = loss.clip(p / tensor.sum(p, {axis = 2, keepdims = true}))
  return tensor.sum(-t * tensor.log(p) * (self.alpha * (1 - p) ^ self.gamma), 2)
end, [[
losses.categorical_focal_crossentropy(y_true, y_pred) -> number

losses.categorical_crossentropy times alpha (1 - q)^gamma, q being the probability given to the true class: see
losses.binary_focal_crossentropy. alpha is 0.25 and gamma 2.

> losses.categorical_focal_crossentropy(tensor{{0, 1}, {1, 0}}, tensor{{0.1, 0.9}, {0.5, 0.5}})
0.021792550037070573
]], {truth = "shares", check = check_focal})

return losses
