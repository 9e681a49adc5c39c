-- A script as the entries that it might have been: the parts of its text that an empty line parts, and that are whole.

local lexer = require "gradus.session.lexer"

local parts = {}

--- The first line of what :save writes.
parts.HEAD = "-- A session of gradus; :load enters it again."

--- Whether the text is what :save wrote, and the text without the line that says so (which is left empty).
function parts.saved(text)
  if text:sub(1, #parts.HEAD) ~= parts.HEAD then return false, text end
  return true, text:sub(#parts.HEAD + 1)
end

--- The parts, each {text=, line=}.
function parts.of(session, text)
  local found, part, first, number = {}, nil, nil, 0
  local function finish()
    found[#found + 1] = {text = part:gsub("%s+$", ""), line = first}
    part = nil
  end
  for line in (text .. "\n"):gmatch "(.-)\n" do
    number = number + 1
    if part then
      part = part .. "\n" .. line
    elseif line:find "%S" then
      part, first = line, number
    end
    if part and not line:find "%S" and session:is_complete(part) then finish() end
  end
  if part then finish() end
  return found
end

-- The locals that are alive at the end of a part.
local function locals_of(text)
  local names = {}
  for _, token in ipairs(lexer.tokens(text)) do
    if token.kind == "name" and not names[token.text] and lexer.declares_local(text, token.text) then
      names[token.text] = true
    end
  end
  return names
end

local function mentions(text, names)
  for _, token in ipairs(lexer.tokens(text)) do
    if token.kind == "name" and names[token.text] then return true end
  end
  return false
end

--- The same for a script that runs as a whole: what uses a local of a part above stays in one part with it.
function parts.of_script(session, text)
  local found = parts.of(session, text)
  local joined, i = {}, 1
  while i <= #found do
    local last, names, j = i, locals_of(found[i].text), i
    while j < #found do
      j = j + 1
      if next(names) and mentions(found[j].text, names) then
        for k = last + 1, j do
          for name in pairs(locals_of(found[k].text)) do names[name] = true end
        end
        last = j
      end
    end
    local pieces, line = {}, found[i].line
    for k = i, last do
      pieces[#pieces + 1] = ("\n"):rep(found[k].line - line) .. found[k].text
      line = found[k].line + select(2, found[k].text:gsub("\n", ""))
    end
    joined[#joined + 1] = {text = table.concat(pieces), line = found[i].line}
    i = last + 1
  end
  return joined
end

return parts
