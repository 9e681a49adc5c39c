-- What is legal Lua and yet not what someone who knows NumPy means by it: nothing fails, so that only a remark can
-- tell. Read from an entry before it runs, with the learner's variables as they are then; nothing is evaluated.

local advice = require "gradus.session.advice"
local expressions = require "gradus.session.expressions"
local help = require "gradus.help"
local is_tensor = require "gradus.is_tensor"
local is_tracked = require "gradus.is_tracked"
local options = require "gradus.options"
local reach = require "gradus.session.reach"

local remarks = {}

local MOST = 12  -- names that are listed

local function source(text, node) return text:sub(node.from, node.to) end

-- Lua compares a tensor with a number or a string without asking anyone: they differ.
local function comparison(text, node, look_up)
  if node.kind ~= "binary" or node.op ~= "==" and node.op ~= "~=" then return nil end
  local tensor, other = node.left, node.right
  if tensor.kind ~= "name" then tensor, other = other, tensor end
  local literal = other.kind == "unary" and other.operand or other
  if tensor.kind ~= "name" or literal.kind ~= "number" and literal.kind ~= "string" then return nil end
  if not is_tensor(look_up(tensor.text)) then return nil end
  return string.format("%s is %s in Lua, whatever is in the tensor: the mask is %s(%s, %s)", source(text, node),
    node.op == "==" and "false" or "true", node.op == "==" and "eq" or "ne", tensor.text, source(text, other))
end

-- A list, such as a shape or the layers of a network, has nothing at 0 and at -1.
local function position(text, node, look_up)
  local list = node.kind == "index" and node.key and not node.set and node.object
  local place = list and math.tointeger(reach.literal(node.key))
  if not place or place > 0 then return nil end
  local value = reach.of_node(list, look_up)
  if type(value) ~= "table" or #value == 0 or reach.field(value, place) ~= nil then return nil end
  local key, of = source(text, node), source(text, list)
  if place == 0 then
    return string.format("%s is nil: %s count from 1, so the first is %s[1]", key,
      list.name == "shape" and "sizes" or "positions", of)
  end
  local before = place == -1 and "" or " - " .. -place - 1
  return string.format("%s is nil: counted from the end it is %s[#%s%s]", key, of, of, before)
end

-- The names in a table that a learner sees: those in itself.
local function own_names(value)
  local names = {}
  for name, member in pairs(reach.members(value)) do
    if member.own and not name:find "^_" then names[#names + 1] = name end
  end
  table.sort(names)
  return names
end

-- ' (h.history has "loss")' when a table in a field of `value` has what it lacks itself.
local function one_deeper(value, of, name)
  for _, field in ipairs(own_names(value)) do
    local inner = reach.field(value, field)
    if type(inner) == "table" and debug.getmetatable(inner) == nil and inner[name] ~= nil then
      return string.format("; it is %s.%s.%s", of, field, name)
    end
  end
end

-- An entry that asks for one field, which is not there: Lua prints nothing.
local function field(text, node, look_up)
  if node.kind ~= "index" or not node.name or node.set or node.from ~= text:find "%S" then return nil end
  if text:find("%S", node.to + 1) then return nil end
  local value = reach.of_node(node.object, look_up)
  if node.name == "grad" and is_tensor(value) then
    if not is_tracked(value) or value.grad ~= nil then return nil end
    return string.format("%s is nil: %s", source(text, node), advice.no_gradient(value, source(text, node.object)))
  end
  if type(value) ~= "table" or help.is_module(value) or reach.field(value, node.name) ~= nil then return nil end
  local of, names, meta = source(text, node.object), own_names(value), debug.getmetatable(value)
  local more = one_deeper(value, of, node.name) or options.did_you_mean(node.name, names)
  if more == "" and meta and rawget(meta, "__name") then
    local habit = advice.method(node.name)
    more = habit and "; " .. habit or string.format("; ?%s tells what it has", of)
  elseif more == "" and #names > 0 then
    if #names > MOST then names[MOST + 1] = "..." end
    more = "; it has " .. table.concat(names, ", ", 1, math.min(#names, MOST + 1))
  end
  return string.format('%s is nil: %s has no "%s"%s', source(text, node), of, node.name, more)
end

--- The remarks about the entry `text`, a list of sentences. `look_up(name)` gives a variable's value.
function remarks.about(text, look_up)
  local list = {}
  for _, node in ipairs(expressions.read(text)) do
    list[#list + 1] = comparison(text, node, look_up) or position(text, node, look_up) or field(text, node, look_up)
  end
  return list
end

return remarks
