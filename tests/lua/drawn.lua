-- Figures as gnuplot gets them, for tests: dofile gives {script=, check=, lines_with=}. Nothing is shown anywhere.

local core = require "gradus.core.plot"
local gnuplot = require "gradus.plot.gnuplot"
local plot = require "gradus.plot"
local themes = require "gradus.plot.theme"

plot.terminal("none")
plot.settings.ascii = false  -- whatever the locale is

local drawn = {}

--- The text without the data.
function drawn.script(figure)
  return gnuplot.script(figure, themes.get(), "set terminal unknown", false)
end

--- The figure, when gnuplot takes it without a complaint.
function drawn.check(figure)
  local output, message = core.run(drawn.script(figure), 30)
  if not output then error(message .. "\n" .. drawn.script(figure), 2) end
  return figure
end

--- The lines of the text with `part` in them.
function drawn.lines_with(figure, part)
  local found = {}
  for line in drawn.script(figure):gmatch "[^\n]+" do
    if line:find(part, 1, true) then found[#found + 1] = line end
  end
  return table.concat(found, "\n")
end

return drawn
