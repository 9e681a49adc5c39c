-- Augmentation: more pictures than there are, by changes that leave the answer as it is.

local core = require "gradus.core.pictures"
local core_data = require "gradus.core.data"
local doc = require("gradus.help").doc
local options = require "gradus.options"
local parts = require "gradus.data.parts"
local recipes = require "gradus.recipes"
local tensor = require "gradus.core.tensor"

local error, ipairs, math, tostring, type = error, ipairs, math, tostring, type
local format = string.format

local M = {}

local WHAT = "data.augment"
local DEGREES = math.pi / 180

-- The range of values that brightness, contrast and noise are parts of.
local function value_range(x, given)
  if given ~= nil then return recipes.pair(WHAT, "range", given, -math.huge, math.huge, true) end
  local dtype, _, _, n = core_data.describe(x)
  if dtype == "uint8" or n == 0 then return {0, 255} end
  local least, _, greatest = core_data.range(x)
  if least < 0 then
    error(WHAT .. ": these pictures have numbers below 0; say from where to where they go, as in range={-1, 1}", 3)
  end
  return {0, greatest <= 1 and 1 or 255}
end

local function scaled(pair, factor)
  return pair and {pair[1] * factor, pair[2] * factor}
end

-- A factor {least, greatest} of an option, from a number (that much either way) or two.
local function range_of(o, name, least, most)
  return o[name] ~= nil and recipes.pair(WHAT, name, o[name], least, most) or nil
end

local function amount(o, name, most)
  local value = o[name]
  if value == nil then return 0 end
  if type(value) ~= "number" or not (value >= 0 and value <= most) then
    error(format("%s: %s is a number from 0 to %g, not %s", WHAT, name, most, tostring(value)), 3)
  end
  return value
end

local function is_count(v, most) return math.type(v) == "integer" and v >= 1 and v <= most end

-- One picture of `columns` beside and `rows` below each other, from (rows * columns, ...).
local function sheet(x, rows, columns)
  local shape = x.shape
  local high, wide, channels = shape[2], shape[3], shape[4]
  local order = {1, 3, 2, 4}
  local apart = {rows, columns, high, wide * (channels or 1)}
  local whole = x:reshape(apart):transpose(order):reshape(rows * high, columns * wide * (channels or 1))
  return channels and whole:reshape(rows * high, columns * wide, channels) or whole
end

M.augment = doc("data.augment", [==[
data.augment{x, seed=1, copies=1, y=, flip=, rotate=, shift=, zoom=, shear=, brightness=, contrast=, noise=, blur=,
cutout=, fill="reflect", fill_value=0, range=, grid=false} -> tensor, labels

Pictures (n, rows, columns) or (n, rows, columns, channels), uint8 or float, changed at random: each by a draw of its
own from `seed`, whatever the others are and however many cores work. `copies` makes so many of each picture, one
after the other; labels given as `y` are repeated with them. A number m means from -m to m; {least, greatest} is the
range itself.

flip="horizontal" (or true), "vertical", "horizontal_and_vertical": mirrored, each with probability 1/2. rotate,
shear: degrees, counter-clockwise. shift: part of the size, or {rows, columns}. zoom: 0.2 shows up to 20 % more or
less of the scene. brightness: added, as part of the range of values; contrast: 0.2 stretches what lies around the
mean by 0.8 to 1.2. noise: standard deviation, as part of the range. blur: standard deviation of up to so many
pixels. cutout: a square whose side is that part of the picture's, in fill_value (DeVries and Taylor 2017). `fill`
says what comes in at the edges: "reflect", "nearest", "wrap" or "constant" (fill_value). The range of values is
0..255 for uint8, 0..1 where no number is above 1, or what `range` says; results of brightness, contrast and noise
stay in it. grid=true gives one picture to look at: each of the first pictures, and beside it 7 (or `copies`)
changed ones. Gradients go back to the pixels of a tracked tensor.

For training rather use layers, nn.RandomFlip and its kin: they change every batch of every epoch anew.

> x = arange(6):reshape(1, 2, 3)
> data.augment{x, rotate={180, 180}}
[[[5. 4. 3.]
  [2. 1. 0.]]]
> data.augment{x, shift={{0, 0}, {1/3, 1/3}}, fill="wrap"}
[[[2. 0. 1.]
  [5. 3. 4.]]]
> more, labels = data.augment{x, y=tensor{7}, copies=4, flip=true, noise=0.01, seed=2}
> more.shape
{4, 2, 3}
> labels
[7. 7. 7. 7.]]==], function(given)
  local o = options.read(WHAT, given, {{"x", required = true}, {"seed", 1}, {"copies"}, {"y"}, {"flip", false},
    {"rotate"}, {"shift"}, {"zoom"}, {"shear"}, {"brightness"}, {"contrast"}, {"noise"}, {"blur"}, {"cutout"},
    {"fill", "reflect"}, {"fill_value", 0}, {"range"}, {"grid", false}})
  local x = o.x
  if not core_data.is_tensor(x) then
    error("data.augment takes pictures, as in data.augment{x_train, flip=true}, not " .. parts.kind(x), 2)
  end
  if o.seed and math.type(o.seed) ~= "integer" then
    error("data.augment: seed is a whole number, not " .. tostring(o.seed), 2)
  end
  local copies = o.copies or (o.grid and 7 or 1)
  if not is_count(copies, 10000) then
    error("data.augment: copies is how many to make of each picture, from 1 on, not " .. tostring(copies), 2)
  end
  local flips = recipes.flips(WHAT, "flip", o.flip)
  local range = value_range(x, o.range)
  local shift = o.shift
  if type(shift) ~= "table" then shift = {shift, shift} end
  local zoom = range_of(o, "zoom", -0.99, 10)
  local blur = o.blur
  if type(blur) == "number" then blur = {0, blur} end
  local recipe = parts.call(core.recipe, {
    flip_rows = flips.rows, flip_columns = flips.columns,
    rotate = scaled(range_of(o, "rotate", -360, 360), DEGREES),
    shear = scaled(range_of(o, "shear", -80, 80), DEGREES),
    shift_rows = shift[1] and recipes.pair(WHAT, "shift", shift[1], -1, 1),
    shift_columns = shift[2] and recipes.pair(WHAT, "shift", shift[2], -1, 1),
    zoom_rows = zoom, zoom_together = 1,
    brightness = range_of(o, "brightness", -1, 1), contrast = range_of(o, "contrast", -1, 10),
    noise = amount(o, "noise", 10) * (range[2] - range[1]), value_range = range,
    blur = blur and recipes.pair(WHAT, "blur", blur, 0, 64),
    cutout = amount(o, "cutout", 1), cutout_value = o.fill_value,
    fill = recipes.fill(WHAT, "fill", o.fill), fill_value = o.fill_value,
  })
  local _, shape, axes, n = core_data.describe(x)
  if o.y ~= nil then
    if not core_data.is_tensor(o.y) then
      error("data.augment: y holds labels, a tensor, not " .. parts.kind(o.y), 2)
    end
    local _, y_shape, _, labels = core_data.describe(o.y)
    if labels ~= n then
      error(format("data.augment: x has shape %s and y has shape %s: %d pictures but %d labels", shape, y_shape, n,
        labels), 2)
    end
  end
  if not o.grid then
    local changed = parts.call(core.augment, x, recipe, o.seed, copies)
    if not o.y then return changed end
    return changed, o.y:repeat_interleave(copies, 1)
  end
  local rows = math.min(n, 8)
  if rows == 0 then error("data.augment: there is no picture to look at: x has shape " .. shape, 2) end
  local first = x[{{1, rows}}]
  local changed = parts.call(core.augment, first, recipe, o.seed, copies)
  local size, order = first.shape, {}
  -- The picture itself before its copies.
  for row = 1, rows do
    order[#order + 1] = row
    for copy = 1, copies do order[#order + 1] = rows + (row - 1) * copies + copy end
  end
  local all = tensor.concatenate({first, changed})
  return sheet(all[tensor.tensor(order):astype("int64")], rows, copies + 1)
end)

return M
