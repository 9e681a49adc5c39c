-- A small convolutional network learns to read handwritten digits: ./run lessons/digits.lua
--
-- 1,797 real pictures of 8x8 pixels (datasets/README.md); a few seconds, about 98 % of the test digits read right.

local d = data.digits()
local x = expand_dims(d.x, -1) / 16  -- (1797, 8, 8, 1), from 0..16 to 0..1
local s = data.split(x, d.y, {seed = 1})
print(s)

random.seed(1)
local model = nn.Sequential{
  nn.Conv2D{32, 3, padding = "same", activation = "relu", input_shape = {8, 8, 1}},
  nn.MaxPooling2D{2},
  nn.Conv2D{64, 3, padding = "same", activation = "relu"},
  nn.MaxPooling2D{2},
  nn.Flatten{},
  nn.Dropout{0.5},
  nn.Dense{10, activation = "softmax"},
}
model:summary()
model:compile{optimizer = "adam", loss = "sparse_categorical_crossentropy", metrics = {"accuracy"}}
history = model:fit{s.x_train, s.y_train, epochs = 60, validation_data = {s.x_val, s.y_val}}

results = model:evaluate{s.x_test, s.y_test}
plot.history(history)
plot.confusion(metrics.confusion_matrix(s.y_test, model:predict_classes(s.x_test)))
