-- Heat maps and confusion matrices.

local arguments = require "gradus.plot.arguments"
local core = require "gradus.core.plot"
local doc = require "gradus.help".doc
local draw = require "gradus.plot.drawing".draw
local figures = require "gradus.plot.figure"
local is_tensor = require "gradus.is_tensor"
local metrics = require "gradus.metrics"
local options = require "gradus.options"
local palette = require "gradus.plot.palette"

local ipairs, tostring, type = ipairs, tostring, type
local abs, floor, huge, max, min = math.abs, math.floor, math.huge, math.max, math.min
local string_format = string.format

local as_matrix, check_options, fail = arguments.as_matrix, arguments.check_options, arguments.fail

local M = {}

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

M.heatmap = doc("plot.heatmap", [[
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
  local ends = figures.fit({array}, false, 0)
  local low, high = ends[1], ends[2]
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
      fail("%s: %d x %d values cannot be read in cells; leave `values` out", what, rows, columns)
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

local MOST_CELLS = 30  -- rows of a confusion matrix whose cells can be read

-- The part of its row that each count is, or what the matrix itself says (see metrics.confusion_matrix: normalize).
local function rates_of(cm, values, n)
  if type(cm) == "table" and cm.rates ~= nil then return cm.rates end
  local rates = {}
  for i = 1, n do
    local total = 0
    for j = 1, n do total = total + values[(i - 1) * n + j] end
    rates[i] = {}
    for j = 1, n do rates[i][j] = values[(i - 1) * n + j] / total end
  end
  return rates
end

M.confusion = doc("plot.confusion", [[
plot.confusion(cm, {title=, classes=}) -> figure
plot.confusion(y_true, y_pred, {title=, classes=})

Draws a confusion matrix: rows are the actual classes, columns the predicted ones. Each cell has the count and which
part of its row that is (or what `normalize` of metrics.confusion_matrix asked for), is coloured by that part, and with
two classes says in words what it is. `cm` is what metrics.confusion_matrix gives, or a table with `counts` (rows of
numbers or a tensor of shape (k, k)) and perhaps `classes` (their names); plain rows of numbers will do as well.
Of labels and predicted labels the matrix is counted first.

> fig = plot.confusion(metrics.confusion_matrix({1, 1, 0}, {1, 0, 0}, {classes={"no bottle", "bottle"}}))
> tostring(fig)
figure: confusion matrix, 2 x 2 matrix
> fig = plot.confusion {counts={{53, 1}, {4, 42}}, classes={"bottle", "no bottle"}}
> tostring(fig)
figure: confusion matrix, 2 x 2 matrix]], function(cm, given, more)
  local what = "plot.confusion"
  local predicted = is_tensor(given) and given
  given = check_options(what, predicted and more or not predicted and given or {}, {"title", "classes"})
  if predicted then cm = metrics.confusion_matrix(cm, predicted, {classes = given.classes}) end
  local counts, classes, words = cm, given.classes, nil
  if type(cm) == "table" and cm.counts ~= nil then
    counts = cm.counts
    classes = classes or cm.classes
    words = cm.cells and cm.words
  end
  local array, rows, columns = as_matrix(what, counts)
  if rows ~= columns then
    fail("%s: a confusion matrix has as many rows as columns; this has shape (%d, %d)", what, rows,
      columns)
  end
  local values = core.values(array)
  local rates, cells = rates_of(cm, values, rows), {}
  for i = 1, rows do
    for j = 1, rows do
      local count, rate = values[(i - 1) * rows + j], rates[i][j]
      local lines = {string_format(count == floor(count) and "%.0f" or "%.4g", count)}
      -- Of many classes the counts that are 0 would hide the others in digits.
      if rate == rate and (count ~= 0 or rows <= 3) then
        lines[2] = string_format(rows > 8 and "%.0f %%" or "%.1f %%", 100 * rate)
      end
      if words then
        for part in words(cm, i, j):gmatch "[^,]+" do lines[#lines + 1] = part:match "%S.*" end
      end
      cells[#cells + 1] = {row = i, column = j, value = rate == rate and rate or 0, lines = lines}
    end
  end
  local names = {}
  for i = 1, rows do names[i] = classes and classes[i] ~= nil and tostring(classes[i]) or tostring(i - 1) end
  return draw(figures.new {title = given.title and tostring(given.title) or "confusion matrix", panels = {{
    kind = "matrix", data = core.array(rates, what), rows = rows, columns = rows, low = 0, high = 1, log = "",
    palette = "blues", cells = rows <= MOST_CELLS and cells or nil, row_names = names, column_names = names,
    scale = false, xlabel = "predicted", ylabel = "actual",
  }}})
end)

return M
