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

test("a value too many is refused, not left out", function()
  local x = ones(2, 2)
  expect.error(function() exp(x, 2) end, "exp takes one value, and this call gives 2")
  expect.error(function() return x:dot(x, x) end, "dot takes two values, and this call gives 3")
  expect.error(function() maximum(x, 1, 2) end, "maximum takes two values")
  expect.error(function() math.max(x) end, "of a tensor it is max(t)")
  expect.equal(math.max(1, 3, 2), 3)
end)

test("a matrix of many rows without columns is no work", function()
  expect.equal(tril(zeros(1 << 40, 0)).shape[1], 1 << 40)
  expect.equal(triu(zeros(2, 1 << 40, 0)).ndim, 3)
  expect.equal(tril(grad.track(zeros(1 << 40, 0))).ndim, 2)
end)

test("a value beside the table of numbers is refused, not left out", function()
  expect.error(function() return tensor({1, 2}, 3) end, "argument 2 is neither")
  expect.error(function() return tensor({1, 2}, {dtype = "int64"}, 3) end, "argument 3 is neither")
  expect.equal(tensor({1, 2}, {dtype = "int64"}).dtype, "int64")
  expect.equal(tensor({1, 2}, nil)[2], 2.0)
  expect.equal(tensor{1, 2, dtype = "int64"}.dtype, "int64")
  expect.error(function() return tensor{1, 2, dtyp = "int64"} end, 'tensor has no option "dtyp": did you mean "dtype"?')
end)

test("what is legal and meant otherwise is remarked at the prompt", function()
  local function said(code)
    local s = fresh {interactive = true}
    s:execute "X = ones(2, 3) n = 1 t = {shape = {}}"
    s.sink:take(true)
    s:execute(code)
    return s.sink:take(true)
  end
  for code, remark in pairs {
    ["X == 1"] = "note: X == 1 is false in Lua, whatever is in the tensor: the mask is eq(X, 1)",
    ["m = 0.5 ~= X"] = "note: 0.5 ~= X is true in Lua, whatever is in the tensor: the mask is ne(X, 0.5)",
    ["if X == -1 then print(1) end"] = "the mask is eq(X, -1)",
    ["X.shape[0]"] = "note: X.shape[0] is nil: sizes count from 1, so the first is X.shape[1]",
    ["n = X.shape[-1]"] = "counted from the end it is X.shape[#X.shape]",
    ["n = X.shape[-2]"] = "counted from the end it is X.shape[#X.shape - 1]",
  } do
    local text = said(code)
    expect.ok(text:find(remark, 1, true), code .. ": " .. text)
  end
  for _, code in ipairs {"n == 1", "X[1] == 1", "X.shape[1] == 2", "t.shape[0]", "X == nil", "zeros(2) == n",
    "'X == 1'", "X.shape[1]", "undefined == 1"} do
    local text = said(code)
    expect.ok(not text:find("note:", 1, true), code .. ": " .. text)
  end
end)

test("a loop over a tensor goes through its rows", function()
  local s = fresh()
  local result = s:execute [[
    local list = {}
    for i, row in ipairs(tensor{{1, 2}, {3, 4}}) do list[#list + 1] = i .. tostring(row) end
    for i, x in pairs(tensor{5, 6}) do list[#list + 1] = i .. ":" .. x end
    for i, word in ipairs{"a", "b"} do list[#list + 1] = i .. word end
    return table.concat(list, " ")]]
  expect.equal(result.ok and result.values[1] or result.error.text, "1[1. 2.] 2[3. 4.] 1:5.0 2:6.0 1a 2b")
  expect.ok(failure("for i in ipairs(nil) do end").text:find("ipairs takes a table, not nil", 1, true))
  expect.ok(failure("for i in ipairs(tensor(3)) do end").text:find("no length", 1, true))
end)

test("habits of NumPy are met with what is written here", function()
  for code, words in pairs {
    ["size(X)"] = "the number of elements of x is x.size", ["shape(X)"] = "the shape of x is x.shape",
    ["X:astype(float32)"] = 'a dtype is a string: "float32"', ["X[1] = 'a'"] = "assignment takes a tensor or number",
    ["for i = 1, 3: print(i)"] = "a loop is written: for i = 1, 10 do ... end", ["X[0/0]"] = "index nan along axis 1",
  } do
    local text = failure(code, SETUP).text
    expect.ok(text:find(words, 1, true), code .. ": " .. text)
  end
end)

test("one element is no elements", function()
  expect.error(function() return tensor{1, 2}:reshape(1) end, "to (1,) (1 element)")
  expect.error(function() return zeros("a") end, 'size 1 of the shape is "a"')
end)

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

test("channels at the wrong end of pictures are moved, and not reshaped, which would mix the pixels up", function()
  local make = [[m = nn.Sequential{nn.Conv2D{2, 3, data_format="channels_first", input_shape={3, 9, 8}}}
    n = nn.Sequential{nn.Conv2D{2, 3, input_shape={9, 8, 3}}} x = ones(5, 9, 8, 3)]]
  expect.equal(failure("m:predict(x)", make).hint.code, "m:predict(x:transpose(1, 4, 2, 3))")
  expect.equal(failure("n:predict(ones(5, 3, 9, 8))", make).hint.code,
    "n:predict(ones(5, 3, 9, 8):transpose(1, 3, 4, 2))")
  local e, s = failure("m:predict(x[1])", make)
  expect.equal(e.hint.code, "m:predict(x[1]:transpose(3, 1, 2):reshape(1, 3, 9, 8))")
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

-- ---- the words ----

local function says(cases, ...)
  for code, words in pairs(cases) do
    local e = failure(code, ...)
    if not e.text:find(words, 1, true) then error(string.format("%s\n%s\nlacks: %s", code, e.text, words), 0) end
  end
end

test("an operand of the wrong type is named as the learner wrote it", function()
  says({
    ["X + nil"] = "+ takes a tensor or number, not nil",
    ["X * t.rate"] = "* takes a tensor or number, but t.rate is nil",
    ["X + 'a'"] = "but 'a' is a string",
    ["'a' - X"] = "- takes a tensor or number, not a string",
    ["t - X"] = "but t is a table (tensor(t) makes a tensor of it)",
    ["X:dot{1, 2}"] = "dot takes a tensor, but {1, 2} is a table (tensor({1, 2}) makes a tensor of it)",
    ["X:dot()"] = "dot takes a tensor as argument 1, which is missing",
    ["sqrt('a')"] = "sqrt takes a tensor or number, but 'a' is a string",
    ["maximum(X, print)"] = "maximum takes a tensor or number, but print is a function",
    ["math.sqrt(X)"] = "for tensors it is sqrt(X)",
    ["t.lr * 2"] = "t.lr is nil: arithmetic takes numbers and tensors",
    ["t.sub.x"] = 't.sub is nil, so it has no "x"',
    ["t.sub.x = 1"] = 't.sub is nil, so it has no "x"',
    ["X[1][2][3]"] = "what is indexed here is a number: this index goes a level too deep",
    ["t .. 'a'"] = "t is a table: .. joins strings and numbers",
    ["'a' + 'b'"] = "strings are joined with ..",
    ["t < 1"] = "a table and a number cannot be compared",
    ["#nil"] = "nil has no length",
    ["t[nil] = 1"] = "the key is nil",
    ["t[0/0] = 1"] = "the key is nan",
    ["1 // 0"] = "a whole number cannot be divided by 0",
    ["1 % 0"] = "the remainder of a division by 0",
    ["for i = 1, 'x' do end"] = "a counting loop is a number",
    ["for i = 1, 2, 0 do end"] = "steps of 0",
    ["string.format('%d', 1.5)"] = "format takes a whole number, not 1.5",
    ["undefined_name + 1"] = "undefined_name is not defined",
    ["X + undefined_name"] = "undefined_name is not defined",
  }, SETUP, "t = {}")
end)

test("calling what is no function says what it is", function()
  says({
    ["X(1)"] = "X is a tensor and is not called: an element is X[1]",
    ["X.T()"] = "write X.T, without brackets",
    ["X:shape()"] = "write X.shape, without brackets",
    ["t.f(1)"] = "t.f is nil: there is no such function",
    ["t:f(1)"] = "t has no method f",
    ["('x'):foo()"] = "('x') has no method foo",
    ["n(1)"] = "n is a number and cannot be called",
    ["zeros(3)"] = "zeros is a number now and cannot be called; zeros = nil brings the built-in back",
    ["sum(X)(1)"] = "is an operator missing?",
    ["for row in X do end"] = "for i, row in ipairs(x)",
    ["for v in t do end"] = "ipairs(t)",
    ["for i in 10 do end"] = "for i = 1, 10 do",
    ["ones:X()"] = "ones is a function: it is called, as in ones(X)",
  }, SETUP, "t = {} n = 3 zeros = 4")
end)

test("a method called with a dot, and a comparison with an operator, come with the code that works", function()
  for code, fix in pairs {
    ["X.dot(w)"] = "X:dot(w)", ["o = X.T.dot(ones(4))"] = "X.T:dot(ones(4))", ["X.sum()"] = "X:sum()",
    ["X > 1"] = "gt(X, 1)", ["X.T <= ones(3, 4)"] = "le(X.T, ones(3, 4))", ["X == ones(4, 3)"] = "eq(X, ones(4, 3))",
    ["X ~= ones(4, 3)"] = "ne(X, ones(4, 3))", ["1 < X"] = "lt(1, X)",
    ["where(X == 1, 1, 0)"] = "eq(X, 1)", ["math.exp(X)"] = "exp(X)",
  } do
    local e, s = failure(code, SETUP)
    expect.ok(e.hint ~= nil, e.text)
    expect.equal(e.hint.code, fix)
    expect.ok(e.text:find(fix, 1, true), e.text)
    local result = s:execute("result = " .. fix)
    expect.ok(result.ok, result.error and result.error.text)
  end
end)

test("names that other languages have are told by Lua's", function()
  says({
    ["x = True"] = "Lua writes true", ["None"] = "Lua writes nil", ["np.zeros(3)"] = "zeros(3), not np.zeros(3)",
    ["len(t)"] = "the length of x is #x", ["range(3)"] = "for i = 1, 10 do", ["exit()"] = ":quit leaves the shell",
    ["randn(3)"] = 'did you mean "random.randn"?', ["# note"] = "a comment begins with --",
  })
end)

test("habits of syntax get one sentence with what Lua writes instead", function()
  says({
    ["def f(x):"] = "function f(x) return ... end",
    ["for i in range(10):"] = "for i = 1, 10 do ... end",
    ["for i in range(10): print(i)"] = "for i = 1, 10 do ... end",
    ["for (i = 0; i < 3; i++) {"] = "for i = 1, 10 do ... end",
    ["while x < 1:"] = "while x < 1 do ... end",
    ["if x == 1:"] = "if a then ... elseif b then",
    ["x = 3 # three"] = "a comment begins with --",
    ["// note"] = "a comment begins with --",
    ["x = [i * 2 for i in t]"] = "there are no comprehensions",
    ["x = {'a': 1}"] = '{a = 1, ["b c"] = 2}',
    ["X[1:3, :]"] = 'x["1:3, :"]', ["X[:, 1]"] = 'x["1:3, :"]', ["X[1:3]"] = 'x["1:3, :"]',
    ["x ** 2"] = "x ^ 2", ["x++"] = "x = x + 1", ["x *= 2"] = "x = x + 1", ["a && b"] = "x and y", ["!a"] = "not x",
    ["x ? 1 : 2"] = "c and a or b", ["y = 1 if x else 2"] = "c and a or b", ["X @ w"] = "A:dot(B)",
    ["X:sum(axis=1)"] = "X:sum{axis=1}", ["try:"] = "pcall", ["x = 3x"] = "write 3 * x", ["sin y"] = "sin(y)",
    ["x = y = 1"] = "x = 1, then y = 1", ["class A:"] = "no classes", ["let x = 1"] = "x = 1", ["x := 1"] = "x = 1",
    ["'abc"] = "a string ends on the line", ["end"] = "nothing that this end could close",
  })
end)

test("a line that begins a block as Python does is no beginning of a longer entry", function()
  local s = fresh()
  for _, text in ipairs {"for i in range(10):", "while True:", "if x == 1:", "else:", "def f(x):", "class A:"} do
    expect.ok(s:is_complete(text), text)
  end
  expect.ok(not s:is_complete "for i = 1, 10 do" and not s:is_complete "x =")
end)

test("a local that ended with its entry is explained when it is missed", function()
  says({
    ["z"] = "the local z ended with its entry; z = ... without local stays",
    ["z + 1"] = "the local z ended", ["f3"] = "the local f3 ended",
    ["within"] = "within is not defined", ["inside"] = "inside is not defined",
  }, "local z = 3 print(z)", "local function f3(within) local inside = 1 return inside end do local inside = 2 end")
  expect.equal(failure("inside", "do local inside = 1 end").text:find("ended"), nil)
end)

test("an error value that is no string, or whose text fails, is still one sentence", function()
  says({
    ["error()"] = "error(nil) was called", ["error({})"] = "error was called with a table",
    ["error(setmetatable({}, {__tostring = function() error 'no' end}))"] = "error was called with a table",
  })
end)

test("an operation in which both sides stretch is remarked on, once a line", function()
  local s = fresh {interactive = true}
  s:execute "a = ones(3, 1) b = tensor{1, 2, 3} t = grad.track(a)"
  local function notes(code)
    local result = s:execute(code)
    expect.ok(result.ok, result.error and result.error.text)
    local _, n = s.sink:take(true):gsub("note: both sides stretch: %(3, 1%) and %(3,%) give %(3, 3%)", "")
    return n
  end
  expect.equal(notes "c = a + b", 1)
  expect.equal(notes "c = a + b", 1)  -- another entry
  expect.equal(notes "for i = 1, 5 do c = maximum(a, b) end", 1)
  expect.equal(notes "for i = 1, 2 do\nc = a * b\nc = a / b\nend", 2)
  expect.equal(notes "c = t - b", 1)
  for _, code in ipairs {"a + a", "a + 1", "a + ones(3, 3)", "ones(1, 3) + b", "ones(1, 1) + b", "zeros(0, 1) + b"} do
    expect.equal(notes("c = " .. code), 0)
  end
  local script = fresh()
  script:execute "c = ones(3, 1) + tensor{1, 2, 3}"
  expect.equal(script.sink:take(), "")
end)

test("what nests too deeply is one sentence: calls, metamethods, coroutines, brackets", function()
  local deep = "the calls nest too deeply"
  says({
    ["function f() return 1 + f() end f()"] = deep,
    ["function f() coroutine.wrap(f)() end f()"] = deep,
    ["setmetatable(t, {__index = function(_, k) return t[k] end}) print(t.x)"] = deep,
    ["setmetatable(t, {__index = t}) print(t.x)"] = deep,
    ["setmetatable(t, {__add = function(a, b) return a + b end}) print(t + t)"] = deep,
    [("("):rep(1000)] = "nest too deeply",
    ["x = " .. ("{"):rep(1000) .. ("}"):rep(1000)] = "nest too deeply",
    ["error(select(2, load(('('):rep(1000))), 0)"] = deep,
  }, "t = {}")
end)

test("errors in error handlers, finalizers and to-be-closed variables leave a session that works", function()
  local s = fresh()
  for _, code in ipairs {
    "xpcall(error, function(m) error(m) end)",
    "xpcall(error, function(m) local function g() return g() + 1 end return g() end)",
    "setmetatable({}, {__gc = function() error 'gc' end}) collectgarbage()",
    "local a <close> = setmetatable({}, {__close = function() error 'close' end}) error 'first'",
    "for i = 1, 100 do pcall(error, setmetatable({}, {__tostring = error})) end",
    "t = setmetatable({}, {__tostring = function(t) return tostring(t) end}) return t",
    "t = setmetatable({}, {__name = ('x'):rep(1e6)}) return t + 1",
  } do
    s:execute(code)
    s.sink:take(true)
    local result = s:execute "ones(2, 2):sum()"
    expect.ok(result.ok, code)
    expect.equal(s.sink:take(true), "4.0\n")
  end
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

-- What stands below the message: the line, and carets under what it is about.
local function marked(code, width)
  local sink = sinks.capture(width)
  return session.new{sink = sink}:execute(code).error.picture
end

test("the line is shown with carets under the name, the option, the argument or the token that is wrong", function()
  for _, case in ipairs {
    {"y = 3 * zeors(2) + 1", "y = 3 * zeors(2) + 1\n        ^^^^^"},
    {"print('Köln', weiht)", "print('Köln', weiht)\n              ^^^^^"},
    {"nn.Conv2D{16, 3, paddin='same'}", "nn.Conv2D{16, 3, paddin='same'}\n                 ^^^^^^"},
    {"nn.Dense{2, activation='rleu'}", "nn.Dense{2, activation='rleu'}\n                       ^^^^^^"},
    {"ones(2):reshpe(4) + 0", "ones(2):reshpe(4) + 0\n        ^^^^^^"},
    {"t = {}; t.a.b = 3", "t = {}; t.a.b = 3\n        ^^^"},
    {"f = 3; f(2)", "f = 3; f(2)\n       ^"},
    {"s = 'a' .. {}", "s = 'a' .. {}\n           ^^"},
    {"z = sigmoid({}) + 1", "z = sigmoid({}) + 1\n            ^^"},
    {"x = = 2", "x = = 2\n    ^"},
    {"x = 1; x + * 2", "x = 1; x + * 2\n         ^"},  -- to Lua, a statement cannot go on with a +
    {"print(1) ) x", "print(1) ) x\n         ^"},
    {"x = {1 2}", "x = {1 2}\n       ^"},
    {"a = 1\n\tb = 2 c = = 3\nd = 4", "b = 2 c = = 3\n          ^"},
    {"a = 1\n\tb = weiht + 1\nd = 4", "b = weiht + 1\n    ^^^^^"},
  } do expect.equal(marked(case[1]), case[2]) end
end)

test("a caret is shown only where it is certain, and a long line is cut around it", function()
  expect.equal(marked("weiht"), nil)  -- the line is nothing else
  expect.equal(marked("print(weiht, t and weiht)"), nil)
  expect.equal(marked("x = 'weiht is here' weiht()"), "x = 'weiht is here' weiht()\n                    ^^^^^")
  expect.equal(marked("x = 'abc"), nil)
  local drawn = marked(("x = 1; "):rep(40) .. "y = weiht + 1;" .. (" x = 1;"):rep(40), 60)
  local line, carets = drawn:match "^(.*)\n(.*)$"
  expect.ok(#line <= 58 and line:find "^%.%.%." and line:find "%.%.%.$", drawn)
  expect.equal(line:sub(carets:find "%^+"), "weiht")
end)

test.done()
