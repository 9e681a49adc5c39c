-- bytes(value): how much memory the tensors and long strings in a value take, and whether there are any. Tables are
-- looked into, and each thing is counted once.

local is_tensor = require "gradus.is_tensor"

local item_bytes = {float64 = 8, float32 = 4, int64 = 8, uint8 = 1, bool = 1}
local LONG = 1024  -- a shorter string is no more than a number is

local function bytes_of(value, seen)
  if type(value) == "string" then return #value >= LONG and #value or 0, #value >= LONG end
  if seen[value] then return 0, false end
  if type(value) == "table" then
    seen[value] = true
    local sum, any = 0, false
    for _, item in next, value do
      if type(item) == "table" or type(item) == "userdata" or type(item) == "string" then
        local bytes, found = bytes_of(item, seen)
        sum, any = sum + bytes, any or found
      end
    end
    return sum, any
  end
  if not is_tensor(value) then return 0, false end
  seen[value] = true
  return value.size * item_bytes[value.dtype], true
end

return function(value) return bytes_of(value, {}) end
