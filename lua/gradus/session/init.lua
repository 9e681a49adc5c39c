-- The session core: the one way in which gradus runs a learner's code. The prompt, scripts, lessons and tests are
-- front ends of it.
--
--   local s = session.new{sink=sink}
--   local result = s:execute("1 + 1")       prints 2 through the sink
--   if not result.ok then print(result.error.text) end

local lazy = require "gradus.lazy"

local advice = lazy "gradus.session.advice"
local compile_text = require "gradus.session.compile"
local core = require "gradus.core.session"
local environment = require "gradus.session.environment"
local failure = lazy "gradus.session.failure"
local inspect = lazy "gradus.session.inspect"
local lexer = lazy "gradus.session.lexer"
local options = require "gradus.options"
local records = require "gradus.session.record"
local sinks = require "gradus.session.sink"

local session = {}

local methods = {}
methods.__index = methods

local current

--- The session that ran code last, or nil.
function session.current()
  return current
end

--- The number of the entry that runs, or nil without a session. What an entry has shown already is not shown once more
--- as its value.
function session.entry()
  return current and current.entries
end

--- session.new{sink=, interactive=false}. The sink is the process's output unless given. An interactive session
--- says things that a script has no use for: a built-in that is now hidden, a local that is already gone.
function session.new(given)
  local read = options.read("session.new", given, {{"sink"}, {"interactive", false}})
  local self = setmetatable({
    sink = read.sink or sinks.standard_output(),
    interactive = read.interactive,
    history = {},  -- entries as typed, several lines in one string
    worked = {},  -- those of them that were code and did not fail
    entries = 0,
    sources = {},  -- the text of each chunk by its full name ("=entry 3", "@FILE"), for errors
    noted = {},  -- lines about which something was said
  }, methods)
  local access
  self.record = self.sink.record
  if not self.record and read.interactive then
    self.record = records.new()
    self.sink.record = self.record
  end
  self.env, access = environment.new(self)
  self.lookup, self.names = access.lookup, access.names
  current = current or self
  return self
end

--- For modules that report while they work: text to the sink of the running session, or to the process's output.
function session.say(text)
  local sink = current and current.sink or sinks.standard_output()
  sink:text(text)
  if sink.flush then sink:flush() end
end

--- A line that the next text takes the place of, such as a bar. Only where can_redraw().
function session.draw(text)
  local sink = current and current.sink or sinks.standard_output()
  sink:draw(text)
end

--- `first` and `text`, a line or more, as they go to that output: on a terminal a long first line goes on below its own
--- beginning.
function session.folded(first, text)
  local width = session.on_terminal() and session.width() or math.huge
  return require("gradus.lesson.layout").wrap_first_line(text, width - 1, first, (" "):rep(#first))
end

--- Whether that output is a terminal.
function session.on_terminal()
  local sink = current and current.sink or sinks.standard_output()
  return sink.is_terminal
end

--- Whether a line of that output, or of another sink, may be drawn over: it is a terminal that can move its cursor.
function session.can_redraw(sink)
  sink = sink or current and current.sink or sinks.standard_output()
  local accessible = os.getenv("ACCESSIBLE")  -- for a reader of the screen: each line is written once
  return sink.is_terminal and (os.getenv("TERM") or "dumb") ~= "dumb" and (accessible or "") == ""
end

--- How many columns that output has now: a terminal may be resized at any time.
function session.width()
  local sink = current and current.sink or sinks.standard_output()
  return sink:current_width()
end

--- A remark in the session that runs, for someone at a prompt.
function session.note(text)
  if current then current:note(text) end
end

--- A remark on what may make a result wrong, or a training slow: a note at a prompt, and a line on standard error in a
--- script, whose author should hear of it too.
function session.warn(text)
  if current and current.interactive then return current:note(text) end
  io.stdout:flush()
  io.stderr:write("note: ", text, "\n")
end

--- Seconds on a clock that only goes forward.
session.clock = core.clock

--- A remark to someone at a prompt; scripts do not see it. On a terminal it breaks between words, but for a table below
--- its first line.
function methods:note(text)
  if not self.interactive then return end
  local width = self.sink.is_terminal and self.sink:current_width() or math.huge
  self.sink:text(require("gradus.lesson.layout").wrap_first_line(text, width - 1, "note: ", "  ") .. "\n")
end

core.on_note(function(text, place)
  if not current or current.noted[place] then return end
  current.noted[place] = true
  current:note(text)
end)

-- Where the last expression of an entry begins, as in "x = 3; x", or nil when its last statement is none. It must
-- begin behind a semicolon or on a line of its own. What precedes it must be statements
-- by themselves: the last line of a function's body is no end of the entry. And where the text is Lua as it
-- stands, a line that begins with a "-" or a "(" belongs to the line before it.
local function last_expression(text, is_lua)
  local tokens = lexer.tokens(text)
  for i = #tokens, 2, -1 do
    local from, before = tokens[i].from, tokens[i - 1]
    local begins = before.text == ";"
      or text:sub(before.to + 1, from - 1):find("\n", 1, true) and (tokens[i].kind == "name" or not is_lua)
    if begins and compile_text("return nil, " .. text:sub(from)) and compile_text(text:sub(1, from - 1)) then
      return from
    end
  end
end

local function compile_last_expression(text, name, env, is_lua)
  local from = last_expression(text, is_lua)
  return from and compile_text(text:sub(1, from - 1) .. "return nil, " .. text:sub(from), name, "t", env)
end

--- An entry as statements of a script: what the prompt printed by itself, print prints.
function methods:as_script(text)
  local is_lua = compile_text(text, "=entry", "t") ~= nil
  local is_expression = compile_text("return nil, " .. text, "=entry", "t") ~= nil
  if is_lua and is_expression then return text end  -- a call
  local from = is_expression and 1 or last_expression(text, is_lua)
  if not from then return text end
  local head, tail = text:sub(1, from - 1), text:sub(from)
  if lexer.ends_in_semicolon(tail) then return head .. "local _ = " .. tail end
  return head .. "print(" .. tail .. (tail:find("--", 1, true) and "\n)" or ")")
end

-- What begins with one of these is no expression, whatever is wrong with it.
local begins_statement = {}
for word in ("break do for goto if local repeat return while"):gmatch("%a+") do begins_statement[word] = true end

-- Compiles an expression or statements; returns the function and whether it gives the value of an expression, or nil
-- and Lua's message. An expression comes behind a nil, so that a function it calls is not called in place of
-- the entry (a tail call), whose line an error is to name.
local function compile(text, name, env, script)
  if script then
    local chunk, why = compile_text(text, name, "t", env)
    return chunk, chunk == nil and why
  end
  local expression, why = compile_text("return nil, " .. text, name, "t", env)
  if expression then return expression, true end
  local statements, message = compile_text(text, name, "t", env)
  expression = compile_last_expression(text, name, env, statements ~= nil)
  if expression then return expression, true end
  if statements then return statements, false end
  -- Of the two messages, take that of the reading which the text was closer to.
  local first, second = table.unpack(lexer.tokens(text), 1, 2)
  if not first or begins_statement[first.text] or first.text == "function" and second and second.kind == "name" then
    return nil, message
  end
  local is_no_statement = message:find("unexpected symbol near '" .. first.text .. "'", 1, true)
    or message:find(": syntax error near ", 1, true) and not why:find("near '='", 1, true)
  return nil, is_no_statement and why or message
end

-- Whether a message of load() says that the text broke off, and more of it could help. A string in quotes ends with its
-- line, so that the next line cannot close it.
local function breaks_off(message, text)
  return message:find("<eof>$") ~= nil and (not message:find("unfinished string", 1, true) or text:find("\\$") ~= nil)
end

--- Whether `text` can stand as it is: false when it breaks off and more lines may complete it.
function methods:is_complete(text)
  local expression, why = compile_text("return nil, " .. text, "=entry", "t")
  if expression then return true end
  local chunk, message = compile_text(text, "=entry", "t")
  if chunk or not (breaks_off(message, text) or breaks_off(why, text)) then return true end
  if advice.is_foreign_block(text) then return true end
  return compile_last_expression(text, "=entry", nil, false) ~= nil
end

--- One value, as the prompt shows it.
function methods:inspect(value)
  return inspect.value(value, self.sink.width)
end

--- Keeps the text of a chunk, so that an error in it can show it. A name that comes again with another text (a cell
--- that was changed) stands for the last one.
function methods:remember_source(name, text)
  self.sources[name] = text
end

-- Shows the values of an expression and keeps the last one as `ans`.
-- Says once a session how to see all of a tensor that was shown in part.
local function tell_about_parts(self, value, shown)
  if self.told_about_parts or type(value) ~= "userdata" or not shown:find("...", 1, true) then return end
  self.told_about_parts = true
  self:note("the dots stand for what is left out; ans:tostring{threshold=math.huge} gives all of it.")
end

local function echo(self, values, quiet)
  local last = values[values.n]
  if last ~= nil then rawset(self.env, "ans", last) end
  if quiet or (values.n == 1 and last == nil) then return end
  for i = 1, values.n do
    local value = values[i]
    local meta = debug.getmetatable(value)
    local own = meta and rawget(meta, "__echo")
    if own then
      own(value, self)
    else
      local shown = self:inspect(value)
      self.sink:text(shown .. "\n")
      tell_about_parts(self, value, shown)
    end
  end
end

local function tell_about_locals(self, text)
  local names = lexer.only_locals(text)
  if not names or #names == 0 or names[1] == "_" then return end
  self:note(string.format("a local lives until the end of its entry, so %s %s gone again; write %s = ... to keep it.",
    table.concat(names, ", "), #names == 1 and "is" or "are", names[1]))
end

--- Whether an entry declared `name` as a local outside of functions and blocks, where it ended with the entry.
function methods:was_local(name)
  for source, text in pairs(self.sources) do
    if source:find "^=entry " and text:find(name, 1, true) and lexer.declares_local(text, name) then return true end
  end
  return false
end

-- Whether the entry compares, indexes with a number or asks for a single field: what remarks.about is about, known
-- without reading the text as code.
local function may_need_remark(text)
  return text:find "[=~]=" or text:find "%[%s*%-?%d" or text:find "^%s*[%a_][^\n]*%.[%a_][%w_]*%s*$"
end

-- What gradus.session.failure wants to know of the code that ran.
local function chunk_of(self, name, text)
  return {short = name:gsub("^[=@]", ""), text = text, one_line = not text:find("\n.*%S"), sources = self.sources,
    width = self.sink:current_width(), built_in = self.lookup}
end

local function execute(self, text, given)
  current = self
  local plots = package.loaded["gradus.core.plot"]
  if plots then plots.tend() end  -- a gnuplot that somebody killed is not left a zombie
  local name = given.name
  if not name then
    self.entries = self.entries + 1
    name = "=entry " .. self.entries
  end
  self:remember_source(name, text)
  local chunk = chunk_of(self, name, text)
  local code, how = compile(text, name, self.env, given.script)
  if not code then return {ok = false, error = failure.syntax(how, chunk)} end
  local args = given.args or {}
  require "gradus.session.failure"  -- now: code that has used up all memory leaves none to load what says so
  if self.interactive and not given.script and may_need_remark(text) then
    local function look_up(name) return rawget(self.env, name) end
    for _, remark in ipairs(require("gradus.session.remarks").about(text, look_up)) do self:note(remark) end
  end
  core.screen(self.sink.is_terminal)
  local ok, result = core.call(function()
    local values = how and table.pack(select(2, code(table.unpack(args)))) or table.pack(code(table.unpack(args)))
    if not given.script then echo(self, values, lexer.ends_in_semicolon(text)) end
    return values
  end)
  if not ok then return {ok = false, error = failure.new(result, chunk)} end
  if self.interactive then
    tell_about_locals(self, text)
    if not given.name then self.worked[#self.worked + 1] = text end
  end
  return {ok = true, values = result}
end

--- Runs `text`: an expression, whose values are printed unless a semicolon ends it, or statements.
--- Options: name (the chunk's name, "@FILE" for a file), script=true (statements only, nothing printed by itself),
--- args (what `...` is in the chunk), recorded (how the record calls it: other code, or false for not at all).
--- Returns {ok=true, values=} or {ok=false, error=}; see gradus.session.failure for the fields of the error.
function methods:execute(text, given)
  given = given or {}
  local recorded = given.recorded == nil and text or given.recorded
  local cell = self.record and recorded and self.record:begin(recorded)
  local result = execute(self, text, given)
  if cell then self.record:finish(cell, result.error) end
  return result
end

--- Calls a function of the learner's for somebody else. Returns what execute returns; a line without an entry is one
--- of the last entry. An interrupt goes on to whoever called.
function methods:call(f, ...)
  local name = "=entry " .. self.entries
  local chunk = chunk_of(self, name, self.sources[name] or "")
  require "gradus.session.failure"
  local results = table.pack(core.call(f, ...))
  if results[1] then return {ok = true, values = table.pack(table.unpack(results, 2, results.n))} end
  local why = failure.new(results[2], chunk)
  if why.interrupted then error(why.value, 0) end
  return {ok = false, error = why}
end

--- Completes text:sub(1, pos): the position where the word to replace begins, and the words.
function methods:complete(text, pos)
  return require("gradus.session.complete").words(self, text, pos or #text)
end

--- Makes the running code stop, as Ctrl-C does.
function methods:interrupt()
  core.interrupt()
end

return session
