-- What training says of itself: losses that do not fit, truths that cannot be, numbers that are none.
local test, expect = dofile(os.getenv "GRADUS_TESTS" .. "/lua/tap.lua")
local session = require "gradus.session"
local sinks = require "gradus.session.sink"

-- What someone at a prompt is told by the code.
local function said(code)
  local s = session.new {sink = sinks.capture(200), interactive = true}
  s.interactive = true
  local result = s:execute(code)
  return s.sink:take(true) .. (result.ok and "" or result.error.text)
end

local function expect_said(code, words)
  local text = said(code)
  expect.ok(text:find(words, 1, true), text .. "\nshould contain " .. words)
end

local data = "x, y = random.randn(8, 3), tensor{0, 1, 0, 1, 0, 1, 0, 1}; "
local function network(ending, loss, outputs)
  return data .. string.format("m = nn.Sequential{nn.Dense{%d, activation=%s, input_shape={3}}}; "
    .. "m:compile{optimizer='adam', loss=%s}; h = m:fit{x, y, verbose=0}", outputs or 2,
    ending and '"' .. ending .. '"' or "nil", loss)
end

test("probabilities where scores are expected, and the other way round, are remarked on", function()
  expect_said(network("softmax", "losses.sparse_categorical_crossentropy{from_logits=true}"), "has applied one already")
  expect_said(network(nil, '"sparse_categorical_crossentropy"'), "and dense ends without an activation")
  expect_said(network("relu", '"sparse_categorical_crossentropy"'), "ends in relu")
  expect_said(network("sigmoid", '"sparse_categorical_crossentropy"'), "sum to 1")
  expect_said(network("hard_sigmoid", '"sparse_categorical_crossentropy"'), "sum to 1")
  expect_said(network("sigmoid", "losses.binary_crossentropy{from_logits=true}", 1), "has applied one already")
end)

test("a divergence of no distribution, and a margin of scores that cannot be negative, are remarked on", function()
  local fit = "m = nn.Sequential{nn.Dense{%d, activation='%s', input_shape={3}}}; m:compile{'sgd', '%s'}; "
    .. "h = m:fit{x, %s, verbose=0}"
  for _, ending in ipairs {"sigmoid", "tanh", "linear"} do
    expect_said(data .. fit:format(2, ending, "kl_divergence", "one_hot(y, 2)"), "shares that sum to 1")
  end
  expect.equal(said(data .. fit:format(2, "softmax", "kl_divergence", "one_hot(y, 2)")), "")
  expect_said(data .. fit:format(2, "softmax", "kl_divergence", "one_hot(y, 2) * 2"), "rows of y that sum to 1")
  expect_said(data .. fit:format(1, "relu", "hinge", "2 * y - 1"), "the relu of dense gives none below 0")
  expect.equal(said(data .. fit:format(1, "tanh", "hinge", "2 * y - 1")), "")
end)

test("an activation that gives no probabilities is remarked on, as an option or as a layer", function()
  for _, name in ipairs {"relu", "elu", "gelu"} do
    expect_said(network(name, '"sparse_categorical_crossentropy"'), "ends in " .. name)
  end
  local last = network(nil, '"binary_crossentropy"', 1):gsub("input_shape={3}}", "%0, nn.LeakyReLU{}", 1)
  expect_said(last, "ends in leaky_relu")
end)

test("pairs that fit are not remarked on", function()
  expect.equal(said(network("softmax", '"sparse_categorical_crossentropy"')), "")
  for _, ending in ipairs {"sigmoid", "hard_sigmoid", "sparse_sigmoid"} do
    expect.equal(said(network(ending, '"binary_crossentropy"', 1)), "")
  end
  expect.equal(said(network(nil, "losses.sparse_categorical_crossentropy{from_logits=true}")), "")
  expect.equal(said(network(nil, '"mse"', 1)), "")
end)

test("a loss that can learn nothing from its output is refused", function()
  expect_said(network("softmax", '"mse"', 1), "always 1")
  expect_said(network("sigmoid", '"sparse_categorical_crossentropy"', 1), "one output a class")
end)

test("truths that the loss cannot be of are refused, with the first of them", function()
  expect_said("x = zeros(3, 2); m = nn.Sequential{nn.Dense{1, activation='sigmoid', input_shape={2}}}; "
    .. "m:compile{optimizer='sgd', loss='binary_crossentropy'}; m:fit{x, tensor{0, 1, 2}, verbose=0}", "y[3] is 2")
  expect_said("m:compile{optimizer='sgd', loss='hinge'}; x = 1", "")
  local m = nn.Sequential {nn.Dense{1, input_shape = {2}}}
  m:compile{optimizer = "sgd", loss = "hinge"}
  expect.error(function() m:fit{zeros(2, 2), tensor{0, 1}, verbose = 0} end, "2 * y - 1")
  local soft = nn.Sequential {nn.Dense{2, activation = "softmax", input_shape = {2}}}
  soft:compile{optimizer = "sgd", loss = "categorical_crossentropy"}
  expect.error(function() soft:fit{zeros(2, 2), tensor{{1, 0}, {1, 1}}, verbose = 0} end, "y[2] is [1. 1.]")
end)

test("class labels that are none are refused with the sample that has one, in training and in validation", function()
  local x, y = zeros(40, 2), random.randint(0, 3, 40)
  local function expect_refused(label, words)
    local m = nn.Sequential {nn.Dense{3, activation = "softmax", input_shape = {2}}}
    m:compile{optimizer = "sgd", loss = "sparse_categorical_crossentropy", metrics = {"accuracy"}}
    local wrong = y + 0.0
    wrong[17] = label
    expect.error(function() m:fit{x, wrong, verbose = 0} end, "y[17] is " .. words)
    expect.error(function() m:train_on_batch(x, wrong:reshape(40, 1)) end, "y[17] is " .. words)
    expect.error(function() m:fit{x, y, validation_data = {x, wrong}, verbose = 0} end,
      "fit: validation_data: y[17] is " .. words)
  end
  expect_refused(0 / 0, "nan, and a class label is a whole number")
  expect_refused(0.5, "0.5, and a class label is a whole number")
  expect_refused(-1, "-1, and the network has 3 outputs, for the classes 0..2")
  expect_refused(7, "7, and the network has 3 outputs, for the classes 0..2; as many as there are labels would be "
    .. "nn.Dense{8}")
  expect_refused(1e300, "1e+300, and the network has 3 outputs, for the classes 0..2")
  y[{{}}] = 1
  expect_refused(3, "3, and the network has 3 outputs, for the classes 0..2: your labels seem to begin with 1")
end)

test("a score says yes from 0 on, in accuracy, in the other metrics and in predict_classes", function()
  random.seed(6)
  local x = random.randn(90, 2)
  local truth = gt(x[{{}, 1}] + 0.5 * x[{{}, 2}], 0.3)
  for loss, y in pairs {[losses.hinge] = 2 * truth - 1, [losses.binary_crossentropy{from_logits = true}] = truth} do
    local m = nn.Sequential{nn.Dense{1, input_shape = {2}}}
    m:compile{optimizer = optim.SGD{0.1}, loss = loss, metrics = {"accuracy", "precision", "balanced_accuracy"}}
    m:fit{x, y, epochs = 2, verbose = 0}
    local classes, r = m:predict_classes(x), m:evaluate{x, y, verbose = 0}
    expect.ok(all(eq(classes, gt(m:predict(x):reshape(-1), 0))))
    expect.ok(any(ne(classes, gt(m:predict(x):reshape(-1), 0.5))))
    expect.close(r.accuracy, metrics.accuracy_score(truth, classes))
    expect.close(r.precision, (metrics.precision_score(truth, classes)))
    expect.close(r.balanced_accuracy, (metrics.balanced_accuracy_score(truth, classes)))
  end
end)

test("the majority baseline stands beside each accuracy, and beside nothing else", function()
  local x, y = random.randn(8, 3), tensor{0, 0, 0, 0, 0, 0, 1, 1}
  local m = nn.Sequential{nn.Dense{2, activation = "softmax", input_shape = {3}}}
  m:compile{optimizer = "sgd", loss = "sparse_categorical_crossentropy", metrics = {"accuracy", "balanced_accuracy"}}
  local h = m:fit{x, y, validation_data = {x[{{6, 8}}], y[{{6, 8}}]}, verbose = 0}
  for text, count in pairs {[tostring(h)] = 2, [tostring(m:evaluate{x, y, verbose = 0})] = 1} do
    local _, found = text:gsub("accuracy [%d.]+ %(majority baseline 0%.%d+%)", "")
    expect.equal(found, count)
    expect.ok(text:find "accuracy [%d.]+ %(majority baseline 0.7500%)", text)
    expect.equal(text:find "balanced_accuracy [%d.]+ %(", nil)
  end
  expect.ok(tostring(h):find "val_accuracy [%d.]+ %(majority baseline 0.6667%)")
end)

test("the last part of samples that are sorted by class is remarked on", function()
  local fit = "m = nn.Sequential{nn.Dense{2, activation='softmax', input_shape={3}}}; "
    .. "m:compile{'sgd', 'sparse_categorical_crossentropy'}; h = m:fit{x, y, validation_split=0.25, verbose=0}"
  expect_said(data .. "y = tensor{0, 0, 0, 0, 1, 1, 1, 1}; " .. fit,
    "y is sorted by class, and validation_split takes the last 2")
  expect.equal(said(data .. fit), "")
  expect.equal(said(data .. "y = zeros(8); " .. fit), "")
  local numbers = fit:gsub("sparse_cat[%w_]+", "mse"):gsub("Dense{2, activation='softmax'", "Dense{1")
  expect.equal(said(data .. "y = arange(8); " .. numbers), "")
end)

test("a loss that is no number is explained where it is measured, and is no ratio of nothing", function()
  local text = said(data .. "m = nn.Sequential{nn.Dense{1, input_shape={3}}}; m:compile{'sgd', 'mse'}; "
    .. "v = x:clone(); v[{5, 2}] = 0 / 0; r = m:evaluate{v, y}; "
    .. "h = m:fit{x, y, epochs=2, validation_data={v, y}}")
  for _, words in ipairs {"evaluate: the loss of samples 1 to 8 is nan", "sample 5 of x has nan", "loss nan",
    "validation: the loss of samples 1 to 8 is nan"} do
    expect.ok(text:find(words, 1, true), text .. "\nshould contain " .. words)
  end
  expect.equal(text:find "0/0", nil)
end)

local function diverge(make, x, y, rate)
  random.seed(1)
  local m = make()
  m:compile{optimizer = optim.SGD{rate or 10}, loss = "mse"}
  local ok, text = pcall(m.fit, m, {x, y, verbose = 0, epochs = 50, batch_size = 8})
  expect.equal(ok, false)
  return text, m
end
local function deep()
  return nn.Sequential {nn.Dense{30, activation = "relu", input_shape = {3}}, nn.Dense{30, activation = "relu"},
    nn.Dense{1}}
end
local function expect_in(text, words) expect.ok(text:find(words, 1, true), text .. "\nshould contain " .. words) end

random.seed(4)
local x = random.randn(40, 3)
local y = x:sum(2)

test("a nan in the data is found by the number of its sample, in x as in y", function()
  local bad = x:clone()
  bad[{7, 2}] = 0 / 0
  expect_in(diverge(deep, bad, y, 0.01), "sample 7 of x has nan")
  local truth = y:clone()
  truth[23] = 1 / 0
  expect_in(diverge(deep, x, truth, 0.01), "sample 23 of y is inf")
end)

test("training that explodes names the layer, the sample and the learning rate, and keeps finite weights", function()
  local text, m = diverge(deep, x, y)
  expect_in(text, "the outputs are finite, the largest is")
  expect_in(text, "the loss of sample")
  expect_in(text, "the learning rate is too high")
  for _, w in ipairs(m:weights()) do expect.ok(all(isfinite(w))) end
  expect_in(diverge(deep, x * 255, y), "the input is not scaled")
end)

test("a branch where it begins is named, of a network whose layers are no chain", function()
  local text = diverge(function()
    local input = nn.Input{{3}}
    local wide = nn.Dense{4, activation = "relu"}(input)
    local inner = nn.Dense{5, name = "inner", activation = function(h) return log(-abs(h) - 1) end}(wide)
    return nn.Model{input, nn.Dense{1}(nn.Concatenate{}{inner, nn.Dense{2}(input), wide})}
  end, x, y, 0.01)
  expect_in(text, "the first is in the output of inner (Dense)")
end)

test("a function that has no value there is named by its layer", function()
  local text = diverge(function()
    return nn.Sequential {nn.Dense{4, activation = "relu", input_shape = {3}},
      nn.Dense{4, activation = log, name = "mine"}, nn.Dense{1}}
  end, x, y)
  expect_in(text, "in the output of mine (Dense)")
  expect_in(text, "a logarithm of 0")
end)

test("a gradient that is not finite stops before the weights are touched, even where the loss is", function()
  -- sqrt has slope infinity at 0: the loss is finite there and its gradient is not.
  local m = nn.Sequential {nn.Dense{1, activation = sqrt, input_shape = {1}}}
  m:compile{optimizer = "sgd", loss = "mse"}
  m.layers[1].kernel[{1, 1}] = 0
  local ok, text = pcall(m.fit, m, {ones(4, 1), ones(4), verbose = 0})
  expect.equal(ok, false)
  expect_in(text, "the gradient became -inf in step 1 (of dense.kernel)")
  expect.equal(m.layers[1].kernel[{1, 1}], 0.0)
end)

test.done()
