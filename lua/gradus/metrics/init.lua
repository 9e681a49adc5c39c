-- Metrics, with scikit-learn's names: made from counts and sums over all samples, never from averages of batches. Where
-- a ratio is 0/0 the value is nan and a second value says why; tables print "0/0" and the reason.

local metrics = {}

for _, part in ipairs {"agreement", "confusion", "per_class", "ranking", "regression", "report"} do
  for name, value in pairs(require("gradus.metrics." .. part)) do metrics[name] = value end
end

return metrics
