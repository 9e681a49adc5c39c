-- :set: how things look, in one place.

local options = require "gradus.options"
local tensor = require "gradus.core.tensor"

local settings = {}

local function print_option(name, what)
  return {
    name = name, what = what,
    get = function() return tostring(tensor.get_printoptions()[name]) end,
    set = function(_, value) tensor.set_printoptions {[name] = value} end,
  }
end

local function number(name, text)
  local value = text == "inf" and math.huge or tonumber(text)
  if not value then error(string.format(":set %s takes a number, not %s", name, text), 0) end
  return value
end

local switch = {on = true, off = false, ["true"] = true, ["false"] = false, yes = true, no = false}

local function on_or_off(name, text)
  if switch[text] == nil then error(string.format(":set %s takes on or off, not %s", name, text), 0) end
  return switch[text]
end

local list = {
  {name = "colour", what = "colours: on or off", read = on_or_off, choices = {"on", "off"},
    get = function(shell) return shell.colour and "on" or "off" end,
    set = function(shell, value) shell.colour, shell.session.sink.colour = value, value end},
  {name = "plots", what = "where plots appear: ?plot.terminal says more",
    get = function() return require("gradus.plot").terminal() end,
    set = function(_, value) require("gradus.plot").terminal(value) end},
  {name = "theme", what = "how plots look", choices = {"default", "dark", "projector", "print"},
    get = function() return require("gradus.plot").theme() end,
    set = function(_, value) require("gradus.plot").theme(value) end},
  print_option("precision", "digits behind the point in a tensor"),
  print_option("suppress", "on: tensors without powers of ten"),
  print_option("threshold", "elements from which a tensor is shown in part"),
  print_option("edgeitems", "elements at each edge of a part"),
  print_option("linewidth", "columns of a line of a tensor, without a terminal"),
}
for _, setting in ipairs(list) do
  setting.read = setting.read or (setting.name == "suppress" and on_or_off)
    or (setting.name ~= "plots" and setting.name ~= "theme" and number)
end

--- Names of the settings, and the values of one.
function settings.names()
  local names = {}
  for i, setting in ipairs(list) do names[i] = setting.name end
  return names
end

function settings.choices(name)
  for _, setting in ipairs(list) do
    if setting.name == name then return setting.choices or (setting.read == on_or_off and {"on", "off"}) end
  end
end

local function say(shell, setting)
  shell:say(string.format("  %-10s %-12s %s", setting.name, setting.get(shell), setting.what))
end

--- ":set", ":set NAME" and ":set NAME VALUE" (also NAME=VALUE).
function settings.command(shell, text)
  local name, value = text:match "^([%w_]+)%s*=?%s*(.-)$"
  if not name then
    for _, setting in ipairs(list) do say(shell, setting) end
    return
  end
  for _, setting in ipairs(list) do
    if setting.name == name then
      if value == "" then return say(shell, setting) end
      if setting.read then value = setting.read(name, value) end
      return setting.set(shell, value)
    end
  end
  shell:say(string.format("there is no setting %s%s", name, options.suggest(name, settings.names())))
end

return settings
