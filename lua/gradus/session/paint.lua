-- Colours for code: words of Lua, strings, numbers, comments. Nothing is told by them alone.

local lexer = require "gradus.session.lexer"

local paint = {}

local codes = {keyword = "35", string = "32", number = "36", comment = "2"}

local function dye(text, code)
  -- Each line by itself: a prompt may come between them.
  return "\27[" .. code .. "m" .. text:gsub("\n", "\27[0m\n\27[" .. code .. "m") .. "\27[0m"
end

--- `text` in the colour of SGR `code`, or as it is.
function paint.text(text, code, colour)
  return colour and text ~= "" and dye(text, code) or text
end

--- Lua with colours, or as it is. What is no Lua is left as it is, too.
function paint.code(text, colour)
  if not colour then return text end
  local parts, at = {}, 1
  -- Between tokens there is space, and comments.
  local function gap(to)
    local between = text:sub(at, to)
    parts[#parts + 1] = between:gsub("%-%-[^\n]*", function(comment) return dye(comment, codes.comment) end)
  end
  for _, token in ipairs(lexer.tokens(text)) do
    gap(token.from - 1)
    local code = codes[token.kind]
    parts[#parts + 1] = code and dye(token.text, code) or token.text
    at = token.to + 1
  end
  gap(#text)
  return table.concat(parts)
end

return paint
