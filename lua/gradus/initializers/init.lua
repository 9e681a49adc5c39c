-- How weights start. Were they all equal, all units of a layer would compute the same and learn the same: so kernels
-- are drawn at random. How large decides whether a deep network learns: a sum of n products grows with n, so the more
-- inputs a unit has, the smaller its weights must be, or the signal would swell from layer to layer (or fade away).
--
-- Keras's names and formulas. fan_in is how many numbers one output is the sum of, fan_out how many outputs one input
-- takes part in: for a kernel of shape (..., in, out) the product of the leading sizes (the window) times in, and
-- times out. All are drawn from the one generator of the session, in the order of the elements.

local doc = require("gradus.help").doc
local linalg = require "gradus.core.linalg"
local options = require "gradus.options"
local random = require "gradus.core.random"
local tensor = require "gradus.core.tensor"

local initializers = {}

-- ---- what all have in common ----

local function number(what) return {what or "a number", function(v) return v - v == 0 end} end

-- What an option may be.
local ranges = {
  scale = {"a number above 0", function(v) return v > 0 and v < math.huge end},
  stddev = {"a number from 0", function(v) return v >= 0 and v < math.huge end},
  mean = number(), minval = number(), maxval = number(), gain = number(), value = number(),
}

local refused = {
  seed = "one generator draws everything, and random.seed(1) before a network is made makes it the same again",
}

-- initializers[class_name]: a constructor of callable values, draw(options, shape) -> tensor. `spec` is as in
-- options.read, `text` the help.
local function define(class_name, spec, text, draw, check)
  local what = "initializers." .. class_name
  spec.refused = refused
  local class = {class_name = class_name, __name = "initializer"}
  class.__index = class
  function class:__call(shape, ...)
    if math.type(shape) == "integer" then shape = {shape, ...} end
    if type(shape) ~= "table" then
      error(string.format("%s{...} is called with a shape, as in %s{}({3, 2}), not with a %s", what, what,
        type(shape)), 2)
    end
    return draw(self, shape)
  end
  function class:__tostring()
    local parts = {}
    for i, option in ipairs(spec) do
      local value = self[option[1]]
      parts[i] = option[1] .. "=" .. (type(value) == "string" and ("%q"):format(value) or tostring(value))
    end
    return class_name .. "{" .. table.concat(parts, ", ") .. "}"
  end
  initializers[class_name] = doc(what, text, options.takes(spec, function(given)
    local self = options.read(what, given, spec)
    for _, option in ipairs(spec) do
      local name = option[1]
      local range, value = ranges[name], self[name]
      if range and not (type(value) == "number" and range[2](value)) then
        error(string.format("%s: %s is %s, not %s", what, name, range[1], tostring(value)), 0)
      end
    end
    if check then check(what, self) end
    return setmetatable(self, class)
  end))
end

local function normal(mean, stddev, shape)
  return mean + stddev * random.randn(table.unpack(shape))
end

-- A normal distribution without its tails: what lies beyond two standard deviations is drawn again, in the order of the
-- elements, until nothing does.
local function truncated_normal(mean, stddev, shape)
  local t = random.randn(table.unpack(shape)):reshape(-1)
  while true do
    local beyond = tensor.nonzero(tensor.ge(tensor.abs(t), 2))
    if #beyond == 0 then break end
    t[beyond] = random.randn(#beyond)
  end
  return mean + stddev * t:reshape(shape)
end

-- ---- the same number everywhere ----

define("Zeros", {}, [=[
initializers.Zeros{} -> initializer

All 0: how biases start. By name "zeros". An initializer is an option of a layer (kernel_initializer="he_normal", or
kernel_initializer=initializers.HeNormal{}); called with a shape it gives the tensor.

> initializers.Zeros{}({2})
[0. 0.]
]=], function(_, shape) return tensor.zeros(shape) end)

define("Ones", {}, [=[
initializers.Ones{} -> initializer

All 1. By name "ones".

> initializers.Ones{}({2})
[1. 1.]
]=], function(_, shape) return tensor.ones(shape) end)

define("Constant", {{"value", 0.0}}, [=[
initializers.Constant{value=0} -> initializer

The same number everywhere. By name "constant".

> initializers.Constant{0.5}({2})
[0.5 0.5]
]=], function(self, shape) return tensor.full(shape, self.value) end)

-- ---- a spread that you choose ----

define("RandomNormal", {{"mean", 0.0}, {"stddev", 0.05}}, [=[
initializers.RandomNormal{mean=0, stddev=0.05} -> initializer

Drawn from the normal distribution of that mean and standard deviation. By name "random_normal".

> random.seed(1)
> initializers.RandomNormal{0, 1}({2})
[ 1.62434536 -0.61175641]
]=], function(self, shape) return normal(self.mean, self.stddev, shape) end)

define("RandomUniform", {{"minval", -0.05}, {"maxval", 0.05}}, [=[
initializers.RandomUniform{minval=-0.05, maxval=0.05} -> initializer

Drawn evenly between two numbers. By name "random_uniform".

> random.seed(1)
> initializers.RandomUniform{0, 1}({2})
[0.417022   0.72032449]
]=], function(self, shape) return random.uniform(self.minval, self.maxval, table.unpack(shape)) end,
function(what, self)
  if self.minval > self.maxval then
    error(string.format("%s: minval=%s is greater than maxval=%s", what, self.minval, self.maxval), 0)
  end
end)

define("TruncatedNormal", {{"mean", 0.0}, {"stddev", 0.05}}, [=[
initializers.TruncatedNormal{mean=0, stddev=0.05} -> initializer

A normal distribution without its tails: all numbers are drawn, and those beyond two standard deviations drawn again, in
their order, until there are none. What is left has a standard deviation of 0.88 times `stddev`. By name
"truncated_normal".

> max(abs(initializers.TruncatedNormal{0, 1}({1000}))) < 2
true
]=], function(self, shape) return truncated_normal(self.mean, self.stddev, shape) end)

-- ---- a spread that fits the size of the layer ----

local function fans(shape)
  if #shape == 0 then return 1, 1 end
  if #shape == 1 then return shape[1], shape[1] end
  local window = 1
  for i = 1, #shape - 2 do window = window * shape[i] end
  return window * shape[#shape - 1], window * shape[#shape]
end

local CUT = 0.87962566103423978  -- the standard deviation of a normal distribution cut at two of its own

-- A tensor whose numbers have the variance scale / n, n the fan of that mode. A number drawn evenly between -a and a
-- has the variance a^2 / 3.
local function scaled(scale, mode, distribution, shape)
  local fan_in, fan_out = fans(shape)
  local n = mode == "fan_in" and fan_in or mode == "fan_out" and fan_out or (fan_in + fan_out) / 2
  n = math.max(1, n)
  if distribution == "uniform" then
    local limit = math.sqrt(3 * scale / n)
    return random.uniform(-limit, limit, table.unpack(shape))
  elseif distribution == "truncated_normal" then
    return truncated_normal(0, math.sqrt(scale / n) / CUT, shape)
  end
  return normal(0, math.sqrt(scale / n), shape)
end

define("VarianceScaling", {
  {"scale", 1.0},
  {"mode", "fan_in", one_of = {"fan_in", "fan_out", "fan_avg"}},
  {"distribution", "truncated_normal", one_of = {"truncated_normal", "untruncated_normal", "uniform"}},
}, [=[
initializers.VarianceScaling{scale=1, mode="fan_in", distribution="truncated_normal"} -> initializer

Numbers of mean 0 and variance scale / n. n is for mode="fan_in" how many numbers one output is the sum of, for
"fan_out" how many outputs one input takes part in, for "fan_avg" the mean of the two: a kernel (rows, columns, in,
out) has rows * columns * in, and rows * columns * out. distribution: "truncated_normal", "untruncated_normal" or
"uniform". By name "variance_scaling". The Glorot, He and LeCun initializers are this with other numbers.

> random.seed(1)
> initializers.VarianceScaling{2, "fan_avg", "uniform"}({3, 1})
[[-0.28744421]
 [ 0.76322643]
 [-1.7316546 ]]
]=], function(self, shape) return scaled(self.scale, self.mode, self.distribution, shape) end,
function(what, self)
  for _, name in ipairs {"mode", "distribution"} do
    if type(self[name]) ~= "string" then error(string.format("%s: %s is a name", what, name), 0) end
  end
end)

local function define_scaled(class_name, scale, mode, distribution, text)
  define(class_name, {}, text, function(_, shape) return scaled(scale, mode, distribution, shape) end)
end

define_scaled("GlorotUniform", 1, "fan_avg", "uniform", [=[
initializers.GlorotUniform{} -> initializer

Drawn evenly between -a and a, a = sqrt(6 / (fan_in + fan_out)): variance 2 / (fan_in + fan_out) (Glorot and Bengio
2010). 1 / fan_in would keep the variance of the activations from layer to layer, 1 / fan_out that of the gradients on
their way back; this lies between the two. How kernels start unless you say otherwise. By name "glorot_uniform".

> random.seed(1)
> initializers.GlorotUniform{}({3, 1})
[[-0.20325375]
 [ 0.53968259]
 [-1.22446471]]
]=])

define_scaled("GlorotNormal", 1, "fan_avg", "truncated_normal", [=[
initializers.GlorotNormal{} -> initializer

As initializers.GlorotUniform, from a truncated normal distribution of the same variance. By name "glorot_normal".

> initializers.GlorotNormal{}({3, 1}).shape
{3, 1}
]=])

define_scaled("HeUniform", 2, "fan_in", "uniform", [=[
initializers.HeUniform{} -> initializer

Drawn evenly between -a and a, a = sqrt(6 / fan_in): variance 2 / fan_in, twice what keeps the variance of the signal,
because ReLU drops half of it (He et al. 2015). By name "he_uniform".

> random.seed(1)
> initializers.HeUniform{}({6, 1}):flatten()
[-0.16595599  0.44064899 -0.99977125 -0.39533485 -0.70648822 -0.81532281]
]=])

define_scaled("HeNormal", 2, "fan_in", "truncated_normal", [=[
initializers.HeNormal{} -> initializer

As initializers.HeUniform, from a truncated normal distribution of the same variance. By name "he_normal".

> nn.Sequential{nn.Dense{8, activation="relu", kernel_initializer="he_normal", input_shape={4}}}:count_params()
40
]=])

define_scaled("LecunUniform", 1, "fan_in", "uniform", [=[
initializers.LecunUniform{} -> initializer

Drawn evenly between -a and a, a = sqrt(3 / fan_in): variance 1 / fan_in, which keeps the variance of the signal from
layer to layer (LeCun et al. 1998). By name "lecun_uniform".

> random.seed(1)
> initializers.LecunUniform{}({3, 1}):flatten()
[-0.16595599  0.44064899 -0.99977125]
]=])

define_scaled("LecunNormal", 1, "fan_in", "truncated_normal", [=[
initializers.LecunNormal{} -> initializer

As initializers.LecunUniform, from a truncated normal distribution of the same variance. By name "lecun_normal".

> initializers.LecunNormal{}({3, 1}).shape
{3, 1}
]=])

-- ---- matrices that keep lengths ----

define("Orthogonal", {{"gain", 1.0}}, [=[
initializers.Orthogonal{gain=1} -> initializer

`gain` times a random matrix whose columns (or, where there are fewer, rows) have length 1 and are at right angles: it
keeps the length of what it multiplies (Saxe et al. 2014). The Q of the QR decomposition of normal numbers, its
columns with the signs of the diagonal of R, so that all such matrices are equally likely. A kernel with more than two
axes is one matrix (all but the last, last). By name "orthogonal".

> random.seed(1)
> W = initializers.Orthogonal{}({3, 2})
> max(abs(W.T:dot(W) - eye(2))) < 1e-12
true
]=], function(self, shape)
  if #shape < 2 then
    error("initializers.Orthogonal is for kernels of at least two axes, and this weight has " .. #shape, 0)
  end
  local columns, rows = shape[#shape], 1
  for i = 1, #shape - 1 do rows = rows * shape[i] end
  local long, short = math.max(rows, columns), math.min(rows, columns)
  if short == 0 then return tensor.zeros(shape) end
  local q, r = linalg.qr(random.randn(long, short))
  q = q * tensor.where(tensor.lt(tensor.diag(r), 0), -1, 1)
  if rows < columns then q = q.T end
  return self.gain * q:reshape(shape)
end)

define("Identity", {{"gain", 1.0}}, [=[
initializers.Identity{gain=1} -> initializer

`gain` on the diagonal and 0 elsewhere, for kernels with two axes: at first the layer passes its input on. By name
"identity".

> initializers.Identity{2}({2, 3})
[[2. 0. 0.]
 [0. 2. 0.]]
]=], function(self, shape)
  if #shape ~= 2 then
    error("initializers.Identity is for kernels of two axes, and this weight has " .. #shape, 0)
  end
  return self.gain * tensor.eye(shape[1], shape[2])
end)

return initializers
