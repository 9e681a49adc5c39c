-- Linear algebra: what is made of other operations. What calls LAPACK is in C (src/bind/linalg.c).

local doc = require("gradus.help").doc
local tensor = require "gradus.core.tensor"

local linalg = require "gradus.core.linalg"

linalg.norm = tensor.norm

linalg.matrix_power = doc("linalg.matrix_power", [=[
linalg.matrix_power(A, n) -> tensor

A times itself, n times, by squaring; of the inverse where n is negative. A is square, or a stack of square matrices.
(A ^ n raises each element to the power.) Gradients go through.

> linalg.matrix_power(tensor{{1, 1}, {1, 0}}, 10)
[[89. 55.]
 [55. 34.]]
]=], function(A, n)
  if debug.getmetatable(A) ~= tensor.metatable then
    error("linalg.matrix_power takes a tensor, not a " .. type(A), 2)
  end
  local shape, times = A.shape, math.tointeger(n)
  if #shape < 2 or shape[#shape] ~= shape[#shape - 1] then
    error(string.format("linalg.matrix_power takes a square matrix, not shape (%s)", table.concat(shape, ", ")), 2)
  elseif not times then
    error("linalg.matrix_power: the power is a whole number, not " .. tostring(n), 2)
  end
  if times < 0 then
    A, times = linalg.inv(A), -times
  end
  if times == 1 then return A * 1 end  -- a tensor of its own
  local result
  while times > 0 do
    if times % 2 == 1 then result = result and result:dot(A) or A end
    times = times // 2
    if times > 0 then A = A:dot(A) end
  end
  if result then return result end
  -- The zeroth power is the identity, in the dtype and for each matrix of the stack, and tracked where A is.
  local nothing = tensor.zeros_like(A)
  return tensor.where(nothing:astype "bool", A, nothing) + tensor.eye(shape[#shape], {dtype = A.dtype})
end)

return linalg
