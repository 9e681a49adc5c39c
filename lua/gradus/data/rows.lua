-- Where each row of a data set came from, as a list that is made when it is looked at: a text for each of a million
-- would take more memory than the rows.

local format = string.format

local rows = {}

local List = {__name = "rows"}

-- What a list consists of, out of the learner's sight: its length, and the text of row i.
local lengths, texts = setmetatable({}, {__mode = "k"}), setmetatable({}, {__mode = "k"})

function List:__len() return lengths[self] end

function List:__index(i)
  if math.type(i) == "integer" and i >= 1 and i <= lengths[self] then return texts[self](i) end
end

function List:__newindex() error("the rows of a data set say where it came from, and cannot be changed", 2) end

function List:__pairs()
  return function(_, i)
    i = (i or 0) + 1
    if i <= #self then return i, self[i] end
  end, self, nil
end

function List:__tostring()
  local n = #self
  if n == 0 then return "{}" end
  if n == 1 then return format('{"%s"}', self[1]) end
  return format('{"%s", ... "%s"} (%d rows)', self[1], self[n], n)
end

--- A list of n texts; f(i) is the text of row i.
function rows.new(n, f)
  local list = setmetatable({}, List)
  lengths[list], texts[list] = n, f
  return list
end

--- Lists one after the other.
function rows.join(lists)
  local n = 0
  for _, list in ipairs(lists) do n = n + #list end
  return rows.new(n, function(i)
    for _, list in ipairs(lists) do
      if i <= #list then return list[i] end
      i = i - #list
    end
  end)
end

return rows
