-- callbacks.ModelCheckpoint: a long training leaves files on its way, to go back to or to go on from.

local doc = require("gradus.help").doc
local file = require "gradus.core.file"
local options = require "gradus.options"
local watch = require "gradus.callbacks.watch"

local ModelCheckpoint = {saves = true, state_names = {"best"}}

-- "{epoch:02d}-{val_loss:.2f}.npz" with the numbers in their places.
local function filled(pattern, epoch, logs)
  return (pattern:gsub("{([^{}:]*):?([^{}]*)}", function(name, form)
    local value = name == "epoch" and epoch or logs[name]
    if value == nil then
      local names = {"epoch"}
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
  if self.initial_value_threshold ~= nil then
    watch.number(what, self, "initial_value_threshold", -math.huge)
  end
  self.best = self.initial_value_threshold
end

-- What each epoch is like matters for save_best_only alone.
function ModelCheckpoint:watches() return self.save_best_only end

function ModelCheckpoint:train_begin()
  local folder = self.filepath:match("^(.*)/[^/]*$")
  if folder and folder ~= "" then
    local made, why = file.make_folder(folder)
    if not made then error("ModelCheckpoint: " .. why, 0) end
  end
end

function ModelCheckpoint:epoch_end(epoch, logs, model)
  if self.save_best_only then
    local value = watch.value_of(self, logs)
    if not watch.better(self, value, self.best, 0) then return end
    self.best = value
  end
  self.last_path = filled(self.filepath, epoch, logs)
  local save = self.save_weights_only and model.save_weights or model.save
  save(model, self.last_path)
end

return doc("callbacks.ModelCheckpoint", [[
callbacks.ModelCheckpoint{filepath, monitor="val_loss", save_best_only=false, save_weights_only=false, mode="auto",
initial_value_threshold}

Saves the network after each epoch, by model:save, or with save_weights_only by model:save_weights. filepath may hold
{epoch} and the names of what fit reports, with a form as in "net-{epoch:02d}-{val_loss:.2f}.safetensors"; without, each
file takes the place of the last, and at every moment one whole file is there. With save_best_only only when the
monitored number is better than in every epoch before (and than initial_value_threshold). A network that nn.load reads
back goes on with fit{..., initial_epoch=model.epoch} to the same bits as one that never stopped: what callbacks keep
(the epochs that EarlyStopping has waited, its best weights) is in the file, too. A ModelCheckpoint is called after all
others, wherever it stands in the list.

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
  {"initial_value_threshold"}},
  ModelCheckpoint, check))
