-- Pictures from files: one, a folder of folders, or what a COCO annotation file describes.
--
-- Files are decoded in C, on all threads, a few dozen at a time; in between the bar moves, Ctrl-C is heard, and what
-- could not be read is written down. Nothing stops at a bad file, and nothing passes over one silently.

local core = require "gradus.core.data"
local file = require "gradus.core.file"
local help = require "gradus.help"
local options = require "gradus.options"
local progress = require "gradus.data.progress"
local session = require "gradus.session"
local tensor = require "gradus.core.tensor"
local text = require "gradus.core.text"

local doc = help.doc
local format = string.format

local PIECE = 64  -- files between two looks at the bar

local function check_size(what, size)
  local height, width = size, size
  if type(size) == "table" and #size == 2 then height, width = size[1], size[2] end
  for _, side in ipairs {height, width} do
    if math.type(side) ~= "integer" or side < 1 or side > 10000 then
      error(format("%s: size is the height and width in pixels that every picture gets, as in size=50 or " ..
        "size={50, 80}, not %s", what, tostring(side)), 3)
    end
  end
  if type(size) == "table" and #size ~= 2 then
    error(format("%s: size={height, width} has two numbers, not %d", what, #size), 3)
  end
  return height, width
end

local function check_path(what, path, example)
  if type(path) ~= "string" then error(format("%s takes a path, as in %s, not %s", what, example, type(path)), 3) end
end

local function raise(message)
  error((tostring(message):gsub("^lua/gradus/[%w_/]+%.lua:%d+: ", "")), 3)
end

-- ---- one ----

local function image(path, given)
  check_path("data.image", path, 'data.image("bottle.jpg")')
  local o = options.read("data.image", given, {{"size"}, {"gray", false}, {"alpha", false}})
  local height, width = 0, 0
  if o.size ~= nil then height, width = check_size("data.image", o.size) end
  if o.gray and o.alpha then
    error("data.image: gray=true lays what is transparent on white; leave out gray or alpha", 2)
  end
  local ok, picture = pcall(core.image, path, height, width, o.gray, o.alpha)
  if not ok then raise(picture) end
  return picture
end

-- ---- many ----

local SHOWN = 10  -- lines about files that could not be read

local function report(skipped, total)
  if #skipped == 0 then return end
  session.say(format("%d of %d could not be read and are left out:\n", #skipped, total))
  for i = 1, math.min(#skipped, SHOWN) do session.say("  " .. skipped[i].why .. "\n") end
  if #skipped > SHOWN then
    session.say(format("  ... and %d more: the data set's `skipped` lists them all\n", #skipped - SHOWN))
  end
end

-- Reads the files of `list`, {{path=, label=, row=, part=}...}, into x and y; `skipped` grows.
local function read_all(list, height, width, gray, classes, skipped)
  local n = #list
  local x = gray and tensor.zeros(n, height, width, {dtype = "uint8"}) or
    tensor.zeros(n, height, width, 3, {dtype = "uint8"})
  local paths, parts, labels, rows = {}, list[1].part and {} or nil, {}, {}
  for i, item in ipairs(list) do
    paths[i] = item.path
    if parts then parts[i] = item.part end
  end
  local bar = progress.new("pictures", n)
  for first = 1, n, PIECE do
    local last = math.min(first + PIECE - 1, n)
    local _, failures = core.photos(x, #rows + 1, paths, first, last, parts)
    local failed = {}
    for _, failure in ipairs(failures) do
      failed[failure[1]] = true
      skipped[#skipped + 1] = {file = paths[failure[1]], why = failure[2]}
    end
    for i = first, last do
      if not failed[i] then
        labels[#labels + 1], rows[#rows + 1] = list[i].label, list[i].row or list[i].path
      end
    end
    bar:at(last)
  end
  bar:done()
  if #rows == 0 then return nil end
  if #rows < n then x = x[{{1, #rows}}] end
  local y = #labels > 0 and tensor.tensor(labels, {dtype = #classes <= 256 and "uint8" or "int64"}) or nil
  return x, y, rows
end

-- ---- folders ----

local PART_OF = {
  train = "train", training = "train", val = "val", valid = "val", validation = "val", test = "test", testing = "test",
}
local DEEPEST = 16

-- Files below a folder, at any depth, in the order of their names.
local function files_below(folder, found, depth)
  local names = file.names(folder)
  if not names or depth > DEEPEST then
    found[#found + 1] = folder
    return found
  end
  for _, name in ipairs(names) do files_below(folder .. "/" .. name, found, depth + 1) end
  return found
end

local function folders_in(folder, names)
  local folders = {}
  for _, name in ipairs(names) do
    if file.names(folder .. "/" .. name) then folders[#folders + 1] = name end
  end
  return folders
end

-- The photos of one part, of folder/CLASS/... for each class there is, or of a folder without classes.
local function list_of(folder, classes)
  local list = {}
  for label, class in ipairs(classes) do
    if file.names(folder .. "/" .. class) then
      for _, path in ipairs(files_below(folder .. "/" .. class, {}, 0)) do
        list[#list + 1] = {path = path, label = label - 1}
      end
    end
  end
  return list
end

local function is_split(folders)
  local has_train = false
  for _, name in ipairs(folders) do
    local part = PART_OF[name:lower()]
    if not part then return false end
    has_train = has_train or part == "train"
  end
  return has_train
end

local function add_part(d, suffix, list, o, skipped)
  if #list == 0 then return end
  local x, y, rows = read_all(list, o.height, o.width, o.gray, d.classes, skipped)
  d["x" .. suffix], d["y" .. suffix], d["rows" .. suffix] = x, y, rows
end

local function folder(dataset, dir, given)
  check_path("data.folder", dir, 'data.folder("photos")')
  local o = options.read("data.folder", given, {{"size", 50}, {"gray", true}})
  o.height, o.width = check_size("data.folder", o.size)
  dir = #dir > 1 and dir:gsub("/+$", "") or dir
  local names, problem = file.names(dir)
  if not names then error("data.folder: " .. problem, 2) end
  local folders = folders_in(dir, names)
  local d = {classes = {}, skipped = {}, name = dir:match "[^/]+$" or dir, source = "pictures below " .. dir}
  local parts = {}
  if is_split(folders) then
    local seen = {}
    for _, name in ipairs(folders) do
      for _, class in ipairs(folders_in(dir .. "/" .. name, file.names(dir .. "/" .. name))) do
        if not seen[class] then d.classes[#d.classes + 1] = class end
        seen[class] = true
      end
    end
    table.sort(d.classes)
    for _, name in ipairs(folders) do
      parts[#parts + 1] = {"_" .. PART_OF[name:lower()], list_of(dir .. "/" .. name, d.classes)}
    end
  elseif #folders > 0 then
    d.classes = folders
    parts[1] = {"", list_of(dir, folders)}
    local is_folder = {}
    for _, name in ipairs(folders) do is_folder[name] = true end
    for _, name in ipairs(names) do
      if not is_folder[name] then
        d.skipped[#d.skipped + 1] = {file = dir .. "/" .. name,
          why = dir .. "/" .. name .. ": it lies beside the folders of the classes, and so has no class"}
      end
    end
  else
    local list = {}
    for i, name in ipairs(names) do list[i] = {path = dir .. "/" .. name} end
    parts[1] = {"", list}
    d.classes = nil
  end
  local total = #d.skipped
  for _, part in ipairs(parts) do total = total + #part[2] end
  if total == 0 then
    error(format('data.folder: there are no files in "%s"; expected a folder for each class, as in %s/bottle/1.jpg',
      dir, dir), 2)
  end
  d.classes = d.classes or nil
  for _, part in ipairs(parts) do
    local ok, problem_here = pcall(add_part, d, part[1], part[2], {height = o.height, width = o.width, gray = o.gray},
      d.skipped)
    if not ok then raise(problem_here) end
  end
  if #d.skipped == total then
    error(format('data.folder: none of the %d files in "%s" is a picture that can be read; the first: %s', total, dir,
      d.skipped[1].why), 2)
  end
  report(d.skipped, total)
  d.about = format("%d pictures, made %dx%d %s", total - #d.skipped, o.width, o.height, o.gray and "grey" or "RGB")
  return dataset(d)
end

-- ---- COCO ----

local function expect_list(json, key, path)
  if type(json) ~= "table" or type(json[key]) ~= "table" then
    error(format('data.coco: "%s" has no list "%s"; a COCO file has "images", "annotations" and "categories"', path,
      key), 0)
  end
  return json[key]
end

-- The set of ids of the categories that are called so, or whose supercategory is.
local function positive_ids(categories, wanted)
  local ids, names, known = {}, {}, {}
  for _, c in ipairs(categories) do
    for _, name in ipairs {tostring(c.name), c.supercategory and tostring(c.supercategory)} do
      if not known[name] then names[#names + 1] = name end
      known[name] = true
      local list = known[name] == true and {} or known[name]
      list[#list + 1] = c.id
      known[name] = list
    end
  end
  for _, name in ipairs(type(wanted) == "table" and wanted or {wanted}) do
    if not known[name] then
      error(format('data.coco: there is no category "%s"%s', tostring(name), options.suggest(name, names)), 0)
    end
    for _, id in ipairs(known[name]) do ids[id] = true end
  end
  return ids
end

local function usable_box(box, picture)
  if type(box) ~= "table" or #box < 4 then return nil end
  for i = 1, 4 do if type(box[i]) ~= "number" or box[i] ~= box[i] then return nil end end
  local left, top = math.max(box[1], 0), math.max(box[2], 0)
  local right, bottom = math.min(box[1] + box[3], picture.width), math.min(box[2] + box[4], picture.height)
  if right - left < 1 or bottom - top < 1 then return nil end
  return {top, left, bottom - top, right - left, picture.height, picture.width}
end

local function listed_by_picture(json, images, ids)
  local list, with = {}, {}
  for _, a in ipairs(json.annotations) do
    if ids[a.category_id] then with[a.image_id] = true end
  end
  for i, picture in ipairs(json.images) do
    list[i] = {path = images .. "/" .. tostring(picture.file_name), label = with[picture.id] and 1 or 0}
  end
  return list
end

local function listed_by_box(json, images, label_of, skipped)
  local list, by_id = {}, {}
  for _, picture in ipairs(json.images) do by_id[picture.id] = picture end
  for _, a in ipairs(json.annotations) do
    local picture, label = by_id[a.image_id], label_of(a.category_id)
    local place = format("annotation %s", tostring(a.id))
    local sized = picture and math.type(picture.height) and math.type(picture.width) and picture.height >= 1 and
      picture.width >= 1
    local part = sized and usable_box(a.bbox, picture)
    if not picture then
      skipped[#skipped + 1] = {why = place .. ": it belongs to no picture of the list"}
    elseif not sized then
      skipped[#skipped + 1] = {why = place .. ": its picture has no height and width"}
    elseif not part then
      skipped[#skipped + 1] = {why = place .. ": its box holds less than a pixel of the picture"}
    elseif not label then
      skipped[#skipped + 1] = {why = place .. ": its category is not in the list"}
    else
      local path = images .. "/" .. tostring(picture.file_name)
      list[#list + 1] = {path = path, label = label, part = part, row = format("%s, %s", path, place)}
    end
  end
  return list
end

local function read_coco(path, images, o)
  local f, problem = io.open(path, "rb")
  if not f then error("data.coco: cannot read " .. problem, 0) end
  local bytes = f:read "a"
  f:close()
  if not bytes then error(format('data.coco: "%s" is a folder: name the .json file in it', path), 0) end
  local json = text.json(bytes, path)
  for _, key in ipairs {"images", "annotations", "categories"} do expect_list(json, key, path) end
  local d = {skipped = {}, name = path:match "[^/]+$", source = format("%s, pictures in %s", path, images)}
  local ids = o.positive ~= nil and positive_ids(json.categories, o.positive)
  local list
  if ids then
    local name = type(o.positive) == "table" and table.concat(o.positive, " or ") or o.positive
    d.classes = {"no " .. name, name}
  end
  if o.by == "picture" then
    if not ids then
      error('data.coco: a picture may show several things; say which one it is about, as in positive="Bottle", or ' ..
        'take the boxes one by one: by="box"', 0)
    end
    list = listed_by_picture(json, images, ids)
  else
    local number = {}
    if not ids then
      d.classes = {}
      for i, c in ipairs(json.categories) do d.classes[i], number[c.id] = tostring(c.name), i - 1 end
    end
    list = listed_by_box(json, images, ids and function(id) return ids[id] and 1 or 0 end or
      function(id) return number[id] end, d.skipped)
  end
  local total = #list + #d.skipped
  if #list == 0 then error(format('data.coco: "%s" lists no %s that can be read', path, o.by), 0) end
  local x, y, rows = read_all(list, o.height, o.width, o.gray, d.classes, d.skipped)
  if not x then
    error(format('data.coco: none of the %d pictures could be read; the first: %s', #list,
      d.skipped[#d.skipped].why), 0)
  end
  d.x, d.y, d.rows = x, y, rows
  report(d.skipped, total)
  d.about = format("%d %s, made %dx%d %s", #rows, o.by == "box" and "boxes" or "pictures", o.width, o.height,
    o.gray and "grey" or "RGB")
  return d
end

return function(data, dataset)
  data.image = doc("data.image", [==[
data.image(path, {size=nil, gray=false, alpha=false}) -> tensor

Reads a PNG or JPEG picture: uint8, 0 (dark) to 255, of shape (height, width) when it is grey and (height, width, 3)
when it has colours. gray=true makes it grey: 0.299 R + 0.587 G + 0.114 B. size=50, or size={height, width}, makes it
that large; each pixel is then the mean of the area that it covers, and the sides are stretched when their ratio is
another. A photograph stands upright as its EXIF orientation says. What is transparent is laid on white; alpha=true
keeps the transparency as a last channel. 16 bits are rounded to 8, CMYK becomes RGB.

> data.save("/tmp/gradus-help.png", tensor({{0, 50}, {100, 250}}, {dtype="uint8"}))
> data.image("/tmp/gradus-help.png")
[[  0  50]
 [100 250]]
> data.image("/tmp/gradus-help.png", {size=1})
[[100]]
]==], image)

  data.folder = doc("data.folder", [==[
data.folder(dir, {size=50, gray=true}) -> data set

Reads a folder of photographs, PNG or JPEG, with a folder for each class: photos/bottle/1.jpg, photos/can/1.jpg. The
classes are numbered from 0 in the order of their names. Where there are folders train, val (or validation) and test
with the classes in them, the data set is split as they are: x_train, y_train, and so on. A folder of pictures only
gives x without y. Every picture is made `size` (or {height, width}) pixels large, by means of areas; x is uint8
(n, height, width), or (n, height, width, 3) with gray=false. `rows` lists the file of each row. Files that cannot be
read are told, left out, and listed in `skipped`. All threads read; JPEGs much larger than `size` are decoded at a
half, quarter or eighth of their size, which differs by a grey level or two from decoding all of it.

> for i = 1, 2 do os.execute("mkdir -p /tmp/gradus-help-photos/" .. i) end
> for i = 1, 2 do data.save("/tmp/gradus-help-photos/" .. i .. "/a.png", ones(60, 60)) end
> d = data.folder("/tmp/gradus-help-photos", {size=8})
> d.x.shape
{2, 8, 8}
> d.rows[2]
/tmp/gradus-help-photos/2/a.png
]==], function(dir, given) return folder(dataset, dir, given) end)

  data.coco = doc("data.coco", [==[
data.coco(json, images, {positive=nil, by="picture", size=50, gray=true}) -> data set

Reads pictures with COCO annotations: `json` is the file with "images", "annotations" and "categories", `images` the
folder that its file names start from. by="picture" takes whole pictures: y is 1 where one of the boxes is of the
category `positive` (a name, or several; a supercategory means all of its categories), otherwise 0. by="box" cuts out
each box: y is 1 for `positive` and 0 for the others, or without `positive` the number of the category, from 0 in the
file's order. size and gray are those of data.folder. `rows` says which file and annotation each row is; what cannot be
read is told, left out, and listed in `skipped`. https://cocodataset.org/#format-data
]==], function(json, images, given)
    check_path("data.coco", json, 'data.coco("annotations.json", "photos")')
    if type(images) == "table" and given == nil then given, images = images, nil end
    images = images or json:match "^(.*)/[^/]*$" or "."
    check_path("data.coco", images, 'data.coco("annotations.json", "photos")')
    local o = options.read("data.coco", given, {{"positive"}, {"by", "picture"}, {"size", 50}, {"gray", true}})
    options.choice("data.coco", "by", o.by, {"picture", "box"})
    o.height, o.width = check_size("data.coco", o.size)
    local ok, d = pcall(read_coco, json, images, o)
    if not ok then raise(d) end
    return dataset(d)
  end)
end
