-- The callbacks of one fit, called in their order.

local states = require "gradus.callbacks.states"
local watch = require "gradus.callbacks.watch"

local Run = {}
Run.__index = Run

local M = {}

local methods = {"train_begin", "epoch_begin", "batch_begin", "batch_end", "epoch_end", "train_end"}

--- `given` is fit's list: tables with methods, or functions f(epoch, logs, model). names.epoch are those of what an
--- epoch will report, names.batch of what is known after a batch. What saves the network comes last, wherever it stands
--- in the list: the others may yet change weights, the learning rate or what they keep.
function M.new(given, model, names)
  if type(given) == "function" or (type(given) == "table" and #given == 0 and next(given) ~= nil) then
    given = {given}
  end
  if type(given) ~= "table" then error("fit: callbacks is a list, not a " .. type(given), 0) end
  local self = setmetatable({list = {}, model = model, before_batches = false, batches = false, logs = {}}, Run)
  local saving = {}
  for i, callback in ipairs(given) do
    if type(callback) == "function" then
      local f = callback
      callback = {epoch_end = function(_, epoch, logs) f(epoch, logs, model) end}
    end
    local known = false
    for _, name in ipairs(methods) do known = known or (type(callback) == "table" and callback[name] ~= nil) end
    if not known then
      error(string.format("fit: callback %d is a %s without epoch_end or another of the methods of a callback; "
        .. "callbacks.LambdaCallback{on_epoch_end=f} makes one of functions", i, type(callback)), 0)
    end
    local when = callback.watches and callback:watches()
    if when then watch.expect(callback, names, when) end
    local list = callback.saves and saving or self.list
    list[#list + 1] = callback
    self.before_batches = self.before_batches or callback.batch_begin ~= nil
    self.batches = self.batches or callback.batch_end ~= nil
  end
  table.move(saving, 1, #saving, #self.list + 1, self.list)
  return self
end

local function call(self, method, ...)
  for _, callback in ipairs(self.list) do
    if callback[method] then callback[method](callback, ...) end
  end
end

--- With `kept` (of states.lua) training goes on where these were taken: in the middle of `epoch`, if that is given.
function Run:train_begin(kept, epoch)
  call(self, "train_begin", self.model)
  if epoch then
    -- The epoch has begun long since, and what callbacks set up for it they set up again; but a learning rate that is
    -- halved at the beginning of each epoch has been halved, and what is kept is that of the middle.
    local optimizer = self.model.optimizer
    local rate = optimizer.learning_rate
    call(self, "epoch_begin", epoch, self.model)
    optimizer.learning_rate = rate
  end
  states.restore(self.list, kept or {})
  self.model.callbacks = self.list
end

function Run:train_end() call(self, "train_end", self.model) end
function Run:epoch_begin(epoch) call(self, "epoch_begin", epoch, self.model) end
function Run:epoch_end(epoch, means) call(self, "epoch_end", epoch, means, self.model) end

function Run:batch_begin(batch) call(self, "batch_begin", batch, self.model) end

--- `sums` are running sums over the n samples of the epoch so far.
function Run:batch_end(batch, names, sums, n)
  local logs = self.logs  -- one table for all batches: a step makes no garbage
  for i, name in ipairs(names) do logs[name] = sums[i] / n end
  call(self, "batch_end", batch, logs, self.model)
end

return M
