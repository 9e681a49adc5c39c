-- Pictures brought into one form: size, grey, a piece, a border. Each takes pictures of shape (n, rows, columns) or
-- (n, rows, columns, channels), or a data set, all of whose parts it changes.

local core = require "gradus.core.pictures"
local core_data = require "gradus.core.data"
local doc = require("gradus.help").doc
local options = require "gradus.options"
local parts = require "gradus.data.parts"
local tensor = require "gradus.core.tensor"

local error, ipairs, math, tostring, type = error, ipairs, math, tostring, type
local format = string.format

local M = {}

-- {rows, columns}, each from 1, from one number or two.
local function read_size(what, size)
  if math.type(size) == "integer" then size = {size, size} end
  local ok = type(size) == "table" and not core_data.is_tensor(size) and #size == 2
  for i = 1, 2 do ok = ok and math.type(size[i]) == "integer" and size[i] >= 1 and size[i] <= 1000000 end
  if not ok then
    error(format("%s takes the new size as {rows, columns}, as in %s(x, {50, 50})", what, what), 3)
  end
  return size
end

local function check_pictures(what, x)
  local _, shape, axes = core_data.describe(x)
  if axes ~= 3 and axes ~= 4 then
    error(format("%s takes pictures of shape (n, rows, columns) or (n, rows, columns, channels), but got %s", what,
      shape), 0)
  end
end

-- In the order of the core.
local METHODS = {"area", "bilinear", "nearest"}

M.resize = doc("data.resize", [==[
data.resize(x, {rows, columns}, {method="area"}) -> tensor
data.resize(d, {rows, columns}, {method="area"}) -> data set

Pictures (n, rows, columns) or (n, rows, columns, channels) in another size, of the same dtype; uint8 is rounded.
"area" gives each pixel the mean of what it covers, parts of pixels too (OpenCV's INTER_AREA, and Pillow's BOX where
the factor is whole): the one for shrinking, since every pixel counts. "bilinear" lies between the four nearest pixels
(OpenCV's INTER_LINEAR, tf.image.resize, PyTorch with align_corners=False; Pillow's BILINEAR also averages when it
shrinks): for enlarging. "nearest" takes the pixel under the centre. Of a data set all parts are resized. Gradients go
back to the pixels of a tracked tensor.

> data.resize(arange(16):reshape(1, 4, 4), {2, 2})
[[[ 2.5  4.5]
  [10.5 12.5]]]
> data.resize(tensor{{{0, 1}}}, {1, 4}, {method="bilinear"})
[[[0.   0.25 0.75 1.  ]]]]==], function(x, size, given)
  size = read_size("data.resize", size)
  if type(given) == "string" then given = {method = given} end
  local o = options.read("data.resize", given, {{"method", "area"}})
  options.choice("data.resize", "method", o.method, METHODS)
  local method
  for i, name in ipairs(METHODS) do
    if name == o.method then method = i - 1 end
  end
  return parts.over("data.resize", x, function(t) return core.resize(t, size[1], size[2], method) end)
end)

M.gray = doc("data.gray", [==[
data.gray(x) -> tensor
data.gray(d) -> data set

Pictures (n, rows, columns, 3) as grey ones (n, rows, columns, 1), of the same dtype: 0.299 red + 0.587 green +
0.114 blue (ITU-R BT.601, as Pillow and OpenCV), because the eye sees green as brighter than blue.

> data.gray(tensor{{{{255, 0, 0}, {0, 255, 0}, {0, 0, 255}}}}):reshape(3)
[ 76.245 149.685  29.07 ]]==], function(x)
  return parts.over("data.gray", x, core.gray)
end)

M.crop = doc("data.crop", [==[
data.crop(x, {rows, columns}, {at={row, column}}) -> tensor
data.crop(d, {rows, columns}, {at={row, column}}) -> data set

A piece of each picture (n, rows, columns) or (n, rows, columns, channels): its middle, or the piece whose first pixel
is `at`, counted from 1. A view where x is a tensor: no number is copied.

> data.crop(arange(16):reshape(1, 4, 4), {2, 2})
[[[ 5.  6.]
  [ 9. 10.]]]
> data.crop(arange(16):reshape(1, 4, 4), {1, 2}, {at={1, 1}})
[[[0. 1.]]]]==], function(x, size, given)
  size = read_size("data.crop", size)
  local o = options.read("data.crop", given, {{"at"}})
  if o.at ~= nil and not (type(o.at) == "table" and math.type(o.at[1]) == "integer" and
    math.type(o.at[2]) == "integer" and #o.at == 2) then
    error("data.crop: at is the first pixel of the piece, {row, column}, counted from 1", 2)
  end
  return parts.over("data.crop", x, function(t)
    check_pictures("data.crop", t)
    local first = {}
    for i = 1, 2 do
      local whole = t.shape[i + 1]
      first[i] = o.at and o.at[i] or (whole - size[i]) // 2 + 1
      if first[i] < 1 or first[i] + size[i] - 1 > whole then
        error(format("data.crop: a piece of %d x %d%s does not fit into pictures of %d x %d", size[1], size[2],
          o.at and format(" from {%d, %d}", o.at[1], o.at[2]) or "", t.shape[2], t.shape[3]), 0)
      end
    end
    return t[{{}, {first[1], first[1] + size[1] - 1}, {first[2], first[2] + size[2] - 1}}]
  end)
end)

-- tensor.pad has NumPy's names for them.
local MODES = {constant = "constant", nearest = "edge", reflect = "symmetric", wrap = "wrap"}

M.pad = doc("data.pad", [==[
data.pad(x, {rows, columns}, {fill="constant", value=0}) -> tensor
data.pad(d, {rows, columns}, {fill="constant", value=0}) -> data set

Pictures (n, rows, columns) or (n, rows, columns, channels) in the middle of larger ones; an odd row or column more
goes below or to the right. `fill` says what is around them: "constant" (`value`), "nearest" (the edge's pixels),
"reflect" (mirrored) or "wrap". What is not square is padded before it is resized, so that it is not squeezed.

> data.pad(ones(1, 1, 2), {3, 2})
[[[0. 0.]
  [1. 1.]
  [0. 0.]]]]==], function(x, size, given)
  size = read_size("data.pad", size)
  local o = options.read("data.pad", given, {{"fill", "constant"}, {"value", 0}})
  options.choice("data.pad", "fill", o.fill, {"constant", "nearest", "reflect", "wrap"})
  if type(o.value) ~= "number" then error("data.pad: value is a number, not " .. tostring(o.value), 2) end
  return parts.over("data.pad", x, function(t)
    check_pictures("data.pad", t)
    local widths = {{0, 0}}
    for i = 1, 2 do
      local more = size[i] - t.shape[i + 1]
      if more < 0 then
        error(format("data.pad: pictures of %d x %d are larger than %d x %d; data.crop and data.resize make them "
          .. "smaller", t.shape[2], t.shape[3], size[1], size[2]), 0)
      end
      widths[i + 1] = {more // 2, more - more // 2}
    end
    if #t.shape == 4 then widths[4] = {0, 0} end
    return tensor.pad(t, widths, {mode = MODES[o.fill], value = o.fill == "constant" and o.value or nil})
  end)
end)

return M
