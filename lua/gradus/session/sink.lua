-- Where a session's output goes. A sink has the methods text(s), display(data), flush() and current_width(), and the
-- facts a printer wants to know: is_terminal, colour, width. `data` maps MIME types to strings, or to functions that
-- make one when somebody asks (a PNG file that no terminal wants); every sink can show "text/plain". With `record` set
-- (gradus.session.record) a sink keeps there what it shows.

local core = require "gradus.core.session"

local sink = {}

local stream = {}
stream.__index = stream

local function check(written, why)
  if not written then error("the output cannot be written: " .. why, 0) end
end

--- Writes what is not kept, since it is drawn over, or is one form of something that has others.
function stream:write(s)
  if self.drawn then self:draw("") end
  check(self.file:write(s))
end

function stream:text(s)
  if self.record then self.record:text(s) end
  self:write(s)
end

--- Writes a line that the next text takes the place of.
function stream:draw(s)
  self.drawn = false
  self:write("\r\27[K" .. s)
  self:flush()
  self.drawn = s ~= ""
end

local function ended(text)
  return text:sub(-1) == "\n" and text or text .. "\n"
end

function stream:display(data)
  if self.record then self.record:display(data) end
  local text = data["text/plain"]
  if text then self:write(ended(text)) end
end

-- What is lost here, nobody else hears of: the buffer is empty afterwards.
function stream:flush()
  check(self.file:flush())
end

--- The columns there are now: a terminal may be resized at any time.
function stream:current_width()
  return self.is_terminal and core.width() or self.width
end

--- The process's own output.
function sink.standard_output()
  local is_terminal = core.is_terminal("stdout")
  local no_colour = os.getenv("NO_COLOR")
  return setmetatable({
    file = io.stdout,
    is_terminal = is_terminal,
    colour = is_terminal and (no_colour or "") == "" and os.getenv("TERM") ~= "dumb",
    width = core.width(),
  }, stream)
end

local capture = {}
capture.__index = capture

function capture:write(s)
  if self.drawn then self:draw("") end
  self.parts[#self.parts + 1] = s
end

capture.text, capture.draw = stream.text, stream.draw

function capture:display(data)
  self.displays[#self.displays + 1] = data
  stream.display(self, data)
end

function capture:flush() end

function capture:current_width() return self.width end

--- All text so far; with `true`, forgets it.
function capture:take(forget)
  local text = table.concat(self.parts)
  self.parts = forget and {} or {text}
  return text
end

--- A sink that keeps what it gets: take() gives the text, `displays` the data.
function sink.capture(width)
  return setmetatable({parts = {}, displays = {}, is_terminal = false, colour = false, width = width or 80}, capture)
end

local silent = setmetatable({}, {__index = stream})
silent.__index = silent

function silent:write() end
function silent:draw() end
function silent:flush() end

--- A sink that shows nothing and keeps everything in `record`. Pictures are not drawn for it: it takes them as data.
function sink.silent(record, width)
  return setmetatable({record = record, takes_pictures = true, is_terminal = false, colour = false,
    width = width or 80}, silent)
end

return sink
