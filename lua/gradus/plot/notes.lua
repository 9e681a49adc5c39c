-- Where the texts of annotations stand: beside their points, where they cover no curve, no other text, and nothing
-- outside the axes.

local core = require "gradus.core.plot"
local quoting = require "gradus.plot.quoting"

local ipairs = ipairs
local log, max, min = math.log, math.max, math.min
local utf8_len = utf8.len

local M = {}

local SAMPLES = 2000  -- places of all curves together that are looked at

-- A function from a number on the axis to a part of its length.
local function scale_of(range, logarithmic)
  local low, high = range[1], range[2]
  if logarithmic then
    low, high = log(low), log(high)
    return function(v) return v > 0 and (log(v) - low) / (high - low) or -1 end
  end
  return function(v) return (v / 2 - low / 2) / (high / 2 - low / 2) end
end

-- Places along the curves, as parts of the axes.
local function places_of(panel, at_x, at_y)
  local places = {}
  local each = max(1, SAMPLES // max(1, #panel.series))
  for _, series in ipairs(panel.series) do
    local xs, ys = core.values(series.x), core.values(series.y)
    local joined = not series.style:find "^points" and series.style ~= "errorbars"
    local step = max(1, #xs // each)
    local between = joined and max(1, min(40, each // max(1, #xs))) or 1
    local last_x, last_y
    for k = 1, #xs, step do
      local x, y = at_x(xs[k]), at_y(ys[k])
      if x - x == 0 and y - y == 0 then
        for s = 1, last_x and between or 1 do
          local t = s / between
          places[#places + 1] = last_x and joined and {last_x + t * (x - last_x), last_y + t * (y - last_y)} or {x, y}
        end
        last_x, last_y = x, y
      else
        last_x = nil
      end
    end
  end
  return places
end

-- Right and above are looked at first.
local sides = {{1, 1}, {-1, 1}, {1, -1}, {-1, -1}, {1, 0}, {-1, 0}}

--- For each annotation {right=1 or -1, up=1, 0 or -1}: the side of its point that its text stands at. `letter` is
--- the {width, height} of a letter as parts of the axes' lengths.
function M.place(panel, letter)
  local at_x = scale_of(panel.xrange, panel.log:find("x", 1, true))
  local at_y = scale_of(panel.yrange, panel.log:find("y", 1, true))
  local places = places_of(panel, at_x, at_y)
  local chosen, boxes = {}, {}
  for i, note in ipairs(panel.annotations) do
    local x, y = at_x(note.x), at_y(note.y)
    local wide, high = (utf8_len(quoting.clean(note.text, 80)) + 1) * letter[1], letter[2]
    local best, least, best_box
    for order, side in ipairs(sides) do
      local left = side[1] > 0 and x + 0.5 * letter[1] or x - wide - 0.5 * letter[1]
      local bottom = y + side[2] * high * 0.9 - high / 2
      local box = {left, bottom, left + wide, bottom + high}
      local cost = 0.1 * order + 1000 * (max(0, -left) + max(0, box[3] - 1) + max(0, -bottom) + max(0, box[4] - 1.03))
      for _, p in ipairs(places) do
        if p[1] > box[1] and p[1] < box[3] and p[2] > box[2] and p[2] < box[4] then cost = cost + 1 end
      end
      for _, other in ipairs(boxes) do
        if box[1] < other[3] and box[3] > other[1] and box[2] < other[4] and box[4] > other[2] then cost = cost + 50 end
      end
      if not least or cost < least then best, least, best_box = side, cost, box end
    end
    chosen[i], boxes[i] = {right = best[1], up = best[2]}, best_box
  end
  return chosen
end

return M
