-- lazy(name): a module that is read when one of its functions is first used. The prompt is there at once because what
-- it can do without, above all what explains errors, is not compiled before there is something to explain.

return function(name)
  return setmetatable({}, {__index = function(self, key)
    local value = require(name)[key]
    rawset(self, key, value)
    return value
  end})
end
