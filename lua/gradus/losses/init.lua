-- Losses: what training makes smaller. Each is one number a sample; the mean over the samples is what fit reports. A
-- loss must change smoothly with the weights; accuracy does not (a class is right or wrong), which is why it is only
-- reported. Keras's names, options and numbers.
--
-- A loss is a table: loss(y_true, y_pred) is the mean over the samples, loss{option=...} the same loss with other
-- options. Losses never broadcast: (n,) beside (n, 1) would silently become (n, n).

local losses = {}

for _, theme in ipairs {"numbers", "classes", "margins", "overlap"} do
  for name, loss in pairs(require("gradus.losses." .. theme)) do losses[name] = loss end
end

return losses
