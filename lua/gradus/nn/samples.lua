-- What fit, evaluate and predict are given: shapes that the network takes, truths that the loss can be of.

local baseline = require "gradus.metrics.baseline"
local core = require "gradus.core.grad"
local is_tensor = require "gradus.is_tensor"
local shapes = require "gradus.shapes"
local tensor = require "gradus.core.tensor"

local M = {}

local expand_dims = tensor.metatable.__methods.expand_dims
local is_batch = core.is_batch

local ONE = {1}  -- the shape of a sample that is one number

-- Whether all numbers are from `least` to `greatest`, which takes no memory: where it is so, nothing is searched for.
local function all_within(y, least, greatest)
  if y.size == 0 then return true end
  return tensor.min(y) >= least and tensor.max(y) <= greatest
end

-- The first row for which the mask (n, k) is true anywhere, or nil.
local function first_row(mask)
  if not tensor.any(mask) then return nil end
  return (tensor.argmax(mask:reshape(-1)) - 1) // mask.shape[2] + 1
end

local function row_text(y, row)
  return tostring(y[row]):gsub("^%[(.*)%]$", y.shape[2] == 1 and "%1" or "[%1]")
end

-- An error where class labels are none of 0 .. classes - 1, with the first such sample: a loss that meets it in a batch
-- of a shuffled epoch could not say which it is.
local function check_labels(y, classes, what)
  local floats = y.dtype:find("^float", 1) ~= nil
  if not floats and all_within(y, 0, classes - 1) then return end
  local fine = tensor.logical_and(tensor.ge(y, 0), tensor.le(y, classes - 1))
  if floats then fine = tensor.logical_and(fine, tensor.eq(y, tensor.floor(y))) end
  local row = first_row(tensor.logical_not(fine):reshape(-1, 1))
  if not row then return end
  local label = y:reshape(-1)[row]
  local why = string.format("the network has %d outputs, for the classes 0..%d", classes, classes - 1)
  if label ~= label or label % 1 ~= 0 then
    why = "a class label is a whole number, 0, 1, 2, ..."
  elseif label == classes and tensor.min(y) >= 1 then
    why = why .. ": your labels seem to begin with 1, so take y - 1"
  elseif label >= classes then
    local most = math.tointeger(tensor.max(y))  -- nil beyond whole numbers
    if most then why = string.format("%s; as many as there are labels would be nn.Dense{%d}", why, most + 1) end
  end
  local text = label ~= label and "nan" or string.format("%g", label)
  error(string.format("%s: y[%d] is %s, and %s", what, row, text, why), 0)
end

-- An error where a truth cannot be one of that loss: no framework says so, and the loss goes below 0 or grows for ever.
local function check_values(loss, y, what)
  local name = loss.name
  if loss.truth == "probabilities" then
    if all_within(y, 0, 1) then return end
    local row = first_row(tensor.logical_or(tensor.lt(y, 0), tensor.gt(y, 1)))
    if row then
      local hint = "; for several classes use sparse_categorical_crossentropy and one output a class"
      error(string.format("%s: %s takes truths from 0 to 1, and y[%d] is %s%s", what, name, row, row_text(y, row),
        y.shape[2] == 1 and hint or ""), 0)
    end
  elseif loss.truth == "from 0" then
    local row = first_row(tensor.lt(y, 0))
    if row then
      error(string.format("%s: %s takes truths from 0 on, and y[%d] is %s", what, name, row, row_text(y, row)), 0)
    end
  elseif loss.truth == "signs" then
    local row = first_row(tensor.ne(tensor.abs(y), 1))
    if row then
      error(string.format("%s: %s takes truths -1 and 1, and y[%d] is %s; from 0 and 1 they are 2 * y - 1", what, name,
        row, row_text(y, row)), 0)
    end
  elseif loss.truth == "shares" then
    local sums = tensor.sum(y, {axis = 2, keepdims = true})
    local row = first_row(tensor.logical_or(tensor.gt(tensor.abs(sums - 1), 1e-3),
      tensor.any(tensor.lt(y, 0), {axis = 2, keepdims = true})))
    if row then
      error(string.format("%s: %s takes rows of y that sum to 1, as one_hot makes them, and y[%d] is %s", what, name,
        row, row_text(y, row)), 0)
    end
  end
end

function M.check_x(model, x, what)
  if not is_tensor(x) then
    local fix = ""
    if type(x) == "table" then
      local round = is_tensor(x[1]) and what:find "^%l"
      fix = round and "; with round brackets: " .. what .. "(x, ...)" or "; tensor(x) makes one of rows of numbers"
    end
    error(string.format("%s: x is a tensor of samples, not %s%s", what, x == nil and "nil" or "a " .. type(x), fix), 0)
  end
  if x.ndim == 0 then error(what .. ": x is one number; it should have one row a sample", 0) end
  if not model.output_shape then
    local shape = x.shape
    table.remove(shape, 1)
    model:build(shape)
  end
  if is_batch(x, model.input_shape) then return x end
  local want, got = model.input_shape, x.shape
  local hint, moved = "", shapes.channels_moved(got, {got[1], table.unpack(want)})
  if shapes.equal(got, want) then
    hint = "; it is one sample, and a batch of one is expand_dims(x, 1)"
  elseif moved then
    hint = string.format("; x:transpose(%s) moves the axis of the channels there", table.concat(moved, ", "))
  elseif #got == #want and want[#want] == 1 then
    hint = "; it lacks the channel axis: expand_dims(x, -1)"
  elseif #got == #want and #want == 3 and want[1] == 1 then
    hint = "; it lacks the channel axis: expand_dims(x, 2)"
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
    if y.ndim == 1 or is_batch(y, ONE) then
      check_labels(y, outputs, what)
      return y
    end
    error(string.format("%s: %s takes one class label a sample, y of shape (%d,), but y has shape %s; for one-hot rows "
      .. "use categorical_crossentropy", what, model.loss.name, n, shapes.text(y.shape)), 0)
  end
  if y.ndim == 1 and outputs == 1 then y = expand_dims(y, 2) end
  if is_batch(y, model.output_shape) then
    check_values(model.loss, y, what)
    return y
  end
  local hint = ""
  if y.ndim == 1 and model.loss.truth == "shares" then
    hint = model.loss.name == "categorical_crossentropy" and "; for class labels use sparse_categorical_crossentropy"
      or string.format("; it takes one-hot rows: one_hot(y, %d)", outputs)
  end
  error(string.format("%s: %s compares y with the output (%d, %d), but y has shape %s: they never broadcast%s", what,
    model.loss.name, n, outputs, shapes.text(y.shape), hint), 0)
end

-- ---- weights of samples ----

-- The class labels behind a truth: labels themselves, 0 and 1, or one-hot rows.
local function labels_of(y, what)
  if y.ndim == 1 or y.shape[2] == 1 then
    y = y:reshape(-1)
    if tensor.any(tensor.ne(y, tensor.floor(y))) then
      error(what .. ": class_weight needs class labels, but y holds numbers with fractions; give sample_weight", 0)
    end
    return y:astype("int64")
  end
  return tensor.argmax(y, 2) - 1
end

-- One weight a class: {[0]=1, [1]=2.5}, or "balanced", n / (classes * samples of the class), as in scikit-learn.
local function class_weights(given, labels, what)
  local counts, classes = baseline.counts(labels), 0
  for _ in pairs(counts) do classes = classes + 1 end
  local weights = {}
  if given == "balanced" then
    for label, n in pairs(counts) do weights[label] = labels.size / (classes * n) end
    return weights
  end
  if type(given) ~= "table" then
    error(string.format('%s: class_weight is a table, as in {[0]=1, [1]=2.5}, or "balanced", not %s', what,
      tostring(given)), 0)
  end
  for label, weight in pairs(given) do
    if math.type(label) ~= "integer" or type(weight) ~= "number" or not (weight >= 0 and weight < math.huge) then
      error(string.format("%s: class_weight[%s] is %s; it gives each class label a number from 0", what,
        tostring(label), tostring(weight)), 0)
    end
  end
  for label in pairs(counts) do
    weights[label] = given[math.tointeger(label) or label]
    if not weights[label] then
      error(string.format("%s: class_weight has no weight for class %s, which occurs %d times; labels begin with 0: "
        .. "{[0]=..., [1]=...}", what, label, counts[label]), 0)
    end
  end
  return weights
end

--- The weight of each sample in the loss, (n, 1), from fit's sample_weight and class_weight; nil without them.
function M.weights(read, y, what)
  local n = #y
  local weights
  if read.sample_weight ~= nil then
    local w = read.sample_weight
    if not is_tensor(w) or w.size ~= n or (w.ndim ~= 1 and not (w.ndim == 2 and w.shape[2] == 1)) then
      error(string.format("%s: sample_weight is a tensor of shape (%d,), one number a sample, not %s", what, n,
        is_tensor(w) and "one of shape " .. shapes.text(w.shape) or type(w)), 0)
    end
    if not tensor.all(tensor.isfinite(w)) or tensor.any(tensor.lt(w, 0)) then
      error(what .. ": sample_weight holds numbers from 0, none of them negative, nan or infinite", 0)
    end
    weights = w:reshape(n, 1):astype("float64")
  end
  if read.class_weight ~= nil then
    local labels = labels_of(y, what)
    local of_class, column = class_weights(read.class_weight, labels, what), tensor.zeros(n, 1)
    for label, weight in pairs(of_class) do column[tensor.eq(labels, label):reshape(n, 1)] = weight end
    weights = weights and weights * column or column
  end
  return weights
end

--- The truth with the weight of each sample as its last column: so the two travel through a step together.
function M.with_weights(y, weights, dtype)
  local n = #y
  return tensor.concatenate({y:reshape(n, -1):astype(dtype), weights:astype(dtype)}, 2)
end

return M
