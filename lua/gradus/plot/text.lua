-- Figures as characters where gnuplot's own are too coarse: pictures and heat maps in half blocks, bars, the
-- cells of a confusion matrix. Curves are left to gnuplot's "dumb" terminal.

local core = require "gradus.core.plot"
local gnuplot = require "gradus.plot.gnuplot"
local palette = require "gradus.plot.palette"
local raster = require "gradus.plot.raster"
local strokes = require "gradus.plot.strokes"

local ipairs, tonumber = ipairs, tonumber
local ceil, floor, max, min, abs, huge = math.ceil, math.floor, math.max, math.min, math.abs, math.huge
local string_char, string_format, concat, rep = string.char, string.format, table.concat, string.rep
local utf8_len, utf8_offset, utf8_character = utf8.len, utf8.offset, utf8.charpattern

local M = {}

local function width_of(text) return utf8_len(text) or #text end

local function pad(text, width, where)
  local space = width - width_of(text)
  if space <= 0 then return text end
  if where == "right" then return rep(" ", space) .. text end
  if where == "center" then return rep(" ", space // 2) .. text .. rep(" ", space - space // 2) end
  return text .. rep(" ", space)
end

-- One line of the learner's text: no control characters, which would reach the terminal.
local function line(text, most) return (gnuplot.clean(text, most):gsub("\n", " ")) end

-- The beginning and the end of a name: names of one kind often begin alike.
local function cut(text, most)
  text = line(text)
  local length = width_of(text)
  if length <= most then return text end
  local tail = (most - 1) // 2
  return text:sub(1, utf8_offset(text, most - tail) - 1) .. "\u{2026}" .. text:sub(utf8_offset(text, -tail))
end

local function scale_line(panel, ink)
  local low, high = string_format("%.4g", panel.low), string_format("%.4g", panel.high)
  if ink == "none" then return low .. " [" .. " .:-=+*#%@" .. "] " .. high end
  local parts = {}
  for i = 0, 23 do parts[#parts + 1] = palette.paint(ink, panel.palette, i / 23, " ") end
  return low .. " " .. concat(parts) .. " " .. high
end

local kinds = {}

-- A table of painted cells, `most` lines each, the names of columns no longer than `letters`; nil when it is wider than
-- the screen.
local function matrix_cells(panel, screen, most, letters)
  local widest, lines = 1, 1
  for _, cell in ipairs(panel.cells) do
    lines = max(lines, min(most, #cell.lines))
    for k = 1, min(most, #cell.lines) do widest = max(widest, width_of(cell.lines[k])) end
  end
  local names, row_names, names_width = {}, {}, 0
  for j = 1, panel.columns do
    names[j] = cut(panel.column_names and panel.column_names[j] or j, max(letters, widest))
    widest = max(widest, width_of(names[j]))
  end
  for i = 1, panel.rows do
    row_names[i] = line(panel.row_names and panel.row_names[i] or i, 14)
    names_width = max(names_width, width_of(row_names[i]))
  end
  local row_label = panel.ylabel and line(panel.ylabel, 14) .. " \u{2193}" or ""
  names_width = max(names_width, width_of(row_label))
  local cell_width = widest + 2
  if names_width + 3 + panel.columns * cell_width > screen.columns then return nil end
  local at = {}
  for _, cell in ipairs(panel.cells) do at[(cell.row - 1) * panel.columns + cell.column] = cell end
  local out = {}
  local left = rep(" ", names_width + 3)
  if panel.xlabel or panel.ylabel then
    local across = pad(line(panel.xlabel or "", 60), panel.columns * cell_width, "center")
    out[#out + 1] = (" " .. pad(row_label, names_width, "right") .. "  " .. across):gsub("%s+$", "")
  end
  local head = {}
  for j = 1, panel.columns do head[j] = pad(names[j], cell_width, "center") end
  out[#out + 1] = left .. concat(head)
  for i = 1, panel.rows do
    for k = 1, lines do
      local parts = {}
      for j = 1, panel.columns do
        local cell = at[(i - 1) * panel.columns + j]
        local text = pad(cell and cell.lines[k] or "", cell_width, "center")
        local t = cell and cell.value == cell.value and palette.position(cell.value, panel.low, panel.high)
        parts[j] = t and palette.paint(screen.ink, panel.palette, t, text) or text
      end
      local name = k == (lines + 1) // 2 and row_names[i] or ""
      out[#out + 1] = " " .. pad(name, names_width, "right") .. "  " .. concat(parts)
    end
  end
  return concat(out, "\n") .. "\n"
end

function kinds.matrix(panel, screen)
  if panel.cells then
    -- With less room names are cut, then the first line of a cell must do.
    local text = matrix_cells(panel, screen, 9, 14) or matrix_cells(panel, screen, 9, 4) or
      matrix_cells(panel, screen, 1, 4)
    if text then return text end
  end
  local labels = {}
  if panel.ylabel then labels[1] = line(panel.ylabel, 30) .. " \u{2193}" end
  if panel.xlabel then labels[#labels + 1] = line(panel.xlabel, 30) .. " \u{2192}" end
  labels = #labels > 0 and "  " .. concat(labels, "  ") .. "\n" or ""
  if not core.range(panel.data) then return "  (no finite numbers)\n" end
  local rgb, width, height = core.heat(panel.data, panel.low, panel.high,
    palette.bytes(screen.ink == "none" and "grey" or panel.palette))
  local columns = M.picture_columns(width, height, screen)
  return labels .. core.blocks(rgb, width, height, columns, screen.ink, screen.ascii) ..
    scale_line(panel, screen.ink) .. "\n"
end

--- How many characters wide a picture becomes: enlarged by a whole number while small, never wider or higher
--- than the terminal.
function M.picture_columns(width, height, screen)
  local most = min(screen.columns - 1, floor((screen.rows - 4) * 2 * width / height))
  most = max(1, most)
  if width <= most then return width * max(1, min(most // width, ceil(32 / width))) end
  return most
end

function kinds.picture(panel, screen)
  local sheet = panel.sheet
  if not sheet then
    return core.blocks(panel.rgb, panel.width, panel.height, M.picture_columns(panel.width, panel.height, screen),
      screen.ink, screen.ascii)
  end
  -- A contact sheet: rows of pictures that fit side by side, their captions below.
  local cell = sheet.widest
  if cell < 8 then cell = cell * ceil(8 / cell) end  -- small ones enlarged by a whole number
  cell = min(cell, 24, screen.columns - 2)
  local across = max(1, min(sheet.asked or sheet.count, (screen.columns - 1) // (cell + 1)))
  local out = {}
  for first = 1, sheet.count, across do
    local last = min(first + across - 1, sheet.count)
    local rows, height = {}, 0
    for i = first, last do
      local item = sheet.items[i]
      local text = {}
      for row in core.blocks(item.rgb, item.width, item.height, cell, screen.ink, screen.ascii):gmatch "[^\n]*\n" do
        text[#text + 1] = row:sub(1, -2)
      end
      rows[#rows + 1] = text
      height = max(height, #text)
    end
    for k = 1, height do
      local parts = {}
      for i, text in ipairs(rows) do parts[i] = text[k] or rep(" ", cell) end
      out[#out + 1] = concat(parts, " ")
    end
    if sheet.captions then
      local parts = {}
      for i = first, last do parts[#parts + 1] = pad(line(sheet.captions[i] or "", cell), cell, "center") end
      out[#out + 1] = (concat(parts, " "):gsub("%s+$", ""))
    end
  end
  return concat(out, "\n") .. "\n"
end

local eighths = {"▏", "▎", "▍", "▌", "▋", "▊", "▉"}

local function bar(length)
  local whole = floor(length)
  local rest = floor((length - whole) * 8)
  return rep("█", whole) .. (rest > 0 and eighths[rest] or "")
end

-- Of bars: pale, the usual, and what tells wrong from right (see gnuplot.lua).
local bar_colours = {[0] = palette.on_any[7], palette.on_any[1], palette.on_any[2], palette.on_any[3]}

function kinds.bars(panel, screen)
  local names, widest, number_width = {}, 0, 0
  local low, high = 0, 0
  if panel.ends then low, high = min(0, panel.ends[1], panel.ends[2]), max(0, panel.ends[1], panel.ends[2]) end
  for i, label in ipairs(panel.labels) do
    names[i] = line(label, 24)
    widest = max(widest, width_of(names[i]))
    number_width = max(number_width, width_of(panel.texts[i]))
    local v = panel.values[i]
    if not panel.ends and v == v and abs(v) < huge then low, high = min(low, v), max(high, v) end
  end
  local room = max(10, min(screen.columns - widest - number_width - 5, 60))
  local unit = room / (high - low)
  if not (unit > 0 and unit < huge) then unit, high = 0, 0 end
  local zero = floor(-low * unit + 0.5)
  local out = {}
  for i, v in ipairs(panel.values) do
    local drawn = ""
    if v == v and abs(v) < huge then
      if v >= 0 then
        drawn = rep(" ", zero) .. bar(min(v, high) * unit)
      else
        local length = max(1, floor(min(-v, -low) * unit + 0.5))
        drawn = rep(" ", max(0, zero - length)) .. rep("█", length)
      end
    end
    if screen.ink ~= "none" and drawn ~= "" then
      local colour = bar_colours[panel.colours and panel.colours[i] or 1]
      drawn = core.write(screen.ink, palette.parts(colour)) .. drawn .. "\27[0m"
    end
    out[i] = string_format(" %s  %s %s", pad(names[i], widest, "right"), drawn, panel.texts[i])
  end
  return concat(out, "\n") .. "\n"
end

-- The characters of gnuplot's "dumb" terminal: of curves in their order, and of points (as gnuplot.lua asks
-- for them).
local pens = {"*", "#", "$", "%", "@", "&", "="}
local points = {}
for i, place in ipairs(strokes.letters) do points[i] = string_char(64 + place) end

--- Colours what gnuplot's "dumb" terminal drew without colour: there a curve is stars, with its own colours
--- crumbs of plus, minus and bar, and its text may be dark on dark. Curves are to the right of the first "|";
--- a legend's sample is a run of one character.
function M.colour_curves(drawn, series, ink)
  if ink == "none" then return drawn end
  local colour_of = {}
  for i = #series, 1, -1 do
    local red, green, blue = palette.on_any[(i - 1) % #palette.on_any + 1]:match "#(%x%x)(%x%x)(%x%x)"
    local sequence = core.write(ink, tonumber(red, 16), tonumber(green, 16), tonumber(blue, 16))
    colour_of[pens[(i - 1) % #pens + 1]] = sequence
    if series[i].style:find("points", 1, true) then colour_of[points[(i - 1) % #points + 1]] = sequence end
  end
  local function colour_body(text)
    local parts, last = {}, nil
    for character in text:gmatch(utf8_character) do
      local sequence = colour_of[character]
      if sequence ~= last then parts[#parts + 1] = sequence or "\27[0m" end
      parts[#parts + 1] = character
      last = sequence
    end
    if last then parts[#parts + 1] = "\27[0m" end
    return concat(parts)
  end
  local out = {}
  for row in (drawn .. "\n"):gmatch "([^\n]*)\n" do
    local axis, body = row:match "^([^|]*|)(.*)$"
    if axis then
      row = axis .. colour_body(body)
    else
      row = row:gsub("([*#$%%@&=])%1%1%1%1", function(c) return colour_body(rep(c, 5)) end)
      row = row:gsub("(%f[%u]%u)(%f[%s%z])", colour_body)
    end
    out[#out + 1] = row
  end
  return concat(out, "\n")
end

-- Curves are gnuplot's unless something lies under them.
function kinds.curves(panel, screen)
  return raster.panel(panel, screen, panel.field.scale and scale_line(panel.field, screen.ink) or nil)
end

-- A surface is seen from above.
function kinds.surface(panel, screen)
  local series = {}
  if panel.path then series[1] = {x = panel.path.x, y = panel.path.y, style = "lines", colour = "#ffffff"} end
  return raster.panel({field = panel.field, series = series, xlabel = panel.xlabel, ylabel = panel.ylabel}, screen,
    scale_line(panel.field, screen.ink))
end

--- Whether a panel is drawn here, in characters, rather than by gnuplot.
function M.draws(panel)
  if panel.kind == "curves" then return panel.field ~= nil end
  return kinds[panel.kind] ~= nil
end

--- The panel as lines of text for `screen` = {columns=, rows=, ink="none"|"256"|"true", ascii=}; `drawn` is what
--- gnuplot made of it when it was asked.
function M.panel(panel, screen, title, drawn)
  local text
  if drawn then
    text = M.colour_curves(drawn, panel.series, screen.ink) .. "\n"
    -- gnuplot would write this name over the numbers of the axis.
    if panel.ylabel then text = "  " .. line(panel.ylabel, screen.columns - 2) .. "\n" .. text end
  else
    text = kinds[panel.kind](panel, screen)
  end
  return (title and "  " .. line(title, screen.columns - 2) .. "\n" or "") .. text
end

-- What stands for characters beyond ASCII that we, and gnuplot, write.
local stand_ins = {
  ["\u{2212}"] = "-", ["\u{2026}"] = ".", ["\u{B7}"] = ".", ["\u{2192}"] = ">", ["\u{2190}"] = "<",
  ["\u{2191}"] = "^", ["\u{2193}"] = "v", ["\u{2197}"] = "/", ["\u{2199}"] = "/", ["\u{2196}"] = "\\",
  ["\u{2198}"] = "\\", ["\u{2588}"] = "#", ["\u{25A0}"] = "#",
}
for i, eighth in ipairs(eighths) do stand_ins[eighth] = i < 4 and " " or "#" end

--- The text in ASCII, character for character.
function M.ascii(text)
  return (text:gsub("[\xC2-\xF4][\x80-\xBF]*", function(character) return stand_ins[character] or "?" end))
end

return M
