-- Random programs over everything that a learner can reach: each call must end in a value or in an error with
-- a sentence. The program that runs them is best built with AddressSanitizer and UndefinedBehaviorSanitizer
-- (build-asan), which see what a call did to memory.
--
--   gradus tests/fuzz/random_programs.lua [FIRST [COUNT [trace]]]
--
-- plays the programs of the seeds FIRST, FIRST + 1, ...; without arguments a few, in seconds. A long run:
--
--   ./build-asan/src/shell/gradus tests/fuzz/random_programs.lua 1 10000
--
-- When a program crashes gradus, the seed printed last is it; with "trace" each call is printed before it is
-- made. Seeds are stable as long as this file and the public names are. A statement that takes longer than
-- SLOWEST seconds counts as hanging.

local builtins = require "gradus.builtins"
local core = require "gradus.core.session"
local help = require "gradus.help"

local first, count, trace = math.tointeger(arg and arg[1] or 1), math.tointeger(arg and arg[2] or 300), arg and arg[3]
local SLOWEST = tonumber(os.getenv "GRADUS_FUZZ_SLOWEST" or 20)
local LARGEST = 20000  -- elements of a tensor that later statements may use

io.stdout:setvbuf "line"
plot.terminal "none"
require("gradus.session").say = function() end  -- summaries and results: nobody reads them

-- ---- what can be called ----

-- They write files, fetch them, or wait for a learner.
local left_out = {lesson = true, ["data.save"] = true, ["data.get"] = true, ["plot.save"] = true,
  ["plot.terminal"] = true, ["plot.settings"] = true, ["callbacks.CSVLogger"] = true, help = true}

-- Whatever a learner reaches by name, and whatever has help: {name=, call=, calls=}.
local functions = {}
local listed = {}  -- functions that are in it

local function add_function(name, value)
  local module = name:match "^(%w+)[%.:]"
  if type(value) ~= "function" or listed[value] or left_out[name] or left_out[module] then return end
  listed[value] = true
  functions[#functions + 1] = {name = name, call = value, calls = 0}
end

for _, name in ipairs(builtins.names()) do
  local value = builtins.get(name)
  add_function(name, value)
  if type(value) == "table" then
    local inner = {}
    for key in pairs(value) do inner[#inner + 1] = key end
    table.sort(inner)
    for _, key in ipairs(inner) do add_function(name .. "." .. key, value[key]) end
  end
end
-- What is called below as a method of what it belongs to.
local of_objects = {tensor = true, model = true, figure = true, layer = true, optimizer = true}
for _, name in ipairs(help.names()) do
  if not of_objects[name:match "^(%l+)[.:]"] then
    add_function(name, help.entry(name).value)
  end
end

local methods = {}  -- names
for name in pairs(getmetatable(zeros(1)).__methods) do methods[#methods + 1] = name end
table.sort(methods)

local model_methods = {"compile", "fit", "train_on_batch", "evaluate", "predict", "predict_classes", "gradients",
  "summary", "count_params", "weights", "get_weights", "set_weights", "add", "pop"}
local layer_methods = {"weights", "get_weights", "set_weights", "count_params"}

-- What writes files, or would wait.
local not_called = {save = true, show = true, preview = true}

-- The functions in a table and in what stands behind it: what can be called as object:name(...).
local function methods_of(object)
  local names = {}
  for _ = 1, 4 do
    for key, value in next, object do
      if type(key) == "string" and type(value) == "function" and not not_called[key] then names[#names + 1] = key end
    end
    local meta = getmetatable(object)
    object = type(meta) == "table" and rawget(meta, "__index")
    if type(object) ~= "table" then break end
  end
  table.sort(names)
  return names
end

local operators = {
  {"+", function(a, b) return a + b end}, {"-", function(a, b) return a - b end},
  {"*", function(a, b) return a * b end}, {"/", function(a, b) return a / b end},
  {"^", function(a, b) return a ^ b end}, {"%", function(a, b) return a % b end},
  {"//", function(a, b) return a // b end}, {"..", function(a, b) return a .. b end},
  {"<", function(a, b) return a < b end}, {"<=", function(a, b) return a <= b end},
  {"==", function(a, b) return a == b end}, {"-", function(a) return -a end}, {"#", function(a) return #a end},
  {"tostring", function(a) return tostring(a) end}, {"get", function(a, b) return a[b] end},
  {"set", function(a, b, c) a[b] = c end}, {"call", function(a, b) return a(b) end},
}

-- ---- random values ----

local pool = {}  -- what the statements so far gave

-- Dice of our own: the programs seed and draw from everyone else's (SplitMix64).
local dice = 0

local function draw()
  dice = dice + 0x9e3779b97f4a7c15
  local x = dice
  x = (x ~ (x >> 30)) * 0xbf58476d1ce4e5b9
  x = (x ~ (x >> 27)) * 0x94d049bb133111eb
  return (x ~ (x >> 31)) >> 1
end

--- A whole number from `low` to `high`; from 1 without the latter.
local function between(low, high)
  if not high then low, high = 1, low end
  return low + draw() % (high - low + 1)
end

local function chance(p) return draw() < p * 0x1p63 end
local function pick(list) return list[between(#list)] end

local numbers = {0, 1, 2, 3, -1, -2, 0.5, -0.5, 1.5, -0.0, 255, 256, 1e-3, 1e30, -1e30, 1e300, 5e-324, 0 / 0, 1 / 0,
  -1 / 0, 2 ^ 40, 1 << 40, 1 << 53, 1 << 62, math.maxinteger, math.mininteger, 2 ^ 63, 7, 33}
local dtypes = {"float64", "float32", "int64", "uint8", "bool"}
local strings = {"", "x", "T", "shape", "dtype", ":", "::-1", "1", "-1", "1, :", ":, 2:3", "2:1", "1:9", "1:2:0", "0",
  "9223372036854775808", "::9223372036854775807", "1:", ":,:,:,:,:,:,:,:,:", "\0", "%s%n%d", ("x"):rep(300), "adam",
  "sgd", "mse", "binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy", "accuracy",
  "relu", "softmax", "same", "valid", "\xff\xfe", "flaot64", "/nonexistent/file.npz", table.unpack(dtypes)}
local keys = {"dtype", "axis", "keepdims", "x", "y", "batch_size", "verbose", "validation_split", "validation_data",
  "shuffle", "units", "activation", "filters", "kernel_size", "strides", "padding", "dilation_rate", "pool_size",
  "rate", "learning_rate", "momentum", "nesterov", "loss", "optimizer", "metrics", "input_shape", "use_bias", "name",
  "p", "replace", "title", "labels", "palette", "names", "width", "columns", "only", "seed", "stratify", "ratios",
  "descending", "smallest", "bins", "range", "weights", "density", "ddof", "ord", "side", "right", "minlength",
  "return_index", "return_inverse", "return_counts", "rowvar", "precision", "threshold", "linewidth", "edgeitems",
  "suppress"}

-- One size at most is out of the ordinary: either small enough to be quick or too large for any machine.
local function shape()
  local sizes = {}
  for i = 1, chance(0.05) and 8 or between(0, 4) do sizes[i] = between(0, 4) end
  if #sizes > 0 and chance(0.1) then
    sizes[between(#sizes)] = pick {8, 33, 65, 600, -1, 1 << 40, 1 << 62, math.maxinteger, math.mininteger}
  end
  return sizes
end

local function fresh()
  local t = zeros(shape(), {dtype = pick(dtypes)})
  if t.size > LARGEST then return t end
  if t.dtype == "bool" then return gt(random.random(t.shape) + zeros(1), 0.5) end
  t = (random.uniform(0, 3, t.shape) + zeros(t.shape)):floor():astype(t.dtype)
  if t.dtype:find "float" and t.size > 0 and chance(0.3) then t["1"] = pick(numbers) end
  return t
end

local function view(t)
  local kind = between(6)
  if kind == 1 then return t.T end
  if kind == 2 then return t["::-1"] end
  if kind == 3 then return t["::2"] end
  if kind == 4 then return t:expand_dims(1) end
  if kind == 5 then return t:reshape(-1) end
  return t[{{1, -1, between(3)}}]
end

local function is_tensor(value)
  return type(value) == "userdata" and getmetatable(value) == getmetatable(zeros(1))
end

local function a_tensor()
  if #pool > 0 and chance(0.6) then
    local value = pool[between(#pool)]
    if is_tensor(value) then return value end
  end
  local ok, t = pcall(fresh)
  if not ok then t = ones(2, 3) end
  if chance(0.4) then
    local viewed
    ok, viewed = pcall(view, t)
    if ok and is_tensor(viewed) then t = viewed end
  end
  if chance(0.2) then
    local tracked
    ok, tracked = pcall(grad.track, t)
    if ok then t = tracked end
  end
  return t
end

local any_value

local strange = {
  function() local t = {} t[1] = t return t end,
  function() local t = {1, 2} t[3] = {t, {t}} return t end,
  function() return setmetatable({}, {__len = function() return pick {3, -1, 1 << 40, 1 << 62} end}) end,
  function() return setmetatable({}, {__len = function() return 2 end, __index = function() return a_tensor() end}) end,
  function() return setmetatable({}, {__index = function() error "no" end, __len = function() return 1 end}) end,
  function() return setmetatable({1}, {__tostring = function() error "no name" end}) end,
  function() return setmetatable({1, 2}, {__name = "oddity", __call = function() return a_tensor() end}) end,
  function() return coroutine.create(function(...) coroutine.yield(...) end) end,
  function() return coroutine.wrap(function(x) while true do x = coroutine.yield(x) end end) end,
  function() return io.stdout end,
  function() return function(x) return x end end,
  function() return function(x) return x * 2 end end,
  function() return function() error("my own", 0) end end,
  function() return function() error({}) end end,
  function() return function(x) return coroutine.yield(x) end end,
  function() return function(x) return x:sum() end end,
  function() return function(x) return zeros(x.shape) end end,
  function() return function(...) return ... end end,
  function() return function() return table.unpack({}, 1, 200) end end,
}

local function a_table(depth)
  local t = {}
  for i = 1, between(0, 3) do t[i] = any_value(depth + 1) end
  for _ = 1, chance(0.4) and between(3) or 0 do t[pick(keys)] = any_value(depth + 1) end
  return t
end

function any_value(depth)
  depth = depth or 0
  local kind = between(100)
  if kind <= 35 then return a_tensor() end
  if kind <= 50 then return pick(numbers) end
  if kind <= 60 then return between(-3, 5) end
  if kind <= 68 then return pick(strings) end
  if kind <= 72 then return chance(0.5) end
  if kind <= 74 then return nil end
  if kind <= 78 then return pick(strange)() end
  if kind <= 84 then return shape() end
  if kind <= 93 and depth < 3 then return a_table(depth) end
  return #pool > 0 and pool[between(#pool)] or 1
end

-- ---- calls whose arguments fit ----

local here = (arg and arg[0] or ""):match "^.*/" or ""
local fitting = dofile(here .. "fitting_calls.lua") {between = between, chance = chance, pick = pick,
  draw = draw, numbers = numbers, dtypes = dtypes, methods = methods, any_value = any_value,
  is_tensor = is_tensor}

-- ---- models: random enough, but often right, so that what comes after them is reached ----

local function a_layer(input_shape)
  local activation = pick {"relu", "sigmoid", "softmax", false, function(x) return x * x end, pick(strange)()} or nil
  return pick {
    function() return nn.Dense {between(4), activation = activation, input_shape = input_shape} end,
    function() return nn.Conv2D {between(3), between(3), padding = pick {"same", "valid"},
      activation = activation, strides = between(2), input_shape = input_shape} end,
    function()
      local groups = between(3)
      return nn.Conv2D {groups * pick {1, 2, 40}, between(3), groups = groups, dilation_rate = between(2),
        input_shape = input_shape}
    end,
    function() return nn.PReLU {shared_axes = pick {2, -1, {2, 3}, {}}, input_shape = input_shape} end,
    function()
      local normal = pick {nn.BatchNormalization, nn.LayerNormalization}
      return normal {axis = pick {-1, 2, -2, 4, {2, 3}, {-1, 2}}, input_shape = input_shape}
    end,
    function() return nn.Softmax {axis = pick {-1, 2, {2, 3}, {-1, -3}}, input_shape = input_shape} end,
    function() return nn.MaxPooling2D {between(3), input_shape = input_shape} end,
    function() return nn.Flatten {input_shape = input_shape} end,
    function() return nn.Dropout {0.5, input_shape = input_shape} end,
    function() return nn.Activation {activation or "relu", input_shape = input_shape} end,
  }()
end

local loss_names = {}
for name in pairs(losses) do loss_names[#loss_names + 1] = name end
table.sort(loss_names)

local function a_model()
  local input_shape = pick {{3}, {3}, {4, 4, 1}, {4, 4, 2}, {0}, {2, 2}}
  local list = {dtype = pick {"float32", "float64"}}
  for i = 1, between(3) do list[i] = a_layer(i == 1 and chance(0.8) and input_shape or nil) end
  if chance(0.6) then list[#list + 1] = nn.Flatten {} end
  if chance(0.8) then list[#list + 1] = nn.Dense {between(3), activation = pick {"softmax", "sigmoid"}} end
  local model = nn.Sequential(list)
  local loss = pick {"mse", "binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy",
    pick(loss_names)}
  model:compile {optimizer = pick {"adam", "sgd", optim.SGD {0.1, momentum = 0.9},
    optim.Nadam {use_ema = true, clipnorm = 1}}, loss = loss, metrics = chance(0.5) and {"accuracy"} or {}}
  return model
end

-- x and y that fit the model, more or less.
local function some_data(model)
  local n = pick {0, 1, 2, 5, 40}
  local x = random.random {n, table.unpack(model.input_shape or {3})}
  local outputs = model.output_shape and model.output_shape[#model.output_shape] or 1
  local y = pick {
    function() return random.randint(0, math.max(outputs, 1), n) end,
    function() return zeros(n, outputs) end,
    function() return random.randint(0, 2, n, {dtype = pick {"uint8", "bool", "int64"}}) end,
    function() return full({n}, pick(numbers)) end,
    function() return ones(n + 1, outputs) end,
  }()
  if chance(0.3) then x = (x * 3):floor():astype(pick(dtypes)) end
  if chance(0.2) then x = x["::-1"] end
  return x, y
end

-- ---- statements ----

local function describe(value)
  if is_tensor(value) then return string.format("%s(%s)", value.dtype, table.concat(value.shape, ",")) end
  if type(value) == "string" then return string.format("%q", value:sub(1, 30)) end
  if type(value) == "table" and not getmetatable(value) then
    local parts = {}
    for k, v in next, value do
      parts[#parts + 1] = tostring(k) .. "=" .. (type(v) == "table" and "{...}" or describe(v))
    end
    return "{" .. table.concat(parts, ", ") .. "}"
  end
  if type(value) == "number" or type(value) == "boolean" then return tostring(value) end
  return type(value)
end

-- A method of an object that an earlier statement made (a layer, an optimizer, a callback, ...), or nil.
local function method_of_object()
  local objects = {}
  for _, value in ipairs(pool) do
    if type(value) == "table" and not rawget(value, "layers") then objects[#objects + 1] = value end
  end
  local object = #objects > 0 and pick(objects)
  local names = object and methods_of(object) or {}
  if #names == 0 then return nil end
  local name = pick(names)
  return "object:" .. name, object[name], object
end

local made_none = {}  -- why a fitting call could not be made: none should come often

-- The name of a statement, what it calls and its arguments.
local function statement()
  if chance(0.3) then
    local ok, name, call, args = pcall(pick(fitting))
    if ok then
      args.n = 0
      for i in pairs(args) do args.n = math.max(args.n, tonumber(i) or 0) end
      return name, call, args
    end
    made_none[tostring(name)] = (made_none[tostring(name)] or 0) + 1
  end
  local args = {n = between(0, 4)}
  for i = 1, args.n do args[i] = any_value() end
  local kind = between(100)
  if kind <= 40 then
    local f = pick(functions)
    f.calls = f.calls + 1
    if chance(0.7) and args.n > 0 then args[1] = a_tensor() end
    return f.name, f.call, args
  elseif kind <= 62 then
    local name = pick(methods)
    args[1], args.n = a_tensor(), math.max(args.n, 1)
    return "tensor:" .. name, getmetatable(zeros(1)).__methods[name], args
  elseif kind <= 84 then
    local operator = pick(operators)
    args[1], args.n = chance(0.9) and a_tensor() or args[1], 3
    return operator[1], operator[2], args
  elseif kind <= 88 then
    local name, call, object = method_of_object()
    if name then
      args[1], args.n = object, math.max(args.n, 1)
      return name, call, args
    end
  end
  if kind <= 91 then return "a_model", a_model, {n = 0} end
  local model
  for _, value in ipairs(pool) do
    if type(value) == "table" and rawget(value, "layers") and chance(0.7) then model = value end
  end
  if not model then
    local ok, made = pcall(a_model)
    model = ok and made or nn.Sequential {nn.Dense {2, input_shape = {3}}}
  end
  local layer = #model.layers > 0 and chance(0.2) and pick(model.layers)
  if layer then
    local name = pick(layer_methods)
    args[1], args.n = layer, math.max(args.n, 1)
    return "layer:" .. name, layer[name], args
  elseif model.optimizer and chance(0.05) then
    args[1], args.n = model.optimizer, math.max(args.n, 1)
    return "optimizer:apply", model.optimizer.apply, args
  end
  local name = pick(model_methods)
  args[1], args.n = model, math.max(args.n, 1)
  if chance(0.7) then
    local x, y = some_data(model)
    if name == "fit" or name == "evaluate" then
      args[2] = {x, y, verbose = 0}
      local option = pick {"batch_size", "validation_split", "validation_data", "shuffle"}
      if chance(0.4) then args[2][option] = any_value() end
    else
      args[2], args[3] = x, y
    end
    args.n = 3
  elseif name == "fit" then
    args[2] = {any_value(), any_value(), verbose = 0}  -- no further positions: epochs without end are no bug
  end
  return "model:" .. name, model[name], args
end

local reached, failures, slow, rude = 0, 0, 0, {}

local function remember(...)
  for i = 1, math.min(select("#", ...), 2) do
    local value = select(i, ...)
    if is_tensor(value) and value.size <= LARGEST or type(value) == "table" or type(value) == "function" then
      pool[#pool < 12 and #pool + 1 or between(12)] = value
    end
  end
end

-- zeros(2^40, 0) is a tensor, and its table has 2^40 empty tables: nothing is wrong with that but the time.
local function has_no_end(name, value)
  if not name:find "totable" or not is_tensor(value) then return false end
  local tables = 1
  for _, n in ipairs(value.shape) do tables = tables * math.max(n, 1.0) end
  return tables > 1e6
end

local function run_statement()
  local name, call, args = statement()
  if has_no_end(name, args[1]) then return end
  if trace then
    local parts = {}
    for i = 1, args.n do parts[i] = describe(args[i]) end
    print(string.format("  %s(%s)", name, table.concat(parts, ", ")))
  end
  local started = core.clock()
  local results
  if chance(0.1) then
    local co = coroutine.create(call)
    results = table.pack(coroutine.resume(co, table.unpack(args, 1, args.n)))
    if chance(0.3) then pool[1] = co end
  else
    results = table.pack(pcall(call, table.unpack(args, 1, args.n)))
  end
  reached = reached + 1
  if core.clock() - started > SLOWEST then
    slow = slow + 1
    print(string.format("# %s took %.1f s", name, core.clock() - started))
  end
  if results[1] then
    remember(table.unpack(results, 2, results.n))
  else
    failures = failures + 1
    local message = results[2]
    -- Lua's own words out of our files: no crash, but nobody learns from them. (The methods of objects are not all
    -- meant for learners.)
    if type(message) == "string" and not name:find "^object:" and message:find "^lua/gradus/.*attempt to" then
      local key = name .. ": " .. message
      rude[key] = (rude[key] or 0) + 1
    end
  end
end

local function run_program(seed)
  dice = seed
  random.seed(seed & 0xffffffff)
  pool = {}
  for _ = 1, between(5, 30) do run_statement() end
  for _, value in ipairs(pool) do
    if is_tensor(value) then pcall(tostring, value) end
  end
  pool = {}
  if chance(0.3) then collectgarbage() end
end

for seed = first, first + count - 1 do
  if trace or seed % 100 == 1 or count <= 10 then print("seed " .. seed) end
  io.stderr:write(seed % 10 == 0 and count > 100 and seed .. "\r" or "")
  run_program(seed)
end
collectgarbage()
print(string.format("%d programs, %d calls, %d of them errors, %d too slow", count, reached, failures, slow))
for message, times in pairs(rude) do print(string.format("# %d times: %s", times, message)) end
for message, times in pairs(made_none) do
  if times > count / 20 then print(string.format("# %d times no call: %s", times, message)) end
end
for _, f in ipairs(count >= 2000 and functions or {}) do
  if f.calls == 0 then print("# never called: " .. f.name) end
end
if slow > 0 then os.exit(1) end
