-- Networks and weights as files: what comes back, what other programs wrote, what is refused and how.
local tests = os.getenv "GRADUS_TESTS"
local test, expect = dofile(tests .. "/lua/tap.lua")

local callbacks = require "gradus.callbacks"
local core = require "gradus.core.data"
local data = require "gradus.data"
local initializers = require "gradus.initializers"
local json = require "gradus.json"
local losses = require "gradus.losses"
local nn = require "gradus.nn"
local optim = require "gradus.optim"
local random = require "gradus.core.random"
local regularizers = require "gradus.regularizers"
local tensor = require "gradus.core.tensor"

local function scratch(ending)
  local name = os.tmpname()
  os.remove(name)
  return name .. ending
end

local function expect_same(a, b, what)
  if not tensor.all(tensor.eq(a, b)) then error((what or "tensors") .. " differ", 2) end
end

local function expect_same_weights(a, b)
  for i, layer in ipairs(a.layers) do
    local names, ours, theirs = layer:all_names(), layer:all_weights(), b.layers[i]:all_weights()
    for k, name in ipairs(names) do expect_same(ours[k], theirs[k], layer.name .. "." .. name) end
  end
end

local function expect_close(a, b)
  local apart = tensor.max(tensor.abs(a - b))
  if not (apart < 1e-5) then error("they differ by " .. apart, 2) end
end

local function pictures()
  random.seed(3)
  return random.randn(50, 6, 6, 1), random.randint(0, 3, 50)
end

local function convolutional()
  random.seed(7)
  local model = nn.Sequential {nn.Conv2D {4, 3, activation = "relu", input_shape = {6, 6, 1},
    kernel_regularizer = regularizers.L2 {0.02},
    kernel_initializer = initializers.RandomNormal {stddev = 0.2}}, nn.BatchNormalization {},
    nn.MaxPooling2D {2}, nn.Flatten {}, nn.Dropout {0.3}, nn.Dense {3, activation = "softmax"}}
  model:compile {optimizer = optim.Adam {optim.CosineDecay {0.01, 30}, clipnorm = 1.5},
    loss = "sparse_categorical_crossentropy", metrics = {"accuracy", "sparse_categorical_accuracy"}}
  return model
end

local function small(units)
  return nn.Sequential {nn.Dense {units or 3, activation = "relu", input_shape = {4}}, nn.Dense {1}}
end

-- ---- model:save, nn.load ----

test("a network comes back with its layers, settings and weights", function()
  local path, model = scratch ".safetensors", convolutional()
  local x, y = pictures()
  model:fit {x, y, epochs = 2, verbose = 0}
  model:save(path)
  local again = nn.load(path)
  expect_same_weights(model, again)
  expect_same(model:predict(x), again:predict(x))
  expect.equal(again.layers[1].name .. again.layers[5].rate, "conv2d0.3")
  expect.equal(again.layers[1].kernel_initializer.stddev, 0.2)
  expect.equal(tostring(again.layers[1].kernel_regularizer), tostring(model.layers[1].kernel_regularizer))
  expect.equal(tostring(again.optimizer), tostring(model.optimizer))
  expect.equal(again.optimizer.clipnorm, 1.5)
  expect.equal(again.optimizer.iterations, 4)
  expect.equal(again.epoch, 2)
  expect.equal(again.loss.name .. table.concat(again.wanted_metrics), 
    model.loss.name .. "accuracysparse_categorical_accuracy")
  os.remove(path)
end)

test("training that goes on from a file gives the same bits as training that went on", function()
  local x, y = pictures()
  local path, at_once, paused = scratch ".safetensors", convolutional(), convolutional()
  random.seed(11)
  at_once:fit {x, y, epochs = 5, verbose = 0, batch_size = 16}
  random.seed(11)
  paused:fit {x, y, epochs = 2, verbose = 0, batch_size = 16}
  paused:save(path)
  random.seed(99)
  local resumed = nn.load(path)
  resumed:fit {x, y, epochs = 5, initial_epoch = resumed.epoch, verbose = 0, batch_size = 16}
  expect_same_weights(at_once, resumed)
  paused:fit {x, y, epochs = 5, initial_epoch = 2, verbose = 0, batch_size = 16}
  expect_same_weights(at_once, paused)
  for state, list in pairs(at_once.optimizer:state()) do
    for i, t in ipairs(list) do expect_same(t, resumed.optimizer:state()[state][i], state) end
  end
  os.remove(path)
end)

test("every optimizer goes on where it stood", function()
  local x, y, path = random.randn(20, 4), random.randn(20), scratch ".safetensors"
  local kinds = {optim.SGD {0.1}, optim.SGD {0.1, momentum = 0.9, nesterov = true}, optim.AdamW {}, optim.RMSprop {},
    optim.RMSprop {momentum = 0.5}, optim.Adagrad {optim.PiecewiseConstantDecay {{2, 3}, {0.1, 0.2, 0.05}}},
    optim.Adadelta {1}, optim.Adamax {}, optim.Nadam {}, optim.Adam {0.01, use_ema = true}}
  for _, optimizer in ipairs(kinds) do
    local model = small()
    model:compile {optimizer = optimizer, loss = losses.huber {delta = 0.7}}
    model:fit {x, y, epochs = 3, verbose = 0}
    model:save(path)
    local again = nn.load(path)
    expect.equal(again.loss.delta, 0.7)
    for _, each in ipairs {model, again} do each:fit {x, y, epochs = 5, initial_epoch = 3, verbose = 0} end
    expect_same_weights(model, again)
  end
  os.remove(path)
end)

test("networks with branches, frozen and shared layers come back", function()
  local path, x = scratch ".safetensors", nn.Input {{4}}
  local shared = nn.Dense {4, activation = "tanh"}
  local h = shared(shared(x))
  local y = nn.Dense {2, name = "out"}(nn.Concatenate {} {nn.Add {} {x, h}, nn.LayerNormalization {}(h)})
  local model = nn.Model {x, y, dtype = "float64", name = "branches"}
  shared.trainable = false
  model:save(path)
  local again = nn.load(path)
  local input = random.randn(5, 4)
  expect_same(model:predict(input), again:predict(input))
  expect.equal(tostring(again), tostring(model))
  expect.equal(#again:weights(), #model:weights())
  expect.equal(again.layers[1].trainable, false)
  expect.equal(again.dtype, "float64")
  os.remove(path)
end)

test("loading draws no random numbers", function()
  local path = scratch ".safetensors"
  small():save(path)
  random.seed(5)
  local wanted = random.random(2)
  random.seed(5)
  nn.load(path)
  expect_same(random.random(2), wanted)
  os.remove(path)
end)

test("what is the learner's own is named, and taken back by that name", function()
  local path = scratch ".safetensors"
  local Scale = nn.layer {"Scale", options = {{"by", 2}},
    weights = function(_, shape) return {{"factor", shape, "ones"}} end,
    call = function(layer, x) return x * layer.factor * layer.by end}
  local function steep(x) return tensor.sigmoid(3 * x) end
  local function gap(t, p) return tensor.abs(p - t) end
  local model = nn.Sequential {nn.Dense {3, activation = steep, input_shape = {4}}, Scale {by = 5}, nn.Dense {1}}
  model:compile {optimizer = "sgd", loss = gap, metrics = {function() return 1 end}}
  model:fit {random.randn(8, 4), random.randn(8), verbose = 0}
  model:save(path)
  local said = expect.error(function() nn.load(path) end, "functions of yours, which no file can hold: nn.load(")
  for _, name in ipairs {'["dense.activation"]=...', "Scale=...", "loss=...", "metric=..."} do
    expect.ok(said:find(name, 1, true), name .. " is not in: " .. said)
  end
  local again = nn.load(path, {custom = {["dense.activation"] = steep, Scale = Scale, loss = gap,
    metric = function() return 1 end}})
  expect.equal(again.layers[2].by, 5)
  local x = random.randn(3, 4)
  expect_same(model:predict(x), again:predict(x))
  os.remove(path)
end)

test("a file that cannot be what it says is refused by name", function()
  local path, model = scratch ".safetensors", small()
  model:save(path)
  local names, tensors, texts = core.read_archive(path)
  local function load_changed(pattern, with)
    local text, n = texts.gradus:gsub(pattern, with)
    expect.ok(n > 0, "nothing to change: " .. pattern)
    core.save_archive(path, names, tensors, {{"gradus", text}})
    return function() nn.load(path) end
  end
  expect.error(load_changed('"Dense"', '"Dence"'), 'cannot be loaded: there is no nn.Dence: did you mean "Dense"?')
  expect.error(load_changed('"units":3', '"units":4'), "dense/kernel: the file has shape (4, 3), the model (4, 4)")
  expect.error(load_changed('"units":3', '"units":-1'), "nn.Dense: units is a whole number from 1")
  expect.error(load_changed('"units":3', '"unit":3'), 'has no option "unit"')
  expect.error(load_changed('"format":1', '"format":2'), "a newer one wrote it")
  expect.error(load_changed('"options"', '"option"'), "options should be a table, and is nothing")
  expect.error(load_changed('"layers":%[', '"layers":[7,'), "a layer should be a table")
  expect.error(load_changed("^{", "{{"), "no JSON from byte")
  expect.error(load_changed("^.*$", "[]"), "format should be a whole number, and is nothing")
  core.save_archive(path, names, tensors, {})
  expect.error(function() nn.load(path) end, "holds weights, but not how the network is made")
  expect.error(function() nn.load(path .. "x") end, "there is no file")
  expect.error(function() nn.load(3) end, "takes a path")
  expect.error(function() model:save("net.npz") end, 'let the name end so, as in "net.safetensors"')
  expect.error(function() nn.Sequential {nn.Dense {1}}:save(path) end, "does not know its input")
  os.remove(path)
end)

test("any text in the place of the architecture is an error message", function()
  local path, model = scratch ".safetensors", convolutional()
  model:save(path)
  local names, tensors, texts = core.read_archive(path)
  local values = {"null", "true", "-1", "1e300", '"x"', "[]", "{}", "[[1]]", '{"own":"x"}', '{"own":7}'}
  local whole, count = json.read(texts.gradus, "it"), 0
  local function change(t)
    for key, kept in pairs(t) do
      if type(kept) == "table" then change(kept) end
      for _, value in ipairs(values) do
        t[key] = json.read(value, "it")
        local is_json, text = pcall(json.write, whole)  -- a list without its first entry is none
        core.save_archive(path, names, tensors, {{"gradus", is_json and text or ""}})
        local ok, message = pcall(nn.load, path)
        count = count + 1
        if not ok and (type(message) ~= "string" or not message:find(path, 1, true)) then
          error(string.format("%s = %s: %s", key, value, message))
        end
        t[key] = kept
      end
    end
  end
  change(whole)
  expect.ok(count > 300)
  os.remove(path)
end)

-- ---- weights alone ----

test("weights come back from both kinds of files, and from a saved network", function()
  for _, case in ipairs {{".npz", "save_weights"}, {".safetensors", "save_weights"}, {".safetensors", "save"}} do
    local path, model, other = scratch(case[1]), convolutional(), convolutional()
    local x, y = pictures()
    model:fit {x, y, verbose = 0}
    local step = other:predict(x)
    model[case[2]](model, path)
    other:load_weights(path)
    expect_same_weights(model, other)
    expect_same(model:predict(x), other:predict(x))  -- the recorded program has the new ones
    expect.ok(not tensor.all(tensor.eq(step, other:predict(x))))
    os.remove(path)
  end
end)

test("everything that does not fit is told in one error, and nothing has changed", function()
  local path, model = scratch ".npz", small()
  model:save_weights(path)
  local arrays = data.load(path)
  arrays["dense/kernel"], arrays["dense_1/bias"] = arrays["dense/kernel"].T, nil
  arrays["dense_2/kernel"] = tensor.zeros(2, 5)
  data.save(path, arrays)
  local before = model.layers[1].bias + 1
  model.layers[1].bias[{{}}] = before
  local said = expect.error(function() model:load_weights(path) end, "does not fit this model, which stays as it is")
  for _, part in ipairs {"dense/kernel: the file has shape (3, 4), the model (4, 3)",
    "missing in the file: dense_1/bias (1,)", "not in this model: dense_2/kernel (2, 5)"} do
    expect.ok(said:find(part, 1, true), part .. " is not in: " .. said)
  end
  expect_same(model.layers[1].bias, before)
  expect.error(function() model:load_weights(path, {by = "ordre"}) end, 'did you mean "order"?')
  data.save(path:gsub("npz$", "npy"), tensor.zeros(2))
  expect.error(function() model:load_weights((path:gsub("npz$", "npy"))) end, "one array without a name")
  os.remove(path)
  os.remove((path:gsub("npz$", "npy")))
end)

test("weights of Keras load as they are, and under other names in their order", function()
  local model = nn.Sequential {nn.Conv2D {3, 2, activation = "relu", input_shape = {5, 5, 1}},
    nn.BatchNormalization {}, nn.Flatten {}, nn.Dense {2}}
  local file, io = tests .. "/weights/keras.npz", data.load(tests .. "/weights/keras_io.npz")
  local said = expect.error(function() model:load_weights(file) end, "not in this model: conv2d_4/kernel (2, 2, 1, 3)")
  expect.ok(said:find('load_weights(path, {by="order"})', 1, true))
  model:load_weights(file, {by = "order"})
  expect_close(model:predict(io.x), io.y)
  local named = nn.Sequential {nn.Conv2D {3, 2, activation = "relu", input_shape = {5, 5, 1}, name = "conv2d_4"},
    nn.BatchNormalization {}, nn.Flatten {}, nn.Dense {2, name = "dense_7"}}
  named:load_weights(file)
  expect_same_weights(model, named)
  expect.error(function() small():load_weights(file, {by = "order"}) end, "has weights of 3 layers (conv2d_4, ")
end)

local function of_pytorch(names)
  local n = names or {}
  return nn.Sequential {nn.Conv2D {3, {3, 2}, input_shape = {8, 6, 2}, name = n[1]},
    nn.BatchNormalization {epsilon = 1e-5, name = n[2]}, nn.ReLU {}, nn.MaxPooling2D {2}, nn.Flatten {},
    nn.BatchNormalization {epsilon = 1e-5, name = n[3]}, nn.Dense {5, activation = "relu", name = n[4]},
    nn.Dropout {0.5}, nn.Dense {4, name = n[5]}}
end

test("a file that is there already stays, when asked for", function()
  for _, name in ipairs {"save", "save_weights"} do
    local path, model = scratch ".safetensors", small()
    model[name](model, path, {overwrite = false})
    local before = io.open(path, "rb"):read "a"
    model.layers[1].kernel[{{}}] = 0
    expect.error(function() model[name](model, path, {overwrite = false}) end, "there is a " .. path .. " already")
    expect.error(function() model[name](model, path, {overwrite = 0}) end, "true or false")
    expect.error(function() model[name](model, path, {overwrit = false}) end, 'did you mean "overwrite"')
    expect.equal(io.open(path, "rb"):read "a", before)
    model[name](model, path)
    expect.ok(io.open(path, "rb"):read "a" ~= before)
    os.remove(path)
  end
end)

test("weights of PyTorch are turned, behind a Flatten too, and give PyTorch's outputs", function()
  local file, io = tests .. "/weights/torch.npz", data.load(tests .. "/weights/torch_io.npz")
  local model = of_pytorch()
  model:load_weights(file)
  expect_close(model:predict(io.x), io.y)
  local x = nn.Input {{8, 6, 2}}  -- the same as a network that was put together by calls
  local y = x
  for _, layer in ipairs(of_pytorch().layers) do
    local new = nn[layer.class_name]
    local given = {}
    for _, name in ipairs(layer.option_names) do given[name] = layer[name] end
    y = new(given)(y)
  end
  local functional = nn.Model {x, y}
  functional:load_weights(file)
  expect_close(functional:predict(io.x), io.y)
end)

test("PyTorch's modules are paired by name where all are alike, and by number in a sorted file", function()
  local arrays, renamed = data.load(tests .. "/weights/torch.npz"), {}
  local io = data.load(tests .. "/weights/torch_io.npz")
  local name = {["0"] = "z", ["1"] = "y", ["5"] = "x", ["6"] = "w", ["9"] = "v"}
  for key, t in pairs(arrays) do renamed[key:gsub("^%d", name)] = t end
  local path = scratch ".safetensors"
  data.save(path, renamed)
  local model = of_pytorch {"z", "y", "x", "w", "v"}
  model:load_weights(path)
  expect_close(model:predict(io.x), io.y)
  renamed = {}  -- "10" sorts before "2", but is meant to come behind it
  name = {["0"] = "0", ["1"] = "2", ["5"] = "3", ["6"] = "9", ["9"] = "10"}
  for key, t in pairs(arrays) do renamed[key:gsub("^%d", name)] = t end
  data.save(path, renamed)
  model = of_pytorch()
  model:load_weights(path)
  expect_close(model:predict(io.x), io.y)
  renamed["9.weight"] = renamed["9.weight"][{{}, {1, 4}}]
  renamed["9.odd"], renamed["10.bias"] = nil, nil
  data.save(path, renamed)
  local said = expect.error(function() model:load_weights(path) end, "dense/kernel: the file has shape (4, 5)")
  expect.ok(said:find("missing in the file: dense_1/bias (4,)", 1, true))
  renamed["3.weight"], renamed["3.bias"], renamed["3.running_mean"], renamed["3.running_var"],
    renamed["3.num_batches_tracked"] = nil, nil, nil, nil, nil
  data.save(path, renamed)
  expect.error(function() model:load_weights(path) end, "has weights of 4 PyTorch modules (0, 2, 9, 10)")
  os.remove(path)
end)

test("the slopes of PyTorch's PReLU are one a channel, or one for all", function()
  local path = scratch ".npz"
  for _, case in ipairs {{{2, 3}, linspace(0.5, 0, 3)}, {{2, 3, 4}, full({1}, 0.5)}} do
    local shared, slopes = table.unpack(case)
    local model = nn.Sequential {nn.Conv2D {3, 1, input_shape = {4, 4, 1}}, nn.PReLU {shared_axes = shared}}
    data.save(path, {["0.weight"] = -ones(3, 1, 1, 1), ["0.bias"] = zeros(3), ["1.weight"] = slopes})
    model:load_weights(path)
    local x = random.uniform(1, 2, 2, 4, 4, 1)
    expect_close(model:predict(x), -x * slopes)
  end
  os.remove(path)
end)

test("networks with branches get theirs by name, from Keras and from PyTorch", function()
  local io = data.load(tests .. "/weights/keras_branches_io.npz")
  local x = nn.Input {{6, 7, 2}}
  local stem = nn.Conv2D {4, 3, strides = 2, padding = "same", name = "stem"}(x)
  local left = nn.LeakyReLU {}(stem)
  local right = nn.LayerNormalization {name = "norm"}(nn.Conv2D {4, {1, 3}, padding = "same", name = "right"}(left))
  local pooled = nn.AveragePooling2D {2, strides = 1, padding = "same"}(stem)
  local joined = nn.Concatenate {} {nn.Add {} {left, right}, pooled}
  local model = nn.Model {x, nn.Dense {3, activation = "softmax", name = "end"}(nn.GlobalAveragePooling2D {}(joined))}
  model:load_weights(tests .. "/weights/keras_branches.npz")
  expect_close(model:predict(io.x), io.y)

  io = data.load(tests .. "/weights/torch_branches_io.npz")
  x = nn.Input {{5, 7, 2}}
  stem = nn.Conv2D {4, 3, padding = "same", activation = "relu", name = "stem"}(x)
  local body = nn.Conv2D {4, 3, padding = "same", activation = "tanh", name = "body"}(stem)
  local mean = nn.GlobalAveragePooling2D {}(nn.Add {} {stem, body})
  local norm = nn.LayerNormalization {name = "norm"}(mean)
  model = nn.Model {x, nn.Dense {3, activation = "softmax", name = "head"}(norm)}
  model:load_weights(tests .. "/weights/torch_branches.npz")
  expect_close(model:predict(io.x), io.y)
end)

-- ---- callbacks.ModelCheckpoint ----

test("a checkpoint is written after each epoch, under the numbers it was asked for", function()
  local folder = scratch "/deep"
  local x, y, model = random.randn(20, 4), random.randn(20), small()
  model:compile {optimizer = "adam", loss = "mse"}
  local keep = callbacks.ModelCheckpoint {folder .. "/net-{epoch:02d}-{val_loss:.2f}.safetensors"}
  local record = model:fit {x, y, epochs = 2, verbose = 0, validation_split = 0.2, callbacks = {keep}}
  local wanted = string.format("%s/net-02-%.2f.safetensors", folder, record.history.val_loss[2])
  expect.equal(keep.last_path, wanted)
  expect.equal(nn.load(wanted).epoch, 2)
  os.execute("rm -r " .. folder:match("^/tmp/[^/]+"))
end)

test("save_best_only writes when the number is better than ever before", function()
  local path, model = scratch ".npz", small()
  model:compile {optimizer = "sgd", loss = "mse"}
  local keep = callbacks.ModelCheckpoint {path, save_best_only = true, save_weights_only = true}
  local written = {}
  for epoch, loss in ipairs {3, 4, 2, 0 / 0, 2, 1} do
    keep.last_path = nil
    keep:epoch_end(epoch, {val_loss = loss}, model)
    written[epoch] = keep.last_path and "yes" or "no"
  end
  expect.equal(table.concat(written, " "), "yes no yes no no yes")
  small():load_weights(path)
  keep = callbacks.ModelCheckpoint {path, save_best_only = true, save_weights_only = true, monitor = "val_accuracy",
    initial_value_threshold = 0.8}
  keep:epoch_end(1, {val_accuracy = 0.7}, model)
  expect.equal(keep.last_path, nil)
  keep:epoch_end(2, {val_accuracy = 0.9}, model)
  expect.equal(keep.last_path, path)
  expect.error(function() keep:epoch_end(3, {loss = 1}, model) end, 'there is no "val_accuracy" to watch')
  os.remove(path)
end)

test("a checkpoint that could not be written is refused when it is made", function()
  local make = callbacks.ModelCheckpoint
  expect.error(function() make {"net.h5"} end, 'filepath ends in .safetensors, as in "best.safetensors"')
  expect.error(function() make {"net.npz"} end, "save_weights_only=true")
  expect.error(function() make {"{epoch:s}.safetensors"} end, "no form of a number")
  local keep = make {scratch "{val_los}.safetensors"}
  expect.error(function() keep:epoch_end(1, {val_loss = 1}, small()) end, 'did you mean "val_loss"?')
end)

test.done()
