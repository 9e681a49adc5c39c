-- Pictures and contact sheets.

local arguments = require "gradus.plot.arguments"
local core = require "gradus.core.plot"
local doc = require "gradus.help".doc
local draw = require "gradus.plot.drawing".draw
local figures = require "gradus.plot.figure"
local palette = require "gradus.plot.palette"
local themes = require "gradus.plot.theme"

local error, ipairs, select, tostring, type = error, ipairs, select, tostring, type
local abs, ceil, huge, max, min, sqrt = math.abs, math.ceil, math.huge, math.max, math.min, math.sqrt
local math_type = math.type
local string_char, string_format = string.char, string.format

local check_options, fail, is_array = arguments.check_options, arguments.fail, arguments.is_array

local M = {}

-- The numbers that are black and white, when the learner says so: {low, high}.
local function range_option(what, given)
  if given.range == nil then return nil, nil end
  local range = figures.check_range(what, "range", given.range)
  return range[1], range[2]
end

M.image = doc("plot.image", [[
plot.image(picture, {title=, range=}) -> figure

Draws a tensor of shape (height, width), (height, width, 1) or (height, width, 3). `range` is {black, white}. Without
it uint8 is shown as it is, from 0 to 255, unless its numbers end at 31 or below; such and all other grey pictures go
from 0, black, to their greatest number, white; colours go from 0 to 1, or to 255 when any is above 1.

> fig = plot.image(zeros(8, 8), {title="night"})
> tostring(fig)
figure: night, 8 x 8 picture]], function(picture, given)
  given = check_options("plot.image", given or {}, {"title", "range"})
  if not is_array(picture) then error("plot.image takes a tensor, but got a " .. type(picture), 0) end
  if type(picture) == "table" then picture = core.array(picture, "plot.image") end
  local rgb, width, height = core.picture(picture, "plot.image", range_option("plot.image", given))
  return draw(figures.new {title = given.title and tostring(given.title), panels = {{
    kind = "picture", rgb = rgb, width = width, height = height, log = "",
  }}})
end)

-- How many stand side by side: a few all, otherwise about 1.6 times as many as below one another, and the last row full
-- if that can be.
local function columns_for(count)
  if count <= 5 then return count end
  local wanted = sqrt(count * 1.6)
  local best, least = count, huge
  for columns = ceil(sqrt(count)), ceil(sqrt(count) * 2) do
    local empty = -count % columns
    local cost = empty / columns + abs(columns - wanted) / wanted
    if cost < least then best, least = columns, cost end
  end
  return best
end

-- Pixels of a picture on a sheet, and of all that stand side by side: smaller ones are enlarged, so that the gaps and
-- frames between them can be narrow.
local FINE, FINE_ROW = 96, 1000

M.images = doc("plot.images", [[
plot.images(pictures, {captions=, columns=, title=, range=}) -> figure

A contact sheet: a table of pictures (see plot.image), or a tensor of shape (n, height, width) or (n, height, width,
channels). Each picture has its own white unless `range` says what is black and white in all of them. `captions` has a
text for each; `columns` says how many stand side by side.

> fig = plot.images({zeros(8, 8), zeros(8, 8)}, {captions={"one", "two"}})
> tostring(fig)
figure: 2 pictures]], function(pictures, given)
  local what = "plot.images"
  given = check_options(what, given or {}, {"captions", "columns", "title", "range"})
  local low, high = range_option(what, given)
  local list = {}
  if type(pictures) == "userdata" then
    local axes = select("#", core.shape(pictures))
    if axes ~= 3 and axes ~= 4 then
      fail("%s takes a table of pictures or a tensor of shape (n, height, width) or (n, height, width, " ..
        "channels); this tensor has %d axes (for one picture there is plot.image)", what, axes)
    end
    for i = 1, (core.shape(pictures)) do list[i] = core.item(pictures, i) end
  elseif type(pictures) == "table" then
    list = pictures
  else
    fail("%s takes a table of pictures or a tensor, but got a %s", what, type(pictures))
  end
  local count = #list
  if count == 0 then error(what .. ": there is no picture", 0) end
  if count > 400 then
    fail("%s: %d pictures on one sheet cannot be made out; take up to 400, as in xs[{1, 100}]", what,
      count)
  end
  local columns = given.columns
  if columns ~= nil and (math_type(columns) ~= "integer" or columns < 1) then
    error(what .. ": columns must be a whole number from 1 on", 0)
  end
  local asked = columns
  columns = min(columns or columns_for(count), count)
  local captions = given.captions
  if captions ~= nil then
    if type(captions) == "userdata" then
      local labels = core.values(core.array(captions, what .. ": captions"))
      captions = {}
      for i, label in ipairs(labels) do captions[i] = string_format("%g", label) end
    end
    local texts = {}
    for i = 1, count do texts[i] = captions[i] ~= nil and tostring(captions[i]) or nil end
    captions = texts
  end
  local items, rgbs, widths, heights = {}, {}, {}, {}
  local widest, widest_item = 1, 1
  for i, picture in ipairs(list) do
    if not is_array(picture) then
      fail("%s: item %d is a %s, where a picture (a tensor) is needed", what, i, type(picture))
    end
    if type(picture) == "table" then picture = core.array(picture, what .. ": picture " .. i) end
    local rgb, width, height = core.shrink(core.picture(picture, what .. ": picture " .. i, low, high))
    items[i] = {rgb = rgb, width = width, height = height}
    widest, widest_item = max(widest, width, height), max(widest_item, width)
  end
  local times = ceil(min(FINE, FINE_ROW / columns) / widest)
  for i, item in ipairs(items) do
    rgbs[i], widths[i], heights[i] = core.resize(item.rgb, item.width, item.height, item.width * times,
      item.height * times)
  end
  local gap = max(1, ceil(widest * times * 0.08))
  local below = captions and ceil(widest * times * 0.17) or 0
  local theme = themes.get()
  local rgb, width, height, cell_width, cell_height = core.tile(rgbs, widths, heights, columns, gap, below,
    string_char(palette.parts(theme.paper)), string_char(palette.parts(theme.axis)))
  return draw(figures.new {title = given.title and tostring(given.title), panels = {{
    kind = "picture", rgb = rgb, width = width, height = height, log = "",
    sheet = {columns = columns, asked = asked, gap = gap, below = below, cell_width = cell_width,
      cell_height = cell_height, widest = widest_item, captions = captions, items = items, count = count},
  }}})
end)

return M
