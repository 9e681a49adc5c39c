-- The networks a learner sees: nn.Sequential, the layers, and how to make a new kind.

local nn = {}

for name, constructor in pairs(require "gradus.nn.layers") do nn[name] = constructor end
nn.layer = require "gradus.nn.custom"
for name, constructor in pairs(require "gradus.nn.functional") do nn[name] = constructor end
nn.load = require "gradus.nn.loading"
nn.Sequential = require("gradus.nn.sequential").Sequential

return nn
