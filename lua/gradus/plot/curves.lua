-- Curves, points and bars.

local arguments = require "gradus.plot.arguments"
local core = require "gradus.core.plot"
local doc = require "gradus.help".doc
local draw = require "gradus.plot.drawing".draw
local figures = require "gradus.plot.figure"
local options = require "gradus.options"

local error, ipairs, pairs, select, tostring, type = error, ipairs, pairs, select, tostring, type
local huge, max, min = math.huge, math.max, math.min
local move, sort = table.move, table.sort
local string_format = string.format

local check_options, count_of, fail, is_array = arguments.check_options, arguments.count_of, arguments.fail,
  arguments.is_array
local positions, split_options = arguments.positions, arguments.split_options

local M = {}

local SAMPLES = 200  -- points of a function's curve

local option_names = arguments.axes_options("style")

-- A number as a function of the learner's gave it: a number, or a tensor of one element.
local function sample(what, f, x)
  local y = f(x)
  if type(y) == "number" then return y end
  if is_array(y) then
    local values = core.values(core.array(y, what))
    if #values == 1 then return values[1] end
  end
  fail("%s: the function gave %s at %g, where a curve needs a number", what,
    type(y) == "userdata" and "a tensor of several numbers" or "a " .. type(y), x)
end

-- The series that one x and one y make: y may be a matrix, a series a column.
local function add_pair(list, x, y, number)
  local what = "plot"
  if type(y) == "function" then
    local f, values = y, {}
    local at = core.values(core.array(x, what))
    for i, v in ipairs(at) do values[i] = sample(what, f, v) end
    y = values
  end
  for which, value in pairs {x = x, y = y} do
    if not is_array(value) then
      fail("plot: %s of curve %d is a %s; a curve is made of two tensors (or tables of numbers), as in " ..
        "plot(x, y), or of a function between two numbers, as in plot(f, -6, 6)", which, number, type(value))
    end
  end
  local xs = core.split(core.array(x, "plot: x of curve " .. number))
  if #xs > 1 then
    -- A row (1, n) is a curve's x as well.
    if core.shape(xs[1]) == 1 then
      xs = {core.array(core.values(core.array(x, what)), what)}
    else
      fail("plot: x of curve %d has %d columns; it must be one row or one column of numbers", number, #xs)
    end
  end
  local n = #xs == 0 and 0 or count_of(xs[1])
  local all = core.array(y, "plot: y of curve " .. number)
  local ys = core.split(all)
  if #ys ~= 1 and n ~= count_of(all) and #core.values(all) == n then ys = {core.array(core.values(all), what)} end
  for _, column in ipairs(ys) do
    if count_of(column) ~= n then
      fail("plot: curve %d has %d numbers in x and %d in y; a curve needs as many of one as of the other",
        number, n, count_of(column))
    end
    list[#list + 1] = {x = xs[1], y = column}
  end
  if #ys == 0 then list[#list + 1] = {x = core.array({}, what), y = core.array({}, what)} end
end

local function add_functions(list, values)
  local count = 0
  while type(values[count + 1]) == "function" do count = count + 1 end
  local from, to = values[count + 1], values[count + 2]
  if values.n ~= count + 2 or type(from) ~= "number" or type(to) ~= "number" or not (from < to) or from <= -huge or
    to >= huge then
    error("plot: a function is drawn between two numbers, the smaller first, as in plot(f, -6, 6)", 0)
  end
  local x = {}
  for i = 1, SAMPLES do x[i] = from + (to - from) * (i - 1) / (SAMPLES - 1) end
  local at = core.array(x, "plot")
  for k = 1, count do
    local y = {}
    for i = 1, SAMPLES do y[i] = sample("plot", values[k], x[i]) end
    list[#list + 1] = {x = at, y = core.array(y, "plot")}
  end
end

local style_names = {"lines", "points", "linespoints", "steps", "bars", "impulses"}
local log_names = {"x", "y", "xy"}

local function named_series(what, list, legend)
  if legend == nil then return end
  if legend == false then
    for _, series in ipairs(list) do series.label = nil end
    return
  end
  if type(legend) ~= "table" then legend = {legend} end
  if #legend > #list then
    fail("%s: the legend has %d names for %d curve%s", what, #legend, #list, #list == 1 and "" or "s")
  end
  for i, series in ipairs(list) do series.label = legend[i] ~= nil and tostring(legend[i]) or nil end
end

-- Boxes are as wide as the least distance between two of them leaves room for.
local function bar_width(list)
  local least = huge
  for _, series in ipairs(list) do
    local x = {}
    for _, v in ipairs(core.values(series.x)) do
      if v == v then x[#x + 1] = v end
    end
    sort(x)
    for i = 2, #x do
      if x[i] > x[i - 1] then least = min(least, x[i] - x[i - 1]) end
    end
  end
  return least < huge and least * 0.8 or 0.8
end

-- Whether the x of all series are few whole numbers, as epochs are: then no tic stands between two of them. Two
-- numbers may as well be the ends of a line.
local function all_whole(xs)
  if #xs == 0 or count_of(xs[1]) == 2 then return false end
  for _, x in ipairs(xs) do
    if count_of(x) > 1000 then return false end
    for _, v in ipairs(core.values(x)) do
      if v - v == 0 and v % 1 ~= 0 then return false end
    end
  end
  return true
end

-- Annotations and lines across, checked and copied into the panel.
local function add_notes(what, panel, given)
  if given.annotations ~= nil then
    panel.annotations = {}
    if type(given.annotations) ~= "table" then
      fail('%s: annotations is a list of {x, y, "text"}, but got a %s', what, type(given.annotations))
    end
    for i, note in ipairs(given.annotations) do
      if type(note) ~= "table" or not arguments.are_numbers({note[1], note[2]}, 2) or note[3] == nil then
        fail('%s: annotation %d must be {x, y, "text"}, two finite numbers and a text', what, i)
      end
      panel.annotations[i] = {x = note[1], y = note[2], text = tostring(note[3])}
    end
  end
  for _, name in ipairs {"hlines", "vlines"} do
    local lines = given[name]
    if lines ~= nil then
      if type(lines) == "number" then lines = {lines} end
      if type(lines) ~= "table" or not arguments.are_numbers(lines, #lines) then
        fail("%s: %s is a list of finite numbers, as in %s={0.5}", what, name, name)
      end
      panel[name] = move(lines, 1, #lines, 1, {})
    end
  end
end

-- What a series covers besides its x and y: the ends of bands and arrows.
local function reach(series, xs, ys)
  if series.low then ys[#ys + 1], ys[#ys + 2] = series.low, series.high end
  if series.to_x then xs[#xs + 1], ys[#ys + 1] = series.to_x, series.to_y end
end

--- A panel of curves: `list` of {x=, y=, label=, style=, color=}, `given` the options.
function M.panel(what, list, given)
  local panel = {
    kind = "curves", series = list, log = given.logscale or "", xlabel = given.xlabel, ylabel = given.ylabel,
  }
  if panel.log ~= "" then options.choice(what, "logscale", panel.log, log_names) end
  local log_x, log_y = panel.log:find("x", 1, true) ~= nil, panel.log:find("y", 1, true) ~= nil
  named_series(what, list, given.legend)
  local xs, ys, has_bars, has_points = {}, {}, false, false
  for i, series in ipairs(list) do
    local style = series.style
    if not style then
      style = given.style
      if type(style) == "table" then style = style[i] end
      style = options.choice(what, "style", style or "lines", style_names)
      series.style = style
    end
    -- A line through one point is invisible.
    if count_of(series.x) == 1 and series.style == "lines" then series.style = "points" end
    has_bars = has_bars or style == "bars" or style == "impulses" or style == "histogram"
    has_points = has_points or style:find("points", 1, true) or style == "errorbars" or style == "vectors"
    xs[#xs + 1], ys[#ys + 1] = series.x, series.y
    reach(series, xs, ys)
  end
  panel.whole = not log_x and all_whole(xs)
  add_notes(what, panel, given)
  if panel.hlines and #panel.hlines > 0 then ys[#ys + 1] = core.array(panel.hlines, what) end
  if panel.vlines and #panel.vlines > 0 then xs[#xs + 1] = core.array(panel.vlines, what) end
  if has_bars and not log_y then ys[#ys + 1] = core.array({0}, what) end
  panel.xrange = given.xrange and figures.check_range(what, "xrange", given.xrange, log_x) or
    figures.fit(xs, log_x, (has_points or has_bars) and 0.03 or 0)
  panel.yrange = given.yrange and figures.check_range(what, "yrange", given.yrange, log_y) or
    figures.fit(ys, log_y, 0.05)
  if has_bars then
    panel.boxwidth = list[1].style == "histogram" and 0 or bar_width(list)
    if not given.xrange and not log_x then
      panel.xrange = {panel.xrange[1] - panel.boxwidth / 2, panel.xrange[2] + panel.boxwidth / 2}
    end
    if not given.yrange and not log_y then
      if panel.yrange[1] < 0 and not core.range(ys[1]) then panel.yrange[1] = 0 end
      local any_below = false
      for i = 1, #ys - 1 do
        local low = core.range(ys[i])
        any_below = any_below or (low and low < 0)
      end
      if not any_below then panel.yrange[1] = 0 end
    end
  end
  return panel
end

M.plot = doc("plot", [[
plot(x, y, x2, y2, ..., {title=, legend=, xlabel=, ylabel=, xrange=, yrange=, style=, logscale=, annotations=, hlines=,
vlines=}) -> figure

Draws curves. x and y are tensors or tables of as many numbers; a y of shape (n, k) is k curves. plot(y) draws against
the positions 1, 2, ...; plot(f, a, b) draws a function between two numbers. `legend` names the curves; `style` is
"lines", "points", "linespoints", "steps", "bars" or "impulses", or one of these for each curve; `logscale` is "x", "y"
or "xy"; xrange and yrange are {low, high}. `annotations` is a list of {x, y, "text"}, each a dot with a text beside it;
`hlines` and `vlines` are lists of numbers at which a dashed line crosses the picture. NaN and infinities leave gaps.
Of what fit returned, plot(h) is plot.history(h).
The figure appears in a window, as a picture or as characters in the terminal, or, when there is no terminal, as a PNG
file whose name is printed (see plot.terminal).

> fig = plot({1, 2, 3}, {1, 4, 9}, {title="squares"})
> tostring(fig)
figure: squares, 1 series]], function(...)
  local values, given = split_options("plot", option_names, function(all)
    return type(all[1]) == "function" or all.n > 1 and all.n % 2 == 1
  end, ...)
  local list = {}
  if values.n == 0 then
    error("plot needs something to draw: plot(x, y), plot(y) or plot(f, from, to)", 0)
  elseif type(values[1]) == "function" then
    add_functions(list, values)
  elseif values.n == 1 then
    if not is_array(values[1]) then
      error("plot: expected a tensor, a table of numbers or a function, but got a " .. type(values[1]), 0)
    end
    local y = core.array(values[1], "plot: y")
    -- One row of numbers is one curve.
    if select("#", core.shape(y)) == 2 and core.shape(y) == 1 then y = core.array(core.values(y), "plot: y") end
    add_pair(list, positions(select("#", core.shape(y)) == 0 and 1 or (core.shape(y))), y, 1)
  elseif values.n % 2 == 1 then
    fail("plot takes pairs x, y, but got %d arguments: one x has no y", values.n)
  else
    for i = 1, values.n, 2 do add_pair(list, values[i], values[i + 1], (i + 1) // 2) end
  end
  local panel = M.panel("plot", list, given)
  return draw(figures.new {title = given.title and tostring(given.title), panels = {panel}})
end)

--- Points as series: one for each class, in the order of the labels; `classes` may be nil.
function M.by_class(what, x, y, classes)
  local groups, labels = {}, {}
  for i = 1, #x do
    local label = classes and classes[i] or 0
    if label ~= label then fail("%s: class %d is not a number", what, i) end
    if not groups[label] then
      groups[label] = {x = {}, y = {}}
      labels[#labels + 1] = label
    end
    local group = groups[label]
    group.x[#group.x + 1], group.y[#group.y + 1] = x[i], y[i]
  end
  if #labels > 50 then
    fail("%s: the classes have %d different labels; more than 50 cannot be told apart", what, #labels)
  end
  sort(labels)
  local list = {}
  for i, label in ipairs(labels) do
    list[i] = {x = core.array(groups[label].x, "x"), y = core.array(groups[label].y, "y"), style = "points",
      label = classes and string_format("class %g", label) or nil}
  end
  if #list == 0 then list[1] = {x = core.array({}, "x"), y = core.array({}, "y"), style = "points"} end
  return list, labels
end

M.scatter = doc("plot.scatter", [[
plot.scatter(x, y, classes, {title=, legend=, xlabel=, ylabel=, xrange=, yrange=, logscale=, annotations=, hlines=,
vlines=}) -> figure

Draws points, in one colour and one shape for each class. `classes` has a label for each point and may be left out;
`legend` names the classes in the order of their labels. The other options are those of plot.

> fig = plot.scatter({1, 2, 3}, {3, 1, 2}, {0, 1, 0})
> tostring(fig)
figure: 2 series]], function(...)
  local names = arguments.axes_options()
  local values, given = split_options("plot.scatter", names, function(all) return all.n > 2 end, ...)
  if values.n < 2 or values.n > 3 then
    error("plot.scatter takes x, y and, if you like, the classes of the points", 0)
  end
  for i = 1, values.n do
    if not is_array(values[i]) then
      fail("plot.scatter: %s is a %s, where a tensor or a table of numbers is needed",
        ({"x", "y", "classes"})[i], type(values[i]))
    end
  end
  local x = core.values(core.array(values[1], "plot.scatter: x"))
  local y = core.values(core.array(values[2], "plot.scatter: y"))
  local classes = values[3] and core.values(core.array(values[3], "plot.scatter: classes"))
  if #x ~= #y or (classes and #classes ~= #x) then
    fail("plot.scatter: x has %d numbers, y %d%s; a point needs one of each", #x, #y,
      classes and " and classes " .. #classes or "")
  end
  local list = M.by_class("plot.scatter", x, y, classes)
  local panel = M.panel("plot.scatter", list, given)
  return draw(figures.new {title = given.title and tostring(given.title), panels = {panel}})
end)

M.bars = doc("plot.bars", [[
plot.bars(labels, values, {title=, xlabel=, ylabel=, yrange=}) -> figure

Draws one bar for each label, with its value above it.

> fig = plot.bars({"glass", "paper"}, {501, 594}, {title="pictures"})
> tostring(fig)
figure: pictures, 2 bars]], function(labels, values, given)
  given = check_options("plot.bars", given or {}, {"title", "xlabel", "ylabel", "yrange"})
  if type(labels) ~= "table" or not is_array(values) then
    error('plot.bars takes a table of labels and as many values, as in plot.bars({"a", "b"}, {1, 2})', 0)
  end
  local array = core.array(values, "plot.bars: values")
  local list = core.values(array)
  local names, texts = {}, {}
  for i = 1, #labels do names[i] = tostring(labels[i]) end
  if #names ~= #list then
    fail("plot.bars: %d labels for %d values; each bar needs one of each", #names, #list)
  end
  for i, value in ipairs(list) do texts[i] = string_format("%.6g", value) end
  local range = figures.fit({array, core.array({0}, "plot.bars")}, false, 0.1)
  local low = core.range(array)
  if not low or low >= 0 then range[1] = 0 end
  return draw(figures.new {title = given.title and tostring(given.title), panels = {{
    kind = "bars", labels = names, values = list, texts = texts, array = array, log = "",
    xlabel = given.xlabel, ylabel = given.ylabel, xrange = {0.4, max(#list, 1) + 0.6},
    yrange = given.yrange and figures.check_range("plot.bars", "yrange", given.yrange) or range, ends = given.yrange,
  }}})
end)

return M
