-- Random networks of every kind of layer, with random options, losses, optimizers and sizes of batches. Of each:
--   the recorded training gives the numbers of the one that runs eagerly, operation by operation, in float64
--   the first gradients in float32 are those in float64, within rounding
--   1, 2 and 8 threads give the same bits
--   what model:save writes, nn.load reads, to the same predictions
--   a training that is left after some batch, saved, loaded and resumed comes to the same bits
--
--   gradus tests/fuzz/random_networks.lua [FIRST [COUNT]]
--
-- tries the networks of the seeds FIRST, FIRST + 1, ...; without arguments a few, in seconds. A long run:
--
--   ./build-check/src/shell/gradus tests/fuzz/random_networks.lua 1 5000
--
-- A line for each finding names the network, and the exit status is 1. One of some hundred is no mistake in the
-- gradients in float32: where normalizations in a row make much of rounding, where numbers lie on the corner of a ReLU,
-- or where two of a maximum are alike in float32 alone. Of some thousand, one is none in float64: on such a corner, or
-- where numbers are 0 but for rounding, as the mean of what was normalized, of which Adamax and its kin make much.
-- GRADUS_ISA=avx2 or baseline tries other kernels.
-- With "bits" behind COUNT only the bits of each training are printed, one line a network.

local summary = require "gradus.nn.summary"

local first, count, only_bits = math.tointeger(arg[1] or 1), math.tointeger(arg[2] or 120), arg[3] == "bits"
local LARGEST = 3000  -- numbers that one sample has in any layer

require("gradus.session").warn = function() end  -- that a network runs eagerly, or that loss and output do not fit

-- ---- dice ----

local dice = 0

local function below(n)  -- 0 .. n - 1
  dice = dice * 6364136223846793005 + 1442695040888963407
  return (dice >> 33) % n
end
local function between(a, b) return a + below(b - a + 1) end
local function chance(p) return below(1000) < p * 1000 end
local function pick(list) return list[below(#list) + 1] end
local function maybe(p, value) return chance(p) and value or nil end

-- ---- layers ----

local Scale = nn.layer{"Scale",
  weights = function(_, shape) return {{"factor", shape, "ones"}} end,
  call = function(layer, x) return x * layer.factor end,
}
-- What computes with more than each number of a sample: along its last axis. None gives numbers that are 0, or equal,
-- but for rounding.
local function along_the_last(name, f)
  return nn.layer{name, weights = function(_, shape) return {{"factor", shape, "ones"}} end,
    call = function(layer, x) return f(x * layer.factor, #x.shape) end}
end
local own = {
  Median = along_the_last("Median", function(x, axis) return x - 0.5 * median(x, {axis = axis, keepdims = true}) end),
  Quantile = along_the_last("Quantile", function(x, axis)
    return x + quantile(x, 0.3, {axis = axis, keepdims = true})
  end),
  Running = along_the_last("Running", function(x, axis) return cumprod(1 + 0.1 * tanh(x), axis) end),
  Spectrum = along_the_last("Spectrum", function(x, axis)
    local re, im = fft.rfft(x, {axis = axis, norm = "ortho"})
    return fft.irfft(re, im * 0.5, {axis = axis, norm = "ortho", n = x.shape[axis]}) + 0.1
  end),
  Solved = along_the_last("Solved", function(x, axis)
    local column = expand_dims(x, axis + 1)
    local matrices = 0.1 * matmul(column, swapaxes(column, axis, axis + 1)) + eye(x.shape[axis], {dtype = x.dtype})
    return squeeze(matmul(linalg.cholesky(matrices), linalg.solve(matrices, column)), axis + 1)
  end),
  Resized = along_the_last("Resized", function(x)
    if #x.shape ~= 4 then return x end
    return data.resize(x, {x.shape[2], x.shape[3] + 1})
  end),
  Scale = Scale,
}
-- Written by hand, so that the network runs eagerly.
local Same = nn.layer{"Same", forward = function(_, x) return x + 0 end, backward = function(_, dy) return dy + 0 end}

local activations = require("gradus.nn.activations").names
local initializers = {"glorot_uniform", "glorot_normal", "he_normal", "he_uniform", "lecun_normal", "random_normal",
  "truncated_normal", "orthogonal"}
local fills = {"reflect", "nearest", "wrap", "constant"}

local function regularizer() return maybe(0.15, pick{"l1", "l2"}) end

local function window(shape, most)
  return {math.min(between(1, most), shape[1]), math.min(between(1, most), shape[2])}
end

-- With the channels first in some layers of any network: to the next the axes then mean what they say there.
local function with_format(make)
  return function(shape)
    local first = chance(0.3)
    local options = make(first and {shape[2], shape[3], shape[1]} or shape)
    options.data_format = first and "channels_first" or nil
    return options
  end
end

local function weighted(options)
  options.use_bias = chance(0.8)
  options.activation = maybe(0.7, chance(0.4) and "relu" or pick(activations))
  options.kernel_initializer, options.kernel_regularizer = maybe(0.4, pick(initializers)), regularizer()
  if options.use_bias then
    -- L2 alone: at 0, where biases begin, the derivative of L1 is a matter of rounding. And not from 0, where a bias in
    -- front of a normalization has the gradient 0, of whose rounding an optimizer that divides by it makes much.
    options.bias_regularizer = maybe(0.1, "l2")
    options.bias_initializer = options.bias_regularizer and "random_normal" or maybe(0.3, "random_normal")
  end
  return options
end

local function normalizing()
  return {center = chance(0.7), scale = chance(0.7), epsilon = maybe(0.3, 0.01)}
end

-- Options of a layer behind samples of a shape, by kind.
local anything = {
  Activation = function() return {pick(activations)} end,
  ReLU = function()
    return {max_value = maybe(0.5, pick{0.5, 6}), negative_slope = maybe(0.5, 0.1),
      threshold = maybe(0.5, pick{1, -0.3})}
  end,
  LeakyReLU = function() return {maybe(0.5, 0.1)} end,
  PReLU = function(shape) return {shared_axes = #shape == 3 and maybe(0.5, {2, 3}) or nil} end,
  ELU = function() return {maybe(0.5, 0.5)} end,
  Softmax = function(shape) return {#shape == 3 and maybe(0.5, pick{2, 3, -2}) or nil} end,
  Dropout = function(shape)
    local noise = {pick{-1, 1}}
    for i, size in ipairs(shape) do noise[i + 1] = pick{-1, 1, size} end
    return {pick{0, 0.1, 0.5, 0.9}, noise_shape = maybe(0.3, noise)}
  end,
  GaussianNoise = function() return {0.1} end,
  Rescaling = function() return {pick{0.5, 2, -1}, pick{0, 0.25}} end,
  BatchNormalization = function(shape)
    local options = normalizing()
    options.momentum = maybe(0.5, pick{0, 0.5, 0.9})
    options.axis = #shape == 3 and maybe(0.3, 2) or nil
    return options
  end,
  LayerNormalization = normalizing,
}
for name in pairs(own) do anything[name] = function() return {} end end
local of_rows = {
  Dense = function() return weighted{chance(0.1) and between(20, 60) or between(1, 9)} end,
}
local of_images = {
  Conv2D = function(shape)
    local options = weighted{pick{1, 2, 3, 4, 5, 8, 16, 17}, chance(0.5) and window(shape, 5)
      or {math.min(3, shape[1]), math.min(3, shape[2])}}
    options.padding = pick{"same", "valid"}
    if chance(0.3) then
      options.strides = {between(1, 3), between(1, 3)}
    elseif chance(0.3) then
      options.dilation_rate = {between(1, 3), between(1, 3)}
    end
    return options
  end,
  MaxPooling2D = function(shape)
    return {window(shape, 3), strides = maybe(0.4, {between(1, 3), between(1, 3)}), padding = pick{"same", "valid"}}
  end,
  AveragePooling2D = function(shape)
    return {window(shape, 3), strides = maybe(0.4, {between(1, 3), between(1, 3)}), padding = pick{"same", "valid"}}
  end,
  Reshape = function(shape)
    return {chance(0.5) and {shape[2], shape[1], shape[3]} or {shape[1], shape[2] * shape[3]}}
  end,
}
for _, kind in ipairs {"Conv2D", "MaxPooling2D", "AveragePooling2D"} do
  of_images[kind] = with_format(of_images[kind])
end
of_images.Conv2D_ = of_images.Conv2D  -- twice as often
local augmenting = {
  RandomFlip = function() return {pick{"horizontal", "vertical", "horizontal_and_vertical"}} end,
  RandomTranslation = function() return {0.2, 0.1, fill_mode = pick(fills)} end,
  RandomRotation = function() return {0.1, fill_mode = pick(fills)} end,
  RandomZoom = function() return {0.2} end,
  RandomContrast = function() return {0.3, value_range = {-3, 3}} end,
  RandomBrightness = function() return {0.2, value_range = {-3, 3}} end,
  RandomCrop = function(shape) return {math.max(1, shape[1] - 1), math.max(1, shape[2] - 1)} end,
}

for kind, make in pairs(augmenting) do augmenting[kind] = with_format(make) end

local function copy(options)
  local own = {}
  for key, value in pairs(options) do own[key] = type(value) == "table" and copy(value) or value end
  return own
end

local function new_layer(kind, options)
  if own[kind] then return own[kind](copy(options)) end
  return nn[kind](copy(options))
end

local function random_layer(shape)
  local kinds, all = {}, {}
  for _, group in ipairs {anything, #shape == 1 and of_rows or {}, #shape == 3 and of_images or {},
    #shape == 3 and augmenting or {}} do
    for kind, options in pairs(group) do
      kinds[#kinds + 1] = kind
      all[kind] = options
    end
  end
  table.sort(kinds)
  local kind = pick(kinds)
  -- What normalizes one number alone, which is always the same, makes numbers of rounding.
  if shape[#shape] == 1 and (kind == "Softmax" or kind == "LayerNormalization") then kind = "Activation" end
  return (kind:gsub("_$", "")), all[kind](shape)
end

-- ---- plans ----

local function same_shape(a, b)
  return table.concat(a, ",") == table.concat(b, ",")
end

-- A network as data: {input=, places={{kind, options, inputs, again=}, ...}, loss=, ...}, so that it can be made more
-- than once. `again` is the place whose layer stands here once more.
local function plan(seed)
  dice = seed
  for _ = 1, 5 do below(2) end
  local p = {seed = seed, places = {}, branches = chance(0.35),
    input = chance(0.65) and {between(2, 10), between(2, 10), between(1, 3)} or {between(1, 9)}}
  local shapes, trials = {[0] = p.input}, {}
  -- The place behind those inputs, or nil where the layer cannot stand there.
  local function add(kind, options, inputs, again)
    local layer, from = again and trials[again] or new_layer(kind, options), {}
    for i, place in ipairs(inputs) do from[i] = shapes[place] end
    local fits, shape = pcall(layer.output_shape_for, layer, layer.merges and from or from[1])
    if not fits then return nil end
    local size = 1
    for _, n in ipairs(shape) do size = size * n end
    if size > LARGEST then return nil end
    p.places[#p.places + 1] = {kind, options, inputs, again = again,
      frozen = not p.last and chance(0.1)}
    shapes[#p.places], trials[#p.places] = shape, layer
    return #p.places
  end
  local at = 0
  for _ = 1, between(1, 6) do
    local before = at
    local kind, options = random_layer(shapes[at])
    at = add(kind, options, {at}) or at
    if p.branches and at ~= before and same_shape(shapes[before], shapes[at]) then
      if chance(0.3) then at = add(kind, options, {at}, at) or at end
      if chance(0.5) then
        at = add(pick{"Add", "Multiply", "Maximum", "Average", "Concatenate"}, {}, {before, at}) or at
      end
    end
  end
  local format = {data_format = maybe(0.3, "channels_first")}
  if #shapes[at] == 3 and chance(0.3) then
    at = add(pick{"GlobalAveragePooling2D", "GlobalMaxPooling2D"}, format, {at})
  elseif #shapes[at] > 1 then
    at = add("Flatten", format, {at})
  end

  p.loss = pick{"mean_squared_error", "mean_absolute_error", "huber", "hinge", "binary_crossentropy",
    "categorical_crossentropy", "sparse_categorical_crossentropy", "kl_divergence", "dice", "tversky"}
  p.loss_options, p.outputs = {}, between(1, 4)
  local classes = p.loss:find "categorical" or p.loss == "kl_divergence"
  if classes then p.outputs = p.outputs + 1 end
  local overlap = p.loss == "dice" or p.loss == "tversky"
  if overlap then p.loss_options.axis = maybe(0.6, pick{{1, 2}, 1, -1}) end
  local ending = classes and "softmax" or (overlap or p.loss:find "binary") and "sigmoid" or nil
  if p.loss:find "crossentropy" then
    if chance(0.5) then p.loss_options.from_logits, ending = true, nil end
    if not p.loss:find "sparse" then p.loss_options.label_smoothing = maybe(0.3, 0.1) end
  end
  p.last = #p.places + 1
  if ending and chance(0.3) then
    add("Activation", {ending}, {add("Dense", {p.outputs}, {at})})
  else
    add("Dense", {p.outputs, activation = ending}, {at})
  end

  p.optimizer = pick{"SGD", "SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Adadelta", "Adamax", "Nadam"}
  p.optimizer_options = {pick{0.01, 0.05}, weight_decay = maybe(0.2, 0.01)}
  if p.optimizer == "SGD" and chance(0.5) then
    p.optimizer_options.momentum, p.optimizer_options.nesterov = 0.9, chance(0.5)
  end
  if p.optimizer == "Adam" or p.optimizer == "AdamW" then p.optimizer_options.amsgrad = maybe(0.2, true) end
  if p.optimizer == "RMSprop" then p.optimizer_options.centered = maybe(0.2, true) end
  if chance(0.3) then p.optimizer_options[pick{"clipnorm", "clipvalue", "global_clipnorm"}] = pick{0.1, 0.5} end
  if chance(0.2) then
    p.optimizer_options.use_ema, p.optimizer_options.ema_overwrite_frequency = true, maybe(0.5, between(1, 5))
  end
  p.decays, p.n = chance(0.2), between(4, 33)
  p.batch_size, p.weighted, p.shuffle = between(1, p.n), chance(0.3), chance(0.7)
  p.validation_split = p.n > 6 and chance(0.3) and 0.3 or 0
  return p
end

local function text_of(value)
  if type(value) ~= "table" then return type(value) == "string" and '"' .. value .. '"' or tostring(value) end
  local parts, keys = {}, {}
  for key in pairs(value) do
    if math.type(key) ~= "integer" then keys[#keys + 1] = key end
  end
  for i = 1, #value do parts[i] = text_of(value[i]) end
  table.sort(keys)
  for _, key in ipairs(keys) do parts[#parts + 1] = key .. "=" .. text_of(value[key]) end
  return "{" .. table.concat(parts, ", ") .. "}"
end

local function describe(p)
  local parts = {}
  for i, place in ipairs(p.places) do
    parts[i] = (place.again and "again:" or "") .. (place.frozen and "frozen:" or "") .. place[1] .. text_of(place[2])
      .. (p.branches and "<-" .. table.concat(place[3], ",") or "")
  end
  return string.format("seed %d: %s %s | %s%s %s%s n=%d batch_size=%d%s%s", p.seed, text_of(p.input),
    table.concat(parts, " "), p.loss, text_of(p.loss_options), p.optimizer, text_of(p.optimizer_options), p.n,
    p.batch_size, p.weighted and " weighted" or "", p.decays and " decaying" or "")
end

-- ---- trainings ----

local function make(p, dtype, eagerly)
  random.seed(p.seed + 1)
  local layers = {}
  for i, place in ipairs(p.places) do
    layers[i] = place.again and layers[place.again] or new_layer(place[1], place[2])
    layers[i].trainable = layers[i].trainable and not place.frozen
  end
  local model
  if p.branches then
    local values = {[0] = nn.Input{copy(p.input)}}
    for i, place in ipairs(p.places) do
      local inputs = {}
      for k, from in ipairs(place[3]) do inputs[k] = values[from] end
      if eagerly and i == p.last then inputs[1] = Same{}(inputs[1]) end
      values[i] = layers[i](layers[i].merges and inputs or inputs[1])
    end
    model = nn.Model{values[0], values[#values], dtype = dtype}
  else
    if eagerly then table.insert(layers, p.last, Same{}) end
    layers[1].input_shape, layers.dtype = copy(p.input), dtype
    model = nn.Sequential(layers)
  end
  local options = copy(p.optimizer_options)
  if p.decays then options[1] = optim.CosineDecay{options[1], 10} end
  model:compile{optimizer = optim[p.optimizer](options), loss = losses[p.loss](copy(p.loss_options))}
  return model
end

local function samples(p)
  random.seed(p.seed + 2)
  local x, n, k = random.randn(p.n, table.unpack(p.input)), p.n, p.outputs
  local truths = {
    sparse_categorical_crossentropy = function() return random.randint(0, k, n) end,
    categorical_crossentropy = function() return one_hot(random.randint(0, k, n), k) end,
    kl_divergence = function() return softmax(random.randn(n, k)) end,
    hinge = function() return 2 * random.randint(0, 2, {n, k}) - 1 end,
    binary_crossentropy = function() return random.randint(0, 2, {n, k}) end,
  }
  truths.dice, truths.tversky = truths.binary_crossentropy, truths.binary_crossentropy
  local y = (truths[p.loss] or function() return random.randn(n, k) end)()
  return x, y, p.weighted and random.random(n) + 0.1 or nil
end

-- Options of fit.
local function to_fit(p, x, y, weights, more)
  local options = {x = x, y = y, batch_size = p.batch_size, epochs = 3, verbose = 0, shuffle = p.shuffle,
    sample_weight = weights, validation_split = p.validation_split}
  for name, value in pairs(more or {}) do options[name] = value end
  return options
end

local function save_and_load(model)
  local path = os.tmpname()
  os.rename(path, path .. ".safetensors")
  path = path .. ".safetensors"
  model:save(path)
  local again = nn.load(path, {custom = own})
  os.remove(path)
  return again
end

-- Leaves a training behind some batch, and gives the network that was saved there.
local function left_in_the_middle(p, model, x, y, weights)
  local batches = math.ceil(math.floor(p.n * (1 - p.validation_split)) / p.batch_size)
  local epoch, batch = between(1, 3), between(1, batches)
  local left
  local ok, message = pcall(model.fit, model, to_fit(p, x, y, weights, {callbacks = {{batch_end = function(_, at, _, m)
    if m.epoch + 1 == epoch and at == batch then
      left = save_and_load(m)
      error("left", 0)
    end
  end}}}))
  if ok or message ~= "left" then error(message, 0) end
  return left
end

-- The numbers of a training of three epochs: its losses, the sizes of predictions and weights. In pieces: of one that
-- was left in the middle and resumed from a file; the losses of the epochs before are nan.
local function train(p, dtype, eagerly, in_pieces)
  local model, more = make(p, dtype, eagerly), nil
  local x, y, weights = samples(p)
  random.seed(p.seed + 3)
  if in_pieces then
    model = left_in_the_middle(p, model, x, y, weights)
    more = {initial_epoch = model.epoch}
  end
  local history = model:fit(to_fit(p, x, y, weights, more)).history
  local numbers = {}
  for _, name in ipairs {"loss", "val_loss"} do
    for _ = 1, history[name] and 3 - #history[name] or 0 do numbers[#numbers + 1] = 0 / 0 end
    for _, value in ipairs(history[name] or {}) do numbers[#numbers + 1] = value end
  end
  numbers[#numbers + 1] = model:evaluate{x, y, batch_size = 7, verbose = 0}.loss
  local predictions, total = model:predict(x):astype "float64", 0
  for _, layer in ipairs(model.layers) do
    for _, w in ipairs(layer:all_weights()) do total = total + sum(abs(w:astype "float64")) end
  end
  numbers[#numbers + 1], numbers[#numbers + 2] = sum(abs(predictions)), total
  return numbers, model, x
end

-- The gradients of the first step, one after the other, in float64.
local function first_gradients(p, dtype)
  local model = make(p, dtype)
  local x, y, weights = samples(p)
  random.seed(p.seed + 3)
  model:train_on_batch(x, y, {sample_weight = weights})
  local parts = {}
  for i, gradient in ipairs(model:gradients()) do parts[i] = gradient:flatten():astype "float64" end
  return concatenate(parts, 1)
end

-- ---- what is compared ----

local found = 0

local function finding(p, ...)
  found = found + 1
  print(string.format(...) .. "\n  " .. describe(p))
end

-- Training may explode, or come upon a matrix that cannot be inverted; it does so alike, if not at the same sample of
-- a batch, of which a recorded step takes a few at a time.
local function outcome(f, ...)
  local results = table.pack(pcall(f, ...))
  if results[1] then return table.unpack(results, 2, results.n) end
  local message = tostring(results[2])
  return (message:find "^the %a+ became" or message:find "linalg%.%l+[:,]") and "exploded" or message
end

local function compare(p)
  local recorded, model, x = outcome(train, p, "float64", false)
  local eager, eager_model = outcome(train, p, "float64", true)
  if type(recorded) ~= "table" or type(eager) ~= "table" then
    if recorded ~= "exploded" or eager ~= "exploded" then
      finding(p, "recorded: %s\neager: %s", text_of(recorded), text_of(eager))
    end
    return
  end
  if model.runs_eagerly or not eager_model.runs_eagerly then finding(p, "it should have been recorded") end
  for i, value in ipairs(recorded) do
    local alike = tostring(value) == tostring(eager[i])  -- inf, too
    if not (alike or math.abs(value - eager[i]) <= 1e-8 * math.max(1e-3, math.abs(value))) then
      return finding(p, "number %d is %.17g recorded and %.17g eager", i, value, eager[i])
    end
  end
  local resumed = outcome(train, p, "float64", false, true)
  if type(resumed) ~= "table" then finding(p, "resumed: %s", resumed) end
  for i, value in ipairs(type(resumed) == "table" and recorded or {}) do
    if value ~= resumed[i] and resumed[i] == resumed[i] then
      return finding(p, "number %d is %.17g at once and %.17g when resumed", i, value, resumed[i])
    end
  end
  local exact, rounded = first_gradients(p, "float64"), outcome(first_gradients, p, "float32")
  if rounded ~= "exploded" then  -- e^100 is none in float32
    local off = max(abs(exact - rounded)) / math.max(0.1, max(abs(exact)))
    if not (off < 1e-4) then finding(p, "the gradients in float32 are off by %.2g", off) end
  end

  local again = save_and_load(model)
  if not all(eq(again:predict(x), model:predict(x))) then finding(p, "nn.load predicts otherwise") end
  if summary.text(again) ~= summary.text(model) then finding(p, "nn.load makes another network") end
end

local function bits(p)
  local lines = {}
  for i, dtype in ipairs {"float64", "float32"} do
    local numbers = outcome(train, p, dtype, false)
    lines[i] = type(numbers) ~= "table" and tostring(numbers) or ""
    for k = 1, #lines[i] == 0 and #numbers or 0 do lines[i] = lines[i] .. string.format(" %a", numbers[k]) end
  end
  return p.seed .. table.concat(lines, " |")
end

if only_bits then
  for seed = first, first + count - 1 do print(bits(plan(seed))) end
  os.exit(0)
end

for seed = first, first + count - 1 do compare(plan(seed)) end

-- The same networks in as many processes as numbers of threads, whose lines are compared.
local outputs = {}
for i, threads in ipairs {1, 2, 8} do
  outputs[i] = io.popen(string.format('"/proc/$PPID/exe" --threads %d %s %d %d bits', threads, arg[0], first,
    math.max(1, count // 4)))
end
for seed = first, first + math.max(1, count // 4) - 1 do
  local line = outputs[1]:read "l"
  if not line or line ~= outputs[2]:read "l" or line ~= outputs[3]:read "l" then
    finding(plan(seed), "1, 2 and 8 threads give different bits")
  end
end
for i = 1, 3 do outputs[i]:close() end

print(string.format("%d networks, %d findings", count, found))
os.exit(found == 0)
