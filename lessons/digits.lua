-- A small convolutional network learns to read handwritten digits: ./run lessons/digits.lua
--
-- 1,797 real pictures of 8x8 pixels (datasets/README.md); a few seconds, about 99 % of the test digits read right.

local d = data.digits()
local x = expand_dims(d.x, -1) / 16  -- (1797, 8, 8, 1), from 0..16 to 0..1
local s = data.split(x, d.y, {seed = 1})
print(s)

random.seed(1)
local model = nn.Sequential{
  nn.Conv2D{32, 3, padding = "same", activation = "relu", input_shape = {8, 8, 1}},
  nn.Conv2D{32, 3, padding = "same", activation = "relu"},
  nn.MaxPooling2D{2},
  nn.Dropout{0.25},
  nn.Conv2D{64, 3, padding = "same", activation = "relu"},
  nn.MaxPooling2D{2},
  nn.Flatten{},
  nn.Dropout{0.5},
  nn.Dense{10, activation = "softmax"},
}
model:summary()

-- Long steps at first and short ones at the end: the learning rate falls along a cosine over all steps.
local epochs, batch_size = 60, 32
local steps = epochs * math.ceil(#s.y_train / batch_size)
model:compile{optimizer = optim.Adam{optim.CosineDecay{0.002, steps}}, loss = "sparse_categorical_crossentropy",
  metrics = {"accuracy"}}
history = model:fit{s.x_train, s.y_train, epochs = epochs, batch_size = batch_size,
  validation_data = {s.x_val, s.y_val}}

results = model:evaluate{s.x_test, s.y_test}
plot.history(history)
plot.confusion(metrics.confusion_matrix(s.y_test, model:predict_classes(s.x_test)))
