-- Several plots in one figure.

local arguments = require "gradus.plot.arguments"
local doc = require "gradus.help".doc
local drawing = require "gradus.plot.drawing"
local figures = require "gradus.plot.figure"

local ipairs, pairs, setmetatable, tostring, type = ipairs, pairs, setmetatable, tostring, type
local math_type = math.type

local fail = arguments.fail

local MOST = 36  -- panels that can be made out

return {grid = doc("plot.grid", [[
plot.grid{item, item, ..., columns=, title=} -> figure

Puts several plots into one figure. An item is a figure, or a function: what it plots appears in the figure, and nowhere
else. `columns` says how many stand side by side.

> fig = plot.grid{function() plot({1, 2}) plot.bars({"a"}, {1}) end, columns=2, title="both"}
> tostring(fig)
figure: both, 2 panels]], function(given)
  local what = "plot.grid"
  if type(given) ~= "table" or figures.is(given) then
    fail("%s takes one table, as in plot.grid{figure, figure, columns=2}, but got a %s", what,
      figures.is(given) and "figure" or type(given))
  end
  local named = {}
  for key, value in pairs(given) do
    if math_type(key) ~= "integer" then named[key] = value end
  end
  arguments.check_options(what, named, {"columns", "title"})
  local columns = given.columns
  if columns ~= nil and (math_type(columns) ~= "integer" or columns < 1) then
    fail("%s: columns is a whole number from 1 on, not %s", what, tostring(columns))
  end
  local panels = {}
  local function add(figure)
    for i, panel in ipairs(figure.panels) do
      -- The panel of a figure that is still shown elsewhere keeps its own title.
      local copy = setmetatable({}, {__index = panel})
      copy.title = panel.title or i == 1 and figure.title or nil
      panels[#panels + 1] = copy
    end
  end
  for i, item in ipairs(given) do
    if figures.is(item) then
      add(item)
    elseif type(item) == "function" then
      for _, figure in ipairs(drawing.collect(item)) do add(figure) end
    else
      fail("%s: item %d is a %s, where a figure or a function that plots is needed", what, i, type(item))
    end
  end
  if #panels == 0 then fail("%s: nothing was plotted", what) end
  if #panels > MOST then fail("%s: %d plots in one figure cannot be made out; take up to %d", what, #panels, MOST) end
  return drawing.draw(figures.new {
    title = given.title ~= nil and tostring(given.title) or nil, panels = panels, columns = columns,
  })
end)}
