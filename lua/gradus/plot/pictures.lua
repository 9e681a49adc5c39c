-- Pictures and contact sheets.

local arguments = require "gradus.plot.arguments"
local core = require "gradus.core.plot"
local doc = require "gradus.help".doc
local draw = require "gradus.plot.drawing".draw
local figures = require "gradus.plot.figure"
local themes = require "gradus.plot.theme"

local error, ipairs, select, tonumber, tostring, type = error, ipairs, select, tonumber, tostring, type
local ceil, max, min, sqrt = math.ceil, math.max, math.min, math.sqrt
local math_type = math.type
local string_format = string.format

local check_options, fail, is_array = arguments.check_options, arguments.fail, arguments.is_array

local M = {}

M.image = doc("plot.image", [[
plot.image(picture, {title=}) -> figure

Draws a tensor of shape (height, width), (height, width, 1) or (height, width, 3). uint8 is shown as it is; other grey
pictures go from 0, black, to their greatest number, white; colours from 0 to 1, or to 255 when any is above 1.

> fig = plot.image(zeros(8, 8), {title="night"})
> tostring(fig)
figure: night, 8 x 8 picture]], function(picture, given)
  given = check_options("plot.image", given or {}, {"title"})
  if not is_array(picture) then error("plot.image takes a tensor, but got a " .. type(picture), 0) end
  if type(picture) == "table" then picture = core.array(picture, "plot.image") end
  local rgb, width, height = core.picture(picture, "plot.image")
  return draw(figures.new {title = given.title and tostring(given.title), panels = {{
    kind = "picture", rgb = rgb, width = width, height = height, log = "",
  }}})
end)

M.images = doc("plot.images", [[
plot.images(pictures, {captions=, columns=, title=}) -> figure

A contact sheet: a table of pictures (see plot.image), or a tensor of shape (n, height, width) or (n, height, width,
channels). Each picture has its own white. `captions` has a text for each; `columns` says how many stand side by side.

> fig = plot.images({zeros(8, 8), zeros(8, 8)}, {captions={"one", "two"}})
> tostring(fig)
figure: 2 pictures]], function(pictures, given)
  local what = "plot.images"
  given = check_options(what, given or {}, {"captions", "columns", "title"})
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
  columns = min(columns or min(count, max(ceil(sqrt(count * 1.6)), min(count, 5))), count)
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
  for i, picture in ipairs(list) do
    if not is_array(picture) then
      fail("%s: item %d is a %s, where a picture (a tensor) is needed", what, i, type(picture))
    end
    if type(picture) == "table" then picture = core.array(picture, what .. ": picture " .. i) end
    local rgb, width, height = core.shrink(core.picture(picture, what .. ": picture " .. i))
    items[i] = {rgb = rgb, width = width, height = height}
    rgbs[i], widths[i], heights[i] = rgb, width, height
  end
  local widest = 1
  for i = 1, count do widest = max(widest, widths[i], heights[i]) end
  local gap = max(1, ceil(widest * (captions and 0.28 or 0.08)))
  local paper = {}
  for c in themes.get().paper:gmatch "%x%x" do paper[#paper + 1] = tonumber(c, 16) end
  local rgb, width, height, cell_width, cell_height = core.tile(rgbs, widths, heights, columns, gap, paper[1], paper[2],
    paper[3])
  return draw(figures.new {title = given.title and tostring(given.title), panels = {{
    kind = "picture", rgb = rgb, width = width, height = height, log = "",
    sheet = {columns = columns, gap = gap, cell_width = cell_width, cell_height = cell_height, captions = captions,
      items = items, count = count},
  }}})
end)

return M
