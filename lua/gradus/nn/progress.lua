-- How fit shows what it does: a table with a line an epoch, as in
--
--                 loss                accuracy (majority baseline)
--   epoch   time  train   validation  train            validation
--    1/30   0.7s  0.6341  0.6837      0.6858 (0.7000)  0.6267 (0.6267)
--
-- In a terminal the line of the epoch that runs fills up, with a bar at its end. Accuracy never stands alone: beside
-- each stands what always answering the most frequent class would reach.

local baseline = require "gradus.metrics.baseline"
local digits = require "gradus.nn.digits"
local options = require "gradus.options"
local session = require "gradus.session"
local summary = require "gradus.nn.summary"

local M = {}

local Reporter = {}
Reporter.__index = Reporter

local REDRAW = 0.1      -- seconds between two drawings of the bar
local BAR = 24          -- columns of the bar, at most
local LEAST_BAR = 8     -- and at least, or the rate is left out
local HEAD_EVERY = 20   -- epochs, in a terminal, whose older lines are soon out of sight

-- One group of columns a metric: {title=, columns={{key=, title=, baseline=, width=}...}}, where `key` is the name of
-- the column's value in the means of an epoch.
local function groups_of(names, record, validated)
  local groups = {}
  for i, name in ipairs(names) do
    local judged = baseline.belongs_to(name)
    local group = {title = judged and name .. " (majority baseline)" or name}
    group.columns = {{key = name, title = validated and "train" or group.title, baseline = judged and record.baseline}}
    if validated then
      group.columns[2] = {key = "val_" .. name, title = "validation", baseline = judged and record.val_baseline}
    end
    local width = -2
    for _, column in ipairs(group.columns) do
      column.width = math.max(#column.title, column.baseline and #"0.1234 (0.1234)" or #"0.1234")
      width = width + column.width + 2
    end
    local last = group.columns[#group.columns]
    last.width = last.width + math.max(0, #group.title - width)
    group.width = math.max(width, #group.title)
    groups[i] = group
  end
  return groups
end

--- `batches` in each of the `epochs`; `names` of the loss and the metrics; `validated` when there are val_ values, too.
--- verbose: 0 nothing, 1 a bar, 2 a line an epoch, "auto" a bar in a terminal and lines elsewhere.
function M.new(verbose, epochs, batches, record, names, validated)
  if verbose == "auto" then verbose = session.can_redraw() and 1 or 2 end
  options.choice("fit", "verbose", verbose, {0, 1, 2})
  return setmetatable({
    verbose = verbose, epochs = epochs, batches = batches, validated = validated,
    groups = groups_of(names, record, validated),
  }, Reporter)
end

local function pad(text, width)
  return text .. (" "):rep(width - #text)  -- a rep of less than nothing is empty
end

-- A line of the table: the epoch, the time, and what else stands in `cells`.
function Reporter:line(epoch, time, cells)
  local width = math.max(#"epoch", 2 * #tostring(self.epochs) + #"/")
  local text = ("%" .. width .. "s  %5s  %s"):format(epoch, time, table.concat(cells, "  "))
  return (text:gsub("%s+$", ""))
end

-- What `cell` gives for each column, as wide as the column.
function Reporter:cells(cell)
  local cells = {}
  for _, group in ipairs(self.groups) do
    for _, column in ipairs(group.columns) do cells[#cells + 1] = pad(cell(column), column.width) end
  end
  return cells
end

-- In a terminal no line may be longer than a row, or it could not be drawn over.
function Reporter:fitted(text)
  return self.verbose == 1 and text:sub(1, session.width() - 1) or text
end

function Reporter:head()
  if self.validated then
    local titles = {}
    for i, group in ipairs(self.groups) do titles[i] = pad(group.title, group.width) end
    session.say(self:fitted(self:line("", "", titles)) .. "\n")
  end
  session.say(self:fitted(self:line("epoch", "time", self:cells(function(column) return column.title end))) .. "\n")
end

-- The line of an epoch, as far as its `means` are known.
function Reporter:numbers(epoch, seconds, means)
  return self:line(epoch .. "/" .. self.epochs, ("%.1fs"):format(seconds), self:cells(function(column)
    local value = means[column.key]
    if not value then return "" end
    -- A metric is none as a ratio of nothing, precision without a yes; of a loss that is another matter.
    local text = value == value and digits(value) or column.key:find "loss$" and "nan" or "0/0"
    return column.baseline and ("%s (%.4f)"):format(text, column.baseline) or text
  end))
end

--- `is_first`: of this fit. `place` says where in the epoch it begins (see unfinished.lua).
function Reporter:epoch_begins(epoch, is_first, place)
  self.epoch, self.started, self.drawn = epoch, session.clock(), 0
  self.batches_before, self.samples_before = place.batch, place:seen()
  if self.verbose > 0 and place.batch > 0 then
    session.say(self:fitted(("goes on in %s"):format(tostring(place))) .. "\n")
  end
  if self.verbose > 0 and (is_first or self.verbose == 1 and epoch % HEAD_EVERY == 1) then self:head() end
end

-- The bar behind a line of `columns`: how far it is, how fast and how long it still takes, as far as there is room.
local function bar(columns, part, samples_a_second, seconds_left)
  local rate = summary.with_commas(math.floor(samples_a_second)) .. " samples/s, "
  for _, words in ipairs {rate, ""} do
    local left = (" %s%.0fs left"):format(words, seconds_left)
    local room = math.min(BAR, columns - #left - #"  []")
    if room >= LEAST_BAR or words == "" and room > 0 then
      local filled = math.floor(room * part)
      return ("  [%s%s]%s"):format(("="):rep(filled), ("."):rep(room - filled), left)
    end
  end
  return ""
end

--- After a batch: `sums` are running sums over `n` samples.
function Reporter:batch_done(batch, names, sums, n)
  if self.verbose ~= 1 then return end
  local now = session.clock()
  if now - self.drawn < REDRAW and batch < self.batches then return end
  self.drawn = now
  local means = {}
  for i, name in ipairs(names) do means[name] = sums[i] / n end
  local text = self:numbers(self.epoch, now - self.started, means)
  local seconds = math.max(now - self.started, 1e-9)
  text = text .. bar(session.width() - 1 - #text, batch / self.batches, (n - self.samples_before) / seconds,
    seconds / (batch - self.batches_before) * (self.batches - batch))
  self.line_drawn = self:fitted(text)
  session.draw(self.line_drawn)
end

--- Something else is written now: the bar that is drawn stays where it is.
function Reporter:breaks_off()
  if self.verbose == 1 and self.drawn > 0 then session.say(self.line_drawn .. "\n") end
  self.drawn = 0
end

--- Nothing was computed for that long.
function Reporter:waited(seconds)
  self.started = self.started + seconds
end

function Reporter:epoch_ends(means)
  if self.verbose == 0 then return end
  local text = self:numbers(self.epoch, session.clock() - self.started, means)
  session.say(self:fitted(text) .. "\n")
end

return M
