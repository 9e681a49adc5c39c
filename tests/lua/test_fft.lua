-- Fourier transforms, against their definition and their properties.

local test, expect = dofile(os.getenv "GRADUS_TESTS" .. "/lua/tap.lua")

local function shape(t) return table.concat(t.shape, " ") end

local function near(a, b, tolerance)
  expect.equal(shape(a), shape(b))
  local off = a.size == 0 and 0 or max(abs(a - b))
  expect.ok(off <= (tolerance or 1e-12), "off by " .. off)
end

-- The definition, for one axis of n points in the last place.
local function definition(re, im, sign)
  local n = re.shape[#re.shape]
  local angle = outer(arange(n), arange(n)) * (sign * 2 * math.pi / n)
  local c, s = cos(angle), sin(angle)
  return re:dot(c) - im:dot(s), re:dot(s) + im:dot(c)
end

test("fft is its definition, for every size and along every axis", function()
  random.seed(1)
  for _, n in ipairs {1, 2, 3, 4, 5, 8, 12, 17, 31, 64, 97} do
    local re, im = random.randn(3, n), random.randn(3, n)
    local a, b = fft.fft(re, im)
    local c, d = definition(re, im, -1)
    near(a, c, 1e-11)
    near(b, d, 1e-11)
    local e, f = fft.fft(re.T, im.T, {axis = 1})
    near(e, c.T, 1e-11)
    near(f, d.T, 1e-11)
    local g, h = fft.ifft(re, im)
    c, d = definition(re, im, 1)
    near(g, c / n, 1e-12)
    near(h, d / n, 1e-12)
    c, d = definition(re, zeros(3, n), -1)
    a, b = fft.fft(re)
    near(a, c, 1e-11)
    near(b, d, 1e-11)
  end
end)

test("an axis in the middle of a strided view is transformed as in a copy of it", function()
  random.seed(2)
  local x = random.randn(4, 6, 10)["::-1, ::2, ::3"]
  local re, im = fft.fft(x, {axis = 2})
  local a, b = fft.fft(x:transpose(1, 3, 2):clone())
  near(re, a:transpose(1, 3, 2))
  near(im, b:transpose(1, 3, 2))
  local y = x:clone()
  near(x, y, 0)  -- and is as it was
end)

test("the inverse brings everything back, also in float32, where the numbers stay float32", function()
  random.seed(3)
  for _, dtype in ipairs {"float64", "float32"} do
    local re, im = random.randn(5, 12):astype(dtype), random.randn(5, 12):astype(dtype)
    local a, b = fft.ifft(fft.fft(re, im))
    expect.equal(a.dtype, dtype)
    near(a, re, 1e-6)
    near(b, im, 1e-6)
    local c, d = fft.ifft2(fft.fft2(re, im))
    near(c, re, 1e-6)
    near(d, im, 1e-6)
    for _, axis in ipairs {1, 2} do
      local p, q = fft.rfft(re, {axis = axis})
      near(fft.irfft(p, q, {axis = axis, n = re.shape[axis]}), re, 1e-6)
    end
  end
  expect.equal(fft.fft(tensor({1, 2}, {dtype = "int64"})).dtype, "float64")
end)

test("rfft is the first half of fft, and irfft takes the rest for its mirror image", function()
  random.seed(4)
  for _, n in ipairs {1, 2, 3, 7, 10, 64} do
    local x = random.randn(2, n)
    local re, im = fft.fft(x)
    local a, b = fft.rfft(x)
    local half = n // 2 + 1
    near(a, re[{{}, {1, half}}])
    near(b, im[{{}, {1, half}}])
    near(fft.irfft(a, b, {n = n}), x)
  end
end)

test("n cuts off or fills up with zeros", function()
  local x = tensor{1, 2, 3, 4}
  near((fft.fft(x, {n = 2})), (fft.fft(tensor{1, 2})), 0)
  near((fft.fft(x, {n = 6})), (fft.fft(tensor{1, 2, 3, 4, 0, 0})), 0)
  near((fft.rfft(x, {n = 7})), (fft.rfft(tensor{1, 2, 3, 4, 0, 0, 0})), 0)
  near(fft.irfft(tensor{10, -2, -2}), tensor{1, 3, 3, 3})  -- numpy.fft.irfft([10, -2, -2])
  near((fft.ifft(x, x, {n = 3})), (fft.ifft(tensor{1, 2, 3}, tensor{1, 2, 3})), 0)
end)

test("fft2 is fft along both axes, for each picture of a stack", function()
  random.seed(5)
  local x = random.randn(2, 5, 6)
  local re, im = fft.fft2(x)
  local a, b = fft.fft(x)
  a, b = fft.fft(a, b, {axis = 2})
  near(re, a)
  near(im, b)
  near(re[2], (fft.fft2(x[2])))
end)

test("norm says which direction is divided by the number of points", function()
  local x = tensor{1, 2, 3, 4}
  near((fft.fft(x, {norm = "forward"})), fft.fft(x) / 4)
  near((fft.fft(x, {norm = "ortho"})), fft.fft(x) / 2)
  near((fft.ifft(x, {norm = "forward"})), fft.ifft(x) * 4)
  near((fft.fft2(ones(2, 2), {norm = "ortho"})), tensor{{2, 0}, {0, 0}})
end)

test("the transform of a convolution is the product of the transforms", function()
  random.seed(6)
  local x, k = random.randn(9, 7), random.randn(3, 4)
  local rows, columns = 9 + 3 - 1, 7 + 4 - 1
  local function padded(t)
    local p = zeros(rows, columns)
    p[{{1, t.shape[1]}, {1, t.shape[2]}}] = t
    return p
  end
  local a, b = fft.fft2(padded(x))
  local c, d = fft.fft2(padded(k))
  local re, im = fft.ifft2(a * c - b * d, a * d + b * c)
  local direct = zeros(rows, columns)
  for i = 1, 3 do
    for j = 1, 4 do
      direct[{{i, i + 8}, {j, j + 6}}] = direct[{{i, i + 8}, {j, j + 6}}] + x * k[{i, j}]
    end
  end
  near(re, direct)
  near(im, zeros(rows, columns))
end)

test("Parseval: the transform keeps the sum of squares", function()
  random.seed(7)
  local x = random.randn(1000)
  local re, im = fft.fft(x, {norm = "ortho"})
  expect.close(sum(re ^ 2 + im ^ 2), sum(x ^ 2))
end)

test("the same transform gives the same bits again", function()
  random.seed(8)
  local x = random.randn(37, 45)
  local first, other = fft.fft2(x)
  local kept = {}
  for i = 1, 20 do
    kept[i] = zeros(10 * i, 40)  -- memory lies differently each time
    local re, im = fft.fft2(x:clone())
    near(re, first, 0)
    near(im, other, 0)
  end
end)

test("frequencies stand where fft puts them, and fftshift turns 0 to the middle", function()
  expect.equal(tostring(fft.fftfreq(4)), "[ 0.    0.25 -0.5  -0.25]")
  expect.equal(tostring(fft.fftfreq(5, 0.2)), "[ 0.  1.  2. -2. -1.]")
  expect.equal(tostring(fft.rfftfreq(5, 0.2)), "[0. 1. 2.]")
  for _, n in ipairs {1, 2, 5, 6} do
    local x = arange(n * 3):reshape(n, 3)
    near(fft.ifftshift(fft.fftshift(x)), x, 0)
    near(fft.ifftshift(fft.fftshift(x, 1), 1), x, 0)
    expect.equal(fft.fftshift(fft.fftfreq(n))[n // 2 + 1], 0.0)
  end
  near(fft.fftshift(tensor{{1, 2}, {3, 4}}), tensor{{4, 3}, {2, 1}}, 0)
  near(fft.fftshift(tensor{{1, 2}, {3, 4}}, {2}), tensor{{2, 1}, {4, 3}}, 0)
  expect.equal(fft.fftshift(zeros(0, 2)).size, 0)
  local x = grad.track(tensor{1, 2, 3})
  sum(fft.fftshift(x) * tensor{1, 10, 100}):backward()
  near(x.grad, tensor{10, 100, 1}, 0)
end)

test("empty stacks are empty, and nan stays nan", function()
  local re, im = fft.fft(zeros(0, 4))
  expect.equal(shape(re), "0 4")
  expect.equal(shape(im), "0 4")
  expect.equal(shape(fft.rfft(zeros(2, 0, 3))), "2 0 2")
  expect.ok(all(isnan((fft.fft(tensor{1, 0 / 0, 2})))))
end)

local refused = {
  ["fft.fft(tensor(1))"] = "at least one axis",
  ["fft.fft(zeros(0))"] = "at least one point along axis 1, not 0",
  ["fft.fft(zeros(3), {n = 0})"] = "at least one point",
  ["fft.fft(zeros(3), {n = 1.5})"] = "a whole number",
  ["fft.fft(zeros(3), zeros(4))"] = "the real part is (3,) and the imaginary part (4,)",
  ["fft.fft(zeros(3), {axes = 1})"] = 'did you mean "axis"',
  ["fft.fft(zeros(3), {axis = 2})"] = "axis 2 does not exist",
  ["fft.fft(zeros(3), {norm = 'orto'})"] = "norm is",
  ["fft.fft2(zeros(3))"] = "along the last two axes",
  ["fft.fft2(zeros(3, 0))"] = "at least one point",
  ["fft.rfft(zeros(3), zeros(3))"] = "real numbers only",
  ["fft.irfft(zeros(1))"] = "{n=1}",
  ["fft.fft 'x'"] = "tensor expected",
  ["fft.fftfreq(0)"] = "at least one point",
  ["fft.fftfreq(math.maxinteger)"] = "more elements than any machine",
  ["fft.fftshift(zeros(3), 2)"] = "axis 2 does not exist",
}
local calls = {}
for call in pairs(refused) do calls[#calls + 1] = call end
table.sort(calls)
for _, call in ipairs(calls) do
  test(call .. " is refused with a reason", function()
    expect.error(assert(load("return " .. call)), refused[call])
  end)
end

test.done()
