-- Which steps a learner has done: a text file of lines "lesson step done" (or "skipped") in the folder where
-- programs keep their state, $XDG_STATE_HOME/gradus. Two sessions at once lose nothing: the file is read again
-- before each change, and replaced in one go.

local files = require "gradus.core.file"
local state = require "gradus.state"

local progress = {}

local function read()
  local entries, path = {}, state.folder()
  local file = path and io.open(path .. "/progress", "rb")
  if not file then return entries end
  for line in (file:read("a") or ""):gmatch("[^\n]+") do  -- nil when it is a folder
    local slug, step, what = line:match "^(%S+) (%S+) (%S+)$"
    if slug then  -- anything else is left out: this file may be edited by hand
      entries[slug] = entries[slug] or {}
      entries[slug][step] = what
    end
  end
  file:close()
  return entries
end

local function write(entries)
  local path, message = state.make()
  if not path then return nil, message end
  local lines = {}
  for slug, steps in pairs(entries) do
    for step, what in pairs(steps) do lines[#lines + 1] = slug .. " " .. step .. " " .. what .. "\n" end
  end
  table.sort(lines)
  return files.write(path .. "/progress", table.concat(lines))
end

--- What is known of a lesson: step id -> "done" or "skipped".
function progress.load(slug)
  return read()[slug] or {}
end

--- Notes a step. What is done stays done. Returns true, or nil and why it could not be written.
function progress.mark(slug, step, what)
  local entries = read()
  entries[slug] = entries[slug] or {}
  if entries[slug][step] == "done" or entries[slug][step] == what then return true end
  entries[slug][step] = what
  return write(entries)
end

--- Forgets a lesson.
function progress.clear(slug)
  local entries = read()
  if not entries[slug] then return true end
  entries[slug] = nil
  return write(entries)
end

return progress
