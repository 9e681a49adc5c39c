-- Replays cases.tsv, which make_cases.py made with scikit-learn: what gradus says of predictions is what scikit-learn
-- says. make_cases.py tells the format, and where gradus differs on purpose.

local here = os.getenv "GRADUS_TESTS" .. "/sklearn/"
local test = dofile(os.getenv "GRADUS_TESTS" .. "/lua/tap.lua")

local LEAST = 200       -- sets of predictions: fewer, and some were lost
local TOLERANCE = 1e-12
local SHOWN = 5         -- failures of a kind that are shown

local function numbers(text)
  local list = {}
  for word in text:gmatch("%S+") do
    list[#list + 1] = word == "nan" and 0 / 0 or word == "inf" and math.huge or tonumber(word)
  end
  return list
end

-- "3,2:0.5 1.0 ..." as a tensor.
local function read_tensor(text)
  local shape, values = text:match("^([%d,]+):(.*)$")
  local sizes = {}
  for size in shape:gmatch("%d+") do sizes[#sizes + 1] = math.tointeger(size) end
  return tensor(numbers(values)):reshape(sizes)
end

-- The rates of a confusion matrix, with scikit-learn's 0 in the place of 0/0.
local function rates(cm)
  local rows = {}
  for i, row in ipairs(cm.rates) do
    rows[i] = {}
    for j, rate in ipairs(row) do rows[i][j] = rate == rate and rate or 0.0 end
  end
  return rows
end

-- All numbers of a value in one list.
local function flat(value, into)
  if type(value) == "userdata" then value = value:reshape(-1):totable() end
  if type(value) ~= "table" then
    into[#into + 1] = value
    return into
  end
  for _, v in ipairs(value) do flat(v, into) end
  return into
end

local function close(got, wanted)
  if wanted ~= wanted then return got ~= got end
  return got == wanted or math.abs(got - wanted) <= TOLERANCE * math.max(1, math.abs(wanted))
end

-- What is wrong with a value, or nil.
local function difference(got, wanted)
  local text = wanted:match("^text:(.*)$")
  if text then
    text = text:gsub("\\n", "\n")
    return tostring(got) ~= text and "\n" .. tostring(got) .. "\nand not\n" .. text or nil
  end
  local list = numbers((wanted:gsub("[%[%]]", "")))
  got = flat(got, {})
  if #got ~= #list then return #got .. " numbers, and not " .. #list end
  for i, number in ipairs(list) do
    if not close(got[i], number) then return ("number %d is %.17g, and not %.17g"):format(i, got[i], number) end
  end
end

-- The answers of a call against those of the case. A reason behind a nan is no number.
local function check(case, scope)
  local got = table.pack(load("return " .. case.lua, "=case", "t", scope)())
  local i = 0
  for wanted in (case.answer .. "; "):gmatch("(.-); ") do
    i = i + 1
    local why = difference(got[i], wanted)
    if why then return "value " .. i .. ": " .. why end
  end
  for rest = i + 1, got.n do
    if type(got[rest]) ~= "string" then return "gives " .. got.n .. " values, and not " .. i end
  end
end

-- ---- the file ----

local kinds, order, sets = {}, {}, 0
local scope, kind

for line in io.lines(here .. "cases.tsv") do
  local fields = {}
  for field in (line .. "\t"):gmatch("([^\t]*)\t") do fields[#fields + 1] = field end
  if fields[1] == "data" then
    kind = fields[2]
    if not kinds[kind] then
      kinds[kind] = {}
      order[#order + 1] = kind
    end
    scope, sets = setmetatable({rates = rates}, {__index = _ENV}), sets + 1
    for i = 3, #fields do
      local name, value = fields[i]:match("^(%w+)=(.*)$")
      scope[name] = read_tensor(value)
    end
  else
    table.insert(kinds[kind], {lua = fields[2], answer = fields[3], scope = scope, set = sets})
  end
end

test("no predictions were lost", function()
  assert(sets >= LEAST, sets .. " sets of predictions, and there should be " .. LEAST)
end)

for _, name in ipairs(order) do
  test(name .. ": gradus says what scikit-learn says", function()
    local failures = {}
    for _, case in ipairs(kinds[name]) do
      local ok, why = pcall(check, case, case.scope)
      if not ok or why then
        failures[#failures + 1] = ("set %d: %s: %s"):format(case.set, case.lua, tostring(why))
      end
    end
    if #failures > 0 then
      error(#failures .. " of " .. #kinds[name] .. " differ:\n" .. table.concat(failures, "\n", 1,
        math.min(SHOWN, #failures)), 0)
    end
  end)
end

test.done()
