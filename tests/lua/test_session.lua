-- The session core: what an entry prints, what it means, how it fails.

local test, expect = dofile(os.getenv "GRADUS_TESTS" .. "/lua/tap.lua")
local lexer = require "gradus.session.lexer"
local session = require "gradus.session"
local sinks = require "gradus.session.sink"

local function fresh(given)
  given = given or {}
  given.sink = sinks.capture()
  return session.new(given)
end

-- What `code` prints in session `s`; an error is part of it.
local function prints(s, code)
  local result = s:execute(code)
  local text = s.sink:take(true)
  if not result.ok then text = text .. "error: " .. result.error.text end
  return text
end

test("Several values print on a line each, and nil alone prints nothing", function()
  local s = fresh()
  expect.equal(prints(s, "1, 'two', nil"), "1\ntwo\nnil\n")
  expect.equal(prints(s, "nil"), "")
  expect.equal(prints(s, "-- nothing"), "")
  expect.equal(prints(s, ""), "")
end)

test("The value of the last statement prints, and statements keep Lua's meaning", function()
  local s = fresh()
  expect.equal(prints(s, "x = 3\nx"), "3\n")
  expect.equal(prints(s, "x = 3\ntostring(x)"), "3\n")
  expect.equal(prints(s, "x = 3\nx;"), "")
  expect.equal(prints(s, "x = 5\n- 3"), "")
  expect.equal(prints(s, "x"), "2\n")
  expect.equal(prints(s, "function f()\n  tostring(1)\nend"), "")
  expect.equal(prints(s, "f()"), "")
  expect.equal(prints(s, "for i = 1, 2 do\n  tostring(i)\nend"), "")
  expect.equal(prints(s, "return 7"), "7\n")
end)

test("A semicolon in a string or a comment does not keep a value quiet", function()
  local s = fresh()
  expect.equal(prints(s, "'a;'"), "a;\n")
  expect.equal(prints(s, "1 -- one;"), "1\n")
  expect.equal(prints(s, "1; -- one"), "")
end)

test("Input is incomplete only where more of it could help", function()
  local s = fresh()
  for _, text in ipairs {"for i = 1, 2 do", "f(", "x =", "x = [[a", "--[[ a", "if x then", "{1,", "1 +",
    "x = 3; f(", "x = 'a\\"} do
    expect.ok(not s:is_complete(text), text .. " is complete")
  end
  for _, text in ipairs {"x = = 1", "1 1", "'abc", "x = 'abc", "x", "x = 3; x", "end", ")", "", "local x = 3\nx"} do
    expect.ok(s:is_complete(text), text .. " is incomplete")
  end
end)

test("Floats print the digits that read back, everywhere", function()
  local s = fresh()
  expect.equal(prints(s, "0.1 + 0.2"), "0.30000000000000004\n")
  expect.equal(prints(s, "print(0.1 + 0.2, 1e16, 2.0, 3)"), "0.30000000000000004\t1e+16\t2.0\t3\n")
  expect.equal(prints(s, "tostring(1e-5)"), "1e-05\n")
  expect.equal(prints(s, "{0.1 + 0.2}"), "{0.30000000000000004}\n")
  expect.equal(prints(s, "0/0, 1/0, -0.0"), "nan\ninf\n-0.0\n")
end)

test("Tables print opened, sorted, to a limit, and cycles end", function()
  local s = fresh()
  expect.equal(prints(s, "{1, 'two', x = {y = true}}"), '{1, "two", x = {y = true}}\n')
  expect.equal(prints(s, "{['a b'] = 1, [10] = 2, ['end'] = 3}"), '{[10] = 2, ["a b"] = 1, ["end"] = 3}\n')
  expect.equal(prints(s, "t = {} t.t = t return t"), "{t = {... itself}}\n")
  expect.equal(prints(s, "{{{{{1}}}}}"), "{{{{{...}}}}}\n")
  expect.ok(#prints(s, "t = {} for i = 1, 1e5 do t[i] = i end return t") < 1000)
  expect.equal(prints(s, "{('x'):rep(90), 1}"), '{\n  "' .. ("x"):rep(90) .. '",\n  1\n}\n')
end)

test("A value may show itself", function()
  local s = fresh()
  local shown
  s.env.thing = setmetatable({}, {__echo = function(value, where) shown = where end})
  expect.equal(prints(s, "thing"), "")
  expect.ok(shown == s)
end)

test("Functions show their signature", function()
  local s = fresh()
  expect.ok(prints(s, "zeros"):find("^function zeros%("))
  expect.equal(prints(s, "function (a, b, ...) end"), "function(a, b, ...) from entry 2, line 1\n")
end)

test("An error tells its place in the entry, and the calls that are the learner's", function()
  local s = fresh()
  expect.equal(prints(s, "error('no')"), "error: no")
  expect.equal(prints(s, "x = 1\nerror('no')"), "error: line 2: no\n  error('no')")
  s:execute("function f() error('no') end")
  expect.equal(prints(s, "f()"), "error: entry 3, line 1: no\n  function f() error('no') end")
  local result = s:execute("x = 1\nf()")
  expect.equal(result.error.traceback, "entry 3, line 1: in f\nentry 5, line 2: in the main part")
  expect.equal(prints(s, "error({})"), "error: error was called with a table instead of a message")
  expect.equal(prints(s, "error(setmetatable({}, {__tostring = function() return 'mine' end}))"), "error: mine")
end)

test("A syntax error inside a block is named where it stands", function()
  local s = fresh()
  local text = prints(s, "for i = 1, 3 do\n  print(i)\n  y = = 2\nend")
  expect.ok(text:find("line 3", 1, true) and text:find("near '='", 1, true), text)
end)

test("A mistake in a function or a block is told as what it is, not as a word too many before it", function()
  for _, code in ipairs {"function f(w)\n  w -= 1\nend", "for i = 1, 3 do\n  w -= 1\nend", "local w = 1\nw -= 1"} do
    local text = prints(fresh(), code)
    expect.ok(text:find("line 2", 1, true) and text:find("there is no += and its like", 1, true), text)
  end
end)

test("A function of the learner's is called for somebody else, and its error is explained", function()
  local s = fresh()
  s:execute "function add(a, b)\n  return a + b, a\nend"
  local result = s:call(s.env.add, 2, 3)
  expect.ok(result.ok and result.values.n == 2 and result.values[1] == 5)
  result = s:call(s.env.add, print, 3)
  expect.ok(not result.ok)
  expect.equal(result.error.place, "line 2")
  expect.ok(result.error.message:find("a is a function", 1, true), result.error.message)
end)

test("Endless recursion is one error, with the calls shortened", function()
  local s = fresh()
  local result = s:execute("function f() return 1 + f() end f()")
  expect.ok(result.error.message:find("without end"))
  expect.ok(result.error.traceback:find("more calls"))
  expect.ok(#result.error.traceback < 5000)
end)

test("A misspelt name is an error with a suggestion, in globals and in modules", function()
  local s = fresh()
  expect.equal(prints(s, "zeors(2)"), 'error: zeors is not defined: did you mean "zeros"?\n  zeors(2)\n  ^^^^^')
  expect.equal(prints(s, "string.formt"),
    'error: string has no "formt": did you mean "format"?\n  string.formt\n         ^^^^^')
  expect.equal(prints(s, "rawget(_G, 'nothing')"), "")
  expect.equal(prints(s, "xyzzyxyzzy"), "error: xyzzyxyzzy is not defined")
end)

test("An option that others have is marked where it stands, and answered", function()
  local s = fresh()
  expect.equal(prints(s, "nn.Dense{3, dtype='float64'}"),
    'error: nn.Dense has no option dtype: a network has one dtype: nn.Sequential{..., dtype="float64"}\n'
    .. "  nn.Dense{3, dtype='float64'}\n              ^^^^^")
end)

test("What Keras calls otherwise is answered with our name for it, which there is", function()
  local s = fresh()
  for _, asked in ipairs {"nn.DepthwiseConv2D", "nn.MaxPool2D", "nn.SeparableConv2D", "nn.SpatialDropout2D",
    "nn.Lambda", "nn.InputLayer", "nn.ThresholdedReLU", "nn.Conv1D", "losses.bce", "losses.kld", "nn.LSTM"} do
    local said = prints(s, asked)
    expect.ok(said:find "\n *%^+$", said)  -- the name is marked
    local advice = said:match 'has no "[%w_]+": ([^\n]*)'
    expect.ok(advice, said)
    for name in advice:gmatch "nn%.([%w_]+)" do expect.ok(nn[name], said) end
    for name in advice:gmatch "losses%.([%w_]+)" do expect.ok(losses[name], said) end
  end
end)

test("Nothing that a learner assigns reaches our own Lua", function()
  local s = fresh {interactive = true}
  prints(s, "for name in pairs(string) do string[name] = nil end math.floor = nil table.concat = error zeros = nil")
  prints(s, "print = nil error = nil pairs = nil setmetatable = nil _G.type = 1")
  expect.equal(prints(s, "{1, {x = 'y'}}"), '{1, {x = "y"}}\n')
  expect.equal(prints(s, "getmetatable('').__index"), prints(fresh(), "('strings').__index"))
  expect.equal(prints(fresh(), "math.floor(2.5)"), "2\n")
end)

test("A built-in's name can be taken and given back, and says so once", function()
  local s = fresh {interactive = true}
  expect.ok(prints(s, "sum = 3"):find("sum = nil brings the built-in back", 1, true))
  expect.equal(prints(s, "sum"), "3\n")
  local said = prints(s, "sum = 4; sum = nil; sum{1, 2}"):match "^[^\n]*"
  expect.equal(said, prints(fresh(), "sum{1, 2}"):match "^[^\n]*")
  expect.equal(prints(fresh(), "sum = 3"), "")
end)

test("Code that is loaded sees the learner's globals", function()
  local s = fresh()
  expect.equal(prints(s, "x = 4; load('x = x + 1 return x')()"), "5\n")
  expect.equal(prints(s, "load('return y', 'c', 't', {y = 6})()"), "6\n")
  expect.equal(prints(s, "x"), "5\n")
end)

test("Sessions share no globals", function()
  local a, b = fresh(), fresh()
  a:execute("x = 1")
  expect.equal(prints(b, "x = 2; x"), "2\n")
  expect.equal(prints(a, "x"), "1\n")
end)

-- What the end of `text` may become, in one string.
local function words(s, text)
  local _, found = s:complete(text)
  local list = {}
  for i, item in ipairs(found) do list[i] = item.text end
  return table.concat(list, " ")
end

test("A name completes to what may stand there", function()
  local s = fresh()
  s:execute("weights = {alpha = 1, beta = function() end}")
  expect.equal(words(s, "weig"), "weights")
  expect.equal(words(s, "print(weights.al"), "alpha")
  expect.equal(words(s, "weights:"), "beta")
  expect.equal(words(s, "math.sq"), "sqrt")
  s:execute("w = zeros(2)")
  expect.equal(words(s, "w:resh"), "reshape")
  expect.equal(words(s, "nothing.x"), "")
  expect.equal((s:complete("x = mat")), 5)
  expect.equal(words(s, "1e"), "")
  expect.equal(words(s, "-- weig"), "")
  expect.equal(words(s, "x = 1 -- weig"), "")
  expect.equal(words(s, "--[[ weig"), "")
end)

test("Methods are offered behind a colon, properties and fields behind a dot", function()
  local s = fresh()
  s:execute("x = zeros(2); m = nn.Sequential{nn.Dense{2, input_shape={3}}}; word = 'a'")
  expect.equal(words(s, "x.sh"), "shape")
  expect.equal(words(s, "x.resh"), "")
  expect.equal(words(s, "x:sh"), "")
  expect.equal(words(s, "m.lay"), "layers")
  expect.equal(words(s, "m.summ"), "")
  expect.equal(words(s, "m:summ"), "summary")
  expect.equal(words(s, "m.layers[1].ker"):match "kernel%f[%s]", "kernel")
  expect.equal(words(s, "m.layers[1].kernel:flatt"), "flatten")
  expect.equal(words(s, "word:upp"), "upper")
  expect.equal(words(s, "('a'):upp"), "upper")
  expect.equal(words(s, "nn.Den"), "Dense")
  expect.equal(words(s, "nn:Den"), "")
  expect.equal(words(s, "zeros(3):flatt"), "flatten")
  expect.equal(words(s, "w = zeros(2); (w + 1):flatt"), "")
end)

test("Completing runs nothing of the learner's", function()
  local s = fresh()
  s:execute([[ran = 0
    lazy = setmetatable({}, {__index = function() ran = ran + 1 return {inside = 1} end})
    function f() ran = ran + 1 return {inside = 1} end
    ring = {}; setmetatable(ring, {__index = ring})]])
  for _, text in ipairs {"lazy.a.ins", "f().ins", "lazy.", "lazy:", "lazy.f{", "f{", "ring.x", "ring:"} do
    words(s, text)
  end
  expect.equal(s.env.ran, 0)
end)

test("Inside a call's table the options are offered that the call checks, without those that are given", function()
  local s = fresh()
  s:execute("m = nn.Sequential{nn.Dense{2, input_shape={3}}}")
  expect.equal(words(s, "nn.Conv2D{ pad"), "padding=")
  expect.equal(words(s, "nn.Conv2D{16, 3,\n  act"), "activation=")
  expect.equal(words(s, "nn.Conv2D{16, {3, 3}, fil"), words(s, "fil"))
  expect.equal(words(s, "m:fit{x, class_weight={[0]=1, y=2}, callbacks={}, y"), "y=")
  expect.equal(words(s, "nn.MaxPooling2D{"), "data_format= input_shape= name= padding= pool_size= strides= trainable=")
  expect.equal(words(s, "nn.MaxPooling2D{padding='same', p"), "pool_size=")
  expect.equal(words(s, "m = nn.Sequential{nn.Dense{u"), "units= use_bias=")
  expect.equal(words(s, "optim.Adam{learn"), "learning_rate=")
  expect.equal(words(s, "losses.huber{del"), "delta=")
  expect.equal(words(s, "callbacks.EarlyStopping{pat"), "patience=")
  expect.equal(words(s, "zeros(2, {dt"), "dtype=")
  expect.equal(words(s, "sort(x, {desc"), "descending=")
  expect.equal(words(s, "data.split(x, y, {strat"), "stratify=")
  expect.equal(words(s, "m:fit{x, y, epo"), "epochs=")
  expect.equal(words(s, "m:compile{opti"), "optimizer=")
  expect.equal(words(s, "nn.Dense{mat"), words(s, "mat"))  -- a value by position
  expect.equal(words(s, "t = {mat"), words(s, "t = mat"))
end)

test("The values of an option are offered where they are a fixed set", function()
  local s = fresh()
  expect.equal(words(s, 'nn.Conv2D{16, 3, padding="'), "same valid")
  expect.equal(words(s, "nn.Conv2D{16, 3, padding="), '"same" "valid"')
  expect.equal(words(s, "nn.Dense{2, activation='rel"), "relu relu6")
  expect.equal(words(s, 'nn.Activation{"soft'), "soft_shrink softmax softplus softsign")
  expect.equal(words(s, "nn.Dense{2, use_bias="), "false true")
  expect.equal(words(s, 'nn.Dense{2, kernel_initializer="he'), "he_normal he_uniform")
  expect.equal(words(s, 'zeros(2, {dtype="float'), "float32 float64")
  s:execute("m = nn.Sequential{nn.Dense{2, input_shape={3}}}; x = zeros(2)")
  expect.equal(words(s, 'm:compile{optimizer="rm'), "rmsprop")
  expect.equal(words(s, 'm:compile{"sgd", "ms'), "mse msle")
  expect.equal(words(s, 'm:compile{"sgd", "mse", metrics={"accuracy", "prec'), "precision")
  expect.equal(words(s, 'x:astype("fl'), "float32 float64")
  expect.equal(words(s, 'plot.theme "proj'), "projector")
  expect.equal(words(s, 'plot.theme("da'), "dark")
  local _, found = s:complete('nn.Conv2D{16, 3, padding="sa')
  expect.equal(found[1].tail, '"')
end)

test("Candidates tell in a few words what they are", function()
  local s = fresh()
  s:execute("weights = zeros(2, 3); words = {'a', 'b'}; three = 3")
  local function note(text)
    local _, found = s:complete(text)
    return found[1].note
  end
  expect.equal(note("weigh"), "tensor (2, 3) float64")
  expect.equal(note("words"), "a list of 2")
  expect.equal(note("thre"), "3")
  expect.equal(note("matmu"):find("product", 1, true) ~= nil, true)
  expect.equal(note("nn.Conv2D{filt"), "needed")
  expect.equal(note("nn.Conv2D{padd"), "valid, same; valid unless given")
end)

test("Files are offered in other strings", function()
  local s = fresh()
  local folder = os.getenv "GRADUS_TESTS" .. "/lua"
  expect.equal(words(s, 'data.load("' .. folder .. "/test_sess"), "test_session.lua")
  expect.equal(words(s, 'data.load("' .. os.getenv "GRADUS_TESTS" .. "/lu"), "lua/")
  expect.equal(words(s, 'data.load("/nowhere/at/all'), "")
  expect.equal(words(s, 'x = "' .. folder .. "/test_sess"), "test_session.lua")
end)

test("Locals that are an entry's only content are known by name", function()
  local function names(text) return table.concat(lexer.only_locals(text) or {"no"}, " ") end
  expect.equal(names("local a = 1"), "a")
  expect.equal(names("local a, b = 1, {2, c = 3}; local d"), "a b d")
  expect.equal(names("local function f(x) local y = x return y end"), "f")
  expect.equal(names("local a <const> = 3"), "a")
  expect.equal(names("local a = 1 print(a)"), "no")
  expect.equal(names("x = 1"), "no")
end)

test("Tokens end where Lua's do", function()
  local function kinds(text)
    local list = {}
    for i, t in ipairs(lexer.tokens(text)) do list[i] = t.kind .. (t.open and "!" or "") end
    return table.concat(list, " ")
  end
  expect.equal(kinds("x = [==[ ]] ]==] -- c\n+ 0x1p-3"), "name symbol string symbol number")
  expect.equal(kinds([['a\'b' .. "c"]]), "string symbol string")
  expect.equal(kinds("'abc"), "string!")
  expect.equal(kinds("--[[ a"), "comment!")
  expect.equal(kinds("a//b ~= c"), "name symbol name symbol name")
end)

test("habits from elsewhere are told how Lua has it", function()
  local s = fresh()
  s:execute "X = ones(4, 3) w = ones(3, 1)"
  for entry, advice in pairs {
    ["sig(x) = 1 / (1 + exp(-x))"] = "(a function is written: function f(x) return ... end)",
    ["def sig(x): return x"] = "(a function is written: function f(x) return ... end)",
    ["truth = [0, 1, 1, 0]"] = "(a list is written in braces: {1, 2, 3})",
    ["w = 2*random.random((3,1))-1"] = "write f(3, 1), not f((3, 1))",
    ["X[1, 2]"] = "(an element is x[{1, 2}], a part of x is x[{{1, 2}, {}}])",
    ["n += 1"] = "(there is no += and its like: write x = x + 1)",
    ["x != 1"] = "(\"not equal\" is written ~=)",
    ["if n = 1 then end"] = "(to compare, write ==)",
    ["what do I do now"] = "(between \"what\" and \"do\" something is missing, or this is no code)",
    ["4 x 3 I think"] = "(between \"4\" and \"x\" something is missing, or this is no code)",
    ["X.dot(w)"] = "dot is a method and is called with a colon: X:dot(w)",
    ["w.T.dot(X)"] = "dot is a method and is called with a colon: w.T:dot(X)",
    ["X.sum()"] = "sum is a method and is called with a colon: X:sum()",
  } do
    local result = s:execute(entry)
    expect.equal(result.ok, false)
    if not result.error.text:find(advice, 1, true) then error(entry .. "\n" .. result.error.text, 0) end
  end
  expect.equal(s:execute("1 +").error.text:find("(", 1, true), nil)
end)

test("a learner cannot reach under the floor: no hooks, registry, user values or compiled chunks", function()
  for _, name in ipairs {"sethook", "getregistry", "setuservalue", "setupvalue"} do
    expect.error(function() return debug[name] end, "debug has no")
  end
  local chunk, why = load(string.dump(function() return 1 end))
  expect.equal(chunk, nil)
  expect.ok(why:find("binary"), why)
end)

test("A table is shown to a depth and a count, short items side by side, functions with their signature", function()
  local s = fresh()
  local shown = prints(s, "t = {} for i = 1, 100 do t[i] = i end return t")
  expect.ok(shown:find("^{\n  1, 2, 3, ") and shown:find("39, 40,%s+%.%.%. %(100 items%)\n}\n$"), shown)
  for line in shown:gmatch "[^\n]+" do expect.ok(#line <= s.sink.width, line) end
  expect.equal(prints(s, "{1, {2, {3, {4, {5}}}}}"), "{1, {2, {3, {4, {...}}}}}\n")
  shown = prints(s, "r = {} for i = 1, 60 do r['k' .. i] = i end return r")
  expect.ok(shown:find("... (60 fields)", 1, true), shown)
  expect.equal(prints(s, "string.format"), "function string.format(format, ...) -> string\n")
  expect.equal(prints(s, "print"), "function print(...)\n")
  expect.equal(prints(s, "mean"):match "^[^\n]*%)", "function mean(t, axis)")
  expect.equal(prints(s, "function(a, ...) end"), "function(a, ...) from entry 7, line 1\n")
  shown = prints(s, "nn.Dense")
  for line in shown:gmatch "[^\n]+" do expect.ok(#line <= s.sink.width, line) end
end)

test("Every function of Lua's own library says in a line what it does", function()
  local lua_library = require "gradus.session.lua_library"
  local environment = require "gradus.session.environment"
  local help = require "gradus.help"
  local s, missing = fresh(), {}
  local function look(name, value)
    if type(value) == "function" and not help.find(value) and not lua_library.find(value) then
      missing[#missing + 1] = name
    end
  end
  for name in pairs(environment.libraries) do
    for field, value in pairs(s.lookup(name)) do look(name .. "." .. field, value) end
  end
  for _, name in ipairs(s.names()) do
    if rawget(_G, name) ~= nil or lua_library.entry(name) then look(name, s.lookup(name)) end
  end
  table.sort(missing)
  expect.equal(table.concat(missing, " "), "")
end)

test("A network is its summary as the value of an entry, and one line until it knows its input", function()
  local s = fresh()
  s:execute("m = nn.Sequential{nn.Dense{1, input_shape={3}}}")
  local shown = prints(s, "m")
  expect.ok(shown:find("^Model: \"sequential\"\n___") and shown:find("Total params: 4", 1, true), shown)
  expect.equal(shown, prints(s, "m:summary()"))
  expect.equal(prints(s, "nn.Sequential{nn.Dense{1}}"), "sequential: 1 layers, not built yet\n")
end)

test("A record keeps what was printed up to a limit, and says how much it leaves out", function()
  local record = require("gradus.session.record").new()
  record:text("before")  -- nothing runs
  local cell = record:begin("code")
  for i = 1, 300 do record:text(("x"):rep(1023) .. "\n") end
  record:finish(cell)
  expect.equal(#cell.outputs, 2)
  expect.equal(#cell.outputs[1].text, 256 << 10)
  expect.equal(cell.outputs[2].text, string.format("... (%d more bytes were printed and are left out)\n", 44 << 10))
end)

test("A record lets go of the data of old pictures, and keeps what they were", function()
  local record = require("gradus.session.record").new()
  local cell = record:begin("code")
  for i = 1, 5 do
    record:display {["text/plain"] = "drawn", description = "picture " .. i, bytes = 40 << 20, ["image/png"] = print}
  end
  record:finish(cell)
  local kept = {}
  for i, output in ipairs(cell.outputs) do kept[i] = output.data["image/png"] and "1" or "0" end
  expect.equal(table.concat(kept), "00111")
  expect.equal(cell.outputs[1].data.description, "picture 1")
end)

test("What runs inside of what runs has a cell of its own, and an interrupt leaves none open", function()
  local record = require("gradus.session.record").new()
  local outer = record:begin("outer")
  record:text("a")
  local inner = record:begin("inner")
  record:text("b")
  record:finish(inner)
  record:text("c")
  local left = record:begin("left by an interrupt")
  record:text("d")
  record:finish(outer, {message = "no", text = "no", interrupted = false})
  record:text("e")
  expect.equal(outer.outputs[1].text .. inner.outputs[1].text, "acb")
  expect.equal(outer.outputs[2].kind, "error")
  expect.equal(left.ok, nil)
  record:rest()
  expect.equal(#record.open, 0)
end)

test("An escape sequence, a line drawn over, control characters and broken UTF-8 leave plain text", function()
  local plain = require("gradus.plain_text").from_terminal
  expect.equal(plain("\27[31mred\27[0m \27]0;title\7and \27_Gf=100;AAAA\27\\\27(Bplain"), "red and plain")
  expect.equal(plain("10 %\r\27[K50 %\r\27[Kdone\r\nnext"), "done\nnext")
  expect.equal(plain("a\0b\7c\td\127"), "abc\td")
  expect.equal(plain("K\xf6ln \xff\xfe Köln"), "K\u{FFFD}ln \u{FFFD}\u{FFFD} Köln")
  expect.equal(#plain(("\xff"):rep(200000)), 600000)  -- at once
end)

test.done()
