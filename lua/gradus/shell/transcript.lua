-- What someone copied from a session or a lesson and pastes: prompts are taken off, and what was printed is left out.

local transcript = {}

-- Prompts, ours (which are Lua's) and Jupyter's, and whether what stands behind one goes on with the entry above.
local prompts = {
  {"^%s*>>%s(.*)$", true}, {"^%s*>>()$", true}, {"^%s*>%s(.*)$", false}, {"^%s*>()$", false},
  {"^paused>%s(.*)$", false}, {"^In %[%d*%]:%s?(.*)$", false}, {"^%s*%.%.%.+:%s?(.*)$", true},
}

-- The code behind a prompt, and whether it goes on with the entry above; nil when the line has none.
local function code_of(line)
  for _, prompt in ipairs(prompts) do
    local code = line:match(prompt[1])
    if code then return type(code) == "string" and code or "", prompt[2] end
  end
end

--- The entries of a transcript, a list, when the first line has a prompt; otherwise nil.
function transcript.entries(text)
  if not code_of(text:match "^%s*([^\n]*)") then return nil end
  local entries = {}
  for line in (text .. "\n"):gmatch "(.-)\n" do
    local code, goes_on = code_of(line)
    if code and goes_on and #entries > 0 then
      entries[#entries] = entries[#entries] .. "\n" .. code
    elseif code then
      entries[#entries + 1] = code
    end
  end
  return entries
end

--- What of a pasted text is put into the line, without the newline at its end; and its entries when it is a transcript.
function transcript.clean(text)
  text = text:gsub("\r\n?", "\n"):gsub("\n+$", "")
  local entries = transcript.entries(text)
  return entries and table.concat(entries, "\n") or text, entries
end

return transcript
