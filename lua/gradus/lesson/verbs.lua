-- What a learner can ask of a lesson: the methods of the player that are the shell's verbs, and Enter.

local layout = require "gradus.lesson.layout"
local options = require "gradus.options"
local predict = require "gradus.lesson.predict"

local M = {}

--- What stands in the line when an exercise begins, or nil: a front end may put it into its editor.
function M:starting_text()
  local cell = self.state == "exercise" and self:cell()
  return cell and cell.code ~= "" and cell.code or nil
end

function M:start()
  local lesson = self.lesson
  local minutes = lesson.minutes and string.format(" (about %d minutes)", lesson.minutes) or ""
  self:write("\n" .. self:style(lesson.title, "heading") .. minutes .. "\n\n")
  self:blocks(lesson.introduction)
  if self.unattended then return end
  local known = self:known_progress()
  local first_open
  for i, step in ipairs(lesson.steps) do
    if not first_open and not known[step.id] then first_open = i end
  end
  if first_open and first_open > 1 then
    self.state, self.offered = "offer", first_open
    self:say("dim", "[You have been here. Enter goes on with “%s”; :restart begins with the first step]",
      lesson.steps[first_open].title)
  else
    self.state = "between"
    self:say("dim", "[Enter goes on; type anything at any time; :overview shows the steps, :leave ends the lesson]")
  end
end

local on_next = {}

function on_next.offer(self)
  self:catch_up(self.offered)
  self:begin_step(self.offered)
end

function on_next.between(self) self:begin_step(self.step_index + 1) end
function on_next.cell(self) self:run_cell() end

function on_next.predict(self)
  self:say("dim", "First a guess: a wrong one teaches more than none. %s", self:question_prompt())
end

function on_next.quiz(self)
  self:say("dim", "%s", self:question_prompt())
end

function on_next.exercise(self)
  if not self.checks or self.answer_shown then
    self:play_answer()
  elseif not self:failing_check() then
    self:solved()
  else
    self:say("dim", "Your turn: type your solution. :hint helps, :answer shows one, :skip goes on.")
  end
end

function on_next.finished(self) self:say("dim", "The lesson is over. :restart begins anew, :leave ends it.") end
function on_next.left() end

--- Enter on an empty line.
function M:next()
  if self.playing then return self:say("dim", "You are in free play: :resume goes back to the lesson.") end
  return on_next[self.state](self)
end

--- How to answer what is asked.
function M:question_prompt()
  local cell = self:cell()
  if self.state == "predict" then return predict.prompt(cell.predictions[self.predicted + 1]) end
  if cell.right > 1 then return "[type the numbers of all right answers, such as 1 3, or :skip]" end
  return string.format("[type the number of your answer, 1 to %d, or :skip]", #cell.choices)
end

--- What the learner typed: an answer to what is asked, otherwise code. Returns the session's result when it was code.
function M:feed(text)
  if not self.playing and self.state == "quiz" then
    local set = self:read_choices(text)
    if set then return self:take_choices(set) end
  elseif not self.playing and self.state == "predict" then
    local guess = predict.read(self:cell().predictions[self.predicted + 1], text)
    if guess ~= nil then return self:take_prediction(guess) end
  end
  local result = self.session:execute(text)
  if not result.ok then self:report(result.error) end
  if self.playing then return result end
  if self.state == "quiz" or self.state == "predict" then
    self:say("dim", "%s", self:question_prompt())
  elseif result.ok and self.checks and self.state == "exercise" then
    self:after_code(text)
  end
  return result
end

--- Ctrl-C has stopped what ran, anywhere in it: a front end tells the player once that is over.
function M:interrupted()
  self:end_replay()
  if self.playing or self.state == "left" or self.state == "finished" then return end
  if self.state == "cell" then
    self:say("dim", "[Enter runs the cell again, :skip leaves it out]")
  elseif self.state == "exercise" then
    self:say("dim", "[your turn; :hint helps]")
  elseif self.state == "quiz" or self.state == "predict" then
    self:say("dim", "%s", self:question_prompt())
  else
    self:say("dim", "[Enter goes on]")
  end
end

--- Shows the place again: the text of the step from its beginning, up to what is awaited.
function M:again()
  if not self.step or self.state == "between" and self.at == 0 then return self:start() end
  self:heading()
  for i = 1, self.at do
    local cell = self.step.cells[i]
    if cell.kind == "text" then
      self:blocks(cell.blocks)
    elseif i < self.at and cell.kind == "lua" then
      self:write(layout.code(cell.code, self:colour()) .. "\n")
    end
  end
  if self.state == "between" or self.state == "finished" then return self:finish_step() end
  self:await(self:cell())
end

--- To the beginning of this step, or of the one before it. What has run stays as it is.
function M:back()
  if not self.step then return self:say("dim", "This is the beginning.") end
  local first = 1
  while self.step.cells[first] and (self.step.cells[first].kind == "text" or self.step.cells[first].kind == "notes") do
    first = first + 1
  end
  local at_beginning = self.at <= first and self.state ~= "between" and self.state ~= "finished"
  if at_beginning and self.step_index == 1 then return self:say("dim", "This is the first step.") end
  self.playing = false
  self:begin_step(at_beginning and self.step_index - 1 or self.step_index)
end

--- To a step by its id or number.
function M:goto_step(wanted)
  local steps, ids = self.lesson.steps, {}
  wanted = tostring(wanted or ""):gsub("^%s+", ""):gsub("%s+$", "")
  local index = math.tointeger(tonumber(wanted))
  if index and not steps[index] then
    return self:say("bad", "There is no step %d: they go from 1 to %d.", index, #steps)
  end
  for i, step in ipairs(steps) do
    ids[i] = step.id
    if step.id == wanted then index = i end
  end
  if not index then return self:say("bad", 'There is no step "%s"%s', wanted, options.suggest(wanted, ids)) end
  self.playing = false
  self:catch_up(index)
  self:begin_step(index)
end

--- The next hint; after the last one, all of them again.
function M:hint()
  local cell = self.state == "exercise" and self:cell()
  if not cell then return self:say("dim", "There is nothing to give a hint for here.") end
  if #cell.hints == 0 then return self:say("dim", "This exercise has no hints. :answer shows an answer.") end
  if self.hints_given < #cell.hints then
    self.hints_given = self.hints_given + 1
    self:say("dim", "Hint %d of %d", self.hints_given, #cell.hints)
    self:blocks(cell.hints[self.hints_given].blocks)
  else
    for i, hint in ipairs(cell.hints) do
      self:say("dim", "Hint %d of %d", i, #cell.hints)
      self:blocks(hint.blocks)
    end
  end
end

--- The reference answer, to look at; Enter then plays it.
function M:answer()
  if self.state == "quiz" then
    for i, choice in ipairs(self:cell().choices) do
      if choice.right then self:runs(choice.runs, string.format("  %d. ", i), "     ") end
    end
  elseif self.state == "exercise" then
    self.answer_shown = true
    self:write(layout.code(self:cell().answers[1].code, self:colour()))
    self:say("dim", "[type your own version of it, or Enter plays this one]")
  else
    self:say("dim", "There is no question here.")
  end
end

--- Goes on without doing what is awaited. An exercise's answer is played, visibly: later cells need it.
function M:skip()
  local state = self.state
  if state == "predict" then
    self.predicted = #self:cell().predictions
    self:run_cell()
  elseif state == "quiz" then
    self.step_skipped = true
    self:advance()
  elseif state == "cell" then
    self.step_skipped = true
    self.settled[self:cell()] = true
    self:say("dim", "Left out; what comes later may miss it.")
    self:write "\n"
    self:advance()
  elseif state == "exercise" then
    self.step_skipped = true
    self:say("dim", "Skipped. What comes later needs an answer, so the lesson goes on with this one:")
    if not self:play_answer() then self:advance() end
  else
    self:next()
  end
end

--- The steps, with what is done.
function M:overview()
  local known = self:known_progress()
  self:write("\n" .. self:style(self.lesson.title, "heading") .. "\n")
  for i, step in ipairs(self.lesson.steps) do
    local mark = known[step.id] == "done" and "x" or known[step.id] == "skipped" and "-" or " "
    if i == self.step_index then mark = self:style(">", "good") end
    self:write(string.format("  [%s] %2d  %-12s %s\n", mark, i, step.id, step.title))
  end
  self:say("dim", "x done, - skipped, > here; :goto STEP goes to one.")
end

function M:play()
  self.playing = true
  self:say("dim", "Free play: the lesson waits. :resume comes back to it.")
end

function M:resume()
  if self.state == "left" then
    return self:say("dim", "This lesson has been left; :lesson %s takes it up.", self.lesson.slug)
  end
  self.playing = false
  self:again()
end

--- From the first step, with nothing done; what you have defined stays.
function M:restart()
  if self.progress then self.progress.clear(self.lesson.slug) end
  self.playing, self.step, self.step_index, self.at, self.state = false, nil, 0, 0, "between"
  self:start()
end

function M:leave()
  self.state, self.playing = "left", false
  self:say("dim", "Left “%s”; what you have defined stays. :lesson %s comes back.", self.lesson.title, self.lesson.slug)
end

return M
