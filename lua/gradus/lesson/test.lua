-- The author's check: that a lesson's code does what the lesson says of it.

local check = require "gradus.lesson.check"
local parse = require "gradus.lesson.parse"
local predict = require "gradus.lesson.predict"
local run_chunks = require "gradus.lesson.run_chunks"
local session = require "gradus.session"
local sinks = require "gradus.session.sink"

local M = {}

local Tester = {}
Tester.__index = Tester

function Tester:complain(line, format, ...)
  self.errors[#self.errors + 1] = {line = line, message = format:format(...)}
end

-- Runs code as it would be typed. Returns the error and its line in the file, or nil.
function Tester:run(cell)
  local chunks, message, line = parse.chunks(cell.code)
  if not chunks then return {message = message}, cell.line + line - 1 end
  local failure, chunk = run_chunks(self.session, cell.code, self.name)
  if failure then return failure, cell.line + chunk.line - 1 + ((failure.line or 1) - 1) end
end

function Tester:failing_check(exercise)
  for _, cell in ipairs(exercise.checks) do
    local message = check.run(cell, self.session, "check")
    if message then return message end
  end
  return nil
end

-- The learner's globals; tensors changed in place are not copied.
function Tester:snapshot()
  local copy = {}
  for key, value in next, self.session.env do copy[key] = value end
  return copy
end

function Tester:restore(copy)
  local env = self.session.env
  for key in next, env do
    if copy[key] == nil then rawset(env, key, nil) end
  end
  for key, value in next, copy do rawset(env, key, value) end
end

function Tester:exercise(cell)
  local before = self:snapshot()
  self:run(cell)  -- an unfinished start may well fail
  if not self:failing_check(cell) then
    self:complain(cell.line, "the exercise passes its checks before it is solved: check what the answer brings about")
  end
  self:restore(before)
  -- Wrong tries come last: they may draw random numbers, which would change what the lesson goes on with.
  for _, wrong in ipairs(cell.wrongs) do
    self.wrongs[#self.wrongs + 1] = {cell = wrong, exercise = cell, before = before}
  end
  local answer = cell.answers[1]
  local failure, line = self:run(answer)
  if failure then
    self:complain(line, "the answer fails: %s", failure.message)
    return false
  end
  local message = self:failing_check(cell)
  if message then self:complain(answer.line, "the answer does not pass its checks: %s", message) end
  return true
end

function Tester:wrong_try(wrong)
  self:restore(wrong.before)
  local cell = wrong.cell
  local failure = self:run(cell)
  local message = failure and failure.message or self:failing_check(wrong.exercise)
  if not message then
    self:complain(cell.line, "this wrong try passes the checks")
  elseif not message:find(cell.message, 1, true) then
    self:complain(cell.line, 'this wrong try gets the message "%s", not "%s"', message, cell.message)
  end
end

function Tester:code(cell)
  local failure, line = self:run(cell)
  if not failure then
    for _, prediction in ipairs(cell.predictions or {}) do
      local good, text = predict.compare(prediction, nil, self.session.env, true)
      if good == nil then self:complain(prediction.line, "%s", text) end
    end
    return true
  end
  self:complain(line, "this cell fails: %s", failure.message)
  return false
end

function Tester:step(step)
  self.name = string.format("=lesson %s, step %s", self.lesson.slug, step.id)
  for _, cell in ipairs(step.setups) do
    if not self:code(cell) then return false end
  end
  for _, cell in ipairs(step.cells) do
    if cell.kind == "lua" and not self:code(cell) then return false end
    if cell.kind == "exercise" and not self:exercise(cell) then return false end
  end
  return true
end

-- Code and literal text are shown as they stand, behind a prompt or an indent: a longer line would be broken anywhere.
local BEHIND_PROMPT, BEHIND_INDENT = 80 - #">> ", 80 - #"    "

function Tester:fits(text, first_line, room)
  local line = first_line
  for row in (text:gsub("\n+$", "") .. "\n"):gmatch "(.-)\n" do
    local length = utf8.len(row) or #row
    if length > room then
      self:complain(line, "this line has %d characters; a terminal shows %d behind %s: break it in two", length, room,
        room == BEHIND_PROMPT and "its prompt" or "the indent of such text")
    end
    line = line + 1
  end
end

function Tester:fitting(step)
  for _, cell in ipairs(step.cells) do
    if cell.code then self:fits(cell.code, cell.line, BEHIND_PROMPT) end
    for _, answer in ipairs(cell.answers or {}) do self:fits(answer.code, answer.line, BEHIND_PROMPT) end
    for _, block in ipairs(cell.kind == "text" and cell.blocks or {}) do
      if block.kind == "code" then self:fits(block.literal, block.first_line + 1, BEHIND_INDENT) end
    end
  end
end

-- Runs `f` while plots appear nowhere: figures are made, and their mistakes found, but nothing is drawn or written.
local function without_drawing(f)
  local ok, plot = pcall(require, "gradus.plot")
  local settings = ok and plot.settings or {}
  local terminal = settings.terminal
  settings.terminal = "none"
  local fine, message = pcall(f)
  settings.terminal = terminal
  if not fine then error(message, 0) end
end

--- What is wrong with a lesson's code: {{line=, message=}...}.
function M.lesson(lesson)
  local tester = setmetatable({
    lesson = lesson, errors = {}, wrongs = {}, session = session.new{sink = sinks.capture()},
  }, Tester)
  without_drawing(function()
    for _, step in ipairs(lesson.steps) do
      if not tester:step(step) then break end  -- what follows would only repeat the failure
    end
    for _, wrong in ipairs(tester.wrongs) do tester:wrong_try(wrong) end
  end)
  for _, step in ipairs(lesson.steps) do tester:fitting(step) end
  table.sort(tester.errors, function(a, b) return a.line < b.line end)
  return tester.errors
end

local function count(lesson)
  local cells, exercises, wrongs = 0, 0, 0
  for _, step in ipairs(lesson.steps) do
    for _, cell in ipairs(step.cells) do
      if cell.kind == "lua" then cells = cells + 1 end
    end
    if step.exercise then
      exercises = exercises + 1
      wrongs = wrongs + #step.exercise.wrongs
    end
  end
  local function counted(n, one, many) return string.format("%d %s", n, n == 1 and one or many) end
  return table.concat({counted(#lesson.steps, "step", "steps"), counted(cells, "cell", "cells"),
    counted(exercises, "exercise", "exercises"), counted(wrongs, "wrong try", "wrong tries")}, ", ")
end

--- Tests the files. Returns the number of problems and a report, one line a problem, or a lesson that is well.
function M.files(paths)
  local problems, lines, slugs = 0, {}, {}
  for _, path in ipairs(paths) do
    local ok, lesson, errors = pcall(parse.file, path)
    if not ok then
      problems = problems + 1
      lines[#lines + 1] = lesson
    else
      local named = path:match "%d+%-([%w-]+)%.md$"
      if named and lesson.slug and named ~= lesson.slug then
        errors[#errors + 1] = {line = 1, message = string.format('the slug "%s" and the file\'s name "%s" must agree',
          lesson.slug, named)}
      end
      if lesson.slug and slugs[lesson.slug] then
        errors[#errors + 1] = {line = 1, message = string.format('the slug "%s" is taken by %s', lesson.slug,
          slugs[lesson.slug])}
      end
      slugs[lesson.slug or path] = path
      if #errors == 0 then errors = M.lesson(lesson) end
      problems = problems + #errors
      lines[#lines + 1] = #errors > 0 and parse.report(lesson, errors)
        or string.format("%s: well (%s)", path, count(lesson))
    end
  end
  return problems, table.concat(lines, "\n") .. "\n"
end

return M
