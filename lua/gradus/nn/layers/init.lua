-- The layers, one theme a file.

local layers = {}

for _, theme in ipairs {"dense", "convolution", "pooling", "shapes", "activation", "dropout", "normalization",
  "rescaling", "merging", "augmentation"} do
  for name, constructor in pairs(require("gradus.nn.layers." .. theme)) do layers[name] = constructor end
end

return layers
