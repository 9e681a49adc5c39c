-- Fields (see fields.lua) as gnuplot commands: colours with contours, and surfaces in space.

local core = require "gradus.core.plot"
local palette = require "gradus.plot.palette"
local quoting = require "gradus.plot.quoting"

local ipairs, select = ipairs, select
local floor, log, max = math.floor, math.log, math.max
local string_format, concat = string.format, table.concat

local number, quote = quoting.number, quoting.quote

local M = {}

function M.palette(out, name)
  local parts = {}
  for i = 0, 32 do
    local r, g, b = palette.colour(name, i / 32)
    parts[i + 1] = string_format("%g '%s'", i / 32, palette.hex(r, g, b))
  end
  out("set palette defined (%s)", concat(parts, ", "))
end

-- The place of a matrix's column and row in the plane.
local function placed(field)
  local function axis(column, ends, count)
    return string_format("(%s+$%d*%s)", number(ends[1]), column, number((ends[2] - ends[1]) / (count - 1)))
  end
  return axis(1, field.x, field.columns) .. ":" .. axis(2, field.y, field.rows)
end

--- A step of 1, 2 or 5 times a power of ten that divides a range into at most `parts`; nil beyond gnuplot's numbers.
function M.step(low, high, parts)
  local rough = high / parts - low / parts
  if rough < 1e-300 or rough > 1e300 then return nil end
  local power = 10 ^ floor(log(rough, 10))
  local step = 10 * power
  for _, factor in ipairs {5, 2, 1} do
    if factor * power >= rough then step = factor * power end
  end
  return step
end

--- Numbers beside an axis at such a step, by default for 5 parts: what has room on a small axis. Where there is none it
--- is left to gnuplot.
function M.tics(out, axis, low, high, parts)
  local step = M.step(low, high, parts or 5)
  if step then out("set %stics %s", axis, number(step)) end
end

local function colour_scale(out, field, theme)
  M.palette(out, field.palette)
  if field.log then out("set logscale cb") end
  out("set cbrange [%s:%s]", number(field.low), number(field.high))
  out("set colorbox noborder")
  out("set cbtics scale 0 textcolor rgb '%s'", theme.ink)
  out("%s", "set format cb '%g'")
  if not field.log then M.tics(out, "cb", field.low, field.high) end
end

local BEYOND = 1e150  -- numbers that gnuplot's contours multiply, and lose

-- The contours as a data block of lines, which gnuplot makes by writing a "table". Nothing when no level lies between
-- the least and the greatest number: gnuplot refuses to draw nothing.
local function contour_lines(out, field, contour, block)
  local low, high = core.range(contour.data)
  if low and max(-low, high) > BEYOND then return nil end
  local levels = {}
  for _, level in ipairs(contour.levels) do
    if low and level > low and level < high then levels[#levels + 1] = number(level) end
  end
  if #levels == 0 then return nil end
  local data = block(core.matrix(contour.data, 1))
  local lines = block("0 0\n")
  out("set table %s", lines)
  out("set contour base")
  out("set cntrparam levels discrete %s", concat(levels, ", "))
  out("unset surface")
  out("splot %s matrix using %s:3 with lines notitle", data, placed(field))
  out("unset table\nunset contour\nset surface")
  return lines
end

--- The field under a panel's series: appends clauses of "plot".
function M.field(out, plots, field, theme, block)
  if field.rgb then
    plots[1] = string_format(
      "%s matrix using %s:(int($3)>>16&255):(int($3)>>8&255):(int($3)&255) with rgbimage notitle",
      block(core.numbers(field.rgb, field.columns, field.rows, 1)), placed(field))
  elseif core.range(field.data, field.log ~= nil) then
    plots[1] = string_format("%s matrix using %s:3 with image notitle", block(core.matrix(field.data, 1)),
      placed(field))
  end
  for _, contour in ipairs(field.contours) do
    local lines = contour_lines(out, field, contour, block)
    if lines then
      plots[#plots + 1] = string_format("%s using 1:2 with lines lc rgb '%s' lw %g notitle", lines,
        contour.bold and theme.ink or "#60ffffff", theme.line * (contour.bold and 0.8 or 0.5))
    end
  end
  if field.scale then colour_scale(out, field, theme) end
end

--- A surface in space, and a path on it.
function M.surface(out, panel, theme, block)
  local field = panel.field
  out("unset key")
  -- gnuplot's own border has a line from the corner in front up to the surface, over everything.
  out("unset border")
  local x, y, low = field.x, field.y, number(field.low)
  for _, edge in ipairs {{1, 1, 2, 1}, {2, 1, 2, 2}, {2, 2, 1, 2}, {1, 2, 1, 1}} do
    out("set arrow from %s,%s,%s to %s,%s,%s nohead back lc rgb '%s' lw 1", number(x[edge[1]]), number(y[edge[2]]),
      low, number(x[edge[3]]), number(y[edge[4]]), low, theme.axis)
  end
  out("set tics nomirror textcolor rgb '%s'", theme.ink)
  out("set xtics offset 0,-0.4\nset ytics offset 0.6,-0.2")
  M.tics(out, "x", x[1], x[2])
  M.tics(out, "y", y[1], y[2])
  out("%s", "set format xy '%h'\nset format z '%h'")
  out("set xyplane at %s", number(field.low))
  out("set view %g, %g, 1, 1", panel.view[1], panel.view[2])
  if field.log then
    out("set logscale z")
  else
    M.tics(out, "z", field.low, field.high)
  end
  for _, axis in ipairs {"x", "y", "z"} do
    local label = panel[axis .. "label"]
    if label then out("set %slabel %s tc rgb '%s'", axis, quote(label, 120), theme.ink) end
  end
  out("set xrange [%s:%s] noextend", number(field.x[1]), number(field.x[2]))
  out("set yrange [%s:%s] noextend", number(field.y[1]), number(field.y[2]))
  out("set zrange [%s:%s] noextend", number(field.low), number(field.high))
  if not core.range(field.data, field.log ~= nil) then
    out("set label 1 'no finite numbers' at screen 0.5, 0.5 center tc rgb '%s'", theme.ink)
    out("splot NaN notitle")
    return
  end
  local plots = {}
  local function add(format, ...)
    plots[#plots + 1] = select("#", ...) > 0 and string_format(format, ...) or format
  end
  local data = block(core.matrix(field.data, 1))
  colour_scale(out, field, theme)
  out("set pm3d scansautomatic border lc rgb '#a0000000' lw 0.3")
  add("%s matrix using %s:3 with pm3d notitle", data, placed(field))
  if panel.path then  -- light within dark: seen on every colour
    local path = block(core.columns(panel.path.x, panel.path.y, panel.path.z))
    for _, pen in ipairs {{"#000000", 2.2, 1.1}, {"#ffffff", 1, 0.7}} do
      add("%s using 1:2:3 with linespoints lc rgb '%s' lw %g pt 7 ps %g notitle", path, pen[1], theme.line * pen[2],
        theme.point * pen[3])
    end
  end
  out("splot %s", concat(plots, ", \\\n      "))
end

return M
