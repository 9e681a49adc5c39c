-- What evaluate returns: {loss=, accuracy=, ..., baseline=}, which prints as one line.

local digits = require "gradus.nn.digits"
local majority = require "gradus.metrics.baseline"
local session = require "gradus.session"

local Results = {}
Results.__name = "results"

-- Beside the numbers and out of sight: the order of the names, and the entry that has printed the line.
local about = setmetatable({}, {__mode = "k"})

local M = {}

--- names[i] has the value values[i]; `baseline` is the majority baseline, or nil.
function M.new(names, values, baseline)
  local self = {baseline = baseline}
  for i, name in ipairs(names) do self[name] = values[i] end
  about[self] = {names = names}
  return setmetatable(self, Results)
end

function Results:__tostring()
  -- A ratio of nothing is one thing, as precision without a yes; outputs that are no numbers are another.
  local parts, none = {}, self.loss == self.loss and "undefined (0/0)" or "nan"
  for i, name in ipairs(about[self].names) do
    parts[i] = name .. " " .. (self[name] == self[name] and digits(self[name]) or none)
    if self.baseline and majority.belongs_to(name) then
      parts[i] = ("%s (majority baseline %.4f)"):format(parts[i], self.baseline)
    end
  end
  return table.concat(parts, "  ")
end

--- Prints the line; when the results are the value of the same entry, it is not printed again.
function M.say(results)
  session.say(tostring(results) .. "\n")
  about[results].entry = session.entry()
end

function Results:__echo()
  if about[self].entry ~= session.entry() then M.say(self) end
end

return M
