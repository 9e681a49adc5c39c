-- A lesson as a document: its prose, its cells with what they print and draw, exercises with what a learner starts from
-- (or their answers), hints, quizzes and predictions to be opened. What is for the presenter is left out.

local document = require "gradus.export.document"
local predict = require "gradus.lesson.predict"
local records = require "gradus.session.record"
local run_chunks = require "gradus.lesson.run_chunks"
local sessions = require "gradus.session"
local sinks = require "gradus.session.sink"

local lesson_export = {}

local Writer = {}
Writer.__index = Writer

function Writer:add(cell)
  self.cells[#self.cells + 1] = cell
end

-- Runs a cell of the lesson; its outputs. After an error nothing runs any more.
function Writer:run(cell)
  if self.failure then return {} end
  local first = #self.record.cells + 1
  local name = string.format("=lesson %s, step %s", self.lesson.slug, self.step.id)
  self.failure = run_chunks(self.session, cell.code, name)
  local outputs = {}
  for i = first, #self.record.cells do
    table.move(self.record.cells[i].outputs, 1, #self.record.cells[i].outputs, #outputs + 1, outputs)
  end
  return document.outputs(outputs, self.given)
end

-- ---- Markdown of what the parser took apart ----

local function escaped(text)
  return (text:gsub("[\\`*_%[%]<>#|&]", "\\%0"))
end

local function fenced(text)
  local longest = 0
  for run in text:gmatch "`+" do longest = math.max(longest, #run) end
  local fence = ("`"):rep(longest + 1)
  local space = text:find "^`" or text:find "`$"
  return fence .. (space and " " or "") .. text .. (space and " " or "") .. fence
end

local function markdown_of(runs)
  local parts = {}
  for i, run in ipairs(runs) do
    local text = run.code and fenced(run.text) or escaped(run.text):gsub("\n", "  \n")
    local left, middle, right = text:match "^(%s*)(.-)(%s*)$"
    if middle ~= "" then
      if run.emphasis then middle = "*" .. middle .. "*" end
      if run.strong then middle = "**" .. middle .. "**" end
      if run.link then middle = "[" .. middle .. "](<" .. run.link:gsub("[<>\n]", "") .. ">)" end
    end
    parts[i] = left .. middle .. right
  end
  return table.concat(parts)
end

-- ---- cells ----

local add = {}

function add.text(self, cell)
  self:add(document.markdown(cell.source))
end

function add.notes() end

function add.lua(self, cell)
  for _, prediction in ipairs(cell.predictions) do
    self:add(document.markdown("**Predict:** " .. escaped(prediction.ask)))
  end
  self:add(document.code(cell.code, self:run(cell), self.count))
  if #cell.predictions == 0 or self.failure then return end
  local answers = {}
  for i, prediction in ipairs(cell.predictions) do
    local _, text = predict.compare(prediction, nil, self.session.env, false)
    answers[i] = escaped(text)
  end
  self:add {kind = "details", summary = "Compare with your prediction", text = table.concat(answers, "\n\n")}
end

function add.quiz(self, cell)
  local question, answers = {cell.source:match "^(.-)\n%s*[-*+]%s+%[" or "", ""}, {}
  question[1] = "**Question.** " .. question[1]:gsub("^%s+", "")
  for i, choice in ipairs(cell.choices) do
    local text = markdown_of(choice.runs)
    question[#question + 1] = "- [ ] " .. text
    local verdict = choice.right and "Right" or "No"
    local feedback = choice.feedback and #choice.feedback > 0 and ": " .. markdown_of(choice.feedback) or ""
    answers[i] = string.format("- %s — *%s*%s", text, verdict, feedback)
  end
  self:add(document.markdown(table.concat(question, "\n")))
  self:add {kind = "details", summary = "Answer", text = table.concat(answers, "\n")}
end

function add.exercise(self, cell)
  local answer = cell.answers[1]
  if not self.given.answers then
    local start = cell.code ~= "" and cell.code or "-- your turn"
    self:add(document.code(start, {}, self.count, "exercise"))
  end
  for i, hint in ipairs(cell.hints) do
    local summary = #cell.hints == 1 and "Hint" or string.format("Hint %d", i)
    self:add {kind = "details", summary = summary, text = hint.source}
  end
  local outputs = self:run(answer)  -- what comes later needs it
  if self.given.answers then
    self:add(document.code(answer.code, outputs, self.count, "answer"))
  end
end

--- The document of a lesson; behind it the error that it stopped at, or nil. `given` as in document.outputs, and
--- answers=true to show the answers of exercises; tell(text) hears how far it is.
function lesson_export.document(lesson, given)
  local record = records.new()
  local self = setmetatable({
    lesson = lesson, given = given, record = record, session = sessions.new {sink = sinks.silent(record)},
    cells = {}, count = {n = 0},
  }, Writer)
  if lesson.source then self:add(document.markdown(lesson.source)) end
  for _, step in ipairs(lesson.steps) do
    self.step = step
    given.tell(string.format("step %d of %d: %s", step.index, #lesson.steps, step.title))
    self:add(document.markdown("## " .. escaped(step.title), step.id))
    for _, setup in ipairs(step.setups) do
      self:add(document.code(setup.code, self:run(setup), self.count, "setup"))
    end
    for _, cell in ipairs(step.cells) do add[cell.kind](self, cell) end
  end
  local about = {"a lesson of gradus"}
  if lesson.author and lesson.author ~= "" then about[#about + 1] = "by " .. lesson.author end
  if lesson.licence and lesson.licence ~= "" then about[#about + 1] = lesson.licence end
  return {title = lesson.title, about = table.concat(about, " · "), cells = self.cells}, self.failure
end

return lesson_export
