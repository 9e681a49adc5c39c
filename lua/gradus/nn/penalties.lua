-- What regularizers add to the loss: the penalty of weights. It is no sample's, so it stands beside the scores of a
-- recorded step and is computed once a batch.

local find = require("gradus.regularizers.lookup").find

local M = {}

--- {{regularizer=, layer=, name=, l1=, l2=}, ...}: those of the weights that training changes; nil when none has one.
function M.of(layers)
  local list = {}
  for _, layer in ipairs(layers) do
    for k in ipairs(layer:weights()) do
      local name = layer.weight_names[k]
      local option = name .. "_regularizer"
      local given = layer[option] or layer.weight_regularizers[name]
      if given ~= nil then
        local regularizer = find("nn." .. layer.class_name, option, given)
        list[#list + 1] = {regularizer = regularizer, layer = layer, name = name, l1 = regularizer.l1,
          l2 = regularizer.l2}
      end
    end
  end
  return #list > 0 and list or nil
end

--- The sum of the penalties: a number, or while the weights are tracked a tensor.
function M.sum(list)
  local sum
  for _, each in ipairs(list) do
    local penalty = each.regularizer(each.layer[each.name])
    sum = sum and sum + penalty or penalty
  end
  return sum
end

--- Whether the regularizers still have the numbers that they had when M.of made the list, or nil for none.
function M.unchanged(list)
  if not list then return true end
  for _, each in ipairs(list) do
    if each.regularizer.l1 ~= each.l1 or each.regularizer.l2 ~= each.l2 then return false end
  end
  return true
end

return M
