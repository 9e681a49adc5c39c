-- Replays the cases of cases.tsv, which make_cases.py made with NumPy: what gradus computes is what NumPy computed.
-- suite.py says what the columns are and where gradus differs on purpose.

local here = os.getenv "GRADUS_TESTS" .. "/numpy/"
local test = dofile(os.getenv "GRADUS_TESTS" .. "/lua/tap.lua")

local LEAST = 2000  -- cases: fewer, and some were lost
local SHOWN = 5     -- failures of a family that are shown in full

local pool = data.load(here .. "cases.npz")

-- ---- a case ----

local columns = {"compare", "seed", "operands", "numpy", "lua", "expected"}

local function unescape(text)
  return (text:gsub("\\(.)", {n = "\n", t = "\t", ["\\"] = "\\"}))
end

-- The cases of each family, the names of the families in order, and how many cases there are.
local function read_cases()
  local families, order, count = {}, {}, 0
  for line in io.lines(here .. "cases.tsv") do
    local family = line:match "^## (.*)"
    if family then
      families[family] = {}
      order[#order + 1] = family
    elseif line:sub(1, 1) ~= "#" then
      local case, i = {}, 0
      for field in (line .. "\t"):gmatch "([^\t]*)\t" do
        i = i + 1
        case[columns[i]] = field
      end
      case.numpy, case.lua = unescape(case.numpy), unescape(case.lua)
      table.insert(families[order[#order]], case)
      count = count + 1
    end
  end
  return families, order, count
end

-- "float64:2,3@120": the tensor of that shape whose numbers begin after 120 others.
local function stored(reference)
  local dtype, sizes, first = reference:match("^(%w+):([%d,]*)@(%d+)$")
  local shape, n = {}, 1
  for size in sizes:gmatch("%d+") do
    shape[#shape + 1] = math.tointeger(size)
    n = n * math.tointeger(size)
  end
  if n == 0 then return zeros(shape, {dtype = dtype}) end
  return pool[dtype][{{first + 1, first + n}}]:reshape(shape)
end

-- What the expressions of cases use beside the built-ins.
local helpers = {}

function helpers.shuffled(t)
  t = t:clone()
  random.shuffle(t)
  return t
end

function helpers.seeded(seed)
  random.seed(seed)
  return {
    random = function(_, ...) return random.random(...) end,
    randn = function(_, ...) return random.randn(...) end,
  }
end

function helpers.assigned(t, index, value)
  t = t:clone()
  t[index] = value
  return t
end

-- A list without the lists in it.
local function flat(value, into)
  if type(value) ~= "table" then return value end
  into = into or {}
  for _, v in ipairs(value) do
    if type(v) == "table" then flat(v, into) else into[#into + 1] = v end
  end
  return into
end

-- A copy after an operation in place, which changes a view of it and says so.
function helpers.changed(t, view, method, ...)
  t = t:clone()
  local v = view(t)
  v[method](v, ...)
  return t
end

-- The same with an operand that is part of it.
function helpers.overlapping(t, method)
  t = t:clone()
  local v = t[{{2, -1}}]
  v[method](v, t[{{1, -2}}])
  return t
end

function helpers.each(f, ...)
  local list = {...}
  for i, v in ipairs(list) do list[i] = f(v) end
  return list
end

function helpers.put(t, at, value)
  t = t:clone()
  t:put(at, value)
  return t
end

local function run(case)
  local scope = setmetatable({}, {__index = function(_, name)
    if helpers[name] then return helpers[name] end
    return _ENV[name]
  end})
  for name, reference in case.operands:gmatch("(%w+)=(%S+)") do scope[name] = stored(reference) end
  if case.seed ~= "" then random.seed(math.tointeger(case.seed)) end
  return flat(assert(load("return " .. case.lua, "=case", "t", scope))())
end

-- ---- comparing ----

local tensor_metatable = getmetatable(zeros(1))
local function is_tensor(value) return getmetatable(value) == tensor_metatable end

local SMALLEST = {float64 = 5e-324, float32 = 1e-45}
local EPSILON = {float64 = 2 ^ -52, float32 = 2 ^ -23}
local TOLERANCE = {float64 = 1e-12, float32 = 1e-5}

local function same(got, wanted)
  if got ~= got or wanted ~= wanted then return got ~= got and wanted ~= wanted end
  return got == wanted and (got ~= 0 or 1 / got == 1 / wanted)
end

-- Each of: got and wanted, numbers; the dtype; the largest of all wanted.
local compare = {
  exact = same,
  equal = function(got, wanted) return same(got, wanted) or got == wanted end,
  ulp = function(got, wanted, dtype)
    return same(got, wanted) or
      math.abs(got - wanted) <= math.max(math.abs(wanted) * EPSILON[dtype], SMALLEST[dtype])
  end,
  close = function(got, wanted, dtype)
    return same(got, wanted) or
      wanted ~= 0 and math.abs(got - wanted) <= math.max(TOLERANCE[dtype] * math.abs(wanted), SMALLEST[dtype])
  end,
  scaled = function(got, wanted, dtype, largest)
    return same(got, wanted) or math.abs(got - wanted) <= TOLERANCE[dtype] * largest
  end,
}

-- The elements in one list, booleans as 0 and 1.
local function elements(t)
  local list = t:clone():reshape(-1):totable()
  if t.dtype == "bool" then
    for i, x in ipairs(list) do list[i] = x and 1 or 0 end
  end
  return list
end

local function shape_text(t) return "(" .. table.concat(t.shape, ", ") .. ")" end

-- nil, or what differs between a value and what the case expects.
local difference

local function tensor_difference(case, got, reference)
  local wanted = stored(reference)
  if not is_tensor(got) then return "a " .. (math.type(got) or type(got)) .. " and no tensor" end
  if got.dtype ~= wanted.dtype then return "dtype " .. got.dtype .. ", and not " .. wanted.dtype end
  if shape_text(got) ~= shape_text(wanted) then return "shape " .. shape_text(got) .. ", not " .. shape_text(wanted) end
  if got.size == 0 then return nil end
  local a, b, largest = elements(got), elements(wanted), 0
  for _, x in ipairs(b) do
    if x == x and math.abs(x) ~= math.huge then largest = math.max(largest, math.abs(x)) end
  end
  local agree = got.dtype:find "float" and compare[case.compare] or same
  for i = 1, #b do
    if not agree(a[i], b[i], got.dtype, largest) then
      return string.format("element %d is %.17g, and not %.17g", i, a[i], b[i])
    end
  end
end

local function number_difference(case, got, kind, text)
  local wanted = kind == "integer" and math.tointeger(text) or kind == "boolean" and text == "true" or
    text == "nan" and 0 / 0 or tonumber((text:gsub("inf", "0x1p9999")))
  if kind == "boolean" and text ~= "true" then wanted = false end
  if (math.type(got) or type(got)) ~= kind then return "a " .. (math.type(got) or type(got)) .. ", and no " .. kind end
  if kind ~= "float" then return got ~= wanted and tostring(got) .. ", and not " .. text or nil end
  local dtype = case.operands:find "float32" and "float32" or "float64"
  if not compare[case.compare](got, wanted, dtype, math.abs(wanted)) then
    return string.format("%.17g, and not %.17g", got, wanted)
  end
end

function difference(case, got, expected)
  local list = expected:match "^list:(.*)"
  if list then
    local i = 0
    for part in (list .. "; "):gmatch "(.-); " do
      i = i + 1
      local why = difference(case, got[i], part)
      if why then return "part " .. i .. ": " .. why end
    end
    return #got ~= i and #got .. " values, not " .. i or nil
  end
  local kind, text = expected:match("^(%w+):(.*)$")
  if kind == "text" then
    if got ~= unescape(text) then return "\n" .. tostring(got) .. "\nand not\n" .. unescape(text) end
    return nil
  end
  if text:find "@" then return tensor_difference(case, got, expected) end
  return number_difference(case, got, kind, text)
end

local function report(case, why)
  local lines = {"NumPy:  " .. case.numpy, "gradus: " .. case.lua}
  for name, reference in case.operands:gmatch("(%w+)=(%S+)") do
    local t = stored(reference)
    local text = t.size <= 40 and tostring(t) or "..."
    lines[#lines + 1] = string.format("  %s = %s %s %s", name, t.dtype, shape_text(t), text)
  end
  if case.seed ~= "" then lines[#lines + 1] = "  seed " .. case.seed end
  lines[#lines + 1] = "  gives " .. why
  return table.concat(lines, "\n")
end

-- ---- the test ----

local families, order, count = read_cases()

for _, family in ipairs(order) do
  local cases = families[family]
  test(string.format("%s: %d cases are as in NumPy", family, #cases), function()
    local failed, reports = 0, {}
    for _, case in ipairs(cases) do
      local ok, got = pcall(run, case)
      local why = not ok and "the error: " .. tostring(got) or ok and difference(case, got, case.expected)
      if why then
        failed = failed + 1
        if failed <= SHOWN then reports[failed] = report(case, why) end
      end
    end
    if failed > 0 then
      error(string.format("%d of %d differ\n\n%s\n", failed, #cases, table.concat(reports, "\n\n")), 0)
    end
  end)
end

test("there are " .. LEAST .. " cases or more", function()
  if count < LEAST then error("there are only " .. count, 0) end
end)

test.done()
