-- Files of named arrays, .npz and .safetensors, for the weights of networks.

local core = require "gradus.core.data"
local options = require "gradus.options"

local archive = {}

-- What the core says names the file; where in our own files that was would only distract.
local function call(f, ...)
  local results = table.pack(pcall(f, ...))
  if results[1] then return table.unpack(results, 2, results.n) end
  local message = results[2]
  if type(message) == "string" then message = message:gsub("^lua/gradus/[%w_/]+%.lua:%d+: ", "") end
  error(message, 0)
end

--- The ending of a path among those that are allowed; otherwise an error.
function archive.ending(what, path, allowed)
  if type(path) ~= "string" then
    error(string.format('%s takes a path, as in %s("net%s"), not a %s', what, what, allowed[1], type(path)), 0)
  end
  for _, ending in ipairs(allowed) do
    if #path > #ending and path:sub(-#ending) == ending then return ending end
  end
  error(string.format('%s writes %s files: let the name end so, as in "%s%s"', what, table.concat(allowed, " or "),
    path:gsub("%.%w+$", ""), allowed[1]), 0)
end

--- What save and save_weights take behind the path.
archive.saving = {{"overwrite", true}}

--- An error where there is such a file and the options say that it stays.
function archive.expect_free(what, path, given)
  local read = options.read(what, given or {}, archive.saving)
  if type(read.overwrite) ~= "boolean" then
    error(string.format("%s: overwrite is true or false, not %s", what, tostring(read.overwrite)), 0)
  end
  local file <close> = not read.overwrite and io.open(path) or nil
  if file then
    error(string.format("%s: there is a %s already, and overwrite=false: take another name", what, path), 0)
  end
end

--- {names in the file's order}, {name = tensor}, {key = text}: the texts are those of a .safetensors file.
function archive.read(what, path)
  if type(path) ~= "string" then error(string.format("%s takes a path, not a %s", what, type(path)), 0) end
  return call(core.read_archive, path)
end

--- Writes the file whole or not at all. `texts` is a list {{key, text}, ...}, for .safetensors only.
function archive.write(path, names, tensors, texts)
  local packed_or_texts = texts or {}
  if path:find("%.npz$") then packed_or_texts = false end
  call(core.save_archive, path, names, tensors, packed_or_texts)
end

return archive
