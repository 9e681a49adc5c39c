-- Colours. Lines take those of Okabe and Ito, which people with any common colour blindness tell apart; heat
-- maps take viridis (lightness grows steadily, so it survives a black-and-white printer), blues for counts,
-- and blue - white - red where 0 is in the middle.

local core = require "gradus.core.plot"

local tonumber = tonumber
local floor, min, max = math.floor, math.min, math.max
local string_char, string_format, concat = string.char, string.format, table.concat

local M = {}

M.okabe_ito = {"#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#666666"}
M.okabe_ito_on_dark = {"#56B4E9", "#E69F00", "#00C08B", "#E89BC8", "#F0E442", "#FF7F3F", "#BBBBBB"}
-- Readable on black and on white, since a terminal does not say which it is.
M.on_any = {"#56B4E9", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#0072B2", "#888888"}
M.greys = {"#000000", "#777777", "#444444", "#999999"}

-- viridis as a polynomial in the position, one for each of red, green and blue, lowest power first (a
-- least-squares fit of matplotlib's table, which is in the public domain; off by less than 1/100).
local viridis = {
  {0.2777273, 0.1050930, -0.3308618, -4.6342305, 6.2282699, 4.7763850, -5.4354559},
  {0.0054073, 1.4046135, 0.2148476, -5.7991010, 14.1799334, -13.7451454, 4.6458526},
  {0.3340998, 1.3845902, 0.0950952, -19.3324410, 56.6905526, -65.3530326, 26.3124353},
}

-- The others pass through these colours at even distances.
local stops = {
  blues = {{247, 251, 255}, {198, 219, 239}, {107, 174, 214}, {33, 113, 181}, {8, 48, 107}},
  balance = {{5, 80, 140}, {90, 160, 205}, {246, 246, 246}, {230, 140, 90}, {165, 30, 20}},
  grey = {{0, 0, 0}, {255, 255, 255}},
}

M.names = {"viridis", "blues", "balance", "grey"}

--- Red, green and blue, 0 to 255, of the palette at position t, 0 to 1.
function M.colour(name, t)
  t = min(1, max(0, t))
  local rgb = {}
  for c = 1, 3 do
    local v
    if name == "viridis" then
      v = 0
      for power = 7, 1, -1 do v = v * t + viridis[c][power] end
      v = 255 * v
    else
      local list = stops[name]
      local at = t * (#list - 1)
      local i = min(floor(at), #list - 2)
      v = list[i + 1][c] + (at - i) * (list[i + 2][c] - list[i + 1][c])
    end
    rgb[c] = floor(min(255, max(0, v)) + 0.5)
  end
  return rgb[1], rgb[2], rgb[3]
end

local tables = {}

--- The palette as 256 colours of three bytes, for gradus.core.plot.
function M.bytes(name)
  if not tables[name] then
    local parts = {}
    for i = 0, 255 do parts[i + 1] = string_char(M.colour(name, i / 255)) end
    tables[name] = concat(parts)
  end
  return tables[name]
end

function M.hex(r, g, b) return string_format("#%02x%02x%02x", r, g, b) end

--- Red, green and blue, 0 to 255, of "#rrggbb".
function M.parts(hex)
  local r, g, b = hex:match "#(%x%x)(%x%x)(%x%x)"
  return tonumber(r, 16), tonumber(g, 16), tonumber(b, 16)
end

--- "#ffffff" or "#000000": what is readable on that colour.
function M.ink_on(r, g, b)
  return 0.299 * r + 0.587 * g + 0.114 * b > 140 and "#000000" or "#ffffff"
end

--- The value as a position in its palette.
function M.position(value, low, high)
  if high <= low then return 0 end
  return (value - low) / (high - low)
end

--- Paints `text` on the palette's colour at t, for a terminal with that ink.
function M.paint(ink, name, t, text)
  if ink == "none" then return text end
  return core.paint(ink, M.colour(name, t)) .. text .. "\27[0m"
end

return M
