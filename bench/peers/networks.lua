-- The networks of the suites on training and inference, as torch_networks.py has them in PyTorch.

local function conv(filters, size, options)
  local layer = {filters, size, activation = "relu"}
  for key, value in pairs(options or {}) do layer[key] = value end
  return nn.Conv2D(layer)
end

-- A convolution, its output normalized over the batch, and ReLU.
local function normalized(filters)
  return nn.Conv2D{filters, 3, padding = "same"}, nn.BatchNormalization{}, nn.ReLU{}
end

-- The layers of several such functions, one after the other.
local function chain(...)
  local list = {}
  for _, layers in ipairs{...} do table.move(layers, 1, #layers, #list + 1, list) end
  return table.unpack(list)
end

local same = {padding = "same"}
local networks = {
  ["course CNN"] = {{50, 50, 1}, 2, function()
    return conv(16, 3, same), nn.MaxPooling2D{2}, conv(16, 3), nn.MaxPooling2D{2}, conv(16, 3), nn.Flatten{}
  end},
  ["digits CNN"] = {{8, 8, 1}, 10, function()
    return conv(16, 3, same), nn.MaxPooling2D{2}, conv(32, 3, same), nn.Flatten{}, nn.Dense{64, activation = "relu"}
  end},
  ["MNIST CNN"] = {{28, 28, 1}, 10, function()
    return conv(32, 3), nn.MaxPooling2D{2}, conv(64, 3), nn.MaxPooling2D{2}, nn.Flatten{},
      nn.Dense{128, activation = "relu"}
  end},
  ["CIFAR CNN"] = {{32, 32, 3}, 10, function()
    return chain({normalized(32)}, {normalized(32)}, {nn.MaxPooling2D{2}}, {normalized(64)}, {normalized(64)}, {nn.MaxPooling2D{2}},
      {normalized(128)}, {normalized(128)}, {nn.MaxPooling2D{2}}, {nn.Flatten{}, nn.Dense{128, activation = "relu"}})
  end},
  ["mixed CNN"] = {{32, 32, 3}, 10, function()
    return conv(16, 5, same), conv(32, 3, {strides = 2}), conv(32, 3, {dilation_rate = 2}), nn.MaxPooling2D{2},
      nn.Flatten{}
  end},
  ["course MLP"] = {{2500}, 2, function() return nn.Dense{128, activation = "relu"} end},
  ["course MLP with Dropout"] = {{2500}, 2, function() return nn.Dense{128, activation = "relu"}, nn.Dropout{0.5} end},
  ["wide MLP"] = {{784}, 10, function()
    return nn.Dense{1024, activation = "relu"}, nn.Dense{1024, activation = "relu"}
  end},
}

-- The network of that name, and a batch of samples and labels for it. Weights come from NumPy's stream, in the order
-- of the layers, after the initializers have drawn; biases stay 0.
function made(name, batch)
  local shape, classes, layers = table.unpack(networks[name])
  local list = {layers()}
  list[#list + 1] = nn.Dense{classes, activation = "softmax"}
  local model = nn.Sequential(list)
  model:build(shape)
  random.seed(1)
  for _, layer in ipairs(model.layers) do
    if layer.kernel then
      local sizes = layer.kernel.shape
      local inputs = layer.kernel.size / sizes[#sizes]
      layer.kernel = (random.randn(table.unpack(sizes)) * math.sqrt(2 / inputs)):astype("float32")
    end
  end
  model:compile{optimizer = "adam", loss = "sparse_categorical_crossentropy"}
  local x = random.rand(batch, table.unpack(shape)):astype("float32")
  return model, x, floor(random.rand(batch) * classes):astype("uint8")
end

return made
