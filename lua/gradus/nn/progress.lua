-- How fit shows what it does: a bar in a terminal, a line an epoch elsewhere.

local options = require "gradus.options"
local session = require "gradus.session"

local M = {}

local Reporter = {}
Reporter.__index = Reporter

local REDRAW = 0.1  -- seconds between two drawings of the bar

function M.new(verbose, epochs, batches, record)
  if verbose == "auto" then verbose = session.is_terminal() and 1 or 2 end
  options.choice("fit", "verbose", verbose, {0, 1, 2})
  return setmetatable({verbose = verbose, epochs = epochs, batches = batches, record = record}, Reporter)
end

-- "accuracy 0.8123 (majority baseline 0.7747)"
local function metric_text(name, value, baseline)
  local text = string.format("%s %.4f", name, value)
  if baseline and name:find("accuracy", 1, true) then text = text .. string.format(" (majority baseline %.4f)", baseline) end
  return text
end

function Reporter:epoch_begins(epoch)
  self.started, self.drawn = session.clock(), 0
  if self.verbose == 1 then session.say(string.format("Epoch %d/%d\n", epoch, self.epochs)) end
end

--- After a batch: `sums` are running sums over `n` samples.
function Reporter:batch_done(batch, names, sums, n)
  if self.verbose ~= 1 then return end
  local now = session.clock()
  if now - self.drawn < REDRAW and batch < self.batches then return end
  self.drawn = now
  local width = 24
  local filled = width * batch // self.batches
  local parts = {}
  for i, name in ipairs(names) do parts[i] = string.format("%s %.4f", name, sums[i] / n) end
  local left = (now - self.started) / batch * (self.batches - batch)
  session.say(string.format("\r\27[K%d/%d [%s%s] %.0fs  %s", batch, self.batches, string.rep("=", filled),
    string.rep(".", width - filled), left, table.concat(parts, "  ")))
end

function Reporter:epoch_ends(epoch, means)
  if self.verbose == 0 then return end
  local took = session.clock() - self.started
  local parts = {}
  for _, name in ipairs {"loss", "accuracy", "binary_accuracy", "categorical_accuracy", "sparse_categorical_accuracy"} do
    if means[name] then parts[#parts + 1] = metric_text(name, means[name], self.record.baseline) end
    local val = means["val_" .. name]
    if val then parts[#parts + 1] = metric_text("val_" .. name, val, self.record.val_baseline) end
  end
  local head = self.verbose == 1 and "\r\27[K" or string.format("Epoch %d/%d  ", epoch, self.epochs)
  session.say(string.format("%s%.1fs  %s\n", head, took, table.concat(parts, "  ")))
end

--- The line that evaluate prints.
function M.results(names, results)
  local parts = {}
  for i, name in ipairs(names) do parts[i] = metric_text(name, results[name], results.baseline) end
  session.say(table.concat(parts, "  ") .. "\n")
end

return M
