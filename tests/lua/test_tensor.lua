local test, expect = dofile(os.getenv "GRADUS_TESTS" .. "/lua/tap.lua")

local function shows(value, text) expect.equal(tostring(value), text) end

test("a column prints as NumPy prints it", function()
  shows(tensor{{-0.165955990594852}, {0.4406489868843162}, {-0.9997712503653102}},
    "[[-0.16595599]\n [ 0.44064899]\n [-0.99977125]]")
end)

test("arange rounds as NumPy does", function()
  local x = arange(-6, 6, 0.1)
  expect.equal(#x, 120)
  expect.equal(x[61], -2.1316282072803006e-14)
  expect.equal(x[-1], 5.899999999999958)
end)

test("a ragged table is an error that names the row and both lengths", function()
  local message = expect.error(function() return tensor{{1, 2, 3}, {4, 5}} end, "ragged")
  expect.ok(message:find("[2] has 2 elements", 1, true), message)
  expect.ok(message:find("has 3", 1, true), message)
end)

test("a hole, a string and a table too deep in a table are named by position", function()
  expect.error(function() return tensor{{1, 2}, {3, "x"}} end, "element [2][2] is string")
  expect.error(function() return tensor{1, {2}} end, "element [2]")
end)

test("shapes may be given as numbers or as a table, with a dtype", function()
  shows(zeros(2, 2), "[[0. 0.]\n [0. 0.]]")
  shows(zeros{2, dtype = "int64"}, "[0 0]")
  shows(ones(2, {dtype = "uint8"}), "[1 1]")
  expect.error(function() return zeros(2, {dtpye = "int64"}) end, 'did you mean "dtype"')
  expect.error(function() return zeros(2, {dtype = "float46"}) end, 'did you mean "float64"')
  expect.error(function() return zeros(-1) end, "negative")
  shows(zeros(2, {}), "[0. 0.]")  -- options, none of them set
  expect.error(function() return zeros(2, {3}) end, "size 2 of the shape is a table")
end)

test("an absurd size is an error message, not the end of the program", function()
  expect.error(function() return zeros(1e6 // 1, 1e6 // 1, 1e3 // 1) end, "GiB")
  expect.error(function() return zeros(1 << 40, 1 << 40) end, "more elements than any machine")
end)

test("elements and rows are read by position, from either end", function()
  local t = tensor{{1, 2, 3}, {4, 5, 6}}
  expect.equal(t[{2, 3}], 6.0)
  shows(t[1], "[1. 2. 3.]")
  shows(t[-1], "[4. 5. 6.]")
  expect.error(function() return t[0] end, "positions count from 1")
  expect.error(function() return t[3] end, "index 3 is out of range along axis 1, which has size 2")
  expect.error(function() return t[{1, 4}] end, "axis 2, which has size 3")
  expect.error(function() return t[{1, 1, 1}] end, "3 indices for a tensor of 2 axes")
  expect.error(function() return t[0 / 0] end, "no whole number")
end)

test("ranges as tables and as text give the same views", function()
  local t = arange(12):reshape(3, 4)
  shows(t[{{1, 2}, {}}], "[[0. 1. 2. 3.]\n [4. 5. 6. 7.]]")
  shows(t["1:2, :"], "[[0. 1. 2. 3.]\n [4. 5. 6. 7.]]")
  shows(t["2, ::2"], "[4. 6.]")
  shows(t[{{}, {4, 1, -2}}], "[[ 3.  1.]\n [ 7.  5.]\n [11.  9.]]")
  shows(t[":, -1"], "[ 3.  7. 11.]")
  expect.error(function() return t["1:2:0"] end, "step")
  expect.error(function() return t["1;2"] end, "cannot read the index")
end)

test("a view shares its numbers, a clone does not", function()
  local t = zeros(2, 2)
  local row, copy = t[1], t:clone()
  row[1] = 7
  expect.equal(t[{1, 1}], 7.0)
  expect.equal(copy[{1, 1}], 0.0)
end)

test("a view outlives the tensor it was taken from", function()
  local big, small = arange(1000)["500:501"], arange(4)[{{2, 3}}]
  for _ = 1, 3 do collectgarbage() end
  shows(big, "[499. 500.]")
  shows(small, "[1. 2.]")
end)

test("assignment goes through elements, rows, ranges and masks", function()
  local t = arange(6):reshape(2, 3)
  t[1] = 9
  shows(t, "[[9. 9. 9.]\n [3. 4. 5.]]")
  t[{2, {2, 3}}] = tensor{-1, -2}
  shows(t[2], "[ 3. -1. -2.]")
  t[lt(t, 0)] = 0
  shows(t[2], "[3. 0. 0.]")
  t[1] = {1, 2, 3}
  shows(t[1], "[1. 2. 3.]")
end)

test("an assignment from an overlapping view reads before it writes", function()
  local t = arange(1, 6)
  t["2:5"] = t["1:4"]
  shows(t, "[1. 1. 2. 3. 4.]")
end)

test("rows are taken by positions and by masks", function()
  local t = tensor{{1, 2}, {3, 4}, {5, 6}}
  shows(t[tensor({3, 1}, {dtype = "int64"})], "[[5. 6.]\n [1. 2.]]")
  shows(t[tensor{true, false, true}], "[[1. 2.]\n [5. 6.]]")
  expect.error(function() return t[tensor{true, false}] end, "mask of shape (2,)")
end)

test("arithmetic broadcasts by NumPy's rule and names both shapes when it cannot", function()
  shows(tensor{{1}, {2}} + tensor{10, 20}, "[[11. 21.]\n [12. 22.]]")
  local message = expect.error(function() return ones(4, 3) + ones(2, 1) end, "(4, 3)")
  expect.ok(message:find("(2, 1)", 1, true), message)
end)

test("integers never wrap around in arithmetic", function()
  local t = tensor({200, 100}, {dtype = "uint8"})
  shows(t + t, "[400. 200.]")
  expect.equal((t + t).dtype, "float64")
  expect.equal((t + ones(2, {dtype = "float32"})).dtype, "float32")
  expect.error(function() return tensor{300}:astype("uint8") end, "300")
end)

test("comparing tensors with Lua's operators says which function gives a mask", function()
  expect.error(function() return tensor{1} == tensor{2} end, "eq(a, b)")
  expect.error(function() return tensor{1} < tensor{2} end, "lt(a, b)")
  expect.error(function() return tensor{1} + (tensor{1} == 1) end, "eq(t, x)")
end)

test("functions of numbers give numbers", function()
  expect.equal(exp(0), 1.0)
  expect.equal(maximum(2, 3), 3.0)
  expect.equal(gt(2, 3), false)
  expect.error(function() return exp("x") end, "number expected")
end)

test("reductions over everything give numbers, over axes tensors", function()
  local t = tensor{{1, 2, 3}, {4, 5, 6}}
  expect.equal(sum(t), 21.0)
  shows(t:sum(1), "[5. 7. 9.]")
  shows(t:mean(-1), "[2. 5.]")
  shows(sum(t, {axis = 2, keepdims = true}), "[[ 6.]\n [15.]]")
  expect.equal(t:argmax(), 6)
  shows(t:argmax(2), "[3 3]")
  expect.error(function() return t:sum(3) end, "axis 3 does not exist in a tensor of 2 axes")
  expect.error(function() return tensor(5):sum(1) end, "axis 1 does not exist: this tensor is a single number")
  expect.error(function() return t:sum{axsi = 1} end, 'did you mean "axis"')
  expect.error(function() return max(0, t) end, "maximum(a, b)")
end)

test("dot says which shapes do not fit and what would", function()
  local X, y = ones(4, 3), ones(4, 1)
  local message = expect.error(function() return X:dot(y) end, "(4, 3) times (4, 1)")
  expect.ok(message:find("A.T", 1, true), message)
  expect.equal(tensor{1, 2}:dot(tensor{3, 4}), 11.0)
  shows(X:dot(tensor{1, 2, 3}), "[6. 6. 6. 6.]")
end)

test("a product with transposed and strided operands is the product of their copies", function()
  random.seed(1)
  local A, B = random.randn(40, 30), random.randn(40, 20)
  local product = A.T:dot(B["::1, ::-1"])
  local copies = A.T:clone():dot(B["::1, ::-1"]:clone())
  expect.ok(max(abs(product - copies)) < 1e-12)
end)

test("a misspelt method gets a suggestion", function()
  expect.error(function() return tensor{1}:rehsape(1) end, 'did you mean "reshape"')
end)

test("reshape works out one size, and shares memory where it can", function()
  local t = arange(6)
  local m = t:reshape(2, -1)
  m[{1, 1}] = 5
  expect.equal(t[1], 5.0)
  expect.error(function() return t:reshape(4, -1) end, "cannot be divided")
  expect.error(function() return t:reshape(4, 2) end, "6 elements")
  shows(m.T:reshape(6), "[5. 3. 1. 4. 2. 5.]")
end)

test("softmax shifts by the greatest score, so that large scores stay finite", function()
  shows(softmax(tensor{1, 0.3, 3, 0.5} + 1000), "[0.10534997 0.05231524 0.77843681 0.06389798]")
end)

test("the course's neuron ends with the recorded weights", function()
  random.seed(1)
  local X, y = tensor{{0, 0, 1}, {1, 1, 1}, {1, 0, 1}, {0, 1, 1}}, tensor{{0, 1, 1, 0}}.T
  local w = 2 * random.random(3, 1) - 1
  for _ = 1, 10000 do
    local output = 1 / (1 + exp(-X:dot(w)))
    w = w + X.T:dot((y - output) * output * (1 - output))
  end
  expect.close(w[{1, 1}], 9.672993027736892, 1e-12)
  expect.close(w[{2, 1}], -0.20784349926631968, 1e-12)
  expect.close(w[{3, 1}], -4.62963668773159, 1e-12)
  shows(w, "[[ 9.67299303]\n [-0.2078435 ]\n [-4.62963669]]")
end)

test("a loop of large temporaries stays small without collectgarbage", function()
  local function resident()
    local file = io.open("/proc/self/status")
    local text = file:read("a")
    file:close()
    return tonumber(text:match("VmRSS:%s*(%d+)")) / 1024
  end
  local before, most = resident(), 0
  local t = zeros(1 << 20)  -- 8 MB
  for _ = 1, 300 do
    t = t + 1
    most = math.max(most, resident() - before)
  end
  expect.equal(t[1], 300.0)
  expect.ok(most < 200, "resident memory grew by " .. most .. " MB")
end)

test("a chain of operations on large tensors uses the memory of the one before", function()
  local function read(name)
    local file = io.open("/proc/self/" .. name)
    local text = file:read("a")
    file:close()
    return text
  end
  if read("maps"):find("asan", 1, true) then return end  -- AddressSanitizer is to see freed memory for what it is
  local function faults() return tonumber(read("stat"):match("%) . " .. ("%S+ "):rep(6) .. "(%d+)")) end
  local x, y, before = random.randn(1000000), nil, 0
  for i = 1, 30 do
    if i == 11 then before = faults() end
    y = 1 / (1 + exp(-x))
  end
  expect.close(y[1], sigmoid(x)[1], 1e-15)
  -- Fresh memory would be four times 1953 pages for each y.
  expect.ok(faults() - before < 20 * 50, "page faults for each y: " .. (faults() - before) / 20)
end)

test("what is no tensor is not taken for one", function()
  expect.error(function() return exp(io.stdout) end, "tensor or number expected")
  expect.error(function() return exp(debug.upvalueid(expect.error, 1)) end, "tensor or number expected")
  expect.error(function() return ones(2):dot(("x"):rep(1000)) end, "tensor expected")
end)

test("numbers without braces are no tensor, and the message shows the braces", function()
  expect.error(function() tensor(0, 1, 1, 0) end, "with braces, as in tensor{0, 1, 1, 0}")
end)

test("what does not fit an element is refused, not cut to its first number", function()
  local t = zeros(3)
  expect.error(function() t[1] = tensor{5, 6} end, "shape (2,) does not fit into a single number, shape ()")
  expect.error(function() t[2] = zeros(4, 0) end, "does not fit into a single number")
  expect.equal(tostring(t), "[0. 0. 0.]")
end)

test("a mask of rows is assigned through as it is read through", function()
  local t = zeros(2, 2)
  t[tensor{true, false}] = 1
  expect.equal(tostring(t), "[[1. 1.]\n [0. 0.]]")
  expect.error(function() t[tensor{true, false, true}] = 1 end, "a mask of shape (3,) does not fit")
  local flags = tensor{true, true, false, false}
  flags[flags["::-1"]] = false  -- a mask over the memory that is written
  expect.equal(tostring(flags), "[ True  True False False]")
end)

test("sizes and steps beyond any tensor are errors or do nothing", function()
  expect.error(function() return zeros(6):reshape(1 << 40, 1 << 40, -1) end, "cannot be divided")
  expect.equal(tostring(zeros(6)[{{1, 1, math.maxinteger}}]), "[0.]")
  expect.equal(tostring(arange(3)["3:1:-9223372036854775807"]), "[2.]")
end)

test("a sequence that its dtype cannot hold is refused, not wrapped", function()
  expect.error(function() return arange(0, 300, 1, {dtype = "uint8"}) end, "256 does not fit into uint8")
  expect.error(function() return linspace(0, 1, 3, {dtype = "int64"}) end, "0.5 is not a whole number")
  expect.equal(tostring(arange(0, 600, 200, {dtype = "int64"})), "[  0 200 400]")
end)

test("tables that refer to themselves or lie about their length end in an error", function()
  local endless = {}
  endless[1] = endless
  expect.error(function() return tensor(endless) end, "at most 8 axes")
  expect.error(function() return tensor(setmetatable({}, {__len = function() return 1 << 62 end})) end, "hold")
end)

test.done()
