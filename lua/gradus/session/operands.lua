-- Which expression in a learner's source failed, and what its operands were. Lua knows the line of an error and what
-- the failing function was called with, but no column; so the expressions of that line are compared with the call.
-- Nothing is evaluated: only variables, T and fields are looked up.

local core = require "gradus.core.tensor"
local expressions = require "gradus.session.expressions"

local operands = {}

-- Lua's names of the metamethods behind the operators.
local events = {add = "+", sub = "-", mul = "*", div = "/", mod = "%", pow = "^", idiv = "//", concat = "..", eq = "==",
  lt = "<", le = "<=", unm = "-", len = "#"}
local mirrored = {lt = ">", le = ">=", eq = "~="}  -- a > b is b < a

--- The operator behind a metamethod, "+" for "add", or nil.
function operands.operator(event)
  return events[event]
end

function operands.is_tensor(value)
  return type(value) == "userdata" and debug.getmetatable(value) == core.metatable
end

-- What the nodes of an operation are called with, in the order of the call's values.
local function parts(node, call)
  if node.kind == "binary" then
    if node.op == mirrored[call.name] and node.op ~= "~=" then return {node.right, node.left} end
    return {node.left, node.right}
  elseif node.kind == "unary" then
    return {node.operand}
  elseif node.kind == "index" then
    return {node.object, node.key or {kind = "field", text = node.name}, node.value}
  elseif node.method then
    return {node.callee, table.unpack(node.arguments)}
  end
  return node.arguments
end

local function is_candidate(node, call, line)
  if call.how == "metamethod" then
    if node.line ~= line then return false end
    if call.name == "index" then return node.kind == "index" and not node.set end
    if call.name == "newindex" then return node.kind == "index" and node.set end
    if call.name == "unm" or call.name == "len" then return node.kind == "unary" and node.op == events[call.name] end
    return node.kind == "binary" and (node.op == events[call.name] or node.op == mirrored[call.name])
  end
  if node.kind ~= "call" or (node.line ~= line and node.open_line ~= line) then return false end
  local callee = node.callee
  return (node.method or callee.kind == "name" and callee.text or callee.kind == "index" and callee.name) == call.name
end

-- {shape=} of a tensor, {value=} of anything else, or nil for what only running the code could tell.
local function known(node, look_up)
  if node.kind == "name" then
    local value = look_up(node.text)
    if value == nil then return nil end
    return operands.is_tensor(value) and {shape = value.shape} or {value = value}
  elseif node.kind == "number" then
    return {value = tonumber(node.text)}
  elseif node.kind == "paren" then
    return known(node.inner, look_up)
  elseif node.kind == "constant" and node.text ~= "..." then
    return {value = ({["true"] = true, ["false"] = false})[node.text]}
  elseif node.kind == "index" and node.name then
    local object = known(node.object, look_up)
    if not object then return nil end
    if object.shape and node.name == "T" then
      local shape = {}
      for i, size in ipairs(object.shape) do shape[#object.shape + 1 - i] = size end
      return {shape = shape}
    elseif type(object.value) == "table" then
      local value = rawget(object.value, node.name)
      return operands.is_tensor(value) and {shape = value.shape} or value ~= nil and {value = value} or nil
    end
  end
end

local function agrees(fact, value)
  if fact == nil then return true end
  if not fact.shape then return rawequal(fact.value, value) end
  return operands.is_tensor(value) and table.concat(fact.shape, ",") == table.concat(value.shape, ",")
end

--- The expression behind `call` (of core.call's record) on `line` of `text`: {node=, parts= (nodes), values=,
--- text=}, or nil when there is none or when several could be it. `look_up(name)` gives a variable's value.
function operands.find(text, line, call, look_up)
  local found
  for _, node in ipairs(expressions.read(text)) do
    if is_candidate(node, call, line) then
      local nodes, fits = parts(node, call), true
      for i, part in ipairs(nodes) do
        if i > call.n or not agrees(known(part, look_up), call[i]) then fits = false end
      end
      if fits and found and text:sub(node.from, node.to) ~= text:sub(found.node.from, found.node.to) then return nil end
      if fits then found = found or {node = node, parts = nodes, values = call, text = text} end
    end
  end
  return found
end

return operands
