-- JSON: what lies in the files of networks beside the numbers.

local core = require "gradus.core.text"

local json = {}

--- The value of a text: lists and objects become tables, null nil, whole numbers integers. `name` is for messages.
function json.read(text, name)
  return core.json(text, name)
end

local escapes = {['"'] = '\\"', ["\\"] = "\\\\"}

local function quoted(s)
  return '"' .. s:gsub('[%c"\\]', function(c) return escapes[c] or string.format("\\u%04x", c:byte()) end) .. '"'
end

-- 17 digits are what gives a double back bit for bit; JSON has no infinity, and 1e999 reads as one.
local function number(x)
  if math.type(x) == "integer" then return string.format("%d", x) end
  if x ~= x then error("JSON has no NaN", 0) end
  if x - x ~= 0 then return x > 0 and "1e999" or "-1e999" end
  return string.format("%.17g", x)
end

--- The text of a value: a table with a first entry, or with none at all, is a list, any other an object, whose names
--- come in their order, so that equal values have equal texts.
function json.write(value)
  local kind = type(value)
  if kind == "string" then return quoted(value) end
  if kind == "number" then return number(value) end
  if kind == "boolean" or kind == "nil" then return tostring(kind == "nil" and "null" or value) end
  if kind ~= "table" then error("JSON has no " .. kind, 0) end
  local parts = {}
  if value[1] ~= nil or next(value) == nil then
    for i, each in ipairs(value) do parts[i] = json.write(each) end
    return "[" .. table.concat(parts, ",") .. "]"
  end
  local names = {}
  for name in pairs(value) do
    if type(name) ~= "string" then error("JSON has names for what is in an object, and no " .. type(name), 0) end
    names[#names + 1] = name
  end
  table.sort(names)
  for i, name in ipairs(names) do parts[i] = quoted(name) .. ":" .. json.write(value[name]) end
  return "{" .. table.concat(parts, ",") .. "}"
end

return json
