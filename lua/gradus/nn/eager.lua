-- A step on a whole batch at once, operation by operation: for networks that cannot be recorded, because an operation
-- is written in Lua, mixes samples, or reads numbers. It has the face of a recorded program (run, gradients); what it
-- computes is the same, more slowly.

local core = require "gradus.core.grad"
local tensor = require "gradus.core.tensor"

local Eager = {}
Eager.__index = Eager

--- Eager.new{weights=, training=, dtype=, output_shape=, call=, penalty=}: call(x, t) returns the output, and with t
--- the loss and the metrics, each a number a sample; penalty(), when given, what is added to the loss of each.
function Eager.new(self)
  self.kept = {}
  for i, w in ipairs(self.weights) do self.kept[i] = tensor.zeros_like(w) end
  return setmetatable(self, Eager)
end

-- Samples first .. first + count - 1 of `order`, or of t itself; a copy, since a layer may write into it.
local function rows(self, t, order, first, count)
  local last = first + count - 1
  local batch = order and t[order[{{first, last}}]] or t[{{first, last}}]
  if batch.dtype ~= self.dtype then return batch:astype(self.dtype) end
  return order and batch or batch:clone()
end

--- As of a recorded program: runs a batch, leaves the gradients of its mean loss in those of gradients() when
--- `backward`, and returns each score summed over the batch.
function Eager:run(x, y, order, first, count, backward, key1, key2, number, predictions)
  local sums = {}
  local function step()
    local results = {self.call(rows(self, x, order, first, count), y and rows(self, y, order, first, count))}
    if predictions then predictions[{{1, count}}] = results[1]:detach() end
    for i = 2, #results do sums[i - 1] = tensor.sum(results[i]:detach()) end
    local penalty = self.penalty and self.penalty()
    if penalty then sums[1] = sums[1] + count * tensor.sum(penalty:detach()) end
    if backward then
      local loss = tensor.mean(results[2])
      if penalty then loss = loss + penalty end
      -- Where no weight is behind the loss, it is a plain number.
      if type(loss) ~= "number" then loss:backward() end
    end
  end
  local gradients = core.eagerly(self.weights, self.training, key1, key2, number, step)
  if backward then
    for i, kept in ipairs(self.kept) do
      kept[{{}}] = gradients[i] or 0.0  -- the same tensors at each step, as of a program
    end
  end
  return table.unpack(sums)
end

---- The output for each row of x.
function Eager:predict(x)
  local output = tensor.zeros({#x, table.unpack(self.output_shape)}, {dtype = self.dtype})
  self:run(x, nil, nil, 1, #x, false, 0, 0, 0, output)
  return output
end

-- What a recorded program gives back between runs, a step on whole batches does not keep.
function Eager.rest() end

function Eager:gradients()
  return {table.unpack(self.kept)}
end

return Eager
