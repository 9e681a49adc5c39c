-- The random layers: what they do in training, and that a recorded step does it the same way.
local test, expect = dofile(os.getenv "GRADUS_TESTS" .. "/lua/tap.lua")

random.seed(1)
local pictures = random.rand(30, 6, 8, 2)

-- What the layer gives for a batch in training, in a step of training with that seed.
local function seen(layer, x, dtype, seed)
  layer.input_shape = {table.unpack(x.shape, 2)}
  local kept
  local m = nn.Sequential {layer, nn.Flatten {}, nn.Dense {1, activation = function(z) return z end}, dtype = dtype}
  m:compile {optimizer = optim.SGD {0}, loss = "mse"}
  local flatten = m.layers[2].call
  m.layers[2].call = function(self, t, ...)
    kept = t:detach()
    kept:max()  -- values are read: the step runs eagerly, so that they are those of the batch
    return flatten(self, t, ...)
  end
  random.seed(seed or 1)
  m:train_on_batch(x, zeros(x.shape[1], 1))
  return kept, m
end

local function unlike(a, b) return max(abs(a - b)) end

test("each layer changes pictures in training, and none in prediction", function()
  for _, layer in ipairs {nn.RandomFlip {}, nn.RandomRotation {0.1}, nn.RandomTranslation {0.2, 0.1},
    nn.RandomZoom {0.2}, nn.RandomZoom {0.2, 0.1}, nn.RandomContrast {0.5, value_range = {0, 1}},
    nn.RandomBrightness {0.3, value_range = {0, 1}}, nn.GaussianNoise {0.1}} do
    local y, m = seen(layer, pictures)
    expect.equal(table.concat(y.shape, " "), "30 6 8 2")
    local changed = 0
    for i = 1, 30 do
      if unlike(y[i], pictures[i]:astype "float32") > 1e-3 then changed = changed + 1 end
    end
    expect.ok(changed >= 10, layer.class_name .. " changed " .. changed .. " of 30 pictures")
    expect.equal(layer:count_params(), 0)
    expect.equal(unlike(m:predict(pictures), m:predict(pictures)), 0.0)
    local dense = m.layers[3]
    local by_hand = pictures:astype "float32":reshape(30, 96):dot(dense.kernel:detach())
    expect.ok(unlike(m:predict(pictures), by_hand + dense.bias:detach()) < 1e-5)
  end
end)

test("flips are flips, and each of two kinds happens to about half of the pictures", function()
  local x = random.rand(400, 3, 4, 1)
  local y = seen(nn.RandomFlip {}, x, "float64")
  local count = {}
  for i = 1, 400 do
    for k, form in ipairs {x[i], x[i]:flip(1), x[i]:flip(2), x[i]:flip(1):flip(2)} do
      if unlike(y[i], form) == 0 then count[k] = (count[k] or 0) + 1 end
    end
  end
  for k = 1, 4 do expect.ok(count[k] > 70 and count[k] < 130, table.concat(count, " ")) end
  y = seen(nn.RandomFlip {"horizontal"}, x, "float64")
  for i = 1, 400 do expect.ok(unlike(y[i], x[i]) == 0 or unlike(y[i], x[i]:flip(2)) == 0) end
end)

test("ranges of one value do what Keras's sentences say", function()
  local x = random.rand(3, 6, 6, 1)
  local function exact(layer, wanted, tolerance)
    local apart = unlike(seen(layer, x, "float64"), wanted)
    expect.ok(apart <= (tolerance or 0), layer.class_name .. " is off by " .. apart)
  end
  exact(nn.RandomRotation {{0.25, 0.25}}, x:transpose {1, 3, 2, 4}:flip(2))  -- a quarter turn counter-clockwise
  exact(nn.RandomTranslation {{0.5, 0.5}, {0, 0}, fill_mode = "wrap"}, x:roll(3, 2))  -- down
  exact(nn.RandomTranslation {{0, 0}, {-0.5, -0.5}, fill_mode = "wrap"}, x:roll(-3, 3))  -- to the left
  exact(nn.RandomContrast {{0, 0}}, x, 1e-15)
  exact(nn.RandomBrightness {{0.5, 0.5}, value_range = {0, 1}}, clip(x + 0.5, 0, 1))
  -- Zooming out by 100 % shows the picture at half its size, in the middle.
  local y = seen(nn.RandomZoom {{1, 1}, fill_mode = "constant", fill_value = 5}, x, "float64")
  expect.equal(y[{1, 1, 1, 1}], 5.0)
  expect.close(y[{1, 3, 3, 1}], mean(x[{1, {2, 3}, {2, 3}, 1}]))
end)

test("noise has the standard deviation asked for, in any shape, and passes the gradient", function()
  local x = zeros(50, 400)
  local y = seen(nn.GaussianNoise {2}, x, "float64")
  expect.close(std(y), 2, 0.03)
  expect.close(mean(y), 0, 0.05)
  local m = nn.Sequential {nn.Dense {3, input_shape = {4}}, nn.GaussianNoise {0.5}, nn.Dense {1}, dtype = "float64"}
  m:compile {optimizer = optim.SGD {0.01}, loss = "mse"}
  local h = m:fit {random.randn(64, 4), ones(64, 1), epochs = 20, verbose = 0}
  expect.ok(h.history.loss[20] < h.history.loss[1])
  expect.ok(max(abs(m:gradients()[1])) > 0)
end)

test("a random crop is a piece of the picture; in prediction it is the middle, resized", function()
  local x = arange(2 * 6 * 6):reshape(2, 6, 6, 1)
  local y, m = seen(nn.RandomCrop {3, 2}, x, "float64")
  for i = 1, 2 do
    local row, column = (y[{i, 1, 1, 1}] % 36) // 6, y[{i, 1, 1, 1}] % 6
    expect.equal(unlike(y[i], x[{i, {row + 1, row + 3}, {column + 1, column + 2}}]), 0.0)
  end
  expect.equal(table.concat(m.layers[1].output_shape, " "), "3 2 1")
  local p = nn.Sequential {nn.RandomCrop {3, 3, input_shape = {6, 8, 1}}, dtype = "float64"}
  local wide = random.rand(1, 6, 8, 1)
  local wanted = data.resize(wide[{{}, {}, {2, 7}}], {3, 3}, {method = "bilinear"})
  expect.ok(unlike(p:predict(wide), wanted) < 1e-15)
  p = nn.Sequential {nn.RandomCrop {6, 8, input_shape = {6, 8, 1}}, dtype = "float64"}
  expect.equal(unlike(p:predict(wide), wide), 0.0)
end)

local function stack(eager)
  return {nn.RandomFlip {input_shape = {6, 8, 2}}, nn.RandomRotation {0.1}, nn.RandomTranslation {0.1, 0.2, "nearest"},
    nn.RandomZoom {0.2, fill_mode = "wrap"}, nn.RandomContrast {0.3, value_range = {0, 1}},
    nn.RandomBrightness {0.1, value_range = {0, 1}}, nn.GaussianNoise {0.05}, nn.RandomCrop {5, 5},
    nn.Conv2D {3, 3, activation = "relu"}, nn.Flatten {},
    nn.Dense {2, activation = function(z)
      if eager then z:detach():max() end
      return z
    end}}
end

test("a recorded step gives the weights that the eager one gives, and goes on from its seed", function()
  local function train(eager, seed)
    random.seed(3)
    local m = nn.Sequential(stack(eager))
    m:compile {optimizer = "adam", loss = "mse"}
    random.seed(seed)
    m:fit {pictures, zeros(30, 2), epochs = 3, batch_size = 8, verbose = 0}
    expect.equal(m.runs_eagerly or false, eager)
    return m:weights()
  end
  local recorded, eager, other = train(false, 1), train(true, 1), train(false, 2)
  local again = train(false, 1)
  for i, w in ipairs(recorded) do
    expect.ok(unlike(w, eager[i]) < 1e-5, "weight " .. i)
    expect.equal(unlike(w, again[i]), 0.0)
  end
  expect.ok(unlike(recorded[1], other[1]) > 1e-5)
end)

test("the same seed gives the same bits with 1, 2 and 8 threads", function()
  expect.same_bits [[
    random.seed(5)
    local m = nn.Sequential {nn.RandomFlip {input_shape = {8, 8, 1}}, nn.RandomRotation {0.1}, nn.GaussianNoise {0.1},
      nn.Conv2D {4, 3}, nn.Flatten {}, nn.Dense {2}}
    m:compile {optimizer = "adam", loss = "mse"}
    local x = random.rand(200, 8, 8, 1)
    m:fit {x, zeros(200, 2), epochs = 2, verbose = 0}
    local sum = data.augment {x, rotate = 20, noise = 0.1, cutout = 0.2}:sum()
    for _, w in ipairs(m:weights()) do sum = sum + w:sum() end
    print(string.format("%a", sum))]]
end)

test("a seed of its own makes a layer draw the same wherever it stands", function()
  local x = random.rand(20, 5, 5, 1)
  local a = seen(nn.RandomRotation {0.2, seed = 9}, x, "float64")
  local b = seen(nn.RandomRotation {0.2, seed = 9}, x, "float64")
  local c = seen(nn.RandomRotation {0.2, seed = 10}, x, "float64")
  expect.equal(unlike(a, b), 0.0)
  expect.ok(unlike(a, c) > 0.01)
end)

test("what the layers do not take is said, in the layer's own words", function()
  expect.error(function() nn.RandomFlip {"sideways"} end, "nn.RandomFlip: mode cannot be")
  expect.error(function() nn.RandomRotation {} end, "needs factor")
  expect.error(function() nn.RandomRotation {2} end, "factor lies between -1 and 1; got 2")
  expect.error(function() nn.RandomZoom {0.1, fill_mode = "refect"} end, 'did you mean "reflect"')
  expect.error(function() nn.RandomZoom {0.1, interpolation = "cubic"} end, '"bilinear" or "nearest", not cubic')
  expect.error(function() nn.RandomContrast {-1} end, "factor is a number from 0 to 1")
  expect.error(function() nn.RandomBrightness {0.1, value_range = {1, 0}} end, "value_range")
  expect.error(function() nn.GaussianNoise {-1} end, "stddev is a number from 0")
  expect.error(function() nn.RandomCrop {0, 3} end, "height is a whole number from 1")
  expect.error(function() nn.RandomFlip {seed = "x"} end, "seed is a whole number")
  expect.error(function() nn.Sequential {nn.RandomFlip {input_shape = {5, 5}}} end, "need a channel axis")
end)

-- The sum of what a recipe makes of x in a step of training, each pixel with a weight of its own; and its derivatives.
local core, recipe_of = require "gradus.core.grad", require("gradus.core.pictures").recipe

local function drawn(x, recipe, training, how, ...)
  local sum_of_all, size = nil, {...}
  local gradients = core.eagerly({x}, training, 1, 2, 3, function()
    local y = core.augment(x, recipe_of(recipe), 4, how, table.unpack(size))
    local total = sum(y * cos(arange(y.size) * 1.7):reshape(y.shape):astype(x.dtype))
    sum_of_all = total:detach():item()
    total:backward()
  end)
  return sum_of_all, gradients[1]:clone()
end

test("gradients go back through each random change of pictures, as it was drawn", function()
  local x = core.weight(random.rand(3, 6, 5, 2))
  local recipes = {
    flip = {flip_rows = 1, flip_columns = 1}, rotation = {rotate = {-0.5, 0.5}}, contrast = {contrast = {-0.5, 0.5}},
    shift = {shift_rows = {-0.3, 0.3}, shift_columns = {-0.3, 0.3}}, blur = {blur = {0.5, 1.5}}, noise = {noise = 0.1},
    zoom = {zoom_rows = {-0.4, 0.4}, zoom_columns = {-0.4, 0.4}}, shear = {shear = {-0.3, 0.3}}, hole = {cutout = 0.5},
    brightness = {brightness = {-0.3, 0.3}, value_range = {0, 1}}, nothing = {},
    nearest = {rotate = {-0.5, 0.5}, nearest = 1},
    all = {flip_columns = 1, rotate = {-0.3, 0.3}, shift_rows = {-0.2, 0.2}, blur = {0.3, 0.8}, contrast = {-0.5, 0.9},
      brightness = {-0.2, 0.2}, noise = 0.1, value_range = {0, 1}, cutout = 0.3, zoom_rows = {-0.2, 0.2}},
  }
  local function check(name, ...)
    local _, got = drawn(x, ...)
    local given, h = table.pack(...), 1e-6
    for i = 1, x.size, 7 do
      local flat = x:reshape(-1)
      local kept = flat[i]
      flat[i] = kept + h
      local up = drawn(x, table.unpack(given))
      flat[i] = kept - h
      local down = drawn(x, table.unpack(given))
      flat[i] = kept
      expect.close(got:reshape(-1)[i], (up - down) / (2 * h), 1e-6)
    end
    local single = core.weight(x:astype "float32")
    local _, rounded = drawn(single, ...)
    expect.ok(max(abs(rounded - got)) < 1e-4, name)
  end
  for name, recipe in pairs(recipes) do
    for fill = 0, 3 do
      recipe.fill = fill
      check(name, recipe, true, "pictures")
    end
  end
  check("crop", {crop = 1, fill = 1}, true, "crop", 4, 3)
  check("the middle", {crop = 1, fill = 1}, false, "crop", 4, 3)
  check("too small a picture", {crop = 1, fill = 1}, true, "crop", 9, 3)
end)

test.done()
