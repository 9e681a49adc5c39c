-- Data made ready: scales fitted on the training part, balanced classes, and what looks wrong before training.
local test, expect = dofile(os.getenv "GRADUS_TESTS" .. "/lua/tap.lua")

local session = require "gradus.session"
local sinks = require "gradus.session.sink"

-- What a session says while it runs the code, as at the prompt.
local function said(code)
  local s = session.new {sink = sinks.capture(200), interactive = true}
  local result = s:execute(code)
  expect.ok(result.ok, result.error and result.error.text)
  return s.sink:take(true)
end

local function apart(a, b) return max(abs(a - b)) end

local function contains(list, part)
  for _, text in ipairs(list) do
    if text:find(part, 1, true) then return end
  end
  error("no note says " .. part .. "; the notes: " .. table.concat(list, " | "), 2)
end

-- ---- scales ----

test("a scaler takes its numbers from what it was fitted on, and goes back", function()
  random.seed(1)
  local x, other = random.rand(50, 3) * 10, random.rand(7, 3) * 10
  local s = data.StandardScaler():fit(x)
  expect.ok(apart(s:transform(other), (other - mean(x, 1)) / std(x, 1)) < 1e-12)
  expect.ok(max(abs(mean(s:transform(x), 1))) < 1e-12)
  expect.ok(apart(s:inverse_transform(s:transform(other)), other) < 1e-12)
  local m = data.MinMaxScaler():fit(x)
  expect.ok(apart(min(m:transform(x), 1), zeros(3)) == 0 and apart(max(m:transform(x), 1), ones(3)) < 1e-15)
  expect.error(function() s:transform(zeros(2, 4)) end, "was fitted on x of shape (50, 3)")
  expect.error(function() data.StandardScaler():transform(x) end, "fit(x_train) comes first")
  expect.error(function() data.StandardScaler():fit(3) end, "takes a tensor")
end)

test("pictures have one number, or one a channel; columns that never change are left in peace", function()
  random.seed(1)
  local x = random.rand(9, 4, 5)
  expect.ok(apart(data.StandardScaler():fit_transform(x), (x - mean(x)) / std(x)) < 1e-12)
  local c = random.rand(9, 4, 5, 3)
  expect.ok(apart(data.StandardScaler():fit_transform(c), (c - mean(c, {1, 2, 3})) / std(c, {1, 2, 3})) < 1e-12)
  expect.equal(apart(data.StandardScaler():fit_transform(full({4, 2}, 7)), zeros(4, 2)), 0.0)
  expect.equal(max(data.MinMaxScaler():fit_transform(full({4, 2}, 7))), 0.0)
end)

test("a split data set is scaled by its training part alone", function()
  local d = data.split(data.digits())
  local e = data.standardise(d)
  expect.ok(math.abs(mean(e.x_train)) < 1e-12 and math.abs(mean(e.x_test)) > 1e-6)
  expect.ok(apart(e.x_test, (d.x_test - mean(d.x_train)) / std(d.x_train)) < 1e-12)
  expect.equal(max(data.normalise(d).x_train), 1.0)
  expect.ok(tostring(e):find("digits", 1, true))
end)

test("fitting on a held-out part is noticed, also after other preparation; on the training part it is right", function()
  local split = "d = data.split(data.digits()); "
  expect.ok(said(split .. "s = data.StandardScaler():fit(d.x_test)"):find("is fitted on the test part", 1, true))
  expect.ok(said(split .. "s = data.MinMaxScaler():fit(data.resize(d, {4, 4}).x_val)"):find("validation part", 1, true))
  expect.ok(not said(split .. "s = data.StandardScaler():fit(d.x_train)"):find("is fitted on", 1, true))
  expect.ok(said("d = data.normalise(data.digits())"):find("not split yet", 1, true))
  expect.ok(said(split .. "x, y = data.balance(d.x_test, d.y_test)"):find("changes the test part", 1, true))
end)

-- ---- balance ----

test("class weights are scikit-learn's", function()
  local w = data.class_weights(concatenate {zeros(63), ones(37)})
  expect.close(w[0], 0.7936507936507936)
  expect.close(w[1], 1.3513513513513513)
  w = data.class_weights(tensor {0, 2, 2, 2})
  expect.equal(w[1], nil)
  expect.close(w[0], 2)
  expect.error(function() data.class_weights(tensor {0.5}) end, "0.5")
end)

test("over-sampling keeps every item, under-sampling repeats none, and labels stay with their items", function()
  local y = concatenate {zeros(40), ones(7), full({13}, 2)}
  local x = stack {arange(60), y * 1.0}:transpose()
  local ox, oy = data.balance(x, y, {seed = 4})
  expect.equal(tostring(bincount(oy:astype "int64")), "[40 40 40]")
  expect.equal(apart(ox[{{}, 2}], oy), 0.0)
  expect.equal(unique(ox[{{}, 1}]).size, 60)
  local counts = bincount(ox[{{}, 1}]:astype "int64")
  expect.ok(max(counts[{{41, 47}}]) <= 6 and min(counts[{{41, 47}}]) >= 5, "each as often as the others, but for one")
  local ux, uy = data.balance(x, y, {method = "under", seed = 4})
  expect.equal(tostring(bincount(uy:astype "int64")), "[7 7 7]")
  expect.equal(unique(ux[{{}, 1}]).size, 21)
  local again = data.balance(x, y, {seed = 4})
  expect.equal(apart(again, ox), 0.0)
  expect.ok(apart(data.balance(x, y, {seed = 5}), ox) > 0)
  expect.ok(oy[1] ~= oy[2] or oy[2] ~= oy[3] or oy[3] ~= oy[4], "the classes should be mixed")
end)

test("balancing by augmentation changes the repeated pictures and leaves the first of each", function()
  random.seed(2)
  local x, y = random.rand(12, 5, 5), concatenate {zeros(9), ones(3)}
  local ax, ay = data.balance(x, y, {method = "augment", augment = {noise = 0.1}})
  expect.equal(tostring(bincount(ay:astype "int64")), "[9 9]")
  local as_they_were = 0
  for i = 1, 18 do
    for k = 1, 12 do
      if apart(ax[i], x[k]) == 0 then as_they_were = as_they_were + 1 end
    end
  end
  expect.equal(as_they_were, 12)
end)

test("weights are those of the classes; a data set has its training part balanced, and only that", function()
  local _, _, w = data.balance(zeros(4, 2), tensor {0, 0, 0, 1}, {method = "weights"})
  expect.ok(apart(w, tensor {2 / 3, 2 / 3, 2 / 3, 2}) < 1e-15)
  local d = data.waste {n = 200}
  local e = data.balance(d)
  local counts = bincount(e.y_train)
  expect.equal(counts[1], counts[2])
  expect.equal(e.y_test.size, d.y_test.size)
  expect.equal(apart(e.x_test * 1.0, d.x_test * 1.0), 0.0)
  expect.error(function() data.balance(data.digits()) end, "data.split comes first")
  expect.error(function() data.balance(zeros(3, 2), ones(3)) end, "all items are of one class")
  expect.error(function() data.balance(zeros(3, 2), ones(2)) end, "3 items but 2 labels")
  expect.error(function() data.balance(zeros(3, 2), ones(3), {method = "smote"}) end, "over, under, weights, augment")
end)

-- ---- what looks wrong ----

test("duplicates across the split are counted", function()
  random.seed(1)
  local x = random.rand(20, 4)
  local d = {x_train = x[{{1, 12}}], x_val = x[{{11, 15}}], x_test = x[{{15, 20}}]}
  local notes = data.check(d)
  contains(notes, "2 items stand in x_train and x_val alike")
  contains(notes, "1 item stands in x_val and x_test alike")
  expect.equal(#data.check {x_train = x[{{1, 12}}], x_test = x[{{13, 20}}]}, 0)
  contains(data.check {x = concatenate {x, x[{{1, 2}}]}}, "2 items of x repeat another")
end)

test("unscaled input, NaN, pictures of one value, and labels out of range are noted", function()
  random.seed(1)
  local x = random.rand(6, 3, 3)
  contains(data.check {x = x * 255}, "divide by 255")
  contains(data.check {x = x * 1000 - 500}, "data.standardise")
  expect.equal(#data.check {x_train = x * 255, x_test = random.rand(6, 3, 3) * 250}, 1)
  contains(data.check {x_train = x, x_test = random.rand(6, 3, 3) * 255},
    "but x_train from")
  local bad = x:clone()
  bad[{1, 1, 1}] = 0 / 0
  contains(data.check {x = bad}, "1 value that is not a number")
  local flat = x:clone()
  flat[{{2, 3}}] = stack {full({3, 3}, 0.5), full({3, 3}, 0.25)}
  contains(data.check {x = flat}, "2 items in x of one value only")
  contains(data.check {x = x, y = tensor {0, 1, 2, 0, 1, 2}, classes = {"a", "b"}},
    "labels up to 2, but there are 2 classes")
  contains(data.check {x = x, y = tensor {1, 2, 3, 1, 2, 3}}, "labels begin with 0")
  contains(data.check {x_train = x, y_train = tensor {0, 0, 0, 0, 0, 0}, classes = {"a", "b"}},
    "no item of class 1 (b)")
  contains(data.check {x = x, y = tensor {0, -1, 1, 0, 1, 1}, classes = {"a", "b"}}, "-1")
  contains(data.check {x = x, y = tensor {0, 0, 0, 1, 1, 1}}, "y is sorted")
  expect.equal(#data.check {x = x, y = random.rand(6)}, 0)
  expect.equal(#data.check {x = zeros(0, 3), y = zeros(0)}, 0)
  expect.error(function() data.check(x) end, "takes a data set")
end)

test("a split says what it found, and prints it", function()
  random.seed(1)
  local x, y = random.rand(40, 6), random.randint(0, 2, 40)
  local d = data.split(concatenate {x, x}, concatenate {y, y})
  contains(d.notes, "alike: what is known by heart is no test")
  expect.ok(tostring(d):find("note: ", 1, true))
  expect.equal(#data.split(x, y).notes, 0)
  expect.ok(said("d = data.split(data.digits())"):find("majority baseline: train", 1, true))
end)

test.done()
