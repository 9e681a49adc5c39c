-- Gradients through the module linalg: beside central differences, in both modes, of stacks and in every layout.
-- What PyTorch says of the same functions is replayed by test_peers.lua.

local test, expect = dofile(os.getenv "GRADUS_TESTS" .. "/lua/tap.lua")

-- ---- gradients beside differences, and forward mode beside both ----

local function last(A) return A.shape[A.ndim] end
local function transposed(A)
  local axes = {}
  for i = 1, A.ndim do axes[i] = i end
  axes[#axes], axes[#axes - 1] = axes[#axes - 1], axes[#axes]
  return A:transpose(table.unpack(axes))
end
local function symmetric(A) return (A + transposed(A)) / 2 end
local function positive(A) return matmul(A, transposed(A)) + eye(last(A)) end
local function far_from_singular(A) return A + 3 * eye(last(A)) end

-- One number, in which each element has a weight of its own.
local function weighted(t)
  if type(t) == "number" then return t * math.cos(1) end  -- what is a number where nothing is tracked
  local weights = cos(arange(t.size) * 1.7 + 1):reshape(t.shape)
  return sum(t * weights)
end

-- Of the results with the numbers in `which`, or of all; signs of vectors are free, so their squares.
local function results(f, which)
  return function(A)
    local total = 0
    for i, t in ipairs {f(A)} do
      if not which or which == i then total = total + i * weighted(t ^ 2) end
    end
    return total
  end
end
local function svd(A) return linalg.svd(A, {full_matrices = false}) end
local function eigh(A) return linalg.eigh(symmetric(A)) end

local squares = {{4, 4}, {1, 1}, {3, 4, 4}, {2, 1, 1}}
local any = {{4, 4}, {5, 3}, {3, 5}, {1, 1}, {1, 4}, {4, 1}, {2, 4, 3}, {2, 3, 4}}
local single = {{4, 4}, {5, 3}, {3, 5}, {1, 1}, {4, 1}}

local cases = {
  {"solve, vector", function(A) return weighted(linalg.solve(far_from_singular(A), arange(last(A)) - 1)) end, squares},
  {"solve, matrix", function(A) return weighted(linalg.solve(far_from_singular(A), ones(last(A), 2))) end, squares},
  {"inv", function(A) return weighted(linalg.inv(far_from_singular(A))) end, squares},
  {"det", function(A) return weighted(linalg.det(A)) end, squares},
  {"slogdet", function(A) return weighted(select(2, linalg.slogdet(far_from_singular(A)))) end, squares},
  {"cholesky", function(A) return weighted(linalg.cholesky(positive(A))) end, squares},
  {"w of eigh", results(eigh, 1), squares},
  {"V of eigh", results(eigh, 2), squares},
  {"eigh", results(eigh), squares},
  {"eigvalsh", function(A) return weighted(linalg.eigvalsh(symmetric(A))) end, squares},
  {"U of svd", results(svd, 1), any},
  {"S of svd", results(svd, 2), any},
  {"Vt of svd", results(svd, 3), any},
  {"svd", results(svd), any},
  {"svd with full_matrices", results(linalg.svd), squares},
  {"svdvals", function(A) return weighted(linalg.svdvals(A)) end, any},
  {"Q of qr", results(linalg.qr, 1), any},
  {"R of qr", results(linalg.qr, 2), any},
  {"qr", results(linalg.qr), any},
  {"R alone", results(function(A) return linalg.qr(A, "r") end), any},
  {"complete qr", results(function(A) return linalg.qr(A, "complete") end), {{4, 4}, {3, 5}, {2, 3, 3}}},
  {"pinv", function(A) return weighted(linalg.pinv(A)) end, any},
  {"pinv that cuts", function(A) return weighted(linalg.pinv(A, 0.6)) end, any},
  {"cond", function(A) return weighted(linalg.cond(A)) end, any},
  {"norm of order 2", function(A) return linalg.norm(A, 2) end, {{4, 4}, {5, 3}, {3, 5}}},
  {"norm of order -2", function(A) return linalg.norm(A, -2) end, {{4, 4}, {5, 3}, {3, 5}}},
  {"matrix_power", function(A) return weighted(linalg.matrix_power(A, 3)) end, squares},
  {"matrix_power of the inverse", function(A) return weighted(linalg.matrix_power(far_from_singular(A), -2)) end,
    squares},
  {"x of lstsq", function(A) return weighted((linalg.lstsq(A, arange(A.shape[1]) ^ 2 + 1))) end, single},
  {"x of lstsq, matrix", function(A) return weighted((linalg.lstsq(A, sqrt(arange(2 * #A)):reshape(#A, 2)))) end,
    single},
  {"residuals of lstsq", function(A) return weighted(select(2, linalg.lstsq(A, arange(#A) ^ 2))) end, {{5, 3}, {4, 1}}},
  {"s of lstsq", function(A) return weighted(select(4, linalg.lstsq(A, arange(#A)))) end, single},
}

for number, case in ipairs(cases) do
  local name, f, shapes = table.unpack(case)
  for _, shape in ipairs(shapes) do
    random.seed(number)
    local A = random.randn(shape)
    local direction = random.randn(shape)
    local where = " at (" .. table.concat(shape, ", ") .. ")"
    test("the gradient through " .. name .. " agrees with differences" .. where, function()
      local found = grad.check(f, A)
      expect.ok(found.ok, tostring(found))
      local forward = grad.forward(f, {A}, {direction = {direction}})
      expect.close(forward.derivatives[1], sum(found.gradient * direction), 1e-10)
    end)
    test("in float32 the gradient through " .. name .. " is the same but for rounding" .. where, function()
      local exact, rough = grad.track(A), grad.track(A:astype "float32")
      f(exact):backward()
      f(rough):backward()
      expect.equal(rough.grad.dtype, "float32")
      local off = max(abs(exact.grad - rough.grad)) / math.max(max(abs(exact.grad)), 1)
      expect.ok(off < 2e-3, "off by " .. off)
    end)
  end
end

local function near(a, b, tolerance)
  expect.equal(table.concat(a.shape, " "), table.concat(b.shape, " "))
  expect.ok(a.size == 0 or max(abs(a - b)) <= tolerance, "off by " .. (a.size == 0 and "" or max(abs(a - b))))
end

-- The gradients of f by each of the plain tensors.
local function gradients(f, ...)
  local leaves = {...}
  for i, t in ipairs(leaves) do leaves[i] = grad.track(t) end
  f(table.unpack(leaves)):backward()
  for i, t in ipairs(leaves) do leaves[i] = t.grad end
  return table.unpack(leaves)
end

-- ---- solve: what broadcasts and what is mixed ----

random.seed(30)
local P = random.randn(2, 1, 3, 3) + 4 * eye(3)
local rights = {
  ["a vector"] = random.randn(3), ["a matrix"] = random.randn(3, 2), ["a stack"] = random.randn(4, 3, 2),
  ["a stack that the matrices are stretched to"] = random.randn(2, 4, 3, 2),
}
for name, b in pairs(rights) do
  test("solve gives a stretched matrix and " .. name .. " the sum of what each of them gets", function()
    expect.ok(grad.check(function(A) return weighted(linalg.solve(A, b)) end, P).ok)
    expect.ok(grad.check(function(x) return weighted(linalg.solve(P, x)) end, b).ok)
    expect.ok(grad.check(function(A) return weighted(linalg.solve(A, b)) end, P[{1, 1}]).ok)
    expect.ok(grad.check(function(x) return weighted(linalg.solve(P + sum(x), x)) end, b).ok)
    local plain, tracked = linalg.solve(P, b), linalg.solve(grad.track(P), grad.track(b))
    near(tracked:detach(), plain, 0)
  end)
end

test("solve and lstsq of a float32 beside a float64 compute in float64, and each gets a gradient of its own dtype",
  function()
    local A, b = P[{1, 1}], random.randn(3)
    for _, f in ipairs {linalg.solve, linalg.lstsq} do
      local function loss(x, y) return weighted((f(x, y))) end
      local dA, db = gradients(loss, A:astype "float32", b)
      local exact_A, exact_b = gradients(loss, A, b)
      expect.equal(dA.dtype, "float32")
      expect.equal(db.dtype, "float64")
      near(dA, exact_A, 1e-5)
      near(db, exact_b, 1e-5)
      dA, db = gradients(loss, A, b:astype "float32")
      expect.equal(dA.dtype .. db.dtype, "float64float32")
      near(db, exact_b, 1e-5)
    end
  end)

test("plain numbers beside tracked ones may be integers, and lie in memory as they like", function()
  local whole = tensor({{2, 1}, {1, 3}}, {dtype = "int64"})
  local db = gradients(function(b) return sum(linalg.solve(whole, b)) end, ones(2))
  near(db, linalg.inv(whole).T:dot(ones(2)), 1e-14)
  local wide = random.randn(6, 8)["::2, ::-4"]
  local A = random.randn(3, 3) + 3 * eye(3)
  near((gradients(function(x) return weighted(linalg.solve(x, wide)) end, A)),
    (gradients(function(x) return weighted(linalg.solve(x, wide:clone())) end, A)), 0)
  near((gradients(function(x) return weighted(linalg.inv(x.T)) end, A)),
    (gradients(function(x) return weighted(linalg.inv(x)) end, A.T)).T, 1e-14)
end)

test("a right-hand side that is used alone gets its gradient, also from lstsq", function()
  local A = random.randn(5, 3)
  local db = gradients(function(b) return sum((linalg.lstsq(A, b))) end, random.randn(5))
  near(db, linalg.pinv(A).T:dot(ones(3)), 1e-13)
end)

-- ---- nothing, one, many ----

test("matrices without elements, and stacks without matrices, have gradients without elements", function()
  local of_square = {linalg.inv, linalg.det, linalg.slogdet, linalg.cholesky, linalg.eigh, linalg.eigvalsh,
    linalg.svd, linalg.svdvals, linalg.qr, linalg.pinv}
  for _, sizes in ipairs {{0, 0}, {0, 3, 3}, {2, 0, 0}} do
    for _, f in ipairs(of_square) do
      local x = grad.track(zeros(sizes))
      local total = sum(x)
      for _, t in ipairs {f(x)} do total = total + sum(t) end
      total:backward()
      expect.equal(table.concat(x.grad.shape, " "), table.concat(sizes, " "))
      expect.equal(x.grad.size, 0)
    end
  end
  for _, sizes in ipairs {{0, 3}, {3, 0}} do
    for _, f in ipairs {svd, linalg.svdvals, linalg.qr, linalg.pinv} do
      local x = grad.track(zeros(sizes))
      local total = sum(x)
      for _, t in ipairs {f(x)} do total = total + sum(t) end
      total:backward()
      expect.equal(x.grad.size, 0)
    end
  end
  local A, b = grad.track(zeros(2, 0, 3, 3)), grad.track(ones(3))
  sum(linalg.solve(A, b)):backward()
  near(b.grad, zeros(3), 0)  -- of no matrix
end)

test("each matrix of a stack gets the gradient that it gets alone", function()
  random.seed(31)
  local A = random.randn(2, 3, 4, 4)
  for _, f in ipairs {linalg.inv, linalg.det, eigh, svd, linalg.qr, linalg.pinv, function(x)
    return linalg.cholesky(positive(x)) end} do
    local function loss(x)
      local total = 0
      for _, t in ipairs {f(x)} do total = total + sum(t ^ 2) end
      return total
    end
    local all, one = gradients(loss, A), gradients(loss, A[{2, 3}])
    near(all[{2, 3}], one, 1e-10 * max(abs(one)))
  end
end)

test("gradients add up where a matrix is used twice, and when backward is called twice", function()
  local A = random.randn(3, 3) + 3 * eye(3)
  local function loss(x) return sum(linalg.inv(x)) + sum(linalg.pinv(x)) + linalg.det(x) end
  local x = grad.track(A)
  loss(x):backward()
  local once = x.grad:clone()
  loss(x):backward()
  near(x.grad, 2 * once, 1e-12)
  expect.ok(grad.check(loss, A).ok)
end)

-- ---- results that are alike ----

test("a determinant has a gradient at a singular matrix, its cofactors; its logarithm has none", function()
  near((gradients(linalg.det, tensor{{1, 2}, {2, 4}})), tensor{{4, -2}, {-2, 1}}, 1e-14)
  near((gradients(linalg.det, zeros(2, 2))), zeros(2, 2), 0)
  near((gradients(linalg.det, tensor(0.0):reshape(1, 1))), ones(1, 1), 0)
  expect.ok(grad.check(linalg.det, arange(9):reshape(3, 3)).ok)
  near((gradients(linalg.det, arange(16):reshape(4, 4))), zeros(4, 4), 1e-12)  -- rank 2
  local D = eye(400)
  for i = 1, 400 do D[{i, i}] = i <= 200 and 1e3 or 1e-3 end
  D[{400, 400}] = 0  -- products of the others leave the range of numbers on the way
  local d = gradients(linalg.det, D)
  expect.close(d[{400, 400}], 1e3, 1e-10)
  expect.close(d[{1, 1}], 0, 1e-10)
  local x = grad.track(tensor{{1, 2}, {2, 4}})
  local sign, logarithm = linalg.slogdet(x)
  expect.equal(logarithm:detach():reshape(1)[1], -math.huge)
  expect.error(function() logarithm:backward() end,
    "the gradient of linalg.slogdet: the matrix is singular, and near it the logarithm of the determinant falls to")
  sign:backward()
  near(x.grad, zeros(2, 2), 0)
end)

test("eigenvalues alone have gradients where they are equal, by whichever function they come", function()
  local A = tensor{{2, 0, 0}, {0, 2, 0}, {0, 0, 5}}
  near((gradients(function(x) return sum(linalg.eigvalsh(x) ^ 3) end, A)), 3 * A:dot(A), 1e-12)
  near((gradients(function(x) return sum((linalg.eigh(x)) ^ 3) end, A)), 3 * A:dot(A), 1e-12)
  near((gradients(function(x) return sum(linalg.svdvals(x) ^ 3) end, A)), 3 * A:dot(A), 1e-12)
  near((gradients(function(x) return sum(select(2, svd(x)) ^ 3) end, A)), 3 * A:dot(A), 1e-12)
  near((gradients(function(x) return linalg.norm(x, 2) end, eye(3))), eye(3) / 3, 1e-14)
  near((gradients(function(x) return linalg.norm(x, "nuc") end, eye(3))), eye(3), 1e-14)
  expect.close(grad.forward(function(x) return sum(linalg.eigvalsh(x)) end, {A}, {direction = {eye(3)}}).derivatives[1],
    3.0)
end)

local function eigenvectors(x) return select(2, linalg.eigh(x)) end

test("an eigenvector has a gradient while others are not determined, and so has what it is used with", function()
  local A = tensor{{2, 0, 0}, {0, 2, 0}, {0, 0, 5}}
  local function top(x)
    local v = eigenvectors((x + x.T) / 2)[{{}, 3}]
    return sum(outer(v, v) * arange(9):reshape(3, 3))
  end
  expect.ok(grad.check(top, A).ok)
  local function value_too(x) return top(x) + (linalg.eigh((x + x.T) / 2))[3] end
  expect.ok(grad.check(value_too, A).ok)
  local function left(x)
    local U, S, Vt = svd(x)
    return sum(outer(U[{{}, 1}], Vt[1]) * arange(9):reshape(3, 3)) + S[1]
  end
  expect.ok(grad.check(left, A).ok)
end)

test("vectors of equal values have no gradient, and an error says which, and what to do", function()
  local equal = "eigenvalues 1 and 2 are equal but for rounding (1 and 1), so that their eigenvectors may turn into "
    .. "one another and there is no gradient through those"
  local function refused(f, A, part)
    local x = grad.track(A)
    local y = f(x)
    expect.error(function() y:backward() end, part)
  end
  refused(function(x) return weighted(eigenvectors(x)) end, eye(3), "the gradient of linalg.eigh: " .. equal)
  refused(function(x) return weighted(eigenvectors(x)) end, stack{tensor{{1, 0}, {0, 2}}, eye(2)},
    "the gradient of linalg.eigh, matrix 2 of the stack: " .. equal)
  refused(function(x) return weighted(eigenvectors(x)) end, eye(3), "A + diag(1e-6 * arange(n))")
  refused(function(x) return weighted(eigenvectors(x) ^ 2) end, eye(3), equal)  -- where V^T dV is symmetric
  -- Equal but for rounding.
  random.seed(32)
  local Q = linalg.qr(random.randn(5, 5))
  local A = (Q * tensor{1, 2, 2, 3, 4}):dot(Q.T)
  A = (A + A.T) / 2
  refused(function(x) return weighted(eigenvectors(x) ^ 2) end, A, "eigenvalues 2 and 3 are equal but for rounding")
  refused(function(x) return weighted(eigenvectors(x) ^ 2) end, A:astype "float32",
    "eigenvalues 2 and 3 are equal but for rounding")
  refused(function(x) return weighted((svd(x)) ^ 2) end, A, "singular values 3 and 4 are equal but for rounding")
  -- V diag(f(w)) V^T is a function of A alone, but what comes back to V does not say which.
  refused(function(x)
    local w, V = linalg.eigh(x)
    return weighted((V * exp(w)):dot(V.T))
  end, eye(2), equal)
  -- Nor where what comes back to V is 0, as f(w) is.
  for i, B in ipairs {tensor{{0, 0, 0}, {0, 0, 0}, {0, 0, 1}}, zeros(2, 2)} do
    refused(function(x)
      local w, V = linalg.eigh(x)
      return weighted((V * w):dot(V.T))
    end, B, "eigenvalues 1 and 2 are equal but for rounding (0 and 0)")
    refused(function(x)
      local U, S, Vt = svd(x)
      return weighted((U * S):dot(Vt))
    end, B, ("singular values %d and %d are equal but for rounding (0 and 0)"):format(3 - i, 4 - i))
  end
  refused(function(x) return weighted((svd(x)) ^ 2) end, tensor{{1, 1}, {1, 1}, {1, 1}},
    "singular value 2 is 0 but for rounding")
end)

test("set apart by little, equal eigenvalues give what their function has for a gradient", function()
  local A, W = eye(3) * 2, arange(9):reshape(3, 3)
  local apart = A + diag(1e-6 * arange(3))
  local got = gradients(function(x)
    local w, V = linalg.eigh(x)
    return sum(W * (V * w ^ 2):dot(V.T))
  end, apart)
  near(got, (W + W.T) / 2 * 4, 1e-4)  -- of x x at 2 eye(3)
end)

test("a single singular value of 0 is no obstacle in a square matrix", function()
  local A, W = tensor{{1, 2}, {2, 4}}, tensor{{1, 2}, {3, 4}}
  local got = gradients(function(x)
    local U, S, Vt = svd(x)
    return sum(W * (U * S):dot(Vt))
  end, A)
  near(got, W, 1e-12)
end)

test("pinv has a gradient at equal singular values, and at lower ranks for changes that keep those", function()
  expect.ok(grad.check(function(x) return weighted(linalg.pinv(x)) end, eye(3)).ok)
  expect.ok(grad.check(function(x) return weighted(linalg.pinv(x)) end, ones(1, 4)).ok)
  -- u v^T stays of rank 1 while u and v change.
  local function of_rank_1(u) return weighted(linalg.pinv(outer(u, tensor{1, 2, -1, 3}))) end
  expect.ok(grad.check(of_rank_1, tensor{1, -2, 0.5}).ok)
  expect.ok(grad.check(function(v) return weighted(linalg.pinv(outer(arange(1, 6), v))) end, tensor{1, -2, 0.5}).ok)
end)

test("qr has no gradient where columns depend on those before them, and an error says which", function()
  local function loss(x) return weighted((linalg.qr(x))) end
  local x = grad.track(tensor{{1, 2}, {2, 4}, {3, 6}})
  local y = loss(x)
  expect.error(function() y:backward() end,
    "the gradient of linalg.qr: column 2 of the matrix is a combination of those before it, but for rounding")
  x = grad.track(zeros(3, 2))
  y = loss(x)
  expect.error(function() y:backward() end, "column 1 of the matrix is zero")
end)

test("a condition number is inf at a singular matrix, and has no gradient there", function()
  for _, A in ipairs {tensor{{1, 0}, {0, 0}}, zeros(2, 2)} do
    local y = linalg.cond(grad.track(A))
    expect.equal(y:detach():reshape(1)[1], math.huge)
    expect.error(function() y:backward() end, "the gradient of linalg.svdvals: what comes back to it is ")
  end
end)

test("what comes back to linear algebra must be finite", function()
  local x = grad.track(eye(2))
  local y = sum(sqrt(linalg.inv(x) - eye(2)))
  expect.error(function() y:backward() end, "the gradient of linalg.inv: what comes back to it is ")
end)

test("derivatives out of the range of numbers are an error, not an inf or a nan", function()
  for _, case in ipairs {{linalg.det, 1e3 * eye(400)}, {linalg.pinv, 1e-200 * eye(2)},
    {linalg.det, 1e25 * eye(3, {dtype = "float32"})}} do
    local f, A = table.unpack(case)
    local y = sum(f(grad.track(A)))
    expect.error(function() y:backward() end, "the derivatives are out of the range of " .. A.dtype)
  end
end)

-- ---- conventions ----

test("of a symmetric matrix the gradient is symmetric", function()
  random.seed(33)
  local A = random.randn(4, 4)
  A = A:dot(A.T) + eye(4)
  for _, f in ipairs {linalg.cholesky, linalg.eigvalsh, eigenvectors} do
    local d = gradients(function(x) return weighted(f(x) ^ 2) end, A)
    near(d, d.T, 0)
  end
end)

test("the zeroth power of a tracked matrix is the identity, whose gradient is 0", function()
  local x = grad.track(random.randn(2, 2))
  sum(linalg.matrix_power(x, 0)):backward()
  near(x.grad, zeros(2, 2), 0)
end)

test.done()
