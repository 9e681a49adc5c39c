-- Reading one-table calls: `nn.Conv2D{16, 3, padding="same"}`.

local options = {}

--- The name in the list that is nearest to `word`, or nil when none is near.
options.nearest = require "gradus.core.nearest"

--- ': did you mean "x"?' or nothing.
function options.did_you_mean(word, names)
  local near = options.nearest(word, names)
  return near and string.format(': did you mean "%s"?', near) or ""
end

--- ': did you mean "x"?' or '; the choices are: a, b, c'.
function options.suggest(word, names)
  local near = options.did_you_mean(tostring(word), names)
  return near ~= "" and near or "; the choices are: " .. table.concat(names, ", ")
end

--- Reads the one table of a call. `spec` lists the options in positional order; each is {name, default} or
--- {name, required=true}. Returns a table by name. An unknown key is an error with a suggestion.
function options.read(what, given, spec)
  if given == nil then given = {} end
  if type(given) ~= "table" or getmetatable(given) ~= nil then
    local meta = getmetatable(given)
    local kind = type(meta) == "table" and meta.__name or type(given)
    error(string.format("%s takes one table, as in %s{...}, but got a %s", what, what, kind), 3)
  end
  local names, read = {}, {}
  for i, option in ipairs(spec) do
    names[i] = option[1]
    names[option[1]] = true
  end
  for key in pairs(given) do
    if type(key) == "number" then
      if not spec[key] then
        error(string.format("%s takes at most %d positional arguments; number %s is too many (they are: %s)", what,
          #spec, key, table.concat(names, ", ")), 3)
      end
    elseif not names[key] then
      error(string.format('%s has no option "%s"%s', what, tostring(key), options.suggest(key, names)), 3)
    end
  end
  for i, option in ipairs(spec) do
    local name = option[1]
    local value = given[name]
    if value == nil then
      value = given[i]
    elseif given[i] ~= nil then
      error(string.format("%s got %s twice: by position %d and by name", what, name, i), 3)
    end
    if value == nil then
      if option.required then
        error(string.format("%s needs %s, as in %s{%s=...}", what, name, what, name), 3)
      end
      value = option[2]
    end
    read[name] = value
  end
  return read
end

--- `value` if it is one of `choices`, otherwise an error with a suggestion.
function options.choice(what, name, value, choices)
  for _, choice in ipairs(choices) do
    if choice == value then return value end
  end
  error(string.format('%s: %s cannot be %s%s', what, name,
    type(value) == "string" and '"' .. value .. '"' or tostring(value), options.suggest(value, choices)), 3)
end

return options
