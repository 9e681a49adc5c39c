-- Makes the pictures of README.md with the program itself, into the folder of this file:
--
--     ./run docs/pictures/make.lua
--
-- They are seeded, so that they change only when the program does.

local folder = arg and arg[0] and arg[0]:match "^(.*)/[^/]*$" or "docs/pictures"
local theme = require "gradus.plot.theme".themes.default
theme.width, theme.height, theme.size, theme.title = 560, 350, 9, 11.5  -- small files, read on a page

plot.terminal "none"
random.seed(1)

-- Two half moons, and a network that tells them apart.
local n = 150
local angle = random.random(n) * math.pi
local upper = stack({cos(angle), sin(angle)}, 2)
local lower = stack({1 - cos(angle), 0.5 - sin(angle)}, 2)
local order = random.permutation(2 * n)
local x = (concatenate({upper, lower}, 1) + 0.2 * random.randn(2 * n, 2))[order]
local y = concatenate({zeros(n), ones(n)}, 1)[order]

local model = nn.Sequential{
  nn.Dense{16, activation = "tanh", input_shape = {2}}, nn.Dense{16, activation = "tanh"},
  nn.Dense{1, activation = "sigmoid"},
}
model:compile{optimizer = optim.Adam{0.01}, loss = "binary_crossentropy", metrics = {"accuracy"}}
local history = model:fit{x, y, epochs = 60, validation_split = 0.2, verbose = 0}

plot.boundary(model, x, y, {title = "What a network says about each place", legend = {"upper moon", "lower moon"},
  xlabel = "x1", ylabel = "x2"}):save(folder .. "/boundary.png")

plot.history(history):save(folder .. "/history.png")

-- A loss over two weights, and the steps of a descent on it.
local function loss(a, b) return a ^ 2 + 2 * b ^ 2 + sin(3 * a) end
local path, a, b = {}, -1.9, 1.7
for i = 1, 25 do
  path[i] = {a, b}
  a, b = a - 0.06 * (2 * a + 3 * cos(3 * a)), b - 0.06 * 4 * b
end
plot.surface(loss, {xrange = {-2, 2}, yrange = {-2, 2}, path = path, title = "Gradient descent on a loss",
  xlabel = "w1", ylabel = "w2", zlabel = "loss"}):save(folder .. "/descent.png")

-- A small convolutional network reads handwritten digits.
local digits = data.digits()
local parts = data.split(expand_dims(digits.x, -1) / 16, digits.y, {seed = 1})
random.seed(1)
local reader = nn.Sequential{
  nn.Conv2D{8, 3, padding = "same", activation = "relu", input_shape = {8, 8, 1}}, nn.MaxPooling2D{2},
  nn.Flatten{}, nn.Dense{10, activation = "softmax"},
}
reader:compile{optimizer = optim.Adam{0.005}, loss = "sparse_categorical_crossentropy", metrics = {"accuracy"}}
reader:fit{parts.x_train, parts.y_train, epochs = 12, verbose = 0}
local guesses = reader:predict_classes(parts.x_test)
local truth = parts.y_test

plot.confusion(metrics.confusion_matrix(truth, guesses), {title = "Which digit was taken for which"})
  :save(folder .. "/confusion.png")

-- Those it reads wrong, and what the filters of its first layer make of one digit.
local pictures, captions = {}, {}
for i = 1, #truth do
  if guesses[i] ~= truth[i] and #pictures < 10 then
    pictures[#pictures + 1] = parts.x_test[i]
    captions[#captions + 1] = string.format("%d, read as %d", truth[i], guesses[i])
  end
end
plot.images(pictures, {captions = captions, title = "What it reads wrong"}):save(folder .. "/wrong.png")

local seen = reader:trace(parts.x_test[{{1, 1}}])[1].output
plot.images(transpose(seen[1], {3, 1, 2}), {columns = 4, title = "What eight filters see of a digit"})
  :save(folder .. "/filters.png")

-- One bottle of data.waste, and each of its seven knobs turned from 0 to 1.
local knobs = {"viewpoint", "scale", "deformation", "occlusion", "illumination", "clutter", "variation"}
local bottles, settings = {}, {}
for turned = 0, #knobs do
  local given = {n = 10, size = 100, gray = false, bottles = 1, seed = 1}
  for i, knob in ipairs(knobs) do given[knob] = i == turned and 1 or 0 end
  bottles[turned + 1] = data.waste(given).x_train[5]
  settings[turned + 1] = turned == 0 and "every knob at 0" or knobs[turned] .. "=1"
end
plot.images(bottles, {captions = settings, columns = 4}):save(folder .. "/waste.png")
