-- From what a learner gives compile to a loss.

local losses = require "gradus.losses"
local options = require "gradus.options"
local shapes = require "gradus.shapes"
local tensor = require "gradus.core.tensor"

local Loss = getmetatable(losses.mean_squared_error)
local short = {mse = "mean_squared_error", mae = "mean_absolute_error", mape = "mean_absolute_percentage_error",
  msle = "mean_squared_logarithmic_error", bce = "binary_crossentropy", kld = "kl_divergence"}
local names = {}
for name in pairs(short) do names[#names + 1] = name end
for name in pairs(losses) do names[#names + 1] = name end
table.sort(names)

-- A learner's own: f(y_true, y_pred), which gives one number a sample, or one an output that is averaged.
local function own(f)
  return {name = "loss", labels = false, is_own = true, call = function(p, t)
    local rows = f(t, p)
    local is_tensor = getmetatable(rows) == tensor.metatable
    if not is_tensor or rows.ndim == 0 or rows.ndim > 2 or #rows ~= #p then
      error(string.format("your loss gave %s for %d samples; it gives one number a sample, a tensor of shape (%d,)",
        is_tensor and "a tensor of shape " .. shapes.text(rows.shape) or "a " .. type(rows), #p, #p), 0)
    end
    return rows.ndim == 2 and tensor.mean(rows, 2) or rows
  end}
end

--- The loss of that name, in any case of its letters; `given` itself when it is one of gradus.losses, or one around a
--- function.
local function find(given)
  if getmetatable(given) == Loss then return given end
  if type(given) == "function" then return own(given) end
  if type(given) == "string" then given = given:lower() end
  options.choice("compile", "loss", given, names)
  return losses[short[given] or given]
end

return {find = find, names = names}
