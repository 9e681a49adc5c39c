-- The contestant gradus: what a learner types at the prompt. framework/contestants.py has the protocol.

local core = require "gradus.core.session"

local clock = core.clock

folder = arg[0]:match("^(.*/)") or ""  -- where suites find Lua of their own

local function answer(text)
  io.stdout:write("bench: ", (text:gsub("\n", " | ")), "\n")
  io.stdout:flush()
end

-- Whatever it is (a number, a tensor, a nested table), its numbers in order.
local function numbers_of(value, most)
  local flat = {}
  local function add(item)
    if type(item) == "table" then
      for _, each in ipairs(item) do add(each) end
    elseif type(item) == "boolean" then
      flat[#flat + 1] = item and 1 or 0
    else
      flat[#flat + 1] = item
    end
  end
  local count, at
  if type(value) == "userdata" then
    local row = value:reshape(-1)
    count, at = #row, function(i) return row[i] end
  else
    add(value)
    count, at = #flat, function(i) return flat[i] end
  end
  local kept = {}
  for i = 0, math.min(most, count) - 1 do
    local x = at(i * count // math.min(most, count) + 1)
    if type(x) == "boolean" then x = x and 1 or 0 end
    kept[#kept + 1] = string.format("%.17g", x)
  end
  return count, kept
end

local verbs = {}

function verbs.do_(_, text)
  assert(load(text, "=setup"))()
  return "done"
end

-- The names are globals, as at the prompt: so are those of the Python side.
function verbs.time(number, text)
  repeats = number
  local loop = assert(load("for _ = 1, repeats do\n" .. text .. "\nend", "=workload"))
  collectgarbage()
  local elapsed, processor = clock(), os.clock()
  loop()
  processor, elapsed = os.clock() - processor, clock() - elapsed
  return string.format("%.9f %.9f", elapsed, processor)
end

function verbs.value(number, text)
  local count, kept = numbers_of(assert(load("return " .. text, "=result"))(), number)
  return count .. " " .. table.concat(kept, " ")
end

local machine = core.machine()
answer(string.format("version %s, kernels for %s, OpenBLAS for %s", core.version, machine.kernels, machine.blas))
for line in io.lines() do
  local verb, number, length = line:match("^(%a+) (%d+) (%d+)$")
  local text = tonumber(length) > 0 and io.read(tonumber(length)) or ""
  local ok, result = pcall(verbs[verb == "do" and "do_" or verb], tonumber(number), text)
  answer(ok and result or "error " .. tostring(result))
end
