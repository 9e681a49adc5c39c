-- Text of any origin, made safe for files and other programs.

local plain_text = {}

--- `text` as valid UTF-8: each byte that is no part of it becomes U+FFFD.
function plain_text.valid(text)
  local length, bad = utf8.len(text)
  if length then return text end
  local parts, at = {}, 1
  while bad do
    parts[#parts + 1] = text:sub(at, bad - 1)
    parts[#parts + 1] = "\u{FFFD}"
    at = bad + 1
    length, bad = utf8.len(text, at)
  end
  parts[#parts + 1] = text:sub(at)
  return table.concat(parts)
end

-- What steers a terminal: colours and cursor movements, titles, pictures.
local sequences = {
  "\27[%]P_^X][^\7\27]*\7",   -- a title may end in a bell
  "\27[%]P_^X][^\27]*\27\\",
  "\27%[[0-?]*[ -/]*[@-~]",
  "\27[ -/]*[0-~]?",
}

--- What a terminal would leave standing of `text`: without colours and other escape sequences, of a line that was
--- written over the last state, and no control characters but line ends and tabs.
function plain_text.from_terminal(text)
  if text:find "[%z\1-\8\11-\31\127]" then
    for _, sequence in ipairs(sequences) do text = text:gsub(sequence, "") end
    text = text:gsub("\r+\n", "\n"):gsub("[^\n]*\r", ""):gsub("[%z\1-\8\11-\31\127]", "")
  end
  return plain_text.valid(text)
end

return plain_text
