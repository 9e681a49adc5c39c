-- Layers beyond those of the course, networks with branches, and what is kept beside weights.
local test, expect = dofile(os.getenv "GRADUS_TESTS" .. "/lua/tap.lua")

local function net(layers)
  layers.dtype = "float64"
  return nn.Sequential(layers)
end

-- Whether training follows the gradient of the loss, by differences in every weight.
local function check_gradients(model, x, y)
  model:compile{optimizer = optim.SGD{0}, loss = "mse"}
  model:train_on_batch(x, y)
  local given = {}
  for i, g in ipairs(model:gradients()) do given[i] = g:clone() end  -- they follow each step
  for i, w in ipairs(model:weights()) do
    local check = grad.check(function(value)
      local kept = w:clone()
      w[{{}}] = value
      local loss = model:train_on_batch(x, y)
      w[{{}}] = kept
      return loss
    end, w:clone(), {gradient = given[i]})
    expect.ok(check.ok, i .. ": " .. tostring(check))
  end
end

random.seed(2)
local pictures = random.randn(5, 6, 6, 2)

test("what is predicted follows the moving means, whenever the prediction was recorded", function()
  local m = net {nn.BatchNormalization{input_shape = {2}}, nn.Dense{1}}
  local x, y = random.randn(8, 2) * 3 + 1, zeros(8)
  m:compile{optimizer = "sgd", loss = "mse"}
  m:predict(x)
  for _ = 1, 2 do
    m:fit{x, y, epochs = 3, verbose = 0}
    local predicted = m:predict(x)
    m.programs = {}
    expect.ok(all(eq(predicted, m:predict(x))))
  end
  m.layers[1].moving_variance[{{}}] = 1 - 1e-3
  m.layers[1].moving_mean[{{}}] = 0
  local plain = net {nn.Dense{1, input_shape = {2}}}
  plain.layers[1].kernel[{{}}], plain.layers[1].bias[{{}}] = m.layers[2].kernel, m.layers[2].bias + 0
  local normal = x * m.layers[1].gamma + m.layers[1].beta
  expect.ok(max(abs(plain:predict(normal) - m:predict(x))) < 1e-5)
end)

test("batch normalization gives Keras's numbers and keeps its moving means", function()
  random.seed(1)
  local x = random.randn(6, 3)
  local m = net {nn.BatchNormalization{input_shape = {3}}, nn.Activation{"linear", name = "out"}}
  m:compile{optimizer = optim.SGD{0}, loss = function(_, p) return mean(p, 2) end}
  local layer, seen = m.layers[1], nil
  m.layers[2].activation = function(y) seen = y:detach(); return y end
  m:train_on_batch(x, zeros(6, 3))
  expect.close(seen[{1, 1}], 1.3043300705978589, 1e-12)
  expect.close(seen[{1, 2}], -0.8307929119377765, 1e-12)
  expect.close(seen[{1, 3}], 0.15697429575715033, 1e-12)
  expect.close(layer.moving_variance[1], 1.003575041337184, 1e-12)
  expect.ok(max(abs(layer.moving_mean - 0.01 * mean(x, 1))) < 1e-15)
  local predicted = m:predict(x)
  local by_hand = (x - layer.moving_mean) / sqrt(layer.moving_variance + 1e-3)
  expect.ok(max(abs(predicted - by_hand)) < 1e-12)
end)

test("a prediction sees the moving means and the weights of frozen layers as they are now", function()
  random.seed(1)
  local x, y = random.randn(6, 3) * 3, zeros(6, 2)
  local m = net {nn.Dense{4, input_shape = {3}}, nn.BatchNormalization{}, nn.Dense{2}}
  m:compile{optimizer = optim.SGD{0.1}, loss = "mse"}
  m.layers[3].trainable = false
  m:predict(x)
  for _ = 1, 5 do m:train_on_batch(x, y) end
  m.layers[3].kernel[{1, 1}] = 7
  local recorded = m:predict(x)
  m.programs = {}
  expect.ok(max(abs(recorded - m:predict(x))) == 0)
  m.layers[2].moving_mean = zeros(4) + 9
  recorded = m:predict(x)
  m.programs = {}
  expect.ok(max(abs(recorded - m:predict(x))) == 0)
end)

test("a step with batch normalization is recorded, halts for the whole batch, and equals the eager one", function()
  local function train(eager)
    random.seed(9)
    local m = net {nn.Conv2D{4, 3, input_shape = {6, 6, 2}}, nn.BatchNormalization{}, nn.Activation{"relu"},
      nn.Conv2D{3, 3}, nn.BatchNormalization{center = false}, nn.Flatten{}, nn.Dropout{0.2},
      nn.Dense{4, activation = function(z)
        if eager then z:detach():max() end
        return tanh(z)
      end}, nn.BatchNormalization{scale = false}, nn.Dense{2, activation = "softmax"}}
    m:compile{optimizer = "adam", loss = "sparse_categorical_crossentropy", metrics = {"accuracy"}}
    local x, y = random.randn(67, 6, 6, 2), random.randint(0, 2, 67)
    local h = m:fit{x, y, epochs = 3, batch_size = 30, verbose = 0}
    expect.equal(m.runs_eagerly or false, eager)
    return h.history.loss[3], m:predict(x), m.layers[2].moving_variance
  end
  local loss, p, moving = train(false)
  local eager_loss, eager_p, eager_moving = train(true)
  expect.close(loss, eager_loss, 1e-10)
  expect.ok(max(abs(p - eager_p)) < 1e-9)
  expect.ok(max(abs(moving - eager_moving)) < 1e-12)
end)

test("batch normalization without weights may stand first in a network that runs eagerly", function()
  local x, y = random.randn(40, 3) * 2 + 5, random.randn(40, 1)
  local function train(activation)
    random.seed(3)
    local m = net {nn.BatchNormalization{center = false, scale = false, momentum = 0.5, input_shape = {3}},
      nn.Dense{1, activation = activation}}
    m:compile{optimizer = "sgd", loss = "mse"}
    m:fit{x, y, epochs = 2, batch_size = 16, verbose = 0}
    return m
  end
  local recorded, eager = train(nil), train(function(z) z:detach():max() return z end)
  expect.ok(eager.runs_eagerly and not recorded.runs_eagerly)
  for _, name in ipairs {"moving_mean", "moving_variance"} do
    expect.ok(max(abs(recorded.layers[1][name] - eager.layers[1][name])) < 1e-12, name)
  end
  expect.ok(max(abs(recorded:predict(x) - eager:predict(x))) < 1e-12)
end)

test("batch normalization that stands in two places, or in two networks, keeps the moments of each batch", function()
  local x, y = random.randn(40, 3), random.randn(40, 1)
  local function train(eager, frozen)
    random.seed(1)
    local input, bn, dense = nn.Input{{3}}, nn.BatchNormalization{momentum = 0.5, trainable = not frozen}, nn.Dense{3}
    local h = nn.Add{}{bn(dense(input)), bn(dense(dense(input)))}
    if eager then h = nn.Activation{function(z) z:detach():max() return z end}(h) end
    local m = nn.Model{input, nn.Dense{1}(h), dtype = "float64"}
    m:compile{optimizer = "sgd", loss = "mse"}
    m:fit{x, y, epochs = 2, batch_size = 16, verbose = 0}
    return bn.moving_mean
  end
  expect.ok(max(abs(train(false) - train(true))) < 1e-12)
  expect.ok(max(abs(train(true, true))) == 0)

  local first = net {nn.BatchNormalization{input_shape = {3}}, nn.Dense{1}}
  local second = net {nn.BatchNormalization{input_shape = {3}}, first.layers[1], nn.Dense{1}}
  for _, m in ipairs {first, second} do m:compile{optimizer = optim.SGD{0}, loss = "mse"} end
  for _, m in ipairs {first, second, first} do
    local before = first.layers[1].moving_mean:clone()
    m:fit{x + 3, y, batch_size = 40, verbose = 0}
    local batch = mean(m == first and x + 3 or (x - mean(x, 1)) / sqrt(var(x, 1) + 1e-3), 1)
    expect.ok(max(abs(first.layers[1].moving_mean - (0.99 * before + 0.01 * batch))) < 1e-12)
  end
end)

test("layers of another network keep their names, and new ones get others", function()
  local a = net {nn.Dense{4, input_shape = {3}}, nn.Dense{2}}
  local b = net {a.layers[1], nn.Dense{4}, nn.Dense{1}}
  expect.equal(b.layers[1].name .. b.layers[2].name .. b.layers[3].name, "densedense_1dense_2")
  expect.error(function() net {nn.Dense{1, name = "a", input_shape = {1}}, nn.Dense{1, name = "a"}} end, 'named "a"')
end)

test("what is not trained is counted apart, and the summary says so", function()
  local m = net {nn.Conv2D{4, 3, input_shape = {6, 6, 2}}, nn.BatchNormalization{}, nn.Flatten{}, nn.Dense{2}}
  expect.equal(m:count_params(), 76 + 16 + 130)
  expect.equal(#m:weights(), 6)
  m.layers[1].trainable = false
  expect.equal(#m:weights(), 4)
end)

test("a frozen layer does not change, and its weights still carry the gradient to those before it", function()
  local m = net {nn.Dense{4, activation = "tanh", input_shape = {3}}, nn.Dense{2}}
  m.layers[2].trainable = false
  local first, second = m.layers[1].kernel:clone(), m.layers[2].kernel:clone()
  m:compile{optimizer = optim.SGD{0.1}, loss = "mse"}
  m:fit{random.randn(8, 3), random.randn(8, 2), epochs = 2, verbose = 0}
  expect.ok(max(abs(m.layers[1].kernel - first)) > 0)
  expect.equal(max(abs(m.layers[2].kernel - second)), 0.0)
end)

local cases = {
  ["batch normalization"] = function() return {nn.Conv2D{3, 3, input_shape = {6, 6, 2}}, nn.BatchNormalization{},
    nn.Flatten{}, nn.Dense{2}} end,
  ["layer normalization"] = function() return {nn.Flatten{input_shape = {6, 6, 2}}, nn.Dense{5},
    nn.LayerNormalization{}, nn.Dense{2}} end,
  ["average pooling"] = function() return {nn.Conv2D{3, 3, input_shape = {6, 6, 2}},
    nn.AveragePooling2D{3, strides = 2, padding = "same"}, nn.Flatten{}, nn.Dense{2}} end,
  ["global average pooling"] = function() return {nn.Conv2D{3, 3, input_shape = {6, 6, 2}},
    nn.GlobalAveragePooling2D{}, nn.Dense{2}} end,
  ["global max pooling"] = function() return {nn.Conv2D{3, 3, input_shape = {6, 6, 2}}, nn.GlobalMaxPooling2D{},
    nn.Dense{2}} end,
  reshaping = function() return {nn.Conv2D{2, 3, input_shape = {6, 6, 2}}, nn.Reshape{{8, -1, 1}},
    nn.Conv2D{2, 3, dilation_rate = {2, 1}}, nn.Flatten{}, nn.Dense{2}} end,
  ["leaky units"] = function() return {nn.Flatten{input_shape = {6, 6, 2}}, nn.Dense{4}, nn.LeakyReLU{}, nn.Dense{4},
    nn.ELU{0.5}, nn.Dense{4}, nn.ReLU{max_value = 0.4, negative_slope = 0.1}, nn.Dense{2}} end,
  rescaling = function() return {nn.Rescaling{2, -1, input_shape = {6, 6, 2}}, nn.Flatten{}, nn.Dense{2}} end,
}
for name, layers in pairs(cases) do
  test("training through " .. name .. " follows the gradient", function()
    random.seed(3)
    check_gradients(net(layers()), pictures, random.randn(5, 2))
  end)
end

-- What a convolution in groups is: a full one, whose kernel is 0 where a filter looks at no channel of its own.
local function full_kernel(kernel, groups)
  local rows, columns, channels, filters = table.unpack(kernel.shape)
  local full = zeros(rows, columns, channels * groups, filters)
  for f = 1, filters do
    local first = (f - 1) // (filters // groups) * channels
    full[{{}, {}, {first + 1, first + channels}, f}] = kernel[{{}, {}, {}, f}]
  end
  return full
end

test("a convolution in groups is a full one whose kernel is 0 where channels do not mix, forward and back", function()
  random.seed(11)
  -- groups of few channels are convolved together, those of many one after the other: the last three
  local sizes = {{3, 3, 3}, {2, 4, 6}, {4, 4, 16}, {3, 6, 3}, {1, 2, 3}, {2, 24, 24}, {3, 36, 30}, {2, 40, 8}}
  for i, size in ipairs(sizes) do
    local groups, channels, filters = table.unpack(size)
    for _, options in ipairs {{3}, {2, strides = 2, padding = "same"}, {{3, 2}, dilation_rate = 2, padding = "same"}} do
      local function model_of(given, dtype)
        local settings = {filters, options[1], groups = given, strides = options.strides, padding = options.padding,
          dilation_rate = options.dilation_rate, bias_initializer = "random_normal"}
        return nn.Sequential{nn.Conv2D{channels, 2, activation = "tanh", input_shape = {6, 6, 2}},
          nn.Conv2D(settings), nn.Flatten{}, nn.Dense{2}, dtype = dtype}
      end
      for dtype, tolerance in pairs {float64 = 1e-12, float32 = 1e-4} do
        local some, all = model_of(groups, dtype), model_of(1, dtype)
        for k, layer in ipairs(some.layers) do
          for _, name in ipairs(layer.weight_names) do
            local w = layer[name]
            all.layers[k][name][{{}}] = k == 2 and name == "kernel" and full_kernel(w, groups) or w
          end
        end
        expect.ok(max(abs(some:predict(pictures) - all:predict(pictures))) < tolerance, i)
        for _, m in ipairs {some, all} do
          m:compile{optimizer = optim.SGD{0}, loss = "mse"}
          m:train_on_batch(pictures, ones(5, 2))
        end
        expect.equal(some.runs_eagerly, nil)
        local got, wanted = some:gradients(), all:gradients()
        for k, g in ipairs(got) do
          if k == 3 then  -- of the kernel in groups; elsewhere its gradient is of no weight
            local mask = full_kernel(ones(table.unpack(g.shape)), groups)
            expect.ok(max(abs(full_kernel(g, groups) - mask * wanted[k])) < tolerance, i .. " " .. k)
          else
            expect.ok(max(abs(g - wanted[k])) < tolerance, i .. " " .. k)
          end
        end
      end
    end
  end
end)

test("a convolution in groups follows its gradient, in forward mode too", function()
  random.seed(12)
  for _, size in ipairs {{4, 4, 4}, {2, 4, 6}, {2, 24, 24}} do
    local groups, channels, filters = table.unpack(size)
    local layer = nn.Conv2D{filters, 2, groups = groups, input_shape = {4, 4, channels}}
    local m = net {layer, nn.Flatten{}, nn.Dense{1}}
    check_gradients(m, random.randn(3, 4, 4, channels), zeros(3, 1))
    expect.equal(m.runs_eagerly, nil)
    local x, v = random.randn(2, 4, 4, channels), random.randn(2, 4, 4, channels)
    local forward = grad.forward(function(t) return layer:call(t) end, {x}, {direction = v}).derivatives[1]
    local h = 1e-6
    local difference = (layer:call(x + h * v) - layer:call(x - h * v)):detach() / (2 * h)
    expect.ok(max(abs(forward - difference)) < 1e-7)
  end
end)

test("training in groups gives the same bits with any number of threads", function()
  expect.same_bits [[
    random.seed(13)
    local m = nn.Sequential{nn.Conv2D{8, 3, input_shape = {6, 6, 2}}, nn.Conv2D{8, 2, groups = 8, activation = "relu"},
      nn.Conv2D{40, 1}, nn.Conv2D{40, 2, groups = 2, activation = "relu"}, nn.Flatten{}, nn.Dense{2}}
    m:compile{optimizer = "adam", loss = "mse"}
    m:fit{random.randn(40, 6, 6, 2), random.randn(40, 2), epochs = 2, batch_size = 20, verbose = 0}
    local total = 0
    for _, w in ipairs(m:weights()) do total = total + sum(w * w) end
    print(("%a"):format(total))]]
end)

test("a recorded step with convolutions in groups equals the eager one", function()
  local function train(eager)
    random.seed(13)
    local m = net {nn.Conv2D{8, 3, input_shape = {6, 6, 2}}, nn.Conv2D{8, 2, groups = 8, activation = "relu"},
      nn.Conv2D{40, 1}, nn.Conv2D{40, 2, groups = 2, activation = function(z)
        if eager then z:detach():max() end
        return relu(z)
      end}, nn.Flatten{}, nn.Dense{2}}
    m:compile{optimizer = "adam", loss = "mse"}
    m:fit{random.randn(40, 6, 6, 2), random.randn(40, 2), epochs = 2, batch_size = 20, verbose = 0}
    expect.equal(m.runs_eagerly or false, eager)
    return m:weights()
  end
  local by_hand = train(true)
  for i, w in ipairs(train(false)) do expect.ok(max(abs(w - by_hand[i])) < 1e-9, i) end
end)

test("average pooling counts the pixels inside the image alone", function()
  local m = net {nn.AveragePooling2D{2, padding = "same", input_shape = {3, 3, 1}}}
  local x = arange(1, 10):reshape(1, 3, 3, 1)
  expect.equal(tostring(m:predict(x):reshape(2, 2)), "[[3.  4.5]\n [7.5 9. ]]")
end)

test("layers that activate give the formulas' numbers", function()
  local x = tensor{{-2, -0.5, 0, 0.5, 8}}
  local function of(layer) return tostring(net {layer}:predict(x)) end
  expect.equal(of(nn.LeakyReLU{input_shape = {5}}), "[[-0.6  -0.15  0.    0.5   8.  ]]")
  expect.equal(of(nn.ReLU{6, 0.5, input_shape = {5}}), "[[-1.   -0.25  0.    0.5   6.  ]]")
  expect.equal(of(nn.ReLU{max_value = 6, input_shape = {5}}), "[[0.  0.  0.  0.5 6. ]]")
  local elu = net {nn.ELU{2, input_shape = {5}}}:predict(x)
  expect.close(elu[{1, 1}], 2 * (math.exp(-2) - 1), 1e-12)
  expect.close(sum(net {nn.Softmax{input_shape = {5}}}:predict(x)), 1, 1e-12)
end)

test("PReLU learns its slopes, one for each number or one for all along the shared axes", function()
  random.seed(7)
  for _, case in ipairs {{nil, 72}, {{2, 3}, 2}, {{2, -1}, 6}, {-2, 12}, {{2, 3, 4}, 1}} do
    local axes, n = case[1], case[2]
    local m = net {nn.PReLU{shared_axes = axes, alpha_initializer = "random_normal", input_shape = {6, 6, 2}},
      nn.Flatten{}, nn.Dense{2}}
    expect.equal(m.layers[1].alpha.size, n)
    expect.equal(m.layers[1].name, "p_re_lu")
    check_gradients(m, pictures, zeros(5, 2))
    expect.equal(m.runs_eagerly, nil)
    local alpha = m.layers[1].alpha
    local by_hand = where(gt(pictures, 0), pictures, alpha * pictures)
    expect.ok(max(abs(nn.Sequential{m.layers[1], dtype = "float64"}:predict(pictures) - by_hand)) == 0)
  end
end)

test("normalizing along other axes is normalizing along the last ones of turned samples", function()
  random.seed(8)
  local function layer_of(kind, axis, shape)
    local m = net {nn[kind] {axis = axis, input_shape = shape}, nn.Flatten{}}
    random.seed(9)
    for _, name in ipairs(m.layers[1]:all_names()) do
      local w = m.layers[1][name]
      w[{{}}] = random.uniform(0.5, 1.5, table.unpack(w.shape))
    end
    return m
  end
  local x = random.randn(4, 3, 5, 2)
  local turned = x:transpose(1, 4, 3, 2):clone()
  for _, kind in ipairs {"BatchNormalization", "LayerNormalization"} do
    local along, last = layer_of(kind, 2, {3, 5, 2}), layer_of(kind, -1, {2, 5, 3})
    local of_turned = last:predict(turned):reshape(4, 2, 5, 3):transpose(1, 4, 3, 2)
    expect.ok(max(abs(along:predict(x):reshape(4, 3, 5, 2) - of_turned)) < 1e-12, kind)
    for _, m in ipairs {along, last} do m:compile{optimizer = optim.SGD{0.1}, loss = "mse"} end
    for _ = 1, 3 do
      expect.close(along:train_on_batch(x, zeros(4, 30)), last:train_on_batch(turned, zeros(4, 30)), 1e-12)
    end
    expect.equal(along.runs_eagerly, nil)
    for i, w in ipairs(along.layers[1]:all_weights()) do
      expect.ok(max(abs(w - last.layers[1]:all_weights()[i])) < 1e-12, kind .. " " .. i)
    end
  end
  local whole = layer_of("LayerNormalization", {2, 3, 4}, {3, 5, 2})
  whole.layers[1].gamma[{{}}], whole.layers[1].beta[{{}}] = 1, 0
  local y = whole:predict(x)
  expect.ok(max(abs(mean(y, 2))) < 1e-12)
  expect.ok(max(abs(var(y, 2) - 1)) < 0.01)
end)

test("what is learnt along several axes follows the gradient", function()
  random.seed(10)
  for _, layer in ipairs {nn.LayerNormalization{axis = {2, 4}}, nn.LayerNormalization{axis = {2, 3, 4}},
    nn.BatchNormalization{axis = 3}, nn.Softmax{axis = {2, 3}}} do
    local m = net {nn.Conv2D{2, 3, input_shape = {6, 6, 2}}, layer, nn.Flatten{}, nn.Dense{2}}
    check_gradients(m, pictures, zeros(5, 2))
    expect.equal(m.runs_eagerly, nil)
  end
end)

test("a softmax along several axes sums to 1 along all of them", function()
  local y = net {nn.Softmax{axis = {2, 3}, input_shape = {6, 6, 2}}}:predict(pictures)
  expect.ok(max(abs(sum(y, {2, 3}) - 1)) < 1e-12)
  expect.ok(max(abs(net {nn.Softmax{axis = 2, input_shape = {6, 6, 2}}}:predict(pictures):sum(2) - 1)) < 1e-12)
end)

test("moving means start as their initializers say", function()
  local m = net {nn.BatchNormalization{moving_mean_initializer = initializers.Constant{2},
    moving_variance_initializer = initializers.Constant{4 - 1e-3}, input_shape = {1}}}
  expect.close(m:predict(tensor{{6}})[{1, 1}], 2, 1e-12)
end)

-- ---- branches ----

local function residual(dtype)
  local x = nn.Input{{4}}
  local h = nn.Dense{4, activation = "tanh"}(x)
  local both = nn.Add{}{x, h}
  return nn.Model{x, nn.Dense{2}(nn.Concatenate{}{both, h}), dtype = dtype or "float64"}
end

test("a network with branches computes what its connections say", function()
  random.seed(4)
  local m = residual()
  local x = random.randn(3, 4)
  local first, last = m.layers[1], m.layers[4]
  local h = tanh(x:dot(first.kernel) + first.bias)
  local want = concatenate({x + h, h}, 2):dot(last.kernel) + last.bias
  expect.ok(max(abs(m:predict(x) - want)) < 1e-12)
  expect.equal(m:count_params(), 20 + 18)
end)

test("branches are joined along any axis but that of the samples", function()
  local x = nn.Input{{2, 3}}
  local m = nn.Model{x, nn.Flatten{}(nn.Concatenate{axis = 2}{x, nn.Rescaling{2}(x)}), dtype = "float64"}
  local t = random.randn(2, 2, 3)
  expect.ok(all(eq(m:predict(t), concatenate({t, 2 * t}, 2):reshape(2, 12))))
  local y = nn.Reshape{{6, 1}}(x)
  local joined = nn.Concatenate{axis = -2}{y, nn.Reshape{{2, 1}}(nn.Dense{2}(nn.Flatten{}(x)))}
  expect.equal(table.concat(joined.shape, " "), "8 1")
  expect.error(function() nn.Concatenate{axis = 2}{x, y} end, "along their 2. axis, and the others differ")
end)

test("a network with branches trains, recorded, and follows its gradient", function()
  random.seed(5)
  local m = residual()
  check_gradients(m, random.randn(6, 4), random.randn(6, 2))
  expect.equal(m.runs_eagerly, nil)
end)

test("a layer that is called twice has one set of weights, and the gradient of both uses", function()
  random.seed(6)
  local x = nn.Input{{3}}
  local shared = nn.Dense{3, activation = "tanh"}
  local m = nn.Model{x, nn.Dense{1}(shared(shared(x))), dtype = "float64"}
  expect.equal(#m:weights(), 4)
  check_gradients(m, random.randn(6, 3), random.randn(6, 1))
end)

test("training, evaluation and prediction of every layer are recorded", function()
  local with = {Dense = {3}, Conv2D = {3, 3}, MaxPooling2D = {2}, AveragePooling2D = {2}, Reshape = {{3, 24}},
    Dropout = {0.5}, Activation = {"tanh"}, Rescaling = {0.5}, RandomRotation = {0.1}, RandomTranslation = {0.1, 0.1},
    RandomZoom = {0.1}, RandomContrast = {0.1}, RandomBrightness = {0.1}, RandomCrop = {4, 4}, GaussianNoise = {0.1}}
  local several = {Add = true, Concatenate = true, Subtract = true, Multiply = true, Average = true, Maximum = true,
    Minimum = true}
  local no_layer = {Sequential = true, Model = true, Input = true, layer = true, load = true}
  local function expect_recorded(name, m, x)
    m:compile{optimizer = "sgd", loss = "mse", metrics = {"mae"}}
    m:train_on_batch(x, zeros(5, 2))
    m:test_on_batch(x, zeros(5, 2))
    m:predict(x)
    for key, step in pairs(m.programs) do
      expect.equal(type(step.program) == "userdata" and name .. " " .. key, name .. " " .. key)
    end
  end
  local seen = 0
  for name, make in pairs(nn) do
    if not no_layer[name] then
      local x = nn.Input{{6, 6, 2}}
      local y
      if several[name] then
        y = make{}{x, x}
      else
        local flat = name == "Dense"
        y = make(with[name] or {})(flat and nn.Flatten{}(x) or x)
      end
      expect_recorded(name, nn.Model{x, nn.Dense{2}(nn.Flatten{}(y)), dtype = "float64"}, pictures)
      seen = seen + 1
    end
  end
  expect.ok(seen >= 25, "only " .. seen .. " layers")
end)

test("a network that cannot be put together says why", function()
  local x, other = nn.Input{{4}}, nn.Input{{4}}
  expect.error(function() nn.Model{x, nn.Dense{2}(other)} end, "another nn.Input")
  expect.error(function() nn.Add{}{x, nn.Dense{3}(x)} end, "inputs of one shape")
  expect.error(function() nn.Dense{2}{x, other} end, "takes one input, not 2")
  expect.error(function() nn.Dense{2}(ones(3, 4)) end, "model:predict(x)")
  expect.error(function() nn.Sequential {nn.Add{}} end, "branches are made with nn.Input")
  expect.error(function() nn.Subtract{}{x, x, x} end, "takes two inputs, not 3")
  expect.error(function() nn.Concatenate{axis = 1} end, "axis 1 counts the samples")
  expect.error(function() nn.Model{3, x} end, "nn.Input")
  expect.error(function() nn.Input{{4, 0}} end, "whole numbers from 1")
  expect.error(function() nn.Conv2D{2, 3}(x) end, "(rows, columns, channels)")
  expect.error(function() nn.Model{{x, other}, nn.Add{}{x, other}} end, "columns of one x")
  expect.error(function() nn.Model{x, {nn.Dense{1}(x), nn.Dense{2}(x)}} end, "joined by nn.Concatenate")
  expect.error(function() return x + other end, "nn.Add{}{a, b}")
  local dense = nn.Dense{3}
  expect.error(function() nn.Model{x, dense(dense(x))} end, "in two places, behind samples of shape (4,) and of (3,)")
  local twice, m = nn.Dense{4, input_shape = 4}, nn.Sequential{nn.Dense{2, input_shape = {4}}}
  expect.error(function() nn.Sequential{twice, twice} end, "entry 2 is the layer at place 1")
  expect.error(function() nn.Sequential{m, nn.Dense{1}} end, "entry 1 is table, not a layer; it is a network")
  expect.error(function() nn.Sequential{twice, nil, nn.Dense{1}} end, "entry 2 is nil")
  expect.error(function() m(x) end, "is a network and no layer")
  for _, shape in ipairs {{}, {-1}, {2.5}, {nil, 3}, {rows = 3}, "3"} do
    expect.error(function() nn.Dense{1, input_shape = shape} end, "input_shape is the shape of one sample")
  end
end)

test("options of layers that cannot be are sentences", function()
  expect.error(function() nn.Reshape{{-1, -1}} end, "one may be -1")
  expect.error(function() nn.Dropout{0.5, noise_shape = {nil, 1}} end, "a list of whole numbers")
  expect.error(function() net {nn.Reshape{{5, -1}, input_shape = {12}}} end, "do not fill")
  expect.error(function() nn.BatchNormalization{momentum = 1} end, "from 0 up to 1")
  expect.error(function() nn.LayerNormalization{epsilon = 0} end, "above 0")
  expect.error(function() nn.Rescaling{"half"} end, "scale is a number")
  expect.error(function() nn.Conv2D{4, 3, groups = 3} end, "3 groups cannot share 4 filters evenly")
  expect.error(function() nn.Conv2D{4, 3, groups = 0} end, "groups is a whole number from 1")
  expect.error(function() net {nn.Conv2D{4, 3, groups = 4, input_shape = {6, 6, 6}}} end, "cannot share the 6 channels")
  expect.error(function() nn.LeakyReLU{negative_slope = -1} end, "from 0")
  expect.error(function() nn.BatchNormalization{axis = 1} end, "axis 1 counts the samples")
  expect.error(function() nn.BatchNormalization{axis = {2, 3}} end, "not {2, 3}")
  expect.error(function() nn.LayerNormalization{axis = {}} end, "or a list of them, not {}")
  expect.error(function() nn.PReLU{shared_axes = {{2}}} end, "or a list of them")
  expect.error(function() net {nn.PReLU{shared_axes = {2, 4}, input_shape = {5, 5}}} end, "a batch has 3 axes here")
  expect.error(function() net {nn.LayerNormalization{axis = {2, -2}, input_shape = {5, 5}}} end, "names axis 2 twice")
  expect.error(function() net {nn.Softmax{axis = -3, input_shape = {5, 5}}} end, "-1 to -2 from the end")
end)

test("a layer may be frozen from the start, and what Keras has and we have not is explained", function()
  local m = net {nn.Dense{3, trainable = false, input_shape = {2}}, nn.Dense{1}}
  expect.equal(#m:weights(), 2)
  local kept = m.layers[1].kernel:clone()
  m:compile{optimizer = "sgd", loss = "mse"}
  m:fit{ones(4, 2), ones(4, 1), epochs = 2, verbose = 0}
  expect.ok(all(eq(m.layers[1].kernel, kept)))
  m.layers[1].trainable = true
  expect.equal(#m:weights(), 4)
  expect.error(function() nn.Dense{3, trainable = 0} end, "trainable is true or false")
  expect.error(function() nn.Dense{3, dtype = "float64"} end, "a network has one dtype")
  expect.error(function() nn.Dense{3, input_dim = 4} end, "input_shape={n}")
  expect.error(function() nn.Conv2D{3, 3, kernel_constraint = "max_norm"} end, 'kernel_regularizer="l2"')
end)

test.done()
