-- What is suspicious about a data set before anything has been trained on it.

local core = require "gradus.core.data"
local doc = require("gradus.help").doc
local parts = require "gradus.data.parts"
local pictures = require "gradus.core.pictures"
local tensor = require "gradus.core.tensor"

local error, ipairs, pcall, tostring = error, ipairs, pcall, tostring
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
  return tensor.sum(tensor.eq(tensor.max(rows, 2), tensor.min(rows, 2)):astype "int64")
end

local function check_inputs(list, d, part)
  local x = d[part[1]]
  if not core.is_tensor(x) or x.size == 0 then return end
  local least, mean, greatest = core.range(x)
  if mean ~= mean then
    local bad = tensor.sum(tensor.isnan(x):astype "int64")
    list[#list + 1] = format("%s has %s that %s not a number (NaN): training would stop there", part[1],
      items(bad, "value"), bad == 1 and "is" or "are")
  elseif greatest > 30 or least < -30 then
    list[#list + 1] = format("%s goes from %g to %g: networks learn better from numbers around 0 to 1; %s", part[1],
      least, greatest, least >= 0 and greatest <= 255 and "divide by 255, or begin with nn.Rescaling{1 / 255}"
        or "data.standardise(d) brings the columns to one scale")
  end
  local same = constant(x)
  if same > 0 then
    list[#list + 1] = format("%s in %s of one value only: there is nothing to see in %s", items(same, "item"), part[1],
      same == 1 and "it" or "them")
  end
end

local function check_labels(list, d, part)
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
    list[#list + 1] = "y is sorted: data.split shuffles it; cut at fixed places, whole classes would be missing from "
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

--- The notes on a data set, a list of sentences.
function M.find(d)
  local list = {}
  for _, part in ipairs(parts.list) do
    check_inputs(list, d, part)
    check_labels(list, d, part)
  end
  check_duplicates(list, d)
  return list
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
