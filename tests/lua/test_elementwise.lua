local test, expect = dofile(os.getenv "GRADUS_TESTS" .. "/lua/tap.lua")

local function near(got, wanted, limit)
  expect.ok(max(abs(got - wanted)) <= (limit or 1e-9), tostring(got) .. "\nshould be near " .. tostring(wanted))
end

local function same_numbers(got, wanted) expect.equal(tostring(got), tostring(tensor(wanted))) end

local function refuses(f, pattern)
  local ok, message = pcall(f)
  expect.ok(not ok, "no error, and it should match " .. pattern)
  expect.ok(tostring(message):find(pattern), tostring(message) .. "\nshould match " .. pattern)
end

local big = tensor({9007199254740993, 9007199254740992, -5}, {dtype = "int64"})
local back = tensor({-5, 9007199254740992, 9007199254740993}, {dtype = "int64"})

test("round takes decimals, as NumPy's", function()
  expect.equal(tostring(round(tensor{0.126, -2.345, 7}, 2)), "[ 0.13 -2.35  7.  ]")
  expect.equal(round(1234.5, -2), 1200.0)
  expect.equal(tostring(tensor{{15, 25}}:round(-1)), "[[20. 20.]]")
  expect.error(function() round(1, 2, 3) end, "round takes two values")
end)

test("integers beyond 2^53 are compared digit by digit, with each other and with Lua's", function()
  expect.equal(tostring(eq(big, 9007199254740992)), "[False  True False]")
  expect.equal(tostring(ne(big, 9007199254740993)), "[False  True  True]")
  expect.equal(tostring(gt(big, 9007199254740992)), "[ True False False]")
  expect.equal(tostring(lt(9007199254740992, big)), "[ True False False]")
  expect.equal(tostring(ge(big, back)), "[ True  True False]")
  expect.equal(tostring(le(big:reshape(3, 1), big)), tostring(ge(big:reshape(1, 3), big:reshape(3, 1))))
  expect.equal(eq(9007199254740993, 9007199254740992), false)
end)

test("the larger and the smaller of integers are integers, and exact", function()
  local m = maximum(big, 9007199254740992)
  expect.equal(m.dtype, "int64")
  expect.equal(m[1], 9007199254740993)
  expect.equal(minimum(big, back)[1], -5)
  expect.equal(clip(big, 0, 9007199254740993)[3], 0)
  expect.equal(maximum(9007199254740993, 2), 9007199254740993)
  expect.equal(maximum(tensor({1, 200}, {dtype = "uint8"}), 7).dtype, "int64")
  expect.equal(maximum(big, 0.5).dtype, "float64")
  expect.equal(minimum(big:astype("float32"), 2).dtype, "float32")
end)

test("the parameter of leaky_relu and elu is a number, an option, a tensor, or the field's default", function()
  local x = tensor {-2, 3}
  near(leaky_relu(x), tensor {-0.6, 3})
  near(leaky_relu(x, 0.1), tensor {-0.2, 3})
  near(leaky_relu(x, {negative_slope = 0.01}), tensor {-0.02, 3})
  near(x:leaky_relu(tensor {0.5, 9}), tensor {-1, 3})
  near(elu(x, {alpha = 2}), tensor {2 * expm1(-2), 3})
  expect.equal(leaky_relu(-1), -0.3)
  refuses(function() return leaky_relu(x, {slope = 1}) end, "negative_slope")
  refuses(function() return elu(x, "much") end, "number")
  refuses(function() return gelu(x, true) end, "approximate=true")
  refuses(function() return gelu(x, {aproximate = true}) end, 'did you mean "approximate"')
end)

test("the gradient reaches the slope of a leaky_relu too", function()
  local slope = grad.track(tensor {0.25})
  sum(leaky_relu(tensor {-2, 3, -1}, slope)):backward()
  near(slope.grad, tensor {-3})
end)

-- Each with its derivative by name; a second argument goes to both.
local activations = {
  {sigmoid, sigmoid_derivative},
  {tanh, tanh_derivative},
  {relu, relu_derivative},
  {leaky_relu, leaky_relu_derivative},
  {leaky_relu, leaky_relu_derivative, 0.1},
  {elu, elu_derivative},
  {elu, elu_derivative, 1.7},
  {softplus, softplus_derivative},
  {silu, silu_derivative},
  {gelu, gelu_derivative},
  {gelu, gelu_derivative, {approximate = true}},
}

test("each activation's derivative by name is the gradient, and has a gradient itself", function()
  local points, h = tensor {-3.2, -1.1, -0.4, 0.3, 1.2, 4.5}, 1e-6
  for _, row in ipairs(activations) do
    local f, slope, parameter = row[1], row[2], row[3]
    local x = grad.track(points)
    sum(f(x, parameter)):backward()
    near(x.grad, slope(points, parameter), 1e-14)
    near(slope(points:astype("float32"), parameter):astype("float64"), x.grad, 1e-6)
    local y = grad.track(points)
    sum(slope(y, parameter) * 1):backward()
    near(y.grad, (slope(points + h, parameter) - slope(points - h, parameter)) / (2 * h), 1e-8)
    expect.ok(math.type(slope(0.5, parameter)) == "float")
  end
end)

test("slopes keep their digits where the function has become flat", function()
  near(sigmoid_derivative(tensor {40}) / exp(-40), tensor {1}, 1e-12)
  near(tanh_derivative(tensor {-20}) / (4 * exp(-40)), tensor {1}, 1e-12)
  near(normal_cdf(tensor {-20}) / 2.7536241186062337e-89, tensor {1}, 1e-12)
end)

test("softmax goes along any axis, tracked too", function()
  local x, w = random.randn(2, 3, 4), random.randn(2, 3, 4)
  for axis = 1, 3 do
    local y = softmax(x, axis)
    expect.ok(all(lt(abs(y:sum(axis) - 1), 1e-15)))
    expect.ok(all(eq(y, softmax(x, {axis = axis - 4}))))
    local t = grad.track(x)
    sum(softmax(t, axis) * w):backward()
    expect.ok(all(lt(abs(t.grad - y * (w - (y * w):sum(axis, {keepdims = true}))), 1e-14)), "axis " .. axis)
  end
  refuses(function() return softmax(x, 4) end, "axis 4 does not exist")
  refuses(function() return softmax(x, {axes = 1}) end, 'did you mean "axis"')
  refuses(function() return nn.Softmax{axis = 1} end, "2 or more")
end)

test("the derivative of softmax is the matrix that the gradient of each output makes", function()
  local scores = tensor {0.2, -1.3, 2.1}
  local matrix = softmax_derivative(scores)
  for i = 1, 3 do
    local x = grad.track(scores)
    local s = softmax(x)
    sum(s * eq(tensor {1, 2, 3}, i)):backward()
    near(matrix[i], x.grad, 1e-14)
  end
  refuses(function() return softmax_derivative(scores:reshape(1, 3)) end, "one of its rows")
  refuses(function() return softmax_derivative(3) end, "tensor")
end)

test("special values come out as in NumPy", function()
  local inf, nan = 1 / 0, 0 / 0
  expect.equal(tostring(hypot(inf, nan)), "inf")
  expect.equal(tostring(atan2(tensor {0, -0.0, inf, -inf}, tensor {-1, -1, -inf, inf})),
    "[ 3.14159265 -3.14159265  2.35619449 -0.78539816]")
  expect.equal(tostring(cbrt(tensor {-0.0, inf, nan})), "[-0. inf nan]")
  expect.equal(tostring(mod(tensor {5, -5, 5, -5, 0, 5}, tensor {3, 3, -3, -3, 3, inf})), "[ 2.  1. -1. -2.  0.  5.]")
  expect.equal(tostring(erf(tensor {-inf, nan, inf, -0.0})), "[-1. nan  1. -0.]")
  expect.equal(tostring(pow(tensor {0, -8, -8, inf, 2}, tensor {0, 1 / 3, 3, -1, inf})),
    "[   1.   nan -512.    0.   inf]")
  expect.equal(tostring(sin(tensor {inf, -0.0, 1e22})), "[        nan -0.         -0.85220085]")
end)

test("the gradient of where goes to what was chosen, through broadcasts and numbers", function()
  local x, y = grad.track(tensor {{1, -2, 3}, {-4, 5, -6}}), grad.track(tensor {10, 20, 30})
  local mask = gt(x:detach(), 0)
  sum(where(mask, square(x), y)):backward()
  same_numbers(x.grad, {{2, 0, 6}, {0, 10, 0}})
  same_numbers(y.grad, {1, 1, 1})
  local z = grad.track(tensor {-1, 2})
  sum(where(gt(z:detach(), 0), z, 0.1 * z) * tensor {1, 10}):backward()
  same_numbers(z.grad, {0.1, 10})
  local single = grad.track(tensor({1, 2}, {dtype = "float32"}))
  local chosen = where(tensor {true, false}, single, 0)
  expect.equal(chosen.dtype, "float32")
  sum(chosen):backward()
  same_numbers(single.grad:astype "float64", {1, 0})
  refuses(function() return where(x, x, 0) end, "bool")
  refuses(function() return where(mask, x, "0") end, "number")
  refuses(function() return where(mask, x, ones(2)) end, "")
end)

test("the gradient of clip is 1 inside and 0 outside", function()
  local x = grad.track(tensor {-2, 0.5, 3})
  sum(clip(x, -1, 1)):backward()
  same_numbers(x.grad, {0, 1, 0})
end)
