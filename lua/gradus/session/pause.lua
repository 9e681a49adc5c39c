-- Ctrl-C in training: a pause between two batches, with a prompt in it. Only a front end with a prompt can pause; it
-- sets session.on_pause(where), which returns true when the training is to stop. Elsewhere Ctrl-C interrupts.
--
-- Looking around changes nothing of what follows: what training draws, it draws from a key that was drawn at its start.

local core = require "gradus.core.session"
local sessions = require "gradus.session"

local pause = {}

local Hold = {}
Hold.__index = Hold

-- The models that are being trained, each with its hold.
local trained = setmetatable({}, {__mode = "k"})

-- Leaving fit in any way lets Ctrl-C interrupt again.
function Hold:__close()
  trained[self.model] = nil
  if not self.session then return end
  core.hold(false)
  self.session.training[self.model] = nil
end

--- An error when `model` is being trained, in a pause or in a callback: `what` is what would change under it.
function pause.refuse(model, what)
  local hold = trained[model]
  if not hold then return end
  error(string.format("%s: the training of this model %s", what, hold.paused
    and "is paused; :continue or :stop it first" or "is under way, and this is one of its callbacks"), 0)
end

--- While the result is not closed, Ctrl-C asks for a pause: `local hold <close> = pause.hold(model)`.
function pause.hold(model)
  local session = sessions.current()
  local hold = setmetatable({model = model}, Hold)
  trained[model] = hold
  -- In a pause, training of another model is interrupted as ever: there is one prompt to come back to.
  if not session or not session.on_pause or next(session.training) then return hold end
  hold.session = session
  session.training[model] = true
  core.hold(true)
  return hold
end

--- Between two batches: whether someone wants to pause here.
Hold.asked = core.pause_asked

--- The pause. Returns whether to stop, and how many seconds it took.
function Hold:pause(where)
  core.hold(false)
  local start = core.clock()
  self.paused = true
  local stop = self.session.on_pause(where)
  self.paused = false
  core.hold(true)
  return stop, core.clock() - start
end

return pause
