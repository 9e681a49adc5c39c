-- A folder with the arrays of a split: what gradus prepare wrote, or x_train.npy, y_train.npy and so on from elsewhere.

local core = require "gradus.core.data"
local file = require "gradus.core.file"
local json = require "gradus.json"
local parts = require "gradus.data.parts"

local format = string.format

-- {train = {file of row 1, ...}, ...} from the files.csv of gradus prepare.
local function rows_of(path)
  local values, _, columns = core.table(path, 0, 1, ".", ",")
  local at = {}
  for i, column in ipairs(columns) do at[column.name] = i end
  local sets, names = columns[at.set], columns[at.file]
  local rows = {}
  for i = 1, values.shape[1] do
    local set, row, name = values[{i, at.set}], values[{i, at.row}], values[{i, at.file}]
    if row == row and name == name then  -- what was left out has no row
      set = sets.texts[math.tointeger(set) + 1]
      rows[set] = rows[set] or {}
      rows[set][math.tointeger(row) + 1] = names.texts and names.texts[math.tointeger(name) + 1] or tostring(name)
    end
  end
  return rows
end

--- The fields of the data set in folder `dir`; `only` are the names of arrays that are wanted, a set, or nil for all.
return function(dir, only)
  local d, found = {name = dir:match "([^/]+)/*$" or dir, source = "arrays in " .. dir}, false
  for _, part in ipairs(parts.list) do
    for i = 1, 2 do
      local path = format("%s/%s.npy", dir, part[i])
      if (not only or only[part[i]]) and file.about(path) then
        d[part[i]], found = core.load(path, 0), true
      end
    end
    if d[part[1]] then parts.set_role(d[part[1]], part[3]) end
  end
  if not found then
    error(format('"%s" is a folder without x_train.npy and its like; data.folder("%s") reads folders of photographs',
      dir, dir), 0)
  end
  local record = json.load(dir .. "/prepare.json")
  if type(record) == "table" then
    d.classes = record.classes
    if file.about(dir .. "/files.csv") then
      for set, rows in pairs(rows_of(dir .. "/files.csv")) do d["rows_" .. set] = rows end
    end
  end
  return d
end
