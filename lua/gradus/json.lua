-- JSON: what lies in the files of networks beside the numbers.

local core = require "gradus.core.text"

local json = {}

--- The value of a text: lists and objects become tables, null nil, whole numbers integers. `name` is for messages.
function json.read(text, name)
  return core.json(text, name)
end

--- The value in a file; nil and why when it cannot be read.
function json.load(path)
  local f <close>, problem = io.open(path, "rb")
  local bytes = f and f:read "a"
  if not bytes then return nil, problem or path .. " is a folder" end
  local ok, value = pcall(core.json, bytes, path)
  if ok then return value end
  return nil, value
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

local object = {}

--- A table that is an object also when it is empty, and with `null` one can say that there is nothing.
function json.object(fields)
  return setmetatable(fields or {}, object)
end

json.null = setmetatable({}, {__name = "null"})

-- Items between brackets: in one line, or each in its own, `depth` steps of `step` spaces in.
local function bracketed(items, open, close, step, depth)
  if not step or #items == 0 then return open .. table.concat(items, ",") .. close end
  local line = "\n" .. (" "):rep(step * (depth + 1))
  return open .. line .. table.concat(items, "," .. line) .. "\n" .. (" "):rep(step * depth) .. close
end

local function write(value, step, depth)
  local kind = type(value)
  if kind == "string" then return quoted(value) end
  if kind == "number" then return number(value) end
  if value == nil or value == json.null then return "null" end
  if kind == "boolean" then return tostring(value) end
  if kind ~= "table" then error("JSON has no " .. kind, 0) end
  local parts = {}
  if value[1] ~= nil or next(value) == nil and getmetatable(value) ~= object then
    for i, each in ipairs(value) do parts[i] = write(each, step, depth + 1) end
    return bracketed(parts, "[", "]", step, depth)
  end
  local names = {}
  for name in pairs(value) do
    if type(name) ~= "string" then error("JSON has names for what is in an object, and no " .. type(name), 0) end
    names[#names + 1] = name
  end
  table.sort(names)
  local colon = step and ": " or ":"
  for i, name in ipairs(names) do parts[i] = quoted(name) .. colon .. write(value[name], step, depth + 1) end
  return bracketed(parts, "{", "}", step, depth)
end

--- The text of a value: a table with a first entry, or with none at all, is a list, any other an object, whose names
--- come in their order, so that equal values have equal texts. With `step` a line each, so many spaces further in.
function json.write(value, step)
  return write(value, step, 0)
end

return json
