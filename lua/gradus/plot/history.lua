-- The history of a training.

local arguments = require "gradus.plot.arguments"
local core = require "gradus.core.plot"
local curves = require "gradus.plot.curves"
local doc = require "gradus.help".doc
local draw = require "gradus.plot.drawing".draw
local figures = require "gradus.plot.figure"
local majority = require "gradus.metrics.baseline"

local error, ipairs, pairs, pcall, tostring, type = error, ipairs, pairs, pcall, tostring, type
local abs, huge, max = math.abs, math.huge, math.max
local sort = table.sort

local check_options, count_of, is_array, positions = arguments.check_options, arguments.count_of, arguments.is_array,
  arguments.positions

local M = {}

local function build(history, given)
  given = check_options("plot.history", given or {}, {"title"})
  local record, baseline = history, nil
  if type(history) == "table" or type(history) == "userdata" then
    local ok, inner = pcall(function() return history.history end)
    if ok and type(inner) == "table" then
      record, baseline = inner, history.val_baseline or history.baseline
    end
  end
  if type(record) ~= "table" then
    error("plot.history takes what fit returned, but got a " .. type(history), 0)
  end
  local metrics = {}
  for key, values in pairs(record) do
    if type(key) == "string" and not key:find "^val_" and is_array(values) then metrics[#metrics + 1] = key end
  end
  if #metrics == 0 then
    error("plot.history: there is no metric in it; it should be like {loss={...}, val_loss={...}}", 0)
  end
  sort(metrics, function(a, b)
    if (a == "loss") ~= (b == "loss") then return a == "loss" end
    return a < b
  end)
  local best
  if is_array(record.val_loss) then
    local least = huge
    for epoch, value in ipairs(core.values(core.array(record.val_loss, "plot.history: val_loss"))) do
      if value < least then least, best = value, epoch end
    end
  end
  local panels = {}
  for i, metric in ipairs(metrics) do
    local list = {}
    local longest = 1
    for k, key in ipairs {metric, "val_" .. metric} do
      if is_array(record[key]) then
        local y = core.array(core.values(core.array(record[key], "plot.history: " .. key)), key)
        longest = max(longest, count_of(y))
        list[#list + 1] = {x = positions(count_of(y)), y = y, label = k == 1 and "training" or "validation", color = k,
          style = count_of(y) <= 12 and "linespoints" or "lines"}
      end
    end
    if type(baseline) == "number" and majority.belongs_to(metric) then
      local level = core.array({baseline, baseline}, "plot.history: the baseline")
      list[#list + 1] = {x = core.array({1, max(longest, 2)}, "epochs"), y = level, label = "baseline", color = 3,
        dash = 2, style = "lines"}
    end
    local panel = curves.panel("plot.history", list, {xlabel = "epoch", ylabel = metric:gsub("_", " ")})
    panel.whole = true
    if best then
      -- Named once: the accuracy's panel has the baseline where the words would stand.
      panel.marks = {{x = best, label = i == 1 and "best: epoch " .. best or nil}}
      local values = list[2] and list[2].label == "validation" and core.values(list[2].y)
      if values and values[best] and abs(values[best]) < huge then panel.marks[1].y = values[best] end
    end
    panel.xrange = longest > 1 and {1, longest} or {0.5, 1.5}
    panels[i] = panel
  end
  return figures.new {title = given.title and tostring(given.title) or "training history", panels = panels}
end

--- The figure that plot.history draws.
M.figure = build

M.history = doc("plot.history", [[
plot.history(history, {title=}) -> figure

Draws what `fit` recorded: one panel for the loss and one for each metric, training and validation in each, against
the epoch. The epoch with the least validation loss is marked, and beside an accuracy stands the majority baseline.
`history` is what `fit` returned, or a table such as {loss={...}, val_loss={...}, accuracy={...}, val_accuracy={...}}.

> fig = plot.history {loss={0.7, 0.5, 0.4}, val_loss={0.7, 0.6, 0.65}}
> tostring(fig)
figure: training history, 2 series]], function(history, given)
  return draw(build(history, given))
end)

return M
