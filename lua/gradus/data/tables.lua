-- Tables as text: CSV files with a header, missing values and columns of words; and the two that are shipped.

local core = require "gradus.core.data"
local help = require "gradus.help"
local options = require "gradus.options"
local root = require "gradus.core.session".root
local rows_list = require "gradus.data.rows"

local doc = help.doc
local format = string.format

local function raise(message)
  error((tostring(message):gsub("^lua/gradus/[%w_/]+%.lua:%d+: ", "")), 3)
end

local function position_of(columns, wanted, name)
  local names = {}
  for i, c in ipairs(columns) do
    if c.name == wanted or i == wanted then return i end
    names[i] = c.name
  end
  wanted = tostring(wanted)
  error(format('data.csv: %s has no column "%s"%s', name, wanted, options.suggest(wanted, names)), 3)
end

-- The column of the labels: the one named, or the only one that holds words.
local function target_of(columns, wanted, name)
  if wanted == false then return nil end
  if wanted ~= nil then return position_of(columns, wanted, name) end
  local found
  for i, c in ipairs(columns) do
    if c.texts then
      if found then return nil end
      found = i
    end
  end
  return found
end

local function chosen(columns, only, target, name)
  local picked = {}
  if only then
    for _, wanted in ipairs(type(only) == "table" and only or {only}) do
      picked[#picked + 1] = position_of(columns, wanted, name)
    end
  else
    for i = 1, #columns do
      if i ~= target then picked[#picked + 1] = i end
    end
  end
  local numbers = {}
  for i, c in ipairs(columns) do
    if not c.texts and i ~= target then numbers[#numbers + 1] = '"' .. c.name .. '"' end
  end
  for _, i in ipairs(picked) do
    local c = columns[i]
    if c.texts then
      error(format('data.csv: column "%s" of %s holds words, as "%s", and x is numbers: take it as the labels, ' ..
        'y="%s", or name the columns of x, as in only={%s}', c.name, name, c.texts[1], c.name,
        table.concat(numbers, ", ", 1, math.min(#numbers, 4))), 3)
    end
  end
  return picked
end

-- The rows whose label is known, and how many are not.
local function known_rows(y)
  local rows = {}
  for i = 1, #y do
    local v = y[i]
    if v == v then rows[#rows + 1] = i end
  end
  return rows, #y - #rows
end

local function csv(dataset, path, given)
  if type(path) ~= "string" then
    error('data.csv takes a path, as in data.csv("flowers.csv"), not ' .. type(path), 3)
  end
  local o = options.read("data.csv", given,
    {{"y"}, {"only"}, {"header", "auto"}, {"skip", 0}, {"separator", ""}, {"decimal", "."}})
  options.choice("data.csv", "header", o.header, {true, false, "auto"})
  options.choice("data.csv", "decimal", o.decimal, {".", ","})
  options.choice("data.csv", "separator", o.separator, {"", ",", ";", "\t", " ", "|"})
  if math.type(o.skip) ~= "integer" or o.skip < 0 then
    error("data.csv: skip is a number of lines, 0 or more, not " .. tostring(o.skip), 3)
  end
  local header = o.header == "auto" and -1 or o.header and 1 or 0
  local ok, values, lines, columns = pcall(core.table, path, o.skip, header, o.decimal, o.separator)
  if not ok then raise(values) end
  local target = target_of(columns, o.y, path)
  local picked = chosen(columns, o.only, target, path)
  local d = {name = path:match "[^/]+$", columns = {}, source = path}
  local missing, notes = 0, {}
  for i, c in ipairs(picked) do
    d.columns[i] = columns[c].name
    missing = missing + columns[c].missing
  end
  if missing > 0 then
    notes[1] = format("%d %s of x %s missing, and NaN here", missing, missing == 1 and "value" or "values",
      missing == 1 and "is" or "are")
  end
  if target then
    local y, unknown = values[{{}, target}], 0
    d.classes, d.target = columns[target].texts, columns[target].name
    if columns[target].missing > 0 then
      local rows
      rows, unknown = known_rows(y)
      if #rows == 0 then error(format('data.csv: column "%s" of %s is empty', d.target, path), 3) end
      values, lines, y = values:take(rows, 1), lines:take(rows), y:take(rows)
      notes[#notes + 1] = format("%d row%s left out: %s is missing", unknown, unknown == 1 and " is" or "s are",
        d.target)
    end
    d.y = d.classes and y:astype(#d.classes <= 256 and "uint8" or "int64") or y + 0
  end
  if #picked > 0 then d.x = values:take(picked, 2) end
  d.rows = rows_list.new(#lines, function(i) return format("%s, line %d", path, lines[i]) end)
  d.about = format("%d rows of %s", #lines, table.concat(d.columns, ", "))
  if #notes > 0 then d.note = table.concat(notes, "; ") end
  return dataset(d)
end

return function(data, dataset)
  data.csv = doc("data.csv", [==[
data.csv(path, {y=nil, only=nil, header="auto", skip=0, separator=nil, decimal="."}) -> data set

Reads a table as text with the names of its columns in the first line. x is float64 (rows, columns); y is the column
of that name: of words it becomes labels 0, 1, ... in the order of the alphabet, with `classes` their words, of numbers
it stays float64. Without `y` the only column of words is it; y=false: none. `only` names the columns of x. Where a cell
is empty, NA, NaN, null, None, - or ?, x is NaN; rows without y are left out; both are noted. The separator is found out
(comma, semicolon, tab, blanks); decimal="," reads 1,5. Cells may stand in double quotes. `columns` has the names,
`rows` the line of each row. A table of numbers only is read by data.load too.

> f = io.open("/tmp/gradus-help.csv", "w")
> f:write("height,width,kind\n12,3,bottle\n8,,can\n13,3.5,bottle\n"):close()
true
> d = data.csv("/tmp/gradus-help.csv")
> d.x
[[12.   3. ]
 [ 8.   nan]
 [13.   3.5]]
> d.classes
{"bottle", "can"}
> d.y
[0 1 0]
]==], function(path, given) return csv(dataset, path, given) end)

  data.iris = doc("data.iris", [==[
data.iris() -> data set

150 iris flowers of three species, 50 of each: x is float64 (150, 4), the length and width of sepals and petals in cm;
y is uint8 (150,). Shipped with the program. R. A. Fisher, The use of multiple measurements in taxonomic problems, 1936;
UCI Machine Learning Repository, https://doi.org/10.24432/C56C76, CC BY 4.0.

> d = data.iris()
> d.x[1]
[5.1 3.5 1.4 0.2]
> d.classes
{"setosa", "versicolor", "virginica"}
]==], function()
    local d = csv(dataset, root .. "/datasets/iris.csv", {y = "species"})
    d.name, d.about = "iris", "150 flowers of three species, measured in cm"
    d.source = "R. A. Fisher: The use of multiple measurements in taxonomic problems, Annals of Eugenics, 1936;\n" ..
      "  UCI Machine Learning Repository, https://doi.org/10.24432/C56C76"
    d.licence = "CC BY 4.0"
    d.try = "d = data.split(data.iris()), then data.summary(d)"
    return d
  end)

  data.xor = doc("data.xor", [==[
data.xor() -> data set

The exclusive or, the smallest problem that one neuron cannot learn: x is float64 (4, 2), all pairs of 0 and 1; y is
float64 (4, 1), 1 where they differ.

> d = data.xor()
> concatenate({d.x, d.y}, 2)
[[0. 0. 0.]
 [0. 1. 1.]
 [1. 0. 1.]
 [1. 1. 0.]]
]==], function()
    local d = csv(dataset, root .. "/datasets/xor.csv", {y = "y"})
    d.y = d.y:reshape(4, 1)
    d.name, d.about, d.source, d.licence = "xor", "the exclusive or of two bits", nil, "CC0: four rows of arithmetic"
    return d
  end)
end
