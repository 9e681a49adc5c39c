-- What callbacks keep from one epoch to the next, so that a training that goes on, also from a file, goes on with it:
-- how long EarlyStopping has waited, say, and its best weights. A callback lists those of its fields in `state_names`.

local is_tensor = require "gradus.is_tensor"

local M = {}

--- {{class=, values={name=value}}, ...}, one of each callback that keeps something.
function M.of(list)
  local states = {}
  for _, callback in ipairs(list or {}) do
    if callback.state_names then
      local values = {}
      for _, name in ipairs(callback.state_names) do values[name] = callback[name] end
      states[#states + 1] = {class = callback.class_name, values = values}
    end
  end
  return states
end

--- Gives each callback of the list what one of its class kept, in their order.
function M.restore(list, states)
  local taken = {}
  for _, callback in ipairs(list) do
    for i, state in ipairs(callback.state_names and states or {}) do
      if state.class == callback.class_name and not taken[i] then
        taken[i] = true
        for _, name in ipairs(callback.state_names) do callback[name] = state.values[name] end
        break
      end
    end
  end
end

-- ---- in a file ----

local function plain(value, name, add)
  if is_tensor(value) then
    add(name, value)
    return {tensor = name}
  end
  if type(value) ~= "table" then return value end
  local parts = {}
  for key, each in pairs(value) do parts[key] = plain(each, name .. "." .. key, add) end
  return parts
end

--- The states as JSON has them; add(name, t) is called for each tensor.
function M.write(states, add)
  local list = {}
  for i, state in ipairs(states) do
    list[i] = {class = state.class, values = plain(state.values, "callback." .. i, add)}
  end
  return list
end

local function read_value(value, tensors)
  if type(value) ~= "table" then return value end
  if value.tensor ~= nil then
    return tensors[value.tensor] or error(string.format("there is no tensor %s", tostring(value.tensor)), 0)
  end
  local parts = {}
  for key, each in pairs(value) do parts[key] = read_value(each, tensors) end
  return parts
end

--- The states of such a text, which is a stranger's.
function M.read(list, tensors)
  local states = {}
  for i, state in ipairs(type(list) == "table" and list or {}) do
    if type(state) ~= "table" or type(state.values) ~= "table" then
      error("what a callback kept should be a table", 0)
    end
    states[i] = {class = state.class, values = read_value(state.values, tensors)}
  end
  return states
end

return M
