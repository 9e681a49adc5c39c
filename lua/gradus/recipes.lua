-- What data.augment and the random layers share: reading the options of which a recipe of changes is made (the core's
-- gr_recipe).

local options = require "gradus.options"

local error, ipairs, math, tostring, type = error, ipairs, math, tostring, type
local format = string.format

local M = {}

-- In the order of the core.
local FILLS = {"constant", "nearest", "reflect", "wrap"}

--- The core's number of a fill mode.
function M.fill(what, name, value)
  options.choice(what, name, value, FILLS)
  for i, fill in ipairs(FILLS) do
    if fill == value then return i - 1 end
  end
end

--- {least, greatest} from a number m, which means -m to m, or from two; `apart`: only from two, and not equal.
function M.pair(what, name, value, least, most, apart)
  local pair = value
  if type(value) == "number" and not apart then pair = {-math.abs(value), math.abs(value)} end
  if type(pair) ~= "table" or type(pair[1]) ~= "number" or type(pair[2]) ~= "number" or #pair ~= 2 then
    error(format("%s: %s is %s{least, greatest}, not %s", what, name, apart and "" or "a number or ",
      tostring(value)), 3)
  end
  local low, high = pair[1], pair[2]
  if not (low <= high) or apart and low == high then
    error(format("%s: %s goes from the smaller number to the greater one; got {%g, %g}", what, name, low, high), 3)
  end
  if not (low >= math.max(least, -1e300) and high <= math.min(most, 1e300)) then
    error(format("%s: %s lies between %g and %g; got %s", what, name, least, most,
      type(value) == "number" and tostring(value) or format("{%g, %g}", low, high)), 3)
  end
  return {low, high}
end

--- {rows=, columns=}, each 0 or 1, from a flip's mode by Keras's names.
function M.flips(what, name, value)
  if value == true then value = "horizontal" end
  if value == false then return {rows = 0, columns = 0} end
  options.choice(what, name, value, {"horizontal", "vertical", "horizontal_and_vertical"})
  return {rows = value ~= "horizontal" and 1 or 0, columns = value ~= "vertical" and 1 or 0}
end

return M
