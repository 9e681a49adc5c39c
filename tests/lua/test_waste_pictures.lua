-- data.waste: what a learner gets, knob by knob, and that it teaches what the course says it does.

local test, expect = dofile(os.getenv "GRADUS_TESTS" .. "/lua/tap.lua")
local builtins = require "gradus.builtins"
local core = require "gradus.core.data"
local data, metrics, nn = builtins.get "data", builtins.get "metrics", builtins.get "nn"
local plot, random = builtins.get "plot", builtins.get "random"
local sum, eq, expand_dims = builtins.get "sum", builtins.get "eq", builtins.get "expand_dims"

plot.terminal "none"

local KNOBS = {"viewpoint", "scale", "deformation", "occlusion", "illumination", "clutter", "variation"}

local function shape(t)
  local dtype, s = core.describe(t)
  return dtype .. " " .. s
end

local function counts(y) return table.concat(core.labels(y, "y"), " ") end

local function alike(a, b) return sum(eq(a, b)) == a.size end

test("the pictures are imbalanced as in the course, and the set calls itself synthetic", function()
  local d = data.waste{size = 10}
  expect.equal(shape(d.x_train), "uint8 (1200, 10, 10)")
  expect.equal(shape(d.x_val), "uint8 (150, 10, 10)")
  expect.equal(shape(d.y_test), "uint8 (150,)")
  expect.equal(counts(d.y_train), "965 235")
  expect.equal(counts(d.y_val), "94 56")
  expect.equal(counts(d.y_test), "118 32")
  expect.equal(string.format("%.2f", metrics.majority_baseline(d.y_val)), "0.63")
  expect.equal(string.format("%.2f", metrics.majority_baseline(d.y_test)), "0.79")
  local text = tostring(d)
  expect.ok(text:find("1500 synthetic 10x10 grey pictures, seed 1\n", 1, true), text)
  expect.ok(text:find("synthetic: drawn by data.waste, not photographed", 1, true), text)
  expect.ok(tostring(data.waste{n = 10, size = 8, gray = false, clutter = 0, scale = 1}):find(
    "10 synthetic 8x8 colour pictures, seed 1, scale=1, clutter=0", 1, true))
end)

test("parts and shares are what they are asked to be", function()
  local d = data.waste{parts = {12, 3, 40}, size = 8, bottles = 0.5}
  expect.equal(counts(d.y_train), "6 6")
  expect.equal(counts(d.y_test), "20 20")
  expect.equal(shape(d.kinds_val), "uint8 (3,)")
  d = data.waste{parts = {10, 10, 10}, size = 8, bottles = {0, 1, 0.2}}
  expect.equal(sum(d.y_train), 0)
  expect.equal(sum(d.y_val), 10)
  expect.equal(sum(d.y_test), 2)
end)

test("what each picture shows is told, and bottles are those of the first seven kinds", function()
  local d = data.waste{n = 100, size = 8, variation = 1}
  expect.equal(#d.kinds, 18)
  for i = 1, 80 do
    local kind = d.kinds[d.kinds_train[i] + 1]
    expect.equal(kind:find "bottle" ~= nil or kind == "flask", d.y_train[i] == 1)
  end
  expect.equal(data.balance(d).kinds_train, nil)  -- other pictures stand there then
  expect.equal(data.balance(d, {method = "weights"}).kinds_train, d.kinds_train)
end)

test("the same seed gives the same pictures, another seed others, a part not those of another", function()
  local a, b, c = data.waste{n = 60, seed = 9}, data.waste{n = 60, seed = 9}, data.waste{n = 60, seed = 10}
  expect.ok(alike(a.x_train, b.x_train) and alike(a.y_test, b.y_test) and alike(a.kinds_val, b.kinds_val))
  expect.ok(not alike(a.x_train, c.x_train))
  expect.ok(not alike(a.x_val, a.x_test))
  for _, note in ipairs(data.check(a)) do expect.ok(not note:find "alike", note) end  -- no picture in two parts
end)

test("colour pictures are those whose gray the gray ones are", function()
  local gray, color = data.waste{n = 20, size = 30}, data.waste{n = 20, size = 30, gray = false}
  expect.equal(shape(color.x_train), "uint8 (16, 30, 30, 3)")
  expect.ok(alike(data.gray(color.x_train), expand_dims(gray.x_train, -1)))
end)

test("a knob that is turned shows the same things, and the pictures can be set side by side", function()
  for _, knob in ipairs(KNOBS) do
    local pictures, last = {}, nil
    for i, v in ipairs {0, 0.5, 1} do
      local d = data.waste{parts = {6, 1, 1}, [knob] = v}
      if knob ~= "variation" and last then expect.ok(alike(d.kinds_train, last.kinds_train), knob) end
      expect.ok(not last or not alike(d.x_train, last.x_train), knob .. " changes nothing")
      pictures[i], last = d.x_train[1], d
    end
    expect.equal(tostring(plot.images(pictures, {captions = {"0", "0.5", "1"}})), "figure: 3 pictures")
  end
end)

test("what is wrong with a call is said, with what would be right", function()
  local function refused(given, part)
    expect.error(function() data.waste(given) end, part)
  end
  refused({viewpoint = 1.2}, "viewpoint is a knob from 0, no trouble, to 1, all of it (0.3 when it is left alone), " ..
    "not 1.2")
  refused({scale = "big"}, "scale is a knob from 0")
  refused({clutter = 0 / 0}, "clutter is a knob from 0")
  refused({viewpint = 1}, 'did you mean "viewpoint"')
  refused({sed = 1}, 'did you mean "seed"')
  refused({size = 3}, "8 to 512 pixels, not 3: a bottle's neck would not be seen")
  refused({size = 2.5}, "8 to 512 pixels, not 2.5")
  refused({size = 5000}, "8 to 512")
  refused({n = 0}, "10 to 1,000,000, not 0")
  refused({n = 3}, "10 to 1,000,000")
  refused({n = 1000000, size = 512, gray = false}, "GiB")
  refused({n = 30, parts = {10, 10, 10}}, "not both")
  refused({parts = {10, 10}}, "three whole numbers")
  refused({parts = {10, 10, 0}}, "three whole numbers")
  refused({bottles = 2}, "share of pictures with a bottle")
  refused({bottles = {0.1, 0.2}}, "share of pictures with a bottle")
  refused({gray = "yes"}, "gray is true")
  refused({seed = "x"}, "a seed is a whole number")
  expect.error(function() data.waste(5) end, "takes one table")
end)

-- ---- what they teach ----

local function accuracy(model, d, epochs)
  local function scaled(x) return expand_dims(x:astype "float32" / 255, -1) end
  model:compile{optimizer = "adam", loss = "sparse_categorical_crossentropy", metrics = {"accuracy"}}
  model:fit{scaled(d.x_train), d.y_train, epochs = epochs, verbose = 0}
  return metrics.accuracy_score(d.y_test, model:predict_classes(scaled(d.x_test)))
end

-- bench/waste.lua says how far it goes with the settings as they are; here all is easy, so that seconds are enough.
test("the convolutional net finds bottles, and the fully connected one, 43 times as large, does not", function()
  local easy = {parts = {1000, 1, 300}, bottles = 0.5}
  for _, knob in ipairs(KNOBS) do easy[knob] = 0 end
  local d = data.waste(easy)
  random.seed(1)
  local small = accuracy(nn.Sequential{
    nn.Conv2D{16, 3, padding = "same", activation = "relu", input_shape = {50, 50, 1}}, nn.MaxPooling2D{2},
    nn.Conv2D{16, 3, activation = "relu"}, nn.MaxPooling2D{2}, nn.Conv2D{16, 3, activation = "relu"}, nn.Flatten{},
    nn.Dense{2}, nn.Activation{"softmax"}}, d, 20)
  random.seed(1)
  local large = accuracy(nn.Sequential{nn.Flatten{input_shape = {50, 50, 1}}, nn.Dense{128, activation = "relu"},
    nn.Dropout{0.5}, nn.Dense{2, activation = "softmax"}}, d, 20)
  if not (small > 0.68 and small > large + 0.1) then
    error(string.format("accuracy of the CNN %.3f, of the MLP %.3f, baseline 0.5", small, large))
  end
end)

test.done()
