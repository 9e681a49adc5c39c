-- What fit calls as it goes. A callback is a table with some of the methods
--
--   train_begin(model)   epoch_begin(epoch, model)   batch_begin(batch, model)   batch_end(batch, logs, model)
--   epoch_end(epoch, logs, model)   train_end(model)
--
-- or a function f(epoch, logs, model), called at the end of each epoch. `logs` holds the means so far: loss, accuracy,
-- val_loss, ... by name. Epochs and batches count from 1. model.stop_training = true ends fit after the epoch. A table
-- may have state_names={"wait", ...}: those of its fields that a training which goes on, also from a file, begins with;
-- with saves=true it is called after all that have not, so that what it saves holds what they made of this moment.
-- Names and options are Keras's.

local doc = require("gradus.help").doc
local file = require "gradus.core.file"
local session = require "gradus.session"
local watch = require "gradus.callbacks.watch"

local better, define, number, value_of = watch.better, watch.define, watch.number, watch.value_of

local callbacks = {ModelCheckpoint = require "gradus.callbacks.checkpoint"}

-- ---- EarlyStopping ----

local EarlyStopping = {state_names = {"best", "best_epoch", "wait", "kept"}}

callbacks.EarlyStopping = doc("callbacks.EarlyStopping", [[
callbacks.EarlyStopping{monitor="val_loss", min_delta=0, patience=0, mode="auto", baseline, restore_best_weights=false,
start_from_epoch=0}

Ends training when the monitored number has not become better, by more than min_delta, for `patience` epochs. With
restore_best_weights the weights of the best epoch, and what layers keep beside them (moving means), come back at the
end, however training ended. mode is "min" or "max"; "auto" takes accuracy and its kin as better when greater, losses
and errors when smaller. baseline: epochs that do not beat it are waited for like those that bring nothing.

> random.seed(1)
> x, y = random.randn(40, 3), random.randn(40)
> m = nn.Sequential{nn.Dense{1, input_shape={3}}}
> m:compile{optimizer=optim.SGD{0.5}, loss="mse"}
> stop = callbacks.EarlyStopping{monitor="loss", patience=2, restore_best_weights=true}
> h = m:fit{x, y, epochs=100, verbose=0, callbacks={stop}}
> #h.epoch == stop.best_epoch + 2
true
]], define("EarlyStopping", {{"monitor", "val_loss"}, {"min_delta", 0.0}, {"patience", 0},
  {"mode", "auto", one_of = watch.modes},
  {"baseline"}, {"restore_best_weights", false}, {"start_from_epoch", 0}}, EarlyStopping, function(self, what)
  number(what, self, "min_delta", 0)
  number(what, self, "patience", 0)
  number(what, self, "start_from_epoch", 0)
end))

function EarlyStopping:train_begin()
  self.best, self.best_epoch, self.stopped_epoch, self.kept, self.wait = nil, nil, nil, nil, 0
end

-- Everything that the weights of a moment are: moving means, too.
local function everything(model)
  local list = {}
  for _, layer in ipairs(model.layers) do
    for _, t in ipairs(layer:all_weights()) do list[#list + 1] = t end
  end
  return list
end

function EarlyStopping:epoch_end(epoch, logs, model)
  local value = value_of(self, logs)
  if not value or epoch <= self.start_from_epoch then return end
  self.wait = self.wait + 1
  if better(self, value, self.best, self.min_delta) then
    self.best, self.best_epoch = value, epoch
    if self.baseline == nil or better(self, value, self.baseline, self.min_delta) then self.wait = 0 end
    if self.restore_best_weights then
      self.kept = {}
      for i, w in ipairs(everything(model)) do self.kept[i] = w:clone() end
    end
  elseif self.wait >= self.patience and epoch > 1 then
    self.stopped_epoch = epoch
    model.stop_training = true
  end
end

function EarlyStopping:train_end(model)
  if self.kept then
    for i, w in ipairs(everything(model)) do w[{{}}] = self.kept[i] end
    self.kept, model.unfinished = nil, nil
  end
  if self.stopped_epoch then
    session.note(string.format("stopped after epoch %d: %s was best in epoch %s (%.4g)%s", self.stopped_epoch,
      self.monitor, self.best_epoch or "none", self.best or 0 / 0,
      self.restore_best_weights and self.best_epoch and ", whose weights are back" or ""))
  end
end

-- ---- ReduceLROnPlateau ----

local ReduceLROnPlateau = {state_names = {"best", "wait", "cooling"}}

callbacks.ReduceLROnPlateau = doc("callbacks.ReduceLROnPlateau", [[
callbacks.ReduceLROnPlateau{monitor="val_loss", factor=0.1, patience=10, mode="auto", min_delta=0.0001, cooldown=0,
min_lr=0}

Multiplies the learning rate by `factor` when the monitored number has not become better, by more than min_delta, for
`patience` epochs; then it waits `cooldown` epochs before it counts again. The rate does not go below min_lr.

> callbacks.ReduceLROnPlateau{factor=0.5, patience=3}.factor
0.5
]], define("ReduceLROnPlateau", {{"monitor", "val_loss"}, {"factor", 0.1}, {"patience", 10},
  {"mode", "auto", one_of = watch.modes},
  {"min_delta", 1e-4}, {"cooldown", 0}, {"min_lr", 0.0}}, ReduceLROnPlateau, function(self, what)
  for _, name in ipairs {"factor", "patience", "min_delta", "cooldown", "min_lr"} do number(what, self, name, 0) end
  if self.factor >= 1 then
    error(string.format("%s: factor makes the learning rate smaller, so it is below 1, not %g", what, self.factor), 0)
  end
end))

function ReduceLROnPlateau:train_begin(model)
  self.best, self.wait, self.cooling = nil, 0, 0
  if type(model.optimizer.learning_rate) ~= "number" then
    error("ReduceLROnPlateau: the learning rate of this optimizer is a schedule; give it a number", 0)
  end
end

function ReduceLROnPlateau:epoch_end(epoch, logs, model)
  local value = value_of(self, logs)
  if not value then return end
  if self.cooling > 0 then self.cooling, self.wait = self.cooling - 1, 0 end
  if better(self, value, self.best, self.min_delta) then
    self.best, self.wait = value, 0
  elseif self.cooling == 0 then
    self.wait = self.wait + 1
    local old = model.optimizer.learning_rate
    if self.wait >= self.patience and old > self.min_lr then
      local new = math.max(old * self.factor, self.min_lr)
      model.optimizer.learning_rate = new
      self.cooling, self.wait = self.cooldown, 0
      session.note(string.format("epoch %d: %s has not become better for %d epochs; the learning rate is now %g", epoch,
        self.monitor, self.patience, new))
    end
  end
end

-- ---- LearningRateScheduler ----

local LearningRateScheduler = {}

callbacks.LearningRateScheduler = doc("callbacks.LearningRateScheduler", [[
callbacks.LearningRateScheduler{schedule}

Sets the learning rate at the beginning of each epoch to schedule(epoch, rate), a function of the epoch (from 1) and of
the rate so far.

> halve = callbacks.LearningRateScheduler{function(epoch, rate) return epoch > 1 and rate / 2 or rate end}
> m = nn.Sequential{nn.Dense{1, input_shape={1}}}
> m:compile{optimizer=optim.SGD{0.1}, loss="mse"}
> h = m:fit{ones(4, 1), ones(4), epochs=3, verbose=0, callbacks={halve}}
> m.optimizer
SGD, learning rate 0.025
]], define("LearningRateScheduler", {{"schedule", required = true}}, LearningRateScheduler, function(self, what)
  if type(self.schedule) ~= "function" then
    error(string.format("%s: schedule is a function(epoch, rate), not a %s", what, type(self.schedule)), 0)
  end
end))

function LearningRateScheduler:epoch_begin(epoch, model)
  local rate = self.schedule(epoch, model.optimizer.learning_rate)
  if type(rate) ~= "number" or not (rate >= 0 and rate < math.huge) then
    error("LearningRateScheduler: your schedule gave " .. tostring(rate) .. ", which is no learning rate", 0)
  end
  model.optimizer.learning_rate = rate
end

-- ---- CSVLogger ----

local CSVLogger = {state_names = {"lines", "names"}}

callbacks.CSVLogger = doc("callbacks.CSVLogger", [[
callbacks.CSVLogger{filename, separator=",", append=false}

Writes a line an epoch: the epoch, then the loss and the metrics under their names, NA where an epoch was not validated.
The file is written anew, whole, after each epoch, so that it can be read at any time; append=true keeps the lines that
are in it.

> callbacks.CSVLogger{"/tmp/run.csv"}.filename
/tmp/run.csv
]], define("CSVLogger", {{"filename", required = true}, {"separator", ","}, {"append", false}}, CSVLogger))

function CSVLogger:train_begin()
  self.lines, self.names = {}, nil
  local before = self.append and io.open(self.filename, "r")
  if before then
    for line in before:lines() do self.lines[#self.lines + 1] = line end
    before:close()
  end
end

function CSVLogger:epoch_end(epoch, logs, model)
  if not self.names then
    self.names = {table.unpack(model.history.params.metrics)}
    table.sort(self.names)
    local head = "epoch" .. self.separator .. table.concat(self.names, self.separator)
    if #self.lines == 0 then self.lines[1] = head end
  end
  local row = {tostring(epoch)}
  for i, name in ipairs(self.names) do row[i + 1] = logs[name] and string.format("%.17g", logs[name]) or "NA" end
  self.lines[#self.lines + 1] = table.concat(row, self.separator)
  local written, why = file.write(self.filename, table.concat(self.lines, "\n") .. "\n")
  if not written then error("CSVLogger: " .. why, 0) end
end

-- ---- LambdaCallback ----

-- Keras's names of the moments, and ours.
local moments = {on_train_begin = "train_begin", on_train_end = "train_end", on_epoch_begin = "epoch_begin",
  on_epoch_end = "epoch_end", on_train_batch_begin = "batch_begin", on_train_batch_end = "batch_end"}

local LAMBDA = {{"on_epoch_begin", named = true}, {"on_epoch_end", named = true}, {"on_train_begin", named = true},
  {"on_train_end", named = true}, {"on_train_batch_begin", named = true}, {"on_train_batch_end", named = true}}

callbacks.LambdaCallback = doc("callbacks.LambdaCallback", [[
callbacks.LambdaCallback{on_epoch_begin=, on_epoch_end=, on_train_begin=, on_train_end=, on_train_batch_begin=,
on_train_batch_end=}

Calls functions of yours in training: on_epoch_begin(epoch, model), on_epoch_end(epoch, logs, model),
on_train_batch_begin(batch, model), on_train_batch_end(batch, logs, model), on_train_begin(model), on_train_end(model).
Epochs and batches count from 1; logs holds what is known then by name (loss, accuracy, val_loss), for a batch the means
of the epoch so far. model.stop_training = true ends training after the epoch. A plain function f(epoch, logs, model) in
fit's list is called after each epoch. A table in that list is a callback, too, when it has methods epoch_end(self,
epoch, logs, model) and so on, without the on_; with state_names={"count"} its field count is saved with the network,
and training that goes on from a file begins with it; with saves=true it is called after all others.

> m = nn.Sequential{nn.Dense{1, input_shape={1}}}
> m:compile{optimizer="sgd", loss="mse"}
> stop = callbacks.LambdaCallback{on_epoch_end=function(epoch, logs, model) model.stop_training = epoch == 3 end}
> h = m:fit{ones(4, 1), ones(4), epochs=9, verbose=0, callbacks={stop}}
> #h.epoch
3
]], define("LambdaCallback", LAMBDA, {}, function(self, what)
  local any = false
  for name, method in pairs(moments) do
    local f = self[name]
    if f ~= nil then
      if type(f) ~= "function" then error(string.format("%s: %s is a function, not a %s", what, name, type(f)), 0) end
      self[method], any = function(_, ...) return f(...) end, true
    end
  end
  if not any then
    error(what .. ": give it a function, as in on_epoch_end=function(epoch, logs) print(epoch, logs.loss) end", 0)
  end
end))

-- ---- LivePlot ----

local LivePlot = {}

callbacks.LivePlot = doc("callbacks.LivePlot", [[
callbacks.LivePlot{interval=0.5, title="training history"}

Draws the history while training goes on: in a window, in place in the terminal, or into one PNG file that is drawn
again. At most one picture every `interval` seconds, and fewer when pictures are slow: together they take less than
2 % of the time, and training never waits for one. The last picture is that of plot.history.

> callbacks.LivePlot{interval=1}.interval
1
]], define("LivePlot", {{"interval", 0.5}, {"title", "training history"}}, LivePlot, function(self, what)
  number(what, self, "interval", 0.05)
end))

function LivePlot:train_begin()
  self.live = require("gradus.plot.live").new(self.interval)
  self.picture = require("gradus.plot.history").figure
  self.settings = {title = self.title}
end

function LivePlot:epoch_end(_, _, model)
  self.live:update(function() return self.picture(model.history, self.settings) end)
end

function LivePlot:train_end(model)
  if #model.history.epoch > 0 then self.live:finish(self.picture(model.history, self.settings)) end
end

return callbacks
