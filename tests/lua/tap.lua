-- A small TAP harness. A test file does `local test, expect = dofile(os.getenv "GRADUS_TESTS" .. "/lua/tap.lua")`,
-- calls `test("a sentence", function() ... end)`, and ends with `test.done()`.

local count, failed = 0, 0

local expect = {}

local function text(v)
  return type(v) == "string" and string.format("%q", v) or tostring(v)
end

function expect.equal(got, wanted)
  if got ~= wanted then error("got " .. text(got) .. ", wanted " .. text(wanted), 2) end
end

function expect.ok(value, message)
  if not value then error(message or "expected a true value", 2) end
end

--- |got - wanted| <= tolerance * max(1, |wanted|); NaN is close to nothing.
function expect.close(got, wanted, tolerance)
  tolerance = tolerance or 1e-12
  if not (math.abs(got - wanted) <= tolerance * math.max(1, math.abs(wanted))) then
    error(string.format("got %.17g, wanted %.17g (tolerance %g)", got, wanted, tolerance), 2)
  end
end

--- `part` (plain text) stands in `got`.
function expect.contains(got, part)
  if not got:find(part, 1, true) then error(string.format("%q is not in:\n%s", part, got), 2) end
end

--- It does not.
function expect.lacks(got, part)
  if got:find(part, 1, true) then error(string.format("%q is in:\n%s", part, got), 2) end
end

--- `f` fails and its message contains `part` (plain text). Returns the message.
function expect.error(f, part)
  local ok, message = pcall(f)
  if ok then error("expected an error with " .. text(part) .. ", but there was none", 2) end
  message = tostring(message)
  if not message:find(part, 1, true) then
    error("expected an error with " .. text(part) .. ", got " .. text(message), 2)
  end
  return message
end

--- A script's first line, a hexadecimal number of its result, is the same whatever the number of threads.
function expect.same_bits(script)
  local name, first = os.tmpname(), nil
  local f <close> = assert(io.open(name, "w"))
  f:write(script)
  f:flush()
  for _, threads in ipairs {1, 2, 8} do
    local pipe <close> = io.popen(string.format('"/proc/$PPID/exe" --threads %d %s', threads, name))
    local got = pipe:read "l"
    expect.ok(got and got:find "^%-?0x", tostring(got))
    first = first or got
    expect.equal(got, first)
  end
  os.remove(name)
end

local test = setmetatable({}, {
  __call = function(_, name, f)
    count = count + 1
    local ok, message = xpcall(f, debug.traceback)
    if not ok then
      failed = failed + 1
      io.stderr:write(name, ":\n", tostring(message), "\n")  -- meson shows what a failed test wrote there
    end
    print((ok and "ok " or "not ok ") .. count .. " - " .. name)
  end,
})

function test.done()
  print("1.." .. count)
  if count == 0 then error("no test ran") end
  os.exit(failed == 0)
end

return test, expect
