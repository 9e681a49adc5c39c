-- Can we use deep learning for a small dataset? The course's experiment, on photographs of your own:
--
--   ./run lessons/experiment.lua FILE [CLASS [SEEDS [EPOCHS]]]
--
-- The lesson imbalance explains these numbers, and gets the like of them from made pictures in seconds.
--
-- FILE is a .npz file with grey pictures x (n, height, width) and labels y, as 0, 1, 2 ...; CLASS (default 1) is told
-- from all the others. Four ways, each from SEEDS (default 5) random starts and splits, for EPOCHS (default 30): the
-- course's multilayer perceptron; its convolutional network; the same with balanced class weights; and with flips and
-- shifts of the training pictures besides. The test pictures judge, as mean and standard deviation over the seeds,
-- always beside what one answer to everything scores: accuracy may rank the useless network first, the useful one last.
--
-- On the 2,527 photographs of TrashNet (50x50, grey), glass, a fifth of them, against the rest; always the larger class
-- scores an accuracy of 0.798:
--
--                                       accuracy       recall         precision      F1
--   MLP                                 0.798 ± 0.000  0.000 ± 0.000  undefined      0.000 ± 0.000
--   CNN                                 0.815 ± 0.026  0.275 ± 0.045  0.615 ± 0.144  0.375 ± 0.062
--   CNN + class weights                 0.749 ± 0.050  0.651 ± 0.103  0.433 ± 0.073  0.514 ± 0.059
--   CNN + class weights + flips/shifts  0.707 ± 0.029  0.682 ± 0.112  0.376 ± 0.033  0.482 ± 0.046

local path, class = arg[1], tonumber(arg[2] or 1)
local seeds, epochs = tonumber(arg[3] or 5), tonumber(arg[4] or 30)
if not path or not class or not seeds or not epochs then
  error("which pictures? As in: gradus lessons/experiment.lua FILE.npz 1", 0)
end
local all = data.load(path, {only = {"x", "y"}})
local y = eq(all.y, class):astype "uint8"
local shape = {all.x.shape[2], all.x.shape[3], 1}

local function mlp()
  return nn.Sequential{
    nn.Flatten{input_shape = shape},
    nn.Dense{128, activation = "relu"},
    nn.Dropout{0.5},
    nn.Dense{2, activation = "softmax"},
  }
end

-- The layers of lesson cnn, behind those that change the pictures, if there are any.
local function cnn(...)
  local layers = {...}
  for _, layer in ipairs{
    nn.Conv2D{16, 3, padding = "same", activation = "relu", input_shape = #layers == 0 and shape or nil},
    nn.MaxPooling2D{2},
    nn.Conv2D{16, 3, activation = "relu"},
    nn.MaxPooling2D{2},
    nn.Conv2D{16, 3, activation = "relu"},
    nn.Flatten{},
    nn.Dense{2, activation = "softmax"},
  } do layers[#layers + 1] = layer end
  return nn.Sequential(layers)
end

local ways = {
  {name = "MLP", build = mlp},
  {name = "CNN", build = cnn},
  {name = "CNN + class weights", build = cnn, class_weight = "balanced"},
  {name = "CNN + class weights + flips/shifts", class_weight = "balanced", build = function()
    return cnn(nn.RandomFlip{"horizontal", input_shape = shape}, nn.RandomTranslation{0.1, 0.1})
  end},
}

local measures = {
  {"accuracy", metrics.accuracy_score}, {"recall", metrics.recall_score}, {"precision", metrics.precision_score},
  {"specificity", metrics.specificity_score}, {"F1", metrics.f1_score},
}

local baselines = {}
for seed = 1, seeds do
  local d = data.split(all.x, y, {seed = seed})
  local function input(x) return expand_dims(x:astype "float32" / 255, -1) end
  local x_train, x_test = input(d.x_train), input(d.x_test)
  baselines[seed] = metrics.majority_baseline(d.y_test)
  for _, way in ipairs(ways) do
    random.seed(seed)
    local model = way.build()
    way.parameters = model:count_params()
    model:compile{optimizer = optim.Adam{0.001}, loss = "sparse_categorical_crossentropy"}
    model:fit{x_train, d.y_train, epochs = epochs, batch_size = 32, class_weight = way.class_weight, verbose = 0}
    local predicted = model:predict_classes(x_test)
    for _, measure in ipairs(measures) do
      way[measure[1]] = way[measure[1]] or {}
      way[measure[1]][seed] = measure[2](d.y_test, predicted)
    end
  end
end

-- "0.421 ± 0.032"; without those that are undefined: no picture was said to be of the class.
local function spread(values)
  local known = {}
  for _, v in ipairs(values) do
    if v == v then known[#known + 1] = v end
  end
  if #known == 0 then return "undefined    " end
  local t = tensor(known)
  return string.format("%.3f ± %.3f", mean(t), std(t))
end

print(string.format("class %d, %.1f %% of %d pictures, against the rest; %d seeds, %d epochs", class, 100 * mean(y),
  #y, seeds, epochs))
print(string.format("%-36s %10s  %-13s  %-13s  %-13s  %-13s  %s", "test pictures, mean ± deviation ", "parameters",
  "accuracy", "recall", "precision", "specificity", "F1"))
print(string.format("%-36s %10s  %s  %s", "always the larger class", "", spread(baselines), "0.000 ± 0.000"))
for _, way in ipairs(ways) do
  local cells = {}
  for i, measure in ipairs(measures) do cells[i] = spread(way[measure[1]]) end
  print(string.format("%-36s %10d  %s", way.name, way.parameters, table.concat(cells, "  ")))
end
