-- Fields in a terminal of characters: the colours in half blocks (or, without colour, a ramp of characters), with the
-- points and lines of the series on top, and the ends of both axes beside them.

local core = require "gradus.core.plot"
local palette = require "gradus.plot.palette"
local quoting = require "gradus.plot.quoting"
local themes = require "gradus.plot.theme"

local ipairs = ipairs
local abs, floor, max, min = math.abs, math.floor, math.max, math.min
local log = math.log
local utf8_len = utf8.len
local string_char, string_format, concat, rep = string.char, string.format, table.concat, string.rep

local M = {}

local letters = {"O", "x", "+", "A", "B", "C", "D"}

-- The field as a picture, its top row first.
local function picture(field, ink)
  local rgb, width, height = field.rgb, field.columns, field.rows
  if not rgb then
    local data, low, high = field.data, field.low, field.high
    if field.log then
      local values, rows = core.values(data), {}
      for i = 1, height do
        rows[i] = {}
        for j = 1, width do
          local v = values[(i - 1) * width + j]
          rows[i][j] = v > 0 and log(v) or 0 / 0
        end
      end
      data, low, high = core.array(rows, "plot"), log(low), log(high)
    end
    rgb = core.heat(data, low, high, palette.bytes(ink == "none" and "grey" or field.palette))
  end
  local rows = {}
  for i = 1, height do rows[height + 1 - i] = rgb:sub((i - 1) * width * 3 + 1, i * width * 3) end
  return concat(rows), width, height
end

-- Calls put(column, row, i), both from 1, for what the series draw on a sheet of that size.
local function trace(panel, columns, rows, put)
  local field = panel.field
  local function cell(x, y)
    return floor((x - field.x[1]) / (field.x[2] - field.x[1]) * (columns - 1) + 0.5) + 1,
      floor((field.y[2] - y) / (field.y[2] - field.y[1]) * (rows - 1) + 0.5) + 1
  end
  local function mark(column, row, i)
    if column >= 1 and column <= columns and row >= 1 and row <= rows then put(column, row, i) end
  end
  for i, series in ipairs(panel.series) do
    local xs, ys = core.values(series.x), core.values(series.y)
    local last_column, last_row
    for k = 1, #xs do
      if xs[k] - xs[k] == 0 and ys[k] - ys[k] == 0 then
        local column, row = cell(xs[k], ys[k])
        local joined = last_column and series.style ~= "points"
        local steps = joined and max(abs(column - last_column), abs(row - last_row)) or 0
        for s = 1, min(steps, 2000) - 1 do
          mark(floor(last_column + (column - last_column) * s / steps + 0.5),
            floor(last_row + (row - last_row) * s / steps + 0.5), i)
        end
        mark(column, row, i)
        last_column, last_row = column, row
      end
    end
  end
end

-- A series over the tints of regions has the colour that the region was tinted with.
local function colour_of(panel, i)
  local series = panel.series[i]
  local colours = panel.field.rgb and themes.get().lines or palette.on_any
  return series.colour or colours[((series.color or i) - 1) % #colours + 1]
end

-- In colour: two pixels a character.
local function in_colour(panel, columns, rows, ink, ascii)
  local rgb, width, height = picture(panel.field, ink)
  rgb = core.resize(rgb, width, height, columns, rows * 2)
  local dots = {}
  trace(panel, columns, rows * 2, function(column, row, i) dots[(row - 1) * columns + column] = i end)
  local parts, from = {}, 1
  for at = 1, columns * rows * 2 do
    local i = dots[at]
    if i then
      parts[#parts + 1] = rgb:sub(from, (at - 1) * 3)
      parts[#parts + 1] = string_char(palette.parts(colour_of(panel, i)))
      from = at * 3 + 1
    end
  end
  parts[#parts + 1] = rgb:sub(from)
  return core.blocks(concat(parts), columns, rows * 2, columns, ink, ascii)
end

local function in_characters(panel, columns, rows)
  local rgb, width, height = picture(panel.field, "none")
  if panel.field.rgb then rgb, width, height = "\0\0\0", 1, 1 end  -- tints without colour say nothing
  rgb = core.resize(rgb, width, height, columns, rows * 2)
  local cells, k = {}, 0
  for character in core.blocks(rgb, columns, rows * 2, columns, "none"):gmatch "[^\n]" do
    k = k + 1
    cells[k] = character
  end
  if panel.field.rgb then  -- instead, the boundaries
    local contours = panel.field.contours
    for _, contour in ipairs(contours) do
      local values, n, m = core.values(contour.data), panel.field.columns, panel.field.rows
      local function positive(column, row)
        local j = floor((column - 1) / (columns - 1) * (n - 1) + 0.5)
        local i = floor((rows - row) / (rows - 1) * (m - 1) + 0.5)
        return values[i * n + j + 1] > contour.levels[1]
      end
      for row = 1, rows do
        for column = 1, columns do
          local here = positive(column, row)
          local right = column < columns and here ~= positive(column + 1, row)
          if right or (row < rows and here ~= positive(column, row + 1)) then
            cells[(row - 1) * columns + column] = "."
          end
        end
      end
    end
  end
  trace(panel, columns, rows, function(column, row, i)
    cells[(row - 1) * columns + column] = letters[(i - 1) % #letters + 1]
  end)
  local lines = {}
  for row = 1, rows do lines[row] = concat(cells, "", (row - 1) * columns + 1, row * columns) end
  return concat(lines, "\n") .. "\n"
end

local function legend(panel, ink)
  local names = {}
  for i, series in ipairs(panel.series) do
    if series.label then
      local sign = letters[(i - 1) % #letters + 1]
      if ink ~= "none" then
        sign = core.write(ink, palette.parts(colour_of(panel, i))) .. "\u{25A0}\27[0m"
      end
      names[#names + 1] = sign .. " " .. quoting.clean(series.label, 30):gsub("\n", " ")
    end
  end
  return #names > 0 and "  " .. concat(names, "   ") .. "\n" or ""
end

--- The panel for `screen`; `scale` is the line that explains the colours, or nil.
function M.panel(panel, screen, scale)
  local field = panel.field
  local top, bottom = string_format("%.4g", field.y[2]), string_format("%.4g", field.y[1])
  local margin = max(#top, #bottom) + 1
  local columns = max(10, min(screen.columns - margin - 2, 78))
  local rows = max(5, min(screen.rows - 6, columns // 3))
  local body = screen.ink == "none" and in_characters(panel, columns, rows) or
    in_colour(panel, columns, rows, screen.ink, screen.ascii)
  local out, k = {legend(panel, screen.ink)}, 0
  if panel.ylabel then out[2] = rep(" ", margin + 1) .. quoting.clean(panel.ylabel, 40):gsub("\n", " ") .. "\n" end
  for line in body:gmatch "[^\n]+" do
    k = k + 1
    local label = k == 1 and top or k == rows and bottom or ""
    out[#out + 1] = rep(" ", margin - #label) .. label .. " " .. line .. "\n"
  end
  local left, right = string_format("%.4g", field.x[1]), string_format("%.4g", field.x[2])
  local name = panel.xlabel and quoting.clean(panel.xlabel, columns // 2):gsub("\n", " ") or ""
  local room = columns - #left - #right - utf8_len(name)
  local before = rep(" ", room // 2)
  out[#out + 1] = concat {rep(" ", margin + 1), left, before, name, rep(" ", room - #before), right, "\n"}
  if scale then out[#out + 1] = rep(" ", margin + 1) .. scale .. "\n" end
  return concat(out)
end

return M
