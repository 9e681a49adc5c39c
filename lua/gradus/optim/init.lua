-- Optimizers: how weights follow their gradients. A gradient says by how much the loss grows when a weight grows by a
-- little; so each weight goes a step the other way. How long a step is the optimizer's affair. The loop over the
-- numbers is in C, in one pass a weight; the policy is here.

local core = require "gradus.core.grad"
local doc = require("gradus.help").doc
local options = require "gradus.options"
local tensor = require "gradus.core.tensor"

local optim = {}

-- What an option may be. A beta of 1 would divide by 0, a negative epsilon could.
local ranges = {
  learning_rate = {"a number from 0", function(v) return v >= 0 and v < math.huge end},
  momentum = {"a number from 0 to 1", function(v) return v >= 0 and v <= 1 end},
  beta_1 = {"a number from 0 up to, not including, 1", function(v) return v >= 0 and v < 1 end},
  beta_2 = {"a number from 0 up to, not including, 1", function(v) return v >= 0 and v < 1 end},
  epsilon = {"a number from 0", function(v) return v >= 0 and v < math.huge end},
}

local function check_options(what, given, spec)
  for _, option in ipairs(spec) do
    local name = option[1]
    local value, range = given[name], ranges[name]
    if range and not (type(value) == "number" and range[2](value)) then
      error(string.format("%s: %s is %s, not %s", what, name, range[1], tostring(value)), 0)
    end
  end
end

local function define(class_name, spec, methods)
  methods.__index = methods
  methods.class_name = class_name
  methods.__tostring = function(self) return string.format("%s, learning rate %g", class_name, self.learning_rate) end
  return function(given)
    local self = setmetatable(options.read("optim." .. class_name, given, spec), methods)
    check_options("optim." .. class_name, self, spec)
    self.iterations = 0
    return self
  end
end

-- One more tensor of zeros beside each weight.
local function beside(weights)
  local list = {}
  for i, w in ipairs(weights) do list[i] = tensor.zeros_like(w) end
  return list
end

-- ---- SGD: w = w - learning_rate * g ----
--
-- With momentum the steps have a memory: the velocity v keeps a part of the last step, as a ball keeps rolling, so that
-- steps that agree add up (to 1 / (1 - momentum) times as long) and those that go to and fro cancel out.

local SGD = {}

optim.SGD = doc("optim.SGD", [[
optim.SGD{learning_rate=0.01, momentum=0, nesterov=false}

Gradient descent: w = w - learning_rate * gradient. With momentum m (from 0 up to 1, often 0.9) a step keeps
a part of the last one: v = m v - learning_rate * gradient, w = w + v; nesterov looks one step ahead: w = w +
m v - learning_rate * gradient. The learning rate may be changed at any time: model.optimizer.learning_rate =
0.001.

> optim.SGD{0.1}
SGD, learning rate 0.1
]], define("SGD", {{"learning_rate", 0.01}, {"momentum", 0.0}, {"nesterov", false}}, SGD))

function SGD:build(weights)
  self.velocity = self.momentum ~= 0 and beside(weights) or {}
end

function SGD:apply(weights, gradients)
  self.iterations = self.iterations + 1
  for i = 1, #weights do
    core.sgd_update(weights[i], gradients[i], self.velocity[i], self.learning_rate, self.momentum, self.nesterov)
  end
end

-- ---- Adam: every weight has a learning rate of its own ----
--
-- m is the running mean of a weight's gradients, sqrt(v) their usual size: m / sqrt(v) is about 1 where the gradients
-- agree and about 0 where they go to and fro, be they large or small. Both means begin at 0 and are too small at first
-- by the factors 1 - beta_1^t and 1 - beta_2^t after t steps, which `rate` divides out.

local Adam = {}

optim.Adam = doc("optim.Adam", [[
optim.Adam{learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7}

Each weight has its own step, about learning_rate long where its gradients agree and shorter where they go to
and fro. m and v are running means of the gradient and of its square: m = beta_1 m + (1 - beta_1) gradient, v =
beta_2 v + (1 - beta_2) gradient^2, and in step t (from 1) w = w - a m / (sqrt(v) + epsilon) with a =
learning_rate sqrt(1 - beta_2^t) / (1 - beta_1^t) (Kingma and Ba 2015).

> optim.Adam{}
Adam, learning rate 0.001
]], define("Adam", {{"learning_rate", 0.001}, {"beta_1", 0.9}, {"beta_2", 0.999}, {"epsilon", 1e-7}}, Adam))

function Adam:build(weights)
  self.m, self.v = beside(weights), beside(weights)
end

function Adam:apply(weights, gradients)
  local t = self.iterations + 1
  self.iterations = t
  local rate = self.learning_rate * math.sqrt(1 - self.beta_2 ^ t) / (1 - self.beta_1 ^ t)
  for i = 1, #weights do
    core.adam_update(weights[i], gradients[i], self.m[i], self.v[i], rate, self.beta_1, self.beta_2, self.epsilon)
  end
end

return optim
