local test, expect = dofile(os.getenv "GRADUS_TESTS" .. "/lua/tap.lua")
local session = require "gradus.session"
local sinks = require "gradus.session.sink"

local inf, nan = math.huge, 0 / 0

-- What a session prints for `code`.
local function said(code)
  local s = session.new{sink = sinks.capture(100)}
  local result = s:execute(code)
  if not result.ok then error(result.error.text) end
  return s.sink:take(true)
end

local function contains(text, ...)
  for _, part in ipairs{...} do
    if not text:find(part, 1, true) then error(string.format("%q does not stand in\n%s", part, text), 2) end
  end
end

test("numbers have a range, a middle, a spread and a picture of their sizes", function()
  contains(said "linspace(0, 10, 101):describe()", "float64 tensor of shape (101,): 101 numbers in 808 bytes",
    "least   0  greatest   10", "mean    5  deviation  2.9155", "quartiles  2.5 and 7.5", "0 |█▆", "zeros 1 (1.0 %)")
  local text = said "(arange(12):reshape(4, 3) / 8):describe()"
  contains(text, "column  least    mean  greatest  deviation", "     3   0.25  0.8125     1.375")
  contains(said "tensor({1, 2, 2, 5, 30}, {dtype='int64'}):describe()", "least   1  greatest   30")
end)

test("labels are counted by class, whichever way they stand", function()
  contains(said "tensor{0, 2, 2, 0, 2}:describe()", "class 0  2  40.0 %", "class 2  3  60.0 %",
    "always naming the most frequent class would be right in 60.0 %")
  contains(said "tensor({{1}, {1}, {0}}, {dtype='uint8'}):describe()", "class 1  2  66.7 %")
  contains(said "tensor{{0, 1, 0}, {1, 0, 0}, {0, 1, 0}}:describe()", "one-hot", "class 1  2  66.7 %",
    "class 2  0   0.0 %")
end)

test("masks have a share and pictures a size", function()
  contains(said "gt(tensor{{1, -1}, {2, 3}}, 0):describe()", "true   3 (75.0 %)", "true in each column  [2 1]")
  contains(said "zeros(8, 50, 40, {dtype='uint8'}):describe()", "8 of 50 x 40 pixels", "x / 255")
  contains(said "ones(2, 9, 9, 3):describe()", "3 channels: red, green, blue", "mean of each channel  [1. 1. 1.]")
end)

test("nan and inf are counted and left out of the rest", function()
  contains(said "tensor{1, 0 / 0, 4, 1 / 0, 0}:describe()", "least   0       greatest   4", "nan 1, inf 1",
    "of the 3 finite ones")
  contains(said "tensor{0 / 0}:describe()", "none of them is finite")
end)

test("views, tracked tensors, empty ones and extremes are described too", function()
  contains(said "arange(10)['2:5']:describe()", "a view: it shares its numbers")
  contains(said "arange(100)['2:5']:describe()", "a view: it shares its numbers")
  expect.ok(not said "arange(100):describe()":find "view")
  contains(said "grad.track(tensor{1, 2.5}):describe()", "tracked float64 tensor of shape (2,)")
  contains(said "zeros(0, 3):describe()", "0 numbers in 0 bytes", "it holds nothing")
  contains(said "tensor{-1.7e308, 1.7e308}:describe()", "least   -1.7e+308")
  contains(said "tensor({math.mininteger, math.maxinteger, 3}, {dtype='int64'}):describe()", "greatest   9.2234e+18")
  contains(said "sum(grad.track(tensor{1, 2})):describe()", "shape ()")
  expect.error(function() tensor{1}.describe(3) end, "tensor expected")
end)

test("whatever it is, it fits a small screen", function()
  random.seed(1)
  for _, code in ipairs{"random.randn(50, 10)", "random.randint(0, 20, {400})", "random.random(3, 20, 20, 3)",
    "random.random(2, 2, 2, 2, 2, 2, 2, 2)", "eye(10)", "eye(200)", "tensor{0.5}"} do
    local text = said("(" .. code .. "):describe()")
    expect.ok(select(2, text:gsub("\n", "")) <= 24, code)
    for line in text:gmatch "[^\n]+" do expect.ok(utf8.len(line) <= 100, line) end
  end
end)

test.done()
