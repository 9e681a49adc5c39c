-- plot: curves, histories, heat maps, pictures. A call makes a figure (data: figure.lua), draws it at once where
-- figures appear now (output.lua) and returns it.

require "gradus.core.tensor"  -- arrays of gradus.core.plot are tensors
local core = require "gradus.core.plot"
local doc = require "gradus.help".doc
local figures = require "gradus.plot.figure"
local options = require "gradus.options"
local output = require "gradus.plot.output"
local palette = require "gradus.plot.palette"
local themes = require "gradus.plot.theme"

local assert, error, getmetatable, ipairs, next, pairs = assert, error, getmetatable, ipairs, next, pairs
local pcall, select, setmetatable, tonumber, tostring, type = pcall, select, setmetatable, tonumber, tostring, type
local abs, ceil, floor, huge, max, min, sqrt = math.abs, math.ceil, math.floor, math.huge, math.max, math.min, math.sqrt
local math_type = math.type
local sort = table.sort
local string_format = string.format

local plot = {settings = output.settings}

local SAMPLES = 200

-- ---- arguments ----

local option_names = {"title", "legend", "xlabel", "ylabel", "xrange", "yrange", "style", "log"}

local function check_options(what, given, names)
  for key in pairs(given) do
    local known = false
    for _, name in ipairs(names) do known = known or name == key end
    if not known then error(string_format('%s has no option "%s"%s', what, key, options.suggest(key, names)), 4) end
  end
  return given
end

-- The options end the arguments: a plain table with names in it. Tables of numbers are data.
local function split_options(what, names, ...)
  local arguments = {n = select("#", ...), ...}
  local last = arguments[arguments.n]
  if arguments.n > 0 and type(last) == "table" and getmetatable(last) == nil then
    local key = next(last)
    while type(key) == "number" do key = next(last, key) end
    if type(key) == "string" or (key == nil and next(last) == nil and arguments.n > 1) then
      arguments[arguments.n] = nil
      arguments.n = arguments.n - 1
      return arguments, check_options(what, last, names)
    end
  end
  return arguments, {}
end

local function is_array(value)
  if type(value) == "userdata" then return true end
  return type(value) == "table" and getmetatable(value) == nil
end

-- A number as a function of the learner's gave it: a number, or a tensor of one element.
local function sample(what, f, x)
  local y = f(x)
  if type(y) == "number" then return y end
  if is_array(y) then
    local values = core.values(core.array(y, what))
    if #values == 1 then return values[1] end
  end
  error(string_format("%s: the function gave %s at %g, where a curve needs a number", what,
    type(y) == "userdata" and "a tensor of several numbers" or "a " .. type(y), x), 0)
end

local function series_of(x, y) return {x = x, y = y} end

local function count_of(array)
  return select("#", core.shape(array)) == 0 and 1 or (core.shape(array))
end

local function positions(n)
  local x = {}
  for i = 1, n do x[i] = i end
  return core.array(x, "plot")
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
      error(string_format("plot: %s of curve %d is a %s; a curve is made of two tensors (or tables of numbers), as in " ..
        "plot(x, y), or of a function between two numbers, as in plot(f, -6, 6)", which, number, type(value)), 4)
    end
  end
  local xs = core.split(core.array(x, "plot: x of curve " .. number))
  if #xs > 1 then
    -- A row (1, n) is a curve's x as well.
    if core.shape(xs[1]) == 1 then
      xs = {core.array(core.values(core.array(x, what)), what)}
    else
      error(string_format("plot: x of curve %d has %d columns; it must be one row or one column of numbers", number, #xs), 4)
    end
  end
  local n = #xs == 0 and 0 or count_of(xs[1])
  local all = core.array(y, "plot: y of curve " .. number)
  local ys = core.split(all)
  if #ys ~= 1 and n ~= count_of(all) and #core.values(all) == n then ys = {core.array(core.values(all), what)} end
  for _, column in ipairs(ys) do
    if count_of(column) ~= n then
      error(string_format("plot: curve %d has %d numbers in x and %d in y; a curve needs as many of one as of the other",
        number, n, count_of(column)), 4)
    end
    list[#list + 1] = series_of(xs[1], column)
  end
  if #ys == 0 then list[#list + 1] = series_of(core.array({}, what), core.array({}, what)) end
end

local function add_functions(list, arguments)
  local count = 0
  while type(arguments[count + 1]) == "function" do count = count + 1 end
  local from, to = arguments[count + 1], arguments[count + 2]
  if arguments.n ~= count + 2 or type(from) ~= "number" or type(to) ~= "number" or not (from < to) or from <= -huge or
    to >= huge then
    error("plot: a function is drawn between two numbers, the smaller first, as in plot(f, -6, 6)", 4)
  end
  local x = {}
  for i = 1, SAMPLES do x[i] = from + (to - from) * (i - 1) / (SAMPLES - 1) end
  local at = core.array(x, "plot")
  for k = 1, count do
    local y = {}
    for i = 1, SAMPLES do y[i] = sample("plot", arguments[k], x[i]) end
    list[#list + 1] = series_of(at, core.array(y, "plot"))
  end
end

local style_names = {"lines", "points", "linespoints", "steps", "bars", "impulses"}
local log_names = {"x", "y", "xy"}

-- ---- figures: drawing, saving, showing again ----

local last_figure
local methods = figures.metatable

-- The number of the entry that the session is at, so that a figure is not drawn twice in one.
local function entry_now()
  local session = package.loaded["gradus.session"]
  local current = type(session) == "table" and session.current and session.current()
  return current and current.entries or nil
end

local function draw(figure)
  last_figure = figure
  output.show(figure)
  figure.drawn_at = entry_now()
  figure.fresh = true
  return figure
end

methods.save = doc("figure:save", [[
fig:save(path) -> fig

Writes the figure to a file: .png, .svg or .pdf, by the end of its name. It works before and after the figure was
shown, and looks the same wherever that was. Fails, naming the figure, when the file cannot be written.

> fig = plot.heatmap({{1, 2}, {3, 4}}, {title="four"})
> tostring(fig:save("/tmp/gradus-four.svg"))
figure: four, 2 x 2 matrix]], function(figure, path)
  output.save(figure, path)
  return figure
end)

methods.show = doc("figure:show", [[
fig:show() -> fig

Draws the figure again, where plots appear now.

> fig = plot.bars({"a", "b"}, {1, 2})
> tostring(fig:show())
figure: 2 bars]], function(figure) return draw(figure) end)

-- A figure that is the value of an entry: it has just been drawn if this entry made it, otherwise it is drawn again.
function methods.__echo(figure)
  local entry = entry_now()
  local just_drawn = figure.fresh and figure.drawn_at == entry
  figure.fresh = false
  if not just_drawn then
    draw(figure)
    figure.fresh = false
  end
end

-- ---- curves ----

local function named_series(what, list, legend)
  if legend == nil then return end
  if type(legend) ~= "table" then legend = {legend} end
  if #legend > #list then
    error(string_format("%s: the legend has %d names for %d curve%s", what, #legend, #list, #list == 1 and "" or "s"), 4)
  end
  for i, series in ipairs(list) do series.label = legend[i] ~= nil and tostring(legend[i]) or nil end
end

-- Boxes are as wide as the least distance between two of them leaves room for.
local function bar_width(list)
  local least = huge
  for _, series in ipairs(list) do
    local x = core.values(series.x)
    sort(x, function(a, b) return a < b end)
    for i = 2, #x do
      if x[i] > x[i - 1] then least = min(least, x[i] - x[i - 1]) end
    end
  end
  return least < huge and least * 0.8 or 0.8
end

local function curves(what, list, given)
  local panel = {kind = "curves", series = list, log = given.log or "", xlabel = given.xlabel, ylabel = given.ylabel}
  if panel.log ~= "" then options.choice(what, "log", panel.log, log_names) end
  local log_x, log_y = panel.log:find("x", 1, true) ~= nil, panel.log:find("y", 1, true) ~= nil
  named_series(what, list, given.legend)
  local xs, ys, has_bars, has_points = {}, {}, false, false
  for i, series in ipairs(list) do
    local style = given.style
    if type(style) == "table" then style = style[i] end
    style = style or series.style or "lines"
    series.style = options.choice(what, "style", style, style_names)
    -- A line through one point is invisible.
    if count_of(series.x) == 1 and series.style == "lines" then series.style = "points" end
    has_bars = has_bars or style == "bars" or style == "impulses"
    has_points = has_points or style:find("points", 1, true)
    xs[i], ys[i] = series.x, series.y
  end
  if has_bars and not log_y then ys[#ys + 1] = core.array({0}, what) end
  panel.xrange = given.xrange and figures.check_range(what, "xrange", given.xrange, log_x) or
    figures.fit(xs, log_x, (has_points or has_bars) and 0.03 or 0)
  panel.yrange = given.yrange and figures.check_range(what, "yrange", given.yrange, log_y) or
    figures.fit(ys, log_y, 0.05)
  if has_bars then
    panel.boxwidth = bar_width(list)
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

doc("plot", [[
plot(x, y, x2, y2, ..., {title=, legend=, xlabel=, ylabel=, xrange=, yrange=, style=, log=}) -> figure

Draws curves. x and y are tensors or tables of as many numbers; a y of shape (n, k) is k curves. plot(y) draws against
the positions 1, 2, ...; plot(f, a, b) draws a function between two numbers. `legend` names the curves; `style` is
"lines", "points", "linespoints", "steps", "bars" or "impulses", or one of these for each curve; `log` is "x", "y" or
"xy". NaN and infinities leave gaps. The figure appears in a window, as characters in the terminal, or, when there is
no terminal, as a PNG file whose name is printed.

> fig = plot({1, 2, 3}, {1, 4, 9}, {title="squares"})
> tostring(fig)
figure: squares, 1 series]], plot)

local function plot_curves(_, ...)
  local arguments, given = split_options("plot", option_names, ...)
  local list = {}
  local whole = false
  if arguments.n == 0 then
    error("plot needs something to draw: plot(x, y), plot(y) or plot(f, from, to)", 2)
  elseif type(arguments[1]) == "function" then
    add_functions(list, arguments)
  elseif arguments.n == 1 then
    if not is_array(arguments[1]) then
      error("plot: expected a tensor, a table of numbers or a function, but got a " .. type(arguments[1]), 2)
    end
    local y = core.array(arguments[1], "plot: y")
    -- One row of numbers is one curve.
    if select("#", core.shape(y)) == 2 and core.shape(y) == 1 then y = core.array(core.values(y), "plot: y") end
    add_pair(list, positions(select("#", core.shape(y)) == 0 and 1 or (core.shape(y))), y, 1)
    whole = true
  elseif arguments.n % 2 == 1 then
    error(string_format("plot takes pairs x, y, but got %d arguments: one x has no y", arguments.n), 2)
  else
    for i = 1, arguments.n, 2 do add_pair(list, arguments[i], arguments[i + 1], (i + 1) // 2) end
  end
  local panel = curves("plot", list, given)
  panel.whole = whole
  return draw(figures.new {title = given.title and tostring(given.title), panels = {panel}})
end

plot.scatter = doc("plot.scatter", [[
plot.scatter(x, y, classes, {title=, legend=, xlabel=, ylabel=, xrange=, yrange=}) -> figure

Draws points, in one colour for each class. `classes` has a label for each point and may be left out; `legend` names
the classes in the order of their labels.

> fig = plot.scatter({1, 2, 3}, {3, 1, 2}, {0, 1, 0})
> tostring(fig)
figure: 2 series]], function(...)
  local names = {"title", "legend", "xlabel", "ylabel", "xrange", "yrange", "log"}
  local arguments, given = split_options("plot.scatter", names, ...)
  if arguments.n < 2 or arguments.n > 3 then
    error("plot.scatter takes x, y and, if you like, the classes of the points", 2)
  end
  for i = 1, arguments.n do
    if not is_array(arguments[i]) then
      error(string_format("plot.scatter: %s is a %s, where a tensor or a table of numbers is needed",
        ({"x", "y", "classes"})[i], type(arguments[i])), 2)
    end
  end
  local x = core.values(core.array(arguments[1], "plot.scatter: x"))
  local y = core.values(core.array(arguments[2], "plot.scatter: y"))
  local classes = arguments[3] and core.values(core.array(arguments[3], "plot.scatter: classes"))
  if #x ~= #y or (classes and #classes ~= #x) then
    error(string_format("plot.scatter: x has %d numbers, y %d%s; a point needs one of each", #x, #y,
      classes and " and classes " .. #classes or ""), 2)
  end
  local groups, labels = {}, {}
  for i = 1, #x do
    local label = classes and classes[i] or 0
    if label ~= label then error("plot.scatter: class " .. i .. " is not a number", 2) end
    if not groups[label] then
      groups[label] = {x = {}, y = {}}
      labels[#labels + 1] = label
    end
    local group = groups[label]
    group.x[#group.x + 1], group.y[#group.y + 1] = x[i], y[i]
  end
  if #labels > 50 then
    error(string_format("plot.scatter: the classes have %d different labels; more than 50 cannot be told apart",
      #labels), 2)
  end
  sort(labels)
  local list = {}
  for i, label in ipairs(labels) do
    list[i] = {x = core.array(groups[label].x, "x"), y = core.array(groups[label].y, "y"), style = "points",
      label = classes and string_format("%g", label) or nil}
  end
  if #list == 0 then list[1] = {x = core.array({}, "x"), y = core.array({}, "y"), style = "points"} end
  local panel = curves("plot.scatter", list, {xlabel = given.xlabel, ylabel = given.ylabel, xrange = given.xrange,
    yrange = given.yrange, legend = given.legend, log = given.log, style = "points"})
  if classes and not given.legend then
    for i, series in ipairs(list) do series.label = string_format("class %g", labels[i]) end
  end
  return draw(figures.new {title = given.title and tostring(given.title), panels = {panel}})
end)

plot.bars = doc("plot.bars", [[
plot.bars(labels, values, {title=, xlabel=, ylabel=, yrange=}) -> figure

Draws one bar for each label, with its value above it.

> fig = plot.bars({"glass", "paper"}, {501, 594}, {title="pictures"})
> tostring(fig)
figure: pictures, 2 bars]], function(labels, values, given)
  given = check_options("plot.bars", given or {}, {"title", "xlabel", "ylabel", "yrange"})
  if type(labels) ~= "table" or not is_array(values) then
    error('plot.bars takes a table of labels and as many values, as in plot.bars({"a", "b"}, {1, 2})', 2)
  end
  local array = core.array(values, "plot.bars: values")
  local list = core.values(array)
  local names, texts = {}, {}
  for i = 1, #labels do names[i] = tostring(labels[i]) end
  if #names ~= #list then
    error(string_format("plot.bars: %d labels for %d values; each bar needs one of each", #names, #list), 2)
  end
  for i, value in ipairs(list) do texts[i] = string_format("%.6g", value) end
  local range = figures.fit({array, core.array({0}, "plot.bars")}, false, 0.1)
  local low = core.range(array)
  if not low or low >= 0 then range[1] = 0 end
  return draw(figures.new {title = given.title and tostring(given.title), panels = {{
    kind = "bars", labels = names, values = list, texts = texts, array = array, log = "",
    xlabel = given.xlabel, ylabel = given.ylabel, xrange = {0.4, max(#list, 1) + 0.6},
    yrange = given.yrange and figures.check_range("plot.bars", "yrange", given.yrange) or range,
  }}})
end)

-- ---- the history of a training ----

local function number_list(what, value)
  return core.array(value, what)
end

plot.history = doc("plot.history", [[
plot.history(history, {title=}) -> figure

Draws what `fit` recorded: one panel for the loss and one for each metric, training and validation in each, against
the epoch. The epoch with the least validation loss is marked. `history` is what `fit` returned, or a table such as
{loss={...}, val_loss={...}, accuracy={...}, val_accuracy={...}}.

> fig = plot.history {loss={0.7, 0.5, 0.4}, val_loss={0.7, 0.6, 0.65}}
> tostring(fig)
figure: training history, 2 series]], function(history, given)
  given = check_options("plot.history", given or {}, {"title"})
  local record = history
  if type(history) == "table" or type(history) == "userdata" then
    local ok, inner = pcall(function() return history.history end)
    if ok and type(inner) == "table" then record = inner end
  end
  if type(record) ~= "table" then
    error("plot.history takes what fit returned, but got a " .. type(history), 2)
  end
  local metrics = {}
  for key, values in pairs(record) do
    if type(key) == "string" and not key:find "^val_" and is_array(values) then metrics[#metrics + 1] = key end
  end
  if #metrics == 0 then
    error("plot.history: there is no metric in it; it should be like {loss={...}, val_loss={...}}", 2)
  end
  sort(metrics, function(a, b)
    if (a == "loss") ~= (b == "loss") then return a == "loss" end
    return a < b
  end)
  local best
  if is_array(record.val_loss) then
    local least = huge
    for epoch, value in ipairs(core.values(number_list("plot.history: val_loss", record.val_loss))) do
      if value < least then least, best = value, epoch end
    end
  end
  local panels = {}
  for i, metric in ipairs(metrics) do
    local list = {}
    local longest = 1
    for k, key in ipairs {metric, "val_" .. metric} do
      if is_array(record[key]) then
        local y = core.array(core.values(number_list("plot.history: " .. key, record[key])), key)
        longest = max(longest, count_of(y))
        list[#list + 1] = {x = positions(count_of(y)), y = y, label = k == 1 and "training" or "validation", color = k,
          style = count_of(y) <= 12 and "linespoints" or "lines"}
      end
    end
    local panel = curves("plot.history", list, {xlabel = "epoch", ylabel = metric:gsub("_", " ")})
    panel.whole = true
    for k, series in ipairs(list) do series.label = k == 1 and #list == 1 and "training" or series.label end
    if best then
      panel.marks = {{x = best, label = "best: epoch " .. best}}
      local values = list[2] and core.values(list[2].y)
      if values and values[best] and abs(values[best]) < huge then panel.marks[1].y = values[best] end
    end
    panel.xrange = longest > 1 and {1, longest} or {0.5, 1.5}
    panels[i] = panel
  end
  return draw(figures.new {title = given.title and tostring(given.title) or "training history", panels = panels})
end)

-- ---- matrices ----

local function as_matrix(what, value)
  if not is_array(value) then
    error(string_format("%s takes a matrix (a tensor, or rows of numbers), but got a %s", what, type(value)), 3)
  end
  local array = core.array(value, what)
  local rows, columns, more = core.shape(array)
  if more == 1 then
    local list, values = {}, core.values(array)
    for i = 1, rows do list[i] = table.move(values, (i - 1) * columns + 1, i * columns, 1, {}) end
    array = core.array(list, what)
    more = nil
  end
  if not columns or more then
    error(string_format("%s takes a matrix, two axes; this has %d", what, select("#", core.shape(array))), 3)
  end
  if rows == 0 or columns == 0 then error(what .. ": the matrix is empty", 3) end
  return array, rows, columns
end

-- Few digits, the same for all: what fits a cell.
local function cell_format(values)
  local all_whole, most = true, 0
  for _, v in ipairs(values) do
    if v == v and abs(v) < huge then
      all_whole = all_whole and v == floor(v)
      most = max(most, abs(v))
    end
  end
  if all_whole and most < 1e6 then return "%.0f" end
  if most >= 1e4 or (most > 0 and most < 0.01) then return "%.1e" end
  return most >= 100 and "%.1f" or "%.2f"
end

plot.heatmap = doc("plot.heatmap", [[
plot.heatmap(matrix, {title=, xlabel=, ylabel=, values=, palette=, range=, rows=, columns=}) -> figure

Draws a matrix, a colour for each number, row 1 at the top. `values` writes the numbers into the cells (by default up to
12 x 12); `palette` is "viridis", "blues", "grey" or "balance" (white at 0; the default when there are numbers of both
signs); `range` is {low, high}; `rows` and `columns` name the rows and columns. NaN is left blank.

> fig = plot.heatmap({{1, -2, 3}, {4, 5, -6}}, {title="W"})
> tostring(fig)
figure: W, 2 x 3 matrix]], function(matrix, given)
  local what = "plot.heatmap"
  given = check_options(what, given or {},
    {"title", "xlabel", "ylabel", "values", "palette", "range", "rows", "columns"})
  local array, rows, columns = as_matrix(what, matrix)
  local low, high = core.range(array)
  low, high = low or 0, high or 1
  local name = given.palette and options.choice(what, "palette", given.palette, palette.names)
  if not name then name = low < 0 and high > 0 and "balance" or "viridis" end
  if given.range then
    local range = figures.check_range(what, "range", given.range)
    low, high = min(range[1], range[2]), max(range[1], range[2])
  elseif name == "balance" then
    local most = max(abs(low), abs(high))
    low, high = -most, most
  end
  local panel = {kind = "matrix", data = array, rows = rows, columns = columns, low = low, high = high, log = "",
    palette = name, xlabel = given.xlabel, ylabel = given.ylabel, row_names = given.rows, column_names = given.columns}
  local with_values = given.values
  if with_values == nil then with_values = rows <= 12 and columns <= 12 end
  if with_values then
    if rows * columns > 2500 then
      error(string_format("%s: %d x %d values cannot be read in cells; leave `values` out", what, rows, columns), 2)
    end
    local values = core.values(array)
    local format = cell_format(values)
    panel.cells = {}
    for i, v in ipairs(values) do
      panel.cells[i] = {row = (i - 1) // columns + 1, column = (i - 1) % columns + 1, value = v,
        lines = {v == v and string_format(format, v) or "nan"}}
    end
  end
  return draw(figures.new {title = given.title and tostring(given.title), panels = {panel}})
end)

plot.confusion = doc("plot.confusion", [[
plot.confusion(cm, {title=, classes=}) -> figure

Draws a confusion matrix: rows are the actual classes, columns the predicted ones. Each cell has the count and which
part of its row that is, and is coloured by that part. `cm` has `counts` (rows of numbers or a tensor of shape (k, k))
and perhaps `classes` (their names); plain rows of numbers will do as well.

> fig = plot.confusion {counts={{53, 1}, {4, 42}}, classes={"bottle", "no bottle"}}
> tostring(fig)
figure: confusion matrix, 2 x 2 matrix]], function(cm, given)
  local what = "plot.confusion"
  given = check_options(what, given or {}, {"title", "classes"})
  local counts, classes = cm, given.classes
  if type(cm) == "table" and cm.counts ~= nil then
    counts = cm.counts
    classes = classes or cm.classes
  end
  local array, rows, columns = as_matrix(what, counts)
  if rows ~= columns then
    error(string_format("%s: a confusion matrix has as many rows as columns; this has shape (%d, %d)", what, rows,
      columns), 2)
  end
  local values = core.values(array)
  local rates, cells = {}, {}
  for i = 1, rows do
    local total = 0
    for j = 1, rows do total = total + values[(i - 1) * rows + j] end
    rates[i] = {}
    for j = 1, rows do
      local count = values[(i - 1) * rows + j]
      local rate = total > 0 and count / total or 0
      rates[i][j] = rate
      local lines = {string_format(count == floor(count) and "%.0f" or "%.4g", count)}
      if total > 0 then lines[2] = string_format("%.1f %%", 100 * rate) end
      if rows <= 30 then cells[#cells + 1] = {row = i, column = j, value = rate, lines = lines} end
    end
  end
  local names = {}
  for i = 1, rows do names[i] = classes and classes[i] ~= nil and tostring(classes[i]) or tostring(i - 1) end
  return draw(figures.new {title = given.title and tostring(given.title) or "confusion matrix", panels = {{
    kind = "matrix", data = core.array(rates, what), rows = rows, columns = rows, low = 0, high = 1, log = "",
    palette = "blues", cells = rows <= 30 and cells or nil, row_names = names, column_names = names, scale = false,
    xlabel = "predicted", ylabel = "actual",
  }}})
end)

-- ---- pictures ----

plot.image = doc("plot.image", [[
plot.image(picture, {title=}) -> figure

Draws a tensor of shape (height, width), (height, width, 1) or (height, width, 3). uint8 is shown as it is; other grey
pictures go from 0, black, to their greatest number, white; colours from 0 to 1, or to 255 when any is above 1.

> fig = plot.image(zeros(8, 8), {title="night"})
> tostring(fig)
figure: night, 8 x 8 picture]], function(picture, given)
  given = check_options("plot.image", given or {}, {"title"})
  if not is_array(picture) then error("plot.image takes a tensor, but got a " .. type(picture), 2) end
  if type(picture) == "table" then picture = core.array(picture, "plot.image") end
  local rgb, width, height = core.picture(picture, "plot.image")
  return draw(figures.new {title = given.title and tostring(given.title), panels = {{
    kind = "picture", rgb = rgb, width = width, height = height, log = "",
  }}})
end)

plot.images = doc("plot.images", [[
plot.images(pictures, {captions=, columns=, title=}) -> figure

A contact sheet: a table of pictures (see plot.image), or a tensor of shape (n, height, width) or (n, height, width,
channels). Each picture has its own white. `captions` has a text for each; `columns` says how many stand side by side.

> fig = plot.images({zeros(8, 8), zeros(8, 8)}, {captions={"one", "two"}})
> tostring(fig)
figure: 2 pictures]], function(pictures, given)
  local what = "plot.images"
  given = check_options(what, given or {}, {"captions", "columns", "title"})
  local list = {}
  if type(pictures) == "userdata" then
    local axes = select("#", core.shape(pictures))
    if axes ~= 3 and axes ~= 4 then
      error(string_format("%s takes a table of pictures or a tensor of shape (n, height, width) or (n, height, width, " ..
        "channels); this tensor has %d axes (for one picture there is plot.image)", what, axes), 2)
    end
    for i = 1, (core.shape(pictures)) do list[i] = core.item(pictures, i) end
  elseif type(pictures) == "table" then
    list = pictures
  else
    error(string_format("%s takes a table of pictures or a tensor, but got a %s", what, type(pictures)), 2)
  end
  local count = #list
  if count == 0 then error(what .. ": there is no picture", 2) end
  if count > 400 then
    error(string_format("%s: %d pictures on one sheet cannot be made out; take up to 400, as in xs[{1, 100}]", what,
      count), 2)
  end
  local columns = given.columns
  if columns ~= nil and (math_type(columns) ~= "integer" or columns < 1) then
    error(what .. ": columns must be a whole number from 1 on", 2)
  end
  columns = min(columns or min(count, max(ceil(sqrt(count * 1.6)), min(count, 5))), count)
  local captions = given.captions
  if captions ~= nil then
    if type(captions) == "userdata" then
      local labels = core.values(core.array(captions, what .. ": captions"))
      captions = {}
      for i, label in ipairs(labels) do captions[i] = string_format("%g", label) end
    end
    local texts = {}
    for i = 1, count do texts[i] = captions[i] ~= nil and tostring(captions[i]) or nil end
    captions = texts
  end
  local items, rgbs, widths, heights = {}, {}, {}, {}
  for i, picture in ipairs(list) do
    if not is_array(picture) then
      error(string_format("%s: item %d is a %s, where a picture (a tensor) is needed", what, i, type(picture)), 2)
    end
    if type(picture) == "table" then picture = core.array(picture, what .. ": picture " .. i) end
    local rgb, width, height = core.shrink(core.picture(picture, what .. ": picture " .. i))
    items[i] = {rgb = rgb, width = width, height = height}
    rgbs[i], widths[i], heights[i] = rgb, width, height
  end
  local widest = 1
  for i = 1, count do widest = max(widest, widths[i], heights[i]) end
  local gap = max(1, ceil(widest * (captions and 0.28 or 0.08)))
  local paper = {}
  for c in themes.get().paper:gmatch "%x%x" do paper[#paper + 1] = tonumber(c, 16) end
  local rgb, width, height, cell_width, cell_height = core.tile(rgbs, widths, heights, columns, gap, paper[1], paper[2],
    paper[3])
  return draw(figures.new {title = given.title and tostring(given.title), panels = {{
    kind = "picture", rgb = rgb, width = width, height = height, log = "",
    sheet = {columns = columns, gap = gap, cell_width = cell_width, cell_height = cell_height, captions = captions,
      items = items, count = count},
  }}})
end)

-- ---- settings ----

plot.save = doc("plot.save", [[
plot.save(path) -> figure

Writes the last figure to a file, .png, .svg or .pdf: see figure:save.

> fig = plot({3, 1, 2})
> tostring(plot.save("/tmp/gradus-zigzag.svg"))
figure: 1 series]], function(path)
  if not last_figure then error("plot.save: nothing has been plotted yet", 2) end
  return last_figure:save(path)
end)

plot.terminal = doc("plot.terminal", [[
plot.terminal(name) -> name

Says where plots appear: "characters" (in this terminal), "png" (files), a window of gnuplot's ("qt", "wxt", "x11"), or
"none" (nowhere: the figure is only made, to be saved), or "auto": a window when there is a display, otherwise characters,
and files when the output is no terminal. Without a name it tells what is set.

> plot.terminal("png")
png
> plot.terminal("auto")
auto]], function(name)
  if name == nil then return output.settings.terminal or "auto" end
  if name == "text" then name = "characters" end
  options.choice("plot.terminal", "the terminal", name, output.terminals)
  output.settings.terminal = name ~= "auto" and name or nil
  return name
end)

plot.theme = doc("plot.theme", [[
plot.theme(name) -> name

Sets how plots look: "default", "dark", "projector" (large, for the back row) or "print" (black on white, curves told
apart by dashes). Without a name it tells what is set.

> plot.theme("projector")
projector
> plot.theme("default")
default]], function(name)
  if name == nil then return themes.current end
  themes.current = options.choice("plot.theme", "the theme", name, themes.names)
  return name
end)

return setmetatable(plot, {__call = plot_curves})
