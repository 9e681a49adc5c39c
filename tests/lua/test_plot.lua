-- Figures as data and as gnuplot's text; arguments and their errors. Real drawing is tested in tests/plots.
local tests = os.getenv "GRADUS_TESTS" .. "/lua/"
local test, expect = dofile(tests .. "tap.lua")
local drawn = dofile(tests .. "drawn.lua")

local core = require "gradus.core.plot"
local gnuplot = require "gradus.plot.gnuplot"
local palette = require "gradus.plot.palette"
local plot = require "gradus.plot"
local themes = require "gradus.plot.theme"

local script, check, lines_with = drawn.script, drawn.check, drawn.lines_with
local nan, inf = 0 / 0, math.huge

-- ---- figures ----

test("a figure says what it holds", function()
  expect.equal(tostring(plot({1, 2}, {3, 4}, {title = "t"})), "figure: t, 1 series")
  expect.equal(tostring(plot({1, 2}, {3, 4}, {1, 2}, {0, 0})), "figure: 2 series")
  expect.equal(tostring(plot.heatmap {{1, 2, 3}, {4, 5, 6}}), "figure: 2 x 3 matrix")
  expect.equal(tostring(plot.image({{1, 2}, {3, 4}}, {title = "p"})), "figure: p, 2 x 2 picture")
  expect.equal(tostring(plot.images {{{1, 2}, {3, 4}}}), "figure: 1 picture")
  expect.equal(tostring(plot.history {loss = {3, 2}, accuracy = {0, 1}}),
    "figure: training history, 2 panels, 2 series")
end)

test("a figure keeps the numbers it was made of when the learner's table changes", function()
  local y = {1, 2, 3}
  local figure = plot(y)
  y[1] = 100
  expect.equal(core.values(figure.panels[1].series[1].y)[1], 1)
end)

test("one table of numbers is drawn against the positions", function()
  local series = plot({5, 6, 7}).panels[1].series[1]
  expect.equal(table.concat(core.values(series.x), " "), "1.0 2.0 3.0")
end)

test("a function is sampled at 200 points from end to end", function()
  local series = plot(function(x) return x * x end, -2, 2).panels[1].series[1]
  local x, y = core.values(series.x), core.values(series.y)
  expect.equal(#x, 200)
  expect.equal(x[1], -2.0)
  expect.equal(x[200], 2.0)
  expect.close(y[200], 4)
end)

test("a y with several columns is as many curves", function()
  expect.equal(#plot({1, 2}, {{1, 10, 100}, {2, 20, 200}}).panels[1].series, 3)
end)

test("a column (n, 1) and a row (1, n) are curves too", function()
  expect.equal(#plot({{1}, {2}, {3}}, {{1}, {2}, {3}}).panels[1].series, 1)
  expect.equal(#plot({1, 2, 3}, {{1, 2, 3}}).panels[1].series, 1)
  expect.equal(#plot({{1, 2, 3}}).panels[1].series, 1)
end)

test("the history marks the epoch of the least validation loss", function()
  local figure = plot.history {history = {loss = {3, 2, 1}, val_loss = {3, 1.5, 2}, accuracy = {0, 0.5, 1},
    val_accuracy = {0, 0.4, 0.6}}, val_baseline = 0.3}
  expect.equal(#figure.panels, 2)
  expect.equal(figure.panels[1].ylabel, "loss")
  expect.equal(figure.panels[2].ylabel, "accuracy")
  for _, panel in ipairs(figure.panels) do expect.equal(panel.marks[1].x, 2) end
  expect.equal(figure.panels[1].marks[1].label, "best: epoch 2")
  expect.equal(figure.panels[2].marks[1].y, 0.4)
end)

test("the history of a training that went on, or was validated now and then, stands at its epochs", function()
  local figure = plot.history {history = {loss = {3, 2, 1, 1}, val_loss = {2, 3}}, epoch = {5, 6, 7, 8},
    validated = {6, 8}}
  local panel, values = figure.panels[1], require("gradus.core.plot").values
  expect.equal(table.concat(values(panel.series[1].x), " "), "5.0 6.0 7.0 8.0")
  expect.equal(table.concat(values(panel.series[2].x), " "), "6.0 8.0")
  expect.equal(panel.marks[1].label, "best: epoch 6")
  expect.equal(panel.marks[1].y, 2)
  expect.equal(table.concat(panel.xrange, " "), "5.0 8.0")
end)

test("beside an accuracy stands the majority baseline, beside a loss nothing", function()
  local figure = plot.history {history = {loss = {3, 2}, accuracy = {0, 0.5}}, baseline = 0.3}
  expect.equal(#figure.panels[1].series, 1)
  local level = figure.panels[2].series[2]
  expect.equal(level.label, "baseline")
  expect.equal(require("gradus.core.plot").values(level.y)[1], 0.3)
end)

test("a confusion matrix has the count and the rate of its row in each cell", function()
  local panel = plot.confusion({counts = {{53, 1}, {4, 442}}, classes = {"bottle", "none"}}).panels[1]
  expect.equal(table.concat(panel.cells[1].lines, " "), "53 98.1 %")
  expect.equal(table.concat(panel.cells[3].lines, " "), "4 0.9 %")
  expect.equal(panel.row_names[2], "none")
end)

test("a class that never occurs does not divide by zero", function()
  local panel = plot.confusion({{3, 1}, {0, 0}}).panels[1]
  expect.equal(table.concat(panel.cells[3].lines, " "), "0")
  check(plot.confusion({{3, 1}, {0, 0}}))
end)

test("scattered points have a colour for each class, in the order of the labels", function()
  local series = plot.scatter({1, 2, 3}, {4, 5, 6}, {7, 2, 7}).panels[1].series
  expect.equal(series[1].label, "class 2")
  expect.equal(series[2].label, "class 7")
  expect.equal(core.values(series[2].x)[2], 3.0)
end)

test("grey pictures go from 0 to their greatest number, colours from 0 to 1 or 255", function()
  local function first(picture) return {plot.image(picture).panels[1].rgb:byte(1, 3)} end
  expect.equal(table.concat(first {{4, 2}, {0, 1}}, " "), "255 255 255")
  expect.equal(table.concat(first {{2, 4}, {0, 1}}, " "), "128 128 128")
  expect.equal(table.concat(first {{{1, 0.5, 0}}}, " "), "255 128 0")
  expect.equal(table.concat(first {{{10, 20, 255}}}, " "), "10 20 255")
  expect.equal(table.concat(first {{0, 0}}, " "), "0 0 0")
end)

-- ---- what gnuplot gets ----

test("gnuplot takes every kind of figure", function()
  check(plot({1, 2, 3}, {1, 4, 9}, {title = "a", legend = "b", xlabel = "c", ylabel = "d"}))
  for _, style in ipairs {"lines", "points", "linespoints", "steps", "bars", "impulses"} do
    check(plot({3, 1, 2}, {style = style}))
  end
  check(plot({1, 10, 100}, {1, 10, 100}, {logscale = "xy"}))
  check(plot({1, 2}, {0, -1}, {logscale = "y"}))
  check(plot.history {loss = {3, 2}, val_loss = {3, 4}, accuracy = {0, 1}, val_accuracy = {0, 1}})
  check(plot.heatmap({{1, -2}, {3, 4}}, {rows = {"a", "b"}, columns = {"c", "d"}}))
  check(plot.image {{1, 2}, {3, 4}})
  check(plot.images({{{1, 2}, {3, 4}}, {{1, 2, 3}}}, {captions = {"one", "two"}, columns = 1}))
  check(plot.confusion {counts = {{1, 2, 0}, {3, 4, 0}, {0, 0, 1}}})
  check(plot.bars({"a", "b"}, {-1, 2}))
  check(plot.scatter({1, 2}, {3, 4}))
end)

test("series without extent, without points or without finite numbers are drawn all the same", function()
  for _, y in ipairs {{}, {1}, {0}, {2, 2, 2}, {nan, nan}, {inf, -inf}, {nan, 1, inf}, {1e308, -1e308},
    {1e-320, 2e-320},
    {1e15, 1e15 + 1}, {0, 0, 0}} do
    for _, style in ipairs {"lines", "points", "bars", "steps"} do check(plot(y, {style = style, legend = "one"})) end
    check(plot(y, {logscale = "y"}))
    check(plot(y, y))
    check(plot.history {loss = y, val_loss = y})
    local labels = {}
    for i = 1, #y do labels[i] = i end
    check(plot.bars(labels, y))
    if #y > 0 then
      check(plot.heatmap({y}))
      check(plot.heatmap({y, y}))
      check(plot.image({y, y}))
    end
    check(plot.scatter(y, y))
  end
  for _, z in ipairs {{{1e300, -1e300}, {0, 1}}, {{1.7e308, -1.7e308}, {1e-300, 1e300}}, {{1e-310, 0}, {1e-311, 0}}} do
    for _, logscale in ipairs {false, "z"} do
      check(plot.contour(z, {logscale = logscale or nil}))
      check(plot.surface(z, {logscale = logscale or nil}))
    end
    check(plot.heatmap(z))
  end
  check(plot.heatmap({{1}}))
  check(plot.image({{1}}))
  check(plot.image({{1, 2, 3}}))
  check(plot.heatmap({{1}, {2}}))
end)

test("many points reach gnuplot as those that can be told apart", function()
  random.seed(1)
  local n = 200000
  local x, y = random.randn(n), random.randn(n)
  y[500] = 1000
  for _, style in ipairs {"lines", "points", "linespoints", "steps", "bars"} do
    local text = script(plot(linspace(0, 1, n), y, {style = style}))
    expect.ok(#text < 1e6, #text .. " bytes for " .. style)
    expect.ok(text:find(" 1000\n", 1, true), "the highest point is missing in " .. style)
  end
  expect.ok(#script(plot(x, y)) < 1e6)
  expect.ok(#script(plot.scatter(x, y, gt(x, 0))) < 4e6)
  local few = script(plot(linspace(0, 1, 5000), y[{{1, 5000}}]))
  expect.equal(select(2, few:gsub("\n0%.%d+ ", "")) > 4990, true)
end)

test("gaps stay gaps: what is not finite reaches gnuplot as NaN", function()
  expect.equal(core.columns(core.array({1, 2, 3}, "x"), core.array({nan, inf, 4}, "y")), "1 NaN\n2 NaN\n3 4\n")
end)

test("the range has room above and below, and a width even for equal numbers", function()
  local range = plot({0, 10}).panels[1].yrange
  expect.close(range[1], -0.5)
  expect.close(range[2], 10.5)
  local flat = plot({3, 3}).panels[1].yrange
  expect.ok(flat[1] < 3 and flat[2] > 3)
end)

local hostile = {
  "`touch /tmp/gradus-hostile-1`", "$(touch /tmp/gradus-hostile-2)", "@macro", "x_{1}^{2} & ~ %s %d %",
  "it's \"quoted\"", "'. system('touch /tmp/gradus-hostile-3') .'", "line\nplot sin(x)\n!touch /tmp/gradus-hostile-4",
  "back\\slash\\n", "tab\tand\0nul\27[31mescape", "\xff\xfe not UTF-8", "{/Times=40 big}",
  "\\\n!touch /tmp/gradus-hostile-5",
  string.rep("long ", 500), "# comment", "EOD", "", " ", "日本語 ñ ü",
}

test("no text of the learner's reaches gnuplot as a command", function()
  os.remove "/tmp/gradus-hostile"
  for _, s in ipairs(hostile) do
    check(plot({1, 2}, {1, 2}, {title = s, legend = {s}, xlabel = s, ylabel = s}))
    check(plot.heatmap({{1, 2}, {3, 4}}, {title = s, rows = {s, s}, columns = {s, s}, xlabel = s}))
    check(plot.confusion({counts = {{1, 2}, {3, 4}}, classes = {s, s}}))
    check(plot.bars({s, s}, {1, 2}, {title = s}))
    check(plot.images({{{1, 2}, {3, 4}}}, {captions = {s}, title = s}))
    check(plot.history({loss = {2, 1}, [s] = {1, 2}}, {title = s}))
    check(plot({1, 2}, {annotations = {{1, 1, s}}}))
    check(plot.surface({{1, 2}, {3, 4}}, {title = s, xlabel = s, zlabel = s}))
    check(plot.contour({{1, 2}, {3, 4}}, {xlabel = s, annotations = {{1, 1, s}}}))
    check(plot.probabilities({0.1, 0.9}, {classes = {s, s}, title = s}))
    check(plot.grid{function() plot({1}, {title = s}) plot({2}) end, title = s})
  end
  for i = 1, 5 do expect.ok(io.open("/tmp/gradus-hostile-" .. i) == nil, "a text was run: " .. i) end
end)

test("texts are quoted so that gnuplot gives them back letter for letter", function()
  for _, s in ipairs(hostile) do
    local got = assert(core.run("set print '-'\nprint " .. gnuplot.quote(s, 10000) .. "\nset print\n", 20))
    expect.equal(got, gnuplot.clean(s) .. "\n")
  end
end)

test("cleaning keeps valid text and replaces broken bytes", function()
  expect.equal(gnuplot.clean("ä\xffb\0c\27[0m\td\r\ne"), "ä\u{FFFD}bc[0m  d\ne")
  expect.equal(gnuplot.clean("äöüß", 3), "äö…")
end)

test("percent signs in the labels of tics are no formats", function()
  expect.ok(lines_with(plot.bars({"50 %d"}, {1}), "set xtics"):find("'50 %%d' 1", 1, true))
end)

test("curves have a legend when they have names, none otherwise", function()
  expect.ok(lines_with(plot({1, 2}, {legend = "a"}), "set key"):find "horizontal")
  expect.equal(lines_with(plot({1, 2}), "unset key"), "unset key")
end)

test("many names make the legend a column beside the curves", function()
  local y, names = {{}, {}}, {}
  for i = 1, 8 do y[1][i], y[2][i], names[i] = i, 2 * i, "the really rather long name " .. i end
  expect.ok(lines_with(check(plot({1, 2}, y, {legend = names})), "set key"):find "outside right")
end)

test("the themes set sizes and colours", function()
  for _, name in ipairs(themes.names) do
    plot.theme(name)
    check(plot({1, 2}, {legend = "a"}))
  end
  plot.theme("projector")
  expect.ok(lines_with(plot({1, 2}), "plot $data"):find("lw 5", 1, true))
  plot.theme("default")
end)

-- ---- what can be read ----

test("a confusion matrix says in words what its cells are, in the order of the slide", function()
  local cm = metrics.confusion_matrix({1, 1, 0, 0, 0}, {1, 0, 0, 0, 1}, {classes = {"no", "yes"}})
  local panel = check(plot.confusion(cm)).panels[1]
  local words = {}
  for i, cell in ipairs(panel.cells) do words[i] = table.concat(cell.lines, "|") end
  expect.equal(table.concat(words, "; "), "1|50.0 %|TP true positive; 1|50.0 %|FN false negative|Type II; " ..
    "1|33.3 %|FP false positive|Type I; 2|66.7 %|TN true negative")
  expect.equal(table.concat(panel.row_names, " "), "yes no")
  expect.ok(lines_with(plot.confusion(cm), "set ylabel"):find "'actual'")
  expect.ok(lines_with(plot.confusion(cm), "set xlabel"):find "'predicted'")
  -- What the matrix was asked to normalize by is what is shown; nobody was predicted as the second class here.
  local by_column = metrics.confusion_matrix({1, 0, 0}, {1, 1, 1}, {normalize = "pred"})
  local cells = check(plot.confusion(by_column)).panels[1].cells
  expect.equal(cells[1].lines[2], "33.3 %")
  expect.equal(cells[2].lines[2], "FN false negative")
end)

test("names of columns that are too long for their cells hang aslant, short ones do not", function()
  local short, long = {"a", "b"}, {"a very long name of a class", "another one that is no shorter, rather longer"}
  local m = {{1, 2}, {3, 4}}
  expect.ok(not lines_with(check(plot.heatmap(m, {columns = short})), "set xtics"):find "rotate")
  expect.ok(lines_with(check(plot.heatmap(m, {columns = long})), "set xtics"):find "rotate by 35")
  expect.ok(not lines_with(check(plot.bars(short, {1, 2})), "set xtics"):find "rotate")
  local names, values = {}, {}
  for i = 1, 12 do names[i], values[i] = "a longer name " .. i, i end
  expect.ok(lines_with(check(plot.bars(names, values)), "set xtics"):find "rotate by 35")
  for i = 1, 60 do names[i], values[i] = "a longer name " .. i, i end
  expect.ok(lines_with(check(plot.bars(names, values)), "set xtics"):find "rotate by 90")
end)

test("all numbers in the cells of a matrix have one size", function()
  local sizes = {}
  for size in lines_with(check(plot.heatmap {{1, -0.25}, {0.5, -1}}), "set label"):gmatch "Sans,(%d+)" do
    sizes[size] = true
  end
  expect.ok(next(sizes) and not next(sizes, (next(sizes))), "several sizes")
end)

test("between whole numbers stands no tic, between others one may", function()
  expect.ok(lines_with(plot({1, 2, 3}, {1, 4, 9}), "set xtics"):find "set xtics 1$")
  expect.equal(lines_with(plot({1, 2.5, 3}, {1, 4, 9}), "set xtics"), "")
  expect.equal(lines_with(plot({0, 1}, {1, 4}), "set xtics"), "")
end)

test("a logarithmic axis that is shorter than two powers of ten has numbers, too", function()
  local function tics(low, high)
    local list = lines_with(check(plot({1, 2}, {yrange = {low, high}, logscale = "y"})), "set ytics"):match "%((.*)%)"
    return list and (list:gsub("[%d.]+", function(n) return string.format("%g", n) end)) or "gnuplot's own"
  end
  expect.equal(tics(0.08, 0.8), "0.1, 0.2, 0.5")
  expect.equal(tics(40, 3), "5, 10, 20")
  expect.equal(tics(0.62, 1.42), "0.8, 1, 1.2, 1.4")
  expect.equal(tics(5.1, 5.9), "5.2, 5.4, 5.6, 5.8")
  expect.equal(tics(1, 100), "gnuplot's own")
end)

test("more classes than colours have other shapes", function()
  local x, y, classes = {}, {}, {}
  for i = 1, 14 do x[i], y[i], classes[i] = i, i, i end
  local seen = {}
  local drawn = script(check(plot.scatter(x, y, classes)))
  for colour, shape in drawn:gmatch "with points lc rgb '(#%x+)' lw [%d.]+ dt 1 pt (%d+)" do
    expect.ok(not seen[colour .. shape], "two classes look the same: " .. colour .. " " .. shape)
    seen[colour .. shape] = true
  end
  expect.ok(next(seen))
end)

test("the texts of annotations stand beside the curve, inside the axes and not on one another", function()
  local places = require "gradus.plot.notes"
  local function side(x, y, annotations, letter)
    local panel = plot(x, y, {annotations = annotations, xrange = {0, 10}, yrange = {0, 10}}).panels[1]
    return places.place(panel, letter or {0.02, 0.05})
  end
  -- A rising line: to the right and above it would be crossed.
  local rising = side({0, 10}, {0, 10}, {{5, 5, "a longer text"}})[1]
  expect.ok(rising.right ~= rising.up, "right " .. rising.right .. ", up " .. rising.up)
  local falling = side({0, 10}, {10, 0}, {{5, 5, "a longer text"}})[1]
  expect.ok(falling.right == falling.up, "right " .. falling.right .. ", up " .. falling.up)
  expect.equal(side({0, 10}, {0, 0}, {{10, 5, "at the end"}})[1].right, -1)
  expect.equal(side({0, 10}, {0, 0}, {{0, 5, "at the beginning"}})[1].right, 1)
  local two = side({0, 10}, {0, 0}, {{5, 5, "one"}, {5, 5, "two"}})
  expect.ok(two[1].right ~= two[2].right or two[1].up ~= two[2].up)
  check(plot({1, 10}, {1, 100}, {logscale = "xy", annotations = {{3, 10, "x"}, {-1, 0, "outside"}}}))
end)

test("pictures of few greys are no night, and `range` says what is black and white", function()
  local digit = tensor({{0, 16}, {8, 4}}):astype "uint8"
  local function first(picture, given) return {plot.image(picture, given).panels[1].rgb:byte(1, 12)} end
  expect.equal(table.concat(first(digit), " "), "0 0 0 255 255 255 128 128 128 64 64 64")
  local photo = tensor({{0, 51}, {102, 32}}):astype "uint8"
  expect.equal(first(photo)[4], 51)
  expect.equal(first(digit, {range = {0, 255}})[4], 16)
  expect.equal(first({{1, 2}, {3, 4}}, {range = {4, 0}})[10], 0)
  expect.equal(plot.images({{{0, 1}}, {{0, 4}}}, {range = {0, 4}}).panels[1].sheet.items[1].rgb:byte(4), 64)
  expect.error(function() plot.image({{1}}, {range = 3}) end, "{low, high}")
end)

test("a contact sheet leaves little room empty, has gaps between pictures, and frames around them", function()
  local function columns(n)
    local list = {}
    for i = 1, n do list[i] = {{0, 1}, {1, 0}} end
    return plot.images(list).panels[1].sheet.columns
  end
  for _, n in ipairs {1, 2, 3, 4, 5, 8, 10, 12, 16, 20, 24, 36, 100} do
    expect.ok(-n % columns(n) == 0, n .. " pictures in " .. columns(n) .. " columns")
  end
  local panel = plot.images({{{1}}}).panels[1]
  local sheet = panel.sheet
  local function pixel(x, y) return panel.rgb:byte(3 * (y * panel.width + x) + 1) end
  expect.equal(pixel(0, 0), 255)
  expect.equal(pixel(sheet.gap - 1, sheet.gap - 1), 0x88)
  expect.equal(pixel(sheet.gap, sheet.gap), 255)
  local with = plot.images({{{1}}}, {captions = {"x"}}).panels[1]
  expect.ok(with.height > panel.height, "no room for captions")
end)

test("palettes begin and end where they should and grow lighter", function()
  expect.equal(palette.hex(palette.colour("grey", 1)), "#ffffff")
  local last = -1
  for i = 0, 20 do
    local r, g, b = palette.colour("viridis", i / 20)
    local light = 0.2126 * r + 0.7152 * g + 0.0722 * b
    expect.ok(light > last, "viridis grows darker at " .. i)
    last = light
  end
  expect.equal(#palette.bytes "blues", 768)
end)

-- ---- live plots ----

test("a live plot does not wait for gnuplot, leaves pictures out meanwhile, and ends with the last one", function()
  local live, output = require "gradus.plot.live", require "gradus.plot.output"
  local history = require "gradus.plot.history"
  local folder = os.tmpname()
  os.remove(folder)
  output.settings.dir = folder
  plot.terminal "png"
  local begin, begun = core.begin, 0
  function core.begin(...)
    begun = begun + 1
    return begin(...)
  end
  local it = live.new(0)
  local made = 0
  for i = 1, 1000 do
    it:update(function()
      made = made + 1
      return history.figure {loss = {3, 2, 1}}
    end)
  end
  expect.ok(begun >= 1 and begun < 20, begun .. " pictures")
  expect.equal(made, begun)
  it:finish(history.figure {loss = {3, 2, 1, 0}})
  core.begin = begin
  plot.terminal "none"
  local file = assert(io.open(it.path, "rb"))
  expect.equal(file:read(4), "\x89PNG")
  file:close()
  expect.equal(io.open(it.path .. ".part"), nil)
  os.remove(it.path)
  os.remove(folder)
  output.settings.dir = "plots"
end)

test("a live plot that fails ends, and what goes on beside it does not", function()
  local live, output = require "gradus.plot.live", require "gradus.plot.output"
  plot.terminal "png"
  output.settings.dir = "/proc/nowhere"
  local it = live.new(0)
  it:update(function() return require("gradus.plot.history").figure {loss = {1}} end)
  expect.ok(it.broken)
  it:update(function() error "not asked again" end)
  output.settings.dir = "plots"
  plot.terminal "none"
end)

test("a training with a live plot gives the same weights as one without", function()
  local function trained(list)
    random.seed(1)
    local m = nn.Sequential{nn.Dense{4, activation = "tanh", input_shape = {2}}, nn.Dense{1}}
    m:compile{optimizer = "adam", loss = "mse"}
    m:fit{random.randn(50, 2), random.randn(50), epochs = 5, verbose = 0, callbacks = list}
    return m.layers[1].kernel
  end
  local with = trained{callbacks.LivePlot{interval = 0.05}}
  expect.equal(tostring(with), tostring(trained{}))
end)

-- ---- errors ----

test("wrong arguments are told with what was expected", function()
  expect.error(function() plot() end, "needs something to draw")
  expect.error(function() plot("x") end, "got a string")
  expect.error(function() plot({1, 2}, {1, 2, 3}) end, "2 numbers in x and 3 in y")
  expect.error(function() plot({1, 2}, {1, 2}, {1}) end, "pairs")
  expect.error(function() plot({1, 2}, {1, 2}, {titel = "x"}) end, 'did you mean "title"?')
  expect.error(function() plot({1, 2}, {style = "line"}) end, 'did you mean "lines"?')
  expect.error(function() plot({1, 2}, {logscale = "z"}) end, "log")
  expect.error(function() plot({1, 2}, {yrange = {1, 1}}) end, "two different finite numbers")
  expect.error(function() plot({1, 2}, {xrange = 3}) end, "two different finite numbers")
  expect.error(function() plot({1, 2}, {yrange = {0, 1}, logscale = "y"}) end, "above 0")
  expect.error(function() plot({1, 2}, {legend = {"a", "b"}}) end, "2 names for 1 curve")
  expect.error(function() plot(math.sin) end, "between two numbers")
  expect.error(function() plot(math.sin, 1, 0) end, "smaller first")
  expect.error(function() plot(function() end, 0, 1) end, "the function gave a nil at 0")
  expect.error(function() plot({1, "a"}) end, "item 2 is a string")
  expect.error(function() plot({1, {2}}) end, "item 2 is a table")
  expect.error(function() plot({{1, 2}, {3}}) end, "not all of one length")
  expect.error(function() plot.heatmap {1, 2} end, "two axes")
  expect.error(function() plot.heatmap(3) end, "got a number")
  expect.error(function() plot.heatmap {{}} end, "empty")
  expect.error(function() plot.image {1, 2, 3} end, "(height, width)")
  expect.error(function() plot.images {} end, "no picture")
  expect.error(function() plot.confusion {{1, 2, 3}, {4, 5, 6}} end, "(2, 3)")
  expect.error(function() plot.history {} end, "no metric")
  expect.error(function() plot.history(3) end, "got a number")
  expect.error(function() plot.bars({"a"}, {1, 2}) end, "1 labels for 2 values")
  expect.error(function() plot.scatter({1}, {1, 2}) end, "x has 1 numbers, y 2")
  expect.error(function() plot.terminal "xterm256" end, "terminal")
  expect.error(function() plot.theme "darc" end, 'did you mean "dark"?')
end)

test("a file name with the wrong end or in no folder is an error that names the figure", function()
  local figure = plot({1, 2}, {title = "my curve"})
  expect.error(function() figure:save("x.gif") end, ".png, .svg or .pdf")
  expect.error(function() figure:save() end, "name of a file")
  expect.error(function() figure:save("/nowhere/x.png") end, 'figure "my curve": cannot write "/nowhere/x.png"')
end)

test.done()
