-- t:describe(): what a tensor holds, on one screen. What it looks like decides what is told: labels are counted, masks
-- have a share, pictures have a size and a brightness, everything else has a range, a middle and a shape.

local columns = require "gradus.columns"
local session = require "gradus.session"
local shapes = require "gradus.shapes"
local tensor = require "gradus.core.tensor"

local MOST_CLASSES = 20      -- whole numbers from 0 below this may be classes
local MOST_FEATURES = 10     -- columns of a matrix that get a line each
local BINS = 24
local MOST_SORTED = 4000000  -- of a larger tensor the quartiles are those of a sample

local function number(x)
  if x ~= x then return "nan" end
  if x == math.floor(x) and math.abs(x) < 1e9 then return string.format("%d", x) end
  return string.format("%.5g", x)
end

local function bytes_text(n)
  local units = {"bytes", "KiB", "MiB", "GiB", "TiB"}
  local i = 1
  while n >= 1024 and i < #units do
    n, i = n / 1024, i + 1
  end
  return string.format(i == 1 and "%d %s" or "%.1f %s", n, units[i])
end

local function counted(n, noun)
  return string.format("%d %s%s", n, noun, n == 1 and "" or "s")
end

local function percent(part, whole)
  return string.format("%.1f %%", 100 * part / whole)
end

local blocks = {[0] = " ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"}

-- One character a bin, as high as its count; only an empty bin is blank.
local function sparkline(counts)
  local most, parts = tensor.max(counts), {}
  for i = 1, #counts do
    local c = counts[i]
    parts[i] = blocks[c == 0 and 0 or math.max(1, math.floor(8 * c / most + 0.5))]
  end
  return table.concat(parts)
end

local function bar(part, most)
  return ("█"):rep(math.max(part > 0 and 1 or 0, math.floor(30 * part / most + 0.5)))
end

-- ---- what it looks like ----

-- The sizes {count, height, width, channels} of pictures, or nil: uint8, or floats with one, three or four channels.
local function pictures(t)
  local s = t.shape
  local channels = s[#s] == 1 or s[#s] == 3 or s[#s] == 4
  if t.dtype == "uint8" then
    if #s == 2 and s[1] >= 8 and s[2] >= 8 then return {1, s[1], s[2], 1} end
    if #s == 3 and channels then return {1, s[1], s[2], s[3]} end
    if #s == 3 then return {s[1], s[2], s[3], 1} end
  end
  if #s == 4 and channels and t.dtype ~= "int64" then return s end
  if #s == 3 and channels and s[3] ~= 1 and s[1] >= 8 and s[2] >= 8 and t.dtype ~= "int64" then
    return {1, s[1], s[2], s[3]}
  end
end

-- The distinct values and their counts where these are labels: small whole numbers from 0 along one axis (or one
-- column), and some of them twice.
local function labels(t)
  local s = t.shape
  if not (#s == 1 or (#s == 2 and s[2] == 1)) or t.size < 3 then return nil end
  if not tensor.all(tensor.eq(t, tensor.floor(t))) or tensor.min(t) < 0 then return nil end
  if tensor.max(t) >= MOST_CLASSES then return nil end
  local values, counts = tensor.unique(t, {return_counts = true})
  if #values == t.size then return nil end
  return values, counts
end

-- The number of samples of each class where every row has a single 1 among zeros.
local function one_hot(t)
  if #t.shape ~= 2 or t.shape[2] < 2 or t.shape[2] > MOST_CLASSES then return nil end
  local ones = tensor.eq(t, 1)
  if tensor.sum(ones) ~= t.shape[1] or not tensor.all(tensor.logical_or(ones, tensor.eq(t, 0))) then return nil end
  if not tensor.all(tensor.eq(tensor.sum(t, 2), 1)) then return nil end
  return tensor.sum(ones, 1)
end

-- ---- parts of the text ----

local function class_rows(values, counts, total)
  local rows, most = {}, tensor.max(counts)
  for i = 1, #counts do
    local n = counts[i]
    rows[i] = {"  class " .. number(values and values[i] or i - 1), tostring(n), percent(n, total), bar(n, most)}
  end
  return columns(rows, {false, true, true, false})
end

local function add_classes(lines, values, counts, total)
  lines[#lines + 1] = class_rows(values, counts, total)
  local most = tensor.max(counts)
  lines[#lines + 1] = string.format("always naming the most frequent class would be right in %s", percent(most, total))
end

local function add_mask(lines, t)
  local n = tensor.sum(t)
  lines[#lines + 1] = string.format("true   %d (%s)", n, percent(n, t.size))
  lines[#lines + 1] = string.format("false  %d (%s)", t.size - n, percent(t.size - n, t.size))
  if #t.shape == 2 and t.shape[2] <= MOST_FEATURES and t.shape[2] > 1 then
    lines[#lines + 1] = "true in each column  " .. tostring(tensor.sum(t, 1))
  end
end

-- Every k-th element, k so large that they can be sorted at once.
local function sample(t)
  if t.size <= MOST_SORTED then return t, false end
  local flat = tensor.flatten(t)
  return flat["::" .. math.ceil(t.size / MOST_SORTED)], true
end

-- How many numbers fall into each of BINS bins; of few whole numbers, how many are each of them.
local function counts_of(t, lowest, highest, whole)
  if whole and highest - lowest < BINS then
    return (tensor.histogram(t, math.tointeger(highest - lowest) + 1, {range = {lowest - 0.5, highest + 0.5}}))
  end
  return (tensor.histogram(t, BINS))
end

local function add_numbers(lines, t, whole)
  local lowest, highest = tensor.min(t) + 0.0, tensor.max(t) + 0.0  -- as floats: integers would wrap around
  local some, sampled = sample(t)
  local quartiles = tensor.quantile(some, {0.25, 0.5, 0.75})
  local rows = {
    {"least", number(lowest), "greatest", number(highest)},
    {"mean", number(tensor.mean(t)), "deviation", number(tensor.std(t))},
    {"median", number(quartiles[2]), "quartiles", string.format("%s and %s: the middle half lies between them%s",
      number(quartiles[1]), number(quartiles[3]), sampled and " (about)" or "")},
  }
  lines[#lines + 1] = columns(rows, {})
  if lowest < highest and highest - lowest < math.huge then
    lines[#lines + 1] = string.format("how many of each size: %s |%s| %s", number(lowest),
      sparkline(counts_of(t, lowest, highest, whole)), number(highest))
  end
end

local function add_features(lines, t)
  local s = t.shape
  if #s ~= 2 or s[2] < 2 or s[2] > MOST_FEATURES or s[1] < 2 then return end
  local least, most, mean, spread = tensor.min(t, 1), tensor.max(t, 1), tensor.mean(t, 1), tensor.std(t, 1)
  local rows = {{"column", "least", "mean", "greatest", "deviation"}}
  for j = 1, s[2] do
    rows[j + 1] = {tostring(j), number(least[j]), number(mean[j]), number(most[j]), number(spread[j])}
  end
  lines[#lines + 1] = columns(rows, {true, true, true, true, true})
end

local kinds = {[1] = "grey", [3] = "red, green, blue", [4] = "red, green, blue, opacity"}

local function add_pictures(lines, t, s)
  local what = s[4] == 1 and "grey" or counted(s[4], "channel") .. ": " .. kinds[s[4]]
  lines[#lines + 1] = string.format("as pictures: %d of %d x %d pixels (height x width), %s", s[1], s[2], s[3], what)
  if s[4] > 1 then
    local axes = {}
    for i = 1, #t.shape - 1 do axes[i] = i end
    lines[#lines + 1] = "mean of each channel  " .. tensor.mean(t, axes):tostring{precision = 4}
  end
  if t.dtype == "uint8" then
    lines[#lines + 1] = "brightness goes from 0 (black) to 255; networks train on x / 255, from 0 to 1"
  end
end

-- ---- the whole ----

local function describe(t, memory)
  local tracked = memory.tracked
  local size = t.size
  local lines = {string.format("%s%s tensor of shape %s: %s in %s%s", tracked and "tracked " or "", t.dtype,
    shapes.text(t.shape), counted(size, "number"), bytes_text(memory.bytes),
    memory.is_view and "; a view: it shares its numbers with another tensor" or "")}
  if size == 0 then
    lines[2] = "it holds nothing"
    return lines
  end
  if t.dtype == "bool" then
    add_mask(lines, t)
    return lines
  end
  local is_float = t.dtype == "float64" or t.dtype == "float32"
  local zeros = tensor.sum(tensor.eq(t, 0))
  local finite, nans, infinities = t, 0, 0
  if is_float then
    local good = tensor.isfinite(t)
    nans = tensor.sum(tensor.isnan(t))
    infinities = size - tensor.sum(good) - nans
    if nans + infinities > 0 then finite = t[good] end
  end
  if finite.size > 0 then
    local shape_of_pictures = pictures(t)
    local values, counts = labels(finite)
    local classes = finite.size == size and one_hot(t)
    if values and finite.size == size then
      lines[#lines + 1] = "as labels:"
      add_classes(lines, values, counts, size)
    elseif classes then
      lines[#lines + 1] = "each row has a single 1: one-hot labels"
      add_classes(lines, nil, classes, t.shape[1])
    else
      if shape_of_pictures then add_pictures(lines, t, shape_of_pictures) end
      add_numbers(lines, finite, not is_float)
      if finite.size == size then add_features(lines, t) end
    end
  end
  lines[#lines + 1] = string.format("zeros %d (%s)%s", zeros, percent(zeros, size),
    is_float and string.format(", nan %d, inf %d", nans, infinities) or "")
  if nans + infinities > 0 then
    lines[#lines + 1] = (finite.size == 0 and "none of them is finite"
      or string.format("what stands above is of the %s", counted(finite.size, "finite one")))
      .. "; nan comes from 0/0, inf from 1/0 or log(0)"
  end
  return lines
end

return function(t, memory)
  session.say(table.concat(describe(t, memory), "\n") .. "\n")
end
