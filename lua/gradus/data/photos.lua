-- Pictures from files: one, a folder of folders, or what a COCO annotation file describes.
--
-- Files are decoded in C, on all threads, a few dozen at a time; in between the bar moves, Ctrl-C is heard, and what
-- could not be read is written down. Nothing stops at a bad file, and nothing passes over one silently.

local core = require "gradus.core.data"
local help = require "gradus.help"
local listing = require "gradus.data.listing"
local notes = require "gradus.data.notes"
local options = require "gradus.options"
local parts = require "gradus.data.parts"
local progress = require "gradus.data.progress"
local session = require "gradus.session"
local tensor = require "gradus.core.tensor"

local doc = help.doc
local format = string.format

local PIECE = 64  -- files between two looks at the bar

local photos = {}

--- The height and width that an option `size` says.
function photos.size(what, size)
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

-- ---- one ----

local function image(path, given)
  check_path("data.image", path, 'data.image("bottle.jpg")')
  local o = options.read("data.image", given, {{"size"}, {"gray", false}, {"alpha", false}})
  local height, width = 0, 0
  if o.size ~= nil then height, width = photos.size("data.image", o.size) end
  if o.gray and o.alpha then
    error("data.image: gray=true lays what is transparent on white; leave out gray or alpha", 2)
  end
  return (parts.call(core.image, path, height, width, o.gray, o.alpha))
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

--- Reads items of a listing into x, uint8 (n, height, width) or with gray=false (n, height, width, 3); o has height,
--- width and gray. Returns x, or nil when none could be read; the positions in `items` of what is in it; and what is
--- not, {{file=, why=}, ...}. `moved(n)`, if given, hears how many are done.
function photos.read(items, o, moved)
  local n = #items
  local x = o.gray and tensor.zeros(n, o.height, o.width, {dtype = "uint8"}) or
    tensor.zeros(n, o.height, o.width, 3, {dtype = "uint8"})
  local paths, boxes, kept, failed = {}, n > 0 and items[1].part and {} or nil, {}, {}
  for i, item in ipairs(items) do
    paths[i] = item.path
    if boxes then boxes[i] = item.part end
  end
  for first = 1, n, PIECE do
    local last = math.min(first + PIECE - 1, n)
    local _, failures = core.photos(x, #kept + 1, paths, first, last, boxes)
    local is_failure = {}
    for _, failure in ipairs(failures) do
      is_failure[failure[1]] = true
      failed[#failed + 1] = {file = paths[failure[1]], why = failure[2]}
    end
    for i = first, last do
      if not is_failure[i] then kept[#kept + 1] = i end
    end
    if moved then moved(last) end
  end
  if #kept == 0 then return nil, kept, failed end
  return #kept < n and x[{{1, #kept}}] or x, kept, failed
end

--- The labels of the items that were kept, a tensor; nil when they have none.
function photos.labels(items, kept, classes)
  if not classes then return nil end
  local labels = {}
  for k, i in ipairs(kept) do labels[k] = items[i].label end
  return tensor.tensor(labels, {dtype = #classes <= 256 and "uint8" or "int64"})
end

-- A data set of what is listed.
local function load(dataset, list, o)
  local d = {classes = list.classes, skipped = list.skipped}
  local total = #d.skipped
  for _, part in ipairs(list.parts) do total = total + #part[2] end
  for _, part in ipairs(list.parts) do
    local suffix, items = part[1], part[2]
    if #items > 0 then
      local bar = progress.new("pictures", #items)
      local x, kept, failed = photos.read(items, o, function(n) bar:at(n) end)
      bar:done()
      table.move(failed, 1, #failed, #d.skipped + 1, d.skipped)
      if x then
        local rows = {}
        for k, i in ipairs(kept) do rows[k] = items[i].row or items[i].path end
        d["x" .. suffix], d["y" .. suffix], d["rows" .. suffix] = x, photos.labels(items, kept, d.classes), rows
        parts.set_role(x, parts.name(suffix))
      end
    end
  end
  if #d.skipped == total then
    local why = d.skipped[1].why
    for _, each in ipairs(d.skipped) do
      if each.file then why = each.why end
    end
    error(format('none of the %d files can be read as a picture; the last: %s', total, why), 0)
  end
  report(d.skipped, total)
  return notes.attach(dataset(d)), total - #d.skipped
end

local function about(n, what, o)
  return format("%d %s, made %dx%d %s", n, what, o.width, o.height, o.gray and "grey" or "RGB")
end

-- Errors of what is shared with others begin with the name of the function that the learner called.
local function named(what, f, ...)
  local ok, a, b = pcall(f, ...)
  if ok then return a, b end
  a = tostring(a):gsub("^lua/gradus/[%w_/]+%.lua:%d+: ", "")
  error(what .. ": " .. a, 3)
end

local function folder(dataset, dir, given)
  check_path("data.folder", dir, 'data.folder("photos")')
  local o = options.read("data.folder", given, {{"size", 50}, {"gray", true}})
  o.height, o.width = photos.size("data.folder", o.size)
  local list = named("data.folder", listing.folder, dir)
  local d, n = named("data.folder", load, dataset, list, o)
  d.name, d.source = dir:match "([^/]+)/*$" or dir, "pictures below " .. dir
  d.about = about(n, "pictures", o)
  return d
end

local function coco(dataset, json, images, given)
  check_path("data.coco", json, 'data.coco("annotations.json", "photos")')
  if type(images) == "table" and given == nil then given, images = images, nil end
  images = images or json:match "^(.*)/[^/]*$" or "."
  check_path("data.coco", images, 'data.coco("annotations.json", "photos")')
  local o = options.read("data.coco", given, {{"positive"}, {"by", "picture"}, {"size", 50}, {"gray", true}})
  options.choice("data.coco", "by", o.by, {"picture", "box"})
  o.height, o.width = photos.size("data.coco", o.size)
  local list = named("data.coco", listing.coco, json, images, o)
  local d, n = named("data.coco", load, dataset, list, o)
  d.name, d.source = json:match "[^/]+$", format("%s, pictures in %s", json, images)
  d.about = about(n, o.by == "box" and "boxes" or "pictures", o)
  return d
end

function photos.add(data, dataset)
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
read are told, left out, and listed in `skipped`; so are empty folders, what lies beside the folders of classes, and
links that lead back. What data.check finds, pictures that stand in two parts for one, is in `notes`. All threads read;
JPEGs much larger than `size` are decoded at a half, quarter or eighth of their size, which differs by a grey level or
two from decoding all of it. Thousands of photographs are better prepared once: gradus prepare, then data.load.

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
]==], function(json, images, given) return coco(dataset, json, images, given) end)
end

return photos
