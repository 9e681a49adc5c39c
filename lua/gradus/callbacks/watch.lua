-- What callbacks have in common: options, and a number of the training that they watch.

local options = require "gradus.options"

local watch = {}

--- What the option `mode` may be.
watch.modes = {"auto", "min", "max"}

local rising = {"acc", "auc", "precision", "recall", "specificity", "f1", "corrcoef", "kappa", "r2"}
local falling = {"loss", "error", "mse", "mae", "crossentropy"}

local function has_one_of(name, parts)
  for _, part in ipairs(parts) do
    if name:find(part, 1, true) then return true end
  end
  return false
end

-- Whether a number of that name is better when it is smaller.
local function falls(name, mode, what)
  if mode ~= "auto" then return mode == "min" end
  if has_one_of(name, rising) then return false end
  if has_one_of(name, falling) then return true end
  error(string.format('%s: is "%s" better when it is greater or when it is smaller? Say so, by mode="max" or '
    .. 'mode="min"', what, name), 0)
end

local function fail(self, names)
  table.sort(names)
  local hint = self.monitor:find("^val_") and "; give fit validation_data or validation_split" or ""
  error(string.format('%s: there is no "%s" to watch%s%s', self.class_name, self.monitor,
    options.suggest(self.monitor, names), hint), 0)
end

local function has(names, wanted)
  for _, name in ipairs(names) do
    if name == wanted then return true end
  end
end

--- An error before training when nothing of the name that the callback watches will be known when it looks: names.epoch
--- at the end of an epoch, names.batch after a batch. `when` says which, "epoch" or "batch".
function watch.expect(self, names, when)
  if has(names[when], self.monitor) then
    self.is_reported = true
    return falls(self.monitor, self.mode, self.class_name)
  end
  if when == "batch" and has(names.epoch, self.monitor) then
    error(string.format('%s: "%s" is known at the end of an epoch, not after a batch; after a batch there is %s',
      self.class_name, self.monitor, table.concat(names.batch, ", ")), 0)
  end
  fail(self, {table.unpack(names[when])})
end

--- The number that the callback watches; nil after an epoch that is not validated, when it is one of validation.
function watch.value_of(self, logs)
  local value = logs[self.monitor]
  if value then
    self.falls = falls(self.monitor, self.mode, self.class_name)
    return value
  end
  if self.is_reported then return nil end
  local names = {}
  for name in pairs(logs) do names[#names + 1] = name end
  fail(self, names)
end

--- An error unless that option is a number from `least`.
function watch.number(what, self, name, least)
  local value = self[name]
  if type(value) ~= "number" or value ~= value or value < least then
    error(string.format("%s: %s is a number from %g, not %s", what, name, least, tostring(value)), 0)
  end
end

--- Whether `value` is better than `best` by more than `least`.
function watch.better(self, value, best, least)
  if best == nil then return value == value end
  if self.falls then return value < best - least end
  return value > best + least
end

-- What Keras's callbacks take besides.
local refused = {
  verbose = "when training ends early or the learning rate falls, a note says so; where a ModelCheckpoint has written "
    .. "is its last_path",
}

--- The constructor of a callback: `spec` lists its options, `class` has its methods.
function watch.define(what, spec, class, check)
  spec.refused = refused
  class.__index = class
  class.__name = what
  class.class_name = what
  class.__tostring = function() return what end
  class.watches = class.watches or function(self) return self.monitor ~= nil and "epoch" end
  return options.takes(spec, function(given)
    local self = setmetatable(options.read("callbacks." .. what, given, spec), class)
    if self.monitor then
      if type(self.monitor) ~= "string" then
        error(string.format('callbacks.%s: monitor is a name, as "val_loss", not a %s', what, type(self.monitor)), 0)
      end
    end
    if check then check(self, "callbacks." .. what) end
    return self
  end)
end

return watch
