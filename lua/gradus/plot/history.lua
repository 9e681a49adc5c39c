-- The history of a training.

local arguments = require "gradus.plot.arguments"
local core = require "gradus.core.plot"
local curves = require "gradus.plot.curves"
local doc = require "gradus.help".doc
local draw = require "gradus.plot.drawing".draw
local figures = require "gradus.plot.figure"
local majority = require "gradus.metrics.baseline"

local error, ipairs, pairs, pcall, tostring, type = error, ipairs, pairs, pcall, tostring, type
local abs, huge, max, min = math.abs, math.huge, math.max, math.min
local sort = table.sort

local check_options, count_of, is_array, positions = arguments.check_options, arguments.count_of, arguments.is_array,
  arguments.positions

local M = {}

-- The epochs that n numbers of a history belong to: `list` says them, when it does; otherwise they are the first ones.
local function epochs(list, n)
  if type(list) == "table" and #list == n and n > 0 then return core.array(list, "epochs") end
  return positions(n)
end

local function build(history, given)
  given = check_options("plot.history", given or {}, {"title"})
  local record, baseline, trained, validated = history, nil, nil, nil
  if type(history) == "table" or type(history) == "userdata" then
    local ok, inner = pcall(function() return history.history end)
    if ok and type(inner) == "table" then
      record, baseline = inner, history.val_baseline or history.baseline
      trained, validated = history.epoch, history.validated
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
  local best, best_epoch  -- its place in the lists of validation
  if is_array(record.val_loss) then
    local least, losses = huge, core.values(core.array(record.val_loss, "plot.history: val_loss"))
    for place, value in ipairs(losses) do
      if value < least then least, best = value, place end
    end
    best_epoch = best and core.values(epochs(validated, #losses))[best]
  end
  local panels = {}
  for i, metric in ipairs(metrics) do
    local list = {}
    local first, last
    for k, key in ipairs {metric, "val_" .. metric} do
      if is_array(record[key]) then
        local y = core.array(core.values(core.array(record[key], "plot.history: " .. key)), key)
        local x = epochs(k == 1 and trained or validated, count_of(y))
        local places = core.values(x)
        first, last = min(first or huge, places[1] or 1), max(last or 1, places[#places] or 1)
        list[#list + 1] = {x = x, y = y, label = k == 1 and "training" or "validation", color = k,
          style = count_of(y) <= 12 and "linespoints" or "lines"}
      end
    end
    if type(baseline) == "number" and majority.belongs_to(metric) then
      local level = core.array({baseline, baseline}, "plot.history: the baseline")
      list[#list + 1] = {x = core.array({first, max(last, first + 1)}, "epochs"), y = level, label = "baseline",
        color = 3, dash = 2, style = "lines"}
    end
    local panel = curves.panel("plot.history", list, {xlabel = "epoch", ylabel = metric:gsub("_", " ")})
    panel.whole = true
    if best then
      -- Named once: the accuracy's panel has the baseline where the words would stand.
      panel.marks = {{x = best_epoch, label = i == 1 and ("best: epoch %d"):format(best_epoch) or nil}}
      local values = list[2] and list[2].label == "validation" and core.values(list[2].y)
      if values and values[best] and abs(values[best]) < huge then panel.marks[1].y = values[best] end
    end
    panel.xrange = last > first and {first, last} or {first - 0.5, first + 0.5}
    panels[i] = panel
  end
  return figures.new {title = given.title and tostring(given.title) or "training history", panels = panels}
end

--- The figure that plot.history draws.
M.figure = build

M.history = doc("plot.history", [[
plot.history(history, {title=}) -> figure

Draws what `fit` recorded: one panel for the loss and one for each metric, training and validation in each, against the
epoch: that of the training, where it went on in this fit. The epoch with the least validation loss is marked, and
beside an accuracy stands the majority baseline. `history` is what `fit` returned, or a table such as {loss={...},
val_loss={...}, accuracy={...}, val_accuracy={...}}.

> fig = plot.history {loss={0.7, 0.5, 0.4}, val_loss={0.7, 0.6, 0.65}}
> tostring(fig)
figure: training history, 2 series]], function(history, given)
  return draw(build(history, given))
end)

return M
