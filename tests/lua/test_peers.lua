-- Replays small trainings by Keras 3 and PyTorch (tests/peers, whose make_cases.py and make_fits.py made them and tell
-- the formats): from the same weights, the same losses and metrics on the way and the same weights at the end. And
-- PyTorch's gradients of single functions (make_functions.py).

local here = os.getenv "GRADUS_TESTS" .. "/peers/"
local test, expect = dofile(os.getenv "GRADUS_TESTS" .. "/lua/tap.lua")

local is_tensor = require "gradus.is_tensor"

local TOLERANCE = 1e-9   -- float64, of the greatest of each row of numbers or of 1

local function compile(text)
  return assert(load("return " .. text, "=case", "t", _ENV))()
end

-- All weights of a layer and what it keeps beside them, one after another in a row.
local function each_weight(model, f)
  local at = 0
  for _, layer in ipairs(model.layers) do
    for _, name in ipairs(layer:all_names()) do
      local w = layer[name]
      f(w, at)
      at = at + w.size
    end
  end
  return at
end

local function largest_difference(got, wanted)
  return max(abs(got - wanted)) / math.max(1, max(abs(wanted)))
end

-- The network of a case for samples like x: layers one after the other, or "x -> " and what branches compute of x.
local function build(text, x)
  local shape = x.shape
  table.remove(shape, 1)
  local branches = text:match "^x %-> (.*)"
  if branches then
    local input = nn.Input{shape}
    local output = assert(load("local x = ... return " .. branches, "=case", "t", _ENV))(input)
    return nn.Model{input, output, dtype = "float64"}
  end
  local layers = {dtype = "float64"}
  for layer in (text .. "; "):gmatch("(.-); ") do layers[#layers + 1] = compile(layer) end
  layers[1].input_shape = shape
  return nn.Sequential(layers)
end

local function expect_near(got, wanted, what)
  local off = largest_difference(got, wanted)
  if not (off <= TOLERANCE) then error(("%s differs by %.3g"):format(what, off), 0) end
end

-- Weights from one row of numbers, or beside those of another.
local function fill(model, before)
  local n = each_weight(model, function(w, at) w[{}] = before[{{at + 1, at + w.size}}]:reshape(w.shape) end)
  assert(n == #before, ("%d weights, and the peer has %d"):format(n, #before))
end

local function expect_weights(model, after)
  each_weight(model, function(w, at) expect_near(w:reshape(-1), after[{{at + 1, at + w.size}}], "a weight") end)
end

-- The lines of a file, without its first, cut at the tabs.
local function rows(name)
  local list = {}
  for line in io.lines(here .. name) do
    if line:sub(1, 1) ~= "#" then
      local row = {}
      for field in (line .. "\t"):gmatch("([^\t]*)\t") do row[#row + 1] = field end
      list[#list + 1] = row
    end
  end
  return list
end

-- A test a row; what a failed one was about is said below it.
local function replay_all(file, least, replay)
  local stored, all = data.load(here .. file .. ".npz"), rows(file .. ".tsv")
  test("no row of " .. file .. " was lost", function() expect.ok(#all >= least) end)
  for i, row in ipairs(all) do
    test(row[1], function()
      local ok, why = pcall(replay, row, function(name) return stored[i .. "." .. name] end, stored, i)
      if not ok then error(tostring(why) .. "\n" .. table.concat(row, "\n", 2), 0) end
    end)
  end
end

replay_all("cases", 319, function(row, part)
  local _, layers, loss, optimizer, steps = table.unpack(row)
  local x, y = part "x", part "y"
  local model = build(layers, x)
  fill(model, part "before")
  model:compile{optimizer = compile(optimizer), loss = compile(loss)}
  local weights, losses = part "sample_weight", {}
  for i = 1, math.tointeger(steps) do losses[i] = model:train_on_batch(x, y, {sample_weight = weights}) end
  expect_near(tensor(losses), part "loss", "a loss")
  expect_weights(model, part "after")
end)

replay_all("fits", 37, function(row, part, stored, number)
  local _, layers, settings, options = table.unpack(row)
  local given = compile("{" .. options .. "}")
  given.x, given.y, given.sample_weight = part "x", part "y", part "sample_weight"
  given.shuffle, given.verbose = false, 0
  local model = build(layers, given.x)
  fill(model, part "before")
  model:compile(compile("{" .. settings .. "}"))
  local rates = {}  -- Keras files them, as they were in each epoch, when ReduceLROnPlateau watches
  given.callbacks = given.callbacks or {}
  table.insert(given.callbacks, 1, function() rates[#rates + 1] = model.optimizer.learning_rate end)
  local history = model:fit(given).history
  local compared = 0
  for name, values in pairs(stored) do
    local entry = name:match("^" .. number .. "%.history%.(.*)")
    if entry == "learning_rate" then
      expect_near(tensor(rates), values, entry)
    elseif entry then
      assert(history[entry], "no " .. entry)
      assert(#history[entry] == #values, ("%d epochs, and the peer has %d"):format(#history[entry], #values))
      local got = tensor(history[entry])
      got[isnan(got)] = 0  -- Keras's word for a precision of nothing
      expect_near(got, values, entry)
      compared = compared + 1
    end
  end
  for name in pairs(history) do compared = compared - 1 end
  assert(compared == 0, "the peer's history holds something else")
  expect_weights(model, part "after")
end)

replay_all("functions", 157, function(row, part)
  local f = assert(load("local x = ... return " .. row[2], "=case", "t", _ENV))
  local x, total = grad.track(part "x"), 0
  for i, result in ipairs {f(x)} do
    if is_tensor(result) then total = total + sum(result * part("w" .. i)) end
  end
  total:backward()
  expect_near(x.grad, part "grad", "the gradient")
end)

test.done()
