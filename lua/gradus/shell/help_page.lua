-- Help as the shell shows it: ?name, name?, ??word.

local brief = require "gradus.session.brief"
local core = require "gradus.core.session"
local help = require "gradus.help"
local layout = require "gradus.lesson.layout"
local lexer = require "gradus.session.lexer"
local lua_library = require "gradus.session.lua_library"
local options = require "gradus.options"
local paint = require "gradus.session.paint"
local reach = require "gradus.session.reach"

local help_page = {}

-- Wraps a paragraph at `width` columns. Indented lines are layout and stay; a line that was broken because the
-- source ended its own (a long one) goes on with the next.
local function wrap(text, width)
  local lines, broken = {}, false
  for line in (text .. "\n"):gmatch("(.-)\n") do
    if broken and line:find("^%S") then
      lines[#lines] = lines[#lines] .. " " .. line
    else
      lines[#lines + 1] = line
    end
    broken = #line >= 80 and not line:find("^%s")
  end
  for i, line in ipairs(lines) do
    if #line > width and not line:find("^%s") then lines[i] = layout.wrap_text(line, width) end
  end
  return table.concat(lines, "\n")
end

-- A long signature goes on behind its opening bracket.
local function wrap_signature(signature, width)
  if #signature <= width then return signature end
  return (layout.wrap_text(signature, width - 4):gsub("\n", "\n    "))
end

--- Shows the entry's signature, paragraph and examples.
function help_page.show(shell, text)
  local parts = help.parts(text)
  shell:say(paint.text(wrap_signature(parts.signature, core.width()), "1", shell.colour))
  if parts.paragraph ~= "" then shell:say("\n" .. wrap(parts.paragraph, math.min(core.width(), 90))) end
  if #parts.examples > 0 then shell:say("") end
  for _, example in ipairs(parts.examples) do
    shell:say("> " .. paint.code(example.code, shell.colour):gsub("\n", "\n>> "))
    if example.prints ~= "" then shell:say(example.prints) end
  end
end

-- The names below a module, such as nn.Dense for nn.
local function below(name)
  local found = {}
  for _, full in ipairs(help.names()) do
    if full:sub(1, #name + 1) == name .. "." or full:sub(1, #name + 1) == name .. ":" then found[#found + 1] = full end
  end
  return found
end

-- The signature under the full name: random.seed(n), for which the text may say just seed(n).
local function full_signature(name)
  local signature = help.parts(help.entry(name).text).signature
  local module, bare = name:match("^(.*[%.:])([%w_]+)$")
  return module and signature:sub(1, #bare) == bare and module .. signature or signature
end

local function list(shell, names)
  for _, name in ipairs(names) do
    shell:say("  " .. wrap_signature(full_signature(name), core.width() - 3):gsub("\n", "\n  "))
  end
end

-- Whether the name is one of Lua's own library.
local function is_lua(name)
  local value = _G
  for part in name:gmatch("[^%.]+") do value = type(value) == "table" and rawget(value, part) or nil end
  return value ~= nil
end

local function kind_of(value)
  local meta = debug.getmetatable(value)
  local name = meta and rawget(meta, "__name")
  return type(name) == "string" and type(value) ~= "function" and name or type(value)
end

-- What `name` ("math.sin", "w", "m.layers[1]") stands for in the session, or nil. Nothing is run to find out.
local function value_of(shell, name)
  local tokens = lexer.tokens(name)
  return #tokens > 0 and reach.value(shell.session, tokens, #tokens) or nil
end

-- Names under which what a value of some kind can do is filed.
local filed_under = {Sequential = "model", Model = "model", figure = "fig"}

-- A value that has no help of its own: what it is, how it looks, and what can be done with it.
local function show_value(shell, name, value)
  local meta = debug.getmetatable(value)
  local kind = kind_of(value)
  if kind == "tensor" then
    shell:say(string.format("%s is a %s", name, brief.value(value)))
    shell:say(string.format("  %s:describe() shows its range and spread, %s:<Tab> what it can do, ?tensor more", name,
      name))
    return
  end
  shell:say(string.format("%s is a %s", name, kind))
  local is_ours = type(meta) == "table" and type(rawget(meta, "__name")) == "string"
  local class = is_ours and rawget(meta, "class_name")
  if kind ~= "function" and (is_ours or kind == "table") then shell:say(shell.session:inspect(value)) end
  if class and help.entry("nn." .. class) then shell:say(string.format("  ?nn.%s tells about such layers", class)) end
  local is_layer = type(value) == "table" and is_ours and value.output_shape_for ~= nil
  local members = below(filed_under[kind] or is_layer and "layer" or kind)
  if #members > 0 then
    shell:say("")
    list(shell, members)
  end
end

local function say_unknown(shell, name)
  shell.session.names()  -- loads what there is
  local near = options.nearest(name, help.names())
  shell:say(string.format('there is no help for "%s"%s', name, near and string.format(': did you mean "%s"?', near)
    or "; ??" .. name .. " searches the texts"))
end

-- The entry of help that `name` leads to, with its full name, and the value.
local function find_entry(shell, name)
  local value = value_of(shell, name)  -- also loads the module, with its help
  local entry, full = help.entry(name)
  local known = value ~= nil and help.find(value)
  if known and (not entry or entry.value ~= value) then
    entry, full = help.entry(known), known
  elseif value ~= nil and entry and not known and entry.value ~= value and rawget(shell.session.env, name) ~= nil then
    entry, full = nil, nil  -- the learner's own, under a name that something else has, too
  end
  return entry, full, value
end

--- ?name: the help of a name, of what it stands for, or of all that a module has.
function help_page.topic(shell, name)
  local entry, _, value = find_entry(shell, name)
  local members = (value == nil or entry or help.is_module(value)) and below(name) or {}
  if entry then help_page.show(shell, entry.text) end
  if #members > 0 then
    if entry then shell:say("") end
    list(shell, members)
  end
  if entry or #members > 0 then return end
  if value == nil then
    say_unknown(shell, name)
  elseif is_lua(name) and rawget(shell.session.env, name:match "^[%w_]+") == nil then
    local full, lua = lua_library.find(value)
    if lua then shell:say(paint.text(lua.signature, "1", shell.colour) .. "\n\n" .. brief.value(value) .. ".") end
    shell:say(string.format("%s is Lua's own: https://www.lua.org/manual/5.4/manual.html#%s", full or name,
      type(value) == "table" and "6" or "pdf-" .. (full or name)))
  elseif type(value) == "function" then
    shell:say(string.format("%s has no help: %s", name, shell.session:inspect(value)))
  else
    show_value(shell, name, value)
  end
end

--- :example NAME: runs the examples of its help as entries.
function help_page.examples(shell, name)
  if name == "" then return shell:say "which one? :example NAME, as in :example nn.Dense" end
  local entry, full = find_entry(shell, name)
  if not entry then return say_unknown(shell, name) end
  local examples = help.parts(entry.text).examples
  if #examples == 0 then return shell:say(string.format("the help of %s has no examples", full)) end
  local env, before = shell.session.env, {}
  for key, value in next, env do before[key] = value end
  for _, example in ipairs(examples) do
    if not require("gradus.shell.entries").enter(shell, example.code) then break end
  end
  local changed = {}
  for key, value in pairs(before) do
    if key ~= "ans" and not rawequal(rawget(env, key), value) then changed[#changed + 1] = key end
  end
  table.sort(changed)
  if #changed > 0 then
    local names = table.concat(changed, ", ")
    shell.session:note(string.format("the examples gave a new value to %s, which you had.", names))
  end
end

--- :source NAME: the Lua behind it.
function help_page.source(shell, name)
  if name == "" then return shell:say "of what? :source NAME, as in :source nn.Dense" end
  local _, full, value = find_entry(shell, name)
  if not require("gradus.shell.source").show(shell, full or name, value) then say_unknown(shell, name) end
end

--- ??word: all entries that mention it.
function help_page.search(shell, word)
  shell.session.names()
  local found = help.search(word)
  if #found == 0 then shell:say(string.format('nothing mentions "%s"', word)) end
  list(shell, found)
end

return help_page
