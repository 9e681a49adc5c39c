-- Values as text, for the prompt: tables opened to a reasonable depth, functions by their signature, floats with the
-- digits that read back. Strings stand bare at the top, as print would show them, and quoted inside a table.

local core = require "gradus.core.session"
local help = require "gradus.help"
local lexer = require "gradus.session.lexer"
local lua_library = require "gradus.session.lua_library"

local inspect = {}

local MAX_DEPTH, MAX_ITEMS = 4, 40
local SHORT = 16  -- bytes of an item that shares its line with others

function inspect.number(x)
  return math.type(x) == "integer" and tostring(x) or core.number_text(x)
end

local function parameters(f)
  local info = debug.getinfo(f, "u")
  local names = {}
  for i = 1, info.nparams do names[i] = debug.getlocal(f, i) end
  if info.isvararg then names[#names + 1] = "..." end
  return table.concat(names, ", ")
end

function inspect.func(f)
  local signature = help.signature_of(f)
  if signature then return "function " .. signature end
  local _, lua = lua_library.find(f)
  if lua then return "function " .. lua.signature end
  local info = debug.getinfo(f, "S")
  if info.what == "C" or info.source:sub(1, 12) == "@lua/gradus/" then return "function (built in)" end
  return string.format("function(%s) from %s, line %d", parameters(f), info.short_src, info.linedefined)
end

local quotes = {["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t", ['"'] = '\\"', ["\\"] = "\\\\"}

local function quote(s)
  local shown = #s > 200 and s:sub(1, 200) or s
  shown = shown:gsub('[%c"\\]', function(c) return quotes[c] or string.format("\\x%02X", c:byte()) end)
  return '"' .. shown .. '"' .. (#s > 200 and string.format("... (%d bytes)", #s) or "")
end

local function by_kind(a, b)
  local ta, tb = type(a), type(b)
  if ta ~= tb then return ta == "number" or (tb ~= "number" and ta < tb) end
  if ta == "number" or ta == "string" then return a < b end
  return tostring(a) < tostring(b)
end

local function is_name(key)
  return type(key) == "string" and key:find("^[%a_][%w_]*$") and not lexer.keywords[key]
end

local render

-- The fields of a table as a list of texts.
local function fields(t, depth, seen, width)
  local items, length = {}, rawlen(t)
  for i = 1, math.min(length, MAX_ITEMS) do
    local item = render(rawget(t, i), depth + 1, seen, width)
    items[i] = item:find "^\n" and item:gsub("\n  ", "\n"):sub(2) or item  -- no name stands before it
  end
  if length > MAX_ITEMS then items[#items + 1] = string.format("... (%d items)", length) end
  local keys = {}
  for key in next, t do
    if not (math.type(key) == "integer" and key >= 1 and key <= length) then keys[#keys + 1] = key end
  end
  table.sort(keys, by_kind)
  for i, key in ipairs(keys) do
    if i > MAX_ITEMS then
      items[#items + 1] = string.format("... (%d fields)", #keys)
      break
    end
    local name = is_name(key) and key or "[" .. render(key, depth + 1, seen, width) .. "]"
    items[#items + 1] = name .. " = " .. render(rawget(t, key), depth + 1, seen, width)
  end
  return items
end

local function indent(text)
  return (text:gsub("\n", "\n  "))
end

-- Short items share lines, as many as fit; anything longer has a line of its own.
local function arranged(items, width)
  local lines, line = {}, nil
  for i, item in ipairs(items) do
    local text = i < #items and item .. "," or item
    local is_short = #item <= SHORT and not item:find "[{=\n]"
    if line and is_short and #line + 1 + #text <= width then
      line = line .. " " .. text
    else
      lines[#lines + 1] = line
      line = text
      if not is_short then
        lines[#lines + 1] = line
        line = nil
      end
    end
  end
  lines[#lines + 1] = line
  return table.concat(lines, "\n  ")
end

local function table_text(t, depth, seen, width)
  if seen[t] then return "{... itself}" end
  if next(t) == nil then return "{}" end
  if depth >= MAX_DEPTH then return "{...}" end
  seen[t] = true
  local items = fields(t, depth, seen, width - 2)
  seen[t] = nil
  local line = "{" .. table.concat(items, ", ") .. "}"
  if #line <= width and not line:find("\n", 1, true) then return line end
  for i, item in ipairs(items) do items[i] = indent(item) end
  return "{\n  " .. arranged(items, width - 2) .. "\n}"
end

function render(value, depth, seen, width)
  local kind = type(value)
  if kind == "string" then return depth == 0 and value or quote(value) end
  if kind == "number" then return inspect.number(value) end
  if kind == "function" then return inspect.func(value) end
  local meta = debug.getmetatable(value)
  if kind == "table" and not (meta and (rawget(meta, "__tostring") or rawget(meta, "__name"))) then
    return table_text(value, depth, seen, width)
  end
  local text = tostring(value)
  return depth > 0 and text:find("\n", 1, true) and "\n  " .. indent(text) or text
end

--- `value` as text of lines at most about `width` columns wide.
function inspect.value(value, width)
  width = width or 80
  local text = render(value, 0, {}, width)
  if type(value) == "function" and #text > width then
    return (require("gradus.lesson.layout").wrap_text(text, width - 4):gsub("\n", "\n    "))
  end
  return text
end

return inspect
