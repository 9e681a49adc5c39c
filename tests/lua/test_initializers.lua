-- How weights start: formulas of variances, the order in which numbers are drawn.

local test, expect = dofile(os.getenv "GRADUS_TESTS" .. "/lua/tap.lua")

local function drawn(init, shape)
  random.seed(1)
  return init(shape)
end

local function first_kernel(given)
  random.seed(1)
  local m = nn.Sequential{nn.Conv2D{6, 3, kernel_initializer = given, input_shape = {8, 8, 5}}, dtype = "float64"}
  return m.layers[1].kernel
end

test("the limits of Glorot's are those of the course's network", function()
  local limits = {[{3, 3, 1, 16}] = 0.19802950859533486, [{3, 3, 16, 16}] = 0.14433756729740643,
    [{1296, 2}] = 0.0679889413649005}
  for shape, limit in pairs(limits) do
    random.seed(5)
    local wanted = random.uniform(-limit, limit, table.unpack(shape))
    random.seed(5)
    expect.equal(max(abs(initializers.GlorotUniform{}(shape) - wanted)), 0.0)
  end
end)

test("each name has the variance of its formula, and the tails are cut where it says so", function()
  local fan_in, fan_out = 2 * 3 * 50, 2 * 3 * 100
  local variances = {
    glorot_uniform = 2 / (fan_in + fan_out), glorot_normal = 2 / (fan_in + fan_out),
    he_uniform = 2 / fan_in, he_normal = 2 / fan_in,
    lecun_uniform = 1 / fan_in, lecun_normal = 1 / fan_in,
    random_normal = 0.05 ^ 2, random_uniform = 0.1 ^ 2 / 12, truncated_normal = (0.05 * 0.87962566103423978) ^ 2,
    variance_scaling = 1 / fan_in,
  }
  for name, variance in pairs(variances) do
    random.seed(2)
    local m = nn.Sequential{nn.Conv2D{100, {2, 3}, kernel_initializer = name, input_shape = {4, 4, 50}},
      dtype = "float64"}
    local kernel = m.layers[1].kernel
    expect.close(var(kernel) / variance, 1, 0.03)
    expect.close(mean(kernel) / math.sqrt(variance), 0, 0.03)
    local cut = 2 / 0.87962566103423978
    local tails = max(abs(kernel)) / math.sqrt(variance)
    if name:find "uniform" then expect.ok(tails <= math.sqrt(3) + 1e-9, name) end
    if name:find "_normal" and name ~= "random_normal" then expect.ok(tails < cut and tails > cut - 0.1, name) end
  end
end)

test("a truncated normal draws all numbers first and then those beyond two deviations again, in their order", function()
  random.seed(3)
  local wanted = random.randn(200):totable()
  local beyond = {}
  repeat
    beyond = {}
    for i, x in ipairs(wanted) do
      if math.abs(x) >= 2 then beyond[#beyond + 1] = i end
    end
    for _, i in ipairs(beyond) do wanted[i] = random.randn() end
  until #beyond == 0
  local after = random.random()
  random.seed(3)
  local got = initializers.TruncatedNormal{1, 0.5}({10, 20})
  expect.equal(random.random(), after)
  expect.ok(max(abs(got:reshape(-1) - (1 + 0.5 * tensor(wanted)))) < 1e-15)
end)

test("orthogonal kernels keep lengths, tall and wide and with windows", function()
  local function gram(W)
    local columns = W.shape[W.ndim]
    W = W:reshape(-1, columns)
    return W.shape[1] >= columns and W.T:dot(W) or W:dot(W.T)
  end
  for _, shape in ipairs {{6, 4}, {4, 6}, {3, 3, 2, 5}, {1, 7}, {1, 1}} do
    local W = drawn(initializers.Orthogonal{2}, shape)
    local G = gram(W)
    expect.ok(max(abs(G - 4 * eye(G.shape[1]))) < 1e-12)
  end
  expect.equal(drawn(initializers.Orthogonal{}, {0, 3}).size, 0)
  expect.error(function() initializers.Orthogonal{}({3}) end, "at least two axes")
end)

test("an initializer is a name, a value with options or a function, and all of them draw the same numbers", function()
  local by_name = first_kernel "he_normal"
  for _, same in ipairs {initializers.HeNormal{}, initializers.VarianceScaling{2, "fan_in"},
    function(shape) return initializers.HeNormal{}(shape) end} do
    expect.equal(max(abs(first_kernel(same) - by_name)), 0.0)
  end
  expect.equal(max(first_kernel(initializers.Constant{3})), 3.0)
  expect.equal(tostring(initializers.RandomNormal{0, 0.1}), "RandomNormal{mean=0, stddev=0.1}")
  expect.equal(tostring(initializers.VarianceScaling{2}),
    'VarianceScaling{scale=2, mode="fan_in", distribution="truncated_normal"}')
end)

test("one layer with an initializer's value trains as any other, and a layer of one's own takes them too", function()
  local Own = nn.layer{"Own", weights = function(_, shape)
    return {{"factor", shape, initializers.Constant{2}}, {"shift", shape, "random_normal"}}
  end, call = function(layer, x) return x * layer.factor + layer.shift end}
  local m = nn.Sequential{nn.Dense{2, kernel_initializer = initializers.RandomUniform{-1, 1}, input_shape = {3}}, Own{},
    dtype = "float64"}
  m:compile{optimizer = "sgd", loss = "mse"}
  expect.equal(m.layers[2].factor[1], 2.0)
  m:fit{random.randn(8, 3), random.randn(8, 2), epochs = 2, verbose = 0}
  expect.ok(m.layers[2].factor[1] ~= 2.0)
end)

test("an initializer is called with a shape, as a table or as numbers", function()
  expect.equal(table.concat(initializers.RandomNormal{}(3, 2).shape, " "), "3 2")
  expect.equal(tostring(initializers.Ones{}(2)), "[1. 1.]")
  expect.error(function() initializers.HeNormal{}() end, "is called with a shape")
  expect.error(function() initializers.HeNormal{seed = 1} end, "random.seed(1) before a network is made")
end)

test("what is no initializer is said so when the layer is made", function()
  expect.error(function() nn.Dense{2, kernel_initializer = "he_norml"} end, 'did you mean "he_normal"')
  expect.error(function() nn.Dense{2, bias_initializer = 3} end, "bias_initializer is a name")
  expect.error(function() nn.Dense{2, bias_initializer = {}} end, "initializers.HeNormal{}")
  expect.error(function() initializers.VarianceScaling{-1} end, "scale is a number above 0, not -1")
  expect.error(function() initializers.VarianceScaling{1, "fan_on"} end, 'did you mean "fan_in"')
  expect.error(function() initializers.RandomNormal{stddev = 0 / 0} end, "stddev is a number from 0")
  expect.error(function() initializers.RandomUniform{1, -1} end, "greater than maxval")
  expect.error(function() initializers.Identity{}({2, 2, 2}) end, "two axes")
  expect.error(function() first_kernel(function() return zeros(2) end) end, "your kernel_initializer gave a tensor of")
  expect.error(function() first_kernel(function() return 0.5 end) end, "(3, 3, 5, 6)")
end)

test.done()
