-- Where a session's output goes. A sink has the methods text(s), display(data), flush() and current_width(), and the
-- facts a printer wants to know: is_terminal, colour, width. `data` maps MIME types to strings; every sink can show
-- "text/plain".

local core = require "gradus.core.session"

local sink = {}

local stream = {}
stream.__index = stream

function stream:text(s)
  if self.drawn then self:draw("") end
  local written, why = self.file:write(s)
  if not written then error("the output cannot be written: " .. why, 0) end
end

--- Writes a line that the next text takes the place of.
function stream:draw(s)
  self.file:write("\r\27[K", s)
  self.file:flush()
  self.drawn = s ~= ""
end

function stream:display(data)
  local text = data["text/plain"]
  if text then self:text(text .. (text:sub(-1) == "\n" and "" or "\n")) end
end

function stream:flush()
  self.file:flush()
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

function capture:text(s)
  self.parts[#self.parts + 1] = s
end

function capture:display(data)
  self.displays[#self.displays + 1] = data
  local text = data["text/plain"]
  if text then self:text(text .. (text:sub(-1) == "\n" and "" or "\n")) end
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

return sink
