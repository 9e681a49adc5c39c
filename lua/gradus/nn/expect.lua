-- What is read from a file is a stranger's: every value is looked at before it is used.

--- `value` if it is of that kind, a type of Lua's or "integer"; otherwise an error. `what` says what it is.
return function(value, kind, what)
  local good = type(value) == kind or (kind == "integer" and math.type(value) == "integer")
  if not good then
    error(string.format("%s should be a %s, and is %s", what, kind == "integer" and "whole number" or kind,
      value == nil and "nothing" or "a " .. type(value)), 0)
  end
  return value
end
