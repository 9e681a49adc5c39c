-- A lesson's Markdown as data. Everything an author can get wrong is found here, with its line and the fix;
-- whether the lesson's code does what it claims is for lesson.test.
--
--   lesson = {path, title, slug, minutes, needs = {slug...}, author, licence, options = {name...},
--             introduction = {block...}, source, steps = {step...}}
--   step   = {id, title, line, index, cells = {cell...}, setups = {code cell...}, exercise = cell or nil}
--   cell   = {kind="text", blocks, source}                   shown; `source` is its Markdown, of the introduction, too
--          | {kind="lua", code, line, predictions}           run on Enter, after its predictions are asked
--          | {kind="exercise", code, line, checks, answers, wrongs, hints = {{line, blocks, source}...}}
--          | {kind="quiz", line, source, question = {block...}, choices = {{runs, right, feedback}...}}
--          | {kind="notes", text, line}                      for the presenter
--   predictions = {{line, ask, kind, expect, tolerance}...}

local text = require "gradus.core.text"
local options = require "gradus.options"

local parse = {}

local front_keys = {"title", "slug", "minutes", "needs", "author", "licence", "options"}
local fence_kinds = {
  "lua", "lua setup", "lua exercise", "lua check", "lua answer", "lua wrong", "hint", "quiz", "predict", "notes",
  "text", "python",
}
local is_fence_kind = {[""] = true}  -- no info: shown as it stands
for _, kind in ipairs(fence_kinds) do is_fence_kind[kind] = true end

local prediction_keys = {"ask", "kind", "expect", "tolerance"}
local prediction_kinds = {"number", "shape", "direction"}

-- ---- what goes wrong ----

local Reader = {}
Reader.__index = Reader

function Reader:complain(line, format, ...)
  local message = select("#", ...) > 0 and format:format(...) or format
  self.errors[#self.errors + 1] = {line = line, message = message}
end

-- ---- front matter ----

local function contains(names, word)
  for _, name in ipairs(names) do
    if name == word then return true end
  end
  return false
end

local function list(value)
  local items = {}
  for item in value:gmatch "[^,%s]+" do items[#items + 1] = item end
  return items
end

--- Reads the lines between the two "---" into the lesson and blanks them, so that every line keeps its number.
function Reader:front_matter()
  local lesson, lines, given = self.lesson, self.lines, {}
  local last
  for i = 2, #lines do
    if lines[i]:match "^%-%-%-%s*$" then last = i break end
  end
  if not lines[1]:match "^%-%-%-%s*$" or not last then
    self:complain(1, 'a lesson begins with its front matter: a line "---", then "title: ...", "slug: ..." and so on, '
      .. 'then "---"')
    return
  end
  for i = 2, last - 1 do
    local row = lines[i]
    local key, value = row:match "^([%w_]+):%s*(.-)%s*$"
    if row:match "^%s*$" or row:match "^#" then
      -- a blank line or a remark
    elseif not key then
      self:complain(i, 'the front matter is made of lines "key: value", not "%s"', row)
    elseif not contains(front_keys, key) then
      self:complain(i, 'the front matter has no key "%s"%s', key, options.suggest(key, front_keys))
    elseif given[key] then
      self:complain(i, '"%s" is given twice, first in line %d: keep one', key, given[key])
    else
      given[key] = i
      lesson[key] = value
    end
  end
  for i = 1, last do lines[i] = "" end
  for _, key in ipairs {"title", "slug"} do
    if not lesson[key] or lesson[key] == "" then
      self:complain(1, 'the front matter needs "%s: ..."', key)
    end
  end
  if lesson.slug and not lesson.slug:match "^%l[%l%d-]*$" then
    self:complain(given.slug, 'the slug "%s" is what a learner types after "gradus lesson": small letters, digits and '
      .. 'hyphens, beginning with a letter', lesson.slug)
  end
  if lesson.minutes then
    local minutes = math.tointeger(tonumber(lesson.minutes))
    if not minutes or minutes < 1 then
      self:complain(given.minutes, '"minutes: %s" is not a whole number of minutes', lesson.minutes)
    end
    lesson.minutes = minutes
  end
  lesson.needs = list(given.needs and lesson.needs or "")
  lesson.options = list(given.options and lesson.options or "")
end

-- ---- steps ----

local function plain(runs)
  local pieces = {}
  for i, run in ipairs(runs) do pieces[i] = run.text end
  return table.concat(pieces)
end

local function id_from(title)
  local id = title:lower():gsub("[^%l%d]+", "-"):gsub("^[%d-]+", ""):gsub("%-+$", "")
  return id ~= "" and id or "step"
end

function Reader:open_step(block)
  local heading = plain(block.runs)
  local title, id = heading:match "^(.-)%s*{#([^}]*)}%s*$"
  if not id then
    title, id = heading, id_from(heading)
    self:complain(block.first_line, 'the step "%s" has no id; write: ## %s {#%s}', heading, heading, id)
  elseif not id:match "^%l[%l%d-]*$" then
    self:complain(block.first_line, 'the id "%s" must be small letters, digits and hyphens, as in {#%s}', id,
      id_from(id))
  elseif title == "" then
    self:complain(block.first_line, "the step {#%s} has no title: write one before its id", id)
  end
  local first = self.ids[id]
  if first then
    self:complain(block.first_line, 'the id "%s" is taken by the step in line %d: ids must differ, since progress and '
      .. ":goto go by them", id, first)
  end
  self.ids[id] = self.ids[id] or block.first_line
  self:close_step()
  local steps = self.lesson.steps
  self.step = {id = id, title = title, line = block.first_line, index = #steps + 1, cells = {}, setups = {}}
  steps[#steps + 1] = self.step
end

function Reader:close_step()
  local step = self.step
  if not step then return end
  self:no_predictions_left("the step ends")
  local exercise = step.exercise
  if not exercise or step.unread then return end
  if #exercise.checks == 0 then
    self:complain(exercise.line, 'the exercise of the step "%s" has no check: add ```lua check, or nobody can tell '
      .. "when it is solved", step.id)
  end
  if #exercise.answers == 0 then
    self:complain(exercise.line, 'the exercise of the step "%s" has no answer: add ```lua answer with code that passes '
      .. "its checks", step.id)
  end
end

function Reader:no_predictions_left(what)
  for _, prediction in ipairs(self.predictions) do
    self:complain(prediction.line, "a prediction is asked before a cell runs and compared after it, but %s first: put "
      .. "a ```lua cell behind it", what)
  end
  self.predictions = {}
end

-- ---- fences ----

-- The line where the fence's text begins is the one behind the opening fence.
local fences = {}

local function code_cell(kind, block)
  local code = block.literal:gsub("%s+$", "")
  return {kind = kind, code = code, line = block.first_line + 1}
end

--- Code that can never compile is the author's mistake; unfinished starting text and wrong tries may be as they are.
function Reader:compiles(cell)
  local chunks, message, line = parse.chunks(cell.code)
  if not chunks then self:complain(cell.line + line - 1, "this code does not compile: %s", message) end
end

local function forbid_locals(reader, cell)
  local line = cell.line
  for row in (cell.code .. "\n"):gmatch "(.-)\n" do
    if row:match "^local%s" then
      reader:complain(line, 'cells run as if typed at the prompt, where a "local" is gone after its own line: leave '
        .. 'out "local"')
    end
    line = line + 1
  end
end

fences["lua"] = function(reader, step, block)
  local cell = code_cell("lua", block)
  if cell.code == "" then return reader:complain(block.first_line, "this cell is empty: write code or remove it") end
  reader:compiles(cell)
  forbid_locals(reader, cell)
  cell.predictions, reader.predictions = reader.predictions, {}
  step.cells[#step.cells + 1] = cell
end

fences["lua setup"] = function(reader, step, block)
  local cell = code_cell("setup", block)
  reader:compiles(cell)
  forbid_locals(reader, cell)
  step.setups[#step.setups + 1] = cell
end

fences["lua exercise"] = function(reader, step, block)
  reader:no_predictions_left "an exercise comes"
  if step.exercise then
    return reader:complain(block.first_line, 'the step "%s" has an exercise already, in line %d: open a new step for '
      .. "this one", step.id, step.exercise.line - 1)
  end
  local cell = code_cell("exercise", block)
  cell.checks, cell.answers, cell.wrongs, cell.hints = {}, {}, {}, {}
  step.exercise = cell
  step.cells[#step.cells + 1] = cell
end

local function exercise_of(reader, step, block, what)
  if step.exercise or step.unread then return step.exercise end
  reader:complain(block.first_line, 'the step "%s" has no exercise that this %s could belong to: put ```lua exercise '
    .. "before it", step.id, what)
end

fences["lua check"] = function(reader, step, block)
  local exercise = exercise_of(reader, step, block, "check")
  if not exercise then return end
  local cell = code_cell("check", block)
  local ok, message = load(("\n"):rep(cell.line - 1) .. cell.code, "=" .. reader.name, "t")
  if not ok then
    local line, what = message:match ":(%d+): (.*)$"
    reader:complain(tonumber(line), "this check does not compile: %s", what)
  elseif not cell.code:find("check.", 1, true) then
    reader:complain(cell.line, "this check checks nothing: call check.exists, check.close, check.calls, check.that ...")
  end
  exercise.checks[#exercise.checks + 1] = cell
end

fences["lua answer"] = function(reader, step, block)
  local exercise = exercise_of(reader, step, block, "answer")
  if not exercise then return end
  if #exercise.answers > 0 then
    return reader:complain(block.first_line, "the exercise has its answer already, in line %d: keep one",
      exercise.answers[1].line - 1)
  end
  local cell = code_cell("answer", block)
  if cell.code == "" then return reader:complain(block.first_line, "this answer is empty: write the code") end
  reader:compiles(cell)
  forbid_locals(reader, cell)
  exercise.answers[1] = cell
end

fences["lua wrong"] = function(reader, step, block)
  local exercise = exercise_of(reader, step, block, "wrong try")
  if not exercise then return end
  local cell = code_cell("wrong", block)
  cell.message = cell.code:match "^%-%-%s*([^\n]*%S)"
  if not cell.message then
    return reader:complain(cell.line, 'the first line of a wrong try names the message it must get, as in: -- the sign '
      .. "is missing")
  end
  exercise.wrongs[#exercise.wrongs + 1] = cell
end

fences["hint"] = function(reader, step, block)
  local exercise = exercise_of(reader, step, block, "hint")
  if not exercise then return end
  exercise.hints[#exercise.hints + 1] = {line = block.first_line + 1, source = block.literal,
    blocks = text.markdown(block.literal)}
end

fences["notes"] = function(_, step, block)
  step.cells[#step.cells + 1] = {kind = "notes", line = block.first_line + 1, text = block.literal,
    blocks = text.markdown(block.literal)}
end

-- ---- quizzes ----

-- The runs of "[x] a choice — its feedback", or with " -- " in place of the dash, as right, runs, feedback; nil when it
-- is no choice.
local function read_choice(runs)
  local first = runs[1]
  local mark, rest = (first and not first.code and first.text or ""):match "^%[([ xX])%]%s+(.*)$"
  if not mark then return nil end
  local choice, feedback = {}, nil
  local into = choice
  local function add(run, piece)
    if piece == "" then return end
    local copy = {}
    for key, value in pairs(run) do copy[key] = value end
    copy.text = piece
    into[#into + 1] = copy
  end
  for i, run in ipairs(runs) do
    local piece = i == 1 and rest or run.text
    local before, after = piece:match "^(.-)%s*—%s*(.*)$"
    if not before then before, after = piece:match "^(.-)%s+%-%-%s+(.*)$" end
    if before and not feedback and not run.code then
      add(run, before)
      feedback = {}
      into = feedback
      add(run, after)
    else
      add(run, piece)
    end
  end
  return mark ~= " ", choice, feedback
end

fences["quiz"] = function(reader, step, block)
  local cell = {kind = "quiz", line = block.first_line + 1, source = block.literal, question = {}, choices = {},
    right = 0}
  for _, part in ipairs(text.markdown(block.literal)) do
    local line = block.first_line + part.first_line
    if part.kind ~= "item" then
      if #cell.choices > 0 then
        reader:complain(line, "text behind the choices of a quiz is not shown: put the question first")
      else
        cell.question[#cell.question + 1] = part
      end
    else
      local right, runs, feedback = read_choice(part.runs)
      if right == nil then
        reader:complain(line, 'a choice is written "- [ ] text — feedback", the right one "- [x] text — feedback"')
      elseif #runs == 0 then
        reader:complain(line, "this choice has no text")
      else
        if right then cell.right = cell.right + 1 end
        cell.choices[#cell.choices + 1] = {runs = runs, right = right, feedback = feedback, line = line}
      end
    end
  end
  if #cell.question == 0 then
    reader:complain(cell.line, "this quiz has no question: write it above the choices")
  end
  if #cell.choices < 2 then
    reader:complain(cell.line, "a quiz has two choices or more, written as a list with - [ ] and - [x]")
  elseif cell.right == 0 then
    reader:complain(cell.line, "no choice of this quiz is right: mark one with - [x]")
  end
  reader:no_predictions_left "a quiz comes"
  step.cells[#step.cells + 1] = cell
end

-- ---- predictions ----

fences["predict"] = function(reader, _, block)
  local prediction, line_of = {line = block.first_line + 1}, {}
  local line = block.first_line
  for row in block.literal:gmatch "(.-)\n" do
    line = line + 1
    local key, value = row:match "^%s*(%a+):%s*(.-)%s*$"
    if row:match "^%s*$" then
      -- nothing
    elseif not key then
      reader:complain(line, 'a prediction is made of lines "key: value" (ask, kind, expect, tolerance), not "%s"', row)
    else
      if not contains(prediction_keys, key) then
        reader:complain(line, 'a prediction has no "%s"%s', key, options.suggest(key, prediction_keys))
      else
        prediction[key], line_of[key] = value, line
      end
    end
  end
  for _, key in ipairs {"ask", "expect"} do
    if not prediction[key] or prediction[key] == "" then
      reader:complain(prediction.line, 'this prediction needs "%s: ..."', key)
      return
    end
  end
  prediction.kind = prediction.kind or "number"
  if not contains(prediction_kinds, prediction.kind) then
    reader:complain(line_of.kind, 'a prediction cannot be of kind "%s"%s', prediction.kind,
      options.suggest(prediction.kind, prediction_kinds))
  end
  if prediction.tolerance then
    local tolerance = tonumber(prediction.tolerance)
    if not tolerance or tolerance < 0 then
      reader:complain(line_of.tolerance, '"tolerance: %s" is not a number of zero or more', prediction.tolerance)
    end
    prediction.tolerance = tolerance
  end
  local ok, message = load("return " .. prediction.expect, "=expect", "t")
  if not ok then
    reader:complain(line_of.expect, '"expect: %s" is not a Lua expression: %s', prediction.expect,
      message:gsub("^expect:%d+: ", ""))
  end
  reader.predictions[#reader.predictions + 1] = prediction
end

-- ---- blocks ----

function Reader:fence(block)
  local kind = block.info:lower():gsub("%s+", " "):gsub("^ ", ""):gsub(" $", "")
  if not is_fence_kind[kind] then
    if self.step then self.step.unread = true end  -- it may be what others of the step are missing
    return self:complain(block.first_line, '"%s" is no kind of cell%s', kind, options.suggest(kind, fence_kinds))
  end
  local handler = fences[kind]
  if not handler then return self:show(block) end
  if block.depth > 0 or block.quotes > 0 then
    return self:complain(block.first_line, "a cell inside a list or quote is not run: move it to the left margin")
  end
  if not self.step then
    return self:complain(block.first_line, "this cell stands before the first step: open one with ## Title {#id}")
  end
  handler(self, self.step, block)
end

--- Adds a block to the text of the step, or to the introduction.
function Reader:show(block)
  if block.kind == "paragraph" and block.runs[1] and block.runs[1].text:match "^|" then
    block.kind = "table"
    block.literal = self:source_lines(block.first_line, block.last_line)
  end
  if not self.step then
    self.lesson.introduction[#self.lesson.introduction + 1] = block
    self.lesson.source = self:with_source(self.lesson.source, block)
    return
  end
  local cells = self.step.cells
  local last = cells[#cells]
  if not last or last.kind ~= "text" then
    last = {kind = "text", blocks = {}, line = block.first_line}
    cells[#cells + 1] = last
  end
  last.blocks[#last.blocks + 1] = block
  last.source = self:with_source(last.source, block)
end

-- `source` with the lines of the block, unless the block before it had them: an item's are also those of what is in it.
function Reader:with_source(source, block)
  if block.last_line <= (self.last_shown or 0) then return source end
  local first = math.max(block.first_line, (self.last_shown or 0) + 1)
  local tight = block.kind == "item" and self.last_shown == block.first_line - 1
  self.last_shown = block.last_line
  local lines = self:source_lines(first, block.last_line):gsub("%s+$", "")
  return source and source .. (tight and "\n" or "\n\n") .. lines or lines
end

function Reader:source_lines(first, last)
  return table.concat(self.lines, "\n", first, math.min(last, #self.lines))
end

function Reader:block(block)
  if block.kind == "heading" and block.level == 2 and block.depth == 0 and block.quotes == 0 then
    self:open_step(block)
  elseif block.kind == "heading" and block.level == 1 then
    -- The title, for those who read the file on a forge; the player takes it from the front matter.
    if self.step then
      self:complain(block.first_line, "a heading with one # is the lesson's title and comes first; steps have two")
    end
  elseif block.kind == "code" then
    self:fence(block)
  elseif block.kind == "html" then
    if not block.literal:match "^%s*<!%-%-" then
      self:complain(block.first_line, "HTML is not shown in a terminal: write Markdown")
    end
  else
    self:show(block)
  end
end

-- ---- chunks ----

--- Code as it would be typed at the prompt: the list of its chunks {code, line}, where `line` counts from 1. A chunk
--- ends with the first line that completes it. Or nil, a message and its line, when some of it can never compile.
function parse.chunks(code)
  local chunks, pending, first, line = {}, nil, 1, 0
  for row in (code .. "\n"):gmatch "(.-)\n" do
    line = line + 1
    if pending or row:match "%S" then
      if not pending then first = line end
      pending = pending and pending .. "\n" .. row or row
      local is_remark = not pending:match "\n" and row:match "^%s*%-%-" and load(row)
      if not is_remark then  -- a remark belongs to what follows it
        local as_value, why = load("return " .. pending, "=cell", "t")
        local ok, message = as_value, why
        if not ok then ok, message = load(pending, "=cell", "t") end
        if ok then
          chunks[#chunks + 1] = {code = pending, line = first}
          pending = nil
        elseif message:sub(-5) ~= "<eof>" and why:sub(-5) ~= "<eof>" then
          return nil, (message:gsub("^cell:%d+: ", "")), line
        end
      end
    end
  end
  if pending then
    local ok, message = load(pending, "=cell", "t")
    if not ok then return nil, (message:gsub("^cell:%d+: ", "")), line end
    chunks[#chunks + 1] = {code = pending, line = first}
  end
  return chunks
end

-- ---- the whole ----

--- The lesson in `source`, and the list of what is wrong with it: {{line=, message=}...}. `name` goes into messages.
function parse.text(source, name)
  name = name or "lesson"
  local reader = setmetatable({
    lesson = {path = name, introduction = {}, steps = {}, needs = {}, options = {}},
    name = name, errors = {}, ids = {}, predictions = {}, lines = {},
  }, Reader)
  source = source:gsub("^\xEF\xBB\xBF", ""):gsub("\r\n", "\n")
  for row in (source .. "\n"):gmatch "(.-)\n" do reader.lines[#reader.lines + 1] = row end
  reader:front_matter()
  for _, block in ipairs(text.markdown(table.concat(reader.lines, "\n"))) do reader:block(block) end
  reader:close_step()
  if #reader.lesson.steps == 0 then
    reader:complain(#reader.lines, "this lesson has no step: open one with ## Title {#id}")
  end
  table.sort(reader.errors, function(a, b) return a.line < b.line end)
  return reader.lesson, reader.errors
end

--- The same for a file. A file that cannot be read is an error.
function parse.file(path)
  local file, message = io.open(path, "rb")
  if not file then error("cannot read the lesson: " .. message, 0) end
  local source = file:read "a"
  file:close()
  if not source then error("cannot read the lesson " .. path .. ": it is a folder", 0) end
  return parse.text(source, path)
end

--- One line an error, as compilers write them.
function parse.report(lesson, errors)
  local lines = {}
  for i, e in ipairs(errors) do lines[i] = string.format("%s:%d: %s", lesson.path, e.line, e.message) end
  return table.concat(lines, "\n")
end

return parse
