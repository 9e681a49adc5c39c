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
