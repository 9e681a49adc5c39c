-- Input brought to a common scale. The numbers for it come from the training part alone: what is learnt from the test
-- part, be it a mean, is known beforehand and makes the test easier than life will be.

local core = require "gradus.core.data"
local doc = require("gradus.help").doc
local parts = require "gradus.data.parts"
local session = require "gradus.session"
local tensor = require "gradus.core.tensor"

local error, ipairs, pairs, math, table = error, ipairs, pairs, math, table
local getmetatable, setmetatable = getmetatable, setmetatable
local format = string.format

local M = {}

local Scaler = {}
Scaler.__index = Scaler
Scaler.__name = "scaler"

-- Over which axes a number is computed: columns of a table each have their own, so have the channels of pictures.
local function axes_of(x)
  local n = #x.shape
  if n == 2 then return {1} end
  local axes = {}
  for i = 1, n == 4 and 3 or n do axes[i] = i end
  return axes
end

local function check(what, x)
  if not core.is_tensor(x) then error(format("%s takes a tensor, not %s", what, parts.kind(x)), 3) end
  if x.size == 0 then error(what .. ": there is no number in x", 3) end
end

local function as_tensor(v) return core.is_tensor(v) and v or tensor.tensor {v} end

function Scaler:fit(x)
  check(self.name .. ":fit", x)
  local role = parts.role(x)
  if role then
    session.warn(format("%s is fitted on the %s part, which is no longer unseen then: its numbers come from the "
      .. "training part alone, scaler:fit(d.x_train)", self.name, role))
  end
  local axes = axes_of(x)
  local function over(f) return as_tensor(f(x, axes, {keepdims = true})) end
  if self.name == "data.StandardScaler" then
    self.offset, self.scale = over(tensor.mean), over(tensor.std)
  else
    self.offset = over(tensor.min):astype "float64"
    self.scale = over(tensor.max):astype "float64" - self.offset
  end
  -- What never changes has nothing to be divided by.
  self.scale = tensor.where(tensor.eq(self.scale, 0), tensor.ones_like(self.scale), self.scale)
  self.fitted, self.shape = x.shape[1], x.shape
  return self
end

local function ready(self, x, method)
  check(self.name .. ":" .. method, x)
  if not self.fitted then
    error(format("%s is not fitted yet: scaler:fit(x_train) comes first", self.name), 3)
  end
  for i = 2, math.max(#self.shape, #x.shape) do
    if #self.shape == 2 and self.shape[i] ~= x.shape[i] or #x.shape ~= #self.shape or
      #x.shape == 4 and x.shape[4] ~= self.shape[4] then
      local _, given = core.describe(x)
      error(format("%s was fitted on x of shape %s and cannot change one of shape %s", self.name,
        "(" .. table.concat(self.shape, ", ") .. ")", given), 3)
    end
  end
end

function Scaler:transform(x)
  ready(self, x, "transform")
  return (x - self.offset) / self.scale
end

function Scaler:inverse_transform(x)
  ready(self, x, "inverse_transform")
  return x * self.scale + self.offset
end

function Scaler:fit_transform(x) return self:fit(x):transform(x) end

function Scaler:__tostring()
  if not self.fitted then return self.name .. ", not fitted yet" end
  local standard = self.name == "data.StandardScaler"
  local text = ""
  if self.offset.size == 1 then
    local offset, scale = tensor.sum(self.offset), tensor.sum(self.scale)
    text = standard and format(": mean %.6g, standard deviation %.6g", offset, scale)
      or format(": from %.6g to %.6g", offset, offset + scale)
  end
  return format("%s, fitted on %d items%s", self.name, self.fitted, text)
end

M.StandardScaler = doc("data.StandardScaler", [==[
data.StandardScaler() -> scaler

(x - mean) / standard deviation, the numbers of each column of (n, features), of each channel of pictures (n, rows,
columns, channels), or of all of (n, rows, columns); what never changes is not divided. scaler:fit(x_train) computes
them, scaler:transform(x) uses them, also on the other parts; scaler:fit_transform(x_train) is both, and
scaler:inverse_transform goes back. Fitting on a test part that data.split made is noticed. Biased deviation, as
scikit-learn's.

> scaler = data.StandardScaler():fit(tensor{{1, 10}, {3, 10}})
> scaler:transform(tensor{{5, 10}})
[[3. 0.]]]==], function()
  return setmetatable({name = "data.StandardScaler"}, Scaler)
end)

M.MinMaxScaler = doc("data.MinMaxScaler", [==[
data.MinMaxScaler() -> scaler

(x - least) / (greatest - least): the numbers it was fitted on go from 0 to 1. Methods as of data.StandardScaler.

> data.MinMaxScaler():fit_transform(tensor{{1, 10}, {3, 20}, {2, 10}})
[[0.  0. ]
 [1.  1. ]
 [0.5 0. ]]]==], function()
  return setmetatable({name = "data.MinMaxScaler"}, Scaler)
end)

local function scaled(what, make, d)
  if not parts.is_set(d) then
    error(format("%s takes a data set with x_train; for a tensor there is %s():fit(x_train)", what, make().name), 3)
  end
  local from = d.x_train or d.x
  if not core.is_tensor(from) then error(what .. ": this table has no x_train", 3) end
  if not d.x_train then
    session.warn(what .. " uses all items, which are not split yet: data.split comes first, or the test part has a say "
      .. "in its own preparation")
  end
  local scaler = parts.call(function() return make():fit(from) end)
  local changed = {}
  for key, value in pairs(d) do changed[key] = value end
  changed.notes = nil
  for _, part in ipairs(parts.list) do
    local x = d[part[1]]
    if core.is_tensor(x) then
      changed[part[1]] = parts.call(scaler.transform, scaler, x)
      parts.set_role(changed[part[1]], part[3])
    end
  end
  changed.scaler = scaler
  return setmetatable(changed, getmetatable(d))
end

M.standardise = doc("data.standardise", [==[
data.standardise(d) -> data set

A split data set whose x_train has mean 0 and standard deviation 1, and whose other parts are changed by the same
numbers: those of the training part. They are kept in d.scaler, see data.StandardScaler.

> d = data.standardise(data.split(data.digits()))
> string.format("%.4f %.4f", std(d.x_train), std(d.x_test))
1.0000 1.0007]==], function(d)
  return scaled("data.standardise", M.StandardScaler, d)
end)

M.normalise = doc("data.normalise", [==[
data.normalise(d) -> data set

A split data set whose x_train goes from 0 to 1, and whose other parts are changed by the same numbers: those of the
training part. They are kept in d.scaler, see data.MinMaxScaler. For bytes of pictures x / 255 does it as well, and
needs nothing of the data.

> d = data.normalise(data.split(data.digits()))
> min(d.x_train), max(d.x_test)
0.0
1.0]==], function(d)
  return scaled("data.normalise", M.MinMaxScaler, d)
end)

return M
