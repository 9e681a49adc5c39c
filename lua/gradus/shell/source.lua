-- :source NAME: the Lua behind a name, or where its C is. Nothing is hidden.

local core = require "gradus.core.session"
local files = require "gradus.core.file"
local help = require "gradus.help"
local paint = require "gradus.session.paint"

local source = {}

local function read(path)
  local file = io.open(path, "r")
  if not file then return nil end
  local text = file:read "a"
  file:close()
  return text
end

local function lines_of(text)
  local lines = {}
  for line in (text:gsub("\n$", "") .. "\n"):gmatch "(.-)\n" do lines[#lines + 1] = line end
  return lines
end

-- The text of one of our own files, as lua/gradus/nn/init.lua: that of the tree, or the one in the program.
local function our_text(name)
  return read(core.root .. "/" .. name) or core.embedded(name)
end

local function is_rule(line)
  return line:find "^%-%- %-%-%-%-" ~= nil
end

-- The part of a file between two headings ("-- ---- words ----") that holds `line`; all of it when it has none.
local function section(lines, line)
  local first, last = 1, #lines
  for i = line, 1, -1 do
    if is_rule(lines[i]) then
      first = i
      break
    end
  end
  for i = line + 1, #lines do
    if is_rule(lines[i]) then
      last = i - 1
      break
    end
  end
  return first, last
end

local function show(shell, place, lines, first, last)
  while last > first and lines[last]:find "^%s*$" do last = last - 1 end
  local wide = string.format("%s, lines %d to %d", place, first, last)
  shell:say(paint.text(wide, "2", shell.colour))
  shell:say(paint.code(table.concat(lines, "\n", first, last), shell.colour))
end

-- Where in the tree the C of a help text stands: the file and the line of its first words.
local function find_c(text)
  local words = text:match "^%s*([^\n]+)":gsub('"', '\\"')
  local folder = core.root .. "/src/bind/"
  for _, name in ipairs(files.names(folder) or {}) do
    if name:find "%.c$" then
      for number, line in ipairs(lines_of(read(folder .. name) or "")) do
        if line:find('"' .. words, 1, true) then return "src/bind/" .. name, number end
      end
    end
  end
end

local function show_c(shell, name, entry)
  local file, line
  if entry then file, line = find_c(entry.text) end
  if file then
    shell:say(string.format("%s is written in C: %s/%s, line %d; what computes is in src/kernel", name, core.root, file,
      line))
  else
    shell:say(string.format("%s is written in C: in src/bind of the source of gradus", name))
  end
end

-- The entry of what makes such layers and networks.
local function of_class(value)
  local meta = debug.getmetatable(value)
  if type(meta) ~= "table" or type(value) ~= "table" then return nil end
  local class = rawget(meta, "class_name") or rawget(meta, "__name")
  return type(class) == "string" and help.entry("nn." .. class) or nil
end

--- Shows the source of a value that the learner calls `name`.
function source.show(shell, name, value)
  local known = help.find(value)
  local entry = known and help.entry(known) or value == nil and help.entry(name) or of_class(value) or help.entry(name)
  if value == nil and entry then value = entry.value end
  if value == nil then return false end
  local f = type(value) == "function" and value
  if not f then
    local meta = debug.getmetatable(value)
    f = type(meta) == "table" and (rawget(meta, "__call") or rawget(meta, "__tostring")) or nil
  end
  local info = type(f) == "function" and debug.getinfo(f, "S")
  local where = entry and entry.where
  if where and where.source:sub(1, 12) == "@lua/gradus/" then
    local path = where.source:sub(2)
    local lines = lines_of(our_text(path))
    if info and info.source == where.source and info.lastlinedefined >= where.line then
      show(shell, path, lines, where.line, info.lastlinedefined)  -- the help, and the function below it
    else
      show(shell, path, lines, section(lines, where.line))
    end
  elseif info and info.source:sub(1, 12) == "@lua/gradus/" and not shell.session.sources[info.source] then
    local path = info.source:sub(2)
    local lines = lines_of(our_text(path))
    show(shell, path, lines, info.linedefined, info.lastlinedefined)
  elseif info and shell.session.sources[info.source] then  -- the learner's own
    show(shell, info.short_src, lines_of(shell.session.sources[info.source]), info.linedefined, info.lastlinedefined)
  elseif info and info.what == "C" then
    show_c(shell, name, entry)
  else
    shell:say(string.format("%s is a value and has no source: %s", name, shell.session:inspect(value)))
  end
  return true
end

return source
