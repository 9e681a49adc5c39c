-- plot: curves, histories, heat maps, pictures. A call makes a figure (data: figure.lua), draws it at once
-- where figures appear now (output.lua) and returns it.

local arguments = require "gradus.plot.arguments"
local curves = require "gradus.plot.curves"
local doc = require "gradus.help".doc
local drawing = require "gradus.plot.drawing"
local fields = require "gradus.plot.fields"
local grid = require "gradus.plot.grid"
local history = require "gradus.plot.history"
local matrices = require "gradus.plot.matrices"
local options = require "gradus.options"
local output = require "gradus.plot.output"
local pictures = require "gradus.plot.pictures"
local scores = require "gradus.plot.scores"
local spread = require "gradus.plot.spread"
local themes = require "gradus.plot.theme"

local error, setmetatable = error, setmetatable

local plot = {
  settings = output.settings,
  scatter = curves.scatter, bars = curves.bars, history = history.history,
  heatmap = matrices.heatmap, confusion = matrices.confusion,
  band = spread.band, histogram = spread.histogram,
  contour = fields.contour, surface = fields.surface, boundary = fields.boundary, vectors = fields.vectors,
  roc = scores.roc, precision_recall = scores.precision_recall, probabilities = scores.probabilities,
  grid = grid.grid,
  image = pictures.image, images = pictures.images,
}

plot.save = doc("plot.save", [[
plot.save(path) -> figure

Writes the last figure to a file, .png, .svg or .pdf: see figure.save.

> fig = plot({3, 1, 2})
> tostring(plot.save("/tmp/gradus-zigzag.svg"))
figure: 1 series]], function(path)
  if not drawing.last then error("plot.save: nothing has been plotted yet", 0) end
  return drawing.last:save(path)
end)

plot.terminal = doc("plot.terminal", [[
plot.terminal(name) -> name

Says where plots appear: "characters" (in this terminal), "sixel" or "kitty" (pictures in this terminal), "png" (files),
a window of gnuplot's ("qt", "wxt", "x11"), or "none" (nowhere: the figure is only made, to be saved), or "auto": a
window when there is a display, otherwise a picture when the terminal says that it shows them, otherwise characters, and
files when the output is no terminal. Without a name it tells what is set.

> plot.terminal("png")
png
> plot.terminal("auto")
auto]], options.takes({arguments = true, {"name", one_of = output.terminals}}, function(name)
  if name == nil then return output.settings.terminal or "auto" end
  if name == "text" then name = "characters" end
  options.choice("plot.terminal", "the terminal", name, output.terminals)
  output.check_window(name)
  output.settings.terminal = name ~= "auto" and name or nil
  return name
end))

plot.theme = doc("plot.theme", [[
plot.theme(name) -> name

Sets how plots look: "default", "dark", "projector" (large, for the back row) or "print" (black on white, curves told
apart by dashes). Without a name it tells what is set.

> plot.theme("projector")
projector
> plot.theme("default")
default]], options.takes({arguments = true, {"name", one_of = themes.names}}, function(name)
  if name == nil then return themes.current end
  themes.current = options.choice("plot.theme", "the theme", name, themes.names)
  return name
end))

-- What fit returned is no curve but a figure of its own.
local function is_history(value)
  return type(value) == "table" and not arguments.is_array(value) and type(value.history) == "table"
end

return setmetatable(plot, {__call = function(_, ...)
  return (is_history((...)) and history.history or curves.plot)(...)
end})
