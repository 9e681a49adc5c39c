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

--- The order of axes, as transpose takes it, in which a batch of images, or one image, is of shape `want`: with the
--- channels first where they were last, or the other way round. nil where neither is so.
function shapes.channels_moved(got, want)
  local n = #got - 3
  if #want ~= #got or n ~= 0 and n ~= 1 or n == 1 and got[1] ~= want[1] then return nil end
  for _, order in ipairs {{3, 1, 2}, {2, 3, 1}} do
    local all = n == 1 and {1} or {}
    for i, axis in ipairs(order) do all[n + i] = n + axis end
    local fits = true
    for i, axis in ipairs(all) do fits = fits and got[axis] == want[i] end
    if fits then return all end
  end
end

return shapes
