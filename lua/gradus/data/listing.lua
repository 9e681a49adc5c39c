-- Which pictures there are, and of which class each is: in a folder of folders, or by a COCO annotation file. Nothing
-- is decoded here. A listing is
--
--   {classes = {names} or nil, parts = {{"_train", items}, ...} or {{"", items}}, skipped = {{file=, why=}, ...}}
--
-- with items {path=, label=, row=, part=} in the order of their names, so that the same folder gives the same listing.

local file = require "gradus.core.file"
local options = require "gradus.options"
local text = require "gradus.core.text"

local format = string.format

local listing = {}

-- ---- folders ----

local PART_OF = {
  train = "train", training = "train", val = "val", valid = "val", validation = "val", test = "test", testing = "test",
}

local function skip(skipped, path, why)
  skipped[#skipped + 1] = {file = path, why = path .. ": " .. why}
end

-- The names in a folder: {folders}, {all else}. Links count as what they point to.
local function names_in(folder)
  local names, problem = file.names(folder)
  if not names then error(problem, 0) end
  local folders, files = {}, {}
  for _, name in ipairs(names) do
    local about = file.about(folder .. "/" .. name)
    local to = about and about.kind == "folder" and folders or files
    to[#to + 1] = name
  end
  return folders, files
end

-- Adds the files below a folder, at any depth, in the order of their names. `above` has the ids of the folders on the
-- way here: a link that leads back to one of them would never end.
local function add_files(found, folder, above, s)
  local id = file.about(folder).id
  if id == s.leave then return end
  if above[id] then return skip(s.skipped, folder, "it is a link back to a folder above it") end
  local names, problem = file.names(folder)
  if not names then return skip(s.skipped, folder, (problem:gsub("^.*: ", ""))) end
  above[id] = true
  for _, name in ipairs(names) do
    local path = folder .. "/" .. name
    local about, why = file.about(path)
    if not about then
      skip(s.skipped, path, (why:gsub("^.*: ", "")))
    elseif about.kind == "folder" then
      add_files(found, path, above, s)
    elseif about.kind == "file" then
      found[#found + 1] = path
    else
      skip(s.skipped, path, "it is a pipe or a device")
    end
  end
  above[id] = nil
end

local function files_below(folder, above, s)
  local found = {}
  add_files(found, folder, above, s)
  return found
end

-- What classes are: the folders in `dir` with files in them. `root` is the folder that was asked for.
local function filled_folders(dir, root, s)
  local folders, files = names_in(dir)
  local filled, below = {}, {}
  local above = {[file.about(root).id] = true, [file.about(dir).id] = true}
  for _, name in ipairs(folders) do
    local path = dir .. "/" .. name
    local found = files_below(path, above, s)
    if #found > 0 then
      filled[#filled + 1], below[name] = name, found
    elseif file.about(path).id ~= s.leave then
      skip(s.skipped, path, "there is no file in this folder, and so it is no class")
    end
  end
  return filled, files, below
end

local function beside(dir, files, s)
  for _, name in ipairs(files) do
    skip(s.skipped, dir .. "/" .. name, "it lies beside the folders of the classes, and so has no class")
  end
end

-- Whether these folders are the parts of a split.
local function is_split(dir, folders)
  local parts, others, of = 0, nil, {}
  for _, name in ipairs(folders) do
    local part = PART_OF[name:lower()]
    if part and of[part] then
      error(format('"%s" has two folders for the %s part, %s and %s: put their pictures into one', dir, part, of[part],
        name), 0)
    elseif part then
      of[part], parts = name, parts + 1
    else
      others = others or name
    end
  end
  if not of.train or (others and parts < 2) then return false end  -- a class may be called "train"
  if others then
    error(format('"%s" has the folders of a split, %s, and beside them "%s": is that a class? Then give each part a '
      .. "folder %s; if it is none, move it elsewhere", dir, table.concat({of.train, of.val or of.test}, " and "),
      others, others), 0)
  end
  return true
end

local function items_of(below, label_of)
  local items = {}
  for _, class in ipairs(below.names) do
    for _, path in ipairs(below[class]) do items[#items + 1] = {path = path, label = label_of[class]} end
  end
  return items
end

--- The listing of a folder: dir/CLASS/..., or dir/train/CLASS/..., dir/val/..., dir/test/..., or pictures alone. A
--- folder whose file.about().id is `leave` is passed over.
function listing.folder(dir, leave)
  local s = {skipped = {}, leave = leave}
  dir = #dir > 1 and dir:gsub("/+$", "") or dir
  local folders = names_in(dir)
  local list = {skipped = s.skipped, parts = {}}
  local classes, label_of = {}, {}
  local found = {}
  if is_split(dir, folders) then
    local _, files = names_in(dir)
    beside(dir, files, s)
    for _, name in ipairs(folders) do
      local inside, stray, below = filled_folders(dir .. "/" .. name, dir, s)
      beside(dir .. "/" .. name, stray, s)
      below.names = inside
      found[#found + 1] = {"_" .. PART_OF[name:lower()], below}
      for _, class in ipairs(inside) do
        if not label_of[class] then classes[#classes + 1], label_of[class] = class, 0 end
      end
    end
    table.sort(classes)
  else
    local inside, files, below = filled_folders(dir, dir, s)
    classes, below.names = inside, inside
    if #inside == 0 then
      local items = {}
      for i, name in ipairs(files) do items[i] = {path = dir .. "/" .. name} end
      list.parts[1] = {"", items}
      if #items == 0 then
        error(format('there are no files in "%s"; expected a folder for each class, as in %s/bottle/1.jpg', dir,
          dir), 0)
      end
      return list
    end
    beside(dir, files, s)
    found[1] = {"", below}
  end
  for i, class in ipairs(classes) do label_of[class] = i - 1 end
  list.classes = classes
  local n = 0
  for i, each in ipairs(found) do
    list.parts[i] = {each[1], items_of(each[2], label_of)}
    n = n + #list.parts[i][2]
  end
  if n == 0 then
    error(format('there are no files in "%s"; expected a folder for each class, as in %s/train/bottle/1.jpg', dir, dir),
      0)
  end
  return list
end

-- ---- COCO ----

local function expect_list(json, key, path)
  if type(json) ~= "table" or type(json[key]) ~= "table" then
    error(format('"%s" has no list "%s"; a COCO file has "images", "annotations" and "categories"', path, key), 0)
  end
  for i, entry in ipairs(json[key]) do
    if type(entry) ~= "table" then error(format('"%s": entry %d of "%s" is no object', path, i, key), 0) end
    if key ~= "annotations" and entry.id == nil then
      error(format('"%s": entry %d of "%s" has no "id"', path, i, key), 0)
    end
  end
end

-- The set of ids of the categories that are called so, or whose supercategory is.
local function positive_ids(categories, wanted)
  local ids, names, known = {}, {}, {}
  for _, c in ipairs(categories) do
    for _, name in ipairs {tostring(c.name), c.supercategory and tostring(c.supercategory)} do
      if not known[name] then names[#names + 1], known[name] = name, {} end
      known[name][#known[name] + 1] = c.id
    end
  end
  for _, name in ipairs(type(wanted) == "table" and wanted or {wanted}) do
    if not known[name] then
      error(format('there is no category "%s"%s', tostring(name), options.suggest(name, names)), 0)
    end
    for _, id in ipairs(known[name]) do ids[id] = true end
  end
  return ids
end

local function is_finite(v) return type(v) == "number" and v - v == 0 end

local function usable_box(box, picture)
  if type(box) ~= "table" or #box < 4 then return nil end
  for i = 1, 4 do if not is_finite(box[i]) then return nil end end
  local left, top = math.max(box[1], 0), math.max(box[2], 0)
  local right, bottom = math.min(box[1] + box[3], picture.width), math.min(box[2] + box[4], picture.height)
  if right - left < 1 or bottom - top < 1 then return nil end
  return {top, left, bottom - top, right - left, picture.height, picture.width}
end

-- Where a picture of the list is; nil, after a line in `skipped`, when it names no file.
local function path_of(picture, images, skipped)
  if type(picture.file_name) == "string" then return images .. "/" .. picture.file_name end
  skipped[#skipped + 1] = {why = format("picture %s: it has no file_name", tostring(picture.id))}
end

local function listed_by_picture(json, images, ids, skipped)
  local list, with = {}, {}
  for _, a in ipairs(json.annotations) do
    if a.category_id ~= nil and ids[a.category_id] and a.image_id ~= nil then with[a.image_id] = true end
  end
  for _, picture in ipairs(json.images) do
    local path = path_of(picture, images, skipped)
    if path then list[#list + 1] = {path = path, label = with[picture.id] and 1 or 0} end
  end
  return list
end

local function is_side(v) return is_finite(v) and v >= 1 and v <= 1e9 end

local function listed_by_box(json, images, label_of, skipped)
  local list, by_id = {}, {}
  for _, picture in ipairs(json.images) do by_id[picture.id] = picture end
  for _, a in ipairs(json.annotations) do
    local picture = a.image_id ~= nil and by_id[a.image_id] or nil
    local label = a.category_id ~= nil and label_of(a.category_id) or nil
    local place = format("annotation %s", tostring(a.id))
    local sized = picture and is_side(picture.height) and is_side(picture.width)
    local part = sized and usable_box(a.bbox, picture)
    local why
    if not picture then
      why = "it belongs to no picture of the list"
    elseif not sized then
      why = "its picture has no height and width"
    elseif not part then
      why = "its box holds less than a pixel of the picture"
    elseif not label then
      why = "its category is not in the list"
    end
    local path = not why and path_of(picture, images, skipped)
    if why then
      skipped[#skipped + 1] = {why = place .. ": " .. why}
    elseif path then
      list[#list + 1] = {path = path, label = label, part = part, row = format("%s, %s", path, place)}
    end
  end
  return list
end

--- The listing of an annotation file: o has positive (a name, names or nil) and by ("picture" or "box").
function listing.coco(path, images, o)
  local f, problem = io.open(path, "rb")
  if not f then error("cannot read " .. problem, 0) end
  local bytes = f:read "a"
  f:close()
  if not bytes then error(format('"%s" is a folder: name the .json file in it', path), 0) end
  local json = text.json(bytes, path)
  for _, key in ipairs {"images", "annotations", "categories"} do expect_list(json, key, path) end
  local list = {skipped = {}}
  local ids = o.positive ~= nil and positive_ids(json.categories, o.positive)
  if ids then
    local name = type(o.positive) == "table" and table.concat(o.positive, " or ") or o.positive
    list.classes = {"no " .. name, name}
  end
  local items
  if o.by == "picture" then
    if not ids then
      error('a picture may show several things; say which one it is about, as in positive="Bottle", or take the '
        .. 'boxes one by one: by="box"', 0)
    end
    items = listed_by_picture(json, images, ids, list.skipped)
  else
    local number = {}
    if not ids then
      list.classes = {}
      for i, c in ipairs(json.categories) do list.classes[i], number[c.id] = tostring(c.name), i - 1 end
    end
    items = listed_by_box(json, images, ids and function(id) return ids[id] and 1 or 0 end or
      function(id) return number[id] end, list.skipped)
  end
  if #items == 0 then error(format('"%s" lists no %s that can be read', path, o.by), 0) end
  list.parts = {{"", items}}
  return list
end

return listing
