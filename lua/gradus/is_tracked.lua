-- Whether gradients go through a tensor.

local core = require "gradus.core.grad"

return function(t)
  return not rawequal(core.plain(t), t)
end
