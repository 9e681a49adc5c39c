-- Made data, small enough to look at: points in a plane, and a curve with noise. scikit-learn's names.

local core = require "gradus.core.data"
local help = require "gradus.help"
local options = require "gradus.options"
local tensor = require "gradus.core.tensor"

local doc = help.doc
local format = string.format

local function check_count(what, n, least)
  if math.type(n) ~= "integer" or n < least or n > 10000000 then
    error(format("%s: n is how many points to make, %d to 10,000,000, not %s", what, least, tostring(n)), 3)
  end
end

local function check_number(what, name, value, least, most, meaning)
  if type(value) ~= "number" or not (value >= least and value <= most) then
    error(format("%s: %s is %s, %g to %g, not %s", what, name, meaning, least, most, tostring(value)), 3)
  end
end

local NOISE = "the standard deviation of what is added to each coordinate"

return function(data, dataset)
  local function made(kind, o, about, shape, classes)
    local x, y = core.points(kind, o.n, o.seed, o.noise or o.std, shape, classes)
    local names = {}
    for i = 1, classes or 2 do names[i] = tostring(i - 1) end
    return dataset {x = x, y = y, classes = names, name = kind, about = format("%d made points, seed %d: %s", o.n,
      o.seed, about), source = "made by data." .. kind, try = "plot.scatter(d.x, d.y)"}
  end

  data.moons = doc("data.moons", [==[
data.moons{n=200, noise=0.1, seed=1} -> data set

Two half circles that reach into each other: no line parts them. x is float64 (n, 2), y uint8 (n,) with 0 and 1. The
same seed gives the points of scikit-learn's make_moons(n, noise=noise, random_state=seed), to the last digits; your own
random numbers are not touched.

> d = data.moons{n=4, noise=0}
> d.x.shape
{4, 2}
> d.x:max()
2.0
]==], function(given)
    local o = options.read("data.moons", given, {{"n", 200}, {"noise", 0.1}, {"seed", 1}})
    check_count("data.moons", o.n, 2)
    check_number("data.moons", "noise", o.noise, 0, 1e6, NOISE)
    return made("moons", o, "two half circles")
  end)

  data.circles = doc("data.circles", [==[
data.circles{n=200, noise=0.05, factor=0.5, seed=1} -> data set

A circle of radius 1 (class 0) around one of radius `factor` (class 1): a line cannot part them, the distance from the
middle can. x is float64 (n, 2), y uint8 (n,). The points are those of scikit-learn's make_circles(n, noise=noise,
factor=factor, random_state=seed).

> d = data.circles{n=4, noise=0}
> (d.x * d.x):sum(2)
[0.25 0.25 1.   1.  ]
> d.y
[1 1 0 0]
]==], function(given)
    local o = options.read("data.circles", given, {{"n", 200}, {"noise", 0.05}, {"factor", 0.5}, {"seed", 1}})
    check_count("data.circles", o.n, 2)
    check_number("data.circles", "noise", o.noise, 0, 1e6, NOISE)
    check_number("data.circles", "factor", o.factor, 0, 1, "the inner circle's radius")
    return made("circles", o, "a circle in a circle", o.factor)
  end)

  data.blobs = doc("data.blobs", [==[
data.blobs{n=200, classes=3, std=1, seed=1} -> data set

Round clouds of points, one a class, with standard deviation `std`; their centres lie anywhere between -10 and 10. x is
float64 (n, 2), y uint8 (n,). The points are those of scikit-learn's make_blobs(n, centers=classes, cluster_std=std,
random_state=seed).

> d = data.blobs{n=90, seed=2}
> d.x.shape
{90, 2}
> #d.classes
3
]==], function(given)
    local o = options.read("data.blobs", given, {{"n", 200}, {"classes", 3}, {"std", 1}, {"seed", 1}})
    check_count("data.blobs", o.n, 1)
    check_number("data.blobs", "std", o.std, 0, 1e6, "the standard deviation of a cloud")
    if math.type(o.classes) ~= "integer" or o.classes < 1 or o.classes > 256 then
      error("data.blobs: classes is how many clouds there are, 1 to 256, not " .. tostring(o.classes), 2)
    end
    return made("blobs", o, o.classes .. " round clouds", nil, o.classes)
  end)

  data.spirals = doc("data.spirals", [==[
data.spirals{n=200, classes=2, turns=1, noise=0.02, seed=1} -> data set

Arms that wind around each other, from the middle to radius 1, `turns` times round: hard for a network of one layer. Arm
c of k begins at the angle 2 pi c / k. x is float64 (n, 2), y uint8 (n,).

> d = data.spirals{n=100, classes=3}
> d.x.shape
{100, 2}
> d.x:max() < 1.2
true
]==], function(given)
    local o = options.read("data.spirals", given,
      {{"n", 200}, {"classes", 2}, {"turns", 1}, {"noise", 0.02}, {"seed", 1}})
    check_count("data.spirals", o.n, 1)
    check_number("data.spirals", "noise", o.noise, 0, 1e6, NOISE)
    check_number("data.spirals", "turns", o.turns, -100, 100, "how often an arm goes round")
    if math.type(o.classes) ~= "integer" or o.classes < 1 or o.classes > 256 then
      error("data.spirals: classes is how many arms there are, 1 to 256, not " .. tostring(o.classes), 2)
    end
    return made("spirals", o, o.classes .. " arms", o.turns, o.classes)
  end)

  data.regression = doc("data.regression", [==[
data.regression{n=100, noise=0.1, seed=1, f=nil} -> data set

A curve to learn: x is float64 (n, 1), uniform between -1 and 1, and y is f(x) with normal noise of standard deviation
`noise` added, of the same shape. f takes and gives a tensor; without one it is sin(pi x).

> d = data.regression{n=5, noise=0, f=function(x) return x^2 end}
> max(abs(d.y - d.x^2))
0.0
]==], function(given)
    local o = options.read("data.regression", given, {{"n", 100}, {"noise", 0.1}, {"seed", 1}, {"f"}})
    check_count("data.regression", o.n, 1)
    check_number("data.regression", "noise", o.noise, 0, 1e6, "the standard deviation of what is added to y")
    local x, z = core.line(o.n, o.seed)
    local y
    if o.f == nil then
      y = tensor.sin(x * math.pi)
    elseif type(o.f) == "function" then
      y = o.f(x)
      if not core.is_tensor(y) or select(2, core.describe(y)) ~= select(2, core.describe(x)) then
        error(format("data.regression: f gave %s; expected a tensor of shape (%d, 1), one number for each x",
          core.is_tensor(y) and "shape " .. select(2, core.describe(y)) or "a " .. type(y), o.n), 2)
      end
    else
      error("data.regression: f is a function of a tensor, as in f=function(x) return x^2 end", 2)
    end
    return dataset {x = x, y = y + z * o.noise, name = "regression", about = format("%d made points, seed %d", o.n,
      o.seed), source = "made by data.regression"}
  end)
end
