-- Numbers over a plane: contours, surfaces, decision boundaries, fields of arrows.
--
-- A field is {data=array (rows, columns), x={low, high}, y={low, high}}: row 1 of the numbers lies at the bottom, at
-- y[1], and the first column at x[1].

local arguments = require "gradus.plot.arguments"
local core = require "gradus.core.plot"
local curves = require "gradus.plot.curves"
local doc = require "gradus.help".doc
local draw = require "gradus.plot.drawing".draw
local figures = require "gradus.plot.figure"
local options = require "gradus.options"
local palette = require "gradus.plot.palette"
local themes = require "gradus.plot.theme"

local error, ipairs, pcall, select, tostring, type = error, ipairs, pcall, select, tostring, type
local abs, floor, huge, max, min, sqrt = math.abs, math.floor, math.huge, math.max, math.min, math.sqrt
local math_type = math.type
local log = math.log
local string_char = string.char
local concat, move, sort = table.concat, table.move, table.sort

local as_matrix, check_options, count_of, fail, is_array = arguments.as_matrix, arguments.check_options,
  arguments.count_of, arguments.fail, arguments.is_array

local M = {}

local function title_of(given) return given.title ~= nil and tostring(given.title) or nil end

-- A number as the learner's function gave it: a number, or a tensor of one element.
local function one_number(what, value, x, y)
  if type(value) == "number" then return value end
  if is_array(value) then
    local values = core.values(core.array(value, what))
    if #values == 1 then return values[1] end
  end
  fail("%s: the function gave %s at (%g, %g), where one number is needed", what,
    type(value) == "userdata" and "a tensor of several numbers" or "a " .. type(value), x, y)
end

local function points_option(what, given, usual)
  local points = given.points == nil and usual or given.points
  if math_type(points) ~= "integer" or points < 2 or points > 500 then
    fail("%s: points, how many along each axis, is a whole number from 2 to 500, not %s", what, tostring(points))
  end
  return points
end

local function plane(what, given)
  if given.xrange == nil then
    fail("%s: a function needs to know where: give xrange={low, high} and yrange={low, high}", what)
  end
  local x = figures.check_range(what, "xrange", given.xrange)
  local y = given.yrange and figures.check_range(what, "yrange", given.yrange) or {x[1], x[2]}
  return {min(x[1], x[2]), max(x[1], x[2])}, {min(y[1], y[2]), max(y[1], y[2])}
end

-- The k-th of n places from one end to the other.
local function place(ends, k, n) return ends[1] + (ends[2] - ends[1]) * (k - 1) / (n - 1) end

-- The field of a function of two numbers, or of a matrix.
local function read_field(what, z, given, usual)
  if type(z) == "function" then
    local x, y = plane(what, given)
    local n = points_option(what, given, usual)
    local rows = {}
    for i = 1, n do
      local row, at_y = {}, place(y, i, n)
      for j = 1, n do
        local at_x = place(x, j, n)
        row[j] = one_number(what, z(at_x, at_y), at_x, at_y)
      end
      rows[i] = row
    end
    return {data = core.array(rows, what), rows = n, columns = n, x = x, y = y}
  end
  local data, rows, columns = as_matrix(what, z)
  if rows < 2 or columns < 2 then
    fail("%s: the matrix needs at least 2 rows and 2 columns; this has shape (%d, %d)", what, rows, columns)
  end
  return {
    data = data, rows = rows, columns = columns,
    x = given.xrange and figures.check_range(what, "xrange", given.xrange) or {1.0, columns + 0.0},
    y = given.yrange and figures.check_range(what, "yrange", given.yrange) or {1.0, rows + 0.0},
  }
end

-- The height of the field at a place, between four of its numbers.
local function height_at(field, values, x, y)
  local column = (x - field.x[1]) / (field.x[2] - field.x[1]) * (field.columns - 1)
  local row = (y - field.y[1]) / (field.y[2] - field.y[1]) * (field.rows - 1)
  local j, i = min(max(floor(column), 0), field.columns - 2), min(max(floor(row), 0), field.rows - 2)
  local s, t = column - j, row - i
  local function at(di, dj) return values[(i + di) * field.columns + j + dj + 1] end
  return (1 - t) * ((1 - s) * at(0, 0) + s * at(0, 1)) + t * ((1 - s) * at(1, 0) + s * at(1, 1))
end

-- A path of points {{x, y}, ...} or a tensor (n, 2), such as the steps of a descent: x, y and the heights there.
local function read_path(what, path, field, z)
  local array, rows, columns = as_matrix(what .. ": path", path)
  if columns ~= 2 then
    fail("%s: path is a list of points {x, y} or a tensor of shape (n, 2); this has shape (%d, %d)", what, rows,
      columns)
  end
  local values, numbers = core.values(array), core.values(field.data)
  local xs, ys, zs = {}, {}, {}
  for i = 1, rows do
    local x, y = values[2 * i - 1], values[2 * i]
    xs[i], ys[i] = x, y
    zs[i] = type(z) == "function" and one_number(what, z(x, y), x, y) or height_at(field, numbers, x, y)
  end
  return core.array(xs, what), core.array(ys, what), core.array(zs, what)
end

-- Ends of the colours, and whether they go by powers of ten.
local function colours_of(what, field, given)
  field.log = given.logscale
  if field.log ~= nil then options.choice(what, "logscale", field.log, {"z"}) end
  local ends = figures.fit({field.data}, field.log ~= nil, 0)
  field.low, field.high = ends[1], ends[2]
  field.palette = options.choice(what, "palette", given.palette or "viridis", palette.names)
end

-- Where contours run: between the least and the greatest number, in equal steps (or factors).
local function levels_of(what, field, levels)
  if levels == nil then levels = 12 end
  if type(levels) == "number" then
    if math_type(levels) ~= "integer" or levels < 1 or levels > 100 then
      fail("%s: levels is a number of contours from 1 to 100, or a list of heights, not %s", what, tostring(levels))
    end
    local list = {}
    for k = 1, levels do
      local t = k / (levels + 1)
      list[k] = field.log and field.low * (field.high / field.low) ^ t or field.low + (field.high - field.low) * t
    end
    return list
  end
  if is_array(levels) then levels = core.values(core.array(levels, what .. ": levels")) end
  if not arguments.are_numbers(levels, type(levels) == "table" and #levels or 0) then
    fail("%s: levels is a number of contours, or a list of finite heights", what)
  end
  local list = {}
  for i, v in ipairs(levels) do list[i] = v end
  sort(list)
  return list
end

-- ---- contours and surfaces ----

M.contour = doc("plot.contour", [[
plot.contour(f, {xrange=, yrange=, levels=12, path=, points=80, palette=, logscale=, title=, ...}) -> figure
plot.contour(z, {xrange=, yrange=, ...}) -> figure

Draws the heights of a function f(x, y) of two numbers, or of a matrix z, as colours with contours. Row 1 of a matrix
lies at the bottom; xrange and yrange say where its corners are. `levels` is how many contours there are, or a list of
heights; logscale="z" lets colours and contours go by factors, as losses often need; `points` is how many places along
each axis f is asked at. `path`, points {{x, y}, ...} or a tensor (n, 2), is drawn on top: the steps of a descent. The
other options are those of plot.

> fig = plot.contour(function(x, y) return x^2 + 3 * y^2 end, {xrange={-2, 2}, yrange={-1, 1}, title="bowl"})
> tostring(fig)
figure: bowl, 80 x 80 field]], function(z, given)
  local what = "plot.contour"
  given = check_options(what, given or {}, arguments.axes_options("levels", "path", "points", "palette"))
  local field = read_field(what, z, given, 80)
  colours_of(what, field, given)
  field.contours = {{data = field.data, levels = levels_of(what, field, given.levels)}}
  field.scale = true
  local series = {}
  if given.path ~= nil then
    local x, y = read_path(what, given.path, field, z)
    series[1] = {x = x, y = y, style = "linespoints", colour = "#ffffff", outline = "#000000"}
  end
  local panel = curves.panel(what, series, {xlabel = given.xlabel, ylabel = given.ylabel, xrange = field.x,
    yrange = field.y, legend = given.legend, annotations = given.annotations, hlines = given.hlines,
    vlines = given.vlines})
  panel.field = field
  return draw(figures.new {title = title_of(given), panels = {panel}})
end)

M.surface = doc("plot.surface", [[
plot.surface(f, {xrange=, yrange=, zlabel=, path=, points=40, palette=, logscale=, view={60, 30}, title=}) -> figure
plot.surface(z, {xrange=, yrange=, ...}) -> figure

Draws the heights of a function f(x, y), or of a matrix z, as a surface in space: a loss over two weights, say. The
options are those of plot.contour but for levels; `view` is {tilt, turn} in degrees: 0 to 180 and 0 to 360.

> fig = plot.surface(function(x, y) return x^2 - y^2 end, {xrange={-1, 1}, yrange={-1, 1}, title="saddle"})
> tostring(fig)
figure: saddle, 40 x 40 surface]], function(z, given)
  local what = "plot.surface"
  given = check_options(what, given or {}, {"title", "xlabel", "ylabel", "zlabel", "xrange", "yrange", "zrange", "path",
    "points", "palette", "logscale", "view"})
  local field = read_field(what, z, given, 40)
  colours_of(what, field, given)
  if given.zrange ~= nil then
    local ends = figures.check_range(what, "zrange", given.zrange, field.log ~= nil)
    field.low, field.high = min(ends[1], ends[2]), max(ends[1], ends[2])
  end
  local view = given.view or {60, 30}
  if not arguments.are_numbers(view, 2) or view[1] < 0 or view[1] > 180 or view[2] < 0 or view[2] > 360 then
    fail("%s: view is {tilt, turn} in degrees, 0 to 180 and 0 to 360, as in view={60, 30}", what)
  end
  local path
  if given.path ~= nil then
    local x, y, heights = read_path(what, given.path, field, z)
    path = {x = x, y = y, z = heights}
  end
  return draw(figures.new {title = title_of(given), panels = {{
    kind = "surface", field = field, path = path, view = view, log = "", series = {}, xlabel = given.xlabel,
    ylabel = given.ylabel, zlabel = given.zlabel, xrange = field.x, yrange = field.y,
  }}})
end)

-- ---- decision boundaries ----

-- What the model or function says at n points, a list of lists of k numbers.
local function ask(what, model, points, n)
  local said
  if type(model) == "function" then
    said = model(points)
  else
    local ok, predict = pcall(function() return model.predict end)
    if not ok or predict == nil then
      fail("%s takes a model with a predict method, or a function of a tensor of shape (n, 2), but got a %s", what,
        type(model))
    end
    said = model:predict(points, {verbose = 0})
  end
  if not is_array(said) then
    fail("%s: at %d points the model gave a %s, where a tensor is needed", what, n, type(said))
  end
  local array = core.array(said, what)
  local columns = #core.values(array) // n
  if #core.values(array) ~= columns * n or columns == 0 then
    fail("%s: the model was asked about %d points and gave %d numbers; it must give one or several for each", what, n,
      #core.values(array))
  end
  return core.values(array), columns
end

-- Answers as one score a class: a single number a point is the probability of class 1 or, when there are others than 0
-- to 1, a label.
local function scores_of(what, values, columns, n)
  if columns > 1 then return values, columns, false end
  local greatest, whole = 1, true
  for i, v in ipairs(values) do
    if v ~= v then fail("%s: the model's answer %d is nan", what, i) end
    greatest, whole = max(greatest, v), whole and v == floor(v)
  end
  if greatest == 1 or not whole then
    local scores = {}
    for i = 1, n do scores[2 * i - 1], scores[2 * i] = 1 - values[i], values[i] end
    return scores, 2, false
  end
  if greatest > 49 then
    fail("%s: the model's greatest label is %g; more than 50 cannot be told apart", what, greatest)
  end
  local k = floor(greatest) + 1
  local scores = {}
  for i = 1, n do
    for c = 1, k do scores[(i - 1) * k + c] = values[i] == c - 1 and 1 or 0 end
  end
  return scores, k, true
end

-- The regions as a picture, each in a tint of its class's colour, deeper where the model is surer; and for each class
-- by how much it leads, whose zero is the boundary.
local function regions(scores, k, n)
  local theme = themes.get()
  local paper = {palette.parts(theme.paper)}
  local tints = {}
  for c = 1, k do tints[c] = {palette.parts(theme.lines[(c - 1) % #theme.lines + 1])} end
  local pixels, leads = {}, {}
  for c = 1, k do leads[c] = {} end
  for i = 1, n * n do
    local best, first, second = 1, -huge, -huge
    for c = 1, k do
      local score = scores[(i - 1) * k + c]
      if score > first then
        best, first, second = c, score, first
      elseif score > second then
        second = score
      end
    end
    local sure = 0.14 + 0.3 * min(1, max(0, first - second))
    local tint = tints[best]
    local rgb = {}
    for channel = 1, 3 do rgb[channel] = floor(paper[channel] + (tint[channel] - paper[channel]) * sure + 0.5) end
    pixels[i] = string_char(rgb[1], rgb[2], rgb[3])
    for c = 1, k do leads[c][i] = scores[(i - 1) * k + c] - (c == best and second or first) end
  end
  return concat(pixels), leads
end

M.boundary = doc("plot.boundary", [[
plot.boundary(model, x, y, {points=120, legend=, xrange=, yrange=, title=, ...}) -> figure

Draws what a model says about each place of a plane, and the points it was trained on. x has shape (n, 2), y is n labels
from 0 on. `model` has a method predict, or is a function, that takes a tensor of shape (m, 2) and gives the
probability of class 1, or one score for each class, or labels; the deeper a colour the surer the answer, and a line
runs where the answer changes. `points` is how many places along each axis are asked about; `legend` names the classes.

> x, y = tensor{{0, 0}, {1, 1}, {0, 1}, {1, 0}}, tensor{0, 0, 1, 1}
> fig = plot.boundary(function(p) return sigmoid(p:sum(2) - 1) end, x, y, {points=20, title="a line"})
> tostring(fig)
figure: a line, 20 x 20 field, 2 series]], function(model, x, y, given)
  local what = "plot.boundary"
  given = check_options(what, given or {}, arguments.axes_options("points"))
  if not is_array(x) or not is_array(y) then
    fail("%s takes a model, points of shape (n, 2) and their labels, as in plot.boundary(model, x, y)", what)
  end
  local data, count, axes = as_matrix(what .. ": x", x)
  if axes ~= 2 then
    fail("%s: x must have two columns, since the picture has two axes; this has shape (%d, %d)", what, count, axes)
  end
  local labels = core.values(core.array(y, what .. ": y"))
  if #labels ~= count then
    fail("%s: x has %d points and y %d labels; there must be one for each", what, count, #labels)
  end
  local columns = core.split(data)
  local function range_of(name, column)
    if given[name] then
      local r = figures.check_range(what, name, given[name])
      return {min(r[1], r[2]), max(r[1], r[2])}
    end
    return figures.fit({column}, false, 0.12)
  end
  local xs, ys = range_of("xrange", columns[1]), range_of("yrange", columns[2])
  local n = points_option(what, given, 120)
  local places = {}
  for i = 1, n do
    for j = 1, n do places[(i - 1) * n + j] = {place(xs, j, n), place(ys, i, n)} end
  end
  local values, per_point = ask(what, model, core.array(places, what), n * n)
  local scores, k, hard = scores_of(what, values, per_point, n * n)
  local rgb, leads = regions(scores, k, n)
  local field = {rgb = rgb, rows = n, columns = n, x = xs, y = ys, contours = {}, hard = hard}
  for c = 1, k == 2 and 1 or k do
    local rows = {}
    for i = 1, n do rows[i] = move(leads[c], (i - 1) * n + 1, i * n, 1, {}) end
    field.contours[c] = {data = core.array(rows, what), levels = {0}, bold = true}
  end
  local series, names = curves.by_class(what, core.values(columns[1]), core.values(columns[2]), labels)
  for i, label in ipairs(names) do
    series[i].outline = themes.get().paper
    if math_type(floor(label)) == "integer" and label == floor(label) and label >= 0 then
      series[i].color = floor(label) + 1
    end
  end
  local panel = curves.panel(what, series, {xlabel = given.xlabel, ylabel = given.ylabel, xrange = xs, yrange = ys,
    legend = given.legend, annotations = given.annotations, hlines = given.hlines, vlines = given.vlines})
  panel.field = field
  return draw(figures.new {title = title_of(given), panels = {panel}})
end)

-- ---- fields of arrows ----

local function arrows_of(what, f, given)
  local x, y = plane(what, given)
  local n = points_option(what, given, 15)
  local list = {x = {}, y = {}, dx = {}, dy = {}}
  local longest = 0
  for i = 1, n do
    for j = 1, n do
      local at_x, at_y = place(x, j, n), place(y, i, n)
      local dx, dy = f(at_x, at_y)
      if is_array(dx) and dy == nil then
        local both = core.values(core.array(dx, what))
        dx, dy = both[1], both[2]
      end
      local k = (i - 1) * n + j
      list.x[k], list.y[k] = at_x, at_y
      list.dx[k], list.dy[k] = one_number(what, dx, at_x, at_y), one_number(what, dy, at_x, at_y)
      local length = sqrt((list.dx[k] / (x[2] - x[1])) ^ 2 + (list.dy[k] / (y[2] - y[1])) ^ 2)
      if length < huge then longest = max(longest, length) end
    end
  end
  -- The longest arrow reaches almost to the next one.
  return list, longest > 0 and 0.9 / (n - 1) / longest or 1, x, y
end

M.vectors = doc("plot.vectors", [[
plot.vectors(f, {xrange=, yrange=, points=15, scale=, title=, ...}) -> figure
plot.vectors(x, y, dx, dy, {scale=1, ...}) -> figure

Draws a field of arrows. f(x, y) gives the two numbers dx, dy at each place, a gradient say; the longest arrow is made
to reach almost to the next one, unless `scale` says by what lengths are multiplied. Or four lists of as many numbers:
where the arrows begin, and by how much they go. The other options are those of plot.

> fig = plot.vectors(function(x, y) return -2 * x, -y end, {xrange={-2, 2}, yrange={-2, 2}, title="downhill"})
> tostring(fig)
figure: downhill, 1 series]], function(...)
  local what = "plot.vectors"
  local values, given = arguments.split_options(what, arguments.axes_options("points", "scale"),
    function(all) return type(all[1]) == "function" or all.n > 4 end, ...)
  local scale = given.scale
  if scale ~= nil and (type(scale) ~= "number" or not (abs(scale) < huge)) then
    fail("%s: scale is a number by which lengths are multiplied, not %s", what, tostring(scale))
  end
  local list, usual, xrange, yrange
  if type(values[1]) == "function" and values.n == 1 then
    list, usual, xrange, yrange = arrows_of(what, values[1], given)
    local margin = 0.5 / 14
    local function wider(ends)
      return {ends[1] - margin * (ends[2] - ends[1]), ends[2] + margin * (ends[2] - ends[1])}
    end
    xrange, yrange = wider(xrange), wider(yrange)
  elseif values.n == 4 then
    list, usual = {}, 1
    for i, name in ipairs {"x", "y", "dx", "dy"} do
      if not is_array(values[i]) then
        fail("%s: %s is a %s, where a tensor or a table of numbers is needed", what, name, type(values[i]))
      end
      list[name] = core.values(core.array(values[i], what))
      if #list[name] ~= #list.x then
        fail("%s: x has %d numbers and %s %d; an arrow needs one of each", what, #list.x, name, #list[name])
      end
    end
  else
    fail("%s takes a function of x and y, or x, y, dx and dy; got %d argument%s", what, values.n,
      values.n == 1 and "" or "s")
  end
  scale = scale or usual
  local to_x, to_y = {}, {}
  for i = 1, #list.x do to_x[i], to_y[i] = list.x[i] + scale * list.dx[i], list.y[i] + scale * list.dy[i] end
  local series = {{x = core.array(list.x, what), y = core.array(list.y, what), to_x = core.array(to_x, what),
    to_y = core.array(to_y, what), style = "vectors"}}
  local panel = curves.panel(what, series, given)
  panel.xrange, panel.yrange = xrange or panel.xrange, yrange or panel.yrange
  return draw(figures.new {title = title_of(given), panels = {panel}})
end)

return M
