-- What networks print: the summary, the table of fit, the results of evaluate.

local test, expect = dofile(os.getenv "GRADUS_TESTS" .. "/lua/tap.lua")

local course_cnn = dofile(os.getenv "GRADUS_TESTS" .. "/lua/course_cnn.lua")

local function lines(...)
  return table.concat({...}, "\n") .. "\n"
end

-- What model:summary() prints, through a session of its own.
local function summary_of(model)
  local session = require "gradus.session"
  local sink = require("gradus.session.sink").capture()
  local kept = session.current()
  local sub = session.new{sink = sink}
  sub.env.model = model
  assert(sub:execute("model:summary()").ok)
  return sink:take()
end

test("the summary of the course's CNN is the slide's", function()
  local rule, double = string.rep("_", 67), string.rep("=", 67)
  expect.equal(summary_of(course_cnn()), lines(
    'Model: "sequential"', rule,
    "Layer (type)                   Output Shape              Param #", double,
    "conv2d (Conv2D)                (None, 50, 50, 16)        160", rule,
    "max_pooling2d (MaxPooling2D)   (None, 25, 25, 16)        0", rule,
    "conv2d_1 (Conv2D)              (None, 23, 23, 16)        2320", rule,
    "max_pooling2d_1 (MaxPooling2D) (None, 11, 11, 16)        0", rule,
    "conv2d_2 (Conv2D)              (None, 9, 9, 16)          2320", rule,
    "flatten (Flatten)              (None, 1296)              0", rule,
    "dense (Dense)                  (None, 2)                 2594", rule,
    "activation (Activation)        (None, 2)                 0", double,
    "Total params: 7,394", "Trainable params: 7,394", "Non-trainable params: 0", rule))
end)

test("the summary of the course's MLP is the slide's", function()
  local model = nn.Sequential{nn.Flatten{input_shape = {50, 50, 1}}, nn.Dense{128, activation = "relu"},
    nn.Dropout{0.5}, nn.Dense{2}}
  local rule, double = string.rep("_", 65), string.rep("=", 65)
  expect.equal(summary_of(model), lines(
    'Model: "sequential"', rule,
    "Layer (type)                 Output Shape              Param #", double,
    "flatten (Flatten)            (None, 2500)              0", rule,
    "dense (Dense)                (None, 128)               320128", rule,
    "dropout (Dropout)            (None, 128)               0", rule,
    "dense_1 (Dense)              (None, 2)                 258", double,
    "Total params: 320,386", "Trainable params: 320,386", "Non-trainable params: 0", rule))
end)

test("a summary is as wide as asked for, of the layers asked for, and says which are trained", function()
  local model, shown = course_cnn(), {}
  model.layers[1].trainable = false
  local function show(given)
    shown = {}
    given.print_fn = function(line) shown[#shown + 1] = line end
    model:summary(given)
    return shown
  end
  show{layer_range = {"conv2d_2", "dense"}, show_trainable = true}
  expect.equal(#shown, 4 + 5 + 5)
  expect.equal(#shown[2], 65 + 11)
  expect.equal(shown[3], "Layer (type)                 Output Shape              Param #   Trainable")
  expect.equal(shown[5], "conv2d_2 (Conv2D)            (None, 9, 9, 16)          2320      Y")
  expect.equal(shown[11], "Total params: 7,394")
  expect.equal(show{show_trainable = true}[5], "conv2d (Conv2D)                (None, 50, 50, 16)        160       N")
  expect.equal(#show{line_length = 100}[2], 100)
  expect.equal(show{positions = {40, 70, 80}}[5], "conv2d (Conv2D)" .. (" "):rep(25) .. "(None, 50, 50, 16)"
    .. (" "):rep(12) .. "160")
  expect.error(function() model:summary{layer_range = {"conv2d", "flaten"}} end, 'did you mean "flatten"')
  expect.error(function() model:summary{layer_range = {"dense", "conv2d"}} end, "the other way round")
  expect.error(function() model:summary{layer_range = "dense"} end, "the names of two layers")
  expect.error(function() model:summary{positions = {0.5, 0.4, 1}} end, "three numbers that grow")
  expect.error(function() model:summary{line_length = 2} end, "from 20 to 1000")
  expect.error(function() model:summary{print_fn = 3} end, "a function of a line")
  expect.error(function() model:summary{expand_nested = true} end, "no networks within networks")
  expect.error(function() model:summary{width = 3} end, 'no option "width"; the choices are: line_length')
end)

test("the results of evaluate print once, and again when they are asked for", function()
  local sink = require("gradus.session.sink").capture()
  local s = require("gradus.session").new{sink = sink}
  local function prints(code)
    local result = s:execute(code)
    expect.ok(result.ok, result.error and result.error.text)
    return sink:take(true)
  end
  prints[[m = nn.Sequential{nn.Dense{1, input_shape = {1}}, dtype = "float64"}
    m.layers[1].kernel[1] = 1
    m:compile{optimizer = "sgd", loss = "mse", metrics = {"accuracy"}}]]
  expect.equal(prints "m:evaluate{tensor{{0}, {1}}, tensor{0, 2}}",
    "loss 0.5000  accuracy 1.0000 (majority baseline 0.5000)\n")
  expect.equal(prints "r = m:evaluate{tensor{{0}, {1}}, tensor{1, 1}, verbose = 0}", "")
  expect.equal(prints "r", "loss 0.5000  accuracy 0.5000 (majority baseline 1.0000)\n")
  expect.equal(prints "r.loss", "0.5\n")
end)

-- What code prints where there are so many columns.
local function printed(code, width)
  local sink = require("gradus.session.sink").capture(width)
  local result = require("gradus.session").new {sink = sink}:execute(code)
  if not result.ok then error(result.error.text, 0) end
  return sink:take()
end

local training = [[
model = nn.Sequential{nn.Dense{2, activation="softmax", input_shape={1}}}
model:compile{optimizer="sgd", loss="sparse_categorical_crossentropy", metrics={"accuracy"}}
history = model:fit{tensor{{1}, {2}, {3}, {4}}, tensor{0, 0, 0, 1}, epochs=25, batch_size=1, %s}]]

test("fit tells of each epoch in a line of a table, the majority baseline beside each accuracy", function()
  local lines = {}
  local code = training:format "validation_data={tensor{{1}, {2}}, tensor{0, 1}}"
  for line in printed(code, 80):gmatch "[^\n]*" do lines[#lines + 1] = line end
  expect.equal(lines[1], "              loss                accuracy (majority baseline)")
  expect.equal(lines[2], "epoch   time  train   validation  train            validation")
  local value = "%d%.%d%d%d%d"
  expect.ok(lines[3]:match("^ 1/25   %d%.%ds  " .. value .. "  " .. value .. "      " .. value .. " %(0%.7500%)  "
    .. value .. " %(0%.5000%)$"))
  expect.ok(lines[27]:find("^25/25"))
  expect.equal(#lines, 28)  -- the last one is empty
  expect.contains(printed(training:format "verbose=2", 80),
    "epoch   time  loss    accuracy (majority baseline)\n 1/25 ")
end)

test("a loss that would show as 0.0000 is a power of ten in the table, in results and in a history", function()
  local code = [[
m = nn.Sequential{nn.Dense{1, input_shape={1}, kernel_initializer="zeros"}}
m:compile{optimizer="sgd", loss="mse"}
h = m:fit{ones(2, 1), full({2, 1}, 0.003), epochs=1, batch_size=2}
print(h)
print(m:evaluate{zeros(2, 1), full({2, 1}, 0.003), verbose=0})]]
  local shown = printed(code, 80)
  expect.ok(shown:find(" 1/1   +%d%.%ds  9e%-06\n"), shown)
  expect.contains(shown, "at the end loss 9e-06\nloss 9e-06\n")
end)

test("with a bar no line of fit is longer than a row, and the bar ends with its epoch", function()
  for _, width in ipairs {30, 50, 80, 120} do
    local shown = printed(training:format "verbose=1, validation_data={tensor{{1}, {2}}, tensor{0, 1}}", width)
    expect.contains(shown, "\r\27[K")
    for line in shown:gsub("\r\27%[K", "\n"):gmatch "[^\n]+" do
      if #line >= width then error(("%d columns in a terminal of %d: %s"):format(#line, width, line), 0) end
    end
    if width == 80 then expect.contains(shown, "=] 0s left\r\27[K25/25 ") end
    if width == 120 then expect.ok(shown:find "=%] [%d,]+ samples/s, 0s left\r\27%[K25/25 ", shown) end
  end
end)

test.done()
