-- Ctrl-C in training: a pause between two batches, with a prompt in it. Only a front end with a prompt can pause; it
-- sets session.on_pause(where), which returns true when the training is to stop. Elsewhere Ctrl-C interrupts.
--
-- Looking around changes nothing of what follows: what training draws, it draws from a key that was drawn at its start.

local core = require "gradus.core.session"
local sessions = require "gradus.session"

local pause = {}

local Hold = {}
Hold.__index = Hold

-- Leaving fit in any way lets Ctrl-C interrupt again.
function Hold:__close()
  if not self.session then return end
  core.hold(false)
  self.session.training[self.model] = nil
end

--- An error when training of `model` is paused: `what` is what would change under it.
function pause.refuse(model, what)
  local session = sessions.current()
  if session and session.training[model] then
    error(what .. ": the training of this model is paused; :continue or :stop it first", 0)
  end
end

--- While the result is not closed, Ctrl-C asks for a pause: `local hold <close> = pause.hold(model)`.
function pause.hold(model)
  local session = sessions.current()
  -- In a pause, training of another model is interrupted as ever: there is one prompt to come back to.
  if not session or not session.on_pause or next(session.training) then return setmetatable({}, Hold) end
  session.training[model] = true
  core.hold(true)
  return setmetatable({session = session, model = model}, Hold)
end

--- Between two batches: whether someone wants to pause here.
Hold.asked = core.pause_asked

--- The pause. Returns whether to stop, and how many seconds it took.
function Hold:pause(where)
  core.hold(false)
  local start = core.clock()
  local stop = self.session.on_pause(where)
  core.hold(true)
  return stop, core.clock() - start
end

return pause
