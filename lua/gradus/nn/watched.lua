-- The fields that a recorded step depends on, and whether they still hold what they held. Every step and every
-- prediction asks that about a hundred fields, so the question is compiled, as t["padding"] ~= "same" or ...: that
-- takes a third of what a loop over lists of the same takes.

local Watched = {}
Watched.__index = Watched

local M = {}

function M.new()
  return setmetatable({owners = {}, objects = {}, n_objects = 0, lines = {}}, Watched)
end

-- A value of Lua's own as it is written in a program; nil for an object.
local function literal(value)
  local kind = type(value)
  if kind == "number" or kind == "string" or kind == "boolean" or kind == "nil" then
    return string.format("%q", value)
  end
end

-- Objects are told apart by a table with a number for each, since ~= might ask a metamethod, perhaps a learner's.
local function number_of(self, object)
  if not self.objects[object] then
    self.n_objects = self.n_objects + 1
    self.objects[object] = self.n_objects
  end
  return self.objects[object]
end

--- owner[name], which may be nil.
function Watched:add(owner, name)
  local owners, lines = self.owners, self.lines
  if owners[#owners] ~= owner then
    owners[#owners + 1] = owner
    lines[#lines + 1] = string.format("t = owners[%d]", #owners)
  end
  local value = owner[name]
  local text = literal(value)
  lines[#lines + 1] = text and string.format("if t[%q] ~= %s then return false end", name, text)
    or string.format("if objects[t[%q]] ~= %d then return false end", name, number_of(self, value))
end

--- owner[name], which is a list, with its elements and its length.
function Watched:add_list(owner, name)
  self:add(owner, name)
  local list = owner[name]
  for i = 1, #list + 1 do self:add(list, i) end  -- nil stands behind the last one
end

--- The question: a function that returns whether all those fields hold what they held when they were added.
function Watched:question()
  local program = "local all, numbered = ...\nreturn function()\nlocal owners, objects, t = all, numbered\n"
    .. table.concat(self.lines, "\n") .. "\nreturn true\nend"
  return load(program, "=watched", "t", {})(self.owners, self.objects)
end

return M
