-- gradus prepare: folders of photographs to six .npy files, unattended. Decoding is the long part; what is decoded is
-- kept in OUT/unfinished (work.lua), everything after it takes seconds and is simply done again.

local arguments = require "gradus.prepare.arguments"
local augment = require("gradus.data.augment").augment
local core = require "gradus.core.session"
local core_data = require "gradus.core.data"
local data = require "gradus.data"
local file = require "gradus.core.file"
local job = require "gradus.prepare.job"
local json = require "gradus.json"
local listing = require "gradus.data.listing"
local notes = require "gradus.data.notes"
local parts = require "gradus.data.parts"
local photos = require "gradus.data.photos"
local progress = require "gradus.data.progress"
local readme = require "gradus.prepare.readme"
local rows_list = require "gradus.data.rows"
local session = require "gradus.session"
local tensor = require "gradus.core.tensor"
local work = require "gradus.prepare.work"

local format = string.format

local prepare = {usage = arguments.USAGE}

local ARRAYS = {"x_train.npy", "y_train.npy", "x_val.npy", "y_val.npy", "x_test.npy", "y_test.npy"}
local TEXTS = {"README.md", "files.csv"}
local RECORD = "prepare.json"     -- written last: all is there
local UNFINISHED = "unfinished"

-- ---- the log ----

local EVERY = 10  -- seconds between two lines about how far it is

-- A line of the log; in a terminal without the time, which is there to see. Names of files may hold anything.
local function log(text, ...)
  if select("#", ...) > 0 then text = format(text, ...) end
  text = text:gsub("%c", "?")
  session.say((session.on_terminal() and "" or os.date "%H:%M:%S ") .. text .. "\n")
end

-- What moves while files are read: a bar in a terminal, a line now and then elsewhere.
local function watch(what, total)
  local bar = progress.new(what, total)
  local start, last, fresh_from = session.clock(), session.clock(), nil
  local watcher = {}
  function watcher.moved(n, failed, fresh)
    bar:at(n)
    local now = session.clock()
    if not fresh then start, fresh_from = now, n end  -- read from an earlier try: says nothing of the speed
    if bar.shows or now - last < EVERY then return end
    last = now
    local done = n - (fresh_from or 0)
    local left = done > 0 and format(", some %.0f s left", (now - start) / done * (total - n)) or ""
    log("%d of %d %s read, %d of them left out%s", n, total, what, failed, left)
  end
  function watcher.done() bar:done() end
  return watcher
end

-- ---- what was asked for, and what is there ----

-- All that decides the bytes of the result.
local function plan_of(o, list)
  return {photos = o.photos, size = format("%dx%d", o.height, o.width), gray = o.gray,
    split = table.concat(o.split, ","), seed = o.seed,
    augment = o.augment_text or "", copies = o.copies or 0, coco = o.coco or "",
    positive = o.positive or "", by = o.by or "", files = work.digest(list)}
end

local NAMED = {photos = "PHOTOS", files = "the photographs themselves"}

-- What two plans differ in, for a sentence; nil when in nothing.
local function difference(old, new)
  local names, list = {}, {}
  for name in pairs(new) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    if old[name] ~= new[name] then
      list[#list + 1] = NAMED[name] or format("--%s (%s there, %s now)", name, tostring(old[name]), tostring(new[name]))
    end
  end
  return #list > 0 and table.concat(list, ", ") or nil
end

-- Whether a record still is about files that are there.
local function is_whole(out, record)
  if type(record.bytes) ~= "table" then return false end
  for _, list in ipairs {ARRAYS, TEXTS} do
    for _, name in ipairs(list) do
      local about = file.about(out .. "/" .. name)
      if not about or about.size ~= record.bytes[name] then return false end
    end
  end
  return true
end

-- "done" when OUT has exactly this already; "go on" or "new" otherwise; an error when that would destroy something.
local function look_at(out, plan, overwrite)
  local about = file.about(out)
  if not about then return "new" end
  if about.kind ~= "folder" then error(format('"%s" is a file: -o takes a folder', out), 0) end
  local record = work.read_json(out .. "/" .. RECORD)
  local begun = work.read_json(out .. "/" .. UNFINISHED .. "/plan.json")
  if record and type(record.plan) == "table" then
    local differs = difference(record.plan, plan)
    if not differs and not overwrite and is_whole(out, record) then return "done" end
    if not differs then return begun and "go on" or "new" end
    if not overwrite then
      error(format('"%s" was prepared with another %s. Take another folder, or replace it with --overwrite', out,
        differs), 0)
    end
  end
  if begun then
    local differs = difference(begun, plan)
    if not differs then return "go on" end
    if not overwrite then
      error(format('"%s" holds a preparation that was broken off, with another %s. Go on with the same options, take '
        .. "another folder, or begin anew with --overwrite", out, differs), 0)
    end
  elseif not record and not overwrite then
    for _, names in ipairs {ARRAYS, TEXTS, {RECORD, UNFINISHED}} do
      for _, name in ipairs(names) do
        if file.about(out .. "/" .. name) then
          error(format('"%s/%s" is there already, and gradus prepare did not make it. Take another folder, or replace '
            .. "it with --overwrite", out, name), 0)
        end
      end
    end
  end
  return "new"
end

-- ---- the listing ----

-- OUT may lie among the classes, and is passed over there; but not if it is one of them.
local function check_place(o)
  local out, photos = file.resolve(o.out), file.resolve(o.photos)
  if not out or (out .. "/"):sub(1, #photos + 1) ~= photos .. "/" then return end
  local names = file.names(out) or {}
  local ours = #names == 0 or file.about(out .. "/" .. RECORD) or file.about(out .. "/" .. UNFINISHED)
  if out == photos or not ours then
    error(format('"%s" holds the photographs: take another folder for -o', o.out), 0)
  end
end

local function find(o)
  local about, problem = file.about(o.photos)
  if not about then error("there are no photographs: " .. problem, 0) end
  if about.kind ~= "folder" then
    error(format('"%s" is a file: name the folder that has a folder for each class', o.photos), 0)
  end
  check_place(o)
  if o.coco then return listing.coco(o.coco, o.photos, o) end
  local out = file.about(o.out)
  local list = listing.folder(o.photos, out and out.id)
  if not list.classes then
    error(format('the pictures in "%s" have no classes: it needs a folder for each, as %s/bottle and %s/can', o.photos,
      o.photos, o.photos), 0)
  end
  if #list.classes == 1 then
    local only = o.photos .. "/" .. list.classes[1]
    local inside = pcall(listing.folder, only) and listing.folder(only).classes
    error(format('there is one class only in "%s", %s: a network has nothing to tell apart there%s', o.photos,
      list.classes[1], inside and #inside > 1 and format('. Did you mean "%s", which has %s?', only,
        table.concat(inside, ", ", 1, math.min(#inside, 6))) or ""), 0)
  end
  return list
end

-- Classes that a slip of the hand may have made two of one.
local function clashes(classes)
  local found, seen = {}, {}
  for _, name in ipairs(classes) do
    local key = name:lower():gsub("[%s_-]+", "")
    if seen[key] then
      found[#found + 1] = format('the folders "%s" and "%s" are two classes here: if they are one, put their pictures '
        .. "into one folder", seen[key], name)
    end
    seen[key] = name
  end
  return found
end

-- ---- the sets ----

local NAME_OF = {train = "training", val = "validation", test = "test"}
local ORDER = {"train", "val", "test"}

-- Divides what was read into the three sets, {x_train =, ...} and rows; `how` hears what was done.
local function divide(read, o, how)
  local sets, rows = {}, {}
  local split_from = read[""] or read._train
  local ratios, missing, sum = {0, 0, 0}, {}, 0
  for i, part in ipairs(ORDER) do
    local given = read["_" .. part]
    if i == 1 or not given then
      ratios[i], sum = o.split[i], sum + o.split[i]
      if i > 1 then missing[#missing + 1] = NAME_OF[part] end
    else
      sets["x_" .. part], sets["y_" .. part], rows[part] = given.x, given.y, given.rows
    end
  end
  if not split_from then
    error("no picture of the training part could be read", 0)
  elseif #missing == 0 then
    sets.x_train, sets.y_train, rows.train = split_from.x, split_from.y, split_from.rows
    how[#how + 1] = "The folders train, val and test are the split."
    return sets, rows
  end
  for i = 1, 3 do ratios[i] = ratios[i] / sum end
  local d = data.split({x = split_from.x, y = split_from.y, rows = split_from.rows},
    {ratios = ratios, seed = o.seed})
  for i, part in ipairs(ORDER) do
    if i == 1 or not read["_" .. part] then
      sets["x_" .. part], sets["y_" .. part], rows[part] = d["x_" .. part], d["y_" .. part], d["rows_" .. part]
    end
  end
  if read._train then
    how[#how + 1] = format("PHOTOS has no folder for the %s part: it was taken from the training pictures, each class "
      .. "alike, drawn with seed %d.", table.concat(missing, " and the "), o.seed)
  else
    how[#how + 1] = format("Split %g / %g / %g %% into training, validation and test, each class alike, drawn with "
      .. "seed %d.", o.split[1] * 100, o.split[2] * 100, o.split[3] * 100, o.seed)
  end
  return sets, rows
end

-- Changed copies behind the training pictures.
local function add_copies(sets, rows, o, how)
  local given = {sets.x_train, y = sets.y_train, seed = o.seed, copies = o.copies}
  for name, value in pairs(o.augment) do given[name] = value end
  local x, y = augment(given)
  sets.x_train, sets.y_train = tensor.concatenate({sets.x_train, x}, 1), tensor.concatenate({sets.y_train, y}, 1)
  local originals = rows.train
  local n = #originals
  rows.train = rows_list.join {originals,
    rows_list.new(n * o.copies, function(i) return originals[(i - 1) // o.copies + 1] end)}
  how[#how + 1] = format("Behind the %d training pictures stand %d changed %s of each (%s, seed %d); the other sets "
    .. "are photographs only.", n, o.copies, o.copies == 1 and "copy" or "copies", o.augment_text, o.seed)
end

-- ---- all of it ----

local function decode(o, list, folder)
  local read = {}
  for _, part in ipairs(list.parts) do
    local suffix, items = part[1], part[2]
    if #items > 0 then
      local name = suffix == "" and "pictures" or NAME_OF[suffix:sub(2)] .. " pictures"
      local watcher = watch(name, #items)
      local x, kept, failed = work.decode(items, o, folder, suffix == "" and "all" or suffix:sub(2), watcher.moved)
      watcher.done()
      table.move(failed, 1, #failed, #list.skipped + 1, list.skipped)
      if x then
        local rows = {}
        for k, i in ipairs(kept) do rows[k] = items[i].row or items[i].path end
        read[suffix] = {x = x, y = photos.labels(items, kept, list.classes), rows = rows}
      end
    end
  end
  if not next(read) then
    local last = list.skipped[#list.skipped]
    error(format("none of the files can be read as a picture; the last: %s", last.why), 0)
  end
  return read
end

local function count(sets, classes)
  local counts, present = {}, 0
  for _, part in ipairs(ORDER) do counts[part] = core_data.labels(sets["y_" .. part], "y_" .. part) end
  for label = 1, #classes do
    local any = 0
    for _, part in ipairs(ORDER) do any = any + (counts[part][label] or 0) end
    if any > 0 then present = present + 1 end
  end
  if present < 2 then
    error("all pictures that could be read are of one class: a network has nothing to tell apart there", 0)
  end
  return counts
end

-- What a process that was killed while it wrote one of our files left beside it.
local function remove_leftovers(out)
  for _, name in ipairs(file.names(out) or {}) do
    local of = name:match "^(.*)%.%d+%.part$"
    for _, names in ipairs {ARRAYS, TEXTS, {RECORD}} do
      for _, ours in ipairs(names) do
        if of == ours then os.remove(out .. "/" .. name) end
      end
    end
  end
end

local function finish(r, out, plan)
  for _, name in ipairs(ARRAYS) do data.save(out .. "/" .. name, r.arrays[name:match "^(.*)%."]) end
  work.write(out .. "/files.csv", readme.files(r))
  work.write(out .. "/README.md", readme.text(r))
  local record = {plan = plan, classes = r.classes, version = r.version, bytes = {}}
  for _, names in ipairs {ARRAYS, TEXTS} do
    for _, name in ipairs(names) do record.bytes[name] = file.about(out .. "/" .. name).size end
  end
  work.write(out .. "/" .. RECORD, json.write(record) .. "\n")
end

local begun = false

local function run(o)
  local list = find(o)
  local plan = plan_of(o, list)
  local state = look_at(o.out, plan, o.overwrite)
  if state == "done" then
    log('"%s" has exactly this already: nothing to do', o.out)
    return
  end
  local folder = o.out .. "/" .. UNFINISHED
  if file.about(folder) then work.claim(folder) end
  if state == "new" then
    work.remove(folder)
    os.remove(o.out .. "/" .. RECORD)  -- from here on OUT is no longer what it says
    local ok, problem = file.make_folder(folder)
    if not ok then error(problem, 0) end
    work.claim(folder)
    work.write(folder .. "/plan.json", json.write(plan))
  end
  begun = true
  local total = 0
  for _, part in ipairs(list.parts) do total = total + #part[2] end
  log("%s: %d files in %d classes (%s)", o.photos, total, #list.classes,
    table.concat(list.classes, ", ", 1, math.min(#list.classes, 12)) .. (#list.classes > 12 and ", ..." or ""))
  log(state == "go on" and "going on where an earlier run was broken off"
    or "if this is broken off, the same command goes on from there")
  local how, warnings = {}, clashes(list.classes)
  if o.split_given and not (list.parts[1][1] == "") then
    warnings[#warnings + 1] = format("--split %s is for folders of classes; PHOTOS is split already by its folders, "
      .. "which stay as they are", o.split_given)
  end
  local read = decode(o, list, folder)
  local sets, rows = divide(read, o, how)
  sets.classes = list.classes
  local _, unusual = notes.find(sets)
  table.move(unusual, 1, #unusual, #warnings + 1, warnings)
  local originals = {}
  for _, part in ipairs(ORDER) do originals[part] = #rows[part] end
  if o.augment then add_copies(sets, rows, o, how) end
  local r = {options = o, command = arguments.command(o), version = core.version, classes = list.classes,
    name = o.out:match "[^/]+$" or o.out, arrays = sets, rows = rows, originals = originals,
    counts = count(sets, list.classes), how = how, notes = warnings, skipped = list.skipped}
  for i = 1, math.min(#list.skipped, 10) do log("left out: %s", list.skipped[i].why) end
  if #list.skipped > 10 then log("left out: %d more, see %s/files.csv", #list.skipped - 10, o.out) end
  for _, note in ipairs(warnings) do log("note: %s", note) end
  finish(r, o.out, plan)
  remove_leftovers(o.out)
  work.remove(folder)
  session.say("\n" .. readme.tables(r) .. "\n\n")
  log("done: %s has the six files and README.md", o.out)
end

local function write_job(o)
  local program = file.resolve "/proc/self/exe" or "gradus"
  local command = arguments.command(o) .. (o.overwrite and " --overwrite" or "")
  local script = job.script(o.job, command, program, file.resolve "." or ".")
  if not file.about(o.photos) then
    io.stderr:write(format('gradus: note: there is no folder "%s" here yet\n', o.photos))
  end
  local path = o.job.script
  if not path then
    session.say(script)
    return
  end
  if file.about(path) and not o.overwrite then
    error(format('"%s" is there already: take another name, or replace it with --overwrite', path), 0)
  end
  work.write(path, script)
  log("%s: submit it with %s %s", path, job.SUBMIT[o.job.kind], arguments.shell_word(path))
end

--- Runs `gradus prepare ARGS`; `seed` is that of --seed, or nil.
function prepare.command(args, seed)
  local o = arguments.read(args, seed)
  if o.help then
    session.say(arguments.USAGE)
  elseif o.job then
    parts.call(write_job, o)
  else
    local ok, problem = pcall(run, o)
    if not ok then
      if type(problem) ~= "string" then error(problem, 0) end
      local text = problem:gsub("^lua/gradus/[%w_/]+%.lua:%d+: ", "")
      -- Something was done already, and is kept: a full disk, say.
      if begun then text = text .. ". What was read so far is kept: the same command goes on from there" end
      error("prepare: " .. text, 0)
    end
  end
end

return prepare
