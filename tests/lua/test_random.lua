-- The module `random`: NumPy's numbers (recorded from 1.24), positions plus one, and errors that teach.
local test, expect = dofile(os.getenv "GRADUS_TESTS" .. "/lua/tap.lua")
local random = require "gradus.core.random"
local tensor = require "gradus.core.tensor"

local function prints(value, wanted) expect.equal(tostring(value), wanted) end

test("random(3, 1) after seed 1 is the lecture's column", function()
  random.seed(1)
  prints(random.random(3, 1), "[[4.17022005e-01]\n [7.20324493e-01]\n [1.14374817e-04]]")
end)

test("sizes may be numbers or one table, and the module itself can be called", function()
  local ways = {
    function() return random.random(3, 1) end,
    function() return random.random{3, 1} end,
    function() return random.rand(3, 1) end,
    function() return random(3, 1) end,
    function() return random{3, 1} end,
    function() return random.uniform(0, 1, 3, 1) end,
    function() return random.uniform{3, 1} end,
    function() return random.random({3, 1}, {dtype = "float64"}) end,
    function() return random.random{3, 1, dtype = "float64"} end,
  }
  for _, way in ipairs(ways) do
    random.seed(1)
    prints(way(), "[[4.17022005e-01]\n [7.20324493e-01]\n [1.14374817e-04]]")
  end
end)

test("without sizes a draw is a Lua number, bit for bit NumPy's", function()
  random.seed(1)
  expect.equal(random.random(), 0x1.ab07d0ffa3c06p-2)
  expect.close(random.randn(), -0x1.9ab665f778871p-1, 1e-15)
  expect.equal(random(), 0x1.7a3808cb0ca10p-4)
  expect.close(random.randn(), -0x1.cba69fc03e5b1p-2, 1e-15)
end)

test("uniform, normal and randn are NumPy's", function()
  random.seed(1)
  prints(random.uniform(-1, 1, 3), "[-0.16595599  0.44064899 -0.99977125]")
  random.seed(1)
  prints(random.normal(5, 2, 3), "[8.24869073 3.77648717 3.9436565 ]")
  random.seed(1)
  prints(random.randn(2, 3),
    "[[ 1.62434536 -0.61175641 -0.52817175]\n [-1.07296862  0.86540763 -2.3015387 ]]")
end)

test("float32 rounds the same draws", function()
  random.seed(1)
  prints(random.random(3, {dtype = "float32"}), "[4.17021990e-01 7.20324516e-01 1.14374816e-04]")
  random.seed(1)
  expect.equal(random.random{dtype = "float32"}, 0x1.ab07d0p-2)
end)

test("randint gives values, as int64 or as an integer", function()
  random.seed(1)
  prints(random.randint(0, 10, 12), "[5 8 9 5 0 0 1 7 6 9 2 4]")
  random.seed(1)
  expect.equal(math.type(random.randint(0, 10)), "integer")
  expect.equal(random.randint(10), 8)
  random.seed(1)
  prints(random.randint(0, 2^40 // 1 | 0, 3), "[ 163196666091  605300724808 1095766950793]")
  random.seed(1)
  prints(random.randint(math.mininteger, math.maxinteger, 3),
    "[-1530673954295414549  4064269471072392264 -9221262077785750647]")
  random.seed(1)
  prints(random.randint(10, {2, 2}), "[[5 8]\n [9 5]]")
end)

test("randint of uint8 and bool draws NumPy's other streams", function()
  random.seed(1)
  prints(random.randint(0, 256, 8, {dtype = "uint8"}), "[ 37 244 193 106 235 128  71 255]")
  random.seed(1)
  prints(random.randint(0, 100, 8, {dtype = "uint8"}), "[37 65  0 71 12 47 56 72]")
  random.seed(1)
  prints(random.randint(0, 2, 10, {dtype = "bool"}),
    "[ True False  True False False  True False False False False]")
end)

test("randint reaches 2^63 and refuses an empty range there", function()
  random.seed(1)
  prints(random.randint(math.mininteger, 2^63, 3),
    "[-1530673954295414549  4064269471072392264 -9221262077785750647]")
  expect.equal(random.randint(math.maxinteger, 2^63), math.maxinteger)
  expect.error(function() random.randint(0, math.mininteger) end, "low must be less than high")
end)

test("other distributions are NumPy's", function()
  random.seed(1)
  prints(random.poisson(4, 8), "[2 2 3 4 4 6 1 5]")
  random.seed(1)
  expect.equal(random.exponential(2), 1.0792116745183709)
  expect.equal(random.binomial(10, 0.5), 6)
  expect.equal(random.poisson(20), 14)
  random.seed(3)
  prints(random.binomial(1000, 0.9, 10), "[900 917 900 906 907 907 908 899 903 889]")
  prints(random.poisson(30, 10), "[31 27 28 38 28 32 28 28 26 29]")
  prints(random.laplace(1, 2, 3), "[ 1.37870638 -0.13487758 -0.1741358 ]")
  random.seed(1)
  prints(random.multinomial(20, tensor.tensor{0.2, 0.3, 0.5}, 2), "[[ 4  7  9]\n [ 0  6 14]]")
  expect.equal(math.type(random.poisson()), "integer")
end)

test("parameters may be tensors, which broadcast", function()
  local t = tensor.tensor
  random.seed(1)
  prints(random.normal(t{0, 10, 100}, t{1, 2, 3}), "[ 1.62434536  8.77648717 98.41548474]")
  random.seed(1)
  prints(random.normal(t{{0}, {100}}, 1, 2, 3),
    "[[  1.62434536  -0.61175641  -0.52817175]\n [ 98.92703138 100.86540763  97.6984613 ]]")
  random.seed(1)
  prints(random.binomial(t{10, 1000}, t{0.5, 0.9}, {3, 2}), "[[  5 900]\n [  4 897]\n [  4 896]]")
  random.seed(1)
  prints(random.poisson(t{0, 5, 50}), "[ 0  2 46]")
  expect.equal(random.random(), 0.0923385947687978)
  random.seed(1)
  prints(random.gamma(t{0.5, 1, 3}, 2), "[3.47814705e-01 2.28762717e-04 3.11902078e+00]")
  prints(random.beta(0.5, t{0.5, 2}), "[0.22512474 0.1202483 ]")
  random.seed(1)
  prints(random.normal(t{0, 0}, t{1, 1}, {dtype = "float32"}), "[ 1.6243454 -0.6117564]")
  prints(random.uniform(tensor.zeros(0, 2), 1), "[]")
end)

test("Lua's math.random draws from the same generator", function()
  random.seed(1)
  expect.equal(math.random(), 0.417022004702574)
  math.randomseed(1)
  local dice = {}
  for i = 1, 12 do dice[i] = math.random(0, 9) end
  expect.equal(table.concat(dice, " "), "5 8 9 5 0 0 1 7 6 9 2 4")
  math.randomseed(1.0)
  expect.equal(math.random(10), 6)
  math.randomseed(1)
  expect.equal(math.random(0), 1791095845 << 32 | 4282876139)
  expect.equal(math.random(7, 7), 7)
  expect.equal(math.type(math.random(math.mininteger, math.maxinteger)), "integer")
end)

test("math.randomseed takes whatever Lua's does", function()
  local seen = {}
  for _, seeds in ipairs {{1}, {-1}, {2^40}, {0.5}, {1, 2}, {1, 0}} do
    math.randomseed(table.unpack(seeds))
    local first = math.random()
    expect.ok(not seen[first])
    seen[first] = true
    math.randomseed(table.unpack(seeds))
    expect.equal(math.random(), first)
  end
  math.randomseed()
  local first = math.random()
  math.randomseed()
  expect.ok(math.random() ~= first)
end)

test("permutations are positions: NumPy's plus one", function()
  random.seed(1)
  prints(random.permutation(10), "[ 3 10  7  5  1  4  2  8  9  6]")
  random.seed(0)
  prints(random.permutation(10), "[ 3  9  5 10  2  7  8  4  1  6]")
  random.seed(42)
  prints(random.permutation(10), "[ 9  2  6  1  8  3 10  5  4  7]")
  prints(random.permutation(0), "[]")
end)

test("a permuted or shuffled tensor keeps its rows together", function()
  local t = tensor.zeros(4, 3)
  for i = 1, 4 do for j = 1, 3 do t[{i, j}] = 3 * (i - 1) + j - 1 end end
  random.seed(1)
  local copy = random.permutation(t)
  local wanted = "[[ 9. 10. 11.]\n [ 6.  7.  8.]\n [ 0.  1.  2.]\n [ 3.  4.  5.]]"
  prints(copy, wanted)
  prints(t[1], "[0. 1. 2.]")
  random.seed(1)
  random.shuffle(t)
  prints(t, wanted)
end)

test("shuffling a view changes what it views, and nothing beside it", function()
  local t = tensor.zeros(3, 2)
  for i = 1, 3 do t[{i, 1}] = i t[{i, 2}] = 10 * i end
  random.seed(3)
  random.shuffle(t.T[1])
  local seen = {}
  for i = 1, 3 do
    seen[t[{i, 1}]] = true
    expect.equal(t[{i, 2}], 10 * i)
  end
  expect.ok(seen[1] and seen[2] and seen[3])
end)

test("a list is shuffled with the same draws", function()
  local list = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}
  random.seed(1)
  random.shuffle(list)
  expect.equal(table.concat(list, " "), "2 9 6 4 0 3 1 7 8 5")
end)

test("choice gives positions: NumPy's plus one", function()
  random.seed(1)
  prints(random.choice(5, 5), "[4 5 1 2 4]")
  random.seed(1)
  prints(random.choice(10, 4, {replace = false}), "[ 3 10  7  5]")
  random.seed(1)
  prints(random.choice(3, 6, {p = {0.2, 0.3, 0.5}}), "[2 3 1 2 1 1]")
  random.seed(1)
  prints(random.choice(5, 3, {replace = false, p = {0.1, 0.2, 0.3, 0.2, 0.2}}), "[3 4 1]")
  random.seed(2)
  local p = {}
  for i = 1, 20 do p[i] = i / 210 end
  prints(random.choice(20, 12, {replace = false, p = p}), "[14  3 15 13 12  9 16 11  6 18  7 19]")
  random.seed(1)
  expect.equal(random.choice(5), 4)
end)

test("choice of a tensor gives rows, of a list items", function()
  local t = tensor.tensor{10, 20, 30}
  random.seed(1)
  prints(random.choice(t, 2, 3), "[[20. 10. 10.]\n [20. 20. 10.]]")
  random.seed(1)
  expect.equal(random.choice(t), 20)
  random.seed(1)
  prints(random.choice(tensor.tensor{{1, 2}, {3, 4}, {5, 6}}.T, 2), "[[2. 4. 6.]\n [2. 4. 6.]]")
  prints(random.choice(tensor.tensor{{1, 2}}), "[1. 2.]")
  random.seed(1)
  expect.equal(table.concat(random.choice({"a", "b", "c"}, 6, {p = {0.2, 0.3, 0.5}}), " "), "b c a b a a")
  random.seed(1)
  expect.equal(random.choice{"a", "b", "c"}, "b")
end)

test("get_state and set_state go back to where the numbers stood, the waiting normal too", function()
  random.seed(7)
  random.randn()
  local state = random.get_state()
  local a, b, c = random.randn(), random.random(), random.randint(0, 1000)
  random.set_state(state)
  expect.equal(random.randn(), a)
  expect.equal(random.random(), b)
  expect.equal(random.randint(0, 1000), c)
  expect.equal(type(state), "string")
end)

test("a list of numbers is a seed too, and no seed is a new one every time", function()
  random.seed{1, 2, 3}
  expect.equal(random.random(), 0x1.383fbc97230c2p-1)
  random.seed(tensor.tensor({1, 2, 3}, {dtype = "int64"}))
  expect.equal(random.random(), 0x1.383fbc97230c2p-1)
  random.seed{5}
  expect.equal(random.random(), 0x1.3eecf89059360p-1)
  random.seed()
  local a = random.random()
  random.seed()
  expect.ok(a ~= random.random())
end)

test("a key takes two draws of 64 bits", function()
  random.seed(1)
  local a, b = random.new_key()
  expect.equal(a, 1791095845 << 32 | 4282876139)
  expect.equal(b, 3093770124 << 32 | 4005303368)
end)

test("empty sizes draw nothing", function()
  random.seed(1)
  prints(random.random(0), "[]")
  prints(random.randint(0, 5, 0, 3), "[]")
  prints(random.choice(5, 0, {replace = false, p = {1, 0, 0, 0, 0}}), "[]")
  expect.equal(random.random(), 0x1.ab07d0ffa3c06p-2)
end)

test("errors say what was given and what to do", function()
  expect.error(function() random.seed(-1) end, "a seed is a whole number from 0 to 4294967295, not -1")
  expect.error(function() random.seed(1.5) end, "not 1.5")
  expect.error(function() random.seed(2^32) end, "not 4294967296")
  expect.error(function() random.seed{} end, "seed got an empty list")
  expect.error(function() random.randint(5, 5) end, "low must be less than high, and they are 5 and 5")
  expect.error(function() random.randint(0) end, "high is at least 1, not 0")
  expect.error(function() random.randint(0, 300, 2, {dtype = "uint8"}) end, "uint8 holds 0 to 255")
  expect.error(function() random.randint(0, 3, {dtype = "float32"}) end, "randint draws int64, uint8 or bool")
  expect.error(function() random.choice(3, 4, {replace = false}) end,
    "cannot draw 4 different positions from 3")
  expect.error(function() random.choice(3, 3, {replace = false, p = {0.5, 0.5, 0}}) end,
    "cannot draw 3 different positions from 2 whose probability is not 0")
  expect.error(function() random.choice(2, 1, {p = {0.5, 0.6}}) end, "the probabilities p sum to 1.1, not 1")
  expect.error(function() random.choice(2, 1, {p = {0.5}}) end, "needs 2 probabilities in p, and got 1")
  expect.error(function() random.choice(2, 1, {p = {1.5, -0.5}}) end, "p[2] is -0.5")
  expect.error(function() random.choice(0) end, "at least one position")
  expect.error(function() random.choice("red") end, "how many positions there are to choose from")
  expect.error(function() random.choice({}, 1) end, "at least one row to choose from")
  expect.error(function() random.choice({1, 2}, {2, 2}) end, "one size, not 2")
  expect.error(function() random.choice({1, 2}, 3, {replace = false}) end,
    "cannot draw 3 different positions from 2")
  expect.error(function() random.choice(3, 1, {replce = false}) end, 'did you mean "replace"')
  expect.error(function() random.random(3, {dtyp = "float32"}) end, 'did you mean "dtype"')
  expect.error(function() random.random(3, {dtype = "int64"}) end, "use random.randint")
  expect.error(function() random.random(3, -1) end, "axis 2 of shape (3, -1) is negative")
  expect.error(function() random.random({3}, 1) end, "not both")
  expect.error(function() random.normal(0, -1) end, "normal: deviation must be 0 or more, not -1")
  expect.error(function() random.normal(0) end,
    "normal(mean, deviation, ...) takes both of its parameters before the sizes, and deviation is no value")
  expect.error(function() random.uniform(0, math.huge) end, "high must be a finite number, not inf")
  expect.error(function() random.uniform(-1e308, 1e308) end, "low is the smaller one")
  expect.error(function() random.uniform(2, 1, 3) end, "low is the smaller one; they are 2.0 and 1.0")
  expect.error(function() random.exponential(-2) end, "exponential: scale must be 0 or more, not -2")
  expect.error(function() random.poisson(-1) end, "poisson: rate must be 0 or more")
  expect.error(function() random.poisson(0 / 0) end, "not nan")
  expect.error(function() random.binomial() end, "binomial(n, p, ...) takes both of its parameters")
  expect.error(function() random.binomial(10, 1.5) end, "p must be a probability, from 0 to 1, not 1.5")
  expect.error(function() random.binomial(2.5, 0.5) end, "n must be a whole number, 0 or more, not 2.5")
  expect.error(function() random.binomial(3, 0.5, {dtype = "float64"}) end, "binomial counts, as int64")
  expect.error(function() random.multinomial(-1, {1}) end, "n is 0 or more, not -1")
  expect.error(function() random.multinomial(5, {}) end, "multinomial: the probabilities p sum to 0")
  expect.error(function() random.multinomial(5, {0.5, 0.5}, {dtype = "float32"}) end, "multinomial has no options")
  expect.error(function() random.multinomial(5, 2, {3}) end, "p is a list or a tensor of probabilities, not number")
  expect.error(function() random.beta(0, 1) end, "a must be more than 0, not 0")
  expect.error(function() random.normal(tensor.tensor{1, 2}, tensor.tensor{1, -2}) end, "not -2")
  expect.error(function() random.normal(tensor.tensor{1, 2}, 1, 3) end,
    "mean of shape (2,) does not fit draws of shape (3,)")
  expect.error(function() random.normal(tensor.tensor{1, 2}, tensor.tensor{1, 2, 3}) end, "(3,)")
  expect.error(function() random.seed(tensor.zeros(2, 2)) end, "this tensor has 2 axes")
  expect.error(function() random.seed(tensor.tensor{0.5}) end, "not 0.5")
  expect.error(function() math.random(3, 2) end, "m is at most n; they are 3 and 2")
  expect.error(function() math.random(-1) end, "n is at least 1, not -1")
  expect.error(function() math.random(1, 2, 3) end, "at most two numbers")
  expect.error(function() math.random(1.5) end, "no integer representation")
  expect.error(function() math.randomseed("x") end, "number expected")
  expect.error(function() random.permutation(-1) end, "n is 0 or more, not -1")
  expect.error(function() random.permutation("x") end, "permutation takes a number")
  expect.error(function() random.shuffle(5) end, "shuffle takes a tensor or a list")
  expect.error(function() random.set_state("hello") end, "what random.get_state() gave")
  expect.error(function() random.set_state(random.get_state():sub(1, -2)) end, "unchanged")
  expect.error(function() random.random(1e5 // 1 | 0, 1e5 // 1 | 0, 1e5 // 1 | 0) end, "GiB")
end)

test("after an error the stream stands where it stood", function()
  random.seed(1)
  pcall(random.choice, 3, 4, {replace = false})
  pcall(random.choice, 2, 1, {p = {0.5, 0.6}})
  pcall(random.randint, 5, 5)
  expect.equal(random.random(), 0x1.ab07d0ffa3c06p-2)
end)

test.done()
