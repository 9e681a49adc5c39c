-- The two modes of automatic differentiation, step by step, laid out as in tables 2 and 3 of the survey (Baydin et al.,
-- JMLR 18(153), 2018): v-1, v0 are the inputs, v1, v2, ... what is computed from them.

local columns = require "gradus.columns"
local core = require "gradus.core.grad"
local doc = require("gradus.help").doc
local is_tensor = require "gradus.is_tensor"
local options = require "gradus.options"
local rules = require "gradus.grad.rules"
local shapes = require "gradus.shapes"
local tensor = require "gradus.core.tensor"

local M = {}

-- The inputs as tracked tensors: of one number or tensor, or of a list of them.
local function track_inputs(what, x)
  if type(x) == "number" or is_tensor(x) then x = {x} end
  if type(x) ~= "table" or #x == 0 then
    error(what .. ": the inputs are a list of numbers or tensors, as in " .. what .. "(f, {2, 5}), not " .. type(x), 3)
  end
  local inputs = {}
  for i, value in ipairs(x) do
    if type(value) ~= "number" and not is_tensor(value) then
      error(string.format("%s: input %d is a %s; inputs are numbers or tensors", what, i, type(value)), 3)
    end
    inputs[i] = core.learner.track(type(value) == "number" and tensor.tensor(value + 0.0) or value:detach())
  end
  return inputs
end

local function call(what, f, inputs)
  if type(f) ~= "function" then error(what .. ": the first argument is a function, not a " .. type(f), 3) end
  local y = f(table.unpack(inputs))
  if is_tensor(y) and pcall(core.set_tangent, y) then return y end
  error(string.format("%s: the function gave %s, which was not computed from its inputs by tensor operations", what,
    is_tensor(y) and "an untracked tensor" or tostring(y)), 3)
end

-- A value in a table: a number in full, a tensor by its shape.
local function show(t)
  if not t then return "0" end
  if t.size == 1 then return tostring(t:detach():reshape {}) end
  return "tensor " .. shapes.text(t.shape)
end

-- The positions of the nodes in the survey's order: what can be computed from the inputs first, then what from that,
-- and so on; of equals the one that stands further left in the formula.
local function arrange(nodes)
  local depth, order = {}, {}
  for i, node in ipairs(nodes) do  -- inputs come before what is computed from them
    depth[i], order[i] = 0, i
    for _, input in ipairs(node.inputs or {}) do
      if input > 0 then depth[i] = math.max(depth[i], depth[input] + 1) end
    end
  end
  local rank, count, stack = {}, 0, {#nodes}
  while #stack > 0 do
    local top, waiting = stack[#stack], nil
    for _, input in ipairs(nodes[top].inputs or {}) do
      if input > 0 and not rank[input] then
        waiting = input
        break
      end
    end
    if waiting then
      stack[#stack + 1] = waiting
    else
      stack[#stack] = nil
      count = count + 1
      rank[top] = count
    end
  end
  table.sort(order, function(a, b)
    if depth[a] ~= depth[b] then return depth[a] < depth[b] end
    local leaf_a, leaf_b = nodes[a].leaf or 0, nodes[b].leaf or 0
    if leaf_a ~= leaf_b then return leaf_a < leaf_b end
    return rank[a] < rank[b]
  end)
  return order
end

-- The graph with a name for each node: inputs v(1-n)..v0, then v1, v2, ...; constants are their own name. Beside it the
-- order in which to show them.
local function named_nodes(y, inputs)
  local nodes, count = core.nodes(y, inputs), 0
  local order = arrange(nodes)
  for _, i in ipairs(order) do
    local node = nodes[i]
    if node.leaf == 0 then
      node.name = show(node.value)
    elseif node.leaf then
      node.name = "v" .. node.leaf - #inputs
    else
      count = count + 1
      node.name = "v" .. count
    end
  end
  return nodes, order
end

-- A rule with the names of a node's inputs in it.
local function fill(text, node, nodes)
  return (text:gsub("%%(%d)", function(digit)
    local i = tonumber(digit)
    if i == 0 then return node.name end
    return nodes[node.inputs[i]].name
  end))
end

local function expression(node, nodes)
  local rule = rules[node.op]
  if rule then return fill(rule[1], node, nodes) end
  local names = {}
  for _, i in ipairs(node.inputs) do
    if i > 0 then names[#names + 1] = nodes[i].name end
  end
  return node.op .. "(" .. table.concat(names, ", ") .. ")"
end

-- The i-th partial derivative of a node as text, in brackets where it is a sum.
local function partial(node, i, nodes)
  local rule = rules[node.op]
  local text = rule and rule[i + 1] and fill(rule[i + 1], node, nodes)
  if not text then return string.format("d%s/d%s", node.name, nodes[node.inputs[i]].name) end
  return (text:find(" [-+/<>]") or text:find("^%-")) and "(" .. text .. ")" or text
end

-- `whole` times that derivative.
local function times(whole, node, i, nodes)
  local factor = partial(node, i, nodes)
  if factor == "1" then return whole end
  return factor == "(-1)" and "-" .. whole or whole .. " * " .. factor
end

-- How the tangent of a node follows from those of its inputs: v3' = v-1' * v0 + v0' * v-1.
local function tangent_rule(node, nodes, changes)
  local terms = {}
  for i, input in ipairs(node.inputs) do
    if input > 0 and changes[input] then
      terms[#terms + 1] = times(nodes[input].name .. "'", node, i, nodes)
    end
  end
  return (table.concat(terms, " + "):gsub("%+ %-", "- "))
end

local Trace = {}
Trace.__index = Trace
Trace.__name = "trace"
function Trace:__tostring() return self.text end


M.forward = doc("grad.forward", [[
grad.forward(f, x, {direction}) -> trace

Forward mode: beside each value of the computation stands its tangent, how fast it changes when one input does
(dual numbers). x is a list of numbers or tensors, and f takes them one by one. For numbers there is one pass, and
one column, an input: n inputs need n passes, where reverse mode needs one. For tensors the tangents start from
`direction`, a list of tensors of the inputs' shapes, in one pass. trace.value is f's value, trace.derivatives the
list of the derivatives (with a direction the one along it). Source: Baydin et al., JMLR 18(153), 2018, table 2.

> f = function(x1, x2) return log(x1) + x1 * x2 end
> t = grad.forward(f, {2, 5})
> t
                 value               tangent                      by x1  by x2
v-1  = x1        2.0                 v-1' = x1'                   1.0    0
v0   = x2        5.0                 v0' = x2'                    0      1.0
v1   = log(v-1)  0.6931471805599453  v1' = v-1' * (1 / v-1)       0.5    0
v2   = v-1 * v0  10.0                v2' = v-1' * v0 + v0' * v-1  5.0    2.0
v3   = v1 + v2   10.693147180559945  v3' = v1' + v2'              5.5    2.0
> t.derivatives
{5.5, 2.0}
]], function(f, x, given)
  local inputs = track_inputs("grad.forward", x)
  local direction = options.read("grad.forward", given, {{"direction"}}).direction
  local y = call("grad.forward", f, inputs)
  local seeds = {}
  if direction then
    if is_tensor(direction) then direction = {direction} end
    seeds[1] = {}
    for i = 1, #inputs do seeds[1][i] = direction[i] end
  else
    for i, input in ipairs(inputs) do
      if input.size ~= 1 then
        error(string.format("grad.forward: input %d has %d elements, and forward mode follows one direction at a time: "
          .. "say which, as in grad.forward(f, x, {direction=ones_like(x)})", i, input.size), 2)
      end
      seeds[i] = {[i] = tensor.ones_like(input:detach())}
    end
  end
  local nodes, order = named_nodes(y, inputs)
  local tangents, derivatives, changes = {}, {}, {}
  for i = 1, #nodes do tangents[i] = {} end
  for pass, seed in ipairs(seeds) do
    for i, input in ipairs(inputs) do core.set_tangent(input, seed[i]) end
    local derivative = core.forward_mode(y)
    derivatives[pass] = derivative.size == 1 and derivative:flatten()[1] or derivative:clone()
    for i, node in ipairs(core.nodes(y, inputs)) do
      if node.tangent then
        tangents[i][pass] = node.tangent:clone()  -- the next pass writes into the node's
        changes[i] = true
      end
    end
  end
  local rows = {{"", "", "value", "tangent"}}
  for pass = 1, #seeds do
    rows[1][pass + 4] = direction and "along it" or "by x" .. pass
  end
  for _, i in ipairs(order) do
    local node = nodes[i]
    if node.leaf ~= 0 then
      local row = {node.name, "= " .. (node.leaf and "x" .. node.leaf or expression(node, nodes)), show(node.value),
        node.name .. "' = " .. (node.leaf and "x" .. node.leaf .. "'" or tangent_rule(node, nodes, changes))}
      for pass = 1, #seeds do row[pass + 4] = show(tangents[i][pass]) end
      rows[#rows + 1] = row
    end
  end
  local value = y:detach()
  return setmetatable({text = columns(rows, {}), value = value.size == 1 and value:flatten()[1] or value,
    derivatives = derivatives}, Trace)
end)

M.reverse = doc("grad.reverse", [[
grad.reverse(f, x) -> trace

Reverse mode, which is backpropagation: first the values, forwards, then from the last to the first how fast the
result changes with each of them (its adjoint dy/dv), by the chain rule. One pass gives the derivative by every
input. x is a list of numbers or tensors, and f takes them one by one and gives one number. trace.value is f's
value, trace.derivatives the list of the derivatives. Source: Baydin et al., JMLR 18(153), 2018, table 3.

> f = function(x1, x2) return log(x1) + x1 * x2 - sin(x2) end
> grad.reverse(f, {2, 5}).derivatives
{5.5, 1.7163378145367738}
]], function(f, x)
  local inputs = track_inputs("grad.reverse", x)
  local y = call("grad.reverse", f, inputs)
  y:backward()
  local nodes, order = named_nodes(y, inputs)
  local forwards, backwards, sums = {}, {}, {}
  for _, i in ipairs(order) do
    local node = nodes[i]
    if node.leaf ~= 0 then
      forwards[#forwards + 1] = {node.name,
        "= " .. (node.leaf and "x" .. node.leaf or expression(node, nodes)), show(node.value)}
    end
  end
  backwards[1] = {"dy/d" .. nodes[#nodes].name, "= 1", "1.0"}
  for position = #order, 1, -1 do
    local node = nodes[order[position]]
    for i = node.contributions and #node.contributions or 0, 1, -1 do
      local added, input = node.contributions[i], nodes[node.inputs[i]]
      if added then
        local before = sums[input.name]
        sums[input.name] = before and before + added or added
        local rule = (before and show(before) .. " + " or "") .. times("dy/d" .. node.name, node, i, nodes)
        backwards[#backwards + 1] = {"dy/d" .. input.name, "= " .. rule:gsub("%+ %-", "- "), show(sums[input.name])}
      end
    end
  end
  local derivatives = {}
  for i, input in ipairs(inputs) do
    local g = input.grad
    derivatives[i] = g and (g.size == 1 and g:flatten()[1] or g) or 0.0
  end
  local text = "values, from the first to the last\n" .. columns(forwards, {})
    .. "\nderivatives of y = " .. nodes[#nodes].name .. ", from the last to the first\n" .. columns(backwards, {})
  return setmetatable({text = text, value = y:detach():item(), derivatives = derivatives}, Trace)
end)

return M
