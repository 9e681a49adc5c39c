-- What went wrong, in the learner's terms: the message without positions inside our own code, the place in
-- the learner's code, and the chain of calls that are the learner's.

local advice = require "gradus.session.advice"
local caret = require "gradus.session.caret"
local fit = require "gradus.session.fit"
local operands = require "gradus.session.operands"
local picture = require "gradus.session.picture"
local shapes = require "gradus.shapes"
local wording = require "gradus.session.wording"

local failure = {}

local function is_ours(frame)
  return frame.source:sub(1, 12) == "@lua/gradus/"
end

local function message_of(value)
  if type(value) == "string" then return value end
  local meta = debug.getmetatable(value)
  if meta and meta.__tostring then
    local ok, text = pcall(tostring, value)
    if ok and type(text) == "string" then return text end
  end
  if value == nil then return "error(nil) was called: give error a message" end
  return string.format("error was called with a %s instead of a message", type(value))
end

-- "FILE.lua:3: " or "entry 4:1: " at the start of a message, as Lua writes it, goes when it names a frame's source.
local function strip_position(message, sources)
  for source in pairs(sources) do
    local prefix = source .. ":"
    if message:sub(1, #prefix) == prefix then
      local line, rest = message:match("^(%d+): ?(.*)$", #prefix + 1)
      if line then return rest, source, tonumber(line) end
    end
  end
  local rest = message:match("^lua/gradus/[%w_/]+%.lua:%d+: (.*)$")
  return rest or message
end

-- "line 3", "entry 2, line 3", "FILE.lua:3"; nil for the only line of the current entry.
local function place(short, line, current, one_line)
  if not short:find("^entry %d+$") then return string.format("%s:%d", short, line) end
  if short ~= current then return string.format("%s, line %d", short, line) end
  return not one_line and string.format("line %d", line) or nil
end

local function name_of(frame)
  if frame.what == "main" then return "the main part" end
  if frame.name then return frame.name end
  return "a function"
end

local function line_of(text, number)
  local i = 0
  for line in (text .. "\n"):gmatch "(.-)\n" do
    i = i + 1
    if i == number then return line end
  end
end

-- The source of the learner's frame, as far as it is known: a chunk of load() without a name has it as its name.
local function source_of(frame, chunk)
  if not frame then return nil end
  return chunk.sources and chunk.sources[frame.source] or not frame.source:find("^[=@]") and frame.source or nil
end

-- Where it happened, as gradus.session.wording wants to know it.
local function site_of(record, mine, text, built_in)
  local variables = record.variables or {}
  local globals = type(variables._ENV) == "table" and variables._ENV or {}
  local function look_up(name)
    if variables[name] ~= nil then return variables[name] end
    return rawget(globals, name)
  end
  local found = text and record.call and operands.find(text, mine.line, record.call, look_up) or nil
  return {text = text, line = mine and mine.line, call = record.call, look_up = look_up, built_in = built_in,
    found = found}
end

-- The message in the learner's terms, the picture of the expression, and the hint that belongs to it: {code=, shape=,
-- said= (the message has it already)}.
local function explain(message, site, width)
  local trouble = site.found and fit.trouble(site.found)
  if not trouble then
    local words, fix = wording.of(message, site)
    return words, nil, fix and {code = fix, said = true}
  end
  local hint = trouble.remedy and {code = picture.remedied(site.found, trouble), shape = trouble.remedy.shape}
  return message, picture.of_shapes(site.found, trouble, width), hint
end

local function indented(text)
  return "  " .. text:gsub("\n", "\n  ")
end

local function hint_text(hint)
  if not hint.shape then return "try " .. hint.code end
  return string.format("%s gives %s", hint.code, #hint.shape == 0 and "a number" or shapes.text(hint.shape))
end

--- From what core.call returned. `chunk` is what ran: its short name, its text, and whether it is a single line; and
--- `sources` (the texts of all chunks by their full names), `width` (of pictures), built_in (gives one by its name).
--- Fields: message, place (or nil), picture (or nil), hint ({code=, shape=} or nil), text (all of these), traceback
--- (lines, innermost first), interrupted, syntax, value.
function failure.new(record, chunk)
  if type(record) ~= "table" or not record.frames then  -- no memory for more, or an error in an error handler
    record = {value = record, frames = {}, interrupted = false}
  end
  local sources, mine, lines = {[chunk.short] = true}, nil, {}
  for i, frame in ipairs(record.frames) do
    if frame.what ~= "C" then sources[frame.short] = true end
    if frame.what ~= "C" and not is_ours(frame) then
      mine = mine or frame
      lines[#lines + 1] = string.format("%s: in %s",
        place(frame.short, frame.line, nil, false) or frame.short, name_of(frame))
    end
    if i == record.frames.skipped_after then
      lines[#lines + 1] = string.format("... %d more calls ...", record.frames.skipped)
    end
  end
  local message, short, line = strip_position(message_of(record.value), sources)
  if mine and (short == nil or short:sub(1, 11) == "lua/gradus/") then short, line = mine.short, mine.line end
  if message:find "^stack overflow" or message:find "^C stack overflow" or message:find "^'__%a+' chain too long" then
    message = "the calls nest too deeply: does a function call itself without end?"
  end
  local where = short and line and place(short, line, chunk.short, chunk.one_line) or nil
  local text = source_of(mine, chunk)
  local drawn, hint
  if record.interrupted then
    message = "interrupted"
  elseif message == "not enough memory" then
    message = "not enough memory for more tables and strings: does one grow without end? x = nil lets go of an x"
  else
    -- What explains an error must not be one: memory may be short, and a learner's values may be anything.
    local ok, words, first, second = pcall(function()
      return explain(message, site_of(record, mine, text, chunk.built_in), (chunk.width or 80) - 2)
    end)
    if ok then message, drawn, hint = words, first, second end
  end
  if not drawn and text and line and mine and mine.short == short and not record.interrupted then
    local ok, marked = pcall(caret.of_failure, text, line, message, (chunk.width or 80) - 2)
    drawn = ok and marked or nil
  end
  -- Without a picture the line itself, where it is not what was just typed.
  if not drawn and where and text and line and mine.short == short and not record.interrupted then
    local source_line = line_of(text, line)
    drawn = source_line and #source_line < 200 and source_line:match "^%s*(.*%S)" or nil
  end
  local parts = {where and where .. ": " .. message or message}
  if drawn then parts[#parts + 1] = indented(drawn) end
  if hint and not hint.said then parts[#parts + 1] = indented(hint_text(hint)) end
  return {
    message = message, place = where, picture = drawn, hint = hint, interrupted = record.interrupted,
    value = record.value, line = line, text = table.concat(parts, "\n"), traceback = table.concat(lines, "\n"),
    calls = #lines,
  }
end

-- Lua quotes the token it stumbled over whole, be it a megabyte long.
local function shorten_token(text)
  return (text:gsub("near '(.*)'$", function(token)
    return #token > 60 and "near '" .. token:sub(1, (utf8.offset(token, 0, 58) or 58) - 1) .. "...'" or nil
  end))
end

--- From a message of load().
function failure.syntax(message, chunk)
  message = shorten_token(message)
  local text, short, line = strip_position(message, {[chunk.short] = true})
  text = text:gsub("^C stack overflow.*", "the brackets, functions or blocks nest too deeply")
  local source = chunk.text and line and line_of(chunk.text, line)
  local what = source and advice.syntax(text, source)
  if what then text = string.format("%s (%s)", text, what) end
  local where = short and place(short, line, chunk.short, chunk.one_line) or nil
  local drawn = source and caret.of_syntax(chunk.text, line, message, (chunk.width or 80) - 2)
  if message:find("^attempt to load a binary chunk") then
    text, where = "this is compiled Lua, which gradus does not run: give it the source", chunk.short
  end
  return {
    message = text, place = where, picture = drawn, syntax = true, interrupted = false, value = message, line = line,
    text = (where and where .. ": " .. text or text) .. (drawn and "\n" .. indented(drawn) or ""),
    traceback = "", calls = 0,
  }
end

return failure
