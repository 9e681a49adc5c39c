-- What people type first who know Keras, PyTorch or NumPy, and what they are told: the line as it is written here.

local test, expect = dofile(os.getenv "GRADUS_TESTS" .. "/lua/tap.lua")
local options = require "gradus.options"
local session = require "gradus.session"
local sinks = require "gradus.session.sink"

local SETUP = 'X = ones(4, 3) y = zeros(4) m = nn.Sequential{nn.Dense{2, activation="softmax", input_shape={3}}} '
  .. 'm:compile{optimizer="adam", loss="sparse_categorical_crossentropy", metrics={"accuracy"}} '
  .. "h = m:fit{X, y, verbose=0} own = {a=1, b={c=2}, 10, 20}"

local function fresh()
  local s = session.new{sink = sinks.capture(300), interactive = true}
  local result = s:execute(SETUP)
  if not result.ok then error(result.error.text, 0) end
  s.sink:take(true)
  return s
end

local function failure(code)
  local s = fresh()
  local result = s:execute(code)
  if result.ok then error(code .. " did not fail", 2) end
  return result.error, s
end

local function expect_words(code, words)
  local text = failure(code).text
  expect.ok(text:find(words, 1, true), code .. ": " .. text)
end

local function said(code)
  local s = fresh()
  s:execute(code)
  return s.sink:take(true)
end

test("a call with round brackets is written with braces, and that works", function()
  for code, fix in pairs {
    ["m:fit(X, y, {epochs=2, verbose=0})"] = "m:fit{X, y, epochs=2, verbose=0}",
    ["m:evaluate(X, y)"] = "m:evaluate{X, y}",
    ["nn.Dense(3)"] = "nn.Dense{3}",
    ["optim.SGD(0.1)"] = "optim.SGD{0.1}",
    ["nn.Sequential(nn.Dense{3})"] = "nn.Sequential{nn.Dense{3}}",
    ["nn.Sequential(nn.Dense{3}, nn.Dense{2})"] = "nn.Sequential{nn.Dense{3}, nn.Dense{2}}",
  } do
    local problem, s = failure(code)
    expect.ok(problem.message:find("takes one table, in braces: " .. fix, 1, true), problem.message)
    expect.equal(problem.hint.code, fix)
    expect.ok(s:execute(fix .. ";").ok, fix)
  end
end)

test("an argument with a name goes into the braces that its function takes", function()
  for code, fix in pairs {
    ["m:fit(X, y, epochs=2)"] = "m:fit{X, y, epochs=2}",
    ["m.fit(X, y, epochs=2)"] = "m:fit{X, y, epochs=2}",
    ['m.compile(loss="mse", optimizer="adam")'] = 'm:compile{loss="mse", optimizer="adam"}',
    ['l = nn.Conv2D(16, (3), activation="relu")'] = 'nn.Conv2D{16, (3), activation="relu"}',
    ["sum(X, axis=1)"] = "sum(X, {axis=1})",
    ["print(sum(ones(2, 2) + X[{{1, 2}, {1, 2}}], axis=1))"] = "sum(ones(2, 2) + X[{{1, 2}, {1, 2}}], {axis=1})",
    ["X:sum(axis=1)"] = "X:sum{axis=1}",
    ["m:predict(X, batch_size=2)"] = "m:predict(X, {batch_size=2})",
  } do
    local problem, s = failure(code)
    expect.ok(problem.text:find("names go into braces: " .. fix, 1, true), problem.text)
    expect.ok(s:execute(fix .. ";").ok, fix)
  end
  expect_words("unknown(X, axis=1)", "sum(x, {axis=1})")  -- how it is done, where the function is not known
  expect_words("sum(X, axis=(1, 2))", "sum(x, {axis=1})")
end)

test("a method that is called with a dot is written with a colon, whatever it has run into", function()
  for code, fix in pairs {
    ["m.summary()"] = "m:summary()", ["m.predict(X)"] = "m:predict(X)", ["m.fit{X, y}"] = "m:fit{X, y}",
    ["m.layers[1].get_weights()"] = "m.layers[1]:get_weights()", ["m.evaluate{X, y}"] = "m:evaluate{X, y}",
  } do
    local problem, s = failure(code)
    expect.ok(problem.message:find("is a method and is called with a colon: " .. fix, 1, true), problem.message)
    expect.ok(s:execute(fix .. ";").ok, fix)
  end
  expect_words("f = m.summary f()", "called with a colon, as in model:summary()")
  -- A method with its object in front, or a function of a learner's own, is called as it should be.
  expect_words("m.fit(m, {X})", "fit needs y")
  expect_words("function own.f() return nil + 1 end own.f()", "arithmetic")
end)

test("a method or function of Keras or PyTorch leads to what there is", function()
  for code, words in pairs {
    ["m:parameters()"] = "they are model:get_weights()", ["m:sumary()"] = 'did you mean "summary"?',
    ["m:to('cuda')"] = "everything is computed on the processor",
    ["m:nothing_like_it()"] = "m has no method nothing_like_it",
    ["nn.Linear(3, 4)"] = "it is nn.Dense{units}", ["nn.CrossEntropyLoss()"] = "sparse_categorical_crossentropy",
    ["metrics.auc(y, y)"] = "it is metrics.roc_auc_score(y, scores)", ["layers.Dense(3)"] = "layers are in nn",
    ["to_categorical(y)"] = "it is one_hot(y, classes)",
    ["keras.Sequential()"] = "nn.Dense{3} a layer", ["nn.Dense{3, input_shape=(50, 50)}"] = "{50, 50, 1}",
  } do
    expect_words(code, words)
  end
end)

test("a gradient that is not there is explained where it is asked for and where it is computed with", function()
  local s = fresh()
  s:execute "w = grad.track(tensor{1, 2})"
  s:execute "w.grad"
  expect.ok(s.sink:take(true):find("there is none before y:backward()", 1, true))
  s:execute "sum(w * w):backward()"
  s:execute "w = w - 0.1 * w.grad"
  local words = "w.grad is nil: w was computed, and gradients are kept in what grad.track made; to go on from its "
    .. "numbers, w = grad.track(w:detach())"
  s:execute "w.grad"
  expect.ok(s.sink:take(true):find("note: " .. words, 1, true))
  local result = s:execute "w = w - 0.1 * w.grad"
  expect.equal(result.error.message, words)
  s:execute "w = grad.track(w:detach())"
  expect.ok(s:execute "sum(w * w):backward() w = w - 0.1 * w.grad".ok)
  s:execute "plain = ones(2)"
  s:execute "plain.grad"
  expect.ok(not s.sink:take(true):find("note:", 1, true))
end)

test("names of arrays and tensors elsewhere lead to what there is", function()
  for code, words in pairs {
    ["X:numpy()"] = "a tensor is what NumPy calls an array", ["X.requires_grad"] = "grad.track(x)",
    ["X:view(2, 6)"] = "it is x:reshape(...)", ["X:to('float32')"] = "x:astype(dtype) converts",
    ["X:sumx()"] = 'did you mean "sum"?', ["vstack({X, X})"] = "it is concatenate({a, b}, 1)",
    ["diff(y)"] = 'x["2:"] - x[":-2"]', ["add(X, X)"] = "a sum is written x + y",
    ["string.format('%g', sum(grad.track(X)))"] = "the number in it is sum(grad.track(X)):item()",
  } do
    expect_words(code, words)
  end
  expect.ok(all(eq(tensor{1, 4, 9}["2:"] - tensor{1, 4, 9}[":-2"], tensor{3, 5})))
end)

test("tensors that are one number compare as numbers do", function()
  local two, three = sum(grad.track(tensor{2})), sum(grad.track(tensor{3}))
  expect.ok(two < three and two <= three and three > two and three >= 3 and 2.5 < three and not (two > 3))
  expect.ok(two == sum(grad.track(tensor{2})) and two ~= three)
  expect.ok(not (sum(grad.track(tensor{0 / 0})) < three))
  expect.error(function() return grad.track(tensor{2}) < 3 end, "gives one boolean, not a mask")
  expect.error(function() return two < tensor{1, 2} end, "gives one boolean, not a mask")
  expect.error(function() return two < "3" end, "gives one boolean, not a mask")
end)

test("the beginning of one name only is taken for it", function()
  expect.equal(options.did_you_mean("acc", {"auc", "accuracy"}), ': did you mean "accuracy"?')
  expect.equal(options.did_you_mean("f1", {"f1_score", "fbeta"}), ': did you mean "f1_score"?')
  expect.equal(options.did_you_mean("mean", {"mean_squared_error", "mean_absolute_error"}), "")
  expect_words('m:compile{loss="mse", metrics={"accu"}}', 'did you mean "accuracy"?')
end)

test("a field or place that is not there is remarked, not passed over in silence", function()
  for code, remark in pairs {
    ["m.layers[0]"] = "note: m.layers[0] is nil: positions count from 1, so the first is m.layers[1]",
    ["l = m.layers[-1]"] = "counted from the end it is m.layers[#m.layers]",
    ["own[0]"] = "so the first is own[1]",
    ["h.loss"] = 'note: h.loss is nil: h has no "loss"; it is h.history.loss',
    ["h.history.los"] = 'h.history has no "los": did you mean "loss"?',
    ["m.steps"] = "?m tells what it has",
    ["m.score"] = "it is model:evaluate{x, y}",
    ["m.nothing"] = "?m tells what it has",
    ["own.x"] = 'own has no "x"; it has a, b',
    [" own.c "] = "it is own.b.c",
  } do
    local text = said(code)
    expect.ok(text:find(remark, 1, true), code .. ": " .. text)
  end
  for _, code in ipairs {"own.a", "own[1]", "own[3]", "own.x = 1", "own.x or 2", "m.layers[1]", "h.history.loss", "X.T",
    "m.loss;", "nn.Dense", "undefined.x", "own.x; own.y", "return own.x", "own[0] = 1"} do
    local text = said(code)
    expect.ok(not text:find("note:", 1, true), code .. ": " .. text)
  end
end)

test("Keras's short names of losses and metrics are known, in any case of their letters", function()
  local s = fresh()
  s:execute [[m = nn.Sequential{nn.Dense{1, activation="sigmoid"}}
    m:compile{loss="BCE", metrics={"acc", "AUC", "MSE"}}
    h = m:fit{X, tensor{0, 1, 0, 1}, verbose=0}]]
  local history = s.env.h.history
  expect.ok(history.accuracy and history.auc and history.mse)
  expect_words('m:compile{loss="mse", metrics={"acc", "accuracy"}}', 'metrics names "accuracy" twice')
end)

test("a confusion matrix is plotted from labels and predictions", function()
  local s = fresh()
  expect.ok(s:execute 'plot.terminal "none" a = plot.confusion(tensor{1, 1, 0}, tensor{1, 0, 0}, {title="t"})'.ok)
  expect.equal(tostring(s.env.a), "figure: t, 2 x 2 matrix")
  expect.ok(not s:execute 'plot.confusion(tensor{1, 1, 0}, tensor{1, 0})'.ok)
end)

test("what fit returned can be plotted as it is", function()
  local s = fresh()
  expect.ok(s:execute "plot.terminal 'none' a, b = plot(h), plot.history(h)".ok)
  expect.equal(tostring(s.env.a), tostring(s.env.b))
  expect.ok(s:execute "plot({1, 2, 3}) plot(sin, 0, 1)".ok)
  expect.ok(not s:execute "plot({history=3})".ok)
end)

test("a network grows at its end, keeps its weights, and trains on", function()
  random.seed(1)
  local x, y = random.randn(20, 3), random.randn(20, 2)
  local m = nn.Sequential{}
  expect.error(function() m:summary() end, "has no layers yet")
  expect.error(function() m:predict(x) end, "has no layers yet")
  m:add(nn.Dense{4, activation = "relu"})
  m:add(nn.Dense{2})
  m:compile{optimizer = "adam", loss = "mse"}
  m:fit{x, y, epochs = 2, verbose = 0}
  local kernel = m.layers[1].kernel:clone()
  local removed = m:pop()
  expect.equal(removed.units, 2)
  expect.equal(m.output_shape[1], 4)
  m:add(nn.Dense{5})
  m:add(nn.Dense{2})
  expect.equal(m.layers[3].name, "dense_2")
  expect.ok(all(eq(kernel, m.layers[1].kernel)))
  local before = m:evaluate{x, y, verbose = 0}.loss
  m:fit{x, y, epochs = 20, verbose = 0}
  expect.ok(m:evaluate{x, y, verbose = 0}.loss < before)
  expect.ok(not all(eq(kernel, m.layers[1].kernel)))
end)

test("a layer that does not fit is not added", function()
  local m = nn.Sequential{nn.Dense{4, input_shape = {3}}}
  local wrong = nn.Conv2D{2, 3}
  expect.error(function() m:add(wrong) end, "takes samples of shape")
  expect.equal(#m.layers, 1)
  expect.equal(wrong.name, nil)
  expect.error(function() m:add(m.layers[1]) end, "is the layer at place 1")
  expect.error(function() m:add(nn.Add{}) end, "branches are made with nn.Input")
  expect.error(function() m:add(m) end, "it is a network")
  expect.error(function() m:add{4} end, "not a layer")
  expect.equal(#m:predict(ones(2, 3)), 2)
  m:pop()
  expect.error(function() m:pop() end, "has no layers yet")
  m:add(nn.Dense{1, input_shape = {7}})
  expect.equal(m.input_shape[1], 7)
end)

test("weights are taken out and put back as lists of copies", function()
  local m = nn.Sequential{nn.Dense{2, input_shape = {3}}, nn.BatchNormalization{}}
  local list = m:get_weights()
  expect.equal(#list, 6)
  list[1][{1, 1}] = 99
  expect.ok(m.layers[1].kernel[{1, 1}] ~= 99)
  m:set_weights(list)
  expect.equal(m.layers[1].kernel[{1, 1}], 99.0)
  local other = nn.Sequential{nn.Dense{2, input_shape = {3}}, nn.BatchNormalization{}}
  other.layers[1]:set_weights(m.layers[1]:get_weights())
  local x = ones(2, 3)
  expect.ok(all(eq(other:predict(x), m:predict(x))))
  local message = expect.error(function() m.layers[1]:set_weights{ones(2, 3), ones(2), 3} end,
    "tensor 1 is (2, 3), but dense/kernel has shape (3, 2)")
  expect.ok(message:find("tensor 3, number, is one too many", 1, true), message)
  expect.equal(m.layers[1].kernel[{1, 1}], 99.0)
  expect.error(function() m:set_weights(ones(3)) end, "takes a list of tensors")
  expect.error(function() nn.Dense{2}:get_weights() end, "has no weights yet")
end)

test.done()
