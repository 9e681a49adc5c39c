-- The weights of a network as files: model:save_weights, model:load_weights. A weight's name is that of its layer and
-- its own, "dense/kernel", as Keras has it. What a file of PyTorch needs is in pytorch.lua.

local archive = require "gradus.archive"
local core = require "gradus.core.grad"
local doc = require("gradus.help").doc
local is_tensor = require "gradus.is_tensor"
local options = require "gradus.options"
local pytorch = require "gradus.nn.pytorch"
local session = require "gradus.session"
local shapes = require "gradus.shapes"

local M = {}

--- What makes the model up, in order: {name=, tensor=} of each weight, moving mean and the like.
function M.entries(model)
  local list = {}
  for _, layer in ipairs(model.layers) do
    local tensors = layer:all_weights()
    for i, name in ipairs(layer:all_names()) do
      list[#list + 1] = {name = layer.name .. "/" .. name, tensor = tensors[i]}
    end
  end
  return list
end

--- Whether a tensor in a file of model:save is the network's, and not the optimizer's, a callback's or the training's.
function M.is_of_network(name)
  return not (name:find("^optimizer%.%a+/") or name:find("^callback%.%d+%.") or name == "training.outputs")
end

--- Names and tensors of a list of entries, as archive.write takes them.
function M.columns(entries)
  local names, tensors = {}, {}
  for i, entry in ipairs(entries) do
    names[i], tensors[entry.name] = entry.name, entry.tensor
  end
  return names, tensors
end

--- Fills the entries from the tensors of a file. Everything that does not fit is told in one error, and then nothing
--- has changed. `given` lists the names in the file; `hint` is put behind.
function M.fill(path, entries, given, tensors, hint)
  local wrong, known = {}, {}
  for _, entry in ipairs(entries) do
    local name, wanted, got = entry.name, entry.tensor.shape, tensors[entry.name]
    known[name] = true
    if not got then
      wrong[#wrong + 1] = string.format("missing in the file: %s %s", name, shapes.text(wanted))
    elseif not shapes.equal(got.shape, wanted) then
      wrong[#wrong + 1] = string.format("%s: the file has shape %s, the model %s", name, shapes.text(got.shape),
        shapes.text(wanted))
    end
  end
  for _, name in ipairs(given) do
    if not known[name] then
      wrong[#wrong + 1] = string.format("not in this model: %s %s", name, shapes.text(tensors[name].shape))
    end
  end
  if #wrong > 0 then
    error(string.format("%s does not fit this model, which stays as it is:\n  %s%s", path,
      table.concat(wrong, "\n  "), hint and "\n" .. hint or ""), 0)
  end
  for _, entry in ipairs(entries) do entry.tensor[{{}}] = tensors[entry.name] end
end

--- The tensors of the entries, copied.
function M.copies(entries)
  local list = {}
  for i, entry in ipairs(entries) do list[i] = core.plain(entry.tensor):clone() end
  return list
end

--- Fills the entries from a list of as many tensors.
function M.fill_in_order(what, entries, list)
  if type(list) ~= "table" or debug.getmetatable(list) ~= nil then
    error(string.format("%s takes a list of tensors, as get_weights gives it, and not a %s", what, type(list)), 0)
  end
  local wrong = {}
  for i = 1, math.max(#entries, #list) do
    local entry, given = entries[i], list[i]
    local text = is_tensor(given) and shapes.text(given.shape) or type(given)
    if not entry then
      wrong[#wrong + 1] = string.format("tensor %d, %s, is one too many", i, text)
    elseif not is_tensor(given) or not shapes.equal(given.shape, entry.tensor.shape) then
      wrong[#wrong + 1] = string.format("tensor %d is %s, but %s has shape %s", i, text, entry.name,
        shapes.text(entry.tensor.shape))
    end
  end
  if #wrong > 0 then error(what .. ": nothing was changed:\n  " .. table.concat(wrong, "\n  "), 0) end
  for i, entry in ipairs(entries) do entry.tensor[{{}}] = core.plain(list[i]) end
end

-- ---- files whose layers have other names ----

-- "a/b/kernel:0" -> "a/b", "kernel": Keras 2 puts ":0" behind.
local function split(name)
  local layer, weight = name:gsub(":%d+$", ""):match("^(.*)/([^/]+)$")
  return layer or "", weight or name
end

-- The file's layers take the names of the model's, one after the other.
local function rename_in_order(path, model, names, tensors)
  local theirs, place, fields = {}, {}, {}
  for _, name in ipairs(names) do
    local layer = split(name)
    if not place[layer] then
      theirs[#theirs + 1] = layer
      place[layer] = #theirs
    end
  end
  local ours = {}
  for _, layer in ipairs(model.layers) do
    if #layer:all_names() > 0 then ours[#ours + 1] = layer.name end
  end
  if #ours ~= #theirs then
    error(string.format('%s has weights of %d layers (%s), and this model has %d with weights (%s): by="order" pairs '
      .. "them one after the other", path, #theirs, table.concat(theirs, ", "), #ours, table.concat(ours, ", ")), 0)
  end
  local renamed = {}
  for i, name in ipairs(names) do
    local layer, weight = split(name)
    renamed[i] = ours[place[layer]] .. "/" .. weight
    fields[renamed[i]] = tensors[name]
  end
  return renamed, fields
end

local function any_missing(entries, tensors)
  for _, entry in ipairs(entries) do
    if not tensors[entry.name] then return true end
  end
  return false
end

-- ---- what a learner calls ----

M.methods = {}

M.methods.save_weights = doc("model.save_weights", [[
model:save_weights(path, {overwrite=true})

Writes the weights, and what layers keep beside them (moving means), to a .safetensors or a .npz file, whichever the
path ends in; the names are "dense/kernel", "dense/bias". NumPy's np.load reads .npz. The file is written whole and
then takes its name: an interruption or a full disk leaves the old file. With overwrite=false an old file is an error,
and stays. model:save keeps the layers too.

> m = nn.Sequential{nn.Dense{1, input_shape={2}}}
> m:save_weights("/tmp/gradus-help.npz")
> data.load("/tmp/gradus-help.npz")["dense/kernel"].shape
{2, 1}
]], options.takes(archive.saving, function(model, path, given)
  archive.ending("save_weights", path, {".safetensors", ".npz"})
  archive.expect_free("save_weights", path, given)
  model:expect_built()
  archive.write(path, M.columns(M.entries(model)))
end))

local LOAD_WEIGHTS = {{"by", "name", one_of = {"name", "order"}}}

M.methods.load_weights = doc("model.load_weights", [[
model:load_weights(path, {by="name"})

Fills the weights from a .safetensors or .npz file: one of model:save_weights or model:save, or weights of Keras or
PyTorch that a few lines of Python have exported (docs/weights.md has them). All that does not fit (missing, not in
this model, another shape) is named in one error, and then nothing has changed. by="order" pairs the file's layers
with the model's one after the other, whatever they are called. PyTorch's arrays ("0.weight") are known by their names,
paired in order, and their axes put as they are here.

> m = nn.Sequential{nn.Dense{1, input_shape={2}}}
> m:save_weights("/tmp/gradus-help.npz")
> other = nn.Sequential{nn.Dense{1, input_shape={2}}}
> other:load_weights("/tmp/gradus-help.npz")
> all(eq(other.layers[1].kernel, m.layers[1].kernel))
true
]], options.takes(LOAD_WEIGHTS, function(model, path, given)
  local by = options.read("load_weights", given, LOAD_WEIGHTS).by
  model:expect_built()
  local all, tensors, texts = archive.read("load_weights", path)
  local names = {}
  for _, name in ipairs(all) do  -- of a file of model:save the network alone
    if not texts.gradus or M.is_of_network(name) then names[#names + 1] = name end
  end
  local entries, notes, hint = M.entries(model), {}, nil
  if pytorch.is(names) then
    names, tensors, notes = pytorch.translate(path, model, names, tensors, path:find("%.npz$") ~= nil)
  elseif by == "order" then
    names, tensors = rename_in_order(path, model, names, tensors)
  elseif any_missing(entries, tensors) then
    hint = 'when only the names of the layers differ: model:load_weights(path, {by="order"})'
  end
  M.fill(path, entries, names, tensors, hint)
  for _, note in ipairs(notes) do session.note(note) end
end))

return M
