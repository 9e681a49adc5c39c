-- What someone copied from a session or a lesson and pastes: prompts are taken off, and what was printed is left out.

local transcript = {}

local function code_of(line)
  return line:match "^>>? (.*)$" or (line:find "^>>?$" and "")
end

--- The code in `text`: lines behind a prompt when the first line has one, otherwise all of it, without the newline at
--- its end.
function transcript.clean(text)
  text = text:gsub("\r\n?", "\n"):gsub("\n+$", "")
  local first = text:match "^%s*([^\n]*)"
  if not code_of(first) then return text end
  local lines = {}
  for line in (text .. "\n"):gmatch "(.-)\n" do
    local code = code_of(line:match "^%s*(>.*)$" or line)
    if code then lines[#lines + 1] = code end
  end
  return table.concat(lines, "\n")
end

return transcript
