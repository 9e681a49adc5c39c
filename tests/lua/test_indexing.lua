local test, expect = dofile(os.getenv "GRADUS_TESTS" .. "/lua/tap.lua")

local function shows(value, text) expect.equal(tostring(value), text) end
local function has_shape(t, ...) expect.equal(table.concat(t.shape, " "), table.concat({...}, " ")) end

local cube = arange(24):reshape(2, 3, 4)

test("text takes steps, negatives, the ellipsis and new axes, as NumPy does, 1-based and inclusive", function()
  shows(cube["2, 1:2, ::2"], "[[12. 14.]\n [16. 18.]]")
  shows(cube["..., -1"], "[[ 3.  7. 11.]\n [15. 19. 23.]]")
  shows(cube["1, ..., 2"], "[1. 5. 9.]")
  shows(cube["1, 3:1:-1, 1"], "[8. 4. 0.]")
  shows(cube["-1, -2:, -1"], "[19. 23.]")
  shows(arange(5)["::-2"], "[4. 2. 0.]")
  has_shape(cube["newaxis, ..., None"], 1, 2, 3, 4, 1)
  has_shape(cube["1, newaxis, :, 1"], 1, 3)
  has_shape(cube["..."], 2, 3, 4)
  has_shape(cube["2:1"], 0, 3, 4)
  expect.error(function() return cube["..., ..."] end, "at most one")
  expect.error(function() return cube["1:2:3:4"] end, "cannot read the index")
  expect.error(function() return cube["1,"] end, "cannot read the index")
  expect.error(function() return cube[("newaxis,"):rep(6) .. ":"] end, "at most 8")
  expect.error(function() return cube[("1,"):rep(40) .. ":"] end, "more than 20 parts")
end)

test("tables mix positions, Torch's ranges and text", function()
  shows(cube[{2, {1, 2}, "::2"}], "[[12. 14.]\n [16. 18.]]")
  has_shape(cube[{{}, {2}}], 2, 1, 4)
  has_shape(cube[{"...", {1, 2}}], 2, 3, 2)
  expect.equal(cube[{2, 3, 4}], 23.0)
  shows(cube[{}][{1, 1}], "[0. 1. 2. 3.]")
  expect.error(function() return cube[{{1, 2, 1, 3}}] end, "a list of positions is a tensor")
  expect.error(function() return cube[{{1.5, 2}}] end, "index 1.5 along axis 1 is no whole number")
  expect.error(function() return cube[{1, "2", true}] end, "masks come from")
  expect.error(function() return cube[{1, print}] end, "no whole number")
  expect.error(function() return cube[io.stderr] end, "an index is made of positions")
end)

test("a range that leaves the axis names index, axis and size", function()
  expect.error(function() return cube["1:3"] end, "index 3 is out of range along axis 1, which has size 2")
  expect.error(function() return cube[{1, 1, -5}] end, "index -5 is out of range along axis 3, which has size 4")
  expect.error(function() return cube["0:2"] end, "positions count from 1")
  expect.error(function() return zeros(0)["1:1"] end, "size 0")
  has_shape(zeros(0, 3)[":, 2"], 0)
  expect.error(function() return tensor(5)[1] end, "t:item()")
  expect.error(function() return tensor(5)[":"] end, "t:item()")
end)

test("index tensors pick in any order, any number of times, with their own axes", function()
  local t = tensor{10, 20, 30}
  shows(t[tensor{3, 1, 1}], "[30. 10. 10.]")
  shows(t[tensor{{1, -1}, {2, 2}}], "[[10. 30.]\n [20. 20.]]")
  expect.equal(t[tensor(2)], 20.0)
  has_shape(t[zeros(0)], 0)
  has_shape(cube[tensor{1, 1, 2}], 3, 3, 4)
  shows(t[tensor({3, 1}, {dtype = "uint8"})], "[30. 10.]")
end)

test("several index tensors broadcast against each other and mix with ranges by NumPy's rule", function()
  shows(cube[{tensor{1, 2}, tensor{3, 1}}], "[[ 8.  9. 10. 11.]\n [12. 13. 14. 15.]]")
  shows(cube[{1, tensor{{1}, {3}}, tensor{1, 4}}], "[[ 0.  3.]\n [ 8. 11.]]")
  has_shape(cube[{{}, tensor{1, 1, 2, 3, 3}, {1, 2}}], 2, 5, 2)
  has_shape(cube[{tensor{1, 2}, {1, 1}, tensor{1, 2}}], 2, 1)  -- apart: their axes come first
  has_shape(cube[{{}, "newaxis", tensor{1, 2, 3}}], 2, 1, 3, 4)
  shows(cube[{tensor{2, 1}, {}, 1}], "[[12. 16. 20.]\n [ 0.  4.  8.]]")
  expect.error(function() return cube[{tensor{1, 2}, tensor{1, 2, 3}}] end, "the index tensors do not go together")
end)

test("an index tensor that is wrong says which entry, and why", function()
  expect.error(function() return cube[tensor{1, 3}] end, "index 3 is out of range along axis 1, which has size 2")
  expect.error(function() return cube[tensor{1, 3}] end, "entry 2 of the index")
  expect.error(function() return cube[tensor{0, 1}] end, "positions count from 1")
  expect.error(function() return cube[tensor{1, 0 / 0}] end, "no whole number")
  expect.error(function() return cube[tensor{1.5}] end, "index 1.5 along axis 1 is no whole number")
  expect.error(function() return cube[tensor{1e300}] end, "out of range")
  expect.error(function() return cube[{1, tensor{1 / 0}}] end, "no whole number")
end)

test("masks pick elements, rows, or whatever axes they have", function()
  shows(cube[gt(cube, 20)], "[21. 22. 23.]")
  shows(cube[{2, tensor{false, true, true}, 1}], "[16. 20.]")
  has_shape(cube[tensor{{true, false, true}, {false, false, true}}], 3, 4)
  has_shape(cube[lt(cube, 0)], 0)
  shows(cube.T[gt(cube.T, 21)], "[22. 23.]")
  expect.error(function() return cube[tensor{true, true, true}] end, "a mask of shape (3,) does not fit")
end)

test("assignment goes through index tensors and masks, in NumPy's order", function()
  local t = zeros(3, 3)
  t[tensor{1, 3}] = tensor{1, 2, 3}
  shows(t, "[[1. 2. 3.]\n [0. 0. 0.]\n [1. 2. 3.]]")
  t[{tensor{1, 2}, tensor{1, 2}}] = {-1, -2}
  shows(t, "[[-1.  2.  3.]\n [ 0. -2.  0.]\n [ 1.  2.  3.]]")
  t[{{}, tensor{{1}, {2}}}] = 5
  shows(t, "[[5. 5. 3.]\n [5. 5. 0.]\n [5. 5. 3.]]")
  t[lt(t, 4)] = tensor{7, 8, 9}
  shows(t, "[[5. 5. 7.]\n [5. 5. 8.]\n [5. 5. 9.]]")
  local u = zeros(3)
  u[tensor{1, 1}] = tensor{4, 6}
  shows(u, "[6. 0. 0.]")  -- the last of two stays
  u[gt(u, 5)] = true
  shows(u, "[1. 0. 0.]")
  t["newaxis, 1"] = ones(1, 3)
  shows(t[1], "[1. 1. 1.]")
end)

test("a refused assignment has written nothing", function()
  local t = zeros({3, dtype = "uint8"})
  expect.error(function() t[tensor{1, 4}] = 1 end, "out of range")
  expect.error(function() t[tensor{1, 2}] = tensor{1, 300} end, "300 does not fit")
  expect.error(function() t["1:2"] = tensor{1, 2.5} end, "not a whole number")
  expect.error(function() t[tensor{true, true, false}] = tensor{1, 2, 3} end, "does not stretch")
  shows(t, "[0 0 0]")
end)

test("a value that overlaps its target is read before it is written", function()
  local t = arange(1, 5)
  t[tensor{1, 2, 3, 4}] = t["::-1"]
  shows(t, "[4. 3. 2. 1.]")
  t["2:4"] = t["1:3"]
  shows(t, "[4. 4. 3. 2.]")
  local whole = tensor({2, 1, 3}, {dtype = "int64"})
  whole[whole] = whole
  shows(whole, "[1 2 3]")
end)

test("a large whole number arrives in an int64 as it is", function()
  local t = zeros({2, dtype = "int64"})
  t[1] = (1 << 53) + 1
  expect.equal(t[1], (1 << 53) + 1)
end)

test("a stretched view cannot be assigned to: it repeats one number", function()
  local t = broadcast_to(zeros(1, 2), 3, 2)
  expect.error(function() t[1] = 1 end, "repeats the same numbers along axis 1")
  expect.error(function() t:put({1}, 1) end, "change a clone")
end)

test("take works along any axis, with tables and tensors of any shape", function()
  shows(take(cube, {2, 1}, 3)[{1, 1}], "[1. 0.]")
  has_shape(take(cube, tensor{{1, 2}, {3, 1}}, 2), 2, 2, 2, 4)
  shows(take(tensor{10, 20, 30}, {3, -3}), "[30. 10.]")
  expect.equal(take(tensor{10, 20, 30}, 2), 20.0)
  shows(take(cube, tensor{false, true}, 1)[{1, 1}], "[12. 13. 14. 15.]")
  shows(tensor{{1, 2}, {3, 4}}.T:take({2}), "[[2. 4.]]")
  expect.error(function() return take(cube, {4}, 2) end, "along axis 2, which has size 3")
  expect.error(function() return take(cube, {1}, 4) end, "axis 4 does not exist")
  expect.error(function() return take(cube, tensor{true}, 2) end, "mask of shape (1,)")
end)

test("take_along_axis reads one position a row, and broadcasts the rest", function()
  local t = tensor{{3, 1, 2}, {9, 7, 8}}
  shows(take_along_axis(t, tensor{{2, 3, 1}, {2, 3, 1}}), "[[1. 2. 3.]\n [7. 8. 9.]]")
  shows(take_along_axis(t, tensor{{1}, {-1}}), "[[3.]\n [8.]]")
  shows(take_along_axis(t, tensor{{2, 1, 2}}, 1), "[[9. 1. 8.]]")
  shows(take_along_axis(t.T, tensor{{1, 2}}, 1), "[[3. 7.]]")
  expect.error(function() return take_along_axis(t, tensor{1}) end, "as many axes")
  expect.error(function() return take_along_axis(t, tensor{{4}, {1}}) end, "along axis 2, which has size 3")
end)

test("put, nonzero and argwhere speak of the same positions", function()
  local t = zeros(2, 3)
  t.T:put({1, -1}, {7, 8})
  shows(t, "[[7. 0. 0.]\n [0. 0. 8.]]")
  expect.error(function() t:put({7}, 1) end, "index 7 is out of range among all elements, which has size 6")
  local rows, columns = nonzero(t)
  shows(rows, "[1 2]")
  shows(columns, "[1 3]")
  shows(t[{rows, columns}], "[7. 8.]")
  shows(argwhere(t), "[[1 1]\n [2 3]]")
  has_shape(argwhere(zeros(2, 3)), 0, 2)
  has_shape(argwhere(zeros(0, 3)), 0, 2)
  expect.error(function() return nonzero(tensor(1)) end, "without axes")
end)

-- Picks that gradients flow back through, each over a (2, 3, 4) tensor.
local picks = {
  ["a position"] = function(x) return x[2] end,
  ["an element"] = function(x) return x[{2, 3, 4}] end,
  ["ranges"] = function(x) return x["2, ::-1, 1:3:2"] end,
  ["new axes"] = function(x) return x["newaxis, 2, ..., newaxis"] end,
  ["an index tensor with repeats"] = function(x) return x[tensor{1, 1, 2, 1}] end,
  ["index tensors apart"] = function(x) return x[{tensor{1, 2}, {}, tensor{4, 4}}] end,
  ["index tensors side by side"] = function(x) return x[{{}, tensor{{1}, {3}}, tensor{2, 2}}] end,
  ["a mask"] = function(x) return x[gt(cube, 11)] end,
  ["take"] = function(x) return take(x, {3, 1, 3}, 2) end,
  ["take_along_axis"] = function(x) return take_along_axis(x, tensor{{{1, 1, 2}}}) end,
}
for name, pick in pairs(picks) do
  test("gradients flow back through " .. name, function()
    random.seed(3)
    local x0 = random.randn(2, 3, 4)
    local picked = pick(x0)
    local weights = type(picked) == "number" and 2 or random.randn(picked.shape)
    local function f(x)
      local y = square(pick(x)) * weights
      return type(y) == "number" and y or sum(y)
    end
    local checked = grad.check(function(x) return f(x) end, x0)
    expect.ok(checked.ok, tostring(checked))
    local x, v = grad.track(x0), random.randn(2, 3, 4)
    f(x):backward()
    expect.close(grad.forward(f, {x0}, {direction = v}).derivatives[1], sum(x.grad * v), 1e-12)
  end)
end

test.done()
