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

test.done()
