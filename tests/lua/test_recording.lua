-- Recorded steps hold what the network was when they were recorded. Whatever a learner changes in it counts from the
-- next prediction or step on; and what cannot matter costs no second recording.
local test, expect = dofile(os.getenv "GRADUS_TESTS" .. "/lua/tap.lua")

local Own = nn.layer{"Own", options = {{"factor", 1}, {"powers", {1, 1}}, {"shift"}},
  call = function(layer, x)
    local shift = type(layer.shift) == "table" and layer.shift.by or layer.shift
    return layer.factor * x ^ layer.powers[1] + (shift or 0) + #layer.powers + (layer.trainable and 0 or 1)
  end}

local function network(dtype)
  random.seed(1)
  return nn.Sequential{
    nn.Conv2D{4, 3, padding = "same", activation = "relu", bias_initializer = "ones", input_shape = {8, 8, 1}},
    nn.BatchNormalization{},
    nn.MaxPooling2D{2},
    Own{},
    nn.GlobalAveragePooling2D{},
    nn.Dense{3},
    dtype = dtype,
  }
end

-- The layer as it stands in a network of its own: one that has not been built cannot be put into another by hand.
local function built(layer) return nn.Sequential{layer}.layers[1] end

local function largest(t) return max(abs(t)) end

local function check_every_change(dtype)
  local m, x = network(dtype), random.randn(2, 8, 8, 1)
  local layers, p = m.layers, nil
  local same_for_all = {__eq = function() return true end}
  local changes = {
    {"an option that is a name", function() layers[1].activation = "sigmoid" end},
    {"a function in its place", function() layers[1].activation = function(z) return 2 * z end end},
    {"another function", function() layers[1].activation = function(z) return 3 * z end end},
    {"nothing in its place", function() layers[1].activation = nil end},
    {"an option that is a boolean", function() layers[1].use_bias = false end},
    {"an option that was changed back", function() layers[1].use_bias = true end},
    {"an option that changes shapes", function() layers[1].padding = "valid" end},
    {"another list", function() layers[1].strides = {2, 2} end},
    {"an element of a list", function() layers[1].strides[2] = 1 end},
    {"an element of a list of windows", function() layers[3].pool_size[1] = 3 end},
    {"a number", function() layers[2].epsilon = 0.5 end},
    {"a weight in place", function() layers[1].kernel[{1, 1}] = 2 end},
    {"a bias in place", function() layers[1].bias[2] = 3 end},
    {"a weight that was exchanged", function() layers[1].kernel = random.randn(3, 3, 1, 4) end},
    {"what a layer keeps beside its weights", function() layers[2].moving_mean = tensor{1, 2, 3, 4} end},
    {"the same in place", function() layers[2].moving_variance[1] = 7 end},
    {"an option of one's own", function() layers[4].factor = -1 end},
    {"a float beside it", function() layers[4].factor = -1.0001 end},
    {"an option that was not given", function() layers[4].shift = 0.5 end},
    {"an object, of a kind whose objects are all equal", function()
      layers[4].shift = setmetatable({by = 1}, same_for_all)
    end},
    {"another object of that kind", function() layers[4].shift = setmetatable({by = 2}, same_for_all) end},
    {"an element of a list of one's own", function() layers[4].powers[1] = 2 end},
    {"a longer list", function() table.insert(layers[4].powers, 1) end},
    {"a shorter list", function() layers[4].powers[#layers[4].powers] = nil end},
    {"whether a layer of one's own is frozen, which it may ask", function() layers[4].trainable = false end},
    {"a layer in another's place", function() layers[3] = built(nn.AveragePooling2D{2, input_shape = {8, 8, 4}}) end},
    {"a layer less", function() table.remove(layers, 2) end},
    {"a layer more", function() table.insert(layers, built(nn.Activation{"softmax", input_shape = {3}})) end},
    {"another list of layers", function()
      m.layers = table.move(layers, 1, #layers - 1, 1, {})
      layers = m.layers
    end},
  }
  p = m:predict(x)
  for _, change in ipairs(changes) do
    local what, make = table.unpack(change)
    make()
    local changed = m:predict(x)
    expect.ok(changed.size ~= p.size or largest(changed - p) > 1e-12, what .. " matters")
    m.programs = {}
    expect.equal(tostring(m:predict(x)), tostring(changed), what)
    p = changed
  end
end

test("whatever is changed in a network counts from the next prediction on", function()
  check_every_change "float64"
  check_every_change "float32"
end)

test("a change that cannot be is noticed and explained", function()
  local m, x = network(), random.randn(2, 8, 8, 1)
  m:predict(x)
  m.layers[1].kernel_size[1] = 2
  expect.error(function() m:predict(x) end, "the options of the layer ask for (2, 3, 1, 4)")
  m.layers[1].kernel_size[1] = 3
  m.layers[6].kernel = "none"
  expect.error(function() m:predict(x) end, "a weight is a tensor")
end)

test("what no prediction hangs on makes none be recorded anew: freezing, which counts in training", function()
  local m = nn.Sequential{nn.Dense{2, input_shape = {3}}, nn.BatchNormalization{}}
  m:compile{optimizer = "sgd", loss = "mse"}
  local x, y, dense = random.randn(4, 3), zeros(4, 2), m.layers[1]
  m:predict(x)
  m:train_on_batch(x, y)
  local recorded, kernel = m.programs.predict, dense.kernel + 0
  dense.trainable = false
  dense.kernel_initializer, dense.kernel_regularizer = "ones", "l2"
  m:predict(x)
  expect.equal(m.programs.predict, recorded)
  m:train_on_batch(x, y)
  expect.ok(all(eq(dense.kernel, kernel)))
  dense.trainable = true
  m:train_on_batch(x, y)
  expect.ok(not all(eq(dense.kernel, kernel)))
  dense.use_bias = false
  m:predict(x)
  expect.ok(m.programs.predict ~= recorded)
end)

-- What a learner's layer may compute of each sample, and of the whole batch.
local of_samples = {
  median = function(x) return x - median(x, {axis = 2, keepdims = true}) end,
  quantile = function(x) return quantile(x, 0.3, {axis = 2, keepdims = true}) * x end,
  sort = function(x) return x * sort(x, 2) - sort(x, 2, {descending = true}) end,
  cumprod = function(x) return cumprod(1 + 0.3 * tanh(x), 2) end,
  rfft = function(x) return concatenate(table.pack(fft.rfft(x, {norm = "ortho"})), 2) end,
  irfft = function(x)
    local re, im = fft.rfft(x)
    return fft.irfft(re, im * 0.5, {n = 7})
  end,
  fft2 = function(x)
    local re, im = fft.fft2(x:reshape(-1, 2, 3))
    return (re + im * 0.5):reshape(-1, 6)
  end,
  resize = function(x) return data.resize(x:reshape(-1, 2, 3), {4, 2}):reshape(-1, 8) end,
  gray = function(x) return data.gray(x:reshape(-1, 1, 2, 3)):reshape(-1, 2) end,
}
-- A matrix a sample, of which a batch is a stack.
local function matrices(x) return x:reshape(-1, 3, 2):dot(x:reshape(-1, 2, 3)) / 4 + eye(3, {dtype = x.dtype}) end
local function products(x) return matrices(x):dot(swapaxes(matrices(x), 2, 3)) + eye(3, {dtype = x.dtype}) end
local function rows(t) return t:reshape(-1, 9) end
local of_matrices = {
  inv = function(x) return rows(linalg.inv(products(x))) end,
  solve = function(x) return linalg.solve(products(x), x[{{}, {1, 3}}]:reshape(-1, 3, 1)):reshape(-1, 3) end,
  ["solve of one matrix"] = function(x)
    return linalg.solve(eye(3, {dtype = x.dtype}) * 2, x:reshape(-1, 3, 2)):reshape(-1, 6)
  end,
  ["solve of one right-hand side"] = function(x) return linalg.solve(products(x), ones(3, {dtype = x.dtype})) end,
  det = function(x) return stack({linalg.det(products(x)), (select(2, linalg.slogdet(products(x))))}, 2) end,
  cholesky = function(x) return rows(linalg.cholesky(products(x))) end,
  eigh = function(x)
    local w, V = linalg.eigh(products(x))
    return rows((V * log(w):reshape(-1, 1, 3)):dot(swapaxes(V, 2, 3)))
  end,
  eigvalsh = function(x) return linalg.eigvalsh(products(x)) end,
  svd = function(x)
    local U, S, Vt = linalg.svd(matrices(x))
    return rows((U * sqrt(S):reshape(-1, 1, 3)):dot(Vt))
  end,
  svdvals = function(x) return linalg.svdvals(matrices(x)) end,
  qr = function(x) return rows(linalg.qr(matrices(x), "r") ^ 2) end,
  pinv = function(x) return linalg.pinv(x:reshape(-1, 3, 2)):reshape(-1, 6) end,
  cond = function(x) return stack({linalg.cond(products(x)), norm(matrices(x), "nuc", {2, 3})}, 2) end,
}
local of_batches = {
  covariance = function(x) return x:dot(cov(x, {rowvar = false})) end,
  ["several quantiles"] = function(x) return quantile(x, {0.2, 0.7}, {axis = 2}).T end,
  ["a median of all samples"] = function(x) return x - median(x, 1) end,
  ["a transform along the samples"] = function(x) return (fft.fft(x, {axis = 1})) end,
}

-- The losses of a training with such a layer, which a layer written by hand behind it makes run eagerly.
local function train(f, dtype, eagerly)
  random.seed(3)
  local own = nn.layer{"Scaled", weights = function(_, shape) return {{"factor", shape, "ones"}} end,
    call = function(layer, x) return f(x * layer.factor) end}
  local same = nn.layer{"Same", forward = function(_, x) return x + 0 end, backward = function(_, dy) return dy + 0 end}
  local layers = {nn.Dense{6, input_shape = {5}}, own{}, nn.Dense{2}, dtype = dtype}
  if eagerly then table.insert(layers, 3, same{}) end
  local m = nn.Sequential(layers)
  m:compile{optimizer = optim.Adam{0.01}, loss = "mean_squared_error"}
  random.seed(5)
  local losses = m:fit{x = random.randn(70, 5), y = random.randn(70, 2), batch_size = 16, epochs = 3, verbose = 0}
    .history.loss
  return tensor(losses), m.runs_eagerly
end

-- Each is recorded, and trains as eagerly but for the rounding that `tolerances` has for each dtype.
local function expect_recorded(layers, tolerances)
  for name, f in pairs(layers) do
    for dtype, tolerance in pairs(tolerances) do
      local recorded, falls_back = train(f, dtype)
      local eager = train(f, dtype, true)
      expect.ok(not falls_back, name .. " is recorded")
      expect.ok(max(abs(recorded - eager)) <= tolerance * max(eager), name)
      expect.ok(recorded[3] ~= recorded[1], name)
    end
  end
end

test("layers of medians, running products, transforms and resized pictures are recorded, with the eager numbers",
  function()
    expect_recorded(of_samples, {float64 = 1e-13, float32 = 1e-5})
    for name, f in pairs(of_batches) do
      local losses, falls_back = train(f, "float64")
      expect.ok(falls_back, name .. " needs the whole batch")
      expect.ok(losses[3] ~= losses[1], name)
    end
  end)

test("layers that do linear algebra with a matrix of each sample are recorded, with the eager numbers", function()
  expect_recorded(of_matrices, {float64 = 1e-10, float32 = 1e-3})
end)

test("samples are read and left as they are, in whatever order batches of any size come", function()
  local m = nn.Sequential{nn.Dense{128, activation = "relu", input_shape = {256}}}
  local layer = m.layers[1]
  local function expected(x) return maximum(x:dot(layer.kernel) + layer.bias, 0) end
  local batches = {random.randn(600, 256):astype("float32"), random.randn(3, 256):astype("float32"),
    random.randn(600, 256), random.randn(256, 40):astype("float32").T}
  for _, at in ipairs {1, 2, 1, 3, 2, 4, 1, 4, 3, 2} do
    local x = batches[at]
    local before = x + 0
    expect.ok(largest(m:predict(x) - expected(x:astype("float32"))) < 1e-4)
    expect.ok(all(eq(x, before)))
  end
  for _ = 1, 10 do  -- which thread works where is chance
    local large = batches[1] + 0
    m:predict(large)
    m:predict(batches[2])
    expect.ok(all(eq(large, batches[1])), "the batch before is not where the next one goes")
  end
end)

test("fields of any name and value are told from what they become", function()
  local watched = require "gradus.nn.watched"
  local values = {0, -1, 1.5, 1 / 0, -1 / 0, math.mininteger, math.maxinteger, "", 'a "quoted"\nline\0', "end", true,
    false, {}, {}, print, tostring, zeros(2), zeros(2), coroutine.create(print)}
  local names = {"kernel", "end", 'a "b"\n', 1, 300, -5}
  local owner = {}
  for i, value in ipairs(values) do
    for _, name in ipairs(names) do
      owner[name] = value
      local fields = watched.new()
      fields:add(owner, name)
      local is_unchanged = fields:question()
      for k, other in ipairs(values) do
        owner[name] = other
        expect.equal(is_unchanged(), i == k)
      end
      owner[name] = nil
      expect.equal(is_unchanged(), false)
    end
  end
  local fields = watched.new()
  fields:add(owner, "absent")
  fields:add(owner, "number")
  local is_unchanged = fields:question()
  expect.ok(is_unchanged())
  owner.absent = false
  expect.ok(not is_unchanged())
end)

test("a thousand layers can be watched", function()
  local watched, fields, owners = require "gradus.nn.watched", nil, {}
  fields = watched.new()
  for i = 1, 1000 do
    owners[i] = {size = {i, i + 0.5}, units = i, activation = {}, name = "layer " .. i}
    fields:add_list(owners[i], "size")
    for _, name in ipairs {"units", "activation", "name", "bias"} do fields:add(owners[i], name) end
  end
  local is_unchanged = fields:question()
  expect.ok(is_unchanged())
  owners[1000].size[3] = 1
  expect.ok(not is_unchanged())
  owners[1000].size[3] = nil
  expect.ok(is_unchanged())
  owners[1].activation = {}
  expect.ok(not is_unchanged())
end)

test.done()
