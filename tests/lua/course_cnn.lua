-- The course's network on pictures of 50 x 50 grey pixels, for tests.

return function(dtype)
  return nn.Sequential{
    nn.Conv2D{16, 3, padding = "same", activation = "relu", input_shape = {50, 50, 1}},
    nn.MaxPooling2D{2},
    nn.Conv2D{16, 3, activation = "relu"},
    nn.MaxPooling2D{2},
    nn.Conv2D{16, 3, activation = "relu"},
    nn.Flatten{},
    nn.Dense{2},
    nn.Activation{"softmax"},
    dtype = dtype,
  }
end
