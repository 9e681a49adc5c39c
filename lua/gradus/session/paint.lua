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

--- Lua as a list of pieces {text=, kind=}, which together are `text`; kind is that of a token, "comment", or nil for
--- what stands between them.
function paint.pieces(text)
  local pieces, at = {}, 1
  local function add(piece, kind)
    if piece ~= "" then pieces[#pieces + 1] = {text = piece, kind = kind} end
  end
  -- Between tokens there is space, and comments.
  local function gap(to)
    local between = text:sub(at, to)
    local from = between:find("--", 1, true)
    add(between:sub(1, (from or 0) - 1), nil)
    if from then
      local comments = between:sub(from)
      add(comments:match "^(.-)%s*$", "comment")
      add(comments:match "%s*$", nil)
    end
  end
  for _, token in ipairs(lexer.tokens(text)) do
    gap(token.from - 1)
    add(token.text, token.kind)
    at = token.to + 1
  end
  gap(#text)
  return pieces
end

--- Lua with colours, or as it is. What is no Lua is left as it is, too.
function paint.code(text, colour)
  if not colour then return text end
  local parts = {}
  for i, piece in ipairs(paint.pieces(text)) do
    local code = codes[piece.kind]
    parts[i] = code and dye(piece.text, code) or piece.text
  end
  return table.concat(parts)
end

return paint
