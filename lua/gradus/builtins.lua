-- What a learner finds at the prompt without asking: the tensor functions by their bare names, and the modules.
-- Each is loaded when it is first used, so that the prompt is there at once.

local builtins = {}

-- Modules whose functions stand at the top level.
local flat = {"gradus.core.tensor"}

-- Modules under a name of their own.
local modules = {
  random = "gradus.core.random",
  nn = "gradus.nn",
  grad = "gradus.grad",
  callbacks = "gradus.callbacks",
  losses = "gradus.losses",
  initializers = "gradus.initializers",
  regularizers = "gradus.regularizers",
  fft = "gradus.core.fft",
  optim = "gradus.optim",
  data = "gradus.data",
  plot = "gradus.plot",
  image = "gradus.image",
  metrics = "gradus.metrics",
  lesson = "gradus.lesson",
  linalg = "gradus.linalg",
}

-- Functions that stand at the top level, out of modules that are not for learners: {module, field}, or {module} when it
-- is one function.
local single = {
  help = {"gradus.help", "show"},
  progress = {"gradus.progress"},
}

local hidden = {metatable = true}  -- what a flat module keeps for our own use

local loaded = {}

require "gradus.core.tensor"  -- the metatable of tensors: the other modules in C add to it
require "gradus.core.grad"  -- which has methods of tensors, too

-- The module, or nil when this build has no such module; a module that fails to load says why.
local function load_module(path)
  local module = loaded[path]
  if module ~= nil then return module or nil end
  local ok, result = pcall(require, path)
  if not ok then
    if not tostring(result):find("module '" .. path .. "' not found", 1, true) then error(result, 0) end
    result = false
  end
  loaded[path] = result
  return result or nil
end

--- The built-in of that name, or nil.
function builtins.get(name)
  if modules[name] then return load_module(modules[name]) end
  if single[name] then
    local path, field = table.unpack(single[name])
    local module = load_module(path)
    return field and module[field] or module
  end
  if hidden[name] or type(name) ~= "string" then return nil end
  for _, path in ipairs(flat) do
    local module = load_module(path)
    if module and module[name] ~= nil then return module[name] end
  end
  return nil
end

--- Whether `name` is a module (so that its table is copied, see gradus.session.environment).
function builtins.is_module(name)
  return modules[name] ~= nil
end

--- All names, sorted.
function builtins.names()
  local names = {}
  for name, path in pairs(modules) do
    if load_module(path) then names[#names + 1] = name end
  end
  for name in pairs(single) do names[#names + 1] = name end
  for _, path in ipairs(flat) do
    for name in pairs(load_module(path) or {}) do
      if not hidden[name] then names[#names + 1] = name end
    end
  end
  table.sort(names)
  return names
end

return builtins
