-- Optimizers: how weights follow their gradients. A gradient says by how much the loss grows when a weight grows by a
-- little; so each weight goes a step the other way. How long a step is the optimizer's affair. The loop over the
-- numbers is in C, in one pass a weight (src/kernel/update.h has the rules); the policy is here.

local core = require "gradus.core.grad"
local doc = require("gradus.help").doc
local is_tensor = require "gradus.is_tensor"
local options = require "gradus.options"
local same_list = require "gradus.same_list"
local schedules = require "gradus.optim.schedules"
local shapes = require "gradus.shapes"
local tensor = require "gradus.core.tensor"

local optim = {}

for name, constructor in pairs(schedules.constructors) do optim[name] = constructor end

-- What an option may be. A beta of 1 would divide by 0, a negative epsilon could.
local function from_zero(v) return v >= 0 and v < math.huge end
local function below_one(v) return v >= 0 and v < 1 end
local function above_zero(v) return v > 0 end
local ranges = {
  momentum = {"a number from 0 to 1", function(v) return v >= 0 and v <= 1 end},
  beta_1 = {"a number from 0 up to, not including, 1", below_one},
  beta_2 = {"a number from 0 up to, not including, 1", below_one},
  rho = {"a number from 0 up to, not including, 1", below_one},
  epsilon = {"a number from 0", from_zero},
  initial_accumulator_value = {"a number from 0", from_zero},
  weight_decay = {"a number from 0", from_zero},
  clipnorm = {"a number above 0", above_zero},
  clipvalue = {"a number above 0", above_zero},
  global_clipnorm = {"a number above 0", above_zero},
  ema_momentum = {"a number from 0 to 1", function(v) return v >= 0 and v <= 1 end},
  ema_overwrite_frequency = {"a whole number of steps from 1", function(v) return v >= 1 and v % 1 == 0 end},
}

local function check_options(what, given, spec)
  for _, option in ipairs(spec) do
    local name = option[1]
    local value, range = given[name], ranges[name]
    if range and (value ~= nil or option[2] ~= nil) and not (type(value) == "number" and range[2](value)) then
      error(string.format("%s: %s is %s, not %s", what, name, range[1], tostring(value)), 0)
    end
    if type(option[2]) == "boolean" and type(value) ~= "boolean" then
      error(string.format("%s: %s is true or false, not %s", what, name, tostring(value)), 0)
    end
  end
  schedules.check(what, given.learning_rate)
  if given.clipnorm and given.global_clipnorm then
    error(what .. ": give clipnorm (each weight's gradient) or global_clipnorm (all of them together), not both", 0)
  end
end

-- ---- what all optimizers have in common ----

local Optimizer = {}
Optimizer.__index = Optimizer

-- Options that every optimizer takes behind its own.
local common = {{"weight_decay", 0.0}, {"clipnorm"}, {"clipvalue"}, {"global_clipnorm"}, {"use_ema", false},
  {"ema_momentum", 0.99}, {"ema_overwrite_frequency"}}

-- What others' optimizers take besides.
local refused = {
  decay = "a rate that falls is a schedule: learning_rate=optim.InverseTimeDecay{0.01, 1, 1e-4}",
  gradient_accumulation_steps = "a larger batch_size of fit makes the same step",
  loss_scale_factor = "numbers here have 32 or 64 bits and need no scale",
}

-- A class with the methods
--   rule(): the rule's number in src/kernel/update.h
--   numbers(t): the rule's a, b and epsilon, and what multiplies the learning rate in step t (from 1)
-- or, for a rule that is written out here,
--   written_out(): a function step(self, w, g, kept, rate, t), which changes a weight w and kept, the tensors beside
--     it; and how many those are (at most three). nil where the options leave it to the core.
local function define(class_name, spec, methods)
  setmetatable(methods, {__index = Optimizer})
  methods.__index = methods
  methods.class_name, methods.__name = class_name, "optimizer"
  methods.__tostring = Optimizer.__tostring
  local all = {refused = refused, table.unpack(spec)}
  for _, option in ipairs(common) do
    local own = false
    for _, given in ipairs(spec) do own = own or given[1] == option[1] end
    if not own then all[#all + 1] = option end
  end
  methods.option_names = {}
  for i, option in ipairs(all) do methods.option_names[i] = option[1] end
  return options.takes(all, function(given)
    local self = setmetatable(options.read("optim." .. class_name, given, all), methods)
    check_options("optim." .. class_name, self, all)
    self.iterations = 0
    return self
  end)
end

function Optimizer:__tostring()
  local rate = self.learning_rate
  if type(rate) == "number" then return string.format("%s, learning rate %g", self.class_name, rate) end
  return string.format("%s, learning rate %g now (%s)", self.class_name, self:current_rate(), tostring(rate))
end

Optimizer.current_rate = doc("optimizer.current_rate", [[
optimizer:current_rate() -> number

The learning rate of the next step: of a schedule the value that it has now.

> sgd = optim.SGD{optim.InverseTimeDecay{0.1, 100, 1}}
> sgd:current_rate()
0.1
]], function(self) return schedules.rate(self.learning_rate, self.iterations) end)

-- One more tensor beside each weight.
local function beside(weights, value)
  local list = {}
  for i, w in ipairs(weights) do
    list[i] = tensor.zeros_like(w)
    if value ~= 0 then list[i][{{}}] = value end
  end
  return list
end

-- Most rules are the core's.
function Optimizer.written_out() end

-- The names of what rules keep, a list of tensors each, as they stand in files.
local KEPT = {"first", "second", "third"}

-- Makes what the rule keeps beside each weight and is not there yet: a momentum may be given at any time.
local function complete(self, weights)
  local step, n = self:written_out()
  n = step and n or core.update_states(self:rule())
  for i = 1, n do
    local start = i == 1 and self.initial_accumulator_value or 0
    self[KEPT[i]] = self[KEPT[i]] or beside(weights, start)
  end
  if self.use_ema and not self.average then
    self.average = {}
    for i, w in ipairs(weights) do self.average[i] = core.plain(w):clone() end
  end
  return n
end

--- Begins anew: zeros beside each weight, or what the rule starts from.
function Optimizer:build(weights)
  for _, name in ipairs(KEPT) do self[name] = nil end
  self.average = nil
  complete(self, weights)
end

--- What the rule keeps, to be put into a file: {first=list} and the like, a tensor a weight.
function Optimizer:state()
  local n = self.weights and complete(self, self.weights) or 0
  local state = {average = self.weights and self.use_ema and self.average or nil}
  for i = 1, n do state[KEPT[i]] = self[KEPT[i]] end
  return state
end

--- Whether a step needs to know all of a gradient before it changes the first number.
function Optimizer:reads_gradients()
  return (self.clipnorm or self.global_clipnorm or self:written_out()) ~= nil
end

-- What clipping leaves of the gradients: one step of plain descent from 0, uphill.
local function clipped(self, gradients)
  if not (self.clipvalue or self.clipnorm or self.global_clipnorm) then return gradients end
  local left = beside(gradients, 0)
  core.update(0, left, gradients, nil, nil, -1, 0, 0, 0, 0, self.clipvalue, self.clipnorm, self.global_clipnorm)
  return left
end

-- A rule that is written out here.
local function apply_step(self, step, weights, gradients, rate, t)
  gradients = clipped(self, gradients)
  for i, w in ipairs(weights) do
    w = core.plain(w)
    if self.weight_decay ~= 0 then w:mul_(1 - rate * self.weight_decay) end
    step(self, w, gradients[i], {self.first[i], self.second[i], self.third and self.third[i]}, rate, t)
  end
end

-- The running means of the weights after step t, which begin with the first.
local function follow(self, weights, t)
  local keep = t == 1 and 0 or self.ema_momentum
  for i, w in ipairs(weights) do self.average[i]:mul_(keep):add_((1 - keep) * core.plain(w)) end
  if self.ema_overwrite_frequency and t % self.ema_overwrite_frequency == 0 then self:finish(weights) end
end

-- An error unless `list` has tensors and nothing else.
local function expect_tensors(what, list, instead)
  if type(list) ~= "table" then
    error(string.format("apply takes lists, as in optimizer:apply({w}, {w.grad}); the %s are %s%s", what,
      is_tensor(list) and "a tensor: " or "a " .. type(list), is_tensor(list) and instead or ""), 0)
  end
  for i, t in ipairs(list) do
    if not is_tensor(t) then
      error(string.format("apply: number %d of the %s is a %s, not a tensor", i, what, type(t)), 0)
    end
  end
end

-- The gradients of a step that is taken outside a network: those given, or those that were kept in the weights.
local function gradients_for(weights, gradients)
  expect_tensors("weights", weights, "put braces around it, {w}")
  if #weights == 0 then error("apply: there are no weights in the list; optimizer:apply{w} changes w", 0) end
  if gradients == nil then
    gradients = {}
    for i, w in ipairs(weights) do
      gradients[i] = w.grad
      if not gradients[i] then
        error(string.format("apply: weight %d has no gradient yet: make it with grad.track, compute a loss from it, "
          .. "and call backward() on the loss", i), 0)
      end
    end
  end
  expect_tensors("gradients", gradients, "put braces around it, {w.grad}")
  if #gradients ~= #weights then
    error(string.format("apply: %d weight%s and %d gradient%s: each weight needs its own (w.grad is nil before "
      .. "backward())", #weights, #weights == 1 and "" or "s", #gradients, #gradients == 1 and "" or "s"), 0)
  end
  for i, w in ipairs(weights) do
    if not shapes.equal(gradients[i].shape, w.shape) then
      error(string.format("apply: gradient %d has shape %s and its weight has shape %s: they must be equal", i,
        shapes.text(gradients[i].shape), shapes.text(w.shape)), 0)
    end
  end
  return gradients
end

-- What was remembered of some weights says nothing about others.
local function expect_known(self, weights)
  if self.weights and same_list(self.weights, weights) then return end
  local remembers = self:written_out() or core.update_states(self:rule()) > 0 or self.use_ema
    or type(self.learning_rate) ~= "number"
  if self.weights and remembers and self.iterations > 0 then
    error(string.format("this %s has taken %d step%s with other weights, and remembers them: give it the same tensors "
      .. "in every step, or make a new one for these", self.class_name, self.iterations,
      self.iterations == 1 and "" or "s"), 0)
  end
  self:build(weights)
  self.weights = {table.unpack(weights)}
end

-- `program`, if given, is a network's, and computes the gradients that are pending in it itself.
Optimizer.apply = doc("optimizer.apply", [[
optimizer:apply(weights, gradients)

One step, as fit takes it for a network: each tensor in the list `weights` is changed by the one at its place in
`gradients`, by the optimizer's rule. For tensors of grad.track the gradients may be left out: then they are w.grad,
and w:zero_grad() makes ready for the next step. What an optimizer remembers (a velocity, running means) belongs to
these tensors: it is an error to go on with others.

> w, sgd = grad.track(tensor{4, -2}), optim.SGD{0.25}
> sum(w * w):backward()
> sgd:apply{w}
> w
[ 2. -1.]
]], function(self, weights, gradients, program)
  if not rawequal(weights, self.weights) then  -- a network's list was looked at before the first step
    gradients = gradients_for(weights, gradients)
    expect_known(self, weights)
  end
  complete(self, weights)
  local rate = self:current_rate()
  local t = self.iterations + 1
  local step = self:written_out()
  if step then
    apply_step(self, step, weights, gradients, rate, t)
  else
    local a, b, epsilon, factor = self:numbers(t)
    core.update(self:rule(), weights, gradients, self.first, self.second, rate * (factor or 1), a, b, epsilon,
      rate * self.weight_decay, self.clipvalue, self.clipnorm, self.global_clipnorm, program)
  end
  self.iterations = t
  if self.use_ema then follow(self, weights, t) end
end)

--- After training: the weights become their running means, if those are kept.
function Optimizer:finish(weights)
  if not self.use_ema or self.iterations == 0 then return end
  for i, w in ipairs(weights) do core.plain(w)[{{}}] = self.average[i] end
end

-- ---- SGD: w = w - learning_rate * g ----
--
-- With momentum the steps have a memory: the velocity v keeps a part of the last step, as a ball keeps rolling, so that
-- steps that agree add up (to 1 / (1 - momentum) times as long) and those that go to and fro cancel out.

local SGD = {}

optim.SGD = doc("optim.SGD", [[
optim.SGD{learning_rate=0.01, momentum=0, nesterov=false, weight_decay=0, clipnorm, clipvalue, global_clipnorm, ...}

Gradient descent: w = w - learning_rate * gradient. With momentum m (from 0 up to 1, often 0.9) a step keeps
a part of the last one: v = m v - learning_rate * gradient, w = w + v; nesterov looks one step ahead: w = w +
m v - learning_rate * gradient. The learning rate is a number, which may be changed at any time
(model.optimizer.learning_rate = 0.001), or a schedule such as optim.ExponentialDecay. Every optimizer takes:
weight_decay d, which first makes each weight smaller, w = w - learning_rate * d * w; clipnorm, the greatest norm
that one weight tensor's gradient may have; clipvalue, the greatest size of one number of it; global_clipnorm, the
greatest norm of all gradients together. With use_ema=true running means of the weights are kept (Polyak and Juditsky
1992), mean = ema_momentum mean + (1 - ema_momentum) w after each step (ema_momentum=0.99), which wander less than the
weights: at the end of fit, and every ema_overwrite_frequency steps if given, the weights become their means.

> optim.SGD{0.1}
SGD, learning rate 0.1
]], define("SGD", {{"learning_rate", 0.01}, {"momentum", 0.0}, {"nesterov", false}}, SGD))

function SGD:rule()
  if self.momentum == 0 then return 0 end
  return self.nesterov and 2 or 1
end

function SGD:numbers()
  return self.momentum, 0, 0
end

-- ---- Adam: every weight has a learning rate of its own ----
--
-- m is the running mean of a weight's gradients, sqrt(v) their usual size: m / sqrt(v) is about 1 where the gradients
-- agree and about 0 where they go to and fro, be they large or small. Both means begin at 0 and are too small at first
-- by the factors 1 - beta_1^t and 1 - beta_2^t after t steps, which the factor of the learning rate divides out.

local Adam = {}

optim.Adam = doc("optim.Adam", [[
optim.Adam{learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7, amsgrad=false, weight_decay=0, ...}

Each weight has its own step, about learning_rate long where its gradients agree and shorter where they go to
and fro. m and v are running means of the gradient and of its square: m = beta_1 m + (1 - beta_1) gradient, v =
beta_2 v + (1 - beta_2) gradient^2, and in step t (from 1) w = w - a m / (sqrt(v) + epsilon) with a =
learning_rate sqrt(1 - beta_2^t) / (1 - beta_1^t) (Kingma and Ba 2015). With amsgrad=true the greatest v so far is in
its place, so that a weight's steps never become longer again (Reddi et al. 2018). The other options are as in
optim.SGD.

> optim.Adam{}
Adam, learning rate 0.001
]], define("Adam", {{"learning_rate", 0.001}, {"beta_1", 0.9}, {"beta_2", 0.999}, {"epsilon", 1e-7},
  {"amsgrad", false}}, Adam))

function Adam.rule() return 3 end

function Adam:numbers(t)
  return self.beta_1, self.beta_2, self.epsilon, math.sqrt(1 - self.beta_2 ^ t) / (1 - self.beta_1 ^ t)
end

-- Seldom used, so as tensor operations: m, v and the greatest v so far.
local function amsgrad_step(self, w, g, kept, rate, t)
  local m, v, greatest = table.unpack(kept)
  local _, _, _, factor = self:numbers(t)
  m:add_((1 - self.beta_1) * (g - m))
  v:add_((1 - self.beta_2) * (g * g - v))
  greatest[{{}}] = tensor.maximum(greatest, v)
  w:sub_(rate * factor * m / (tensor.sqrt(greatest) + self.epsilon))
end

function Adam:written_out()
  if self.amsgrad then return amsgrad_step, 3 end
end

optim.AdamW = doc("optim.AdamW", [[
optim.AdamW{learning_rate=0.001, weight_decay=0.004, beta_1=0.9, beta_2=0.999, epsilon=1e-7, amsgrad=false, ...}

optim.Adam with weights that decay: each step first makes them smaller by learning_rate * weight_decay of what they
are, apart from the gradient, so that weights which nothing needs fade (Loshchilov and Hutter 2019).

> optim.AdamW{}.weight_decay
0.004
]], define("AdamW", {{"learning_rate", 0.001}, {"weight_decay", 0.004}, {"beta_1", 0.9}, {"beta_2", 0.999},
  {"epsilon", 1e-7}, {"amsgrad", false}}, {rule = Adam.rule, numbers = Adam.numbers, written_out = Adam.written_out}))

-- ---- RMSprop and Adagrad: steps in units of the gradient's own size ----

local RMSprop = {}

optim.RMSprop = doc("optim.RMSprop", [[
optim.RMSprop{learning_rate=0.001, rho=0.9, momentum=0, epsilon=1e-7, centered=false, ...}

Divides the gradient by its usual size: v = rho v + (1 - rho) gradient^2, w = w - learning_rate gradient /
sqrt(v + epsilon), so that steep and flat directions get steps of like length (Tieleman and Hinton 2012). With
momentum m: s = m s + learning_rate gradient / sqrt(v + epsilon), w = w - s. With centered=true the square of the
gradients' own mean, rho mean + (1 - rho) gradient, is taken off v there: what is left is their variance, and gradients
that agree make longer steps. The other options are as in optim.SGD.

> optim.RMSprop{}
RMSprop, learning rate 0.001
]], define("RMSprop", {{"learning_rate", 0.001}, {"rho", 0.9}, {"momentum", 0.0}, {"epsilon", 1e-7},
  {"centered", false}}, RMSprop))

function RMSprop:rule() return self.momentum == 0 and 4 or 5 end

function RMSprop:numbers() return self.rho, self.momentum, self.epsilon end

local function centered_step(self, w, g, kept, rate)
  local v, s, mean = table.unpack(kept)
  v:mul_(self.rho):add_((1 - self.rho) * g * g)
  mean:mul_(self.rho):add_((1 - self.rho) * g)
  s:mul_(self.momentum):add_(rate * g / tensor.sqrt(v - mean * mean + self.epsilon))
  w:sub_(s)
end

function RMSprop:written_out()
  if self.centered then return centered_step, 3 end
end

local Adagrad = {}

optim.Adagrad = doc("optim.Adagrad", [[
optim.Adagrad{learning_rate=0.001, initial_accumulator_value=0.1, epsilon=1e-7, ...}

Divides the gradient by the root of the sum of all its squares so far: v = v + gradient^2, from
initial_accumulator_value, and w = w - learning_rate gradient / sqrt(v + epsilon). Weights that are seldom moved keep
their long steps; all steps become shorter with time (Duchi et al. 2011). The other options are as in optim.SGD.

> optim.Adagrad{0.01}
Adagrad, learning rate 0.01
]], define("Adagrad", {{"learning_rate", 0.001}, {"initial_accumulator_value", 0.1}, {"epsilon", 1e-7}}, Adagrad))

function Adagrad.rule() return 6 end

function Adagrad:numbers() return 0, 0, self.epsilon end

-- ---- relatives, written out ----
--
-- These are seldom used, so their rules are tensor operations on the whole of a weight, to be read: w is the weight, g
-- its gradient, and kept the two tensors beside it.

local function always(step)
  return function() return step, 2 end
end

local Adadelta = {}

optim.Adadelta = doc("optim.Adadelta", [[
optim.Adadelta{learning_rate=0.001, rho=0.95, epsilon=1e-7, ...}

optim.RMSprop with steps in the weight's own unit: v = rho v + (1 - rho) gradient^2, s = sqrt(u + epsilon) / sqrt(v +
epsilon) gradient, u = rho u + (1 - rho) s^2 the usual size of steps, and w = w - learning_rate s (Zeiler 2012, with a
learning rate of 1, which suits it better than Keras's 0.001). It starts slowly, since u starts at 0. The other options
are as in optim.SGD.

> optim.Adadelta{1}
Adadelta, learning rate 1
]], define("Adadelta", {{"learning_rate", 0.001}, {"rho", 0.95}, {"epsilon", 1e-7}}, Adadelta))

Adadelta.written_out = always(function(self, w, g, kept, rate)
  local v, u = table.unpack(kept)
  v:mul_(self.rho):add_((1 - self.rho) * g * g)
  local s = tensor.sqrt(u + self.epsilon) / tensor.sqrt(v + self.epsilon) * g
  u:mul_(self.rho):add_((1 - self.rho) * s * s)
  w:sub_(rate * s)
end)

local ADAM = {{"learning_rate", 0.001}, {"beta_1", 0.9}, {"beta_2", 0.999}, {"epsilon", 1e-7}}

local Adamax = {}

optim.Adamax = doc("optim.Adamax", [[
optim.Adamax{learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7, ...}

optim.Adam with the greatest gradient in the place of the usual one: m = beta_1 m + (1 - beta_1) gradient, u = the
greater of beta_2 u and |gradient|, and in step t w = w - learning_rate / (1 - beta_1^t) m / (u + epsilon), so that no
step is longer than about learning_rate (Kingma and Ba 2015, section 7.1). The other options are as in optim.SGD.

> optim.Adamax{}
Adamax, learning rate 0.001
]], define("Adamax", ADAM, Adamax))

Adamax.written_out = always(function(self, w, g, kept, rate, t)
  local m, u = table.unpack(kept)
  m:add_((1 - self.beta_1) * (g - m))
  u[{{}}] = tensor.maximum(self.beta_2 * u, tensor.abs(g))
  w:sub_(rate / (1 - self.beta_1 ^ t) * m / (u + self.epsilon))
end)

local Nadam = {}

optim.Nadam = doc("optim.Nadam", [[
optim.Nadam{learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7, ...}

optim.Adam with Nesterov's momentum: the mean of the gradients is looked at one step ahead, with a momentum that grows
towards beta_1 in the first hundred steps, beta_1 (1 - 0.96^t / 2) in step t (Dozat 2016). The other options are as in
optim.SGD.

> optim.Nadam{}
Nadam, learning rate 0.001
]], define("Nadam", ADAM, Nadam))

local function momentum_of(self, t) return self.beta_1 * (1 - 0.5 * 0.96 ^ t) end

-- The product of the momenta up to step t. It hangs on beta_1 and t alone, so it needs no place in a file: what is kept
-- is the last one, for the next step and the next weight.
local function momenta(self, t)
  local last = self.momenta
  if not last or last.beta_1 ~= self.beta_1 or last.t > t then
    last = {beta_1 = self.beta_1, t = 0, product = 1}
    self.momenta = last
  end
  for i = last.t + 1, t do last.product = last.product * momentum_of(self, i) end
  last.t = t
  return last.product
end

Nadam.written_out = always(function(self, w, g, kept, rate, t)
  local m, v = table.unpack(kept)
  local now, ahead = momentum_of(self, t), momentum_of(self, t + 1)
  local so_far = momenta(self, t)
  m:add_((1 - self.beta_1) * (g - m))
  v:add_((1 - self.beta_2) * (g * g - v))
  local mean = ahead / (1 - so_far * ahead) * m + (1 - now) / (1 - so_far) * g
  w:sub_(rate * mean / (tensor.sqrt(v / (1 - self.beta_2 ^ t)) + self.epsilon))
end)

return optim
