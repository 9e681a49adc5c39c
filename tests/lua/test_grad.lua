local test, expect = dofile(os.getenv "GRADUS_TESTS" .. "/lua/tap.lua")

local function expect_match(text, pattern)
  expect.ok(text:find(pattern), text .. "\nshould match " .. pattern)
end

-- The largest difference between x.grad of f and central differences.
local function worst(f, x0)
  local x = grad.track(x0)
  local y = f(x)
  y:backward()
  local got, h, most = x.grad:flatten(), 1e-6, 0
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

for _, name in ipairs(names) do
  test("forward mode through " .. name .. " agrees with backward", function()
    local x, v = grad.track(A), random.randn(3, 4)
    local y = cases[name](x)
    y:backward()
    local forward = grad.forward(cases[name], {A}, {direction = v}).derivatives[1]
    local along = sum(x.grad * v)
    expect.ok(math.abs(forward - along) <= 1e-12 * math.max(1, math.abs(along)), forward .. " and " .. along)
  end)
end

test("forward mode gives every output of a function in one pass", function()
  local function f(x) return softmax(x:dot(B)) end
  local v, h = random.randn(3, 4), 1e-6
  local got = grad.forward(f, {A}, {direction = v}).derivatives[1]
  local want = (f(A + h * v) - f(A - h * v)) / (2 * h)
  expect.equal(tostring(got.shape[1] .. got.shape[2]), "32")
  expect.ok(max(abs(got - want)) < 1e-8)
end)

test("a row vector that is stretched gets the sum of its gradients", function()
  local b = grad.track(row)
  local y = sum(A * b)
  y:backward()
  expect.ok(max(abs(b.grad - A:sum(1))) < 1e-12)
end)

test("the function of the survey has the gradient of the survey", function()
  local x1, x2 = grad.track(tensor(2)), grad.track(tensor(5))
  local f = log(x1) + x1 * x2 - sin(x2)
  f:backward()
  expect.close(f:detach():item(), 11.652071455223084, 1e-15)
  expect.close(x1.grad:item(), 5.5, 1e-15)
  expect.close(x2.grad:item(), 1.7163378145367738, 1e-15)
end)

test("both traces of the survey's function stand there as in its tables", function()
  local function f(x1, x2) return log(x1) + x1 * x2 - sin(x2) end
  local forward, reverse = grad.forward(f, {2, 5}), grad.reverse(f, {2, 5})
  for _, trace in ipairs {forward, reverse} do
    expect.close(trace.value, 11.652071455223084, 1e-15)
    expect.close(trace.derivatives[1], 5.5, 1e-15)
    expect.close(trace.derivatives[2], 1.7163378145367738, 1e-15)
  end
  local order = {"v-1  = x1", "v0   = x2", "v1   = log(v-1)", "v2   = v-1 * v0", "v3   = sin(v0)", "v4   = v1 + v2",
    "v5   = v4 - v3"}
  for _, trace in ipairs {forward, reverse} do
    local at = 1
    for _, row in ipairs(order) do
      local found = tostring(trace):find(row, at, true)
      expect.ok(found, row .. " in its place")
      at = found
    end
  end
  expect_match(tostring(forward), "v2' = v%-1' %* v0 %+ v0' %* v%-1")
  expect_match(tostring(reverse), "dy/dv0   = %-0.28366218546322%d* %+ dy/dv2 %* v%-1 +1.7163378145367738")
end)

test("a trace of a function that does not compute with tensors says so", function()
  expect.error(function() grad.forward(function() return 3 end, {2}) end, "not computed from its inputs")
  expect.error(function() grad.reverse(function(x) return x:detach() end, {2}) end, "untracked")
  expect.error(function() grad.forward(sin, {tensor{1, 2}}) end, "one direction at a time")
  expect.error(function() grad.forward(sin, {"2"}) end, "input 1 is a string")
end)

local function check(f, x, options) return tostring(grad.check(f, x, options)) end

test("a check of a right gradient says so", function()
  local made = grad.check(function(x) return sum(x:dot(B) ^ 2) end, A,
    {gradient = function(x) return 2 * x:dot(B):dot(B.T) end})
  expect.ok(made.ok)
  expect.ok(made.error < 1e-7)
  expect_match(check(function(x) return sum(sigmoid(x)) end, A), "^right: 12 derivatives")
end)

test("a check of a wrong gradient names the worst element and what it looks like", function()
  local function square(x) return sum(x * x) end
  local S = random.uniform(0.3, 2, 3, 3)
  expect_match(check(square, A, {gradient = A}), "half of what it should be")
  expect_match(check(square, A, {gradient = 4 * A}), "twice too large")
  expect_match(check(square, A, {gradient = -2 * A}), "the sign is wrong everywhere")
  expect_match(check(function(x) return mean(sum(x, 2)) end, A, {gradient = ones(3, 4)}),
    "3 times too large: is the 1/m of a mean over m = 3 samples missing")
  expect_match(check(function(x) return sum(x * S) end, S, {gradient = S.T}), "transpose")
  expect_match(check(square, A, {gradient = zeros(3, 4)}), "0 everywhere")
  local off = 2 * A
  off[{2, 3}] = 7
  local one = grad.check(square, A, {gradient = off})
  expect_match(tostring(one), "wrong: .*element %[2, 3%], given 7, .*1 of 12 elements are off")
  expect.equal(one.ok, false)
  expect.error(function() grad.check(square, A, {gradient = A.T}) end, "other way round, .T")
  expect.error(function() grad.check(function(x) return x end, A) end, "gives one number")
end)

test("a check guesses what a hand-made gradient has left out", function()
  random.seed(8)
  local x = random.randn(5, 3) * 2 + 1
  local function penalized(t) return sum(t ^ 3) + 0.1 * sum(t ^ 2) end
  expect_match(check(penalized, x, {gradient = 3 * x ^ 2}), "missing is 0.2 %* x, the derivative of 0.1 %* sum")
  local kernel, image = random.randn(2, 3), random.randn(2, 3)
  expect_match(check(function(k) return sum(k * image) ^ 2 end, kernel,
    {gradient = 2 * sum(kernel * image) * flip(flip(image, 1), 2)}), "is the kernel flipped")
  local z = tensor{-1, 2, 3}
  expect_match(check(function(t) return sum(relu(t) ^ 2) end, z, {gradient = 2 * z}), "should be 0: a mask is missing")
  expect_match(check(function(t) return sum(t ^ 2) end, z, {gradient = 2 * relu(z)}), "yours is 0")
  -- Batch normalization by hand that leaves gamma out.
  local gamma, r = tensor{1.5, 0.5, 2}, random.randn(5, 3)
  local along = {axis = 1, keepdims = true}
  local deviation = sqrt(var(x, along) + 1e-3)
  local hat = (x - mean(x, along)) / deviation
  local function normalized(t)
    local centred = t - mean(t, along)
    return sum(r * gamma * centred / sqrt(mean(centred ^ 2, along) + 1e-3))
  end
  local function by_hand(d) return (d - mean(d, along) - hat * mean(d * hat, along)) / deviation end
  expect.ok(grad.check(normalized, x, {gradient = by_hand(r * gamma)}).ok)
  expect_match(check(normalized, x, {gradient = by_hand(r)}), "each column is off .*column 1: 0.666667, column 3: 0.5")
  expect_match(check(normalized, x, {gradient = r * gamma / deviation}), "no simple pattern")
  expect.error(function() grad.check(function(t) return sum(gt(t, 0)) end, x) end, "not computed from x")
end)

test("a check on a corner does not call the gradient wrong", function()
  expect_match(check(function(x) return sum(relu(x)) end, tensor{-1, 0, 1}), "undecided: .*corner")
end)

test("backward from a tracked leaf adds up as from anything else", function()
  local x = grad.track(tensor(3))
  x:backward()
  x:backward()
  expect.equal(x.grad:item(), 2.0)
end)

test("gradients of several backward calls add up until they are zeroed", function()
  local x = grad.track(tensor{3})
  for _ = 1, 2 do
    local y = sum(x * x)
    y:backward()
  end
  expect.equal(x.grad[1], 12.0)
  x:zero_grad()
  expect.equal(x.grad, nil)
end)

test("a gradient that is not there yet is nil, a value like any other", function()
  expect.equal(type(grad.track(tensor{3}).grad), "nil")
end)

test("operations without a derivative refuse tracked tensors instead of dropping a piece", function()
  local x = grad.track(tensor{1, 2})
  expect.error(function() return unique(x) end, "t:detach() gives its plain numbers")
  sum(floor(x) + step(x)):backward()  -- flat between their jumps
  expect.equal(tostring(x.grad), "[0. 0.]")
  expect.error(function() tensor{1}:backward() end, "not tracked")
  expect.error(function() (x * 2):backward() end, "backward starts from one number")
end)

test("sorting and picking the greatest send gradients back to where the numbers came from", function()
  local w = random.randn(3, 4)
  for _, f in ipairs {
    function(x) return sum(sort(x, 1) * w) end,
    function(x) return sum(sort(x, {axis = 2, descending = true}) * w) end,
    function(x) return sum(topk(x, 2, 2) * w[{{}, {1, 2}}]) end,
    function(x) return sum(topk(x, 2, {axis = 1, smallest = true}) * w[{{1, 2}}]) end,
  } do
    local check = grad.check(f, random.randn(3, 4))
    expect.ok(check.ok, tostring(check))
  end
  local values, places = topk(grad.track(tensor{3.0, 9, 4}), 2)
  expect.equal(tostring(values) .. tostring(places), "[9. 4.][2 3]")
end)

test("sums and means without nan give their gradients to the numbers alone", function()
  local x = grad.track(tensor{{1.0, 0 / 0, 3}, {4, 5, 6}})
  local y = sum(nansum(x, 2) * tensor{1, 10}) + sum(nanmean(x, 2)) + nansum(x)
  y:backward()
  local by = tensor{{2.5, 0, 2.5}, {11 + 1 / 3, 11 + 1 / 3, 11 + 1 / 3}}
  expect.ok(max(abs(x.grad - by)) < 1e-14, tostring(x.grad))
end)

test("a number and a list can be tracked as they are", function()
  local x, y = grad.track(3), grad.track{1, 2}
  sum(x * y):backward()
  expect.equal(tostring(x.grad) .. tostring(y.grad), "3.0[3. 3.]")
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
  expect.equal(x.grad[1], 100.0)
  local z = exp(x)
  z:detach()[1] = 0
  expect.error(function() sum(z):backward() end, "overwritten since")
end)

test("copies and assignments that would lose the gradient are refused", function()
  local x = grad.track(tensor{1, 2})
  for _, lose in ipairs {function(t) return t:astype("int64") end, function(t) zeros(2):put({1}, t) end,
    function(t) zeros(2)[{{}}] = t end, function(t) zeros(2):add_(t) end, random.shuffle} do
    expect.error(function() lose(x) end, "detach")
  end
  sum(tensor(x) * 2 + tensor(x, {dtype = "float32"})):backward()
  expect.equal(tostring(x.grad), "[3. 3.]")
end)

test("a float32 beside a float64 gets its gradient in float32", function()
  local x = grad.track(ones(2, 3):astype("float32"))
  sum(x * full({2, 3}, 2) + x):backward()
  expect.equal(tostring(x.grad), "[[3. 3. 3.]\n [3. 3. 3.]]")
  local b = grad.track(ones(3):astype("float32"))
  sum(ones(2, 3) * b):backward()
  sum(ones(2, 3) * b):backward()
  expect.equal(tostring(b.grad), "[4. 4. 4.]")
  expect.equal(b.grad.dtype, "float32")
end)

test.done()
