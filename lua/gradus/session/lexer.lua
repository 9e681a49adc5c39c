-- Lua's tokens, as far as a prompt needs them: where strings and comments end, and which names stand where.
-- A token is {kind=, text=, from=, to=}; kinds are name, keyword, number, string, symbol. Comments are left out.
-- A string or comment that the text does not close is a token with open=true that reaches the end.

local lexer = {}

local keywords = {}
for word in ([[and break do else elseif end false for function goto if in local nil not or repeat return then true
until while]]):gmatch("%a+") do
  keywords[word] = true
end

lexer.keywords = keywords

-- The end of a long bracket that begins at `at`, and whether it was closed; nil when none begins there.
local function long_bracket(text, at)
  local level = text:match("^%[(=*)%[", at)
  if not level then return nil end
  local _, close = text:find("]" .. level .. "]", at, true)
  return close or #text, close ~= nil
end

local function quoted(text, at)
  local quote = text:sub(at, at)
  local i = at + 1
  while i <= #text do
    local c = text:sub(i, i)
    if c == "\\" then
      i = i + 1
    elseif c == quote then
      return i, true
    end
    i = i + 1
  end
  return #text, false
end

function lexer.tokens(text)
  local tokens = {}
  local at = 1
  local function add(kind, to, open)
    tokens[#tokens + 1] = {kind = kind, text = text:sub(at, to), from = at, to = to, open = open or nil}
    at = to + 1
  end
  while true do
    at = text:match("^%s*()", at)
    if at > #text then return tokens end
    local c = text:sub(at, at)
    if text:find("^%-%-", at) then
      local close, closed = long_bracket(text, at + 2)
      if not close then
        close = (text:find("\n", at, true) or #text + 1) - 1
        closed = true
      end
      if closed then at = close + 1 else add("comment", close, true) end
    elseif c == '"' or c == "'" then
      local to, closed = quoted(text, at)
      add("string", to, not closed)
    elseif text:find("^%[=*%[", at) then
      local to, closed = long_bracket(text, at)
      add("string", to, not closed)
    elseif c:find("[%a_]") then
      local to = text:match("^[%w_]+()", at) - 1
      add(keywords[text:sub(at, to)] and "keyword" or "name", to)
    elseif text:find("^%.?%d", at) then
      local to = text:match("^0[xX][%x%.]*[pP]?[%+%-]?%x*()", at) or text:match("^[%d%.]+[eE][%+%-]?%d+()", at)
        or text:match("^[%d%.]+()", at)
      add("number", to - 1)
    else
      local symbol = text:match("^%.%.%.", at) or text:match("^[=~<>]=", at) or text:match("^%.%.", at)
        or text:match("^//", at) or text:match("^<<", at) or text:match("^>>", at) or text:match("^::", at) or c
      add("symbol", at + #symbol - 1)
    end
  end
end

-- The source between two tokens, both included.
local function span(text, tokens, first, last)
  return text:sub(tokens[first].from, tokens[last].to)
end

-- Whether tokens first..last are one complete local declaration.
local function is_local_statement(text, tokens, first, last)
  if tokens[last].text == ";" then last = last - 1 end
  if not tokens[first + 1] then return false end
  if tokens[first + 1].text == "function" then
    return load(span(text, tokens, first, last)) ~= nil and tokens[last].text == "end"
  end
  local equals
  for i = first + 1, last do
    local t = tokens[i]
    if t.text == "=" then
      equals = i
      break
    elseif t.kind ~= "name" and t.text ~= "," and t.text ~= "<" and t.text ~= ">" then
      return false
    end
  end
  if not equals then return load(span(text, tokens, first, last)) ~= nil end
  return equals < last and load("return " .. span(text, tokens, equals + 1, last)) ~= nil
end

--- The names that `text` declares, when it consists of local declarations and nothing else; otherwise nil.
function lexer.only_locals(text)
  local tokens = lexer.tokens(text)
  if not tokens[1] or tokens[1].text ~= "local" then return nil end
  local names, first = {}, 1
  while first <= #tokens do
    if tokens[first].text ~= "local" then return nil end
    local last
    for i = first + 1, #tokens do
      local ends = i == #tokens or tokens[i + 1].text == "local"
      if ends and is_local_statement(text, tokens, first, i) then
        last = i
        break
      end
    end
    if not last then return nil end
    local i = first + 1
    if tokens[i].text == "function" then
      names[#names + 1] = tokens[i + 1].text
    else
      while i <= last and tokens[i].text ~= "=" do
        if tokens[i].kind == "name" and tokens[i - 1].text ~= "<" then names[#names + 1] = tokens[i].text end
        i = i + 1
      end
    end
    first = last + 1
  end
  return names
end

local opens_block = {["function"] = true, ["do"] = true, ["if"] = true, ["repeat"] = true}
local closes_block = {["end"] = true, ["until"] = true}

--- Whether `text` declares `name` with "local" outside of all functions and blocks.
function lexer.declares_local(text, name)
  local depth, declares = 0, false
  for _, token in ipairs(lexer.tokens(text)) do
    if token.text == "local" then
      declares = depth == 0
    elseif token.text == name and declares then
      return true
    elseif token.text == "function" and declares then  -- local function f: the name is to come
      depth = depth + 1
    else
      declares = declares and (token.kind == "name" or token.text == ",")
      if token.kind == "keyword" then
        depth = depth + (opens_block[token.text] and 1 or closes_block[token.text] and -1 or 0)
      end
    end
  end
  return false
end

--- Whether the last token is a semicolon.
function lexer.ends_in_semicolon(text)
  if not text:find(";", 1, true) then return false end
  local tokens = lexer.tokens(text)
  return #tokens > 0 and tokens[#tokens].text == ";"
end

return lexer
