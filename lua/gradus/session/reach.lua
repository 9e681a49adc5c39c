-- What the names in a half-typed line stand for, found without running a learner's code: no function of theirs is
-- called, no __index of theirs either. What a call of ours would give is known from its signature.

local core = require "gradus.core.tensor"
local help = require "gradus.help"

local reach = {}

local DEPTH = 16  -- of an __index chain: a learner may have made a ring of them

--- Whether it is a function of ours, in C or in Lua.
function reach.is_ours(f)
  if type(f) ~= "function" then return false end
  local source = debug.getinfo(f, "S").source
  return source == "=[C]" or source:sub(1, 12) == "@lua/gradus/"
end

local function meta_of(value)
  return debug.getmetatable(value)
end

local function ask(f, ...)
  local ok, result = pcall(f, ...)
  if ok then return result end
end

--- value[key], or nil.
function reach.field(value, key)
  for _ = 1, DEPTH do
    if type(value) == "table" then
      local found = rawget(value, key)
      if found ~= nil then return found end
    end
    local meta = meta_of(value)
    local index = type(meta) == "table" and rawget(meta, "__index")
    -- Ours only looks things up, so that it may be called.
    if type(index) == "function" then return reach.is_ours(index) and ask(index, value, key) or nil end
    if index == nil or index == false then return nil end
    value = index
  end
end

-- The text of a token that is a string in quotes, or nil.
local function string_value(token)
  if token.kind ~= "string" or token.open or token.text:find "\\" then return nil end
  return token.text:match "^[\"'](.*)[\"']$"
end

--- What a node of gradus.session.expressions stands for, when it is a variable with fields and elements behind it, or
--- nil. `look_up(name)` gives a variable's value.
function reach.of_node(node, look_up)
  if node.kind == "name" then return look_up(node.text) end
  if node.kind ~= "index" then return nil end
  local key = node.name or reach.literal(node.key)
  local object = key ~= nil and reach.of_node(node.object, look_up)
  if object then return reach.field(object, key) end
end

--- The number or string that a node is, or nil.
function reach.literal(node)
  if node.kind == "number" then return tonumber(node.text) end
  if node.kind == "string" then return string_value(node) end
  local number = node.kind == "unary" and node.op == "-" and node.operand.kind == "number"
  return number and -tonumber(node.operand.text) or nil
end

--- The global of that name: the learner's, or what stands behind it.
function reach.global(session, name)
  local value = rawget(session.env, name)
  if value == nil then value = session.lookup(name) end
  return value
end

-- The names that can stand in a field, raw in `t`.
local function gather(t, found, own)
  for key, value in next, t do
    if type(key) == "string" and key:find "^[%a_][%w_]*$" and found[key] == nil then
      found[key] = {value = value, own = own}
    end
  end
end

--- What stands behind "value." and "value:": name -> {value=, own=}, where `own` tells the fields of the value itself
--- from those of its kind.
function reach.members(value)
  local found, first = {}, true
  for _ = 1, DEPTH do
    if type(value) == "table" then gather(value, found, first) end
    local meta = meta_of(value)
    if type(meta) ~= "table" then break end
    if type(rawget(meta, "__methods")) == "table" then gather(rawget(meta, "__methods"), found, false) end
    for _, name in ipairs(rawget(meta, "__properties") or {}) do
      found[name] = {value = ask(function() return value[name] end), own = true}
    end
    local index = rawget(meta, "__index")
    if type(index) ~= "table" then break end
    value, first = index, false
  end
  return found
end

-- ---- expressions, by their tokens ----

local opens = {["("] = true, ["{"] = true, ["["] = true, ["function"] = true, ["do"] = true, ["if"] = true,
  ["repeat"] = true}
local closes = {[")"] = true, ["}"] = true, ["]"] = true, ["end"] = true, ["until"] = true}

local function is(token, set)
  return token and (token.kind == "symbol" or token.kind == "keyword") and set[token.text]
end

--- The position of the bracket that is open at the end of tokens 1..last, or nil; and how many commas stand behind it.
function reach.enclosing(tokens, last)
  local depth, commas = 0, 0
  for i = last, 1, -1 do
    local token = tokens[i]
    if is(token, closes) then
      depth = depth + 1
    elseif is(token, opens) then
      if depth == 0 then
        if token.kind == "keyword" then return nil end  -- a block: statements, not arguments
        return i, commas
      end
      depth = depth - 1
    elseif depth == 0 and token.kind == "symbol" and (token.text == "," or token.text == ";") then
      commas = commas + 1
    end
  end
end

--- The position of what closes the bracket at tokens[open], or nil.
function reach.closing(tokens, open)
  local depth = 0
  for i = open, #tokens do
    if is(tokens[i], opens) then
      depth = depth + 1
    elseif is(tokens[i], closes) then
      depth = depth - 1
      if depth == 0 then return i end
    end
  end
end

local function ends_operand(token)
  return token and (token.kind == "name" or token.kind == "string" or is(token, {[")"] = true, ["]"] = true,
    ["}"] = true}))
end

-- Reads the expression that ends at tokens[last], backwards. Returns its first operand, and the steps behind it:
-- {field=key} or {call=true}; nil when it is more than names, fields and calls.
local function read_back(tokens, last)
  local steps, i = {}, last
  while tokens[i] do
    local token, before = tokens[i], tokens[i - 1]
    if token.kind == "name" then
      if not (before and before.kind == "symbol" and (before.text == "." or before.text == ":")) then
        return token, steps, i
      end
      table.insert(steps, 1, {field = token.text, method = before.text == ":"})
      i = i - 2
    elseif token.kind == "string" then
      if not ends_operand(before) then return token, steps, i end
      table.insert(steps, 1, {call = true})
      i = i - 1
    elseif is(token, closes) and token.kind == "symbol" then
      local open = reach.enclosing(tokens, i - 1)
      if not open then return nil end
      if token.text == "]" then
        local key = i - open == 2 and (tonumber(tokens[open + 1].text) or string_value(tokens[open + 1]))
        if not key then return nil end
        table.insert(steps, 1, {field = key})
      elseif ends_operand(tokens[open - 1]) then
        table.insert(steps, 1, {call = true})
      elseif token.text == ")" and i - open == 2 then  -- ("text"):
        return tokens[open + 1], steps, open
      else
        return nil
      end
      i = open - 1
    else
      return nil
    end
  end
end

local example_tensor

-- What a call of `f` gives, as far as its signature says: an example of it.
local function result_of(f)
  local signature = type(f) ~= "nil" and help.signature_of(f)
  local result = signature and signature:match "%->%s*(.-)%s*$"
  if not result or not (result:find "^tensor" or result:find "tensor$") then return nil end
  example_tensor = example_tensor or core.zeros(0)
  return example_tensor
end

--- The value of the expression that ends at tokens[last], or nil; and whether it was reached with a colon, as a method.
function reach.value(session, tokens, last)
  local first, steps = read_back(tokens, last)
  if not first then return nil end
  local value
  if first.kind == "name" then value = reach.global(session, first.text) else value = string_value(first) end
  local method = false
  for _, step in ipairs(steps) do
    if value == nil then return nil end
    method = step.method or false
    if step.call then value = result_of(value) else value = reach.field(value, step.field) end
  end
  return value, method
end

return reach
