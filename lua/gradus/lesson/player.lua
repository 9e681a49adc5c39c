-- The lesson player: a state machine without input or output of its own. A front end (the prompt, `lesson run`, a
-- test) calls its methods; it writes through `ui` and runs code through the learner's own session.
--
--   local p = player.new(lesson, session, ui)
--   p:start()      the title and the introduction
--   p:next()       Enter on an empty line: run the cell that is shown, go on
--   p:feed(text)   what the learner typed: an answer, or code, after which an exercise tries its checks
--   p:back() p:goto_step(id) p:hint() p:answer() p:skip() p:overview() p:play() p:resume() p:restart() p:leave()
--
-- ui = {text = function(self, s), show_error = function(self, err), offer = function(self, code), width=, colour=};
-- what it lacks comes from the session's sink. `offer` makes code easy to edit. p.state says what is awaited:
--   "offer"     Enter goes on where the learner left off      "quiz"      a choice
--   "cell"      Enter runs the cell that is shown             "exercise"  code that passes the checks
--   "predict"   a prediction                                  "between"   Enter opens the next step
--   "finished"  nothing                                       "left"      the lesson has been left

local check = require "gradus.lesson.check"
local layout = require "gradus.lesson.layout"
local predict = require "gradus.lesson.predict"
local run_chunks = require "gradus.lesson.run_chunks"

local player = {}

local Player = {}
Player.__index = Player

--- `given`: progress = {load, mark, clear}, without which nothing is kept; checks=false passes exercises over, as in a
--- preview.
function player.new(lesson, session, ui, given)
  given = given or {}
  return setmetatable({
    lesson = lesson, session = session, ui = ui or {}, state = "between", step_index = 0, at = 0,
    settled = {},     -- cell -> it has run in this session, was solved, or was left out on purpose
    checks = given.checks ~= false, progress = given.progress,
    unattended = false, failure = nil,
  }, Player)
end

-- ---- output ----

function Player:write(text)
  if self.ui.text then self.ui:text(text) else self.session.sink:text(text) end
end

--- Shows what has been written now: something that takes its time follows.
function Player:flush()
  local sink = self.session.sink
  if sink.flush then sink:flush() end
end

function Player:width()
  local width = self.ui.width or self.session.sink.width or 80
  return math.min(width, 100)  -- longer lines are hard to read
end

function Player:colour()
  if self.ui.colour ~= nil then return self.ui.colour end
  return self.session.sink.colour and true or false
end

function Player:style(text, name)
  return layout.style(text, name, self:colour())
end

--- A remark of the player's own, wrapped, in a style.
function Player:say(style, format, ...)
  local text = layout.wrap_text(select("#", ...) > 0 and format:format(...) or format, self:width())
  self:write(self:style(text, style) .. "\n")
end

function Player:blocks(blocks)
  if #blocks > 0 then self:write(layout.blocks(blocks, self:width(), self:colour()) .. "\n") end
end

function Player:runs(runs, first, indent)
  self:write(layout.wrap(runs, self:width(), self:colour(), first, indent) .. "\n")
end

-- ---- progress ----

function Player:known_progress()
  return self.progress and self.progress.load(self.lesson.slug) or {}
end

function Player:mark(what)
  if not self.progress then return end
  local ok, message = self.progress.mark(self.lesson.slug, self.step.id, what)
  if not ok and not self.told_progress then
    self.told_progress = true
    self:say("dim", "Your progress cannot be kept: %s.", message)
  end
end

-- ---- running code ----

function Player:chunk_name()
  return string.format("=lesson %s, step %s", self.lesson.slug, (self.replayed or self.step).id)
end

--- Runs a cell chunk by chunk, as if it were typed. `echo` shows each chunk before its results. Returns true, or
--- false after telling what failed.
function Player:run_code(code, echo)
  local failure = run_chunks(self.session, code, self:chunk_name(), echo and function(chunk)
    self:write(layout.code(chunk.code, self:colour()))
  end)
  if not failure then return true end
  self.failure = failure
  if not self.unattended then self:report(failure) end
  return false
end

function Player:report(err)
  if self.ui.show_error then return self.ui:show_error(err) end
  self:write(self:style(err.text or err.message, "bad") .. "\n")
end

function Player:run_setups(step)
  for _, cell in ipairs(step.setups) do
    if not self:run_code(cell.code) then return false end
  end
  return true
end

-- The cells of a step whose code has not run in this session.
local function open_cells(self, step)
  local cells = {}
  for _, cell in ipairs(step.cells) do
    if (cell.kind == "lua" or cell.kind == "exercise") and not self.settled[cell] then cells[#cells + 1] = cell end
  end
  return cells
end

--- Runs these cells of a step without a word: what the learner did in an earlier session, or jumped over.
function Player:replay(step, cells)
  self.replayed, self.muted = step, self.session.sink
  local function nothing() end
  self.session.sink = setmetatable({text = nothing, write = nothing, draw = nothing, display = nothing},
    {__index = self.muted})
  local ok, passed = pcall(function()
    if not self:run_setups(step) then return false end
    for _, cell in ipairs(cells) do
      if not self:run_code(cell.kind == "lua" and cell.code or cell.answers[1].code) then return false end
      self.settled[cell] = true
    end
    return true
  end)
  self:end_replay()
  if not ok then error(passed, 0) end
  return passed
end

function Player:end_replay()
  if self.muted then self.session.sink = self.muted end
  self.replayed, self.muted = nil, nil
end

--- Makes good for what has not run before step `index`, and says so.
function Player:catch_up(index)
  local open, ids = {}, {}
  for i = 1, index - 1 do
    local step = self.lesson.steps[i]
    local cells = open_cells(self, step)
    if #cells > 0 then
      open[#open + 1] = {step = step, cells = cells}
      ids[#ids + 1] = step.id
    end
  end
  if #open == 0 then return end
  self:say("dim", "What comes before is played for you, with the reference answers: %s ...", table.concat(ids, ", "))
  self:flush()
  for _, each in ipairs(open) do
    if not self:replay(each.step, each.cells) then
      self:say("bad", 'The step "%s" failed when it was played for you: %s', each.step.title,
        self.failure.text or self.failure.message)
      return
    end
  end
end

-- ---- walking through a step ----

function Player:cell()
  return self.step and self.step.cells[self.at]
end

function Player:heading()
  local text = string.format("── %d/%d · %s ", self.step.index, #self.lesson.steps, self.step.title)
  local rest = math.max(0, math.min(self:width(), 78) - utf8.len(text))
  self:write("\n" .. self:style(text .. ("─"):rep(rest), "heading") .. "\n\n")
end

function Player:begin_step(index)
  -- Until its setups have run, the step has not begun: after an interrupt Enter begins it again.
  self.state, self.step_index, self.step, self.at = "between", index - 1, self.lesson.steps[index], 0
  self.hints_given, self.tries, self.last_message = 0, 0, nil
  self.answer_shown, self.step_skipped = false, false
  self:heading()
  if not self:run_setups(self.step) and self.unattended then return end
  self.step_index = index
  self:advance()
end

--- Shows what follows until something is awaited.
function Player:advance()
  local cells = self.step.cells
  while self.at < #cells do
    self.at = self.at + 1
    local cell = cells[self.at]
    if cell.kind == "text" then
      self:blocks(cell.blocks)
    elseif cell.kind ~= "notes" then
      return self:await(cell)
    end
  end
  self:finish_step()
end

-- Makes the code of a cell easy to edit, where the front end can.
function Player:offer(cell)
  if self.ui.offer then self.ui:offer(cell.code) end
end

-- How to get at what was offered.
function Player:way_to_edit()
  return self.ui.offer and "; the Up key brings it into your line, to be changed" or ""
end

local await = {}

function Player:await(cell)
  await[cell.kind](self, cell)
end

function await.lua(self, cell)
  self.predicted, self.guesses = 0, {}
  if not self.unattended then self:write(layout.code(cell.code, self:colour())) end
  self:offer(cell)
  if #cell.predictions > 0 then return self:ask(cell) end
  self.state = "cell"
  if self.unattended then return end
  self:say("dim", "[Enter runs it%s]", self.told_way and "" or self:way_to_edit())
  self.told_way = true
end

function await.quiz(self, cell)
  self.state = "quiz"
  self:blocks(cell.question)
  for i, choice in ipairs(cell.choices) do self:runs(choice.runs, string.format("  %d. ", i), "     ") end
  if not self.unattended then
    self:say("dim", "%s", self:question_prompt())
  end
end

function await.exercise(self, cell)
  self.state = "exercise"
  if cell.code ~= "" and not self.unattended then
    self:write(layout.code(cell.code, self:colour()))
    self:offer(cell)
    self:say("dim", "This is a start: type your own version%s.", self:way_to_edit())
  end
  if not self.unattended then
    self:say("dim", self.checks and "[your turn; :hint helps]"
      or "[an exercise; checks are off, Enter plays the answer]")
  end
end

function Player:finish_step()
  self.state = "between"
  self:mark(self.step_skipped and "skipped" or "done")
  local following = self.lesson.steps[self.step_index + 1]
  if not following then
    self.state = "finished"
    if not self.unattended then
      self:say("good", "This was the lesson “%s”. :lessons lists the others.", self.lesson.title)
    end
  elseif not self.unattended then
    self:say("dim", "[Enter: %s]", following.title)
  end
end

function Player:run_cell()
  local cell = self:cell()
  self.state = "cell"
  if not self:run_code(cell.code, self.unattended) then
    if not self.unattended then
      self:say("dim", "The cell failed here. Put right what it uses and press Enter again, or :skip it.")
    end
    return
  end
  self.settled[cell] = true
  self:compare(cell)
  self:write "\n"
  self:advance()
end

-- ---- predictions ----

function Player:ask(cell)
  self.state = "predict"
  local prediction = cell.predictions[self.predicted + 1]
  self:runs({{text = prediction.ask}}, "? ", "  ")
  if not self.unattended then self:say("dim", "%s", self:question_prompt()) end
end

function Player:take_prediction(guess)
  local cell = self:cell()
  self.predicted = self.predicted + 1
  self.guesses[self.predicted] = guess
  if self.predicted < #cell.predictions then return self:ask(cell) end
  self:run_cell()
end

function Player:compare(cell)
  for i, prediction in ipairs(cell.predictions) do
    local good, text = predict.compare(prediction, self.guesses and self.guesses[i], self.session.env, self.unattended)
    if good == nil and self.unattended and not self.failure then
      self.failure = {message = text, text = self:chunk_name():sub(2) .. ": " .. text}
    end
    self:say(good and "good" or "bad", "%s", text)
  end
end

-- ---- quizzes ----

--- "2", "1,3" or "1 3" as a set of choices; nil when the text is something else.
function Player.read_choices(_, text)
  if not text:match "^[%d%s,]*%d[%d%s,]*$" then return nil end
  local set = {}
  for number in text:gmatch "%d+" do set[tonumber(number)] = true end
  return set
end

function Player:take_choices(set)
  local cell = self:cell()
  for number in pairs(set) do
    if not cell.choices[number] then
      return self:say("bad", "There is no choice %d: they go from 1 to %d.", number, #cell.choices)
    end
  end
  local right = true
  for i, choice in ipairs(cell.choices) do
    if (set[i] or false) ~= choice.right then right = false end
    if set[i] then
      local verdict = choice.right and "Right" or "No"
      if choice.feedback and #choice.feedback > 0 then
        self:runs(choice.feedback, self:style(verdict, choice.right and "good" or "bad") .. ": ", "  ")
      else
        self:say(choice.right and "good" or "bad", "%s.", verdict)
      end
    end
  end
  if right then
    self:write "\n"
    self:advance()
  else
    self:say("dim", cell.right > 1 and "Not all of it yet: try again." or "Try again.")
  end
end

-- ---- exercises ----

--- The message of the first check that fails; nil when all pass.
function Player:failing_check()
  for _, cell in ipairs(self:cell().checks) do
    local message = check.run(cell, self.session, "check")
    if message then return message end
  end
  return nil
end

function Player:solved()
  self.settled[self:cell()] = true
  self:say("good", self.tries == 0 and "Right, at the first try." or "Right.")
  self:write "\n"
  self:advance()
end

-- Looking at a value is no try, and gets no verdict unless it happens to pass.
local function is_look(text)
  return load("return " .. text:gsub(";%s*$", ""), "=look", "t") ~= nil
end

function Player:after_code(text)
  local message = self:failing_check()
  if not message then return self:solved() end
  if is_look(text) and not self:mentions_ans() then return end
  self.tries = self.tries + 1
  self:say("bad", "Not yet: %s", message)
  local hints = #self:cell().hints
  if self.tries >= 2 and self.hints_given < hints then
    self:say("dim", "[:hint helps%s]", self.tries >= 4 and ", :answer shows one" or "")
  end
end

function Player:mentions_ans()
  for _, cell in ipairs(self:cell().checks) do
    if cell.code:match "%f[%w_]ans%f[^%w_]" then return true end
  end
  return false
end

function Player:play_answer()
  local cell = self:cell()
  if not self:run_code(cell.answers[1].code, true) then return false end
  if self.checks then
    local message = self:failing_check()
    if message then
      self:say("bad", "The lesson's own answer does not pass here: %s", message)
      self.failure = {message = message, text = self:chunk_name():sub(2) .. ": " .. message}
      return false
    end
  end
  self.settled[cell] = true
  self:write "\n"
  self:advance()
  return true
end

for name, verb in pairs(require "gradus.lesson.verbs") do Player[name] = verb end

-- ---- unattended ----

local automatic = {}

function automatic.between(self) self:begin_step(self.step_index + 1) end
function automatic.cell(self) self:run_cell() end
function automatic.predict(self) self:take_prediction(nil) end
function automatic.exercise(self) self:play_answer() end

function automatic.quiz(self)
  local right = {}
  for i, choice in ipairs(self:cell().choices) do right[i] = choice.right or nil end
  self:take_choices(right)
end

--- Plays every cell, answers filled in. Returns true, or false and the error of what failed.
function Player:run()
  self.unattended = true
  self:start()
  self.state = "between"
  while self.state ~= "finished" do
    automatic[self.state](self)
    if self.failure then return false, self.failure end
  end
  return true
end

return player
