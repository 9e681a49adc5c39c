-- A figure as gnuplot commands. Pure text in, text out: figure and theme in, script out; nothing is run here.
--
-- Every text of the learner's goes through `quote`, so that gnuplot finds no backquote to run, no macro to
-- expand and no line to break out of; the terminals are all opened "noenhanced", so that ^ _ { } & ~ @ are
-- plain characters.

local core = require "gradus.core.plot"
local figures = require "gradus.plot.figure"
local palette = require "gradus.plot.palette"
local quoting = require "gradus.plot.quoting"
local relief = require "gradus.plot.relief"
local strokes = require "gradus.plot.strokes"

local ipairs, select, setmetatable, tostring = ipairs, select, setmetatable, tostring
local abs, ceil, floor, huge = math.abs, math.ceil, math.floor, math.huge
local log, min, max = math.log, math.min, math.max
local string_format, concat = string.format, table.concat
local utf8_len, utf8_offset = utf8.len, utf8.offset

local M = {}

M.clean, M.quote = quoting.clean, quoting.quote

local quote, quote_tic, number = quoting.quote, quoting.quote_tic, quoting.number

-- ---- pieces that the kinds share ----

local function font(theme, size) return string_format("'%s,%g'", theme.font, size or theme.size) end

-- A letter's width and height on the page, in pixels, are about these times the size of its font, which is in points.
local WIDE, HIGH = 0.7, 1.6
local CHARACTER = 0.8  -- gnuplot's unit for margins and legends

-- The width of a text on the page, in pixels.
local function width_of(theme, text, most) return utf8_len(M.clean(text, most)) * theme.size * WIDE end

local function widest_of(theme, texts, count, most)
  local widest = 0
  for i = 1, count do
    if texts[i] ~= nil then widest = max(widest, width_of(theme, texts[i], most)) end
  end
  return widest
end

local function frame(out, panel, theme, text, without_grid)
  out("%s", "set format xy '%h'")  -- the default has a space before the number, which pushes labels aside
  out("set border 3 lc rgb '%s'", theme.axis)
  out("set tics nomirror out scale 0.6 textcolor rgb '%s'", theme.ink)
  if not (text or without_grid) then out("set grid back lc rgb '%s' lw 1 lt 1", theme.faint) end
  if panel.xlabel then out("set xlabel %s tc rgb '%s'", quote(panel.xlabel, 120), theme.ink) end
  if panel.ylabel and not text then out("set ylabel %s tc rgb '%s'", quote(panel.ylabel, 120), theme.ink) end
end

-- As many numbers beside an axis as have room there, where gnuplot would take more. `most` is how many.
local function sparse_tics(out, axis, range, most)
  if most < 10 then relief.tics(out, axis, min(range[1], range[2]), max(range[1], range[2]), max(2, most)) end
end

-- Numbers beside a logarithmic axis of less than two powers of ten, where gnuplot would write one or none: 1, 2 and 5,
-- or, on a still shorter one, equal steps as on a plain axis.
local function log_tics(out, axis, range)
  local low, high = min(range[1], range[2]), max(range[1], range[2])
  if high / low >= 100 then return end
  local at = {}
  for power = floor(log(low, 10)), floor(log(high, 10)) do
    for _, factor in ipairs {1, 2, 5} do
      local tic = factor * 10.0 ^ power
      if tic >= low and tic <= high then at[#at + 1] = number(tic) end
    end
  end
  if #at < 3 then
    local step = relief.step(low, high, 5)
    if not step then return end
    at = {}
    for k = ceil(low / step), floor(high / step) do at[#at + 1] = number(k * step) end
  end
  out("set %stics (%s)", axis, concat(at, ", "))
end

local function room_for_tics(theme)
  return floor(theme.width * 0.8 / (7 * WIDE * theme.size)), floor(theme.height * 0.7 / (1.7 * HIGH * theme.size))
end

local function ranges(out, panel)
  out("set xrange [%s:%s] noextend", number(panel.xrange[1]), number(panel.xrange[2]))
  out("set yrange [%s:%s] noextend", number(panel.yrange[1]), number(panel.yrange[2]))
end

-- The legend never covers the curves: lines of names below the title, or a column at the right when there are many.
local function legend(out, panel, theme, text, titled)
  local labels = {}
  for _, series in ipairs(panel.series) do
    if series.label then labels[#labels + 1] = series.label end
  end
  local count = #labels
  -- A name's width with its sample; how many stand side by side.
  local entry = widest_of(theme, labels, count, 60) / WIDE * CHARACTER + 4.5 * theme.size * CHARACTER
  local across = max(1, floor(theme.width * 0.86 / entry))
  local rows = ceil(count / across)
  if count == 0 then
    out("unset key")
  elseif panel.key and not text then
    out("set key inside %s vertical Left reverse samplen 2 spacing 1.2 textcolor rgb '%s' box lc rgb '%s' opaque " ..
      "fillcolor rgb '%s' width 0.5 height 0.5", panel.key, theme.ink, theme.faint, theme.paper)
  elseif text then
    -- Room for the sample and a space: gnuplot's characters know no other.
    local letters = (entry / theme.size / CHARACTER + 3.5) * count
    out("set key %s textcolor rgb '%s'", letters > 100 and "outside right top vertical Left reverse samplen 2 width 1"
      or "bmargin center horizontal samplen 2 width 3", theme.ink)
  elseif rows > 2 then
    out("set key outside right top vertical Left reverse samplen 1.5 spacing 1.2 textcolor rgb '%s'", theme.ink)
  else
    out("set title offset 0, %g", 0.1 + 1.2 * rows)
    out("set tmargin %g", (titled and 3.6 or 1.6) + 1.4 * rows)
    out("set key at graph 0.5, 1.015 center bottom horizontal Left reverse samplen 2 spacing 1.1 width 1.5 " ..
      "maxcols %d textcolor rgb '%s'", ceil(count / rows), theme.ink)
  end
end

local kinds = {}

function kinds.curves(out, panel, theme, text, block, titled)
  local plots = {}
  if panel.field then relief.field(out, plots, panel.field, theme, block) end
  frame(out, panel, theme, text)
  if panel.field then out("unset grid") end
  if panel.square and not text then out("set size square") end
  ranges(out, panel)
  if panel.log ~= "" then out("set logscale %s", panel.log) end
  for axis in panel.log:gmatch "." do log_tics(out, axis, panel[axis .. "range"]) end
  local across, down = room_for_tics(theme)
  if panel.tics then
    local tics = {}
    for i, tic in ipairs(panel.tics) do tics[i] = quote_tic(tic.label) .. " " .. number(tic.at) end
    out("set xtics (%s)", concat(tics, ", "))
  elseif panel.whole and not panel.field and abs(panel.xrange[2] - panel.xrange[1]) < 1e15 then
    -- Epochs and positions: no tic between two whole numbers.
    local step = max(1, ceil(abs(panel.xrange[2] - panel.xrange[1]) / (text and 10 or min(max(across, 2), 10))))
    local nice = 10 ^ floor(log(step, 10))
    for _, factor in ipairs {1, 2, 5, 10} do
      if factor * nice >= step then step = factor * nice break end
    end
    out("set xtics %d", step)
  elseif not text and not panel.log:find("x", 1, true) then
    sparse_tics(out, "x", panel.xrange, across)
  end
  if not text and not panel.log:find("y", 1, true) then sparse_tics(out, "y", panel.yrange, down) end
  for i = 1, #panel.series do strokes.add(plots, panel, i, theme, text, block) end
  for _, mark in ipairs(panel.marks or {}) do
    if mark.y then
      local data = block(string_format("%s %s\n", number(mark.x), number(mark.y)))
      plots[#plots + 1] = string_format("%s using 1:2 with points pt %d ps %g lw 2 lc rgb '%s' notitle", data,
        text and 15 or 6, theme.point * 1.8, theme.ink)
    end
    if not text then
      out("set arrow from first %s, graph 0 to first %s, graph 1 nohead back lc rgb '%s' lw 1.5 dt 2", number(mark.x),
        number(mark.x), theme.axis)
    end
    if mark.label then
      local right = (mark.x - panel.xrange[1]) > 0.7 * (panel.xrange[2] - panel.xrange[1])
      -- Where the curves are not: above a low one, below a high one.
      local high = mark.y and mark.y > (panel.yrange[1] + panel.yrange[2]) / 2
      out("set label %s at first %s, graph %s %s offset character %s, 0 tc rgb '%s' front", quote(mark.label, 60),
        number(mark.x), high and "0.05" or "0.95", right and "right" or "left", right and "-0.8" or "0.8", theme.ink)
    end
  end
  strokes.notes(out, plots, panel, theme, text, block)
  if #plots == 0 then plots[1] = "NaN notitle" end
  legend(out, panel, theme, text, titled)
  if not text then out("set style fill solid %g noborder", panel.field and 1 or 0.75) end
  out("set boxwidth %s", panel.boxwidth and number(panel.boxwidth) or "0.8 relative")
  out("plot %s", concat(plots, ", \\\n     "))
end

function kinds.bars(out, panel, theme, text, block)
  frame(out, panel, theme, text)
  out("set grid noxtics")
  ranges(out, panel)
  out("unset key")
  local tics, lines = {}, {}
  local size = #panel.values
  local slot, letter = theme.width * 0.85 / max(size, 1), theme.size * WIDE
  -- Names that do not fit below their bars hang aslant, or upright where bars are thin; when bars are as thin as
  -- letters, some names are left out.
  local widest, turned, most = widest_of(theme, panel.labels, size, 40), "", 40
  if widest > slot * 0.95 then
    most = 22
    widest = min(widest, most * letter)
    local out_left = max(8 * letter, 0.82 * widest - slot / 2 + 2 * letter)  -- the first name hangs out
    slot = (theme.width - out_left - 2 * letter) / size
    turned = slot > 1.2 * HIGH * theme.size and "rotate by 35 right" or "rotate by 90 right"
    out("set lmargin %g\nset rmargin 2", turned:find "35" and out_left / theme.size / CHARACTER or 8)
  end
  local step = max(1, ceil(0.9 * HIGH * theme.size / slot))
  for i, label in ipairs(panel.labels) do
    if (i - 1) % step == 0 then tics[#tics + 1] = quote_tic(label, most) .. " " .. i end
    lines[i] = string_format("%d %s\n", i, panel.values[i] == panel.values[i] and abs(panel.values[i]) < huge
      and number(panel.values[i]) or "NaN")
  end
  out("set xtics (%s) scale 0 %s", concat(tics, ", "), turned)
  out("set boxwidth 0.7")
  out("set style fill solid 0.85 noborder")
  if widest_of(theme, panel.texts, size) < slot * 0.95 then
    for i, value in ipairs(panel.values) do
      if value == value and abs(value) < huge then
        out("set label %s at first %d, first %s center offset character 0, %s tc rgb '%s' front",
          quote(panel.texts[i]), i, number(value), value < 0 and "-0.7" or "0.7", theme.ink)
      end
    end
  end
  if panel.yrange[1] < 0 then out("set xzeroaxis lt 1 lw 1 lc rgb '%s'", theme.axis) end
  if core.range(panel.array) then
    if panel.colours then  -- 0 pale, 1 the usual, 2 and 3 what tells wrong from right
      local colours = {[0] = theme.axis, theme.lines[1], theme.lines[2], theme.lines[3]}
      local plots = {}
      for code = 0, 3 do
        local some = {}
        for i, line in ipairs(lines) do
          if panel.colours[i] == code then some[#some + 1] = line end
        end
        if #some > 0 then
          plots[#plots + 1] = string_format("%s using 1:2 with boxes lc rgb '%s' notitle", block(concat(some)),
            colours[code])
        end
      end
      out("plot %s", concat(plots, ", \\\n     "))
    else
      out("plot %s using 1:2 with boxes lc rgb '%s' notitle", block(concat(lines)), theme.lines[1])
    end
  else
    out("plot NaN notitle")
  end
end

-- gnuplot draws no picture of a single row or column: such are doubled, and this is the place of a half.
local function finer(column, times)
  if times == 1 then return tostring(column) end
  return string_format("(($%d-0.5)/2)", column)
end

local function matrix_tics(out, axis, names, count, most, rest)
  local tics = {}
  if names then
    for i = 1, count do tics[i] = string_format("%s %d", quote_tic(names[i] or i), i - 1) end
  else
    local step = max(1, ceil(count / min(max(most, 2), 12)))
    if step > 2 then step = ceil(step / 5) * 5 end
    for i = 1, count do
      if i == 1 or (step == 2 and i % 2 == 1) or (step ~= 2 and i % step == 0) then
        tics[#tics + 1] = string_format("'%d' %d", i, i - 1)
      end
    end
  end
  out("set %stics (%s) scale 0 %s", axis, concat(tics, ", "), rest or "")
end

-- The size of the letters in the cells: one for all, the largest that fits each.
local function cell_font(panel, theme, width, height)
  local letters, lines = 1, 1
  for _, c in ipairs(panel.cells) do
    lines = max(lines, #c.lines)
    for _, line in ipairs(c.lines) do letters = max(letters, utf8_len(line)) end
  end
  return max(5, floor(min(theme.size * 1.3, 0.9 * width / letters / WIDE, 0.85 * height / lines / HIGH)))
end

function kinds.matrix(out, panel, theme, _, block)
  frame(out, panel, theme, false, true)
  out("unset border")
  out("unset key")
  out("set xrange [-0.5:%g] noextend", panel.columns - 0.5)
  out("set yrange [%g:-0.5] noextend", panel.rows - 0.5)
  -- About this much of the page is cells; the rest is names and the scale.
  local left = panel.row_names and widest_of(theme, panel.row_names, panel.rows, 40) or 2 * theme.size
  local width = max(0.3 * theme.width, theme.width - left - (panel.scale == false and 3 or 9) * theme.size)
  local cell_width, cell_height = width / panel.columns, theme.height * 0.76 / panel.rows
  local ratio = panel.rows / panel.columns
  if ratio > 0.2 and ratio < 5 then
    out("set size ratio -1")
    cell_width = min(cell_width, cell_height)
    cell_height = cell_width
  end
  local widest = panel.column_names and widest_of(theme, panel.column_names, panel.columns, 40) or 0
  local aslant = widest > cell_width * 0.95
  if aslant then cell_height = min(cell_height, (theme.height * 0.82 - 0.57 * widest) / panel.rows) end
  local across, down = room_for_tics(theme)
  matrix_tics(out, "x", panel.column_names, panel.columns, across, aslant and "rotate by 35 right" or "")
  matrix_tics(out, "y", panel.row_names, panel.rows, down)
  relief.palette(out, panel.palette)
  out("set cbrange [%s:%s]", number(panel.low), number(panel.high > panel.low and panel.high or panel.low + 1))
  if panel.scale == false then
    out("unset colorbox")
  else
    out("set colorbox noborder")
    out("set cbtics scale 0 textcolor rgb '%s'", theme.ink)
    out("%s", "set format cb '%h'")
    if panel.high > panel.low then relief.tics(out, "cb", panel.low, panel.high) end
  end
  local size = panel.cells and cell_font(panel, theme, ratio > 0.2 and ratio < 5 and min(cell_width, cell_height) or
    cell_width, cell_height)
  for _, c in ipairs(panel.cells or {}) do
    local t = palette.position(c.value, panel.low, panel.high)
    local colour = c.value == c.value and palette.ink_on(palette.colour(panel.palette, t)) or theme.ink
    out("set label %s at first %d, first %d center offset character 0, %g font %s tc rgb '%s' front",
      quote(concat(c.lines, "\n")), c.column - 1, c.row - 1, 0.5 * (#c.lines - 1) * size / theme.size,
      font(theme, size), colour)
  end
  if core.range(panel.data) then
    local times = (panel.rows == 1 or panel.columns == 1) and 2 or 1
    out("plot %s matrix using %s:%s:3 with image %s notitle", block(core.matrix(panel.data, times)),
      finer(1, times), finer(2, times), theme.cells_as_shapes and panel.rows * panel.columns <= 2500 and "pixels" or "")
  else
    out("plot NaN notitle")
  end
end

function kinds.picture(out, panel, theme, _, block)
  local rgb, width, height = core.shrink(panel.rgb, panel.width, panel.height, 1600)
  local scale = width / panel.width
  out("unset key")
  out("unset border")
  out("unset tics")
  out("unset colorbox")
  out("set size ratio -1")
  local sheet = panel.sheet
  if sheet and sheet.captions then
    -- The font that lets a caption fit its cell, judged by the size of a cell on the page.
    local cell = min(theme.width * 0.92 / sheet.columns, theme.height * 0.8 / ceil(sheet.count / sheet.columns))
    local longest = 4
    for _, caption in ipairs(sheet.captions) do longest = max(longest, utf8_len(M.clean(caption, 40))) end
    local size = max(5, min(theme.size, floor(0.95 * cell / longest / WIDE), floor(cell * 0.2 / HIGH)))
    local middle = sheet.cell_height + (sheet.below + 0.3 * sheet.gap) / 2
    for i = 1, sheet.count do
      if sheet.captions[i] then
        local column, row = (i - 1) % sheet.columns, (i - 1) // sheet.columns
        out("set label %s at first %s, first %s center font %s tc rgb '%s' front",
          quote(sheet.captions[i], 40),
          number((sheet.gap + column * (sheet.cell_width + sheet.gap) + sheet.cell_width / 2) * scale - 0.5),
          number((sheet.gap + row * (sheet.cell_height + sheet.gap + sheet.below) + middle) * scale - 0.5),
          font(theme, size), theme.ink)
      end
    end
  end
  out("set xrange [-0.5:%g] noextend", width - 0.5)
  out("set yrange [%g:-0.5] noextend", height - 0.5)
  out("set lmargin 1; set rmargin 1; set bmargin %d", 1)
  local times = (width == 1 or height == 1) and 2 or 1
  out("plot %s matrix using %s:%s:(int($3)>>16&255):(int($3)>>8&255):(int($3)&255) with rgbimage notitle",
    block(core.numbers(rgb, width, height, times)), finer(1, times), finer(2, times))
end

function kinds.surface(out, panel, theme, _, block) relief.surface(out, panel, theme, block) end

-- ---- the script ----

--- The commands that draw the figure into the terminal opened by `opening` (lines of gnuplot). `text` is true
--- for gnuplot's characters: then titles and names of vertical axes are left to others. `paper` is a colour to put
--- behind everything, for terminals whose opening names none.
function M.script(figure, theme, opening, text, paper)
  local lines = {}
  local function out(format, ...)
    lines[#lines + 1] = select("#", ...) > 0 and string_format(format, ...) or format
  end
  local blocks = 0
  local function block(data)
    blocks = blocks + 1
    lines[#lines + 1] = string_format("$data%d << EOD\n%sEOD", blocks, data)
    return "$data" .. blocks
  end
  -- A figure that failed halfway leaves gnuplot in the midst of its panels and of its file.
  out("unset table\nunset multiplot\nset output\nreset")
  out("%s", opening)
  local count = #figure.panels
  local place = theme
  if count > 1 then
    local columns, rows = figures.layout(figure)
    place = setmetatable({width = theme.width / columns, height = theme.height / rows}, {__index = theme})
    out("set multiplot layout %d,%d%s", rows, columns, figure.title and
      string_format(" title %s font %s textcolor rgb '%s' offset 0,-0.2", quote(figure.title, 120),
        font(theme, theme.title), theme.ink) or "")
  end
  for i, panel in ipairs(figure.panels) do
    out("reset")
    if i == 1 and paper then  -- windows have no other way to a background
      out("set object 1 rectangle from screen 0, screen 0 to screen 1, screen 1 behind fc rgb '%s' fs solid noborder",
        paper)
    end
    out("set encoding utf8")
    out("set minussign")
    out("unset decimalsign")
    local title = panel.title or (count == 1 and figure.title) or nil
    if title and not text then
      out("set title %s font %s tc rgb '%s'", quote(title, 160),
        font(theme, count > 1 and theme.size * 1.1 or theme.title), theme.ink)
    end
    kinds[panel.kind](out, panel, place, text, block, title ~= nil)
  end
  if count > 1 then out("unset multiplot") end
  for i = 1, blocks do out("undefine $data%d", i) end
  return concat(lines, "\n") .. "\n"
end

return M
