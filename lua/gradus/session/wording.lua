-- What Lua and its library say when code fails, in the terms of someone who is new to both: the learner's own
-- expression instead of "a field", what it is, and what can be written instead.

local advice = require "gradus.session.advice"
local builtins = require "gradus.builtins"
local core = require "gradus.core.tensor"
local expressions = require "gradus.session.expressions"
local help = require "gradus.help"
local operands = require "gradus.session.operands"
local options = require "gradus.options"
local reach = require "gradus.session.reach"

local wording = {}

-- "a number", "nothing (nil)", "a tensor".
local function described(kind)
  if kind == "nil" then return "nil" end
  if kind == "no value" then return "missing" end
  return (kind:find "^[aeiou]" and "an " or "a ") .. kind
end

local function kind_of(value)
  return operands.is_tensor(value) and "tensor" or type(value)
end

-- The source of the nodes on the site's line for which `is` holds; nil when there is none or several differ.
local function only(site, is)
  local found
  for _, node in ipairs(site.text and expressions.read(site.text) or {}) do
    if node.line == site.line and is(node) then
      local code = site.text:sub(node.from, node.to)
      if found and found.code ~= code then return nil end
      found = {code = code, node = node}
    end
  end
  return found
end

local function source(site, node) return site.text:sub(node.from, node.to) end

-- What a variable, or a field behind one, stands for: nil where only running the code could tell.
local function value_of(site, node)
  return reach.of_node(node, function(name)
    local value = site.look_up(name)
    if value == nil and site.built_in then return site.built_in(name) end
    return value
  end)
end

-- How a variable or field that Lua names stands in the source: "t.a" for the field 'a'.
local function spelled(site, kind, name)
  if kind == "field" or kind == "method" then
    local found = only(site, function(node) return node.kind == "index" and node.name == name end)
    return found and found.code or name
  end
  return name
end

local properties = {T = true, shape = true, ndim = true, size = true, dtype = true}

-- ---- calls ----

-- Whether it is a network, a layer or another table of ours with methods, and no module.
local function is_object(value)
  local meta = type(value) == "table" and debug.getmetatable(value)
  return type(meta) == "table" and rawget(meta, "__name") ~= nil and not help.is_module(value)
end

-- What to call instead of a method that an object of ours has not: what another library has under that name, or the
-- nearest of its own.
local function instead_of_method(object, name)
  if not is_object(object) then return "" end
  local more = advice.method(name)
  if more then return ": " .. more end
  local names = {}
  for member, found in pairs(reach.members(object)) do
    if type(found.value) == "function" and not member:find "^_" then names[#names + 1] = member end
  end
  table.sort(names)
  return options.did_you_mean(name, names)
end

local function called(site, kind, what, name)
  if what == "for iterator" or name == "for iterator" then
    if kind == "tensor" then return "a tensor is gone through row by row: for i, row in ipairs(x) do ... end" end
    if kind == "table" then return "a table is gone through with: for i, value in ipairs(t) do ... end" end
    return "a loop counts with: for i = 1, 10 do ... end"
  elseif not name then
    return string.format("what stands before the bracket is %s and cannot be called: is an operator missing?",
      described(kind))
  elseif properties[name] and (what == "field" or what == "method") then
    local found = only(site, function(node)
      return node.kind == "index" and node.name == name or node.kind == "call" and node.method == name
    end)
    local object = found and (found.node.object or found.node.callee)
    return string.format("%s is no function: write %s.%s, without brackets", name,
      object and source(site, object) or "x", name)
  elseif what == "method" and kind == "nil" then
    local found = only(site, function(node) return node.kind == "call" and node.method == name end)
    return string.format("%s has no method %s%s", found and source(site, found.node.callee) or "this value", name,
      instead_of_method(found and value_of(site, found.node.callee), name))
  end
  local shown = what == "constant" and string.format("%q", name) or spelled(site, what, name)
  if kind == "tensor" then
    return string.format("%s is a tensor and is not called: an element is %s[1] or %s[{1, 2}], in square brackets",
      shown, shown, shown)
  elseif kind == "nil" then
    return string.format("%s is nil: there is no such function", shown)
  elseif what == "global" and site.built_in and site.built_in(name) ~= nil then
    return string.format("%s is %s now and cannot be called; %s = nil brings the built-in back", name, described(kind),
      name)
  end
  return string.format("%s is %s and cannot be called", shown, described(kind))
end

-- ---- looking something up ----

local function indexed(site, kind, what, name)
  local found = only(site, function(node)
    local object = node.kind == "index" and node.object or node.kind == "call" and node.method and node.callee
    if not object then return false end
    if what == "field" and object.kind == "index" then
      return object.name == name or object.key ~= nil and (name == "integer index" or name == "?")
    end
    return object.kind == "name" and object.text == name
  end)
  local object = found and source(site, found.node.object or found.node.callee)
  local is_nested = name == "integer index" or name == "?"
  if not object and is_nested then
    return string.format("what is indexed here is %s: this index goes a level too deep", described(kind))
  end
  object = object or name or "this"
  local wanted = found and (found.node.method or found.node.name)
  if kind == "function" then
    local argument = wanted and not builtins.get(wanted) and wanted or "x"
    return string.format("%s is a function: it is called, as in %s(%s)", object, object, argument)
  elseif kind == "nil" then
    return string.format("%s is nil, so it has no %s", object, wanted and '"' .. wanted .. '"' or "fields or elements")
  end
  return string.format("%s is %s, which has no %s", object, described(kind), wanted and '"' .. wanted .. '"'
    or "fields or elements")
end

-- ---- operators ----

local is_arithmetic = {}
for symbol in ("+ - * / // % ^"):gmatch "%S+" do is_arithmetic[symbol] = true end

-- The one operand that can be of that kind, where Lua does not name it: that of the line's only operator of the sort
-- beside which stands a literal. Otherwise "one side".
local function culprit(site, is_operator, literal)
  local found = only(site, function(node) return is_operator[node.op] end)
  local node = found and found.node
  local suspect = node and node.operand
  if node and node.left and node.left.kind == literal then suspect = node.right end
  if node and node.right and node.right.kind == literal then suspect = node.left end
  local code = suspect and source(site, suspect)
  return code and code ~= "nil" and code or "one side"
end

local function arithmetic(site, kind, what, name)
  local shown = name and spelled(site, what, name) or culprit(site, is_arithmetic, "number")
  name = name or shown ~= "one side"
  local text = string.format("%s is %s: arithmetic takes numbers and tensors", shown, described(kind))
  local object = kind == "nil" and shown:match "^(.*)%.grad$"
  local node = object and only(site, function(node) return node.kind == "index" and node.name == "grad" end)
  local value = node and value_of(site, node.node.object)
  if operands.is_tensor(value) then text = string.format("%s is nil: %s", shown, advice.no_gradient(value, object)) end
  if kind == "table" then text = text .. string.format(" (tensor(%s) makes a tensor of it)", name and shown or "t") end
  if kind == "function" then text = text .. string.format(" (to call it, write %s(...))", name and shown or "f") end
  return text
end

local function joined(site, kind, what, name)
  local shown = name and spelled(site, what, name) or culprit(site, {[".."] = true}, "string")
  name = name or shown ~= "one side"
  return string.format("%s is %s: .. joins strings and numbers%s", shown, described(kind),
    kind == "nil" and "" or string.format(" (tostring(%s) makes a string of it)", name and shown or "x"))
end

local function compared(a, b)
  if a == b then return string.format("two %ss have no order: < and <= compare two numbers or two strings", a) end
  return string.format("%s and %s cannot be compared: < and <= compare two numbers or two strings", described(a),
    described(b))
end

local function divided_by_zero()
  return "a whole number cannot be divided by 0; a decimal one can: 1.0 // 0 is inf"
end

-- {pattern, function of the site and the captures}; the first that fits words the message.
local own_words = {
  {"^attempt to call an? (%S+) value %((%S+) '(.-)'%)$", called},
  {"^attempt to call an? (%S+) value %(for iterator 'for iterator'%)$", function(site, kind)
    return called(site, kind, "for iterator")
  end},
  {"^attempt to call an? (%S+) value$", called},
  {"^attempt to index an? %S+ value %(local 'self'%)$", function()
    return "a method was called without what it belongs to: it is called with a colon, as in model:summary()"
  end},
  {"^attempt to index an? (%S+) value %((%S+) '(.-)'%)$", indexed},
  {"^attempt to index an? (%S+) value$", indexed},
  {"^attempt to perform arithmetic on an? (%S+) value %((%S+) '(.-)'%)$", arithmetic},
  {"^attempt to perform arithmetic on an? (%S+) value$", arithmetic},
  {"^attempt to perform bitwise operation on an? (%S+) value", function(_, kind)
    return string.format("%s has no bits: & | ~ << >> work on whole numbers; masks are joined with logical_and(a, b) "
      .. "and logical_or(a, b), powers are written x ^ 2", described(kind))
  end},
  {"^attempt to (%a+) an? '(%S+)' with an? '(%S+)'$", function(_, event, a, b)
    if event == "unm" then
      return string.format("%s has no negative: arithmetic takes numbers and tensors", described(a))
    end
    if a == "string" and b == "string" then return "strings are joined with .. and not with +: 'a' .. 'b'" end
    return string.format("%s and %s: arithmetic takes numbers and tensors, and strings only where they read as numbers",
      described(a), described(b))
  end},
  {"^attempt to concatenate an? (%S+) value %((%S+) '(.-)'%)$", joined},
  {"^attempt to concatenate an? (%S+) value$", joined},
  {"^attempt to compare two (%S+) values$", function(_, kind) return compared(kind, kind) end},
  {"^attempt to compare (.-) with (.-)$", function(_, a, b) return compared(a, b) end},
  {"^attempt to divide by zero$", divided_by_zero},
  {"^attempt to perform 'n//0'$", divided_by_zero},
  {"^attempt to perform 'n%%+0'$", function()
    return "the remainder of a division by 0 does not exist for whole numbers; 1.0 % 0 is nan"
  end},
  {"^attempt to get length of an? (%S+) value", function(_, kind)
    return string.format("%s has no length: # counts the elements of a table, the letters of a string, the rows of a "
      .. "tensor", described(kind))
  end},
  {'^a tensor has no method or property "(.-)"', function(_, name)
    local more = advice.tensor(name)
    return more and string.format('a tensor has no "%s": %s', name, more) or nil
  end},
  -- "# note" is the length of a variable to Lua.
  {"^([%w_]+ is not defined.*)$", function(site, message)
    local found = only(site, function(node) return node.kind == "unary" and node.op == "#" end)
    local is_comment = found and found.code:find "^#%s" and site.text:find "^%s*#"
    return is_comment and message .. " (a comment begins with --)" or message
  end},
  {"^resulting string too large$", function() return "the string would be larger than any machine can hold" end},
  {"^table index is nil$", function() return "the key is nil: a table has no field for it" end},
  {"^table index is NaN$", function() return "the key is nan (0/0 and the like): a table has no field for it" end},
  {"^number has no integer representation$", function()
    return "a whole number is needed here, and this one is none: math.floor(x) rounds down"
  end},
  {"^bad 'for' (.-) %(number expected, got (.*)%)$", function(_, part, kind)
    return string.format("the %s of a counting loop is a number, as in for i = 1, 10 do, and not %s", part,
      described(kind))
  end},
  {"^'for' step is zero$", function() return "a loop that counts in steps of 0 would never end" end},
}

-- ---- wrong arguments ----

-- "sqrt(X)" for math.sqrt(X) of a tensor, when there is such a function.
local function for_tensors(found, name)
  local callee = found.node.callee
  if not callee or callee.kind ~= "index" or callee.object.text ~= "math" then return nil end
  if type(builtins.get(name)) ~= "function" or #found.parts ~= 1 then return nil end
  local part = found.parts[1]
  return string.format("%s(%s)", name, found.text:sub(part.from, part.to))
end

local masks = {["=="] = "eq", ["~="] = "ne", ["<"] = "lt", ["<="] = "le", [">"] = "gt", [">="] = "ge"}

-- A comparison that gave a boolean where a mask was meant: "eq(X, 1)".
local function as_mask(found, node)
  while node.kind == "paren" do node = node.inner end
  local name = node.kind == "binary" and masks[node.op]
  if not name then return nil end
  local function code(part) return found.text:sub(part.from, part.to) end
  return string.format("%s(%s, %s)", name, code(node.left), code(node.right))
end

-- "bad argument #1 to 'f' (tensor expected, got nil)", where the call is known.
local function wrong_argument(found, number, name, complaint)
  local call = found.values
  local at = number + (call.how == "method" and 1 or 0)
  local operator = call.how == "metamethod" and operands.operator(call.name)
  if not operator and (call.name ~= name and name ~= "?") then return nil end
  local wanted = complaint:match "^(.-) expected, got "
  local part, value = found.parts[at], call[at]
  local called_name = operator or call.name == "newindex" and "assignment" or call.name
  if not wanted then
    if part and complaint == "number has no integer representation" then
      local code, shown = found.text:sub(part.from, part.to), tostring(value)
      if code == shown then return string.format("%s takes a whole number, not %s", called_name, shown) end
      return string.format("%s takes a whole number, but %s is %s", called_name, code, shown)
    end
    return string.format("%s: argument %d: %s", called_name, at - (call.how == "method" and 1 or 0), complaint)
  end
  if wanted == "number" and name == "?" or operator then wanted = "tensor or number" end
  if not part or not part.from then
    return string.format("%s takes %s as argument %d, which is missing", called_name, described(wanted), number)
  end
  local code, kind = found.text:sub(part.from, part.to), kind_of(value)
  local text = code == "nil" and string.format("%s takes %s, not nil", called_name, described(wanted))
    or string.format("%s takes %s, but %s is %s", called_name, described(wanted), code, described(kind))
  local mask = kind == "boolean" and as_mask(found, part)
  if mask then
    return string.format("%s takes %s, and in Lua %s is one boolean: the mask is %s", called_name, described(wanted),
      code, mask), mask
  elseif kind == "tensor" and wanted == "number" and value.ndim == 0 and not for_tensors(found, call.name) then
    return string.format("%s; the number in it is %s:item()", text, code)
  elseif kind == "tensor" and for_tensors(found, call.name) then
    local fix = for_tensors(found, call.name)
    return text .. "; for tensors it is " .. fix, fix
  elseif kind == "table" and wanted:find "tensor" and not operator then
    return text .. string.format(" (tensor(%s) makes a tensor of it)", code)
  elseif kind == "table" and operator then
    return text .. string.format(" (tensor(%s) makes a tensor of it)", code)
  end
  return text
end

-- A method that was called as a field: the same call with a colon.
local function with_colon(site, call)
  local object, name = call.callee.object, call.callee.name
  local fix = string.format("%s:%s%s", source(site, object), name, site.text:sub(call.callee.to + 1, call.to))
  return string.format("%s is a method and is called with a colon: %s", name, fix), fix
end

-- X.dot(w): what stands in the method's first place is no tensor.
local function colon_missing(site, name)
  if not core.metatable.__methods[name] then return nil end
  local found = only(site, function(node)
    return node.kind == "call" and not node.method and node.callee.kind == "index" and node.callee.name == name
  end)
  if not found then return nil end
  local object = found.node.callee.object
  local code = source(site, object)
  if object.kind == "name" then
    local value = site.look_up(code)
    if builtins.is_module(code) or value ~= nil and not operands.is_tensor(value) then return nil end
  end
  return with_colon(site, found.node)
end

-- m.summary() of an object of ours: the method ran without its object, so that what it says is beside the point.
local function colon_missing_before(site)
  local found = only(site, function(node)
    local callee = node.kind == "call" and not node.method and node.callee
    if not callee or callee.kind ~= "index" or not callee.name then return false end
    local object = value_of(site, callee.object)
    if not is_object(object) then return false end
    local first = node.arguments[1]
    return rawget(object, callee.name) == nil and reach.is_ours(reach.field(object, callee.name))
      and not (first and source(site, first) == source(site, callee.object))
  end)
  if found then return with_colon(site, found.node) end
end

-- f(a, b, {c = 1}) of a function that takes one table: "f{a, b, c = 1}".
local function braces_missing(site, name)
  local last = name:match "[%w_]+$"
  local found = only(site, function(node)
    local callee = node.kind == "call" and node.callee
    return callee and (node.method or callee.name or callee.text) == last and #node.arguments > 0
  end)
  if not found then return nil end
  local call, list = found.node, {}
  for i, node in ipairs(call.arguments) do
    list[i] = source(site, node)
    if node.kind == "table" and i == #call.arguments then list[i] = list[i]:match "^{%s*(.-)%s*}$" end
  end
  local fix = string.format("%s%s{%s}", source(site, call.callee), call.method and ":" .. call.method or "",
    table.concat(list, ", "))
  return string.format("%s takes one table, in braces: %s", name, fix), fix
end

-- Tensors compared with Lua's operators.
local function comparison(found)
  local node = found.node
  if node.kind ~= "binary" or not masks[node.op] then return nil end
  local a, b = found.values[1], found.values[2]
  local function is_operand(value) return operands.is_tensor(value) or type(value) == "number" end
  if not is_operand(a) or not is_operand(b) then return compared(kind_of(a), kind_of(b)) end
  local fix = as_mask(found, node)
  return string.format("Lua's %s gives one boolean, not a mask: the mask is %s, and all(%s) is one answer", node.op,
    fix, fix), fix
end

--- What `message` says in a learner's terms, and the code to write instead (or nil). `site` is {text= (of the chunk,
--- or nil), line=, call= (of core.call's record, or nil), found= (see operands.find, or nil), look_up= (a variable's
--- value by its name), built_in= (a built-in's, or nil)}.
function wording.of(message, site)
  local words, remedy = colon_missing_before(site)
  if words then return words, remedy end
  local taker = message:match "^([%w_.]+) takes one table"
  if taker then words, remedy = braces_missing(site, taker) end
  if words then return words, remedy end
  for _, each in ipairs(own_words) do
    local captures = table.pack(message:match(each[1]))
    words = captures[1] and each[2](site, table.unpack(captures, 1, captures.n))
    if words then return words end
  end
  local found = site.found
  if found and found.values.how == "metamethod" then
    local text, fix = comparison(found)
    if text then return text, fix end
  end
  local number, name, complaint = message:match "^bad argument #(%d+) to '([^']*)' %((.*)%)$"
  if not number then return message end
  if complaint:find "^tensor" then
    local text, fix = colon_missing(site, name)
    if text then return text, fix end
  end
  local text, fix
  if found then text, fix = wrong_argument(found, tonumber(number), name, complaint) end
  local operator = name == "?" and site.call and site.call.how == "metamethod" and operands.operator(site.call.name)
  if not text and operator then
    local kind = complaint:match " got (.*)$"
    text = kind and string.format("%s takes a tensor or number, not %s", operator, described(kind))
  end
  return text or message, fix
end

return wording
