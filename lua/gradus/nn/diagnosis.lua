-- Why training has stopped at a number that is none, or a loss is one: which layer, which sample, and the likely cause.

local core = require "gradus.core.grad"
local tensor = require "gradus.core.tensor"
local trace = require "gradus.nn.trace"

-- The position along axis 1 of the first row with a number that is not finite, and that number; or nil.
local function bad_row(t)
  if t.size == 0 then return nil end
  local bad = tensor.logical_not(tensor.isfinite(t))
  if not tensor.any(bad) then return nil end
  local at = tensor.argmax(bad:reshape(-1))
  return (at - 1) // (t.size // #t) + 1, t:reshape(-1)[at]
end

local function largest(t)
  return tensor.max(tensor.abs(t))
end

local function text_of(value)
  return value ~= value and "nan" or value > 0 and "inf" or "-inf"
end

-- The samples of the batch, and the positions they have in x.
local function batch_of(t, order, first, count, dtype)
  local last = first + count - 1
  local rows = order and t[order[{{first, last}}]] or t[{{first, last}}]
  return rows.dtype == dtype and rows or rows:astype(dtype)
end

local function position(order, first, row)
  return order and order[first + row - 1] or first + row - 1
end

-- The sentences about the cause, for samples first .. first + count - 1 of x and y in that order.
local function causes(model, x, y, order, first, count)
  local lines = {}
  local function add(...) lines[#lines + 1] = string.format(...) end
  local bx, by = batch_of(x, order, first, count, model.dtype), batch_of(y, order, first, count, model.dtype)
  local row, number_there = bad_row(bx)
  if row then
    add("the input is the cause: sample %d of x has %s in it; find all with isfinite, or leave such samples out",
      position(order, first, row), text_of(number_there))
    return lines
  end
  row, number_there = bad_row(by)
  if row then
    add("the truth is the cause: sample %d of y is %s", position(order, first, row), text_of(number_there))
    return lines
  end
  local most = 0.0
  for _, layer in ipairs(model.layers) do
    for i, w in ipairs(layer:all_weights()) do
      local size = w.size > 0 and largest(w) or 0
      if size ~= size or size == math.huge then
        add("%s.%s already holds numbers that are not finite: draw the weights anew, with a new model", layer.name,
          layer:all_names()[i])
        return lines
      end
      most = math.max(most, size)
    end
  end
  local h, bad, found = bx, nil, nil
  for _, place in ipairs(trace.run(model, bx)) do
    local layer = place.layer
    h = core.plain(place.output)
    bad, found = bad_row(h)
    if bad then
      add("the first is in the output of %s (%s), for sample %d: %s; the largest weight is %.3g, the largest input "
        .. "%.3g", layer.name, layer.class_name, position(order, first, bad), text_of(found), most, largest(bx))
      break
    end
  end
  if not bad then
    bad, found = bad_row(core.plain(model.loss.call(h, by)))
    if bad then
      add("the outputs are finite, the largest is %.3g, and the loss of sample %d is %s", largest(h),
        position(order, first, bad), text_of(found))
    end
  end
  if largest(bx) > 30 then
    add("likely cause: the input is not scaled, it goes up to %.4g; divide it so that it lies between 0 and 1, as in "
      .. "x / %.4g", largest(bx), largest(bx))
  elseif not model.loss.labels and largest(by) > 1000 then
    add("likely cause: the truth is not scaled, it goes up to %.4g; train on (y - mean(y)) / std(y), and undo that in "
      .. "what is predicted", largest(by))
  elseif most > 100 then
    add("likely cause: the learning rate is too high, the weights have grown to %.3g; it is %g, try a tenth", most,
      model.optimizer.current_rate and model.optimizer:current_rate() or 0)
  else
    add("likely causes: a logarithm of 0, a root of 0 or a division by 0 in a function of yours, or a learning rate "
      .. "that is too high")
  end
  return lines
end

local M = {}

--- The sentences for a step of training whose loss or gradients are not finite. `what` is "loss" or "gradient";
--- `number` is that of the step, `place` where in fit it is (unfinished.lua) or nil; `weight` names that of a gradient.
function M.of_step(model, what, value, number, place, x, y, order, first, count, weight)
  local where = weight and " (of " .. weight .. ")" or ""
  if place then
    where = string.format("%s, batch %d of %d in epoch %d", where, place.batch + 1, place.batches, place.epoch)
  end
  local lines = causes(model, x, y, order, first, count)
  table.insert(lines, 1, string.format("the %s became %s in step %d%s; nothing was changed: the weights are those "
    .. "after step %d", what, text_of(value), number, where, number - 1))
  return table.concat(lines, "\n")
end

--- The sentences for a loss that was measured without learning, on samples first .. first + count - 1 of x and y.
function M.of_measure(model, value, x, y, first, count)
  local lines = causes(model, x, y, nil, first, count)
  table.insert(lines, 1, string.format("the loss of samples %d to %d is %s", first, first + count - 1, text_of(value)))
  return table.concat(lines, "\n")
end

return M
