-- A figure is data: a title and panels. Renderers (gnuplot.lua, text.lua) read it; nothing here draws.
--
-- A panel is one of
--   {kind="curves",  series={{x=, y=, label=, style=, color=, dash=}, ...}, marks={{x=, label=}, ...}}
--                    with field={data= or rgb=, rows=, columns=, x={low, high}, y={low, high}, contours=} what lies
--                    under the series (see fields.lua)
--   {kind="surface", field=, path={x=, y=, z=}, view={tilt, turn}}
--   {kind="bars",    labels={...}, values={...}, texts={...}, colours={0..3, ...}, ends={low, high}}
--   {kind="matrix",  data=array, rows=, columns=, low=, high=, palette=, cells={{row=, column=, lines={...}}}}
--   {kind="picture", rgb=, width=, height=, sheet=}, where a contact sheet has
--                    sheet={count=, columns=, asked=, widest=, gap=, below=, cell_width=, cell_height=, captions=,
--                           items={{rgb=, width=, height=}}}
-- with title, xlabel, ylabel, xrange, yrange ({low, high}, always finite), log ("", "x", "y" or "xy").

local core = require "gradus.core.plot"
local fail = require "gradus.plot.arguments".fail

local getmetatable, ipairs, setmetatable, type = getmetatable, ipairs, setmetatable, type
local abs, ceil, huge, min, max, sqrt = math.abs, math.ceil, math.huge, math.min, math.max, math.sqrt
local string_format = string.format

local M = {}

local Figure = {}
Figure.__index = Figure
Figure.__name = "figure"
M.metatable = Figure

function M.new(figure)
  return setmetatable(figure, Figure)
end

function M.is(value) return getmetatable(value) == Figure end

local counted = {
  curves = function(panel)
    if not panel.field then return #panel.series, "series" end
    return nil, string_format("%d x %d field", panel.field.rows, panel.field.columns) ..
      (panel.field.rgb and string_format(", %d series", #panel.series) or "")
  end,
  surface = function(panel)
    return nil, string_format("%d x %d surface", panel.field.rows, panel.field.columns)
  end,
  bars = function(panel) return #panel.values, #panel.values == 1 and "bar" or "bars" end,
  matrix = function(panel) return nil, string_format("%d x %d matrix", panel.rows, panel.columns) end,
  picture = function(panel)
    if panel.sheet then return panel.sheet.count, panel.sheet.count == 1 and "picture" or "pictures" end
    return nil, string_format("%d x %d picture", panel.height, panel.width)
  end,
}

function Figure:__tostring()
  local panel = self.panels[1]
  local number, noun = counted[panel.kind](panel)
  local text = (number and number .. " " or "") .. noun
  if #self.panels > 1 then
    text = string_format("%d panels", #self.panels)
    local total = 0
    for _, p in ipairs(self.panels) do
      total = total and p.kind == panel.kind and number and total + (counted[p.kind](p) or 0) or nil
    end
    if total then text = string_format("%s, %d %s", text, total, noun) end
  end
  return "figure: " .. (self.title and self.title .. ", " or "") .. text
end

--- How many panels stand side by side, and in how many rows.
function M.layout(figure)
  local count = #figure.panels
  local columns = min(figure.columns or ceil(sqrt(count)), count)
  return columns, ceil(count / columns)
end

--- The finite ends of what `arrays` hold, with room around them: a range that gnuplot can always draw.
function M.fit(arrays, log, room)
  local low, high = huge, -huge
  for _, array in ipairs(arrays) do
    local a, b = core.range(array, log)
    if a then low, high = min(low, a), max(high, b) end
  end
  if low > high then
    if log then return {0.1, 1} end
    return {0, 1}
  end
  if log then
    -- What is beyond gnuplot's own numbers is left out of the picture.
    low, high = max(low, 1e-307), max(high, 1e-306)
    local factor = high / low < 1.001 and 2 or (high / low) ^ room
    return {max(low / factor, 1e-307), min(high * factor, 1.7e308)}
  end
  -- Below this width gnuplot cannot label the axis; beyond +-1e300 the width itself would overflow.
  if high - low <= 1e-9 * max(abs(low), abs(high), 1e-290) then
    local around = max(abs(low), abs(high)) * 0.1
    if around == 0 then around = 1 end
    return {max(low - around, -1.7e308), min(high + around, 1.7e308)}
  end
  local around = room * (high / 2 - low / 2) * 2
  if around >= huge or low - around <= -huge or high + around >= huge then around = 0 end
  return {low - around, high + around}
end

--- The learner's own range, checked: {low, high}.
function M.check_range(what, name, range, log)
  local low, high
  if type(range) == "table" then low, high = range[1], range[2] end
  local function finite(x) return type(x) == "number" and x == x and abs(x) < huge end
  if not finite(low) or not finite(high) or low == high then
    fail("%s: %s is {low, high}, two different finite numbers, as in %s={0, 1}", what, name, name)
  end
  if log and (low <= 0 or high <= 0) then
    fail("%s: with a logarithmic axis both ends of %s must be above 0; got {%s, %s}", what, name, low,
      high)
  end
  return {low + 0.0, high + 0.0}
end

return M
