-- Help as the shell shows it: ?name, name?, ??word.

local core = require "gradus.core.session"
local help = require "gradus.help"
local layout = require "gradus.lesson.layout"
local options = require "gradus.options"

local help_page = {}

local function paint(shell, code, text)
  return shell.colour and "\27[" .. code .. "m" .. text .. "\27[0m" or text
end

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

--- Shows the entry's signature, paragraph and examples.
function help_page.show(shell, text)
  local parts = help.parts(text)
  shell:say(paint(shell, "1", parts.signature))
  if parts.paragraph ~= "" then shell:say("\n" .. wrap(parts.paragraph, math.min(core.width(), 90))) end
  if #parts.examples > 0 then shell:say("") end
  for _, example in ipairs(parts.examples) do
    shell:say(paint(shell, "36", "> " .. example.code:gsub("\n", "\n>> ")))
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
  local signature = help.entry(name).text:match("^%s*([^\n]+)")
  local module, bare = name:match("^(.*[%.:])([%w_]+)$")
  return module and signature:sub(1, #bare) == bare and module .. signature or signature
end

local function list(shell, names)
  for _, name in ipairs(names) do shell:say("  " .. full_signature(name)) end
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

-- The value that `name` ("math.sin", "w") stands for in the session, or nil.
local function value_of(shell, name)
  local value
  for part in name:gmatch("[^%.:]+") do
    if value == nil then
      value = rawget(shell.session.env, part)
      if value == nil then value = shell.session.lookup(part) end
    else
      local ok, inner = pcall(function() return value[part] end)
      value = ok and inner or nil
    end
    if value == nil then return nil end
  end
  return value
end

--- ?name: the help of a name, of what it stands for, or of all that a module has.
function help_page.topic(shell, name)
  local value = value_of(shell, name)  -- also loads the module, with its help
  local entry = help.entry(name)
  local known = value ~= nil and help.find(value)
  if known and (not entry or entry.value ~= value) then entry = help.entry(known) end
  local members = below(name)
  if entry then help_page.show(shell, entry.text) end
  if #members > 0 then
    if entry then shell:say("") end
    list(shell, members)
  end
  if entry or #members > 0 then return end
  if value ~= nil then
    if is_lua(name) then
      shell:say(string.format("%s is Lua's own: https://www.lua.org/manual/5.4/manual.html#%s", name,
        type(value) == "table" and "6" or "pdf-" .. name))
    elseif type(value) == "function" then
      shell:say(string.format("%s has no help: %s", name, shell.session:inspect(value)))
    else
      shell:say(string.format("%s is a %s", name, kind_of(value)))
    end
    return
  end
  shell.session.names()  -- loads what there is
  local names = help.names()
  local near = options.nearest(name, names)
  shell:say(string.format('there is no help for "%s"%s', name, near and string.format(': did you mean "%s"?', near)
    or string.format("; ??%s searches the texts", name)))
end

--- ??word: all entries that mention it.
function help_page.search(shell, word)
  shell.session.names()
  local found = help.search(word)
  if #found == 0 then shell:say(string.format('nothing mentions "%s"', word)) end
  for _, each in ipairs(found) do shell:say("  " .. full_signature(each)) end
end

return help_page
