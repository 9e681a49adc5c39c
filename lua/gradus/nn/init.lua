-- The networks a learner sees: nn.Sequential, the layers, and how to make a new kind.
--
-- To read how a network works, in this order:
--
--   layers/dense.lua        what a layer is: shapes, weights, and the function that it computes
--   activations.lua         what stands between the sums
--   layer.lua               what all layers have in common: options, drawing weights
--   sequential.lua          layers one after the other; functional.lua: with branches
--   layers/convolution.lua, pooling.lua, normalization.lua, dropout.lua, augmentation.lua
--   ../losses/init.lua      what "wrong" is; ../regularizers/init.lua: what large weights cost; penalties.lua
--   training.lua            compile, fit, evaluate, predict: epochs, batches, validation
--   steps.lua               one step of gradient descent, recorded once and replayed; eager.lua: by hand
--   ../optim/init.lua       how weights follow their gradients; ../optim/schedules.lua: how fast
--   diagnosis.lua           what went wrong when a number is none; pairing.lua: what will
--   explain.lua, unit.lua, trace.lua    where every size and number comes from
--   saving.lua, loading.lua, weights.lua, pytorch.lua    networks as files
--
-- The operations themselves, each with its derivative, are in src/grad/op_*.c, their loops in src/kernel.

local nn = {}

for name, constructor in pairs(require "gradus.nn.layers") do nn[name] = constructor end
nn.layer = require "gradus.nn.custom"
for name, constructor in pairs(require "gradus.nn.functional") do nn[name] = constructor end
nn.load = require "gradus.nn.loading"
nn.Sequential = require("gradus.nn.sequential").Sequential

return nn
