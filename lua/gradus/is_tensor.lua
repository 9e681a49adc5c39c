-- Whether a value is a tensor.

local metatable = require("gradus.core.tensor").metatable

return function(value)
  return getmetatable(value) == metatable
end
