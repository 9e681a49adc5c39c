-- Made pictures of waste, with a knob for each of the course's seven challenges.

local core = require "gradus.core.data"
local help = require "gradus.help"
local options = require "gradus.options"
local parts = require "gradus.data.parts"

local doc = help.doc
local format, concat = string.format, table.concat

local WHAT = "data.waste"

-- The knobs in the order of the slide (and of gr_knob), and what they are when nobody turns them.
local KNOBS = {"viewpoint", "scale", "deformation", "occlusion", "illumination", "clutter", "variation"}
local USUAL = 0.3

local MOST = 1000000  -- pictures

-- 322 of the 1,500 photographs of TACO show a bottle. With the course's 37 % of 150 for validation and 21 % of 150 for
-- the test, 235 of them are left for the 1,200 training pictures.
local SHARES = {0.196, 0.37, 0.21}

local SPEC = {{"n", 1500}, {"size", 50}, {"seed", 1}, {"gray", true}, {"parts"}, {"bottles", SHARES}}
for _, knob in ipairs(KNOBS) do SPEC[#SPEC + 1] = {knob, USUAL} end

local function fail(pattern, ...)
  error(format(WHAT .. ": " .. pattern, ...), 0)
end

local function is_count(v, least, most)
  return math.type(v) == "integer" and v >= least and v <= most
end

local function is_share(v)
  return type(v) == "number" and v >= 0 and v <= 1
end

-- How many pictures each part has.
local function read_parts(o, given)
  if o.parts == nil then
    if not is_count(o.n, 10, MOST) then
      fail("n is how many pictures to draw, training, validation and test together, 10 to 1,000,000, not %s",
        tostring(o.n))
    end
    local tenth = math.floor(o.n / 10 + 0.5)
    return {o.n - 2 * tenth, tenth, tenth}
  end
  if given.n or given[1] then fail "give either n, divided 80/10/10, or parts={1200, 150, 150}, not both" end
  local ok = type(o.parts) == "table" and #o.parts == 3
  for i = 1, 3 do ok = ok and is_count(o.parts[i], 1, MOST) end
  if not ok then
    fail "parts are three whole numbers, how many pictures to train, validate and test, as in parts={1200, 150, 150}"
  end
  return o.parts
end

local function read_shares(bottles)
  if is_share(bottles) then return {bottles, bottles, bottles} end
  local ok = type(bottles) == "table" and #bottles == 3
  for i = 1, 3 do ok = ok and is_share(bottles[i]) end
  if not ok then
    fail("bottles is the share of pictures with a bottle, 0 to 1: one number, or one each for the training, the " ..
      "validation and the test part, as in bottles={0.5, 0.37, 0.21}")
  end
  return bottles
end

-- The knobs in their order, and a text of those that are turned.
local function read_knobs(o)
  local knobs, turned = {}, {}
  for i, knob in ipairs(KNOBS) do
    local v = o[knob]
    if not is_share(v) then
      fail("%s is a knob from 0, no trouble, to 1, all of it (%s when it is left alone), not %s", knob, USUAL,
        tostring(v))
    end
    knobs[i] = v
    if v ~= USUAL then turned[#turned + 1] = format("%s=%g", knob, v) end
  end
  return knobs, concat(turned, ", ")
end

local function check_look(o)
  if not is_count(o.size, 8, 512) then
    fail("size is the pictures' height and width, 8 to 512 pixels, not %s%s", tostring(o.size),
      is_count(o.size, 1, 7) and ": a bottle's neck would not be seen in so few" or "")
  end
  if type(o.gray) ~= "boolean" then
    fail("gray is true, one number a pixel, or false, three of them for red, green and blue, not %s", tostring(o.gray))
  end
end

return function(data, dataset)
  data.waste = options.takes(SPEC, doc("data.waste", [[
data.waste{n=1500, size=50, seed=1, gray=true, parts=, bottles={0.196, 0.37, 0.21}, viewpoint=0.3, scale=0.3,
deformation=0.3, occlusion=0.3, illumination=0.3, clutter=0.3, variation=0.3} -> data set

Synthetic pictures for the question "is there a bottle?": bottles of several makes (label 1) against cans, cups,
cartons, bags, paper and other waste (label 0), lying on grass, asphalt, sand, tiles... Drawn, not photographed.

Seven knobs from 0 to 1 are the seven challenges of image classification: viewpoint (any side, any angle), scale (near
and far), deformation (bent, dented, crushed), occlusion (something lies on it, or it sticks out of the picture),
illumination (dark, glaring, half in the shade), clutter (litter and other things around it), variation (bottles of
seven makes instead of one). The same seed gives the same things in the same places, whatever the knobs are: turn one
and compare.

n pictures are split 80/10/10; parts={1200, 150, 150} says how many each part has. They are imbalanced as in the course:
37 % of the validation and 21 % of the test pictures show a bottle, and 19.6 % of the training pictures, as many as
TACO's 322 of 1,500 photographs leave for them; `bottles` sets one share, or three. x_* are uint8 (n, size, size), with
gray=false (n, size, size, 3); y_* are uint8 (n,). What each picture shows is in kinds_*, (n,): numbers from 0 into the
names d.kinds. Your own random numbers are not touched.

> d = data.waste{n=100, seed=2}
> d.x_train.shape
{80, 50, 50}
> d.classes
{"no bottle", "bottle"}
> d.kinds[d.kinds_train[1] + 1]
carton
> easy, hard = data.waste{n=40, viewpoint=0}, data.waste{n=40, viewpoint=1}
> fig = plot.images({easy.x_train[1], hard.x_train[1], easy.x_train[2], hard.x_train[2]}, {columns=2})
> tostring(fig)
figure: 4 pictures]], function(given)
    local o = options.read(WHAT, given, SPEC)
    local counts, shares = parts.call(read_parts, o, given or {}), parts.call(read_shares, o.bottles)
    parts.call(check_look, o)
    local knobs, turned = parts.call(read_knobs, o)
    local wanted, n = {}, 0
    for i, count in ipairs(counts) do
      wanted[i] = {count, math.floor(count * shares[i] + 0.5)}
      n = n + count
    end
    local drawn, kinds = parts.call(core.waste, wanted, o.size, o.gray and 1 or 3, o.seed, knobs)
    local d = {
      classes = {"no bottle", "bottle"}, kinds = kinds, name = "waste",
      about = format("%d synthetic %dx%d %s pictures, seed %d%s", n, o.size, o.size, o.gray and "grey" or "colour",
        o.seed, turned ~= "" and ", " .. turned or ""),
      source = "synthetic: drawn by data.waste, not photographed",
      try = "x = d.x_train / 255, then train a network on x and d.y_train",
    }
    for i, part in ipairs(drawn) do
      local names = parts.list[i + 1]
      d[names[1]], d[names[2]], d["kinds" .. names[1]:sub(2)] = part[1], part[2], part[3]
    end
    return dataset(d)
  end))
end
