-- The parts of a data set: a table with x and y, or with x_train, y_train, x_val, y_val, x_test, y_test.

local core = require "gradus.core.data"

local error, type, tostring, ipairs, pairs = error, type, tostring, ipairs, pairs
local getmetatable, pcall, setmetatable = getmetatable, pcall, setmetatable
local format = string.format

local M = {}

--- The parts in their order: key of the pictures, key of the labels, name.
M.list = {
  {"x", "y", "items"},
  {"x_train", "y_train", "train"},
  {"x_val", "y_val", "validation"},
  {"x_test", "y_test", "test"},
}

--- The name of the part whose keys end so: "_val" is "validation".
function M.name(suffix)
  for _, part in ipairs(M.list) do
    if part[1] == "x" .. suffix then return part[3] end
  end
end

--- Whether it is a data set, and not a tensor.
function M.is_set(d)
  return type(d) == "table" and not core.is_tensor(d)
end

-- Which tensors are held out: validation and test parts, as data.split made them.
local roles = setmetatable({}, {__mode = "k"})

--- "validation" or "test" when x is the pictures of such a part; otherwise nil.
function M.role(x) return roles[x] end

--- Remembers that x is the pictures of the part of that name.
function M.set_role(x, name)
  if name == "validation" or name == "test" then roles[x] = name end
end

--- What a value is, for messages.
function M.kind(v)
  return core.is_tensor(v) and "a tensor" or v == nil and "nothing" or "a " .. type(v)
end

--- An error of the core without the place in our own files, which would only distract; it points `level` up.
function M.raise(message, level)
  error((tostring(message):gsub("^lua/gradus/[%w_/]+%.lua:%d+: ", "")), level + 1)
end

--- Calls f; its errors point at who called the function that calls this.
function M.call(f, ...)
  local ok, a, b, c = pcall(f, ...)
  if not ok then M.raise(a, 3) end
  return a, b, c
end

--- f of a tensor, or a data set like `x` with f of the pictures of each part.
function M.over(what, x, f)
  if core.is_tensor(x) then return (M.call(f, x)) end
  if type(x) ~= "table" then
    error(format("%s takes a tensor of pictures or a data set, not %s", what, M.kind(x)), 3)
  end
  local d, found = {}, false
  for key, value in pairs(x) do d[key] = value end
  for _, part in ipairs(M.list) do
    if core.is_tensor(x[part[1]]) then
      d[part[1]], found = M.call(f, x[part[1]]), true
      M.set_role(d[part[1]], part[3])
    end
  end
  if not found then error(format("%s: this table has no pictures: no x and no x_train", what), 3) end
  return setmetatable(d, getmetatable(x))
end

return M
