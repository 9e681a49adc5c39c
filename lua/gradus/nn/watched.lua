-- The fields that a recorded step depends on, and whether they still hold what they held. Every step and every
-- prediction asks, so they stand in plain lists: to call a function takes longer than to look at three of them.

local Watched = {}
Watched.__index = Watched

local function fields() return {n = 0, owners = {}, names = {}, values = {}} end

-- Values that == compares without asking anybody, and those whose metamethods it would ask.
local M = {}

function M.new() return setmetatable({plain = fields(), objects = fields()}, Watched) end

--- owner[name], which may be nil.
function Watched:add(owner, name)
  local value = owner[name]
  local kind = type(value)
  local list = (kind == "table" or kind == "userdata") and self.objects or self.plain
  local n = list.n + 1
  list.n, list.owners[n], list.names[n], list.values[n] = n, owner, name, value
end

--- owner[name], which is a list, with its elements and its length.
function Watched:add_list(owner, name)
  self:add(owner, name)
  local list = owner[name]
  for i = 1, #list + 1 do self:add(list, i) end  -- nil stands behind the last one
end

function Watched:is_unchanged()
  local list = self.plain
  local owners, names, values = list.owners, list.names, list.values
  for i = 1, list.n do
    if owners[i][names[i]] ~= values[i] then return false end
  end
  list = self.objects
  owners, names, values = list.owners, list.names, list.values
  for i = 1, list.n do
    if not rawequal(owners[i][names[i]], values[i]) then return false end
  end
  return true
end

return M
