-- Layers with data_format="channels_first": images are (n, channels, rows, columns), and all else stays as it is.
local test, expect = dofile(os.getenv "GRADUS_TESTS" .. "/lua/tap.lua")

local text_of = require("gradus.shapes").text

local tests = os.getenv "GRADUS_TESTS"

local function first(x) return x:transpose(1, 4, 2, 3) end

-- The layers of a small network in either order: a function of the layers' data_format and BatchNormalization's axis.
local function layers_of(format, axis, input_shape, activation)
  return {
    nn.RandomFlip{data_format = format, input_shape = input_shape},
    nn.Conv2D{8, 3, activation = activation, data_format = format},
    nn.BatchNormalization{axis = axis},
    nn.MaxPooling2D{2, data_format = format},
    nn.Conv2D{6, 2, padding = "same", groups = 2, activation = "tanh", data_format = format},
    nn.AveragePooling2D{2, strides = 1, data_format = format},
    nn.Flatten{data_format = format},
    nn.Dense{3, activation = "softmax"},
  }
end

local function pair(dtype, activation)
  local models = {}
  for i, case in ipairs {{"channels_last", -1, {12, 10, 2}}, {"channels_first", 2, {2, 12, 10}}} do
    random.seed(4)
    local layers = layers_of(case[1], case[2], case[3], activation or "relu")
    layers.dtype = dtype
    models[i] = nn.Sequential(layers)
    models[i]:compile{optimizer = "adam", loss = "sparse_categorical_crossentropy", metrics = {"accuracy"}}
  end
  return models[1], models[2]
end

random.seed(1)
local x, y = random.randn(20, 12, 10, 2), random.randint(0, 3, 20)

test("a network with channels first learns as one with channels last does, bit for bit, its weights alike", function()
  for _, dtype in ipairs {"float32", "float64"} do
    local a, b = pair(dtype)
    random.seed(5)
    local one = a:fit{x, y, epochs = 3, batch_size = 7, verbose = 0}
    random.seed(5)
    local other = b:fit{first(x), y, epochs = 3, batch_size = 7, verbose = 0}
    expect.equal(b.runs_eagerly, nil)
    for i, w in ipairs(a:weights()) do expect.ok(all(eq(w, b:weights()[i]))) end  -- of the same shapes
    expect.equal(other.history.loss[3], one.history.loss[3])
    expect.ok(all(eq(a:predict(x), b:predict(first(x)))))
  end
end)

test("each layer gives what it gives for channels last, with the axes moved", function()
  local cases = {
    {"Conv2D", {3, {3, 2}, strides = {2, 1}}}, {"Conv2D", {4, 2, padding = "same", groups = 2, use_bias = false}},
    {"Conv2D", {3, 2, dilation_rate = {2, 1}}}, {"MaxPooling2D", {{2, 3}}}, {"AveragePooling2D", {3, padding = "same"}},
    {"GlobalAveragePooling2D", {}}, {"GlobalAveragePooling2D", {keepdims = true}}, {"GlobalMaxPooling2D", {}},
    {"GlobalMaxPooling2D", {keepdims = true}}, {"Flatten", {}}, {"RandomCrop", {4, 5}},
  }
  for _, case in ipairs(cases) do
    local outputs = {}
    for i, format in ipairs {"channels_last", "channels_first"} do
      local options = {data_format = format, input_shape = i == 1 and {8, 7, 2} or {2, 8, 7}}
      for key, value in pairs(case[2]) do options[key] = value end
      random.seed(3)
      local m = nn.Sequential {nn[case[1]](options), dtype = "float64"}
      random.seed(4)
      local given = random.randn(5, 8, 7, 2)
      outputs[i] = m:predict(i == 1 and given or first(given))
      expect.equal(text_of(outputs[i].shape), text_of {5, table.unpack(m.output_shape)})
    end
    if outputs[1].ndim == 4 then outputs[1] = first(outputs[1]) end
    expect.equal(text_of(outputs[2].shape), text_of(outputs[1].shape))
    expect.ok(max(abs(outputs[2] - outputs[1])) < 1e-14, case[1])
  end
end)

test("random changes of pictures are the same in either order", function()
  for _, layer in ipairs {{"RandomFlip", {}}, {"RandomRotation", {0.2}}, {"RandomTranslation", {0.3, 0.2}},
    {"RandomZoom", {0.3}}, {"RandomContrast", {0.5, value_range = {-3, 3}}},
    {"RandomBrightness", {0.3, value_range = {-3, 3}}}, {"RandomCrop", {6, 5}}} do
    local losses = {}
    for i, format in ipairs {"channels_last", "channels_first"} do
      local options = {data_format = format, seed = 1, input_shape = i == 1 and {12, 10, 2} or {2, 12, 10}}
      for key, value in pairs(layer[2]) do options[key] = value end
      random.seed(2)
      local m = nn.Sequential {nn[layer[1]](options), nn.Flatten{data_format = format}, nn.Dense{1}, dtype = "float64"}
      m:compile{optimizer = "sgd", loss = "mse"}
      losses[i] = m:fit{i == 1 and x or first(x), ones(20, 1), epochs = 2, verbose = 0}.history.loss[2]
    end
    expect.equal(losses[2], losses[1])
  end
end)

test("an activation along the last axis is one over columns, as in Keras", function()
  local m = nn.Sequential {nn.Conv2D{3, 2, activation = "softmax", data_format = "channels_first",
    input_shape = {2, 12, 10}}}
  expect.ok(max(abs(sum(m:predict(first(x)), -1) - 1)) < 1e-6)
  local wide
  local own = nn.Sequential {nn.Conv2D{3, 2, data_format = "channels_first", input_shape = {2, 12, 10},
    activation = function(z) wide = z.shape return z end}}
  own:predict(first(x))
  expect.equal(text_of {table.unpack(wide, 2)}, "(3, 11, 9)")
end)

test("what is left eager, branches and files know the order", function()
  local input = nn.Input{{2, 12, 10}}
  local h = nn.Conv2D{4, 3, padding = "same", activation = "relu", data_format = "channels_first"}(input)
  local joined = nn.Concatenate{axis = 2}{h, input}
  expect.equal(text_of(joined.shape), "(6, 12, 10)")
  local m = nn.Model {input, nn.Dense{3}(nn.GlobalAveragePooling2D{data_format = "channels_first"}(joined))}
  local path = os.tmpname() .. ".safetensors"
  m:save(path)
  local again = nn.load(path)
  os.remove(path)
  expect.equal(again.layers[1].data_format, "channels_first")
  expect.ok(all(eq(again:predict(first(x)), m:predict(first(x)))))
  local same = nn.layer{"Same", forward = function(_, z) return z + 0 end, backward = function(_, dy) return dy + 0 end}
  local results = {}
  for i, eager in ipairs {false, true} do
    random.seed(3)
    local layers = layers_of("channels_first", 2, {2, 12, 10}, "relu")
    if eager then table.insert(layers, 8, same{}) end
    layers.dtype = "float64"
    local n = nn.Sequential(layers)
    n:compile{optimizer = "sgd", loss = "sparse_categorical_crossentropy"}
    random.seed(6)
    n:fit{first(x), y, epochs = 2, verbose = 0}
    results[i] = n:predict(first(x))
  end
  expect.ok(max(abs(results[1] - results[2])) < 1e-12)
end)

test("weights of PyTorch behind a Flatten keep their order where channels come first, and are moved where they do not",
  function()
    local io = data.load(tests .. "/weights/torch_io.npz")
    for _, format in ipairs {"channels_last", "channels_first"} do
      for _, flatten in ipairs {"channels_last", "channels_first"} do
        local is_first = format == "channels_first"
        local m = nn.Sequential {
          nn.Conv2D{3, {3, 2}, data_format = format, input_shape = is_first and {2, 8, 6} or {8, 6, 2}},
          nn.BatchNormalization{epsilon = 1e-5, axis = is_first and 2 or -1}, nn.ReLU{},
          nn.MaxPooling2D{2, data_format = format}, nn.Flatten{data_format = flatten},
          nn.BatchNormalization{epsilon = 1e-5}, nn.Dense{5, activation = "relu"}, nn.Dropout{0.5}, nn.Dense{4}}
        m:load_weights(tests .. "/weights/torch.npz")
        expect.ok(max(abs(m:predict(is_first and first(io.x) or io.x) - io.y)) < 1e-5, format .. " " .. flatten)
      end
    end
    -- Pictures straight into a Flatten: its own option says what they are.
    local path = os.tmpname() .. ".npz"
    local weight = random.randn(1, 3 * 4 * 5)
    data.save(path, {["1.weight"] = weight, ["1.bias"] = zeros(1)})
    local pictures = random.randn(6, 3, 4, 5)
    local wanted = pictures:reshape(6, 60):dot(weight.T)
    local last = nn.Sequential {nn.Flatten{input_shape = {4, 5, 3}}, nn.Dense{1}, dtype = "float64"}
    last:load_weights(path)
    expect.ok(max(abs(last:predict(pictures:transpose(1, 3, 4, 2)) - wanted)) < 1e-12)
    local m = nn.Sequential {nn.Flatten{data_format = "channels_first", input_shape = {3, 4, 5}}, nn.Dense{1},
      dtype = "float64"}
    m:load_weights(path)
    expect.ok(max(abs(m:predict(pictures) - wanted)) < 1e-12)
    os.remove(path)
  end)

test("explain names positions in the order of the network, and counts as always", function()
  local session = require "gradus.session"
  local text
  local say = session.say
  session.say = function(t) text = t end
  local m = nn.Sequential {nn.Conv2D{4, {3, 2}, kernel_initializer = "ones", data_format = "channels_first",
    input_shape = {2, 6, 5}}, nn.MaxPooling2D{2, data_format = "channels_first"},
    nn.Flatten{data_format = "channels_first"}}
  m:explain()
  expect.ok(text:find("(4, 4, 4): 4 = floor((6 - 3) / 1) + 1 rows, 4 = floor((5 - 2) / 1) + 1 columns", 1, true), text)
  expect.ok(text:find("parameters     52 = (3*2*2 + 1)*4", 1, true), text)
  expect.ok(text:find("sees           4x3 pixels of the input, 2 from one to the next", 1, true), text)
  local sample = arange(60):reshape(2, 6, 5)
  m:explain{1, {3, 2, 4}, sample}
  expect.ok(text:find "x%[2, 4, 5%] +49 %* +1 +%= 49", text)
  expect.ok(not text:find "x%[3", text)
  local z = sum(sample[{{}, {2, 4}, {4, 5}}])
  expect.ok(text:find(string.format("z +%%= %g", z)), text)
  m:explain{2, {3, 2, 1}, sample}
  expect.ok(text:find("in channel 3\n  x[3, 3, 1]", 1, true), text)
  m:explain{3, 6, sample}  -- row 1, column 2, channel 2 of two rows and columns
  expect.ok(text:find("x[2, 1, 2]", 1, true), text)
  session.say = say
end)

test("axes in the other order are said, with what puts them right", function()
  for _, name in ipairs {"Conv2D", "MaxPooling2D", "AveragePooling2D", "GlobalAveragePooling2D", "GlobalMaxPooling2D",
    "Flatten", "RandomFlip", "RandomCrop"} do
    local options = {data_format = "channel_first"}
    if name == "Conv2D" or name == "RandomCrop" then options[1], options[2] = 3, 3 end
    expect.error(function() nn[name](options) end, 'did you mean "channels_first"')
  end
  local net = nn.Conv2D{3, 3, data_format = "channels_first", input_shape = {2, 12, 10}}
  net.data_format = "first"  -- by hand
  expect.error(function() net:check() end, "data_format cannot be")
  local function conv(format, shape)
    return nn.Sequential {nn.Conv2D{2, 3, data_format = format, input_shape = shape}}
  end
  expect.error(function() conv("channels_last", {1, 28, 28}) end, 'as (channels, rows, columns) with data_format='
    .. '"channels_first"')
  expect.error(function() conv("channels_first", {28, 28, 1}) end, 'as (rows, columns, channels) with data_format='
    .. '"channels_last"')
  local deep = expect.error(function() conv("channels_last", {2, 2, 64}) end, 'padding="same"')
  expect.ok(not deep:find "channels_first", deep)
  expect.error(function() conv("channels_first", {9, 8}) end, "input_shape={1, 9, 8} and expand_dims(x, 2)")
  local model = conv("channels_first", {2, 12, 10})
  expect.error(function() model:predict(x) end, "x:transpose(1, 4, 2, 3) moves")
  expect.error(function() model:trace(x) end, "x:transpose(1, 4, 2, 3) moves")
  expect.error(function() model:trace(x[1]) end, "x:transpose(3, 1, 2) moves")
  expect.error(function() conv("channels_last", {12, 10, 2}):predict(first(x)) end, "x:transpose(1, 3, 4, 2) moves")
  expect.error(function() conv("channels_first", {1, 9, 8}):predict(ones(4, 9, 8)) end, "expand_dims(x, 2)")
end)

test.done()
