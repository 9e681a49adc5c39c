-- The lessons that came with the program: which files they are.

local files = require "gradus.core.file"
local root = require "gradus.core.session".root

local shipped = {}

--- A list of {number, slug, path}, one for each NN-slug.md, in order; or nil and why the folder cannot be read.
function shipped.list()
  local folder = root .. "/lessons"
  local names, why = files.names(folder)
  if not names then return nil, why end
  local found = {}
  for _, name in ipairs(names) do
    local number, slug = name:match "^(%d+)%-([%w-]+)%.md$"
    if number then found[#found + 1] = {number = tonumber(number), slug = slug, path = folder .. "/" .. name} end
  end
  table.sort(found, function(a, b)
    if a.number ~= b.number then return a.number < b.number end
    return a.slug < b.slug
  end)
  return found
end

--- Their slugs, in that order; none when the folder cannot be read.
function shipped.slugs()
  local slugs = {}
  for i, lesson in ipairs(shipped.list() or {}) do slugs[i] = lesson.slug end
  return slugs
end

return shipped
