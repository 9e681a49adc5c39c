-- The shell's commands: ":name argument", "?name", "name?" and "??word".

local complete = require "gradus.session.complete"
local core = require "gradus.core.session"
local files = require "gradus.core.file"
local help = require "gradus.help"
local help_page = require "gradus.shell.help_page"
local options = require "gradus.options"

local commands = {}

local table_of = {}  -- name -> {run=, help=, argument=, completes=}
local order = {}

-- `completes` says what the argument is, for Tab: see `arguments`.
local function command(name, argument, text, run, completes)
  table_of[name] = {name = name, argument = argument, help = text, run = run, completes = completes}
  order[#order + 1] = name
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
  local lesson = lessons(shell)
  if not lesson then return end
  local player, why = lesson.open(name, shell.session, shell)  -- shows the beginning
  if player then shell.player = player else shell:say(why) end
end, "lesson")

-- The verbs of an open lesson: the player's method of the same name, except where Lua has the word already.
local function verb(name, argument, text, method, completes)
  command(name, argument, text, function(shell, rest)
    local player = shell.player
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

command("who", nil, "your own names and what they hold", function(shell)
  local names = {}
  for name in next, shell.session.env do
    if type(name) == "string" and name ~= "ans" then names[#names + 1] = name end
  end
  table.sort(names)
  if #names == 0 then shell:say("nothing yet: x = 3 makes an x") end
  for _, name in ipairs(names) do
    local text = shell.session:inspect(rawget(shell.session.env, name)):gsub("%s*\n%s*", " ")
    if #text > 60 then text = text:sub(1, 57) .. "..." end
    shell:say(string.format("  %-12s %s", name, text))
  end
end)

command("time", "CODE", "run CODE and say how long it took", function(shell, code)
  local clock = require("gradus.core.session").clock
  local start = clock()
  local result = shell.session:execute(code)
  local seconds = clock() - start
  if not result.ok then
    shell:show_error(result.error)
  else
    shell:say(seconds < 1 and string.format("%.3g ms", seconds * 1e3) or string.format("%.3g s", seconds))
  end
end, "code")

command("trace", nil, "the calls that led to the last error", function(shell)
  local failure = shell.last_error
  if not failure then
    shell:say("there was no error so far")
  else
    shell:say(failure.text)
    if failure.traceback ~= "" then shell:say("  " .. failure.traceback:gsub("\n", "\n  ")) end
  end
end)

command("help", "[NAME]", "this page, or the help of NAME (also ?NAME)", function(shell, name)
  if name ~= "" then return help_page.topic(shell, name) end
  shell:say [[
Type Lua: an expression prints its value, a ";" at its end keeps it quiet, ans is the last value.
  ?zeros       help on a name (also zeros?)       ??dtype    search all help for a word
  Tab          completes names                    Ctrl-C     stops what runs, or clears the line
]]
  for _, each in ipairs(order) do
    local c = table_of[each]
    shell:say(string.format("  :%-18s %s", each .. (c.argument and " " .. c.argument or ""), c.help))
  end
end, "help")

command("quit", nil, "leave the shell (so does Ctrl-D)", function(shell) shell.leaving = true end)

-- ---- reading them ----

-- "?name", "??word" and "name?" as (kind, word), or nil.
local function help_form(entry)
  local word = entry:match("^%?%?%s*(%S+)%s*$")
  if word then return "search", word end
  word = entry:match("^%?%s*([%w_%.:]+)%s*$") or entry:match("^([%a_][%w_%.:]*)%s*%?$")
  if word then return "topic", word end
  if entry:find("^%?+%s*$") then return "page", "" end
end

--- Whether an entry is a command rather than Lua.
function commands.is_command(entry)
  return entry:find("^%s*:%a") ~= nil or help_form(entry:match("^%s*(.-)%s*$")) ~= nil
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
  local slugs = {}
  for _, name in ipairs(files.names(core.root .. "/lessons") or {}) do
    slugs[#slugs + 1] = name:match "^%d+%-(.+)%.md$"
  end
  return 1, starting(slugs, typed)
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

function arguments.files(_, typed) return complete.files(typed) end

function arguments.code(shell, typed) return shell.session:complete(typed, #typed) end

--- What the end of text:sub(1, position) may become when the line is a command: where the word begins, and the
--- candidates; nil when the line is Lua.
function commands.complete(shell, text, position)
  local before = text:sub(1, position)
  local name = before:match "^:(%a*)$"
  if name then return 2, starting(order, name, function(each) return table_of[each].help end) end
  local begin, known, kind = nil, nil, nil
  name, begin = before:match "^:(%a+)%s+()"
  if name then
    known = table_of[name]
    kind = known and known.completes
    if not kind then return 1, {} end
  elseif before:sub(1, 1) == "?" then
    begin, kind = before:match "^%?+%s*()", "help"
  else
    return nil
  end
  local from, found = arguments[kind](shell, before:sub(begin))
  return begin - 1 + from, found
end

--- Runs a command.
function commands.run(shell, entry)
  local kind, word = help_form(entry)
  if kind == "search" then return help_page.search(shell, word) end
  if kind == "topic" then return help_page.topic(shell, word) end
  if kind == "page" then return table_of.help.run(shell, "") end
  local name, rest = entry:match("^:(%a+)%s*(.*)$")
  local known = name and table_of[name]
  if not known then
    local near = options.nearest(name or "", order)
    shell:say(string.format("there is no command :%s%s", name or "",
      near and string.format("; did you mean :%s?", near) or "; :help lists them"))
    return
  end
  known.run(shell, rest)
end

return commands
