-- The networks a learner sees: nn.Sequential and the layers.

local nn = {}

for name, constructor in pairs(require "gradus.nn.layers") do nn[name] = constructor end
nn.Sequential = require("gradus.nn.sequential").Sequential

return nn
