-- Rescaling: the preparation of input as the first layer of a network, so that it travels with it.

local doc = require("gradus.help").doc
local Layer = require "gradus.nn.layer"

local layers = {}

local Rescaling, rescaling = Layer.define("Rescaling", {
  {"scale", required = true},
  {"offset", 0.0},
})

layers.Rescaling = doc("nn.Rescaling", [=[
nn.Rescaling{scale, offset=0}

x * scale + offset: nn.Rescaling{1 / 255} takes pictures from 0..255 to 0..1, nn.Rescaling{1 / 127.5, -1} to -1..1. No
parameters.

> nn.Sequential{nn.Rescaling{1 / 255, input_shape={2}}, dtype="float64"}:predict(tensor{{0, 255}})
[[0. 1.]]
]=], rescaling)

function Rescaling:check()
  for _, name in ipairs {"scale", "offset"} do
    local value = self[name]
    if type(value) ~= "number" or value - value ~= 0 then
      error(string.format("nn.Rescaling: %s is a number, not %s", name, tostring(value)), 0)
    end
  end
end

function Rescaling:output_shape_for(input_shape) return input_shape end

function Rescaling:call(x)
  local y = x * self.scale
  return self.offset == 0 and y or y + self.offset
end

return layers
