-- A value, or a name's help, in a few words: what a list of completions or of variables shows beside the name.

local core = require "gradus.core.session"
local help = require "gradus.help"
local lua_library = require "gradus.session.lua_library"

local brief = {}

local function shape_text(shape)
  return "(" .. table.concat(shape, ", ") .. (#shape == 1 and ",)" or ")")
end

brief.shape = shape_text

--- The first sentence of a help text.
function brief.sentence(text)
  local paragraph = help.parts(text).paragraph:match "^(.-)\n\n" or help.parts(text).paragraph
  paragraph = paragraph:gsub("%s+", " ")
  return (paragraph:match "^(.-%.)%s+%u" or paragraph:match "^(.-[^.]%.)$" or paragraph):gsub("%.$", "")
end

-- What a value of ours says of itself, in its first line.
local function own_words(meta, value)
  local f = rawget(meta, "__tostring")
  local source = type(f) == "function" and debug.getinfo(f, "S").source
  if not source or source ~= "=[C]" and source:sub(1, 12) ~= "@lua/gradus/" then return nil end
  local ok, text = pcall(f, value)
  return ok and type(text) == "string" and text:match "^[^\n]*" or nil
end

local function number(x)
  return math.type(x) == "integer" and tostring(x) or core.number_text(x)
end

--- `value` in a few words, without running code of the learner's.
function brief.value(value)
  local name, entry = help.find(value)
  if name then return brief.sentence(entry.text) end
  local _, lua = lua_library.find(value)
  if lua then return lua.sentence end
  local kind = type(value)
  if kind == "number" then return number(value) end
  if kind == "string" then
    local shown = value:sub(1, 40):gsub("%c", " ")
    return '"' .. shown .. '"' .. (#value > 40 and "..." or "")
  end
  local meta = debug.getmetatable(value)
  local named = type(meta) == "table" and rawget(meta, "__name")
  if kind == "userdata" and named == "tensor" then
    return string.format("tensor %s %s", shape_text(value.shape), value.dtype)
  elseif type(named) == "string" and kind ~= "function" then
    return own_words(meta, value) or named
  elseif kind == "table" then
    local n, fields = rawlen(value), 0
    for _ in next, value do fields = fields + 1 end
    if n == fields then return n == 0 and "an empty table" or string.format("a list of %d", n) end
    return string.format("a table of %d", fields)
  elseif kind == "function" then
    local info = debug.getinfo(value, "S")
    if info.what ~= "C" and info.source:sub(1, 7) == "=entry " then return "your function" end
    return "function"
  end
  return tostring(value)
end

return brief
