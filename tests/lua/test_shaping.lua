local test, expect = dofile(os.getenv "GRADUS_TESTS" .. "/lua/tap.lua")

local function shows(value, text) expect.equal(tostring(value), text) end
local function has_shape(t, ...) expect.equal(table.concat(t.shape, " "), table.concat({...}, " ")) end

-- Whether a change of one is seen in the other.
local function shares(a, b)
  local kept = b:clone()
  a[tensor(1)] = a[1] + 1
  return not all(eq(kept, b))
end

-- ---- making ----

test("arange has NumPy's number of points and NumPy's rounding", function()
  local x = arange(-6, 6, 0.1)
  expect.equal(#x, 120)
  expect.equal(x[61], -2.1316282072803006e-14)
  expect.equal(#arange(0, 1, 0.1), 10)
  expect.equal(#arange(5, 0), 0)
  shows(arange(5, 0, -2), "[5. 3. 1.]")
  expect.error(function() return arange(0, 1, 0) end, "has no end")
  expect.error(function() return arange(0, 1 / 0) end, "has no end")
end)

test("a ragged table is refused with the row and both lengths, at any depth", function()
  expect.error(function() return tensor{{{1, 2}, {3, 4}}, {{5, 6}, {7}}} end, "row [2][2] has 1 elements")
  expect.error(function() return tensor{{1}, {}} end, "row [2] has 0 elements")
  expect.error(function() return tensor{zeros(2)} end, "stack{...} makes one tensor")
end)

test("full takes the dtype of what it is filled with, and the like functions that of their tensor", function()
  expect.equal(full({2}, true).dtype, "bool")
  expect.equal(full({2}, 3, {dtype = "uint8"}).dtype, "uint8")
  local like = full_like(zeros(2, {dtype = "float32"}), 2.5)
  expect.equal(like.dtype, "float32")
  shows(like, "[2.5 2.5]")
  expect.error(function() return full_like(zeros(2, {dtype = "uint8"}), 300) end, "300 does not fit")
end)

test("astype refuses what the dtype cannot hold, and names the number and its place", function()
  expect.error(function() return tensor{{1, 2}, {300, 4}}:astype "uint8" end, "300 does not fit into uint8")
  expect.error(function() return tensor{{1, 2}, {300, 4}}:astype "uint8" end, "(element [{2, 1}])")
  expect.error(function() return tensor{1, 0 / 0}:astype "int64" end, "element [2]")
  expect.error(function() return tensor{1, -1}.T:astype "uint8" end, "-1 does not fit")
  expect.error(function() return tensor{2 ^ 63}:astype "int64" end, "does not fit into int64")
  shows(tensor{0, 2, 0 / 0}:astype "bool", "[False  True  True]")
  shows(tensor({1, 0}, {dtype = "bool"}):astype "float64", "[1. 0.]")
end)

test("one_hot takes labels that count from 0, of any shape", function()
  shows(one_hot(tensor{2, 0}), "[[0. 0. 1.]\n [1. 0. 0.]]")
  shows(one_hot({1}, 3, {dtype = "uint8"}), "[[0 1 0]]")
  has_shape(one_hot(tensor{{0, 1}, {2, 0}}, 4), 2, 2, 4)
  has_shape(one_hot(zeros(0), 3), 0, 3)
  expect.error(function() return one_hot({0, 3}, 3) end, "label 3 (number 2 of them) is none of 3 classes")
  expect.error(function() return one_hot({-1}) end, "negative")
  expect.error(function() return one_hot({0.5}) end, "not a whole number")
  expect.error(function() return one_hot({1}, 0) end, "at least one class")
end)

test("diag goes both ways, on any diagonal", function()
  shows(diag(tensor{1, 2}, 1), "[[0. 1. 0.]\n [0. 0. 2.]\n [0. 0. 0.]]")
  shows(diag(tensor{1}, -1), "[[0. 0.]\n [1. 0.]]")
  local m = arange(6):reshape(2, 3)
  shows(diag(m), "[0. 4.]")
  shows(diag(m, 1), "[1. 5.]")
  shows(diag(m, -1), "[3.]")
  has_shape(diag(m, 7), 0)
  shows(diag(m.T, 1), "[3.]")
  expect.ok(shares(diag(m), m))
  expect.error(function() return diag(zeros(2, 2, 2)) end, "not shape (2, 2, 2)")
end)

test("tril and triu keep their triangle of each matrix", function()
  local m = arange(1, 10):reshape(3, 3)
  shows(tril(m), "[[1. 0. 0.]\n [4. 5. 0.]\n [7. 8. 9.]]")
  shows(triu(m, -1), "[[1. 2. 3.]\n [4. 5. 6.]\n [0. 8. 9.]]")
  shows(tril(ones(2, 2, 2), -1)[2], "[[0. 0.]\n [1. 0.]]")
  shows(tril(m, -5), "[[0. 0. 0.]\n [0. 0. 0.]\n [0. 0. 0.]]")
  expect.error(function() return tril(tensor{1}) end, "takes a matrix")
end)

test("meshgrid gives x along the rows, or axis i to vector i", function()
  local X, Y = meshgrid(tensor{1, 2, 3}, tensor{4, 5})
  shows(X, "[[1. 2. 3.]\n [1. 2. 3.]]")
  shows(Y, "[[4. 4. 4.]\n [5. 5. 5.]]")
  local I, J, K = meshgrid(arange(2), arange(3), arange(4), {indexing = "ij"})
  has_shape(I, 2, 3, 4)
  expect.equal(I[{2, 1, 1}] + J[{1, 3, 1}] + K[{1, 1, 4}], 6.0)
  X[1] = 0  -- copies
  shows(X[2], "[1. 2. 3.]")
  expect.error(function() return meshgrid(zeros(2, 2)) end, "takes vectors")
  expect.error(function() return meshgrid(zeros(2), {indexing = "yx"}) end, '"xy" or "ij"')
end)

-- ---- shapes ----

test("reshape is a view wherever strides allow it, and a copy elsewhere", function()
  local t = arange(24):reshape(2, 3, 4)
  expect.ok(shares(t:reshape(6, -1), t))
  local rows = t["::-1"]
  expect.ok(shares(rows:reshape(2, 12)[1], t))
  expect.ok(not shares(t.T:reshape(24), t))
  shows(arange(6):reshape(2, 3).T:reshape(-1), "[0. 3. 1. 4. 2. 5.]")
  shows(arange(6):reshape(3, 2)[":, 1"]:reshape(3, 1), "[[0.]\n [2.]\n [4.]]")
  has_shape(zeros(0, 3):reshape(3, -1), 3, 0)
  has_shape(tensor(5):reshape(1, 1), 1, 1)
  has_shape(broadcast_to(tensor{1, 2}, 3, 2):reshape(6), 6)
  expect.error(function() return zeros(0, 3):reshape(0, -1) end, "cannot be divided")
  expect.error(function() return t:reshape(-1, -1) end, "only one size can be -1")
  expect.error(function() return t:reshape(5, 5) end, "24 elements")
  expect.error(function() return t:reshape(-2, -12) end, "negative")
end)

test("axes change places as NumPy's do", function()
  local t = arange(24):reshape(2, 3, 4)
  has_shape(t:transpose(2, 3, 1), 3, 4, 2)
  has_shape(t:transpose {3, 1, 2}, 4, 2, 3)
  has_shape(t:moveaxis(1, -1), 3, 4, 2)
  has_shape(t:moveaxis(3, 1), 4, 2, 3)
  has_shape(t:swapaxes(1, 3), 4, 3, 2)
  expect.equal(t:moveaxis(1, 3)[{3, 4, 2}], 23.0)
  expect.error(function() return t:transpose(1, 2) end, "needs 3 of them")
  expect.error(function() return t:transpose(1, 1, 2) end, "each of 1..3 once")
  expect.error(function() return t:swapaxes(1, 4) end, "axis 4 does not exist")
end)

test("a transposed copy has every number in its place, whatever the sizes", function()
  for _, d in ipairs {"float64", "float32", "int64", "uint8"} do
    for _, shape in ipairs {{17, 33, 1}, {2, 50, 3}, {3, 2, 49}, {40, 5, 16}, {1, 100, 2}} do
      local a, b, c = table.unpack(shape)
      local t = (arange(a * b * c) % 251):reshape(shape):astype(d)
      for _, order in ipairs {{3, 2, 1}, {1, 3, 2}, {2, 1, 3}, {3, 1, 2}, {2, 3, 1}} do
        -- The number at (i, j, k) is computed from i, j and k, each along its axis of the result.
        local sum = 0
        for axis, from in ipairs(order) do
          local along = {1, 1, 1}
          along[axis] = shape[from]
          sum = sum + (arange(shape[from]) * (from == 1 and b * c or from == 2 and c or 1)):reshape(along)
        end
        local copy, into = t:transpose(order):clone(), zeros_like(t):transpose(order)
        into["..."] = copy
        expect.ok(all(eq(copy, sum % 251)), d .. " " .. table.concat(order, " "))
        expect.ok(all(eq(into, copy)))
      end
    end
  end
end)

test("axes of size 1 come and go, as views", function()
  local t = zeros(2, 1, 3)
  has_shape(t:squeeze(), 2, 3)
  has_shape(t:squeeze(2), 2, 3)
  has_shape(ones(1, 1):squeeze())
  expect.ok(shares(t:squeeze()[1], t))
  expect.ok(shares(t.T:expand_dims(1)[1][1][1], t))
  has_shape(t:expand_dims(-1), 2, 1, 3, 1)
  expect.error(function() return t:squeeze(1) end, "axis 1 has size 2")
end)

test("broadcast_to repeats without copying", function()
  local t = tensor{{1}, {2}}
  shows(broadcast_to(t, 2, 3), "[[1. 1. 1.]\n [2. 2. 2.]]")
  has_shape(broadcast_to(tensor(1), {2, 2}), 2, 2)
  expect.error(function() return broadcast_to(t, 3, 3) end, "shape (2, 1) does not stretch to (3, 3)")
end)

-- ---- joining and cutting ----

test("tensors are joined along any axis, and what does not fit is named", function()
  shows(concatenate({tensor{{1}, {2}}, tensor{{3, 4}, {5, 6}}}, 2), "[[1. 3. 4.]\n [2. 5. 6.]]")
  shows(concatenate{zeros(0), tensor{1}}, "[1.]")
  expect.equal(concatenate{zeros(1, {dtype = "uint8"}), zeros(1, {dtype = "uint8"})}.dtype, "uint8")
  expect.equal(concatenate{zeros(1, {dtype = "uint8"}), zeros(1, {dtype = "float32"})}.dtype, "float32")
  has_shape(stack({zeros(2, 3), ones(2, 3)}, -1), 2, 3, 2)
  has_shape(stack{tensor(1), tensor(2)}, 2)
  expect.error(function() return concatenate(zeros(1), zeros(1)) end, "in one table")
  expect.error(function() return concatenate{} end, "at least one")
  expect.error(function() return concatenate{zeros(1), 2} end, "entry 2 is number")
  expect.error(function() return concatenate{zeros(2, 2), zeros(2, 3)} end, "entry 2 has shape (2, 3)")
  expect.error(function() return concatenate{tensor(1)} end, "stack them")
  expect.error(function() return stack{zeros(2), zeros(3)} end, "all must be the same")
end)

test("split gives equal parts, or parts that begin where one says, as views", function()
  local t = arange(6)
  local parts = split(t, 3)
  expect.equal(#parts, 3)
  shows(parts[3], "[4. 5.]")
  expect.ok(shares(parts[1], t))
  local at = split(arange(6), {2, 2, -1})
  expect.equal(#at, 4)
  shows(at[2], "[]")
  shows(at[4], "[5.]")
  has_shape(split(zeros(2, 6), 2, 2)[1], 2, 3)
  expect.equal(#split(zeros(0), 1), 1)
  expect.error(function() return split(t, 4) end, "axis 1 has size 6, which 4 equal parts do not divide")
  expect.error(function() return split(t, 0) end, "do not divide")
  expect.error(function() return split(zeros(0), 1 << 40) end, "do not divide")
  expect.error(function() return split(t, {4, 2}) end, "must rise, and 2 follows 4")
  expect.error(function() return split(t, {9}) end, "out of range")
end)

-- ---- repeating ----

test("entries are repeated one by one, tensors as a whole", function()
  shows(repeat_interleave(tensor{{1, 2}, {3, 4}}, 2, 2), "[[1. 1. 2. 2.]\n [3. 3. 4. 4.]]")
  shows(repeat_interleave(tensor{{1, 2}, {3, 4}}, 2), "[1. 1. 2. 2. 3. 3. 4. 4.]")
  shows(repeat_interleave(tensor{1, 2, 3}, {0, 2, 1}), "[2. 2. 3.]")
  has_shape(repeat_interleave(tensor{1, 2}, 0), 0)
  expect.error(function() return repeat_interleave(tensor{1, 2}, {1, 2, 3}) end, "not a tensor of shape (3,)")
  expect.error(function() return repeat_interleave(tensor{1, 2}, -1) end, "0 times or more")
  expect.error(function() return repeat_interleave(tensor{1, 2}, 0.5) end, "not a whole number")
  shows(tile(tensor{{1, 2}}, 2), "[[1. 2. 1. 2.]]")
  shows(tile(tensor{{1, 2}}, {2, 1}), "[[1. 2.]\n [1. 2.]]")
  has_shape(tile(zeros(2, 3), 2, 1, 4), 2, 2, 12)
  has_shape(tile(zeros(2), 0), 0)
  local t = tensor{1, 2}
  expect.ok(not shares(tile(t, 1), t))
  expect.error(function() return tile(t, -1) end, "0 times or more")
  expect.error(function() return tile(zeros(1000), 1 << 60) end, "hold")
end)

test("flip reverses axes in a view, roll moves entries in a copy", function()
  local t = tensor{{1, 2}, {3, 4}}
  shows(flip(t), "[[4. 3.]\n [2. 1.]]")
  shows(flip(t, 1), "[[3. 4.]\n [1. 2.]]")
  expect.ok(shares(flip(t)[1], t))
  has_shape(flip(zeros(0, 2)), 0, 2)
  t = tensor{{1, 2}, {3, 4}}
  shows(roll(t, 1), "[[4. 1.]\n [2. 3.]]")
  shows(roll(t, -3, 2), "[[2. 1.]\n [4. 3.]]")
  has_shape(roll(zeros(0), 5), 0)
  shows(roll(tensor{1, 2, 3}, math.mininteger), "[3. 1. 2.]")
end)

test("pad adds constants, edges, mirrors and the other end", function()
  local t = tensor{1, 2, 3}
  shows(pad(t, {1, 2}, {value = 9}), "[9. 1. 2. 3. 9. 9.]")
  shows(pad(t, 2, {mode = "edge"}), "[1. 1. 1. 2. 3. 3. 3.]")
  shows(pad(t, {4, 0}, {mode = "reflect"}), "[1. 2. 3. 2. 1. 2. 3.]")
  shows(pad(t, {4, 1}, {mode = "symmetric"}), "[3. 3. 2. 1. 1. 2. 3. 3.]")
  shows(pad(t, 1, {mode = "wrap"}), "[3. 1. 2. 3. 1.]")
  shows(pad(tensor{5}, 2, {mode = "reflect"}), "[5. 5. 5. 5. 5.]")
  shows(pad(ones(1, 1), {{1, 0}, {0, 1}}), "[[0. 0.]\n [1. 0.]]")
  has_shape(pad(zeros(2, 3), {1, 2}), 5, 6)
  has_shape(pad(zeros(0), 2), 4)
  expect.ok(not shares(pad(t, 0, {mode = "edge"}), t))
  expect.error(function() return pad(zeros(0), 1, {mode = "edge"}) end, "axis 1 is empty")
  expect.error(function() return pad(t, -1) end, "0 or more, not -1")
  expect.error(function() return pad(t, {1, 2, 3}) end, "takes one width for all")
  expect.error(function() return pad(zeros(2, 2, 2), {0, 1, 1}) end, "3 numbers, but {before, after} has two; for each")
  expect.error(function() return pad(t, 1, {mode = "mirror"}) end, "the modes are")
  expect.error(function() return pad(t, 1, {mode = "egde"}) end, 'did you mean "edge"')
  expect.error(function() return pad(t, 1 << 59) end, "hold")
end)

-- ---- gradients ----

local moves = {
  reshape = function(x) return x:reshape(4, -1) end,
  ["a reshape that keeps rows"] = function(x) return x:reshape(2, 12) end,
  flatten = flatten,
  moveaxis = function(x) return x:moveaxis(1, -1) end,
  expand_dims = function(x) return x:expand_dims(2) end,
  squeeze = function(x) return x["1:1"]:squeeze() end,
  broadcast_to = function(x) return broadcast_to(x, 2, 2, 3, 4) end,
  clone = clone,
  ["concatenate with plain tensors"] = function(x) return concatenate({x, ones(2, 1, 4), x, x, zeros(2, 2, 4)}, 2) end,
  stack = function(x) return stack({x, x * 2, zeros(2, 3, 4)}, -1) end,
  split = function(x) return split(x, {2}, 3)[2] end,
  repeat_interleave = function(x) return repeat_interleave(x, {2, 0, 1}, 2) end,
  tile = function(x) return tile(x, 2, 1, 1, 3) end,
  flip = function(x) return flip(x, 1, 3) end,
  roll = function(x) return roll(x, 5) end,
  ["pad with zeros"] = function(x) return pad(x, {1, {0, 2}, 0}) end,
  ["pad with a number"] = function(x) return pad(x, 1, {value = 3}) end,
  ["pad that reflects"] = function(x) return pad(x, {0, 2, {1, 0}}, {mode = "reflect"}) end,
  tril = tril,
  ["diag of a matrix"] = function(x) return diag(x[1], 1) end,
  ["diag of a vector"] = function(x) return diag(x[{1, 1}], -1) end,
  meshgrid = function(x)
    local a, b = meshgrid(x[{1, 1}], x[{2, 2}])
    return a * b
  end,
}
for name, move in pairs(moves) do
  test("gradients flow through " .. name .. ", backward and forward", function()
    random.seed(7)
    local x0, v = random.randn(2, 3, 4), random.randn(2, 3, 4)
    local weights = random.randn(move(x0).shape)
    local function f(x) return sum(square(move(x)) * weights) end
    local checked = grad.check(f, x0)
    expect.ok(checked.ok, tostring(checked))
    local x = grad.track(x0)
    expect.ok(all(eq(move(x):detach(), move(x0))))
    f(x):backward()
    expect.close(grad.forward(f, {x0}, {direction = v}).derivatives[1], sum(x.grad * v), 1e-12)
  end)
end

test("moves are replayed in a training step as they are eagerly, whether rows stay apart or not", function()
  random.seed(1)
  local x = random.randn(64, 6):astype "float32"
  local y = gt(x[":, 1"] * x[":, 2"], 0):astype "uint8"
  local function fitted(activation)
    random.seed(2)
    local model = nn.Sequential {nn.Dense {8, activation = activation, input_shape = {6}},
      nn.Dense {2, activation = "softmax"}}
    model:compile {optimizer = "adam", loss = "sparse_categorical_crossentropy"}
    model:fit {x, y, epochs = 3, batch_size = 16, verbose = 0}
    return model:predict(x)
  end
  local wanted, back = fitted(nil), {8, 7, 6, 5, 4, 3, 2, 1}
  for name, identity in pairs {
    slice = function(h) return concatenate({h[":, 1:4"], h[":, 5:8"]}, 2) end,
    take = function(h) return take(take(h, back, 2), back, 2) end,
    pad = function(h) return pad(h, {{0, 0}, {1, 1}})[":, 2:9"] end,
    broadcast = function(h) return broadcast_to(h:expand_dims(3), #h, 8, 3)[":, :, 2"] end,
    rows = function(h) return flip(flip(h, 1), 1) end,  -- mixes the samples of a batch
  } do
    local off = max(abs(fitted(identity) - wanted))
    expect.ok(off < 1e-6, name .. " is off by " .. off)
  end
end)

test("a float32 copy of a tracked tensor gives its gradient back in float64", function()
  local x = grad.track(tensor{1, 2})
  sum(square(x:astype "float32")):backward()
  shows(x.grad, "[2. 4.]")
  expect.equal(x.grad.dtype, "float64")
  expect.error(function() return x:astype "int64" end, "gradients need float64 or float32")
end)

test("NaN and infinities outside a triangle leave its gradient alone", function()
  local x = grad.track(tensor{{1, 1 / 0}, {2, 0 / 0}})
  sum(tril(x, -1)):backward()
  shows(x.grad, "[[0. 0.]\n [1. 0.]]")
end)

test.done()
