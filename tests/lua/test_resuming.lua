-- A training that goes on from a file gives the same bits as one that was never interrupted, with everything that may
-- take part in it.
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
  m:compile{optimizer = optimizer, loss = "sparse_categorical_crossentropy", metrics = {"accuracy"}}
  return m
end

-- A callback of the learner's own that keeps something: it stops after three epochs worse than the one before.
local function own()
  return {class_name = "Worse", state_names = {"last", "worse", "seen"},
    train_begin = function(self) self.last, self.worse, self.seen = nil, 0, {} end,
    epoch_end = function(self, epoch, logs, model)
      if self.last and logs.val_loss > self.last then self.worse = self.worse + 1 end
      self.last, self.seen[epoch] = logs.val_loss, logs.val_loss
      if self.worse >= 3 then model.stop_training = true end
    end}
end

local function file_text(path)
  local f <close> = assert(io.open(path))
  return f:read "a"
end

-- Trains at once, with a checkpoint after each epoch, then goes on from each of them; `list` makes the callbacks anew.
local function expect_resumes(optimizer, list, more)
  local function fit(model, initial_epoch, checkpoints)
    local given = {x, y, epochs = 9, batch_size = 16, verbose = 0, validation_split = 0.3,
      initial_epoch = initial_epoch, callbacks = list()}
    if checkpoints then  -- in front: what comes behind it in the list is in the file all the same
      table.insert(given.callbacks, 1, callbacks.ModelCheckpoint{folder .. "/net-{epoch}.safetensors"})
    end
    for name, value in pairs(more or {}) do given[name] = value end
    return model:fit(given), given.callbacks
  end
  local whole = network(optimizer())
  random.seed(11)
  local history, called = fit(whole, 0, true)
  table.remove(called, 1)
  local log = file_text(folder .. "/log.csv")
  local last = history.epoch[#history.epoch]
  expect.ok(last >= 4, "it ended after " .. last .. " epochs")
  for epoch = 1, last - 1 do
    random.seed(1000 + epoch)
    local model = nn.load(string.format("%s/net-%d.safetensors", folder, epoch))
    local rest, again = fit(model, epoch)
    local what = string.format("resumed after epoch %d of %d", epoch, last)
    expect.equal(rest.epoch[#rest.epoch], last)
    for name, values in pairs(history.history) do
      for i, value in ipairs(rest.history[name]) do
        if value ~= values[epoch + i] then error(string.format("%s: %s of epoch %d differs", what, name, epoch + i)) end
      end
    end
    expect.equal(model.optimizer:current_rate(), whole.optimizer:current_rate())
    for i, layer in ipairs(whole.layers) do
      for k, w in ipairs(layer:all_weights()) do
        if not tensor.all(tensor.eq(w, model.layers[i]:all_weights()[k])) then
          error(string.format("%s: %s.%s differs", what, layer.name, layer:all_names()[k]))
        end
      end
    end
    for i, callback in ipairs(called) do
      for _, name in ipairs(callback.state_names or {}) do
        if type(callback[name]) ~= "table" then expect.equal(again[i][name], callback[name]) end
      end
    end
    expect.equal(file_text(folder .. "/log.csv"), log)
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

test("with a learning rate that is set at each epoch, RMSprop and two callbacks of a kind", function()
  expect_resumes(function() return optim.RMSprop{0.01, momentum = 0.5} end, function()
    return {callbacks.LearningRateScheduler{function(_, rate) return rate * 0.9 end}, csv(),
      callbacks.EarlyStopping{monitor = "loss", patience = 7}, callbacks.EarlyStopping{patience = 4, baseline = 0.5}}
  end)
end)

test("with an optimizer that keeps nothing but the number of its steps, on which dropout and schedules hang", function()
  local _, called = expect_resumes(function() return optim.SGD{optim.ExponentialDecay{0.1, 5, 0.9}} end,
    function() return {csv()} end)
  expect.equal(#called, 1)
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

test.done()
