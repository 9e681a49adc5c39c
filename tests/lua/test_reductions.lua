local test, expect = dofile(os.getenv "GRADUS_TESTS" .. "/lua/tap.lua")

local function shows(value, text) expect.equal(tostring(value), text) end
local inf, nan = math.huge, 0 / 0

test("axes are named by number, by a table, or by name, and options stand with them or behind them", function()
  local t = arange(24):reshape(2, 3, 4)
  shows(t:sum(1), "[[12. 14. 16. 18.]\n [20. 22. 24. 26.]\n [28. 30. 32. 34.]]")
  shows(t:sum{1, 3}, "[ 60.  92. 124.]")
  shows(t:sum{axis = {1, 3}, keepdims = true}, "[[[ 60.]\n  [ 92.]\n  [124.]]]")
  shows(t:sum({1, 3}, {keepdims = true}), "[[[ 60.]\n  [ 92.]\n  [124.]]]")
  shows(t:sum{1, 3, keepdims = true}, "[[[ 60.]\n  [ 92.]\n  [124.]]]")
  shows(t:sum(-1, {keepdims = true}):squeeze(), "[[ 6. 22. 38.]\n [54. 70. 86.]]")
  expect.equal(t:sum(), 276.0)
  expect.equal(t:sum{}, 276.0)
  shows(t:sum{keepdims = true}, "[[[276.]]]")
end)

test("what is no axis and no option is an error that says what there is", function()
  local t = ones(2, 3)
  expect.error(function() return t:sum(3) end, "axis 3 does not exist in a tensor of 2 axes")
  expect.error(function() return t:sum(0) end, "count from 1 to 2")
  expect.error(function() return t:sum{1, 1} end, "axis 1 is named twice")
  expect.error(function() return t:sum{1, -2} end, "axis -2 is named twice")
  expect.error(function() return t:sum(1, 2) end, "several in a table")
  expect.error(function() return t:sum{axsi = 1} end, 'did you mean "axis"')
  expect.error(function() return t:mean(1, {keepdim = true}) end, 'did you mean "keepdims"')
  expect.error(function() return t:sum(1, {axis = 2}) end, "twice")
  expect.error(function() return t:sum{axis = 1, keepdims = "yes"} end, "keepdims is true or false, not yes")
  expect.error(function() return t:var{ddof = "1"} end, "ddof is a number, not 1")
  expect.error(function() return t:cumsum{1, 2} end, "cumsum goes along one axis, and 2 are named")
end)

test("variance and deviation divide by n less ddof", function()
  local t = tensor{{1, 2, 4}, {3, 5, 10}}
  expect.close(t:var(), 8.472222222222221)
  expect.close(t:var{ddof = 1}, 10.166666666666666)
  shows(t:var(1, {ddof = 1}), "[ 2.   4.5 18. ]")
  shows(t:std{axis = 1}, "[1.  1.5 3. ]")
  expect.ok(isnan(tensor{3}:var{ddof = 1}))
  expect.equal(tensor{1, 2}:std{ddof = 5}, inf)
end)

test("nothing sums to 0 and multiplies to 1, and has no least element", function()
  local none = zeros(2, 0, 3)
  expect.equal(sum(none), 0.0)
  expect.equal(prod(none), 1.0)
  shows(sum(none, 2), "[[0. 0. 0.]\n [0. 0. 0.]]")
  shows(any(none, {1, 2}), "[False False False]")
  expect.ok(all(none))
  expect.ok(isnan(mean(none)))
  expect.equal(norm(none), 0.0)
  expect.error(function() return min(none, 2) end, "axis 2 of shape (2, 0, 3) is empty")
  expect.error(function() return argmax(none) end, "no number is the greatest of none")
  expect.equal(max(none, 1).shape[1], 0)
  expect.equal(#cumsum(zeros(0)), 0)
end)

test("nan goes through sums and extremes, and nansum and nanmean leave it out", function()
  local t = tensor{{1, nan, 3}, {4, 5, 6}}
  shows(t:sum(1), "[ 5. nan  9.]")
  shows(t:min(2), "[nan  4.]")
  shows(t:argmax(1), "[2 1 2]")
  shows(t:cumsum(2), "[[ 1. nan nan]\n [ 4.  9. 15.]]")
  shows(t:nansum(1), "[5. 5. 9.]")
  expect.close(t:nanmean(), 3.8)
  shows(tensor{{nan, 1}, {nan, 3}}:nanmean{axis = 1, keepdims = true}, "[[nan  2.]]")
end)

-- Element by element, through Lua.
local function by_hand(t, axis, f)
  local moved = axis == 1 and t or t.T
  local out = {}
  for k = 1, moved.shape[2] do
    local column = {}
    for i = 1, moved.shape[1] do column[i] = moved[{i, k}] end
    out[k] = f(column)
  end
  return out
end

test("positions are those of the first extreme along either axis of any view, in every dtype", function()
  random.seed(3)
  for _, dtype in ipairs{"float64", "float32", "int64", "uint8"} do
    for _, shape in ipairs{{40, 7}, {7, 40}, {3, 700}, {700, 3}, {1, 5}} do
      local t = random.randint(0, 9, shape):astype(dtype)
      for _, view in ipairs{t, t.T, t["::-1, ::2"], t["::3, ::-1"]} do
        for axis = 1, 2 do
          local least, most = argmin(view, axis), argmax(view, axis)
          for k, wanted in ipairs(by_hand(view, axis, function(column)
            local low, high = 1, 1
            for i = 2, #column do
              if column[i] < column[low] then low = i end
              if column[i] > column[high] then high = i end
            end
            return {low, high}
          end)) do
            expect.equal(least[k], wanted[1])
            expect.equal(most[k], wanted[2])
          end
        end
      end
    end
  end
end)

test("peak to peak keeps whole numbers whole", function()
  local t = tensor({{3, 200}, {7, 1}}, {dtype = "uint8"})
  expect.equal(t:ptp(), 199)
  shows(t:ptp(1), "[  4 199]")
  expect.equal(t:ptp(1).dtype, "int64")
  expect.equal(tensor{-1, 2.5}:ptp(), 3.5)
end)

test("norms are those of numpy.linalg.norm", function()
  local v, m = tensor{3, -4, 0}, tensor{{1, -2}, {3, 4}}
  expect.equal(norm(v), 5.0)
  expect.equal(norm(v, 1), 7.0)
  expect.equal(norm(v, inf), 4.0)
  expect.equal(norm(v, -inf), 0.0)
  expect.equal(norm(v, 0), 2.0)
  expect.close(norm(v, 3), 4.497941445275415)
  expect.close(norm(m), 5.477225575051661)
  expect.close(norm(m, "fro"), 5.477225575051661)
  expect.equal(norm(m, 1), 6.0)
  expect.equal(norm(m, -1), 4.0)
  expect.equal(norm(m, inf), 7.0)
  expect.equal(norm(m, -inf), 3.0)
  shows(norm(m, 1, 2), "[3. 7.]")
  shows(m:norm{ord = inf, axis = 1, keepdims = true}, "[[3. 4.]]")
  shows(norm(arange(8):reshape(2, 2, 2), 1, {2, 3}), "[ 4. 12.]")
  expect.close(norm(m, 2), 5.116672736016927)
  expect.close(norm(m, -2), 1.9543950758485487)
  expect.close(norm(m, "nuc"), 7.071067811865476)
  expect.close(norm(stack{m, 2 * m}, "nuc", {2, 3})[2], 2 * 7.071067811865476)
  expect.error(function() norm(v, "nuc") end, "for matrices (two axes), and these are 1 axes")
  expect.error(function() norm(m, "nuc", {axis = {1, 2}, keepdims = true}) end, "without keepdims")
  expect.close(norm(stack{m, 2 * m}, 2, {2, 3})[2], 2 * 5.116672736016927)
  expect.error(function() return norm(m, 3) end, "of a matrix the orders are")
  expect.error(function() return norm(stack{m, m}, 2, {1, 2}) end, "along the last two axes")
  expect.error(function() return norm(zeros(2, 2, 2), 1) end, "these are 3 axes")
  expect.error(function() return norm(v, "unit") end, "the order is a number")
end)

test("weights have the shape of the numbers, or are one for each position along the axis", function()
  local t = tensor{{1, 2}, {3, 6}}
  shows(average(t, 1, {weights = tensor{3, 1}}), "[1.5 3. ]")
  shows(average(t, {axis = 2, weights = tensor{3, 1}, keepdims = true}), "[[1.25]\n [3.75]]")
  expect.equal(average(t, {weights = tensor{{0, 0}, {1, 1}}}), 4.5)
  expect.equal(average(t), 3.0)
  expect.error(function() return average(t, {weights = tensor{1, 2}}) end, "the weights have shape (2,)")
  expect.error(function() return average(t, 1, {weights = tensor{1, -1}}) end, "sum to 0")
  expect.error(function() return average(t, {weights = 3}) end, "weights is a tensor")
end)

test("running products stop at what int64 cannot hold", function()
  shows(tensor({1, 2, 3}, {dtype = "int64"}):cumprod(), "[1 2 6]")
  expect.error(function() return full({70}, 2, {dtype = "int64"}):cumprod() end, "passes 2^63")
  shows(tensor{{1, 2}, {3, 4}}:cumprod{axis = 1}, "[[1. 2.]\n [3. 8.]]")
end)

-- ---- derivatives ----

-- The gradient of f at x, against differences.
local function check_gradient(f, x)
  local tracked = grad.track(x)
  f(tracked):backward()
  local gradient, flat, h = tracked.grad:reshape(-1), x:clone():reshape(-1), 1e-6
  for i = 1, #flat do
    local v = flat[i]
    flat[i] = v + h
    local above = f(flat:reshape(table.unpack(x.shape)))
    flat[i] = v - h
    local below = f(flat:reshape(table.unpack(x.shape)))
    flat[i] = v
    expect.close(gradient[i], (above - below) / (2 * h), 1e-7)
  end
end

test("derivatives of reductions agree with differences, over all axes, one and several", function()
  random.seed(5)
  local x = random.randn(3, 4, 2)
  for _, name in ipairs{"sum", "mean", "prod", "max", "min", "var", "std", "norm", "ptp"} do
    local f = tensor{0}[name]
    check_gradient(function(t) return f(t) end, x)
    local by_axis = {random.randn(4, 2), random.randn(3, 2), random.randn(3, 4)}
    for axis = 1, 3 do check_gradient(function(t) return sum(f(t, {axis = axis}) * by_axis[axis]) end, x) end
    local by_two = random.randn(1, 4, 1)
    check_gradient(function(t) return sum(f(t, {axis = {1, 3}, keepdims = true}) * by_two) end, x)
    check_gradient(function(t) return sum(f(t.T, {axis = 1}) * by_axis[3].T) end, x)
  end
  check_gradient(function(t) return var(t, {ddof = 1}) + std(t, {ddof = 2}) end, x)
end)

test("derivatives of norms, averages and running sums agree with differences", function()
  random.seed(6)
  local x, w = random.randn(3, 4), random.randn(3, 4)
  for _, order in ipairs{1, 3, inf, -inf} do
    check_gradient(function(t) return sum(norm(t, order, 1) * w[1]) end, x)
  end
  check_gradient(function(t) return norm(t, 1) + norm(t, inf) end, x)
  check_gradient(function(t) return average(t, {weights = w * w}) end, x)
  for axis = 1, 2 do check_gradient(function(t) return sum(cumsum(t, axis) * w) end, x) end
end)

test("logsumexp neither overflows nor loses its derivative, the softmax", function()
  expect.close(logsumexp(tensor{1000, 1000}), 1000 + math.log(2))
  expect.close(logsumexp(tensor{-1000, -1001}), -1000 + math.log(1 + math.exp(-1)))
  shows(logsumexp(tensor{{0, inf}, {-inf, -inf}, {nan, 1}}, 2), "[ inf -inf  nan]")
  expect.equal(logsumexp(zeros(0)), -inf)
  expect.close(logsumexp(tensor({1, 2}, {dtype = "int64"})), 2.313261687518223)
  expect.equal(logsumexp(tensor({1, 2}, {dtype = "float32"}), {keepdims = true}).dtype, "float32")
  random.seed(8)
  local x, w = random.randn(3, 4), random.randn(3)
  check_gradient(function(t) return logsumexp(t) end, x)
  check_gradient(function(t) return sum(logsumexp(t, 2) * w) end, x)
  check_gradient(function(t) return sum(logsumexp(t.T, {axis = 1, keepdims = true}) * w) end, x)
end)

local function gradient(f, x)
  local tracked = grad.track(x)
  f(tracked):backward()
  return tracked.grad
end

test("equal extremes share the gradient, zeros are no trouble to a product, roots end at 0 with gradient 0", function()
  shows(gradient(max, tensor{1, 3, 3}), "[0.  0.5 0.5]")
  shows(gradient(function(t) return sum(min(t, 2)) end, tensor{{1, 1}, {2, 1}}), "[[0.5 0.5]\n [0.  1. ]]")
  shows(gradient(prod, tensor{0, 3, 4}), "[12.  0.  0.]")
  shows(gradient(prod, tensor{0, 3, 0}), "[0. 0. 0.]")
  shows(gradient(std, tensor{2, 2, 2}), "[0. 0. 0.]")
  shows(gradient(norm, zeros(2)), "[0. 0.]")
  local single = gradient(function(t) return norm(t) * prod(t) end, tensor({3, 4}, {dtype = "float32"}))
  expect.equal(single.dtype, "float32")
  shows(single, "[27.2 24.6]")
end)

test("the gradient of running products is right where factors are zero", function()
  local function gradient(numbers)
    local x = grad.track(numbers)
    sum(cumprod(x)):backward()
    return x.grad
  end
  shows(gradient(tensor{2, 0, 3, 4}), "[ 1. 32.  0.  0.]")
  shows(gradient(tensor{2, 0, 3, 0}), "[1. 8. 0. 0.]")
  shows(gradient(tensor({0, 0, 1, 1}, {dtype = "float32"})), "[1. 0. 0. 0.]")
  local empty = grad.track(zeros(2, 0))
  sum(cumprod(empty, 2)):backward()
  expect.equal(tostring(empty.grad.shape[2]), "0")
end)

test("what has no derivative refuses tracked tensors", function()
  local t = grad.track(tensor{1, 2})
  expect.error(function() return t:norm(0) end, "norm of order 0: the tensor is tracked, and it counts")
  expect.equal(t:argmax(), 2)
  expect.equal(t:any(), true)
end)

test.done()
