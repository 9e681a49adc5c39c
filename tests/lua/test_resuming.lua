-- A training that goes on from a file gives the same bits as one that was never interrupted, with everything that may
-- take part in it: from the end of each epoch, and from each batch in its middle.
local test, expect = dofile(os.getenv "GRADUS_TESTS" .. "/lua/tap.lua")

local tensor = require "gradus.core.tensor"

random.seed(3)
local x, y = random.randn(60, 6, 6, 1), random.randint(0, 3, 60)
local weight = random.random(60)

local folder = os.tmpname()
os.remove(folder)

local function network(optimizer)
  random.seed(7)
  local m = nn.Sequential{nn.RandomFlip{input_shape = {6, 6, 1}}, nn.RandomTranslation{0.2, 0.2}, nn.GaussianNoise{0.1},
    nn.Conv2D{4, 3, activation = "relu", kernel_regularizer = "l2"}, nn.BatchNormalization{momentum = 0.8},
    nn.Flatten{}, nn.Dropout{0.3}, nn.Dense{3, activation = "softmax"}}
  m:compile{optimizer = optimizer, loss = "sparse_categorical_crossentropy",
    metrics = {"accuracy", "balanced_accuracy"}}  -- one that each step counts, and one of the outputs of a whole epoch
  return m
end

-- A callback of the learner's own that keeps something: it stops after three epochs worse than the one before. What it
-- sums up over the batches of an epoch it begins anew with each epoch.
local function own()
  return {class_name = "Worse", state_names = {"last", "worse", "seen", "sum"},
    train_begin = function(self) self.last, self.worse, self.seen = nil, 0, {} end,
    epoch_begin = function(self) self.sum = 0 end,
    batch_end = function(self, batch, logs) self.sum = self.sum + batch * logs.loss end,
    epoch_end = function(self, epoch, logs, model)
      if self.last and logs.val_loss > self.last then self.worse = self.worse + 1 end
      self.last, self.seen[epoch] = logs.val_loss, self.sum
      if self.worse >= 3 then model.stop_training = true end
    end}
end

local function file_text(path)
  local f <close> = assert(io.open(path))
  return f:read "a"
end

local function expect_same_training(whole, model, what)
  expect.equal(model.optimizer:current_rate(), whole.optimizer:current_rate())
  expect.equal(model.optimizer.iterations, whole.optimizer.iterations)
  for i, layer in ipairs(whole.layers) do
    for k, w in ipairs(layer:all_weights()) do
      if not tensor.all(tensor.eq(w, model.layers[i]:all_weights()[k])) then
        error(string.format("%s: %s.%s differs", what, layer.name, layer:all_names()[k]))
      end
    end
  end
  for state, list in pairs(whole.optimizer:state()) do
    for i, t in ipairs(list) do
      if not tensor.all(tensor.eq(t, model.optimizer:state()[state][i])) then
        error(string.format("%s: %s of the optimizer differs", what, state))
      end
    end
  end
end

-- Trains at once, with a checkpoint after each epoch and after each batch, then goes on from each of them; `list` makes
-- the callbacks anew.
local function expect_resumes(optimizer, list, more)
  local function fit(model, initial_epoch, checkpoints)
    local given = {x, y, epochs = 9, batch_size = 16, verbose = 0, validation_split = 0.3,
      initial_epoch = initial_epoch, callbacks = list()}
    for _, checkpoint in ipairs(checkpoints or {}) do
      table.insert(given.callbacks, 1, checkpoint)  -- in front: what comes behind it is in the file all the same
    end
    for name, value in pairs(more or {}) do given[name] = value end
    return model:fit(given), given.callbacks
  end
  local whole = network(optimizer())
  random.seed(11)
  local history, called = fit(whole, 0, {callbacks.ModelCheckpoint{folder .. "/net-{epoch}-all.safetensors"},
    callbacks.ModelCheckpoint{folder .. "/net-{epoch}-{batch}.safetensors", save_freq = 1}})
  called = table.move(called, 3, #called, 1, {})
  local log = file_text(folder .. "/log.csv")
  local last = history.epoch[#history.epoch]
  expect.ok(last >= 4, "it ended after " .. last .. " epochs")
  local function go_on(epoch, batch)
    random.seed(1000 + epoch)
    local model = nn.load(string.format("%s/net-%d-%s.safetensors", folder, epoch, batch))
    expect.equal(model.unfinished and model.unfinished.batch or "all", batch)
    local done = model.epoch
    expect.equal(done, batch == "all" and epoch or epoch - 1)
    local rest, again = fit(model, done)
    local what = string.format("resumed after batch %s in epoch %d of %d", batch, epoch, last)
    expect.equal(rest.epoch[1], done + 1)
    expect.equal(rest.epoch[#rest.epoch], last)
    for name, values in pairs(history.history) do
      expect.equal(#rest.history[name], last - done)
      for i, value in ipairs(rest.history[name]) do
        if value ~= values[done + i] then error(string.format("%s: %s of epoch %d differs", what, name, done + i)) end
      end
    end
    expect_same_training(whole, model, what)
    for i, callback in ipairs(called) do
      for _, name in ipairs(callback.state_names or {}) do
        local value = callback[name]
        if type(value) ~= "table" then expect.equal(again[i][name], value) end
        for key, each in pairs(name == "seen" and value or {}) do expect.equal(again[i].seen[key], each) end
      end
    end
    expect.equal(file_text(folder .. "/log.csv"), log)
  end
  for epoch = 1, last do
    if epoch < last then go_on(epoch, "all") end
    -- 42 samples, 16 in a batch: after the third nothing is left of the epoch but its end.
    for batch = 1, 3 do go_on(epoch, batch) end
  end
  os.execute("rm -r " .. folder)
  return whole, called
end

local function csv() return callbacks.CSVLogger{folder .. "/log.csv"} end

test("with EarlyStopping, its best weights, ReduceLROnPlateau, class weights, augmentation and dropout", function()
  local _, called = expect_resumes(function() return optim.Adam{0.05} end, function()
    return {callbacks.ReduceLROnPlateau{factor = 0.5, patience = 1, cooldown = 1}, csv(),
      callbacks.EarlyStopping{patience = 3, restore_best_weights = true}}
  end, {class_weight = "balanced"})
  expect.ok(called[3].stopped_epoch, "it never stopped: the test shows nothing")
  expect.ok(called[3].best_epoch < called[3].stopped_epoch)
end)

test("with a schedule, sample weights and a callback of one's own", function()
  expect_resumes(function() return optim.SGD{optim.CosineDecay{0.3, 20, warmup_target = 0.5, warmup_steps = 4},
    momentum = 0.9, nesterov = true, global_clipnorm = 1} end,
    function() return {own(), csv()} end, {sample_weight = weight})
end)

test("with a learning rate that is set at each epoch, running means of weights and two callbacks of a kind", function()
  expect_resumes(function()
    return optim.RMSprop{0.01, momentum = 0.5, use_ema = true, ema_momentum = 0.9, ema_overwrite_frequency = 5}
  end, function()
    return {callbacks.LearningRateScheduler{function(_, rate) return rate * 0.9 end}, csv(),
      callbacks.EarlyStopping{monitor = "loss", patience = 7}, callbacks.EarlyStopping{patience = 4, baseline = 0.5}}
  end)
end)

test("with an optimizer that keeps nothing but the number of its steps, on which dropout and schedules hang", function()
  local _, called = expect_resumes(function() return optim.SGD{optim.ExponentialDecay{0.1, 5, 0.9}} end,
    function() return {csv()} end)
  expect.equal(#called, 1)
end)

-- ---- in the middle of an epoch ----

local path = folder .. ".safetensors"

-- Five batches of 8, the last one of 2.
local X, Y = random.randn(34, 4), random.randint(0, 2, 34)

local function small(activation)
  random.seed(2)
  local m = nn.Sequential{nn.Dense{6, activation = activation or "tanh", input_shape = {4}}, nn.Dropout{0.3},
    nn.Dense{2, activation = "softmax"}}
  m:compile{"adam", "sparse_categorical_crossentropy", {"accuracy"}}
  random.seed(5)
  return m
end

local function fit(m, initial_epoch, more)
  local given = {x = X, y = Y, epochs = 4, batch_size = 8, verbose = 0, initial_epoch = initial_epoch}
  for name, value in pairs(more or {}) do given[name] = value end
  return m:fit(given)
end

-- What happens to the model after a batch of an epoch.
local function after(epoch, batch, f)
  return {callbacks = {{batch_end = function(_, b, _, m)
    if m.epoch + 1 == epoch and b == batch then f(m) end
  end}}}
end

local function saved(m)
  m = m or small()
  fit(m, nil, after(3, 2, function() m:save(path) end))
  return m
end

test("a step that is not recorded goes on in its middle, too", function()
  local square = grad.operation {forward = function(s, t) s.t = t; return t * t end,
    backward = function(s, dy) return 2 * s.t * dy end}
  local whole = saved(small(square))
  expect.ok(whole.runs_eagerly)
  local m = nn.load(path, {custom = {["dense.activation"] = square}})
  fit(m, 2)
  expect_same_training(whole, m, "eager")
end)

test("a training that an error ended goes on behind the last batch that was learnt", function()
  local whole = small()
  fit(whole)
  local m = small()  -- from the same seed
  for _, place in ipairs {{1, 3}, {1, 5}, {4, 1}} do
    local fails = after(place[1], place[2], function() error("no", 0) end)
    local ok, message = pcall(fit, m, m.unfinished and m.epoch, fails)
    expect.equal(not ok and message, "no")
    expect.equal(tostring(m.unfinished), string.format("epoch %d, after batch %d of 5", place[1], place[2]))
    expect.equal(m.epoch, place[1] - 1)
  end
  local h = fit(m, m.epoch)
  expect.equal(m.unfinished, nil)
  expect.equal(#h.epoch, 1)
  expect.equal(h.history.loss[1], whole.history.history.loss[4])
  expect_same_training(whole, m, "after errors")
end)

test("a line says where an epoch goes on, and its numbers are those of the whole epoch", function()
  local whole, said = saved(), {}
  local session = require "gradus.session"
  local say = session.say
  session.say = function(text) said[#said + 1] = text end
  local ok, why = pcall(fit, nn.load(path), 2, {verbose = 2})
  session.say = say
  expect.ok(ok, why)
  local lines = table.concat(said)
  expect.equal(lines:match("^[^\n]*"), "goes on in epoch 3, after batch 2 of 5")
  expect.ok(lines:find(string.format("  3/4   %%d+.%%ds  %.4f", whole.history.history.loss[3])), lines)
end)

test("other samples, or other batches, are refused; nothing is changed", function()
  local whole = saved()
  local m = nn.load(path)
  local function refused(more, why)
    local message = expect.error(function() fit(m, 2, more) end, why)
    expect.ok(message:find("initial_epoch=2 would go on in epoch 3, after batch 2 of 5", 1, true), message)
    expect.ok(message:find("without initial_epoch; or epoch 3 anew, after model.unfinished = nil", 1, true), message)
  end
  local other = X:clone()
  other[{34, 4}] = 0
  refused({batch_size = 16}, "batch_size was 8, and is 16")
  refused({shuffle = false}, "shuffle was true, and is false")
  refused({validation_split = 0.5}, "the number of samples to train on was 34, and is 17")
  refused({x = other}, "x, of shape (34, 4), holds other numbers")
  refused({y = 1 - Y}, "y, or the weights of classes or samples, are others")
  refused({class_weight = {[0] = 1, [1] = 2}}, "y, or the weights of classes or samples, are others")
  -- The same numbers in other clothes are the same.
  fit(m, 2, {x = X:astype("float32").T:clone().T, y = Y:astype("float64")})
  expect_same_training(whole, m, "after refusals")
end)

test("without initial_epoch a network from the middle of an epoch begins a new training", function()
  saved()
  local m, weights = nn.load(path), nn.load(path)
  weights.unfinished, weights.key = nil, nil
  expect.equal(m:predict(X).shape[1], 34)
  expect.equal(m:evaluate{X, Y, verbose = 0}.loss, weights:evaluate{X, Y, verbose = 0}.loss)
  expect.ok(m.unfinished)
  random.seed(9)
  local h = m:fit{X[{{1, 20}}], Y[{{1, 20}}], epochs = 2, verbose = 0}
  expect.equal(#h.epoch, 2)
  expect.equal(m.unfinished, nil)
  random.seed(9)
  weights:fit{X[{{1, 20}}], Y[{{1, 20}}], epochs = 2, verbose = 0}
  expect_same_training(weights, m, "afresh")
end)

test("model.unfinished = nil begins the epoch anew; a step by hand, or compile, does the same", function()
  saved()
  for _, forget in ipairs {function(m) m.unfinished = nil end, function(m) m:train_on_batch(X, Y) end,
    function(m) m:compile{"sgd", "sparse_categorical_crossentropy"} end} do
    local m = nn.load(path)
    forget(m)
    expect.equal(m.unfinished, nil)
    expect.equal(m.epoch, 2)
    expect.equal(#fit(m, m.epoch, {batch_size = 5}).epoch, 2)
  end
end)

test("a file from the middle of an epoch stays so when loaded and saved; weights alone know nothing of it", function()
  saved()
  local copy = os.tmpname() .. ".safetensors"
  nn.load(path):save(copy)
  expect.equal(file_text(copy), file_text(path))
  os.remove(copy)
  local m = small()
  m:load_weights(path)
  expect.equal(m.unfinished, nil)
end)

test("an unfinished epoch in a damaged file is a sentence", function()
  saved()
  local text = file_text(path)
  local function damaged(from, to, why)
    expect.equal(#from, #to)
    local at, last = text:find(from, 1, true)
    local f <close> = assert(io.open(path, "wb"))
    f:write(text:sub(1, at - 1), to, text:sub(last + 1))
    f:flush()
    expect.error(function() nn.load(path) end, why)
  end
  damaged([[\"batch\":2]], [[\"batch\":9]], "do not go together")
  damaged([[\"batch\":2]], [[\"butch\":2]], "batch of the unfinished epoch should be a whole number")
  damaged([[\"shuffle\":true]], [[\"shuffle\":1111]], "shuffle of the unfinished epoch should be a boolean")
end)

test("going on is the same with 1, 2 and 8 threads", function()
  saved()
  local network, data = os.tmpname() .. ".safetensors", os.tmpname() .. ".npz"
  os.rename(path, network)
  require("gradus.data").save(data, {x = X, y = Y})
  expect.same_bits(string.format([[
    local m, d = nn.load("%s"), data.load("%s")
    m:fit{d.x, d.y, epochs = 4, initial_epoch = 2, batch_size = 8, verbose = 0}
    print(string.format("%%a", sum(m:predict(d.x)[{{}, 1}])))
  ]], network, data))
  os.remove(network)
  os.remove(data)
end)

test("best weights that come back end an epoch for good: nothing goes on from its middle with them", function()
  local m = small()
  pcall(fit, m, nil, {callbacks = {callbacks.EarlyStopping{monitor = "loss", patience = 9, restore_best_weights = true},
    {batch_end = function(_, batch) if m.epoch == 2 and batch == 3 then error("no", 0) end end}}})
  expect.ok(m.unfinished)
  m.callbacks[1]:train_end(m)
  expect.equal(m.unfinished, nil)
end)

test("a checkpoint after a number of batches counts on from epoch to epoch, also where training goes on", function()
  local function saves(m, initial_epoch)
    local list, last = {}, nil
    local keep = callbacks.ModelCheckpoint{path, save_freq = 3}
    fit(m, initial_epoch, {callbacks = {keep, {saves = true, batch_end = function(_, batch)
      if keep.batches == 0 then list[#list + 1] = string.format("%d.%d", m.epoch + 1, batch) end
      if #list == 3 and not last then os.rename(path, path .. ".3") end
      last = list[3]
    end}}})
    return table.concat(list, " "), keep
  end
  local all, keep = saves(small())
  expect.equal(all, "1.3 2.1 2.4 3.2 3.5 4.3")
  expect.equal(keep.last_path, path)
  os.rename(path .. ".3", path)
  local m = nn.load(path)
  expect.equal(tostring(m.unfinished), "epoch 2, after batch 4 of 5")
  expect.equal(saves(m, 1), "3.2 3.5 4.3")
  os.remove(path .. ".3")
end)

test("a checkpoint after batches has their number in its name and watches what they know", function()
  local function keep(more)
    local given = {path:gsub("%.safe", "-{epoch}-{batch:02d}.safe"), save_freq = 4}
    for name, value in pairs(more or {}) do given[name] = value end
    return callbacks.ModelCheckpoint(given)
  end
  local plain = keep()
  fit(small(), nil, {epochs = 1, callbacks = {plain}})
  expect.equal(plain.last_path, (path:gsub("%.safe", "-1-04.safe")))
  expect.equal(nn.load(plain.last_path).unfinished.batch, 4)
  os.remove(plain.last_path)
  local best, losses, saved_at = keep{save_freq = 1, monitor = "loss", save_best_only = true}, {}, {}
  fit(small(), nil, {callbacks = {best, {saves = true, batch_end = function(_, batch, logs, m)
    local n = #losses + 1
    losses[n] = logs.loss
    if best.best == logs.loss then saved_at[n] = true end
  end}}})
  local least = math.huge
  for n, loss in ipairs(losses) do
    expect.equal(saved_at[n] or false, loss < least)
    least = math.min(loss, least)
  end
  os.execute(string.format('rm "%s"-*', (path:gsub("%.safetensors$", ""))))
  expect.error(function() fit(small(), nil, {validation_split = 0.2, callbacks = {keep{save_best_only = true}}}) end,
    '"val_loss" is known at the end of an epoch, not after a batch; after a batch there is loss, accuracy')
  expect.error(function() fit(small(), nil, {callbacks = {keep{save_best_only = true, monitor = "lost"}}}) end,
    'did you mean "loss"')
  expect.error(function() keep{save_freq = 0} end, 'save_freq is "epoch" or a number of batches, not 0')
  expect.error(function() keep{save_freq = "batch"} end, 'save_freq is "epoch" or a number of batches, not batch')
end)

test("in the same session, callbacks go on, too, where initial_epoch says so", function()
  local stop = callbacks.EarlyStopping{monitor = "loss", patience = 3, min_delta = 1e9}
  local m = network(optim.SGD{0})
  local h = m:fit{x, y, epochs = 2, verbose = 0, callbacks = {stop}}
  h = m:fit{x, y, epochs = 9, initial_epoch = 2, verbose = 0, callbacks = {stop}}
  expect.equal(h.epoch[#h.epoch], 4)
  h = m:fit{x, y, epochs = 9, verbose = 0, callbacks = {stop}}
  expect.equal(h.epoch[#h.epoch], 4)
end)

test("a network that was loaded and saved again keeps what callbacks kept; other programs see none of it", function()
  local path, copy = os.tmpname() .. ".safetensors", os.tmpname() .. ".safetensors"
  local m = network("adam")
  m:fit{x, y, epochs = 2, verbose = 0, callbacks = {callbacks.EarlyStopping{monitor = "loss", patience = 2,
    restore_best_weights = true}, callbacks.ModelCheckpoint{path, monitor = "loss"}}}
  nn.load(path):save(copy)
  expect.equal(file_text(copy), file_text(path))
  network("adam"):load_weights(path)
  os.remove(path)
  os.remove(copy)
end)

test("the best weights come back with the moving means of their epoch", function()
  local m = network(optim.Adam{0.05})
  local means = {}
  local stop = callbacks.EarlyStopping{patience = 2, restore_best_weights = true}
  m:fit{x, y, epochs = 9, verbose = 0, validation_split = 0.3, callbacks = {stop,
    function(epoch) means[epoch] = m.layers[5].moving_mean:clone() end}}
  expect.ok(stop.best_epoch < #means)
  expect.ok(tensor.all(tensor.eq(m.layers[5].moving_mean, means[stop.best_epoch])))
end)

test("EarlyStopping waits as Keras does: with a baseline, without patience, through not-a-number", function()
  local function epochs(given, losses)
    local stop = callbacks.EarlyStopping(given)
    local m = {layers = {}, stop_training = false}
    stop:train_begin(m)
    for epoch, loss in ipairs(losses) do
      stop:epoch_end(epoch, {val_loss = loss}, m)
      if m.stop_training then return epoch, stop.best_epoch end
    end
    return 0, stop.best_epoch
  end
  local function expect_epochs(given, losses, stopped, best)
    local s, b = epochs(given, losses)
    expect.equal(s, stopped)
    expect.equal(b, best)
  end
  expect_epochs({}, {3, 2, 2, 1}, 3, 2)
  expect_epochs({patience = 2}, {3, 4, 2, 2.5, 2.5}, 5, 3)
  -- As in Keras, an epoch that is better ends no wait while it does not beat the baseline, but stops nothing.
  expect_epochs({patience = 2, baseline = 1}, {5, 4, 3, 3.5}, 4, 3)
  expect_epochs({patience = 2, baseline = 10}, {5, 4, 3, 3.5, 3.5}, 5, 3)
  expect_epochs({start_from_epoch = 3}, {1, 2, 3, 4, 5}, 5, 4)
end)

test("a number whose better direction is unknown is asked for, and scores count upwards", function()
  local logs = {val_matthews_corrcoef = 0.1, odd = 3}
  local stop = callbacks.EarlyStopping{monitor = "odd"}
  stop:train_begin()
  expect.error(function() stop:epoch_end(1, logs, {}) end, 'Say so, by mode="max" or mode="min"')
  stop = callbacks.EarlyStopping{monitor = "val_matthews_corrcoef"}
  stop:train_begin()
  stop:epoch_end(1, logs, {})
  stop:epoch_end(2, {val_matthews_corrcoef = 0.2}, {})
  expect.equal(stop.best_epoch, 2)
end)

os.remove(path)
test.done()
