-- The help of every public function, filed under its name. C files theirs with gr_register (src/bind/bind.h),
-- Lua with `doc`, both next to the definition and in one format:
--
--   zeros(d1, d2, ..., {dtype="float64"}) -> tensor        the signature
--
--   A tensor of zeros of the given shape.                   what it does: shapes, units, errors, source
--
--   > zeros(2)                                              examples, as typed, and what they print;
--   [0. 0.]                                                 tests/docs checks each of them

local entries = require "gradus.core.help"

local help = {}

--- Files `text` under `name` for `value` and returns `value`: `M.f = doc("m.f", [[...]], function() ... end)`.
function help.doc(name, text, value)
  local info = debug.getinfo(2, "Sl")
  entries[name] = {text = text, value = value, where = {source = info.source, line = info.currentline}}
  return value
end

--- The entry of that name, {text=, value=}, or nil. A method is found by its bare name: "dot" finds "tensor:dot".
function help.entry(name)
  if entries[name] then return entries[name], name end
  for _, full in ipairs(help.names()) do
    if full:match("[:%.]([%w_]+)$") == name then return entries[full], full end
  end
end

--- The name and the entry of a value, or nil.
function help.find(value)
  if value == nil then return nil end
  for name, entry in pairs(entries) do
    if rawequal(entry.value, value) then return name, entry end
  end
end

-- The signature, which ends at the first blank line and may be broken before, in one line; and the rest.
local function split(text)
  local signature, rest = text:match("^%s*(.-)%s*\n%s*\n(.*)$")
  if not signature then signature, rest = text:match("^%s*(.-)%s*$"), "" end
  return signature:gsub("%s*\n%s*", " "), rest
end

--- The signature of a function, or nil.
function help.signature_of(value)
  local _, entry = help.find(value)
  return entry and (split(entry.text))
end

--- Whether the value is a module of ours, as learners see it.
function help.is_module(value)
  local meta = debug.getmetatable(value)
  return type(meta) == "table" and rawget(meta, "__module") == true
end

--- All names, sorted.
function help.names()
  local names = {}
  for name in pairs(entries) do names[#names + 1] = name end
  table.sort(names)
  return names
end

--- The parts of a help text: signature, paragraph, and the list of examples {code=, prints=}. A line that begins with
--- "> " is typed; ">> " continues it; the lines up to the next ">" or the end are what it prints.
function help.parts(text)
  local body, examples, example = {}, {}, nil
  local signature, rest = split(text)
  for line in (rest .. "\n"):gmatch("(.-)\n") do
    local code, more = line:match("^> (.*)$"), line:match("^>> ?(.*)$")
    if code then
      example = {code = code, prints = {}}
      examples[#examples + 1] = example
    elseif more and example and #example.prints == 0 then
      example.code = example.code .. "\n" .. more
    elseif example then
      example.prints[#example.prints + 1] = line
    else
      body[#body + 1] = line
    end
  end
  for _, each in ipairs(examples) do
    each.prints = table.concat(each.prints, "\n"):gsub("%s+$", "")
  end
  return {signature = signature, paragraph = table.concat(body, "\n"):match("^%s*(.-)%s*$"), examples = examples}
end

--- Names of the entries that contain `word` in their name or text: the former first.
function help.search(word)
  word = word:lower()
  local by_name, by_text = {}, {}
  for _, name in ipairs(help.names()) do
    if name:lower():find(word, 1, true) then
      by_name[#by_name + 1] = name
    elseif entries[name].text:lower():find(word, 1, true) then
      by_text[#by_text + 1] = name
    end
  end
  table.move(by_text, 1, #by_text, #by_name + 1, by_name)
  return by_name
end

help.show = help.doc("help", [[
help(what)

Shows the help of a function, module or method, given itself or by its name. At the prompt ?name does the same, and
??word searches all texts.

> help()
help "zeros" shows the help of zeros
]], function(what)
  local session = require("gradus.session").current()
  local sink = session.sink
  local page = {session = session, colour = sink.colour, say = function(_, text) sink:text(text .. "\n") end}
  local name = what
  if what == nil then
    return page:say('help "zeros" shows the help of zeros')
  elseif type(what) ~= "string" then
    name = help.find(what)
    if not name then
      error(string.format("this %s has no help; help takes a function of gradus, or a name in quotes", type(what)), 2)
    end
  end
  require("gradus.shell.help_page").topic(page, name)
end)

return help
