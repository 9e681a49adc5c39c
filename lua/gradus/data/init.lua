-- Data: files of numbers, the shipped digits, made pictures of waste; splitting and summarising them.
--
-- A data set is a table: x and y (or x_train, y_train, x_val, y_val, x_test, y_test), the names of its
-- classes, and where it comes from. Its metatable makes it print as a summary.

require "gradus.core.tensor"  -- tensors have their metatable from there
local columns = require "gradus.columns"
local core = require "gradus.core.data"
local file = require "gradus.core.file"
local help = require "gradus.help"
local notes = require "gradus.data.notes"
local options = require "gradus.options"
local parts = require "gradus.data.parts"
local prepared = require "gradus.data.prepared"
local rows_list = require "gradus.data.rows"
local root = require "gradus.core.session".root

local doc = help.doc
local error, type, tostring, ipairs, pairs = error, type, tostring, ipairs, pairs
local pcall, setmetatable, math, table = pcall, setmetatable, math, table
local format, concat = string.format, table.concat

local data = {}

local Dataset = {__name = "data set"}

local PARTS, call = parts.list, parts.call

local function check_path(what, path)
  if type(path) ~= "string" then
    error(format('%s takes a path, as in %s("x_train.npy"), not %s', what, what,
      core.is_tensor(path) and "a tensor" or type(path)), 3)
  end
end

local function check_tensor(what, name, t)
  if not core.is_tensor(t) then
    error(format("%s: %s must be a tensor, not %s", what, name, type(t)), 3)
  end
end

-- To the session that runs, when there is one: its sink may be a terminal, a lesson or a test.
local function say(text)
  require("gradus.session").say(text .. "\n")
end

-- ---- the summary ----

local function table_text(rows, right)
  return "  " .. columns(rows, right):gsub("\n", "\n  ")
end

local function short(x)
  if x ~= x then return "nan" end
  if x == math.floor(x) and math.abs(x) < 1e15 then return format("%d", x) end
  return format("%.4g", x)
end

local function percent(part, whole)
  return whole > 0 and format("%.1f %%", 100 * part / whole) or "-"
end

local function class_name(d, label)
  local name = d.classes and d.classes[label + 1]
  return name and name ~= tostring(label) and format("%d %s", label, name) or tostring(label)
end

local function present(d)
  local found = {}
  for _, part in ipairs(PARTS) do
    if core.is_tensor(d[part[1]]) or core.is_tensor(d[part[2]]) then found[#found + 1] = part end
  end
  return found
end

local function array_rows(d, found)
  local rows = {{"array", "shape", "dtype", "min", "mean", "max"}}
  for column = 1, 2 do
    for _, part in ipairs(found) do
      local t = d[part[column]]
      if core.is_tensor(t) then
        local dtype, shape = core.describe(t)
        local least, mean, greatest = core.range(t)
        rows[#rows + 1] = {part[column], shape, dtype, short(least), short(mean), short(greatest)}
      end
    end
  end
  return table_text(rows, {false, false, false, true, true, true})
end

local MOST_CLASSES = 24  -- lines of the class table

local function class_rows(d, found)
  local head, right, counts, total, classes = {"class"}, {}, {}, {}, d.classes and #d.classes or 0
  for _, part in ipairs(found) do
    local y = d[part[2]]
    if core.is_tensor(y) then
      local ok, c = pcall(core.labels, y, part[2])
      if not ok then return nil end  -- targets of a regression, or one-hot rows: there are no classes to count
      local n = 0
      for _, k in ipairs(c) do n = n + k end
      counts[#counts + 1], total[#total + 1] = c, n
      classes = math.max(classes, #c)
      head[#head + 1], head[#head + 2] = part[3], ""
      right[#head - 1], right[#head] = true, true
    end
  end
  if #counts == 0 then return nil end
  local rows = {head}
  for label = 0, math.min(classes, MOST_CLASSES) - 1 do
    local row = {class_name(d, label)}
    for i, c in ipairs(counts) do
      local k = c[label + 1] or 0
      row[#row + 1], row[#row + 2] = tostring(k), percent(k, total[i])
    end
    rows[#rows + 1] = row
  end
  local text = table_text(rows, right)
  local more = classes - MOST_CLASSES
  if more > 0 then text = text .. format("\n  ... and %d more classes", more) end
  -- Accuracy never stands alone: what always giving the most frequent answer is worth.
  local base = {}
  for i, c in ipairs(counts) do
    local most = 0
    for _, k in ipairs(c) do most = math.max(most, k) end
    base[i] = (#counts > 1 and head[2 * i] .. " " or "") .. percent(most, total[i])
  end
  return text .. "\n  majority baseline: " .. concat(base, ", ")
end

local function summary(d)
  local lines = {}
  if d.name then lines[1] = d.name .. (d.about and ": " .. d.about or "") end
  local found = present(d)
  if #found == 0 then return concat(lines, "\n") .. "\n  (no arrays)" end
  if #lines > 0 then lines[#lines + 1] = "" end
  lines[#lines + 1] = array_rows(d, found)
  local classes = class_rows(d, found)
  if classes then
    lines[#lines + 1] = ""
    lines[#lines + 1] = classes
  end
  if d.note then lines[#lines + 1] = "  note: " .. d.note end
  for _, note in ipairs(d.notes or {}) do lines[#lines + 1] = "  note: " .. note end
  return concat(lines, "\n")
end

function Dataset:__tostring()
  local lines = {summary(self)}
  if self.source then lines[#lines + 1] = "\n  " .. self.source end
  if self.licence then lines[#lines + 1] = "  licence: " .. self.licence end
  if self.try then lines[#lines + 1] = "  next: " .. self.try end
  return concat(lines, "\n")
end

local function dataset(fields)
  return setmetatable(fields, Dataset)
end

data.summary = doc("data.summary", [[
data.summary(d)

Prints what a data set holds: shape, dtype, least, mean and greatest value of each array, how many items of
each class there are in each part, and what always answering the largest class would score. `d` is a data set
or a table with x and y, or x_train, y_train, x_val, y_val, x_test, y_test.

> data.summary{x=zeros(4, 2), y=tensor{0, 1, 1, 1}}
  array  shape   dtype    min  mean  max
  x      (4, 2)  float64    0     0    0
  y      (4,)    float64    0  0.75    1

  class  items
  0          1  25.0 %
  1          3  75.0 %
  majority baseline: 75.0 %]], function(d)
  if type(d) ~= "table" then
    error("data.summary takes a data set, as in data.summary(data.digits()), or {x=..., y=...}, not " ..
      (core.is_tensor(d) and "a tensor" or type(d)), 2)
  end
  say(call(summary, d))
end)

-- ---- files ----

data.load = doc("data.load", [[
data.load(path, {only={...}, skip=0}) -> tensor, a table of tensors, or a data set

Reads a file of numbers; its content, not its name, says what it is. NumPy's .npy gives a tensor; .npz gives a
table of tensors by name (`only` reads some of them), and so does .safetensors; IDX, the format of MNIST, gives
a tensor; text with one row of numbers a line gives a float64 tensor (`skip` passes over lines at the top). .npy,
IDX and text may be gzipped. A folder with x_train.npy, y_train.npy and so on, as gradus prepare makes it, gives a
data set, with the names of the classes and the file of each row where prepare wrote them. int8..int32 and
uint16..uint64 become int64, float16 and bfloat16 become float32, all else keeps its dtype; Fortran order and
big-endian bytes are read. Object arrays are refused: they are pickled Python, which can run code.

> data.save("/tmp/gradus-help.npy", zeros(2))
> data.load("/tmp/gradus-help.npy")
[0. 0.]
]], function(path, given)
  check_path("data.load", path)
  local o = options.read("data.load", given, {{"only"}, {"skip", 0}})
  local only
  if o.only ~= nil then
    only = {}
    for _, name in ipairs(type(o.only) == "table" and o.only or {o.only}) do only[name] = true end
  end
  if math.type(o.skip) ~= "integer" or o.skip < 0 then
    error("data.load: skip is a number of lines, 0 or more, not " .. tostring(o.skip), 2)
  end
  local about = file.about(path)
  if about and about.kind == "folder" then return notes.attach(dataset(call(prepared, path, only))) end
  local found = call(core.load, path, o.skip, only)
  if only then
    for name in pairs(only) do
      if not found[name] then
        local names = {}
        for member in pairs(call(core.load, path, o.skip)) do names[#names + 1] = member end
        table.sort(names)
        error(format('%s has no array "%s"%s', path, tostring(name), options.suggest(name, names)), 2)
      end
    end
  end
  return found
end)

-- What goes into a file of its kind by itself; everything else is .npy.
local written = {}

written[".png"] = function(path, t)
  local dtype, shape, axes = core.describe(t)
  local _, _, channels = table.unpack(t.shape)
  if axes ~= 2 and not (axes == 3 and channels >= 1 and channels <= 4) then
    error(format("data.save: a picture has shape (height, width) or (height, width, 1 to 4), not %s", shape), 0)
  end
  if dtype == "bool" then
    t = t:astype "uint8" * 255
  elseif dtype ~= "uint8" then
    local least, _, greatest = core.range(t)
    local most = dtype == "int64" and 255 or 1
    if not (least >= 0 and greatest <= most) then
      error(format("data.save: a picture of %s holds numbers from 0 to %d; these go from %s to %s (of 0 to 255: " ..
        't:astype("uint8"))', dtype, most, short(least), short(greatest)), 0)
    end
    if most == 1 then t = (t * 255 + 0.5):floor() end
  end
  core.save_image(path, t:astype "uint8")
end

written[".csv"] = function(path, t, o)
  local _, shape, axes = core.describe(t)
  local columns = axes == 2 and t.shape[2] or 1
  if o.columns and #o.columns ~= columns then
    error(format("data.save: %d names for the %d columns of a tensor of shape %s", #o.columns, columns, shape), 0)
  end
  core.save_table(path, t, o.columns)
end

data.save = doc("data.save", [==[
data.save(path, t)
data.save(path, {name=t, ...}, {compressed=false})
data.save(path, t, {columns={...}})

Writes a tensor to a .npy file, or a table of tensors by name to a .npz file (compressed=true packs it) or a
.safetensors file, whichever the path ends in. NumPy's np.load reads the first two. A path that ends in .png gets a
picture of shape (height, width) or (height, width, 1 to 4): uint8, or numbers from 0 to 1; one that ends in .csv a
table of rows, under the names `columns` if they are given. The file is written whole and then takes its name: an
interruption or a full disk never leaves half a file.

> data.save("/tmp/gradus-help.npy", zeros(2, 3))
> data.load("/tmp/gradus-help.npy")
[[0. 0. 0.]
 [0. 0. 0.]]
> data.save("/tmp/gradus-help.npz", {x=ones(2), y=tensor{0, 1, 1}})
> data.load("/tmp/gradus-help.npz").y
[0. 1. 1.]]==], function(path, t, given)
  check_path("data.save", path)
  local o = options.read("data.save", given, {{"compressed", false}, {"columns"}})
  if core.is_tensor(t) then
    local write = written[path:lower():match "%.%w+$"]
    if write then
      call(write, path, t, o)
      return
    end
    if path:find("%.npz$") or path:find("%.safetensors$") then
      error(format('data.save: a %s file holds arrays by name, as in data.save("%s", {x=t})', path:match("%.%w+$"),
        path), 2)
    end
    call(core.save, path, t)
    return
  end
  if type(t) ~= "table" then
    error('data.save takes a path and a tensor, as in data.save("weights.npy", w), not ' .. type(t), 2)
  end
  local names = {}
  for name, each in pairs(t) do
    if type(name) ~= "string" or not core.is_tensor(each) then
      error(format("data.save: a table holds tensors by name, as in {x=t}; here [%s] is %s", tostring(name),
        core.is_tensor(each) and "a tensor" or type(each)), 2)
    end
    names[#names + 1] = name
  end
  table.sort(names)
  if not path:find("%.npz$") and not path:find("%.safetensors$") then
    error(format('data.save: several tensors go into a .npz or a .safetensors file, not into "%s"', path), 2)
  end
  if path:find("%.npz$") then
    call(core.save_archive, path, names, t, o.compressed and true or false)
  else
    call(core.save_archive, path, names, t, {})
  end
end)

-- ---- splitting ----

local function check_ratios(ratios)
  local sum = 0
  if type(ratios) ~= "table" or #ratios ~= 3 then
    error("data.split: ratios are three numbers for train, validation and test, as in {0.8, 0.1, 0.1}", 3)
  end
  for _, r in ipairs(ratios) do
    if type(r) ~= "number" or not (r >= 0 and r <= 1) then
      error("data.split: each ratio lies between 0 and 1; got " .. tostring(r), 3)
    end
    sum = sum + r
  end
  if math.abs(sum - 1) > 1e-9 then
    error(format("data.split: the ratios add up to %g; they should add up to 1", sum), 3)
  end
end

data.split = doc("data.split", [[
data.split(x, y, {ratios={0.8, 0.1, 0.1}, seed=1, stratify=true, shuffle=true}) -> data set
data.split(d, {...}) -> data set

Divides items and their labels into x_train, y_train, x_val, y_val, x_test, y_test: train to learn, validate
to choose, test once at the end. Items are shuffled (by a stream of its own from `seed`, so that nothing you
draw later changes); stratify=true gives each part the same share of every class. With shuffle=false the parts
are the first, the next and the last items; that is refused when the labels are sorted, since whole classes
would then be missing from a part. At the prompt the parts are listed class by class, and what data.check finds
unusual is told; all of it is in the data set's notes. Where d.rows says where each item came from, rows_train,
rows_val and rows_test do so after.

> d = data.split(data.digits(), {seed=1})
> d.x_train.shape
{1438, 8, 8}
> d.y_test.shape
{179}]], function(x, y, given)
  local from
  if type(x) == "table" and not core.is_tensor(x) then
    from, given = x, y
    x, y = from.x, from.y
    if not core.is_tensor(x) then
      error(from.x_train and "data.split: this data set is split already: it has x_train, x_val and x_test" or
        "data.split takes x and y, or a data set with them", 2)
    end
  end
  check_tensor("data.split", "x", x)
  check_tensor("data.split", "y", y)
  local o = options.read("data.split", given,
    {{"ratios", {0.8, 0.1, 0.1}}, {"seed", 1}, {"stratify"}, {"shuffle", true}})
  check_ratios(o.ratios)
  local _, x_shape, _, n = core.describe(x)
  local _, y_shape, _, labels = core.describe(y)
  if n ~= labels then
    error(format("data.split: x has shape %s and y has shape %s: %d items but %d labels", x_shape, y_shape, n,
      labels), 2)
  end
  local stratify = o.stratify
  if stratify == nil then stratify = o.shuffle end
  if stratify and not o.shuffle then
    error("data.split: stratify=true needs shuffle=true: it picks items from all over the data", 2)
  end
  local counts, sorted = {}, false
  if stratify or not o.shuffle then counts, sorted = call(core.labels, y, "y") end
  if sorted and not o.shuffle then
    error(format("data.split: the labels are sorted (%d classes, one after the other), and shuffle=false " ..
      "would leave whole classes out of a part; leave shuffle=false out", #counts), 2)
  end
  local rows = call(core.split, n, o.ratios, o.shuffle and o.seed or nil, stratify and y or nil)
  local d = {name = from and from.name, about = from and from.about, classes = from and from.classes,
    source = from and from.source, licence = from and from.licence}
  for i = 1, 3 do
    local part = PARTS[i + 1]
    d[part[1]], d[part[2]] = x:take(rows[i]), y:take(rows[i])
    parts.set_role(d[part[1]], part[3])
    if from and type(from.rows) == "table" then
      local positions = rows[i]
      d[part[1]:gsub("^x", "rows")] = rows_list.new(#positions, function(k) return from.rows[positions[k]] end)
    end
  end
  if sorted then d.note = "the labels were sorted; the items are shuffled now" end
  local classes = class_rows(d, present(d))
  if classes then require("gradus.session").note("the parts, class by class\n" .. classes) end
  return notes.attach(dataset(d))
end)

-- ---- data sets ----

local function digit_names()
  local names = {}
  for label = 0, 9 do names[label + 1] = tostring(label) end
  return names
end

data.digits = doc("data.digits", [==[
data.digits() -> data set

1,797 handwritten digits, real ones: x is uint8 (1797, 8, 8) with values 0 (paper) to 16 (ink), y is uint8
(1797,) with the digit. Shipped with the program. E. Alpaydin and C. Kaynak, Optical Recognition of
Handwritten Digits, UCI Machine Learning Repository, 1998, https://doi.org/10.24432/C50P49, CC BY 4.0 (the
test part).

> d = data.digits()
> d.x[1]
[[ 0  0  5 13  9  1  0  0]
 [ 0  0 13 15 10 15  5  0]
 [ 0  3 15  2  0 11  8  0]
 [ 0  4 12  0  0  8  8  0]
 [ 0  5  8  0  0  9  8  0]
 [ 0  4 11  0  1 12  7  0]
 [ 0  2 14  5 10 12  0  0]
 [ 0  0  6 13 10  0  0  0]]
> d.y[1]
0]==], function()
  local x, y = call(core.pictures, root .. "/datasets/digits.csv.gz", 8, 8)
  return dataset {
    x = x, y = y, classes = digit_names(), name = "digits",
    about = "1,797 handwritten digits, 8x8 pixels, 0 paper to 16 ink",
    source = "E. Alpaydin, C. Kaynak: Optical Recognition of Handwritten Digits,\n" ..
      "  UCI Machine Learning Repository, 1998 (the test part), https://doi.org/10.24432/C50P49",
    licence = "CC BY 4.0",
    try = "d = data.split(data.digits()), then data.summary(d)",
  }
end)

-- Each adds its functions.
for _, part in ipairs {"made", "tables", "waste"} do require("gradus.data." .. part)(data, dataset) end
require("gradus.data.photos").add(data, dataset)
for _, theme in ipairs {"pictures", "augment", "scaling", "balance"} do
  for name, f in pairs(require("gradus.data." .. theme)) do data[name] = f end
end
data.check = notes.public.check
require("gradus.data.download").add(data, dataset)

return data
