-- How numbers are spread: histograms, and curves with what is uncertain about them.

local arguments = require "gradus.plot.arguments"
local core = require "gradus.core.plot"
local curves = require "gradus.plot.curves"
local doc = require "gradus.help".doc
local draw = require "gradus.plot.drawing".draw
local figures = require "gradus.plot.figure"
local histogram = require "gradus.core.tensor".histogram

local error, ipairs, tostring, type = error, ipairs, tostring, type
local ceil, huge, log, max, min = math.ceil, math.huge, math.log, math.max, math.min
local math_type = math.type
local sort = table.sort

local count_of, fail, is_array, split_options = arguments.count_of, arguments.fail, arguments.is_array,
  arguments.split_options

local M = {}

local function title_of(given) return given.title ~= nil and tostring(given.title) or nil end

-- ---- histograms ----

-- The number of bins that suits the numbers, as NumPy's bins="auto" chooses it: the more of Sturges' log2(n) + 1 and
-- of Freedman and Diaconis' width 2 IQR / n^(1/3); at most 200, which is what can be seen.
local function automatic_bins(values, low, high)
  local n = #values
  if n == 0 or high <= low then return 10 end
  local sorted = {}
  for i, v in ipairs(values) do sorted[i] = v end
  sort(sorted)
  local spread = sorted[ceil(0.75 * n)] - sorted[max(1, ceil(0.25 * n))]
  local bins = ceil(log(n, 2) + 1)
  if spread > 0 then bins = max(bins, ceil((high - low) / (2 * spread / n ^ (1 / 3)))) end
  return min(bins, 200)
end

M.histogram = doc("plot.histogram", [[
plot.histogram(x, x2, ..., {bins=, range=, density=false, legend=, title=, ...}) -> figure

Draws how often numbers fall into equal intervals; several sets share their intervals and are drawn over one another.
`bins` is the number of intervals (by default chosen as NumPy's "auto" does), `range` the {low, high} that they divide,
`density` makes the areas sum to 1. A tensor of any shape is taken as all its numbers; NaN and infinities are left out.
The other options are those of plot.

> fig = plot.histogram({1, 2, 2, 3, 3, 3}, {bins=3, title="dice"})
> tostring(fig)
figure: dice, 1 series]], function(...)
  local what = "plot.histogram"
  local sets, given = split_options(what, arguments.axes_options("bins", "range", "density"),
    function(all) return all.n > 1 end, ...)
  if sets.n == 0 then fail("%s needs numbers: a tensor or a table of them", what) end
  local bins = given.bins
  if bins ~= nil and (math_type(bins) ~= "integer" or bins < 1 or bins > 10000) then
    fail("%s: bins is a whole number from 1 to 10000, not %s", what, tostring(bins))
  end
  local finite, most, low, high = {}, 1, huge, -huge
  for k = 1, sets.n do
    if not is_array(sets[k]) then
      fail("%s: argument %d is a %s, where a tensor or a table of numbers is needed", what, k, type(sets[k]))
    end
    local list = {}
    for _, v in ipairs(core.values(core.array(sets[k], what))) do
      if v - v == 0 then
        list[#list + 1] = v
        low, high = min(low, v), max(high, v)
      end
    end
    finite[k] = list
  end
  if given.range then
    local range = figures.check_range(what, "range", given.range)
    low, high = min(range[1], range[2]), max(range[1], range[2])
  elseif low >= high then
    local ends = figures.fit({core.array(finite[1], what)}, false, 0)
    low, high = ends[1], ends[2]
  end
  for _, list in ipairs(finite) do most = max(most, bins or automatic_bins(list, low, high)) end
  local series = {}
  for k, list in ipairs(finite) do
    local numbers = core.array(list, what)
    local counts, edges = histogram(numbers, most, {range = {low, high}, density = given.density and #list > 0})
    local ends, middles = core.values(core.array(edges, what)), {}
    for i = 1, most do middles[i] = ends[i] / 2 + ends[i + 1] / 2 end
    series[k] = {x = core.array(middles, what), y = core.array(counts, what), style = "histogram",
      width = (high - low) / most}
  end
  local panel = curves.panel(what, series, given)
  panel.ylabel = given.ylabel or (given.density and "density" or "count")
  if not given.xrange then panel.xrange = {low - (high - low) * 0.02, high + (high - low) * 0.02} end
  return draw(figures.new {title = title_of(given), panels = {panel}})
end)

-- ---- bands and bars of error ----

-- The ends of what is uncertain about y: `width` is a number, or as many numbers as y has.
local function ends_of(what, y, width, number)
  local values, widths = core.values(y), nil
  if type(width) == "number" then
    widths = {}
    for i = 1, #values do widths[i] = width end
  elseif is_array(width) then
    widths = core.values(core.array(width, what))
    if #widths ~= #values then
      fail("%s: curve %d has %d numbers in y and %d errors; there must be one for each", what, number, #values, #widths)
    end
  else
    fail("%s: the errors of curve %d are a %s; they are one number or as many as y has", what, number, type(width))
  end
  local low, high = {}, {}
  for i, v in ipairs(values) do
    if widths[i] < 0 then fail("%s: error %d of curve %d is %g; an error is 0 or more", what, i, number, widths[i]) end
    low[i], high[i] = v - widths[i], v + widths[i]
  end
  return core.array(low, what), core.array(high, what)
end

M.band = doc("plot.band", [[
plot.band(x, y, error, x2, y2, error2, ..., {style="band", legend=, title=, ...}) -> figure

Draws curves with what is uncertain about them: a band from y - error to y + error, or with style="errorbars" a bar at
each point. `error` is one number or as many as y has (the standard deviation over several seeds, say). The other
options are those of plot.

> fig = plot.band({1, 2, 3}, {0.9, 0.5, 0.3}, {0.2, 0.1, 0.05}, {title="five seeds"})
> tostring(fig)
figure: five seeds, 1 series]], function(...)
  local what = "plot.band"
  local values, given = split_options(what, arguments.axes_options("style"), function(all) return all.n > 3 end, ...)
  if values.n == 0 or values.n % 3 ~= 0 then
    fail("%s takes x, y and the errors of each curve, but got %d argument%s", what, values.n,
      values.n == 1 and "" or "s")
  end
  local style = given.style or "band"
  if style ~= "band" and style ~= "errorbars" then
    error(what .. ': style is "band" or "errorbars", not ' .. tostring(style), 0)
  end
  local list = {}
  for i = 1, values.n, 3 do
    local number = (i + 2) // 3
    for k = 0, 1 do
      if not is_array(values[i + k]) then
        fail("%s: %s of curve %d is a %s, where a tensor or a table of numbers is needed", what, k == 0 and "x" or "y",
          number, type(values[i + k]))
      end
    end
    local x = core.array(core.values(core.array(values[i], what)), what)
    local y = core.array(core.values(core.array(values[i + 1], what)), what)
    if count_of(x) ~= count_of(y) then
      fail("%s: curve %d has %d numbers in x and %d in y; a curve needs as many of one as of the other", what, number,
        count_of(x), count_of(y))
    end
    local low, high = ends_of(what, y, values[i + 2], number)
    list[number] = {x = x, y = y, low = low, high = high, style = style}
  end
  return draw(figures.new {title = title_of(given), panels = {curves.panel(what, list, given)}})
end)

return M
