-- Where gradus keeps what lasts between two starts, by the XDG base directory specification: the history of the prompt
-- and the progress in lessons, what was fetched, and what a learner wants to run at each start.

local files = require "gradus.core.file"

local state = {}

-- The folder of gradus in the one that `variable` names, by default in HOME under `usual`; nil and why when neither
-- is set. By the standard a relative path is ignored: it would be another place in every folder.
local function place(variable, usual)
  local base, home = os.getenv(variable), os.getenv "HOME"
  if base and base:sub(1, 1) == "/" then return base .. "/gradus" end
  if home and home:sub(1, 1) == "/" then return home .. "/" .. usual .. "/gradus" end
  return nil, string.format("neither %s nor HOME names a folder", variable)
end

--- $XDG_STATE_HOME/gradus, by default ~/.local/state/gradus; nil and why when there is none.
function state.folder()
  return place("XDG_STATE_HOME", ".local/state")
end

--- Makes it. Returns it, or nil and why it cannot be.
function state.make()
  local folder, why = state.folder()
  if not folder then return nil, why end
  local made, message = files.make_folder(folder)
  if not made then return nil, message end
  return folder
end

--- What was fetched: $XDG_CACHE_HOME/gradus, by default ~/.cache/gradus; nil and why when there is none.
function state.cache()
  return place("XDG_CACHE_HOME", ".cache")
end

--- The start-up file: $XDG_CONFIG_HOME/gradus/init.lua, by default ~/.config/gradus/init.lua; nil and why without a
--- home.
function state.startup_file()
  local folder, why = place("XDG_CONFIG_HOME", ".config")
  if not folder then return nil, why end
  return folder .. "/init.lua"
end

return state
