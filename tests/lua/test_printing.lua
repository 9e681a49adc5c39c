local test, expect = dofile(os.getenv "GRADUS_TESTS" .. "/lua/tap.lua")

local inf = math.huge

test("options of one text leave the next as it was", function()
  local t = tensor{1e-10, 2.5, 1 / 3}
  expect.equal(t:tostring{precision = 2, suppress = true}, "[0.   2.5  0.33]")
  expect.equal(t:tostring{precision = 2}, "[1.00e-10 2.50e+00 3.33e-01]")
  expect.equal(t:tostring(), tostring(t))
  expect.equal(arange(5):tostring{threshold = 2, edgeitems = 1}, "[0. ... 4.]")
  expect.equal(arange(5):tostring{linewidth = 10}, "[0. 1. 2.\n 3. 4.]")
  expect.equal(select(2, zeros(2000):tostring{threshold = inf}:gsub("0%.", "")), 2000)
end)

test("options of all texts stay until they are taken back", function()
  set_printoptions{precision = 3}
  set_printoptions{suppress = true}
  expect.equal(tostring(tensor{1e-10, 1 / 3}), "[0.    0.333]")
  local kept = get_printoptions()
  set_printoptions()
  expect.equal(tostring(tensor{1e-10, 1 / 3}), "[1.00000000e-10 3.33333333e-01]")
  set_printoptions(kept)
  expect.equal(tostring(tensor{1e-10, 1 / 3}), "[0.    0.333]")
  set_printoptions{threshold = inf}
  expect.equal(get_printoptions().threshold, inf)
  set_printoptions()
  expect.equal(get_printoptions().threshold, 1000)
end)

test("a wrong option is refused as a whole", function()
  expect.error(function() set_printoptions{presicion = 3} end, 'did you mean "precision"')
  expect.error(function() set_printoptions{precision = 2, edgeitems = 0} end,
    "edgeitems is a whole number from 1, not 0")
  expect.error(function() set_printoptions{precision = 2.5} end, "not 2.5")
  expect.error(function() set_printoptions{linewidth = "wide"} end, "linewidth is a number, not wide")
  expect.error(function() set_printoptions{suppress = 1} end, "suppress is true or false")
  expect.error(function() set_printoptions(3) end, "table expected")
  expect.equal(get_printoptions().precision, 8)
end)

test("masks, whole numbers, empty tensors and those without axes print as in numpy", function()
  expect.equal(tostring(tensor{{true, false}, {false, false}}), "[[ True False]\n [False False]]")
  expect.equal(tostring(tensor({-5, 100}, {dtype = "int64"})), "[ -5 100]")
  expect.equal(tostring(zeros(0, 3)), "[]")
  expect.equal(tostring(sum(grad.track(tensor{0.5, 1}))), "1.5")
  expect.equal(tostring(tensor{-0.0, 0 / 0, -inf}), "[ -0.  nan -inf]")
end)

test.done()
