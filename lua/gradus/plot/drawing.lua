-- Showing figures, keeping the last one, and the methods of figures.

local doc = require "gradus.help".doc
local figures = require "gradus.plot.figure"
local output = require "gradus.plot.output"
local session = require "gradus.session"

local error, pcall = error, pcall

local M = {last = nil}

local methods = figures.metatable

local collected  -- while somebody collects figures: a list of them

--- The figures that f makes, which appear nowhere.
function M.collect(f)
  local outer, mine = collected, {}
  collected = mine
  local ok, message = pcall(f)
  collected = outer
  if not ok then error(message, 0) end
  return mine
end

--- Draws a new figure, `where` it says or where figures appear now, and returns it.
function M.draw(figure, where)
  if collected then
    collected[#collected + 1] = figure
    return figure
  end
  output.show(figure, where)
  return M.seen(figure)
end

--- Notes that the figure has just been drawn.
function M.seen(figure)
  M.last = figure
  figure.drawn_at, figure.fresh = session.entry(), true
  return figure
end

methods.save = doc("figure.save", [[
fig:save(path) -> fig

Writes the figure to a file: .png, .svg or .pdf, by the end of its name. It works before and after the figure was
shown, and looks the same wherever that was. Fails, naming the figure, when the file cannot be written.

> fig = plot.heatmap({{1, 2}, {3, 4}}, {title="four"})
> tostring(fig:save("/tmp/gradus-four.svg"))
figure: four, 2 x 2 matrix]], function(figure, path)
  output.save(figure, path)
  figure.drawn_at, figure.fresh = session.entry(), true  -- as the value of an entry it need not appear once more
  return figure
end)

methods.show = doc("figure.show", [[
fig:show() -> fig

Draws the figure again, where plots appear now.

> fig = plot.bars({"a", "b"}, {1, 2})
> tostring(fig:show())
figure: 2 bars]], function(figure) return M.draw(figure) end)

-- A figure that is the value of an entry: it has just been drawn if this entry made it, otherwise it is drawn
-- again.
function methods.__echo(figure)
  local entry = session.entry()
  local just_drawn = figure.fresh and figure.drawn_at == entry
  figure.fresh = false
  if not just_drawn then
    M.draw(figure)
    figure.fresh = false
  end
end

return M
