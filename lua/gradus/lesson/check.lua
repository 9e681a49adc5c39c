-- `check`, the table that the check cells of a lesson use. Checks look at values and at behaviour, never at text;
-- a failed one says what is wrong and what was found, not what to type.

local shapes = require "gradus.shapes"

local check = {}

local is_tensor, shape_of, numbers_of

-- ---- values as flat lists of numbers ----

do
  local tensor = require "gradus.core.tensor"

  function is_tensor(value)
    return type(value) == "userdata" and debug.getmetatable(value) == tensor.metatable
  end

  --- The shape of a tensor or of a number ({}), nil for anything else.
  function shape_of(value)
    if is_tensor(value) then
      local shape = {}
      for i, n in ipairs(value.shape) do shape[i] = n end
      return shape
    end
    return type(value) == "number" and {} or nil
  end

  local function flatten(value, into)
    if type(value) ~= "table" then
      into[#into + 1] = value == true and 1 or value == false and 0 or value
    else
      for _, item in ipairs(value) do flatten(item, into) end
    end
    return into
  end

  function numbers_of(value)
    if type(value) == "number" then return {value} end
    return flatten(value:totable(), {})
  end
end

check.shape_of = shape_of

local function shape_text(shape)
  if #shape == 0 then return "a single number" end
  return "shape " .. shapes.text(shape)
end

local function number_text(x)
  if x ~= x then return "nan" end
  if math.type(x) == "integer" then return tostring(x) end
  return string.format("%.8g", x)
end

-- "[2, 1]" for the k-th number of a tensor.
local function position_text(k, shape)
  local at, rest = {}, k - 1
  for axis = #shape, 1, -1 do
    at[axis] = rest % shape[axis] + 1
    rest = rest // shape[axis]
  end
  return "[" .. table.concat(at, ", ") .. "]"
end

local function what_it_is(value)
  local shape = shape_of(value)
  if is_tensor(value) then return "a tensor of " .. shape_text(shape) end
  if type(value) == "number" then return "the number " .. number_text(value) end
  if value == nil then return "nil (nothing)" end
  if type(value) == "function" then return "a function; did you forget to call it?" end
  if type(value) == "string" then return string.format("the string %q", value) end
  if type(value) == "table" then return "a plain table: tensor{...} makes a tensor of numbers" end
  return "a " .. type(value)
end

-- What a function was called with.
local function input_text(value)
  if type(value) == "number" then return number_text(value) end
  if type(value) == "function" then return "a function" end
  return what_it_is(value)
end

--- nil when the two agree, otherwise the sentence that says where they do not. NaN agrees with nothing.
local function difference(value, expected, tolerance)
  local shape, wanted = shape_of(value), shape_of(expected)
  if not wanted then
    if value == expected then return nil end
    return string.format("expected %s, got %s", what_it_is(expected), what_it_is(value))
  end
  if not shape then return string.format("expected %s, got %s", what_it_is(expected), what_it_is(value)) end
  if not shapes.equal(shape, wanted) then
    return string.format("the result has %s where %s is expected", shape_text(shape), shape_text(wanted))
  end
  local a, b = numbers_of(value), numbers_of(expected)
  for k = 1, #b do
    if not (a[k] == b[k] or math.abs(a[k] - b[k]) <= tolerance * math.max(1, math.abs(b[k]))) then
      local where = #shape > 0 and " at " .. position_text(k, shape) or ""
      return string.format("%s%s where %s is expected", number_text(a[k]), where, number_text(b[k]))
    end
  end
  return nil
end

check.difference = difference

-- ---- failing ----

local failed = {__tostring = function(self) return self.message end}

--- The message of a failed check, nil when `value` is some other error.
function check.message_of(value)
  return getmetatable(value) == failed and value.message or nil
end

local function fail(format, ...)
  error(setmetatable({message = select("#", ...) > 0 and format:format(...) or format}, failed), 0)
end

-- Options of a comparison: a message, a tolerance, or {tolerance=, message=}.
local function comparison(given, tolerance)
  if type(given) == "string" then return tolerance, given end
  if type(given) == "number" then return given, nil end
  if type(given) == "table" then return given.tolerance or tolerance, given.message end
  return tolerance, nil
end

--- The table for a session: `exists` asks what the learner has defined.
function check.new(session)
  local api = {}

  --- check.exists(name, hint) -> value: the learner has defined the global `name`; a built-in of that name does not
  --- count. The hint is added to the message.
  function api.exists(name, hint)
    local value = rawget(session.env, name)
    if value == nil then fail("there is no %s yet%s", name, hint and ": " .. hint or "") end
    return value
  end

  --- check.that(condition, message): the condition is true, or the message says what is wrong.
  function api.that(condition, message)
    if not condition then fail("%s", message or "that is not it yet") end
  end

  --- check.equal(value, expected, message): the same number, string, or tensor, digit for digit. Without a message it
  --- says where they differ.
  function api.equal(value, expected, given)
    local _, message = comparison(given, 0)
    local why = difference(value, expected, 0)
    if why then fail("%s", message or why) end
  end

  --- check.close(value, expected, {tolerance=1e-9, message=}): two numbers or tensors of one shape agree to the
  --- tolerance, relative to numbers larger than 1. Without a message it says where they differ.
  function api.close(value, expected, given)
    local tolerance, message = comparison(given, 1e-9)
    local why = difference(value, expected, tolerance)
    if why then fail("%s", message or why) end
  end

  --- check.shape(tensor, {d1, d2, ...}, message): the tensor has that shape.
  function api.shape(value, wanted, message)
    local shape = shape_of(value)
    if not shape then fail("expected a tensor of %s, got %s", shape_text(wanted), what_it_is(value)) end
    if not shapes.equal(shape, wanted) then
      fail("%s", message or string.format("the shape is %s where %s is expected", shapes.text(shape),
        shapes.text(wanted)))
    end
  end

  --- check.is_function(value, name): the value is a function.
  function api.is_function(value, name)
    if type(value) == "function" then return end
    fail("%s should be a function, but it is %s", name or "this", what_it_is(value))
  end

  --- check.call(f, ...) -> what f(...) returns, any number of values. If f fails, its error is the message.
  function api.call(f, ...)
    api.is_function(f, "what is checked")
    local result = session:call(f, ...)
    if result.ok then return table.unpack(result.values, 1, result.values.n) end
    local inputs, place = {}, result.error.place
    for i = 1, select("#", ...) do inputs[i] = input_text((select(i, ...))) end
    -- A place in what the learner typed; other code the learner does not see.
    local where = place and (place:find "^line " or place:find "^entry ") and " in " .. place or ""
    fail("called with %s, your function failed%s: %s", table.concat(inputs, ", "), where, result.error.message)
  end

  --- check.calls(f, input, expected, {tolerance=1e-9, message=}): f(input) gives the expected number or tensor. If f
  --- fails, its error is the message.
  function api.calls(f, input, expected, given)
    local tolerance, message = comparison(given, 1e-9)
    local result = api.call(f, input)
    if result == nil then
      fail("called with %s, your function returns nothing: is a return missing?", input_text(input))
    end
    local why = difference(result, expected, tolerance)
    if not why then return end
    fail("%s", message or string.format("called with %s, your function gives %s", input_text(input), why))
  end

  return api
end

--- Runs one check cell. nil when it passes, otherwise the message.
function check.run(cell, session, name)
  local env = setmetatable({check = check.new(session)}, {__index = session.env})
  local code, message = load(cell.code, "=" .. name, "t", env)
  if not code then return message end
  local ok, why = pcall(code)
  if ok then return nil end
  message = check.message_of(why) or tostring(why)
  local prefix = name .. ":"
  if message:sub(1, #prefix) == prefix then message = message:sub(#prefix + 1):gsub("^%d+: ", "") end
  return message
end

return check
