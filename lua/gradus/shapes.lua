-- Shapes: lists of whole numbers, the size of each axis.

local shapes = {}

--- As NumPy writes it: "(4, 3)", and "(4,)" for a single axis.
function shapes.text(sizes)
  return "(" .. table.concat(sizes, ", ") .. (#sizes == 1 and ",)" or ")")
end

function shapes.equal(a, b)
  if #a ~= #b then return false end
  for i = 1, #a do
    if a[i] ~= b[i] then return false end
  end
  return true
end

return shapes
