-- Losses; the numbers are those of Keras 3 where nothing else is said.
local test, expect = dofile(os.getenv "GRADUS_TESTS" .. "/lua/tap.lua")

test("cross-entropies give Keras's numbers, clipped where a probability is 0 or 1", function()
  local t, p = tensor{{0, 1}, {1, 0}, {0, 1}}, tensor{{0.3, 0.7}, {0.6, 0.4}, {1, 0}}
  expect.close(losses.categorical_crossentropy(t, p), 5.661865406221015, 1e-14)
  expect.close(losses.sparse_categorical_crossentropy(tensor{1, 0, 1}, p), 5.661865406221015, 1e-14)
  expect.close(losses.binary_crossentropy(tensor{0, 1}, tensor{0.1, 0.9}), 0.10536051565782628, 1e-14)
  expect.close(losses.binary_crossentropy(tensor{1}, tensor{0}), 16.11809565095832, 1e-14)
end)

test("a loss on scores is the loss on their probabilities", function()
  random.seed(3)
  local z, labels = random.randn(5, 4), tensor{0, 3, 1, 2, 2}
  local t = one_hot(labels, 4)
  expect.close(losses.categorical_crossentropy{from_logits = true}(t, z),
    losses.categorical_crossentropy(t, softmax(z)), 1e-12)
  expect.close(losses.sparse_categorical_crossentropy{from_logits = true}(labels, z),
    losses.sparse_categorical_crossentropy(labels, softmax(z)), 1e-12)
  expect.close(losses.binary_crossentropy{from_logits = true}(t, z), losses.binary_crossentropy(t, sigmoid(z)), 1e-12)
end)

test("smoothed labels are what the formula says", function()
  local p = tensor{{0.3, 0.7}, {0.6, 0.4}}
  local smooth = losses.categorical_crossentropy{label_smoothing = 0.1}(tensor{{0, 1}, {1, 0}}, p)
  expect.close(smooth, losses.categorical_crossentropy(tensor{{0.05, 0.95}, {0.95, 0.05}}, p), 1e-14)
  local binary = losses.binary_crossentropy{label_smoothing = 0.2}(tensor{0, 1}, tensor{0.3, 0.6})
  expect.close(binary, losses.binary_crossentropy(tensor{0.1, 0.9}, tensor{0.3, 0.6}), 1e-14)
end)

test("errors of numbers are weighed by their own formulas", function()
  local t, p = tensor{0, 0, 0}, tensor{0.5, -3, 1}
  expect.close(losses.mean_squared_error(t, p), (0.25 + 9 + 1) / 3, 1e-15)
  expect.close(losses.mean_absolute_error(t, p), 1.5, 1e-15)
  expect.close(losses.huber(t, p), (0.125 + 2.5 + 0.5) / 3, 1e-15)
  expect.close(losses.huber{delta = 2}(t, p), (0.125 + 4 + 0.5) / 3, 1e-15)
  expect.close(losses.hinge(tensor{1, -1, 1}, tensor{2, -0.5, -1}), (0 + 0.5 + 2) / 3, 1e-15)
  expect.close(losses.kl_divergence(tensor{{0.2, 0.8}}, tensor{{0.5, 0.5}}), 0.2 * math.log(0.4) + 0.8 * math.log(1.6),
    1e-14)
end)

test("what is right already counts less in a focal loss, and with gamma = 0 the same", function()
  local t, p = tensor{1, 0, 1}, tensor{0.9, 0.2, 0.3}
  local focal, plain = losses.binary_focal_crossentropy, losses.binary_crossentropy
  expect.close(focal{gamma = 0}(t, p), plain(t, p), 1e-15)
  expect.close(focal{gamma = 0, from_logits = true}(t, p), plain{from_logits = true}(t, p), 1e-14)
  local one, zero = -math.log(0.9), -math.log(0.3)
  expect.close(focal(tensor{1, 1}, tensor{0.9, 0.3}), (0.01 * one + 0.49 * zero) / 2, 1e-15)
  local balanced = focal{apply_class_balancing = true, alpha = 0.9, gamma = 1}
  expect.close(balanced(tensor{1, 0}, tensor{0.9, 0.7}), (0.9 * 0.1 * one + 0.1 * 0.7 * zero) / 2, 1e-15)
  t, p = tensor{{0, 1}, {1, 0}}, tensor{{0.3, 0.7}, {0.6, 0.4}}
  local several = losses.categorical_focal_crossentropy
  expect.close(several{alpha = 1, gamma = 0}(t, p), losses.categorical_crossentropy(t, p), 1e-14)
  expect.close(several{alpha = 1, gamma = 0, label_smoothing = 0.1}(t, p),
    losses.categorical_crossentropy{label_smoothing = 0.1}(t, p), 1e-14)
end)

test("losses of overlap count what both mark", function()
  local t = tensor{{1, 1, 0, 0}, {0, 0, 1, 1}}
  expect.close(losses.dice(t, t), 0, 1e-7)
  expect.close(losses.dice(t, 1 - t), 1, 1e-15)
  expect.close(losses.tversky(t, 0.5 * ones(2, 4)), losses.dice(t, 0.5 * ones(2, 4)), 1e-7)
  local missing, too_much = tensor{{1, 0, 0, 0}, {0, 0, 1, 0}}, ones(2, 4)
  expect.close(losses.tversky{alpha = 1, beta = 0}(t, missing), 0.5, 1e-7)
  expect.close(losses.tversky{alpha = 1, beta = 0}(t, too_much), 0, 1e-7)
end)

test("a mask is the whole batch, or what the axes say", function()
  -- The example of Keras's documentation: 0.5 and 0.75757575 by picture, 0.6164384 of both together.
  local t = tensor{1, 1, 0, 0, 1, 1, 0, 0}:reshape(2, 2, 2, 1)
  local p = tensor{0, 1, 0, 1, 0.4, 0, 0, 0.9}:reshape(2, 2, 2, 1)
  expect.close(losses.dice(t, p), 0.6164384, 1e-7)
  expect.close(losses.dice{axis = {2, 3, 4}}(t, p), (0.5 + 0.75757575) / 2, 1e-7)
  expect.close(losses.dice{axis = {-3, -2, -1}}(t, p), (0.5 + 0.75757575) / 2, 1e-7)
  expect.close(losses.dice{axis = {1, 2, 3, 4}}(t, p), losses.dice(t, p), 0)
  t, p = gt(random.random(5, 3), 0.5):astype "float64", random.random(5, 3)
  local function of(column)
    local a, b = t[{{}, column}], p[{{}, column}]
    return 1 - 2 * sum(a * b) / (sum(a + b) + 1e-7)
  end
  expect.close(losses.dice{axis = 1}(t, p), (of(1) + of(2) + of(3)) / 3, 1e-14)
  local both, missed, wrong = sum(t * p), sum(t * (1 - p)), sum((1 - t) * p)
  expect.close(losses.tversky{0.7, 0.2}(t, p), 1 - both / (both + 0.7 * missed + 0.2 * wrong + 1e-7), 1e-14)
  for _, axis in ipairs {false, 1, -1, {1, 2}} do
    local loss = losses.tversky{0.7, 0.2, axis = axis or nil}
    expect.ok(grad.check(function(q) return loss(t, sigmoid(q)) end, random.randn(5, 3)).ok)
  end
  expect.equal(tostring(losses.dice{axis = {1, -1}}), "dice{axis={1, -1}}")
  for _, axis in ipairs {0, 1.5, "all", {}, {1, 0}} do
    expect.error(function() losses.dice{axis = axis} end, "without it a whole batch is one mask")
  end
  expect.error(function() losses.dice{axis = 3}(t, p) end, "there is no axis 3: the prediction has 2")
end)

test("a loss over a batch is recorded, in slices with the same bits on any number of threads, and is learnt", function()
  expect.same_bits [[
    random.seed(13)
    local m = nn.Sequential{nn.Conv2D{8, 3, activation = "relu", input_shape = {8, 8, 1}}, nn.Flatten{},
      nn.Dense{64, activation = "sigmoid"}}
    m:compile{optimizer = optim.Adam{0.01}, loss = "dice"}
    local x = gt(random.randn(60, 8, 8, 1), 1.2):astype "float32"  -- where it is bright
    local history = m:fit{x, x:reshape(60, 64), epochs = 30, batch_size = 20, verbose = 0}.history.loss
    assert(not m.runs_eagerly and history[30] < 0.6 * history[1])
    print(("%a"):format(history[30] + m:evaluate{x, x:reshape(60, 64), batch_size = 25, verbose = 0}.loss))]]
end)

test("what a loss over a batch comes to hangs on the batches that it is measured in", function()
  local m = nn.Sequential{nn.Dense{3, activation = "sigmoid", input_shape = {2}}, dtype = "float64"}
  m:compile{optimizer = "sgd", loss = "dice"}
  local x, t = random.randn(10, 2), random.randint(0, 2, {10, 3})
  local p = m:predict(x)
  expect.close(m:evaluate{x, t, batch_size = 10, verbose = 0}.loss, losses.dice(t, p), 1e-14)
  local halves = losses.dice(t[{{1, 5}}], p[{{1, 5}}]) + losses.dice(t[{{6, 10}}], p[{{6, 10}}])
  expect.close(m:evaluate{x, t, batch_size = 5, verbose = 0}.loss, halves / 2, 1e-14)
  local path = os.tmpname() .. ".safetensors"
  m:compile{optimizer = "sgd", loss = losses.dice{axis = {1, -1}}}
  m:save(path)
  expect.equal(tostring(nn.load(path).loss), "dice{axis={1, -1}}")
  os.remove(path)
end)

test("truths that a loss cannot be of are named before training", function()
  local function fits(loss, y, outputs)
    local m = nn.Sequential{nn.Dense{outputs or 1, input_shape = {2}}}
    m:compile{optimizer = "sgd", loss = loss}
    m:train_on_batch(ones(#y, 2), y)
  end
  expect.error(function() fits("squared_hinge", tensor{0, 1}) end, "squared_hinge takes truths -1 and 1, and y[1] is 0")
  expect.error(function() fits("poisson", tensor{2, -1}) end, "poisson takes truths from 0 on, and y[2] is -1")
  expect.error(function() fits("msle", tensor{2, -1}) end, "takes truths from 0 on")
  expect.error(function() fits("dice", tensor{{2, 1}}, 2) end, "dice takes truths from 0 to 1")
  expect.error(function() fits("binary_focal_crossentropy", tensor{3, 1}) end, "takes truths from 0 to 1")
  expect.error(function() fits("categorical_hinge", tensor{{1, 1}}, 2) end, "rows of y that sum to 1")
  expect.error(function() fits("categorical_hinge", tensor{1, 0}, 2) end, "one_hot(y, 2)")
  expect.error(function() fits("categorical_focal_crossentropy", tensor{{1}}, 1) end, "needs one output a class")
end)

for name, loss in pairs(losses) do
  test("the gradient of " .. name .. " agrees with central differences", function()
    random.seed(5)
    local p = softmax(random.randn(4, 3))
    local t = loss.labels and tensor{2, 0, 1, 1} or one_hot(tensor{2, 0, 1, 1}, 3)
    if name == "mean_absolute_percentage_error" then t = t + 0.5 end  -- of 0 there are no percents
    local check = grad.check(function(x) return loss(t, x) end, p)
    expect.ok(check.ok, tostring(check))
  end)
end

test("training by every loss is recorded", function()
  for name, loss in pairs(losses) do
    local m = nn.Sequential{nn.Dense{3, activation = "sigmoid", input_shape = {2}}}
    m:compile{optimizer = "sgd", loss = name}
    local rows = one_hot(tensor{2, 0, 1, 1}, 3)
    local y = loss.labels and tensor{2, 0, 1, 1} or loss.truth == "signs" and 2 * rows - 1 or rows
    m:train_on_batch(ones(4, 2), y)
    expect.equal(m.runs_eagerly and name or nil, nil)
  end
end)

test("losses never broadcast", function()
  expect.error(function() losses.mean_absolute_error(zeros(3), zeros(3, 1)) end, "never broadcast")
  expect.error(function() losses.huber(zeros(3, 1), zeros(3, 2)) end, "never broadcast")
  expect.error(function() losses.mean_squared_error(zeros(3), zeros(4)) end, "never broadcast")
  expect.error(function() losses.hinge({1}, zeros(1)) end, "as tensors")
end)

test("a truth in the prediction's place is remarked upon, once", function()
  local session, said = require "gradus.session", {}
  local warn = session.warn
  session.warn = function(text) said[#said + 1] = text end
  local p, t = grad.track(tensor{{0.2, 0.8}}), tensor{{0.0, 1}}
  losses.huber(t, p):backward()
  expect.equal(#said, 0)
  for _ = 1, 2 do
    for _, name in ipairs {"mean_squared_error", "binary_crossentropy", "categorical_crossentropy"} do
      losses[name](p, t):backward()
      losses[name](p:detach(), p):backward()
    end
  end
  session.warn = warn
  expect.equal(#said, 1)
  expect.ok(said[1]:find("losses.mean_squared_error(y_true, y_pred), and here it is tracked", 1, true), said[1])
  expect.error(function() losses.sparse_categorical_crossentropy(grad.track(tensor{1}), t) end, "(y_true, y_pred)")
end)

test("options of a loss that cannot be are sentences", function()
  expect.error(function() losses.huber{delta = 0} end, "delta is a number above 0")
  expect.error(function() losses.binary_crossentropy{label_smoothing = 1} end, "from 0 up to 1")
  expect.error(function() losses.binary_focal_crossentropy{gamma = -1} end, "gamma is a number from 0")
  expect.error(function() losses.categorical_focal_crossentropy{alpha = 2} end, "alpha is a number from 0 to 1")
  expect.error(function() losses.tversky{beta = -1} end, "beta is a number from 0")
  expect.error(function() losses.huber{dleta = 1} end, 'did you mean "delta"')
  expect.error(function() losses.huber{reduction = "sum"} end, "training follows their mean")
  expect.equal(tostring(losses.huber{2}), "huber{delta=2}")
end)

test("a model trains with a loss by name, with options, or written by the learner", function()
  local function last(loss)
    random.seed(2)
    local x = random.randn(64, 3)
    local y = x:dot(tensor{{1}, {-2}, {0.5}})
    local m = nn.Sequential {nn.Dense{1, input_shape = {3}}, dtype = "float64"}
    m:compile{optimizer = optim.SGD{0.1}, loss = loss}
    return m:fit{x, y, epochs = 20, batch_size = 16, verbose = 0}.history.loss[20]
  end
  for _, loss in ipairs {"mae", "huber", losses.huber{delta = 0.5}, "log_cosh"} do
    expect.ok(last(loss) < 0.1, tostring(loss))
  end
  expect.close(last(function(t, p) return (p - t) ^ 2 end), last "mse", 1e-12)
  expect.close(last(function(t, p) return sum((p - t) ^ 2, 2) end), last "mse", 1e-12)
  expect.error(function() last(function(t, p) return sum((p - t) ^ 2) end) end, "one number a sample")
  expect.error(function() last "hubber" end, 'did you mean "huber"')
end)

test("a loss has a derivative by its truth too, also on scores and behind a softmax", function()
  local t, z = random.uniform(0.1, 0.9, 3, 4), random.randn(3, 4)
  for _, f in ipairs {
    function(x) return losses.binary_crossentropy{from_logits = true}(x, z) end,
    function(x) return losses.categorical_crossentropy{from_logits = true}(x, z) end,
    function(x) return losses.categorical_crossentropy(x, softmax(grad.track(z))) end,
    function(x) return losses.binary_crossentropy(x, sigmoid(grad.track(z))) end,
    function(x) return losses.categorical_crossentropy{label_smoothing = 0.1}(x, softmax(z)) end,
    function(x) return losses.mean_squared_error(x, x * x) end,
  } do
    local check = grad.check(f, t)
    expect.ok(check.ok, tostring(check))
  end
  local single, p = grad.track(t:astype "float32"), grad.track(softmax(z))
  local y = losses.categorical_crossentropy(single, p)
  y:backward()
  expect.equal(single.grad.dtype, "float32")
  expect.ok(max(abs(single.grad + log(softmax(z)) / 3)) < 1e-6)
  expect.ok(max(abs(p.grad)) > 0)
end)

test.done()
