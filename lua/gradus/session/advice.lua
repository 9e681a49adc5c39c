-- What to write instead, for mistakes that are habits from mathematics, NumPy or another language. Lua's own message
-- says where it stopped; for someone new to Lua this is the half that helps.

local builtins = require "gradus.builtins"
local lexer = require "gradus.session.lexer"

local advice = {}

local FUNCTION = "a function is written: function f(x) return ... end"

-- {what Lua stopped at, or nil for anything; a pattern in the line; the advice}. The first that fits is given.
local habits = {
  {nil, "^%s*def%s", FUNCTION},
  {"=", "^%s*[%a_][%w_]*%s*%b()%s*=[^=]", FUNCTION},
  {nil, "%f[%a]lambda%f[%A]", "a function without a name is written: function(x) return ... end"},
  {nil, "^%s*import%s", "nothing needs to be imported: it is all there"},
  {nil, "^%s*from%s+%S+%s+import%s", "nothing needs to be imported: it is all there"},
  {nil, "^%s*print%s+[^%s(]", "print takes brackets: print(x)"},
  {"[", "[=,({]%s*%[", "a list is written in braces: {1, 2, 3}"},
  {"!", "!=", '"not equal" is written ~='},
  {"=", "%f[%a]if%f[%A]", "to compare, write =="},
  {"*", "%*%*", "a power is written x ^ 2"},
  {nil, "[%+%-%*/]=", "there is no += and its like: write x = x + 1"},
  {",", "%(%(", "double brackets hold one value only: write f(3, 1), not f((3, 1))"},
  {",", "%[[^%]]*,", "an element is x[{1, 2}], a part of x is x[{{1, 2}, {}}]"},
}

-- "what" and "is" of "what is this": two names or numbers with nothing between them, the second where Lua stopped.
local function neighbours(text, near)
  local tokens = lexer.tokens(text)
  for i = 2, #tokens do
    local before, here = tokens[i - 1], tokens[i]
    if (here.text == near or near == "<eof>")
      and (here.kind == "name" or here.kind == "number" or here.kind == "keyword")
      and (before.kind == "name" or before.kind == "number") then
      return before.text, here.text
    end
  end
end

--- For a message of load() about `line`, the line of the source that it names. A sentence, or nil.
function advice.syntax(message, line)
  local near = message:match "near '(.*)'$" or message:match "near (<eof>)$"
  if not near then return nil end
  for _, habit in ipairs(habits) do
    if (habit[1] == nil or habit[1] == near) and line:find(habit[2]) then return habit[3] end
  end
  local first, second = neighbours(line, near)
  if first and near ~= "<eof>" then
    return string.format('between "%s" and "%s" something is missing, or this is no code', first, second)
  end
end

--- For an error of code that ran, in `line`: a tensor's method that was called as a field. A message, or nil.
function advice.call(message, line)
  local name = message:match "^bad argument #%d+ to '([%w_]+)' %(tensor expected, got "
  if not name then return nil end
  for receiver in line:gmatch("([%w_%.%)%]]+)%." .. name .. "%s*[%({\"']") do
    if not builtins.is_module(receiver) then
      local shown = receiver:match "^[%a_][%w_%.]*$" or "x"
      return string.format("%s is a method and is called with a colon: %s:%s(...)", name, shown, name)
    end
  end
end

return advice
