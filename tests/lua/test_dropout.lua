-- Dropout: what it drops together, and by which draws.
local test, expect = dofile(os.getenv "GRADUS_TESTS" .. "/lua/tap.lua")

-- What is left of ones in each sample of a batch, (samples, 3, 4, 2), which an operation by hand looks at.
local function left_of_ones(noise_shape, samples)
  random.seed(4)
  local kept
  local look = grad.operation {forward = function(_, x)
    if #x == samples then kept = x:clone() end
    return x
  end, backward = function(_, dy) return dy end}
  local m = nn.Sequential{nn.Dropout{0.5, noise_shape = noise_shape, input_shape = {3, 4, 2}},
    nn.Activation{function(x) return look(x) end}, nn.Flatten{}, nn.Dense{1}}
  m:compile{optimizer = "sgd", loss = "mse"}
  m:train_on_batch(ones(samples, 3, 4, 2), zeros(samples, 1))
  return kept
end

test("Dropout with a noise_shape drops along its axes of size 1 together", function()
  for _, noise in ipairs {{-1, 1, 1, -1}, {-1, 3, 1, 2}, {1, -1, -1, -1}, {1, 1, -1, 1}, {-1, -1, -1, -1}} do
    local kept = left_of_ones(noise, 9)
    expect.ok(all(logical_or(eq(kept, 0), eq(kept, 2))))
    local first, draws = {}, 1
    for axis, n in ipairs(noise) do
      first[axis] = n == 1 and {1, 1} or {}
      draws = draws * (n == 1 and 1 or kept.shape[axis])
    end
    local drawn = kept[first]
    expect.equal(drawn.size, draws)
    expect.ok(all(eq(drawn + zeros(kept.shape), kept)), "not together")
    local share = mean(gt(drawn, 0))
    expect.ok(share > 0.5 - 2.5 / math.sqrt(draws) and share < 0.5 + 2.5 / math.sqrt(draws), "share " .. share)
  end
end)

test("Dropout with a noise_shape is recorded, sliced and saved like any other", function()
  local function network()
    random.seed(3)
    local m = nn.Sequential{nn.Conv2D{4, 3, input_shape = {6, 6, 1}}, nn.Dropout{0.5, noise_shape = {-1, 1, 1, -1}},
      nn.Flatten{}, nn.Dropout{0.5, noise_shape = {1, -1}}, nn.Dense{1}}
    m:compile{optimizer = "adam", loss = "mse"}
    return m
  end
  local x, y = random.randn(50, 6, 6, 1), random.randn(50)
  local m, path = network(), os.tmpname() .. ".safetensors"
  m:fit{x, y, epochs = 1, verbose = 0}
  expect.equal(m.runs_eagerly, nil)
  m:save(path)
  local again = nn.load(path)
  os.remove(path)
  for _, each in ipairs {m, again} do each:fit{x, y, epochs = 3, initial_epoch = 1, verbose = 0} end
  expect.ok(all(eq(m:predict(x), again:predict(x))))
  m.layers[4].noise_shape = {1, 4}  -- changed by hand it counts from then on
  expect.error(function() m:fit{x, y, verbose = 0} end, "noise_shape has 4 on axis 2")
  expect.same_bits [[
    random.seed(3)
    local m = nn.Sequential{nn.Conv2D{4, 3, input_shape = {6, 6, 1}}, nn.Dropout{0.5, noise_shape = {-1, 1, 1, -1}},
      nn.Flatten{}, nn.Dropout{0.5, noise_shape = {1, -1}}, nn.Dense{1}}
    m:compile{optimizer = "adam", loss = "mse"}
    local x, y = random.randn(50, 6, 6, 1), random.randn(50)
    m:fit{x, y, epochs = 2, verbose = 0}
    print(string.format("%a", sum(m:predict(x))))
  ]]
end)

test("A noise_shape that cannot be is a sentence", function()
  local function refused(noise, why)
    expect.error(function() nn.Sequential{nn.Dropout{0.5, noise_shape = noise, input_shape = {3, 4, 2}}} end, why)
  end
  refused({32, 1, 1, 2}, "batches differ in size: -1 (each sample is drawn for itself) or 1")
  refused({-1, 1, 1}, "noise_shape has 3 axes, but a batch has 4 here: that of the samples and (3, 4, 2)")
  refused({-1, 1, 1, 3}, "noise_shape has 3 on axis 4, where samples of shape (3, 4, 2) have 2: it is 1, -1 or 2 there")
  refused({-1, 0, 1, 2}, "a list of whole numbers")
  refused({-1, "a", 1, 2}, "a list of whole numbers")
  refused(3, "a list of whole numbers")
  refused({}, "a list of whole numbers")
end)

test("Dropout draws by its seed, wherever it stands", function()
  local function drawn(...)
    random.seed(4)
    local m = nn.Sequential{nn.Flatten{input_shape = {50}}, ...}
    m:compile{optimizer = optim.SGD{1}, loss = "mse"}
    m:train_on_batch(ones(1, 50), zeros(1, 1))
    return ne(m:gradients()[1]:reshape(-1), 0)
  end
  local a = drawn(nn.Dropout{0.5, seed = 7}, nn.Dense{1})
  local b = drawn(nn.Rescaling{1}, nn.Dropout{0.5, seed = 7}, nn.Dense{1})
  local c = drawn(nn.Dropout{0.5, seed = 8}, nn.Dense{1})
  expect.ok(all(eq(a, b)) and not all(eq(a, c)))
  expect.error(function() nn.Dropout{0.5, seed = "x"} end, "seed is a whole number")
end)

test.done()
