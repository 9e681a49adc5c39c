-- :time and :timeit.

local compile = require "gradus.session.compile"
local core = require "gradus.core.session"

local timing = {}

local RUNS = 7          -- of which the median is told
local LEAST = 0.01      -- seconds that one of them should take: the clock costs something, too
local TOGETHER = 3      -- seconds, about, for all of them

--- 1.5e-3 as "1.5 ms".
function timing.text(seconds)
  for _, unit in ipairs {{1, "s"}, {1e-3, "ms"}, {1e-6, "us"}} do
    if seconds >= unit[1] then return string.format("%.3g %s", seconds / unit[1], unit[2]) end
  end
  return string.format("%.3g ns", seconds * 1e9)
end

--- Runs the code as an entry and says how long it took.
function timing.time(shell, code)
  if code == "" then return shell:say "what? :time CODE, as in :time x:dot(y)" end
  local start = core.clock()
  local result = shell.session:execute(code)
  local seconds = core.clock() - start
  if result.ok then shell:say(timing.text(seconds)) else shell:show_error(result.error) end
end

-- How long n runs in a row take.
local function measure(f, n)
  local start = core.clock()
  for _ = 1, n do f() end
  return core.clock() - start
end

local function measure_all(f)
  local once = measure(f, 1)  -- the first also warms everything up
  local n, seconds = 1, once
  while seconds < LEAST do
    n = n * (seconds < LEAST / 10 and 10 or 2)
    seconds = measure(f, n)
  end
  local runs = math.max(1, math.min(RUNS, math.floor(TOGETHER / seconds)))
  local times = {}
  for i = 1, runs do times[i] = measure(f, n) / n end
  table.sort(times)
  return times, n
end

--- Runs the code many times, quietly, and tells the median of a run with what lay between the fastest and slowest.
function timing.timeit(shell, code)
  if code == "" then return shell:say "what? :timeit CODE, as in :timeit x:dot(y)" end
  code = code:gsub("%s*;%s*$", "")
  local name = "=timeit"
  local f = compile("return function() return " .. code .. "\nend", name, "t", shell.session.env)
    or compile("return function() " .. code .. "\nend", name, "t", shell.session.env)
  if not f then return shell:show_error(shell.session:execute(code).error) end  -- it cannot compile, and says why
  shell.session:remember_source(name, code)
  local ok, times, n = core.call(function() return measure_all(f()) end)
  if not ok then return shell:fail(times, {short = "timeit", text = code, one_line = not code:find "\n"}) end
  local median = times[(#times + 1) // 2]
  shell:say(string.format("%s a run: the median of %s; from %s to %s", timing.text(median),
    n == 1 and #times .. " runs" or string.format("%d times %d runs", #times, n), timing.text(times[1]),
    timing.text(times[#times])))
end

return timing
