-- Ctrl-C in training: a pause between two batches, with a prompt in it. Only a front end with a prompt can pause; it
-- sets session.on_pause(where), which returns true when the training is to stop. Elsewhere Ctrl-C interrupts.
--
-- Looking around changes nothing of what follows: what training draws, it draws from a key that was drawn at its start.

local core = require "gradus.core.session"
local sessions = require "gradus.session"

local pause = {}

local Hold = {}
Hold.__index = Hold

-- The models that are being trained, each with its hold. An interrupt that is on its way to the prompt stops what
-- closes a variable, too: a hold may stay in here when its fit is over, until the collector has found that nobody has
-- it.
local trained = setmetatable({}, {__mode = "kv"})

-- Leaving fit lets Ctrl-C interrupt again.
function Hold:__close()
  trained[self.model] = nil
  if self.session then core.hold(false) end
end

-- Whether a training that can pause is under way in the session.
local function has_hold(session)
  if next(trained) == nil then return false end
  collectgarbage()
  for _, hold in pairs(trained) do
    if hold.session == session then return true end
  end
  return false
end

--- An error when `model` is being trained, in a pause or in a callback: `what` is what would change under it.
function pause.refuse(model, what)
  if not trained[model] then return end
  collectgarbage()
  local hold = trained[model]
  if not hold then return end
  error(string.format("%s: the training of this model %s", what, hold.paused
    and "is paused; :continue or :stop it first" or "is under way, and this is one of its callbacks"), 0)
end

--- While the result is not closed, Ctrl-C asks for a pause: `local hold <close> = pause.hold(model)`.
function pause.hold(model)
  local session = sessions.current()
  local hold = setmetatable({model = model}, Hold)
  -- In a pause, training of another model is interrupted as ever: there is one prompt to come back to.
  if session and session.on_pause and not has_hold(session) then
    hold.session = session
    core.hold(true)
  end
  trained[model] = hold
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
