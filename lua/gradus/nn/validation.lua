-- The samples that fit measures after an epoch and never trains on.

local Layer = require "gradus.nn.layer"
local samples = require "gradus.nn.samples"
local session = require "gradus.session"
local tensor = require "gradus.core.tensor"

local M = {}

-- validation_data={x, y, sample_weight}, looked at.
local function given_data(model, held)
  local what = "fit: validation_data"
  if type(held) ~= "table" then
    error(string.format("%s is a table of two, {x, y}, or three, {x, y, sample_weight}, not a %s", what, type(held)), 0)
  end
  for key in pairs(held) do
    if key ~= 1 and key ~= 2 and key ~= 3 then
      error(string.format("%s is {x, y} or {x, y, sample_weight}, without a name or number %s", what, tostring(key)), 0)
    end
  end
  local x = samples.check_x(model, held[1], what)
  local y = samples.check_y(model, x, held[2], what)
  if #x == 0 then error(what .. " has not one sample", 0) end
  return {x = x, y = y, weights = samples.weights({sample_weight = held[3]}, y, what)}
end

-- A remark where the samples are in the order of their classes: the last part then has other classes than the first.
local function remark_on_order(loss, y, n)
  if not loss.labels and (not loss.truth or loss.truth == "from 0") then return end  -- numbers, no classes
  if loss.truth == "probabilities" and y.ndim == 2 and y.shape[2] > 1 then return end  -- masks, of several at once
  local labels = y.ndim == 2 and y.shape[2] > 1 and tensor.argmax(y, 2) or y:reshape(-1)
  local steps = labels[{{2, #labels}}] - labels[{{1, #labels - 1}}]
  local sorted = tensor.all(tensor.ge(steps, 0)) or tensor.all(tensor.le(steps, 0))
  if not sorted or not tensor.any(steps) then return end
  session.warn(string.format("y is sorted by class, and validation_split takes the last %d samples as they stand, of "
    .. "classes that training sees little of: shuffle first, p = random.permutation(#x); x, y = x[p], y[p], or take "
    .. "data.split, which gives each part its share of every class", #labels - n))
end

-- The last part of the samples, as they stand, which is Keras's rule; and how many are left. Weights of samples count
-- in both parts, those of classes in training only.
local function split_off(model, read, x, y)
  local split, total = read.validation_split, #x
  if type(split) ~= "number" or not (split > 0 and split < 1) then
    error("fit: validation_split is a number between 0 and 1, not " .. tostring(split), 0)
  end
  local n = math.floor(total * (1 - split))
  if n == 0 or n == total then
    error(string.format("fit: validation_split=%s of %d samples leaves not one to %s on", split, total,
      n == 0 and "train" or "validate"), 0)
  end
  remark_on_order(model.loss, y, n)
  local rest = {n + 1, total}
  local weights = samples.weights({sample_weight = read.sample_weight}, y, "fit")
  return {x = x[{rest}], y = y[{rest}], weights = weights and weights[{rest}]}, n
end

-- A function that says whether an epoch is validated.
local function due(freq)
  if math.type(freq) == "integer" and freq >= 1 then return function(epoch) return epoch % freq == 0 end end
  local epochs = {}
  for _, epoch in ipairs(type(freq) == "table" and freq or {}) do epochs[epoch] = true end
  if next(epochs) == nil then
    error("fit: validation_freq is a number of epochs, as in 2 for every second one, or a list of epochs, as in "
      .. "{1, 5, 10}, not " .. tostring(freq), 0)
  end
  return function(epoch) return epochs[epoch] == true end
end

local function check_count(read, name)
  if read[name] ~= nil then Layer.count("fit", name, read[name]) end
end

-- Only the first batches of it.
local function shorten(held, steps)
  local total, wanted = #held.x, steps * held.batch_size
  if wanted > total then
    session.note(string.format("validation_steps=%d are more batches of %d than the %d samples for validation give: "
      .. "all are measured", steps, held.batch_size, total))
    return
  end
  local first = {1, wanted}
  held.x, held.y, held.weights = held.x[{first}], held.y[{first}], held.weights and held.weights[{first}]
end

--- What fit's options say of validation, looked at: {x=, y=, weights=, batch_size=, due=function(epoch)}, or nil; and
--- how many of the samples x and y, the first ones, are trained on.
function M.of(model, read, x, y)
  local held, n = nil, #x
  if read.validation_data ~= nil then
    if read.validation_split ~= 0 then error("fit: give validation_data or validation_split, not both", 0) end
    held = given_data(model, read.validation_data)
  elseif read.validation_split ~= 0 then
    held, n = split_off(model, read, x, y)
  end
  for _, name in ipairs {"validation_batch_size", "validation_steps", "validation_freq"} do
    if not held and read[name] ~= nil then
      error(string.format("fit: %s says how to validate, and there is nothing to validate on: give validation_data or "
        .. "validation_split", name), 0)
    end
  end
  if not held then return nil, n end
  check_count(read, "validation_batch_size")
  check_count(read, "validation_steps")
  held.batch_size = read.validation_batch_size or math.min(read.batch_size, n)
  held.due = due(read.validation_freq or 1)
  if read.validation_steps then shorten(held, read.validation_steps) end
  return held, n
end

return M
