-- A script, or a session that was saved, as a document: run part by part, each with what it prints and draws.

local document = require "gradus.export.document"
local parts = require "gradus.session.parts"
local records = require "gradus.session.record"
local sessions = require "gradus.session"
local sinks = require "gradus.session.sink"

local script = {}

-- A remark as Markdown: what stands in it is text, and HTML is not.
local function as_markdown(remark)
  local parts = {}
  for text, code in (remark .. "``"):gmatch "([^`]*)(`+[^`]*`+)" do
    parts[#parts + 1] = text:gsub("[<&]", "\\%0") .. code
  end
  return (table.concat(parts):gsub("``$", ""))
end

-- The text of a part that is nothing but remarks, or nil.
local function remarks(text)
  local lines = {}
  for line in (text .. "\n"):gmatch "(.-)\n" do
    local remark = line:match "^%s*%-%-+ ?(.*)$"
    if not remark or line:find "^%s*%-%-%[=*%[" then return nil end
    lines[#lines + 1] = as_markdown(remark)
  end
  return table.concat(lines, "\n")
end

--- The document of the Lua in `text`, which was read from `path`; behind it the error that it stopped at, or nil.
--- `given` as in document.outputs, and tell(text) hears how far it is.
function script.document(text, path, given)
  local record = records.new()
  local session = sessions.new {sink = sinks.silent(record)}
  session.env.arg = {[0] = path}
  local is_session
  is_session, text = parts.saved(text:gsub("^#[^\n]*", ""))
  local cells, count, failure = {}, {n = 0}, nil
  local found = (is_session and parts.of or parts.of_script)(session, text)
  for i, part in ipairs(found) do
    given.tell(string.format("part %d of %d", i, #found))
    local words = remarks(part.text)
    if words then
      cells[#cells + 1] = document.markdown(words)
    else
      local outputs = {}
      if not failure then
        -- A script prints nothing by itself, and its errors name the line in the file.
        local code = is_session and part.text or ("\n"):rep(part.line - 1) .. part.text
        local result = session:execute(code, not is_session and {name = "@" .. path, script = true, args = {}} or nil)
        outputs, failure = document.outputs(record.cells[#record.cells].outputs, given), result.error
      end
      cells[#cells + 1] = document.code(part.text, outputs, count)
    end
  end
  local name = path:match "[^/]*$"
  return {title = name:gsub("%.lua$", ""), about = (is_session and "a session of gradus, from " or "") .. name,
    cells = cells}, failure
end

return script
