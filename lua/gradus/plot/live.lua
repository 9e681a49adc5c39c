-- Figures that are drawn again and again while something else goes on, a training say. They take little of its time:
-- gnuplot works beside it and is never waited for, a picture is left out while the last one is being drawn, and
-- pictures follow one another so slowly that all of them take less than a given part of the time.

local core = require "gradus.core.plot"
local drawing = require "gradus.plot.drawing"
local output = require "gradus.plot.output"
local session = require "gradus.session"

local clock = os.clock
local getenv = os.getenv
local max, min = math.max, math.min
local getmetatable, pcall, setmetatable, tostring = getmetatable, pcall, setmetatable, tostring
local concat = table.concat

local M = {}

local Live = {}
Live.__index = Live

local SHARE = 0.015  -- of the time, at most, for pictures

--- A live plot: at most one picture every `interval` seconds.
function M.new(interval)
  return setmetatable({interval = interval, next = session.clock() + interval}, Live)
end

-- ---- a picture in the lines of a terminal ----

-- What others write goes below the picture, and is kept, so that the picture can be drawn anew above it.
local function keep_what_follows(self, sink)
  self.sink, self.below = sink, {}
  local entry = session.entry()
  function sink.text(_, s)
    if session.entry() ~= entry then  -- whoever began this was stopped
      self:let_go()
    else
      self.below[#self.below + 1] = s
    end
    return getmetatable(sink).__index.text(sink, s)
  end
end

function Live:let_go()
  if self.sink then self.sink.text = nil end
  self.sink = nil
end

-- The end of a text that fits into so many lines, and how many line breaks it has.
local function last_lines(text, most)
  local from, breaks = #text + 1, 0
  for at = #text, 1, -1 do
    if text:byte(at) == 10 then
      if breaks == most then break end
      breaks = breaks + 1
    end
    from = at
  end
  return text:sub(from), breaks
end

-- `text` in the place of the picture before it, with what was written since below.
local function put(self, text, lines)
  local sink = self.sink
  if not sink then
    sink = session.current() and session.current().sink
    if not sink then return session.say(text) end
    sink:write(text)
    if session.can_redraw() and (getenv "ACCESSIBLE" or "") == "" then keep_what_follows(self, sink) end
  else
    local rows = output.screen().rows
    local below, breaks = last_lines(concat(self.below), max(0, rows - lines - 1))
    local up = min(self.lines + breaks, rows - 1)
    sink:write("\r" .. (up > 0 and "\27[" .. up .. "A" or "") .. "\27[J" .. text .. below)
    self.below = {below}
  end
  self.lines = lines
  if sink.flush then sink:flush() end
end

-- ---- drawing ----

local function now() return session.clock() end

-- What the last picture took, of our time and of gnuplot's, decides when there may be another.
local function rest(self)
  local cost = self.cost + max(0, core.seconds() - self.gnuplot_before)
  self.next = max(self.begun + self.interval, now() + cost / SHARE)
end

local function trouble(self, message)
  self.broken = true
  self:let_go()
  if message ~= "interrupted" then session.note("the live plot has ended: " .. tostring(message)) end
end

-- Takes what gnuplot has drawn meanwhile. Returns whether it is free.
local function collect(self)
  if not self.waiting then return true end
  local before = clock()
  local drawn, message = core.look()
  if drawn == false then return false end
  self.waiting = false
  if not drawn then
    trouble(self, message)
    return false
  end
  if self.where == "png" then
    local ok, why = pcall(function() output.write(self.path, output.check_whole(drawn, "png")) end)
    if not ok then
      trouble(self, why)
      return false
    end
  elseif self.finish_text then
    local text = self.finish_text(drawn)
    local _, lines = text:gsub("\n", "")
    put(self, text, lines)
  end
  self.cost = self.cost + clock() - before
  rest(self)
  return true
end

-- Pictures within the text of a terminal cannot be replaced by newer ones: while it goes on, they are characters.
local in_characters = {characters = true, dumb = true, kitty = true, sixel = true}

local function begin(self, figure)
  if not self.where then
    local where = output.choose()
    self.where = in_characters[where] and "characters" or where
  end
  if self.where == "none" or self.where == "data" then return end
  self.begun, self.gnuplot_before = now(), core.seconds()
  local before = clock()
  if self.where == "png" and not self.path then
    self.path = output.file_name(figure)
    session.say("plot: " .. self.path .. " (drawn anew as it goes on)\n")
  end
  local commands, finish_text = output.plan(figure, self.where)
  self.finish_text = finish_text
  local ok, message = core.begin(commands, output.settings.seconds)
  self.cost = clock() - before
  if not ok then return trouble(self, message) end
  self.waiting = true
end

--- Draws what `make()` gives, if it is time for another picture and gnuplot is free; otherwise does nothing.
function Live:update(make)
  if self.broken or not collect(self) or now() < self.next then return end
  local ok, message = pcall(begin, self, make())
  if not ok then trouble(self, message) end
end

--- The last picture, in any case.
function Live:finish(figure)
  if self.waiting then
    core.run("\n", output.settings.seconds)  -- what is being drawn is out of date
    self.waiting = false
  end
  figure.path = self.path
  if self.sink and not self.broken then  -- in the place of the one before
    local commands, finish_text = output.plan(figure, self.where)
    local drawn = core.run(commands, output.settings.seconds)
    if drawn then
      local text = finish_text(drawn)
      local _, lines = text:gsub("\n", "")
      put(self, text, lines)
      self:let_go()
      output.keep(figure)
      return drawing.seen(figure)
    end
  end
  self:let_go()
  return drawing.draw(figure)
end

return M
