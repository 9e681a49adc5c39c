local test, expect = dofile(os.getenv "GRADUS_TESTS" .. "/lua/tap.lua")

local function shows(value, text) expect.equal(tostring(value), text) end
local inf, nan = math.huge, 0 / 0

test("the least comes first, or the greatest, and nan last either way", function()
  local t = tensor{2, nan, -inf, 3, inf, -1}
  shows(t:sort(), "[-inf  -1.   2.   3.  inf  nan]")
  shows(t:sort{descending = true}, "[ inf   3.   2.  -1. -inf  nan]")
  shows(t:argsort(), "[3 6 1 4 5 2]")
  shows(t:argsort{descending = true}, "[5 4 1 6 3 2]")
  shows(tensor{true, false, true}:sort(), "[False  True  True]")
  shows(tensor({3, 1, 2}, {dtype = "uint8"}):sort(), "[1 2 3]")
end)

test("the axis is the last unless one is named, and the original keeps its order", function()
  local t = tensor{{3, 1}, {2, 5}, {9, 0}}
  shows(t:sort(), "[[1. 3.]\n [2. 5.]\n [0. 9.]]")
  shows(t:sort(1), "[[2. 0.]\n [3. 1.]\n [9. 5.]]")
  shows(t:sort(1, {descending = true}), "[[9. 5.]\n [3. 1.]\n [2. 0.]]")
  shows(t.T:argsort{axis = 2}, "[[2 1 3]\n [3 1 2]]")
  shows(t[1], "[3. 1.]")
  expect.error(function() return t:sort(3) end, "axis 3 does not exist")
  expect.error(function() return t:sort{decending = true} end, 'did you mean "descending"')
  expect.error(function() return t:sort{descending = 1} end, "descending is true or false, not 1")
  expect.equal(#zeros(0):sort(), 0)
end)

test("equal elements keep their order, -0 and 0 too", function()
  shows(tensor{1, 0.0, 1, -0.0, 0.0}:argsort(), "[2 4 5 1 3]")
  shows(tensor{1, 0, 1, 0}:argsort{descending = true}, "[1 3 2 4]")
end)

test("topk gives the greatest with their positions", function()
  local t = tensor{{1, 5, 3}, {9, 7, 8}}
  local values, places = t:topk(2)
  shows(values, "[[5. 3.]\n [9. 8.]]")
  shows(places, "[[2 3]\n [1 3]]")
  values, places = t:topk(1, 1, {smallest = true})
  shows(values, "[[1. 5. 3.]]")
  shows(places, "[[1 1 1]]")
  expect.equal(t:topk(0).shape[2], 0)
  expect.error(function() return t:topk(4) end, "k is from 0 to 3, not 4")
end)

test("the median is the middle, or the mean of the two in the middle", function()
  expect.equal(median(tensor{1, 9, 2}), 2.0)
  expect.equal(median(tensor({4, 1}, {dtype = "int64"})), 2.5)
  shows(median(tensor{{1, 2, 30}, {4, nan, 6}}, 2), "[ 2. nan]")
  shows(median(arange(24):reshape(2, 3, 4), {1, 3}), "[ 7.5 11.5 15.5]")
  shows(median(ones(2, 3), {axis = 2, keepdims = true}), "[[1.]\n [1.]]")
  expect.error(function() return median(zeros(3, 0), 2) end, "axis 2 of shape (3, 0) is empty")
  expect.equal(median(zeros(0, 3), 2).shape[1], 0)
end)

test("quantiles are interpolated as numpy does, several q along a first axis", function()
  local t = tensor{{0, 1, 2, 3}, {10, 20, 30, 50}}
  expect.close(quantile(t, 0.3), 2.1)
  shows(quantile(t, 0.1, 2), "[ 0.3 13. ]")
  shows(quantile(t, {0, 0.5, 1}, 2), "[[ 0.  10. ]\n [ 1.5 25. ]\n [ 3.  50. ]]")
  shows(percentile(t, tensor{25, 75}, {axis = 1, keepdims = true}),
    "[[[ 2.5   5.75  9.   14.75]]\n\n [[ 7.5  15.25 23.   38.25]]]")
  expect.equal(quantile(tensor{inf, inf}, 0.5), inf)
  expect.equal(quantile(tensor({1, 2}, {dtype = "float32"}), {0.5}).dtype, "float32")
  expect.error(function() return quantile(t, 25) end, "percentile takes it in percent")
  expect.error(function() return percentile(t, -1) end, "from 0 to 100")
  expect.error(function() return quantile(t, {0.5, "x"}) end, "number 2 is a string")
  expect.error(function() return quantile(t) end, "number, table or tensor")
end)

test("distinct values come with their first positions, the way back, and counts", function()
  local t = tensor{{3, 1, 3}, {nan, 1, nan}}
  shows(unique(t), "[ 1.  3. nan]")
  local values, first, back, counts = unique(t, {return_index = true, return_inverse = true, return_counts = true})
  shows(values, "[ 1.  3. nan]")
  shows(first, "[2 1 4]")
  shows(back, "[[2 1 2]\n [3 1 3]]")
  shows(counts, "[2 2 2]")
  local _, n = unique(t, {return_counts = true})
  shows(n, "[2 2 2]")
  expect.equal(#unique(zeros(0)), 0)
  shows(unique(tensor{true, false, true}), "[False  True]")
  expect.error(function() return unique(t, {counts = true}) end, "its options are: return_index")
end)

test("places are found in what is sorted, whole numbers exactly", function()
  local t = tensor({10, 20, 20, 1 << 62}, {dtype = "int64"})
  expect.equal(searchsorted(t, 20), 2)
  expect.equal(searchsorted(t, 20, {side = "right"}), 4)
  expect.equal(searchsorted(t, 15.5), 2)
  shows(searchsorted(t, tensor({(1 << 62) + 1, 1 << 62}, {dtype = "int64"})), "[5 4]")
  shows(searchsorted(tensor{1, 2, nan}, tensor{nan, 3}), "[3 3]")
  expect.error(function() return searchsorted(tensor{2, 1}, 1) end, "must be sorted")
  expect.error(function() return searchsorted(t, 1, {side = "middle"}) end, '"left" or "right"')
  expect.error(function() return searchsorted(ones(2, 2), 1) end, "one axis")
end)

test("a bin lies between the edges of its number and the next", function()
  local x = tensor{-1, 0, 0.5, 1, 5, 7}
  shows(digitize(x, tensor{0, 1, 5}), "[0 1 1 2 3 3]")
  shows(digitize(x, tensor{0, 1, 5}, {right = true}), "[0 0 1 1 2 3]")
  shows(digitize(x, tensor{5, 1, 0}), "[3 2 2 1 0 0]")
  expect.equal(digitize(3, tensor{0, 1, 5}), 2)
  expect.error(function() return digitize(x, tensor{0, 2, 1}) end, "these do neither")
end)

-- What PyTorch 2.13 gives: torch.quantile(x, q, dim).backward.
test("the gradient of a quantile goes to the numbers that it lies between, as much as each weighs", function()
  local function gradient(f, numbers)
    local x = grad.track(numbers)
    sum(f(x)):backward()
    return x.grad
  end
  shows(gradient(median, tensor{1, 9, 2}), "[0. 0. 1.]")
  shows(gradient(function(x) return quantile(x, 0.25) end, tensor{4, 1, 3, 2}), "[0.   0.25 0.   0.75]")
  shows(gradient(function(x) return quantile(x, {0, 0.5, 1}, 2) end, tensor{{4, 1, 3}, {1, 2, 3}}),
    "[[1. 1. 1.]\n [1. 1. 1.]]")
  -- Of equal numbers, those that stand first; of a row with a nan, a nan.
  shows(gradient(median, tensor{2, 2, 2}), "[0. 1. 0.]")
  shows(gradient(median, tensor{1, 2, 2, 3}), "[0.  0.5 0.5 0. ]")
  local nan = 0 / 0
  shows(gradient(function(x) return median(x, 2) end, tensor{{1, nan, 3}, {1, 2, 3}}), "[[0. 1. 0.]\n [0. 1. 0.]]")
  shows(gradient(median, tensor({3, 1}, {dtype = "float32"})), "[0.5 0.5]")
  shows(gradient(median, tensor{7}), "[1.]")
  expect.error(function() return median(grad.track(zeros(0))) end, "median of nothing")
  expect.equal(quantile(grad.track(zeros(0, 3)), 0.5, 2).size, 0)
  -- By q too: the slope between the two.
  local q = grad.track(tensor(0.4))
  quantile(tensor{1, 5, 6}, q):backward()
  expect.equal(q.grad:item(), 8.0)
  expect.error(function() return quantile(tensor{1, 5, 6}, grad.track(tensor(1.4))) end, "from 0 to 1, not 1.4")
end)

test("what has no derivative refuses tracked tensors, and positions are plain numbers", function()
  local t = grad.track(tensor{2, 1})
  for _, name in ipairs{"unique", "histogram", "bincount"} do
    expect.error(function() return t[name](t) end, name .. ": the tensor is tracked, and ")
  end
  shows(t:argsort(), "[2 1]")
end)

test.done()
