-- The lesson imbalance says what happens in its trainings: that holds on every machine, whose last digits differ.
local test, expect = dofile(os.getenv "GRADUS_TESTS" .. "/lua/tap.lua")

local lessons = require "gradus.lesson"
local metrics = require "gradus.metrics"
local plot = require "gradus.plot"
local sessions = require "gradus.session"
local sinks = require "gradus.session.sink"
local tensor = require "gradus.core.tensor"

plot.terminal "none"

-- What a learner has who comes to a step by :goto.
local function variables_at(step)
  local session = sessions.new {sink = sinks.capture()}
  local p = lessons.open("imbalance", session)
  p:goto_step(step)
  if p.failure then error(p.failure.text, 0) end
  return session.env
end

local function between(least, value, most, what)
  expect.ok(least <= value and value <= most, ("%s is %.4f, not %g to %g"):format(what, value, least, most))
end

local env = variables_at "remedies"

test("the baselines are those of the course", function()
  expect.close(metrics.majority_baseline(env.d.y_val), 94 / 150)
  expect.close(metrics.majority_baseline(env.d.y_test), 118 / 150)
  expect.equal(env.d.classes[env.d.y_train[3] + 1], "bottle")  -- as the captions of the first pictures say
  expect.equal(tensor.sum(env.d.y_train[{{1, 2}}]), 0)
end)

test("after ten epochs the network calls nothing a bottle, says about their share of all, and has an order already",
  function()
    local y, p = env.y_val, env.p10
    expect.equal(metrics.recall_score(y, tensor.ge(p, 0.5)), 0.0)
    between(0.05, tensor.min(p), 0.18, "the least probability")
    between(0.25, tensor.max(p), 0.45, "the greatest probability")
    between(0.15, tensor.mean(p), 0.3, "the mean probability")
    between(0.6, metrics.roc_auc_score(y, p), 0.8, "the AUC")
  end)

test("fifteen more take it off the baseline, and a threshold at the share of bottles finds what it missed", function()
  local h = env.history.history
  for epoch = 3, 10 do expect.close(h.accuracy[epoch], env.history.baseline, 1e-6) end
  expect.ok(h.accuracy[25] > env.history.baseline + 0.04, "the accuracy stays at " .. h.accuracy[25])
  between(0.3, h.recall[25], 0.8, "the recall")
  local p = env.model:predict(env.x_val):reshape(-1)
  local half, share = metrics.recall_score(env.y_val, tensor.ge(p, 0.5)), metrics.recall_score(env.y_val,
    tensor.ge(p, 0.196))
  expect.ok(share > half + 0.2, ("recall %.3f, and %.3f with the lower threshold"):format(half, share))
end)
