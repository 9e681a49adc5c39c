-- Does data.waste teach honestly? Trains the course's two models on its pictures and prints what they reach, as mean
-- and standard deviation over seeds; F1, recall and precision are those of the class "bottle" on the test part.
--
--     ./run bench/waste.lua                              all of it: about six minutes of processor time
--     ./run bench/waste.lua models                       MLP and CNN at the default setting, with and without weights
--     ./run bench/waste.lua knobs viewpoint scale        the CNN with these knobs (or all) at 0 and at 1
--     ./run bench/waste.lua leaks                        what can be told without looking at the form
--     ./run bench/waste.lua models n=3000 seeds=3 test=2000
--
-- n is as in data.waste; test= draws so many test pictures instead of a tenth of n: the same question with less noise.

local KNOBS = {"viewpoint", "scale", "deformation", "occlusion", "illumination", "clutter", "variation"}
local n, seeds, n_test, epochs = 1500, 5, nil, 30

local function cnn(height, width, channels)
  return nn.Sequential{
    nn.Conv2D{16, 3, padding="same", activation="relu", input_shape={height, width, channels}},
    nn.MaxPooling2D{2}, nn.Conv2D{16, 3, activation="relu"}, nn.MaxPooling2D{2}, nn.Conv2D{16, 3, activation="relu"},
    nn.Flatten{}, nn.Dense{2}, nn.Activation{"softmax"}}
end

local function mlp(height, width, channels)
  return nn.Sequential{nn.Flatten{input_shape={height, width, channels}}, nn.Dense{128, activation="relu"},
    nn.Dropout{0.5}, nn.Dense{2, activation="softmax"}}
end

-- Mean and standard deviation of the columns of rows of numbers; undefined ones (precision without any positive
-- prediction) are left out.
local function mean_and_deviation(rows, key)
  local sum, squares, count = 0, 0, 0
  for _, row in ipairs(rows) do
    local v = row[key]
    if type(v) == "number" and v == v then sum, squares, count = sum + v, squares + v * v, count + 1 end
  end
  if count == 0 then return 0 / 0, 0 / 0 end
  local mean = sum / count
  return mean, math.sqrt(math.max(squares / count - mean * mean, 0))
end

local COLUMNS = {"F1", "recall", "precision", "accuracy", "baseline", "training F1"}

local function print_row(name, rows)
  local cells = {}
  for i, key in ipairs(COLUMNS) do
    local m, deviation = mean_and_deviation(rows, key)
    cells[i] = m == m and string.format("%.3f +- %.3f", m, deviation) or string.format("%-14s", "undefined")
  end
  print(string.format("%-34s", name) .. table.concat(cells, "  "))
  return (mean_and_deviation(rows, "F1"))
end

local function print_head(title)
  local cells = {}
  for i, key in ipairs(COLUMNS) do cells[i] = string.format("%-14s", key) end
  print("\n" .. string.format("%-34s", title) .. table.concat(cells, "  "))
end

local function pictures(seed, options)
  local given = {n=n, seed=seed}
  if n_test then
    local tenth = math.floor(n / 10 + 0.5)
    given.n, given.parts = nil, {n - 2 * tenth, tenth, n_test}
  end
  for key, value in pairs(options) do given[key] = value end
  return data.waste(given)
end

local function scaled(x)
  x = x:astype "float32" / 255
  return x.ndim == 3 and expand_dims(x, -1) or x
end

local function scores(truth, predicted)
  local f1 = sum(predicted * truth) == 0 and 0 or metrics.f1_score(truth, predicted)
  return {F1=f1, recall=metrics.recall_score(truth, predicted),
    precision=sum(predicted) > 0 and metrics.precision_score(truth, predicted) or nil,
    accuracy=metrics.accuracy_score(truth, predicted), baseline=metrics.majority_baseline(truth)}
end

local function train(make, d, seed, weights)
  local x, y = scaled(d.x_train), d.y_train
  random.seed(seed)
  local model = make(x.shape[2], x.shape[3], x.shape[4])
  model:compile{optimizer=optim.Adam{1e-3}, loss="sparse_categorical_crossentropy", metrics={"accuracy"}}
  model:fit{x, y, epochs=epochs, batch_size=32, verbose=0, class_weight=weights}
  local row = scores(d.y_test, model:predict_classes(scaled(d.x_test)))
  row["training F1"] = scores(y, model:predict_classes(x)).F1
  return row, model
end

local function over_seeds(make, options, weights)
  local rows = {}
  for seed = 1, seeds do rows[seed] = train(make, pictures(seed, options), seed, weights) end
  return rows
end

local report = {}

function report.models()
  print_head "at the default setting"
  local rows = {}
  for seed = 1, seeds do
    local y = pictures(seed, {}).y_test
    rows[seed] = scores(y, y * 0)
  end
  print_row("always no bottle", rows)
  for seed = 1, seeds do
    local y = pictures(seed, {}).y_val
    rows[seed] = scores(y, y * 0)
  end
  print_row("the same, validation part", rows)
  print_row("MLP 320,386", over_seeds(mlp, {}))
  print_row("MLP 320,386, class weights", over_seeds(mlp, {}, "balanced"))
  print_row("CNN 7,394", over_seeds(cnn, {}))
  print_row("CNN 7,394, class weights", over_seeds(cnn, {}, "balanced"))
  print_row("CNN 7,682, colour", over_seeds(cnn, {gray=false}))
  print_row("CNN 7,682, colour, class weights", over_seeds(cnn, {gray=false}, "balanced"))
end

function report.knobs(chosen)
  print_head "the CNN, one knob turned"
  for _, knob in ipairs(#chosen > 0 and chosen or KNOBS) do
    local f1 = {}
    for at = 0, 1 do f1[at] = print_row(knob .. "=" .. at, over_seeds(cnn, {[knob]=at})) end
    print(string.format("%-34sfrom 0 to 1 it costs %.3f", "", f1[0] - f1[1]))
  end
end

-- What a picture is without its form: mean, deviation, least and greatest grey, and the histogram; with `fields` also
-- the mean and deviation in each of 3 x 3 fields, which tell roughly where the thing lies and how far it reaches.
local function statistics(x, fields)
  x = x:astype "float64" / 255
  local count, side = x.shape[1], x.shape[2]
  local rows = x:reshape(count, side * side)
  local columns = {mean(rows, 2), std(rows, 2), min(rows, 2), max(rows, 2)}
  for bin = 0, 15 do
    local inside = ge(rows, bin / 16) * lt(rows, bin == 15 and 2 or (bin + 1) / 16)
    columns[#columns + 1] = mean(inside:astype "float64", 2)
  end
  for i = 0, fields and 2 or -1 do
    for j = 0, 2 do
      local function from(k) return k * side // 3 + 1 end
      local field = x[{{}, {from(i), from(i + 1) - 1}, {from(j), from(j + 1) - 1}}]
      field = field:reshape(count, field.shape[2] * field.shape[3])
      columns[#columns + 1], columns[#columns + 2] = mean(field, 2), std(field, 2)
    end
  end
  return stack(columns, 2)
end

-- A logistic regression by the same optimizer, on standardised columns, with class weights: so that it tries to find
-- bottles at all.
local function regression(d, seed, fields)
  local x, x_test = statistics(d.x_train, fields), statistics(d.x_test, fields)
  local middle, spread = mean(x, 1), std(x, 1) + 1e-9
  x, x_test = (x - middle) / spread, (x_test - middle) / spread
  random.seed(seed)
  local model = nn.Sequential{nn.Dense{2, activation="softmax", input_shape={x.shape[2]}}}
  model:compile{optimizer=optim.Adam{1e-2}, loss="sparse_categorical_crossentropy", metrics={"accuracy"}}
  model:fit{x, d.y_train, epochs=100, batch_size=64, verbose=0, class_weight="balanced"}
  local predicted = model:predict_classes(x_test)
  local row = scores(d.y_test, predicted)
  row.balanced = metrics.balanced_accuracy_score(d.y_test, predicted)
  row.auc = metrics.roc_auc_score(d.y_test, model:predict(x_test)[{{}, 2}])
  for name, f in pairs {brightness=mean, contrast=std} do
    local of = f(d.x_train:astype "float64":reshape(d.x_train.shape[1], -1), 2)
    row[name] = mean(of[eq(d.y_train, 1)]) - mean(of[eq(d.y_train, 0)])
  end
  return row
end

function report.leaks()
  local names = {balanced="balanced accuracy (0.5: nothing)", auc="area under the ROC curve (0.5)",
    brightness="bottles' mean grey - the others'", contrast="bottles' deviation - the others'"}
  for _, fields in ipairs {false, true} do
    print("\nlogistic regression, class weights, on mean, deviation, extremes and histogram"
      .. (fields and " and on 3 x 3 fields" or ""))
    local rows = {}
    for seed = 1, seeds do rows[seed] = regression(pictures(seed, {}), seed, fields) end
    for _, key in ipairs {"balanced", "auc", "F1", "accuracy", "baseline", "brightness", "contrast"} do
      print(string.format("%-34s%.3f +- %.3f", names[key] or key, mean_and_deviation(rows, key)))
    end
  end
  local share = mean(pictures(1, {}).y_test)
  print(string.format("%-34s%.3f", "F1 of always saying bottle", 2 * share / (1 + share)))
end

local wanted, chosen = {}, {}
for _, word in ipairs(arg or {}) do
  local key, value = word:match "^(%a+)=(%d+)$"
  if key == "n" then n = math.tointeger(value)
  elseif key == "seeds" then seeds = math.tointeger(value)
  elseif key == "test" then n_test = math.tointeger(value)
  elseif key == "epochs" then epochs = math.tointeger(value)
  elseif report[word] then wanted[#wanted + 1] = word
  else chosen[#chosen + 1] = word end
end
if #wanted == 0 then wanted = {"models", "leaks", "knobs"} end
print(string.format("synthetic pictures of waste: n = %d%s, %d seeds, %d epochs", n,
  n_test and ", test part " .. n_test or "", seeds, epochs))
for _, name in ipairs(wanted) do report[name](chosen) end
