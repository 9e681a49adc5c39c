-- What is suspicious about a data set before anything has been trained on it.

local core = require "gradus.core.data"
local doc = require("gradus.help").doc
local parts = require "gradus.data.parts"
local pictures = require "gradus.core.pictures"
local session = require "gradus.session"
local tensor = require "gradus.core.tensor"

local error, ipairs, math, pcall, table, tostring = error, ipairs, math, pcall, table, tostring
local format = string.format

local M = {}

local function items(n, what) return format("%d %s%s", n, what, n == 1 and "" or "s") end

-- x as rows of numbers.
local function rows_of(x)
  local n = x.shape[1]
  return n > 0 and x.size > 0 and x:reshape(n, x.size // n) or nil
end

-- Items whose numbers are all the same.
local function constant(x)
  local rows = #x.shape > 1 and rows_of(x)
  if not rows or rows.shape[2] < 4 then return 0 end
  local function same(some) return tensor.eq(tensor.max(some, 2), tensor.min(some, 2)) end
  -- The first few numbers settle it for nearly all.
  local likely = same(rows[{{}, {1, math.min(16, rows.shape[2])}}])
  if tensor.sum(likely:astype "int64") == 0 then return 0 end
  return tensor.sum(same(rows[likely]):astype "int64")
end

local function check_inputs(list, d, part, ranges)
  local x = d[part[1]]
  if not core.is_tensor(x) or x.size == 0 then return end
  local least, mean, greatest = core.range(x)
  ranges[#ranges + 1] = {name = part[1], wide = greatest > 30 or least < -30, least = least, greatest = greatest}
  if mean ~= mean then
    local bad = tensor.sum(tensor.isnan(x):astype "int64")
    list[#list + 1] = format("%s has %s that %s not a number (NaN): training would stop there", part[1],
      items(bad, "value"), bad == 1 and "is" or "are")
  end
  local same = constant(x)
  if same > 0 then
    list[#list + 1] = format("%s in %s of one value only: there is nothing to see in %s", items(same, "item"), part[1],
      same == 1 and "it" or "them")
  end
end

-- Numbers that are far from 0 to 1; of a split, whether all parts are alike. `mild` is for what is usual at first.
local function check_scale(list, mild, ranges)
  local first = ranges[1]
  if not first then return end
  if first.wide then
    mild[#mild + 1] = format("%s goes from %g to %g: networks learn better from numbers around 0 to 1; %s", first.name,
      first.least, first.greatest, first.least >= 0 and first.greatest <= 255
        and "divide by 255, or begin with nn.Rescaling{1 / 255}"
        or "data.standardise(d) brings the columns to one scale")
  end
  for i = 2, #ranges do
    local other = ranges[i]
    local one, two = first.greatest - first.least, other.greatest - other.least
    if other.wide ~= first.wide and math.max(one, two) > 30 * math.min(one, two) then
      list[#list + 1] = format("%s goes from %g to %g, but %s from %g to %g: what one part is divided by, all are",
        other.name, other.least, other.greatest, first.name, first.least, first.greatest)
    end
  end
end

local function check_labels(list, mild, d, part)
  local y = d[part[2]]
  if not core.is_tensor(y) or y.size == 0 then return end
  local ok, counts, sorted = pcall(core.labels, y, part[2])
  if not ok then
    -- Numbers that are no labels are a regression's targets, unless there are names of classes.
    if d.classes then
      local message = tostring(counts):gsub("^lua/gradus/[%w_/]+%.lua:%d+: ", "")
      list[#list + 1] = message
    end
    return
  end
  local n = d.classes and #d.classes
  if n and #counts > n then
    list[#list + 1] = format("%s has labels up to %d, but there are %d classes: labels go from 0 to %d", part[2],
      #counts - 1, n, n - 1)
  elseif not n and counts[1] == 0 and #counts > 2 then
    list[#list + 1] = format("%s has no label 0: labels begin with 0; if they begin with 1, take y - 1", part[2])
  end
  if n and part[2] ~= "y" then
    for label = 0, n - 1 do
      if (counts[label + 1] or 0) == 0 then
        list[#list + 1] = format("%s has no item of class %d (%s)", part[2], label, tostring(d.classes[label + 1]))
      end
    end
  end
  if sorted and part[2] == "y" then
    mild[#mild + 1] = "y is sorted: data.split shuffles it; cut at fixed places, whole classes would be missing from "
      .. "a part"
  end
end

local function prints_of(x)
  if not core.is_tensor(x) or #x.shape == 0 or x.size == 0 then return {} end
  local prints, list = pictures.fingerprints(x), {}
  for i = 1, prints.size do list[i] = prints[i] end
  return list
end

local function check_duplicates(list, d)
  local where, within, across = {}, {}, {}
  for p, part in ipairs(parts.list) do
    for _, print in ipairs(prints_of(d[part[1]])) do
      local first = where[print]
      if not first then
        where[print] = p
      elseif first == p then
        within[p] = (within[p] or 0) + 1
      else
        local pair = parts.list[first][1] .. " and " .. part[1]
        across[#across + 1] = not across[pair] and pair or nil
        across[pair] = (across[pair] or 0) + 1
      end
    end
  end
  for _, pair in ipairs(across) do
    list[#list + 1] = format("%s stand%s in %s alike: what is known by heart is no test", items(across[pair], "item"),
      across[pair] == 1 and "s" or "", pair)
  end
  for p, part in ipairs(parts.list) do
    if within[p] and part[1] == "x" then
      list[#list + 1] = format("%s of x %s another: split apart, they would make the test easier",
        items(within[p], "item"), within[p] == 1 and "repeats" or "repeat")
    end
  end
end

--- The notes on a data set: a list of sentences; and those of them that are about more than what every data set is at
--- first, not scaled and sorted.
function M.find(d)
  local list, mild, ranges = {}, {}, {}
  for _, part in ipairs(parts.list) do
    check_inputs(list, d, part, ranges)
    check_labels(list, mild, d, part)
  end
  check_scale(list, mild, ranges)
  check_duplicates(list, d)
  local all = table.move(list, 1, #list, 1, {})
  return table.move(mild, 1, #mild, #all + 1, all), list
end

--- Finds the notes on a data set that was just made, keeps them in it, and tells at a prompt what is unusual.
function M.attach(d)
  local unusual
  d.notes, unusual = M.find(d)
  for i = 1, math.min(#unusual, 5) do session.note(unusual[i]) end
  if #unusual > 5 then session.note(format("and %d more, see the data set's notes", #unusual - 5)) end
  return d
end

M.public = {}

M.public.check = doc("data.check", [==[
data.check(d) -> list of sentences

Looks for what spoils training or the test: items that stand in two parts (or twice in x), input that is not scaled,
NaN, pictures of one value only, labels out of range, classes missing from a part, sorted labels. `d` is a data set or
a table with x and y, or x_train, y_train and so on. What data.split makes prints what this finds as notes.

> for _, note in ipairs(data.check{x=tensor{{0, 1}, {1, 0}, {0, 1}}, y=tensor{0, 1, 0}}) do print(note) end
1 item of x repeats another: split apart, they would make the test easier]==], function(d)
  if not parts.is_set(d) then
    error("data.check takes a data set, or a table with x and y, not " .. parts.kind(d), 2)
  end
  return parts.call(M.find, d)
end)

return M
