-- How good a classifier is: ROC and precision-recall curves, and the probabilities it gives.

local arguments = require "gradus.plot.arguments"
local core = require "gradus.core.plot"
local curves = require "gradus.plot.curves"
local doc = require "gradus.help".doc
local draw = require "gradus.plot.drawing".draw
local figures = require "gradus.plot.figure"
local metrics = require "gradus.metrics"

local ipairs, tostring, type = ipairs, tostring, type
local ceil, max, min = math.ceil, math.max, math.min
local math_type = math.type
local string_format = string.format
local move = table.move

local as_matrix, check_options, fail, is_array = arguments.as_matrix, arguments.check_options, arguments.fail,
  arguments.is_array

local M = {}

-- The thresholds whose points are marked on each curve: those asked for, as numbers.
local function thresholds_of(what, wanted)
  if type(wanted) == "number" then wanted = {wanted} end
  if wanted == nil then return {} end
  if not is_array(wanted) then
    fail("%s: thresholds is a number, or a list of them, as in thresholds={0.5, 0.2}; got a %s", what, type(wanted))
  end
  local list = core.values(core.array(wanted, what))
  for _, t in ipairs(list) do
    if t ~= t then fail("%s: a threshold is a number, not nan", what) end
  end
  return list
end

-- The position among the points of a curve where everything from threshold t up is called positive. `all` are the
-- points' thresholds; they sink from point to point, or rise, and then the last point has none and calls nothing so.
local function place_of(all, t, sinking)
  local above = 0
  for _, v in ipairs(all) do
    if v >= t then above = above + 1 end
  end
  return sinking and above or #all - above + 1
end

-- Pairs of labels and scores, and what to do with each: the curve of pair k is trace(y_true, scores), {x, y, summary,
-- place}, where place(t) is the point {x, y} of a threshold.
local function compare(what, trace, ...)
  local values, given = arguments.split_options(what, arguments.axes_options("positive", "thresholds"),
    function(all) return all.n > 2 end, ...)
  if values.n == 0 or values.n % 2 == 1 then
    fail("%s takes the true labels and the scores, as in %s(y_true, scores), or several such pairs; got %d argument%s",
      what, what, values.n, values.n == 1 and "" or "s")
  end
  local names = given.legend
  if names ~= nil and type(names) ~= "table" then names = {names} end
  local list, thresholds = {}, thresholds_of(what, given.thresholds)
  local marks = {}
  for i = 1, values.n, 2 do
    for k = 0, 1 do
      if not is_array(values[i + k]) then
        fail("%s: %s is a %s, where a tensor or a table of numbers is needed", what,
          k == 0 and "y_true" or "the scores", type(values[i + k]))
      end
    end
    local number = (i + 1) // 2
    local x, y, summary, place = trace(values[i], values[i + 1], {positive = given.positive})
    for _, t in ipairs(thresholds) do
      local point_x, point_y = place(t)
      if point_x == point_x and point_y == point_y then  -- a rate of no samples has no place
        marks[#marks + 1] = {point_x, point_y, string_format("threshold %.6g", t)}
      end
    end
    local name = names and names[number]
    list[number] = {x = core.array(x, what), y = core.array(y, what), style = "lines",
      label = (name ~= nil and tostring(name) .. ", " or "") .. summary}
  end
  if names and #names > #list then
    fail("%s: the legend has %d names for %d curve%s", what, #names, #list, #list == 1 and "" or "s")
  end
  local own = {}
  for key, value in pairs(given) do own[key] = value end
  own.legend, own.thresholds = nil, nil
  if given.annotations == nil or type(given.annotations) == "table" then
    own.annotations = move(given.annotations or {}, 1, #(given.annotations or {}), 1, {})
    move(marks, 1, #marks, #own.annotations + 1, own.annotations)
  end
  own.xrange, own.yrange = given.xrange or {0, 1}, given.yrange or {0, 1.02}
  return list, own
end

M.roc = doc("plot.roc", [[
plot.roc(y_true, scores, y_true2, scores2, ..., {positive=, thresholds=, legend=, title=, ...}) -> figure

Draws ROC curves: how many of the positive samples are found (the true positive rate) against how many of the negative
ones are taken for positive (the false positive rate), as the threshold falls. The dashed diagonal is guessing; the
legend has the area under each curve. `thresholds`, a number or a list of them, marks where on each curve one stands who
calls every score from there up positive. Labels and scores are as in metrics.roc_curve, other options as in plot.

> fig = plot.roc({0, 0, 1, 1}, {0.1, 0.4, 0.35, 0.8})
> fig.panels[1].series[1].label
AUC 0.750]], function(...)
  local what = "plot.roc"
  local list, given = compare(what, function(y_true, scores, settings)
    local fpr, tpr = metrics.roc_curve(y_true, scores, settings)
    local function place(t)
      local x, y, all = metrics.roc_curve(y_true, scores, {positive = settings.positive, drop_intermediate = false})
      local k = place_of(core.values(core.array(all, what)), t, true)
      return x[k], y[k]
    end
    return fpr, tpr, string_format("AUC %.3f", metrics.roc_auc_score(y_true, scores, settings)), place
  end, ...)
  list[#list + 1] = {x = core.array({0, 1}, what), y = core.array({0, 1}, what), style = "lines", dash = 2,
    label = "guessing", faint = true}
  given.xlabel, given.ylabel = given.xlabel or "false positive rate", given.ylabel or "true positive rate"
  local panel = curves.panel(what, list, given)
  panel.square, panel.key = true, "right bottom"
  return draw(figures.new {title = tostring(given.title or "ROC curve"), panels = {panel}})
end)

M.precision_recall = doc("plot.precision_recall", [[
plot.precision_recall(y_true, scores, y_true2, scores2, ..., {positive=, thresholds=, legend=, title=, ...}) -> figure

Draws precision (how many of those taken for positive are) against recall (how many of the positive ones are found), as
the threshold falls. The legend has the average precision of each curve, and the dashed line the part of the samples
that is positive, which is the precision of guessing. Labels and scores are as in metrics.precision_recall_curve,
`thresholds` and other options as in plot.roc.

> fig = plot.precision_recall({0, 0, 1, 1}, {0.1, 0.4, 0.35, 0.8})
> fig.panels[1].series[1].label
AP 0.833]], function(...)
  local what = "plot.precision_recall"
  local share
  local list, given = compare(what, function(y_true, scores, settings)
    local precision, recall, thresholds = metrics.precision_recall_curve(y_true, scores, settings)
    local function place(t)
      local k = place_of(core.values(core.array(thresholds, what)), t, false)
      return recall[k], precision[k]
    end
    local all = core.values(core.array(precision, what))
    share = share or all[1]  -- at the lowest threshold everything is taken for positive
    return recall, precision, string_format("AP %.3f", metrics.average_precision_score(y_true, scores, settings)), place
  end, ...)
  for _, series in ipairs(list) do series.style = "steps" end
  list[#list + 1] = {x = core.array({0, 1}, what), y = core.array({share, share}, what), style = "lines", dash = 2,
    label = "guessing", faint = true}
  given.xlabel, given.ylabel = given.xlabel or "recall", given.ylabel or "precision"
  local panel = curves.panel(what, list, given)
  panel.square, panel.key = true, "left bottom"
  return draw(figures.new {title = tostring(given.title or "precision and recall"), panels = {panel}})
end)

-- ---- probabilities ----

local function probability_panel(what, values, classes, truth, title)
  local k = #values
  local best = 1
  for i, p in ipairs(values) do
    if p > values[best] or values[best] ~= values[best] then best = i end
  end
  local labels, texts, colours = {}, {}, {}
  for i, p in ipairs(values) do
    labels[i] = classes and classes[i] ~= nil and tostring(classes[i]) or tostring(i - 1)
    texts[i] = p == p and string_format(p >= 0.9995 and "%.0f %%" or "%.1f %%", 100 * p) or "nan"
    colours[i] = i == best and 1 or 0
  end
  if truth ~= nil then
    if math_type(truth) == "float" and truth % 1 == 0 then truth = truth // 1 | 0 end
    if math_type(truth) ~= "integer" or truth < 0 or truth >= k then
      fail("%s: truth is a class label from 0 to %d, not %s", what, k - 1, tostring(truth))
    end
    colours[truth + 1] = truth + 1 == best and 3 or 2
    labels[truth + 1] = labels[truth + 1] .. " (true)"
  end
  return {kind = "bars", labels = labels, values = values, texts = texts, colours = colours,
    array = core.array(values, what), log = "", ylabel = "probability", title = title,
    xrange = {0.4, max(k, 1) + 0.6}, yrange = {0, 1.08}, ends = {0, 1}}
end

M.probabilities = doc("plot.probabilities", [[
plot.probabilities(p, {classes=, truth=, captions=, title=}) -> figure

Draws the probabilities that a classifier gives to the classes, as bars, the greatest in colour. p has shape (k), or
(n, k) for up to 12 samples, a panel each. `classes` names the classes in the order of their labels; `truth` is the true
label, or n of them, marked and green when the classifier is right, orange when it is wrong. `captions` has a title for
each panel.

> fig = plot.probabilities({0.1, 0.7, 0.2}, {classes={"cat", "dog", "bird"}, truth=1})
> tostring(fig)
figure: 3 bars]], function(p, given)
  local what = "plot.probabilities"
  given = check_options(what, given or {}, {"title", "classes", "truth", "captions"})
  if not is_array(p) then fail("%s takes a tensor or a table of probabilities, but got a %s", what, type(p)) end
  local array = core.array(p, what)
  local first, second = core.shape(array)
  if second == nil then array, first, second = core.array({core.values(array)}, what), 1, first end
  local data, n, k = as_matrix(what, array)
  if n > 12 then fail("%s: %d samples are too many for one figure; take up to 12, as in p[{{1, 12}}]", what, n) end
  if k > 100 then fail("%s: %d classes are too many for bars", what, k) end
  local values = core.values(data)
  local truth = given.truth
  if truth ~= nil then truth = is_array(truth) and core.values(core.array(truth, what)) or {truth} end
  if truth and #truth ~= n then fail("%s: there are %d samples and %d true labels", what, n, #truth) end
  local panels = {}
  for i = 1, n do
    local caption = given.captions and given.captions[i]
    panels[i] = probability_panel(what, move(values, (i - 1) * k + 1, i * k, 1, {}), given.classes,
      truth and truth[i], caption ~= nil and tostring(caption) or n > 1 and "sample " .. i or nil)
  end
  return draw(figures.new {title = given.title ~= nil and tostring(given.title) or nil, panels = panels})
end)

return M
