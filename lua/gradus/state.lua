-- Where gradus keeps what lasts between two starts: the history of the prompt, the progress in lessons; and where a
-- learner puts what is to run at each start.

local files = require "gradus.core.file"

local state = {}

--- $XDG_STATE_HOME/gradus, by default ~/.local/state/gradus; nil and why when neither that nor HOME is set. By the
--- standard a relative path is ignored.
function state.folder()
  local base = os.getenv("XDG_STATE_HOME")
  if not base or base:sub(1, 1) ~= "/" then
    local home = os.getenv("HOME")
    if not home or home == "" then return nil, "neither XDG_STATE_HOME nor HOME is set" end
    base = home .. "/.local/state"
  end
  return base .. "/gradus"
end

--- Makes it. Returns it, or nil and why it cannot be.
function state.make()
  local folder, why = state.folder()
  if not folder then return nil, why end
  local made, message = files.make_folder(folder)
  if not made then return nil, message end
  return folder
end

--- The start-up file: $XDG_CONFIG_HOME/gradus/init.lua, by default ~/.config/gradus/init.lua; nil without a home.
function state.startup_file()
  local base = os.getenv("XDG_CONFIG_HOME")
  if not base or base:sub(1, 1) ~= "/" then
    local home = os.getenv("HOME")
    if not home or home == "" then return nil end
    base = home .. "/.config"
  end
  return base .. "/gradus/init.lua"
end

return state
