-- Planes, spread and scores: histograms, contours, boundaries, arrows, curves of scores, as data and as gnuplot's text.
local tests = os.getenv "GRADUS_TESTS" .. "/lua/"
local test, expect = dofile(tests .. "tap.lua")
local drawn = dofile(tests .. "drawn.lua")

local core = require "gradus.core.plot"
local plot = require "gradus.plot"
local text = require "gradus.plot.text"

local check = drawn.check
local nan, inf = 0 / 0, math.huge

-- ---- planes, spread, scores ----

local function bowl(x, y) return x ^ 2 + 3 * y ^ 2 end

test("a histogram counts what falls into equal intervals, several sets into the same", function()
  local figure = check(plot.histogram({0, 0.1, 0.9, 1}, {0.5, nan, inf}, {bins = 2, legend = {"a", "b"}}))
  local series = figure.panels[1].series
  expect.equal(table.concat(core.values(series[1].y), " "), "2.0 2.0")
  expect.equal(table.concat(core.values(series[2].y), " "), "0.0 1.0")
  expect.equal(table.concat(core.values(series[2].x), " "), "0.25 0.75")
  local density = plot.histogram({1, 2, 3, 4}, {bins = 4, density = true}).panels[1].series[1]
  local area = 0
  for _, v in ipairs(core.values(density.y)) do area = area + v * density.width end
  expect.close(area, 1)
  for _, x in ipairs {{}, {nan}, {3}, {3, 3}, {1e300, -1e300}} do check(plot.histogram(x)) end
end)

test("a band goes from y - error to y + error", function()
  local series = check(plot.band({1, 2}, {10, 20}, {1, 2}, {1, 2}, {5, 5}, 1)).panels[1].series
  expect.equal(table.concat(core.values(series[1].low), " "), "9.0 18.0")
  expect.equal(table.concat(core.values(series[2].high), " "), "6.0 6.0")
  check(plot.band({1, 2}, {10, 20}, {1, 2}, {style = "errorbars"}))
end)

test("contours lie between the least and the greatest height, by factors where the scale is logarithmic", function()
  local field = check(plot.contour(bowl, {xrange = {-1, 1}, levels = 3, points = 5})).panels[1].field
  expect.equal(table.concat(field.contours[1].levels, " "), "1.0 2.0 3.0")
  local z = {{1, 10}, {100, 10000}}
  local levels = check(plot.contour(z, {levels = 3, logscale = "z"})).panels[1].field.contours[1].levels
  expect.close(levels[1], 10)
  expect.close(levels[3], 1000)
  for _, flat in ipairs {{{1, 1}, {1, 1}}, {{nan, nan}, {nan, nan}}, {{nan, 1}, {2, inf}}} do
    check(plot.contour(flat))
    check(plot.surface(flat))
    check(plot.contour(flat, {logscale = "z"}))
  end
end)

test("a path on a surface has the surface's height", function()
  local panel = check(plot.surface(bowl, {xrange = {-1, 1}, points = 3, path = {{0.5, 0.5}}})).panels[1]
  expect.close(core.values(panel.path.z)[1], 1)
  -- Of a matrix the height between four numbers.
  local flat = plot.surface({{0, 2}, {4, 6}}, {xrange = {0, 1}, yrange = {0, 1}, path = {{0.5, 0.5}, {1, 0}}}).panels[1]
  expect.close(core.values(flat.path.z)[1], 3)
  expect.close(core.values(flat.path.z)[2], 2)
end)

test("a decision boundary runs where the answer changes", function()
  local x, y = {{0, 0}, {1, 1}}, {0, 1}
  local panel = check(plot.boundary(function(p) return sigmoid(p[{{}, 1}] - 0.5) end, x, y, {points = 11})).panels[1]
  local lead = core.values(panel.field.contours[1].data)
  expect.ok(lead[1] > 0 and lead[11] < 0, "class 0 leads at the left, class 1 at the right")
  expect.close(lead[6], 0)
  -- Labels, scores of three classes, and a model with predict.
  check(plot.boundary(function(p) return gt(p[{{}, 1}], 0.5) * 2 end, x, {0, 2}, {points = 5}))
  expect.equal(#check(plot.boundary(function(p) return softmax(p:dot(ones(2, 3))) end, x, y, {points = 5}))
    .panels[1].field.contours, 3)
  local m = nn.Sequential{nn.Dense{1, activation = "sigmoid", input_shape = {2}}}
  check(plot.boundary(m, x, y, {points = 5}))
end)

test("arrows of a function do not reach beyond the next one", function()
  local figure = check(plot.vectors(function(x, y) return 100 * x, y end, {xrange = {-1, 1}, points = 5}))
  local series = figure.panels[1].series[1]
  local x, to_x = core.values(series.x), core.values(series.to_x)
  for i = 1, #x do expect.ok(math.abs(to_x[i] - x[i]) <= 0.5, "arrow " .. i .. " is too long") end
  check(plot.vectors({0, 1}, {0, 1}, {1, 1}, {0, 1}))
  check(plot.vectors(function() return 0, 0 end, {xrange = {0, 1}}))
  check(plot.vectors(function() return nan, nan end, {xrange = {0, 1}}))
end)

test("curves of scores have their areas in the legend, and guessing beside them", function()
  local y, s = {0, 0, 1, 1}, {0.1, 0.4, 0.35, 0.8}
  local roc = check(plot.roc(y, s, {legend = "mine"})).panels[1].series
  expect.equal(roc[1].label, "mine, AUC 0.750")
  expect.equal(roc[2].label, "guessing")
  local recall = check(plot.precision_recall(y, s, y, s)).panels[1].series
  expect.equal(recall[1].label, "AP 0.833")
  expect.close(core.values(recall[3].y)[1], 0.5)
end)

test("a threshold is marked where its decisions have their rates, on each curve of scores", function()
  local y, s = {0, 0, 1, 1, 1, 0}, {0.1, 0.4, 0.35, 0.8, 0.9, 0.2}
  local function marks(figure)
    local list = {}
    for i, note in ipairs(check(figure).panels[1].annotations or {}) do
      list[i] = ("%s at %.4g, %.4g"):format(note.text, note.x, note.y)
    end
    return table.concat(list, "; ")
  end
  -- From 0.4 up: 2 of 3 positive ones are found, 1 of 3 others taken for one. 0.9 itself counts; above it nothing does.
  expect.equal(marks(plot.roc(y, s, {thresholds = 0.4})), "threshold 0.4 at 0.3333, 0.6667")
  expect.equal(marks(plot.roc(y, s, {thresholds = {0.9, 2, -1}})),
    "threshold 0.9 at 0, 0.3333; threshold 2 at 0, 0; threshold -1 at 1, 1")
  expect.equal(marks(plot.precision_recall(y, s, {thresholds = tensor {0.38, 2}})),
    "threshold 0.38 at 0.6667, 0.6667; threshold 2 at 0, 1")
  expect.equal(marks(plot.roc(y, s, y, {6, 5, 4, 3, 2, 1}, {thresholds = {3}, annotations = {{0.5, 0.5, "mine"}}})),
    "mine at 0.5, 0.5; threshold 3 at 0, 0; threshold 3 at 0.6667, 0.6667")
  expect.equal(marks(plot.roc({0, 0}, {0.2, 0.7}, {thresholds = 0.5})), "")
  expect.error(function() plot.roc(y, s, {thresholds = "0.5"}) end, "thresholds is a number, or a list of them")
  expect.error(function() plot.roc(y, s, {thresholds = {0 / 0}}) end, "not nan")
  expect.error(function() plot.roc(y, s, {thresholds = 0.5, annotations = {1}}) end, 'must be {x, y, "text"}')
end)

test("of probabilities the greatest is in colour, and the true class is marked", function()
  local panel = check(plot.probabilities({0.1, 0.7, 0.2}, {classes = {"a", "b", "c"}, truth = 2})).panels[1]
  expect.equal(table.concat(panel.colours, " "), "0 1 2")
  expect.equal(panel.labels[3], "c (true)")
  expect.equal(#check(plot.probabilities({{1, 0}, {nan, nan}})).panels, 2)
end)

test("a grid takes figures and what functions plot, which appears nowhere else", function()
  local outside = plot({1, 2}, {title = "outside"})
  local figure = check(plot.grid{outside, function() plot({1}, {title = "one"}) plot.bars({"a"}, {1}) end, columns = 3})
  expect.equal(#figure.panels, 3)
  expect.equal(figure.panels[1].title, "outside")
  expect.equal(figure.panels[2].title, "one")
  expect.equal(outside.panels[1].title, nil)
  expect.error(function() plot.grid{function() error("no", 0) end} end, "no")
  expect.ok(plot({1, 2}) ~= nil)
  expect.equal(require("gradus.plot.drawing").last.panels[1].kind, "curves")
end)

test("lines across and annotations are inside the picture", function()
  local panel = check(plot({0, 1}, {hlines = {5}, vlines = 1.5, annotations = {{1, 2, "it's `here`"}}})).panels[1]
  expect.ok(panel.yrange[2] > 5)
end)

test("fields in characters keep within the terminal and show points, boundaries and the ends of the axes", function()
  local figure = plot.boundary(function(p) return p[{{}, 1}] end, {{0, 0}, {1, 1}}, {0, 1}, {xrange = {0, 1},
    points = 20, xlabel = "\27[31mx"})
  for _, ink in ipairs {"none", "256", "true"} do
    local drawn = text.panel(figure.panels[1], {columns = 60, rows = 24, ink = ink}, "t")
    for line in drawn:gsub("\27%[[%d;]*m", ""):gmatch "[^\n]+" do expect.ok(utf8.len(line) <= 60, line) end
    if ink == "none" then
      expect.ok(drawn:find "O" and drawn:find "x" and drawn:find "%.", drawn)
      expect.ok(not drawn:find "\27")
    end
  end
  for _, make in ipairs {plot.contour, plot.surface} do
    local drawn = text.panel(make(bowl, {xrange = {-1, 1}, points = 9, path = {{0, 0}, {1, 1}, {9, 9}}}).panels[1],
      {columns = 40, rows = 16, ink = "none"})
    expect.ok(drawn:find "@" and drawn:find "O", drawn)
  end
end)

test("the words of other programs are answered with ours", function()
  expect.error(function() plot({1}, {xlim = {0, 1}}) end, 'did you mean "xrange"?')
  expect.error(function() plot({1}, {log = "y"}) end, 'did you mean "logscale"?')
  expect.error(function() plot.heatmap({{1}}, {cmap = "jet"}) end, 'did you mean "palette"?')
  expect.error(function() plot.bars({"a"}, {1}, 3) end, "the options are a table")
end)

test("wrong arguments of the kinds over a plane are told with what was expected", function()
  expect.error(function() plot.contour(bowl) end, "give xrange={low, high}")
  expect.error(function() plot.contour(function() end, {xrange = {0, 1}}) end, "gave a nil at (0, 0)")
  expect.error(function() plot.contour({{1, 2}}) end, "(1, 2)")
  expect.error(function() plot.contour(bowl, {xrange = {0, 1}, levels = 0}) end, "1 to 100")
  expect.error(function() plot.contour(bowl, {xrange = {0, 1}, points = 1000}) end, "2 to 500")
  expect.error(function() plot.contour(bowl, {xrange = {0, 1}, path = {{1, 2, 3}}}) end, "(1, 3)")
  expect.error(function() plot.surface(bowl, {xrange = {0, 1}, view = {200, 0}}) end, "tilt")
  expect.error(function() plot.boundary(3, {{1, 2}}, {0}) end, "predict")
  expect.error(function() plot.boundary(bowl, {{1, 2, 3}}, {0}) end, "two columns")
  expect.error(function() plot.boundary(function() return {1} end, {{1, 2}}, {0}) end, "one or several for each")
  expect.error(function() plot.vectors({1}, {1}, {1}) end, "3 arguments")
  expect.error(function() plot.band({1}, {1}) end, "x, y and the errors")
  expect.error(function() plot.band({1}, {1}, -1) end, "0 or more")
  expect.error(function() plot.histogram() end, "needs numbers")
  expect.error(function() plot.histogram({1}, {bins = 0}) end, "whole number")
  expect.error(function() plot.roc({0, 1}) end, "1 argument")
  expect.error(function() plot.probabilities({0.5, 0.5}, {truth = 2}) end, "0 to 1")
  expect.error(function() plot.grid{3} end, "item 1 is a number")
  expect.error(function() plot.grid{} end, "nothing was plotted")
  expect.error(function() plot({1}, {annotations = {{1, nan, "x"}}}) end, "annotation 1")
  expect.error(function() plot({1}, {hlines = {inf}}) end, "finite")
end)

test.done()
