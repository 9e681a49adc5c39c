-- grad.check: a gradient beside central differences, and what a wrong one looks like.

local core = require "gradus.core.grad"
local doc = require("gradus.help").doc
local is_tensor = require "gradus.is_tensor"
local options = require "gradus.options"
local shapes = require "gradus.shapes"
local tensor = require "gradus.core.tensor"

local function number_of(y)
  if type(y) == "number" then return y end
  if is_tensor(y) and y.size == 1 then return y:detach():flatten()[1] end
  error("grad.check: the function gives one number; this one gave "
    .. (is_tensor(y) and "a tensor of shape " .. shapes.text(y.shape) .. ": sum or mean it" or "a " .. type(y)), 0)
end

-- The value of f at x, and the differences of f around x: central, and the two one-sided ones.
local function differences(f, x, h)
  local middle = number_of(f(x:clone()))
  local central, left, right = tensor.zeros(x.size), tensor.zeros(x.size), tensor.zeros(x.size)
  local flat = x:flatten():clone()
  for i = 1, x.size do
    local kept = flat[i]
    local step = h * math.max(1, math.abs(kept))
    flat[i] = kept + step
    local up, above = number_of(f(flat:reshape(x.shape):clone())), flat[i] - kept
    flat[i] = kept - step
    local down, below = number_of(f(flat:reshape(x.shape):clone())), kept - flat[i]
    flat[i] = kept
    central[i] = (up - down) / (above + below)
    left[i], right[i] = (middle - down) / below, (up - middle) / above
  end
  return central, left, right, middle
end

local function norm(t)
  return math.sqrt(tensor.sum(t * t))
end

-- What may be missing where the gradient g (flat) is no multiple of the right one, n: a part of a sum, or a factor that
-- is not the same everywhere. Nil where there is no pattern.
local function guess_parts(g, n, x)
  local shape, missing = x.shape, n - g
  local function small(a, b) return norm(a) <= 1e-4 * norm(b) end
  local flat = x:flatten()
  local times = tensor.sum(missing * flat) / tensor.sum(flat * flat)
  if x.size > 1 and small(missing - times * flat, missing) then
    return string.format("what is missing is %.6g * x, the derivative of %.6g * sum(x ^ 2): a penalty on the weights?",
      times, times / 2)
  end
  local off = tensor.gt(tensor.abs(missing), 1e-4 * math.max(tensor.max(tensor.abs(n)), tensor.max(tensor.abs(g))))
  if small(g[off], n) then
    return "where it is off yours is 0: something stops the gradient there, as the mask of a relu"
  end
  if small(n[off], g) then
    return "where it is off it should be 0: a mask is missing, as that of a relu, whose slope is 0 where x is negative"
  end
  -- One factor a column, or a row: g / n is the same along it.
  for axis = 1, #shape == 2 and 2 or 0 do
    local a, b = g:reshape(shape), n:reshape(shape)
    local along = {axis = axis, keepdims = true}
    local factor = tensor.sum(a * b, along) / tensor.sum(b * b, along)
    if shape[axis] > 1 and small(a - factor * b, a) then
      local each, last = axis == 1 and "column" or "row", shape[3 - axis]
      factor = factor:flatten()
      return string.format("each %s is off by a factor of its own (%s 1: %.6g, %s %d: %.6g): a factor that each %s "
        .. "has, as gamma or 1 / deviation, is missing or there twice", each, each, factor[1], each, last,
        factor[last], each)
    end
  end
end

-- What a learner may have done: the gradient g (flat) where n is right.
local function guess(g, n, x, samples)
  local size_g, size_n = norm(g), norm(n)
  if size_n == 0 then return "the function does not change with x at all, so every derivative is 0" end
  if size_g == 0 then return "the gradient is 0 everywhere: did backward run, and does the result depend on x?" end
  local shape = x.shape
  local function near(a, b) return norm(a - b) <= 1e-4 * math.max(norm(a), norm(b)) end
  local factor = tensor.sum(g * n) / tensor.sum(n * n)
  if near(g, n * factor) then
    if math.abs(factor + 1) < 1e-3 then return "the sign is wrong everywhere: a minus is missing or one too many" end
    if math.abs(factor - 2) < 1e-3 then
      return "every element is twice too large: is the 2 of a square there twice, or the 1/2 of the loss missing?"
    end
    if math.abs(factor - 0.5) < 1e-3 then
      return "every element is half of what it should be: the derivative of a square is 2 times the inside"
    end
    local times = factor > 1 and factor or 1 / factor
    local whole = math.floor(times + 0.5)
    if factor > 0 and whole > 1 and math.abs(times - whole) < 1e-3 * whole then
      local known = whole == samples or (#shape > 0 and whole == shape[1])
      if factor > 1 then
        return string.format("every element is %d times too large: is the 1/%s of a mean%s missing?", whole,
          known and "m" or whole, known and " over m = " .. whole .. " samples" or "")
      end
      return string.format("every element is %d times too small: was it divided by %d although the function is a sum?",
        whole, whole)
    end
    return string.format("every element is %.6g times what it should be: a constant factor is missing", factor)
  end
  local square = #shape == 2 and shape[1] == shape[2]
  if square and near(g:reshape(shape).T:flatten(), n) then
    return "it is the transpose of the right one: a .T is missing or too many, or two factors of a product are swapped"
  end
  if #shape >= 2 and near(tensor.flip(tensor.flip(g:reshape(shape), 1), 2):flatten(), n) then
    return "it is the right one turned upside down and left to right: is the kernel flipped, as in a convolution of "
      .. "mathematics, or not flipped where it should be?"
  end
  if near(tensor.abs(g), tensor.abs(n)) then return "the sizes are right and some signs are wrong" end
  return guess_parts(g, n, x)
end

local function position(i, shape)
  if #shape == 0 then return "the number itself" end
  local index = {}
  i = i - 1
  for axis = #shape, 1, -1 do
    index[axis] = i % shape[axis] + 1
    i = i // shape[axis]
  end
  return "element [" .. table.concat(index, ", ") .. "]"
end

local Check = {__name = "gradient check"}
Check.__index = Check
function Check:__tostring() return self.text end

return doc("grad.check", [[
grad.check(f, x, {gradient, h=1e-5, samples}) -> check

Compares a gradient with central differences (f(x + h) - f(x - h)) / 2h, element by element, in float64. f takes a
tensor of x's shape and gives one number. The gradient is backward's through f, or one that you made: a tensor of
x's shape or a function of x that gives it. The check prints the worst element and, where the gradient is wrong,
what the pattern looks like (a factor 2, a missing 1/m, a sign, a transpose); `samples` is that m. check.ok says
whether it is right, check.error is the worst relative error |a - n| / max(|a|, |n|). Below 1e-7 is right, above
1e-2 wrong; between, a corner (relu, abs) near x or float32 numbers may be why (the rule of Stanford's cs231n).

> x = tensor{0.5, -1}
> grad.check(function(x) return sum(sigmoid(x)) end, x).ok
true
> grad.check(function(x) return sum(x ^ 2) end, x, {gradient = x}).ok
false
]], function(f, x, given)
  local read = options.read("grad.check", given, {{"gradient"}, {"h", 1e-5}, {"samples"}})
  if type(f) ~= "function" then error("grad.check: the first argument is a function, not a " .. type(f), 2) end
  if type(x) == "number" then x = tensor.tensor(x + 0.0) end
  if not is_tensor(x) then error("grad.check: x is a tensor or a number, not a " .. type(x), 2) end
  if type(read.h) ~= "number" or not (read.h > 0 and read.h < 1) then
    error("grad.check: h is a small step, as 1e-5, not " .. tostring(read.h), 2)
  end
  x = x:detach():astype("float64")
  local g = read.gradient
  if type(g) == "function" then g = g(x:clone()) end
  local source = "given"
  if g == nil then
    local tracked = core.learner.track(x)
    local y = f(tracked)
    number_of(y)
    if not pcall(core.set_tangent, y) then
      error("grad.check: what the function gives was not computed from x by tensor operations (comparisons, positions "
        .. "and x:detach() have no derivative); give the gradient that you mean, {gradient=...}", 2)
    end
    y:backward()
    g, source = tracked.grad or tensor.zeros_like(x), "backward"
  end
  if type(g) == "number" then g = tensor.tensor(g + 0.0) end
  if not is_tensor(g) then error("grad.check: the gradient is a tensor of x's shape, not a " .. type(g), 2) end
  if not shapes.equal(g.shape, x.shape) then
    local fix = #g.shape == 2 and #x.shape == 2 and g.shape[1] == x.shape[2] and g.shape[2] == x.shape[1]
      and ": it is the other way round, .T" or ""
    error(string.format("grad.check: x has shape %s, so its gradient has too, but this one has shape %s%s",
      shapes.text(x.shape), shapes.text(g.shape), fix), 2)
  end
  if x.size == 0 then error("grad.check: x has no elements", 2) end
  g = g:detach():astype("float64"):flatten()
  local n, left, right, middle = differences(f, x, read.h)
  -- Relative to the larger of the two; where both are next to nothing beside the rest, to the rest.
  local least = 1e-6 * math.max(tensor.max(tensor.abs(n)), 1e-6)
  local scale = tensor.maximum(tensor.maximum(tensor.abs(g), tensor.abs(n)), least)
  -- What rounding of f does to a difference: less than that is no error.
  local noise = 8 * 2.0 ^ -52 * math.abs(middle) / read.h
  local off = tensor.maximum(tensor.abs(g - n) - noise, 0) / scale
  local broken = tensor.isnan(off)
  if tensor.any(broken) then off[broken] = math.huge end
  local worst, i = tensor.max(off), tensor.argmax(off)
  local kink = math.abs(left[i] - right[i]) > 1e-3 * math.max(math.abs(left[i]), math.abs(right[i]), 1e-12)
  local verdict = worst < 1e-7 and "right" or worst < 1e-4 and "right, as far as differences can tell"
    or kink and "undecided" or worst < 1e-2 and "suspicious" or "wrong"
  local ok = worst < 1e-4
  local lines = {
    string.format("%s: %d derivative%s beside central differences with h = %g", verdict, x.size,
      x.size == 1 and "" or "s", read.h),
    string.format("worst: %s, %s %.10g, differences %.10g, relative error %.1e", position(i, x.shape), source, g[i],
      n[i], worst),
  }
  if not ok then
    local wrong = tensor.sum(tensor.gt(off, 1e-4))
    lines[#lines + 1] = string.format("%d of %d elements are off", wrong, x.size)
    if kink then
      lines[#lines + 1] = string.format("there is a corner here (relu, abs, max): the slope is %.6g on its left and "
        .. "%.6g on its right, so differences across it mean nothing; try another x", left[i], right[i])
    else
      lines[#lines + 1] = guess(g, n, x, read.samples) or "no simple pattern: check the steps of the chain rule one by "
        .. "one, each with its own grad.check; the derivative of a step, as y * (1 - y) of a sigmoid, is often left out"
    end
  end
  return setmetatable({ok = ok, error = worst, gradient = g:reshape(x.shape), differences = n:reshape(x.shape),
    text = table.concat(lines, "\n")}, Check)
end)
