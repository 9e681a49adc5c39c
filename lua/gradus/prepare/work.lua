-- What a preparation has done so far, in the folder OUT/unfinished: so that one that was broken off, by the end of a
-- job or by the power, goes on. Pictures are decoded in pieces; each piece is a file that is there whole or not at all.

local data = require "gradus.data"
local file = require "gradus.core.file"
local json = require "gradus.json"
local photos = require "gradus.data.photos"
local tensor = require "gradus.core.tensor"

local format = string.format

local work = {}

local MOST_FILES = 500         -- pictures a piece, at most
local MOST_BYTES = 64 << 20    -- of their pixels

local function read_text(path)
  local f <close> = io.open(path, "rb")
  return f and f:read "a"
end

--- The object in a JSON file of ours, or nil when there is none that can be read.
function work.read_json(path)
  local value = json.load(path)
  return type(value) == "table" and value or nil
end

--- Writes a text whole, or raises.
function work.write(path, text)
  local ok, problem = file.write(path, text)
  if not ok then error(problem, 0) end
end

--- A number that differs, all but surely, where the list of files, their sizes or their times differ (FNV-1a, 64 bits).
function work.digest(list)
  local h = 0xcbf29ce484222325
  local function add(text)
    for i = 1, #text do h = (h ~ text:byte(i)) * 0x100000001b3 end
  end
  for _, part in ipairs(list.parts) do
    add(part[1])
    for _, item in ipairs(part[2]) do
      local about = file.about(item.path)
      add(format("%s|%s|%s|%d %d\n", item.path, tostring(item.label), tostring(item.row), about and about.size or -1,
        about and about.changed or -1))
      for _, number in ipairs(item.part or {}) do add(format("%.17g,", number)) end
    end
  end
  return format("%016x", h)
end

--- Removes a folder of ours and the files in it.
function work.remove(folder)
  for _, name in ipairs(file.names(folder) or {}) do os.remove(folder .. "/" .. name) end
  os.remove(folder)
end

local CLAIM = "/running"

--- Says in the folder who works in it; raises when another process of this machine does. One that was killed is gone
--- from /proc, whatever it left behind.
function work.claim(folder)
  local host = (read_text "/proc/sys/kernel/hostname" or ""):match "%S*"
  local own = (read_text "/proc/self/stat" or ""):match "^%d+" or ""
  local there, pid = (read_text(folder .. CLAIM) or ""):match "^(%S*) (%d+)"
  if there == host and pid ~= own and (read_text("/proc/" .. pid .. "/cmdline") or ""):find("prepare", 1, true) then
    error(format('process %s of this machine works in "%s" already: wait for it, or end it', pid, folder), 0)
  end
  work.write(folder .. CLAIM, host .. " " .. own .. "\n")
end

-- A piece that is there: x, kept, failed; or nil.
local function read_piece(base, n, o)
  local about = work.read_json(base .. ".json")
  if not about or type(about.kept) ~= "table" or type(about.failed) ~= "table" then return nil end
  if #about.kept + #about.failed ~= n then return nil end
  if #about.kept == 0 then
    return tensor.zeros(0, o.height, o.width, {dtype = "uint8"}), about.kept, about.failed
  end
  local ok, x = pcall(data.load, base .. ".npy")
  if not ok then return nil end
  local shape = x.shape
  local same = shape[1] == #about.kept and shape[2] == o.height and shape[3] == o.width
    and (shape[4] or 1) == (o.gray and 1 or 3)
  if same then return x, about.kept, about.failed end
end

--- Decodes `items` piece by piece into files folder/NAME-1 ..., passing over pieces that are there. `moved(n, failed)`
--- hears how many items are done and what of them failed. Returns all that was read: x, kept and failed as photos.read.
function work.decode(items, o, folder, name, moved)
  local bytes = o.height * o.width * (o.gray and 1 or 3)
  local size = math.max(1, math.min(MOST_FILES, MOST_BYTES // bytes))
  local pieces, kept, failed = {}, {}, {}
  for first = 1, #items, size do
    local last = math.min(first + size - 1, #items)
    local base = format("%s/%s-%d", folder, name, (first - 1) // size + 1)
    local x, kept_here, failed_here = read_piece(base, last - first + 1, o)
    local fresh = not x
    if fresh then
      local some = table.move(items, first, last, 1, {})
      x, kept_here, failed_here = photos.read(some, o, function(n) moved(first - 1 + n, #failed, true) end)
      if x then data.save(base .. ".npy", x) end
      -- Last, and whole: what says that the piece is done.
      work.write(base .. ".json", json.write {kept = kept_here, failed = failed_here})
    end
    for _, i in ipairs(kept_here) do kept[#kept + 1] = first - 1 + i end
    table.move(failed_here, 1, #failed_here, #failed + 1, failed)
    if #kept_here > 0 then pieces[#pieces + 1] = base .. ".npy" end
    moved(last, #failed, fresh)
  end
  if #kept == 0 then return nil, kept, failed end
  local shape = o.gray and {#kept, o.height, o.width} or {#kept, o.height, o.width, 3}
  local x = tensor.zeros(shape, {dtype = "uint8"})
  local at = 1
  for _, path in ipairs(pieces) do
    local piece = data.load(path)
    local n = piece.shape[1]
    x[{{at, at + n - 1}}] = piece
    at = at + n
  end
  return x, kept, failed
end

return work
