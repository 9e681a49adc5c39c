-- model:explain(): where every number of a network comes from, as arithmetic. First of its sizes, or of one layer's;
-- then, of one unit and one input, of its value (unit.lua).

local doc = require("gradus.help").doc
local images = require "gradus.nn.images"
local options = require "gradus.options"
local session = require "gradus.session"
local shapes = require "gradus.shapes"
local unit_text = require "gradus.nn.unit"
local with_commas = require("gradus.nn.summary").with_commas

local M = {methods = {}}

local function product(list)
  local n = 1
  for _, each in ipairs(list) do n = n * each end
  return n
end

local function times(list)
  return #list == 0 and "1" or table.concat(list, "*")
end

-- ---- what each kind of layer says: {about=, output=, parameters=, work=, terms=, window=} ----
--
-- `work` is how many numbers the layer puts out by sums of `terms` products (as factors), `window` how many pixels it
-- looks at and how far apart, for the receptive field. They are given shapes of images as (rows, columns, channels).

local kinds = {}

function kinds.Dense(layer, from)
  local n, units = from[1], layer.units
  return {about = string.format("%s a sum of %s inputs times weights%s",
      units == 1 and "one unit," or string.format("each of %d units is", units), with_commas(n),
      layer.use_bias and ", plus its bias" or ""),
    output = string.format("one number a unit: %d", units),
    parameters = layer.use_bias and string.format("%d*%d + %d", n, units, units) or string.format("%d*%d", n, units),
    outputs = {units}, terms = {n}, window = "all"}
end

-- 23 = floor((25 - 3) / 1) + 1
local function axis_text(layer, n, out, size, stride, dilation)
  if layer.padding == "same" then return string.format("%d = ceil(%d / %d)", out, n, stride) end
  local reach = (size - 1) * dilation + 1
  local wide = dilation > 1 and string.format("(%d - 1)*%d - 1", size, dilation) or tostring(reach)
  return string.format("%d = floor((%d - %s) / %d) + 1", out, n, wide, stride)
end

local function window_text(layer, from, shape, size, dilation)
  local rows = axis_text(layer, from[1], shape[1], size[1], layer.strides[1], dilation[1])
  local columns = axis_text(layer, from[2], shape[2], size[2], layer.strides[2], dilation[2])
  return rows == columns and rows .. " rows and columns" or rows .. " rows, " .. columns .. " columns"
end

function kinds.Conv2D(layer, from, shape)
  local k, d, filters = layer.kernel_size, layer.dilation_rate, layer.filters
  local channels = from[3] // layer.groups  -- that a filter looks at
  local one = {k[1], k[2], channels}
  local over = layer.groups == 1 and string.format("%d channel%s", channels, channels == 1 and "" or "s")
    or string.format("%d of the %d channels, those of its group among %d", channels, from[3], layer.groups)
  return {about = string.format('%d filters: each a window of %dx%d pixels over %s, padding "%s"', filters, k[1], k[2],
      over, layer.padding),
    output = window_text(layer, from, shape, k, d) .. string.format(", %d filters", filters),
    parameters = layer.use_bias and string.format("(%s + 1)*%d", times(one), filters)
      or string.format("%s*%d", times(one), filters),
    outputs = shape, terms = one, window = {size = k, strides = layer.strides, dilation = d}}
end

local function pooling(words)
  return function(layer, from, shape)
    local k = layer.pool_size
    return {about = string.format("%s of each window of %dx%d, channel by channel", words, k[1], k[2]),
      output = window_text(layer, from, shape, k, {1, 1}), parameters = "",
      window = {size = k, strides = layer.strides, dilation = {1, 1}}}
  end
end

kinds.MaxPooling2D = pooling "the greatest number"
kinds.AveragePooling2D = pooling "the mean"

function kinds.Flatten(layer, from)
  local order = images.channels_first(layer) and ", the channels of each pixel beside each other" or ""
  return {about = "the same numbers in one row" .. order, window = "all",
    output = string.format("%d = %s", product(from), times(from))}
end

function kinds.BatchNormalization(layer, from)
  local features, parts = layer:feature_shape(from)[1], 2
  if layer.scale then parts = parts + 1 end
  if layer.center then parts = parts + 1 end
  return {about = "each feature to mean 0 and variance 1, then stretched by gamma and shifted by beta",
    parameters = string.format("%d*%d: moving mean and variance, not trained%s", parts, features,
      parts > 2 and ", and what is learnt" or "")}
end

function kinds.LayerNormalization(layer, from)
  local parts = (layer.scale and 1 or 0) + (layer.center and 1 or 0)
  return {about = "each sample to mean 0 and variance 1 over its features", parameters =
    parts > 0 and string.format("%d*%s", parts, times(layer:feature_shape(from)))}
end

function kinds.Dropout(layer)
  local drawn = layer.noise_shape and string.format(" (drawn in shape %s)", shapes.text(layer.noise_shape)) or ""
  return {about = string.format("in training each number is 0 with probability %g%s, the others are divided by %g",
    layer.rate, drawn, 1 - layer.rate)}
end

function kinds.GlobalAveragePooling2D(_, from)
  return {about = "the mean of each channel", output = string.format("%d channels", from[3]), window = "all"}
end

function kinds.GlobalMaxPooling2D(_, from)
  return {about = "the greatest number of each channel", output = string.format("%d channels", from[3]),
    window = "all"}
end

-- ---- layers that only change each number ----

local function elementwise(words)
  return function(layer) return {about = (words:gsub("{([%w_]+)}", function(name)
    return type(layer[name]) == "number" and string.format("%g", layer[name]) or tostring(layer[name])
  end))} end
end

kinds.Activation = elementwise "{activation} of each number"
kinds.ReLU = elementwise "each number, or 0 where it is negative"
kinds.LeakyReLU = elementwise "each number, times {negative_slope} where it is negative"
kinds.ELU = elementwise "each number x, or {alpha} * (e^x - 1) where it is negative"
function kinds.PReLU(layer)
  return {about = "each number, times its alpha where it is negative: alpha is learnt", parameters =
    times(layer.alpha.shape)}
end

kinds.Softmax = elementwise "e^x of each number, divided by the sum of them: shares of 1"
kinds.Rescaling = elementwise "each number times {scale}, plus {offset}"
kinds.GaussianNoise = elementwise "in training normal noise is added, of standard deviation {stddev}"
for _, name in ipairs {"Flip", "Rotation", "Translation", "Zoom", "Contrast", "Brightness"} do
  kinds["Random" .. name] = elementwise "in training each picture is changed a little; in prediction none is"
end

function kinds.Reshape(_, from, shape)
  return {about = "the same numbers in another shape", window = "all",
    output = string.format("%s = %s = %d numbers", times(shape), times(from), product(shape))}
end

-- ---- layers of several inputs ----

for name, words in pairs {Add = "sum", Average = "mean", Multiply = "product", Maximum = "greatest",
  Minimum = "least", Subtract = "difference"} do
  kinds[name] = function(_, _, _, all) return {about = string.format("the %s of %d inputs, number by number", words,
    #all)} end
end

function kinds.Concatenate(layer, _, shape, all)
  local parts, along = {}, layer.axis < 0 and #shape + 1 + layer.axis or layer.axis - 1
  for i, from in ipairs(all) do parts[i] = from[along] end
  return {about = string.format("%d inputs, one behind the other", #all),
    output = string.format("%d = %s", shape[along], table.concat(parts, " + "))}
end

-- A learner's own kind has weights of any shape.
local function own(layer)
  local parts = {}
  for _, name in ipairs(layer:all_names()) do parts[#parts + 1] = times(layer[name].shape) .. " of " .. name end
  return {about = "your own kind of layer", parameters = table.concat(parts, " + ")}
end

-- ---- the receptive field: how many pixels of the input one number depends on ----

-- Behind a field of that size and jump (pixels of the input between two neighbours).
local function widen(field, window)
  if field == "all" or window == "all" or not field then return field and "all" end
  if not window then return field end
  local wider = {size = {}, jump = {}}
  for axis = 1, 2 do
    local reach = (window.size[axis] - 1) * window.dilation[axis]
    wider.size[axis] = field.size[axis] + reach * field.jump[axis]
    wider.jump[axis] = field.jump[axis] * window.strides[axis]
  end
  return wider
end

local function widest(fields)
  local result = fields[1]
  for i = 2, #fields do
    if fields[i] == "all" or result == "all" then return "all" end
    result = {jump = result.jump, size = {math.max(result.size[1], fields[i].size[1]),
      math.max(result.size[2], fields[i].size[2])}}
  end
  return result
end

local function field_text(field)
  if field == "all" then return "the whole input" end
  local down, across = field.jump[1], field.jump[2]
  return string.format("%dx%d pixels of the input, %s from one to the next", field.size[1], field.size[2],
    down == across and down or string.format("%d down and %d across", down, across))
end

-- ---- the page ----

local function line(lines, title, text)
  if text and text ~= "" then lines[#lines + 1] = session.folded(string.format("   %-15s", title), text) end
end

local function layer_lines(lines, i, node, field, seen)
  local layer = node.layer
  local kind = kinds[layer.class_name]
  local from, shape = images.of_pixels(layer, node.from[1]), images.of_pixels(layer, node.shape)
  local says = layer.is_own and own(layer) or kind and kind(layer, from, shape, node.from) or {}
  field = widen(field, says.window)
  lines[#lines + 1] = session.folded(i .. ". ", string.format("%s (%s)%s", layer.name, layer.class_name,
    says.about and ": " .. says.about or ""))
  line(lines, "output", shapes.text(node.shape) .. (says.output and ": " .. says.output or ""))
  local count = layer:count_params()
  if seen[layer] then
    line(lines, "parameters", "those of its first place")
    count = 0
  elseif count > 0 then
    line(lines, "parameters", with_commas(count) .. (says.parameters and says.parameters ~= ""
      and " = " .. says.parameters or ""))
  end
  local work = 0
  if says.terms then
    work = product(says.outputs) * product(says.terms)
    line(lines, "multiply-adds", string.format("%s = %s outputs * %s each", with_commas(work), times(says.outputs),
      times(says.terms)))
  end
  if field then line(lines, "sees", field_text(field)) end
  seen[layer] = true
  return field, count, work
end

-- Of the whole network, or of the layer at one place.
local function page(model, only)
  local input, lines, seen = model.input_shape, {}, {}
  local fields = {[0] = #input == 3 and {size = {1, 1}, jump = {1, 1}} or nil}
  lines[1] = string.format("%s: one sample has shape %s, %s numbers", model.name, shapes.text(input),
    with_commas(product(input)))
  local counts, parameters, work, activations, most = {}, 0, 0, 0, 0
  for i, node in ipairs(model:graph()) do
    local before = {}
    for _, place in ipairs(node.inputs) do before[#before + 1] = fields[place] end
    local count, products
    fields[i], count, products = layer_lines(only and only ~= i and {} or lines, i, node, widest(before), seen)
    if count > 0 then counts[#counts + 1] = with_commas(count) end
    parameters, work, activations = parameters + count, work + products, activations + product(node.shape)
    most = math.max(most, product(node.shape))
  end
  if only then return table.concat(lines, "\n", 2) end
  local bytes = model.dtype == "float64" and 8 or 4
  lines[#lines + 1] = "all of them"
  line(lines, "parameters", with_commas(parameters) .. (#counts > 1 and " = " .. table.concat(counts, " + ") or "")
    .. string.format(", %s bytes in %s", with_commas(parameters * bytes), model.dtype))
  line(lines, "multiply-adds", with_commas(work) .. " for one sample; training takes about three times as many")
  line(lines, "activations", string.format("%s numbers for one sample, %s bytes; the largest layer has %s",
    with_commas(activations), with_commas(activations * bytes), with_commas(most)))
  return table.concat(lines, "\n")
end

local EXPLAIN = {{"layer"}, {"unit"}, {"x"}}

local function find_layer(model, wanted)
  local names = {}
  for i, node in ipairs(model:graph()) do
    if wanted == i or wanted == node.layer.name or wanted == node.layer then return i end
    names[i] = node.layer.name
  end
  error(string.format("explain: there is no layer %s%s", type(wanted) == "string" and '"' .. wanted .. '"'
    or tostring(wanted), options.suggest(tostring(wanted), names)), 0)
end

M.methods.explain = doc("model.explain", [[
model:explain()
model:explain{layer}
model:explain{layer, unit, x}

Prints where the sizes of a network come from: the arithmetic of each output shape and parameter count, the
multiply-adds for one sample, and how many pixels of the input one number depends on (its receptive field). With a layer
(its name or number) only what concerns that one. With one of its units, too (a number, or {row, column, filter}), and a
sample x: what that one number of the output is the sum of, with the numbers of this input.

> m = nn.Sequential{nn.Dense{2, activation="relu", input_shape={3}, kernel_initializer="ones"}}
> m:explain()
sequential: one sample has shape (3,), 3 numbers
1. dense (Dense): each of 2 units is a sum of 3 inputs times weights, plus its bias
   output         (2,): one number a unit: 2
   parameters     8 = 3*2 + 2
   multiply-adds  6 = 2 outputs * 3 each
all of them
   parameters     8, 32 bytes in float32
   multiply-adds  6 for one sample; training takes about three times as many
   activations    2 numbers for one sample, 8 bytes; the largest layer has 2
> nn.Sequential{nn.Conv2D{4, 3, input_shape={8, 8, 1}}, nn.Conv2D{4, 3}}:explain{2}
2. conv2d_1 (Conv2D): 4 filters: each a window of 3x3 pixels over 4 channels, padding "valid"
   output         (4, 4, 4): 4 = floor((6 - 3) / 1) + 1 rows and columns, 4 filters
   parameters     148 = (3*3*4 + 1)*4
   multiply-adds  2,304 = 4*4*4 outputs * 3*3*4 each
   sees           5x5 pixels of the input, 1 from one to the next
> m:explain{"dense", 2, tensor{1, 2, 4}}
dense, unit 2: the sum of inputs times weights, plus the bias
  x[1]     1 *  1  = 1
  x[2]     2 *  1  = 2
  x[3]     4 *  1  = 4
  bias             = 0
  z                = 7
  relu(z)          = 7
]], options.takes(EXPLAIN, function(model, given)
  model:expect_built()
  if given == nil then
    session.say(page(model) .. "\n")
    return
  end
  local read = options.read("explain", given, EXPLAIN)
  if read.layer == nil or (read.unit == nil) ~= (read.x == nil) then
    error('explain takes a layer, one of its units and a sample, as in model:explain{"dense", 1, x[1]}; or a layer, to '
      .. "explain its sizes; or nothing, for those of the whole network", 0)
  end
  local place = find_layer(model, read.layer)
  session.say((read.unit == nil and page(model, place) or unit_text(model, place, read.unit, read.x)) .. "\n")
end))

return M
