-- Pictures prepared and augmented: lua/gradus/data/pictures.lua, augment.lua and the warps behind them.
local tests = os.getenv "GRADUS_TESTS"
local test, expect = dofile(tests .. "/lua/tap.lua")

local core = require "gradus.core.pictures"
local data = require "gradus.data"
local random = require "gradus.core.random"
local tensor = require "gradus.core.tensor"

local function same(a, b, tolerance)
  expect.equal(table.concat(a.shape, " "), table.concat(b.shape, " "))
  local apart = tensor.max(tensor.abs(a - b))
  expect.ok(apart <= (tolerance or 0), "the greatest difference is " .. apart)
end

local function picture(rows)
  local t = tensor.tensor(rows)
  return t:reshape(1, t.shape[1], t.shape[2])
end

-- ---- warps ----

test("a recipe of zeros leaves pictures as they are, bit for bit, in every dtype", function()
  random.seed(1)
  for _, dtype in ipairs {"float64", "float32", "uint8"} do
    local x = tensor.floor(random.rand(3, 7, 5, 2) * 256):astype(dtype)
    local y = data.augment {x}
    expect.equal(y.dtype, dtype)
    same(y:astype("float64"), x:astype("float64"))
  end
end)

test("quarter turns, half turns, flips and shifts by whole pixels are exact", function()
  random.seed(2)
  for _, channels in ipairs {1, 3} do
    for _, dtype in ipairs {"float64", "float32"} do
      local x = random.rand(2, 6, 6, channels):astype(dtype)
      local function turned(degrees) return data.augment {x, rotate = {degrees, degrees}} end
      same(turned(90), x:transpose {1, 3, 2, 4}:flip(2))  -- numpy.rot90 of axes 1 and 2
      same(turned(180), x:flip(2):flip(3))
      same(turned(-90), x:transpose {1, 3, 2, 4}:flip(3))
      same(data.augment {x, shift = {{0.5, 0.5}, {-1 / 6, -1 / 6}}, fill = "wrap"}, x:roll(3, 2):roll(-1, 3))
      local down = data.augment {x, shift = {{0.5, 0.5}, 0}, fill = "constant", fill_value = 9}
      same(down[{{}, {4, 6}}], x[{{}, {1, 3}}])
      expect.equal(tensor.min(down[{{}, {1, 3}}]), 9.0)
    end
  end
end)

test("a flip happens to about half of the pictures, and then is exact", function()
  local x = tensor.arange(12):reshape(1, 3, 4)
  local many = data.augment {x, copies = 400, flip = "horizontal_and_vertical", seed = 5}
  local forms, seen = {x, x:flip(3), x:flip(2), x:flip(2):flip(3)}, {0, 0, 0, 0}
  for i = 1, 400 do
    local found = false
    for k, form in ipairs(forms) do
      if tensor.max(tensor.abs(many[{{i, i}}] - form)) == 0 then seen[k], found = seen[k] + 1, true end
    end
    expect.ok(found, "picture " .. i .. " is no flip of the first")
  end
  for _, n in ipairs(seen) do expect.ok(n > 70 and n < 130, table.concat(seen, " ")) end
end)

-- SciPy 1.10: ndimage.affine_transform(x, M, offset, order=1, mode, cval=7), M the zoom, the shear and the turn below.
local X = {{40, 15, 72, 22, 43}, {82, 75, 7, 34, 49}, {95, 75, 85, 47, 63}, {31, 90, 20, 37, 39}}
local WARPED = {
  constant = {{7, 19.1368322168, 41.7225135961, 7, 7}, {20.595163955, 35.10440851, 43.8836924171, 18.6313412645, 7},
    {76.8277344561, 55.3269755942, 47.2736057579, 28.9893624138, 7}, {83.9011853135, 58.3593111043, 25.5069895439,
    9.96466530821, 7}},
  nearest = {{43.3675810319, 36.1932238743, 41.7225135961, 46.6858315721, 51.9902205939}, {21.8835153564, 35.10440851,
    43.8836924171, 58.9579685014, 55.5464306967}, {76.8277344561, 55.3269755942, 47.2736057579, 43.6017199981,
    39}, {83.9011853135, 58.3593111043, 33.6655160639, 39, 39}},
  reflect = {{42.9620285446, 36.1932238743, 41.7225135961, 44.0358487986, 31.9035789978}, {21.8835153564, 35.10440851,
    43.8836924171, 58.9579685014, 43.9572897927}, {76.8277344561, 55.3269755942, 47.2736057579, 43.6017199981,
    37.7646307127}, {83.9011853135, 58.3593111043, 33.6655160639, 39, 48.9263400763}},
  wrap = {{59.7170212585, 33.8451353689, 41.7225135961, 63.6668808752, 55.9265249713}, {27.0480860546, 35.10440851,
    43.8836924171, 84.0185140393, 79.6339848979}, {76.8277344561, 55.3269755942, 47.2736057579, 43.4697891175,
    49.9656792432}, {83.9011853135, 58.3593111043, 33.0969818363, 42.5434501311, 57.3571728213}},
}

test("turned, sheared, zoomed and shifted at once, pictures are SciPy's, with every fill", function()
  for fill, wanted in pairs(WARPED) do
    local options = {rotate = {0.5 * 180 / math.pi, 0.5 * 180 / math.pi}, zoom = {0.25, 0.25}, fill = fill,
      fill_value = 7, shear = {0.2 * 180 / math.pi, 0.2 * 180 / math.pi}, shift = {{0.1, 0.1}, {-0.2, -0.2}}}
    options[1] = picture(X)
    same(data.augment(options), picture(wanted), 1e-9)
    options[1] = options[1]:astype("float32")
    same(data.augment(options):astype("float64"), picture(wanted), 1e-4)
    options[1] = options[1]:astype("uint8")
    same(data.augment(options):astype("float64"), picture(wanted), 0.5 + 1e-4)
  end
end)

local BLURRED = {{46.7271926349, 41.9772349676, 43.0919762671, 37.5046866763, 40.3388176771}, {69.3352087845,
  58.6652288501, 44.9358134977, 40.4128531961, 46.1588718029}, {74.8903025606, 69.8335761611, 55.1436162701,
  47.0889619109, 50.2034330679}, {57.3207752684, 64.0157804632, 48.6469615673, 41.1183918082, 43.590316568}}

test("a blur is SciPy's Gaussian filter cut off at three standard deviations", function()
  same(data.augment {picture(X), blur = {0.8, 0.8}}, picture(BLURRED), 1e-9)
end)

test("no fill and no recipe makes a number that is not in the picture's range", function()
  random.seed(4)
  local x = random.rand(20, 9, 11)
  for _, fill in ipairs {"nearest", "reflect", "wrap"} do
    local y = data.augment {x, rotate = 180, zoom = {-0.5, 3}, shear = 40, shift = 1, blur = 2, fill = fill}
    expect.ok(tensor.min(y) >= tensor.min(x) - 1e-12 and tensor.max(y) <= tensor.max(x) + 1e-12)
  end
  local y = data.augment {x, brightness = 1, contrast = 1, noise = 1}
  expect.ok(tensor.min(y) >= 0 and tensor.max(y) <= 1)
end)

test("pictures of one pixel, one row, or none at all are no trouble", function()
  for _, shape in ipairs {{1, 1, 1}, {2, 1, 5}, {2, 5, 1}, {0, 4, 4}, {2, 0, 4}, {2, 4, 4, 0}} do
    local y = data.augment {tensor.ones(shape), rotate = 30, zoom = 0.3, blur = 2, noise = 0.1, cutout = 0.5,
      contrast = 0.2}
    expect.equal(table.concat(y.shape, " "), table.concat(shape, " "))
  end
end)

test("views are read as they stand, and NaN stays where it is", function()
  random.seed(3)
  local whole = random.rand(4, 8, 9)
  local view = whole[{{}, {2, 7}, {3, 8}}]:flip(2)
  same(data.augment {view, rotate = 30, seed = 3}, data.augment {view:clone(), rotate = 30, seed = 3})
  local x = tensor.ones(1, 3, 3)
  x[{1, 2, 2}] = 0 / 0
  local y = data.augment {x, shift = {{1 / 3, 1 / 3}, 0}, range = {0, 1}}
  expect.equal(tensor.sum(tensor.isnan(y):astype("float64")), 1.0)
  expect.ok(y[{1, 3, 2}] ~= y[{1, 3, 2}])
end)

-- ---- brightness, contrast, noise, cutout ----

test("brightness and contrast are what their names say", function()
  local x = picture {{0.4, 0.6}, {0.5, 0.5}}
  same(data.augment {x, brightness = {0.25, 0.25}}, x + 0.25, 1e-15)
  same(data.augment {x, contrast = {1, 1}}, (x - 0.5) * 2 + 0.5, 1e-15)
  same(data.augment {(x * 100):astype "uint8", brightness = {0.2, 0.2}}:astype "float64", x * 100 + 51, 1e-9)
  same(data.augment {x, brightness = {1, 1}}, x * 0 + 1)
end)

test("noise is normal: mean 0, the standard deviation asked for, and the right share beyond one and two of them",
  function()
    for _, dtype in ipairs {"float64", "float32"} do
      local x = tensor.zeros(10, 100, 101):astype(dtype)
      local z = data.augment {x, noise = 0.01, range = {-100, 100}}:astype "float64" / 2
      expect.close(tensor.mean(z), 0, 0.01)
      expect.close(tensor.std(z), 1, 0.01)
      expect.close(tensor.mean(tensor.gt(tensor.abs(z), 1):astype "float64"), 0.3173, 0.005)
      expect.close(tensor.mean(tensor.gt(tensor.abs(z), 2):astype "float64"), 0.0455, 0.002)
      expect.close(tensor.mean(z[{{}, {1, 99}}] * z[{{}, {2, 100}}]), 0, 0.01)
    end
  end)

test("cutout puts one square of its value anywhere", function()
  local y = data.augment {tensor.ones(300, 10, 12), cutout = 0.4, fill_value = 5}
  local cut = tensor.eq(y, 5):astype "float64"
  local sizes = tensor.sum(cut, {2, 3})
  expect.equal(tensor.max(sizes), 16.0)
  expect.ok(tensor.min(sizes) >= 4)
  expect.ok(tensor.min(tensor.sum(cut, 1)) > 0, "each pixel should be hit at some time")
end)

-- ---- seeds ----

test("a picture's changes depend on the seed and its number, not on what stands beside it", function()
  random.seed(1)
  local x = random.rand(70, 8, 8)
  local function changed(t, seed)
    return data.augment {t, flip = true, rotate = 20, noise = 0.1, cutout = 0.2, seed = seed}
  end
  same(changed(x, 7), changed(x, 7))
  same(changed(x[{{1, 5}}], 7), changed(x, 7)[{{1, 5}}])
  expect.ok(tensor.max(tensor.abs(changed(x, 7) - changed(x, 8))) > 0.1)
  random.seed(1)
  random.rand(70, 8, 8)
  local before = random.get_state()
  changed(x, 7)
  expect.equal(random.get_state(), before)
end)

test("copies stand one after the other, with their labels, and differ", function()
  local x = tensor.arange(2 * 9):reshape(2, 3, 3)
  local y, labels = data.augment {x, copies = 3, y = tensor.tensor {4, 5}:astype "uint8", noise = 0.1, range = {0, 20}}
  expect.equal(table.concat(y.shape, " "), "6 3 3")
  expect.equal(tostring(labels), "[4 4 4 5 5 5]")
  expect.equal(labels.dtype, "uint8")
  expect.ok(tensor.max(tensor.abs(y[1] - y[2])) > 0)
end)

test("grid=true is one picture: the first ones, each beside its copies", function()
  local x = tensor.arange(2 * 6 * 3):reshape(2, 2, 3, 3)
  local g = data.augment {x, grid = true, copies = 2, range = {0, 255}}
  expect.equal(table.concat(g.shape, " "), "4 9 3")
  same(g[{{1, 2}, {1, 3}}], x[1])
  same(g[{{3, 4}, {7, 9}}], x[2])
end)

test("data.augment explains what it does not take", function()
  local x = tensor.zeros(2, 4, 4)
  local function fails(options, part)
    options[1] = options[1] or x
    expect.error(function() data.augment(options) end, part)
  end
  fails({rotat = 3}, 'did you mean "rotate"')
  fails({rotate = {10, -10}}, "from the smaller number to the greater one")
  fails({rotate = "much"}, "rotate is a number or {least, greatest}")
  fails({shift = 3}, "shift lies between -1 and 1; got 3")
  fails({zoom = 0 / 0}, "zoom")
  fails({flip = "sideways"}, "the choices are: horizontal")
  fails({fill = "reflekt"}, 'did you mean "reflect"')
  fails({copies = 0}, "copies is how many")
  fails({seed = 1.5}, "seed is a whole number")
  fails({cutout = 2}, "cutout is a number from 0 to 1")
  fails({noise = -1}, "noise is a number from 0")
  fails({y = tensor.zeros(3)}, "2 pictures but 3 labels")
  fails({tensor.zeros(4, 4)}, "x:reshape(1, rows, columns)")
  fails({x:astype "int64"}, "uint8, float32 or float64, not int64")
  fails({tensor.full({1, 2, 2}, -1)}, "range={-1, 1}")
  fails({"photo.jpg"}, "takes pictures")
  expect.error(function() data.augment(x) end, "takes one table")
end)

-- ---- size, grey, piece, border ----

-- Pillow 9.4: resize((3, 2), Image.BOX) of these bytes.
local BYTES = {{37, 235, 140, 72, 255, 137}, {133, 79, 192, 144, 129, 204}, {237, 252, 134, 25, 178, 20},
  {101, 146, 212, 139, 252, 234}}
local BOX = {{121, 137, 182}, {185, 128, 171}}

test("resizing by area is Pillow's BOX where the factor is whole, and counts parts of pixels elsewhere", function()
  local x = picture(BYTES):astype "uint8"
  local y = data.resize(x, {2, 3})
  expect.equal(y.dtype, "uint8")
  same(y:astype "float64", picture(BOX), 1)  -- Pillow rounds between rows and columns, too
  same(data.resize(picture {{1, 2, 3}}, {1, 2}), picture {{4 / 3, 8 / 3}}, 1e-15)
  same(data.resize(picture {{1, 2}}, {1, 3}), picture {{1, 1.5, 2}}, 1e-15)
end)

test("shrinking by whole factors is the mean, exactly; each number counts", function()
  random.seed(6)
  local x = tensor.floor(random.rand(3, 12, 15, 2) * 256):astype "uint8"
  local wanted = tensor.mean(x:reshape {3, 4, 3, 3, 5, 2}:astype "float64", {3, 5})
  same(data.resize(x:astype "float64", {4, 3}), wanted, 1e-12)
  same(data.resize(x, {4, 3}):astype "float64", wanted, 0.5)
  same(tensor.mean(data.resize(x:astype "float64", {5, 7}), {2, 3}), tensor.mean(x:astype "float64", {2, 3}), 1e-10)
end)

test("the same size changes nothing, and what is constant stays so, by every method", function()
  random.seed(6)
  local x = random.rand(2, 6, 5, 3)
  for _, method in ipairs {"area", "bilinear", "nearest"} do
    same(data.resize(x, {6, 5}, {method = method}), x, 1e-15)
    same(data.resize(x * 0 + 0.3, {9, 2}, {method = method}), tensor.full({2, 9, 2, 3}, 0.3), 1e-15)
  end
  same(data.resize(picture {{1, 2}, {3, 4}}, {4, 4}, {method = "nearest"}),
    picture {{1, 1, 2, 2}, {1, 1, 2, 2}, {3, 3, 4, 4}, {3, 3, 4, 4}})
end)

test("bilinear lies between the nearest pixels' centres, and repeats the edge", function()
  same(data.resize(picture {{0, 10, 20}}, {1, 6}, {method = "bilinear"}), picture {{0, 2.5, 7.5, 12.5, 17.5, 20}},
    1e-14)
  same(data.resize(picture {{0, 10, 20, 40}}, {1, 2}, {method = "bilinear"}), picture {{5, 30}}, 1e-14)
end)

test("grey has Pillow's weights", function()
  local x = tensor.tensor {{{241, 247, 222}, {96, 86, 141}, {233, 137, 7}}, {{63, 61, 22}, {57, 1, 128}, {60, 209, 8}}}
  local grey = data.gray(x:reshape(1, 2, 3, 3):astype "uint8")
  expect.equal(grey.dtype, "uint8")
  same(grey:reshape(2, 3):astype "float64", tensor.tensor {{242, 95, 151}, {57, 32, 142}})
  expect.error(function() data.gray(tensor.zeros(1, 2, 2)) end, "(n, rows, columns, 3), not (1, 2, 2)")
end)

test("a padded picture cropped to its size is the picture", function()
  random.seed(8)
  for _, fill in ipairs {"constant", "nearest", "reflect", "wrap"} do
    local x = random.rand(2, 4, 5, 3)
    same(data.crop(data.pad(x, {8, 9}, {fill = fill}), {4, 5}), x)
  end
  expect.error(function() data.crop(tensor.zeros(1, 4, 4), {5, 4}) end, "does not fit into pictures of 4 x 4")
  expect.error(function() data.crop(tensor.zeros(1, 4, 4), {2, 2}, {at = {4, 1}}) end, "from {4, 1}")
  expect.error(function() data.pad(tensor.zeros(1, 4, 4), {3, 4}) end, "larger than 3 x 4")
  expect.error(function() data.resize(tensor.zeros(1, 4, 4), {0, 4}) end, "{rows, columns}")
  expect.error(function() data.resize(tensor.zeros(1, 0, 4), {2, 2}) end, "without pixels")
  expect.error(function() data.resize(tensor.zeros(1, 4, 4), {2, 2}, {method = "cubic"}) end, "area, bilinear, nearest")
end)

test("a data set has all its parts prepared", function()
  local d = data.split(data.digits())
  local e = data.resize(d, {4, 4})
  expect.equal(table.concat(e.x_val.shape, " "), table.concat({d.x_val.shape[1], 4, 4}, " "))
  expect.ok(tostring(e):find("digits", 1, true))
  expect.equal(d.x_val.shape[2], 8)
  expect.error(function() data.resize({}, {4, 4}) end, "no x and no x_train")
  expect.error(function() data.gray(3) end, "takes a tensor of pictures or a data set")
end)

test("equal items have equal fingerprints, and others have others", function()
  local x = tensor.arange(60):reshape(20, 3)
  x[{20}] = x[{4}]
  local prints = core.fingerprints(x)
  expect.equal(prints[20], prints[4])
  expect.equal(#tensor.unique(prints).shape, 1)
  expect.equal(tensor.unique(prints).shape[1], 19)
end)

test.done()
