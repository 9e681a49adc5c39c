-- lua/gradus/data: files, the digits, made pictures, splits, summaries.
local tests = os.getenv "GRADUS_TESTS"
local test, expect = dofile(tests .. "/lua/tap.lua")

local tensor = require "gradus.core.tensor"
local core = require "gradus.core.data"
local data = require "gradus.data"

local scratch = os.tmpname()

local function write(bytes)
  local f <close> = assert(io.open(scratch, "wb"))
  f:write(bytes)
  return scratch
end

local function shape(t)
  local dtype, text = core.describe(t)
  return dtype .. " " .. text
end

test("a .npy file comes back as it was saved, from views too", function()
  local d = data.digits()
  data.save(scratch, d.x)
  local x = data.load(scratch)
  expect.equal(shape(x), "uint8 (1797, 8, 8)")
  local _, mean = core.range(x)
  local _, wanted = core.range(d.x)
  expect.equal(mean, wanted)
end)

test("an .npz archive gives a table of tensors, or the ones asked for", function()
  local z = data.load(tests .. "/data/deflated.npz")
  expect.equal(shape(z.x), "float32 (20, 10)")
  expect.equal(shape(z.y), "int64 (20,)")
  local some = data.load(tests .. "/data/with_object.npz", {only = {"x"}})
  expect.equal(shape(some.x), "int64 (2, 3)")
  expect.equal(some.names, nil)
  expect.error(function() data.load(tests .. "/data/stored.npz", {only = "xx"}) end, 'did you mean "x"')
  expect.error(function() data.load(tests .. "/data/c_f8.npy", {only = "x"}) end, "one array without a name")
end)

test("what cannot be read is an error that names the file and the fix", function()
  expect.error(function() data.load(tests .. "/data/with_object.npz") end, "numeric dtype")
  expect.error(function() data.load(tests .. "/data/with_object.npz") end, "The others: data.load(path, {only=")
  expect.error(function() data.load("no/such.npy") end, 'there is no file "no/such.npy"')
  expect.error(function() data.load(write("1,2\n3\n")) end, "line 2 has 1 numbers; the first row has 2")
  expect.error(function() data.load(tensor.zeros(2)) end, "takes a path")
  expect.error(function() data.load("x", {skp = 1}) end, 'did you mean "skip"')
  local message = expect.error(function() data.load("no/such.npy") end, "there is no file")
  expect.ok(message:find("test_data.lua", 1, true), "the error should point at the caller: " .. message)
end)

test("text tables are read, passing over lines at the top", function()
  local t = data.load(write("height,width\n1,2\n3,4\n"), {skip = 1})
  expect.equal(shape(t), "float64 (2, 2)")
  expect.equal(select(3, core.range(t)), 4.0)
end)

test("tables of tensors come back from .npz, packed or not, and from .safetensors", function()
  local x, y = tensor.arange(6, {dtype = "float32"}):reshape(2, 3), tensor.arange(3, {dtype = "int64"})
  for _, case in ipairs {{".npz"}, {".npz", true}, {".safetensors"}} do
    local path = os.tmpname() .. case[1]
    data.save(path, {x = x.T, ["a/y"] = y}, {compressed = case[2]})
    local back = data.load(path)
    expect.equal(tostring(back.x), tostring(x.T))
    expect.equal(tostring(back["a/y"]), tostring(y))
    expect.equal(back.x.dtype .. " " .. back["a/y"].dtype, "float32 int64")
    expect.equal(data.load(path, {only = {"x"}})["a/y"], nil)
    os.remove(path)
  end
end)

test("only tensors are saved, and only where a file can be", function()
  expect.error(function() data.save(scratch, 2) end, "takes a path and a tensor")
  expect.error(function() data.save(scratch, {1, 2}) end, "tensors by name, as in {x=t}; here [1] is number")
  expect.error(function() data.save(scratch, {x = tensor.zeros(2)}) end, "into a .npz or a .safetensors file")
  expect.error(function() data.save("x.npz", tensor.zeros(2)) end, 'arrays by name, as in data.save("x.npz", {x=t})')
  expect.error(function() data.save("/no/such/folder/x.npy", tensor.zeros(2)) end, "No such file")
end)

test("the digits are the 1,797 of UCI, with their classes counted", function()
  local d = data.digits()
  expect.equal(shape(d.x), "uint8 (1797, 8, 8)")
  expect.equal(shape(d.y), "uint8 (1797,)")
  expect.equal(select(3, core.range(d.x)), 16.0)
  expect.equal(table.concat(core.labels(d.y, "y"), " "), "178 182 177 183 181 182 181 179 174 180")
  local text = tostring(d)
  for _, part in ipairs {"(1797, 8, 8)", "CC BY 4.0", "Alpaydin", "10.24432/C50P49", "next:", "10.2 %"} do
    expect.ok(text:find(part, 1, true), "the summary lacks " .. part)
  end
end)

test("a split is stratified, seeded, and says what it holds", function()
  local d = data.split(data.digits(), {seed = 4})
  expect.equal(shape(d.x_train), "uint8 (1438, 8, 8)")
  expect.equal(shape(d.y_val), "uint8 (180,)")
  expect.equal(shape(d.x_test), "uint8 (179, 8, 8)")
  -- 174 to 183 of each digit: a tenth, rounded down or up.
  for _, k in ipairs(core.labels(d.y_val, "y")) do expect.ok(k >= 17 and k <= 19, k .. " of a digit") end
  expect.equal(tostring(d), tostring(data.split(data.digits(), {seed = 4})))
  expect.ok(tostring(d) ~= tostring(data.split(data.digits(), {seed = 5})), "seeds must differ")
  expect.error(function() data.split(d) end, "split already")
end)

test("sorted labels are noticed", function()
  local rows = {}
  for i = 1, 100 do rows[i] = i .. "," .. (i <= 60 and 0 or 1) end
  data.save(scratch, data.load(write(table.concat(rows, "\n"))))
  local t = data.load(scratch)
  local y = data.load(write(table.concat(rows, "\n"):gsub("%d+,", "")))
  expect.error(function() data.split(t, y, {shuffle = false}) end, "the labels are sorted")
  local d = data.split(t, y)
  expect.ok(tostring(d):find("were sorted", 1, true))
  expect.equal(table.concat(core.labels(d.y_test, "y"), " "), "6 4")
end)

test("targets that are no classes are summarised without a class table", function()
  local d = data.split(data.load(write("0.5\n1.5\n2.5\n")), data.load(write("0.5\n1.5\n2.5\n")), {stratify = false})
  expect.ok(tostring(d):find("y_train  (3, 1)", 1, true), tostring(d))
  expect.ok(not tostring(d):find("class", 1, true))
end)

test("a split that cannot be is refused with the reason", function()
  local d = data.digits()
  expect.error(function() data.split(d, {ratios = {0.8, 0.3, 0.1}}) end, "add up to 1.2")
  expect.error(function() data.split(d, {ratios = {0.8, 0.2}}) end, "three numbers")
  expect.error(function() data.split(d, {seed = -1}) end, "a seed is a whole number")
  expect.error(function() data.split(d, {stratified = true}) end, 'did you mean "stratify"')
  expect.error(function() data.split(d.x, tensor.zeros(3)) end, "1797 items but 3 labels")
  expect.error(function() data.split(d.x, d.x) end, "labels have shape (n,)")
  expect.error(function() data.split(d.x) end, "y must be a tensor")
end)

test("drawing made pictures leaves the learner's random stream alone", function()
  local ok, random = pcall(require, "gradus.core.random")
  if not ok then return end
  random.seed(1)
  local first = tostring(random.random(3))
  random.seed(1)
  data.waste{n = 20}
  data.split(data.digits())
  expect.equal(tostring(random.random(3)), first)
end)

os.remove(scratch)
test.done()
