-- grad.operation: an operation with forward and backward by hand.

local core = require "gradus.core.grad"
local doc = require("gradus.help").doc
local is_tensor = require "gradus.is_tensor"
local options = require "gradus.options"

return doc("grad.operation", [[
grad.operation{forward, backward} -> function

An operation whose derivative you write by hand. forward(saved, x, ...) takes plain tensors, up to three, and gives a
tensor; what backward needs it keeps in the table `saved`. backward(saved, dy) takes the derivative of the loss by
the result, of the result's shape, and returns that by each input, of the input's shape: the chain rule, dx = dy
times dy/dx. The function that comes back works on tracked tensors like any other; grad.check tells whether the two
agree.

> cube = grad.operation {
>>   forward = function(saved, x) saved.x = x; return x * x * x end,
>>   backward = function(saved, dy) return 3 * saved.x ^ 2 * dy end,
>> }
> x = grad.track(tensor{2})
> sum(cube(x)):backward()
> x.grad
[12.]
> grad.check(function(x) return sum(cube(x)) end, tensor{0.5, -1}).ok
true
]], function(given)
  local read = options.read("grad.operation", given, {{"forward", required = true}, {"backward", required = true}})
  for _, name in ipairs {"forward", "backward"} do
    if type(read[name]) ~= "function" then
      error(string.format("grad.operation: %s is a function, not a %s", name, type(read[name])), 2)
    end
  end
  local forward, backward = read.forward, read.backward
  return function(...)
    local inputs, plain, tracked, saved = {...}, {}, false, {}
    if #inputs < 1 or #inputs > 3 then
      error("an operation made by grad.operation takes one to three tensors, not " .. #inputs, 2)
    end
    for i, input in ipairs(inputs) do
      plain[i] = is_tensor(input) and core.plain(input) or input
      tracked = tracked or not rawequal(plain[i], input)
    end
    local out = forward(saved, table.unpack(plain))
    if not is_tensor(out) then
      error("forward of an operation gives a tensor, not a " .. type(out) .. "; is a return missing?", 2)
    end
    if not tracked then return out end
    return core.attach(out, function(dy) return backward(saved, dy) end, table.unpack(inputs))
  end
end)
