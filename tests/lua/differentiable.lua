-- Which public functions of tensors are differentiable, with arguments that fit, and which are not, with the reason:
-- test_differentiable.lua tries both.
--
-- `cases` has for each differentiable function lists of arguments, in which `x` stands for the tensor by which the
-- derivative is taken: `at`, or A. Numbers keep away from corners and jumps, where differences mean nothing.

local x = {}  -- the place of the variable

random.seed(3)
local A, B = random.uniform(0.3, 0.9, 3, 4), random.uniform(0.3, 0.9, 3, 4)
local row, column, square = random.uniform(0.3, 0.9, 4), random.uniform(0.3, 0.9, 3), random.uniform(0.3, 0.9, 3, 3)
local stack3, pictures = random.uniform(0.3, 0.9, 2, 3, 4), random.uniform(0.3, 0.9, 2, 5, 4, 3)
local signed = random.randn(3, 4)
local with_zeros = tensor{{0.5, 0, 2, -1}, {1.5, 3, 0, 0}, {0, 0, 1, 2}}
local grey = random.uniform(0.3, 0.9, 2, 6, 5)
local mask = gt(signed, 0)
local cases = {}

for name in ([[abs acos asin atan cbrt ceil cos cosh elu elu_derivative erf exp expm1 flatten floor gelu
  gelu_derivative leaky_relu leaky_relu_derivative log log10 log1p log2 normal_cdf reciprocal relu relu_derivative
  sigmoid sigmoid_derivative sign silu silu_derivative sin sinh softplus softplus_derivative sqrt square step tan tanh
  tanh_derivative clone squeeze flip transpose max min mean sum prod ptp var std logsumexp norm nansum nanmean average
  median cov corrcoef softmax sort tensor trace cumsum cumprod]]):gmatch "%S+" do
  cases[name] = {{x}}
end
for name in ("elu elu_derivative leaky_relu leaky_relu_derivative relu relu_derivative abs cbrt gelu gelu_derivative "
  .. "sign silu sinh step"):gmatch "%S+" do
  cases[name] = {{x}, {x, at = signed}}
end
for name in ("sum mean prod max min ptp var std logsumexp nansum nanmean average median"):gmatch "%S+" do
  cases[name] = {{x}, {x, 1}, {x, {1, 3}, at = stack3}, {x, {axis = 2, keepdims = true}}}
end
for name in ("atan2 hypot maximum minimum pow mod"):gmatch "%S+" do
  cases[name] = {{x, B}, {B, x}, {x, x}, {x, row}, {A, x, at = row}, {x, 0.25}, {2, x}}
end
cases.mod = {{x, B}, {x, 0.25}, {B, x}}
for name in ("dot matmul"):gmatch "%S+" do
  cases[name] = {{x, B.T}, {B.T, x}, {x, row}, {row, x, at = row}, {column, x}, {x, stack3:transpose(1, 3, 2)}}
end

cases.astype = {{x, "float64"}}
cases.average = {{x}, {x, {weights = B}}, {x, 2, {weights = row}}, {A, {weights = x}, at = B},
  {A, 2, {weights = x}, at = row}}
cases.bincount = {{tensor{0, 2, 2, 1}, {weights = x}, at = row},
  {tensor{{0, 2}, {5, 2}}, {weights = x, minlength = 9}, at = random.randn(2, 2)}}
cases.broadcast_to = {{x, 2, 3, 4}, {x, 3, 4, at = row}}
cases.clip = {{x, 0.4, 0.7}, {A, x, 0.8, at = B * 0.5}, {A, 0.1, x, at = B}}
cases.concatenate = {{{x, B}}, {{B, x, x}, 2}}
cases.corrcoef = {{x}, {x, B}, {B, x}, {x, {rowvar = false}}, {x, at = row}, {x, row, at = random.randn(4)}}
cases.cov = {{x}, {x, B}, {B, x}, {x, x}, {x, {rowvar = false, ddof = 0}}, {x, at = row},
  {row, x, at = random.randn(4)}}
cases.cumprod = {{x, 1}, {x, 2}, {x, 2, at = with_zeros}, {x, 1, at = with_zeros}, {x, at = row}, {x, 2, at = stack3}}
cases.cumsum = {{x, 1}, {x, 2}, {x, at = row}}
cases.diag = {{x, at = square}, {x, 1, at = row}, {x, -1, at = square}}
cases.elu[3], cases.elu_derivative[3] = {x, 0.5, at = signed}, {x, 0.5, at = signed}
cases.leaky_relu[3] = {x, 0.1, at = signed}
cases.expand_dims = {{x, 2}}
cases.flip = {{x}, {x, 1}}
cases.gelu[3] = {x, {approximate = true}, at = signed}
cases.gelu_derivative[3] = {x, {approximate = true}, at = signed}
cases.histogram = {{A, 3, {weights = x}, at = B}, {A, {0.3, 0.5, 0.6}, {weights = x, density = true}, at = B},
  {A, 2, {weights = x, density = true}, at = B}}
cases.inner = {{x, B}, {B, x}, {x, row, at = random.randn(4)}}
cases.kron = {{x, square}, {square, x}}
cases.median = {{x}, {x, 1}, {x, 2}, {x, {1, 3}, at = stack3}, {x, {axis = 1, keepdims = true}}}
cases.meshgrid = {{x, row, at = column}, {row, x, {indexing = "ij"}, at = column}}
cases.moveaxis = {{x, 1, 3, at = stack3}}
cases.nansum, cases.nanmean = {{x}, {x, 2}}, {{x}, {x, 2}}
cases.norm = {{x}, {x, 2, 1}, {x, 1, 2}, {x, math.huge, 2}, {x, 3, {axis = 1, keepdims = true}}, {x, "fro"},
  {x, 1}, {x, -math.huge}, {x, "fro", {1, 2}, at = stack3}, {x, 2}, {x, -2}, {x, "nuc"},
  {x, "nuc", {2, 3}, at = stack3}}
cases.outer = {{x, column, at = row}, {column, x, at = row}}
cases.pad = {{x, {{1, 2}, {0, 1}}}, {x, {{1, 2}, {2, 1}}, {mode = "edge"}}, {x, {{1, 2}, {2, 1}}, {mode = "wrap"}},
  {x, {{1, 2}, {2, 1}}, {mode = "reflect"}}}
cases.percentile = {{x, 30}, {x, {0, 25, 100}, 2}}
cases.quantile = {{x, 0.3}, {x, 0.3, 1}, {x, {0, 0.2, 0.5, 1}, 2}, {x, {0.1, 0.9}, {axis = 1, keepdims = true}},
  {x, tensor{0.7}, {1, 3}, at = stack3}, {x, 0.5}}
cases.repeat_interleave = {{x, 2}, {x, {1, 0, 2}, 1}}
cases.reshape = {{x, 2, 6}, {x, -1}}
cases.roll = {{x, 1}, {x, 3, 2}}
cases.round = {{x}, {x, 1}}
cases.softmax = {{x}, {x, 1}}
cases.softmax_derivative = {{x, at = row}}
cases.sort = {{x}, {x, 1}, {x, 2, {descending = true}}}
cases.split = {{x, 2, 2}, {x, 3}}
cases.squeeze = {{x}, {x, 2, at = random.randn(3, 1, 4)}}
cases.stack = {{{x, B}}, {{B, x, x}, 2}}
cases.swapaxes = {{x, 1, 2}}
cases.take = {{x, {3, 1, 3}}, {x, {-1, 2}, 2}, {x, gt(row, 0.5), 2}}
cases.take_along_axis = {{x, tensor{{1, 2}, {4, 4}, {2, 1}}, 2}}
cases.tile = {{x, 2, 3}}
cases.topk = {{x, 2}, {x, 2, 1, {smallest = true}}}
cases.trace = {{x, at = square}}
cases.transpose = {{x}, {x, 3, 1, 2, at = stack3}}
cases.tril, cases.triu = {{x}, {x, -1}}, {{x}, {x, 1}}
cases.where = {{mask, x, B}, {mask, B, x}, {mask, x, 0.5}, {mask, x, x}}

for name in ("fft ifft"):gmatch "%S+" do
  cases["fft." .. name] = {{x}, {x, B}, {B, x}, {x, x}, {x, {axis = 1}}, {x, {n = 7}}, {x, B, {n = 3}},
    {x, {norm = "ortho"}}, {x, {norm = "forward", axis = 2, n = 5}}, {x, at = row}, {x, B, {axis = 1, n = 5}}}
end
for name in ("fft2 ifft2"):gmatch "%S+" do
  cases["fft." .. name] = {{x}, {x, B}, {B, x}, {x, {norm = "ortho"}}, {x, at = stack3}, {x, {norm = "forward"}}}
end
cases["fft.rfft"] = {{x}, {x, {axis = 1}}, {x, {n = 7}}, {x, {n = 3}}, {x, {n = 1}}, {x, {norm = "ortho"}},
  {x, {norm = "forward"}}, {x, at = row}, {x, {n = 2, axis = 1}}}
cases["fft.irfft"] = {{x}, {x, B}, {B, x}, {x, B, {axis = 1}}, {x, B, {n = 7}}, {x, B, {n = 5}}, {B, x, {n = 4}},
  {x, {n = 3}}, {x, B, {n = 1}}, {x, B, {n = 2}}, {x, B, {norm = "ortho"}}, {x, B, {norm = "forward", n = 9}}}
cases["fft.fftshift"], cases["fft.ifftshift"] = {{x}, {x, 1}, {x, {1, 2}}}, {{x}, {x, 2}}

local symmetric = square + square.T + 3 * eye(3)
for name in ("det inv slogdet cond svd svdvals pinv qr"):gmatch "%S+" do
  cases["linalg." .. name] = {{x, at = symmetric}, {x, at = stack{symmetric, square}}}
end
cases["linalg.cond"][3], cases["linalg.svdvals"][3] = {x}, {x, at = stack3}
cases["linalg.svd"][3] = {x, {full_matrices = false}}
cases["linalg.svd"][4] = {x, {full_matrices = false}, at = stack3:transpose(1, 3, 2)}
cases["linalg.pinv"][3], cases["linalg.pinv"][4] = {x}, {x, 0.3, at = stack3}
cases["linalg.qr"][3], cases["linalg.qr"][4] = {x}, {x, "r", at = stack3:transpose(1, 3, 2)}
cases["linalg.solve"] = {{x, square, at = symmetric}, {symmetric, x, at = column}, {symmetric, x, at = stack{A, B}},
  {x, column, at = stack{symmetric, square}}}
cases["linalg.lstsq"] = {{x, column}, {x, square, at = B.T["1:3"]}, {A.T, x, at = row}, {A.T, x, at = B.T}}
cases["linalg.matrix_power"] = {{x, 3, at = square}, {x, -2, at = symmetric}}

cases["data.crop"] = {{x, {2, 3}, at = pictures}}
cases["data.pad"] = {{x, {7, 6}, at = pictures}, {x, {7, 6}, {fill = "reflect"}, at = pictures}}
cases["data.augment"] = {{{x, rotate = 30, flip = true, seed = 3}, at = grey},
  {{x, copies = 3, shift = 0.2, contrast = 0.3, blur = 1, cutout = 0.3, noise = 0.01}, at = pictures}}
cases["data.gray"] = {{x, at = pictures}}
cases["data.resize"] = {{x, {2, 3}, at = pictures}, {x, {7, 9}, {method = "bilinear"}, at = pictures},
  {x, {3, 2}, {method = "bilinear"}, at = pictures}, {x, {3, 7}, {method = "nearest"}, at = pictures},
  {x, {4, 2}, at = grey}, {x, {8, 3}, at = grey}}
cases["random.permutation"], cases["random.choice"] = {{x}}, {{x, 5}, {x}, {x, 2, 3, {p = {0.5, 0.25, 0.25}}}}

local labels = tensor({0, 3, 1}, {dtype = "int64"})
local zero_one = gt(signed, 0):astype "float64"
local distribution = softmax(signed)
-- By the prediction and, where that is numbers, by the truth.
for name in ([[mean_squared_error mean_absolute_error mean_absolute_percentage_error
  mean_squared_logarithmic_error huber log_cosh cosine_similarity]]):gmatch "%S+" do
  cases["losses." .. name] = {{B, x}, {x, B}}
end
for name in ("binary_crossentropy binary_focal_crossentropy hinge squared_hinge categorical_hinge dice tversky poisson")
  :gmatch "%S+" do
  cases["losses." .. name] = {{zero_one, x}, {x, B}}
end
for name in ("categorical_crossentropy categorical_focal_crossentropy kl_divergence"):gmatch "%S+" do
  cases["losses." .. name] = {{distribution, x}, {x, B}}
end
cases["losses.sparse_categorical_crossentropy"] = {{labels, x}}

for name in ([[mean_squared_error root_mean_squared_error mean_absolute_error mean_absolute_percentage_error
  mean_squared_log_error max_error median_absolute_error r2_score explained_variance_score]]):gmatch "%S+" do
  cases["metrics." .. name] = {{B, x}, {B, x, {multioutput = "raw_values"}}}
end
cases["metrics.max_error"] = {{row, x, at = random.randn(4)}}
cases["metrics.log_loss"] = {{tensor{0, 1, 1, 0}, x, at = row}, {labels, x, {labels = {0, 1, 2, 3}}, at = distribution}}
cases["metrics.brier_score_loss"] = {{tensor{0, 1, 1, 0}, x, at = row}}

-- Operators, indexing and properties, by the names of Lua's metamethods.
local operators = {
  __add = {{x, B}, {2, x}}, __sub = {{x, B}, {B, x}}, __mul = {{x, row}, {x, x}}, __div = {{x, B}, {1, x}},
  __pow = {{x, 2.5}, {x, B}, {2, x}}, __unm = {{x}}, __mod = {{x, B}}, __idiv = {{x, 0.25}},
  __index = {{x, 2}, {x, {2, 3}}, {x, {{1, 2}, {2, 4, 2}}}, {x, "::-1, newaxis, 2"}, {x, mask}, {x, "T"},
    {x, {tensor{3, 1, 3}, {}}}, {x, tensor{-1, 2}}},
}

-- ---- without a derivative ----

-- Numbers, masks and texts about a tensor, which are plain: positions and counts jump.
local plain = {
  all = {x}, any = {x}, argmax = {x, 1}, argmin = {x}, argsort = {x}, argwhere = {x}, nonzero = {x},
  digitize = {x, tensor{0.2, 0.5, 0.7}}, searchsorted = {tensor{0.2, 0.5, 0.7}, x},
  eq = {x, B}, ne = {x, B}, lt = {x, B}, le = {x, B}, gt = {x, 0.5}, ge = {B, x},
  isfinite = {x}, isinf = {x}, isnan = {x}, logical_and = {x, B}, logical_or = {x, B}, logical_xor = {x, B},
  logical_not = {x}, ["linalg.matrix_rank"] = {x}, zeros_like = {x}, ones_like = {x}, full_like = {x, 2},
  item = {x, at = tensor{7}}, totable = {x}, ["tensor.tostring"] = {x}, ["tensor.detach"] = {x},
}

-- What refuses a tracked tensor with a sentence of its own, of which this is a part.
local in_place = "changes a tensor in place, and this one is tracked"
local refused = {
  unique = {x, says = "numbers that are equal now are not"},
  histogram = {x, says = "what it counts changes by jumps"},
  bincount = {x, says = "what it counts changes by jumps"},
  one_hot = {x, says = "labels are names of classes"},
  put = {zeros(3, 4), {1}, x, says = "in place"},
  norm = {x, 0, at = row, says = "it counts"},
  take = {A, x, says = "positions are whole numbers"},
  repeat_interleave = {A, x, at = row, says = "how often is a whole number"},
  astype = {x, "int64", says = "gradients need float64 or float32"},
  ["tensor.fill_"] = {x, 1, says = in_place}, ["tensor.clip_"] = {x, 0, 1, says = in_place},
  ["linalg.svd"] = {x, says = "rows of Vt beyond the first 3 may be any basis"},
  ["linalg.qr"] = {x, "complete", at = B.T, says = "columns of Q beyond the first 3 may be any basis"},
  ["losses.sparse_categorical_crossentropy"] = {x, B, at = tensor{0, 3, 1}, says = "names of classes"},
  ["random.shuffle"] = {x, says = "in place"},
  ["random.multinomial"] = {3, x, at = row / sum(row), says = "a draw has no derivative"},
}
for name in ([[abs acos asin atan cbrt ceil cos cosh erf exp expm1 floor log10 log1p log2 log neg normal_cdf reciprocal
  relu round sigmoid sign sin sinh softplus sqrt square step tan tanh]]):gmatch "%S+" do
  refused["tensor." .. name .. "_"] = {x, says = in_place}
end
for name in ("add sub mul div pow"):gmatch "%S+" do
  refused["tensor." .. name .. "_"] = {zeros(3, 4), x, says = "in place"}
end
for name in ("beta binomial exponential gamma laplace normal poisson uniform"):gmatch "%S+" do
  refused["random." .. name] = {x, x, says = "a draw has no derivative by its parameters"}
end

-- Functions to which the question does not apply: they take no tensor to compute with, or give none.
local elsewhere = [[
  arange eye full linspace ones zeros fft.fftfreq fft.rfftfreq                    made of sizes and Lua's numbers
  random.rand random.randn random.random random.randint
  random.seed random.get_state random.set_state
  get_printoptions set_printoptions help progress plot tensor.describe            what is shown
  linalg.cholesky linalg.eigh linalg.eigvalsh                                     symmetric: linalg_gradients
  tensor.backward tensor.zero_grad                                                the gradients themselves
  data.blobs data.circles data.cifar data.coco data.csv data.digits data.folder   data sets, read or made
  data.get data.image data.iris data.load data.moons data.regression data.spirals data.waste data.xor
  data.save data.summary data.check data.class_weights data.split data.balance    data sets, kept and divided
  data.normalise data.standardise data.MinMaxScaler data.StandardScaler
  metrics.accuracy_score metrics.balanced_accuracy_score metrics.report           counted from labels and their order
  metrics.classification_report metrics.cohen_kappa_score metrics.confusion_matrix metrics.f1_score
  metrics.fbeta_score metrics.jaccard_score metrics.majority_baseline metrics.matthews_corrcoef
  metrics.precision_score metrics.precision_recall_fscore_support metrics.recall_score metrics.specificity_score
  metrics.average_precision_score metrics.precision_recall_curve metrics.roc_auc_score metrics.roc_curve
  metrics.top_k_accuracy_score
]]

-- Modules whose functions are none of tensors: their own tests check the gradients of layers, losses and networks. (The
-- methods of other classes than tensors are not asked for.)
local modules = [[callbacks grad image initializers lesson nn optim plot regularizers]]

return {x = x, A = A, cases = cases, operators = operators, plain = plain, refused = refused,
  elsewhere = elsewhere, modules = modules}
