-- A bar that fills while files are read, in a terminal; elsewhere nothing.

local session = require "gradus.session"

local Progress = {}
Progress.__index = Progress

local REDRAW = 0.1  -- seconds between two drawings
local BAR = 30      -- columns

local progress = {}

--- progress.new("photos", 2500); then bar:at(100), and bar:done() in the end. Nothing is drawn in the first tenth of a
--- second: most loads are over by then.
function progress.new(what, total)
  return setmetatable({what = what, total = total, shows = session.can_redraw(), started = session.clock(),
    drawn = session.clock()}, Progress)
end

function Progress:at(n)
  local now = session.clock()
  if not self.shows or now - self.drawn < REDRAW then return end
  self.drawn = now
  local filled = BAR * n // self.total
  local text = ("  [%s%s] %d of %d %s"):format(("="):rep(filled), ("."):rep(BAR - filled), n, self.total, self.what)
  if n > 0 then text = text .. (", %.0fs left"):format((now - self.started) / n * (self.total - n)) end
  session.draw(text:sub(1, session.width() - 1))
  self.visible = true
end

function Progress:done()
  if self.visible then session.draw "" end
end

return progress
