-- The line in which something is wrong, with carets under what it is, where that can be told for certain.

local compile = require "gradus.session.compile"
local lexer = require "gradus.session.lexer"

local caret = {}

local MOST = 100000  -- bytes of a text that is searched

local function columns(text)
  return utf8.len(text) or #text
end

-- The first and the last of a text's bytes that stand on line `number`.
local function bounds(text, number)
  local from = 1
  for _ = 2, number do
    local stop = text:find("\n", from, true)
    if not stop then return nil end
    from = stop + 1
  end
  return from, (text:find("\n", from, true) or #text + 1) - 1
end

-- As much of the line as fits, around the marked part; what is left out becomes dots.
local function fitted(line, from, to, width)
  if columns(line) <= width then return line, from, to end
  local first, last = 1, #line
  local room = width - 6
  local left = utf8.offset(line, -(room // 2), from) or 1
  if left > 1 then first = left end
  local stop = utf8.offset(line, room, first)
  if stop and stop <= #line then last = stop - 1 end
  local before, after = first > 1 and "..." or "", last < #line and "..." or ""
  local shift = #before + 1 - first
  return before .. line:sub(first, last) .. after, from + shift, math.min(to, last) + shift
end

-- The line around bytes from..to of the text, and a line of carets below it; nil when the line is nothing else.
local function draw(text, number, from, to, width)
  local first, last = bounds(text, number)
  if not first or from < first or from > last then return nil end
  to = math.min(to, last)
  local line = text:sub(first, last):gsub("[%z\1-\31\127]", " ")
  local indent = #line:match "^%s*"
  line, from, to = line:sub(indent + 1):match "^(.-)%s*$", from - first - indent + 1, to - first - indent + 1
  if from < 1 or from == 1 and to >= #line or not utf8.len(line) then return nil end
  line, from, to = fitted(line, from, to, width)
  local left, marked = columns(line:sub(1, from - 1)), columns(line:sub(from, to))
  return line .. "\n" .. (" "):rep(left) .. ("^"):rep(math.max(1, marked))
end

-- What a message blames, as it stands in the code: a pattern that gives it, and what it is there: a field or method
-- behind a dot or colon, an option, a string in quotes, what is called, a whole expression.
local blamed = {
  {"^([%a_][%w_]*) is not defined", "variable"},
  {" has no option \"([%a_][%w_]*)\"", "option"},
  {" has no option ([%a_][%w_]*):", "option"},
  {"^(.-) is nil: there is no such function", "callee"},
  {"^(.-) is an? %l+ and cannot be called", "callee"},
  {"^(.-) is nil", "expression"},
  {" has no [%l ]*\"([%a_][%w_]*)\"", "field"},
  {" has no method ([%a_][%w_]*)", "field"},
  {" cannot be \"(.-)\"", "string"},
  {", but (.-) is ", "expression"},
  {"^(.-) is an? %l", "expression"},
}

local fits = {}

function fits.variable(before) return before ~= "." and before ~= ":" end
function fits.field(before) return before == "." or before == ":" end
function fits.option(before, after) return (before == "{" or before == ",") and after == "=" end
function fits.callee(before, after) return fits.expression(before) and after ~= nil and after:find "^[({\"']" ~= nil end
function fits.expression(before) return before ~= "." and before ~= ":" end

-- What stands between the quotes of a string, or nil.
local function content(token)
  return token.kind == "string" and token.text:match "^[\"'](.*)[\"']$" or nil
end

-- Whether `wanted` begins with token i and ends with another; that one's position, or nil.
local function ends_at(text, tokens, i, wanted, kind)
  if kind == "string" then return content(tokens[i]) == wanted and i or nil end
  local stop = tokens[i].from + #wanted - 1
  if text:sub(tokens[i].from, stop) ~= wanted then return nil end
  local j = i
  while tokens[j] and tokens[j].to < stop do j = j + 1 end
  local before, after = tokens[i - 1], tokens[j + 1]
  local is_whole = tokens[j] and tokens[j].to == stop
  return is_whole and fits[kind](before and before.text, after and after.text) and j or nil
end

-- Where `wanted` begins and ends; nil when there is no such place on the line, or several.
local function place(text, number, wanted, kind)
  local first, last = bounds(text, number)
  if not first then return nil end
  local tokens, from, to = lexer.tokens(text), nil, nil
  for i, token in ipairs(tokens) do
    local j = token.from >= first and token.from <= last and ends_at(text, tokens, i, wanted, kind)
    if j and from then return nil end
    if j then from, to = token.from, tokens[j].to end
  end
  return from, to
end

--- For an error that happened in line `number` of `text`: the line with its carets, or nil.
function caret.of_failure(text, number, message, width)
  if #text > MOST then return nil end
  for _, each in ipairs(blamed) do
    local wanted = message:match(each[1])
    if wanted then
      local from, to = place(text, number, wanted, each[2])
      return from and draw(text, number, from, to, width)
    end
  end
end

-- Whether the text can still become Lua: an expression or statements, if more follows.
local function may_go_on(text)
  for _, opening in ipairs {"", "return nil, "} do
    local code, why = compile(opening .. text, "=caret", "t")
    if code or why:find "<eof>$" then return true end
  end
  return false
end

--- For text that is no Lua: the line with a caret under the first token with which it can be none. `message` is Lua's;
--- nil when Lua means another place.
function caret.of_syntax(text, number, message, width)
  local near = message:match "near '(.*)'$"
  if not near or #text > MOST then return nil end
  local tokens = lexer.tokens(text)
  local low, high = 1, #tokens  -- the text up to the token before `low` may go on
  if high == 0 or may_go_on(text) then return nil end
  while low < high do
    local middle = (low + high) // 2
    if may_go_on(text:sub(1, tokens[middle].to)) then low = middle + 1 else high = middle end
  end
  local token = tokens[low]
  if token.text ~= near then return nil end
  return draw(text, number, token.from, token.to, width)
end

return caret
