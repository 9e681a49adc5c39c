-- Errors that teach: the learner's own expression, both shapes under it, the axis that disagrees, and a fix that works.

local test, expect = dofile(os.getenv "GRADUS_TESTS" .. "/lua/tap.lua")
local expressions = require "gradus.session.expressions"
local session = require "gradus.session"
local shapes = require "gradus.shapes"
local sinks = require "gradus.session.sink"

local function fresh(given)
  given = given or {}
  given.sink = sinks.capture(100)
  return session.new(given)
end

-- The error of `code`, after entries that set things up.
local function failure(code, ...)
  local s = fresh()
  for _, entry in ipairs {...} do
    local result = s:execute(entry)
    if not result.ok then error(result.error.text, 0) end
  end
  local result = s:execute(code)
  if result.ok then error(code .. " did not fail", 2) end
  return result.error, s
end

local function picture(code, ...) return failure(code, ...).picture end

local SETUP = "X = ones(4, 3) w = ones(3, 1) y = tensor{1, 2, 3, 4}"

local function lines(...) return table.concat({...}, "\n") end

test("a product that does not fit shows both shapes, the sizes that disagree and what works", function()
  local e = failure("o = X:dot(w.T)", SETUP)
  expect.equal(e.picture, lines(
    "X:dot(w.T)",
    "(4, 3)  (1, 3)",
    "    ^    ^      3 columns against 1 row"))
  expect.equal(e.hint.code, "X:dot(w)")
  expect.equal(shapes.text(e.hint.shape), "(4, 1)")
  expect.ok(e.text:find("\n  X:dot(w) gives (4, 1)", 1, true), e.text)
end)

test("operators, functions and assignments have their picture", function()
  expect.equal(picture("X + w", SETUP), lines(
    "X + w",
    "(4, 3)  (3, 1)",
    " ^       ^      4 against 3, and neither is 1"))
  expect.equal(picture("z = maximum(X, y) * 2", SETUP), lines(
    "maximum(X, y)",
    "        (4, 3)  (4,)",
    "            ^    ^    3 against 4, and neither is 1"))
  expect.equal(picture("concatenate{X, w}", SETUP), lines(
    "concatenate{X, w}",
    "            (4, 3)  (3, 1)",
    "                ^       ^   3 against 1"))
  expect.equal(picture("X:reshape(5, -1)", SETUP), lines(
    "X:reshape(5, -1)",
    "(4, 3)  12 elements do not fill (5, -1)"))
  expect.equal(picture("X[1] = y", SETUP), lines(
    "X[1] = y",
    "(3,)   (4,)",
    " ^      ^    (3,) has no room for (4,)"))
  expect.equal(picture("X[{2, 7}]", SETUP), lines(
    "X[{2, 7}]",
    "(4, 3)",
    "    ^   7 lies outside 1..3"))
end)

test("among several operators the one that failed is shown", function()
  expect.equal(picture("X * 2 + X * w + X", SETUP):match "^[^\n]*", "X * w")
  expect.equal(picture("sigmoid(X:dot(w)) + X - w", SETUP):match "^[^\n]*", "sigmoid(X:dot(w)) + X - w")
  expect.equal(picture("a = X - (y - X)", SETUP):match "^[^\n]*", "y - X")
  expect.equal(picture("X:dot(w) + X.T:dot(w)", SETUP):match "^[^\n]*", "X.T:dot(w)")
  expect.equal(picture("-X ^ y", SETUP):match "^[^\n]*", "X ^ y")
end)

test("where several expressions could be meant there is no picture rather than a wrong one", function()
  local e = failure("(X + X) + (X + ones(4))", SETUP)
  expect.equal(e.picture, nil)
  expect.ok(e.text:find("(4, 3)", 1, true) and e.text:find("(4,)", 1, true), e.text)
  expect.equal(failure("f(1) + f(2) + f(3)", "f = function(i) return ones(i + 1) end").picture, nil)
end)

test("nothing is evaluated a second time", function()
  local e, s = failure("g(X) + g(y)", SETUP, "calls = 0 function g(t) calls = calls + 1 return t end")
  expect.ok(e.picture:find("(4,)", 1, true))
  s.sink:take(true)
  s:execute "calls"
  expect.equal(s.sink:take(true), "2\n")
end)

test("the learner's functions and scripts show their own line", function()
  local define = lines("function forward(a, b)", "  local c = a * 2", "  return c:dot(b)", "end")
  local e = failure("forward(X, y)", SETUP, define)
  expect.equal(e.place, "entry 2, line 3")
  expect.equal(e.picture:match "^[^\n]*", "c:dot(b)")
  expect.ok(e.picture:find("(4, 3)", 1, true))
  e = failure("f()", SETUP, "do local k = X f = function() return k + y end end")
  expect.equal(e.picture:match "^[^\n]*", "k + y")
  local path = os.tmpname() .. ".lua"
  local file = io.open(path, "w")
  file:write("local a = ones(2, 3)\nlocal function twice(t)\n  return t:dot(t)\nend\nreturn twice(a)\n")
  file:close()
  for _, code in ipairs {"dofile %q", "loadfile(%q)()", "require %q"} do
    local shown = code:find "require" and path:gsub("^/", ""):gsub("%.lua$", "") or path
    e = failure(string.format(code, shown), "package.path = '/?.lua'")
    expect.equal(e.place, path .. ":3")
    expect.equal(e.picture:match "^[^\n]*", "t:dot(t)")
  end
  local result = fresh():execute(io.open(path):read "a", {name = "@" .. path, script = true})
  expect.equal(result.error.place, path .. ":3")
  expect.equal(result.error.picture:match "^[^\n]*", "t:dot(t)")
  os.remove(path)
end)

test("an expression over several lines is drawn on one", function()
  expect.equal(picture("o = X:dot(\n  w.T\n)", SETUP):match "^[^\n]*", "X:dot(w.T)")
  expect.equal(picture("o = 2 +\n  X\n  - y", SETUP):match "^[^\n]*", "2 + X - y")
end)

test("a network says how its input is to be shaped", function()
  local make = [[m = nn.Sequential{nn.Flatten{input_shape={28, 28, 1}}, nn.Dense{2}}
    m:compile{optimizer='sgd', loss='mse'}]]
  expect.equal(failure("m:predict(ones(28, 28))", make).hint.code, "m:predict(ones(28, 28):reshape(1, 28, 28, 1))")
  local e, s = failure("m:fit{x, ones(5, 2), verbose=0}", make, "x = ones(5, 28, 28)")
  expect.equal(e.hint.code, "m:fit{x:reshape(5, 28, 28, 1), ones(5, 2), verbose=0}")
  expect.ok(s:execute(e.hint.code).ok)
end)

-- ---- every hint works ----

local function a_shape(ndim)
  local sizes = {}
  for i = 1, ndim do sizes[i] = math.random(4) end
  return sizes
end

local function ones_of(sizes) return "ones{" .. table.concat(sizes, ", ") .. "}" end

-- Code that fails now and then, with the names a and b or with calls in their place.
local function a_statement()
  local a, b = a_shape(math.random(3)), a_shape(math.random(3))
  local named = math.random() < 0.5
  local setup = string.format("a = %s b = %s", ones_of(a), ones_of(b))
  local x, y = named and "a" or ones_of(a), named and "b" or ones_of(b)
  if math.random() < 0.3 then x = x .. ".T" end
  if math.random() < 0.3 then y = y .. ".T" end
  local kinds = {
    function() return string.format("%s %s %s", x, ({"+", "-", "*", "/", "^", "%"})[math.random(6)], y) end,
    function() return string.format("1 - %s + %s / 2", x, y) end,
    function() return string.format("%s:dot(%s)", x, y) end,
    function() return string.format("dot(%s, -%s)", x, y) end,
    function() return string.format("maximum(%s, %s)", x, y) end,
    function() return string.format("concatenate{%s, %s}", x, y) end,
    function() return string.format("concatenate({%s, %s}, 2)", x, y) end,
    function() return string.format("stack{%s, %s}", x, y) end,
    function() return string.format("%s:reshape(%d, %d)", x, math.random(6), math.random(6)) end,
    function() return string.format("%s:reshape(%d, -1)", x, math.random(6)) end,
    function() return string.format("reshape(%s, {%d, %d})", x, math.random(6), math.random(6)) end,
  }
  return setup, kinds[math.random(#kinds)]()
end

test("what a hint suggests runs and gives the shape that it promises, on 3,000 random expressions", function()
  math.randomseed(7)
  local s, failed, hinted, drawn = fresh(), 0, 0, 0
  for _ = 1, 3000 do
    local setup, code = a_statement()
    s:execute(setup)
    local result = s:execute("result = " .. code)
    if not result.ok then
      failed = failed + 1
      local e = result.error
      if e.picture then drawn = drawn + 1 end
      if e.hint then
        hinted = hinted + 1
        -- The hint is the part that failed, so it may stand inside the whole.
        local fixed = s:execute("result = " .. e.hint.code)
        if not fixed.ok then error(setup .. "\n" .. e.text .. "\n" .. fixed.error.text, 0) end
        local value = rawget(s.env, "result")
        local shape = shapes.text(type(value) == "number" and {} or value.shape)
        if shape ~= shapes.text(e.hint.shape) then error(setup .. "\n" .. e.text .. "\nbut it is " .. shape, 0) end
      end
    end
  end
  print(string.format("# %d failed, %d drawn, %d with a hint", failed, drawn, hinted))
  expect.ok(failed > 800 and drawn > 0.95 * failed and hinted > failed / 3)
end)

test("expressions are read with Lua's own precedence", function()
  local function read(text)
    local list = {}
    for _, node in ipairs(expressions.read(text)) do
      if node.kind == "binary" or node.kind == "unary" or node.kind == "call" or node.kind == "index" then
        list[#list + 1] = text:sub(node.from, node.to)
      end
    end
    return table.concat(list, " | ")
  end
  expect.equal(read "a + b * c - d", "b * c | a + b * c | a + b * c - d")
  expect.equal(read "-a ^ b ^ c", "b ^ c | a ^ b ^ c | -a ^ b ^ c")
  expect.equal(read "a .. b .. c", "b .. c | a .. b .. c")
  expect.equal(read "not a == b and c", "not a | not a == b | not a == b and c")
  expect.equal(read "function f(x) return x + 1 end", "x + 1")
  expect.equal(read "f = function(x) if x then return x.y:z{1} end end g(2)", "x.y | x.y:z{1} | g(2)")
  expect.equal(read "t[i + 1].a = {b = c(d), e * 2; [f()] = 3}", "i + 1 | t[i + 1] | t[i + 1].a | c(d) | e * 2 | f()")
  expect.equal(read "x = = (", "")
end)

test.done()
