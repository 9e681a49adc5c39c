-- Augmentation: in training every picture comes a little different each time, so that what a network learns is the
-- thing and not the picture. In prediction these layers do nothing.

local core = require "gradus.core.grad"
local doc = require("gradus.help").doc
local images = require "gradus.nn.images"
local Layer = require "gradus.nn.layer"
local pictures = require "gradus.core.pictures"
local recipes = require "gradus.recipes"

local error, ipairs, math, string, tostring, type = error, ipairs, math, string, tostring, type

local layers = {}

-- A kind of layer whose method `recipe` says what may change (gr_recipe of the core) and how far. It is made when the
-- layer is called, so that an option changed by hand acts.
local function define(name, spec, help)
  spec[#spec + 1] = {"seed", named = true}
  local class, construct = Layer.define(name, spec)
  layers[name] = doc("nn." .. name, help, construct)

  function class:what() return "nn." .. self.class_name end

  function class:check()
    if self.seed ~= nil and math.type(self.seed) ~= "integer" then
      error(string.format("%s: seed is a whole number, not %s", self:what(), tostring(self.seed)), 0)
    end
    self:recipe()
  end

  -- What the core makes of x as `how` says.
  function class:change(x, how, ...)
    return core.augment(x, pictures.recipe(self:recipe()), self.seed or self.position, how, ...)
  end
  return class
end

-- A kind that changes pictures.
local function define_for_pictures(name, spec, help)
  spec[#spec + 1] = {"data_format", "channels_last", one_of = images.formats, named = true}
  local class = define(name, spec, help)
  local check = class.check

  function class:check()
    check(self)
    images.check(self:what(), self)
  end

  function class:output_shape_for(input_shape)
    images.shape_of_pixels(self, input_shape)
    return input_shape
  end

  function class:call(x, training)
    if not training then return x end
    return images.compute(self, x, function(pixels) return self:change(pixels, "pictures") end)
  end
  return class
end

-- Options that several have. A pair stays as the learner gave it; the recipe reads it.
local function filling(spec)
  for _, option in ipairs {{"fill_mode", "reflect"}, {"interpolation", "bilinear"}, {"fill_value", 0.0}} do
    spec[#spec + 1] = option
  end
  return spec
end

local function with_filling(self, recipe)
  recipe.fill = recipes.fill(self:what(), "fill_mode", self.fill_mode)
  if self.interpolation ~= "bilinear" and self.interpolation ~= "nearest" then
    error(string.format('%s: interpolation is "bilinear" or "nearest", not %s', self:what(),
      tostring(self.interpolation)), 0)
  end
  if type(self.fill_value) ~= "number" or self.fill_value - self.fill_value ~= 0 then
    error(string.format("%s: fill_value is a number, not %s", self:what(), tostring(self.fill_value)), 0)
  end
  recipe.nearest = self.interpolation == "nearest" and 1 or 0
  recipe.fill_value = self.fill_value
  return recipe
end

local function factor(self, name)
  return recipes.pair(self:what(), name, self[name], -1, 1)
end

local RandomFlip = define_for_pictures("RandomFlip", {{"mode", "horizontal_and_vertical"}}, [==[
nn.RandomFlip{mode="horizontal_and_vertical", seed=, data_format="channels_last"}

In training, each picture is mirrored left to right, upside down or both, each with probability 1/2; "horizontal" only
left to right, as for photographs (a bottle hangs from no ceiling), "vertical" only upside down. Takes and gives
(n, rows, columns, channels), or with data_format="channels_first" (n, channels, rows, columns). No parameters;
gradients go back as the pixels came. Draws by the key of `fit`, the step and the sample: the same seed gives the
same pictures on any number of threads. `seed` gives the layer draws of its own instead of those of its place in the
network.

> nn.RandomFlip{"horizontal"}.mode
horizontal]==])

function RandomFlip:recipe()
  local flips = recipes.flips(self:what(), "mode", self.mode)
  return {flip_rows = flips.rows, flip_columns = flips.columns}
end

local RandomRotation = define_for_pictures("RandomRotation", filling {{"factor", required = true}}, [==[
nn.RandomRotation{factor, fill_mode="reflect", interpolation="bilinear", fill_value=0, seed=}

In training, turns each picture about its centre by an angle between -factor and factor, in parts of a full turn:
0.1 is up to 36 degrees either way; factor={0.1, 0.2} is from 36 to 72 degrees, counter-clockwise. What comes in at
the edges: fill_mode="reflect" (d c b a | a b c d | d c b a), "nearest" (a a a a | a b c d | d d d d), "wrap"
(a b c d | a b c d | a b c d) or "constant" (fill_value). Otherwise as nn.RandomFlip.

> nn.RandomRotation{0.1}.fill_mode
reflect]==])

function RandomRotation:recipe()
  local turn = factor(self, "factor")
  return with_filling(self, {rotate = {turn[1] * 2 * math.pi, turn[2] * 2 * math.pi}})
end

local RandomTranslation = define_for_pictures("RandomTranslation",
  filling {{"height_factor", required = true}, {"width_factor", required = true}}, [==[
nn.RandomTranslation{height_factor, width_factor, fill_mode="reflect", interpolation="bilinear", fill_value=0, seed=}

In training, shifts each picture by a part of its height and of its width: 0.1 is up to a tenth up or down,
{0, 0.1} only down (or to the right). fill_mode as in nn.RandomRotation, otherwise as nn.RandomFlip.

> nn.RandomTranslation{0.1, 0.1}.width_factor
0.1]==])

function RandomTranslation:recipe()
  return with_filling(self, {shift_rows = factor(self, "height_factor"), shift_columns = factor(self, "width_factor")})
end

local RandomZoom = define_for_pictures("RandomZoom",
  filling {{"height_factor", required = true}, {"width_factor"}}, [==[
nn.RandomZoom{height_factor, width_factor=, fill_mode="reflect", interpolation="bilinear", fill_value=0, seed=}

In training, makes what is in each picture smaller or larger: 0.2 shows from 20 % less to 20 % more of the scene,
{0.1, 0.3} from 10 to 30 % more (zooming out), {-0.3, -0.1} less (zooming in). Without width_factor both sides change
alike. fill_mode as in nn.RandomRotation, otherwise as nn.RandomFlip.

> nn.RandomZoom{{-0.2, 0}}.height_factor
{-0.2, 0}]==])

function RandomZoom:recipe()
  local width = self.width_factor ~= nil and factor(self, "width_factor") or {0, 0}
  return with_filling(self, {zoom_rows = factor(self, "height_factor"), zoom_columns = width,
    zoom_together = self.width_factor == nil and 1 or 0})
end

local function value_range(self)
  return recipes.pair(self:what(), "value_range", self.value_range, -math.huge, math.huge, true)
end

local RandomContrast = define_for_pictures("RandomContrast",
  {{"factor", required = true}, {"value_range", {0, 255}}}, [==[
nn.RandomContrast{factor, value_range={0, 255}, seed=}

In training, each picture becomes (x - mean) c + mean, by the mean of each of its channels, with one c between
1 - factor and 1 + factor; factor={0.2, 0.5} is from 0.8 to 1.5. The result ends at value_range: give
value_range={0, 1} where the pictures are divided by 255. Otherwise as nn.RandomFlip.

> nn.RandomContrast{0.2, value_range={0, 1}}.factor
0.2]==])

function RandomContrast:recipe()
  local given = self.factor
  if type(given) == "number" then given = {given, given} end
  if type(given) ~= "table" or #given ~= 2 or type(given[1]) ~= "number" or type(given[2]) ~= "number"
    or not (given[1] >= 0 and given[1] <= 1 and given[2] >= 0 and given[2] <= 1) then
    error(self:what() .. ": factor is a number from 0 to 1, or {less, more}, each from 0 to 1", 0)
  end
  return {contrast = {-given[1], given[2]}, value_range = value_range(self)}
end

local RandomBrightness = define_for_pictures("RandomBrightness",
  {{"factor", required = true}, {"value_range", {0, 255}}}, [==[
nn.RandomBrightness{factor, value_range={0, 255}, seed=}

In training, adds one number to all of a picture: up to `factor` times the width of value_range, up or down; {0, 0.2}
only up. The result ends at value_range: give value_range={0, 1} where the pictures are divided by 255. Otherwise as
nn.RandomFlip.

> nn.RandomBrightness{0.2}.value_range
{0, 255}]==])

function RandomBrightness:recipe()
  return {brightness = factor(self, "factor"), value_range = value_range(self)}
end

local RandomCrop = define_for_pictures("RandomCrop", {{"height", required = true}, {"width", required = true}}, [==[
nn.RandomCrop{height, width, seed=}

In training, a piece of height x width pixels from anywhere in each picture. In prediction, and where the picture is
smaller than the piece, the middle of the picture in the piece's proportions, resized (bilinear). (n, rows, columns,
channels) gives (n, height, width, channels). Otherwise as nn.RandomFlip.

> nn.Sequential{nn.RandomCrop{24, 24, input_shape={32, 32, 3}}}.output_shape
{24, 24, 3}]==])

function RandomCrop:recipe()
  for _, side in ipairs {"height", "width"} do Layer.count(self:what(), side, self[side]) end
  return {crop = 1}
end

function RandomCrop:output_shape_for(input_shape)
  return images.as_given(self, {self.height, self.width, images.shape_of_pixels(self, input_shape)[3]})
end

function RandomCrop:call(x)
  return images.compute(self, x, function(pixels)
    return self:change(pixels, "crop", self.height, self.width)
  end)
end

local GaussianNoise = define("GaussianNoise", {{"stddev", required = true}}, [==[
nn.GaussianNoise{stddev, seed=}

In training, adds a draw from the normal distribution of mean 0 and that standard deviation to each number, of samples
of any shape. It may stand between layers with weights: the gradient passes through as it is. Otherwise as
nn.RandomFlip.

> nn.GaussianNoise{0.1}.stddev
0.1]==])

function GaussianNoise:recipe()
  if type(self.stddev) ~= "number" or not (self.stddev >= 0 and self.stddev < 1e30) then
    error(string.format("%s: stddev is a number from 0, not %s", self:what(), tostring(self.stddev)), 0)
  end
  return {noise = self.stddev}
end

function GaussianNoise:output_shape_for(input_shape) return input_shape end

function GaussianNoise:call(x, training)
  if not training then return x end
  return self:change(x, "anything")
end

return layers
