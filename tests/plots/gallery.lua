-- One figure of every kind, as PNG files in the folder given, at half the usual size (they are read pixel by pixel).
local theme = require "gradus.plot.theme".themes.default
theme.width, theme.height, theme.size, theme.title = 480, 300, 8, 10

plot.terminal("none")
local folder = ...
local exp, sin, cos = math.exp, math.sin, math.cos

local function save(name, figure) figure:save(folder .. "/" .. name .. ".png") end

local function nonlin(x) return 1 / (1 + exp(-x)) end
local function slope(x) return nonlin(x) * (1 - nonlin(x)) end

save("curves", plot(nonlin, slope, -6, 6, {title = "Sigmoid `function` @ x_{1}^2", legend = {"it's", "its \"slope\""},
  xlabel = "x", ylabel = "y"}))
save("points", plot({1, 2, 3, 4}, {1, 4, 2, 3}, {style = "linespoints", log = "y"}))
save("bars", plot({3, 1, 4, 1, 5}, {style = "bars"}))
save("labelled-bars", plot.bars({"glass", "paper", "50 %"}, {501, 594, -40}, {title = "pictures"}))
save("scatter", plot.scatter({1, 2, 3, 4}, {1, 2, 1, 2}, {0, 1, 2, 0}))

local loss, val_loss, accuracy, val_accuracy = {}, {}, {}, {}
for i = 1, 20 do
  loss[i], val_loss[i] = exp(-i / 6), exp(-i / 5) + 0.01 * i
  accuracy[i], val_accuracy[i] = 1 - exp(-i / 4) / 2, 0.95 - exp(-i / 5) / 2
end
save("history", plot.history {loss = loss, val_loss = val_loss, accuracy = accuracy, val_accuracy = val_accuracy})
save("confusion", plot.confusion {counts = {{54, 0}, {4, 42}}, classes = {"bottle", "no bottle"}})

local surface = {}
for i = 1, 20 do
  surface[i] = {}
  for j = 1, 30 do surface[i][j] = sin(i / 4) * cos(j / 5) + 1 end
end
save("heatmap", plot.heatmap(surface, {title = "surface"}))
save("cells", plot.heatmap({{-1, 0.5}, {0.25, 1}}, {title = "weights"}))
save("picture", plot.image(surface, {title = "picture"}))
local sheet = {}
for k = 1, 6 do sheet[k] = {{k, 0}, {0, 6 - k}} end
save("sheet", plot.images(sheet, {captions = {"0", "1", "2", "3", "4", "5"}}))
