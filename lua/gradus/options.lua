-- Reading one-table calls: `nn.Conv2D{16, 3, padding="same"}`.

local options = {}

--- The name in the list that is nearest to `word`, or nil when none is near.
options.nearest = require "gradus.core.nearest"

-- "lr" of {"learning_rate"}: the name of which it is the initials. A choice may be a number.
local function spelt_out(word, names)
  for _, name in ipairs(names) do
    local initials = tostring(name):gsub("(%a)%a*_?", "%1")
    if #word > 1 and initials == word then return name end
  end
end

-- "accuracy" of {"accuracy", "auc"} for "acc": the only name that begins with the word.
local function begun(word, names)
  local found
  for _, name in ipairs(names) do
    if #word > 1 and tostring(name):sub(1, #word):lower() == word:lower() then
      if found then return nil end
      found = name
    end
  end
  return found
end

--- ': did you mean "x"?' or nothing.
function options.did_you_mean(word, names)
  local near = begun(word, names) or options.nearest(word, names) or spelt_out(word, names)
  return near and string.format(': did you mean "%s"?', near) or ""
end

--- ': did you mean "x"?' or '; the choices are: a, b, c'.
function options.suggest(word, names)
  local near = options.did_you_mean(tostring(word), names)
  return near ~= "" and near or "; the choices are: " .. table.concat(names, ", ")
end

-- What the table of a call takes, by the function that is called: for completion.
local specs = setmetatable({}, {__mode = "k"})

--- Says that `f` reads its table by `spec`, and returns f.
function options.takes(spec, f)
  specs[f] = spec
  return f
end

--- The spec of a function that takes one table, or nil.
function options.spec_of(f)
  return f ~= nil and specs[f] or nil
end

local function quoted(value)
  local kind = type(value)
  if kind == "string" then return '"' .. value .. '"' end
  return (kind == "number" or kind == "boolean") and tostring(value) or kind == "nil" and "nothing" or "a " .. kind
end

local function same(a, b, any_case)
  return a == b or any_case and a:lower() == b
end

-- An error when a string is none of an option's `one_of`. What else the option may be (a function, a list), its owner
-- checks.
local function check_choice(what, option, value)
  for _, choice in ipairs(option.one_of) do
    if same(value, choice, option.any_case) then return end
  end
  local near = options.suggest(value, option.one_of)
  error(string.format("%s: %s cannot be %s%s", what, option[1], quoted(value), near), 4)
end

-- An error for a position behind those that options have.
local function too_many(what, spec, key)
  local names = {}
  for _, option in ipairs(spec) do
    if not option.named then names[#names + 1] = option[1] end
  end
  error(string.format("%s takes at most %d positional argument%s; number %s is too many (%s: %s)", what, #names,
    #names == 1 and "" or "s", key, #names == 1 and "it is" or "they are", table.concat(names, ", ")), 4)
end

-- A default that is a list is copied: whoever changes an element of theirs would change it for all to come.
local function own(default)
  if type(default) ~= "table" or getmetatable(default) ~= nil then return default end
  local copy = {}
  for key, value in pairs(default) do copy[key] = value end
  return copy
end

--- Reads the one table of a call. `spec` lists the options in positional order; each is {name, default} or
--- {name, required=true}; with one_of={...} a name must be one of those, in any case of its letters if any_case=true;
--- named=true has no position. Returns a table by name. An unknown key is an error with a suggestion; for those that
--- others have and we have not, spec.refused={name="why, and what to do instead"}.
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
      if not spec[key] or spec[key].named then too_many(what, spec, key) end
    elseif not names[key] then
      local why = spec.refused and spec.refused[key]
      if why then error(string.format("%s has no option %s: %s", what, key, why), 3) end
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
      value = own(option[2])
    end
    if option.one_of and type(value) == "string" then check_choice(what, option, value) end
    read[name] = value
  end
  return read
end

--- `value` if it is one of `choices`, otherwise an error with a suggestion.
function options.choice(what, name, value, choices)
  for _, choice in ipairs(choices) do
    if choice == value then return value end
  end
  error(string.format("%s: %s cannot be %s%s", what, name, quoted(value), options.suggest(value, choices)), 3)
end

return options
