-- Replays small trainings by Keras 3 and PyTorch (tests/peers, whose make_cases.py made them and tells the format):
-- from the same weights, the same losses at each step and the same weights after the last.

local here = os.getenv "GRADUS_TESTS" .. "/peers/"
local test, expect = dofile(os.getenv "GRADUS_TESTS" .. "/lua/tap.lua")

local LEAST = 100        -- cases: fewer, and some were lost
local TOLERANCE = 1e-9   -- float64, of the greatest of each row of numbers or of 1

local stored = data.load(here .. "cases.npz")

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

local function replay(number, case)
  local function part(name) return stored[number .. "." .. name] end
  local x, y, before = part "x", part "y", part "before"
  local layers = {dtype = "float64"}
  for text in (case.layers .. "; "):gmatch("(.-); ") do layers[#layers + 1] = compile(text) end
  local shape = x.shape
  table.remove(shape, 1)
  layers[1].input_shape = shape
  local model = nn.Sequential(layers)
  local n = each_weight(model, function(w, at) w[{}] = before[{{at + 1, at + w.size}}]:reshape(w.shape) end)
  assert(n == #before, ("%d weights, and the peer has %d"):format(n, #before))
  model:compile{optimizer = compile(case.optimizer), loss = compile(case.loss)}
  local weights, losses = part "sample_weight", {}
  for i = 1, case.steps do losses[i] = model:train_on_batch(x, y, {sample_weight = weights}) end
  local off = largest_difference(tensor(losses), part "loss")
  if not (off <= TOLERANCE) then return ("the losses differ by %.3g of them"):format(off) end
  local why
  each_weight(model, function(w, at)
    off = largest_difference(w:reshape(-1), part "after"[{{at + 1, at + w.size}}])
    if not (off <= TOLERANCE) then why = ("weights differ by %.3g of them"):format(off) end
  end)
  return why
end

local cases = {}
for line in io.lines(here .. "cases.tsv") do
  if line:sub(1, 1) ~= "#" then
    local name, layers, loss, optimizer, steps = line:match("^([^\t]*)\t([^\t]*)\t([^\t]*)\t([^\t]*)\t(%d+)")
    cases[#cases + 1] = {name = name, layers = layers, loss = loss, optimizer = optimizer,
      steps = math.tointeger(steps)}
  end
end

test("no case was lost", function() expect.ok(#cases >= LEAST) end)

for i, case in ipairs(cases) do
  test(case.name, function()
    local why = replay(i, case)
    if why then error(("%s\n%s\n%s\n%s"):format(why, case.layers, case.loss, case.optimizer), 0) end
  end)
end

test.done()
