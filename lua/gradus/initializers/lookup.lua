-- From what a learner gives a layer to an initializer, and to the weight that it draws.

local initializers = require "gradus.initializers"
local options = require "gradus.options"
local shapes = require "gradus.shapes"
local tensor = require "gradus.core.tensor"

local by_name, names = {}, {}
local M = {names = names}

for class_name, constructor in pairs(initializers) do
  local name = class_name:gsub("(%l)(%u)", "%1_%2"):lower()  -- GlorotUniform: glorot_uniform
  by_name[name] = constructor
  names[#names + 1] = name
end
table.sort(names)

local Initializer = "initializer"  -- the __name of what the constructors make

--- The initializer of that name with its defaults, or `given` itself: one that was made, or a function of the
--- learner's. `what` and `option` name the layer and its option in an error.
function M.find(what, option, given)
  local meta = getmetatable(given)
  if type(given) == "function" or type(given) == "table" and meta and meta.__name == Initializer then return given end
  if type(given) ~= "string" then
    error(string.format('%s: %s is a name ("he_normal"), an initializer (initializers.HeNormal{}) or a function of the '
      .. "shape, not %s", what, option, type(given)), 0)
  end
  return by_name[options.choice(what, option, given, names)] {}
end

--- A tensor of that shape, drawn from the one generator of the session.
function M.draw(what, option, given, shape)
  local drawn = M.find(what, option, given)(shape)
  if getmetatable(drawn) ~= tensor.metatable or not shapes.equal(drawn.shape, shape) then
    local got = getmetatable(drawn) == tensor.metatable and "a tensor of shape " .. shapes.text(drawn.shape)
      or type(drawn)
    error(string.format("%s: your %s gave %s; it is called with the shape %s and gives a tensor of it", what, option,
      got, shapes.text(shape)), 0)
  end
  return drawn
end

return M
