-- Every public function and method on tensors, found where the help is filed, so that none is forgotten: either it is
-- differentiable, and its gradients are right in reverse and in forward mode, or tests/lua/differentiable.lua says why
-- it is not, and a tracked tensor gives plain numbers or an error that says so too.

local here = os.getenv "GRADUS_TESTS" .. "/lua/"
local test, expect = dofile(here .. "tap.lua")
local given = dofile(here .. "differentiable.lua")
local builtins = require "gradus.builtins"
local core = require "gradus.core.grad"
local help = require "gradus.help"
local is_tensor = require "gradus.is_tensor"

local x = given.x

for _, name in ipairs(builtins.names()) do builtins.get(name) end  -- so that all help is filed
local names = help.names()
local methods, metatable = getmetatable(given.A).__methods, getmetatable(given.A)

-- ---- calls ----

local function is_tracked(v)
  return is_tensor(v) and (pcall(core.set_tangent, v))
end

-- The arguments with x in place of its mark; `change` is done to the other tensors.
local function fill(argument, value, change)
  if argument == x then return value end
  if is_tensor(argument) then return change and change(argument) or argument end
  if type(argument) ~= "table" then return argument end
  local copy = {}
  for key, inner in pairs(argument) do
    if key ~= "at" and key ~= "says" then copy[key] = fill(inner, value, change) end
  end
  return copy
end

local function call(f, case, value, change)
  random.seed(5)  -- for those that draw
  return f(table.unpack(fill(case, value, change)))
end

-- One number out of everything that a call gave: float tensors and numbers, each element with a weight of its own.
local function total(...)
  local sum_of_all, count = 0, 0
  local function add(v)
    if is_tensor(v) and v.dtype:find "^float" then
      count = count + 1
      local weights = cos(arange(v.size) * 1.7 + count):reshape(v.shape)
      sum_of_all = sum_of_all + sum(v * weights:astype(v.dtype))
    elseif type(v) == "number" then
      count = count + 1
      sum_of_all = sum_of_all + math.cos(count) * v
    elseif type(v) == "table" then
      for _, inner in ipairs(v) do add(inner) end
    end
  end
  for i = 1, select("#", ...) do add((select(i, ...))) end
  return sum_of_all
end

local function gradient(f, at)
  local tracked = grad.track(at)
  local y = f(tracked)
  if type(y) == "number" then return zeros_like(at), y end  -- nothing is left of it
  y:backward()
  return tracked.grad or zeros_like(at), y:detach():item()
end

local function close(a, b, tolerance, what)
  expect.ok(a.size == 0 or max(abs(a - b)) <= tolerance * math.max(1, max(abs(b))), what)
end

-- The same numbers with gaps between them in memory.
local function with_gaps(t)
  return t.ndim > 0 and t.size > 0 and repeat_interleave(t, 2, t.ndim)["..., ::2"] or t
end

-- What holds for every differentiable function.
local function check_case(f, case)
  local at = case.at or given.A
  local function number(v, change) return total(call(f, case, v, change)) end
  local check = grad.check(number, at)
  expect.ok(check.ok, tostring(check))
  local reverse, value = gradient(number, at)
  expect.close(value, number(at), 1e-13)  -- tracked or not, the same

  local direction = sin(arange(at.size) * 2.3 + 1):reshape(at.shape)
  local forward, along = grad.forward(number, {at}, {direction = direction}).derivatives[1], sum(reverse * direction)
  expect.ok(math.abs(forward - along) <= 1e-10 * math.max(1, math.abs(along)), "forward mode gives " .. forward
    .. " and reverse mode " .. along)

  close(gradient(function(v) return number(v, with_gaps) end, at), reverse, 1e-13, "numbers with gaps between them")

  local single = gradient(function(v)
    return number(v, function(t) return t.dtype == "float64" and t:astype "float32" or t end)
  end, at:astype "float32")
  expect.equal(single.dtype, "float32")
  close(single, reverse, 1e-4, "float32")

  -- Of nothing, and of one number: what works with plain tensors works with tracked ones.
  for _, size in ipairs {0, 1} do
    local shape = at.shape
    for i = 1, #shape do shape[i] = size end
    local small = full(shape, 0.5)
    if pcall(number, small) then
      local ok, result = pcall(gradient, number, small)
      expect.ok(ok, "of axes of size " .. size .. ": " .. tostring(result))
      expect.equal(result.size, small.size)
    end
  end
end

local function check_all(name, f, cases)
  for i, case in ipairs(cases) do
    local ok, message = pcall(check_case, f, case)
    if not ok then error(string.format("%s, case %d: %s", name, i, message), 0) end
  end
end

-- ---- all functions ----

-- The names in lines of names, behind which a reason may stand.
local function words(text)
  local set = {}
  for line in text:gmatch "[^\n]+" do
    for word in line:gsub("^%s+", ""):gsub("%s%s+.*", ""):gmatch "%S+" do set[word] = true end
  end
  return set
end

local skipped, elsewhere = words(given.modules), words(given.elsewhere)
local public = {}
for _, name in ipairs(names) do
  local module = name:match "^(%a+)%."
  if not module or module == "tensor" or (builtins.is_module(module) and not skipped[module]) then
    public[name] = help.entry(name).value
  end
end

test("every public function on tensors has its place in the list, and every place its function", function()
  local missing, idle = {}, {}
  for name in pairs(public) do
    if not (given.cases[name] or given.plain[name] or given.refused[name] or elsewhere[name]) then
      missing[#missing + 1] = name
    end
  end
  for name in pairs(methods) do
    if not public[name] and not public["tensor." .. name] then missing[#missing + 1] = "method " .. name end
  end
  for _, list in ipairs {given.cases, given.plain, given.refused, elsewhere} do
    for name in pairs(list) do
      if not public[name] then idle[#idle + 1] = name end
    end
  end
  expect.equal(table.concat(missing, " "), "")
  expect.equal(table.concat(idle, " "), "")
end)

for _, name in ipairs(names) do
  local f, bare = public[name], name:match "[%w_]+$"
  if f and given.cases[name] then
    test("the gradients of " .. name .. " are right", function()
      check_all(name, f, given.cases[name])
      for _, case in ipairs(given.cases[name]) do  -- as a method
        local first = fill(case[1], case.at or given.A)
        if methods[bare] and is_tensor(first) and not name:find "%." then
          local function as_method(self, ...) return self[bare](self, ...) end
          local function number(v) return total(call(as_method, case, v)) end
          local at = case.at or given.A
          close(gradient(number, at), gradient(function(v) return total(call(f, case, v)) end, at), 1e-13, "method")
        end
      end
    end)
  end
  if f and given.plain[name] then
    test(name .. " of a tracked tensor gives plain numbers", function()
      local case = given.plain[name]
      local at = case.at or given.A
      local got = table.pack(call(f, case, grad.track(at)))
      local wanted = table.pack(call(f, case, at))
      expect.equal(got.n, wanted.n)
      for i = 1, got.n do
        expect.ok(not is_tracked(got[i]))
        if type(got[i]) ~= "table" then expect.equal(tostring(got[i]), tostring(wanted[i])) end
      end
    end)
  end
  if f and given.refused[name] then
    test(name .. " says why it has no derivative, and what to do", function()
      local case = given.refused[name]
      local message = expect.error(function() call(f, case, grad.track(case.at or given.A)) end, case.says)
      expect.ok(message:find("detach", 1, true), message)
    end)
  end
end

-- ---- operators ----

local silent = {__newindex = true, __len = true, __concat = true, __tostring = true, __eq = true, __lt = true,
  __le = true}
local operations = {
  __add = function(a, b) return a + b end, __sub = function(a, b) return a - b end,
  __mul = function(a, b) return a * b end, __div = function(a, b) return a / b end,
  __pow = function(a, b) return a ^ b end, __mod = function(a, b) return a % b end,
  __idiv = function(a, b) return a // b end, __unm = function(a) return -a end,
  __index = function(t, i) return t[i] end,
}

test("every operator has its place in the list", function()
  for name, f in pairs(metatable) do
    if type(f) == "function" and not silent[name] then expect.ok(given.operators[name], name) end
  end
end)

for name, cases in pairs(given.operators) do
  test("the gradients of " .. name .. " are right", function() check_all(name, operations[name], cases) end)
end

test("gradients go through scalers, and through data that are divided and balanced", function()
  local fitted, y, w = random.randn(9, 3), tensor{0, 1, 0, 1, 0}, random.randn(5, 3)
  for _, f in ipairs {
    function(t) return sum(data.StandardScaler():fit(t):transform(t) * w) end,
    function(t) return sum(data.MinMaxScaler():fit(t):transform(t) * w) end,
    function(t) return sum(data.StandardScaler():fit(fitted):transform(t) ^ 2) end,
    function(t) return sum(data.split(t, y, {stratify = false}).x_train ^ 2) end,
    function(t) return sum(data.balance(t, y) ^ 2) end,
  } do
    local check = grad.check(f, random.randn(5, 3))
    expect.ok(check.ok, tostring(check))
  end
end)

test("nothing says that a gradient is missing for now", function()
  for _, name in ipairs(names) do
    expect.ok(not help.entry(name).text:find("no gradient yet", 1, true), name)
  end
end)

test.done()
