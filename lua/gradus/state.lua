-- Where gradus keeps what lasts between two starts: the history of the prompt, the progress in lessons.

local state = {}

--- $XDG_STATE_HOME/gradus, by default ~/.local/state/gradus; nil when neither that nor HOME is set. By the standard a
--- relative path is ignored.
function state.folder()
  local base = os.getenv("XDG_STATE_HOME")
  if not base or base:sub(1, 1) ~= "/" then
    local home = os.getenv("HOME")
    if not home or home == "" then return nil end
    base = home .. "/.local/state"
  end
  return base .. "/gradus"
end

return state
