-- What one number of a layer's output is made of, with the numbers of one input.

local columns = require "gradus.columns"
local images = require "gradus.nn.images"
local session = require "gradus.session"
local shapes = require "gradus.shapes"
local trace = require "gradus.nn.trace"

local MOST = 27  -- terms that are written out: a window of 3x3 over three channels

local function show(x)
  return string.format("%.6g", x)
end

local function check_unit(layer, unit, shape)
  if math.type(unit) == "integer" then unit = {unit} end
  local good = type(unit) == "table" and #unit == #shape
  for axis = 1, good and #shape or 0 do
    good = good and math.type(unit[axis]) == "integer" and unit[axis] >= 1 and unit[axis] <= shape[axis]
  end
  if not good then
    error(string.format("explain: the output of %s has shape %s for one sample; unit is a position in it, as in {%s}",
      layer.name, shapes.text(shape), table.concat(shape, ", ")), 0)
  end
  return unit
end

-- "x[3, 4, 1]": a position in the layer's input, given as (row, column, channel).
local function name_of(layer, ...)
  return "x[" .. table.concat(images.as_given(layer, {...}), ", ") .. "]"
end

-- ---- sums of products ----

-- Rows of a table: terms {name, input, weight}; of many the largest products, and the rest together. Returns the sum.
local function sum_rows(rows, terms)
  local total, shown = 0.0, terms
  for _, term in ipairs(terms) do
    term.product = term[2] * term[3]
    total = total + term.product
  end
  if #terms > MOST then
    shown = table.move(terms, 1, #terms, 1, {})
    table.sort(shown, function(a, b) return math.abs(a.product) > math.abs(b.product) end)
  end
  local left = total
  for i = 1, math.min(#shown, MOST) do
    local term = shown[i]
    rows[#rows + 1] = {term[1], show(term[2]) .. " *", show(term[3]), "= " .. show(term.product)}
    left = left - term.product
  end
  if #shown > MOST then
    rows[#rows + 1] = {string.format("%d more", #shown - MOST), "", "", "= " .. show(left)}
  end
  return total
end

local function finish(rows, layer, total, bias, output)
  if bias then rows[#rows + 1] = {"bias", "", "", "= " .. show(bias)} end
  local activation = layer.activation
  local linear = activation == nil or activation == "linear"
  rows[#rows + 1] = {"z", "", "", "= " .. show(total + (bias or 0))}
  if not linear then
    local name = type(activation) == "string" and activation or "activation"
    rows[#rows + 1] = {name .. (name == "softmax" and " of all z" or "(z)"), "", "", "= " .. show(output)}
  end
end

-- What each kind says of a unit. Input, unit and shape of images are as (rows, columns, channels).
local kinds = {}

function kinds.Dense(rows, layer, input, unit, output)
  local terms, j = {}, unit[1]
  for i = 1, input.shape[1] do terms[i] = {string.format("x[%d]", i), input[i], layer.kernel[{i, j}]} end
  finish(rows, layer, sum_rows(rows, terms), layer.use_bias and layer.bias[j] or nil, output)
  return "the sum of inputs times weights" .. (layer.use_bias and ", plus the bias" or "")
end

-- Where the window of that output begins along an axis, before the image where there is padding. Keras's rule.
local function window_start(layer, n, out, at, axis, reach)
  local stride, before = layer.strides[axis], 0
  if layer.padding == "same" then before = math.max((out - 1) * stride + reach - n, 0) // 2 end
  return (at - 1) * stride + 1 - before
end

-- Calls f(row, column, i, j) for each pixel (i, j of the window) that lies inside the image; returns how many do not.
local function each_pixel(layer, input, unit, shape, size, dilation, f)
  local start, outside = {}, 0
  for axis = 1, 2 do
    local reach = (size[axis] - 1) * dilation[axis] + 1
    start[axis] = window_start(layer, input.shape[axis], shape[axis], unit[axis], axis, reach)
  end
  for i = 1, size[1] do
    for j = 1, size[2] do
      local row, column = start[1] + (i - 1) * dilation[1], start[2] + (j - 1) * dilation[2]
      if row >= 1 and row <= input.shape[1] and column >= 1 and column <= input.shape[2] then
        f(row, column, i, j)
      else
        outside = outside + 1
      end
    end
  end
  return outside
end

local function beyond(outside)
  return outside > 0 and string.format("; %d pixels of the window lie outside the image and count as 0", outside) or ""
end

function kinds.Conv2D(rows, layer, input, unit, output, shape)
  local terms, filter = {}, unit[3]
  local channels = input.shape[3] // layer.groups  -- of its group, the first of them behind `before`
  local before = (filter - 1) // (layer.filters // layer.groups) * channels
  local outside = each_pixel(layer, input, unit, shape, layer.kernel_size, layer.dilation_rate,
    function(row, column, i, j)
      for c = 1, channels do
        local channel = before + c
        terms[#terms + 1] = {name_of(layer, row, column, channel), input[{row, column, channel}],
          layer.kernel[{i, j, c, filter}]}
      end
    end)
  finish(rows, layer, sum_rows(rows, terms), layer.use_bias and layer.bias[filter] or nil, output)
  return string.format("pixels of a window of %dx%d times the kernel of filter %d%s%s", layer.kernel_size[1],
    layer.kernel_size[2], filter, layer.use_bias and ", plus the bias" or "", beyond(outside))
end

local function pooling(name)
  return function(rows, layer, input, unit, output, shape)
    each_pixel(layer, input, unit, shape, layer.pool_size, {1, 1}, function(row, column)
      rows[#rows + 1] = {name_of(layer, row, column, unit[3]), "", "",
        "= " .. show(input[{row, column, unit[3]}])}
    end)
    rows[#rows + 1] = {name, "", "", "= " .. show(output)}
    return string.format("the %s of a window of %dx%d in channel %d", name, layer.pool_size[1], layer.pool_size[2],
      unit[3])
  end
end

kinds.MaxPooling2D = pooling "greatest"
kinds.AveragePooling2D = pooling "mean"

function kinds.Flatten(rows, layer, input, unit, output)
  local rest, position = unit[1] - 1, {}
  for axis = #input.shape, 1, -1 do
    position[axis] = rest % input.shape[axis] + 1
    rest = rest // input.shape[axis]
  end
  rows[1] = {name_of(layer, table.unpack(position)), "", "", "= " .. show(output)}
  return "one number of the input, in row-major order" .. (images.channels_first(layer)
    and " once the channels are the last axis" or "")
end

function kinds.BatchNormalization(rows, layer, input, unit, output)
  local f = unit[layer:feature_axes(input.shape)[1]]
  local x, mean, variance = input[unit], layer.moving_mean[f], layer.moving_variance[f]
  rows[1] = {"x", "", "", "= " .. show(x)}
  rows[2] = {"(x - mean) / sqrt(variance + epsilon)", "", "", string.format("= (%s - %s) / sqrt(%s + %s)", show(x),
    show(mean), show(variance), show(layer.epsilon))}
  rows[3] = {"... * gamma + beta", "", "", string.format("= ... * %s + %s", layer.scale and show(layer.gamma[f]) or "1",
    layer.center and show(layer.beta[f]) or "0")}
  rows[4] = {"output", "", "", "= " .. show(output)}
  return "normalized by the moving mean and variance of feature " .. f
end

-- Of one unit of the layer at a place of the network, with one sample.
return function(model, place, unit, x)
  x = trace.as_batch(model, x, "explain")
  if #x ~= 1 then error("explain takes one sample, and x has " .. #x .. ": as in x[1]", 0) end
  local seen = trace.run(model, x)[place]
  local layer, output = seen.layer, seen.output:detach()[1]
  local shape = output.shape
  unit = check_unit(layer, unit, shape)
  local value, rows = output[unit], {}
  local kind, says = kinds[layer.class_name], nil
  if kind and not layer.is_own then
    local input = images.batch_of_pixels(layer, seen.input:detach())[1]
    says = kind(rows, layer, input, images.of_pixels(layer, unit), value, images.of_pixels(layer, shape))
  else
    rows[1] = {"output", "", "", "= " .. show(value)}
    says = "its value"
  end
  local position = #unit == 1 and unit[1] or "{" .. table.concat(unit, ", ") .. "}"
  return session.folded("", string.format("%s, unit %s: %s", layer.name, position, says)) .. "\n  "
    .. columns(rows, {false, true, true}):gsub("\n", "\n  ")
end
