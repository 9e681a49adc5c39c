-- What regularizers add to a step: the penalty of the weights to the loss, its derivative to the gradients. A penalty
-- is of weights and not of samples, so it stands outside of the recorded program.

local find = require("gradus.regularizers.lookup").find

local M = {}

--- {regularizer=, i=} for each of `weights`, those that training changes in `layers`, that has one; nil when none has.
function M.of(layers, weights)
  local list, i = {}, 0
  for _, layer in ipairs(layers) do
    for k in ipairs(layer:weights()) do
      i = i + 1
      local option = layer.weight_names[k] .. "_regularizer"
      local given = layer[option] or layer.weight_regularizers[layer.weight_names[k]]
      if given ~= nil then
        list[#list + 1] = {regularizer = find("nn." .. layer.class_name, option, given), weight = weights[i], i = i}
      end
    end
  end
  return #list > 0 and list or nil
end

--- The sum of the penalties, a number.
function M.sum(list)
  local sum = 0.0
  for _, each in ipairs(list) do sum = sum + each.regularizer(each.weight) end
  return sum
end

--- The same; their derivatives are added to the gradients of all weights.
function M.add(list, gradients)
  for _, each in ipairs(list) do each.regularizer:add_gradient(each.weight, gradients[each.i]) end
  return M.sum(list)
end

return M
