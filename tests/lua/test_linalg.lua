-- Products of stacks of matrices, and linear algebra, by their properties: residuals, reconstructions, gradients.

local test, expect = dofile(os.getenv "GRADUS_TESTS" .. "/lua/tap.lua")

local function shape(t) return table.concat(t.shape, " ") end

local function largest(t) return t.size == 0 and 0 or max(abs(t)) end

-- ---- products ----

test("dot of stacks is the dot of each pair of matrices, and the axes before them broadcast", function()
  random.seed(2)
  local a, b = random.randn(2, 1, 4, 5), random.randn(3, 5, 6)
  local product = a:dot(b)
  expect.equal(shape(product), "2 3 4 6")
  for i = 1, 2 do
    for j = 1, 3 do expect.ok(largest(product[{i, j}] - a[{i, 1}]:dot(b[j])) < 1e-13) end
  end
  expect.equal(shape(random.randn(5):dot(b)), "3 6")
  expect.equal(shape(a:dot(random.randn(5))), "2 1 4")
  expect.equal(shape(zeros(0, 3, 4):dot(zeros(4, 2))), "0 3 2")
  expect.equal(sum(zeros(2, 3, 0):dot(zeros(0, 2))), 0.0)
end)

test("a stack as a transposed, reversed or strided view gives what its copy gives", function()
  random.seed(3)
  local a, b = random.randn(4, 6, 8), random.randn(7, 8, 4)
  local views = {a["::-1, :, ::2"], a:transpose(1, 3, 2)[{{}, {1, 4}, {}}]}
  local other = {b["1:4, ::2, :"], b["1:4, 1:6, :"]}
  for i, view in ipairs(views) do
    expect.ok(largest(view:dot(other[i]) - view:clone():dot(other[i]:clone())) < 1e-13)
  end
end)

test("products that do not fit say which axes disagree", function()
  expect.error(function() return zeros(2, 3, 4):dot(zeros(3, 4, 4)) end,
    "axis 1 of the left is 2 and axis 1 of the right 3")
  expect.error(function() return zeros(2, 3, 4):dot(zeros(2, 5, 4)) end, "4 columns and the right has 5 rows")
  expect.error(function() return tensor(3):dot(zeros(3)) end, "is written with *")
  expect.error(function() return outer(zeros(2, 2), zeros(3)) end, "two vectors")
  expect.error(function() return inner(zeros(2, 2), zeros(3)) end, "the last axes must be equal, and they are 2 and 3")
  expect.error(function() return kron(zeros(2), zeros(3)) end, "two matrices")
  expect.error(function() return trace(zeros(2)) end, "a matrix")
end)

test("outer, inner, kron and trace are what their sums say, of views too", function()
  random.seed(4)
  local A, B = random.randn(3, 4).T, random.randn(5, 3)
  local rows = inner(A, B)
  expect.equal(shape(rows), "4 5")
  expect.close(rows[{2, 4}], sum(A[2] * B[4]))
  local blocks = kron(A, B)
  expect.equal(shape(blocks), "20 9")
  expect.close(blocks[{5 + 3, 3 + 2}], A[{2, 2}] * B[{3, 2}])
  expect.close(trace(A), A[{1, 1}] + A[{2, 2}] + A[{3, 3}])
  expect.equal(outer(A[1], B[2])[{2, 3}], A[{1, 2}] * B[{2, 3}])
  expect.equal(trace(zeros(0, 0)), 0.0)
  expect.equal(inner(tensor{1, 2}, tensor{3, 4}), 11.0)
end)

random.seed(5)
local S, M, v = random.randn(2, 3, 4), random.randn(4, 2), random.randn(4)

local tracked = {
  ["a stack times a matrix"] = {function(x) return sum(x:dot(M) ^ 2) end, S},
  ["a matrix under a stack"] = {function(x) return sum(S:dot(x) ^ 2) end, M},
  ["a stack under broadcasting"] = {function(x) return sum(x:reshape(2, 1, 3, 4):dot(S:transpose(1, 3, 2)) ^ 2) end, S},
  ["a stack times a vector"] = {function(x) return sum(x:dot(v) ^ 2) end, S},
  ["a vector under a stack"] = {function(x) return sum(S:dot(x) ^ 2) end, v},
  ["a vector times a matrix"] = {function(x) return sum(x:dot(M) ^ 3) end, v},
  ["a vector times a stack"] = {function(x) return sum(x:dot(S:transpose(1, 3, 2)) ^ 2) end, v},
  ["two vectors"] = {function(x) return x:dot(x) * x:dot(v) end, v},
  outer = {function(x) return sum(outer(x, x) ^ 3) end, v},
  inner = {function(x) return sum(inner(x, M.T) ^ 2) end, S},
  kron = {function(x) return sum(kron(x, M) ^ 2 + kron(M, x)) end, M},
  trace = {function(x) return trace(x.T:dot(x)) + trace(x) end, M},
}
local names = {}
for name in pairs(tracked) do names[#names + 1] = name end
table.sort(names)
for _, name in ipairs(names) do
  test("the gradient through " .. name .. " agrees with differences", function()
    local f, x = table.unpack(tracked[name])
    local leaf = grad.track(x)
    f(leaf):backward()
    local step, found = 1e-6, leaf:gradient():reshape(-1)
    for i = 1, x.size do
      local function moved(by)
        local y = x:clone()
        y:reshape(-1)[i] = y:reshape(-1)[i] + by
        return f(y)
      end
      expect.close(found[i], (moved(step) - moved(-step)) / (2 * step), 1e-6)
    end
  end)
end

test.done()
