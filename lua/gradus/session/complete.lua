-- What a half-typed expression can become: globals, fields after a dot, methods after a colon.

local lexer = require "gradus.session.lexer"

local complete = {}

-- All keys that indexing `value` with a name can find.
local function keys_of(value)
  local keys, seen = {}, {}
  local function gather(t, depth)
    if type(t) ~= "table" or seen[t] or depth > 8 then return end
    seen[t] = true
    for key in next, t do
      if type(key) == "string" and key:find("^[%a_][%w_]*$") then keys[key] = rawget(t, key) end
    end
    local meta = debug.getmetatable(t)
    if meta then gather(rawget(meta, "__index"), depth + 1) end
  end
  gather(value, 0)
  local meta = debug.getmetatable(value)
  if meta and type(value) ~= "table" then
    gather(rawget(meta, "__index"), 0)
    gather(rawget(meta, "__methods"), 0)
  end
  return keys
end

-- The value of `name` in `holder`, looked up without an error.
local function field(holder, name)
  local ok, value = pcall(function() return holder[name] end)
  if ok then return value end
  return nil
end

--- Completes the end of text:sub(1, pos). Returns the position where the word to replace begins, and the sorted
--- words that may stand there.
function complete.words(session, text, pos)
  local before = text:sub(1, pos)
  local chain = before:match("[%w_%.:]*$")
  local path, separator, word = chain:match("^(.-)([%.:]?)([%a_]?[%w_]*)$")
  local found = {}
  local from = #before - #word + 1
  if path ~= "" and separator == "" then return from, found end
  if separator == "" then
    for name in next, session.env do found[#found + 1] = name end
    for _, name in ipairs(session.names()) do found[#found + 1] = name end
    for keyword in pairs(lexer.keywords) do found[#found + 1] = keyword end
  else
    local value
    for name in path:gmatch("[^%.:]+") do
      if value == nil then
        value = rawget(session.env, name)
        if value == nil then value = session.lookup(name) end
      else
        value = field(value, name)
      end
      if value == nil then return from, found end
    end
    for key, item in pairs(keys_of(value)) do
      if separator == "." or type(item) == "function" then found[#found + 1] = key end
    end
  end
  local matching, seen = {}, {}
  for _, name in ipairs(found) do
    if type(name) == "string" and name:sub(1, #word) == word and not seen[name] then
      seen[name] = true
      -- Names of the machinery stay out of sight until asked for.
      if word ~= "" or name:sub(1, 1) ~= "_" then matching[#matching + 1] = name end
    end
  end
  table.sort(matching)
  return from, matching
end

return complete
