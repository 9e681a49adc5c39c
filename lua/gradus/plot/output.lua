-- Where figures appear. In this order: what the learner set with plot.terminal; a PNG file when standard
-- output is no terminal; a window when there is a display and a gnuplot that opens windows; a picture in the terminal
-- when it says that it shows them; characters.

local bytes_of = require "gradus.session.bytes"
local core = require "gradus.core.plot"
local fail = require "gradus.plot.arguments".fail
local figures = require "gradus.plot.figure"
local files = require "gradus.core.file"
local gnuplot = require "gradus.plot.gnuplot"
local options = require "gradus.options"
local session_core = require "gradus.core.session"
local session = require "gradus.session"
local text = require "gradus.plot.text"
local themes = require "gradus.plot.theme"

local error, ipairs, pcall, setmetatable = error, ipairs, pcall, setmetatable
local tostring, type = tostring, type
local floor, max, min = math.floor, math.max, math.min
local string_format, concat = string.format, table.concat
local getenv, io_write = os.getenv, io.write
local utf8_len, utf8_offset = utf8.len, utf8.offset

local M = {}

M.settings = {
  terminal = nil,     -- what the learner set
  dir = getenv "GRADUS_PLOTS" or "plots",  -- where PNG files go; the command line's --plots sets the variable
  is_terminal = nil,  -- nil: ask the system
  pictures = nil,     -- what the terminal shows: "kitty", "sixel", false; nil: ask it
  ink = nil,          -- "none", "256", "true"; nil: from the environment
  ascii = nil,        -- whether the terminal knows ASCII only; nil: from the environment
  columns = nil, rows = nil,
  seconds = 30,       -- how long gnuplot may take for one figure
}

local settings = M.settings

M.terminals = {"auto", "characters", "dumb", "png", "qt", "wxt", "x11", "aqua", "sixel", "kitty", "none"}

-- ---- what this gnuplot can do ----

local available  -- set of its terminals

local function has(name)
  if not available then
    local list, message = core.run("set print '-'\nprint GPVAL_TERMINALS\nset print\n", settings.seconds)
    if not list then error(message, 0) end
    available = {}
    for word in list:gmatch("%S+") do available[word] = true end
  end
  return available[name]
end

local windows = {"qt", "wxt", "x11", "aqua"}
local windows_failed = false

function M.is_window(name)
  for _, window in ipairs(windows) do
    if window == name then return true end
  end
  return false
end

-- ---- choosing ----

-- Where the output of the session that runs goes; nil without a session.
local function sink()
  local current = session.current()
  return current and current.sink
end

local function is_terminal()
  if settings.is_terminal ~= nil then return settings.is_terminal end
  local front = sink()
  if front and front.is_terminal ~= nil then return front.is_terminal end
  return session_core.is_terminal("stdout")
end

local function ink()
  if settings.ink then return settings.ink end
  local front = sink()
  local no_color = getenv "NO_COLOR"
  local term = getenv "TERM" or ""
  if (no_color and no_color ~= "") or term == "dumb" or not is_terminal() or (front and front.colour == false) then
    return "none"
  end
  local depth = getenv "COLORTERM" or ""
  if depth:find "truecolor" or depth:find "24bit" or term:find "direct" or term:find "kitty" then return "true" end
  return "256"
end

-- The locale, when one is set, says whether the terminal reads UTF-8; every terminal of today does.
local function ascii()
  if settings.ascii ~= nil then return settings.ascii end
  for _, name in ipairs {"LC_ALL", "LC_CTYPE", "LANG"} do
    local locale = getenv(name) or ""
    if locale ~= "" then return not locale:lower():find "utf%-?8" end
  end
  return false
end

function M.screen()
  return {
    columns = settings.columns or session_core.width(),
    rows = settings.rows or session_core.height(),
    ink = ink(),
    ascii = ascii(),
  }
end

-- "kitty", "sixel" or false: the terminal is asked once.
local function pictures()
  if settings.pictures == nil then
    local term = getenv "TERM" or "dumb"
    local plain = term == "dumb" or term == "linux" or (getenv "ACCESSIBLE" or "") ~= ""
    settings.pictures = not plain and session_core.is_terminal("stdout") and core.ask_terminal() or false
    if settings.pictures == "sixel" and not has "sixelgd" then settings.pictures = false end
  end
  return settings.pictures
end

--- "png", "characters", "kitty", "sixel" or the name of a gnuplot terminal that opens a window; "data" when the front
--- end takes figures as they are.
local function choose()
  local name = settings.terminal
  local front = sink()
  if front and front.takes_pictures and name ~= "none" then return "data" end
  if name == "dumb" then return "characters" end
  if name then return name end
  if not is_terminal() then return "png" end
  if not windows_failed and ((getenv "DISPLAY" or "") ~= "" or (getenv "WAYLAND_DISPLAY" or "") ~= "") then
    for _, window in ipairs(windows) do
      if has(window) then return window end
    end
  end
  return pictures() or "characters"
end

M.choose = choose

-- ---- openings: the lines that set gnuplot's terminal ----

local function quoted_font(theme) return gnuplot.quote(theme.font .. "," .. theme.size) end

local terminals = {}

local function need(name, does, instead)
  if not has(name) then error(string_format("this gnuplot %s: %s", does, instead), 0) end
end

function terminals.png(theme)
  if has "pngcairo" then
    return string_format("set terminal pngcairo noenhanced color size %d,%d font %s background rgb '%s' linewidth 1",
      theme.width, theme.height, quoted_font(theme), theme.paper)
  end
  need("png", "writes no PNG (it was built without cairo and libgd)",
    'save the figure as .svg, or draw in the terminal with plot.terminal("characters")')
  return string_format("set terminal png noenhanced truecolor size %d,%d font %s background rgb '%s'", theme.width,
    theme.height, quoted_font(theme), theme.paper)
end

function terminals.svg(theme)
  need("svg", "writes no SVG", "save the figure as .png or .pdf")
  -- Its letters are in pixels, those of the others in points.
  return string_format("set terminal svg noenhanced size %d,%d dynamic font %s fontscale 1.33 background rgb '%s'",
    theme.width, theme.height, quoted_font(theme), theme.paper)
end

function terminals.pdf(theme)
  need("pdfcairo", "writes no PDF (it was built without cairo)", "save the figure as .svg or .png")
  return string_format(
    "set terminal pdfcairo noenhanced color size %gin,%gin font %s fontscale 0.75 background rgb '%s'",
    theme.width / 96, theme.height / 96, quoted_font(theme), theme.paper)
end

-- Into the terminal: what gnuplot writes is caught and passed on.
function terminals.sixel(theme)
  need("sixelgd", "draws no sixel pictures (it was built without libgd)", 'take plot.terminal("characters")')
  return string_format("set terminal sixelgd noenhanced truecolor size %d,%d font %s background rgb '%s'\nset output",
    theme.width, theme.height, quoted_font(theme), theme.paper)
end

function terminals.kitty(theme) return terminals.png(theme) .. "\nset output" end

local file_kinds = {png = true, svg = true, pdf = true}

-- ---- drawing ----

local CELL = 4.2  -- sizes of a letter that a cell with a text needs
local NAME = 0.9  -- and the part of it that a letter of a column's name needs in width

-- The side of a matrix's cells that lets their texts, and the names of the columns, be read.
local function cell_side(panel, size)
  local letters = 0
  for _, name in ipairs(panel.column_names or {}) do
    letters = max(letters, utf8_len(gnuplot.clean(name, 10)))
  end
  return size * max(CELL, NAME * letters)
end

-- Pictures and heat maps are as wide as they need to be (a square one in a wide frame would be mostly margin), and as
-- high as their texts need.
local function theme_for(figure, theme)
  theme = theme or themes.get()
  local panel = figure.panels[1]
  local changed = setmetatable({}, {__index = theme})
  if #figure.panels > 1 then
    local columns, rows = figures.layout(figure)
    changed.width = floor(theme.width * min(columns == 1 and 1 or 0.35 + 0.45 * columns, 1.7))
    changed.height = floor(theme.height * min(0.25 + 0.6 * rows, 2.1))
    changed.size = floor(0.5 + theme.size * max(0.7, 1.08 - 0.08 * columns))
  elseif panel.square then
    changed.width = floor(theme.height * 1.08)
  elseif panel.kind == "picture" or panel.kind == "matrix" then
    local w, h = panel.width or panel.columns, panel.height or panel.rows
    local extra = panel.kind == "matrix" and (panel.scale == false and 9 or 15) * theme.size or 30
    local body = theme.height - 7 * theme.size
    if panel.cells then body = min(max(body, h * cell_side(panel, theme.size)), 1.5 * theme.height) end
    local ratio = w / h
    if ratio > 4 then body = max(body * 4 / ratio, theme.height * 0.25) end  -- a row of numbers is no tower
    changed.width = floor(body * min(max(ratio, 0.4), ratio > 4 and 9 or 2.4) + extra)
    changed.height = floor(body + 7 * theme.size)
    changed.width = min(changed.width, 2 * theme.width)
  end
  return changed
end

-- Calls f; what it fails with gets the figure's name.
local function naming(figure, f, ...)
  local ok, message = pcall(f, ...)
  if ok then return end
  if message == "interrupted" then error(message, 0) end
  local name = figure.title and 'figure "' .. gnuplot.clean(figure.title, 60):gsub("\n", " ") .. '"' or "figure"
  fail("%s: %s", name, message)
end

local function run(script)
  local output, message = core.run(script, settings.seconds)
  if not output then error(message, 0) end
  return output
end

-- How a file of each kind ends when it is whole.
local endings = {png = "IEND\xae\x42\x60\x82", svg = "</svg>%s*", pdf = "%%%%EOF%s*"}

-- The figure as the bytes of a file. gnuplot never learns the file's name: in its "set output" names may be commands.
local function drawn_as(figure, kind, theme)
  theme = theme_for(figure, theme)
  theme.cells_as_shapes = kind == "svg"  -- many programs blur the pictures in an SVG
  local script = gnuplot.script(figure, theme, terminals[kind](theme) .. "\nset output", false)
  return M.check_whole(run(script .. "set output\n"), kind)
end

--- The bytes, when they are a whole file of that kind.
function M.check_whole(bytes, kind)
  if not bytes:sub(-64):find(endings[kind] .. "$") then
    error("gnuplot did not draw all of it: has it run out of memory, or of room in " ..
      (getenv "TMPDIR" or "/tmp") .. "?", 0)
  end
  return bytes
end

--- Writes the bytes of a picture into the file, whole or not at all.
function M.write(path, bytes)
  local ok, message = files.write(path, bytes)
  if not ok then error(message, 0) end
end

function M.save(figure, path)
  if type(path) ~= "string" then
    error("save needs the name of a file, as in fig:save(\"curve.png\"); got a " .. type(path), 0)
  end
  local kind = path:match "%.(%w+)$"
  kind = kind and kind:lower()
  if not file_kinds[kind] then
    fail('save: the name "%s" must end in .png, .svg or .pdf', path)
  end
  if path:find "\0" then error("save: the name of a file cannot have a zero byte", 0) end
  naming(figure, function() M.write(path, drawn_as(figure, kind)) end)
end

-- Between what gnuplot's characters draw for one panel and for the next: the ASCII character for that.
local SEPARATOR = "set print '-'\nprint \"\\036\"\nset print\n"

-- The commands for those panels that gnuplot draws, and a function that makes the text from what it wrote.
-- With `all_at_once` the whole figure fits the screen, and leaves a few lines.
local function characters_plan(figure, all_at_once)
  local screen = M.screen()
  local width = min(screen.columns - 1, 110)
  local height = max(10, min(screen.rows - 4, width // 3))
  if all_at_once then height = max(8, min(height, (screen.rows - 7) // #figure.panels - 1)) end
  local opening = string_format("set terminal dumb noenhanced nofeed mono size %d,%d\nset output", width, height)
  local commands = {}
  for _, panel in ipairs(figure.panels) do
    if not text.draws(panel) then
      commands[#commands + 1] = gnuplot.script({panels = {panel}}, themes.get(), opening, true) .. SEPARATOR
    end
  end
  return concat(commands), function(written)
    local next_drawn = written:gsub("\f", ""):gmatch "([^\30]*)\30\n?"
    local parts = {}
    if #figure.panels > 1 and figure.title then
      parts[1] = "  " .. gnuplot.clean(figure.title, screen.columns - 2):gsub("\n", " ") .. "\n"
    end
    for i, panel in ipairs(figure.panels) do
      local title = panel.title or (#figure.panels == 1 and figure.title) or nil
      local drawn = not text.draws(panel) and
        (next_drawn() or ""):gsub("[ \t]+\n", "\n"):gsub("^\n+", ""):gsub("%s+$", "")
      parts[#parts + 1] = text.panel(panel, screen, title, drawn)
      if i < #figure.panels then parts[#parts + 1] = "\n" end
    end
    local all = concat(parts)
    return screen.ascii and text.ascii(all) or all
  end
end

local function characters(figure)
  local commands, finish = characters_plan(figure)
  return finish(commands ~= "" and run(commands) or "")
end

--- Fails when this gnuplot does not open windows of that kind.
function M.check_window(name)
  if M.is_window(name) and not has(name) then
    fail("this gnuplot opens no %s windows%s", name, options.suggest(name, M.available_terminals()))
  end
end

local PIXELS = 9  -- of a column, about

-- A picture in the terminal, no wider than that unless it is for a file.
local function inline_script(figure, where, any_width)
  local theme = theme_for(figure)
  local most = M.screen().columns * PIXELS
  if theme.width > most and not any_width then
    theme.height, theme.width = floor(theme.height * most / theme.width), most
  end
  return gnuplot.script(figure, theme, terminals[where](theme), false) .. "set output\n"
end

local function inline_text(drawn, where)
  if where == "kitty" then return core.kitty(drawn) end
  -- From 6.0 on gnuplot first goes to the top of the screen, and would draw over what stands there.
  return drawn:gsub("^\27%[H", "") .. "\n"
end

local function window_script(figure, name)
  local theme = theme_for(figure)
  -- A script's windows stay when it is over.
  local front = session.current()
  local persist = not (front and front.interactive)
  local opening = string_format("set terminal %s noenhanced %s noraise size %d,%d font %s title %s", name,
    persist and "persist" or "", theme.width, theme.height, quoted_font(theme),
    gnuplot.quote(figure.title or "gradus", 100))
  return gnuplot.script(figure, theme, opening, false, theme.paper)
end

function M.available_terminals()
  local names = {"auto", "characters", "png", "sixel", "kitty"}
  for _, name in ipairs(windows) do
    if has(name) then names[#names + 1] = name end
  end
  return names
end

local counter = 0

local function slug(title)
  local name = gnuplot.clean(title or "figure"):lower():gsub("[^%w\128-\255]+", "-"):gsub("^%-+", "")
  if #name > 40 then name = name:sub(1, (utf8_offset(name, 0, 41)) - 1) end
  name = name:gsub("%-+$", "")
  return name ~= "" and name or "figure"
end

--- The figure as the bytes of a PNG file, in the theme of that name, or in the one that is set.
function M.png(figure, theme_name)
  local drawn
  naming(figure, function() drawn = drawn_as(figure, "png", theme_name and themes.themes[theme_name]) end)
  return drawn
end

-- The forms of a figure: the text that was drawn, if any; a PNG file, drawn when somebody asks for it.
local function forms(figure, drawn_text)
  return {
    ["text/plain"] = drawn_text,
    ["image/png"] = function(theme_name) return M.png(figure, theme_name) end,
    description = tostring(figure), bytes = bytes_of(figure),
    in_characters = function() return characters(figure) end,  -- for want of a picture
  }
end

-- Front ends that show pictures take the forms; otherwise the text is written.
local function emit(figure, drawn_text)
  local front = sink()
  if front then return front:display(forms(figure, drawn_text)) end
  if drawn_text then io_write(drawn_text) end
end

--- Notes in the record of the session that the figure was shown, by others than M.show.
function M.keep(figure)
  local front = sink()
  if front and front.record then front.record:display(forms(figure)) end
end

-- A new name in the folder of plots, which is made when it is not there.
local function file_name(figure)
  local made, message = files.make_folder(settings.dir)
  if not made then error(message, 0) end
  counter = counter + 1
  return string_format("%s/%02d-%s.png", settings.dir, counter, slug(figure.title))
end

local function show(figure, where)
  local chosen = choose()
  where = chosen == "data" and chosen or where or chosen
  if where == "none" then
    return
  elseif where == "data" then
    emit(figure)
  elseif where == "png" then
    local path = figure.path or file_name(figure)
    M.write(path, drawn_as(figure, "png"))
    figure.path = path
    emit(figure, "plot: " .. path .. "\n")
  elseif where == "kitty" or where == "sixel" then
    emit(figure, inline_text(run(inline_script(figure, where)), where))
  elseif where == "characters" or where == "dumb" then
    emit(figure, characters(figure))
  else
    local ok, message = pcall(function() run(window_script(figure, where)) end)
    if ok then return emit(figure) end
    if message == "interrupted" then error(message, 0) end
    if settings.terminal then fail('%s (plot.terminal("characters") draws in the terminal)', message) end
    -- DISPLAY may name a screen that nobody is at: say so once, and draw here.
    windows_failed = true
    local note = "(no window could be opened, so plots appear here: " .. message .. ")\n"
    emit(figure, note .. characters(figure))
  end
end

--- Draws the figure where figures appear now, or `where`.
function M.show(figure, where) naming(figure, show, figure, where) end

--- For live plots: the commands that draw the figure as characters, in a window or as the bytes of a PNG file; and for
--- characters a function that makes the text from what gnuplot wrote.
function M.plan(figure, where)
  if where == "characters" then return characters_plan(figure, true) end
  if where == "png" then return inline_script(figure, "kitty", true) end
  return window_script(figure, where)
end

M.file_name = file_name

return M
