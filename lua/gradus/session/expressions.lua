-- The expressions in a piece of Lua that compiled: every operator, call and index with its operands and where they
-- stand in the text. It is read for error messages; nothing is evaluated.
--
-- A node is {kind=, from=, to= (positions in the text), line= (that of the operator, or of the call)} and
--   binary  op, left, right                 unary  op, operand
--   call    callee, method (or nil), arguments (a list), open_line (that of the bracket)
--   index   object, key (a node), name (of x.name, a string); set=true in front of "=", with `value`
--   paren   inner        table  items       name, number, string, constant  text        function

local lexer = require "gradus.session.lexer"

local expressions = {}

-- {how strongly an operator holds what is left of it, and what is right of it}, as in Lua's manual, section 3.4.8.
local binding = {["or"] = {1, 1}, ["and"] = {2, 2}, ["|"] = {4, 4}, ["~"] = {5, 5}, ["&"] = {6, 6}, [".."] = {9, 8},
  ["^"] = {14, 13}}
for symbol in ("< > <= >= ~= =="):gmatch "%S+" do binding[symbol] = {3, 3} end
for symbol in ("<< >>"):gmatch "%S+" do binding[symbol] = {7, 7} end
for symbol in ("+ -"):gmatch "%S+" do binding[symbol] = {10, 10} end
for symbol in ("* / // %"):gmatch "%S+" do binding[symbol] = {11, 11} end

local UNARY = 12
local unary = {["-"] = true, ["#"] = true, ["~"] = true, ["not"] = true}
local constants = {["nil"] = true, ["true"] = true, ["false"] = true, ["..."] = true}
local opens = {["function"] = true, ["do"] = true, ["if"] = true, ["repeat"] = true}

local reader = {}
reader.__index = reader

function reader:text() return self.tokens[self.at] and self.tokens[self.at].text end

function reader:kind() return self.tokens[self.at] and self.tokens[self.at].kind end

function reader:take()
  self.at = self.at + 1
  return self.tokens[self.at - 1]
end

-- The node, from the token at `first` to the one before the next, entered in the list.
function reader:node(kind, first, node)
  node.kind, node.from, node.to = kind, self.tokens[first].from, self.tokens[self.at - 1].to
  node.line = node.line or self.tokens[first].line
  self.nodes[#self.nodes + 1] = node
  return node
end

-- Expressions separated by commas up to `closing`, which is taken too. In a table, "name =" and "[key] =" are left out.
function reader:list(closing)
  local items = {}
  while self:text() and self:text() ~= closing do
    local next_token = self.tokens[self.at + 1]
    local named = false
    if closing == "}" and self:kind() == "name" and next_token and next_token.text == "=" then
      self.at, named = self.at + 2, true
    elseif closing == "}" and self:text() == "[" then
      self:take()
      self:expression(0)
      self.at, named = self.at + 2, true
    end
    local item = self:expression(0)
    if not item then return items end
    if not named then items[#items + 1] = item end
    if self:text() == "," or self:text() == ";" then self:take() end
  end
  self:take()
  return items
end

-- From behind the word "function": its name and parameters are no call.
function reader:parameters()
  while self:text() and self:text() ~= ")" do self:take() end
end

-- From the parameters of a function to its "end": the body holds expressions too.
function reader:body()
  self:parameters()
  local depth = 1
  while depth > 0 and self:text() do
    if self:kind() == "keyword" and opens[self:text()] then
      depth = depth + 1
    elseif self:kind() == "keyword" and (self:text() == "end" or self:text() == "until") then
      depth = depth - 1
    end
    self:statement()
  end
end

function reader:primary()
  local first, text, kind = self.at, self:text(), self:kind()
  if kind == "name" or kind == "number" or kind == "string" then
    self:take()
    return self:node(kind, first, {text = text})
  elseif constants[text] then
    self:take()
    return self:node("constant", first, {text = text})
  elseif text == "function" then
    self:take()
    self:body()
    return self:node("function", first, {})
  elseif text == "{" then
    self:take()
    return self:node("table", first, {items = self:list "}"})
  elseif text == "(" then
    self:take()
    local inner = self:expression(0)
    self:take()
    return inner and self:node("paren", first, {inner = inner})
  end
end

-- What may follow a name or a bracket: .name, [key], (arguments), {table}, "string", :method(...)
function reader:suffixed()
  local first = self.at
  local node = self:primary()
  local takes = node and (node.kind == "name" or node.kind == "paren")
  while takes and self:text() do
    local text, kind = self:text(), self:kind()
    local method
    if text == ":" and self.tokens[self.at + 1] then
      self:take()
      method = self:take().text
      text, kind = self:text(), self:kind()
    end
    local open_line = self.tokens[self.at] and self.tokens[self.at].line
    local call = {callee = node, method = method, line = self.tokens[first].line, open_line = open_line}
    if text == "(" then
      self:take()
      call.arguments = self:list ")"
      node = self:node("call", first, call)
    elseif text == "{" or kind == "string" then
      call.arguments = {self:primary()}
      node = self:node("call", first, call)
    elseif text == "." and self.tokens[self.at + 1] then
      self:take()
      local line = self.tokens[self.at].line
      node = self:node("index", first, {object = node, name = self:take().text, line = line})
    elseif text == "[" then
      local line = self.tokens[self.at].line
      self:take()
      local key = self:expression(0)
      self:take()
      node = self:node("index", first, {object = node, key = key, line = line})
    else
      return node
    end
  end
  return node
end

-- An expression whose operators hold more strongly than `limit`; nil where none begins.
function reader:expression(limit)
  local first, left = self.at, nil
  if unary[self:text()] then
    local op = self:take()
    local operand = self:expression(UNARY)
    if not operand then return nil end
    left = self:node("unary", first, {op = op.text, operand = operand, line = op.line})
  else
    left = self:suffixed()
  end
  while left do
    local held = binding[self:text()]
    if not held or held[1] <= limit then return left end
    local op = self:take()
    local right = self:expression(held[2])
    if not right then return left end
    left = self:node("binary", first, {op = op.text, left = left, right = right, line = op.line})
  end
end

-- An expression, or a token of what is none: a keyword, "=", ",".
function reader:statement()
  local before, text = self.at, self:text()
  local node
  if text == "function" then
    self:parameters()
  elseif self:kind() ~= "keyword" or constants[text] or text == "not" then
    node = self:expression(0)
  end
  if self.at == before then self:take() end
  if node and node.kind == "index" and self:text() == "=" then
    self:take()
    node.set, node.value = true, self:expression(0)
  end
end

--- All nodes in `text`, the inner ones of an expression first.
function expressions.read(text)
  local tokens = lexer.tokens(text)
  local line, from = 1, 1
  for _, token in ipairs(tokens) do
    for _ in text:sub(from, token.from - 1):gmatch "\n" do line = line + 1 end
    token.line, from = line, token.from
  end
  local self = setmetatable({tokens = tokens, at = 1, nodes = {}}, reader)
  while self.at <= #tokens do self:statement() end
  return self.nodes
end

return expressions
