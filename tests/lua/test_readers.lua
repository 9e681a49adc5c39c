-- Pictures, tables, annotations and made data as a learner gets them: data sets that say where each row came from.
local tests = os.getenv "GRADUS_TESTS"
local test, expect = dofile(tests .. "/lua/tap.lua")

local core = require "gradus.core.data"
local data = require "gradus.data"
local file = require "gradus.core.file"
local session = require "gradus.session"
local tensor = require "gradus.core.tensor"

local scratch = os.tmpname()
os.remove(scratch)
assert(file.make_folder(scratch))

local said = ""
session.say = function(text) said = said .. text end

local function path(name) return scratch .. "/" .. name end

local function write(name, bytes)
  file.make_folder(path(name):match "^(.*)/")
  local f <close> = assert(io.open(path(name), "wb"))
  f:write(bytes)
  return path(name)
end

local function bytes_of(name)
  local f <close> = assert(io.open(tests .. "/data/pictures/" .. name, "rb"))
  return f:read "a"
end

local function shape(t)
  local dtype, text = core.describe(t)
  return dtype .. " " .. text
end

local function list(t)
  local numbers = {}
  for i = 1, #t do numbers[i] = tostring(t[i]) end
  return table.concat(numbers, " ")
end

local function furthest(a, b)
  return tensor.max(tensor.abs(a - b))
end

local function expect_part(text, part)
  expect.ok(text:find(part, 1, true), part .. " is not in: " .. text)
end

-- ---- pictures ----

test("a picture is grey or has three channels, is made grey and made small when asked", function()
  local pictures = tests .. "/data/pictures/"
  expect.equal(shape(data.image(pictures .. "gray.png")), "uint8 (13, 18)")
  expect.equal(shape(data.image(pictures .. "rgb.jpg")), "uint8 (52, 72, 3)")
  expect.equal(shape(data.image(pictures .. "rgb.jpg", {gray = true, size = {5, 7}})), "uint8 (5, 7)")
  expect.equal(shape(data.image(pictures .. "rgba.png")), "uint8 (13, 18, 3)")
  expect.equal(shape(data.image(pictures .. "rgba.png", {alpha = true})), "uint8 (13, 18, 4)")
  expect.equal(shape(data.image(pictures .. "turned6.jpg")), "uint8 (40, 24)")
  expect.equal(furthest(data.image(pictures .. "rgb.png", {gray = true}), data.load(pictures .. "rgb_as_gray.npy")), 0)
  expect.error(function() data.image(pictures .. "make.py") end, "neither a PNG nor a JPEG")
  expect.error(function() data.image(pictures .. "gray.png", {size = 0}) end, "height and width in pixels")
  expect.error(function() data.image(pictures .. "gray.png", {grey = true}) end, 'did you mean "gray"')
  expect.error(function() data.image(3) end, "takes a path")
  expect.error(function() data.image "no/such.png" end, "there is no file")
end)

test("a picture is saved as PNG and comes back, bytes as they are and numbers from 0 to 1 as bytes", function()
  local t = tensor.arange(24, {dtype = "float64"}):astype "uint8":reshape(2, 4, 3)
  data.save(path "a.png", t)
  expect.equal(furthest(data.image(path "a.png"), t), 0)
  data.save(path "a.png", tensor.tensor {{0, 0.5}, {1, 0.25}})
  expect.equal(tostring(data.image(path "a.png")), "[[  0 128]\n [255  64]]")
  data.save(path "a.png", t:reshape(4, 6).T)
  expect.equal(shape(data.image(path "a.png")), "uint8 (6, 4)")
  expect.error(function() data.save(path "a.png", tensor.tensor {{0, 2}}) end, "0 to 1; these go from 0 to 2")
  expect.error(function() data.save(path "a.png", tensor.zeros(3)) end, "not (3,)")
  expect.error(function() data.save(path "a.png", tensor.zeros(2, 2, 5)) end, "not (2, 2, 5)")
end)

test("a folder of folders gives labels in the order of the classes, and a file for each row", function()
  write("photos/can/1.png", bytes_of "rgb.png")
  write("photos/bottle/b.jpg", bytes_of "rgb.jpg")
  write("photos/bottle/deep/a.jpg", bytes_of "cmyk.jpg")
  said = ""
  local d = data.folder(path "photos", {size = 6})
  expect.equal(shape(d.x), "uint8 (3, 6, 6)")
  expect.equal(list(d.y), "0 0 1")
  expect.equal(table.concat(d.classes, " "), "bottle can")
  expect.equal(d.rows[1], path "photos/bottle/b.jpg")
  expect.equal(d.rows[3], path "photos/can/1.png")
  expect.equal(#d.skipped, 0)
  expect.equal(said, "")
  expect.equal(shape(data.folder(path "photos/", {size = {4, 5}, gray = false}).x), "uint8 (3, 4, 5, 3)")
  -- The same numbers as one by one: what size does is done in one place.
  expect.equal(furthest(d.x[3], data.image(path "photos/can/1.png", {size = 6, gray = true})), 0)
end)

test("what cannot be read is listed and left out, never fatal and never silent", function()
  write("mixed/a/1.png", bytes_of "rgb.png")
  write("mixed/a/2.png", bytes_of("rgb.png"):sub(1, 60))
  write("mixed/a/3.txt", "notes")
  write("mixed/b/4.jpg", bytes_of "gray.jpg")
  write("mixed/readme.txt", "beside the classes")
  said = ""
  local d = data.folder(path "mixed", {size = 8})
  expect.equal(list(d.y), "0 1")
  expect.equal(#d.rows, 2)
  expect.equal(shape(d.x), "uint8 (2, 8, 8)")
  expect.equal(#d.skipped, 3)
  expect_part(said, "3 of 5 could not be read")
  expect_part(said, "2.png: not a PNG picture")
  expect_part(said, "3.txt: it is neither")
  expect.equal(furthest(d.x[2], data.image(path "mixed/b/4.jpg", {size = 8, gray = true})), 0)
  write("bad/a/x.png", "nothing")
  expect.error(function() data.folder(path "bad") end, "none of the 1 files")
  file.make_folder(path "empty")
  expect.error(function() data.folder(path "empty") end, "expected a folder for each class")
  expect.error(function() data.folder(path "nowhere") end, "No such file")
  expect.error(function() data.folder(path "mixed/a/3.txt") end, "Not a directory")
end)

test("folders train, validation and test are the split", function()
  for _, part in ipairs {"train", "validation", "test"} do
    write("split/" .. part .. "/can/1.png", bytes_of "gray.png")
    if part ~= "test" then write("split/" .. part .. "/bag/1.png", bytes_of "gray.png") end
  end
  local d = data.folder(path "split", {size = 4})
  expect.equal(shape(d.x_train) .. shape(d.x_val) .. shape(d.x_test), "uint8 (2, 4, 4)uint8 (2, 4, 4)uint8 (1, 4, 4)")
  expect.equal(list(d.y_train) .. " " .. list(d.y_test), "0 1 1")
  expect.equal(d.rows_test[1], path "split/test/can/1.png")
end)

test("a folder of pictures without classes gives pictures without labels", function()
  write("flat/1.png", bytes_of "gray.png")
  local d = data.folder(path "flat")
  expect.equal(shape(d.x), "uint8 (1, 50, 50)")
  expect.equal(d.y, nil)
end)

test("a link back, an empty folder and what lies beside the classes are told, in a split too", function()
  write("odd/train/can/1.png", bytes_of "gray.png")
  write("odd/train/bag/2.png", bytes_of "gray.png")
  write("odd/train/stray.png", bytes_of "gray.png")
  write("odd/test/can/3.png", bytes_of "gray.png")
  write("odd/readme.txt", "a text")
  assert(file.make_folder(path "odd/test/nothing"))
  assert(os.execute("ln -s .. '" .. path "odd/train/bag/up" .. "'"))
  said = ""
  local d = data.folder(path "odd", {size = 4})
  expect.equal(table.concat(d.classes, " "), "bag can")
  expect.equal(shape(d.x_train) .. " " .. shape(d.x_test), "uint8 (2, 4, 4) uint8 (1, 4, 4)")
  expect.equal(d.x_val, nil)
  expect.equal(list(d.y_train) .. ", " .. list(d.y_test), "0 1, 1")
  for _, part in ipairs {"4 of 7", "readme.txt: it lies beside", "stray.png: it lies beside", "up: it is a link back",
    "nothing: there is no file in this folder"} do expect_part(said, part) end
end)

test("two folders for one part, or a class beside the parts, is an error; a class may be called train", function()
  write("twice/train/a/1.png", bytes_of "gray.png")
  write("twice/val/a/1.png", bytes_of "gray.png")
  write("twice/validation/a/1.png", bytes_of "gray.png")
  expect.error(function() data.folder(path "twice") end, "two folders for the val part, val and validation")
  write("beside/train/a/1.png", bytes_of "gray.png")
  write("beside/test/a/1.png", bytes_of "gray.png")
  write("beside/can/1.png", bytes_of "gray.png")
  expect.error(function() data.folder(path "beside") end, 'beside them "can": is that a class?')
  write("vehicles/train/1.png", bytes_of "gray.png")
  write("vehicles/bus/1.png", bytes_of "gray.png")
  expect.equal(table.concat(data.folder(path "vehicles", {size = 4}).classes, " "), "bus train")
end)

test("pictures of other kinds are called by their names", function()
  for bytes, name in pairs {["\0\0\0\24ftypheix"] = "a HEIC", ["\0\0\0\24ftypmif1"] = "a HEIC", ["GIF89a"] = "a GIF",
    ["\0\0\0\24ftypavif"] = "an AVIF", ["\0\0\0\24ftypisom"] = "a video", ["%PDF-1.7"] = "a PDF", ["BM"] = "a BMP",
    ["RIFF\0\0\0\0WEBPVP8 "] = "a WebP"} do
    expect.error(function() data.image(write("other.jpg", bytes)) end, "it is " .. name)
  end
end)

test("a split keeps which file each row came from", function()
  for i = 1, 20 do write("kept/" .. i % 2 .. "/" .. i .. ".png", bytes_of "gray.png") end
  local d = data.folder(path "kept", {size = 4})
  for i = 1, 20 do d.x[{i, 1, 1}] = i end
  local s = data.split(d, {ratios = {0.5, 0.3, 0.2}})
  local seen = 0
  for _, part in ipairs {"train", "val", "test"} do
    for i, row in pairs(s["rows_" .. part]) do
      expect.equal(row, d.rows[s["x_" .. part][{i, 1, 1}]])
      seen = seen + 1
    end
  end
  expect.equal(seen, 20)
  expect.error(function() s.rows_val[1] = "other" end, "cannot be changed")
end)

-- ---- COCO ----

local function coco(extra)
  return write("coco.json", [[{"images": [
    {"id": 7, "file_name": "photos/can/1.png", "height": 13, "width": 18},
    {"id": 8, "file_name": "photos/bottle/b.jpg", "height": 52, "width": 72},
    {"id": 9, "file_name": "gone.jpg", "height": 5, "width": 5}],
   "categories": [{"id": 5, "name": "Clear plastic bottle", "supercategory": "Bottle"}, {"id": 3, "name": "Can",
     "supercategory": "Can"}],
   "annotations": [{"id": 1, "image_id": 7, "category_id": 3, "bbox": [2, 3, 4, 5]},
    {"id": 2, "image_id": 8, "category_id": 5, "bbox": [10, 20, 30, 20]}]] .. (extra or "") .. "]}")
end

test("COCO by picture: is one of its boxes positive?", function()
  local d = data.coco(coco(), scratch, {positive = "Bottle", size = 6})
  expect.equal(list(d.y), "0 1")
  expect.equal(table.concat(d.classes, ", "), "no Bottle, Bottle")
  expect.equal(#d.skipped, 1)
  expect.equal(d.rows[2], path "photos/bottle/b.jpg")
  expect.equal(list(data.coco(coco(), scratch, {positive = {"Can"}, size = 6}).y), "1 0")
  expect.error(function() data.coco(coco(), scratch) end, 'positive="Bottle"')
  expect.error(function() data.coco(coco(), scratch, {positive = "Botle"}) end, 'did you mean "Bottle"')
end)

test("COCO by box: the part of the picture, and the number of its category", function()
  local d = data.coco(coco(), scratch, {by = "box", size = {5, 4}})
  expect.equal(list(d.y), "1 0")
  expect.equal(table.concat(d.classes, ", "), "Clear plastic bottle, Can")
  local whole = data.image(path "photos/can/1.png", {gray = true})
  expect.equal(furthest(d.x[1], whole[{{4, 8}, {3, 6}}]), 0)
  expect_part(d.rows[2], "annotation 2")
  expect.equal(list(data.coco(coco(), scratch, {by = "box", positive = "Can", size = 4}).y), "1 0")
end)

test("a bad box, a stray annotation or no JSON at all is said", function()
  local d = data.coco(coco [[, {"id": 3, "image_id": 7, "category_id": 3, "bbox": [90, 90, 4, 5]},
    {"id": 4, "image_id": 77, "category_id": 3, "bbox": [0, 0, 4, 5]}, {"id": 5, "image_id": 7, "category_id": 3},
    {"id": 6, "image_id": 7, "category_id": 33, "bbox": [0, 0, 4, 5]}]], scratch, {by = "box", size = 4})
  expect.equal(#d.rows, 2)
  expect.equal(#d.skipped, 4)
  expect.error(function() data.coco(write("bad.json", "[1,"), scratch) end, "bad.json")
  expect.error(function() data.coco(write("bad.json", "{}"), scratch) end, 'has no list "images"')
  expect.error(function() data.coco(path "none.json", scratch) end, "cannot read")
  expect.error(function() data.coco(coco(), scratch, {by = "boxes"}) end, "the choices are: picture, box")
end)

test("an annotation file of any shape ends in a data set or in a sentence", function()
  local text = coco [[, {"id": 3, "image_id": 7, "category_id": 3, "bbox": [1, 1, 4, 5]}]]
  local f <close> = assert(io.open(text, "rb"))
  text = f:read "a"
  local tried, worked = 0, 0
  -- Each value, and each name, becomes something else in turn.
  for at, token in text:gmatch '()("?[%w%._ /]+"?)' do
    for _, other in ipairs {"null", "-1", "1e999", '"x"', "[]", "{}", "true", "[[7]]", "0.5"} do
      local changed = write("odd.json", text:sub(1, at - 1) .. other .. text:sub(at + #token))
      for _, o in ipairs {{positive = "Bottle", size = 4}, {by = "box", size = 4}} do
        local ok, result = pcall(data.coco, changed, scratch, o)
        tried, worked = tried + 1, worked + (ok and 1 or 0)
        if ok then
          expect.equal(#result.y, #result.rows)
          expect.ok(tensor.max(result.y) < #result.classes, "a label without a class")
        else
          expect_part(result, "data.coco: ")
          expect.ok(not result:find("attempt to", 1, true) and not result:find("bad argument", 1, true), result)
        end
      end
    end
  end
  expect.ok(tried > 1000 and worked > 100, tried .. " tried, " .. worked .. " worked")
end)

test("a table with a header, words and missing values becomes x, y and classes", function()
  local d = data.csv(write("t.csv", "a,b,kind\r\n1,2,x\r\n3,NA,\"y, z\"\r\n\r\n,5,x\r\n"))
  expect.equal(tostring(d.x), "[[ 1.  2.]\n [ 3. nan]\n [nan  5.]]")
  expect.equal(list(d.y), "0 1 0")
  expect.equal(table.concat(d.classes, "|"), "x|y, z")
  expect.equal(table.concat(d.columns, " "), "a b")
  expect_part(d.note, "2 values of x are missing")
  expect.equal(d.rows[3], path "t.csv" .. ", line 5")
end)

test("separators, decimal commas and headers are found or said", function()
  expect.equal(tostring(data.csv(write("t.csv", "a;b\n1,5;2\n"), {decimal = ","}).x), "[[1.5 2. ]]")
  expect.equal(tostring(data.csv(write("t.csv", "1\t2\n3\t\n")).x), "[[ 1.  2.]\n [ 3. nan]]")
  expect.equal(tostring(data.csv(write("t.csv", " a  b \n1   2\n")).x), "[[1. 2.]]")
  expect.equal(tostring(data.csv(write("t.csv", "5\n6")).x), "[[5.]\n [6.]]")
  expect.equal(tostring(data.csv(write("t.csv", "# by hand\na|b\n1|2\n"), {skip = 1, separator = "|"}).x), "[[1. 2.]]")
  expect.equal(tostring(data.csv(write("t.csv", "2020,2021\n1,2\n"), {header = true}).x), "[[1. 2.]]")
  local d = data.csv(write("t.csv", 'a,"b ""c"""\n1,"2"\n'), {y = 'b "c"'})
  expect.equal(list(d.y), "2.0")
end)

test("the target and the columns are picked by name; rows without a target are left out", function()
  local d = data.csv(write("t.csv", "a,b,c\n1,2,3\n4,5,\n7,8,9\n"), {y = "c", only = "a"})
  expect.equal(tostring(d.x), "[[1.]\n [7.]]")
  expect.equal(list(d.y), "3.0 9.0")
  expect_part(d.note, "1 row is left out: c is missing")
  expect_part(d.rows[2], "line 4")
  expect.error(function() data.csv(path "t.csv", {y = "kind"}) end, 'no column "kind"; the choices are: a, b, c')
  expect.error(function() data.csv(write("t.csv", "a,b,c\nu,v,1\n")) end, 'column "a" of')
end)

test("a table that is none is refused with its line", function()
  expect.error(function() data.csv(write("wide.csv", "\xff\xfea\0,\0b\0\n\0")) end, "in UTF-16: save it again in UTF-8")
  expect.error(function() data.csv(write("t.csv", "a,b\n1,2\n3\n")) end, "line 3 has 1 cells; the first row has 2")
  expect.error(function() data.csv(write("t.csv", "a,b\n1,\"2\n3,4\n")) end, "line 2 is never closed")
  expect.error(function() data.csv(write("t.csv", "a,b\n")) end, "has a header and no rows")
  expect.error(function() data.csv(write("t.csv", "")) end, "no table")
  expect.error(function() data.csv(write("t.csv", "a,b\n1,\0\n")) end, "zero byte")
  expect.error(function() data.csv(write("t.csv", "a,b\n1,\"2\"x\n")) end, "follows a closed quotation mark")
end)

test("a table is written with names and reads back to the last digit", function()
  local t = tensor.tensor {{0.1, -2, 1e300}, {0 / 0, 1 / 3, 5e-324}}
  data.save(path "w.csv", t, {columns = {"a", "b c", 'd"'}})
  local d = data.csv(path "w.csv")
  expect.equal(table.concat(d.columns, "|"), 'a|b c|d"')
  expect.equal(furthest(d.x[{{}, {2, 3}}], t[{{}, {2, 3}}]), 0)
  expect.equal(d.x[1][1], 0.1)
  data.save(path "w.csv", tensor.tensor {1, 2})
  expect.equal(tostring(data.load(path "w.csv")), "[[1.]\n [2.]]")
  expect.error(function() data.save(path "w.csv", t, {columns = {"a"}}) end, "1 names for the 3 columns")
  expect.error(function() data.save(path "w.csv", tensor.zeros(2, 2, 2)) end, "is no table")
end)

-- ---- shipped and made ----

test("moons, circles, blobs and iris are scikit-learn's", function()
  local wanted = data.load(tests .. "/data/made.npz")
  local sets = {moons = data.moons {n = 31, seed = 3}, circles = data.circles {n = 30, seed = 3},
    blobs = data.blobs {n = 32, seed = 3}, iris = data.iris()}
  for name, d in pairs(sets) do
    expect.ok(furthest(d.x, wanted[name .. "_x"]) < 1e-14, name)
    expect.equal(list(d.y), list(wanted[name .. "_y"]), name)
  end
end)

test("made data is seeded and leaves the learner's numbers alone", function()
  local random = require "gradus.core.random"
  random.seed(5)
  local wanted = random.rand(3)
  random.seed(5)
  local a, b = data.spirals {n = 50, classes = 3, seed = 9}, data.spirals {n = 50, classes = 3, seed = 9}
  data.regression {n = 10}
  expect.equal(furthest(a.x, b.x), 0)
  expect.equal(furthest(random.rand(3), wanted), 0)
  expect.equal(shape(a.x) .. shape(a.y), "float64 (50, 2)uint8 (50,)")
  expect.equal(shape(data.regression().y), "float64 (100, 1)")
  expect.error(function() data.moons {n = 1} end, "2 to 10,000,000")
  expect.error(function() data.moons {noise = -1} end, "noise is the standard deviation")
  expect.error(function() data.blobs {classes = 0} end, "1 to 256")
  expect.error(function() data.regression {f = function() return tensor.zeros(2) end} end, "expected a tensor of shape")
end)

os.execute("rm -r '" .. scratch .. "'")
