-- Learning rates that change with the steps: long steps first, to get near; short ones later, to settle. A schedule
-- says the rate of step t = 0, 1, 2, ... (a step is a batch). Keras's names and formulas.

local doc = require("gradus.help").doc
local options = require "gradus.options"

local M = {constructors = {}}

local Schedule = {__name = "schedule"}
Schedule.__index = Schedule

function Schedule:__tostring() return self.class_name end

-- schedule(t): the learning rate of step t, to look at or to plot.
function Schedule:__call(t)
  if type(t) ~= "number" or not (t >= 0) then
    error(string.format("%s gives the learning rate of a step from 0, not of %s", self.class_name, tostring(t)), 2)
  end
  return self:at(t)
end

local function define(class_name, spec, at, check)
  local class = setmetatable({class_name = class_name, at = at}, {__index = Schedule})
  class.__index, class.__tostring, class.__call = class, Schedule.__tostring, Schedule.__call
  class.__name = "schedule"
  return options.takes(spec, function(given)
    local what = "optim." .. class_name
    local self = setmetatable(options.read(what, given, spec), class)
    for _, option in ipairs(spec) do
      local name, value = option[1], self[option[1]]
      if type(option[2]) == "number" or option.number then
        if value ~= nil and (type(value) ~= "number" or value ~= value) then
          error(string.format("%s: %s is a number, not %s", what, name, tostring(value)), 0)
        end
      end
      if (name:find("steps$") and value ~= nil and not (value >= 0)) or (name == "decay_steps" and value == 0) then
        error(string.format("%s: %s counts steps, one a batch, not %s", what, name, tostring(value)), 0)
      end
    end
    if check then check(self, what) end
    return self
  end)
end

local number = {number = true, required = true}
local function required(name) return {name, number = number.number, required = number.required} end

M.constructors.ExponentialDecay = doc("optim.ExponentialDecay", [[
optim.ExponentialDecay{initial_learning_rate, decay_steps, decay_rate, staircase=false} -> schedule

A learning rate that is multiplied by decay_rate every decay_steps steps, little by little: initial_learning_rate *
decay_rate ^ (t / decay_steps) in step t, or at once with staircase (t / decay_steps rounded down).

> s = optim.ExponentialDecay{0.1, 1000, 0.5}
> {s(0), s(500), s(1000)}
{0.1, 0.07071067811865477, 0.05}
> optim.SGD{s}
SGD, learning rate 0.1 now (ExponentialDecay)
]], define("ExponentialDecay", {required "initial_learning_rate", required "decay_steps", required "decay_rate",
  {"staircase", false}}, function(self, t)
  local p = t / self.decay_steps
  return self.initial_learning_rate * self.decay_rate ^ (self.staircase and math.floor(p) or p)
end))

M.constructors.CosineDecay = doc("optim.CosineDecay", [[
optim.CosineDecay{initial_learning_rate, decay_steps, alpha=0, warmup_target, warmup_steps=0} -> schedule

A learning rate that falls along half a cosine, slowly at both ends, from initial_learning_rate to alpha times that in
decay_steps steps, and stays there (Loshchilov and Hutter 2017). With warmup_target it first grows, in a straight
line over warmup_steps steps, from initial_learning_rate to that, and falls from there.

> s = optim.CosineDecay{0, 100, warmup_target=0.1, warmup_steps=10}
> {s(0), s(5), s(10), s(60), s(110)}
{0.0, 0.05, 0.1, 0.05, 0.0}
]], define("CosineDecay", {required "initial_learning_rate", required "decay_steps", {"alpha", 0.0},
  {"warmup_target", number = true}, {"warmup_steps", 0}}, function(self, t)
  local from = self.initial_learning_rate
  if self.warmup_target then
    if t < self.warmup_steps then return from + (self.warmup_target - from) * t / self.warmup_steps end
    from, t = self.warmup_target, t - self.warmup_steps
  end
  local fall = 0.5 * (1 + math.cos(math.pi * math.min(t, self.decay_steps) / self.decay_steps))
  return from * ((1 - self.alpha) * fall + self.alpha)
end))

M.constructors.CosineDecayRestarts = doc("optim.CosineDecayRestarts", [[
optim.CosineDecayRestarts{initial_learning_rate, first_decay_steps, t_mul=2, m_mul=1, alpha=0} -> schedule

A learning rate that falls along half a cosine in first_decay_steps steps, jumps back and falls again, t_mul times as
long and from m_mul times as high each time, down to alpha times initial_learning_rate (Loshchilov and Hutter 2017).

> s = optim.CosineDecayRestarts{0.1, 100}
> {s(0), s(50), s(100), s(200), s(300)}
{0.1, 0.05, 0.1, 0.05, 0.1}
]], define("CosineDecayRestarts", {required "initial_learning_rate", required "first_decay_steps", {"t_mul", 2.0},
  {"m_mul", 1.0}, {"alpha", 0.0}}, function(self, t)
  local steps, height = self.first_decay_steps, self.initial_learning_rate
  while t >= steps do t, steps, height = t - steps, steps * self.t_mul, height * self.m_mul end
  local fall = 0.5 * (1 + math.cos(math.pi * t / steps))
  return (1 - self.alpha) * height * fall + self.alpha * self.initial_learning_rate
end, function(self, what)
  if not (self.first_decay_steps > 0 and self.t_mul >= 1) then
    error(string.format("%s: first_decay_steps is above 0, and t_mul 1 or more: each fall takes at least as long as "
      .. "the one before", what), 0)
  end
end))

M.constructors.PiecewiseConstantDecay = doc("optim.PiecewiseConstantDecay", [[
optim.PiecewiseConstantDecay{boundaries, values} -> schedule

A learning rate that is constant between boundaries: values[1] up to and with step boundaries[1], values[2] up to
and with boundaries[2], ..., and the last value after that: there is one value more than boundaries.

> s = optim.PiecewiseConstantDecay{{100, 200}, {0.1, 0.01, 0.001}}
> {s(100), s(101), s(1000)}
{0.1, 0.01, 0.001}
]], define("PiecewiseConstantDecay", {{"boundaries", required = true}, {"values", required = true}}, function(self, t)
  for i, boundary in ipairs(self.boundaries) do
    if t <= boundary then return self.values[i] end
  end
  return self.values[#self.values]
end, function(self, what)
  for _, name in ipairs {"boundaries", "values"} do
    if type(self[name]) ~= "table" then error(string.format("%s: %s is a list of numbers", what, name), 0) end
    for i, value in ipairs(self[name]) do
      if type(value) ~= "number" then
        error(string.format("%s: %s[%d] is %s, not a number", what, name, i, tostring(value)), 0)
      end
      if name == "boundaries" and i > 1 and value <= self.boundaries[i - 1] then
        error(string.format("%s: boundaries grow, but %g follows %g", what, value, self.boundaries[i - 1]), 0)
      end
    end
  end
  if #self.values ~= #self.boundaries + 1 then
    error(string.format("%s: %d boundaries make %d pieces, but there are %d values", what, #self.boundaries,
      #self.boundaries + 1, #self.values), 0)
  end
end))

M.constructors.PolynomialDecay = doc("optim.PolynomialDecay", [[
optim.PolynomialDecay{initial_learning_rate, decay_steps, end_learning_rate=0.0001, power=1, cycle=false} -> schedule

A learning rate that falls from initial_learning_rate to end_learning_rate in decay_steps steps, in a straight line
with power 1: (initial - end) * (1 - t / decay_steps) ^ power + end; and stays there. With cycle it rises again
whenever decay_steps more have gone by, as if decay_steps had been so many times as long.

> s = optim.PolynomialDecay{0.1, 100, 0}
> {s(0), s(50), s(200)}
{0.1, 0.05, 0.0}
]], define("PolynomialDecay", {required "initial_learning_rate", required "decay_steps", {"end_learning_rate", 1e-4},
  {"power", 1.0}, {"cycle", false}}, function(self, t)
  local steps = self.decay_steps
  if self.cycle then steps = steps * math.max(1, math.ceil(t / steps)) end
  local left = 1 - math.min(t, steps) / steps
  return (self.initial_learning_rate - self.end_learning_rate) * left ^ self.power + self.end_learning_rate
end))

M.constructors.InverseTimeDecay = doc("optim.InverseTimeDecay", [[
optim.InverseTimeDecay{initial_learning_rate, decay_steps, decay_rate, staircase=false} -> schedule

A learning rate of initial_learning_rate / (1 + decay_rate * t / decay_steps) in step t; with staircase t /
decay_steps is rounded down.

> optim.InverseTimeDecay{0.1, 100, 1}(100)
0.05
]], define("InverseTimeDecay", {required "initial_learning_rate", required "decay_steps", required "decay_rate",
  {"staircase", false}}, function(self, t)
  local p = t / self.decay_steps
  return self.initial_learning_rate / (1 + self.decay_rate * (self.staircase and math.floor(p) or p))
end))

--- The rate of step t (from 0) of a learning rate: a number or a schedule. By hand it may have been set to neither.
function M.rate(learning_rate, t)
  local scheduled = type(learning_rate) == "table" and learning_rate.at
  local rate = learning_rate
  if scheduled then rate = learning_rate:at(t) end
  if type(rate) == "number" and rate >= 0 and rate < math.huge then return rate end
  error(string.format("the learning rate %s %s; it is a number from 0, or a schedule such as optim.CosineDecay{...}",
    scheduled and string.format("of step %d by %s is", t, tostring(learning_rate)) or "has become",
    rate ~= rate and "nan" or tostring(rate)), 0)
end

--- An error unless `rate` is a learning rate.
function M.check(what, rate)
  if type(rate) == "table" and type(rate.at) == "function" then return end
  if type(rate) ~= "number" or not (rate >= 0 and rate < math.huge) then
    error(string.format("%s: learning_rate is a number from 0, or a schedule such as optim.CosineDecay{...}, not %s",
      what, tostring(rate)), 0)
  end
end

return M
