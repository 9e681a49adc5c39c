-- Why the shapes of an operation do not fit, and what to write so that they do. Each rule is arithmetic on shapes:
-- it says which axes disagree, and what the operation would give for other shapes, so that only a change that works
-- is ever suggested.

local help = require "gradus.help"
local operands = require "gradus.session.operands"
local shapes = require "gradus.shapes"

local fit = {}

-- ---- what an operation gives: a shape; or nil and the axes (of each operand) that disagree ----

-- Where each operand's axis i, counted in the result, is; 0 when it has none.
local function axis_of(shape, i, ndim)
  return math.max(i - (ndim - #shape), 0)
end

local function broadcast(list)
  local ndim, result = 0, {}
  for _, shape in ipairs(list) do ndim = math.max(ndim, #shape) end
  for i = 1, ndim do
    result[i] = 1
    for k, shape in ipairs(list) do
      local size = shape[axis_of(shape, i, ndim)] or 1
      if size ~= 1 and result[i] ~= 1 and size ~= result[i] then
        local axes = {}
        for j = 1, k do axes[j] = axis_of(list[j], i, ndim) end
        for j = 1, k - 1 do
          if (list[j][axes[j]] or 1) == 1 then axes[j] = 0 end
        end
        return nil, axes
      end
      if size ~= 1 then result[i] = size end
    end
  end
  return result
end

-- The batched matrix product: a vector counts as a row on the left and as a column on the right.
local function product(list)
  local a, b = list[1], list[2]
  if #a == 0 or #b == 0 then return nil, {0, 0} end
  local inner = math.max(#b - 1, 1)
  if a[#a] ~= b[inner] then return nil, {#a, inner} end
  local outer = broadcast {{table.unpack(a, 1, #a - 2)}, {table.unpack(b, 1, #b - 2)}}
  if not outer then return nil, {0, 0} end
  if #a > 1 then outer[#outer + 1] = a[#a - 1] end
  if #b > 1 then outer[#outer + 1] = b[#b] end
  return outer
end

local function joined(list, axis)
  local first, result = list[1], {table.unpack(list[1])}
  if axis < 0 then axis = #first + 1 + axis end
  if not first[axis] then return nil, {} end
  for k = 2, #list do
    if #list[k] ~= #first then return nil, {} end
    for i = 1, #first do
      if i ~= axis and list[k][i] ~= first[i] then
        local axes = {i}
        for j = 2, k do axes[j] = j == k and i or 0 end
        return nil, axes
      end
    end
    result[axis] = result[axis] + list[k][axis]
  end
  return result
end

local function stacked(list)
  for k = 2, #list do
    if not shapes.equal(list[1], list[k]) then return nil, {} end
  end
  return {#list, table.unpack(list[1])}
end

-- Into the first shape the second is to be written.
local function assigned(list)
  local result, axes = broadcast(list)
  if result and shapes.equal(result, list[1]) then return result end
  if axes or #list[2] > #list[1] then return nil, axes or {} end
  for i = 1, #list[2] do
    local into = i + #list[1] - #list[2]
    if list[2][i] ~= list[1][into] and list[2][i] ~= 1 then return nil, {into, i} end
  end
end

-- ---- changes to one operand: {code=, shape=} ----

local function size_of(shape)
  local size = 1
  for _, n in ipairs(shape) do size = size * n end
  return size
end

local function transposed(operand)
  local reversed = {}
  for i, n in ipairs(operand.shape) do reversed[#operand.shape + 1 - i] = n end
  local bare = operand.node and operand.node.kind == "index" and operand.node.name == "T" and operand.object
  return {code = bare or operand.code .. ".T", shape = reversed}
end

local function reshaped(operand, shape)
  return {code = string.format("%s:reshape(%s)", operand.code, table.concat(shape, ", ")), shape = shape}
end

-- With one more axis of size 1, at each place: a column of a vector, the channel axis of grey images.
local function widened(operand)
  local list = {}
  for at = #operand.shape + 1, 1, -1 do
    local shape = {table.unpack(operand.shape)}
    table.insert(shape, at, 1)
    list[#list + 1] = reshaped(operand, shape)
  end
  return list
end

-- The first change after which `result` is a shape that `wanted` (optional) likes. `changes` are tried in order:
-- functions of an operand and the list of all operands that give a list of changes.
local function first_that_fits(list, result, changes, wanted)
  for _, change in ipairs(changes) do
    for k = #list, 1, -1 do
      for _, changed in ipairs(change(list[k], list)) do
        local tried = {}
        for i, each in ipairs(list) do tried[i] = i == k and changed.shape or each.shape end
        local gives = result(tried)
        if gives and (not wanted or wanted(gives, tried)) then return {[k] = changed.code, shape = gives} end
      end
    end
  end
end

local function by_transposing(operand)
  return #operand.shape == 2 and {transposed(operand)} or {}
end

-- As the others are shaped, where the number of elements is the same.
local function by_reshaping(operand, list)
  local found = {}
  for _, other in ipairs(list) do
    if other ~= operand and size_of(other.shape) == size_of(operand.shape) then
      found[#found + 1] = reshaped(operand, other.shape)
    end
  end
  return found
end

-- Pictures as rows: (60, 28, 28) is (60, 784) to a matrix.
local function by_flattening(operand)
  if #operand.shape < 3 then return {} end
  local n = operand.shape[1]
  return {{code = string.format("%s:reshape(%d, -1)", operand.code, n),
    shape = {n, n == 0 and 0 or size_of(operand.shape) // n}}}
end

-- ---- rules ----
--
-- A rule takes what operands.find gives and returns nil when the shapes fit, or
--   {operands= (those of the picture), marks= {axis of each or 0}, says=, remedy= {[k]=code, shape=} or nil}

-- The operand at a part of the expression; nil when it is no tensor. `object` is the code of x in x.T.
local function operand_of(found, part, value)
  if not operands.is_tensor(value) then return nil end
  local code = found.text:sub(part.from, part.to)
  local simple = part.kind == "name" or part.kind == "index" or part.kind == "call" or part.kind == "paren"
  local object = part.kind == "index" and found.text:sub(part.object.from, part.object.to)
  return {node = part, code = simple and code or "(" .. code .. ")", shape = value.shape, object = object}
end

-- The tensors among the first `n` operands.
local function tensors(found, n)
  local list = {}
  for i = 1, math.min(n or #found.parts, #found.parts) do
    list[#list + 1] = operand_of(found, found.parts[i], found.values[i])
  end
  return list
end

local function shapes_of(list)
  local result = {}
  for i, each in ipairs(list) do result[i] = each.shape end
  return result
end

local function trouble(list, axes, says, remedy)
  return {operands = list, marks = axes, says = says, remedy = remedy}
end

local function count(n, one, many)
  return string.format("%d %s", n, n == 1 and one or many or one .. "s")
end

-- Numbers that differ, in their order: "4 against 3".
local function against(sizes)
  local seen, list = {}, {}
  for _, n in ipairs(sizes) do
    if not seen[n] then list[#list + 1] = n end
    seen[n] = true
  end
  return table.concat(list, " against ")
end

local function elementwise(found, n)
  local list = tensors(found, n)
  local result, axes = broadcast(shapes_of(list))
  if result then return nil end
  local sizes = {}
  for i, axis in ipairs(axes) do
    if axis > 0 then sizes[#sizes + 1] = list[i].shape[axis] end
  end
  -- One operand keeps its shape, best the one it had: a table of all sums is seldom what was meant.
  local function is_one_of(all)
    return function(gives, tried)
      for _, shape in ipairs(all or tried) do
        if shapes.equal(shape, gives) then return true end
      end
    end
  end
  local changes = {by_transposing, widened, by_reshaping}
  local remedy = first_that_fits(list, broadcast, changes, is_one_of(shapes_of(list)))
    or first_that_fits(list, broadcast, changes, is_one_of(nil))
  return trouble(list, axes, against(sizes) .. ", and neither is 1", remedy)
end

local function matrix_product(found)
  local list = tensors(found, 2)
  if #list < 2 then return nil end
  local result, axes = product(shapes_of(list))
  if result then return nil end
  local a, b = list[1], list[2]
  local says = ""
  if axes[1] > 0 then
    says = string.format("%s against %s", count(a.shape[axes[1]], "column"), count(b.shape[axes[2]], "row"))
  end
  local remedy = first_that_fits(list, product, {by_transposing, by_flattening})
  local exchanged = product {b.shape, a.shape}
  if not remedy and exchanged then remedy = {b.code, a.code, shape = exchanged} end
  return trouble(list, axes, says, remedy)
end

-- The tensors in the table that is the first argument.
local function entries(found)
  local node, value = found.parts[1], found.values[1]
  if not node or node.kind ~= "table" or type(value) ~= "table" then return nil end
  local list = {}
  for i, item in ipairs(node.items) do list[i] = operand_of(found, item, rawget(value, i)) end
  return #list == #node.items and #list > 1 and list or nil
end

local function concatenation(found)
  local list = entries(found)
  local axis = math.tointeger(found.parts[2] and found.values[2] or 1)
  if not list or not axis then return nil end
  local function join(all) return joined(all, axis) end
  local result, axes = join(shapes_of(list))
  if result then return nil end
  local says
  for k = 2, #list do
    local axis_k = axes[k] or 0
    if axis_k > 0 then says = string.format("%d against %d", list[1].shape[axis_k], list[k].shape[axis_k]) end
    says = says or #list[k].shape ~= #list[1].shape and
      string.format("%s against %s", count(#list[1].shape, "axis", "axes"), count(#list[k].shape, "axis", "axes"))
  end
  local remedy
  for other = 1, #list[1].shape do
    local gives = joined(shapes_of(list), other)
    remedy = remedy or gives and {arguments = {[2] = tostring(other)}, shape = gives}
  end
  remedy = remedy or first_that_fits(list, join, {by_transposing, widened})
  return trouble(list, axes, says or "", remedy)
end

local function stacking(found)
  local list = entries(found)
  if not list or stacked(shapes_of(list)) then return nil end
  return trouble(list, {}, "stack needs equal shapes", first_that_fits(list, stacked, {by_transposing, by_reshaping}))
end

-- The divisor of n that is nearest to d.
local function nearest_divisor(n, d)
  local best = 1
  for i = 1, math.min(n, 100000) do
    if n % i == 0 and math.abs(i - d) < math.abs(best - d) then best = i end
  end
  return best
end

-- Sizes for a reshape of `total` elements that are near to the given ones.
local function sizes_near(total, sizes)
  local known, free = 1, nil
  for i, n in ipairs(sizes) do
    if n == -1 then free = i else known = known * n end
  end
  if known <= 0 or total == 0 then return nil end
  if not free and total % known == 0 then return {-1, table.unpack(sizes)} end
  for i = #sizes, 1, -1 do
    if i ~= free then
      local others = known // sizes[i]
      if total % others == 0 then
        local changed = {table.unpack(sizes)}
        changed[i] = free and nearest_divisor(total // others, sizes[i]) or total // others
        return changed
      end
    end
  end
  return {-1}
end

local function reshaping(found)
  local list = tensors(found, 1)
  if #list < 1 then return nil end
  local sizes, nested = {}, type(found.values[2]) == "table"
  for i = 2, nested and 1 + rawlen(found.values[2]) or #found.parts do
    sizes[i - 1] = math.tointeger(nested and rawget(found.values[2], i - 1) or found.values[i])
    if not sizes[i - 1] then return nil end
  end
  local total, known, free = size_of(list[1].shape), 1, false
  for _, n in ipairs(sizes) do
    if n < -1 or n == -1 and free then return nil end
    if n == -1 then free = true else known = known * n end
  end
  if known == total or free and known > 0 and total % known == 0 then return nil end
  local near = sizes_near(total, sizes)
  local remedy
  if near then
    local shape, rest = {table.unpack(near)}, total
    for _, n in ipairs(near) do rest = n > 0 and rest // n or rest end
    for i, n in ipairs(near) do shape[i] = n == -1 and rest or n end
    local text = table.concat(near, ", ")
    if nested then text = "{" .. text .. "}" end
    remedy = {arguments = {[2] = text, last = true}, shape = shape}
  end
  return trouble(list, {}, string.format("%s do not fill %s", count(total, "element"), shapes.text(sizes)), remedy)
end

-- A write through an index: the part that is written to, and the value.
local function assignment(found)
  local target, key, value = table.unpack(found.values, 1, 3)
  if not operands.is_tensor(target) or not operands.is_tensor(value) then return nil end
  if operands.is_tensor(key) then return nil end
  local ok, part = pcall(function() return target[key] end)  -- a view: reading it changes nothing
  if not ok then return nil end
  local whole = {from = found.node.from, to = found.node.to, kind = "index", object = found.parts[1]}
  local into = operand_of(found, whole, part) or {node = whole, code = "", shape = {}}
  local from = operand_of(found, found.parts[3], value)
  local list = {into, from}
  local result, axes = assigned {into.shape, from.shape}
  if result then return nil end
  local function into_it(tried) return assigned {into.shape, tried[1]} end
  local remedy = first_that_fits({from}, into_it, {by_transposing, function(operand)
    return size_of(operand.shape) == size_of(into.shape) and {reshaped(operand, into.shape)} or {}
  end})
  if remedy then remedy = {[2] = remedy[1], shape = remedy.shape, quiet = true} end
  return trouble(list, axes, string.format("%s has no room for %s", shapes.text(into.shape), shapes.text(from.shape)),
    remedy)
end

-- The axis that an index lies beyond.
local function indexing(found)
  local list = tensors(found, 1)
  local key = found.values[2]
  if #list < 1 then return nil end
  local keys = math.type(key) and {key} or type(key) == "table" and debug.getmetatable(key) == nil and key or {}
  for axis, size in ipairs(list[1].shape) do
    local range = rawget(keys, axis)
    for i = 1, 2 do
      local at = math.tointeger(type(range) == "table" and rawget(range, i) or range)
      if at and (at == 0 or at > size or at < -size) then
        local marks = {axis}
        return trouble(list, marks, size == 0 and "there is nothing here" or
          string.format("%d lies outside 1..%d", at, size))
      end
    end
  end
end

-- What a network is given: x of the wrong shape.
local function network_input(found)
  local model, x = found.values[1], found.values[2]
  local node, remedy = found.parts[2], nil
  if type(model) ~= "table" or not node then return nil end
  local want = rawget(model, "input_shape")
  if type(want) ~= "table" then return nil end
  if node.kind == "table" and type(x) == "table" then
    node, x = node.items[1], rawget(x, 1)
  end
  local operand = node and operand_of(found, node, x)
  if not operand then return nil end
  local got = operand.shape
  if #got == #want + 1 and shapes.equal({table.unpack(got, 2)}, want) then return nil end
  local sample = size_of(want)
  local moved = shapes.channels_moved(got, #got == #want and want or {got[1], table.unpack(want)})
  if moved then  -- a reshape would fit, too, and mix the pixels up
    local code = string.format("%s:transpose(%s)", operand.code, table.concat(moved, ", "))
    remedy = {[1] = #got == #want and reshaped({code = code}, {1, table.unpack(want)}).code or code}
  elseif sample > 0 and size_of(got) % sample == 0 then
    local n = size_of(got) // sample
    if n == 1 or got[1] == n then
      remedy = {[1] = reshaped(operand, {n, table.unpack(want)}).code}
    end
  end
  return trouble({operand}, {}, string.format("the network takes (n, %s)", table.concat(want, ", ")), remedy)
end

local rules = {concatenate = concatenation, stack = stacking, reshape = reshaping}
rules.dot, rules.matmul = matrix_product, matrix_product
for name in ("maximum minimum where clip eq ne lt le gt ge logical_and logical_or"):gmatch "%S+" do
  rules[name] = elementwise
end
local by_event = {index = indexing, newindex = assignment}
for name in ("add sub mul div mod pow idiv"):gmatch "%S+" do by_event[name] = elementwise end
for name in ("fit predict predict_classes evaluate train_on_batch test_on_batch"):gmatch "%S+" do
  rules["model:" .. name] = network_input
end

--- What is wrong with the shapes of the expression that operands.find found, or nil.
function fit.trouble(found)
  local call = found.values
  if call.how == "metamethod" then
    local rule = by_event[call.name]
    return rule and rule(found)
  end
  local name = help.find(call.func) or ""
  local of_model = call.how == "method" and type(call[1]) == "table" and rawget(call[1], "layers")
  if of_model then name = "model:" .. call.name end
  local rule = rules[name:match "^tensor:(.*)$" or name]
  return rule and rule(found)
end

return fit
