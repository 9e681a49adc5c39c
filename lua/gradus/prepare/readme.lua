-- The README.md and the files.csv of what was prepared.

local arguments = require "gradus.prepare.arguments"
local columns = require "gradus.columns"
local core = require "gradus.core.data"

local format = string.format

local readme = {}

local PARTS = {{"train", "training"}, {"val", "validation"}, {"test", "test"}}
local MOST_SKIPPED = 100  -- lines; files.csv has them all

local function percent(part, whole)
  return whole > 0 and format("%.1f %%", 100 * part / whole) or "-"
end

local function class_table(r)
  local rows, right = {{"label", "class"}}, {false, false}
  local total, most = {}, {}
  for i, part in ipairs(PARTS) do
    rows[1][2 * i + 1], rows[1][2 * i + 2] = part[2], ""
    right[2 * i + 1], right[2 * i + 2] = true, true
    total[i], most[i] = 0, 0
    for label = 0, #r.classes - 1 do
      local n = r.counts[part[1]][label + 1] or 0
      total[i], most[i] = total[i] + n, math.max(most[i], n)
    end
  end
  for label, name in ipairs(r.classes) do
    local row = {tostring(label - 1), name}
    for i, part in ipairs(PARTS) do
      local n = r.counts[part[1]][label] or 0
      row[2 * i + 1], row[2 * i + 2] = tostring(n), percent(n, total[i])
    end
    rows[#rows + 1] = row
  end
  local base = {}
  for i, part in ipairs(PARTS) do base[i] = part[2] .. " " .. percent(most[i], total[i]) end
  return columns(rows, right) .. "\n\nmajority baseline (what one answer to everything scores):\n"
    .. table.concat(base, ", ")
end

local function array_table(r)
  local rows = {{"file", "shape", "dtype"}}
  for _, axis in ipairs {"x", "y"} do
    for _, part in ipairs(PARTS) do
      local dtype, shape = core.describe(r.arrays[axis .. "_" .. part[1]])
      rows[#rows + 1] = {axis .. "_" .. part[1] .. ".npy", shape, dtype}
    end
  end
  return columns(rows, {})
end

local function indented(text) return ("    " .. text:gsub("\n", "\n    "):gsub("\n +\n", "\n\n")) end

-- Nothing of a file's name may begin a heading, a list or a code of Markdown.
local function plain(text) return (text:gsub("[%c]", "?")) end

--- The tables that the log shows too.
function readme.tables(r) return array_table(r) .. "\n\n" .. class_table(r) end

--- The text of README.md.
function readme.text(r)
  local o, lines = r.options, {}
  local function add(text, ...) lines[#lines + 1] = select("#", ...) > 0 and format(text, ...) or text end
  add("# Pictures prepared by gradus %s", r.version)
  add ""
  add(indented(r.command))
  add ""
  add("- Pictures of %s, made %d x %d pixels, %s, from 0 (dark) to 255.", plain(o.photos), o.height, o.width,
    o.gray and "grey (0.299 R + 0.587 G + 0.114 B)" or "RGB")
  add "- Each pixel is the mean of the area that it covers; sides are stretched where their ratio is another."
  add "- Photographs stand upright as their EXIF data say; what is transparent lies on white."
  add ""
  add(indented(array_table(r)))
  add ""
  add(indented(class_table(r)))
  add ""
  for _, line in ipairs(r.how) do add("- " .. plain(line)) end
  add "- files.csv says which file each row is, from 0 as NumPy counts, and which files were left out."
  for _, note in ipairs(r.notes) do add("- Note: " .. plain(note)) end
  add ""
  add "## Load"
  add ""
  add "In gradus, in the folder above this one:"
  add ""
  add(indented(format('d = data.load "%s"', r.name)))
  add(indented("data.summary(d)"))
  if o.gray then
    add ""
    add "The lesson on convolutional networks trains on it too:"
    add ""
    add(indented("gradus lesson cnn --data " .. arguments.shell_word(r.name)
      .. (#r.classes > 2 and " --positive " .. arguments.shell_word(r.classes[1]) or "")))
  end
  add ""
  add "In Python, with NumPy; x / 255 is what a network of Keras wants:"
  add ""
  add(indented("import numpy as np"))
  add(indented('x_train, y_train = np.load("x_train.npy") / 255, np.load("y_train.npy")'))
  add(indented('x_val, y_val = np.load("x_val.npy") / 255, np.load("y_val.npy")'))
  if o.gray then add(indented("x_train, x_val = x_train[..., None], x_val[..., None]   # Conv2D wants a channel")) end
  add(indented("model.fit(x_train, y_train, validation_data=(x_val, y_val))"))
  add ""
  add("## Left out")
  add ""
  if #r.skipped == 0 then add "Nothing: every file could be read." end
  if #r.skipped > 0 then add("%d files:\n", #r.skipped) end
  for i = 1, math.min(#r.skipped, MOST_SKIPPED) do add(indented(plain(r.skipped[i].why))) end
  if #r.skipped > MOST_SKIPPED then add("\n... and %d more: see files.csv.", #r.skipped - MOST_SKIPPED) end
  return table.concat(lines, "\n") .. "\n"
end

local function cell(value)
  local text = tostring(value)
  return text:find '[,"\r\n]' and '"' .. text:gsub('"', '""') .. '"' or text
end

--- The text of files.csv: set, row, label, class, file, note.
function readme.files(r)
  local lines = {"set,row,label,class,file,note"}
  local function add(...)
    local cells = {...}
    for i, value in ipairs(cells) do cells[i] = cell(value) end
    lines[#lines + 1] = table.concat(cells, ",")
  end
  for _, part in ipairs(PARTS) do
    local y, rows, originals = r.arrays["y_" .. part[1]], r.rows[part[1]], r.originals[part[1]]
    for i = 1, #rows do
      local label = math.tointeger(y[i])
      add(part[1], i - 1, label, r.classes[label + 1], rows[i], i > originals and "changed copy" or "")
    end
  end
  for _, each in ipairs(r.skipped) do add("left out", "", "", "", each.file or "", each.why) end
  return table.concat(lines, "\n") .. "\n"
end

return readme
