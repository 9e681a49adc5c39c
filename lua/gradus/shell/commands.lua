-- The shell's commands: ":name argument", "?name", "name?", "??word" and "!command".

local help = require "gradus.help"
local options = require "gradus.options"

local commands = {}  -- what a command needs is loaded when it is first used

local table_of = {}  -- name -> {run=, help=, argument=, completes=}
local order = {}

-- `completes` says what the argument is, for Tab: see `arguments`.
local function command(name, argument, text, run, completes)
  table_of[name] = {name = name, argument = argument, help = text, run = run, completes = completes}
  order[#order + 1] = name
end

local function in_module(name, method)
  return function(shell, rest) return require("gradus.shell." .. name)[method](shell, rest) end
end

-- ---- lessons ----

-- The lesson player's module, or nil after saying that there is none.
local function lessons(shell)
  local ok, lesson = pcall(require, "gradus.lesson")
  if ok then return lesson end
  if not tostring(lesson):find("module 'gradus.lesson' not found", 1, true) then error(lesson, 0) end
  shell:say("this build has no lessons")
end

command("lessons", nil, "list the lessons", function(shell)
  local lesson = lessons(shell)
  if lesson then shell:say((lesson.list():gsub("\n$", ""))) end
end)

command("lesson", "NAME", "take a lesson, by its number or name", function(shell, name)
  if name == "" then
    shell:say("which one? :lesson NAME; :lessons lists them")
    return
  end
  if shell.paused then return shell:say("the training is paused: :continue or :stop it first") end
  local lesson = lessons(shell)
  if not lesson then return end
  local player, why = lesson.open(name, shell.session, shell)  -- shows the beginning
  if player then shell.player = player else shell:say(why) end
end, "lesson")

-- The verbs of an open lesson: the player's method of the same name, except where Lua has the word already.
local function verb(name, argument, text, method, completes)
  command(name, argument, text, function(shell, rest)
    local player = shell.player
    if shell.paused then
      return shell:say("the training is paused: :continue goes on, :stop ends it; then the lesson goes on")
    end
    if not player then
      shell:say(string.format(":%s works in a lesson; :lessons lists them, :lesson NAME opens one", name))
      return
    end
    player[method or name](player, rest ~= "" and rest or nil)
    if player.state == "left" then shell.player = nil end
  end, completes)
end

verb("next", nil, "the next step (so does an empty line)")
verb("back", nil, "the step before")
verb("goto", "STEP", "a step by its number or name", "goto_step", "step")
verb("hint", nil, "a hint; again for the next one")
verb("answer", nil, "the answer of this step")
verb("skip", nil, "leave this exercise unsolved and go on")
verb("overview", nil, "all steps, and where you are")
verb("play", nil, "leave the lesson for a while and try things")
verb("resume", nil, "come back to the lesson")
verb("restart", nil, "begin the lesson again")
verb("leave", nil, "end the lesson")

-- ---- the session ----

command("time", "CODE", "run CODE and say how long it took", in_module("timing", "time"), "code")
command("timeit", "CODE", "run CODE many times: the median, and from where to where", in_module("timing", "timeit"),
  "code")
command("who", nil, "your own names, what they hold, and the bytes of tensors", in_module("variables", "who"))
command("reset", nil, "forget all of your own names", in_module("variables", "reset"))
command("history", "[N|WORD]", "the last entries, or those with WORD in them", in_module("entries", "history"))
command("save", "FILE.lua", "the entries that worked, as a script", in_module("entries", "save"), "files")
command("export", "FILE", "the session as FILE.md, .html or .ipynb, with its plots", function(shell, path)
  require("gradus.export").session(shell, path)
end, "files")
command("load", "FILE.lua", "enter what such a file holds", in_module("entries", "load"), "files")
command("run", "FILE.lua", "run a script among your own names", in_module("entries", "run"), "files")
command("edit", "[FILE]", "the last entry, or FILE, in $EDITOR", in_module("entries", "edit"), "files")
command("set", "[NAME VALUE]", "how things look", in_module("settings", "command"), "setting")
command("plots", "[WHERE]", "where plots appear (as plot.terminal)", function(shell, where)
  shell:say("plots: " .. require("gradus.plot").terminal(where ~= "" and where or nil))
end)
command("theme", "[NAME]", "how plots look (as plot.theme)", function(shell, name)
  shell:say("theme: " .. require("gradus.plot").theme(name ~= "" and name or nil))
end, "theme")
command("doctor", nil, "what this machine offers", function() require("gradus.shell.doctor").command() end)

command("traceback", nil, "the calls that led to the last error", function(shell)
  local failure = shell.last_error
  if not failure then
    shell:say("there was no error so far")
  else
    shell:say(failure.text)
    if failure.traceback ~= "" then shell:say("  " .. failure.traceback:gsub("\n", "\n  ")) end
  end
end)

-- ---- help ----

command("example", "NAME", "run the examples of its help", in_module("help_page", "examples"), "help")
command("source", "NAME", "the Lua behind a name, or where its C is", in_module("help_page", "source"), "help")
command("tutorial", nil, "a tour of two minutes", function(shell) commands.run(shell, ":lesson tour") end)

command("help", "[NAME]", "this page, or the help of NAME (also ?NAME)", function(shell, name)
  if name ~= "" then return require("gradus.shell.help_page").topic(shell, name) end
  shell:say [[
Type Lua: an expression prints its value, a ";" at its end keeps it quiet, ans is the last value.
  ?zeros       help on a name (also zeros?)       ??dtype    search all help for a word
  Tab          completes, and lists what may be   Ctrl-C     stops what runs, or clears the line
  Alt-Enter    a new line in the same entry       Up, Ctrl-R what was typed before
  !ls          a command of the system            :x         a command, of which as much as tells it apart
]]
  for _, each in ipairs(order) do
    local c = table_of[each]
    shell:say(string.format("  :%-18s %s", each .. (c.argument and " " .. c.argument or ""), c.help))
  end
end, "help")

-- ---- a pause in training ----

local function ends_pause(name, text)
  command(name, nil, text, function(shell)
    if not shell.paused then
      return shell:say(string.format(":%s works in a pause: Ctrl-C while a network trains makes one", name))
    end
    shell.after_pause = name
  end)
end

ends_pause("continue", "go on with the training that is paused")
ends_pause("stop", "end it, and keep what was learnt until then")

command("quit", nil, "leave the shell (so does Ctrl-D)", function(shell) shell.leaving = true end)

-- ---- reading them ----

-- "?name", "??word" and "name?" as (kind, word), or nil.
local function help_form(entry)
  local word = entry:match("^%?%?%s*(.-)%s*$")
  if word and word ~= "" then return "search", word end
  word = entry:match("^%?%s*([%a_][^\n]-)%s*$") or entry:match("^([%a_][%w_%.:]*)%s*%?$")
  if word then return "topic", word end
  if entry:find("^%?+%s*$") then return "page", "" end
end

--- Whether an entry is a command rather than Lua.
function commands.is_command(entry)
  return entry:find("^%s*:%a") ~= nil or entry:find("^%s*!") ~= nil or help_form(entry:match("^%s*(.-)%s*$")) ~= nil
end

-- The command that `name` is, or of which alone it is the beginning; otherwise nil and all that begin so.
local function find_command(name)
  if table_of[name] then return table_of[name] end
  local found = {}
  for _, each in ipairs(order) do
    if each:sub(1, #name) == name then found[#found + 1] = each end
  end
  if #found == 1 then return table_of[found[1]] end
  return nil, found
end

--- Whether there is a command of that name.
function commands.exists(name)
  return table_of[name] ~= nil
end

-- ---- completing them ----

local function starting(list, word, note)
  local found = {}
  for _, text in ipairs(list) do
    if text:sub(1, #word) == word then found[#found + 1] = {text = text, note = note and note(text)} end
  end
  return found
end

-- What an argument may become, by its kind: f(shell, typed, text, position) gives where the word begins in `typed`, and
-- the candidates.
local arguments = {}

function arguments.lesson(_, typed)
  return 1, starting(require("gradus.lesson.shipped").slugs(), typed)
end

function arguments.step(shell, typed)
  local ids = {}
  for i, step in ipairs(shell.player and shell.player.lesson.steps or {}) do ids[i] = step.id end
  return 1, starting(ids, typed)
end

-- A name with help, or anything that has a value: up to its next dot or colon.
function arguments.help(shell, typed)
  local from, found = shell.session:complete(typed, #typed)
  if #found > 0 and typed:find "%w" then return from, found end
  local words, seen = {}, {}
  for _, name in ipairs(help.names()) do
    if name:sub(1, #typed) == typed then
      local rest = typed:match "[%w_]*$" .. name:sub(#typed + 1):match "^[%w_]*"
      if rest ~= "" and not seen[rest] then
        seen[rest] = true
        words[#words + 1] = {text = rest}
      end
    end
  end
  return #typed - #typed:match "[%w_]*$" + 1, words
end

function arguments.setting(_, typed)
  local settings = require "gradus.shell.settings"
  local name, begin = typed:match "^(%S+)%s+()"
  if not name then return 1, starting(settings.names(), typed) end
  return begin, starting(settings.choices(name) or {}, typed:sub(begin))
end

function arguments.theme(_, typed)
  return 1, starting(require("gradus.shell.settings").choices "theme", typed)
end

function arguments.files(_, typed) return require("gradus.session.complete").files(typed) end

function arguments.code(shell, typed) return shell.session:complete(typed, #typed) end

--- What the end of text:sub(1, position) may become when the line is a command: where the word begins, and the
--- candidates; nil when the line is Lua.
function commands.complete(shell, text, position)
  local before = text:sub(1, position)
  local name = before:match "^:(%a*)$"
  if name then
    local found = starting(order, name, function(each) return table_of[each].help end)
    for _, each in ipairs(found) do each.tail = table_of[each.text].argument and " " or nil end
    return 2, found
  end
  local begin, known, kind = nil, nil, nil
  name, begin = before:match "^:(%a+)%s+()"
  if name then
    known = find_command(name)
    kind = known and known.completes
    if not kind then return 1, {} end
  elseif before:sub(1, 1) == "?" then
    begin, kind = before:match "^%?+%s*()", "help"
  elseif before:sub(1, 1) == "!" then
    begin, kind = before:match "^.*%s()" or 2, "files"
  else
    return nil
  end
  local from, found = arguments[kind](shell, before:sub(begin))
  return begin - 1 + from, found
end

--- Runs a command.
function commands.run(shell, entry)
  local kind, word = help_form(entry)
  if kind == "search" or kind == "topic" then return require("gradus.shell.help_page")[kind](shell, word) end
  if kind == "page" then return table_of.help.run(shell, "") end
  local system = entry:match("^!%s*(.*)$")
  if system then return require("gradus.shell.entries").system(shell, system) end
  local name, rest = entry:match("^:(%a+)%s*(.*)$")
  local known, begin = find_command(name or "")
  if known then return known.run(shell, rest) end
  if #begin > 0 then
    return shell:say(string.format(":%s could be :%s", name, table.concat(begin, ", :")))
  end
  local near = options.nearest(name or "", order)
  shell:say(string.format("there is no command :%s%s", name or "",
    near and string.format("; did you mean :%s?", near) or "; :help lists them"))
end

return commands
