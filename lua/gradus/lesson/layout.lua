-- Markdown blocks as text for a terminal: wrapped at its width, styled only where there is colour.

local paint = require "gradus.session.paint"

local layout = {}

local sgr = {strong = "1", emphasis = "3", link = "4", code = "36", heading = "1", dim = "2", good = "32", bad = "33"}

--- `text` in a style ("strong", "dim", "good", "bad" ...) when `colour`, otherwise as it is.
function layout.style(text, name, colour)
  if not colour or text == "" then return text end
  return "\27[" .. sgr[name] .. "m" .. text .. "\27[0m"
end

local function styled(text, run, colour)
  if run.code then
    if not colour then return "`" .. text .. "`" end
    return layout.style(text, "code", true)
  end
  for _, name in ipairs {"strong", "emphasis", "link"} do
    if run[name] then text = layout.style(text, name, colour) end
  end
  return text
end

--- The runs as words: each {text=, width=}, or "\n" for a hard break. A word may be made of several runs; without
--- colour a literal keeps its backquotes, so that `ans` is still seen to be code.
local function words_of(runs, colour)
  local words, word, width = {}, {}, 0
  local function finish()
    if #word > 0 then words[#words + 1] = {text = table.concat(word), width = width} end
    word, width = {}, 0
  end
  for _, run in ipairs(runs) do
    if run.code then
      local quotes = colour and 0 or 2
      word[#word + 1] = styled(run.text, run, colour)
      width = width + (utf8.len(run.text) or #run.text) + quotes
    else
      for space, piece in run.text:gmatch "(%s*)([^%s]*)" do
        if space ~= "" then finish() end
        if space:find("\n", 1, true) then words[#words + 1] = "\n" end
        if piece ~= "" then
          word[#word + 1] = styled(piece, run, colour)
          width = width + (utf8.len(piece) or #piece)
        end
      end
    end
  end
  finish()
  return words
end

-- How many columns a text takes; colours take none.
local function columns(text)
  text = text:gsub("\27%[[%d;]*m", "")
  return utf8.len(text) or #text
end

--- The runs wrapped at `width` columns, every line behind `indent`, the first one behind `first`.
function layout.wrap(runs, width, colour, first, indent)
  first, indent = first or "", indent or ""
  local room = math.max(20, width)
  local lines, line, column = {}, {}, columns(first)
  local margin = columns(indent)
  local prefix = first
  local function finish()
    lines[#lines + 1] = prefix .. table.concat(line, " ")
    line, column, prefix = {}, margin, indent
  end
  for _, word in ipairs(words_of(runs, colour)) do
    if word == "\n" then
      finish()
    else
      if #line > 0 and column + 1 + word.width > room then finish() end
      column = column + word.width + (#line > 0 and 1 or 0)
      line[#line + 1] = word.text
    end
  end
  if #line > 0 or #lines == 0 then finish() end
  return table.concat(lines, "\n")
end

--- Plain text wrapped in the same way.
function layout.wrap_text(text, width, first, indent)
  return layout.wrap({{text = text}}, width, false, first, indent)
end

--- Text behind `first` whose first line is wrapped where it is too long. The lines below it, a table or code, say, stay
--- as they are.
function layout.wrap_first_line(text, width, first, indent)
  local line, rest = text:match "^([^\n]*)(.*)$"
  if columns(first) + columns(line) <= width then return first .. text end
  return layout.wrap_text(line, width, first, indent) .. rest
end

local function indented(text, indent)
  return indent .. text:gsub("\n+$", ""):gsub("\n", "\n" .. indent)
end

local function block_text(block, width, colour)
  local quote = ("│ "):rep(block.quotes)
  if block.kind == "item" then
    local left = quote .. ("  "):rep(block.depth - 1)
    local mark = block.number and block.number .. ". " or "• "
    return layout.wrap(block.runs, width, colour, left .. mark, left .. (" "):rep(utf8.len(mark)))
  end
  local left = quote .. ("  "):rep(block.depth)
  if block.kind == "paragraph" then return layout.wrap(block.runs, width, colour, left, left) end
  if block.kind == "heading" then
    return left .. layout.style(layout.wrap(block.runs, width, false), "heading", colour)
  end
  if block.kind == "code" or block.kind == "table" then return indented(block.literal, left .. "    ") end
  if block.kind == "rule" then return left .. ("─"):rep(math.min(width, 40)) end
  return ""
end

--- All blocks, with a blank line between them except between the items of a list. Ends with a line end.
function layout.blocks(blocks, width, colour)
  local pieces = {}
  for i, block in ipairs(blocks) do
    if i > 1 then
      local follows_item = block.kind == "item" and blocks[i - 1].kind == "item"
      pieces[#pieces + 1] = follows_item and "\n" or "\n\n"
    end
    pieces[#pieces + 1] = block_text(block, width, colour)
  end
  return table.concat(pieces) .. "\n"
end

--- Code as it would look at the prompt.
function layout.code(code, colour)
  local prompt = layout.style("> ", "dim", colour)
  local more = layout.style(">> ", "dim", colour)
  return (prompt .. paint.code(code, colour):gsub("\n", function() return "\n" .. more end)) .. "\n"
end

return layout
