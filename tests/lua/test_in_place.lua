local test, expect = dofile(os.getenv "GRADUS_TESTS" .. "/lua/tap.lua")

local function refuses(f, pattern)
  local ok, message = pcall(f)
  expect.ok(not ok, "no error, and it should match " .. pattern)
  expect.ok(tostring(message):find(pattern), tostring(message) .. "\nshould match " .. pattern)
end

local function same(a, b)
  expect.equal(a.dtype, b.dtype)
  expect.equal(tostring(a), tostring(b))
end

test("each form changes x, gives x back, and comes to what the operation gives", function()
  for _, dtype in ipairs {"float64", "float32"} do
    local start, y = tensor({{1, 2, 3}, {4, 5, 6}}, {dtype = dtype}), tensor({0.5, 2, 4}, {dtype = dtype})
    for method, wanted in pairs {add_ = start + y, sub_ = start - y, mul_ = start * y, div_ = start / y,
      pow_ = start ^ y} do
      local x = start:clone()
      local got = x[method](x, y)
      expect.ok(rawequal(got, x))
      same(x, wanted)
    end
    for _, name in ipairs {"exp", "log", "sqrt", "neg", "abs", "tanh", "sigmoid", "round", "square", "reciprocal"} do
      local x = start:clone()
      expect.ok(rawequal(x[name .. "_"](x), x))
      same(x, name == "neg" and -start or _ENV[name](start))
    end
    same(start:clone():clip_(2, 4), clip(start, 2, 4))
    same(start:clone():fill_(7), 0 * start + 7)
  end
end)

test("views of a tensor change with it, and a view can be changed by itself", function()
  local x = tensor {{1, 2}, {3, 4}}
  local row, turned = x[1], x.T
  x:mul_(10)
  expect.equal(tostring(row), "[10. 20.]")
  turned[2]:add_(1)
  expect.equal(tostring(x), "[[10. 21.]\n [30. 41.]]")
end)

test("operands that overlap x are read as they were", function()
  local x = arange(6)
  x["2:6"]:add_(x["1:5"])
  expect.equal(tostring(x), "[0. 1. 3. 5. 7. 9.]")
  local m = tensor {{1, 2}, {3, 4}}
  m:add_(m.T)
  expect.equal(tostring(m), "[[2. 5.]\n [5. 8.]]")
  m:sub_(m[1])
  expect.equal(tostring(m), "[[0. 0.]\n [3. 3.]]")
  m:add_(m)
  expect.equal(tostring(m), "[[0. 0.]\n [6. 6.]]")
end)

test("a result that does not fit the dtype is refused, and x stays as it was", function()
  local x = tensor({1, 2}, {dtype = "int64"})
  same(x:add_(3), tensor({4, 5}, {dtype = "int64"}))
  refuses(function() x:add_(0.5) end, "add_ keeps the dtype.*int64: 4.5 is not a whole number")
  refuses(function() x:div_(2) end, "not a whole number")
  refuses(function() x:exp_() end, "exp_")
  refuses(function() x:fill_(0.5) end, "not a whole number")
  refuses(function() tensor({200, 1}, {dtype = "uint8"}):add_(100) end, "300")
  refuses(function() tensor {true, false}:add_(1) end, "bool")
  same(x, tensor({4, 5}, {dtype = "int64"}))
  same(x:neg_(), tensor({-4, -5}, {dtype = "int64"}))
  expect.equal(x:fill_(9007199254740993)[1], 9007199254740993)
  same(x:fill_(-3):clip_(0, 1), tensor({0, 0}, {dtype = "int64"}))
  same(tensor({1, 2}, {dtype = "float32"}):mul_(tensor {0.1, 0.2}), tensor({0.1, 0.4}, {dtype = "float32"}))
end)

test("shapes that would grow, tracked tensors and broadcast views are refused with a reason", function()
  local x = tensor {1, 2}
  refuses(function() x:add_(ones(3, 2)) end, "keeps the shape.*%(2,%).*%(3, 2%)")
  refuses(function() x:add_(ones(3)) end, "")
  refuses(function() grad.track(x):add_(1) end, "tracked")
  refuses(function() x:add_(grad.track(x)) end, "track")
  refuses(function() x:add_("1") end, "number")
  refuses(function() x:add_() end, "")
  refuses(function() x:clip_(0) end, "")
  same(x, tensor {1, 2})
  same(zeros(0, 3):add_(1):exp_(), zeros(0, 3))
  same(ones {}:add_(2), ones {} + 2)
end)

test("a gradient whose numbers were changed in place is refused", function()
  local x, w = grad.track(ones(300)), ones(300)
  local y = sum(x * w)
  w:mul_(2)
  refuses(function() y:backward() end, "overwritten since")
end)
