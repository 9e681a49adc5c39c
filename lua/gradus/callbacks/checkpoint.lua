-- callbacks.ModelCheckpoint: a long training leaves files on its way, to go back to or to go on from.

local doc = require("gradus.help").doc
local file = require "gradus.core.file"
local options = require "gradus.options"
local watch = require "gradus.callbacks.watch"

local ModelCheckpoint = {saves = true, state_names = {"best", "batches"}}

-- "{epoch:02d}-{val_loss:.2f}.npz" with the numbers in their places: those of `place`, {epoch=, batch=}, and of `logs`.
local function filled(pattern, place, logs)
  return (pattern:gsub("{([^{}:]*):?([^{}]*)}", function(name, form)
    local value = place[name] or logs[name]
    if value == nil then
      local names = {}
      for known in pairs(place) do names[#names + 1] = known end
      for known in pairs(logs) do names[#names + 1] = known end
      table.sort(names)
      error(string.format('ModelCheckpoint: there is no {%s} to put into the name of the file%s', name,
        options.suggest(name, names)), 0)
    end
    if form == "" then form = math.type(value) == "integer" and "d" or ".4f" end
    if form:sub(-1) == "d" then
      if value - value ~= 0 then return tostring(value) end  -- not finite
      value = math.floor(value)
    end
    return string.format("%" .. form, value)
  end))
end

-- What each epoch is like matters for save_best_only alone.
function ModelCheckpoint:watches()
  return self.save_best_only and (self.save_freq == "epoch" and "epoch" or "batch")
end

function ModelCheckpoint:train_begin()
  local folder = self.filepath:match("^(.*)/[^/]*$")
  if folder and folder ~= "" then
    local made, why = file.make_folder(folder)
    if not made then error("ModelCheckpoint: " .. why, 0) end
  end
end

local function save(self, place, logs, model)
  if self.save_best_only then
    local value = watch.value_of(self, logs)
    if not value or not watch.better(self, value, self.best, 0) then return end
    self.best = value
  end
  self.last_path = filled(self.filepath, place, logs)
  if self.save_weights_only then model:save_weights(self.last_path) else model:save(self.last_path) end
end

local function save_after_epoch(self, epoch, logs, model)
  save(self, {epoch = epoch}, logs, model)
end

-- Batches are counted on from epoch to epoch, as in Keras.
local function save_after_batch(self, batch, logs, model)
  self.batches = (self.batches or 0) + 1
  if self.batches < self.save_freq then return end
  self.batches = 0
  save(self, {epoch = model.epoch + 1, batch = batch}, logs, model)
end

local function check(self, what)
  local path, endings = self.filepath, {".safetensors"}
  if self.save_weights_only then endings[2] = ".npz" end
  if type(path) ~= "string" then error(what .. ": filepath is a path, not a " .. type(path), 0) end
  if not path:find("%.safetensors$") and not (self.save_weights_only and path:find("%.npz$")) then
    error(string.format('%s: filepath ends in %s, as in "best.safetensors", and this is "%s"%s', what,
      table.concat(endings, " or "), path,
      path:find("%.npz$") and ": a .npz file holds weights only, save_weights_only=true" or ""), 0)
  end
  for form in path:gmatch("{[^{}:]*:?([^{}]*)}") do
    if form ~= "" and not form:find("^0?%d?%d?%.?%d?%d?[dfeg]$") or form:find("%.%d*d$") then
      error(string.format('%s: in filepath, {%s} is no form of a number; it is written as in {epoch:02d} or '
        .. "{val_loss:.2f}", what, form), 0)
    end
  end
  if self.save_freq == "epoch" then
    self.epoch_end = save_after_epoch
  elseif math.type(self.save_freq) == "integer" and self.save_freq > 0 then
    self.batch_end = save_after_batch
  else
    error(string.format('%s: save_freq is "epoch" or a number of batches, not %s', what, tostring(self.save_freq)), 0)
  end
  if self.initial_value_threshold ~= nil then
    watch.number(what, self, "initial_value_threshold", -math.huge)
  end
  self.best = self.initial_value_threshold
end

return doc("callbacks.ModelCheckpoint", [[
callbacks.ModelCheckpoint{filepath, monitor="val_loss", save_best_only=false, save_weights_only=false, mode="auto",
save_freq="epoch", initial_value_threshold}

Saves the network after each epoch, by model:save, or with save_weights_only by model:save_weights; save_freq=100 saves
after each 100 batches, counted on over the epochs. filepath may hold {epoch}, {batch} (with such a save_freq) and the
names of what fit reports, with a form as in "net-{epoch:02d}-{val_loss:.2f}.safetensors"; without, each file takes the
place of the last, and at every moment one whole file is there. With save_best_only only when the monitored number is
better than at every save before (and than initial_value_threshold). A network that nn.load reads back goes on with
fit{..., initial_epoch=model.epoch} to the same bits as one that never stopped, also in the middle of an epoch: what
callbacks keep (the epochs that EarlyStopping has waited, its best weights) is in the file, too. A ModelCheckpoint is
called after all others, wherever it stands in the list.

> m = nn.Sequential{nn.Dense{1, input_shape={1}}}
> m:compile{optimizer="adam", loss="mse"}
> keep = callbacks.ModelCheckpoint{"/tmp/gradus-help-{epoch}.safetensors", monitor="loss"}
> h = m:fit{ones(4, 1), ones(4), epochs=2, verbose=0, callbacks={keep}}
> keep.last_path
/tmp/gradus-help-2.safetensors
> nn.load(keep.last_path).epoch
2
]], watch.define("ModelCheckpoint", {{"filepath", required = true}, {"monitor", "val_loss"},
  {"save_best_only", false}, {"save_weights_only", false}, {"mode", "auto", one_of = watch.modes},
  {"save_freq", "epoch"}, {"initial_value_threshold"}},
  ModelCheckpoint, check))
