local test, expect = dofile(os.getenv "GRADUS_TESTS" .. "/lua/tap.lua")

-- 63 without and 37 with a bottle, all called "no bottle": the course's trap (scikit-learn's numbers).
local truth = concatenate{zeros(63), ones(37)}
local nothing = zeros(100)

test("always answering no bottle is as accurate as the baseline and finds nothing", function()
  local r = metrics.report(truth, nothing)
  expect.equal(r.accuracy, 0.63)
  expect.equal(r.baseline, 0.63)
  expect.equal(r.recall, 0.0)
  expect.equal(r.f1, 0.0)
  expect.equal(r.specificity, 1.0)
  expect.ok(r.precision ~= r.precision, "precision is 0/0")
  expect.ok(tostring(r):find("undefined (0/0)", 1, true))
end)

test("the confusion matrix has the positive class first, and names its cells", function()
  local cm = metrics.confusion_matrix(truth, nothing, {classes = {"no bottle", "bottle"}})
  expect.equal(cm.classes[1], "bottle")
  expect.equal(cm.counts[1][2], 37)
  expect.equal(cm.FN, 37)
  expect.equal(cm.TN, 63)
  expect.ok(tostring(cm):find("37 FN false negative, Type II", 1, true))
end)

test("layout sklearn has the negative class first", function()
  local cm = metrics.confusion_matrix(truth, nothing, {layout = "sklearn"})
  expect.equal(cm.counts[1][1], 63)
  expect.equal(cm.counts[2][1], 37)
  expect.equal(cm.TN, 63)
end)

test("more than two classes stand in the order of their labels", function()
  local cm = metrics.confusion_matrix({0, 1, 2, 2, 1}, {0, 2, 2, 2, 1})
  expect.equal(cm.counts[2][3], 1)
  expect.equal(cm.counts[3][3], 2)
  expect.equal(cm.TP, nil)
end)

test("names of classes that are not UTF-8 still make a table", function()
  local cm = metrics.confusion_matrix({0, 1}, {0, 1}, {classes = {"\xfcber", "unter"}})
  expect.ok(tostring(cm):find("\xfcber", 1, true))
end)

test("one class against the rest is asked for with masks; other labels than 0 and 1 have a positive one", function()
  local t, p = tensor{0, 1, 2, 2}, tensor{0, 2, 2, 1}
  expect.error(function() metrics.confusion_matrix(t, p, {positive = 2}) end, "there are 3")
  local cm = metrics.confusion_matrix(eq(t, 2), eq(p, 2))
  expect.equal(cm.TP, 1)
  expect.equal(cm.FN, 1)
  expect.equal(metrics.confusion_matrix({3, 5}, {5, 5}).classes[1], "5")
  expect.error(function() metrics.confusion_matrix({3, 5}, {5, 5}, {positive = 1}) end, "positive=1 is not among")
end)

test("precision, recall, specificity and F1 come from the four cells", function()
  local t, p = {1, 1, 1, 1, 0, 0, 0, 0, 0, 0}, {1, 1, 1, 0, 1, 1, 0, 0, 0, 0}
  expect.close(metrics.precision_score(t, p), 3 / 5)
  expect.close(metrics.recall_score(t, p), 3 / 4)
  expect.close(metrics.specificity_score(t, p), 4 / 6)
  expect.close(metrics.f1_score(t, p), 6 / 9)
  expect.close(metrics.recall_score(t, p, {positive = 0}), 4 / 6)
end)

test("scores instead of labels, unequal lengths and unknown labels are explained", function()
  expect.error(function() metrics.accuracy_score({0, 1}, tensor{{0.2, 0.8}, {0.1, 0.9}}) end, "predict_classes")
  expect.error(function() metrics.accuracy_score({0, 1}, {0}) end, "2 true labels, but 1 predicted")
  expect.error(function() metrics.confusion_matrix({0, 2}, {0, 0}, {classes = {"a", "b"}}) end, "label 2 occurs")
  expect.error(function() metrics.report({0, 1}, {0, 1}, {postive = 1}) end, 'did you mean "positive"')
end)

test("where a ratio is 0/0 the value is nan and a second one says why; zero_division is a number instead", function()
  local value, why = metrics.precision_score({1, 0}, {0, 0})
  expect.ok(value ~= value)
  expect.equal(why, "undefined (0/0): nothing was predicted positive")
  expect.equal(metrics.precision_score({1, 0}, {0, 0}, {zero_division = 0}), 0)
  expect.equal(select("#", metrics.recall_score({1, 0}, {0, 0})), 1)
  value, why = metrics.precision_score({0, 1, 2}, {0, 1, 1}, {average = "macro"})
  expect.ok(value ~= value)
  expect.equal(why, "undefined (0/0): nothing was predicted as class 2")
  expect.ok(select(2, metrics.roc_auc_score({1, 1}, {0.1, 0.2})):find "no sample is negative")
  expect.ok(select(2, metrics.average_precision_score({0, 0}, {0.1, 0.2})):find "no sample is positive")
  expect.ok(select(2, metrics.r2_score({2, 2}, {1, 2})):find "all true numbers are the same")
  expect.ok(select(2, metrics.cohen_kappa_score({0, 0}, {0, 0})):find "one and the same class")
  value, why = metrics.roc_auc_score({0, 1, 1}, tensor{{1, 2, 3}, {1, 3, 2}, {2, 2, 1}})
  expect.equal(why, "undefined (0/0): no sample is of class 2")
  expect.error(function() metrics.recall_score({1, 0}, {0, 0}, {zero_division = 0.5}) end, "zero_division cannot be")
end)

test("Matthews's correlation of an answer that is always the same is 0, and says that it is 0/0", function()
  local value, why = metrics.matthews_corrcoef(truth, nothing)
  expect.equal(value, 0.0)
  expect.equal(why, "0/0, taken as 0: all samples are predicted as one class")
  expect.equal(metrics.balanced_accuracy_score(truth, nothing), 0.5)
end)

test("more than two classes need an average, or the one that is meant", function()
  local t, p = {0, 1, 2, 2}, {0, 2, 2, 1}
  expect.error(function() metrics.f1_score(t, p) end, 'average="macro"')
  expect.error(function() metrics.f1_score(t, p) end, "positive=2")
  expect.equal(metrics.recall_score(t, p, {positive = 2}), 0.5)
  expect.close(metrics.recall_score(t, p, {average = "macro"}), 0.5)
  expect.equal(tostring(metrics.recall_score(t, p, {average = "none"})), "[1.  0.  0.5]")
  expect.error(function() metrics.recall_score(t, p, {average = "macro", positive = 2}) end,
    'goes with average="binary"')
  expect.error(function() metrics.recall_score(t, p, {average = "mean"}) end, "average cannot be")
  expect.error(function() metrics.recall_score(t, p, {labels = {1, 2}}) end, "labels chooses classes")
  expect.error(function() metrics.recall_score(t, p, {labels = {1, 1}, average = "macro"}) end, "names 1 twice")
end)

test("a class that never occurs, and one that is never predicted, are named in the report", function()
  local report = metrics.classification_report({0, 1, 1}, {0, 0, 0}, {classes = {"a", "b", "c"}})
  local text = tostring(report)
  expect.ok(text:find("precision of b is undefined (0/0): nothing was predicted as class 1", 1, true), text)
  expect.ok(text:find("recall of c is undefined (0/0): no sample is of class 2", 1, true), text)
  expect.equal(report.a.recall, 1.0)
  expect.equal(report.b.support, 2)
  expect.close(report.accuracy, 1 / 3)
  expect.error(function() metrics.classification_report({0, 3}, {0, 0}, {classes = {"a", "b"}}) end, "label 3 occurs")
  expect.error(function() metrics.classification_report({0, 3}, {0, 0}, {digits = 1.5}) end, "digits is a whole number")
end)

test("a confusion matrix of shares divides by rows, columns or all", function()
  local t, p = {1, 1, 1, 0}, {1, 0, 0, 0}
  expect.close(metrics.confusion_matrix(t, p, {normalize = "true"}).rates[1][1], 1 / 3)
  expect.close(metrics.confusion_matrix(t, p, {normalize = "pred"}).rates[1][1], 1)
  local cm = metrics.confusion_matrix(t, p, {normalize = "all"})
  expect.close(cm.rates[1][1], 1 / 4)
  expect.equal(cm.TP, 1)
  expect.ok(tostring(cm):find("0.2500 TP true positive", 1, true))
  local none = tostring(metrics.confusion_matrix({0, 0}, {0, 0}, {normalize = "true"}))
  expect.ok(none:find("undefined (0/0): no sample is of class 1", 1, true), none)
  expect.error(function() metrics.confusion_matrix(t, p, {normalize = true}) end, "normalize cannot be true")
  expect.error(function() metrics.confusion_matrix(arange(2000), arange(2000)) end, "are these classes?")
end)

test("weights of samples are weighed, and must be as many as the samples and not negative", function()
  expect.close(metrics.accuracy_score({1, 0}, {1, 1}, {sample_weight = {3, 1}}), 0.75)
  expect.close(metrics.recall_score({1, 1}, {1, 0}, {sample_weight = {3, 1}}), 0.75)
  expect.equal(metrics.confusion_matrix({1, 0}, {1, 1}, {sample_weight = {0.5, 2}}).counts[2][1], 2)
  expect.error(function() metrics.accuracy_score({1, 0}, {1, 1}, {sample_weight = {3}}) end, "2 samples")
  expect.error(function() metrics.accuracy_score({1, 0}, {1, 1}, {sample_weight = {3, -1}}) end, "negative")
  expect.error(function() metrics.accuracy_score({1, 0}, {1, 1}, {sample_weight = {0, 0}}) end,
    "all of sample_weight is 0")
  expect.error(function() metrics.accuracy_score({1, 0}, {1, 1}, {sample_weight = {0 / 0, 0}}) end, "nan")
end)

test("what is no class label, no score, no probability is said so with its sample", function()
  expect.error(function() metrics.accuracy_score({0, 1}, {0.2, 1}) end, "sample 1 of the prediction has 0.2")
  expect.error(function() metrics.f1_score({0, 0 / 0}, {0, 1}) end, "sample 2 of the truth has")
  expect.error(function() metrics.roc_auc_score({0, 1}, {0.5, 0 / 0}) end, "sample 2 of the scores has")
  expect.error(function() metrics.roc_auc_score({0, 1, 2}, {0.5, 0.1, 0.2}) end, "there are 3 classes")
  expect.error(function() metrics.roc_auc_score({0, 1, 5}, tensor{{1, 2, 3}, {1, 3, 2}, {2, 2, 1}}) end, "label 5")
  expect.error(function() metrics.log_loss({0, 1}, {0.5, 1.5}) end, "sample 2 has 1.5")
  expect.error(function() metrics.log_loss({0, 1}, tensor{{0.5, 0.5}, {0.9, 0.9}}) end, "sample 2 sum to 1.8")
  expect.error(function() metrics.brier_score_loss({0, 1}, {0.5, -0.1}) end, "from 0 to 1")
  expect.error(function() metrics.top_k_accuracy_score({0, 1}, {0.5, 0.1}) end, "a column a class")
  expect.error(function() metrics.top_k_accuracy_score({0, 1}, tensor{{1, 2}, {1, 3}}, {k = 0}) end,
    "k is a whole number")
  expect.error(function() metrics.roc_curve({0, 1}, {0.5}) end, "2 true labels, but 1 predicted")
  expect.error(function() metrics.roc_curve({}, {}) end, "not one sample")
end)

test("scores of shape (n, 2) are those of class 1, and a mask is a truth", function()
  local p = tensor{{0.9, 0.1}, {0.6, 0.4}, {0.65, 0.35}, {0.2, 0.8}}
  expect.close(metrics.roc_auc_score(gt(tensor{0, 0, 1, 1}, 0), p), 0.75)
  expect.close(metrics.average_precision_score({0, 0, 1, 1}, p), 5 / 6)
end)

test("errors of numbers never broadcast", function()
  expect.close(metrics.mean_squared_error(tensor{{1}, {2}}, tensor{1, 4}), 2)  -- one number a sample, both
  expect.error(function() metrics.mean_squared_error(tensor{1, 2}, tensor{1}) end, "(2,), but the prediction (1,)")
  expect.error(function() metrics.mean_absolute_error(zeros(2, 3), zeros(2)) end, "(2, 3), but the prediction (2,)")
  expect.error(function() metrics.mean_absolute_error(zeros(2, 3), zeros(3, 2)) end,
    "(2, 3), but the prediction (3, 2)")
  expect.error(function() metrics.mean_absolute_error(zeros(0), zeros(0)) end, "not one sample")
  expect.error(function() metrics.mean_squared_log_error({1}, {-1}) end, "negative")
  expect.error(function() metrics.r2_score({1, 2}, {1, 0 / 0}) end, "sample 2 of the prediction")
  expect.error(function() metrics.r2_score({1, 2}, {1, 2}, {multioutput = "mean"}) end, "multioutput cannot be")
end)

-- ---- by name, in compile ----

local function fitted(outputs, loss, names, y)
  random.seed(4)
  local m = nn.Sequential{nn.Dense{outputs, activation = outputs > 1 and "softmax" or "sigmoid", input_shape = {3}},
    dtype = "float64"}
  m:compile{optimizer = optim.SGD{0}, loss = loss, metrics = names}
  local x = random.randn(20, 3)
  return m, x, m:evaluate{x, y, batch_size = 7, verbose = 0}
end

test("metrics by name are the functions of that name, over all samples", function()
  random.seed(3)
  local y = random.randint(0, 2, 20)
  local m, x, r = fitted(1, "binary_crossentropy", {"auc", "average_precision", "balanced_accuracy",
    "matthews_corrcoef", "cohen_kappa", "mse", "mae"}, y)
  local p, called = m:predict(x):reshape(-1), m:predict_classes(x)
  expect.close(r.auc, metrics.roc_auc_score(y, p))
  expect.close(r.average_precision, metrics.average_precision_score(y, p))
  expect.close(r.balanced_accuracy, metrics.balanced_accuracy_score(y, called))
  expect.close(r.matthews_corrcoef, metrics.matthews_corrcoef(y, called))
  expect.close(r.cohen_kappa, metrics.cohen_kappa_score(y, called))
  expect.close(r.mse, metrics.mean_squared_error(y, p))
  expect.close(r.mae, metrics.mean_absolute_error(y, p))
end)

test("counts of two classes and losses can be followed by name", function()
  random.seed(3)
  local y = random.randint(0, 2, 20)
  local m, x, r = fitted(1, "mse", {"true_positives", "false_positives", "true_negatives", "false_negatives",
    "binary_crossentropy", "log_cosh"}, y)
  local called = m:predict_classes(x)
  expect.equal(r.true_positives, sum(logical_and(eq(y, 1), eq(called, 1))))
  expect.equal(r.false_negatives, sum(logical_and(eq(y, 1), eq(called, 0))))
  expect.equal(r.false_positives, sum(logical_and(eq(y, 0), eq(called, 1))))
  expect.equal(r.true_positives + r.false_positives + r.true_negatives + r.false_negatives, 20)
  local truth, p = y:reshape(-1, 1):astype("float64"), m:predict(x)
  expect.close(r.binary_crossentropy, losses.binary_crossentropy(truth, p))
  expect.close(r.log_cosh, losses.log_cosh(truth, p))
  local names = {"sparse_categorical_crossentropy"}
  local _, _, of_classes = fitted(3, "sparse_categorical_crossentropy", names, random.randint(0, 3, 20))
  expect.close(of_classes.sparse_categorical_crossentropy, of_classes.loss)
end)

test("a loss that is followed takes scores where training does", function()
  random.seed(4)
  local m = nn.Sequential{nn.Dense{1, input_shape = {3}}, dtype = "float64"}
  m:compile{optimizer = "sgd", loss = losses.binary_crossentropy{from_logits = true}, metrics = {"binary_crossentropy"}}
  local r = m:evaluate{random.randn(20, 3), random.randint(0, 2, 20), verbose = 0}
  expect.close(r.binary_crossentropy, r.loss)
end)

test("of more than two classes the area is the mean over them, and the k greatest are looked at", function()
  random.seed(3)
  local y = random.randint(0, 7, 20)
  local m, x, r = fitted(7, "sparse_categorical_crossentropy", {"auc", "top_k_categorical_accuracy"}, y)
  expect.close(r.top_k_categorical_accuracy, metrics.top_k_accuracy_score(y, m:predict(x), {k = 5}))
  local area = metrics.roc_auc_score(y, m:predict(x))
  expect.ok(area ~= area and r.auc ~= r.auc or math.abs(r.auc - area) < 1e-12)
end)

test("a metric that does not fit the outputs or the loss is an error before the first step", function()
  local labels, rows = random.randint(0, 3, 20), one_hot(random.randint(0, 3, 20), 3)
  local sparse, dense = "sparse_categorical_crossentropy", "categorical_crossentropy"
  expect.error(function() fitted(3, sparse, {"precision"}, labels) end,
    '"precision" does not fit: it is of two classes')
  expect.error(function() fitted(3, sparse, {"f1_score"}, labels) end,
    'metrics.f1_score(y, p:argmax(2) - 1, {average="macro"})')
  expect.error(function() fitted(3, sparse, {"top_k_categorical_accuracy"}, labels) end, "it would always be 1")
  expect.error(function() fitted(3, sparse, {"mse"}, labels) end, "it compares numbers")
  expect.error(function() fitted(3, sparse, {"categorical_accuracy"}, labels) end, "class labels for its truth")
  expect.error(function() fitted(3, dense, {"sparse_categorical_accuracy"}, rows) end, "a number an output")
  expect.error(function() fitted(3, sparse, {"true_positives"}, labels) end, "metrics.confusion_matrix counts")
  expect.error(function() fitted(3, sparse, {"categorical_crossentropy"}, labels) end, "has class labels for its truth")
  expect.error(function() fitted(1, "binary_crossentropy", {"hinge"}, ones(20)) end, "outputs with -1 and 1")
  expect.error(function() fitted(1, "binary_crossentropy", {"categorical_accuracy"}, labels) end, "binary_accuracy")
end)

test.done()
