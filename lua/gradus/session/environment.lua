-- The learner's globals: Lua's own library in copies, the built-ins behind them, and an error for a name that
-- stands for nothing. Nothing that a learner assigns reaches the tables that our own Lua uses.

local lazy = require "gradus.lazy"

local advice = lazy "gradus.session.advice"
local builtins = require "gradus.builtins"
local compile = require "gradus.session.compile"
local core = require "gradus.core.session"
local inspect = lazy "gradus.session.inspect"
local lua_library = require "gradus.session.lua_library"
local options = require "gradus.options"

local environment = {}

local function is_in(list, word)
  for _, other in ipairs(list) do
    if other == word then return true end
  end
  return false
end

-- A copy of a module's table for the learner. Fields that the module makes on demand still come, calls still work,
-- and a field that does not exist is an error with a suggestion.
local function copy_module(name, module)
  local copy = {}
  for key, value in next, module do copy[key] = value end
  local original = getmetatable(module)
  original = type(original) == "table" and original or {}
  local meta = {
    __index = function(_, key)
      local value = module[key]
      if value ~= nil then return value end
      if type(key) ~= "string" then return nil end
      local names = {}
      for k in pairs(module) do
        if type(k) == "string" then names[#names + 1] = k end
      end
      table.sort(names)
      local more = advice.member(name, key)
      error(string.format('%s has no "%s"%s', name, key, more and ": " .. more or options.did_you_mean(key, names)), 2)
    end,
    __newindex = original.__newindex and function(_, key, value) module[key] = value end,
    __call = original.__call and function(_, ...) return module(...) end,
    __tostring = original.__tostring and function() return tostring(module) end,
    __echo = original.__echo and function(_, session) return original.__echo(module, session) end,
    __name = name,
    __module = true,
  }
  meta.__tostring = meta.__tostring or function() return string.format("the module %s (?%s tells more)", name, name) end
  return setmetatable(copy, meta)
end

-- Lua's number format loses digits (0.1 + 0.2 would read 0.3); a learner sees the same digits everywhere.
local function to_text(value)
  if math.type(value) == "float" then return inspect.number(value) end
  return tostring(value)
end

-- io.stdout: what is written to it goes where print's text goes.
local function standard_output(session, write)
  local methods = {}
  local out = setmetatable({}, {
    __index = methods, __name = "FILE*", __metatable = "a file", __tostring = function() return "file (stdout)" end,
    __echo = function() end,  -- io.write gives it back: nothing to see
  })
  function methods.write(_, ...)
    write(...)
    return out
  end
  function methods.flush()
    session.sink:flush()
    return out
  end
  for _, name in ipairs {"setvbuf", "seek", "read", "lines", "close"} do
    methods[name] = function(_, ...) return io.stdout[name](io.stdout, ...) end
  end
  return out
end

local function add_output(env, session)
  function env.print(...)
    local parts = table.pack(...)
    for i = 1, parts.n do parts[i] = to_text(parts[i]) end
    session.sink:text(table.concat(parts, "\t", 1, parts.n) .. "\n")
  end
  env.tostring = function(...)
    if select("#", ...) == 0 then error("tostring needs a value, as in tostring(3)", 2) end
    return to_text((...))
  end
  local write = env.io.write
  local function write_out(...)
    local parts = table.pack(...)
    for i = 1, parts.n do
      local part = parts[i]
      if type(part) ~= "string" and type(part) ~= "number" then
        error(string.format("io.write takes strings and numbers; argument %d is a %s: use print, or tostring(...)", i,
          type(part)), 3)
      end
      parts[i] = to_text(part)
    end
    session.sink:text(table.concat(parts, "", 1, parts.n))
  end
  local out = standard_output(session, write_out)
  function env.io.write(...)
    if io.output() ~= io.stdout then return write(...) end
    write_out(...)
    return out
  end
  local output, kind = env.io.output, env.io.type
  function env.io.output(file)
    local now = output(rawequal(file, out) and io.stdout or file)
    return now == io.stdout and out or now
  end
  function env.io.type(value) return rawequal(value, out) and "file" or kind(value) end
  env.io.stdout = out
end

local function read_file(path)
  local file, why
  if path == nil then
    file = io.stdin
  else
    file, why = io.open(path, "rb")
    if not file then return nil, "cannot read " .. why end
  end
  local text
  text, why = file:read("a")
  if path ~= nil then file:close() end
  if not text then return nil, string.format("cannot read %s: %s", path or "standard input", why) end
  return text
end

environment.read_file = read_file

-- load, dofile, loadfile and require compile into the learner's globals, not into ours.
local function add_loading(base, env, session)
  -- Text only: Lua does not check compiled chunks, and a broken one crashes it.
  function base.load(chunk, name, _, ...)
    if type(chunk) == "string" and type(name) == "string" then session:remember_source(name, chunk) end
    if select("#", ...) > 0 then return compile(chunk, name, "t", (...)) end
    return compile(chunk, name, "t", env)
  end
  function base.loadfile(path, _, ...)
    local text, why = read_file(path)
    if not text then return nil, why end
    text = text:gsub("^#[^\n]*", "")
    local into = env
    if select("#", ...) > 0 then into = ... end
    local name = path and "@" .. path or "=stdin"
    session:remember_source(name, text)
    return compile(text, name, "t", into)
  end
  function base.dofile(path)
    local chunk, why = base.loadfile(path)
    if not chunk then error(why, 2) end
    return chunk()
  end
  local loaded = {}
  base.package = {path = "./?.lua;./?/init.lua", loaded = loaded}
  for name in pairs(environment.libraries) do loaded[name] = base[name] end
  loaded._G = env
  function base.require(name)
    if type(name) ~= "string" then error("require takes the name of a module, as in require \"tools\"", 2) end
    if loaded[name] ~= nil then return loaded[name] end
    local path = package.searchpath(name, base.package.path)
    local value
    if path then
      local chunk, why = base.loadfile(path)
      if not chunk then error(why, 2) end
      value = chunk(name, path)
      if value == nil then value = loaded[name] end
      if value == nil then value = true end
    else
      local ok, result = pcall(require, name)
      if not ok then
        if tostring(result):find("' not found:", 1, true) then
          result = string.format('there is no module "%s"; looked for %s', name,
            (base.package.path:gsub("%?", name):gsub(";", " and ")))
        end
        error(result, 2)
      end
      value = result
    end
    loaded[name] = value
    return value
  end
end

-- The message handler of a learner's xpcall does not see an interrupt: it runs where hooks are off, so that a loop in
-- it could not be stopped.
local function add_xpcall(base)
  function base.xpcall(f, handler, ...)
    if type(handler) ~= "function" then return xpcall(f, handler, ...) end
    return xpcall(f, function(message)
      if core.interrupted() then return message end
      return handler(message)
    end, ...)
  end
end

environment.libraries = {
  coroutine = true, debug = true, io = true, math = true, os = true, string = true, table = true, utf8 = true,
}

local basics = {
  "_VERSION", "assert", "collectgarbage", "error", "getmetatable", "ipairs", "next", "pairs", "pcall", "rawequal",
  "rawget", "rawlen", "rawset", "select", "setmetatable", "tonumber", "type", "warn",
}

-- debug without what would reach under the floor: hooks are how Ctrl-C works, the registry is ours, and what our C
-- functions keep in user values and upvalues is memory that they trust.
local safe = {debug = {}}
for name, value in pairs(debug) do safe.debug[name] = value end
for _, name in ipairs {"sethook", "getregistry", "setmetatable", "debug", "getuservalue", "setuservalue", "setupvalue",
  "upvaluejoin"} do
  safe.debug[name] = nil
end

-- Lua's math.max of one value is that value, whatever it is: a tensor came back as if it were its own largest element.
local function add_extremes(base)
  for _, name in ipairs {"max", "min"} do
    local extreme = math[name]
    base.math[name] = function(...)
      if select("#", ...) == 1 and type((...)) == "userdata" then
        error(string.format("math.%s compares numbers; of a tensor it is %s(t)", name, name), 2)
      end
      return extreme(...)
    end
  end
end

-- Loops over a tensor go through its first axis. (Lua's own ipairs would ask for one row after the last.)
local function add_iteration(base)
  local function next_row(t, i)
    i = i + 1
    if i <= #t then return i, t[i] end
  end
  for _, name in ipairs {"ipairs", "pairs"} do
    local iterate = base[name]
    base[name] = function(...)
      local t = ...
      if type(t) == "userdata" and require("gradus.is_tensor")(t) then return next_row, t, 0 end
      if t == nil then error(string.format("bad argument #1 to '%s' (table expected, got nil)", name), 2) end
      return iterate(...)
    end
  end
end

-- What stands behind the learner's own globals: Lua's library, then the built-ins.
local function behind(session)
  local base = {}
  debug.getmetatable("").__metatable = "strings"  -- its __index is Lua's own table, not a copy
  for _, name in ipairs(basics) do base[name] = _G[name] end
  for name in pairs(environment.libraries) do base[name] = copy_module(name, safe[name] or _G[name]) end
  -- One generator for everything a learner draws, so that one seed fixes a session.
  for name, f in pairs(require "gradus.core.math") do base.math[name] = f end
  add_extremes(base)
  add_iteration(base)
  return base
end

-- A near name, or a module's field of just that name: "random.randn" for randn.
local function suggest(name, known)
  local near = options.did_you_mean(name, known)
  if near ~= "" then return near end
  for _, module in ipairs(builtins.names()) do
    if builtins.is_module(module) and builtins.get(module)[name] ~= nil then
      return string.format(': did you mean "%s.%s"?', module, name)
    end
  end
  return ""
end

--- A fresh table of globals for `session`. Its parts are in the fields of the second result:
--- `lookup(name)` (a built-in or library function, or nil) and `names()` (all of them, sorted).
function environment.new(session)
  local base = behind(session)
  local env = {}
  local told = {}

  local function lookup(name)
    local value = rawget(base, name)
    if value ~= nil then return value end
    value = builtins.get(name)
    if value == nil then return nil end
    if builtins.is_module(name) then value = copy_module(name, value) end
    base[name] = value
    return value
  end

  local function names()
    local list = builtins.names()
    for name in pairs(base) do
      if not is_in(list, name) then list[#list + 1] = name end
    end
    table.sort(list)
    return list
  end

  -- Two tables, and only then a function: a built-in in a loop costs a look into each and no call.
  setmetatable(base, {__index = function(_, name)
    local value = lookup(name)
    if value ~= nil or type(name) ~= "string" then return value end
    local known = names()
    for key in next, env do
      if type(key) == "string" then known[#known + 1] = key end
    end
    local more = advice.name(name) or session:was_local(name)
      and string.format("the local %s ended with its entry; %s = ... without local stays", name, name)
    error(string.format("%s is not defined%s", name, more and ": " .. more or suggest(name, known)), 2)
  end})
  setmetatable(env, {
    __name = "globals",
    __tostring = function() return "the globals" end,
    __index = base,
    __newindex = function(_, name, value)
      if value ~= nil and not told[name] and lookup(name) ~= nil then
        told[name] = true
        session:note(string.format("%s is now yours; %s = nil brings the built-in back.", name, name))
      end
      rawset(env, name, value)
    end,
  })
  base._G = env
  add_output(base, session)
  add_loading(base, env, session)
  add_xpcall(base)
  lua_library.add(base)
  return env, {lookup = lookup, names = names}
end

return environment
