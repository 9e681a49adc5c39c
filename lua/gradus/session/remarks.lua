-- What is legal Lua and yet not what someone who knows NumPy means by it: nothing fails, so that only a remark can
-- tell. Read from an entry before it runs, with the learner's variables as they are then; nothing is evaluated.

local expressions = require "gradus.session.expressions"
local is_tensor = require "gradus.is_tensor"

local remarks = {}

local function source(text, node) return text:sub(node.from, node.to) end

-- Lua compares a tensor with a number or a string without asking anyone: they differ.
local function comparison(text, node, env)
  if node.kind ~= "binary" or node.op ~= "==" and node.op ~= "~=" then return nil end
  local tensor, other = node.left, node.right
  if tensor.kind ~= "name" then tensor, other = other, tensor end
  local literal = other.kind == "unary" and other.operand or other
  if tensor.kind ~= "name" or literal.kind ~= "number" and literal.kind ~= "string" then return nil end
  if not is_tensor(rawget(env, tensor.text)) then return nil end
  return string.format("%s is %s in Lua, whatever is in the tensor: the mask is %s(%s, %s)", source(text, node),
    node.op == "==" and "false" or "true", node.op == "==" and "eq" or "ne", tensor.text, source(text, other))
end

-- A shape is a table, and a table has nothing at 0 and at -1.
local function size(text, node, env)
  local shape = node.kind == "index" and node.key and node.object
  if not shape or shape.name ~= "shape" or shape.object.kind ~= "name" or node.set then return nil end
  if not is_tensor(rawget(env, shape.object.text)) then return nil end
  local key, of = source(text, node.key), source(text, shape)
  if key == "0" then
    return string.format("%s is nil: sizes count from 1, so the first is %s[1]", source(text, node), of)
  end
  if not key:find "^%-%d+$" then return nil end
  local before = key == "-1" and "" or " - " .. math.tointeger(-key - 1)
  return string.format("%s is nil: counted from the end it is %s[#%s%s]", source(text, node), of, of, before)
end

--- The remarks about the entry `text`, a list of sentences. `env` holds the learner's variables.
function remarks.about(text, env)
  local list = {}
  for _, node in ipairs(expressions.read(text)) do
    list[#list + 1] = comparison(text, node, env) or size(text, node, env)
  end
  return list
end

return remarks
