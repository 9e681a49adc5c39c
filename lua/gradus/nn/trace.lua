-- model:trace(x): a network is a chain of functions, f(x) = f3(f2(f1(x))); here is what each of them gives.

local columns = require "gradus.columns"
local doc = require("gradus.help").doc
local is_tensor = require "gradus.is_tensor"
local shapes = require "gradus.shapes"
local tensor = require "gradus.core.tensor"

local M = {methods = {}}

--- x as a batch in the model's dtype: samples as predict takes them, or one sample without the axis of the batch.
function M.as_batch(model, x, what)
  model:expect_built()
  if not is_tensor(x) then
    error(string.format("%s: x is a tensor, a sample or several, not a %s", what, type(x)), 0)
  end
  local shape = x.shape
  if shapes.equal(shape, model.input_shape) then
    x = x:reshape(1, table.unpack(shape))
  else
    table.remove(shape, 1)
    if x.ndim == 0 or not shapes.equal(shape, model.input_shape) then
      local want = model.input_shape
      local moved = shapes.channels_moved(x.shape, x.ndim == #want and want or {x.shape[1], table.unpack(want)})
      error(string.format("%s: x has shape %s, but this network takes one sample %s, or several, (n, %s)%s", what,
        shapes.text(x.shape), shapes.text(want), table.concat(want, ", "), moved and string.format(
        "; x:transpose(%s) moves the axis of the channels there", table.concat(moved, ", ")) or ""), 0)
    end
  end
  return x.dtype == model.dtype and x or x:astype(model.dtype)
end

--- What goes into each place of the graph and comes out of it, as in prediction.
function M.run(model, x)
  local places = {}
  local graph = model:graph()
  model:call(x, false, function(i, input, output)
    places[i] = {layer = graph[i].layer, inputs = graph[i].inputs, input = input, output = output}
  end)
  return places
end

local function range(t)
  if t.size == 0 then return "" end
  return string.format("%.4g to %.4g", tensor.min(t), tensor.max(t))
end

-- f3(x2), or f4(x1, x3) where branches come together.
local function formula(i, place)
  local arguments = {}
  for k, input in ipairs(place.inputs) do arguments[k] = input == 0 and "x" or "x" .. input end
  return string.format("x%d = f%d(%s)", i, i, table.concat(arguments, ", "))
end

local Trace = {__name = "trace"}
Trace.__index = Trace

function Trace:__tostring()
  local rows = {{"", "layer", "shape", "values"}, {"x", "the input", shapes.text(self.x.shape), range(self.x)}}
  for i, place in ipairs(self) do
    rows[i + 2] = {formula(i, place), string.format("%s (%s)", place.layer.name, place.layer.class_name),
      shapes.text(place.output.shape), range(place.output)}
  end
  return columns(rows, {})
end

M.methods.trace = doc("model.trace", [=[
model:trace(x) -> trace

The network as a chain of functions: x1 = f1(x), x2 = f2(x1), ..., the shape of each with the least and greatest of its
numbers, as in prediction. x is one sample or several. trace[i].input and trace[i].output are the tensors of layer i.

> m = nn.Sequential{nn.Dense{2, activation="relu", input_shape={3}, kernel_initializer="ones"}, nn.Dense{1,
>>   kernel_initializer="ones"}}
> t = m:trace(tensor{1, 2, 3})
> t
             layer            shape   values
x            the input        (1, 3)  1 to 3
x1 = f1(x)   dense (Dense)    (1, 2)  6 to 6
x2 = f2(x1)  dense_1 (Dense)  (1, 1)  12 to 12
> t[1].output
[[6. 6.]]
]=], function(model, x)
  x = M.as_batch(model, x, "trace")
  local trace = M.run(model, x)
  trace.x = x
  return setmetatable(trace, Trace)
end)

return M
