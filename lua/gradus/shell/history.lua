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

-- Appends to the file. Returns true, or nil and why not.
local function append(path, line)
  local file, why = io.open(path, "a")
  if not file then return nil, why end
  local _, problem = file:write(line)
  local closed, late = file:close()  -- a full disk may show only now
  if problem or not closed then return nil, path .. ": " .. (problem or late) end
  return true
end

--- Opens the history file; returns an object with `entries` (oldest first), `is_first` (there was none), `problem`
--- (why nothing can be kept, or nil) and add(entry), which returns true, or nil and why this entry, as the first one,
--- could not be kept.
function history.open()
  local self = {entries = {}}
  local folder, why = state.make()
  local path = folder and folder .. "/history"
  local existing = path and io.open(path, "r")
  if existing then existing:close() end
  self.is_first = path ~= nil and existing == nil
  if folder then folder, why = append(path, "") end
  self.problem = not folder and why or nil
  local file = path and io.open(path, "r")
  local kept = file and file:read("a") or ""  -- nil when it is a folder
  if file then file:close() end
  local lines = {}
  for line in kept:gmatch("[^\n]+") do lines[#lines + 1] = line end
  if #lines > 2 * KEEP then
    lines = table.move(lines, #lines - KEEP + 1, #lines, 1, {})
    files.write(path, table.concat(lines, "\n") .. "\n")
  end
  for i = math.max(1, #lines - KEEP + 1), #lines do self.entries[#self.entries + 1] = unescape(lines[i]) end
  local first = kept:find("[^\n]$") and "\n" or ""  -- the last line was cut short: a full disk, say
  function self.add(entry)
    self.entries[#self.entries + 1] = entry
    if not path then return true end
    local added, problem = append(path, first .. escape(entry) .. "\n")
    first = added and "" or "\n"
    if added or self.problem then return true end  -- said once; a full disk may have room again later
    self.problem = problem
    return nil, problem
  end
  return self
end

return history
