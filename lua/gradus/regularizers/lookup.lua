-- From what a learner gives a layer to a regularizer r: the penalty of a weight is r(w), tracked when w is.

local is_tensor = require "gradus.is_tensor"
local is_tracked = require "gradus.is_tracked"
local options = require "gradus.options"
local regularizers = require "gradus.regularizers"
local tensor = require "gradus.core.tensor"

-- Keras knows L1L2 by name, too, and takes it for a penalty of 0: here it is given by its numbers only.
local by_name = {l1 = regularizers.L1, l2 = regularizers.L2}
local names = {"l1", "l2"}

-- A learner's own: f(w), made of tensor operations, gives one number; its gradient follows from them.
local Own = {__name = "regularizer"}
Own.__index = Own

function Own:__call(w)
  local y = self.f(w)
  local in_tensor = is_tensor(y)
  if type(y) ~= "number" and not (in_tensor and y.size == 1) then
    error(string.format("%s: your %s gave %s; it gives one number, as in function(w) return 0.01 * sum(w * w) end",
      self.what, self.option, in_tensor and "a tensor of " .. y.size .. " numbers" or "a " .. type(y)), 0)
  end
  if is_tracked(w) then
    if not in_tensor or not is_tracked(y) then
      error(string.format("%s: your %s gave a number that no gradient leads back from; make it of tensor operations, "
        .. "as in function(w) return 0.01 * sum(w * w) end", self.what, self.option), 0)
    end
    return tensor.sum(y)  -- without axes
  end
  return in_tensor and tensor.sum(y) or y
end

-- The regularizer of that name, one around a function, or `given` itself. `what` and `option` name the layer and its
-- option in an error.
local function find(what, option, given)
  local meta = getmetatable(given)
  if type(given) == "table" and meta and meta.__name == Own.__name then return given end
  if type(given) == "function" then return setmetatable({f = given, what = what, option = option}, Own) end
  if type(given) ~= "string" then
    error(string.format('%s: %s is a name ("l2"), a regularizer (regularizers.L2{0.001}) or a function of the weight, '
      .. "not %s", what, option, type(given)), 0)
  end
  return by_name[options.choice(what, option, given, names)]{}
end

return {find = find, names = names}
