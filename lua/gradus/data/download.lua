-- data.get: sets that are too large to ship, fetched once into the cache folder.
--
-- The system's curl fetches into NAME.part, going on where an earlier try ended; only what has the size and the SHA-256
-- of the manifest (datasets/manifest.lua) gets the name NAME. A file that is there under its name is used as it is,
-- so that a classroom without a network gets it from a stick.

local core = require "gradus.core.data"
local file = require "gradus.core.file"
local help = require "gradus.help"
local options = require "gradus.options"
local quoted = require "gradus.quoted"
local root = require "gradus.core.session".root
local rows_list = require "gradus.data.rows"
local session = require "gradus.session"
local state = require "gradus.state"

local doc = help.doc
local format = string.format

local download = {}

local function size_of(path)
  local f <close> = io.open(path, "rb")
  return f and f:seek "end"
end

local function hash_of(path)
  local pipe <close> = assert(io.popen("LC_ALL=C sha256sum < " .. quoted(path) .. " 2>/dev/null"))
  return pipe:read(64)
end

--- The folder of everything fetched: $XDG_CACHE_HOME/gradus, by default ~/.cache/gradus.
function download.cache()
  local folder, why = state.cache()
  if not folder then error("there is no place to keep what is fetched: " .. why, 0) end
  return folder
end

-- Why the file at `path` is not what the manifest says, or nil.
local function difference(path, entry)
  local size = size_of(path)
  if entry.size and size ~= entry.size then
    return format("it has %s bytes, and should have %d", size, entry.size)
  end
  if entry.sha256 then
    local hash = hash_of(path)
    if hash ~= entry.sha256 then
      return format("its SHA-256 is %s, and should be %s", hash or "unknown (is sha256sum there?)", entry.sha256)
    end
  end
end

-- What curl's exit statuses mean to someone who waits for a file. https://curl.se/docs/manpage.html#EXIT
local REASONS = {
  [5] = "the proxy has no address", [6] = "its name has no address: is there a network?",
  [7] = "nobody answers there: is there a network?", [22] = "the server does not have it",
  [23] = "it cannot be written here: is the disk full?", [28] = "the server took too long",
  [56] = "the connection broke", [18] = "the connection broke", [60] = "its certificate cannot be checked",
  [127] = "there is no curl here: apt install curl",
}
local NO_RANGES = {[22] = true, [33] = true, [36] = true}  -- the server cannot go on in the middle, or there is no more

-- True, or false and why.
local function fetch(address, part)
  local shows = session.can_redraw() and "--progress-bar" or "--silent"
  local command = format("curl --fail --location --connect-timeout 20 --speed-time 60 --speed-limit 1 --retry 2 %s " ..
    "--continue-at - --output %s -- %s%s", shows, quoted(part), quoted(address),
    shows == "--silent" and " 2>/dev/null" or "")
  local before = size_of(part)
  local ok, how, status = os.execute(command)
  if not ok and how == "exit" and NO_RANGES[status] and before then
    os.remove(part)
    ok, how, status = os.execute(command)
  end
  if ok then return true end
  if how == "signal" or status == 130 then return false, "it was interrupted: call it again to go on", true end
  return false, REASONS[status] or format("curl ended with status %d", status)
end

--- Sees to it that `entry` ({name=, size=, sha256=}) is in `folder`; `addresses` are tried in turn. Returns its path;
--- raises when there is none to be had, saying where to put the file by hand.
function download.file(entry, addresses, folder)
  local path = folder .. "/" .. entry.name
  if size_of(path) then
    local wrong = difference(path, entry)
    if wrong then
      error(format('"%s" is not the file that is expected: %s. Remove it, and call this again to fetch it', path,
        wrong), 0)
    end
    return path
  end
  local ok, problem = file.make_folder(folder)
  if not ok then error(problem, 0) end
  local part, last = path .. ".part", nil
  for _, base in ipairs(addresses) do
    local address = base .. entry.name
    local whole = entry.size and size_of(part) == entry.size
    session.say(format("%s (%s) from %s\n", entry.name,
      entry.size and format("%.1f MB", entry.size / 1e6) or entry.about or "size unknown", address))
    local done, why, interrupted = true, nil, nil
    if not whole then done, why, interrupted = fetch(address, part) end
    if done then
      why = difference(part, entry)
      if not why then
        assert(os.rename(part, path))
        if not entry.sha256 then
          session.say(format("  nobody has verified this file: its SHA-256 here is %s\n", hash_of(path) or "unknown"))
        end
        return path
      end
      os.remove(part)  -- going on from wrong bytes would give wrong bytes
    end
    last = why
    if interrupted then error(format("%s could not be fetched: %s", entry.name, why), 0) end
  end
  error(format("%s could not be fetched: %s. By hand: save %s as %s, then call this again", entry.name, last,
    addresses[1] .. entry.name, path), 0)
end

-- ---- from files to data sets ----

local forms = {}

local function rows_of(path, n)
  return rows_list.new(n, function(i) return format("%s, item %d", path, i) end)
end

function forms.idx(d, paths)
  for i, part in ipairs {"train", "test"} do
    d["x_" .. part], d["y_" .. part] = core.load(paths[2 * i - 1], 0), core.load(paths[2 * i], 0)
    d["rows_" .. part] = rows_of(paths[2 * i - 1]:match "[^/]+$", #d["y_" .. part])
  end
end

function forms.cifar(d, paths, data, folder)
  local inside = folder .. "/cifar-10-batches-bin"
  if not file.names(inside) then
    local ok = os.execute(format("tar -xzf %s -C %s", quoted(paths[1]), quoted(folder)))
    if not ok or not file.names(inside) then
      error(format("%s could not be unpacked: is the disk full, or the file damaged? Remove it to fetch it again",
        paths[1]), 0)
    end
  end
  local all = data.cifar(inside)
  for _, key in ipairs {"x_train", "y_train", "rows_train", "x_test", "y_test", "rows_test"} do d[key] = all[key] end
end

function forms.zipped_folder(d, paths, data, folder, entry)
  local inside = folder .. "/" .. entry.folder
  if not file.names(inside) then core.unzip(paths[1], folder) end
  local read = data.folder(inside, entry.options)
  d.x, d.y, d.rows, d.classes, d.skipped = read.x, read.y, read.rows, read.classes, read.skipped
end

function forms.coco(d, paths, data, folder, entry)
  local given = {by = "picture", positive = "Bottle"}
  for key, value in pairs(entry.options or {}) do given[key] = value end
  local read = data.coco(paths[1], folder, given)
  d.x, d.y, d.rows, d.classes, d.skipped = read.x, read.y, read.rows, read.classes, read.skipped
end

-- The table that the manifest is; its text sees no globals.
local function manifest()
  local path = root .. "/datasets/manifest.lua"
  return assert(loadfile(path, "t", {}))()
end

local function get(dataset, data, name, given)
  local known = manifest()
  local names = {}
  for each in pairs(known) do names[#names + 1] = each end
  table.sort(names)
  if type(name) ~= "string" then
    error(format('data.get takes a name, as in data.get "mnist"; there are %s', table.concat(names, ", ")), 0)
  end
  local entry = known[name]
  if not entry then error(format('data.get: there is no data set "%s"%s', name, options.suggest(name, names)), 0) end
  local o = options.read("data.get", given, {{"from"}, {"size", 50}, {"gray", true}, {"positive"}, {"by"}})
  entry.options = {size = o.size, gray = o.gray}
  if entry.form == "coco" then entry.options.positive, entry.options.by = o.positive, o.by end
  local folder, paths = download.cache() .. "/" .. name, {}
  for i, each in ipairs(entry.files) do
    if entry.by_hand and not size_of(folder .. "/" .. each.name) then
      error(format("%s is fetched by hand. %s. Then move that folder to %s, so that there is %s/%s", name,
        entry.by_hand, folder, folder, each.name), 0)
    end
    paths[i] = download.file(each, o.from and {(o.from:gsub("/*$", "/"))} or entry.addresses or {}, folder)
  end
  local d = {name = name, about = entry.about, classes = entry.classes, source = entry.citation,
    licence = entry.licence}
  forms[entry.form](d, paths, data, folder, entry)
  return dataset(d)
end

local PARTS = {train = {"data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "train"},
  test = {"test_batch", "test"}}

local function cifar(dataset, path)
  if type(path) ~= "string" then
    error('data.cifar takes a path, as in data.cifar("cifar-10-batches-bin"), not ' .. type(path), 0)
  end
  local concatenate = require "gradus.core.tensor".concatenate
  local d = {name = path:match "[^/]+$", source = path}
  -- CIFAR-100's records have two labels; its files are called train.bin and test.bin.
  local function read(each)
    local labels = each:match "[^/]+$" :find "^t%a+%.bin$" and 2 or 1
    d.labels = labels
    return core.cifar(each, labels)
  end
  if not file.names(path) then
    d.x, d.y = read(path)
    d.rows = rows_of(path, #d.y)
  else
    for part, names in pairs(PARTS) do
      local xs, ys, rows = {}, {}, {}
      for _, name in ipairs(names) do
        local each = path .. "/" .. name .. ".bin"
        if size_of(each) then
          xs[#xs + 1], ys[#ys + 1] = read(each)
          rows[#rows + 1] = rows_of(name .. ".bin", #ys[#ys])
        end
      end
      if #xs > 0 then
        d["x_" .. part], d["y_" .. part] = concatenate(xs, 1), concatenate(ys, 1)
        d["rows_" .. part] = rows_list.join(rows)
      end
    end
    if not d.x_train and not d.x_test then
      error(format('data.cifar: "%s" has none of data_batch_1.bin ... test_batch.bin, train.bin, test.bin', path), 0)
    end
  end
  local names = not d.x and (io.open(path .. "/batches.meta.txt") or io.open(path .. "/fine_label_names.txt"))
  if names then
    d.classes = {}
    for line in names:lines() do
      if line:find "%S" then d.classes[#d.classes + 1] = line:match "^%s*(.-)%s*$" end
    end
    names:close()
  elseif d.labels == 1 then
    d.classes = manifest().cifar10.classes
  end
  d.labels = nil
  return dataset(d)
end

local function plainly(f, ...)
  local ok, result = pcall(f, ...)
  if ok then return result end
  error((tostring(result):gsub("^lua/gradus/[%w_/]+%.lua:%d+: ", "")), 3)
end

function download.add(data, dataset)
  data.get = doc("data.get", [==[
data.get(name, {from=nil, size=50, gray=true, positive=nil, by=nil}) -> data set

Fetches a data set once, and reads it: "mnist" and "fashion" (28x28 grey), "cifar10" (32x32 RGB), "trashnet"
(photographs of waste in six classes), "taco" (photographs of litter with COCO annotations; fetched by hand). They go to
$XDG_CACHE_HOME/gradus, by default ~/.cache/gradus; a file that is there is used, one half fetched is continued. Sizes
and SHA-256 are verified where somebody has checked them (datasets/manifest.lua); otherwise the hash found is told.
`from` is the address of a mirror, as in from="http://10.0.0.5/mnist". size and gray are for photographs: see
data.folder; positive and by are those of data.coco. Without a network the error says where to put the files by hand.
]==], function(name, given) return plainly(get, dataset, data, name, given) end)

  data.cifar = doc("data.cifar", [==[
data.cifar(path) -> data set

Reads the binary version of CIFAR-10 or CIFAR-100: a folder with data_batch_1.bin to data_batch_5.bin and
test_batch.bin, or train.bin and test.bin, or a single one of these files. x is uint8 (n, 32, 32, 3), y uint8 (n,); of
CIFAR-100 the fine labels. https://www.cs.toronto.edu/~kriz/cifar.html
]==], function(path) return plainly(cifar, dataset, path) end)
end

return download
