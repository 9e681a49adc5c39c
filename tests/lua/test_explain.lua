-- model:explain and model:trace: the arithmetic that they print is right.
local test, expect = dofile(os.getenv "GRADUS_TESTS" .. "/lua/tap.lua")

local session = require "gradus.session"

-- What a call prints.
local function printed(f, ...)
  local parts, say = {}, session.say
  session.say = function(text) parts[#parts + 1] = text end
  local ok, why = pcall(f, ...)
  session.say = say
  if not ok then error(why, 2) end
  return table.concat(parts)
end

local function expect_in(text, ...)
  for _, part in ipairs {...} do
    if not text:find(part, 1, true) then error(part .. "\nis not in\n" .. text, 2) end
  end
end

local function course()
  return nn.Sequential{nn.Conv2D{16, 3, padding="same", activation="relu", input_shape={50, 50, 1}}, nn.MaxPooling2D{2},
    nn.Conv2D{16, 3, activation="relu"}, nn.MaxPooling2D{2}, nn.Conv2D{16, 3, activation="relu"}, nn.Flatten{},
    nn.Dense{2}, nn.Activation{"softmax"}}
end

test("the course's networks have the lecture's arithmetic", function()
  local m = course()
  expect_in(printed(m.explain, m), "160 = (3*3*1 + 1)*16", "50 = ceil(50 / 1) rows and columns",
    "11 = floor((23 - 2) / 2) + 1", "23 = floor((25 - 3) / 1) + 1", "2,320 = (3*3*16 + 1)*16", "2,594 = 1296*2 + 2",
    "1296 = 9*9*16", "sees           3x3", "sees           8x8", "sees           18x18",
    "360,000 = 50*50*16 outputs * 3*3*1 each", "7,394 = 160 + 2,320 + 2,320 + 2,594, 29,576 bytes in float32")
  m = nn.Sequential{nn.Flatten{input_shape={50, 50, 1}}, nn.Dense{128, activation="relu"}, nn.Dropout{0.5},
    nn.Dropout{0.2, noise_shape={1, -1}}, nn.Dense{2}}
  expect_in(printed(m.explain, m), "with probability 0.5, the", "0.2 (drawn in shape (1, -1)), the",
    "320,128 = 2500*128 + 128", "258 = 128*2 + 2", "320,386 = 320,128 + 258")
end)

test("one layer is explained by itself, as it is among the others", function()
  local m = course()
  local whole, one = printed(m.explain, m), printed(m.explain, m, {"conv2d_2"})
  expect_in(one, "5. conv2d_2 (Conv2D)", "2,320 = (3*3*16 + 1)*16", "sees           18x18")
  expect_in(whole, one)
  expect.equal(select(2, one:gsub("\n", "")), 5, one)
  for _, name in ipairs{5, m.layers[5]} do expect.equal(printed(m.explain, m, {name}), one) end
end)

test("on a terminal an explanation breaks its lines between words", function()
  local m, x = course(), ones(50, 50, 1)
  local function on(width)
    local s = session.new{sink = require("gradus.session.sink").capture(width)}
    s.sink.is_terminal = true
    s.env.m, s.env.x = m, x
    s:execute "m:explain()"
    s:execute "m:explain{1, {1, 1, 1}, x}"
    s.sink.is_terminal = false  -- this session stays the current one
    return s.sink:take()
  end
  local narrow = on(60)
  for text in narrow:gmatch "[^\n]+" do expect.ok(#text < 60, text) end
  expect_in(narrow, "\n1. conv2d (Conv2D): 16 filters: each a window of 3x3 pixels\n   over 1 channel",
    "conv2d, unit {1, 1, 1}: ")
  local words = function(text) return (text:gsub("%s+", " ")) end
  expect.equal(words(narrow), words(on(200)))
end)

test("steps that are not the same down and across are told apart", function()
  local m = nn.Sequential{nn.Conv2D{2, {3, 5}, strides={2, 1}, input_shape={25, 25, 1}}, nn.MaxPooling2D{2}}
  expect_in(printed(m.explain, m), "3x5 pixels of the input, 2 down and 1 across from one to the next",
    "5x6 pixels of the input, 4 down and 2 across from one to the next")
end)

test("every parameter formula that is printed comes to its number", function()
  local x = nn.Input{{9, 8, 2}}
  local shared = nn.Conv2D{2, 3, padding="same", use_bias=false}
  local h = nn.Add{}{shared(shared(x)), x}
  h = nn.BatchNormalization{scale=false}(nn.Conv2D{5, {3, 2}, strides=2, dilation_rate={2, 1}}(h))
  h = nn.LayerNormalization{}(nn.Flatten{}(nn.AveragePooling2D{2, padding="same"}(h)))
  local m = nn.Model{x, nn.Dense{3, use_bias=false}(h), dtype="float64"}
  local text, found = printed(m.explain, m), 0
  for count, formula in text:gmatch("parameters +([%d,]+) = ([%d%s()*+]+)") do
    expect.equal(load("return " .. formula)(), math.tointeger((count:gsub(",", ""))), formula)
    found = found + 1
  end
  for out, formula in text:gmatch("(%d+) = floor(%b())") do
    local inner = load("return " .. formula:gsub("/", "//"))()
    expect.equal(inner + 1, math.tointeger(out), formula)
  end
  expect.ok(found >= 5, text)
  expect_in(text, "those of its first place", "bytes in float64", "the whole input")
  expect.equal(math.tointeger((text:match("\nall of them\n +parameters +([%d,]+)"):gsub(",", ""))), m:count_params())
end)

-- The number behind the last "=" of a line that begins so.
local function number_of(text, name)
  return tonumber(text:match("\n +" .. name:gsub("%p", "%%%0") .. "[^\n]*= ([^\n]+)"))
end

test("the sum that is spelled out is the layer's own number", function()
  random.seed(1)
  local m, x = course(), random.random(50, 50, 1)
  local t = m:trace(x)
  for _, case in ipairs{{"conv2d", {1, 1, 3}}, {"conv2d", {50, 7, 16}}, {"conv2d_1", {2, 5, 3}}, {5, {9, 9, 1}}} do
    local place, unit = case[1] == "conv2d" and 1 or case[1] == "conv2d_1" and 3 or 5, case[2]
    local text = printed(m.explain, m, {case[1], unit, x})
    local value = t[place].output[{1, table.unpack(unit)}]
    expect.close(number_of(text, "relu(z)"), value, 1e-4)
    expect.close(math.max(number_of(text, "z"), 0), value, 1e-4)
  end
  local text = printed(m.explain, m, {"dense", 2, x})
  expect.close(number_of(text, "z"), t[7].output[{1, 2}], 1e-4)
  expect_in(text, "1269 more")
  text = printed(m.explain, m, {"max_pooling2d", {1, 2, 3}, x})
  expect.close(number_of(text, "greatest"), t[2].output[{1, 1, 2, 3}], 1e-4)
  expect.close(number_of(printed(m.explain, m, {"flatten", 17, x}), "x[1, 2, 1]"), t[6].output[{1, 17}], 1e-4)
  expect_in(printed(m.explain, m, {"conv2d", {1, 1, 3}, x}), "5 pixels of the window lie outside the image")
end)

test("strides, dilation and padding find the pixels that the kernel in C finds", function()
  random.seed(2)
  for _, options in ipairs{{strides=2, padding="same"}, {strides={2, 3}}, {dilation_rate=2}, {padding="same",
    dilation_rate=2}, {groups=2}} do
    options[1], options[2], options.input_shape = 2, {3, 2}, {8, 9, 2}
    local m = nn.Sequential{nn.Conv2D(options), nn.BatchNormalization{}, dtype="float64"}
    local x = random.randn(8, 9, 2)
    local t = m:trace(x)
    local shape = t[1].output.shape
    for row = 1, shape[2] do
      for column = 1, shape[3] do
        local text = printed(m.explain, m, {1, {row, column, 2}, x})
        expect.close(number_of(text, "z"), t[1].output[{1, row, column, 2}], 1e-5)
      end
    end
    local text = printed(m.explain, m, {2, {1, 2, 1}, x})
    expect.close(number_of(text, "output"), t[2].output[{1, 1, 2, 1}], 1e-5)
  end
end)

test("a trace holds what goes into each layer and comes out of it", function()
  local x = nn.Input{{2}}
  local h = nn.Dense{2, kernel_initializer="ones"}(x)
  local m = nn.Model{x, nn.Concatenate{}{h, x}}
  local t = m:trace(tensor{{1, 2}, {3, 4}})
  expect.equal(tostring(t[2].output), "[[3. 3. 1. 2.]\n [7. 7. 3. 4.]]")
  expect_in(tostring(t), "x2 = f2(x1, x)", "(2, 4)", "1 to 7")
  expect.ok(all(eq(t[2].output, m:predict(tensor{{1, 2}, {3, 4}}))))
end)

test("what cannot be explained is said", function()
  local m, x = course(), zeros(50, 50, 1)
  local function fails(given, part) expect.error(function() m:explain(given) end, part) end
  fails({"conv2", {1, 1, 1}, x}, 'there is no layer "conv2": did you mean "conv2d"?')
  fails({"conv2d", {1, 1, 17}, x}, "unit is a position in it, as in {50, 50, 16}")
  fails({"conv2d", 3, x}, "unit is a position in it")
  fails({"conv2d", {1, 1, 1}}, "explain takes a layer, one of its units and a sample")
  fails({"conv2d", x = x}, "explain takes a layer, one of its units and a sample")
  fails({unit = 1, x = x}, "explain takes a layer, one of its units and a sample")
  fails({}, "explain takes a layer, one of its units and a sample")
  fails({"conv2"}, 'did you mean "conv2d"?')
  fails({"conv2d", {1, 1, 1}, zeros(2, 50, 50, 1)}, "takes one sample, and x has 2")
  fails({"conv2d", {1, 1, 1}, zeros(50, 50)}, "but this network takes one sample (50, 50, 1)")
  expect.error(function() m:trace(3) end, "x is a tensor")
  expect.error(function() nn.Sequential{nn.Dense{1}}:explain() end, "does not know its input")
end)

test("every kind of layer says what it does, and where its output and parameters come from", function()
  local Own = nn.layer{"Own",
    weights = function(_, shape) return {{"scale", shape, "ones"}, {"bias", {1}, "zeros"}} end,
    call = function(layer, z) return z * layer.scale + layer.bias end}
  local x = nn.Input{{4, 4, 2}}
  local a = nn.RandomFlip{}(nn.GaussianNoise{0.5}(x))
  local b = nn.LeakyReLU{}(nn.Activation{"tanh"}(nn.Reshape{{2, 8, 2}}(a)))
  b = nn.Rescaling{2, offset = 1}(nn.Softmax{}(nn.ELU{}(nn.ReLU{}(nn.Reshape{{4, 4, 2}}(b)))))
  local joined = nn.Concatenate{}{nn.Add{}{a, b, x}, b}
  local m = nn.Model{x, nn.Dense{1}(Own{}(nn.Flatten{}(joined)))}
  expect_in(printed(m.explain, m), "4*4*2 = 2*8*2 = 32 numbers", "tanh of each number", "times 0.3 where it is",
    "each number times 2, plus 1", "the sum of 3 inputs, number by number", "2 inputs, one behind the other",
    "4 = 2 + 2", "your own kind of layer", "65 = 64 of scale + 1 of bias", "one unit, a sum of 64 inputs",
    "standard deviation 0.5", "shares of 1")
end)

test.done()
