-- Dropout: in training some numbers are missing, so that none is relied on alone. A unit that cannot count on its
-- neighbours learns what is of use by itself; one may see it as training many thinned networks that share weights.
-- Which numbers are missing hangs on the run's key, the step and the sample, never on the number of threads.

local core = require "gradus.core.grad"
local doc = require("gradus.help").doc
local Layer = require "gradus.nn.layer"

local layers = {}

local Dropout, dropout = Layer.define("Dropout", {
  {"rate", required = true},
  {"seed", named = true},
})

layers.Dropout = doc("nn.Dropout", [[
nn.Dropout{rate, seed=}

In training each number is set to 0 with probability `rate`, and the others are divided by 1 - rate, so that
their expected sum stays (inverted dropout; Srivastava et al. 2014). In prediction it does nothing. `seed`, a whole
number, gives the layer draws of its own wherever it stands. No parameters.

> nn.Dropout{0.5}.rate
0.5
]], dropout)

function Dropout:check()
  if type(self.rate) ~= "number" or not (self.rate >= 0 and self.rate < 1) then
    error("nn.Dropout: rate is a number from 0 up to, not including, 1; got " .. tostring(self.rate), 0)
  end
  if self.seed ~= nil and math.type(self.seed) ~= "integer" then
    error("nn.Dropout: seed is a whole number, not " .. tostring(self.seed), 0)
  end
end

function Dropout:output_shape_for(input_shape)
  return input_shape
end

function Dropout:call(x, training)
  return training and core.dropout(x, self.rate, self.seed or self.position) or x
end

return layers
