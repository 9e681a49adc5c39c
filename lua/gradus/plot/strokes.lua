-- Series and annotations as clauses of gnuplot's "plot" command.

local arguments = require "gradus.plot.arguments"
local core = require "gradus.core.plot"
local notes = require "gradus.plot.notes"
local quoting = require "gradus.plot.quoting"

local ipairs = ipairs
local atan, floor, huge, max, pi, sqrt = math.atan, math.floor, math.huge, math.max, math.pi, math.sqrt
local string_format, concat = string.format, table.concat

local number, quote = quoting.number, quoting.quote

local M = {}

-- In colour and in shape: classes must be told apart without colour, too.
local shapes = {7, 5, 9, 13, 11, 6, 4}

-- The shape of points number i: beyond as many as there are colours, a colour comes again with another shape.
local function shape_of(i, colours) return shapes[(i - 1 + (i - 1) // colours) % #shapes + 1] end

--- The letters that are points in gnuplot's characters: O, then A to N, and P to Z.
M.letters = {15, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26}

-- A gap in a curve of lines is a point that is not a number; gnuplot refuses a curve of nothing but those.
local function has_points(series, log)
  return core.range(series.x, log:find("x", 1, true)) and core.range(series.y, log:find("y", 1, true))
end

-- gnuplot's characters have no tinted areas: the edges of a band as dots, dense enough to be seen.
local DOTS = 150

local function dotted(x, y)
  local xs, ys, dense_x, dense_y = core.values(x), core.values(y), {}, {}
  local each = max(1, floor(DOTS / max(#xs, 1)))
  for i = 1, #xs - 1 do
    for k = 0, each - 1 do
      local t = k / each
      dense_x[#dense_x + 1] = xs[i] + t * (xs[i + 1] - xs[i])
      dense_y[#dense_y + 1] = ys[i] + t * (ys[i + 1] - ys[i])
    end
  end
  dense_x[#dense_x + 1], dense_y[#dense_y + 1] = xs[#xs], ys[#ys]
  return core.columns(core.array(dense_x, "plot"), core.array(dense_y, "plot"))
end

-- Each: the clauses of one series. `pen` is its colour, `line` that with the width and dashes, `title` its name.
local draw = {}

-- The points of a series, or, of very many, as many as can be told apart.
local function points_of(panel, series)
  local x, y = core.thin(series.x, series.y, series.style == "points", panel.xrange, panel.yrange,
    panel.log:find("x", 1, true), panel.log:find("y", 1, true))
  return core.columns(x, y)
end

local function simple(style, points)
  return function(add, series, block, pen, title, context)
    add("%s using 1:2 with %s %s%s %s", block(points_of(context.panel, series)), style, pen.line,
      points and pen.points(points) or "", title)
  end
end

draw.lines = simple "lines"
draw.steps = simple "steps"
draw.impulses = simple "impulses"
draw.bars = simple "boxes"
draw.points = simple("points", 1)

-- Whether the points of a line are so many that they must be small.
local function crowded(series) return arguments.count_of(series.x) > 30 end

function draw.linespoints(add, series, block, pen, title, context)
  simple("linespoints", crowded(series) and 0.4 or 0.7)(add, series, block, pen, title, context)
end

function draw.histogram(add, series, block, pen, title, context)
  local data = block(core.columns(series.x, series.y))
  local solid = context.alone and 0.75 or 0.45
  local tint = context.text and "" or string_format("fs transparent solid %g border", solid)
  add("%s using 1:2:(%s) with boxes %s lw %g lc rgb '%s' %s", data, number(series.width), tint,
    context.theme.line * 0.4, pen.colour, title)
end

function draw.band(add, series, block, pen, title, context)
  if context.text then
    add("%s using 1:2 with dots %s notitle", block(dotted(series.x, series.low)), pen.line)
    add("%s using 1:2 with dots %s notitle", block(dotted(series.x, series.high)), pen.line)
  else
    add("%s using 1:2:3 with filledcurves fs transparent solid 0.22 noborder lc rgb '%s' notitle",
      block(core.columns(series.x, series.low, series.high)), pen.colour)
  end
  draw.lines(add, series, block, pen, title, context)
end

function draw.errorbars(add, series, block, pen, title, context)
  add("%s using 1:2:3:4 with yerrorlines %s%s %s", block(core.columns(series.x, series.y, series.low, series.high)),
    pen.line, context.text and "" or pen.points(0.8), title)
end

local arrows = {[0] = "\u{2192}", "\u{2197}", "\u{2191}", "\u{2196}", "\u{2190}", "\u{2199}", "\u{2193}", "\u{2198}"}

-- In characters an arrow is one of eight, where it begins, or a dot when it is less than a twentieth of the longest.
local function arrow_signs(panel, series)
  local x, y, to_x, to_y = core.values(series.x), core.values(series.y), core.values(series.to_x),
    core.values(series.to_y)
  -- A character is about twice as high as wide, and the axes are about 68 by 15 of them.
  local wide, high = 68 / (panel.xrange[2] - panel.xrange[1]), 30 / (panel.yrange[2] - panel.yrange[1])
  local across, up, lengths, longest = {}, {}, {}, 0
  for i = 1, #x do
    across[i], up[i] = (to_x[i] - x[i]) * wide, (to_y[i] - y[i]) * high
    lengths[i] = sqrt(across[i] ^ 2 + up[i] ^ 2)
    if lengths[i] < huge then longest = max(longest, lengths[i]) end
  end
  local lines = {}
  for i = 1, #x do
    local length = lengths[i]
    if length == length and length < huge and x[i] - x[i] == 0 and y[i] - y[i] == 0 then
      local sign = length > longest / 20 and arrows[floor(atan(up[i], across[i]) / pi * 4 + 0.5) % 8] or "\u{B7}"
      lines[#lines + 1] = string_format("%s %s %s\n", number(x[i]), number(y[i]), sign)
    end
  end
  return concat(lines)
end

-- The tips of arrows, from the middle of which their shafts begin.
function draw.vectors(add, series, block, pen, title, context)
  if context.text then
    local signs = arrow_signs(context.panel, series)
    if signs == "" then return add("NaN notitle") end
    add("%s using 1:2:3 with labels notitle", block(signs))
    if series.label then add("NaN with lines %s %s", pen.line, title) end
    return
  end
  add("%s using 1:2:($3-$1):($4-$2) with vectors head filled size screen 0.008,18,60 lc rgb '%s' lw %g %s",
    block(core.columns(series.x, series.y, series.to_x, series.to_y)), pen.colour, context.theme.line * 0.7, title)
end

--- Appends the clauses of series `i` of the panel to `plots`.
function M.add(plots, panel, i, theme, text, block)
  local series = panel.series[i]
  local function add(format, ...) plots[#plots + 1] = string_format(format, ...) end
  local colour = series.faint and theme.axis or series.colour or
    theme.lines[((series.color or i) - 1) % #theme.lines + 1]
  local title = series.label and "title " .. quote(series.label, 60) or "notitle"
  local pen = {colour = colour}
  if text then
    pen.line = string_format("lt %d lc rgb '%s'", i, colour)
    function pen.points() return " pt " .. M.letters[(i - 1) % #M.letters + 1] end
  else
    local dash = series.dash or (theme.dashes and (i - 1) % 5 + 1) or 1
    pen.line = string_format("lc rgb '%s' lw %g dt %d", colour, theme.line, dash)
    function pen.points(scale)
      local shape = scale == 1 and shape_of(series.color or i, #theme.lines) or 7
      return string_format(" pt %d ps %g", shape, theme.point * scale)
    end
  end
  if has_points(series, panel.log) then
    if series.outline and not text then  -- readable on any ground
      local size = series.style == "points" and 1.5 or crowded(series) and 0.7 or 1.1
      add("%s using 1:2 with %s lc rgb '%s' lw %g pt 7 ps %g notitle", block(points_of(panel, series)),
        series.style, series.outline, theme.line * 2.2, theme.point * size)
    end
    draw[series.style](add, series, block, pen, title, {theme = theme, text = text, panel = panel,
      alone = #panel.series == 1})
  else
    add("NaN with lines %s %s", pen.line, title)
  end
end

--- Lines across the picture, and annotations: a dot and a text beside it.
function M.notes(out, plots, panel, theme, text, block)
  local function across(from_x, from_y, to_x, to_y)
    if text then
      plots[#plots + 1] = string_format("%s using 1:2 with dots notitle", block(dotted(
        core.array({from_x, to_x}, "plot"), core.array({from_y, to_y}, "plot"))))
    else
      out("set arrow from %s,%s to %s,%s nohead back lc rgb '%s' lw %g dt 2", number(from_x), number(from_y),
        number(to_x), number(to_y), theme.axis, theme.line * 0.7)
    end
  end
  for _, y in ipairs(panel.hlines or {}) do across(panel.xrange[1], y, panel.xrange[2], y) end
  for _, x in ipairs(panel.vlines or {}) do across(x, panel.yrange[1], x, panel.yrange[2]) end
  if not panel.annotations then return end
  local boxed = panel.field and not text and "boxed" or ""
  if boxed ~= "" then out("set style textbox opaque fillcolor rgb '%s' noborder margins 0.6, 0.4", theme.paper) end
  -- The axes take about this much of the page; of the terminal's characters about 68 by 15.
  local letter = text and {1 / 68, 1 / 15} or {0.7 * theme.size / (0.86 * theme.width), 1.6 * theme.size /
    (0.75 * theme.height)}
  for i, side in ipairs(notes.place(panel, letter)) do
    local note = panel.annotations[i]
    out("set label %s at first %s, first %s %s offset character %g, %g point pt %d ps %g lc rgb '%s' tc rgb '%s' " ..
      "front %s", quote(note.text, 80), number(note.x), number(note.y), side.right > 0 and "left" or "right",
      side.right * (text and 1 or 0.8), side.up * (text and 1 or 0.7), text and 15 or 7, theme.point * 0.9, theme.ink,
      theme.ink, boxed)
  end
end

return M
