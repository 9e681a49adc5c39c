-- Products of stacks of matrices, and linear algebra, by their properties: residuals, reconstructions. Gradients
-- of linear algebra are in test_linalg_gradients.lua.

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
    local found = grad.check(table.unpack(tracked[name]))
    expect.ok(found.ok, tostring(found))
  end)
end

-- ---- linear algebra ----

-- A matrix in one of several layouts; the numbers are the same whatever it is.
local layouts = {
  function(t) return t end,
  function(t) return t.T:clone().T end,
  function(t)
    local wide = zeros(2 * #t, 3 * t.shape[2], {dtype = t.dtype})
    wide["::2, ::3"] = t
    return wide["::2, ::3"]
  end,
  function(t) return t["::-1, ::-1"]:clone()["::-1, ::-1"] end,
}

local function each_layout(t, f)
  for _, layout in ipairs(layouts) do f(t.size > 0 and layout(t) or t) end
end

local function each_size(sizes, f)
  for _, dtype in ipairs {"float64", "float32"} do
    for _, size in ipairs(sizes) do
      local tolerance = (dtype == "float32" and 1e-4 or 1e-12) * (size[1] + (size[2] or 0) + 1)
      each_layout(random.randn(size[1], size[2] or size[1]):astype(dtype), function(A) f(A, tolerance, dtype) end)
    end
  end
end

local squares = {{0}, {1}, {2}, {3}, {7}, {40}}
local any = {{0, 0}, {0, 3}, {3, 0}, {1, 1}, {1, 5}, {5, 1}, {4, 4}, {7, 3}, {3, 7}, {40, 30}}

local function near(a, b, tolerance)
  expect.equal(shape(a), shape(b))
  expect.ok(largest(a - b) <= tolerance, "off by " .. largest(a - b))
end

local function identity(n) return eye(n) end

test("solve leaves no residual, for vectors and matrices on the right, in every layout", function()
  random.seed(10)
  each_size(squares, function(A, tolerance, dtype)
    A = A + 3 * eye(#A):astype(dtype)
    local b, B = random.randn(#A):astype(dtype), random.randn(#A, 3):astype(dtype)
    local x, X = linalg.solve(A, b), linalg.solve(A, B)
    expect.equal(x.dtype, dtype)
    expect.equal(shape(x), shape(b))
    near(A:dot(x), b, 20 * tolerance)
    near(A:dot(X), B, 20 * tolerance)
    near(A:dot(linalg.inv(A)), identity(#A), 50 * tolerance)
  end)
  expect.equal(linalg.solve(tensor({{2, 0}, {0, 4}}, {dtype = "int64"}), tensor{2, 4}).dtype, "float64")
end)

test("svd puts the matrix together again, from orthonormal bases and descending values", function()
  random.seed(11)
  each_size(any, function(A, tolerance)
    local m, n = A.shape[1], A.shape[2]
    local U, S, Vt = linalg.svd(A, {full_matrices = false})
    near((U * S):dot(Vt), A, tolerance)
    near(U.T:dot(U), identity(math.min(m, n)), tolerance)
    near(Vt:dot(Vt.T), identity(math.min(m, n)), tolerance)
    for i = 2, #S do expect.ok(S[i] <= S[i - 1] and S[i] >= 0) end
    local whole_U, values, whole_Vt = linalg.svd(A)
    near(whole_U.T:dot(whole_U), identity(m), tolerance)
    near(whole_Vt:dot(whole_Vt.T), identity(n), tolerance)
    near(values, S, tolerance)
    near(linalg.svdvals(A), S, tolerance)
  end)
end)

test("qr puts the matrix together again, and R is zero below its diagonal", function()
  random.seed(12)
  each_size(any, function(A, tolerance)
    local m, n = A.shape[1], A.shape[2]
    for _, mode in ipairs {"reduced", "complete"} do
      local Q, R = linalg.qr(A, mode)
      expect.equal(shape(Q), m .. " " .. (mode == "complete" and m or math.min(m, n)))
      near(Q:dot(R), A, tolerance)
      near(Q.T:dot(Q), identity(Q.shape[2]), tolerance)
      for i = 2, #R do
        for j = 1, math.min(i - 1, n) do expect.equal(R[{i, j}], 0.0) end
      end
      if mode == "reduced" then near(linalg.qr(A, "r"), R, 0) end
    end
  end)
end)

test("eigh gives ascending values and orthonormal vectors of a symmetric matrix", function()
  random.seed(13)
  each_size(squares, function(A, tolerance)
    A = A + A.T
    local w, V = linalg.eigh(A)
    near(A:dot(V), V * w, 4 * tolerance)
    near(V.T:dot(V), identity(#A), tolerance)
    for i = 2, #w do expect.ok(w[i] >= w[i - 1]) end
    near(linalg.eigvalsh(A), w, 4 * tolerance)
  end)
end)

test("cholesky gives the lower factor of a positive definite matrix", function()
  random.seed(14)
  each_size(squares, function(A, tolerance, dtype)
    local P = A:dot(A.T) + eye(#A):astype(dtype)
    local L = linalg.cholesky(P)
    near(L:dot(L.T), P, 20 * tolerance)
    for i = 1, #L do
      for j = i + 1, #L do expect.equal(L[{i, j}], 0.0) end
    end
  end)
end)

test("lstsq finds the least sum of squares: the rest is orthogonal to every column", function()
  random.seed(15)
  each_size(any, function(A, tolerance, dtype)
    local m, n = A.shape[1], A.shape[2]
    local b, B = random.randn(m):astype(dtype), random.randn(m, 2):astype(dtype)
    local x, residuals, rank, s = linalg.lstsq(A, b)
    expect.equal(shape(x), tostring(n))
    near(A.T:dot(A:dot(x) - b), zeros(n), 20 * tolerance)
    expect.equal(rank, math.min(m, n))
    near(s, linalg.svdvals(A), tolerance)
    if m > n then
      expect.close(residuals[1], sum((A:dot(x) - b) ^ 2), 10 * tolerance)
    else
      expect.equal(residuals.size, 0)
    end
    near(linalg.lstsq(A, B), linalg.pinv(A):dot(B), 20 * tolerance)
  end)
  local x, _, rank = linalg.lstsq(tensor{{1, 1}, {1, 1}, {1, 1}}, tensor{2, 2, 2})
  expect.equal(rank, 1)  -- many x fit: the shortest
  near(x, tensor{1, 1}, 1e-14)
end)

test("pinv obeys Penrose's equations, also where the rank is not full", function()
  random.seed(16)
  each_size(any, function(A, tolerance)
    local m, n = A.shape[1], A.shape[2]
    if n > 1 and m > 0 then A = A:clone() A["1:, 2"] = 2 * A["1:, 1"] end
    local P = linalg.pinv(A)
    expect.equal(shape(P), n .. " " .. m)
    near(A:dot(P):dot(A), A, 30 * tolerance)
    near(P:dot(A):dot(P), P, 30 * tolerance)
    near(A:dot(P), A:dot(P).T, 30 * tolerance)
    near(P:dot(A), P:dot(A).T, 30 * tolerance)
  end)
end)

test("determinants multiply, have a sign, and may be beyond the range of numbers", function()
  random.seed(17)
  local A, B = random.randn(6, 6), random.randn(6, 6)
  expect.close(linalg.det(A:dot(B)), linalg.det(A) * linalg.det(B), 1e-10)
  expect.equal(linalg.det(tensor{{0, 1}, {1, 0}}), -1.0)
  expect.equal(linalg.det(zeros(0, 0)), 1.0)
  expect.equal(linalg.det(zeros(3, 3)), 0.0)
  expect.equal(linalg.det(tensor{{2, 1}, {4, 2}}), 0.0)
  local sign, logarithm = linalg.slogdet(-1e-3 * eye(301))
  expect.equal(sign, -1.0)
  expect.close(logarithm, 301 * math.log(1e-3))
  -- The product of the first pivots overflows, the whole does not.
  local D = eye(400)
  for i = 1, 400 do D[{i, i}] = i <= 200 and 1e3 or 1e-3 end
  expect.close(linalg.det(D), 1.0, 1e-10)
  expect.equal(linalg.det(1e3 * eye(400)), math.huge)
  sign, logarithm = linalg.slogdet(zeros(2, 2))
  expect.equal(sign, 0.0)
  expect.equal(logarithm, -math.huge)
end)

test("rank and condition number count and compare singular values", function()
  local H = ones(4, 4) / (arange(1, 5):reshape(4, 1) + arange(4))  -- Hilbert's
  expect.close(linalg.cond(H), 15513.738738929662, 1e-9)
  expect.equal(linalg.matrix_rank(H), 4)
  expect.equal(linalg.matrix_rank(H, 0.1), 2)
  expect.equal(linalg.matrix_rank(arange(9):reshape(3, 3)), 2)
  expect.equal(linalg.matrix_rank(zeros(3, 0)), 0)
  expect.equal(linalg.cond(tensor{{1, 0}, {0, 0}}), math.huge)
  expect.equal(linalg.norm(tensor{3, 4}), 5.0)
end)

test("a stack gives what each of its matrices gives, broadcast on the right", function()
  random.seed(18)
  local A = random.randn(2, 3, 4, 4)
  local b, B = random.randn(4), random.randn(3, 4, 2)
  local one = A[{2, 3}]
  local S = A + A:transpose(1, 2, 4, 3)
  near(linalg.inv(A)[{2, 3}], linalg.inv(one), 0)
  near(linalg.det(A)[{2, 3}] * ones(1), linalg.det(one) * ones(1), 0)
  near(linalg.solve(A, b)[{2, 3}], linalg.solve(one, b), 0)
  near(linalg.solve(A, B)[{2, 3}], linalg.solve(one, B[3]), 0)
  near(linalg.solve(one, B)[2], linalg.solve(one, B[2]), 0)
  near((linalg.eigh(S))[{1, 2}], (linalg.eigh(S[{1, 2}])), 0)
  near(select(2, linalg.qr(A))[{1, 2}], select(2, linalg.qr(A[{1, 2}])), 0)
  near(select(3, linalg.svd(A))[{1, 2}], select(3, linalg.svd(A[{1, 2}])), 0)
  near(linalg.pinv(A)[{1, 2}], linalg.pinv(A[{1, 2}]), 0)
  expect.equal(shape(linalg.cond(A)), "2 3")
  expect.equal(linalg.matrix_rank(A)[{1, 1}], 4)
  expect.equal(shape(linalg.slogdet(A)), "2 3")
  near(linalg.matrix_power(A, 3)[{2, 3}], one:dot(one):dot(one), 1e-12)
  expect.equal(shape(linalg.inv(zeros(0, 3, 3))), "0 3 3")
end)

test("powers of a matrix: of its inverse where they are negative, the identity for 0", function()
  local A = tensor{{2, 1}, {1, 1}}
  near(linalg.matrix_power(A, 0), identity(2), 0)
  near(linalg.matrix_power(A, 1), A, 0)
  near(linalg.matrix_power(A, 5), A:dot(A):dot(A):dot(A):dot(A), 0)
  near(linalg.matrix_power(A, -2):dot(A):dot(A), identity(2), 1e-13)
  expect.error(function() linalg.matrix_power(A, 0.5) end, "a whole number, not 0.5")
  expect.error(function() linalg.matrix_power(zeros(2, 3), 2) end, "a square matrix, not shape (2, 3)")
end)

local refused = {
  ["linalg.solve(zeros(2, 3), zeros(2))"] = "linalg.solve takes a square matrix, not (2, 3)",
  ["linalg.solve(eye(3), zeros(4))"] = "A is (3, 3), so b must have 3 rows: shape (3,) or (3, k), and it is (4,)",
  ["linalg.solve(eye(3), tensor(1))"] = "and it is ()",
  ["linalg.inv(zeros(3))"] = "linalg.inv takes a matrix (a tensor of two axes, or a stack of them with more)",
  ["linalg.inv(zeros(3, 3))"] = "linalg.inv: the matrix is singular: column 1 is zero",
  ["linalg.inv(tensor{{1, 2}, {2, 4}})"] = "a column is a combination of the columns before it",
  ["linalg.inv(arange(1, 10):reshape(3, 3))"] = "the matrix is singular: ",
  ["linalg.inv(arange(5, 13):reshape(4, 2):dot(arange(8):reshape(2, 4)) / 7)"] =
    "singular: but for rounding a column is a combination",
  ["linalg.inv(stack{eye(2), zeros(2, 2)})"] = "linalg.inv, matrix 2 of the stack: the matrix is singular",
  ["linalg.svd(tensor{{1, 0/0}, {1, 1}})"] = "linalg.svd: element {1, 2} of the matrix is nan",
  ["linalg.solve(eye(2), tensor{1, -math.huge})"] = "element {2, 1} of the right-hand side is -inf",
  ["linalg.eigh(tensor{{1, 2}, {0, 1}})"] = "not symmetric: element {1, 2} is 2 and element {2, 1} is 0",
  ["linalg.cholesky(tensor{{1, 2}, {2, 1}})"] = "the determinant of its first 2 rows and columns is not above 0",
  ["linalg.cholesky(zeros(3, 3))"] = "its first 1 rows",
  ["linalg.cholesky(tensor{{1, 2}, {0, 1}})"] = "not symmetric",
  ["linalg.qr(eye(2), 'full')"] = "invalid option 'full'",
  ["linalg.svd(eye(2), {full_matrice = false})"] = 'did you mean "full_matrices"',
  ["linalg.svd(eye(2), {full_matrices = 1})"] = "full_matrices is true or false",
  ["linalg.lstsq(zeros(2, 3, 3), zeros(3))"] = "one matrix A",
  ["linalg.cond(zeros(0, 2))"] = "no condition number",
  ["linalg.solve(zeros(2, 3, 3), zeros(4, 3, 1))"] = "do not fit",
  ["linalg.inv 'x'"] = "tensor expected, got string",
}
local calls = {}
for call in pairs(refused) do calls[#calls + 1] = call end
table.sort(calls)
for _, call in ipairs(calls) do
  test(call .. " is refused with a reason", function()
    expect.error(assert(load("return " .. call)), refused[call])
  end)
end

test("scale makes no matrix singular", function()
  for _, scale in ipairs {1e-200, 1e200} do
    near(linalg.inv(scale * tensor{{1, 2}, {3, 4}}) * scale, linalg.inv(tensor{{1, 2}, {3, 4}}), 1e-14)
  end
  local A = tensor{{1e-20, 1e-20}, {1, 2}}
  near(linalg.solve(A, A:dot(tensor{3, 4})), tensor{3, 4}, 1e-14)
  near(linalg.inv(tensor{{1e-30, 0}, {0, 1}}), tensor{{1e30, 0}, {0, 1}}, 1e15)
end)

test("a matrix close to singular gives a note at the prompt on how many digits to trust", function()
  local session = require "gradus.session"
  local s = session.new {sink = require("gradus.session.sink").capture(200), interactive = true}
  s:execute "H = ones(8, 8) / (arange(1, 9):reshape(8, 1) + arange(8))"
  s.sink:take(true)
  s:execute "x = linalg.solve(H, ones(8))"
  local text = s.sink:take(true)
  expect.ok(text:find("note: linalg.solve: the matrix is close to singular (reciprocal condition number 3.0e-11): "
    .. "of the 16 digits of float64 trust about 5", 1, true), text)
  s:execute "x = linalg.inv(grad.track(H))"
  text = s.sink:take(true)
  expect.ok(text:find("note: linalg.inv: the matrix is close to singular", 1, true), text)
  s:execute "x = linalg.inv(tensor{{1e-30, 0}, {0, 1}})"
  text = s.sink:take(true)
  expect.ok(text:find("no digit of the result can be trusted", 1, true), text)
  s:execute "x = linalg.inv(tensor{{1, 2}, {3, 4}})"
  expect.equal(s.sink:take(true), "")
end)

test.done()
