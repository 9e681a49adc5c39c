-- Lessons: finding them, taking them, playing them unattended, and the author's tools. Behind `gradus lesson ...`,
-- the verbs of the shell, and the name `lesson` at the prompt.

local columns = require "gradus.columns"
local help = require "gradus.help"
local lesson_options = require "gradus.lesson.options"
local options = require "gradus.options"
local parse = require "gradus.lesson.parse"
local player = require "gradus.lesson.player"
local progress = require "gradus.lesson.progress"
local files = require "gradus.core.file"
local shipped = require "gradus.lesson.shipped"

local M = {}

--- What stands behind the lesson's name on the command line, by name.
M.options = lesson_options.values

-- ---- finding ----

--- Reads a lesson; what its author got wrong is one error.
local function load_lesson(path)
  local lesson, errors = parse.file(path)
  if #errors > 0 then error(parse.report(lesson, errors), 0) end
  lesson.number = tonumber(path:match "(%d+)%-[^/]*%.md$")
  return lesson
end

local function is_path(name)
  return name:find("/", 1, true) ~= nil or name:match "%.md$" ~= nil
end

local function all_files()
  local found, why = shipped.list()
  if not found then error("the lessons that come with gradus are not where they belong: " .. why, 0) end
  return found
end

M.find = help.doc("lesson.find", [[
lesson.find(name) -> lesson

The lesson with that number or slug, or in that file, as a table with title, slug, minutes, needs, options and steps. A
name that stands for none is an error with a suggestion.

> lesson.find("neuron").steps[1].id
sigmoid
> lesson.find("10").slug
neuron]], function(name)
  name = tostring(name)
  if is_path(name) then return load_lesson(name) end
  local slugs = {}
  for _, file in ipairs(all_files()) do
    if file.slug == name or file.number == tonumber(name) then return load_lesson(file.path) end
    slugs[#slugs + 1] = file.slug
  end
  local elsewhere = options.nearest(name, slugs) and "" or "; one elsewhere is named by its path, as in ./40-waves.md"
  error(string.format('there is no lesson "%s"%s%s', name, options.suggest(name, slugs), elsewhere), 0)
end)

local function steps_done(lesson)
  local known, done = progress.load(lesson.slug), 0
  for _, step in ipairs(lesson.steps) do
    if known[step.id] == "done" then done = done + 1 end
  end
  return done
end

M.list = help.doc("lesson.list", [[
lesson.list() -> string

The lessons, one a line: number, slug, title, minutes, and how many steps are done. `:lesson NAME` takes one.]],
  function()
    local rows, trouble = {}, {}
    for i, file in ipairs(all_files()) do
      local ok, lesson = pcall(load_lesson, file.path)
      if ok then
        rows[i] = {"  " .. file.number, lesson.slug, lesson.title, lesson.minutes and lesson.minutes .. " min" or "",
          string.format("%d of %d steps done", steps_done(lesson), #lesson.steps)}
      else
        rows[i] = {"  " .. file.number, file.slug}
        trouble[i] = "  cannot be read: " .. tostring(lesson):match "[^\n]*"
      end
    end
    local lines, i = {}, 0
    for line in columns(rows, {true, false, false, true}):gmatch "[^\n]+" do
      i = i + 1
      lines[i] = line .. (trouble[i] or "")
    end
    return table.concat(lines, "\n")
  end)

-- The words of a line; double quotes hold one with spaces together.
local function words(line)
  local found, rest = {}, line
  while rest:match "%S" do
    local word, after = rest:match '^%s*"([^"]*)"(.*)$'
    if not word then word, after = rest:match "^%s*(%S+)(.*)$" end
    found[#found + 1] = word
    rest = after
  end
  return found
end

-- ---- taking and playing ----

M.open = help.doc("lesson.open", [[
lesson.open(line, session, ui) -> player, or nil and a message

Begins a lesson in a session: `line` is its name, number or file, and its options as on the command line ("cnn --data
my.npz"); "--preview" turns the checks off. Returns the player, whose methods next, feed, back, goto_step, hint, answer,
skip, overview, play, resume, restart and leave are the verbs of the shell.]], function(line, session, ui)
    local args, checks = words(line), true
    for i = #args, 2, -1 do
      if args[i] == "--preview" then
        table.remove(args, i)
        checks = false
      end
    end
    if not args[1] then return nil, "which lesson? Give its name or number" end
    local ok, lesson = pcall(M.find, args[1])
    if not ok then return nil, lesson end
    local values, message = lesson_options.read(lesson, args, 2)
    if not values then return nil, message end
    lesson_options.set(values)
    local opened = player.new(lesson, session or require "gradus.session".current(), ui,
      {checks = checks, progress = checks and progress or nil})
    opened:start()
    return opened
  end)

M.run = help.doc("lesson.run", [[
lesson.run(name, {session=, options={}}) -> true, or nil and the error

Plays every cell of a lesson unattended: prints its text, its code and the results; exercises get their answers,
predictions and quizzes are answered right.]], function(name, given)
  local read = options.read("lesson.run", given, {{"session"}, {"options"}})
  local lesson = M.find(name)
  lesson_options.set(read.options)
  local session = read.session or require "gradus.session".new{}
  local ok, failure = player.new(lesson, session, {}):run()
  if ok then return true end
  return nil, failure
end)

M.preview = help.doc("lesson.preview", [[
lesson.preview(path, session, ui) -> player

A lesson as a learner sees it, with the checks off: Enter passes an exercise by playing its answer.]],
  function(path, session, ui)
    return M.open('"' .. path .. '" --preview', session, ui)
  end)

-- ---- the author's tools ----

M.test = help.doc("lesson.test", [[
lesson.test(paths) -> number of problems, report

The author's check of the lessons in those files (all that came with gradus when nil): they can be read, every cell
runs, an unsolved exercise fails its checks, its answer passes them, and each wrong try fails with the message named on
its first line.]], function(paths)
  if type(paths) == "string" then paths = {paths} end
  if not paths or #paths == 0 then
    paths = {}
    for _, file in ipairs(all_files()) do paths[#paths + 1] = file.path end
  end
  lesson_options.set(nil)
  return require "gradus.lesson.test".files(paths)
end)

local template = [=[
---
title: %s
slug: %s
minutes: 10
needs:
author:
licence: CC BY 4.0
---

What this lesson is about, in two or three sentences.

## The first step {#first}

Some text. A cell is shown, and runs when the learner presses Enter:

```lua
x = linspace(0, 1, 5)
```

Ask before showing:

```predict
ask: What is the mean of these five numbers?
kind: number
expect: mean(x)
tolerance: 0.01
```

```lua
mean(x)
```

## Now you {#now-you}

Say what to do. The learner types at the real prompt until the checks pass.

```lua exercise
```

```hint
The product of a number with itself is its square.
```

```lua check
check.exists("squares", "put the squares of x into it")
check.close(squares, x * x)
```

```lua answer
squares = x * x
```

```lua wrong
-- where 0.0625 is expected
squares = x + x
```
]=]

M.new = help.doc("lesson.new", [[
lesson.new(path) -> path

Writes a lesson to start from. The file is to be called NN-slug.md; one that exists already is left alone.]],
  function(path)
    local name = tostring(path):match "([^/]+)$" or ""
    local slug = name:match "^%d+%-(%l[%l%d-]*)%.md$"
    if not slug then
      error(string.format('a lesson\'s file is called NN-slug.md, with a number and a slug of small letters, digits '
        .. 'and hyphens, as in lessons/40-waves.md, not "%s"', name), 0)
    end
    local existing = io.open(path, "rb")
    if existing then
      existing:close()
      error(path .. " exists already and is left as it is", 0)
    end
    local title = slug:gsub("%-", " "):gsub("^%l", string.upper)
    local ok, message = files.write(path, template:format(title, slug))
    if not ok then error(message, 0) end
    return path
  end)

-- ---- the command line ----

local usage = [[
usage: gradus lesson                    list the lessons
       gradus lesson NAME [OPTION...]   take one
       gradus lesson run NAME [OPTION...]
       gradus lesson test [PATH...]
       gradus lesson new PATH
       gradus lesson preview PATH
]]

local function misuse(message)
  io.stderr:write("gradus lesson: ", message, "\n", usage)
  return 2
end

local commands = {}

function commands.run(args)
  if not args[2] then return misuse "run needs the name of a lesson" end
  local lesson = M.find(args[2])
  local values, message = lesson_options.read(lesson, args, 3)
  if not values then return misuse(message) end
  local ok, failure = M.run(args[2], {options = values})
  if ok then return 0 end
  io.stdout:flush()
  io.stderr:write(failure.text or failure.message, "\n")
  if failure.traceback and failure.traceback ~= "" then io.stderr:write(failure.traceback, "\n") end
  return 1
end

function commands.test(args)
  local problems, report = M.test(table.move(args, 2, #args, 1, {}))
  io.stdout:write(report)
  return problems == 0 and 0 or 1
end

function commands.new(args)
  if not args[2] then return misuse "new needs the path of the lesson to write, as in lessons/40-waves.md" end
  local path = M.new(args[2])
  io.stdout:write(path, " is there. Now write, and look at it with\n  gradus lesson preview ", path,
    "\n  gradus lesson test ", path, "\n")
  return 0
end

-- Hands the lesson to the prompt, which opens it with this line.
local function take(args)
  local line = {}
  for i, arg in ipairs(args) do line[i] = arg:find "%s" and '"' .. arg .. '"' or arg end
  return require "gradus.shell".run(table.concat(line, " "))
end

function commands.preview(args)
  if not args[2] then return misuse "preview needs the path of a lesson" end
  M.find(args[2])
  return take {args[2], "--preview"}
end

local function take_checked(args)
  local lesson = M.find(args[1])
  local values, message = lesson_options.read(lesson, args, 2)
  if not values then return misuse(message) end
  return take(args)
end

M.command = help.doc("lesson.command", [[
lesson.command(args) -> exit status

What `gradus lesson ARG...` does.]], function(args)
    if not args[1] then
      io.stdout:write(M.list(), "\n")
      return 0
    end
    local ok, status = pcall(commands[args[1]] or take_checked, args)
    if ok then return status end
    if tostring(status):find "^there is no lesson" then return misuse(status) end
    io.stderr:write("gradus lesson: ", tostring(status), "\n")
    return 1
  end)

return M
