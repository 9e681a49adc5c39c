-- What fit returns: Keras's History, {history = {loss = {...}, val_loss = {...}, ...}, epoch = {...}}.

local digits = require "gradus.nn.digits"
local majority = require "gradus.metrics.baseline"

local History = {}
History.__index = History
History.__name = "history"

local M = {}

--- `params` are Keras's: epochs, batch_size, samples, and metrics, the names of what epochs may report.
function M.new(model, params)
  return setmetatable({history = {}, epoch = {}, validated = {}, params = params, model = model.name}, History)
end

--- Files the means of an epoch.
function History:add(epoch, means)
  table.insert(self.epoch, epoch)
  if means.val_loss then table.insert(self.validated, epoch) end  -- those that the val_ lists are of
  for name, value in pairs(means) do
    self.history[name] = self.history[name] or {}
    table.insert(self.history[name], value)
  end
end

function History:__tostring()
  local names = {}
  for name in pairs(self.history) do names[#names + 1] = name end
  table.sort(names)
  local parts = {}
  for i, name in ipairs(names) do
    parts[i] = name .. " " .. digits(self.history[name][#self.history[name]])
    local baseline = name:find "^val_" and self.val_baseline or self.baseline
    if baseline and majority.belongs_to(name) then
      parts[i] = ("%s (majority baseline %.4f)"):format(parts[i], baseline)
    end
  end
  return string.format("history: %d epochs, at the end %s", #self.epoch, table.concat(parts, ", "))
end

return M
