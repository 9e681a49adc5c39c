-- What a half-typed entry can become: names; fields behind a dot and methods behind a colon; the options of a
-- one-table call and their values, from what the call itself checks (gradus.options); file names in other strings.
-- Nothing is evaluated to find out (gradus.session.reach).

local brief = require "gradus.session.brief"
local files = require "gradus.core.file"
local help = require "gradus.help"
local lexer = require "gradus.session.lexer"
local options = require "gradus.options"
local reach = require "gradus.session.reach"

local complete = {}

-- A list of candidates: {text=, note=, tail=}. `text` is what the word becomes, `note` says in a few words what it is,
-- and `tail` is what follows once it is the only one left.
local List = {}
List.__index = List

local function new_list(word)
  return setmetatable({word = word, seen = {}}, List)
end

function List:add(text, note, tail)
  local word = self.word
  if self.seen[text] or text:sub(1, #word) ~= word then return end
  -- Names of the machinery stay out of sight until asked for.
  if text:sub(1, 1) == "_" and word == "" then return end
  self.seen[text] = true
  self[#self + 1] = {text = text, note = note, tail = tail}
end

-- Sorted, with notes: those that are functions are made now, for what is left.
local function finished(list)
  table.sort(list, function(a, b) return a.text < b.text end)
  for _, item in ipairs(list) do
    if type(item.note) == "function" then item.note = item.note() end
  end
  list.word, list.seen = nil, nil
  return setmetatable(list, nil)
end

-- ---- what a call takes ----

-- The values of an option where a help text says: `name` is "a", "b" or "c". Nil where it does not.
local function values_in(text, name)
  local at = select(2, text:find("`" .. name .. "` is ", 1, true))
  local values = {}
  while at do
    local word, stop = text:match('^"([%w_-]+)"()', at + 1)
    values[#values + 1] = word
    local following = stop and text:match('^,?%s*o?r?%s*()"', stop)
    at = following and following - 1
  end
  return #values > 1 and values or nil
end

-- The options that the signature of a function shows in braces: arange(start, stop, {dtype="float64"}).
local function spec_of_help(text)
  local spec, signature = {}, help.parts(text).signature
  for group in signature:gmatch "%b{}" do
    local inside = group:sub(2, -2)
    if not inside:find "^[%w_]+%d" and inside:find "^[%a_][%w_]*%s*=?" then
      for name, default in (inside .. ","):gsub("%b{}", "{}"):gmatch "([%a_][%w_]*)%s*(=?[^,]*)," do
        spec[#spec + 1] = {name, shown = default:match "^=(.+)$", one_of = values_in(text, name)}
      end
    end
  end
  return spec
end

-- The names of the positional arguments in a signature.
local function parameters(signature)
  local inside = signature:match "%b()" or "()"
  local names = {}
  for name in inside:sub(2, -2):gsub("%b{}", ""):gmatch "[^,%s][^,]*" do
    names[#names + 1] = name:match "^[%w_]+" or name
  end
  return names
end

-- What `f` takes in a table, and what in brackets; both may be empty.
local function takes(f, is_method)
  if help.is_module(f) then  -- one that is called itself, as plot(...)
    local entry = help.entry(rawget(debug.getmetatable(f), "__name"))
    f = entry and entry.value
  end
  local spec, signature = options.spec_of(f), help.signature_of(f)
  local _, entry = help.find(f)
  if spec and spec.arguments then return {}, spec end
  local positional = {}
  for i, name in ipairs(signature and parameters(signature) or {}) do positional[i] = {name} end
  if is_method and not signature:find "^[%w_]+:" then table.remove(positional, 1) end
  return spec or entry and spec_of_help(entry.text) or {}, positional
end

local dtypes

-- The fixed set of values of an option, or nil.
local function choices(option)
  if not option then return nil end
  if option.one_of then return option.one_of end
  if option[1] ~= "dtype" then return nil end
  dtypes = dtypes or require("gradus.core.tensor").metatable.__dtypes
  return dtypes
end

-- An option in a few words: its values, or what it is unless given.
local function option_note(option)
  if option.required then return "needed" end
  local default = option.shown or (option[2] ~= nil and type(option[2]) ~= "table" and tostring(option[2])) or nil
  local set = choices(option)
  if set then
    local shown = table.concat(set, ", ")
    return default and string.format("%s; %s unless given", shown, default:gsub('"', "")) or shown
  end
  return default and default .. " unless given" or "none unless given"
end

-- ---- where the cursor stands ----

-- The tokens of the item around the end of a list that opens at tokens[open].
local function item_begin(tokens, open, last)
  local depth = 0
  for i = last, open + 1, -1 do
    local text = tokens[i].kind ~= "string" and tokens[i].text or ""
    if text == ")" or text == "}" or text == "]" or text == "end" then
      depth = depth + 1
    elseif text == "(" or text == "{" or text == "[" or text == "function" then
      depth = depth - 1
    elseif depth == 0 and (text == "," or text == ";") then
      return i + 1
    end
  end
  return open + 1
end

local function by_name(spec, name)
  for _, option in ipairs(spec) do
    if option[1] == name then return option end
  end
end

-- The options that stand in tokens open+1..last already, by name or by position.
local function given_options(tokens, open, last, positional)
  local given, position = {}, 0
  while last > open do  -- the item that ends here
    local begin = item_begin(tokens, open, last - 1)
    local named = tokens[begin + 1] and tokens[begin + 1].text == "=" and tokens[begin].kind == "name"
    if named then given[tokens[begin].text] = true else position = position + 1 end
    last = begin - 1
  end
  for i = 1, math.min(position, #positional) do given[positional[i][1]] = true end
  return given
end

-- What the call that tokens 1..last stand in says about their end: {spec=, given=, open=} when an option's name may
-- come, {option=} when a value of that option. Nil outside of calls.
local function call_around(session, tokens, last)
  local open, commas = reach.enclosing(tokens, last)
  if not open then return nil end
  local bracket = tokens[open].text
  local begin = item_begin(tokens, open, last)
  local name = tokens[begin] and begin <= last and tokens[begin].kind == "name" and tokens[begin + 1]
    and begin + 1 <= last and tokens[begin + 1].text == "=" and tokens[begin].text
  if bracket == "(" then
    local f, is_method = reach.value(session, tokens, open - 1)
    if f == nil then return nil end
    local _, positional = takes(f, is_method)
    return {option = positional[commas + 1], bare = true}
  elseif bracket ~= "{" then
    return nil
  end
  local before = tokens[open - 1]
  local spec, positional
  if before and before.kind == "symbol" and before.text == "=" then  -- metrics={"accuracy"}: the items of a list
    local outer = call_around(session, tokens, open - 1)
    return outer and outer.option and {option = outer.option} or nil
  elseif before and before.kind == "symbol" and (before.text == "(" or before.text == ",") then
    local call = before.text == "(" and open - 1 or reach.enclosing(tokens, open - 1)
    if not call or tokens[call].text ~= "(" then return nil end
    spec, positional = takes(reach.value(session, tokens, call - 1)), {}
  else
    local f, is_method = reach.value(session, tokens, open - 1)
    if f == nil then return nil end
    spec = takes(f, is_method)
    positional = spec.named and {} or spec
  end
  if name then return {option = by_name(spec, name)} end
  return {option = positional[commas + 1], spec = begin > last and spec or nil,
    given = given_options(tokens, open, begin - 1, positional)}
end

-- ---- the kinds of words ----

local function is_folder(path)
  return files.names(path) ~= nil
end

--- Names of files that begin with `typed`, for completion: from, where the word begins in it, and the candidates.
--- `close` follows the name of a file.
function complete.files(typed, close)
  local folder, word = typed:match "^(.*/)([^/]*)$"
  if not folder then folder, word = "", typed end
  local list = new_list(word)
  for _, name in ipairs(files.names(folder == "" and "." or folder) or {}) do
    local plain = not name:find "[%c\"'\\]" and (name:sub(1, 1) ~= "." or word:sub(1, 1) == ".")
    if plain and name:sub(1, #word) == word then
      local inside = is_folder(folder .. name)
      list:add(inside and name .. "/" or name, nil, not inside and close or nil)
    end
  end
  return #folder + 1, finished(list)
end

local function in_string(session, tokens, before)
  local open = tokens[#tokens]
  local quote, typed = open.text:match "^([\"'])(.*)$"
  if not quote or typed:find "[\\\n]" then return #before + 1, {} end
  local last = #tokens - 1
  local callee = tokens[last]
  local option
  if callee and (callee.kind == "name" or callee.text == ")") then  -- f "word"
    local f, is_method = reach.value(session, tokens, last)
    local _, positional = takes(f, is_method)
    option = f ~= nil and positional[1] or nil
  else
    local around = call_around(session, tokens, last)
    option = around and around.option
  end
  local set = choices(option)
  if not set then
    local from, found = complete.files(typed, quote)
    return open.from + from, found
  end
  local list = new_list(typed)
  for _, value in ipairs(set) do list:add(value, nil, quote) end
  return open.from + 1, finished(list)
end

-- Whether a method of ours is for our own Lua only: what learners are to call has help.
local function is_internal(f)
  return debug.getinfo(f, "S").source:sub(1, 12) == "@lua/gradus/" and help.find(f) == nil
end

local function add_members(list, value, separator)
  local is_module = type(value) == "table" and help.is_module(value)
  if separator == ":" and is_module then return end
  for name, member in pairs(reach.members(value)) do
    local callable = type(member.value) == "function"
    if callable and not member.own and is_internal(member.value) then goto continue end
    local note = function() return brief.value(member.value) end
    if separator == ":" then
      if callable then list:add(name, note) end
    elseif not callable or member.own then  -- what a kind can do is called with a colon
      list:add(name, note)
    end
    ::continue::
  end
end

local function add_globals(session, list)
  for name in next, session.env do
    if type(name) == "string" and name:find "^[%a_][%w_]*$" then
      list:add(name, function() return brief.value(rawget(session.env, name)) end)
    end
  end
  for _, name in ipairs(session.names()) do
    list:add(name, function() return brief.value(session.lookup(name)) end)
  end
  for keyword in pairs(lexer.keywords) do list:add(keyword, "a word of Lua") end
end

-- An option's value that stands bare, not in a string yet.
local function add_values(list, option)
  local set = choices(option)
  if set and list.word == "" then
    for _, value in ipairs(set) do list:add('"' .. value .. '"') end
    return true
  elseif type(option[2]) == "boolean" or option.shown == "true" or option.shown == "false" then
    list:add("true")
    list:add("false")
    return #list > 0
  end
end

--- Completes the end of text:sub(1, pos). Returns the position where the word to replace begins, and the sorted
--- candidates {text=, note=, tail=} that may stand there.
function complete.words(session, text, pos)
  local before = text:sub(1, pos)
  local tokens = lexer.tokens(before)
  local n = #tokens
  local last = tokens[n]
  local behind = last and before:sub(last.to + 1) or before
  if behind:find "%-%-" or last and last.kind == "comment" then return #before + 1, {} end
  if last and last.open then return in_string(session, tokens, before) end
  local word = ""
  if last and behind == "" and (last.kind == "name" or last.kind == "keyword") then
    word, n = last.text, n - 1
    if tokens[n] and tokens[n].kind == "number" and tokens[n].to == last.from - 1 then return #before + 1, {} end  -- 1e
  elseif last and behind == "" and (last.kind == "number" or last.kind == "string") then
    return #before + 1, {}
  end
  local from, list = #before - #word + 1, new_list(word)
  local separator = tokens[n] and tokens[n].kind == "symbol" and tokens[n].text
  if separator == "." or separator == ":" then
    local value = reach.value(session, tokens, n - 1)
    if value ~= nil then add_members(list, value, separator) end
    return from, finished(list)
  end
  local around = call_around(session, tokens, n)
  if around and around.spec then
    for _, option in ipairs(around.spec) do
      if not around.given[option[1]] then
        list:add(option[1] .. "=", function() return option_note(option) end)
      end
    end
    if #list > 0 then return from, finished(list) end
  elseif around and around.option and add_values(list, around.option) then
    return from, finished(list)
  end
  add_globals(session, list)
  return from, finished(list)
end

return complete
