-- Dropout: in training some numbers are missing, so that none is relied on alone. A unit that cannot count on its
-- neighbours learns what is of use by itself; one may see it as training many thinned networks that share weights.
-- Which numbers are missing hangs on the run's key, the step and the sample, never on the number of threads.

local core = require "gradus.core.grad"
local doc = require("gradus.help").doc
local Layer = require "gradus.nn.layer"
local shapes = require "gradus.shapes"

local layers = {}

local Dropout, dropout = Layer.define("Dropout", {
  {"rate", required = true},
  {"noise_shape"},
  {"seed", named = true},
})

layers.Dropout = doc("nn.Dropout", [[
nn.Dropout{rate, noise_shape, seed=}

In training each number is set to 0 with probability `rate`, and the others are divided by 1 - rate, so that
their expected sum stays (inverted dropout; Srivastava et al. 2014). In prediction it does nothing. noise_shape is the
shape of what is drawn, the axis of the samples first: along an axis of size 1 all numbers go or stay together, and -1
(Keras's None) takes the size of the input. noise_shape={-1, 1, 1, -1} drops whole channels of images, {1, -1} the same
numbers in all samples of a batch. `seed`, a whole number, gives the layer draws of its own wherever it stands. No
parameters.

> nn.Dropout{0.5}.rate
0.5
> nn.Dropout{0.2, noise_shape={-1, 1, 1, -1}, input_shape={6, 6, 3}}.rate
0.2
]], dropout)

-- An error unless noise_shape can be one of samples of that shape, if it is known: 1, -1 or the size on each axis.
local function check_noise_shape(self, input_shape)
  local noise, what = self.noise_shape, self.name and self.name .. " (Dropout)" or "nn.Dropout"
  local good = type(noise) == "table" and getmetatable(noise) == nil and #noise > 0
  for i = 1, good and #noise or 0 do
    local n = noise[i]  -- nil, perhaps, of somebody who thinks of None
    good = good and math.type(n) == "integer" and (n == -1 or n > 0)
  end
  if not good then
    error(string.format("%s: noise_shape is a list of whole numbers, the axis of the samples first: 1 where numbers go "
      .. "or stay together, -1 where each is drawn for itself, as in {-1, 1, 1, -1}", what), 0)
  end
  if noise[1] ~= 1 and noise[1] ~= -1 then
    error(string.format("%s: noise_shape begins with the axis of the samples, and batches differ in size: -1 (each "
      .. "sample is drawn for itself) or 1 (all of a batch lose the same), not %d", what, noise[1]), 0)
  end
  if not input_shape then return end
  if #noise ~= #input_shape + 1 then
    error(string.format("%s: noise_shape has %d axes, but a batch has %d here: that of the samples and %s", what,
      #noise, #input_shape + 1, shapes.text(input_shape)), 0)
  end
  for axis, size in ipairs(input_shape) do
    local n = noise[axis + 1]
    if n ~= 1 and n ~= -1 and n ~= size then
      error(string.format("%s: noise_shape has %d on axis %d, where samples of shape %s have %d: it is 1, -1 or %d "
        .. "there", what, n, axis + 1, shapes.text(input_shape), size, size), 0)
    end
  end
end

function Dropout:check()
  if type(self.rate) ~= "number" or not (self.rate >= 0 and self.rate < 1) then
    error("nn.Dropout: rate is a number from 0 up to, not including, 1; got " .. tostring(self.rate), 0)
  end
  if self.seed ~= nil and math.type(self.seed) ~= "integer" then
    error("nn.Dropout: seed is a whole number, not " .. tostring(self.seed), 0)
  end
  if self.noise_shape ~= nil then check_noise_shape(self) end
end

function Dropout:output_shape_for(input_shape)
  if self.noise_shape ~= nil then check_noise_shape(self, input_shape) end
  return input_shape
end

function Dropout:call(x, training)
  if not training then return x end
  local together
  if self.noise_shape ~= nil then
    together = {}
    for axis, n in ipairs(self.noise_shape) do
      if n == 1 then together[#together + 1] = axis end
    end
  end
  return core.dropout(x, self.rate, self.seed or self.position, together)
end

return layers
