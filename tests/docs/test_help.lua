-- Help is code: every public function has some, every help text has its function, every example is true.

local test, expect = dofile(os.getenv "GRADUS_TESTS" .. "/lua/tap.lua")
local builtins = require "gradus.builtins"
local help = require "gradus.help"
local session = require "gradus.session"
local sinks = require "gradus.session.sink"

-- All public values: name -> value. Modules are walked, and the classes in them: tables with methods.
local public = {}

local function is_public(name)
  return type(name) == "string" and name:find("^%a[%w_]*$") ~= nil
end

-- What modules keep for each other, not for learners; of a model, its side as a layer (see nn/layer.lua).
local own_use = {metatable = true, new_key = true, build = true, refresh = true, call = true, expect_built = true,
  expect_layers = true, graph = true, name_layers = true, check_owner = true, check_output = true}

-- The methods of a class are filed as "model.fit" or "figure:save", where `model` is what one calls such a thing.
local function walk_methods(name, class)
  local methods = rawget(class, "__methods") or rawget(class, "__index")
  for key, value in pairs(type(methods) == "table" and methods or {}) do
    if is_public(key) and not own_use[key] and type(value) == "function" then
      public[name .. "." .. key] = public[name .. "." .. key] or value
    end
  end
  local parent = getmetatable(methods)
  if parent and parent.__index then walk_methods(name, parent.__index) end  -- what the class is a kind of
end

local function public_value(name)
  return public[(name:gsub(":", "."))]
end

for _, name in ipairs(builtins.names()) do
  local value = builtins.get(name)
  if builtins.is_module(name) then
    local meta = getmetatable(value)
    local entry = help.entry(name)
    if meta and meta.__call and entry then public[name] = entry.value end  -- plot(...) beside plot.image(...)
    for key, member in pairs(value) do
      if is_public(key) and not own_use[key] and type(member) == "function" then
        public[name .. "." .. key] = member
      elseif is_public(key) and type(member) == "table" and help.entry(name .. "." .. key) then
        public[name .. "." .. key] = member
        walk_methods(name .. "." .. key, member)
      end
    end
  elseif type(value) == "function" then
    public[name] = value
  end
end

walk_methods("tensor", require("gradus.core.tensor").metatable)
local nn, plot = builtins.get "nn", builtins.get "plot"
walk_methods("model", getmetatable(nn.Sequential {nn.Dense {1}}))
local layer = nn.Dense {1}
for _, key in ipairs {"weights", "get_weights", "set_weights"} do public["layer." .. key] = layer[key] end
local optimizer = builtins.get "optim".SGD {}
for _, key in ipairs {"apply", "current_rate"} do public["optimizer." .. key] = optimizer[key] end
plot.terminal "none"  -- figures are made and shown nowhere
walk_methods("figure", getmetatable(plot {1, 2}))

for name, f in pairs(require "gradus.core.math") do public["math." .. name] = f end  -- in place of Lua's own

local names = {}
for name in pairs(public) do names[#names + 1] = name end
table.sort(names)

test("Every public function has help", function()
  local missing = {}
  for _, name in ipairs(names) do
    if not help.find(public[name]) and not rawget(require "gradus.core.help", name) then
      missing[#missing + 1] = name
    end
  end
  expect.equal(table.concat(missing, " "), "")
end)

test("Every help text has its function, under the name it is filed under", function()
  local wrong = {}
  for _, name in ipairs(help.names()) do
    local entry = help.entry(name)
    if entry.value == nil then
      wrong[#wrong + 1] = name .. " (no value)"
    elseif public_value(name) == nil then
      wrong[#wrong + 1] = name .. " (nothing public has this name)"
    elseif not rawequal(public_value(name), entry.value) then
      wrong[#wrong + 1] = name .. " (another value)"
    end
  end
  expect.equal(table.concat(wrong, ", "), "")
end)

test("Every help text has a signature that begins with its name, and a paragraph", function()
  local wrong = {}
  for _, name in ipairs(help.names()) do
    local parts = help.parts(help.entry(name).text)
    local bare = name:match("[%w_]+$")
    if not parts.signature:find(bare, 1, true) or parts.paragraph == "" then wrong[#wrong + 1] = name end
  end
  expect.equal(table.concat(wrong, ", "), "")
end)

-- What an example prints in a session of its own; an error prints as the shell shows it.
local function output_of(s, code)
  local result = s:execute(code)
  local text = s.sink:take(true)
  if not result.ok then text = text .. "error: " .. result.error.text end
  return (text:gsub("%s+$", ""))
end

for _, name in ipairs(help.names()) do
  local parts = help.parts(help.entry(name).text)
  if #parts.examples > 0 then
    test("The examples of " .. name .. " print what they say", function()
      plot.terminal "none"
      local s = session.new {sink = sinks.capture(100)}
      for _, example in ipairs(parts.examples) do
        local got = output_of(s, example.code)
        if got ~= example.prints then
          error(string.format("> %s\nprints\n%s\nbut the help says\n%s", example.code, got, example.prints), 0)
        end
      end
    end)
  end
end

test.done()
