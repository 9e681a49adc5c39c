-- Weights of PyTorch as they are needed here. A state_dict names them "0.weight" or "conv1.bias"; what differs:
--
--   Linear.weight       (out, in)                    here (in, out): turned round
--   Conv2d.weight       (out, in, rows, columns)     here (rows, columns, in, out)
--   behind a Flatten    features count through channels, rows, columns there; through rows, columns, channels here,
--                       where the channel of a pixel is the last axis: the rows of the kernel are put in our order.
--                       Behind layers with data_format="channels_first" the order is PyTorch's already
--   PReLU               weight (channels,) or (1,) is alpha: (1, 1, channels) or (1, 1, 1) behind a convolution
--   BatchNorm           weight, bias, running_mean, running_var are gamma, beta, moving_mean, moving_variance; its
--                       eps is 1e-5 and here epsilon is 1e-3 unless the layer says otherwise

local images = require "gradus.nn.images"
local tensor = require "gradus.core.tensor"

local M = {}

local fields = {weight = true, bias = true, running_mean = true, running_var = true, num_batches_tracked = true}

-- What our weights are called there.
local theirs = {kernel = "weight", bias = "bias", gamma = "weight", beta = "bias", moving_mean = "running_mean",
  moving_variance = "running_var", alpha = "weight"}

local function split(name)
  local module, field = name:match("^(.*)%.([%w_]+)$")
  return module or "", field or name
end

--- Whether the names are those of a state_dict.
function M.is(names)
  for _, name in ipairs(names) do
    if name:find("/", 1, true) or not fields[select(2, split(name))] then return false end
  end
  return #names > 0
end

-- "block.10" behind "block.9".
local function natural(name)
  return (name:gsub("%d+", function(digits) return string.format("%09d", digits) end))
end

-- The modules with their arrays, {name=, fields={field, ...}, arrays={field=tensor}}. The names in a .safetensors file
-- of PyTorch's are sorted, so there the numbers in them say the order.
local function modules_of(names, tensors, in_order)
  local list, known = {}, {}
  for _, name in ipairs(names) do
    local module, field = split(name)
    if not known[module] then
      known[module] = {name = module, fields = {}, arrays = {}}
      list[#list + 1] = known[module]
    end
    local fields_so_far = known[module].fields
    fields_so_far[#fields_so_far + 1] = field
    known[module].arrays[field] = tensors[name]
  end
  if not in_order then
    table.sort(list, function(a, b) return natural(a.name) < natural(b.name) end)
  end
  return list
end

-- Pairs the layers that have weights with the modules: by name where each has the name of a module, else in order.
local function pair(path, model, modules)
  local layers, by_name, named = {}, {}, true
  for _, module in ipairs(modules) do by_name[module.name] = module end
  for _, layer in ipairs(model.layers) do
    if #layer:all_names() > 0 then
      layers[#layers + 1] = layer
      named = named and by_name[layer.name] ~= nil
    end
  end
  if #layers ~= #modules then
    local ours, other = {}, {}
    for i, layer in ipairs(layers) do ours[i] = layer.name end
    for i, module in ipairs(modules) do other[i] = module.name end
    error(string.format("%s has weights of %d PyTorch modules (%s), and this model has %d layers with weights (%s): "
      .. "they are paired one after the other", path, #other, table.concat(other, ", "), #ours,
      table.concat(ours, ", ")), 0)
  end
  local paired = {}
  for i, layer in ipairs(layers) do paired[i] = {layer, named and by_name[layer.name] or modules[i]} end
  return paired
end

-- For each number that a Flatten makes of images of that shape: its position in what PyTorch's makes of (channels,
-- rows, columns). nil where the two are the same.
local function order_behind(flatten, shape, channels_first)
  local image = {data_format = channels_first and "channels_first" or "channels_last"}
  local rows, columns, channels = table.unpack(images.of_pixels(image, shape))
  local there = tensor.arange(1, rows * columns * channels + 1):reshape(1, channels, rows, columns)
  local here = channels_first and there or there:transpose(1, 3, 4, 2)
  local order = images.batch_of_pixels(flatten, here):reshape(-1)
  return tensor.any(tensor.ne(order, there:reshape(-1))) and order:astype "int64" or nil
end

-- For each layer whose input, one axis of features, was an image before a Flatten: their order, as order_behind has it.
local function flattened(path, model)
  local orders, from, channels_first = {}, {}, {}
  for i, node in ipairs(model:graph()) do
    local layer, order, first = node.layer, nil, nil
    for _, input in ipairs(node.inputs) do
      order = order or from[input]
      if first == nil then first = channels_first[input] end
    end
    orders[layer] = order
    if layer.class_name == "Flatten" and #node.from[1] == 3 then
      -- Where no layer before has said so, its own option tells which axis the channels are.
      if first == nil then first = images.channels_first(layer) end
      from[i] = order_behind(layer, node.from[1], first)
    elseif order and layer.class_name == "Concatenate" then
      error(string.format("%s: %s joins what a Flatten gave with something else, and its features have another order "
        .. "in PyTorch: turn the weights behind it in Python", path, layer.name), 0)
    elseif order and #node.shape == 1 and layer.class_name ~= "Dense" then
      from[i] = order  -- Dropout, an activation, a normalization: the features stay where they are
    end
    if layer.data_format then first = images.channels_first(layer) end
    channels_first[i] = first
  end
  return orders
end

local function turned(layer, name, t, order)
  if name == "kernel" and t.ndim == 2 then t = t.T end
  if name == "kernel" and t.ndim == 4 then t = t:transpose(3, 4, 2, 1) end
  if name == "alpha" and t.size == layer.alpha.size then t = t:reshape(layer.alpha.shape) end
  if order and t.ndim > 0 and #t == #order and name ~= "bias" then return t[order] end
  return t
end

--- Names and tensors as this model has them, and what is to be said about it.
function M.translate(path, model, names, tensors, in_order)
  local new_names, new_tensors, notes = {}, {}, {}
  local orders = flattened(path, model)
  local function add(name, t)
    new_names[#new_names + 1] = name
    new_tensors[name] = t
  end
  for _, each in ipairs(pair(path, model, modules_of(names, tensors, in_order))) do
    local layer, module = table.unpack(each)
    local used = {num_batches_tracked = true}  -- how many batches the means have seen: nothing that is needed here
    for _, name in ipairs(layer:all_names()) do
      local t = module.arrays[theirs[name] or name]
      if t then
        used[theirs[name] or name] = true
        add(layer.name .. "/" .. name, turned(layer, name, t, orders[layer]))
      end
    end
    for _, field in ipairs(module.fields) do
      if not used[field] then add(module.name .. "." .. field, module.arrays[field]) end
    end
    if module.arrays.running_mean and layer.epsilon and layer.epsilon ~= 1e-5 then
      notes[#notes + 1] = string.format("PyTorch's BatchNorm2d adds eps=1e-5 to the variance, and %s adds %g: make it "
        .. "with epsilon=1e-5 for the same numbers (unless eps was another there)", layer.name, layer.epsilon)
    end
  end
  table.insert(notes, 1, string.format("%s holds PyTorch's weights: kernels were turned from (out, in, ...) to (..., "
    .. "in, out)%s", path, next(orders) and ", and what stands behind a Flatten from channels first to channels last"
    or ""))
  return new_names, new_tensors, notes
end

return M
