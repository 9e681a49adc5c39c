-- for i in progress(n) do ... end: a loop that shows how far it is.

local doc = require("gradus.help").doc
local session = require "gradus.session"

local REDRAW = 0.1   -- seconds between two drawings of the bar
local LINE = 10      -- seconds between two lines where nothing can be drawn over
local BAR = 24       -- columns of the bar, at most

local function seconds_text(s)
  if s < 60 then return string.format("%.0fs", s) end
  return string.format("%d:%02d", s // 60, math.floor(s % 60))
end

local function rate_text(rate)
  if rate >= 10 then return string.format("%.0f a second", rate) end
  return rate >= 1 and string.format("%.1f a second", rate) or string.format("%.1f s each", 1 / rate)
end

-- How far it is after `done` of n in that many seconds.
local function text(done, n, seconds, is_over)
  local rate = done / math.max(seconds, 1e-9)
  return string.format("%" .. #tostring(n) .. "d/%d  %s, %s", done, n, rate_text(rate),
    is_over and "in " .. seconds_text(seconds) or seconds_text((n - done) / rate) .. " left")
end

local function draw(done, n, seconds)
  local line = text(done, n, seconds)
  local room = math.min(BAR, session.width() - #line - 5)
  if room > 0 then
    local filled = room * done // n
    line = string.format("[%s%s] %s", ("="):rep(filled), ("."):rep(room - filled), line)
  end
  session.draw(line:sub(1, session.width() - 1))
end

return doc("progress", [[
progress(n) -> iterator

For a loop that takes long: for i in progress(n) do ... end counts from 1 to n and shows in a terminal how far it is,
how many rounds it makes a second and how long the rest will take. What the loop prints appears above. A loop of less
than a tenth of a second shows nothing; nor does one whose output is no terminal.

> s = 0
> for i in progress(4) do s = s + i end
> s
10
]], function(n)
  if math.type(n) ~= "integer" then
    local whole = math.type(n) == "float" and math.tointeger(n)
    if not whole then
      error("progress takes the number of rounds, as in: for i in progress(100) do ... end; got "
        .. (type(n) == "number" and tostring(n) or "a " .. type(n)), 2)
    end
    n = whole
  end
  local start, i, in_place = session.clock(), 0, session.can_redraw()
  local last, shown = start, false
  local is_terminal = session.on_terminal()
  local function finish()
    if not shown then return end
    if in_place then session.draw("") end
    session.say(text(i, n, session.clock() - start, true) .. "\n")
    shown = false
  end
  local over = setmetatable({}, {__close = function()
    i = i - 1  -- the round that was broken off
    if shown and i > 0 then finish() elseif shown and in_place then session.draw("") end
  end})
  return function()
    local now = session.clock()
    if is_terminal and i > 0 and now - last >= (in_place and REDRAW or LINE) then
      last, shown = now, true
      if in_place then draw(i, n, now - start) else session.say(text(i, n, now - start) .. "\n") end
    end
    if i >= n then
      finish()
      return nil
    end
    i = i + 1
    return i
  end, nil, nil, over
end)
