-- One figure of every kind in the folder given: as PNG at half the usual size (they are read pixel by pixel), as SVG,
-- as PDF, and as characters of several kinds.
local theme = require "gradus.plot.theme".themes.default
theme.width, theme.height, theme.size, theme.title = 480, 300, 8, 10

plot.terminal("none")
local folder = ...
local exp, sin, cos = math.exp, math.sin, math.cos

local sinks = require "gradus.session.sink"
local current = require "gradus.session".current()

-- As characters: the ending of the file's name, columns, colours, and whether in ASCII only.
local ways = {
  {".txt", 80, "none", false}, {".120.txt", 120, "256", false}, {".ascii.txt", 80, "none", true},
  {".ascii-colour.txt", 80, "true", true},
}

local function save(name, figure)
  for _, kind in ipairs {".png", ".svg", ".pdf"} do figure:save(folder .. "/" .. name .. kind) end
  local sink, settings = current.sink, plot.settings
  for _, way in ipairs(ways) do
    current.sink = sinks.capture(way[2])
    settings.columns, settings.ink, settings.ascii = way[2], way[3], way[4]
    plot.terminal("characters")
    figure:show()
    plot.terminal("none")
    local file = assert(io.open(folder .. "/" .. name .. way[1], "w"))
    file:write(current.sink:take(true))
    file:close()
  end
  current.sink = sink
end

local function nonlin(x) return 1 / (1 + exp(-x)) end
local function slope(x) return nonlin(x) * (1 - nonlin(x)) end

save("curves", plot(nonlin, slope, -6, 6, {title = "Sigmoid `function` @ x_{1}^2", legend = {"it's", "its \"slope\""},
  xlabel = "x", ylabel = "y"}))
save("points", plot({1, 2, 3, 4}, {1, 4, 2, 3}, {style = "linespoints", logscale = "y"}))
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
local colours = {}
for i = 1, 16 do
  colours[i] = {}
  for j = 1, 24 do colours[i][j] = i <= 8 and {0, 0.5, 1} or {1, 0.5, 0} end
end
save("colours", plot.image(colours, {title = "two colours"}))
local sheet = {}
for k = 1, 6 do sheet[k] = {{k, 0}, {0, 6 - k}} end
save("sheet", plot.images(sheet, {captions = {"0", "1", "2", "3", "4", "5"}}))

local kernels = {}
for k = 1, 8 do kernels[k] = {{0, k, 1}, {k, 0, -k}, {-1, k, 3}} end
save("kernels", plot.images(kernels, {title = "eight filters"}))

-- ---- kinds over a plane, of scores, of spread ----

random.seed(1)
local x, y, error = {1, 2, 3, 4}, {1, 0.5, 0.3, 0.2}, {0.2, 0.1, 0.1, 0.05}
save("steps", plot(x, y, {style = "steps", hlines = 0.5, vlines = {2.5}, annotations = {{3, 0.3, "here `date`"}}}))
save("band", plot.band(x, y, error, {title = "band"}))
save("errorbars", plot.band(x, y, error, {style = "errorbars"}))
save("histogram", plot.histogram(random.randn(500), random.randn(300) + 2, {legend = {"a", "b"}}))

local function bowl(a, b) return a ^ 2 + 3 * b ^ 2 + 0.1 end
local path = {{-1.8, 0.9}, {-1, 0.3}, {-0.5, 0.1}, {0, 0}}
local plane = {xrange = {-2, 2}, yrange = {-1, 1}, path = path, points = 40, title = "bowl"}
save("contour", plot.contour(bowl, plane))
save("surface", plot.surface(bowl, plane))
save("vectors", plot.vectors(function(a, b) return -2 * a, -6 * b end, {xrange = {-2, 2}, yrange = {-1, 1}}))
local places = random.randn(60, 2)
local function model(p) return sigmoid(p[{{}, 1}] + p[{{}, 2}]) end
local labels = gt(places[{{}, 1}] + places[{{}, 2}], 0)
save("boundary", plot.boundary(model, places, labels, {points = 40}))
save("boundaries", plot.boundary(function(p)
  return softmax(p:dot(tensor {{2, -2, 0}, {0, 0, 3}}))
end, places, labels * 2, {points = 40}))
local truth, scores = {0, 0, 1, 1, 0, 1}, {0.1, 0.4, 0.35, 0.8, 0.2, 0.7}
save("roc", plot.roc(truth, scores))
save("precision-recall", plot.precision_recall(truth, scores))
save("probabilities", plot.probabilities({{0.1, 0.7, 0.2}, {0.6, 0.3, 0.1}}, {truth = {1, 1}}))
save("grid", plot.grid{function()
  plot(nonlin, -6, 6, {title = "sigmoid"})
  plot.heatmap(surface, {title = "surface"})
  plot.contour(bowl, plane)
  plot.bars({"a", "b"}, {1, 2})
end, title = "four"})
