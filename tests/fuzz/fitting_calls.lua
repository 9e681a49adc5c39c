-- Calls whose arguments fit, nearly always: random_programs.lua reaches by them what lies behind the checks of
-- arguments. Given its dice; a list of functions that give a name, what to call, and its arguments.

local core = require "gradus.core.grad"

return function(given)
  local between, chance, pick, draw = given.between, given.chance, given.pick, given.draw
  local numbers, dtypes, methods, any_value = given.numbers, given.dtypes, given.methods, given.any_value
  local is_tensor = given.is_tensor


  -- A tensor of that shape whose numbers are wild now and then; often a view, of a dtype of its own.
  local function of_shape(sizes, float)
    local t = random.uniform(-3, 3, sizes) + zeros(sizes)
    if chance(0.2) then t = t:round() end
    if chance(0.1) and t.size > 0 then t:reshape(-1)[between(t.size)] = pick(numbers) end
    local dtype = pick(float and {"float64", "float64", "float32"} or dtypes)
    if dtype == "bool" then
      t = gt(t, 0)
    elseif not dtype:find "float" then
      t = clip(where(isnan(t), 0, t):round() + 3, 0, 9)
    end
    t = t:astype(dtype)
    if chance(0.3) and t.ndim > 0 then  -- the same shape, elsewhere in memory and with other strides
      local wide = concatenate({t, t}, 1)["::2"]
      if chance(0.5) then wide = wide["::-1"] end
      return wide
    end
    return chance(0.2) and t.ndim > 1 and t.T:clone().T or t
  end

  local function some_sizes(most)
    local sizes = {}
    for i = 1, between(1, most or 3) do sizes[i] = chance(0.05) and 0 or between(5) end
    return sizes
  end

  -- n, and now and then something near it that is wrong.
  local function off(n)
    return chance(0.05) and pick {0, math.type(n) == "integer" and n + 1 or -1, 2.5, 1 << 62} or n
  end
  local function an_axis(t) return off(between(math.max(t.ndim, 1)) * (chance(0.3) and -1 or 1)) end

  -- Something that t can be indexed with: positions, ranges, masks and positions in tensors, text.
  local function an_index(t)
    if t.ndim == 0 or chance(0.1) then return pick {"...", "newaxis", 1, {{}}} end
    if chance(0.15) then return gt(of_shape(t.shape, true), 0) end
    if chance(0.1) then return random.randint(1, math.max(t.shape[1], 1) + 1, some_sizes(2)) end
    local parts, text = {}, chance(0.3)
    local together = between(3)
    for i = 1, between(t.ndim) do
      local n = t.shape[i]
      local a, b, step = off(between(math.max(n, 1))), off(between(math.max(n, 1))), pick {1, 1, 2, -1, 3}
      if chance(0.2) then a = a - n - 1 end
      if text then
        parts[i] = pick {":", tostring(a), "::" .. step, a .. ":" .. b, "newaxis"}
      else
        parts[i] = pick {
          function() return a end, function() return {} end, function() return {a, b} end,
          function() return {a, b, step} end,
          function() return random.randint(1, math.max(n, 1) + 1, together) end,
          function() return gt(of_shape({n}, true), 0) end,
        }()
      end
    end
    return text and table.concat(parts, ", ") or parts
  end

  -- What can be combined with t: of its shape, of fewer axes, with some of size 1; a part of t itself.
  local function beside(t)
    local kind, sizes = between(5), {}
    if kind == 1 then return pick(numbers) end
    if kind == 2 then return t end
    if kind == 3 and t.ndim > 0 then return t["::-1"] end
    for i = between(t.ndim + 1), t.ndim do sizes[#sizes + 1] = chance(0.3) and 1 or t.shape[i] end
    return of_shape(sizes)
  end

  local function a_square(stack)
    local n = chance(0.05) and 0 or between(6)
    local A = of_shape(stack and chance(0.3) and {between(3), n, n} or {n, n}, true)
    if chance(0.5) then A = A + 4 * eye(n) end
    if chance(0.2) and n > 1 then A = A:clone() A["..., 1"] = A["..., 2"] end  -- singular
    if chance(0.3) then A = A + swapaxes(A, -1, -2) end
    return A, n
  end

  local in_place = {}
  local of_axis = {"sum", "mean", "var", "std", "min", "max", "argmin", "argmax", "any", "all", "cumsum", "sort",
    "argsort", "median", "flip", "softmax", "logsumexp", "norm", "cumprod", "prod", "expand_dims", "diff"}
  for _, name in ipairs(methods) do
    if name:find "_$" then in_place[#in_place + 1] = name end
  end
  local of_square = {"inv", "det", "slogdet", "eigh", "eigvalsh", "cholesky", "cond", "pinv", "qr", "svd", "svdvals",
    "matrix_rank", "norm"}
  local of_series = {"fft", "ifft", "rfft", "irfft", "fft2", "ifft2", "fftshift", "ifftshift"}
  local method = getmetatable(zeros(1)).__methods

  local calls = {
    function() return "linalg", linalg[pick(of_square)], {(a_square(true))} end,
    function()
      local A, n = a_square(true)
      local b = of_shape(chance(0.5) and {n} or {n, between(3)}, true)
      return "linalg.solve", pick {linalg.solve, linalg.lstsq}, {A, b}
    end,
    function()
      local m, f = between(7), pick {"svd", "pinv", "qr", "matrix_rank", "lstsq", "norm", "svdvals", "cond"}
      local sizes = chance(0.3) and f ~= "lstsq" and f ~= "norm" and {between(3), m, between(7)} or {m, between(7)}
      return "linalg." .. f, linalg[f], {of_shape(sizes, true), f == "lstsq" and of_shape({m}, true)
        or f == "svd" and {full_matrices = chance(0.3)} or f == "qr" and pick {"reduced", "r", "complete"}
        or f == "norm" and pick {2, -2, "nuc", "fro", 1} or nil}
    end,
    function() return "linalg.matrix_power", linalg.matrix_power, {(a_square(true)), between(-3, 6)} end,
    function()
      local t, f = of_shape(some_sizes(), true), pick(of_series)
      local both = not f:find "shift" and not f:find "^rfft" and chance(0.4) and of_shape(t.shape, true) or nil
      return "fft." .. f, fft[f], {t, both}
    end,
    function()
      local t, f = of_shape(some_sizes()), pick(of_axis)
      return "tensor:" .. f, method[f] or any_value, {t, chance(0.2) and {an_axis(t), an_axis(t)} or an_axis(t),
        chance(0.3) and {keepdims = true} or nil}
    end,
    function() local t = of_shape(some_sizes()) return "get", function(x, i) return x[i] end, {t, an_index(t)} end,
    function()
      local t = of_shape(some_sizes())
      return "set", function(x, i, y)
        local whole = chance(0.5)
        x[i] = whole and y or x[i]  -- its own numbers, in part
        return x
      end, {t, an_index(t), beside(t)}
    end,
    function()
      local t, f = of_shape(some_sizes(), chance(0.8)), pick(in_place)
      return "tensor:" .. f, method[f], {t, beside(t), pick(numbers)}
    end,
    function() local t = of_shape(some_sizes()) return "where", where, {gt(t, 0), beside(t), beside(t)} end,
    function() local t = of_shape(some_sizes()) return "clip", clip, {t, beside(t), beside(t)} end,
    function()
      local sizes, list = some_sizes(), {}
      for i = 1, between(4) do list[i] = of_shape(sizes) end
      return "joined", pick {concatenate, stack}, {list, off(between(#sizes))}
    end,
    function()
      local t = of_shape(some_sizes())
      if chance(0.2) then
        return "pad", pad, {t, between(0, 2), {mode = pick {"constant", "edge", "reflect", "symmetric", "wrap"}}}
      end
      local f = pick {tile, roll, split, repeat_interleave, flip, take, expand_dims}
      return "moved", f, {t, off(between(4)), an_axis(t)}
    end,
    function()
      local t = of_shape(some_sizes())
      local q = chance(0.3) and {0, 0.5, 1} or draw() / 0x1p63
      return "quantile", pick {quantile, percentile}, {t, q, an_axis(t), {keepdims = chance(0.5)}}
    end,
    function()
      return "unique", unique, {of_shape(some_sizes()), {return_index = chance(0.5), return_inverse = chance(0.5),
        return_counts = chance(0.5)}}
    end,
    function()
      local t = of_shape(some_sizes())
      return "histogram", histogram, {t, off(between(9)), {range = {-2, between(4)}, density = chance(0.5),
        weights = chance(0.3) and of_shape(t.shape, true) or nil}}
    end,
    function() local t = of_shape(some_sizes()) return "topk", topk, {t, off(between(3)), {axis = an_axis(t)}} end,
    function()
      local options = {side = pick {"left", "right"}}
      return "searchsorted", searchsorted, {sort(of_shape({between(0, 9)})), of_shape(some_sizes()), options}
    end,
    function() return "cov", pick {cov, corrcoef}, {of_shape({between(4), between(5)}, true)} end,
    function()
      local m, k, n = between(4), between(0, 4), between(4)
      local many = chance(0.4) and {between(3), m, k} or {m, k}
      return "dot", method.dot, {of_shape(many), of_shape(chance(0.2) and {k} or {k, n})}
    end,
    function()
      local dtype = pick {"int64", "uint8", "bool"}
      local high = pick(dtype == "int64" and {1, 7, 1 << 32, 1 << 40, math.maxinteger} or {1, 2})
      local low = dtype == "int64" and pick {0, -3, -(1 << 62)} or 0
      return "random.randint", random.randint, {low, off(high), some_sizes(), {dtype = dtype}}
    end,
    function()
      local n = between(6)
      local p = {}
      for i = 1, n do p[i] = 1 / n end
      local from = chance(0.5) and n or of_shape({n, between(3)})
      local options = {replace = chance(0.5), p = chance(0.5) and p or nil}
      return "random.choice", random.choice, {is_tensor(from) and from or n, off(between(n)), options}
    end,
    function()
      local a, b = pick {0.5, 1, 3, 40, 1e6, 0, 1e300}, pick {0.5, 0, 1, 1e-300, 2}
      if chance(0.4) then a, b = off(of_shape({3}, true):abs()), off(of_shape({2, 3}, true):abs()) end
      if chance(0.3) then
        return "random draws", random[pick {"exponential", "poisson"}], {a, is_tensor(a) and {2, 3} or some_sizes()}
      end
      return "random draws", random[pick {"normal", "uniform", "gamma", "beta", "laplace", "binomial"}],
        {a, b, is_tensor(b) and {2, 3} or some_sizes()}
    end,
    function() return "random orders", pick {random.shuffle, random.permutation}, {of_shape(some_sizes())} end,
    function()
      random.randn(between(3))
      return "random state", function(s) random.set_state(s) return random.rand(2) end, {random.get_state()}
    end,
    function()
      return "random.seed", random.seed, {pick {0, 7, 0xffffffff, {1, 2, 3}, random.randint(0, 9, 3)}}
    end,
    function()
      local t = grad.track(of_shape(some_sizes(), true))
      return "gradient", function(x, y, i)
        local z = (x * y):sum() + x:exp():mean() + x[i]:sum()
        z:backward()
        return x.grad
      end, {t, beside(t), 1}
    end,
    function()
      local pictures = of_shape({between(3), between(2, 6), between(2, 6), pick {1, 3}}, true)
      return "pictures", pick {data.resize, data.crop, data.pad}, {pictures, {off(between(7)), off(between(7))}}
    end,
    function()
      local given = {x = of_shape({between(0, 3), between(1, 6), between(1, 6), pick {1, 3}}, true), seed = between(9)}
      for _, name in ipairs {"rotate", "shift", "zoom", "shear", "brightness", "contrast", "noise", "blur", "cutout"} do
        if chance(0.3) then given[name] = draw() / 0x1p63 end
      end
      given.flip, given.copies = chance(0.5), chance(0.3) and between(0, 3) or nil
      given.fill = pick {"reflect", "nearest", "wrap", "constant"}
      return "data.augment", data.augment, {given}
    end,
    function()
      local f = pick {data.blobs, data.moons, data.circles, data.spirals}
      return "made data", f, {{between(0, 30), seed = between(9)}}
    end,
    function()
      local n = between(3, 30)
      return "data.split", data.split, {of_shape({n, 2}), random.randint(0, 2, n), {ratios = {0.5, 0.3, 0.2}, seed = n}}
    end,
    function()
      local t = of_shape(some_sizes())
      return "text", method.tostring, {t, {precision = between(0, 20), threshold = between(0, 30),
        edgeitems = between(3), linewidth = between(80), suppress = chance(0.5)}}
    end,
  }

  -- Any of these with tracked tensors: gradients in reverse and in forward mode.
  local function tracked()
    local name, f, arguments = pick(calls)()
    local inputs = {}
    local function track(list)
      for key, value in pairs(list) do
        if is_tensor(value) and value.dtype:find "float" and chance(0.8) then
          list[key] = grad.track(value)
          inputs[#inputs + 1] = list[key]
        elseif type(value) == "table" and getmetatable(value) == nil then
          track(value)
        end
      end
    end
    track(arguments)
    return "gradient of " .. name, function(...)
      local y = 0
      for _, value in ipairs {f(...)} do
        if is_tensor(value) and value.dtype:find "float" then y = y + sum(value * 0.5) end
      end
      if not is_tensor(y) then return y end
      y:backward()
      for _, input in ipairs(inputs) do core.set_tangent(input, ones_like(input)) end
      return core.forward_mode(y)
    end, arguments
  end
  local all = table.move(calls, 1, #calls, 1, {})
  for _ = 1, #calls // 4 do all[#all + 1] = tracked end
  return all
end
