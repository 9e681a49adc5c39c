-- What fit, evaluate and predict are given: shapes that the network takes, truths that the loss can be of.

local shapes = require "gradus.shapes"
local tensor = require "gradus.core.tensor"

local M = {}

local expand_dims = tensor.metatable.__methods.expand_dims

local function is_tensor(value)
  return type(value) == "userdata" and getmetatable(value) == tensor.metatable
end

-- The first row for which the mask (n, k) is true anywhere, or nil.
local function first_row(mask)
  if not tensor.any(mask) then return nil end
  return (tensor.argmax(mask:reshape(-1)) - 1) // mask.shape[2] + 1
end

local function row_text(y, row)
  return tostring(y[row]):gsub("^%[(.*)%]$", y.shape[2] == 1 and "%1" or "[%1]")
end

-- An error where a truth cannot be one of that loss: no framework says so, and the loss goes below 0 or grows for ever.
local function check_values(loss, y, what)
  local name = loss.name
  if name == "binary_crossentropy" then
    local row = first_row(tensor.logical_or(tensor.lt(y, 0), tensor.gt(y, 1)))
    if row then
      local hint = "; for several classes use sparse_categorical_crossentropy and one output a class"
      error(string.format("%s: binary_crossentropy takes truths from 0 to 1, and y[%d] is %s%s", what, row,
        row_text(y, row), y.shape[2] == 1 and hint or ""), 0)
    end
  elseif name == "hinge" then
    local row = first_row(tensor.ne(tensor.abs(y), 1))
    if row then
      error(string.format("%s: hinge takes truths -1 and 1, and y[%d] is %s; from 0 and 1 they are 2 * y - 1", what,
        row, row_text(y, row)), 0)
    end
  elseif name == "categorical_crossentropy" then
    local sums = tensor.sum(y, {axis = 2, keepdims = true})
    local row = first_row(tensor.logical_or(tensor.gt(tensor.abs(sums - 1), 1e-3),
      tensor.any(tensor.lt(y, 0), {axis = 2, keepdims = true})))
    if row then
      error(string.format("%s: categorical_crossentropy takes rows of y that sum to 1, as one_hot makes them, and "
        .. "y[%d] is %s", what, row, row_text(y, row)), 0)
    end
  end
end

function M.check_x(model, x, what)
  if not is_tensor(x) then error(what .. ": x is a tensor of samples, not " .. type(x), 0) end
  if x.ndim == 0 then error(what .. ": x is one number; it should have one row a sample", 0) end
  if not model.output_shape then
    local shape = x.shape
    table.remove(shape, 1)
    model:build(shape)
  end
  local want, got = model.input_shape, x.shape
  local fits = #got == #want + 1
  for i = 1, #want do fits = fits and got[i + 1] == want[i] end
  if fits then return x end
  local hint = ""
  if #got == #want and want[#want] == 1 then
    hint = "; it lacks the channel axis: expand_dims(x, -1)"
  elseif #got == #want then
    hint = "; is it one sample instead of a batch? expand_dims(x, 1)"
  end
  error(string.format("%s: x has shape %s, but this network takes (n, %s)%s", what, shapes.text(got),
    table.concat(want, ", "), hint), 0)
end

-- The truth in the form that the loss takes: labels (n,) or (n, 1), or numbers of the output's shape.
function M.check_y(model, x, y, what)
  if not is_tensor(y) then error(what .. ": y is a tensor with one row a sample, not " .. type(y), 0) end
  local n, outputs = #x, model.output_shape[#model.output_shape]
  if y.ndim == 0 or #y ~= n then
    error(string.format("%s: x has %d samples, but y has shape %s", what, n, shapes.text(y.shape)), 0)
  end
  if #model.output_shape ~= 1 then
    error(string.format("%s: the network ends in %s; end it with nn.Flatten{} and nn.Dense{...}", what,
      shapes.text(model.output_shape)), 0)
  end
  if model.loss.labels then
    if y.ndim == 1 or (y.ndim == 2 and y.shape[2] == 1) then return y end
    error(string.format("%s: %s takes one class label a sample, y of shape (%d,), but y has shape %s; for one-hot rows "
      .. "use categorical_crossentropy", what, model.loss.name, n, shapes.text(y.shape)), 0)
  end
  if y.ndim == 1 and outputs == 1 then y = expand_dims(y, 2) end
  if y.ndim == 2 and y.shape[2] == outputs then
    check_values(model.loss, y, what)
    return y
  end
  local hint = ""
  if y.ndim == 1 and model.loss.name == "categorical_crossentropy" then
    hint = "; for class labels use sparse_categorical_crossentropy"
  end
  error(string.format("%s: %s compares y with the output (%d, %d), but y has shape %s: they never broadcast%s", what,
    model.loss.name, n, outputs, shapes.text(y.shape), hint), 0)
end

return M
