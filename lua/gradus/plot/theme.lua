-- How figures look: sizes and line widths. The sizes of `window` and files are pixels.

local palette = require "gradus.plot.palette"

local pairs = pairs

local M = {}

local default = {
  width = 960, height = 600, font = "DejaVu Sans", size = 12, title = 15, line = 2.2, point = 1.1,
  paper = "#ffffff", ink = "#222222", faint = "#dddddd", axis = "#888888", lines = palette.okabe_ito,
}

local function derive(changes)
  local theme = {}
  for key, value in pairs(default) do theme[key] = value end
  for key, value in pairs(changes) do theme[key] = value end
  return theme
end

M.themes = {
  default = default,
  dark = derive {
    paper = "#1c1f24", ink = "#e6e6e6", faint = "#3a3f47", axis = "#8a8f98", lines = palette.okabe_ito_on_dark,
  },
  -- Readable from the back row.
  projector = derive {width = 1280, height = 800, size = 22, title = 28, line = 5, point = 2.2},
  -- Black ink on paper: lines differ in dashes, not in colour.
  print = derive {
    font = "DejaVu Serif", line = 1.8, ink = "#000000", axis = "#000000", faint = "#cccccc",
    lines = palette.greys, dashes = true,
  },
}

M.names = {"default", "dark", "projector", "print"}
M.current = "default"

function M.get() return M.themes[M.current] end

return M
