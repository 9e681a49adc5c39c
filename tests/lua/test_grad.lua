local test, expect = dofile(os.getenv "GRADUS_TESTS" .. "/lua/tap.lua")

-- The largest difference between x:gradient() of f and central differences.
local function worst(f, x0)
  local x = grad.track(x0)
  local y = f(x)
  y:backward()
  local got, h, most = x:gradient():flatten(), 1e-6, 0
  local flat = x0:clone():flatten()
  for i = 1, #flat do
    local kept = flat[i]
    flat[i] = kept + h
    local up = f(flat:reshape(x0.shape))
    flat[i] = kept - h
    local down = f(flat:reshape(x0.shape))
    flat[i] = kept
    most = math.max(most, math.abs(got[i] - (up - down) / (2 * h)))
  end
  return most
end

random.seed(1)
local A = random.uniform(0.3, 2, 3, 4)
local B = random.uniform(0.3, 2, 4, 2)
local row = random.uniform(0.3, 2, 4)

local cases = {
  add = function(x) return sum(x + row) end,
  subtract = function(x) return sum((row - x) * x) end,
  multiply = function(x) return sum(x * x * row) end,
  divide = function(x) return sum(row / x + x / 3) end,
  power = function(x) return sum(x ^ 2.5) end,
  ["power of a number"] = function(x) return sum(2 ^ x) end,
  exp = function(x) return sum(exp(x)) end,
  expm1 = function(x) return sum(expm1(x)) end,
  log = function(x) return sum(log(x)) end,
  log1p = function(x) return sum(log1p(x)) end,
  sqrt = function(x) return sum(sqrt(x)) end,
  square = function(x) return sum(square(x)) end,
  abs = function(x) return sum(abs(x - 1)) end,
  sin = function(x) return sum(sin(x)) end,
  cos = function(x) return sum(cos(x)) end,
  tanh = function(x) return sum(tanh(x)) end,
  sigmoid = function(x) return sum(sigmoid(x)) end,
  relu = function(x) return sum(relu(x - 1)) end,
  softplus = function(x) return sum(softplus(x)) end,
  negation = function(x) return sum(-x * row) end,
  maximum = function(x) return sum(maximum(x, row) * row) end,
  minimum = function(x) return sum(minimum(x, 1) * row) end,
  mean = function(x) return mean(x * row) end,
  ["sum over an axis"] = function(x) return sum(sum(x, 1) ^ 2) end,
  ["mean over the other axis"] = function(x) return sum(mean(x, 2) ^ 2) end,
  dot = function(x) return sum(x:dot(B) ^ 2) end,
  ["dot on the right"] = function(x) return sum(B.T:dot(x.T) ^ 2) end,
  transpose = function(x) return sum(x.T * x.T) end,
  reshape = function(x) return sum(x:reshape(2, 6) ^ 3) end,
  softmax = function(x) return sum(softmax(x) * row) end,
  ["broadcast column"] = function(x) return sum(sum(x, {axis = 2, keepdims = true}) * x) end,
}
local names = {}
for name in pairs(cases) do names[#names + 1] = name end
table.sort(names)
for _, name in ipairs(names) do
  test("the gradient of " .. name .. " agrees with central differences", function()
    local off = worst(cases[name], A)
    expect.ok(off < 1e-6, "off by " .. off)
  end)
end

test("a row vector that is stretched gets the sum of its gradients", function()
  local b = grad.track(row)
  local y = sum(A * b)
  y:backward()
  expect.ok(max(abs(b:gradient() - A:sum(1))) < 1e-12)
end)

test("the function of the survey has the gradient of the survey", function()
  local x1, x2 = grad.track(tensor(2)), grad.track(tensor(5))
  local f = log(x1) + x1 * x2 - sin(x2)
  f:backward()
  expect.close(f:detach():item(), 11.652071455223084, 1e-15)
  expect.close(x1:gradient():item(), 5.5, 1e-15)
  expect.close(x2:gradient():item(), 1.7163378145367738, 1e-15)
end)

test("gradients of several backward calls add up until they are zeroed", function()
  local x = grad.track(tensor{3})
  for _ = 1, 2 do
    local y = sum(x * x)
    y:backward()
  end
  expect.equal(x:gradient()[1], 12.0)
  x:zero_grad()
  expect.equal(x:gradient(), nil)
end)

test("a gradient that is not there yet is nil, a value like any other", function()
  expect.equal(type(grad.track(tensor{3}):gradient()), "nil")
end)

test("operations without a derivative refuse tracked tensors instead of dropping a piece", function()
  local x = grad.track(tensor{1, 2})
  expect.error(function() return x[1] end, "has no gradient yet")
  expect.error(function() return max(x) end, "has no gradient yet")
  expect.error(function() sum(floor(x)):backward() end, "floor has no gradient")
  expect.error(function() tensor{1}:backward() end, "not tracked")
  expect.error(function() (x * 2):backward() end, "backward starts from one number")
end)

test("what a learner tracks is a copy: the original is not touched", function()
  local t = tensor{1, 2}
  local x = grad.track(t)
  t[1] = 9
  expect.equal(x:detach()[1], 1.0)
end)

test("numbers that a gradient needs cannot be overwritten unnoticed", function()
  local x, w = grad.track(ones(300)), ones(300)
  local y = sum(x * w)
  w[1] = 100
  expect.error(function() y:backward() end, "overwritten since")
  y = sum(x * w)
  y:backward()
  expect.equal(x:gradient()[1], 100.0)
  local z = exp(x)
  z:detach()[1] = 0
  expect.error(function() sum(z):backward() end, "overwritten since")
end)

test("copies and assignments that would lose the gradient are refused", function()
  local x = grad.track(tensor{1, 2})
  for _, lose in ipairs {clone, tensor, function(t) return t:astype("float32") end,
    function(t) return take(t, tensor{1}) end, function(t) zeros(2)[{{}}] = t end} do
    expect.error(function() lose(x) end, "detach")
  end
end)

test("a float32 beside a float64 gets its gradient in float32", function()
  local x = grad.track(ones(2, 3):astype("float32"))
  sum(x * full({2, 3}, 2) + x):backward()
  expect.equal(tostring(x:gradient()), "[[3. 3. 3.]\n [3. 3. 3.]]")
  local b = grad.track(ones(3):astype("float32"))
  sum(ones(2, 3) * b):backward()
  sum(ones(2, 3) * b):backward()
  expect.equal(tostring(b:gradient()), "[4. 4. 4.]")
  expect.equal(b:gradient().dtype, "float32")
end)

test.done()
