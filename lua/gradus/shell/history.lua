-- The history of the prompt: one entry a line, newlines in it escaped, each appended as soon as it was typed, so that
-- a crash loses nothing and two shells at a time do not overwrite each other.

local files = require "gradus.core.file"
local state = require "gradus.state"

local history = {}

local KEEP = 5000  -- entries; when the file has grown to twice as many, the oldest go

local function escape(entry)
  return (entry:gsub("[\\\n]", {["\\"] = "\\\\", ["\n"] = "\\n"}))
end

local function unescape(line)
  return (line:gsub("\\(.)", {["\\"] = "\\", n = "\n"}))
end

--- Opens the history file; returns an object with `entries` (oldest first) and add(entry).
function history.open()
  local self = {entries = {}}
  local place = state.folder()
  local path = place and place .. "/history"
  local file = path and io.open(path, "r")
  if file then
    local lines = {}
    for line in file:lines() do lines[#lines + 1] = line end
    file:close()
    if #lines > 2 * KEEP then
      lines = table.move(lines, #lines - KEEP + 1, #lines, 1, {})
      files.write(path, table.concat(lines, "\n") .. "\n")
    end
    for i = math.max(1, #lines - KEEP + 1), #lines do
      if lines[i] ~= "" then self.entries[#self.entries + 1] = unescape(lines[i]) end
    end
  end
  local writable = path ~= nil
  function self.add(entry)
    self.entries[#self.entries + 1] = entry
    if not writable then return end
    local out = io.open(path, "a")
    if not out and files.make_folder(place) then out = io.open(path, "a") end
    writable = out ~= nil  -- a read-only home costs the history, nothing else
    if out then
      out:write(escape(entry), "\n")
      out:close()
    end
  end
  return self
end

return history
