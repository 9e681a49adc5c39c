-- The prompt: reads an entry, gives it to the session or to a command, shows what comes back.

local lazy = require "gradus.lazy"

local commands = lazy "gradus.shell.commands"
local core = require "gradus.core.session"
local histories = require "gradus.shell.history"
local readline = require "gradus.core.readline"
local sessions = require "gradus.session"
local state = require "gradus.state"

local shell = {}

local PROMPT, MORE, PAUSED = "> ", ">> ", "paused> "

local methods = {}
methods.__index = methods

--- Writes a line of the shell's own: not a result, and no part of what a session has printed.
function methods:say(text)
  self.session.sink:write(text .. "\n")
end

--- What a lesson's player writes.
function methods:text(text)
  self.session.sink:text(text)
end

--- What the learner may want to edit: the Up key brings it into the line.
function methods:offer(code)
  if code == self.last_offer then return end
  self.last_offer = code
  readline.add_history(code)
end

-- The message, its first line broken between words where it does not fit; `room` is what stands before it.
local function wrapped(text, room, width)
  return require("gradus.lesson.layout").wrap_first_line(text, width, (" "):rep(room), "  "):sub(room + 1)
end

--- Shows the error of a result of session:execute.
function methods:show_error(failure)
  self.last_error = failure
  self.session.sink:write("")  -- a bar that is drawn goes
  io.stdout:flush()
  local red, plain = "", ""
  if self.colour then red, plain = "\27[31m", "\27[0m" end
  if failure.interrupted then
    io.stderr:write(red, "interrupted", plain, "\n")
    return
  end
  io.stderr:write(red, "error: ", plain, wrapped(failure.text, #"error: ", core.width()), "\n")
  if failure.calls > 2 and not failure.syntax then io.stderr:write("(:traceback shows the calls that led here)\n") end
end

-- What a line begins with that opens a block: no answer does.
local opens_block = {["function"] = true, ["for"] = true, ["while"] = true, ["if"] = true, ["repeat"] = true}

-- Whether the lesson has asked something, and `line` may be the answer: be it good Lua or not, it is complete.
local function may_answer(self, line)
  local player = self.player
  if not player or self.paused or player.playing then return false end
  return (player.state == "quiz" or player.state == "predict") and not opens_block[line:match "^%s*(%a+)"]
end

-- Reads lines until they form a complete entry. Returns the entry, or nil and "eof", "abandoned" (the end of input in a
-- later line), "interrupt" or "empty" (an interrupt when nothing was typed).
local function read_entry(self)
  self.earlier = ""  -- the lines of this entry above the one that is typed
  local plotting = package.loaded["gradus.core.plot"]
  if plotting then plotting.tend() end  -- a gnuplot that somebody has ended is buried
  local entry, why, empty = readline.read(self.paused and PAUSED or PROMPT)
  if not entry then return nil, why == "interrupt" and empty and "empty" or why end
  if self.pasted and self.pasted.text == entry then return entry end
  if entry:find "^%s*>>?%s" or entry:find "^In %[%d*%]:" then
    entry = require("gradus.shell.transcript").clean(entry)
  end
  if not may_answer(self, entry) and not self.session:is_complete(entry) and not commands.is_command(entry) then
    repeat
      local line
      self.earlier = entry .. "\n"
      line, why = readline.read(MORE)
      if not line then return nil, why == "eof" and "abandoned" or why end
      entry = entry .. "\n" .. line
    until self.session:is_complete(entry)
  end
  return entry
end

--- Shows a failure that core.call gave; see gradus.session.failure for `chunk`.
function methods:fail(record, chunk)
  self:show_error(require("gradus.session.failure").new(record, chunk))
end

local function tell_lost_history(self, why)
  self.session:note(string.format("the history of this session cannot be kept (%s).", why))
end

--- Puts an entry into the history.
function methods:remember(entry)
  local last = self.history.entries[#self.history.entries]
  self.session.history[#self.session.history + 1] = entry
  if entry == last then return end
  local kept, why = self.history.add(entry)
  if not kept then tell_lost_history(self, why) end
  readline.add_history(entry)
end

-- The command that was typed without its colon, or nil: "hint", "goto 3".
local function bare_command(self, entry)
  local word = entry:match("^(%a+)$") or entry:match("^(%a+)%s+[%w-]+$")
  local is_command = word and commands.exists(word)
    and self.session.lookup(word) == nil and rawget(self.session.env, word) == nil
  return is_command and ":" .. entry or nil
end

local function run_code(self, entry)
  local command = bare_command(self, entry)
  if command then
    self:say(string.format("a command begins with a colon: %s", command))
  elseif self.player and not self.paused then
    self.player:feed(entry)  -- which shows its errors itself
  else
    local result = self.session:execute(entry)
    if not result.ok then self:show_error(result.error) end
  end
  self.last_entry = entry
end

-- The entries of a transcript that was pasted, one after the other, each with what it prints.
local function run_pasted(self, entries)
  for _, entry in ipairs(entries) do
    self:remember(entry)
    if not require("gradus.shell.entries").enter(self, entry) then break end
  end
end

-- One turn: returns true when the shell is to be left.
local function turn(self)
  self.width = core.width()
  self.session.sink.width = self.width
  if not self.paused then self.session.record:rest() end
  local entry, why = read_entry(self)
  if not entry then
    if why == "abandoned" then self:say("") end
    if why == "eof" then self:say("") end
    if self.paused and (why == "eof" or why == "empty") then self.after_pause = "stop" end
    return why == "eof" and not self.paused
  end
  local pasted = self.pasted
  self.pasted = nil
  if pasted and pasted.text == entry then
    run_pasted(self, pasted.entries)
    return self.leaving
  end
  entry = entry:match("^%s*(.-)%s*$")
  if entry == "" then
    if self.player and not self.paused then commands.run(self, ":next") end
    return self.leaving
  end
  self:remember(entry)
  if commands.is_command(entry) then
    commands.run(self, entry)
  else
    run_code(self, entry)
  end
  return self.leaving
end

-- A failure outside the learner's code: an interrupt, or a mistake of ours. The prompt goes on.
local function report(self, record)
  if type(record) == "table" and type(record.value) == "string" then  -- said by a command: no place in our Lua helps
    record.value = record.value:gsub("^lua/gradus/[%w_/]+%.lua:%d+: ", "")
  end
  local failure = require("gradus.session.failure").new(record, {short = "the shell", one_line = true})
  self:show_error(failure)
  if failure.interrupted and self.player then self.player:interrupted() end
end

-- A prompt in the middle of training. Returns whether the training is to stop.
local function pause(self, where)
  local text = string.format("paused after %s. :continue goes on, :stop (or Ctrl-C) ends the training here", where)
  self:say(require("gradus.lesson.layout").wrap_text(text, core.width()))
  self.paused, self.after_pause = where, nil
  core.loop(function() return turn(self) or self.after_pause ~= nil end, function(record) report(self, record) end)
  self.paused = nil
  local stop = self.after_pause ~= "continue"
  if stop then self:say(string.format("stopped after %s; what was learnt until then is kept", where)) end
  return stop
end

local function new_shell()
  local session = sessions.new {interactive = true}
  local self = setmetatable({session = session, colour = session.sink.colour, history = histories.open()}, methods)
  for _, entry in ipairs(self.history.entries) do
    readline.add_history(entry)
    session.history[#session.history + 1] = entry
  end
  session.on_pause = function(where) return pause(self, where) end
  readline.set_completer(function(text, position)
    return require("gradus.shell.completion").at(self, self.earlier, text, position)
  end)
  readline.set_paste_filter(function(text)
    local code, entries = require("gradus.shell.transcript").clean(text)
    self.pasted = entries and #entries > 1 and {text = code, entries = entries} or nil
    return code
  end)
  return self
end

-- Runs the learner's own start-up file, when there is one. No other file is ever run unasked, least of all one of the
-- folder that gradus is started in.
local function run_startup_file(self)
  local path = state.startup_file()
  local file = path and io.open(path, "r")
  if not file then return end
  file:close()
  require("gradus.shell.entries").run_file(self, path, nil, true)
end

--- Runs the shell on the terminal until it is left; `lesson` (optional) is opened first. Returns the exit status.
function shell.run(lesson)
  local self = new_shell()
  self:say(string.format("gradus %s   :help says what there is, :lessons lists lessons, Ctrl-D leaves", core.version))
  if self.history.is_first and not lesson then self:say("first time here? :tutorial is a tour of two minutes") end
  if self.history.problem then tell_lost_history(self, self.history.problem) end
  local first = lesson and ":lesson " .. lesson
  local started = false
  core.loop(function()
    if not started then
      started = true
      run_startup_file(self)
    end
    if first then
      local command = first
      first = nil
      commands.run(self, command)
    end
    return turn(self)
  end, function(record) report(self, record) end)
  return 0
end

return shell
